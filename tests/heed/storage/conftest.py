"""Every test that asks for `store` runs against all three backends."""

import pytest

from tests.backends import NAMES, Backend, memory_backend, open_backend
from tests.heed.storage.stores import Store


@pytest.fixture(params=NAMES)
def backend(request: pytest.FixtureRequest) -> Backend:
    return open_backend(request.param, request)


@pytest.fixture
def store(backend: Backend) -> Store:
    return Store(backend)


@pytest.fixture
def memory() -> Store:
    return Store(memory_backend())
