"""Classes of words that the tables of phrases name, so that each list stands in one place."""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "kin": "mum|mom|mother|dad|father|husband|wife|son|daughter|brother|sister|nan|nana|gran"
    "|grandma|grandmother|grandad|granddad|grandpa|grandfather|uncle|aunt|auntie|partner|baby"
    "|child|kid|toddler|friend|fiance|fiancee|boyfriend|girlfriend|cousin|niece|nephew|parents"
    "|little boy|little girl|newborn",
    "pet": "dog|cat|puppy|kitten|pet|horse|rabbit",
    "our": "my|our|his|her|their",
    "staff": "driver|courier|manager|agent|staff|crew|steward|stewardess|engineer|technician"
    "|guard|ceo|boss|employee|employees|people|team|guy|man|woman|cashier|clerk|rider|member",
    "place": "shop|store|office|branch|hq|headquarters|depot|warehouse|building|house|bank|plane"
    "|station|restaurant|call centre|call center|counter|windows",
    "thing": "charger|phone|battery|laptop|tablet|oven|toaster|kettle|dryer|router|cable|plug"
    "|socket|tv|engine|plane|bus|train|car|van|scooter|bike|washing machine|fridge|heater"
    "|blanket|kitchen|adapter|adaptor|boiler|dishwasher|iron",
    "meal": "food|meal|burger|salad|soup|drink|bread|sandwich|pizza|cereal|yogurt|yoghurt|coffee"
    "|cake|chicken|rice|sushi|pasta|chips|fries|cookie|cookies|chocolate|wrap|milk|formula",
    "body": "hand|hands|finger|fingers|face|leg|legs|arm|arms|foot|feet|skin|mouth|lip|lips|eye"
    "|eyes|back|head|neck",
    "bone": "arm|leg|wrist|ankle|tooth|teeth|nose|hip|neck|back|rib|ribs|finger|foot|toe",
    "hurt": "kill|murder|shoot|stab|punch|slap|beat|beat up|hurt|strangle|attack|smash|break|harm"
    "|smack|knock out",
    "whom": r"you|him|her|them|whoever|everyone|(your|the|that|this)( \w+){0,2} (driver|courier"
    "|manager|agent|staff|crew|engineer|guard|ceo|boss|employee|people|team|guy|man|woman|rider)",
    "lawyer": "solicitor|solicitors|lawyer|lawyers|attorney|attorneys|barrister|legal team",
    "watchdog": "fca|financial conduct authority|caa|civil aviation authority|ico|asa|ofcom|ofgem"
    "|information commissioner|ofwat|bbb|better business bureau|fcc|ftc|cfpb|dot|trading standards"
    "|department of transportation|regulator|regulators|citizens advice|attorney general|police"
    r"|consumer protection|data protection \w+|advertising standards|action fraud",
    "paper": r"bbc|cnn|sky news|itv|channel \d|reuters|bloomberg|daily (mail|mirror|express|star)"
    r"|press association|the guardian|the (\w+ )?(post|times|telegraph|mirror|sun|independent"
    r"|tribune|gazette|chronicle|journal|herald|express|echo|observer|news ?desk)",
    "ill": r"diabetic|pregnant|disabled|autistic|epileptic|hiv|cancer|diabetes|epilepsy|asthma"
    r"|dementia|alzheimer\w*|parkinson\w*|bipolar|schizophreni\w+|depression|ptsd|adhd|crohn\w*"
    r"|multiple sclerosis|tumou?r|heart condition|disability|disabilities|terminally ill|blind"
    r"|deaf|housebound|wheelchair|wheelchair user|immuno\w+|seriously ill|very ill|in hospital"
    r"|in the hospital|in icu|having surgery|having an operation|stroke|pacemaker|anxiety"
    r"|eating disorder|leukaemia|leukemia|kidney failure",
}
