"""One mutated delivery, through the flow or through the gateway's envelope, checked."""

from random import Random

from heed.flows.receive import HookRequest
from tests.fuzz.intake import MAIN, Intake
from tests.fuzz.mutants import load, mutant
from tests.fuzz.properties import check_refused, check_taken


def try_delivery(intake: Intake, platform: str, rng: Random) -> tuple[str, str]:
    """Deliver one mutant. Returns its kind and what became of it; raises when a property broke."""
    given = mutant(platform, rng)
    request = HookRequest(platform, MAIN, "POST", {}, given.headers, given.body)
    taken = intake.take(request)
    adapter = load(platform)
    if len(given.body) > adapter.BODY_BYTES_MAX:
        check_refused(taken, (413,))
        return given.kind, "too large"
    if given.signed_bytes != given.body:
        check_refused(taken)
        return given.kind, "refused"
    check_taken(taken, intake.delivery(request), adapter)
    return given.kind, " ".join(sorted(taken.counts))
