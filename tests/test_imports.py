"""Who imports whom. The table is `imports.toml`; the files are parsed, never imported."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "layers/heed/python"
TABLE: dict[str, Any] = tomllib.loads((ROOT / "tests/imports.toml").read_text())
PARTS: dict[str, Any] = TABLE["parts"]
OURS = ("heed", "functions", "infra")
PLATFORMS = "heed.platforms."
# The one place that imports by a name which it computed: from the files of its own folder.
LOADERS = frozenset({"heed.adapter"})


@dataclass(frozen=True, slots=True)
class Import:
    """One import: its full dotted name, and whether a program ever runs it."""

    name: str
    for_types: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One file under its dotted name, with what stands beside it."""

    module: str
    text: str
    siblings: frozenset[str] = frozenset()


def read_sources() -> list[Source]:
    roots = {LIBRARY / "heed": LIBRARY, ROOT / "functions": ROOT, ROOT / "infra": ROOT}
    return [
        Source(
            module=".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__"),
            text=path.read_text(encoding="utf-8"),
            siblings=frozenset(other.stem for other in path.parent.glob("*.py")) - {path.stem},
        )
        for folder, base in roots.items()
        for path in sorted(folder.rglob("*.py"))
    ]


def imports_of(source: Source) -> list[Import]:
    tree = ast.parse(source.text)
    for_types = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test).endswith("TYPE_CHECKING")
        for node in ast.walk(branch)
    }
    return [
        Import(name, id(node) in for_types)
        for node in ast.walk(tree)
        for name in names_in(node, source)
    ]


def names_in(node: ast.AST, source: Source) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        start = "." * node.level + (node.module or "")
        yield from (f"{start}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and re.search(r"\b(import_module|__import__)$", called(node)):
        target = node.args[0]
        if isinstance(target, ast.Constant):
            yield str(target.value)
        elif source.module not in LOADERS:
            yield "?"


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def part_of(name: str) -> str | None:
    """The part with the longest module name that `name` is, or is in."""
    fitting = [
        (len(module), part)
        for part, row in PARTS.items()
        for module in row["modules"]
        if name == module or name.startswith(f"{module}.")
    ]
    return max(fitting)[1] if fitting else None


def platform_of(name: str, platforms: frozenset[str]) -> str:
    """The adapter that a module in heed.platforms is, or is a private part of."""
    stem = name.removeprefix(PLATFORMS).split(".")[0]
    owners = [platform for platform in platforms if stem.startswith(f"_{platform}_")]
    return max(owners, key=len, default=stem)


def faults_of(source: Source, platforms: frozenset[str] = frozenset()) -> list[str]:
    """What one file imports and may not."""
    part = part_of(source.module)
    if part is None or (part == "package" and source.module != "heed"):
        return [f"{source.module} belongs to no part of tests/imports.toml"]
    found = (
        fault_of(source, part, each.name, platforms)
        for each in imports_of(source)
        if not (each.for_types and each.name.split(".")[0] not in OURS)
    )
    return [f"{source.module}: {fault}" for fault in found if fault]


def fault_of(source: Source, part: str, name: str, platforms: frozenset[str]) -> str | None:
    if name.startswith(("?", ".")):
        return "imports something that cannot be read here" if name == "?" else "imports relatively"
    top = name.split(".", maxsplit=1)[0]
    if part == "functions" and (top == "functions" or top in source.siblings):
        return f"imports {name}: on Lambda a handler stands alone"
    if top in OURS:
        return fault_among_us(source, part, name, platforms)
    if top in sys.stdlib_module_names or top in PARTS[part].get("third", {}):
        return None
    return f"imports {top}, which is not listed for {part}"


def fault_among_us(source: Source, part: str, name: str, platforms: frozenset[str]) -> str | None:
    other = part_of(name)
    if other == "platforms" == part:
        alike = platform_of(source.module, platforms) == platform_of(name, platforms)
        return None if alike else f"imports {name}: adapters never know each other"
    row = PARTS[part]
    allowed = {part, *row["may"], *row.get("also", {})}
    is_in_library = name.split(".", maxsplit=1)[0] == "heed" and "heed" in allowed
    return None if other in allowed or is_in_library else f"imports {name} ({other})"


SOURCES = read_sources()
ADAPTERS = frozenset(
    source.module.removeprefix(PLATFORMS)
    for source in SOURCES
    if source.module.startswith(PLATFORMS) and not source.module.startswith(f"{PLATFORMS}_")
)
SHIPPED = [source for source in SOURCES if source.module.split(".")[0] in ("heed", "functions")]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.module)
def test_a_file_imports_only_what_its_part_may(source: Source) -> None:
    assert faults_of(source, ADAPTERS) == []


@pytest.mark.parametrize("source", SHIPPED, ids=lambda source: source.module)
def test_what_ships_imports_only_runtime_dependencies(source: Source) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[^\w.-]", name)[0].lower() for name in project["dependencies"]}

    imported = {each.name.split(".")[0] for each in imports_of(source) if not each.for_types}
    foreign = imported - set(OURS) - sys.stdlib_module_names - {"?"}

    assert foreign <= TABLE["distributions"].keys()
    assert {TABLE["distributions"][name]["is"].lower() for name in foreign} <= declared


def test_the_table_names_only_parts_that_there_are_and_a_reason_for_each_exception() -> None:
    known = {*PARTS, "heed"}

    assert all({*row["may"], *row.get("also", {})} <= known for row in PARTS.values())
    reasons = [
        reason
        for row in PARTS.values()
        for reason in (*row.get("third", {}).values(), *row.get("also", {}).values())
    ]
    assert all(reasons)
    assert all(row["is"] and row["why"] for row in TABLE["distributions"].values())


def test_domain_triage_and_signatures_look_at_nothing_outside() -> None:
    assert "third" not in PARTS["domain"]
    assert "third" not in PARTS["signatures"]
    assert set(PARTS["domain"]["may"]) == {"errors"}
    assert set(PARTS["triage"]["may"]) == {"errors", "domain"}
    assert PARTS["twins"] == {"modules": ["infra.local.twins"], "may": []}


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        ("heed.domain.case", "import pydantic", "not listed for domain"),
        ("heed.domain.case", "from heed.flows import receive", "imports heed.flows.receive"),
        ("heed.domain.case", "from heed import brand", "imports heed.brand"),
        ("heed.domain.case", "def f():\n    import boto3", "not listed for domain"),
        ("heed.domain.case", "from . import clock", "imports relatively"),
        ("heed.domain.case", "import heed.storage.table", "imports heed.storage.table"),
        ("heed.platforms.x", "from heed.platforms import telegram", "never know each other"),
        ("heed.platforms.x", "from heed.platforms.telegram import NAME", "never know each other"),
        ("heed.platforms.x", "import heed.platforms._telegram_messages", "never know each other"),
        ("heed.platforms._x_posts", "from heed.platforms import facebook", "never know each other"),
        ("heed.platforms.x", "import cryptography", "not listed for platforms"),
        ("heed.platforms.x", "from heed.flows import reply", "imports heed.flows.reply"),
        ("heed.registry", "import pydantic", "not listed for registry"),
        ("heed.flows.reply", "import boto3", "not listed for flows"),
        ("heed.flows.reply", "from heed.storage import outbox", "imports heed.storage.outbox"),
        ("heed.triage.verdict", "import numpy", "not listed for triage"),
        ("heed.triage.verdict", "importlib.import_module('numpy')", "not listed for triage"),
        ("heed.triage.verdict", "import_module(f'{x}')", "cannot be read here"),
        ("heed.novelty", "", "belongs to no part"),
        ("functions.reply.handler", "from functions.desk import handler", "stands alone"),
        ("functions.reply.handler", "import texts", "stands alone"),
        ("functions.reply.handler", "from infra.aws import app", "imports infra.aws.app"),
        ("functions.reply.handler", "import requests", "not listed for functions"),
        ("infra.aws.app", "from functions.reply import handler", "imports functions.reply"),
        ("infra.aws.app", "from heed.flows import reply", "imports heed.flows.reply"),
        ("infra.aws.app", "from infra.local import run", "imports infra.local.run"),
        ("infra.local.twins.x", "from heed.domain import case", "imports heed.domain.case"),
        ("infra.local.twins.x", "from infra.local import run", "imports infra.local.run"),
        ("infra.local.run", "from infra.cli import main", "imports infra.cli.main"),
        ("heed.flows.reply", "from infra.local import run", "imports infra.local.run"),
    ],
)
def test_what_must_not_be_imported_is_named(module: str, text: str, fault: str) -> None:
    source = Source(module, text, frozenset({"texts"}))

    faults = faults_of(source, frozenset({"x", "telegram", "facebook"}))

    assert len(faults) == 1
    assert fault in faults[0]


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("heed.domain.case", "import json, re\nfrom heed.domain import clock\nimport heed.errors"),
        ("heed.platforms.x", "from heed.platforms import _x_posts\nfrom heed import meta, adapter"),
        ("heed.platforms._x_events", "from heed.platforms._x_posts import read_text"),
        ("heed.triage.verdict", "from importlib import import_module\nimport_module('json')"),
        ("heed.adapter", "importlib.import_module(f'heed.platforms.{name}')"),
        ("heed.storage.table", "if TYPE_CHECKING:\n    from mypy_boto3_dynamodb import Client"),
        ("functions.reply.handler", "from heed import brand, composition\nimport boto3"),
        (
            "infra.aws.app",
            "from heed.brand import load\nimport aws_cdk\nfrom infra.aws import parts",
        ),
        ("infra.cli.main", "from infra.local.twins import core\nfrom heed.flows import reply"),
        ("infra.local.twins.x", "from infra.local.twins import core\nimport json"),
    ],
)
def test_what_may_be_imported_is_no_fault(module: str, text: str) -> None:
    assert faults_of(Source(module, text), frozenset({"x", "telegram"})) == []


def test_types_of_our_own_count_even_when_no_program_runs_them() -> None:
    hidden = Source("heed.domain.case", "if TYPE_CHECKING:\n    from heed.flows import reply")

    assert faults_of(hidden) == ["heed.domain.case: imports heed.flows.reply (flows)"]


def test_a_platform_with_a_long_name_owns_its_private_parts() -> None:
    adapters = frozenset({"google", "google_business"})

    owner = platform_of("heed.platforms._google_business_reviews", adapters)

    assert owner == "google_business"
    assert platform_of("heed.platforms._stray", adapters) == "_stray"


@pytest.mark.parametrize("module", ["heed.flows.receive", "heed.registry", "heed.domain.policy"])
def test_receive_pays_neither_for_pydantic_nor_for_boto3(module: str) -> None:
    heavy = ("pydantic", "boto3", "vaderSentiment", "requests")
    program = f"import {module}, sys; print(*(name for name in {heavy} if name in sys.modules))"
    path = os.pathsep.join([str(LIBRARY), str(ROOT / "layers/brand/python")])

    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        capture_output=True,
        text=True,
    )

    assert ran.stdout.split() == []
