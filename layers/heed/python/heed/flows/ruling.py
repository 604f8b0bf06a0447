"""What the rules say to one acknowledgement, asked just before it is claimed: first what happened
since the decision, then policy."""

from typing import Final

from heed.domain import policy
from heed.domain.conversation import ANSWERED_ELSEWHERE, Conversation
from heed.domain.decision import HOLDS
from heed.domain.policy import Send, Verdict
from heed.flows.sending import Job, Replying

PERSON_HAS_IT: Final = "person_has_it"


def rule(job: Job, conversation: Conversation, s: Replying) -> Verdict:
    """Say what the rules say; first what happened since the decision."""
    stored, mention = job.stored, job.stored.mention
    if clause := _overtaken(job, conversation):
        return Verdict("refuse", clause)
    control, author = s.controls.get(stored.brand), mention.author.id
    # What claims to come from the future ages like everything else: from its receipt.
    written_at = min(mention.event_at or stored.received_at, stored.received_at)
    sending = Send(
        visibility=mention.visibility,
        age_ms=s.handing.time.now() - written_at,
        summoned=mention.summoned,
        is_repost=mention.is_repost,
        automated_author=mention.author.automated,
        opted_out=bool(conversation.opted_out_at)
        or (author is not None and s.controls.opted_out(stored.brand, mention.platform, author)),
        already_answered=bool(stored.sending.reply_id),
        mode=control.mode_of(s.policies[stored.brand], mention.platform, mention.account),
        paused=control.paused,
        disabled=f"{mention.platform}#{mention.account}" in control.disabled,
        approved=bool(stored.approved_by),
    )
    return policy.check(sending, tuple(clause.id for clause in job.adapter.POLICY))


def _overtaken(job: Job, conversation: Conversation) -> str:
    """Name what came between the decision and now, or nothing: a person, or a graver matter."""
    stored, case = job.stored, conversation.live_case
    written_at = stored.mention.event_at or stored.received_at
    person_spoke = (
        conversation.last_speaker == "person" or conversation.person_spoke_at > written_at
    )
    outcomes = (conversation.outcome_of(one) for one in (case.pending if case else ()))
    clauses = (
        ("gone", bool(stored.gone_at)),
        (ANSWERED_ELSEWHERE, bool(stored.own_post) or person_spoke),
        (PERSON_HAS_IT, case is not None and case.state == "claimed"),
        ("held", any(outcome is not None and outcome[1] in HOLDS for outcome in outcomes)),
    )
    return next((clause for clause, holds in clauses if holds), "")
