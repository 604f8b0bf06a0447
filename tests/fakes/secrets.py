"""An in-memory stand-in for the low-level Secrets Manager client."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.calls import CallRecorder, Effect
from tests.fakes.refusals import RefusalError
from tests.fakes.shapes import Answer, Call, CallHook, Clock, Request

CURRENT = "AWSCURRENT"
PREVIOUS = "AWSPREVIOUS"
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"
_CONTENT = ("SecretString", "SecretBinary")


@dataclass(slots=True)
class _Secret:
    name: str
    versions: dict[str, Answer] = field(default_factory=dict)
    # Stage -> version id; a stage stands at one version at a time.
    stages: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"{ARN}{self.name}-AbCdEf"

    def stages_of(self, version_id: str) -> list[str]:
        return [stage for stage, at in self.stages.items() if at == version_id]


class FakeSecretsManager:
    """Takes the keyword arguments of a boto3 client's methods and gives answers of its shapes.

    `checked` false trusts the callers, for a simulation.
    """

    def __init__(
        self,
        now_ms: Clock = lambda: 0,
        on_call: CallHook | None = None,
        *,
        checked: bool = True,
    ) -> None:
        self._now_ms = now_ms
        self._secrets: dict[str, _Secret] = {}
        self._recorder = CallRecorder("secretsmanager", on_call, checked=checked)
        self._versions = 0

    @property
    def calls(self) -> list[Call]:
        """All calls so far, as (operation, (name,)); the list may be cleared."""
        return self._recorder.calls

    @property
    def call_counts(self) -> Counter[str]:
        """How often each operation was called."""
        return self._recorder.counts()

    def get_secret_value(self, **request: Any) -> Answer:
        """Return one version of a secret, the current one unless told otherwise."""
        return self._run("get_secret_value", request, self._get_secret_value)

    def put_secret_value(self, **request: Any) -> Answer:
        """Store a new version, which becomes the current one unless told otherwise."""
        return self._run("put_secret_value", request, self._put_secret_value)

    def create_secret(self, **request: Any) -> Answer:
        """Create a secret, with or without a first version."""
        return self._run("create_secret", request, self._create_secret)

    def _run(self, operation: str, request: Request, effect: Effect) -> Answer:
        key = (request.get("SecretId") or request.get("Name"),)
        return self._recorder.run(operation, request, key, effect)

    def _secret(self, secret_id: str) -> _Secret:
        """Find a secret by name or ARN."""
        name = secret_id.removeprefix(ARN)
        if name != secret_id:
            name = name.rpartition("-")[0]
        if name not in self._secrets:
            raise RefusalError(
                "Secrets Manager can't find the specified secret.", "ResourceNotFoundException"
            )
        return self._secrets[name]

    def _get_secret_value(self, request: Request) -> Answer:
        secret = self._secret(request["SecretId"])
        stage = request.get("VersionStage", CURRENT)
        version_id = request.get("VersionId") or secret.stages.get(stage, "")
        if version_id not in secret.versions:
            wanted = request.get("VersionId") or f"staging label: {stage}"
            raise RefusalError(
                f"Secrets Manager can't find the specified secret value for {wanted}",
                "ResourceNotFoundException",
            )
        if "VersionStage" in request and secret.stages.get(stage) != version_id:
            raise RefusalError(
                "You provided a VersionStage that is not associated to the provided VersionId.",
                "InvalidRequestException",
            )
        return {
            "ARN": secret.arn,
            "Name": secret.name,
            "VersionId": version_id,
            **secret.versions[version_id],
            "VersionStages": secret.stages_of(version_id),
        }

    def _put_secret_value(self, request: Request) -> Answer:
        secret = self._secret(request["SecretId"])
        if len(request.keys() & set(_CONTENT)) != 1:
            raise RefusalError(
                "You must provide either SecretString or SecretBinary.", "InvalidRequestException"
            )
        version_id = self._add_version(secret, request, request.get("VersionStages", [CURRENT]))
        return {
            "ARN": secret.arn,
            "Name": secret.name,
            "VersionId": version_id,
            "VersionStages": secret.stages_of(version_id),
        }

    def _create_secret(self, request: Request) -> Answer:
        name = request["Name"]
        if name in self._secrets:
            raise RefusalError(
                f"The operation failed because the secret {name} already exists.",
                "ResourceExistsException",
            )
        secret = self._secrets[name] = _Secret(name)
        answer: Answer = {"ARN": secret.arn, "Name": name}
        if request.keys() & set(_CONTENT):
            answer["VersionId"] = self._add_version(secret, request, [CURRENT])
        return answer

    def _add_version(self, secret: _Secret, request: Request, stages: list[str]) -> str:
        self._versions += 1
        version_id: str = request.get(
            "ClientRequestToken", f"00000000-0000-4000-8000-{self._versions:012x}"
        )
        content = {name: request[name] for name in _CONTENT if name in request}
        stored = secret.versions.get(version_id)
        if stored is not None:
            # The same token with the same content is a repeated call, which changes nothing.
            if any(stored.get(name) != content.get(name) for name in _CONTENT):
                raise RefusalError(
                    f"You can't use ClientRequestToken {version_id} because that value is "
                    "already in use for a version of secret.",
                    "ResourceExistsException",
                )
            return version_id
        created = datetime.fromtimestamp(self._now_ms() / 1000, UTC)
        secret.versions[version_id] = {**content, "CreatedDate": created}
        if CURRENT in stages and CURRENT in secret.stages:
            secret.stages[PREVIOUS] = secret.stages[CURRENT]
        secret.stages.update(dict.fromkeys(stages, version_id))
        if CURRENT not in secret.stages:
            secret.stages[CURRENT] = version_id
        return version_id
