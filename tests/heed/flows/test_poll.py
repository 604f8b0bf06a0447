"""Reading platforms' own lists again: what no webhook brought is stored, once, and counted."""

import json
from dataclasses import replace
from typing import Any

import pytest

from heed.adapter import Delivery, ListPage, Rereading
from heed.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from heed.errors import DoubtfulError, NotSentError
from heed.flows.poll import PAGES_MAX, YOUNG_MS, Polled, poll, reread
from heed.flows.rereading import Span
from heed.ports import Cursor, LedgerLine
from heed.storage.codec import unpack
from infra.local.twins.faults import Fault
from tests.heed.flows.bodies import (
    BOLT_X,
    COMPLAINT,
    MARTA,
    OMAR,
    PAGE,
    QUESTION,
    X_ACCOUNT,
    comment,
    page_changes,
    x_deletion,
    x_post,
)
from tests.heed.flows.world import REREAD_MINUTES, TIMEOUT_MS, World

A, B, C = "2100000000000000001", "2100000000000000002", "2100000000000000003"
MA, MB, MC = (f"x#{X_ACCOUNT}#post:{one}" for one in (A, B, C))
CA = f"facebook#{PAGE}#comment:500_1"


@pytest.fixture
def world() -> World:
    """Accounts that have been read again for a day."""
    world = World()
    world.poll()
    world.clock.forward(s=DAY_MS / 1000)
    world.poll()
    world.clock.forward(s=REREAD_MINUTES * 60)
    world.meter.counts.clear()
    return world


def lose(world: World, body: bytes, platform: str = "x") -> None:
    """Something is written, and its webhook never comes."""
    world.twin(platform).learn(body)


def ago(world: World, minutes: float) -> int:
    return world.clock.now() - int(minutes * MINUTE_MS)


def lost_post(world: World, post: str = A, *, minutes: float = 5, **fields: Any) -> None:
    lose(world, x_post(post, COMPLAINT, at=ago(world, minutes), **fields))


def lines(world: World, platform: str = "x") -> list[LedgerLine]:
    return world.polling.storing.ledger.lines("acme", platform, 0)


def totals(world: World, platform: str = "x") -> tuple[int, int]:
    found = lines(world, platform)
    return sum(one.by_webhook for one in found), sum(one.only_reread for one in found)


def cursor(world: World, account: str = X_ACCOUNT) -> Cursor:
    found = world.polling.cursors.look("x" if account != PAGE else "facebook", account)
    assert found is not None
    return found


def polled(world: World, account: str = X_ACCOUNT) -> Polled:
    return next(one for one in world.polling.polled if one.account.id == account)


def again(world: World) -> str:
    """The next pass over acme's account on X."""
    world.clock.forward(s=REREAD_MINUTES * 60)
    return world.poll()[X_ACCOUNT].outcome


def test_a_post_whose_webhook_was_lost_is_stored_and_answered(world: World) -> None:
    lost_post(world)

    found = world.poll()

    assert (found[X_ACCOUNT].outcome, found[X_ACCOUNT].gaps) == ("done", 1)
    assert (found[BOLT_X].outcome, found[BOLT_X].gaps) == ("done", 0)
    assert world.stored(MA).source == "reread"
    assert world.meter.counts["reread_created"] == world.meter.counts["reread_only"] == 1
    world.run()
    assert world.state(MA) == "sent"
    assert world.targets() == [A]


def test_a_comment_whose_webhook_was_lost_is_stored_and_answered(world: World) -> None:
    lose(
        world,
        page_changes(comment("1", "terrible", at=ago(world, 5)), at=ago(world, 5)),
        "facebook",
    )

    assert world.poll()[PAGE].gaps == 1

    assert world.stored(CA).source == "reread"
    world.run()
    assert world.state(CA) == "sent"


def test_what_a_webhook_brought_is_no_gap(world: World) -> None:
    world.deliver("x", x_post(A, COMPLAINT, at=ago(world, 5)))
    world.meter.counts.clear()

    assert world.poll()[X_ACCOUNT].gaps == 0

    assert world.stored(MA).source == "webhook"
    assert totals(world) == (1, 0)
    assert "reread_only" not in world.meter.counts


def test_cards_are_masked_before_anything_is_stored(world: World) -> None:
    lose(world, x_post(A, "@acmeair my card is 4111 1111 1111 1111", at=ago(world, 5)))

    world.poll()

    assert "4111" not in world.stored(MA).mention.text
    assert world.stored(MA).mention.text.startswith("@acmeair my card is [")


def test_platforms_without_a_list_and_accounts_switched_off_are_left_alone(world: World) -> None:
    never = replace(polled(world), every_minutes=0)
    only = replace(world.polling, polled=(never, *world.polling.polled))

    assert [one.account.id for one in poll(only)] == [X_ACCOUNT, PAGE, BOLT_X]

    telegram = next(one for one in world.polling.polled if one.account.platform == "telegram")
    assert reread(telegram, world.polling, deadline=world.clock.now() + 1).outcome == "waits"


# What comes in as what.


def test_what_is_young_is_left_to_its_webhook_and_read_by_the_next_pass(world: World) -> None:
    lost_post(world, minutes=YOUNG_MS / MINUTE_MS - 0.1)

    assert world.poll()[X_ACCOUNT].gaps == 0
    assert world.find(MA) is None

    assert again(world) == "done"
    assert world.stored(MA).source == "reread"
    assert totals(world) == (0, 1)


def test_the_first_pass_is_backfill_that_no_machine_answers_and_no_gap() -> None:
    world = World()
    lost_post(world, minutes=5)
    lost_post(world, B, minutes=60, author=OMAR)
    lost_post(world, C, minutes=25 * 60)

    assert world.poll()[X_ACCOUNT].gaps == 0

    world.run(5)
    assert [world.stored(one).source for one in (MA, MB)] == ["backfill"] * 2
    assert world.find(MC) is None
    assert {world.state(one) for one in (MA, MB)} == {"queued"}
    assert world.posts() == []
    assert lines(world) == []


def test_after_a_long_silence_what_is_old_is_backfill_and_a_gap(world: World) -> None:
    world.poll()
    world.clock.forward(s=5 * 3600)
    lost_post(world, minutes=200)
    lost_post(world, B, minutes=10, author=OMAR)

    assert world.poll()[X_ACCOUNT].gaps == 2

    world.run(5)
    assert (world.stored(MA).source, world.stored(MB).source) == ("backfill", "reread")
    assert (world.state(MA), world.state(MB)) == ("queued", "sent")
    assert totals(world) == (0, 2)


def test_a_silence_of_weeks_is_not_read_again_for_more_than_a_week(world: World) -> None:
    world.clock.forward(s=30 * DAY_MS / 1000)

    world.poll()

    assert [call.path for call in world.sender.calls if "/mentions" in call.path][-2:]
    began = cursor(world)
    assert began.until - began.since < 7 * DAY_MS
    assert began.read_to == began.until


def test_an_edit_that_only_re_reading_found_comes_in_once(world: World) -> None:
    world.deliver("x", x_post(A, COMPLAINT, at=ago(world, 8)))
    world.run()
    lose(world, x_post(B, f"{COMPLAINT} Again.", at=ago(world, 5), versions=(A, B)))

    world.poll()
    world.run()
    assert world.stored(MA).edited
    assert world.meter.counts["reread_edited"] == 1
    again(world)

    assert world.meter.counts["reread_edited"] == 1
    assert world.find(MB) is None
    assert totals(world) == (1, 0)
    assert len(world.posts()) == 1


def test_a_post_without_a_time_counts_for_the_end_of_the_pass() -> None:
    span = Span(began_at=10, fresh_from=5, until=20)

    assert [span.source_of(at) for at in (4, 9, 10)] == ["backfill", "backfill", "reread"]


def test_a_deleted_mention_stays_deleted(world: World) -> None:
    world.deliver("x", x_post(A, COMPLAINT, at=ago(world, 8)))
    world.deliver("x", x_deletion(A))
    world.run()
    world.twin("x").world._objects[A] = replace(world.twin("x").world._objects[A], deleted=False)

    assert world.poll()[X_ACCOUNT].gaps == 0

    assert world.state(MA) == "gone"
    assert world.posts() == []


# Our own posts.


def test_an_own_answer_that_only_re_reading_found_stops_the_machine(world: World) -> None:
    world.switch(paused=True)
    body = page_changes(comment("1", "terrible", at=ago(world, 9)), at=ago(world, 9))
    world.deliver("facebook", body)
    world.run()
    own = comment("2", "Ana here", at=ago(world, 5), author=PAGE, under="500_1")
    lose(world, page_changes(own, at=ago(world, 5)), "facebook")

    world.poll()
    world.run()

    assert world.stored(CA).own_post == "500_2"
    assert world.state(CA) == "cancelled"
    assert totals(world, "facebook") == (1, 0)


def test_own_answers_are_not_written_again(world: World) -> None:
    at = ago(world, 9)
    world.deliver("facebook", page_changes(comment("1", "terrible", at=at), at=at))
    for number, minutes in (("2", 7), ("3", 6)):
        own = comment(number, "Ana here", at=ago(world, minutes), author=PAGE, under="500_1")
        world.deliver("facebook", page_changes(own, at=ago(world, minutes)))
    world.run()
    world.meter.counts.clear()

    world.poll()

    assert world.stored(CA).own_post == "500_3"
    assert "own_post" not in world.meter.counts


# What goes wrong.


@pytest.mark.parametrize(
    ("error", "trouble"),
    [(NotSentError("no way"), "not_reached"), (DoubtfulError("no answer"), "in_doubt")],
)
def test_a_platform_that_does_not_answer_is_asked_again_by_the_next_run(
    world: World, error: Any, trouble: str
) -> None:
    lost_post(world)
    world.sender.failures.append(error)
    before = cursor(world).read_to

    found = world.poll()

    assert (found[X_ACCOUNT].outcome, found[PAGE].outcome) == (trouble, "done")
    assert (cursor(world).read_to, cursor(world).trouble) == (before, trouble)
    assert world.poll()[X_ACCOUNT].gaps == 1
    assert cursor(world).trouble == ""


def test_a_platform_that_asks_to_wait_is_left_alone_until_then(world: World) -> None:
    lost_post(world)
    world.twin("x").faults.add(Fault("throttle", wait_s=400, on="list"))

    assert world.poll()[X_ACCOUNT].outcome == "throttled"
    world.clock.forward(s=300)
    assert world.poll()[X_ACCOUNT].outcome == "waits"
    world.clock.forward(s=101)

    assert world.poll()[X_ACCOUNT].gaps == 1


def test_a_refused_token_is_told_and_the_others_go_on(world: World) -> None:
    world.twin("x").world.expire_token(X_ACCOUNT)

    found = world.poll()

    assert found[X_ACCOUNT].outcome == cursor(world).trouble == "refused_token"
    assert cursor(world).pages == ()
    assert found[BOLT_X].outcome == found[PAGE].outcome == "done"


def test_an_account_without_a_token_is_told(world: World) -> None:
    world.clock.forward(s=600)
    world.store_secret(f"x/{X_ACCOUNT}/token", token="")

    assert world.poll()[X_ACCOUNT].outcome == "no_token"


def test_an_account_that_was_not_read_for_long_is_overdue(world: World) -> None:
    world.twin("x").world.expire_token(X_ACCOUNT)

    world.poll()
    assert "reread_overdue" not in world.meter.counts
    world.clock.forward(s=3600)
    world.poll()

    assert world.meter.counts["reread_overdue"] == 1


def test_an_account_that_was_never_read_is_overdue_too() -> None:
    world = World()
    world.twin("x").world.expire_token(X_ACCOUNT)

    world.poll()
    world.clock.forward(s=3601)
    world.poll()

    assert world.meter.counts["reread_overdue"] == 1


def test_what_cannot_be_read_is_kept_in_quarantine_as_a_delivery(world: World) -> None:
    lost_post(world)
    real = world.polling.load("x")
    assert real.REREADING is not None
    rereading: Rereading = real.REREADING

    def read(answer: Delivery, since: int, page: str) -> ListPage:
        bent = answer.body.replace(b'"author_id":"', b'"author_id":"\xc3\xa9')
        return rereading.read(replace(answer, body=bent), since, page)

    class Bent:
        REREADING = replace(rereading, read=read)

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    bent: Any = Bent()
    polling = replace(world.polling, load=lambda name: bent)
    deadline = world.clock.now() + 1
    assert reread(polled(world), polling, deadline=deadline).outcome == "done"
    reread(polled(world), polling, deadline=deadline)

    assert world.meter.counts["quarantined"] == 1
    [kept] = [item for item in world.items() if item["pk"]["S"].startswith("quarantine#")]
    change = json.loads(unpack(kept["c"]["B"])["c"])
    assert change["data"]["payload"]["id"] == A


# One run at a time, bounded, and going on where it stopped.


def test_it_is_read_again_when_its_minutes_have_passed_and_not_before(world: World) -> None:
    assert world.poll()[X_ACCOUNT].outcome == "done"

    world.clock.forward(s=REREAD_MINUTES * 60 - 60)
    assert world.poll()[X_ACCOUNT].outcome == "waits"
    world.clock.forward(s=60)
    assert world.poll()[X_ACCOUNT].outcome == "done"


def test_two_runs_never_read_one_account_at_once(world: World) -> None:
    place = Cursor("x", X_ACCOUNT, by="another run")
    now = world.clock.now()
    assert world.polling.cursors.take(place, now=now, lease_until=now + 90_000)

    assert world.poll()[X_ACCOUNT].outcome == "waits"
    world.clock.forward(s=91)
    assert world.poll()[X_ACCOUNT].outcome == "done"


def many(world: World, count: int) -> None:
    for number in range(count):
        lost_post(world, str(int(A) + number), minutes=6, author=str(5000 + number))


def test_every_page_is_read(world: World) -> None:
    many(world, 250)

    assert world.poll()[X_ACCOUNT].gaps == 250

    assert totals(world) == (0, 250)
    assert [line.is_open for line in lines(world)] == [False]


def test_a_run_ends_at_its_deadline_and_the_next_goes_on(world: World) -> None:
    many(world, 150)

    def slow() -> int:
        world.clock.forward(s=1)
        return world.clock.ms

    class Slow:
        now, new_id = staticmethod(slow), world.clock.new_id

    polling = replace(world.polling, time=Slow())
    first = reread(polled(world), polling, deadline=world.clock.now() + 4_000)

    assert (first.outcome, first.gaps) == ("later", 100)
    assert len(cursor(world).pages) == 1
    assert [line.is_open for line in lines(world)] == [True]
    second = reread(polled(world), world.polling, deadline=world.clock.now() + TIMEOUT_MS)
    assert (second.outcome, second.gaps) == ("done", 50)
    assert [(line.only_reread, line.is_open) for line in lines(world)] == [(150, False)]


def test_a_run_reads_so_many_pages_and_no_more(world: World) -> None:
    many(world, PAGES_MAX * 100 + 1)

    assert world.poll()[X_ACCOUNT].outcome == "later"
    assert world.poll()[X_ACCOUNT].outcome == "done"

    assert totals(world) == (0, PAGES_MAX * 100 + 1)


@pytest.mark.parametrize("count", [1, 101])
def test_a_run_whose_lease_went_to_another_moves_nothing(world: World, count: int) -> None:
    many(world, count)
    before = cursor(world).read_to

    class Robbed:
        def __getattr__(self, name: str) -> Any:
            real = getattr(world.polling.cursors, name)
            return (lambda *_, **__: False) if name in ("save", "release") else real

    robbed: Any = Robbed()
    found = reread(
        polled(world), replace(world.polling, cursors=robbed), deadline=world.clock.now() + 1
    )

    assert found.outcome == "lost"
    assert cursor(world).read_to == before


# The ledger.


def test_a_gap_is_closed_when_the_pass_that_found_it_has_ended(world: World) -> None:
    lost_post(world)
    world.deliver("x", x_post(B, QUESTION, at=ago(world, 5), author=OMAR))

    world.poll()

    [line] = lines(world)
    assert (line.by_webhook, line.only_reread, line.is_open) == (1, 1, False)
    assert line.closed_at == world.clock.now()
    assert line.hour.at == ago(world, 5) // HOUR_MS * HOUR_MS


def test_meeting_the_same_mentions_again_changes_nothing(world: World) -> None:
    lost_post(world)
    world.poll()
    before = lines(world)

    for _ in range(3):
        again(world)

    assert lines(world) == before


def test_a_webhook_that_is_faster_than_the_put_counts_as_one(world: World) -> None:
    lost_post(world)

    class Faster:
        def put(self, entries: Any, deadline_s: float) -> Any:
            world.deliver("x", x_post(A, COMPLAINT, at=ago(world, 5)))
            return world.inbox.put(entries, deadline_s)

    storing = replace(world.polling.storing, inbox=Faster())
    polling = replace(world.polling, storing=storing)

    assert reread(polled(world), polling, deadline=world.clock.now() + 1).gaps == 0

    assert totals(world) == (1, 0)


@pytest.mark.parametrize("author", [MARTA, OMAR])
def test_a_gap_found_later_in_the_same_hour_opens_and_closes_it_again(
    world: World, author: str
) -> None:
    lost_post(world, minutes=5)
    world.poll()
    [first] = lines(world)
    lost_post(world, B, minutes=5, author=author)

    again(world)

    [second] = lines(world)
    assert (second.only_reread, second.is_open) == (2, False)
    assert second.closed_at > first.closed_at
