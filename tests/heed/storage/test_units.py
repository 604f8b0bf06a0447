"""Write and read units of the ways of a mention, counted exactly. W item, I index, R read units.

The steps are those of the flows; budgets are those of the issue's page on speed, section 2."""

from dataclasses import replace

from heed.domain import case as cases
from heed.domain.budget import Asked, Limits, Rate, spend
from heed.domain.conversation import Conversation
from heed.domain.mention import Mention
from heed.domain.reply import machine_reply
from heed.ports import Leaving, Move, StoredMention
from heed.storage.budgets import TableBudgets
from heed.storage.codec import stored_mention
from tests.backends import START_MS
from tests.heed.storage.stores import (
    BRAND,
    CONVERSATION,
    Store,
    a_case,
    a_change,
    a_claim,
    a_conversation,
    a_mention,
    an_ack,
    an_agent_reply,
    an_arrival,
    an_own_post,
)

MENTION = a_mention()
ARRIVAL = an_arrival(MENTION, conversation=CONVERSATION)
REF = machine_reply(MENTION.id)
AUTHOR = "77"

Units = tuple[float, float, float]


def units(store: Store) -> Units:
    """Give W, I and R since the last look."""
    meter, table = store.backend.dynamo.meter, store.backend.table
    written = dict(meter.write_units)
    read = sum(meter.read_units.values())
    meter.reset()
    return written.pop(table, 0), sum(written.values()), read


def streamed(store: Store, mention: Mention) -> StoredMention:
    """Give a mention as the stream's record carries it: without a read."""
    items = store.backend.dynamo.items(store.backend.table)
    [item] = [one for one in items if one["pk"]["S"] == f"mention#{mention.id}"]
    return stored_mention(item)


def saved(store: Store, conversation: Conversation) -> Conversation:
    after = store.conversations.save(conversation)
    assert after is not None
    return after


def looked_at(store: Store) -> Conversation:
    """Read what `triage` or `reply` reads before it decides."""
    conversation = store.conversations.get(CONVERSATION) or a_conversation()
    store.controls.opted_out(BRAND, "x", AUTHOR)
    return conversation


def test_a_mention_that_is_only_stored_costs_w1_i2(memory: Store) -> None:
    memory.put(ARRIVAL)

    assert units(memory) == (1, 2, 0)


def test_a_duplicate_costs_one_refused_write(memory: Store) -> None:
    memory.put(ARRIVAL)
    units(memory)

    memory.put(ARRIVAL)

    assert units(memory) == (1, 0, 0)


def acknowledge(store: Store, conversation: Conversation) -> list[Units]:
    counted = []
    store.put(ARRIVAL)
    counted.append(units(store))
    looked_at(store)
    saved(store, conversation)
    counted.append(units(store))
    seen = store.get(MENTION)
    looked_at(store)
    held = store.outbox.claim(REF, seen.sending, a_claim())
    assert held is not None
    counted.append(units(store))
    assert store.outbox.move(REF, held, Move("sent", reply_id="9001"))
    counted.append(units(store))
    return counted


def total(counted: list[Units]) -> Units:
    w, i, r = (sum(column) for column in zip(*counted, strict=True))
    return w, i, r


def test_an_acknowledged_mention_costs_w4_i3_and_three_strong_reads(memory: Store) -> None:
    counted = acknowledge(memory, a_conversation(ack=an_ack()))

    # Put; reservation; claim, which leaves the due index alone; result. The budget stands below.
    assert counted == [(1, 2, 0), (1, 0, 1.5), (1, 0, 2.5), (1, 1, 0)]
    # Three strong reads of a unit and two cheap looks for an opt-out, half a unit each.
    assert total(counted) == (4, 3, 4)


def test_the_budget_of_an_acknowledgement_costs_a_tenth_of_a_write(memory: Store) -> None:
    budgets = TableBudgets(memory.backend.dynamo, memory.backend.table)
    rates = (Rate(900, 100, "public"), Rate(10_800, 300, "public"), Rate(86_400, 10_000, "public"))
    asked = Asked(BRAND, MENTION, False, price=10_000, now=START_MS, hour_max=1_000)
    spending = spend(asked, rates, Limits(day_micro_usd=10**8, month_micro_usd=10**9))
    for number in range(80):
        leaving = Leaving("x", "2244994945", str(number), number, b"words", START_MS)
        assert budgets.take(spending, leaving) is None

    # Half a read unit when the process begins, for all of them together.
    assert units(memory) == (8, 0, 0.5)


def test_an_acknowledgement_with_a_case_for_people_adds_the_cases_two_index_writes(
    memory: Store,
) -> None:
    counted = acknowledge(memory, a_conversation(ack=an_ack(), case=a_case()))

    assert total(counted) == (4, 5, 4)


def test_the_echo_of_an_acknowledgement_costs_one_refused_write(memory: Store) -> None:
    acknowledge(memory, a_conversation(ack=an_ack()))

    memory.put(an_own_post(MENTION, "9001"))

    assert units(memory) == (1, 0, 0)


def test_a_mention_held_for_a_person_costs_w3_i5_and_one_strong_read(memory: Store) -> None:
    memory.put(ARRIVAL)
    looked_at(memory)
    saved(memory, a_conversation(case=a_case()))
    memory.mentions.finish(streamed(memory, MENTION), "queued", "legal", ("negative other",))

    # The read is the conversation; half a unit more is the cheap look for an opt-out.
    assert units(memory) == (3, 5, 1.5)


def test_a_follow_up_in_an_open_case_costs_w3_i3_and_one_strong_read(memory: Store) -> None:
    conversation = saved(memory, a_conversation(case=a_case()))
    second = a_mention("1002")
    units(memory)

    memory.put(an_arrival(second, conversation=CONVERSATION))
    looked_at(memory)
    pending = (MENTION.id, second.id)
    saved(memory, replace(conversation, case=replace(a_case(), pending=pending)))
    memory.mentions.finish(streamed(memory, second), "queued", "once", ())

    assert units(memory) == (3, 3, 1.5)


def test_a_deleted_mention_costs_three_writes(memory: Store) -> None:
    memory.put(ARRIVAL)
    memory.mentions.finish(streamed(memory, MENTION), "silent", "courtesy", ())
    units(memory)

    memory.put(a_change(MENTION, "deleted", after_ms=5_000))
    memory.mentions.finish(streamed(memory, MENTION), "gone", "deleted", ())
    memory.mentions.blank(MENTION.id, START_MS)

    assert units(memory) == (3, 2, 0)


def with_case(store: Store, conversation: Conversation, case: cases.Case) -> Conversation:
    return saved(store, replace(conversation, case=case))


def test_a_persons_case_costs_w11_i10(memory: Store) -> None:
    """One write and one index write more than the page says; why stands beside the steps."""
    conversation = saved(memory, a_conversation(case=a_case()))
    units(memory)
    now, ana = START_MS + 60_000, "ana"
    counted = {}

    claimed = cases.claim(a_case(), ana, attempt="a1", now=now)
    conversation = with_case(memory, conversation, claimed)
    counted["claim"] = units(memory)
    # The lease stands in the due index, so that a lost agent's case comes back in time.
    claimed = cases.renew(claimed, ana, claimed.epoch, now + 300_000)
    conversation = with_case(memory, conversation, claimed)
    counted["heartbeat"] = units(memory)
    reply = an_agent_reply()
    assert memory.timeline.add_reply(reply, claimed.epoch) == "added"
    counted["reply"] = units(memory)
    # What the agent saw leaves the pending list with the reply, not with the resolution.
    claimed = cases.see(claimed, (MENTION.id,))
    conversation = with_case(memory, conversation, claimed)
    counted["seen"] = units(memory)
    held = memory.outbox.claim(reply.ref, reply.sending, a_claim(outcome="", reasons=()))
    assert held is not None
    counted["send"] = units(memory)
    assert memory.outbox.move(reply.ref, held, Move("sent", reply_id="9002"))
    counted["result"] = units(memory)
    # The conversation notes that a person answered.
    conversation = saved(memory, replace(conversation, person_spoke_at=now))
    counted["answered"] = units(memory)
    resolved = cases.resolve(
        claimed, ana, claimed.epoch, resolution="solved", seen=(), now=now + 400_000
    )
    with_case(memory, conversation, resolved)
    counted["resolve"] = units(memory)

    assert {step: (w, i) for step, (w, i, _) in counted.items()} == {
        "claim": (1, 4),
        "heartbeat": (1, 2),
        "reply": (4, 1),
        "seen": (1, 0),
        "send": (1, 0),
        "result": (1, 1),
        "answered": (1, 0),
        "resolve": (1, 2),
    }
    assert total(list(counted.values()))[:2] == (11, 10)
