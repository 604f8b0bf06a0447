"""What the handler needs: a name for its log and one for its metrics."""

import pytest

from tests.fuzz.gateway import ENVIRONMENT


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
