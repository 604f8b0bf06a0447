import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.cli.main import main

SAMPLE = next(
    path
    for path in sorted(Path("events/x").glob("*.json"))
    if not path.name.endswith(("headers.json", "expected.json"))
)
Output = pytest.CaptureFixture[str]


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    def give(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))

    return give


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, so that no .heed/env of a running system is found."""
    for name in ("HEED_SIGNING_SECRET", "HOOKS", "DESK", "TOKEN", "POOL", "CLIENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_parse_prints_one_json_object_per_mention(capsys: Output) -> None:
    assert main(["parse", "x", str(SAMPLE)]) == 0

    lines = capsys.readouterr().out.splitlines()
    first = json.loads(lines[0])
    assert first["platform"] == "x"
    assert first["id"].startswith("x#2244994945#post:")
    assert first["author"]["handle"]


def test_parse_reads_standard_input(capsys: Output, stdin: Callable[[bytes], None]) -> None:
    stdin(SAMPLE.read_bytes())

    assert main(["parse", "x", "-"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["kind"] == "post"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["parse", "nowhere", "-"], "use one of"),
        (["parse", "x", "missing.json"], "give a file"),
        (["parse", "x", str(SAMPLE), "--connection", "other"], "add one to brand.toml"),
        (["parse", "x", str(SAMPLE), "--headers", "missing.json"], "No such file"),
        (["sign", "x", "missing.json"], "give a file"),
        (["token", "ana"], "is not set: start `make run`"),
        (["agent", "add", "ana", "--brand", "acme"], "POOL is not set"),
        (["pause", "acme"], "DESK is not set"),
        (["check", "missing"], "brand.toml is missing"),
    ],
)
def test_a_mistake_gets_one_line_that_says_what_to_do(
    argv: list[str], says: str, elsewhere: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEED_PASSWORD", "not-used")
    root = Path(__file__).parents[3]
    argv = [str(root / word) if word == str(SAMPLE) else word for word in argv]

    assert main(argv) == 2

    error = capsys.readouterr().err
    assert error.startswith(f"heed {argv[0]}: ")
    assert error.count("\n") == 1
    assert says in error


def test_a_body_that_is_not_json_is_named(capsys: Output, stdin: Callable[[bytes], None]) -> None:
    stdin(b"{")

    assert main(["parse", "x", "-"]) == 2
    assert "not JSON" in capsys.readouterr().err


def test_sign_takes_the_secret_from_the_environment(
    capsys: Output, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Source of the vector: the challenge of X, which is signed like a body.
    body = tmp_path / "body"
    body.write_bytes(b"some_random")
    monkeypatch.setenv("HEED_SIGNING_SECRET", "DDD")

    assert main(["sign", "x", str(body)]) == 0
    expected = "sha256=VE19eUk6krbdSqWPdvH71xtFhApBAU81uPW3UT65vOs="
    assert capsys.readouterr().out == f"x-twitter-webhooks-signature: {expected}\n"


def test_sign_takes_the_secret_from_a_file(
    capsys: Output, elsewhere: Path, stdin: Callable[[bytes], None]
) -> None:
    (elsewhere / "secret").write_text("DDD\n", encoding="utf-8")
    stdin(b"some_random")

    assert main(["sign", "x", "-", "--secret-file", "secret"]) == 0
    assert "VE19eUk6krbd" in capsys.readouterr().out


def test_sign_without_a_secret_says_where_it_looks(
    capsys: Output, elsewhere: Path, stdin: Callable[[bytes], None]
) -> None:
    stdin(b"some_random")

    assert main(["sign", "x", "-"]) == 2
    assert "HEED_SIGNING_SECRET" in capsys.readouterr().err


def test_send_says_when_nothing_is_running(
    capsys: Output, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, stdin: Callable[[bytes], None]
) -> None:
    monkeypatch.setenv("HEED_SIGNING_SECRET", "DDD")
    monkeypatch.setenv("HOOKS", "http://127.0.0.1:9/hooks")
    stdin(b"{}")

    assert main(["send", "x", "-"]) == 2
    assert "is `make run` up?" in capsys.readouterr().err


def test_triage_prints_one_verdict_per_line(capsys: Output, stdin: Callable[[bytes], None]) -> None:
    stdin("you charged me twice\n\nlovely crew \N{SMILING FACE WITH SMILING EYES}\n".encode())

    assert main(["triage"]) == 0

    verdicts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [v["intent"] for v in verdicts][:1] == ["complaint"]
    assert len(verdicts) == 3
    assert not any(v["thank"] for v in verdicts)


def test_check_names_every_account_and_its_address(capsys: Output) -> None:
    assert main(["check"]) == 0

    out = capsys.readouterr().out
    assert "/hooks/facebook/main" in out
    assert out.endswith("ok\n")


def test_check_refuses_a_platform_without_an_adapter(capsys: Output, tmp_path: Path) -> None:
    folder = Path(__file__).parents[3] / "layers/brand/python/heed_brand"
    text = (folder / "brand.toml").read_text(encoding="utf-8")
    (tmp_path / "brand.toml").write_text(text.replace('"telegram"', '"pigeon"'), encoding="utf-8")
    (tmp_path / "replies").mkdir()
    replies = (folder / "replies/en.toml").read_text(encoding="utf-8")
    (tmp_path / "replies/en.toml").write_text(replies, encoding="utf-8")

    assert main(["check", str(tmp_path)]) == 2
    assert "no adapter for 'pigeon'" in capsys.readouterr().err
