"""One mutated delivery, through the flow or in the gateway's envelope, and what must hold then."""

import re
from random import Random
from typing import Final

from heed.flows.receive import HookRequest
from tests.fuzz.gateway import envelope, gateway_of
from tests.fuzz.intake import MAIN, Intake, Taken
from tests.fuzz.mutants import Mutant, load, mutant, signs_bytes
from tests.fuzz.properties import check_refused, check_taken
from tests.heed.platforms.samples import KEY, PREVIOUS_KEY

GATEWAY_SHARE = 1 / 16


GZIP: Final = b"\x1f\x8b"


def try_delivery(intake: Intake, platform: str, rng: Random) -> tuple[str, str]:
    """Deliver one mutant. Returns its kind and what became of it; raises when a property broke."""
    given = mutant(platform, rng)
    if rng.random() < GATEWAY_SHARE:
        return _through_the_gateway(intake, given, rng)
    taken = intake.take(HookRequest(platform, MAIN, "POST", {}, given.headers, given.body))
    return given.kind, _judged(intake, given, given.body, taken)


def _through_the_gateway(intake: Intake, given: Mutant, rng: Random) -> tuple[str, str]:
    how, event, arrived = envelope(rng, given.platform, given.body, given.headers)
    taken, log = gateway_of(intake).take(event)
    for secret in (KEY, PREVIOUS_KEY, *given.headers.values()):
        assert secret not in log, "a secret or a signature in the log"
    if arrived is None:
        check_refused(taken, (400,))
        return f"gateway {how}", "bad encoding"
    return f"gateway {how}", _judged(intake, given, arrived, taken)


def _judged(intake: Intake, given: Mutant, arrived: bytes, taken: Taken) -> str:
    adapter = load(given.platform)
    if len(arrived) > adapter.BODY_BYTES_MAX:
        check_refused(taken, (413,))
        return "too large"
    if arrived.startswith(GZIP):
        check_refused(taken, (415,))
        return "compressed"
    # An old signature is valid for the bytes that it was made for, whatever was meant to change.
    proves = arrived == given.signed_bytes or not signs_bytes(given.platform)
    if given.signed_bytes is None or not proves or _is_signed_for_anybody(given.platform, arrived):
        check_refused(taken)
        return "refused"
    request = HookRequest(given.platform, MAIN, "POST", {}, given.headers, arrived)
    check_taken(taken, intake.delivery(request), adapter)
    return " ".join(sorted(taken.counts))


def _is_signed_for_anybody(platform: str, body: bytes) -> bool:
    """Say whether a challenge would make us sign these bytes (a bare number, say, on X)."""
    return platform == "x" and re.fullmatch(rb"[A-Za-z0-9+/=_-]{16,128}", body) is not None
