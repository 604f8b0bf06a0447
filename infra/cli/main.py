"""The `heed` command. Errors are one line on standard error and say what to do; exit 2 for a wrong
call, 1 when what was asked for did not work out."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from heed.errors import HeedError
from infra.cli import deliveries, people, texts
from infra.cli.errors import CommandError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except (CommandError, HeedError) as error:
        print(f"heed {arguments.command}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Somebody put `| head` behind it; that is no fault.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heed", description="A serverless first responder for social customer care."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_up(commands)
    _add_deliveries(commands)
    triage = commands.add_parser("triage", help="read texts, one a line; print one verdict a line")
    triage.set_defaults(run=texts.triage)
    check = commands.add_parser("check", help="read the brand file as the deployment will")
    check.add_argument("folder", nargs="?", type=Path, help="a folder with brand.toml and replies/")
    check.set_defaults(run=texts.check)
    _add_people(commands)
    _add_replay(commands)
    return parser


def _add_up(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    up = commands.add_parser("up", help="the whole system on this machine")
    up.add_argument("--once", action="store_true", help="end after the summary")
    up.add_argument(
        "--without",
        choices=("receive", "triage", "reply", "desk", "sweep"),
        help="take one function's trigger away, to see that the summary notices",
    )
    up.add_argument("--patience", type=int, default=100, help="seconds without progress to wait")
    up.set_defaults(run=_up)


def _up(arguments: argparse.Namespace) -> int:
    # Imported here: the emulator and its libraries are heavy, and no other command needs them.
    from infra.local.run import run

    return run(once=arguments.once, without=arguments.without or "", patience_s=arguments.patience)


def _add_deliveries(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, run, text in (
        ("parse", deliveries.parse, "print a delivery's mentions as JSON lines"),
        ("sign", deliveries.sign, "print the headers with which the platform would sign a body"),
        ("send", deliveries.send, "sign a body and deliver it to the running system"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("platform", help="x, facebook, telegram, ...")
        command.add_argument("file", help="the body, or - for standard input")
        command.add_argument("--connection", default="main", help="default: main")
        if name != "sign":
            command.add_argument("--headers", type=Path, help="a JSON object of headers")
        if name != "parse":
            command.add_argument("--secret-file", type=Path, help="instead of HEED_SIGNING_SECRET")
        if name == "send":
            command.add_argument(
                "--now", action="store_true", help="move the times in the body to the present"
            )
        command.set_defaults(run=run)


def _add_people(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    agent = commands.add_parser("agent", help="people who answer: heed agent add NAME --brand B")
    actions = agent.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="create an agent, or change brands and role of one")
    add.add_argument("name")
    add.add_argument("--brand", required=True, help="brand ids, separated by commas")
    add.add_argument("--lead", action="store_true", help="may pause and change modes")
    add.set_defaults(run=people.add_agent)
    token = commands.add_parser("token", help="sign in and print a token for the desk API")
    token.add_argument("name")
    token.set_defaults(run=people.token)
    for name, run, text in (
        ("pause", people.pause, "stop every machine answer of a brand within 15 seconds"),
        ("resume", people.resume, "let the machine answer again"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("brand")
        if name == "resume":
            command.add_argument("--account", help="enable an account again, e.g. x#2244994945")
        command.set_defaults(run=run)


def _add_replay(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    # Imported here: only this command opens the store.
    from infra.cli import replay

    what = commands.add_parser("replay", help="run again what stayed behind; may be broken off")
    kinds = what.add_subparsers(dest="what", required=True, metavar="WHAT")
    quarantine = kinds.add_parser("quarantine", help="changes that an adapter could not read")
    quarantine.add_argument("--platform", default="", help="only this one")
    quarantine.add_argument("--since", default="", help="only the last 90m, 12h, 3d, ...")
    quarantine.set_defaults(run=replay.quarantine)
    dead = kinds.add_parser("dead", help="what the dead-letter queues name is rung again")
    dead.add_argument("--queue", choices=replay.KINDS, default="", help="only this one")
    dead.set_defaults(run=replay.dead)
    for command in (quarantine, dead):
        command.add_argument("--dry-run", action="store_true", help="only say what would be done")
        command.add_argument("--limit", type=int, default=replay.LIMIT_MAX, help="so many at most")
        command.add_argument("--stage", default="", help="a deployed stage; default: the local run")


if __name__ == "__main__":
    sys.exit(main())
