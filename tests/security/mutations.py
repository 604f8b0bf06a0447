"""The change that breaks each check, and the program that shows that the check notices it:
`python -m tests.security.mutations [NUMBER ...]` works on a copy and touches nothing here.

A mutation is a mistake that somebody could make. Its old text must stand in its file exactly once,
so that a change of the code cannot leave it without effect."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]
FOLDERS = ("functions", "layers/heed/python", "layers/brand/python", "infra", "tests", "events")
FILES = ("pyproject.toml", "Makefile", "cdk.json", "package.json", "package-lock.json",
         "requirements.lock", "requirements-dev.lock")  # fmt: skip
RUN_S_MAX = 180
PASSED, FAILED = 0, 1

HEED = "layers/heed/python/heed"
RECEIVE, SIGNATURES = f"{HEED}/flows/receive.py", f"{HEED}/signatures.py"
HANDLER, META = "functions/receive/handler.py", f"{HEED}/meta.py"
INBOX = f"{HEED}/storage/inbox.py"

Outcome = Literal["noticed", "not noticed", "broken"]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mistake. `check` is the number of the check that must turn red; `only` narrows it down to
    the tests with this in their name."""

    check: int
    path: str
    old: str
    new: str
    only: str = ""

    @property
    def tests(self) -> str:
        """The tests that must notice it, as pytest's -k names them."""
        return f"check_{self.check:02d}" + (f" and {self.only}" if self.only else "")

    @property
    def modules(self) -> tuple[str, ...]:
        """Where those tests are. The stacks stand apart: making them takes longer."""
        folder = "stacks" if self.path.startswith("infra/aws") else ""
        paths = (ROOT / "tests/security" / folder).glob("test_*.py")
        word = f"def test_check_{self.check:02d}_"
        found = (path for path in paths if word in path.read_text("utf-8"))
        return tuple(sorted(str(path.relative_to(ROOT)) for path in found))


MUTATIONS = (
    Mutation(1, RECEIVE, "        _proven(adapter.verify, delivery, s)\n", ""),
    Mutation(
        2,
        f"{HEED}/platforms/x.py",
        '    verify_hmac_sha256(delivery.body, given, secrets, prefix=_PREFIX, encoding="base64")',
        "    verify_hmac_sha256(\n"
        '        b"", sign_hmac_sha256(b"", secrets.keys[0], prefix=_PREFIX, encoding="base64")'
        ' if given else None, secrets, prefix=_PREFIX, encoding="base64"\n    )',
    ),
    Mutation(
        3,
        SIGNATURES,
        "hmac.compare_digest(hmac.digest(key.encode(), body, hashlib.sha256), signature)",
        "hmac.compare_digest(\n"
        "            hmac.digest(key.encode(), body, hashlib.sha256)[:16], signature[:16]\n"
        "        )",
    ),
    Mutation(4, SIGNATURES, '    if text.strip("0123456789abcdef"):', "    if not text:"),
    Mutation(
        5,
        META,
        "    given = delivery.header(_HEADER)\n",
        "    given = delivery.header(_HEADER)\n"
        '    if given is None and delivery.header("x-hub-signature"):\n        return\n',
    ),
    Mutation(6, HANDLER, 'value if before is None else f"{before},{value}"', "value"),
    Mutation(
        7,
        f"{HEED}/storage/secrets.py",
        'f"{platform}/{connection}/signing"',
        'f"{platform}/main/signing"',
    ),
    Mutation(
        8,
        f"{HEED}/storage/secrets.py",
        "end.tzinfo is not None and end.timestamp() * 1000 > self._time.now()",
        "True",
    ),
    Mutation(
        9,
        INBOX,
        '"ConditionExpression": "attribute_not_exists(st)",',
        '"ConditionExpression": "attribute_not_exists(gone)",',
    ),
    Mutation(
        10,
        f"{HEED}/flows/ruling.py",
        "min(mention.event_at or stored.received_at, stored.received_at)",
        "mention.event_at or stored.received_at",
    ),
    Mutation(
        11,
        INBOX,
        '"ConditionExpression": "attribute_not_exists(st)",',
        '"ConditionExpression": "attribute_not_exists(st) OR et <= :et",',
    ),
    Mutation(12, HANDLER, "base64.b64decode(body, validate=True)", "base64.b64decode(body)"),
    Mutation(13, RECEIVE, "    if _is_compressed(request):", "    if False:"),
    Mutation(
        14, RECEIVE, "    if len(request.body) > adapter.BODY_BYTES_MAX:", "    if not request:"
    ),
    Mutation(
        15,
        f"{HEED}/adapter.py",
        "    except (ValueError, RecursionError) as error:",
        "    except ValueError as error:",
    ),
    Mutation(16, META, "_CHALLENGE.fullmatch(challenge)", "_CHALLENGE.match(challenge)"),
    Mutation(
        16,
        META,
        '    verify_shared_secret(delivery.query.get("hub.verify_token"),'
        " (secrets.verify_token,))\n",
        '    if delivery.query.get("hub.verify_token") != secrets.verify_token:\n'
        '        raise SignatureError("the secret does not match")\n',
        only="constant",
    ),
    Mutation(17, RECEIVE, '    if request.method not in ("GET", "POST"):', "    if False:"),
    Mutation(
        18,
        HANDLER,
        'Answer(HTTPStatus.SERVICE_UNAVAILABLE, "try again")',
        "Answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error))",
    ),
    Mutation(
        19,
        HANDLER,
        "        report(logger, metrics, counts, status=status)",
        '        report(logger, metrics, counts, status=status, body=event.get("rawQueryString"))',
    ),
    Mutation(
        20,
        f"{HEED}/desk_models.py",
        '    if claims.get("token_use", "id") != "id":',
        "    if not claims:",
    ),
    Mutation(
        20,
        "infra/aws/functions/desk.py",
        'ApiSpec("desk", PATH, METHODS, authorizer)',
        'ApiSpec("desk", PATH, METHODS)',
    ),
    Mutation(
        21,
        f"{HEED}/flows/desk.py",
        "conversation.case is None or conversation.brand not in brands:",
        "conversation.case is None:",
    ),
    Mutation(
        22,
        f"{HEED}/storage/timeline.py",
        '"ConditionExpression": "ce = :epoch",',
        '"ConditionExpression": "ce = :epoch OR attribute_exists(pk)",',
    ),
    Mutation(
        23,
        f"{HEED}/flows/desk_rules.py",
        "category in _CONTROL_CATEGORIES or character in _BIDI or is_noncharacter",
        "category in _CONTROL_CATEGORIES or is_noncharacter",
    ),
    Mutation(
        24,
        f"{HEED}/flows/desk_answers.py",
        "    if stored is None or stored.conversation != conversation.id:",
        "    if stored is None:",
    ),
    Mutation(
        25,
        f"{HEED}/outbound.py",
        "            allow_redirects=False,",
        "            allow_redirects=True,",
    ),
    Mutation(26, "infra/aws/grants.py", "resources=arns)", 'resources=["*"])'),
    Mutation(27, "infra/aws/queues.py", "        enforce_ssl=True,\n", ""),
    Mutation(
        28,
        "infra/aws/gateway.py",
        "        throttle=apigateway.ThrottleSettings("
        "rate_limit=RATE_PER_S, burst_limit=BURST_CALLS),\n",
        "",
    ),
    Mutation(30, HANDLER, "import base64\n", "import base64\nimport requests\n"),
)


class Workshop:
    """A copy of the project in which mistakes are made, one at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in FOLDERS:
            shutil.copytree(
                ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__")
            )
        for file in FILES:
            shutil.copy(ROOT / file, root / file)

    def try_out(self, mutation: Mutation) -> tuple[Outcome, str]:
        """Make one mistake, run the tests that must notice it, and take it back."""
        with self._mutated(mutation):
            ran = self._run(mutation.modules, mutation.tests)
        says = ran.stdout[-2_000:] + ran.stderr[-500:]
        if ran.returncode not in (PASSED, FAILED):
            return "broken", says
        return ("noticed" if ran.returncode == FAILED else "not noticed"), says

    def is_green(self, mutations: Sequence[Mutation]) -> bool:
        """Whether the tests that are to turn red are green without any mistake."""
        modules = sorted({module for one in mutations for module in one.modules})
        tests = " or ".join(dict.fromkeys(f"({one.tests})" for one in mutations))
        return self._run(modules, tests).returncode == PASSED

    @contextmanager
    def _mutated(self, mutation: Mutation) -> Iterator[None]:
        path = self.root / mutation.path
        text = path.read_text("utf-8")
        if text.count(mutation.old) != 1:
            raise ValueError(f"{mutation.path} does not hold {mutation.old!r} exactly once")
        try:
            self._write(path, text.replace(mutation.old, mutation.new))
            yield
        finally:
            self._write(path, text)

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, "utf-8")
        # Bytecode knows its source by size and second: two mistakes may have both alike.
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)

    def _run(self, modules: Sequence[str], tests: str) -> "subprocess.CompletedProcess[str]":
        layers = (self.root / "layers/heed/python", self.root / "layers/brand/python")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "--tb=line",
            "-p",
            "no:cacheprovider",
        ]
        command += ["--show-capture=no", "-k", tests, *modules]
        return subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (self.root, *layers)))},
            timeout=RUN_S_MAX,
            check=False,
            capture_output=True,
            text=True,
        )


def main(numbers: list[str]) -> int:
    """Try every mutation, or those of some checks; returns how many were not noticed."""
    wanted = [m for m in MUTATIONS if not numbers or str(m.check) in numbers]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        if not workshop.is_green(wanted):
            sys.stdout.write("a check is red without any mutation: run pytest tests/security\n")
            return len(wanted)
        for mutation in wanted:
            began = time.monotonic()
            outcome, says = workshop.try_out(mutation)
            missed += outcome != "noticed"
            took_s = time.monotonic() - began
            sys.stdout.write(f"{mutation.check:02d} {outcome:12}{took_s:5.1f} s  {mutation.path}\n")
            sys.stdout.write(says if outcome != "noticed" else "")
            sys.stdout.flush()
    sys.stdout.write(f"{len(wanted) - missed} of {len(wanted)} mutations noticed\n")
    return missed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
