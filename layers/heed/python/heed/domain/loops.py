"""Guards against loops: who is no person, and how often one person is answered by machine."""

from collections.abc import Iterable

from heed.domain.clock import DAY_MS
from heed.domain.mention import Mention
from heed.domain.policy import BrandPolicy

CONTACT_MS = DAY_MS


def is_machine(mention: Mention, policy: BrandPolicy) -> bool:
    """Tell whether the author is known to be automated: the platform says so, the brand file lists
    it, or it is the account of another brand that answers by machine, too."""
    author = mention.author
    names = {(author.handle or "").lower(), author.id or ""} - {""}
    return (
        author.automated
        or not policy.bots.isdisjoint(names)
        or (mention.platform, author.id) in policy.siblings
    )


def recent_contacts(contacts: Iterable[int], now: int) -> frozenset[int]:
    """Keep the contacts that still count: epoch seconds, of the last 24 hours."""
    return frozenset(at for at in contacts if now - at * 1000 < CONTACT_MS)
