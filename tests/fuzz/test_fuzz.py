"""A share of `make fuzz` in every test run, and proofs that it would find what it looks for."""

import pytest

from heed import adapter as adapters
from tests.fuzz.mutants import mutant, rng_of
from tests.fuzz.runs import Part, Span, run

PLATFORMS = adapters.names()
SEED = 20261122
SHARES: dict[Part, int] = {"deliveries": 800}


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
