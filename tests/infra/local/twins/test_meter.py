from infra.local.twins.meter import DAY_MS, Meter


def test_amounts_add_up_by_line_and_nothing_is_written_for_what_is_free() -> None:
    meter = Meter()

    meter.charge("post", 10_000)
    meter.charge("post", 15_000)
    meter.charge("echo", 0)

    assert meter.lines == {"post": 25_000}
    assert meter.total_micro_usd == 25_000


def test_a_resource_is_charged_once_per_day_in_utc() -> None:
    meter = Meter()

    for at_ms in (0, DAY_MS - 1, DAY_MS, DAY_MS + 5):
        meter.charge_once_a_day("event", "post 1", micro_usd=5_000, now_ms=at_ms)
    meter.charge_once_a_day("event", "post 2", micro_usd=5_000, now_ms=DAY_MS)

    assert meter.total_micro_usd == 15_000
