import json
from pathlib import Path
from typing import Any

import pytest

from heed import adapter
from heed.adapter import CHANGES_MAX, JSON_DEPTH_MAX, Delivery, Ignored, Outcome, Revoked
from heed.domain.mention import TEXT_CHARS_MAX, Account, Mention
from heed.errors import NotUnderstoodError, UnknownConnectionError

ACCOUNT = Account("x", "7", "acme")
MENTION = Mention(platform="x", account="7", kind="post", object_id="1")


# --- Finding adapters


def test_names_are_the_public_files_of_the_folder() -> None:
    folder = Path(adapter.__file__).parent / "platforms"
    files = {file.stem for file in folder.glob("[a-z]*.py")}
    assert set(adapter.names()) == files
    assert list(adapter.names()) == sorted(files)


@pytest.mark.parametrize(
    "name", ["", "X", "os", "x.py", "../adapter", "_x_posts", "__init__", "x\n", "x" * 5_000]
)
def test_what_is_no_platform_is_never_imported(name: str) -> None:
    with pytest.raises(UnknownConnectionError) as caught:
        adapter.load(name)
    assert len(str(caught.value)) < 100


def test_loading_gives_the_module() -> None:
    assert adapter.load("x").NAME == "x"


# --- Deliveries


def test_a_delivery_knows_its_accounts_and_headers() -> None:
    delivery = Delivery("x", "main", "POST", {}, {"x-a": "1"}, b"", 0, (ACCOUNT,))
    assert delivery.account("7") == ACCOUNT
    assert delivery.account("8") is None
    assert delivery.account(None) is None
    assert delivery.header("x-a") == "1"
    assert delivery.header("x-b") is None


# --- Reading JSON


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"id": 1045405559317569537}', {"id": 1_045_405_559_317_569_537}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"[1.5, true, null]", [1.5, True, None]),
        (b'"\\ud83d\\ude00"', "😀"),
        ('{"a": "ä"}'.encode(), {"a": "ä"}),
        (b" [] \n", []),
    ],
)
def test_json_is_read(body: bytes, value: Any) -> None:
    assert adapter.read_json(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"NaN",
        b"[Infinity]",
        b"[-1e400]",
        b"9" * 5_000,
        b"[" * 100_000,
        b"{'a': 1}",
    ],
)
def test_what_is_no_strict_json_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstoodError) as caught:
        adapter.read_json(body)
    assert str(caught.value) == "the body is not JSON in UTF-8"


def test_depth_is_limited() -> None:
    def nested(depth: int) -> bytes:
        pairs = depth // 2
        return (b'{"a":[' * pairs + b"[" * (depth % 2)) + b"]" * (depth % 2) + b"]}" * pairs

    assert adapter.read_json(nested(JSON_DEPTH_MAX - 1))
    with pytest.raises(NotUnderstoodError):
        adapter.read_json(nested(JSON_DEPTH_MAX + 2))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("hello", "hello"),
        ("a\x00b", "ab"),
        ("a\ud800b", "a?b"),
        ("a" * (TEXT_CHARS_MAX + 1), "a" * TEXT_CHARS_MAX),
        (None, ""),
        (5, ""),
        (["a"], ""),
    ],
)
def test_texts_are_cleaned(value: Any, text: str) -> None:
    assert adapter.clean_text(value) == text


# --- Collecting changes


def test_each_change_is_read_by_itself() -> None:
    outcomes: dict[str, Outcome] = {
        "mention": MENTION,
        "reaction": Ignored("reaction"),
        "revoked": Revoked("7"),
    }
    changes = ["mention", "reaction", "missing", "reaction", "revoked", "mention"]

    parsed = adapter.collect(changes, lambda change: outcomes[change])

    assert parsed.mentions == (MENTION, MENTION)
    assert parsed.ignored == {"reaction": 2}
    assert parsed.revoked == ("7",)
    [unreadable] = parsed.unreadable
    assert json.loads(unreadable.change) == "missing"


@pytest.mark.parametrize("error", [KeyError, IndexError, TypeError, ValueError, AttributeError])
def test_errors_of_shape_cost_one_change(error: type[Exception]) -> None:
    def read(change: Any) -> Outcome:
        raise error(change)

    assert len(adapter.collect(["\ud800"], read).unreadable) == 1


def test_other_errors_are_not_hidden() -> None:
    def read(change: Any) -> Outcome:
        raise RuntimeError(change)

    with pytest.raises(RuntimeError):
        adapter.collect([1], read)


def test_a_delivery_has_a_limited_number_of_changes() -> None:
    assert len(adapter.collect([1] * CHANGES_MAX, lambda _: MENTION).mentions) == CHANGES_MAX
    with pytest.raises(NotUnderstoodError):
        adapter.collect([1] * (CHANGES_MAX + 1), lambda _: MENTION)
