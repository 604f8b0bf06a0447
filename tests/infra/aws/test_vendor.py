"""The vendor layer: what may ship, when it is built again, what a failure leaves behind."""

import sys
from pathlib import Path

import pytest

from infra.aws import vendor

AARCH64 = 183
X86_64 = 62
GOOD_NAME = "_core.cpython-313-aarch64-linux-gnu.so"


def write_binary(path: Path, *, machine: int = AARCH64, magic: bytes = b"\x7fELF") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(magic + bytes(14) + machine.to_bytes(2, "little") + bytes(44))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose uv is a script that installs one good binary, a command and its lock."""
    (tmp_path / "requirements.lock").write_text("pydantic==2\n")
    good = tmp_path / "good.so"
    write_binary(good)
    uv = tmp_path / "uv"
    uv.write_text(
        "#!/bin/sh\n"
        "while [ $1 != --target ]; do shift; done\n"
        f'mkdir -p "$2/bin" && cp "{good}" "$2/{GOOD_NAME}" && touch "$2/.lock" "$2/bin/tool"\n'
    )
    uv.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(vendor, "ROOT", tmp_path)
    return tmp_path


def test_binaries_are_found_with_and_without_a_version(tmp_path: Path) -> None:
    for name in ("a/b.so", "c.libs/d.so.1", "e.py"):
        write_binary(tmp_path / name)

    names = [str(path.relative_to(tmp_path)) for path in vendor.binaries(tmp_path)]

    assert names == ["a/b.so", "c.libs/d.so.1"]


@pytest.mark.parametrize("name", [GOOD_NAME, "x.abi3.so", "x.libs/y.so", "x.libs/y.so.1"])
def test_binaries_for_the_runtime_may_ship(tmp_path: Path, name: str) -> None:
    write_binary(tmp_path / name)

    vendor.check_binaries(tmp_path)


@pytest.mark.parametrize(
    ("name", "machine", "magic", "fault"),
    [
        (GOOD_NAME, X86_64, b"\x7fELF", "not built for aarch64"),
        (GOOD_NAME, AARCH64, b"MZ\0\0", "not an ELF file"),
        ("x.cpython-311-aarch64-linux-gnu.so", AARCH64, b"\x7fELF", "carries none of cpython-313"),
    ],
)
def test_other_binaries_must_not_ship(
    tmp_path: Path, name: str, machine: int, magic: bytes, fault: str
) -> None:
    write_binary(tmp_path / name, machine=machine, magic=magic)

    with pytest.raises(vendor.VendorError, match=f"{name}: .*{fault}"):
        vendor.check_binaries(tmp_path)


def test_an_empty_layer_must_not_ship(tmp_path: Path) -> None:
    with pytest.raises(vendor.VendorError, match="was not built"):
        vendor.check_binaries(tmp_path)


def test_a_build_is_current_until_the_lock_changes(root: Path) -> None:
    assert not vendor.is_current(root)

    vendor.build(root)

    assert vendor.is_current(root)
    assert [path.name for path in (root / "layers/vendor/python").iterdir()] == [GOOD_NAME]
    (root / "requirements.lock").write_text("pydantic==3\n")
    assert not vendor.is_current(root)


def test_a_failed_build_is_not_current(root: Path) -> None:
    vendor.build(root)
    (root / "uv").write_text("#!/bin/sh\nexit 2\n")

    with pytest.raises(vendor.VendorError, match="could not install"):
        vendor.build(root)

    assert not vendor.is_current(root)


def test_the_command_builds_once(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vendor.main()
    vendor.main()

    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("1 binaries")
    assert second.endswith("is up to date")


def test_the_command_without_uv_says_what_to_do(root: Path) -> None:
    (root / "uv").unlink()

    with pytest.raises(SystemExit, match="make vendor"):
        vendor.main()


def test_the_layer_of_the_real_lock_holds_only_what_lambda_can_load() -> None:
    # Builds it if need be: from the registry, in about two seconds.
    vendor.main()

    layer = vendor.ROOT / "layers" / "vendor"
    found = vendor.binaries(layer)
    assert found
    for path in found:
        head = path.read_bytes()[:20]
        assert head[:4] == b"\x7fELF", path
        assert int.from_bytes(head[18:20], "little") == 183, f"{path} is not for aarch64"
        assert "cpython-313-aarch64" in path.name or ".abi3." in path.name, path
    for name in ("boto3", "pydantic", "requests", "aws_lambda_powertools", "vaderSentiment"):
        assert (layer / "python" / name).is_dir()
    assert not list(layer.rglob("*.pyc"))
