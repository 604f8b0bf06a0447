"""The last questions before an acknowledgement is claimed: which words, and is there budget left.

What was taken for a text that does not leave after all is lost: budgets are never exceeded, they
may be wasted."""

from dataclasses import dataclass, replace
from typing import Final

from heed.domain import policy
from heed.domain.budget import Asked, Limits, Shortage, Spend, spend
from heed.domain.clock import SECOND_MS
from heed.domain.conversation import Ack, Conversation
from heed.domain.loops import recent_contacts
from heed.domain.policy import Send, Verdict
from heed.domain.reply import fingerprint, has_link
from heed.domain.similarity import first_unlike, sketch
from heed.domain.voice import TextKind, compose
from heed.flows import volume
from heed.flows.sending import Job, Replying
from heed.ports import AuthorKey, AuthorRecord, Leaving, Recent

_NO_LIMITS: Final = Limits()


def wordings(job: Job, ack: Ack, s: Replying) -> tuple[str, ...]:
    """Write the acknowledgement in every variant, the mention's own first."""
    voice, mention = s.voices[job.stored.brand], job.stored.mention
    kind: TextKind = "apology" if ack.kind == "apology" else "neutral"
    return tuple(
        compose(
            voice,
            kind,
            mention_id=mention.id,
            language=ack.language,
            platform=mention.platform,
            display_name=mention.author.name,
            turn=turn,
        ).text
        for turn in range(len(voice.replies[ack.language].texts[kind]))
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """What was looked up for an acknowledgement. `texts`: its wordings, its own first."""

    send: Send
    author: AuthorRecord
    conversation: Conversation
    texts: tuple[str, ...]


def checked(job: Job, send: Send) -> Verdict:
    """Ask the rules that bind on the reply's platform."""
    return policy.check(send, tuple(clause.id for clause in job.adapter.POLICY))


def allow(job: Job, facts: Facts, s: Replying) -> tuple[Job, Verdict]:
    """Take what an acknowledgement costs and choose its words; say what the rules say to both."""
    brand, now = job.stored.brand, s.handing.time.now()
    leaving = _leaving(job, now)
    if shortage := s.budgets.take(_spend(job, s), leaving):
        if shortage.clause == volume.HOUR_CAP:
            volume.stop(job.stored, facts.conversation, s.handing, s.controls)
        return job, checked(job, _short(facts.send, shortage, now))
    recent = s.budgets.recent(brand, leaving)
    job, is_similar = _worded(job, facts.texts, recent)
    contacts = _noted(job, facts, recent, s)
    verdict = checked(job, replace(facts.send, contacts=contacts, is_similar=is_similar))
    if verdict.ruling == "allow":
        s.budgets.note(brand, replace(leaving, words=sketch(job.text)))
    return job, verdict


def allow_person(job: Job, send: Send, s: Replying) -> Verdict:
    """Take what a person's reply costs: people may use every budget up."""
    now = s.handing.time.now()
    shortage = s.budgets.take(_spend(job, s), _leaving(job, now))
    return checked(job, _short(send, shortage, now)) if shortage else Verdict("allow")


def _short(send: Send, shortage: Shortage, now: int) -> Send:
    # A stop ends when people say so, not with the hour.
    opens_at = now if shortage.clause == volume.HOUR_CAP else shortage.opens_at
    return replace(send, shortage=shortage.clause, opens_in_ms=opens_at - now)


def _spend(job: Job, s: Replying) -> Spend:
    mention, brand = job.stored.mention, s.policies[job.stored.brand]
    private = job.private or mention.visibility == "private"
    price = job.adapter.PRICES.of(
        private=private, summoned=mention.summoned, has_link=has_link(job.text)
    )
    asked = Asked(
        brand=brand.brand,
        mention=mention,
        private=private,
        price=price,
        now=s.handing.time.now(),
        hour_max=brand.hour_max,
        resumes=s.controls.get(brand.brand).resumes,
        from_person=job.ref.is_agents,
    )
    limits = brand.budgets.get(mention.platform, _NO_LIMITS)
    return spend(asked, job.adapter.RATES, limits)


def _leaving(job: Job, now: int) -> Leaving:
    mention = job.stored.mention
    return Leaving(
        platform=mention.platform,
        account=mention.account,
        # A person's words are no contact by machine.
        author="" if job.ref.is_agents else mention.author.id or "",
        contact_s=job.stored.received_at // SECOND_MS,
        words=sketch(job.text),
        now=now,
    )


def _worded(job: Job, texts: tuple[str, ...], recent: Recent) -> tuple[Job, bool]:
    """Choose the first wording that is not like what left just before. What was tried before, or
    approved by a person, keeps its words: a platform that has them must know them again."""
    tried = job.sending.fingerprint
    if tried or job.stored.approved_by:
        same = (text for text in texts if fingerprint(text) == tried)
        return replace(job, text=next(same, job.text)), False
    at = first_unlike(texts, recent.texts)
    return (job, True) if at is None else (replace(job, text=texts[at]), False)


def _noted(job: Job, facts: Facts, recent: Recent, s: Replying) -> int:
    """Count the author's contacts within 24 hours, and remember them from the second one on: most
    people are answered once, and that must not cost a write."""
    mention, brand = job.stored.mention, job.stored.brand
    own, now = job.stored.received_at // SECOND_MS, s.handing.time.now()
    known = facts.author.contacts
    others = recent_contacts(known | recent.contacts, now) - {own}
    if others and mention.author.id and len(others) < facts.send.contacts_max:
        author = AuthorKey(brand, mention.platform, mention.author.id)
        is_stale = recent_contacts(known, now) != known
        s.controls.note_contacts(author, others | {own}, anew=is_stale)
    return len(others)
