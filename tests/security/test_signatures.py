"""Checks 1 to 8: who sent it. Each goes through the gateway's envelope and the handler."""

import hashlib
import hmac

import pytest

from heed.domain.clock import DAY_MS
from tests.backends import START_MS
from tests.heed.flows.bodies import iso, x_post
from tests.heed.flows.world import KEYS
from tests.security.hooks import PLATFORMS, SECOND, SECOND_KEY, SIGNED, Hooks, Request

every_platform = pytest.mark.parametrize("platform", PLATFORMS)
every_signed = pytest.mark.parametrize("platform", SIGNED)


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


def flipped(value: bytes, bit: int) -> bytes:
    at, within = divmod(bit, 8)
    return value[:at] + bytes([value[at] ^ (1 << within)]) + value[at + 1 :]


@every_platform
def test_check_01_what_is_not_signed_is_401_and_costs_no_call_of_the_table(
    hooks: Hooks, platform: str
) -> None:
    """1: unsigned POST -> 401, no store call."""
    body, _ = good = hooks.signed(platform)

    assert hooks.refusals(platform, [(body, {})] * 20) == [401]
    # Asking for the secret again and again would be a way to make us pay.
    reads = [call for call in hooks.world.hook.calls if call[1] == "get_secret_value"]
    assert len(reads) <= 2 * 2
    assert hooks.takes(platform, good)


@every_signed
def test_check_02_one_flipped_bit_of_the_body_is_enough(hooks: Hooks, platform: str) -> None:
    """2: one flipped bit in body."""
    body, headers = good = hooks.signed(platform)

    # One of each byte, and not always the same.
    bits = (at * 8 + at % 8 for at in range(len(body)))
    forged: list[Request] = [(flipped(body, bit), headers) for bit in bits]
    forged += [(body + b" ", headers), (body[:-1], headers), (b"", headers)]

    assert hooks.refusals(platform, forged) == [401]
    assert hooks.takes(platform, good)


@every_platform
def test_check_03_one_flipped_bit_of_the_signature_is_enough(hooks: Hooks, platform: str) -> None:
    """3: one flipped bit in signature."""
    body, headers = good = hooks.signed(platform)
    [(name, value)] = headers.items()
    bits = (flipped(value.encode(), bit) for bit in range(len(value) * 8))

    # The eighth bit would make it another character than a header may hold.
    forged = [(body, {name: bent.decode()}) for bent in bits if bent.isascii()]

    assert len(forged) == len(value) * 7
    assert hooks.refusals(platform, forged) == [401]
    assert hooks.takes(platform, good)


@every_platform
def test_check_04_a_signature_in_another_form_is_none(hooks: Hooks, platform: str) -> None:
    """4: truncated, empty, wrong-prefix, upper-case hex signature."""
    body, headers = good = hooks.signed(platform)
    [(name, value)] = headers.items()
    prefix, sign, bare = value.rpartition("sha256=")

    bent = ["", " ", sign, value[:-1], value[: len(value) // 2], value + "0", value + "\n"]
    bent += [value.upper(), prefix + sign + bare.upper(), value.replace("sha256=", "sha1=")]
    bent += [f" {value}", f"v0={bare}", f"{sign}{bare[:2]} {bare[2:]}", sign + bare * 2]
    forged = [(body, {name: one}) for one in bent if one != value]

    assert hooks.refusals(platform, forged) == [401]
    assert hooks.takes(platform, good)


def test_check_05_the_old_header_alone_proves_nothing(hooks: Hooks) -> None:
    """5: SHA-1 legacy header alone refused."""
    body, headers = good = hooks.signed("facebook")
    old = hmac.new(KEYS["facebook"].encode(), body, hashlib.sha1).hexdigest()
    [value] = headers.values()

    legacy: list[dict[str, str]] = [{"x-hub-signature": f"sha1={old}"}]
    legacy += [{"x-hub-signature-256": f"sha1={old}"}, {"x-hub-signature-256": old}]
    legacy += [{"x-hub-signature": value}]

    assert hooks.refusals("facebook", [(body, one) for one in legacy]) == [401]
    assert hooks.takes("facebook", good)


@every_platform
def test_check_06_two_signature_headers_are_none(hooks: Hooks, platform: str) -> None:
    """6: two signature headers. An HTTP API joins them with a comma; what hands them on apart, in
    two casings, is treated alike."""
    body, headers = good = hooks.signed(platform)
    [(name, value)] = headers.items()
    _, other = hooks.signed(platform, key="another-key")
    [wrong] = other.values()

    joined = [{name: f"{a}{comma}{b}"} for a, b in ((value, value), (value, wrong), (wrong, value))
              for comma in (",", ", ")]  # fmt: skip
    apart = [
        {name.title(): a, name: b} for a, b in ((value, value), (value, wrong), (wrong, value))
    ]

    assert hooks.refusals(platform, [(body, one) for one in joined + apart]) == [401]
    assert hooks.takes(platform, good)


@every_platform
def test_check_07_another_connections_secret_proves_nothing(hooks: Hooks, platform: str) -> None:
    """7: signature of another account's secret."""
    others = [key for name, key in KEYS.items() if name != platform] + [SECOND_KEY]
    body, _ = good = hooks.signed(platform)

    assert hooks.refusals(platform, [hooks.signed(platform, body, key) for key in others]) == [401]
    assert hooks.takes(platform, good)


def test_check_07_a_connection_speaks_for_its_own_accounts_only(hooks: Hooks) -> None:
    """7: signature of another account's secret: what a secret proves ends at its connection."""
    foreign = x_post("1", "hi", at=START_MS, account=SECOND.id)

    assert hooks.post("x", hooks.signed("x", foreign), "second") == 401
    assert hooks.post("x", hooks.signed("x", foreign), "main") == 200
    assert hooks.world.items() == []
    assert hooks.post("x", hooks.signed("x", foreign, SECOND_KEY), "second") == 200
    assert len(hooks.world.items()) == 1


@every_platform
def test_check_08_the_previous_key_counts_until_its_hour_and_not_after(
    hooks: Hooks, platform: str
) -> None:
    """8: previous key accepted during overlap, refused after."""
    until = iso(START_MS + DAY_MS)
    name = f"{platform}/main/signing"
    hooks.world.store_secret(name, current="new", previous="old", previous_until=until)
    new, old = (hooks.signed(platform, key=key) for key in ("new", "old"))

    during = hooks.post(platform, old), hooks.post(platform, new)
    hooks.world.clock.forward(ms=DAY_MS - 1)
    at_the_end = hooks.post(platform, old)
    hooks.world.clock.forward(ms=1)
    after = hooks.post(platform, old), hooks.post(platform, new)

    assert (during, at_the_end, after) == ((200, 200), 200, (401, 200))


@pytest.mark.parametrize("until", ["", "2026-12-01T00:00:00", "soon", "9" * 20])
def test_check_08_a_previous_key_without_an_hour_is_no_key(hooks: Hooks, until: str) -> None:
    """8: previous key accepted during overlap, refused after: an end that nobody can read has
    passed."""
    name = "x/main/signing"
    hooks.world.store_secret(name, current="new", previous="old", previous_until=until)

    assert hooks.refusals("x", [hooks.signed("x", key="old")]) == [401]
    assert hooks.takes("x", hooks.signed("x", key="new"))
