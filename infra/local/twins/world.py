"""What exists on a platform: accounts with their tokens, what visitors wrote, what we posted.

No rule of a platform stands here; those are in the files named after the platforms.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from infra.local.twins.limits import Windows
from infra.local.twins.meter import Meter


@dataclass(frozen=True, slots=True)
class TwinAccount:
    """An account that may post: X user, Facebook Page, Telegram bot."""

    id: str
    token: str = field(repr=False)
    handle: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class TwinObject:
    """A post, comment or message, whoever wrote it.

    `summons` are the accounts of ours that its author mentioned, quoted or wrote to. `parent_id` is
    what it hangs under, `target_id` what its author asked to answer where the platform hangs it
    elsewhere. `thread_id` is the conversation, the post or the chat. `versions` are all ids of a
    post, the first one first, where an edit gives it a new one. `unlisted`: no list shows it to us,
    as a repost or a hidden comment.
    """

    id: str
    author_id: str = ""
    author_handle: str = ""
    text: str = ""
    parent_id: str = ""
    target_id: str = ""
    thread_id: str = ""
    summons: frozenset[str] = frozenset()
    private: bool = False
    deleted: bool = False
    at_ms: int = 0
    versions: tuple[str, ...] = ()
    unlisted: bool = False


@dataclass(frozen=True, slots=True)
class TwinPost:
    """A post or reply that a twin accepted; `target` is what it answers."""

    id: str
    text: str
    target: str
    account: str
    at_ms: int
    deleted: bool
    private: bool


class World:
    """The state of one twin. Instants come from `now_ms`, numbers from a counter."""

    def __init__(self, accounts: Iterable[TwinAccount], now_ms: Callable[[], int]) -> None:
        """Start with accounts and nothing written."""
        self.now_ms = now_ms
        self.accounts = {account.id: account for account in accounts}
        self.expired_tokens: set[str] = set()
        self.blocked: set[str] = set()
        self.moved_chats: dict[str, str] = {}
        self.webhooks: dict[str, dict[str, object]] = {}
        self.windows = Windows()
        self.meter = Meter()
        self._objects: dict[str, TwinObject] = {}
        # Dictionaries without values serve as sets that keep their order.
        self._threads: dict[str, dict[str, None]] = {}
        self._accepted: list[str] = []
        self._same_text: dict[tuple[str, str], list[str]] = {}
        self._correspondents: set[tuple[str, str]] = set()
        self._number = 0

    def account_of(self, token: str) -> TwinAccount | None:
        """Return the account that a valid or expired token belongs to."""
        known = (account for account in self.accounts.values() if account.token == token)
        return next(known, None) if token else None

    def grant_token(self, account_id: str, token: str) -> None:
        """Give an account a new token; the old one is unknown from now on."""
        self.accounts[account_id] = replace(self.accounts[account_id], token=token)
        self.expired_tokens.discard(token)

    def expire_token(self, account_id: str) -> None:
        """Let the present token of an account expire."""
        self.expired_tokens.add(self.accounts[account_id].token)

    def register(self, item: TwinObject) -> None:
        """Note that something exists; what is known of it already is kept, a deletion too.

        Nothing can exist without an id.
        """
        if not item.id:
            return
        old = self._objects.get(item.id)
        if item.private:
            self._correspondents.update((item.author_id, account) for account in item.summons)
        self._objects[item.id] = _merged(old, item) if old else item
        if item.thread_id:
            self._threads.setdefault(item.thread_id, {})[item.id] = None

    def delete(self, object_id: str) -> None:
        """Delete an object, also one that is not known yet: its creation may come later."""
        if object_id:
            old = self._objects.get(object_id, TwinObject(object_id))
            self._objects[object_id] = replace(old, deleted=True)

    def known(self, object_id: str) -> TwinObject | None:
        """Return what ever existed under an id, deleted or not."""
        return self._objects.get(object_id)

    def find(self, object_id: str) -> TwinObject | None:
        """Return what exists under an id, or None when it never did or was deleted."""
        item = self._objects.get(object_id)
        return None if item is None or item.deleted else item

    def objects(self) -> list[TwinObject]:
        """Return everything that exists now, in the order in which it became known."""
        return [item for item in self._objects.values() if not item.deleted]

    def thread(self, thread_id: str) -> list[TwinObject]:
        """Return what was ever written in a thread, deleted objects included."""
        return [self._objects[member] for member in self._threads.get(thread_id, {})]

    def has_written_to(self, author_id: str, account_id: str) -> bool:
        """Say whether a visitor ever wrote a private message to an account."""
        return (author_id, account_id) in self._correspondents

    def accept(self, item: TwinObject) -> None:
        """Post on behalf of an account."""
        self.register(item)
        self._accepted.append(item.id)
        self._same_text.setdefault((item.author_id, item.text), []).append(item.id)

    def accepted(self) -> list[TwinPost]:
        """Return all posts accepted so far, oldest first, deleted ones marked."""
        return [_post_of(self._objects[post_id]) for post_id in self._accepted]

    def standing_posts(self, account_id: str, text: str, *, since_ms: int) -> list[TwinObject]:
        """Return an account's posts with exactly this text that are younger and not deleted."""
        ids = self._same_text.get((account_id, text), [])
        items = (self.find(post_id) for post_id in ids)
        return [item for item in items if item is not None and item.at_ms > since_ms]

    def next_number(self) -> int:
        """Return the next number of this twin's own counter, from 1."""
        self._number += 1
        return self._number


def _merged(old: TwinObject, new: TwinObject) -> TwinObject:
    return TwinObject(
        id=new.id,
        author_id=new.author_id or old.author_id,
        author_handle=new.author_handle or old.author_handle,
        text=new.text or old.text,
        parent_id=new.parent_id or old.parent_id,
        target_id=new.target_id or old.target_id,
        thread_id=new.thread_id or old.thread_id,
        summons=new.summons | old.summons,
        private=new.private or old.private,
        deleted=new.deleted or old.deleted,
        at_ms=old.at_ms or new.at_ms,
        unlisted=new.unlisted or old.unlisted,
        versions=max(new.versions, old.versions, key=len),
    )


def _post_of(item: TwinObject) -> TwinPost:
    target = item.target_id or item.parent_id
    return TwinPost(
        id=item.id,
        text=item.text,
        target=target,
        account=item.author_id,
        at_ms=item.at_ms,
        deleted=item.deleted,
        private=item.private,
    )
