"""Texts and the brand file: `heed triage` and `heed check`."""

import argparse
import sys

from heed import adapter as adapters
from heed import brand
from heed.domain.voice import compose
from infra.cli.errors import CommandError


def triage(arguments: argparse.Namespace) -> int:
    """Read texts from standard input, one a line; print one verdict a line as JSON."""
    from heed.triage.verdict import judge, to_json

    del arguments
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        print(to_json(judge(text)), flush=True)
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Check the brand file and say in a few lines what it sets up."""
    brands = brand.load(arguments.folder)
    known = adapters.names()
    for platform in brands.platforms:
        if platform not in known:
            raise CommandError(
                f"brand.toml: no adapter for {platform!r}; there are {', '.join(known)}"
            )
    for key, one in brands.file.brands.items():
        print(f"{key}: {one.name}, {', '.join(one.languages)}, {one.zone}")
        for account in one.accounts:
            limit = adapters.load(account.platform).TEXT_MAX
            longest = _longest(brands, key, account.platform)
            if longest > limit:
                raise CommandError(
                    f"replies: a text of {longest} characters is too long for"
                    f" {account.platform} ({limit})"
                )
            print(
                f"  {account.platform} {account.id} on /hooks/{account.platform}/"
                f"{account.connection}, mode {account.mode}, longest text {longest} of {limit}"
            )
    print("ok")
    return 0


def _longest(brands: brand.Brands, key: str, platform: str) -> int:
    """Find the longest acknowledgement by the platform's own count, with a long first name."""
    voice, adapter = brands.voices[key], adapters.load(platform)
    lengths = [
        adapter.text_length(
            compose(
                voice,
                kind,
                mention_id=f"sample-{number}",
                language=language,
                platform=platform,
                display_name="Maximilienne Alexandrina",
            ).text
        )
        for language in voice.replies
        for kind in ("neutral", "apology")
        for number in range(64)
    ]
    return max(lengths)
