"""First names: what a display name lets us greet somebody with. In doubt nobody is named."""

import re
import unicodedata

WORDS_MAX = 3

# A capital, then small letters; a second capital only where names have one; parts of a double name.
_PART = r"(?:Mc|Mac|De|La|Le|Da|Di|Du|Van)?[A-Z][a-z]+"
_NAME = re.compile(rf"{_PART}(?:-{_PART}|['\u2019][A-Z]?[a-z]{{2,}})?")
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)
_TRIPLED = re.compile(r"(.)\1\1", re.IGNORECASE)
_LETTERS_MAX = 20
_LETTERS_MIN = 2
# Letters that have no decomposition into a plain one and its marks.
_PLAIN = str.maketrans("ßæœøłđðþıħŋÆŒØŁĐÐÞİ", "saaoldddihnAOOLDDDI")

# Pieces that make any word, and so the whole display name, something else than a name.
_TELLTALES = re.compile(
    r"fuck|shit|piss|bitch|bastard|wank|cunt|nazi|hitler|porn|sexy|hate|scam|fraud|refund|cancel"
    r"|delay|boycott|angry|anger|complain|customer|passenger|commut|travel|victim|official|support"
    r"|airline|airway|railway|cheat|thie[fv]|broken|never|worst|disgust|useless|terrible|crypto"
    r"|bitcoin|trader|gaming|gamer|qwert|asdf|lover|hater|admin|service|shop|store|sucks",
)

# Words that make a slogan, a title or a firm of a display name, wherever they stand.
_NEVER = frozenset(
    """
    a the this that these those not no none never nope yes yeah fix stop free save give get got
    my your our his her their its mine yours i im ive we you he she it they me us them who what
    when where why how which just only very so too still really real again now then here there all
    and or but if in on at to for from with without by of off over under out up down is am are was
    be been being do does did done has have had can could should would might must shall let lets
    please help hey hi hello dear ok okay oh wow lol omg wtf hmm meh ugh bye goodbye
    mr mrs ms miss mx dr doc doctor prof professor sir dame lady lord madam rev reverend
    captain capt major colonel sergeant sgt general officer chef coach herr frau monsieur madame
    mme mlle senor senora sr sra dona pan pani sig signora mum mom mummy mommy dad daddy
    null nil nan undefined unknown anonymous anon user username guest test tester testing deleted
    account name nobody someone somebody everyone anyone human bot robot bots team crew club fan
    fans news daily times media radio tv fc united rovers wanderers athletic
    happy unhappy sad mad tired fed sick bored annoyed furious livid irate grumpy broke lost
    looking waiting worst best worse better great ltd llc inc gmbh plc corp company holdings
    solutions international global official esq
    """.split()
)
# Words that are no first names, though some of them are somebody's last one.
_NEVER_FIRST = frozenset(
    """
    an will may father fr sister brother uncle aunt auntie nana nanny gran granny grandma grandmum
    grandpa grandad papa mama son daughter kid kids baby wife husband family boy girl man woman guy
    lad lass bro sis dude mate friend boss king queen prince princess president minister chief
    judge don person group union band dj art arts artist photo photos photography film films book
    books music post press blog podcast food pizza burger coffee tea beer wine chocolate cake
    late poor rich lucky proud crazy lazy silly funny cool hot cold wild calm quiet loud big little
    small tiny tall short fat old young new good bad evil nice lovely sweet cute pretty beautiful
    super mega ultra hyper turbo extra former ex future true false fake simply simple pure plain
    life live living love peace war god jesus allah buddha satan devil angel heaven hell hope
    dream dreams dreamer faith truth justice freedom liberty soul spirit ghost shadow dark light
    sun moon star stars sky cloud rain snow storm thunder fire ice water ocean sea river mountain
    earth world planet space mars venus sunshine rainbow summer winter spring autumn monday tuesday
    wednesday thursday friday saturday sunday weekend january february march april june july august
    september october november december today tomorrow yesterday forever always sometimes maybe
    red blue green black white pink purple orange yellow brown grey gray gold golden silver
    cat cats kitty dog dogs puppy bear wolf fox lion tiger dragon panda monkey unicorn bird eagle
    fish shark snake horse bee duck goose pig cow rock
    bus train plane flight car bike taxi boat ship road street house home school college uni
    university hospital bank money cash pay price prices deal deals sale sales bill bills tax
    order orders parcel package delivery box phone phones mobile internet wifi web site online app
    apps tech data code game games play player pro noob random weird stranger citizen voter
    taxpayer tenant driver pilot nurse teacher student lawyer engineer farmer baker teller
    london paris berlin madrid leeds hull york dublin england scotland wales ireland britain uk usa
    eu europe america africa asia india italy spain france germany town city east west north south
    acme google amazon apple facebook twitter instagram youtube tiktok netflix spotify tesla
    vodafone co sa ag bv national local public private senior junior jr sen concerned confused
    curious abc xyz foo bar baz first last second third one two three four five
    """.split()
)


def safe_first_name(display_name: str | None) -> str | None:
    """Find the first name to greet with, or None when there is any doubt that it is one.

    One to three words, the first made of 2 to 20 Latin letters and written like a name; nothing
    shouted in a slogan, no title, no company, no common word. Source: requirements R22.
    """
    words = unicodedata.normalize("NFC", display_name or "").split()
    if not 1 <= len(words) <= WORDS_MAX or any(_makes_no_name(word) for word in words):
        return None
    if len(words) > 1 and all(word.isupper() for word in words):
        return None
    first = words[0]
    if first.islower() or first.isupper():
        first = first.title()
    return first if _looks_like_a_name(first) else None


def _makes_no_name(word: str) -> bool:
    bare = _bare(word)
    return bare in _NEVER or "&" in word or "@" in word or bool(_TELLTALES.search(bare))


def _looks_like_a_name(word: str) -> bool:
    plain = "".join(map(_plain_letter, word))
    return (
        _LETTERS_MIN <= len(word) <= _LETTERS_MAX
        and bool(_NAME.fullmatch(plain))
        and bool(_VOWEL.search(plain))
        and not _TRIPLED.search(plain)
        and _bare(word) not in _NEVER_FIRST
    )


def _bare(word: str) -> str:
    return "".join(map(_plain_letter, word.strip(".,!?:;()'\""))).casefold()


def _plain_letter(char: str) -> str:
    """Take the marks off a letter; what is no Latin letter then matches no pattern."""
    return unicodedata.normalize("NFD", char)[0].translate(_PLAIN)
