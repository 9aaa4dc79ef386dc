"""The command tree. Each command's module is loaded when it is called, so that the others cost nothing."""

import signal
import sys
import threading
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Final, final

from zegel.adapters.process import keep_memory_private
from zegel.errors import ZegelError
from zegel.version import __version__

_DESCRIPTION: Final = "European digital identity on one machine: issue, hold, present, verify, sign in, trust."
_EPILOG: Final = """\
stdout is data, messages go to stderr; --json gives one JSON object
exit codes: 0 accepted, 1 rejected or denied, 2 malformed or wrong usage, 3 unavailable, 70 a fault of zegel
the configuration: --config, $ZEGEL_CONFIG, ./zegel.toml, or that of the running demo, which is never served
"""


INTERRUPTED: Final = 130  # as shells have it: 128 and the number of SIGINT


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: its module below ``zegel.cli``, and the names there that add its arguments and run it."""

    module: str
    help: str
    arguments: str = "add_arguments"
    run: str = "run"


COMMANDS: Final = {
    "demo": Command(module="demo", help="start every role on this machine, or tell the whole story"),
    "wallet": Command(module="wallet", help="receive, hold and present credentials"),
    "issuer": Command(module="issuer", help="offer credentials, look at the wallets that have some"),
    "revoke": Command(module="issuer", help="revoke credentials", arguments="add_revoke_arguments", run="revoke"),
    "verifier": Command(module="verifier", help="ask for presentations, read the answers"),
    "wallet-provider": Command(module="wallet_provider", help="serve the wallet provider, list and revoke wallets"),
    "registrar": Command(module="registrar", help="serve the register, move registrations, search, audit its log"),
    "access-authority": Command(
        module="access_authority", help="serve the access authority, order and revoke its certificates, keep its root"
    ),
    "verify": Command(module="verify", help="judge a credential or a presentation"),
    "inspect": Command(module="inspect", help="show what a file says of itself, unverified"),
    "issue": Command(module="issue", help="issue one credential from the command line"),
    "status": Command(module="status", help="look up an entry of a status list"),
    "list": Command(module="lists", help="show lists of trusted entities, and why one is not trusted; sign them"),
    "sandbox": Command(module="sandbox", help="make authorities, keys, lists and a configuration"),
    "serve": Command(module="serve", help="serve roles of a configuration"),
    "config": Command(module="config", help="check a configuration, or show it as it counts"),
    "crl": Command(module="crl", help="revoke certificates of a sandbox, publish what is revoked"),
    "keys": Command(module="keys", help="list and rotate the keys of roles"),
    "log": Command(module="log", help="watch a log of access certificates"),
    "db": Command(module="db", help="check, upgrade, back up and restore the databases of roles"),
    "doctor": Command(module="doctor", help="examine a deployment before the first wallet does"),
    "hcert": Command(module="hcert", help="show, judge and issue EU Digital COVID Certificates"),
    "why": Command(module="why", help="show the path from a file to its anchor, or the first step that breaks"),
    "explain": Command(module="explain", help="say what a check asks, and what to do"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    parsed: Namespace | None = None
    try:
        with _ended_at_once():
            parsed = _parser(args).parse_args(args)
            run = _runner(COMMANDS[parsed.command])
        keep_memory_private()
        return run(parsed)
    except ZegelError as error:
        from zegel.cli.output import report

        return report(error, as_json=getattr(parsed, "json", False))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        from zegel.cli.output import let_reader_go

        let_reader_go()
        return 0
    except Exception as error:  # noqa: BLE001 the last line: a fault of ours is said in one line, without a trace
        from zegel.cli.output import report_fault

        return report_fault(error)


@contextmanager
def _ended_at_once() -> Iterator[None]:
    """Ctrl-C ends the program without a word: nothing is begun yet, and modules in C do not survive an exception."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _runner(command: Command) -> Callable[[Namespace], int]:
    run: Callable[[Namespace], int] = getattr(import_module(f"zegel.cli.{command.module}"), command.run)
    return run


def _parser(args: Sequence[str]) -> ArgumentParser:
    parser = ArgumentParser(
        prog="zegel", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"zegel {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        own = commands.add_parser(name, help=command.help, description=command.help)
        if name in args[:1]:
            _add_arguments(own, command)
    return parser


def _add_arguments(parser: ArgumentParser, command: Command) -> None:
    getattr(import_module(f"zegel.cli.{command.module}"), command.arguments)(parser)
