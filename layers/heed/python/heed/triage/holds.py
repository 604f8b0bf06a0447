"""What else a machine must not touch: phrases by mark, and the sayings that only sound like it.

All of this is data; `features` reads with it. Source: stories 5, 9, 11, 15, 28, 31, 50."""

import re
from collections.abc import Mapping

from heed.triage.phrases import compiled
from heed.triage.words import WORDS

# Sayings. They are taken out before anything else is looked for: people are dying to fly.
IDIOMS: re.Pattern[str] = compiled(
    r"""
    (would|could|will) (just )?(kill|murder|die) for
    could murder (a|an|some)
    rather die than
    die happy
    to die for
    (dying|die|died|dead) (of|from|with) (laughter|laughing|boredom|embarrassment|shame)
    (dying|died|dead) laughing
    dying (to|for)
    killing (me|us|it|time)
    kill me now
    kill(s|ed)? (it|time|the (vibe|mood|game))
    slow death
    dead (on time|easy|good|cheap|slow|line|zone|end|pixels?|serious|to me)
    over my dead body
    drop dead gorgeous
    suicide (squad|mission|doors?|wings?|awareness|prevention)
    (shoot|drop) (me|us|you) (a|an) (\w+ )?(message|dm|mail|email|text|line)
    bullet (train|point|proof)
    (photo|bath|cherry|love) ?bomb~
    (the|a|da|is) bomb( of| ass|(?=[.!,]|$))
    hit (me |us |you )?(up|the spot)
    smash(ed|ing)? (it|burgers?)
    (give|gives|giving|gave|had|nearly had) (me |us )?an? heart attack
    had a stroke (when|seeing|looking)
    heart attack prices
    dangerous(ly)? (good|tasty|delicious|cheap|cute|for my (wallet|diet|waistline))
    legally blonde
    (food|tennis|basketball|squash) courts?
    (thanks|thank you|kudos|shout ?out|props|cheers) to sue
    black widow
    (its|it is) your funeral
    miscarriage of justice
    bleeding (edge|obvious|useless|money)
    (team|guys?|social|playlist|menu|form|tweets?|account|you) (is|are) on fire
    a cancer(?! (patient|diagnosis))
    cancer (research|charity|awareness)
    """,
    # The mood is read from words as they were written.
    flags=re.IGNORECASE,
)

HOLDS: Mapping[str, re.Pattern[str]] = {
    "bereavement": compiled(
        r"""
        (<kin>|<pet>) (has |have |had |just |sadly |recently |suddenly |unexpectedly )*(died|passed
        + away|was killed|is dead|is no longer with us|passed (suddenly|last|yesterday|in (hospital
        +|his sleep|her sleep|january|february|march|april|may|june|july|august|september|october
        +|november|december)))
        (<kin>|<pet>) (has |have |had )?(just |sadly |recently |suddenly )+passed(?! (his|her|the
        +|their|a|an|my|our|out|with|by|all|it|through|every))
        passed away
        <our> <kin>,[^.!?]{0,60} died
        (we|i|just) (\w+ )?buried <our> <kin>
        death in (the|my|our) family
        (he|she) is dead(?! (wrong|right|serious|set|on|tired))
        (he|she) (has |had |just |sadly |recently )*died
        (account ?holder|policy ?holder|tenant) (has |sadly |recently )*(died|passed)
        death certificate|deceased|probate|funerals?|widowed|grieving|in mourning
        bereave~
        (the executor|executor of)
        death of (my|our|a|an|his|her|the account)
        <our> late (husband|wife|mother|father|mum|mom|dad|grand\w+|gran|nan|brother|sister|son
        +|daughter|uncle|aunt|partner)s?
        (a|recently|newly) widow(er)?
        still ?born|stillbirth|miscarriage|miscarried
        (i|we|he|she|they|just|recently|sadly) (have |has |had )?(just |sadly |recently )?lost
        + <our> (<kin>|<pet>)(?! (in|at) (your|the))
        (ist|sind) (leider )?(gestorben|verstorben)
        verstorben~
        est décédée?
        (ha fallecido|falleció)
        zmarła?
        """,
        WORDS,
    ),
    "personal_data": compiled(
        r"""
        (at|be|ch|de|dk|es|fi|fr|gb|ie|it|lu|nl|no|pl|pt|se)\d\d ?([a-z]{4} ?)?
        +(\d{4} ?){2,6}\d{1,4}
        (password|passcode|pin|cvv|cvc|security code)( number)?( is|:|=) ?(?=\S*\d)\S{3,}(?!
        + (digits?|characters?|numbers?|times|days|hours|years))
        (passport|social security|national insurance|ssn)( (number|no|nr))?\.?( is|:)?
        + [a-z]{0,3} ?\d[\d \-]{5,}
        sort code( is|:)? ?\d\d[- ]?\d\d[- ]?\d\d
        """
    ),
    "sensitive": compiled(
        r"""
        hiv|dialysis|insulin|diagnosed with|abortion|hospice|palliative
        antidepressants|recovering from (surgery|an operation|cancer|a stroke)
        cancer (treatment|patient|surgery|diagnosis|care|ward)
        chemo~
        (my|our|his|her|mums|moms|dads|sons|daughters) (\w+ ){0,2}(cancer|medication|medicines?
        +|meds|pills|inhalers?|epi-?pen|diagnosis|prescription(?! (glasses|sunglasses|lenses
        +|goggles))|pregnancy|disability|wheelchair|illness|surgery|operation|antidepressants|blood
        + pressure|psychiatrist|oxygen|cpap|biopsy|tumou?r|mental health|heart condition|medical
        + (condition|records?|history|equipment|bag)|hearing aids?|prosthe\w+|mobility scooter
        +|guide dog|carer)
        (i am|i have|i have got|i had|i suffer from|he is|she is|he has|she has|with|being|<kin>s?
        + (is|has|had|with|who is|who has)) ((\d+ weeks|severely|severe|clinical|terminal|type \d
        +|also|now|recently|heavily|a|an|registered|stage \d|partially|badly) )*<ill>(?! (to (your
        +|the)|of|by|date|spot))
        <our> (disabled|autistic|blind|deaf|diabetic|epileptic) (<kin>)
        domestic (abuse|violence)|restraining order
        (ex|husband|partner|boyfriend) (is|was) (abusive|violent|stalking)
        abusive (ex|husband|partner|boyfriend|wife|relationship)
        """,
        WORDS,
    ),
    "legal": compiled(
        r"""
        (hear|hearing|letter|letters|call|email) from (my|our|a|an|the) (\w+ )?<lawyer>
        (see~|speak~|spoke|talk~|contact~|consult~|call~|hire|hired|hiring|instruct~|get|getting
        +|got|went|going|engag~|involv~|pass~|hand~|giv~|forward~|send~|sent)( \w+){0,2}
        + (to |with )?(my|our|a|an|the) (\w+ )?<lawyer>
        (my|our|the) <lawyer> (will|shall|has|have|says?|said|wants?|advis~|(is|are) (draft|writ
        +|prepar|go|look|contact|on)~)
        lawyer(ed|ing)? up|lawyers? involved|let a judge
        letter before (action|claim)
        cease and desist
        (will|shall|going to|could|can|should|might|may|want to|have to|about to|ready to|threaten~
        + to|i|we|let us|people) sue
        suing|sued|law ?suits?|class action|small claims|county court|tribunal|money ?claim
        litigat~
        (take|taken|taking|took|see|seeing|drag~|meet) (\w+ ){1,4}(to|in) court
        (go|going|went|gone) to court
        court (order|summons|claim|case|action|date|papers|proceedings)
        legal (action|proceedings|papers|documents|advice|counsel|representative|letter|notice
        +|steps|claim|case|recourse|matter)
        breach of (contract|my contract|the contract|gdpr|law)
        breach(ed|ing)? (my|the|our|your) contract
        ombuds(man|person|men|people)
        (to|with|by|at|contact~|call~|tell~|inform~|involv~|notif~) (the |your |our )?<watchdog>(?!
        + (valve|hose|officers?|check|station|on (my|the)|for my))
        police (report|complaint|case)
        press(ing)? charges
        report(ed|ing)? (you|this|it) for fraud
        anwalt|rechtsanwalt|strafanzeige|schlichtungsstelle|verbraucherzentrale
        mon avocat|porter plainte|mise en demeure
        mi abogado|(voy|vamos) a (demandar|denunciar)~
        (adwokat~|prawnik~|pozew|uokik|sądu)
        """,
        WORDS,
    ),
    "press": compiled(
        r"""
        i am (a |an |the )?(\w+ ){0,2}(journalist|reporter|correspondent|columnist|news editor)
        (journalist|reporter|producer|correspondent) (here|at|with|from|for)
        i am (\w+ )?(with|from|at) <paper>(?! (office|box|code|square))
        <paper> (producer|reporter|journalist|editor)
        comment by (\d|noon|tomorrow|today|tonight|end of|close of)~
        (request|requesting|care|able|could you|would you|seeking)( \w+)?( to| for)? (a )?comment
        + (on|for|about|before|regarding)
        request for comment
        (statement|comment|quote|interview) (for|in) (our|my|a|an|the|tomorrows|tonights) (story
        +|article|piece|programme|program|paper|readers|report|show|broadcast)
        for (our|my) (story|article|readers|documentary)
        (write|writing|work|working|report|reporting|film|filming|produce) (a \w+ )?for <paper>
        (from|with|at) (reuters|bloomberg|bbc news|cnn|sky news|itv news|press association)
        (working on|filming|recording|investigating for) a (story|piece|segment|report|documentary)
        (here|calling|writing) from (the )?(daily mail|guardian|telegraph|bbc|times|sunday \w+
        +|mirror)
        (freelance|investigative) (journalist|reporter|writer)|(sunday|morning|evening) papers
        (evening|morning|tonights|tomorrows|our) (broadcast|bulletin|programme|edition)
        podcast host|(local|national|regional) (paper|press|newspaper|tv|radio|news)(?! (license
        +|licence|shop))
        press (office|enquir~|inquir~|contact|team|quer~|request|officer|release|desk)
        media (enquir~|inquir~|requests?|contact|office|quer~|relations)
        spokes(person|man|woman|people)
        (running|writing|doing|preparing|publishing|filing) (a|an|our) (\w+ )?(story|piece|article
        +|report|feature) (about|on|for|tonight|tomorrow)
        article running
        (go|going|goes|gone|went|straight|talk~|speak~)( \w+){0,2} to (the |a )?(media|press|papers
        +|newspapers?|local news|journalists?|reporters?)
        (tell~|contact~|call~|email~|send~|sent|take|taking|go|going)( \w+){0,3} (the press|the
        + media|newspapers?|journalists?|reporters?|bbc|cnn|itv|sky news|daily mail|watchdog)(?!
        + (office|team|box|start|play|player|release|centre|center|room))
        """,
        WORDS,
    ),
    "minor": compiled(
        r"""
        i am (only |just |actually )?([6-9]|1[0-7])( ?(years?|yrs?|yo|y/o)\b( old)?(?! (customer
        +|contract|of|with|member|in|into|now))|(?=[,.!;?]|$)| (?=(and|but|so|i|my)\b))
        i am (only |still |just )?(a )?(minor|underage|under 18|under age|kid|child|teenager)(?!
        + (at heart|again|of))
        as a minor
        i am in (year|grade) \d+|i am in (the )?\d+th grade
        my (mum|mom|dad|parents|mother|father) (do|does) not know (i|about)
        used (my )?(mums|moms|dads|mum|mom|dad|parents|nans|brothers|sisters) (\w+ )?(card|account)
        i am (still )?(in|at) (primary|middle|secondary|high|elementary) school
        """
    ),
    "data_request": compiled(
        r"""
        (data|information|info|details|records?|everything|files?)( that| which)? you (have|hold
        +|store|keep|collect|collected|got|process)( stored| saved| kept)? (on|about) (me|us)
        what (\w+ )?(data|information|info) do you (have|hold|store|keep|collect)( \w+)? (on|about)
        + (me|us)
        subject access|dsar|sar request|data portability|gdpr request
        (submit|file|make|send)~ a sar
        right (of access|to erasure|to be forgotten)
        (under|per|according to) (the )?(gdpr|ccpa|data protection act)
        article (15|17|20) (of )?(the )?gdpr
        (delete|erase|remove|wipe) (all )?(of )?my (account and )?(all )?(my )?(personal )?(data
        +|information|details)(?! (usage|plan|allowance))
        copy of (all )?my (personal )?data
        do not sell my
        """
    ),
}
