import ast
import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest

from heed import adapter
from heed.adapter import Adapter, Call, Draft, Receipt, Response
from heed.domain.mention import TEXT_CHARS_MAX, Mention
from heed.errors import (
    NotUnderstoodError,
    OutboundError,
    RateLimitedError,
    ReplyRejectedError,
    SignatureError,
)
from heed.signatures import SigningSecrets
from tests.acceptance import is_accepted
from tests.heed.platforms.samples import (
    EVENTS,
    KEY,
    PREVIOUS_KEY,
    RECEIVED_AT,
    SECRETS,
    Sample,
    accounts,
    all_samples,
    delivery,
    samples,
)

PLATFORMS = adapter.names()
SAMPLES = all_samples()
FOLDER = Path(adapter.__file__).parent / "platforms"
TEXTS = {"apology", "neutral"}
HOLDS = {
    *("legal", "bereavement", "self_harm", "safety", "threat", "press", "minor", "personal_data"),
    *("data_request", "sensitive", "stale", "not_summoned"),
}
SILENT = {
    *("courtesy", "no_text", "opt_out", "automated_author", "praise_under_complaint", "carried"),
    *("repost", "own_post", "deleted", "edited", "ignored", "not_addressed"),
}
# Impure or slow to load: an adapter is handed everything that it works with.
FORBIDDEN = {
    *("boto3", "botocore", "http.client", "io", "os", "pathlib", "pydantic", "random", "requests"),
    *("secrets", "socket", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request"),
    *("urllib3", "uuid"),
}
SIMPLE_VALUES: tuple[Any, ...] = (None, [], {}, 0, -1, 1.5, True, "", "x" * 20_000, "\ud800\x00")
HOSTILE_BODIES = {
    "empty": b"",
    "not JSON": b"hello",
    "a lone quote": b'"',
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a BOM": b'\xef\xbb\xbf{"a": 1}',
    "deep lists": b"[" * 100_000,
    "deep and closed": b"[" * 200 + b"]" * 200,
    "deep objects": b'{"a":' * 200 + b"1" + b"}" * 200,
    "a giant integer": b'{"update_id": ' + b"9" * 5_000 + b"}",
    "NaN": b'{"update_id": NaN}',
    "Infinity": b'{"update_id": -Infinity}',
    "a number out of range": b'{"update_id": 1e400}',
    "null": b"null",
    "a list": b'[{"entry": 1}]',
    "a text": b'"for_user_id matching_rules data message"',
    "a number": b"17",
    "an empty object": b"{}",
}


def _signs_bytes(platform: str) -> bool:
    """Say whether the signature depends on the body, or is a secret that is sent along."""
    loaded = adapter.load(platform)
    return loaded.sign(b"one", KEY) != loaded.sign(b"another", KEY)


@pytest.fixture(params=PLATFORMS)
def loaded(request: pytest.FixtureRequest) -> Adapter:
    return adapter.load(request.param)


@pytest.fixture(params=SAMPLES, ids=str)
def sample(request: pytest.FixtureRequest) -> Sample:
    found: Sample = request.param
    return found


def test_there_are_adapters_and_each_has_samples() -> None:
    assert set(PLATFORMS) >= {"facebook", "telegram", "x"}
    assert all(samples(platform) for platform in PLATFORMS)


# --- What a module offers


def test_constants_are_sane(loaded: Adapter) -> None:
    assert loaded.NAME in PLATFORMS
    assert 10_000 <= loaded.BODY_BYTES_MAX <= 6_000_000
    assert 100 <= loaded.TEXT_MAX <= TEXT_CHARS_MAX
    assert loaded.KEY_WINDOW_S >= 0
    assert isinstance(loaded.LINKS_IN_ACKNOWLEDGEMENT, bool)
    assert loaded.HOSTS
    assert all(re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)+", host) for host in loaded.HOSTS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_name_is_the_files_name(platform: str) -> None:
    assert platform == adapter.load(platform).NAME
    assert (FOLDER / f"{platform}.py").is_file()


def test_clauses_name_their_source_and_the_day_it_was_read(loaded: Adapter) -> None:
    for clause in loaded.POLICY:
        assert re.fullmatch(r"[a-z_]{3,40}", clause.id)
        assert clause.says.endswith(".")
        assert len(clause.source) > 10
        assert date.fromisoformat(clause.read_on) >= date(2026, 1, 1)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name)
def test_an_adapter_is_pure_and_small(file: Path) -> None:
    source = file.read_text()
    tree = ast.parse(source)

    imported = {name for node in ast.walk(tree) for name in _imports(node)}

    assert not {name for name in imported if name in FORBIDDEN or name.split(".")[0] in FORBIDDEN}
    assert len(source.splitlines()) <= 250
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not called & {"open", "print", "input", "datetime.now", "datetime.utcnow", "__import__"}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name)
def test_an_adapter_imports_no_other_adapter(file: Path) -> None:
    own = file.stem.lstrip("_").split("_")[0]

    imported = {name for node in ast.walk(ast.parse(file.read_text())) for name in _imports(node)}

    neighbours = {name for name in imported if name.startswith("heed.platforms.")}
    assert all(name.startswith(f"heed.platforms._{own}_") for name in neighbours)


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        is_package = module == "heed.platforms"
        yield from (f"{module}.{a.name}" for a in node.names) if is_package else (module,)


# --- What lies beside it


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_sample_has_headers_provenance_and_expectation(platform: str) -> None:
    folder = EVENTS / platform
    bodies = {
        file.name
        for file in folder.glob("*.json")
        if not file.name.endswith(".headers.json") and file.name != "expected.json"
    }
    provenance = (folder / "README.md").read_text()

    assert bodies == set(json.loads((folder / "expected.json").read_text()))
    for name in bodies:
        assert re.fullmatch(r"\d\d-[a-z0-9-]+\.json", name)
        assert f"`{name}`" in provenance
        headers = json.loads((folder / name.replace(".json", ".headers.json")).read_text())
        assert all(key == key.lower() and isinstance(value, str) for key, value in headers.items())
        assert not {key for key in headers if "signature" in key or "token" in key}


def test_expectations_use_the_agreed_words(sample: Sample) -> None:
    expected = sample.expected

    assert set(expected) - {"age_s", "fault", "lost"} == {"stored", "answered", "case", "reason"}
    assert expected["case"] in {None, "urgent", "normal", "low"}
    assert 0 <= expected["answered"] <= expected["stored"]
    if expected["answered"]:
        assert expected["reason"] in TEXTS
        assert expected["case"]
    elif expected["case"]:
        assert expected["reason"] in HOLDS
    else:
        assert expected["reason"] in SILENT


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_samples_of_a_platform_tell_a_whole_story(platform: str) -> None:
    rows = [sample.expected for sample in samples(platform)]
    reasons = {row["reason"] for row in rows}

    assert len(rows) >= 6
    assert sum(row["case"] is not None for row in rows) >= 2
    assert any(row["case"] == "urgent" and not row["answered"] for row in rows)
    assert "own_post" in reasons
    assert reasons & {"courtesy", "no_text"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_own_post_answers_a_sample_before_it(platform: str) -> None:
    seen: set[str] = set()
    answers = []

    for sample in samples(platform):
        for mention in _parse(sample):
            if mention.is_own_post and mention.parent in seen:
                answers.append(mention)
            seen.add(mention.id)

    assert answers


# --- What becomes of the samples


def test_a_sample_is_read_as_expected(sample: Sample) -> None:
    parsed = adapter.load(sample.platform).parse(delivery(sample.platform, sample.body))

    fresh = [m for m in parsed.mentions if m.change == "created" and not m.is_own_post]
    assert not parsed.unreadable
    assert len(fresh) == sample.expected["stored"]
    assert len({mention.id for mention in parsed.mentions}) == len(parsed.mentions)
    if sample.expected["reason"] == "ignored":
        assert parsed.ignored
        assert not parsed.mentions
    for mention in parsed.mentions:
        _assert_keepable(mention, sample.platform)


def test_the_same_sample_gives_the_same_mentions(sample: Sample) -> None:
    assert _parse(sample) == _parse(sample)


def test_a_sample_of_accounts_that_are_not_registered_holds_nothing(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    unknown = delivery(sample.platform, sample.body, registered=())

    try:
        parsed = loaded.parse(unknown)
    except NotUnderstoodError:
        return

    assert not parsed.mentions
    assert not parsed.revoked
    assert parsed.ignored


def test_a_reply_goes_to_an_allowed_host_and_nowhere_else(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)

    for mention in _parse(sample):
        if mention.author.id is None and mention.visibility == "private":
            continue
        _assert_allowed(loaded, loaded.build_reply(mention, Draft('Hi "Zoë" 👋\ud800'), "key"))
        lookup = loaded.find_own_reply(mention)
        if lookup is not None:
            _assert_allowed(loaded, lookup.call)
            assert lookup.call.method == "GET"
            assert 0 <= lookup.lag_s <= 300


@pytest.mark.parametrize(
    "hostile",
    ["", "1/../2", "1?x=1", "1#", "//evil.example/1", "1\r\nHost: evil.example", "１２", "1%2F2"],
)
def test_an_id_never_leads_a_call_to_another_place(sample: Sample, hostile: str) -> None:
    loaded = adapter.load(sample.platform)

    for mention in _parse(sample):
        author = replace(mention.author, id=hostile)
        route = dict.fromkeys(mention.route, hostile)
        bent = replace(mention, object_id=hostile, account=hostile, author=author, route=route)
        for draft in (Draft("text"), Draft("text", private=True)):
            with pytest.raises(ReplyRejectedError):
                loaded.build_reply(bent, draft, "key")
        with pytest.raises(ReplyRejectedError):
            loaded.build_reply(replace(bent, visibility="private"), Draft("text"), "key")
        if loaded.find_own_reply(mention) is not None:
            with pytest.raises(ReplyRejectedError):
                loaded.find_own_reply(bent)


def test_connecting_calls_only_allowed_hosts(loaded: Adapter) -> None:
    [account, *_] = accounts(loaded.NAME)

    steps = loaded.connect(account, f"https://heed.example/hooks/{loaded.NAME}/main")

    assert any(step.call for step in steps)
    assert all(step.says for step in steps)
    for step in steps:
        if step.call:
            _assert_allowed(loaded, step.call)


def test_an_empty_text_has_no_length_and_plain_letters_count_one(loaded: Adapter) -> None:
    assert loaded.text_length("") == 0
    assert loaded.text_length("Hello you") == 9
    assert loaded.text_length("👩‍👩‍👧\ud800") > 0


# --- Who sent it


def test_a_signed_sample_is_accepted(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    for key in (KEY, PREVIOUS_KEY):
        headers = {**sample.headers, **loaded.sign(sample.body, key)}
        given = delivery(sample.platform, sample.body, headers)
        assert is_accepted(partial(loaded.verify, given, SECRETS))


def test_an_unsigned_sample_is_refused(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    with pytest.raises(SignatureError):
        loaded.verify(delivery(sample.platform, sample.body, sample.headers), SECRETS)


def test_signing_names_one_header_in_lower_case(loaded: Adapter) -> None:
    [(name, value)] = loaded.sign(b"{}", KEY).items()
    assert name == name.lower()
    assert value


def test_another_key_is_refused(loaded: Adapter) -> None:
    for other in ("another-secret", KEY[:-1], KEY + "x", KEY.upper()):
        headers = loaded.sign(b"{}", other)
        with pytest.raises(SignatureError):
            loaded.verify(delivery(loaded.NAME, b"{}", headers), SECRETS)


def test_a_previous_key_is_refused_once_it_has_ended(loaded: Adapter) -> None:
    headers = loaded.sign(b"{}", PREVIOUS_KEY)
    with pytest.raises(SignatureError):
        loaded.verify(delivery(loaded.NAME, b"{}", headers), SigningSecrets(keys=(KEY,)))


def test_a_changed_signature_is_refused_whichever_character_it_is(loaded: Adapter) -> None:
    [(name, value)] = loaded.sign(b"{}", KEY).items()
    swaps: list[Callable[[str], str]] = [
        lambda c: chr(ord(c) ^ 1),
        lambda c: "A" if c != "A" else "B",
        lambda _: "",
        lambda c: c + c,
        lambda _: "\ud800",
    ]
    for place in range(len(value)):
        for swap in swaps:
            changed = value[:place] + swap(value[place]) + value[place + 1 :]
            with pytest.raises(SignatureError):
                loaded.verify(delivery(loaded.NAME, b"{}", {name: changed}), SECRETS)


def test_malformed_and_doubled_signatures_are_refused(loaded: Adapter) -> None:
    [(name, value)] = loaded.sign(b"{}", KEY).items()
    for given in ("", "sha256=", "sha256=zz", f"{value},{value}", f"{value}, {value}", f" {value}"):
        with pytest.raises(SignatureError):
            loaded.verify(delivery(loaded.NAME, b"{}", {name: given}), SECRETS)


@pytest.mark.parametrize("sample", [one for one in SAMPLES if _signs_bytes(one.platform)], ids=str)
def test_one_flipped_bit_in_the_body_is_refused(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    headers = loaded.sign(sample.body, KEY)
    for place in (0, len(sample.body) // 2, len(sample.body) - 1):
        for bit in (1, 128):
            flipped = bytearray(sample.body)
            flipped[place] ^= bit
            with pytest.raises(SignatureError):
                loaded.verify(delivery(sample.platform, bytes(flipped), headers), SECRETS)


def test_a_plain_delivery_is_no_handshake(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    assert loaded.handshake(delivery(sample.platform, sample.body), SECRETS) is None
    assert loaded.handshake(delivery(sample.platform, method="GET"), SECRETS) is None


def test_no_handshake_answers_what_could_be_markup_or_a_body(loaded: Adapter) -> None:
    for token in ("", "<script>alert(1)</script>", '{"for_user_id":"1"}', "a" * 5_000, "a b", "é"):
        query = {
            "crc_token": token,
            "hub.mode": "subscribe",
            "hub.verify_token": SECRETS.verify_token,
            "hub.challenge": token,
        }
        try:
            answer = loaded.handshake(delivery(loaded.NAME, method="GET", query=query), SECRETS)
        except SignatureError:
            continue
        assert answer is None


# --- What nobody should send


@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES.keys())
def test_a_hostile_body_is_not_understood_and_nothing_worse(loaded: Adapter, body: bytes) -> None:
    try:
        parsed = loaded.parse(delivery(loaded.NAME, body))
    except NotUnderstoodError:
        return
    assert not parsed.mentions


def test_a_cut_sample_is_not_understood(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    for end in range(0, len(sample.body), 16):
        with pytest.raises(NotUnderstoodError):
            loaded.parse(delivery(sample.platform, sample.body[:end]))


def test_any_leaf_may_be_anything(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    for bent in _bent(json.loads(sample.body), lambda value: not isinstance(value, dict | list)):
        _assert_survives(loaded, bent)


def test_any_object_or_list_may_be_anything(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    for bent in _bent(json.loads(sample.body), lambda value: isinstance(value, dict | list)):
        _assert_survives(loaded, bent)


def test_any_field_may_be_missing(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    body = json.loads(sample.body)
    for path in _paths(body):
        bent = copy.deepcopy(body)
        parent = _at(bent, path[:-1])
        del parent[path[-1]]
        _assert_survives(loaded, bent)


def test_unknown_fields_change_nothing(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    body = json.loads(sample.body)
    for path in [(), *_paths(body)]:
        if isinstance(_at(body, path), dict):
            _at(body, path)["heed_unknown_field"] = [{"id": 7}]

    bent = loaded.parse(delivery(sample.platform, json.dumps(body).encode()))

    assert bent == loaded.parse(delivery(sample.platform, sample.body))


def test_numbers_as_texts_and_ids_as_numbers_are_the_same_ids(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)

    def swapped(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: swapped(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [swapped(inner) for inner in value]
        if isinstance(value, str) and value.isdigit():
            return int(value)
        return value

    body = json.dumps(swapped(json.loads(sample.body))).encode()

    assert loaded.parse(delivery(sample.platform, body)).mentions == _parse(sample)


def test_of_two_equal_keys_the_last_counts(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    [first, *_] = json.loads(sample.body)
    body = b"{" + json.dumps(first).encode() + b":null," + sample.body[1:]

    assert loaded.parse(delivery(sample.platform, body)).mentions == _parse(sample)


@pytest.mark.parametrize(
    "status", [100, 200, 201, 204, 301, 400, 401, 403, 404, 408, 429, 500, 503]
)
def test_any_answer_is_a_receipt_or_an_outbound_error(loaded: Adapter, status: int) -> None:
    answers = [
        *HOSTILE_BODIES.values(),
        *(json.dumps({key: value}).encode() for key in ("data", "id", "result", "error", "errors",
          "type", "parameters", "message_id") for value in SIMPLE_VALUES),
        b'{"error": {"code": 4}}', b'{"errors": [{"code": 88}]}',
    ]  # fmt: skip
    headers = [
        {},
        {"x-rate-limit-reset": "soon", "x-business-use-case-usage": "[1]", "retry-after": "-1"},
        {"x-rate-limit-reset": "9" * 400, "x-business-use-case-usage": '{"1": 3}'},
        {"x-business-use-case-usage": '{"1": [3, {"estimated_time_to_regain_access": "x"}]}'},
    ]
    waits = []
    for body in answers:
        for given in headers:
            try:
                receipt = loaded.read_receipt(Response(status, given, body), RECEIVED_AT)
            except RateLimitedError as error:
                waits.append(error.retry_after_s)
            except OutboundError:
                continue
            else:
                assert isinstance(receipt, Receipt)
                assert 200 <= status < 300
    assert all(1 <= wait_s <= 3 * 60 * 60 for wait_s in waits)


def test_any_answer_to_a_look_up_is_a_list_or_an_outbound_error(sample: Sample) -> None:
    loaded = adapter.load(sample.platform)
    for lookup in filter(None, map(loaded.find_own_reply, _parse(sample))):
        for status in (200, 404, 500):
            for value in SIMPLE_VALUES:
                body = json.dumps({"data": value, "meta": {}}).encode()
                try:
                    assert lookup.read(Response(status, {}, body)) == ()
                except OutboundError:
                    continue
                assert status == 200


def _parse(sample: Sample) -> tuple[Mention, ...]:
    return adapter.load(sample.platform).parse(delivery(sample.platform, sample.body)).mentions


def _assert_allowed(loaded: Adapter, call: Call) -> None:
    assert call.host in loaded.HOSTS
    assert re.fullmatch(r"/[\w./{}?=&,-]+", call.path, re.ASCII)
    assert ".." not in call.path
    assert ("{token}" in call.path) == (call.auth == "path")
    assert call.body.isascii()
    assert not call.body or isinstance(json.loads(call.body), dict)
    assert not {name.lower() for name in call.headers} & {"authorization", "host", "cookie"}


def _assert_survives(loaded: Adapter, bent: Any) -> None:
    body = json.dumps(bent).encode()
    try:
        parsed = loaded.parse(delivery(loaded.NAME, body))
    except NotUnderstoodError:
        return
    for mention in parsed.mentions:
        _assert_keepable(mention, loaded.NAME)
    for unreadable in parsed.unreadable:
        assert unreadable.change.isascii()
        assert json.loads(unreadable.change) is not NotImplemented
        assert unreadable.reason == "a field is missing or has another type"
    assert set(parsed.ignored) <= set(get_args(adapter.IgnoredReason))


def _assert_keepable(mention: Mention, platform: str) -> None:
    """It fits the table: our words only, valid texts, limited lengths."""
    assert mention.platform == platform
    assert mention.account in {account.id for account in accounts(platform)}
    assert mention.id.isascii()
    author = mention.author
    texts = [mention.text, author.handle or "", author.name or "", mention.language or ""]
    texts += [mention.permalink or "", mention.quotes or "", *mention.route.values()]
    for text in texts:
        text.encode()
        assert "\x00" not in text
    ids = (mention.object_id, mention.root_id, mention.parent_id, mention.quotes, author.id)
    assert all(one is None or (0 < len(one) <= 500 and one.isascii()) for one in ids)
    assert len(mention.text) <= TEXT_CHARS_MAX
    assert max(len(author.name or ""), len(author.handle or "")) <= 100
    assert mention.event_at is None or isinstance(mention.event_at, int)
    assert mention.media >= 0
    assert not (mention.permalink or "https://").partition("https://")[0]
    assert not (mention.is_own_post and (mention.summoned or mention.naming != "none"))


def _bent(body: Any, chosen: Callable[[Any], bool]) -> Iterator[Any]:
    for path in _paths(body):
        if chosen(_at(body, path)):
            for value in SIMPLE_VALUES:
                bent = copy.deepcopy(body)
                _at(bent, path[:-1])[path[-1]] = copy.deepcopy(value)
                yield bent


def _paths(value: Any, base: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps: list[Any] = []
    if isinstance(value, dict):
        steps = list(value)
    elif isinstance(value, list):
        steps = list(range(len(value)))
    for step in steps:
        yield (*base, step)
        yield from _paths(value[step], (*base, step))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value
