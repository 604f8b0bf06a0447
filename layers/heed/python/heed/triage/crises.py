"""Crises: self-harm, threats, danger to people. Phrases by mark; somebody is paged for each.

All of this is data; `features` reads with it. Source: stories 6 to 8, requirement R34."""

import re
from collections.abc import Mapping

from heed.triage.phrases import compiled
from heed.triage.words import WORDS

CRISES: Mapping[str, re.Pattern[str]] = {
    "self_harm": compiled(
        r"""
        (kill|killing|unalive|hang|hanging|hurt|hurting|cut|cutting) (my|him|her)self(?! (on|with
        +|when|while|because|opening|using|at|in))
        (end|ending|take|taking|took|taken) (my|his|her) (own )?life
        suicid(e|al)
        self[- ]?harm~
        do not want to (be here|be alive|exist|wake up)(?! (so|at \d|that|this))
        (do not|no longer) want to live(?! (in|here|with|without|at|near|on|like|through))
        (no|a|any|the|one) (reason|point|will) (to|in|for me to) (live|living|be alive|go on|going
        + on|carry on|carrying on)(?! with (this|your|my|the|a))
        will not be here (tomorrow|much longer|any ?more|next week)
        (standing|sitting) on (the|a) (bridge|ledge|roof|edge)|want it all to end
        (nobody|no one) would (miss|care|notice) (me )?if i (was|were|am) (gone|dead)
        pills in (my |his |her )?hand|throw(ing)? myself (under|off|in front)
        disappear forever|have pills here|say goodbye to my (kids|family)
        (want|ready|wish i could) (to )?die(?! (of|for|from|laughing|happy))
        wish i (was|were|had been) (dead|never born)
        better off (dead|without me)
        end(ing)? it all
        can not go on (any ?more|any longer|living)
        jump(ing)? (in front of|off|under) (a|the|your|this) (train|tube|bus|bridge|roof|building
        +|balcony|platform|cliff|lorry|truck)
        nothing (left )?to live for
        life is not worth
        not worth living
        (going to|will|might|want to|about to) kms
        (took|swallowed) (all|the whole|a whole) (of )?(my )?(pills|tablets|meds|bottle)
        overdos(e|ed|ing)(?! of)
        (tired|sick) of (living|being alive)
        goodbye,? (cruel )?world
        umbringen|selbstmord|suizid
        (me suicider|en finir avec la vie)
        (suicidarme|quitarme la vida)
        (się zabić|samobójstw~)
        """
    ),
    "threat": compiled(
        r"""
        (i|we|someone|somebody) (will|shall|am going to|are going to|should|swear i will)( \w+)?
        + <hurt> (<whom>|the next <staff>)
        (going to|want to|ready to|about to) <hurt> <whom>(?! (a|an|with|at your|on price))
        (burn|torch|trash|bomb|firebomb|blow up|smash up|shoot up) (down )?(your|the|this)(
        + \w+){0,2} <place>
        set fire to (your|the)
        (there is|i have|i planted|i put|i left) a bomb
        bomb threat
        com(e|ing) (round |down |over )?to (your|the)( \w+){0,3} <place>.{0,60} (regret|be sorry
        +|pay for|suffer)
        (regret|be sorry|pay for|suffer).{0,60} com(e|ing) (round |down |over )?to (your|the)(
        + \w+){0,3} <place>
        (?<!can i )(?<!may i )(?<!allowed to )(bring|bringing|come with|coming with|turn up with
        +|show up with|back with) (a|my) (gun|knife|rifle|machete|axe|hammer|(baseball )?bat)(?!
        + (set|block|sharpener|safe|on (board|the|a)|in (my|hand|the)))
        i have a gun
        waiting .{0,40}with (a|my) (gun|knife|rifle|machete|axe|hammer|(baseball )?bat)
        (know|find out|found out) where (you|he|she|they|your( \w+)? (staff|driver|family|manager
        +|ceo|people)) (all )?(live|work|park|sleep)s?
        watch your back
        i will be (at|there|outside|waiting)[^.!?]{0,40} with (a|my) ((baseball )?bat|gun|knife
        +|hammer)
        lesson with (my|their|his) fists|windows? (get|gets|will be|are getting) smashed
        (staff|drivers?|people|team|agents?|managers?) will not be safe
        (agents?|drivers?|managers?|staffs?|ceos?) home address
        (will|going to) (attack|raid|storm|torch|burn) (your|the)( \w+){0,2} <place>s?
        gets? a bullet|burn~ (your|the)( \w+){0,2} <place>s? (down|to the ground)
        you (are|will be) (a )?dead (man|meat|men)
        coming for (you|all of you|your (staff|family|driver|manager|people))
        (hope|wish) (you|they|he|she|(your|the)( \w+){1,2})( all| people)? (dies?|crash~|burns?|rot
        +|gets? (cancer|shot|killed|hurt))
        (deserves? to|should|ought to) (die|be (shot|hurt|beaten|stabbed|hanged|hung|strung up))
        (is|are) (getting|going to get) (stabbed|shot|beaten|what is coming)
        with (petrol|gasoline|a lighter|a molotov)
        pay with (blood|your (life|lives)|my fists)
        better have security|not coming to talk
        (find|hunt|track) (you|him|her|them)( down)? and.{0,30} (hurt|kill|make|beat|break)
        (break|smash) (your|his|her|their) (legs?|neck|face|jaw|nose|teeth|head|skull|windows?)
        run (you|him|her|them) over
        beat the (crap|shit|hell) out of
        ich bringe (euch|dich) (alle )?um
        je vais (vous|te) (tuer|buter)
        (los|te) voy a matar
        zabiję (was|cię|go)
        """,
        WORDS,
    ),
    "safety": compiled(
        r"""
        (burned|burnt|burns|burning|scalded|scalds|injured|injures|hurt|bit|poisoned|electrocuted
        +|cut|hit) <our> (\w+ )?(<kin>|<body>|<pet>|bed|sofa|carpet|house|kitchen|wall)(?! off)
        (was|were|got|been|badly|seriously) (\w+ )?(injured|electrocuted|scalded|poisoned
        +|hospitali[sz]ed|assaulted|bitten|knocked (down|over))
        (caused|suffered|sustained|serious|head|nasty) (\w+ )?injur(y|ies)
        (caught|catch|catches|catching|burst into|went up in) (fire|flames)
        <thing> (\w+ ){0,2}(on fire|in flames|exploded|explodes|exploding|blew up|overheat~|spark(s
        +|ed|ing)|melted|smoking|smokes|swollen|bulging)(?! with)
        (smoke|sparks?|flames?) (is |are |was |were )?(coming|came|pouring|poured|flying)
        smoking (charger|phone|battery|router|plug|laptop)
        (smell~|stank|stinks?|reeks?|reeked) (of |like )?(\w+ )?gas
        gas leak|carbon monoxide|burning smell|exposed (wire|wires|wiring)
        smell~ (of |like )burning
        electric(al)? shocks?
        electrocut~
        chok(ed|ing|es) on(?! (my|your) (coffee|tea|drink|wine|words|prices))
        choking hazard
        (glass|metal|plastic|nails?|needles?|blades?|screws?|tooth|maggots?|mouse|rat|insects?
        +|cockroach~|worms?) in (my|the|our|his|her|your|a)( \w+){0,2} <meal>
        allergic reaction
        anaphyla~
        undeclared (nuts?|allergens?|milk)
        (needles?|syringes?|razor ?blades?|shards?|broken glass|blades?) in (the|my|our|a|your|his
        +|her)
        doors? (closed|shut|slammed) on <our>
        (strap|harness|brake|cable|ladder|rope|seat|belt) (\w+ )?(snapped|broke|collapsed|gave way)
        + (with|while|under) (me|us|my|the|him|her)
        (gave|gives) (me|him|her|us|<our> <kin>) an? (electric )?shock
        smoke in the (cabin|carriage|store|house|car|kitchen)
        ran (me|us) off the road
        (sexual|inappropriate|lewd) (comments?|remarks?|touching)|tried to (get|come) inside
        suffocat~|alight
        (fingers?|hands?|arms?|legs?|foot|head) (\w+ )?(was |is )?(trapped|caught|crushed|jammed)
        + in
        swallowed (a|the|one) (\w+ )?(battery|magnet|part|piece|button|screw|coin)
        food poison~
        (vomit~|throwing up|violently (ill|sick)|been sick|got sick|fell ill) (after|from|since
        +|because|all night)
        <meal> (has |have )?made (me|us|him|her|<our> \w+) (\w+ )?(sick|ill|vomit)
        (ended up|rushed|landed|taken|(put|sent) (me|him|her|us|<our> <kin>))( \w+){0,3} (in|to
        +|into) (the |an? )?(hospital|a&e|er|emergency room|icu|intensive care|ambulance)
        (is|are|am|was) (now )?in (a&e|the er|icu|intensive care)
        (broke|broken|fractured|sprained|twisted|dislocated|chipped|cracked) (my|his|her)
        + (\w+ )?<bone>
        (i|he|she|who|lady|passenger|<kin>) (just |nearly |almost )?(slipped|tripped|fell) (on|at
        +|over|down|off|from|through|in (?!love))
        (is|was|am|are|started|still|head|hand|finger|nose) bleeding
        unconscious|stopped breathing
        (i|he|she|<kin>|passenger|lady) (\w+ )?(fainted|collapsed|passed out)(?! (flyers|free))
        unsafe|death ?trap|health and safety|fire hazard
        safety (hazard|risk|issue|concern)s?
        (is|was|so|very|really|extremely|are|looks|truly|absolutely) dangerous
        dangerous (driv~|wir~|product|toy|stairs|floor|condition)
        brakes? (\w+ )?(failed|fail|gone|not work~|stopped)|through a red light
        (cot|bed|chair|shelf|ladder|roof|ceiling|stairs|balcony|bench|scaffold~)
        + (has |just |suddenly )?(collapsed|gave way|fell)
        (lift|elevator) (dropped|fell|plunged)|people (were )?screaming|eyes (are|were) burning
        (battery|power ?bank|phone) (is |was |has )?(swelled|swollen|bulging|leaking|exploding)
        seat ?belts? (\w+ )?(broken|missing|not work~|jammed)
        no seat ?belts?
        <staff> (\w+ ){0,2}(drunk|asleep at the wheel|falling asleep|texting|speeding|swerving|on
        + (his|her|the) phone|ran a red light)
        (drunk|reckless) driver
        (nearly|almost) (killed|hit|ran over|crashed into|ran into|knocked (down|over)) (me|us|my|a
        +|our|him|her)
        ran (me|us|him|her|my \w+) over
        <staff> (\w+ ){0,2}(threatened|assaulted|attacked|punched|groped|harassed|grabbed|pushed
        +|spat at|touched|stalked) (me|us|her|him|<our> <kin>)(?! (to|into|too|over))
        <staff> (\w+ ){0,2}hit (me|us|her|him|<our> <kin>)(?! (with|up))
        sexual(ly)? (harass~|assault~)
        groped|raped|molested
        assaulted (me|us|my|by)
        (stuck|trapped|locked) (in|inside) (\w+ ){0,2}(lift|elevator|toilet|train doors?)
        (someone|somebody|people|a child|kids?) (is|are|will|could|might) (going to )?(be |get )?
        +(hurt|killed|injured|electrocuted)
        you lost (my|our) (son|daughter|child|kid|toddler)
        left (my|our) (\w+ )?(son|daughter|child|kid|toddler)( \w+)? alone
        """,
        WORDS,
    ),
}
