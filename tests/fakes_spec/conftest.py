"""Fixtures that run a test against the stand-in and against moto."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from tests.fakes_spec.backends import (
    Backend,
    MakeBackend,
    fake_backend,
    moto_backend,
    moto_client,
)


@pytest.fixture(scope="session")
def _moto() -> Iterator[None]:
    # It would put credentials of its own into the environment of every other test.
    with mock_aws(config={"core": {"mock_credentials": False}}):
        yield


@pytest.fixture(scope="session")
def moto_dynamo(_moto: None) -> Any:
    return moto_client("dynamodb")


@pytest.fixture(scope="session")
def make_backend(moto_dynamo: Any) -> MakeBackend:
    def make(name: str) -> Backend:
        return fake_backend() if name == "fake" else moto_backend(moto_dynamo)

    return make


@pytest.fixture(params=["fake", "moto"])
def backend(request: pytest.FixtureRequest, make_backend: MakeBackend) -> Backend:
    return make_backend(request.param)


@pytest.fixture
def fake() -> Backend:
    return fake_backend()
