"""Running the tests against the mutants of one file, each in a process of its own.

Nothing is written to the checkout. A fault inside a function is put into a process that has the
tests collected already, by changing the function's code; only the tests that run its lines are
asked, the fastest first. A fault that shows while the module is imported needs a new import, and
all tests of the file."""

import importlib.machinery
import importlib.util
import inspect
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import coverage
import hypothesis
import pytest

from tests.mutants.mutations import Mutant
from tests.mutants.processes import KILLED, SURVIVED, Verdict, Work, fork, limit_of, run_all, wait

# The stores that only say again, more slowly, what the one in memory says.
OTHER_STORES = frozenset({"moto", "ministack"})
OPTIONS = (
    "--override-ini=addopts=--import-mode=importlib",
    # Plug-ins would look for modules to rewrite, which are loaded already.
    "--disable-plugin-autoload",
    "--capture=sys", "--tb=short", "-q", "-x", "-p", "no:cacheprovider",
)  # fmt: skip


class BaselineError(Exception):
    """The tests fail, or none is left, without any fault."""


@dataclass(frozen=True, slots=True)
class Target:
    """A file under trial. `module`: its import name; `tests`: the files that must find the faults;
    `folder`: where the processes leave what they found."""

    path: Path
    module: str
    tests: tuple[str, ...]
    folder: Path

    @property
    def baseline(self) -> Path:
        """Where the run without a fault is noted: durations and lines per test."""
        return self.folder / "baseline.json"

    @property
    def verdicts(self) -> Path:
        """Where the warm process notes what became of its mutants."""
        return self.folder / "verdicts.json"


def judge(target: Target, mutants: Sequence[Mutant], jobs: int) -> list[Verdict]:
    """Tell for each mutant whether a test failed. Raises: BaselineError."""
    warm = [mutant for mutant in mutants if mutant.function]
    cold = [mutant for mutant in mutants if not mutant.function]
    wait(fork(partial(_run_pytest, target, _Warm(target, warm, jobs))))
    if not target.verdicts.exists():
        log = (target.folder / "log").read_text()
        raise BaselineError(f"the tests of {target.path.name} fail as they are:\n{log}")
    found = [*zip(warm, json.loads(target.verdicts.read_text()), strict=True)]
    found += zip(cold, _judge_cold(target, cold, jobs), strict=True)
    verdicts = {mutant.name: verdict for mutant, verdict in found}
    return [verdicts[mutant.name] for mutant in mutants]


def _judge_cold(target: Target, mutants: Sequence[Mutant], jobs: int) -> list[Verdict]:
    durations = json.loads(target.baseline.read_text())["durations"]
    limit_s = limit_of(sum(durations.values()))
    whole = compile(target.path.read_text(), str(target.path), "exec")
    # The original goes first: were it killed, so would be everything that follows.
    codes = (whole, *(mutant.code for mutant in mutants))
    works = (partial(_import_and_run, target, code, durations) for code in codes)
    control, *verdicts = run_all(((work, limit_s) for work in works), jobs)
    if control != "survived":
        raise BaselineError(f"a new import alone makes the tests of {target.path.name} fail")
    return verdicts


# The warm way: collected once, forked for every mutant


def _run_pytest(target: Target, plugin: object) -> int:
    log = os.open(target.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    return int(pytest.main([*OPTIONS, *target.tests], plugins=[plugin]))


class _Warm:
    """A plugin that runs the collected tests once per mutant instead of once."""

    def __init__(self, target: Target, mutants: Sequence[Mutant], jobs: int) -> None:
        self._target = target
        self._mutants = mutants
        self._jobs = jobs

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        _hasten_hypothesis()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = _in_memory(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed or not session.items:
            return False
        if wait(fork(partial(_measure, self._target, session))) != "survived":
            return False
        baseline = json.loads(self._target.baseline.read_text())
        verdicts = run_all(self._works(session, baseline), self._jobs)
        self._target.verdicts.write_text(json.dumps(verdicts))
        return True

    def _works(
        self, session: pytest.Session, baseline: dict[str, Any]
    ) -> Iterator[tuple[Work, int]]:
        durations, lines = baseline["durations"], baseline["lines"]
        for mutant in self._mutants:
            first, last = mutant.lines
            asked = {name for line in range(first, last + 1) for name in lines.get(str(line), ())}
            items = [item for item in session.items if item.nodeid in asked]
            items.sort(key=lambda item: durations[item.nodeid])
            limit_s = limit_of(sum(durations[item.nodeid] for item in items))
            yield partial(self._try, session, mutant, items), limit_s

    def _try(self, session: pytest.Session, mutant: Mutant, items: list[pytest.Item]) -> int:
        put_code(sys.modules[self._target.module], mutant.function, mutant.code)
        return _run_items(session, items)


def _measure(target: Target, session: pytest.Session) -> int:
    """Run every test without a fault; note how long each takes and which lines it runs."""
    traced = coverage.Coverage(data_file=None, config_file=False, include=[str(target.path)])
    durations = {}
    traced.start()
    for item in session.items:
        traced.switch_context(item.nodeid)
        started = time.process_time()
        if _run_items(session, [item]) != SURVIVED:
            return KILLED
        durations[item.nodeid] = time.process_time() - started
    traced.stop()
    lines = traced.get_data().contexts_by_lineno(str(target.path))
    target.baseline.write_text(json.dumps({"durations": durations, "lines": lines}))
    return SURVIVED


def _run_items(session: pytest.Session, items: Sequence[pytest.Item]) -> int:
    """Run tests until one fails."""
    for number, item in enumerate(items):
        following = items[number + 1] if number + 1 < len(items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return KILLED
    return SURVIVED


def put_code(module: ModuleType, function: str, code: CodeType) -> None:
    """Give a function of a loaded module the code that it has in a compiled one.

    Whoever imported the function by its name has the fault too: it stays the same object.
    """
    owner: Any = module
    *scopes, name = function.split(".")
    for scope in scopes:
        owner = getattr(owner, scope)
    found = inspect.getattr_static(owner, name)
    if isinstance(found, property):
        found = found.fget
    found = inspect.unwrap(getattr(found, "__func__", found))
    assert isinstance(found, FunctionType), function
    found.__code__ = next(c for c in _codes(code) if c.co_qualname == function)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _in_memory(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    kept = []
    for item in items:
        spec = getattr(item, "callspec", None)
        values = spec.params.values() if spec else ()
        if not any(isinstance(v, str) and v in OTHER_STORES for v in values):
            kept.append(item)
    return kept


def _hasten_hypothesis() -> None:
    """One failing example is enough: it need not be the smallest."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "mutants", parent=hypothesis.settings.default, phases=phases
    )
    hypothesis.settings.load_profile("mutants")


# The cold way: a new import for every mutant


class _MutantLoader(importlib.machinery.SourceFileLoader):
    """Load a module whose code is at hand."""

    def __init__(self, module: str, path: str, code: CodeType) -> None:
        super().__init__(module, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        return self._code


@dataclass(frozen=True, slots=True)
class MutantFinder(MetaPathFinder):
    """Find one module, with a fault in it, in the place of the original."""

    module: str
    path: str
    code: CodeType

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if fullname != self.module:
            return None
        loader = _MutantLoader(fullname, self.path, self.code)
        return importlib.util.spec_from_file_location(fullname, self.path, loader=loader)


class _Cold:
    """A plugin that runs the fastest tests first."""

    def __init__(self, durations: dict[str, float]) -> None:
        self._durations = durations

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        _hasten_hypothesis()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = _in_memory(items)
        items.sort(key=lambda item: self._durations.get(item.nodeid, 0.0))


def _import_and_run(target: Target, code: CodeType, durations: dict[str, float]) -> int:
    finder = MutantFinder(target.module, str(target.path), code)
    sys.meta_path.insert(0, finder)
    return _run_pytest(target, _Cold(durations))
