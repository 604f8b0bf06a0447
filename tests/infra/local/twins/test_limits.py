from infra.local.twins.limits import Limit, Windows

PER_MINUTE = Limit("minute", 2, 60)
PER_HOUR = Limit("hour", 3, 3_600)


def test_a_window_opens_with_its_first_call_and_closes_after_its_length() -> None:
    windows = Windows()

    taken = [windows.take([("a", PER_MINUTE)], at_ms) for at_ms in (5_000, 6_000, 64_999, 65_000)]

    assert [standing and standing.exceeded for standing in taken] == [False, False, True, False]
    assert taken[2] is not None
    assert taken[2].resets_at_ms == 65_000
    assert taken[2].wait_s(64_999) == 1


def test_a_refused_call_is_counted_in_no_window() -> None:
    windows = Windows()
    asked = [("a", PER_MINUTE), ("a", PER_HOUR)]
    for at_ms in (0, 1, 2, 3):
        windows.take(asked, at_ms)

    third = windows.take(asked, 60_000)
    fourth = windows.take(asked, 60_001)

    assert third is not None
    assert (third.limit, third.remaining, third.exceeded) == (PER_HOUR, 0, False)
    assert fourth is not None
    assert (fourth.limit, fourth.exceeded) == (PER_HOUR, True)


def test_subjects_do_not_share_a_window() -> None:
    windows = Windows()
    for _ in range(3):
        windows.take([("a", PER_MINUTE)], 0)

    standing = windows.take([("b", PER_MINUTE)], 0)

    assert standing is not None
    assert standing.remaining == 1


def test_of_several_full_windows_the_one_that_opens_last_is_told() -> None:
    windows = Windows()
    both = [("a", Limit("short", 1, 10)), ("a", Limit("long", 1, 100))]
    windows.take(both, 0)

    standing = windows.take(both, 0)

    assert standing is not None
    assert standing.resets_at_ms == 100_000


def test_without_limits_there_is_no_standing_and_a_limit_of_nothing_is_always_full() -> None:
    windows = Windows()

    closed = windows.take([("a", Limit("closed", 0, 10))], 0)

    assert windows.take([], 0) is None
    assert closed is not None
    assert closed.exceeded
