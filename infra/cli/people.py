"""People: `heed agent add`, `heed token`, `heed pause`, `heed resume`."""

import argparse
import getpass
import os
import secrets
import sys
from collections.abc import Callable
from typing import TypeVar

import requests
from botocore.exceptions import BotoCoreError, ClientError

from heed import brand
from infra.aws.user_pool import UserPool
from infra.cli import place
from infra.cli.errors import CommandError

TIMEOUT_S = 30
_T = TypeVar("_T")


def add_agent(arguments: argparse.Namespace) -> int:
    """Create an agent with brands and role, or change those of an existing one.

    The password comes from HEED_PASSWORD; without it one is made up and printed once.
    """
    known = brand.load().file.brands
    if unknown := sorted(set(arguments.brand.split(",")) - known.keys()):
        raise CommandError(f"no brand is called {unknown[0]!r}; there is {', '.join(known)}")
    password = os.environ.get("HEED_PASSWORD") or f"{secrets.token_urlsafe(16)}aA1!"
    pool = _pool()
    _asked(
        lambda: pool.add(
            arguments.name, brands=arguments.brand, is_lead=arguments.lead, password=password
        )
    )
    if "HEED_PASSWORD" not in os.environ:
        print(f"password: {password}")
    role = "lead" if arguments.lead else "agent"
    print(f"{arguments.name}: {role} of {arguments.brand}", file=sys.stderr)
    return 0


def token(arguments: argparse.Namespace) -> int:
    """Sign in and print an ID token: the desk API's authorizer asks for that kind."""
    password = os.environ.get("HEED_PASSWORD") or getpass.getpass("password: ")
    pool = _pool()
    print(_asked(lambda: pool.sign_in(arguments.name, password)))
    return 0


def pause(arguments: argparse.Namespace) -> int:
    """Stop the machine answers of a brand."""
    return _switch(arguments.brand, {"paused": True})


def resume(arguments: argparse.Namespace) -> int:
    """Let the machine answer again, or one account that was disabled."""
    if arguments.account:
        return _switch(arguments.brand, {"enabled": [arguments.account]})
    return _switch(arguments.brand, {"paused": False})


def _switch(brand: str, switch: dict[str, object]) -> int:
    desk = place.lookup("DESK")
    headers = {"authorization": f"Bearer {place.lookup('TOKEN')}"}
    url = f"{desk}/controls/{brand}"
    try:
        # Only the one switch: what others set meanwhile stays.
        answer = requests.put(url, json=switch, headers=headers, timeout=TIMEOUT_S)
    except requests.RequestException as error:
        reason = type(error).__name__
        raise CommandError(f"{desk} does not answer ({reason}): is the system up?") from error
    if not answer.ok:
        raise CommandError(f"the desk said {answer.status_code}: {_message(answer)}")
    control = answer.json()
    print(f"{brand}: {'paused' if control['paused'] else 'answering'}")
    for account in control["disabled"]:
        print(f"{account}: disabled; to let it answer: heed resume {brand} --account '{account}'")
    return 0


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json().get("message") or answer.text[:200])
    except ValueError:
        return answer.text[:200]


def _pool() -> UserPool:
    connection = {
        "region_name": place.find("AWS_REGION") or place.find("AWS_DEFAULT_REGION"),
        "endpoint_url": place.find("AWS_ENDPOINT_URL"),
        "aws_access_key_id": place.find("AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": place.find("AWS_SECRET_ACCESS_KEY"),
    }
    return UserPool(place.lookup("POOL"), place.lookup("CLIENT"), connection)


def _asked(ask: Callable[[], _T]) -> _T:
    """Turn what AWS refuses into one sentence. Raises: CommandError."""
    try:
        return ask()
    except ClientError as error:
        raise CommandError(error.response["Error"].get("Message", "AWS refused")) from error
    except BotoCoreError as error:
        raise CommandError(f"AWS cannot be asked: {error}") from error
