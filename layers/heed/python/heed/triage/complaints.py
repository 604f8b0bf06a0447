"""Complaints: signs by name with their weights, and the kind sayings that only look like one.

A single sure sign (1.0) makes a complaint, two vague ones (0.5) do, and one vague sign does where
nothing is asked. Anger never decides, so a mild and a furious customer are answered alike.
Source: requirements R16."""

import re
from collections.abc import Mapping

from heed.triage.phrases import Feature, compiled

_WORDS: Mapping[str, str] = {
    "goods": "order|orders|parcel|parcels|package|delivery|refund|money|bag|bags|luggage|baggage"
    "|suitcase|driver|food|bus|train|taxi|engineer|technician|card|replacement|shopping|groceries"
    "|item|items|pizza|phone|flight|booking|reply|answer|response|call|callback|email|update"
    "|compensation|voucher|cashback|laptop|meal|courier|account",
    "service": "internet|wifi|wi-fi|app|site|website|network|signal|service|broadband|line|system"
    "|server|router|connection|power|heating|payment|login|page|portal|phones|tv|stream|card",
}

# Sayings with a bad word and a good meaning. They are praise, and taken out before complaints.
KIND: re.Pattern[str] = compiled(
    r"""
    (never|not|no|without|zero|hardly) ((had|have|having|seen|a|any|single|one
    +|real) ){0,3}(problems?|issues?|complaints?|hitch|fuss|trouble|errors?|delays?|queues?)( at
    + all| whatsoever)?
    can not (wait (to|for|until)|fault|beat|complain|praise|thank|recommend|stop (eating|smiling
    +|listening|watching|playing|raving)|get enough|go wrong|say enough|believe how (good|great
    +|quick|easy|cheap|nice|fast))
    (never|did not|does not|do not|not once) (let (me|us) down|disappoint~|fail~)
    (nobody|no other \w+|no one) (can|could|does) (beat|compare)~|hard to beat
    (not|never) (been )?(bad|half bad|too shabby)
    (insanely|ridiculously|stupidly|crazy|shockingly|wicked|sick|dangerously|awfully|terribly)
    + (good|fast|cheap|easy|nice|kind|tasty|delicious|beats?|deal)
    (problem|issue|fault|bug) (is |was |has been |now |got )*(solved|resolved|fixed|sorted)
    (killed|smashed|nailed|crushed|killing|smashing) it
    to die for|die happy|kill for|die for|dying (to|for) (fly|try|visit|see|come|go|get|taste|eat)
    (the|a|da) bomb( of)?|bomb of an?
    (team|guys?|social|you|menu) (\w+ )?(is|are) on fire
    (heart|hearts) melt~|(fell|fall|falling) in love|in love with
    can not live without|do not want to live without|life ?saver|blown away|blew me away
    (day|days|hours?|minutes?|week) early|arrived early|ahead of (time|schedule)
    (stuck|lost) (in my head|for words|count)|lost (property|and found|for words)
    hate to leave|missing your \w+ (already|so much)|dirty (fries|burgers?|chai|martini)
    first class|smoothest|hit the spot|five stars|5 stars|10/10|10 out of 10|unreal|obsessed with
    +|you (guys |lot |all )?rock|over the moon
    (made|making) my (day|week|year)|shout ?outs?|hands down|well done|hats off|bravo|big up|top
    + notch
    second to none|game ?changer|favourite|favorite|smooth (flight|trip|ride|journey)|rocks
    (thanks|thank you|kudos|cheers|grateful|props) (\w+ ){0,2}for (fixing|solving|sorting|finding
    +|replacing|repairing|refunding|resolving|helping)
    """
)

COMPLAINTS: tuple[Feature, ...] = tuple(
    Feature(name, weight, compiled(phrases, _WORDS), is_problem)
    for name, weight, is_problem, phrases in (
        (
            "not working",
            1.0,
            True,
            r"""
            (can|could) not (even )?(pay|book|use|see my|access|reach|check in|find (my|the|any)
            +|send|log ?in|get (through|into|in|hold|on|my|a|any)|cancel|change|order|print|join)
            (do|does|did|is|are|was|will|would|can|could|has|have|had) not (even |yet |been |be )*
            +(work~|load|open|start|turn(ed)? (on|up)|connect~|let (me|us)|function~|go through
            +|shown? up|arriv~|come|came|make it|deliver~|receiv~|get through|help~|answer~|repl~
            +|respond~|includ~|refund~|return~|fit|accept|process~|updat~|hear|heard|got|had
            +|solved?|resolv~|fixed|charge|spoken)
            (is|are|was|were|would|did) not (available|applied|credited|included|added|honou?red
            +|stocked|clean|ready|fresh|recline|given|told|allowed)
            (log|kick|throw|sign|cut|lock)s? me (out|off)|keeps getting|(cut|cuts|cutting) (me|us)
            + off
            (internet|wifi|signal|line|call|calls|connection) (drops?|dropped|cuts?|goes)|no \w+,
            + no \w+
            not (one|a single) (person|member|word|call|email|reply|update|human|agent)
            (anybody|anyone|somebody) there|(sent|send) you (two|three|four|five|many|\d+) (dms
            +|emails|messages|letters)
            (card|coins|money|cash|data|allowance|points|miles|order|booking) (has |have |just )*
            +(vanished|disappeared)
            (ate|swallowed|took|kept|keeps) my (card|coins|money|cash|deposit)
            (not|never|stopped) (working|charging|responding|connecting|loading|delivered|received
            +|arrived|answered|refunded|paid|replied|turning on|(showed|turned) up|came|got|heard
            +|called|again|honou?red|showing)
            keeps? (on )?(crash~|freez~|dropping|buffer~|failing|cutting|disconnect~|logging|saying
            +|charging|cancel~|chang~|sending|breaking|stopping|asking)
            (stop|keep|kept|always|constantly) (cancel~|delay~|los~|break~|chang~|charg~|ignor~
            +|ruin~)
            crash(es|ed|ing)?( after)?|buffering|freezes|froze|frozen|glitch~
            <service> (\w+ )?(is |are |was |has been |have been |been |keeps )*(down|out|dead|slow
            +|dropping|gone|unusable|unavailable)
            no (signal|internet|service|connection|reply|response|answer|update|updates|heating
            +|refund|hot water|power|wifi|one|sign of|help|apology|information|announcements?|staff
            +|tracking)
            (is|are) dead
            nothing (has |is |ever )?(come|came|arrived|happen~|works|working|moves|moving|changed
            +|yet)
            (nobody|no one|noone) (is |has |ever |will |can |at your \w+ )*(answer~|help~|repl~
            +|respond~|know~|came|come|call~|car~|pick~|show~|turn~|listen~|told)
            (locked|logged) (me )?out|without (internet|power|heating|water|signal|service|a phone)
            """,
        ),
        (
            "money",
            1.0,
            True,
            r"""
            (charged|billed|paid|debited|invoiced) (me |us |my \w+ )?(twice|two times|double|again
            +|extra|too much|three times|for nothing|the wrong)
            (double|over|wrongly|incorrectly|still|keep|kept|been) ?-?(charg~|bill~|invoic~)
            (two|three|\d+) charges (for|on)|short ?changed|charg(ed|ing) (me|us|my)|(went|gone
            +|going|taken|came|come) out twice|full price (for|on)
            (payment|charge|transaction|withdrawal|purchase)s? (that |which )?i (never|did not)
            + (made|make|authori[sz]ed?)
            unauthori[sz]ed|(took|taken|taking|stole|stolen) (the |my |our |£?\$?\d+ )?(money
            +|payment|deposit)
            (want|need|demand|give me|get|where is) (\w+ )?my (money|refund)( back)?|money back
            (still|waiting|owed|owe|denied|refus~|reject~)( \w+){0,3} (refund|compensation
            +|cashback)
            hidden (fees?|charges?|costs?)|rip+ed? ?-?off|robbed|robbery|daylight robbery|scam(med
            +|mers?)?
            fraud|con(ned)? (me|us)|theft|thieves|misled|misleading|mis-?sold|false advertising
            (price|prices|bill|tariff|fare|fee|fees|premium) (\w+ ){0,3}(gone up|went up|increased
            +|doubled|tripled|hiked)
            """,
        ),
        (
            "waiting",
            1.0,
            True,
            r"""
            (still|been|kept|keep|left) (\w+ )?waiting|(are|am|was) waiting (for|since)
            wait(ed|ing)? (for )?(over |more than |nearly |almost |about |around )?(\d+|an?|two
            +|three|four|five|six|hours|days|weeks|months|ages|forever|all (day|week|morning
            +|afternoon))
            waiting (for|on) (my|a|an|our|the|your) (\w+ )?<goods>
            on hold|in (a|the|your) (phone )?queue
            (hours?|minutes?|days?|weeks?|again|so|running|arrived|is|was|are|were|very|constantly
            +|came|yet|always|two|three) late(?! (night|checkout|check|opening|deals|bird|to))
            late again|(been|be) trying (to|for)|(hours|days|weeks|months) of (waiting|delay|calls
            +|silence)
            where (is|are|was) (my|our|the) (\w+ )?<goods>
            missed (my|our|the) (\w+ )?(connection|flight|appointment|train|delivery|slot|wedding
            +|funeral|exam|holiday|meeting|transfer|ferry|bus)
            (slot|delivery|appointment|collection|pick ?up) (was |got )?missed|tarmac|diverted
            nothing, day \d+|on the phone for|day \d+ (of|without|and)
            another (delay|cancellation|problem|outage|strike|excuse|mistake|failed|late|week)
            stranded|stuck (at|in|on|here|with|outside)
            """,
        ),
        (
            "wrong",
            1.0,
            True,
            r"""
            (wrong|incorrect|different) (\w+ )?(bill|amount|order|item|size|colou?r|address|seat
            +|product|price|name|date|flight|food|meal|drink|room|account|number|model|thing|one
            +|day|time|house|door)
            (sent|delivered|gave|got|received|charged|brought) (me |us )?(the |a )?(wrong|broken
            +|empty|faulty)
            (it|screen|zip|button|phone|laptop|strap|handle|machine|that|which|heel|lid)
            + (just )?broke
            broke (after|again|down|within|on the)
            (came|arrived|delivered) without|deleted (all )?my|paying for [^.!?]{0,30},?
            + (and )?getting
            (fell|came) (apart|off)|lost a (button|wheel|handle|screw)|(huge|big|massive|a) (dent
            +|crack|hole|scratch|stain|tear)|creased|sour|barely edible|smell(s|ed)? (off|bad
            +|funny)|out of date|mould~|mold~|stone cold|cold (food|fries|chips|meal|pizza|coffee
            +|soup|tea)
            (food|fries|chips|meal|pizza|coffee|soup|tea|burger|chicken|it) (was|were|is|are
            +|arrived|came) (\w+ )?(cold|raw|burnt|soggy|stale|dry|inedible)
            undercooked|raw in the middle|rotten|(arrived|came|was|were|is) (\w+ )?(melted|squashed
            +|soggy|smashed|cracked|broken|damaged|faulty|dented|ripped|torn|scratched|crushed
            +|empty|opened|wet|stale)
            (is|are|was|were|went|gone|still|items?|parts?|money|bags?) missing|missing (items?
            +|parts?|from|my|the|bag|luggage|order|pieces?|money|payment)
            (you|they|courier|driver|airline|post|bank) (have |has |had )?(lost|misplaced|broke
            +|damaged|ruined|stole|cancelled|canceled|dumped|threw|left|changed|overbooked
            +|downgraded|bumped|blocked|closed|froze)
            (refuse|refused|refuses|refusing|denied|declined|declines|rejected) (to|me|us|my|at
            +|again|by|it)
            hung up|hang up on|fobbed|passed from|(left|dumped|thrown|threw|chucked) (\w+ |my
            + \w+ |the \w+ )?(in|over|outside|on|with) (the|my|a)
            \w+ not as described|not (as described|what i ordered|what we ordered|the first time)
            """,
        ),
        (
            "judgement",
            1.0,
            False,
            r"""
            driving me (up the wall|mad|crazy|insane|nuts)|gone downhill|how (you|they) treat
            (talk|speak) to a (human|real|person|living)|unbelievable
            rude|ignored|ignoring|useless|terrible|horrible|awful|appalling|disgusting|disgrace~
            +|shambles
            (a|such a|absolute|complete|total) joke|rubbish|pathetic|ridiculous|unacceptable|worst
            +|atrocious
            abysmal|dreadful|(is|are) (a )?cancer|incompetent|unprofessional|unhelpful|unfriendly
            +|unreliable|nightmare|shambolic
            cockroach~|bed ?bugs?|hair in (my|the)|short-?staffed|someone elses
            laughed at (me|us|my)|got nowhere|bailiffs|sent (me |us )?away
            fed up|sick (of|and tired)|tired of|make(s)? me sick|disappoint~|let (me |us )?down
            +|frustrat~
            annoy(ed|ing|s)|angry|furious|livid|unhappy|dissatisfied|disgusted|shame (on|how|that)
            +|a shame
            (poor|bad|shocking|shoddy|lousy|zero|non-existent|lack of) (customer |phone )?(service
            +|quality|experience|signal|communication|show|support|care|food|reception)
            sucks?|crap|shit|waste of|never again|never (flying|using|buying|shopping|ordering
            +|booking|coming|going)
            not (impressed|happy|good enough|acceptable|fair|ok|okay|good|satisfied|pleased|amused
            +|worth|on)
            hate|avoid (at|this|them|like)|boycott~|lied|lying|liars?|lies|hopeless|clueless|joke
            + of|overpriced
            messed up|screwed (up|me|us|over)|ruin(ed|ing|s)|dirty|filthy|stinks?|unfair|outrageous
            +|laughable|greedy
            """,
        ),
        (
            "damage",
            0.8,
            True,
            r"""
            broken|faulty|defective|damaged|cracked|dented|leaking|leaks|ripped|torn|stained
            +|scratched|smashed
            cancell?ed|declined|overbooked|downgraded|lost (my|our|his|her|the|it|in)|(is|was|been
            +|got|are) lost
            fail(ed|s|ing|ure)|stolen|misplaced|disconnected|swallowed|blocked|frozen
            same (problem|issue|thing|story)|has expired
            """,
        ),
        (
            "trouble",
            0.5,
            True,
            r"""
            problems?|issues?|errors?|bugs?|delay(s|ed)?|outage|disrupt~|trouble|mistakes?
            +|complain~
            refund(s|ed|ing)?|compensation|spam|has gone|is gone|(days?|weeks?|months?|hours?)
            + later
            can not believe|has dropped|(called|emailed|written|wrote|rung|rang|asked|messaged
            +|phoned) (\w+ ){0,2}(times|twice)
            took (\w+ )?(two|three|four|five|six|\d+) (agents|calls|attempts|people|emails|tries)
            +|rejected
            closed (early|\w+ (minutes|hours) (before|early))|check(ing)? on|chasing|follow(ing)?
            + up on|gives? me (anxiety|a headache|stress)
            (was|were|been|you|i was|got) promised|promised (me|us|a|to)|(you|they|he|she) (said
            +|told me|told us)
            (had|have|having) to (wait|pay|call|walk|stand|repeat|sleep|queue|chase|ring|explain
            +|beg)
            (it has|it is|its) been (\d+|two|three|four|five|six|days|weeks|months)|any
            + inconvenience
            (two|three|four|five|six|seven|eight|nine|ten|\d+) (hours|days|weeks|months) (at|in
            +|without|and|of|now|later|after)|forced (on|to|me)|paid (extra |more |good money )?for
            + [^.!?]{0,60}\b(but|and) (you|i|got|get)
            (changed|moved|rescheduled) (to|my|our|the)|with no (air|ticket|explanation|warning
            +|notice|food|water)
            need therapy|(burned|burnt|stung) by|(exploded|blew up|burned through|used up|eats up)
            will not stop|too (long|slow|loud|small|expensive)|so (slow|expensive|loud)|wrong
            (ask|asked|told|call|called|emailed|wrote|rang|tried|reported) (\w+ ){0,2}(twice|again
            +|three times|\d+ times)
            (third|fourth|fifth|\dth|3rd|2nd|second) (time|attempt|email|message|call)
            """,
        ),
        (
            "hint",
            0.3,
            True,
            r"""
            missing|gone|fees?|charges?|expired|strike|late|slow|down|expensive|cold|queue|noisy
            polite|reminder|again|still
            """,
        ),
        ("why", 0.7, True, r"why (is|was|do|did|are|has|have|does|can|will|were)"),
        ("same", 1.0, True, r"(?<!the )(?<!\w )same(?=[,.!]| here|$)"),
    )
)
# How sure the signs must be: surer where the author only asks.
COMPLAINT_MIN = 0.4
COMPLAINT_IN_QUESTION_MIN = 0.9
# A kind saying outweighs one vague sign: "how quick that refund was" is no complaint.
KIND_WEIGHT = 0.3
# What a dark mood weighs, read without insults and shouting: they must not make a complaint.
DARK = Feature("dark mood", 0.5, re.compile(r"(?!)"))


def problems(spelled: str) -> tuple[Feature, ...]:
    """Find what a plainly spelled text complains of."""
    plainly = KIND.sub(" ~ ", spelled)
    return tuple(feature for feature in COMPLAINTS if feature.pattern.search(plainly))


def complaint_of(found: tuple[Feature, ...], *, asks: bool, is_kind: bool) -> float:
    """Weigh what was found: above 0 it is a complaint."""
    least = COMPLAINT_IN_QUESTION_MIN if asks else COMPLAINT_MIN
    return sum(feature.weight for feature in found) - least - (KIND_WEIGHT if is_kind else 0.0)


def is_kind(spelled: str) -> bool:
    """Tell whether a plainly spelled text praises in one of the sayings."""
    return bool(KIND.search(spelled))
