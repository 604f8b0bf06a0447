"""What was used of a brand's budgets: one item per brand and month, counted before anything leaves.

A process takes a block of replies with one conditional write and counts it down in its memory; what
is left when the process ends is lost, which wastes budget and never exceeds it. The same write
shares what left lately: how texts sounded, and who was answered."""

import hashlib
import struct
from collections.abc import Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from heed.domain import budget
from heed.domain.budget import Shortage, Spend
from heed.domain.clock import DAY_MS, MINUTE_MS, SECOND_MS
from heed.domain.similarity import RECENT_TEXTS_MAX
from heed.ports import Leaving, Recent
from heed.storage.table import (
    SCHEMA,
    AttributeValue,
    DynamoClient,
    Item,
    is_condition_failure,
    key,
    number,
)

RACES_MAX: Final = 8
KEPT_DAYS: Final = 40
SHARED_CONTACTS_MAX: Final = 32
KNOWN_CONTACTS_MAX: Final = 4_096
# Clocks differ by some seconds: a window is forgotten only when it is over for everybody.
SPARE_MS: Final = MINUTE_MS
_REMOVED_MAX: Final = 50
_CONTACT = struct.Struct(">4sI")
_TEXT = struct.Struct(">IH")
_Contact = tuple[bytes, int]
_Text = tuple[int, bytes]
_Pool = tuple[str, tuple[tuple[str, int, int], ...]]


class TableBudgets:
    """`heed.ports.Budgets` over the table."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table
        self._blocks: dict[_Pool, int] = {}
        self._closed: dict[_Pool, Shortage] = {}
        self._memories: dict[str, _Memory] = {}

    def take(self, spend: Spend, leaving: Leaving) -> Shortage | None:
        """Count one reply; None when it may leave."""
        memory = self._memories.setdefault(spend.brand, _Memory())
        pool = _pool(spend)
        if not spend.counters:
            return None
        closed = self._closed.get(pool)
        if closed and closed.opens_at > spend.now:
            return closed
        if not self._blocks.get(pool):
            taken = self._taken(spend, leaving, memory)
            if isinstance(taken, Shortage):
                self._closed[pool] = taken
                return taken
            self._blocks[pool] = taken
        self._blocks[pool] -= 1
        memory.note_contact(leaving)
        return None

    def recent(self, brand: str, leaving: Leaving) -> Recent:
        """Tell what is known here: texts of the account, and answers to the same person."""
        return self._memories.setdefault(brand, _Memory()).recent(leaving)

    def note(self, brand: str, leaving: Leaving) -> None:
        """Remember the words that leave; the next block shares them."""
        self._memories.setdefault(brand, _Memory()).note_text(leaving)

    def _taken(self, spend: Spend, leaving: Leaving, memory: "_Memory") -> int | Shortage:
        self._forget(spend.now)
        if not memory.is_told:
            memory.learn(self._read(spend))
        wanted, used = min(spend.block, budget.room(spend.counters, {})), Used()
        for _ in range(RACES_MAX):
            if not wanted:
                return budget.shortage_of(spend.counters, used)
            answer = self._added(spend, wanted, leaving, memory)
            if not isinstance(answer, Used):
                memory.learn(answer)
                return wanted
            used = answer
            wanted = min(spend.block, budget.room(spend.counters, used))
        # Others take it all away at this moment: a little later there is room, or none for sure.
        return Shortage(spend.counters[0].clause, spend.now + SECOND_MS)

    def _read(self, spend: Spend) -> Item:
        """Look once what others shared: the first write of this process would replace it."""
        answer = self._client.get_item(TableName=self._table, Key=_item_key(spend))
        item: Item = answer.get("Item") or {}
        return item

    def _added(
        self, spend: Spend, replies: int, leaving: Leaving, memory: "_Memory"
    ) -> "Item | Used":
        names, values = {}, {":v": number(SCHEMA), ":exp": _expiry(spend.month)}
        sets, adds, conditions = ["v = :v", "#exp = :exp"], [], []
        names["#exp"] = "exp"
        for at, counter in enumerate(spend.counters):
            names[f"#c{at}"] = counter.name
            values[f":c{at}"] = number(counter.cost * replies)
            values[f":m{at}"] = number(counter.ceiling - counter.cost * replies)
            adds.append(f"#c{at} :c{at}")
            conditions.append(f"(attribute_not_exists(#c{at}) OR #c{at} <= :m{at})")
        for at, (name, blob) in enumerate(memory.shared(leaving).items()):
            names[f"#r{at}"], values[f":r{at}"] = name, {"B": blob}
            sets.append(f"#r{at} = :r{at}")
        old = {f"#o{at}": name for at, name in enumerate(memory.ended(spend.now))}
        removes = f" REMOVE {', '.join(old)}" if old else ""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_item_key(spend),
                UpdateExpression=f"SET {', '.join(sets)} ADD {', '.join(adds)}{removes}",
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeNames={**names, **old},
                ExpressionAttributeValues=values,
                # What others wrote since our last look.
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
            response: Any = error.response
            return Used(_counts(response.get("Item", {})))
        attributes: Item = answer.get("Attributes") or {}
        return attributes

    def _forget(self, now: int) -> None:
        """Drop blocks and refusals of windows that are over."""
        self._blocks = {pool: left for pool, left in self._blocks.items() if _is_open(pool, now)}
        self._closed = {pool: why for pool, why in self._closed.items() if _is_open(pool, now)}


class Used(dict[str, int]):
    """What was used of each counter, when a write was refused."""


class _Memory:
    """What one process knows of what a brand's machine did lately."""

    def __init__(self) -> None:
        self._contacts: set[_Contact] = set()
        self._texts: dict[str, list[_Text]] = {}
        self._counters: tuple[str, ...] = ()
        self.is_told = False

    def recent(self, leaving: Leaving) -> Recent:
        """Look up what concerns one reply."""
        texts = tuple(words for _, words in self._texts.get(_text_name(leaving), []))
        person = _person(leaving)
        contacts = {at for one, at in self._contacts if one == person} - {leaving.contact_s}
        return Recent(texts, frozenset(contacts) if leaving.author else frozenset())

    def note_contact(self, leaving: Leaving) -> None:
        """Remember who is answered."""
        if leaving.author:
            self._contacts.add((_person(leaving), leaving.contact_s))
            if len(self._contacts) > KNOWN_CONTACTS_MAX:
                self._contacts = set(_newest(self._contacts, KNOWN_CONTACTS_MAX // 2))

    def note_text(self, leaving: Leaving) -> None:
        """Remember with which words."""
        known = self._texts.setdefault(_text_name(leaving), [])
        own = (leaving.now // SECOND_MS, leaving.words)
        self._texts[_text_name(leaving)] = sorted({*known, own})[-RECENT_TEXTS_MAX:]

    def shared(self, leaving: Leaving) -> dict[str, bytes]:
        """Pack what others should know, with the reply that is about to leave. Its words may still
        be others; those of the next block are right."""
        contacts = set(self._contacts)
        if leaving.author:
            contacts.add((_person(leaving), leaving.contact_s))
        newest = _newest(contacts, SHARED_CONTACTS_MAX)
        own = (leaving.now // SECOND_MS, leaving.words)
        texts = sorted({*self._texts.get(_text_name(leaving), []), own})[-RECENT_TEXTS_MAX:]
        packed = b"".join(_TEXT.pack(at, len(words)) + words for at, words in texts)
        return {"au": b"".join(_CONTACT.pack(*one) for one in newest), _text_name(leaving): packed}

    def learn(self, item: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in what others shared, and which counters stand on the item."""
        self.is_told = True
        self._counters = tuple(name for name in item if "." in name)
        blob = bytes(item.get("au", {}).get("B", b""))
        self._contacts |= {(person, at) for person, at in _CONTACT.iter_unpack(blob)}
        for name, value in item.items():
            if name.startswith("t_"):
                known = {*self._texts.get(name, []), *_unpacked(bytes(value["B"]))}
                self._texts[name] = sorted(known)[-RECENT_TEXTS_MAX:]

    def ended(self, now: int) -> list[str]:
        """List counters whose window is over: they go with the next write."""
        ended = (name for name in self._counters if budget.has_ended(name, now - SPARE_MS))
        return list(ended)[:_REMOVED_MAX]


def _item_key(spend: Spend) -> Item:
    return key(f"budget#{spend.brand}#{spend.month}")


def _pool(spend: Spend) -> _Pool:
    counters = tuple((one.name, one.cost, one.ceiling) for one in spend.counters)
    return f"{spend.brand}#{spend.month}", counters


def _is_open(pool: _Pool, now: int) -> bool:
    return not any(budget.has_ended(name, now) for name, _, _ in pool[1])


def _counts(item: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {name: int(value["N"]) for name, value in item.items() if "." in name}


def _newest(contacts: Iterable[_Contact], limit: int) -> list[_Contact]:
    return sorted(contacts, key=lambda contact: contact[1])[-limit:]


def _person(leaving: Leaving) -> bytes:
    named = f"{leaving.platform}#{leaving.author}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(named, digest_size=4).digest()


def _text_name(leaving: Leaving) -> str:
    named = f"{leaving.platform}#{leaving.account}".encode("utf-8", "surrogatepass")
    return f"t_{hashlib.blake2b(named, digest_size=4).hexdigest()}"


def _unpacked(blob: bytes) -> list[_Text]:
    found, at = [], 0
    while at < len(blob):
        written_s, length = _TEXT.unpack_from(blob, at)
        at += _TEXT.size
        found.append((written_s, blob[at : at + length]))
        at += length
    return found


def _expiry(month: str) -> AttributeValue:
    return number((budget.month_end(month) + KEPT_DAYS * DAY_MS) // 1000)
