"""A share of `make fuzz` in every test run, and proofs that it would find what it looks for."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from heed import adapter as adapters
from heed.adapter import Adapter, Answer, Delivery, Parsed
from heed.ports import Entry
from heed.signatures import SigningSecrets
from tests.fuzz.intake import Intake
from tests.fuzz.mutants import mutant, rng_of
from tests.fuzz.runs import TRIES, Part, Span, run

PLATFORMS = adapters.names()
SEED = 20261122
SHARES: dict[Part, int] = {"deliveries": 1_200, "signatures": 1_200, "rotations": 25}
TRIES_MAX = 400
ACCEPTED = "the table was called for|answered 200"


# Tracing would treble its time, and every line that it runs has a test of its own.
@pytest.mark.no_cover
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("part", SHARES)
def test_no_property_breaks(part: Part, platform: str) -> None:
    tally = run(Span(part, platform, SEED, 0, SHARES[part]))

    assert tally.failures == []
    assert tally.tries == SHARES[part]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_number_names_the_same_mutant_again(platform: str) -> None:
    once, again = ([mutant(platform, rng_of(7, at)) for at in range(200)] for _ in range(2))

    assert once == again
    assert len({one.kind for one in once}) > 20


def with_adapter(platform: str, **functions: Any) -> Intake:
    """An intake in which some functions of an adapter are replaced."""
    intake = Intake()
    module = cast("ModuleType", adapters.load(platform))
    changed = cast("Adapter", SimpleNamespace(**{**vars(module), **functions}))
    intake.receiving = replace(intake.receiving, load=lambda name: changed)
    return intake


def says(part: Part, platform: str, intake: Intake) -> str:
    """Try until a property breaks; what it says then."""
    for number in count():
        assert number < TRIES_MAX, "nothing was found"
        try:
            TRIES[part](intake, platform, rng_of("weak", number))
        except AssertionError as error:
            return str(error).splitlines()[0]
    raise AssertionError


def accept(delivery: Delivery, secrets: SigningSecrets) -> None:
    del delivery, secrets


def lower_first(delivery: Delivery, secrets: SigningSecrets) -> None:
    """Take capital hex, which means the same and is written by no platform."""
    headers = {name: value.lower() for name, value in delivery.headers.items()}
    adapters.load("facebook").verify(replace(delivery, headers=headers), secrets)


def stripped(delivery: Delivery, secrets: SigningSecrets) -> None:
    headers = {name: value.strip() for name, value in delivery.headers.items()}
    adapters.load("telegram").verify(replace(delivery, headers=headers), secrets)


def sign_anything(delivery: Delivery, secrets: SigningSecrets) -> Answer | None:
    """Answer whatever is asked with its signature."""
    token = delivery.query.get("crc_token", "").encode("utf-8", "replace")
    if delivery.method != "GET":
        return None
    return Answer(200, str(adapters.load("x").sign(token, secrets.keys[0])))


def forget_the_unreadable(delivery: Delivery) -> Parsed:
    return replace(adapters.load("x").parse(delivery), unreadable=())


def fall_over(delivery: Delivery) -> Parsed:
    body = delivery.body.decode()
    return adapters.load("x").parse(replace(delivery, body=body.encode()))


@pytest.mark.parametrize(
    ("part", "platform", "functions", "finding"),
    [
        ("deliveries", "x", {"verify": accept}, ACCEPTED),
        ("signatures", "x", {"verify": accept}, ACCEPTED),
        ("rotations", "x", {"verify": accept}, "signing-secret-"),
        ("signatures", "facebook", {"verify": lower_first}, ACCEPTED),
        ("signatures", "telegram", {"verify": stripped}, ACCEPTED),
        ("signatures", "x", {"handshake": sign_anything}, ACCEPTED),
    ],
)
def test_a_weak_adapter_is_found(
    part: Part, platform: str, functions: dict[str, Callable[..., Any]], finding: str
) -> None:
    assert re.match(finding, says(part, platform, with_adapter(platform, **functions)))


def test_a_parser_that_falls_over_is_found() -> None:
    intake = with_adapter("x", parse=fall_over)

    with pytest.raises(UnicodeDecodeError):
        says("deliveries", "x", intake)


def test_a_change_that_is_dropped_is_found() -> None:
    intake = with_adapter("x", parse=forget_the_unreadable)

    assert says("deliveries", "x", intake) == "quarantine holds something else"


def test_an_item_too_many_or_too_few_is_found() -> None:
    intake = Intake()
    real = intake.receiving.inbox

    class Forgetful:
        def put(self, entries: Sequence[Entry], deadline_s: float) -> tuple[bool, ...]:
            return (*real.put(entries[1:], deadline_s), True) if entries[1:] else (True,)

    intake.receiving = replace(intake.receiving, inbox=Forgetful())

    assert says("deliveries", "facebook", intake)
