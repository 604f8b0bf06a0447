"""Build the vendor layer from the runtime lock, without Docker.

Nothing is resolved here: the lock decides, and this module only fetches, checks and marks.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

PYTHON_VERSION = "3.13"
"""The runtime of the functions; a template test holds both to the same number."""

ROOT = Path(__file__).parents[2]

_PLATFORM = "aarch64-manylinux2014"
_TAGS = (f"cpython-{PYTHON_VERSION.replace('.', '')}", "abi3")
_LOCK = Path("requirements.lock")
_LAYER = Path("layers/vendor")
_MARKER = ".built"

# Offsets and numbers of the ELF header, from elf(5).
_ELF_MAGIC = b"\x7fELF"
_ELF_MACHINE = slice(18, 20)
_ELF_HEADER_BYTES = 20
_AARCH64 = 183


class VendorError(Exception):
    """The vendor layer cannot be built, or what was built must not ship."""


def main() -> None:
    """Build the layer unless the one that is there came from the same lock."""
    layer = ROOT / _LAYER
    if is_current(ROOT):
        print(f"{_LAYER} is up to date")
        return
    try:
        build(ROOT)
    except VendorError as error:
        sys.exit(str(error))
    size_bytes = sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())
    print(f"{_LAYER} is built: {size_bytes / 1e6:.1f} MB, {len(binaries(layer))} binaries")


def is_current(root: Path) -> bool:
    """Say whether the layer under the project's root was built from the lock beside it."""
    layer = root / _LAYER
    marker = layer / _MARKER
    return (layer / "python").is_dir() and marker.is_file() and marker.read_text() == _origin(root)


def build(root: Path) -> None:
    """Replace the layer under the project's root; the marker is written last.

    Raises: VendorError, and then there is no marker.
    """
    layer = root / _LAYER
    target = layer / "python"
    (layer / _MARKER).unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    _install(root / _LOCK, target)
    # The scripts in bin/ name the builder's interpreter, and no function calls them.
    shutil.rmtree(target / "bin", ignore_errors=True)
    (target / ".lock").unlink(missing_ok=True)
    check_binaries(target)
    (layer / _MARKER).write_text(_origin(root))


def binaries(folder: Path) -> list[Path]:
    """List the shared objects below a folder, versioned ones (`.so.1`) included."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and (path.suffix == ".so" or ".so." in path.name)
    )


def check_binaries(folder: Path) -> None:
    """Refuse what Lambda could not load.

    Raises: VendorError with every wrong file, also when there is nothing to look at.
    """
    found = binaries(folder)
    if not found:
        raise VendorError(f"{folder} holds no binary at all: the layer was not built")
    faults = [f"  {path.relative_to(folder)}: {fault}" for path in found if (fault := _fault(path))]
    if faults:
        raise VendorError("\n".join([f"{folder} holds binaries that must not ship:", *faults]))


def _fault(path: Path) -> str:
    """Say what is wrong with one binary; empty when nothing is."""
    with path.open("rb") as file:
        header = file.read(_ELF_HEADER_BYTES)
    if not header.startswith(_ELF_MAGIC):
        return "not an ELF file"
    if int.from_bytes(header[_ELF_MACHINE], "little") != _AARCH64:
        return "not built for aarch64"
    is_module = path.suffix == ".so" and not path.parent.name.endswith(".libs")
    if is_module and not any(tag in path.name for tag in _TAGS):
        return f"its name carries none of {', '.join(_TAGS)}"
    return ""


def _install(lock: Path, target: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    if not uv.is_file():
        raise VendorError(f"{uv} is missing: start this with `make vendor`")
    command = [str(uv), "pip", "install", "--quiet"]
    command += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile-bytecode"]
    command += ["--python-platform", _PLATFORM, "--python-version", PYTHON_VERSION]
    command += ["--target", str(target), "--requirements", str(lock)]
    if subprocess.run(command, check=False).returncode:
        raise VendorError(f"uv could not install {lock.name}: see its message above")


def _origin(root: Path) -> str:
    """Name all that the layer depends on: the lock's hash, the runtime, the platform."""
    lock_hash = hashlib.sha256((root / _LOCK).read_bytes()).hexdigest()
    return f"{lock_hash} {PYTHON_VERSION} {_PLATFORM}\n"


if __name__ == "__main__":
    main()
