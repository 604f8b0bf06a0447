"""What a text wants and how it sounds: questions, spam, anger."""

import re

from heed.triage.phrases import Feature, compiled

QUESTION: re.Pattern[str] = re.compile(
    r"\?|(?:^|[.!:;,\n]\s?|\b(?:hi|hello|hey|morning|and|also|but|so) )"
    + compiled(
        r"""
        how (do|can|much|many|long|does|is|to|are|would|did|far|late|often|come)
        where (is|can|do|are|did|does|would|should)
        why (is|was|do|did|are|has|have|does|not|would|can)
        when (will|does|is|do|are|can|did|would)
        what (is|are|time|do|does|about|happen~|should|would|can)
        who (is|can|do|has|should)
        which (one|plan|is|are|of|\w+ (is|are|do|does|has|have|includes?))
        (can|could|may|should|would|will) (i|you|we|someone|anyone|somebody|my|the|it|this)
        (is|are|was) (the|there|this|that|it|my|your|you|anyone|anybody|\w+ (allowed|available
        +|included|open))
        (do|does|did) (you|i|we|the|it|they|your|my|anyone)
        (has|have) (you|anyone|my|the|your)
        any (chance|idea|ideas|news|update|updates|way|word|plans|tips)
        """
    ).pattern
    + "|"
    + compiled(
        r"""
        (please|pls) (help|advise|tell|let|confirm|explain|check|clarify)|let me know|wondering (if
        +|how|why|when|what|where)|(want|like|love|need) to (know|ask)|(quick|a|one|another|have)
        + question|need (some )?help
        help me|anyone know|does anyone|not sure (how|if|where|when|what)|tell me (how|when|where
        +|if|what|why)
        """
    ).pattern
)
# Who is polite about a problem asks for help, not for a fact.
COURTEOUS: re.Pattern[str] = re.compile(
    r"\b(?:can|could|would|will) (?:you|someone|anyone|somebody) (?:please |kindly )?(?:help|assist"
    r"|look into|sort|fix|check|do something|call me|explain)\b[^.!?]*\??"
    r"|\bplease (?:help|assist)\b"
)
# "How good is this?!" asks nothing.
EXCLAMATION: re.Pattern[str] = re.compile(
    r"\b(?:how (?:good|cool|great|amazing|nice|lovely|cute|beautiful|delicious|fun|awesome)"
    r" (?:is|are|was|were)|what an? (?:lovely|great|nice|beautiful|fantastic|amazing))\b[^?]*\?+"
)

SPAM: tuple[Feature, ...] = tuple(
    Feature(name, weight, compiled(phrases))
    for name, weight, phrases in (
        (
            "offer",
            0.8,
            r"""
            earn (up to |over )?[$€£]?\d[\d,.]*k? ?(usd|dollars|euros?)? ?(a|per|every|in a|each)
            + (day|week|month|hour)
            (make|making|earn) (easy |real |fast |extra )?money (fast|online|from home|daily)|work
            + from home and earn
            (buy|get|gain|free|cheap|more|real|\d+k?) (\w+ )?(followers|likes|subscribers|views)(?=
            + (cheap|at|now|here|fast))
            (buy|get|gain) (\w+ )?followers|follow ?for ?follow|f4f|follow ?back
            check(ing)? (out )?my (profile|bio|page|channel|onlyfans|link|story)|link in (my )?bio
            +|onlyfans|hot (pics|girls)
            claim (your|ur) (free )?(prize|reward|gift|bonus|iphone)|you have (been selected|won)
            +|congratulations you
            (seo|web design|marketing) (services?|expert|agency|packages?)|rank (your|on) (website
            +|page|google)|guest post
            casino|slots? bonus|viagra|cialis|nudes|sugar (daddy|mommy|baby)|v-?bucks|free robux
            +|airdrop|presale|giveaway bot
            (recovery|hacking) (expert|agent|specialist)|(certified|ethical|good|best) hacker|spell
            + caster|loan (offer|lender)
            dm (me|us|now) (to (start|earn|join|invest|make)|for (promo|promotion|collab|signals
            +|investment))
            """,
        ),
        (
            "investment",
            0.4,
            r"""
            (forex|crypto|bitcoin|btc|eth|binary|stock) (\w+ )?(trader|trading|investment|invest
            +|mining|signals|mentor|coach|broker|giveaway|platform|expert)
            (doubled|tripled|multiplied) my (\w+ )?(money|investment|bitcoin|savings)|(guaranteed
            +|huge|daily|weekly) (profits?|returns?)|passive income|financial freedom
            """,
        ),
        (
            "contact",
            0.3,
            r"(whatsapp|telegram|text|contact|inbox) (\w+ ){0,3}(on )?(whatsapp )?\+?\d[\d \-]{6,}",
        ),
    )
)
LINK_WEIGHT = 0.2
SPAM_MIN = 0.6

INSULTS: re.Pattern[str] = compiled(
    r"""
    (f+u+c+k|wtf|shit|crap|bullshit|damn|bloody|idiot|moron|clown|cretin|scum|bastard|arse|asshole
    +|bitch|wank|piss|stupid|dumb|useless|pathetic|disgusting|disgrace|incompetent|joke|furious
    +|livid|hate|thieves|liars?|muppet|rubbish)~
    wtaf|ffs|omfg
    """
)
_CENSORED = re.compile(r"\b(?:f[*#@]+\w*|sh[*#]t)")
_SHOUTED = re.compile(r"\b[A-Z]{4,}\b")


def asks(spelled: str) -> bool:
    """Tell whether a plainly spelled text asks for something."""
    return bool(QUESTION.search(EXCLAMATION.sub(" ", spelled)))


def asks_for_facts(spelled: str) -> bool:
    """Tell whether it asks for more than help: then vague signs of a problem mean little."""
    return asks(COURTEOUS.sub(" ", spelled))


def spam(spelled: str) -> tuple[Feature, ...]:
    """Find the signs of spam in a plainly spelled text."""
    return tuple(feature for feature in SPAM if feature.pattern.search(spelled))


def spam_of(found: tuple[Feature, ...], *, has_link: bool) -> float:
    """Weigh what was found: above 0 it is spam."""
    return sum(feature.weight for feature in found) + (LINK_WEIGHT if has_link else 0.0) - SPAM_MIN


def calm(spelled: str) -> str:
    """Take insults and exclamation marks out: the mild twin of a furious text."""
    return _CENSORED.sub(" ", INSULTS.sub(" ", spelled)).replace("!", ".")


def anger_of(said: str, spelled: str, mood: float) -> float:
    """Say how angry a text sounds, 0 to 1: insults, shouting, exclamation marks, a dark mood."""
    insults = len(INSULTS.findall(spelled)) + len(_CENSORED.findall(spelled))
    shouted = len(_SHOUTED.findall(said))
    sum_of_signs = 0.3 * insults + 0.1 * shouted + 0.05 * said.count("!") + 0.4 * max(0.0, -mood)
    return min(1.0, sum_of_signs)
