"""The environment of a deployed function, over the embedded AWS."""

import json
from collections.abc import Callable

import boto3
import pytest

from tests.backends import Backend, open_backend
from tests.heed.flows.world import BANDS, KEYS

Enter = Callable[..., Backend]


@pytest.fixture(autouse=True)
def _fresh_log(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let handlers make loggers of their own, which write to where this test looks."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"{request.path.stem} {request.node.name}")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Heed")


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Enter:
    """Give a function its environment: an empty table, queues, a topic, secrets.

    Takes the names of the settings that the function reads beside stage and table, and values for
    those that no backend knows.
    """
    backend = open_backend("ministack", request)
    monkeypatch.setenv("AWS_ENDPOINT_URL", backend.endpoint)
    lanes = [f"reply-{platform}" for platform in KEYS]
    base = backend.add_queues(*lanes, *(f"work-acme-{band}" for band in BANDS))
    topic = boto3.client("sns").create_topic(Name=f"{backend.prefix}pages")["TopicArn"]
    for platform, key in KEYS.items():
        backend.secrets.create_secret(
            Name=f"{backend.prefix}{platform}/main/signing",
            SecretString=json.dumps({"current": key}),
        )
    known = {"queue_base": base, "page_topic": topic, "secret_prefix": backend.prefix}

    def enter(*names: str, **values: str) -> Backend:
        given = {"stage": "local", "table": backend.table, **values}
        for name, value in {**given, **{name: known[name] for name in names}}.items():
            monkeypatch.setenv(f"HEED_{name.upper()}", value)
        return backend

    return enter
