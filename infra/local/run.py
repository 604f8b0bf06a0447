"""The whole system on one machine: the deployed templates in an embedded AWS, twins of the
platforms, sample deliveries, a scripted agent. A stop leaves no process."""

import json
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import boto3

from heed import brand
from infra.aws.user_pool import UserPool
from infra.local import agent as agents
from infra.local import view
from infra.local.deploy import DeployError, deploy, local_address, synthesise
from infra.local.emulator import CREDENTIALS, REGION, EmulatorError, emulator
from infra.local.facts import Facts
from infra.local.player import Played, Player
from infra.local.samples import SamplesError, read_samples
from infra.local.summary import summarise
from infra.local.triggers import remove_trigger
from infra.local.twins.core import Twin
from infra.local.twins.facebook import facebook_twin
from infra.local.twins.server import TwinServer, wall_clock_ms
from infra.local.twins.telegram import telegram_twin
from infra.local.twins.world import TwinAccount
from infra.local.twins.x import x_twin

ROOT = Path(__file__).parents[2]
HOME = Path(".heed")
STAGE = "local"
AGENT = "ana"
TROUBLE_PATIENCE_S = 10
# It leaves after 15 seconds in which it could be taken back.
REPLY_PATIENCE_S = 30


class _Make(Protocol):
    def __call__(self, accounts: Iterable[TwinAccount], *, now_ms: Callable[[], int]) -> Twin: ...


TWINS: dict[str, tuple[str, _Make]] = {
    "x": ("api.x.com", x_twin),
    "facebook": ("graph.facebook.com", facebook_twin),
    "telegram": ("api.telegram.org", telegram_twin),
}


@dataclass(frozen=True, slots=True)
class Running:
    """A running local system: addresses, a lead's token, the twins (also their addresses), signing
    secrets by platform."""

    hooks: str
    desk: str
    token: str
    aws: str
    outputs: Mapping[str, str]
    twins: Mapping[str, Twin]
    addresses: Mapping[str, str]
    signing: Mapping[str, str]
    facts: Facts


def run(*, once: bool, without: str = "", patience_s: float = 100) -> int:
    """Start everything, play the samples, print what happened. Returns the exit status.

    `without`: a function whose trigger is taken away first, to see that the summary notices.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with started(without=without) as running:
            faults = _played_and_summarised(running, patience_s)
            if not once:
                _stay_up(running)
        return 1 if faults else 0
    except (DeployError, EmulatorError, SamplesError) as error:
        print(f"heed up: {error}", file=sys.stderr)
        return 1


@contextmanager
def started(*, without: str = "") -> Iterator[Running]:
    """Run the local system while the block runs."""
    with ExitStack() as stack:
        begun = time.monotonic()
        tokens = {name: secrets.token_hex(16) for name in TWINS}
        twins = {name: _twin(name, tokens[name]) for name in TWINS}
        server = stack.enter_context(TwinServer(twins.values()))
        hosts = {host: server.address(name) for name, (host, _) in TWINS.items()}
        assembly = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heed-")))
        context = {"stage": STAGE, "local": "true", "platform_hosts": _json(hosts)}
        print("starting the embedded AWS, synthesising the stacks ...", flush=True)
        address = stack.enter_context(emulator(HOME / "emulator.log"))
        outputs = deploy(synthesise(ROOT, assembly, context), address)
        if without:
            remove_trigger(without, _connection(address))
        signing = _store_secrets(address, tokens)
        running = _signed_in(address, outputs, twins, signing)
        running = replace(running, addresses={name: server.address(name) for name in TWINS})
        _write_files(running)
        print(f"ready in {time.monotonic() - begun:.1f} s", flush=True)
        yield running


def _twin(name: str, token: str) -> Twin:
    _, make = TWINS[name]
    accounts = [
        TwinAccount(id=account.id, token=token, handle=account.handle, name=one.name)
        for one in brand.load().file.brands.values()
        for account in one.accounts
        if account.platform == name
    ]
    return make(accounts, now_ms=wall_clock_ms)


def _connection(address: str) -> dict[str, Any]:
    return {
        "endpoint_url": address,
        "region_name": REGION,
        "aws_access_key_id": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    }


def _store_secrets(address: str, tokens: Mapping[str, str]) -> dict[str, str]:
    """Fill the secrets that the stacks created, as a person would after a deployment."""
    client = boto3.client("secretsmanager", **_connection(address))
    signing = {name: secrets.token_hex(24) for name in TWINS}
    for key, account in brand.load().accounts:
        del key
        name = account.platform
        client.put_secret_value(
            SecretId=f"heed/{STAGE}/{name}/{account.connection}/signing",
            SecretString=_json({"current": signing[name], "verify_token": f"verify-{name}"}),
        )
        client.put_secret_value(
            SecretId=f"heed/{STAGE}/{name}/{account.id}/token",
            SecretString=_json({"token": tokens[name]}),
        )
    return signing


def _signed_in(
    address: str, outputs: Mapping[str, str], twins: Mapping[str, Twin], signing: Mapping[str, str]
) -> Running:
    connection = _connection(address)
    pool = UserPool(outputs["UserPoolId"], outputs["UserPoolClientId"], connection)
    password = f"{secrets.token_urlsafe(16)}aA1!"
    brands = ",".join(brand.load().file.brands)
    pool.add(AGENT, brands=brands, is_lead=True, password=password)
    hook = next(value for name, value in outputs.items() if name.startswith("Webhook"))
    hooks = local_address(hook, address).rsplit("/", 2)[0]
    dynamo = boto3.client("dynamodb", **connection)
    return Running(
        hooks=hooks,
        desk=local_address(outputs["DeskAddress"], address),
        token=pool.sign_in(AGENT, password),
        aws=address,
        outputs=outputs,
        twins=twins,
        addresses={},
        signing=signing,
        facts=Facts(dynamo, outputs["TableName"], twins),
    )


def _write_files(running: Running) -> None:
    """Leave what a person needs for curl: .heed/env and a file per signing secret."""
    HOME.mkdir(exist_ok=True)
    values = {
        "HOOKS": running.hooks,
        "DESK": running.desk,
        "TOKEN": running.token,
        "POOL": running.outputs["UserPoolId"],
        "CLIENT": running.outputs["UserPoolClientId"],
        "TABLE": running.outputs["TableName"],
        "AWS_ENDPOINT_URL": running.aws,
        **{f"TWIN_{name.upper()}": address for name, address in running.addresses.items()},
        **CREDENTIALS,
    }
    lines = [f"export {name}='{value}'\n" for name, value in values.items()]
    env = HOME / "env"
    env.touch(mode=0o600)
    env.write_text("".join(lines), encoding="utf-8")
    for platform, secret in running.signing.items():
        path = HOME / f"{platform}-main.secret"
        path.touch(mode=0o600)
        path.write_text(secret, encoding="utf-8")


def _played_and_summarised(running: Running, patience_s: float) -> tuple[str, ...]:
    desk = agents.Desk(running.desk, running.token)
    worked, trouble = None, []
    try:
        _go_live(desk)
    except agents.AgentError as error:
        trouble.append(str(error))
        # Nothing will be answered: do not wait for it, only show how far everything comes.
        patience_s = min(patience_s, TROUBLE_PATIENCE_S)
    played = _played(running, patience_s)
    try:
        if not trouble:
            worked = agents.work_one(desk)
            print(f"\nagent     claimed case {worked.case}, answered, {worked.state}")
            _wait_for_agents_reply(running, worked)
    except agents.AgentError as error:
        trouble.append(str(error))
    summary = summarise(
        played,
        worked,
        facts=running.facts,
        twins=running.twins,
        queue_depths=_dead_letters(running.aws),
    )
    print("\n" + "\n".join(summary.lines))
    faults = (*trouble, *summary.faults)
    for fault in faults:
        print(f"FAULT     {fault}")
    print(_addresses(running), flush=True)
    return faults


def _go_live(desk: agents.Desk) -> None:
    """Switch every brand to live: the brand file leaves accounts in draft."""
    for key in brand.load().file.brands:
        desk.call("PUT", f"/controls/{key}", {"mode": "live"})


def _played(running: Running, patience_s: float) -> list[Played]:
    player = Player(
        running.hooks,
        running.signing,
        twins=running.twins,
        facts=running.facts,
        patience_s=patience_s,
    )
    print("\n" + view.heading())
    played = []
    for one in player.play(read_samples(ROOT / "events")):
        played.append(one)
        print(view.line(one), flush=True)
    return played


def _wait_for_agents_reply(running: Running, worked: agents.Worked) -> None:
    deadline = time.monotonic() + REPLY_PATIENCE_S
    while time.monotonic() < deadline:
        posts = [p for twin in running.twins.values() for p in twin.visible_posts()]
        if any(p.text == agents.TEXT for p in posts):
            # A second one would come within this time too.
            time.sleep(1)
            return
        time.sleep(0.1)


def _dead_letters(address: str) -> dict[str, int]:
    sqs = boto3.client("sqs", **_connection(address))
    depths = {}
    for url in sqs.list_queues().get("QueueUrls", []):
        if url.endswith("-dead"):
            attributes = sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
            )
            depths[url.rsplit("/", 1)[-1]] = int(
                attributes["Attributes"]["ApproximateNumberOfMessages"]
            )
    return depths


def _addresses(running: Running) -> str:
    return (
        f"\nhooks     {running.hooks}/<platform>/main"
        f"\ndesk      {running.desk}"
        f"\n          source {HOME}/env   (HOOKS, DESK, TOKEN; the token is ana's, a lead)"
    )


def _stay_up(running: Running) -> None:
    print("\nup until Ctrl-C; everything that changes is shown here", flush=True)
    watch = view.Watch(running.facts)
    try:
        while True:
            time.sleep(0.5)
            watch.print_changes()
    except KeyboardInterrupt:
        print("\nstopping")


def _json(value: object) -> str:

    return json.dumps(value)
