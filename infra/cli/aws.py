"""Asking AWS, or the emulator of the local run, from the command line."""

from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from infra.cli import place
from infra.cli.errors import CommandError

_T = TypeVar("_T")


def connection() -> dict[str, Any]:
    """Say where AWS is and who asks, as boto3's clients take it; None = as boto3 finds it."""
    return {
        "region_name": place.find("AWS_REGION") or place.find("AWS_DEFAULT_REGION"),
        "endpoint_url": place.find("AWS_ENDPOINT_URL"),
        "aws_access_key_id": place.find("AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": place.find("AWS_SECRET_ACCESS_KEY"),
    }


def asked(ask: Callable[[], _T]) -> _T:
    """Turn what AWS refuses into one sentence. Raises: CommandError."""
    try:
        return ask()
    except ClientError as error:
        raise CommandError(error.response["Error"].get("Message", "AWS refused")) from error
    except BotoCoreError as error:
        raise CommandError(f"AWS cannot be asked: {error}") from error
