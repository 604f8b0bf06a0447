"""What the rules say to one reply, asked just before it is claimed: first what happened since the
decision, then policy, then the words and what is left of the budgets."""

from dataclasses import replace
from typing import Final

from heed.domain.clock import SECOND_MS
from heed.domain.conversation import ANSWERED_ELSEWHERE, Ack, Conversation
from heed.domain.decision import HOLDS
from heed.domain.loops import is_machine, recent_contacts
from heed.domain.policy import Control, Send, Verdict
from heed.domain.reply import has_link
from heed.flows import allowance, volume
from heed.flows.allowance import Facts
from heed.flows.desk_rules import person_send, text_max
from heed.flows.sending import Job, Replying
from heed.ports import AuthorRecord

PERSON_HAS_IT: Final = "person_has_it"


def rule(job: Job, conversation: Conversation, ack: Ack, s: Replying) -> tuple[Job, Verdict]:
    """Say what the rules say to an acknowledgement, and give it its words. Where they allow it, it
    is counted in the budgets."""
    if clause := _overtaken(job, conversation):
        return job, Verdict("refuse", clause)
    texts = allowance.wordings(job, ack, s)
    job = replace(job, text=texts[0], outcome="acknowledge", reasons=ack.reasons)
    control = s.controls.get(job.stored.brand)
    author = _author(job, s)
    marker = s.voices[job.stored.brand].replies[ack.language].marker
    send = _looked_at(job, control, author, s)
    send = replace(
        send,
        opted_out=bool(conversation.opted_out_at) or author.opted_out,
        is_marked=marker in job.text,
    )
    facts = Facts(send, author, conversation, texts)
    verdict = allowance.checked(job, facts.send)
    if verdict.clause == "stopped":
        volume.tell(job.stored, conversation, s.handing, control)
    if verdict.ruling != "allow":
        return job, verdict
    return allowance.allow(job, facts, s)


def rule_person(job: Job, s: Replying) -> Verdict:
    """Say whether a person's words may leave now: windows may have ended since they were written.
    Where the rules allow it, they are counted in the budgets."""
    stored = job.stored
    control, brand = s.controls.get(stored.brand), s.policies[stored.brand]
    now = s.handing.time.now()
    send = person_send(stored, control, brand, private=job.private, now=now)
    # Our own attempt before this one may have left its mark; that is for the claim to see.
    send = replace(send, already_answered=False)
    verdict = allowance.checked(job, send)
    return allowance.allow_person(job, send, s) if verdict.ruling == "allow" else verdict


def _author(job: Job, s: Replying) -> AuthorRecord:
    author = job.stored.mention.author.id
    if author is None:
        return AuthorRecord()
    return s.controls.author(job.stored.brand, job.stored.mention.platform, author)


def _looked_at(job: Job, control: Control, author: AuthorRecord, s: Replying) -> Send:
    stored, mention, now = job.stored, job.stored.mention, s.handing.time.now()
    brand = s.policies[stored.brand]
    own = {stored.received_at // SECOND_MS}
    account = (mention.platform, mention.account)
    limit = text_max(job.adapter, public=mention.visibility == "public")
    return Send(
        visibility=mention.visibility,
        # What claims to come from the future ages like everything else: from its receipt.
        age_ms=now - min(mention.event_at or stored.received_at, stored.received_at),
        summoned=mention.summoned,
        is_repost=mention.is_repost,
        automated_author=is_machine(mention, brand),
        opted_out=author.opted_out,
        already_answered=bool(stored.sending.reply_id),
        mode=control.mode_of(brand, *account),
        paused=control.paused,
        disabled=f"{mention.platform}#{mention.account}" in control.disabled,
        approved=bool(stored.approved_by),
        contacts=len(recent_contacts(author.contacts, now) - own),
        contacts_max=brand.contacts_max,
        stopped=bool(control.stopped_by),
        has_link=has_link(job.text),
        is_too_long=job.adapter.text_length(job.text) > limit,
        is_account_marked=account not in brand.unmarked,
    )


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
