"""``zegel sandbox``: authorities, certificates, lists, keys and a configuration for every role, in one folder."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from zegel.adapters.clock import SystemClock
from zegel.adapters.entropy import system_random
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, PORTS, ROLES, SandboxPlan
from zegel.cli.output import ACCEPTED, print_data, print_text
from zegel.errors import Malformed
from zegel.profiles import PROFILES

DEFAULT: Final = Path("sandbox")
_FOLDER_HELP: Final = f"a new or empty folder (default: {DEFAULT})"
_OPERATOR_OFFSET: Final = 10
_METRICS_OFFSET: Final = 20
_LAST_PORT: Final = 65_535  # RFC 9293 section 3.1: sixteen bits


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", default=DEFAULT, help=_FOLDER_HELP)
    parser.add_argument("--profile", choices=list(PROFILES), default="haip", help="default: haip")
    parser.add_argument("--tls", action="store_true", help="serve TLS from the sandbox's own web authority")
    parser.add_argument("--port", metavar="N", type=int, default=7101, help="the first of the ports (default: 7101)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: Namespace) -> int:
    """Make it."""
    last = args.port + _METRICS_OFFSET + len(ROLES) - 1
    if not 0 < args.port <= last <= _LAST_PORT:
        detail = f"expected 1 to {_LAST_PORT - last + args.port}, for the ports above it are taken too"
        raise Malformed("command line", "--port", detail)
    plan = SandboxPlan(
        profile=args.profile,
        tls=args.tls,
        ports={role: args.port + at for role, at in PORTS.items()},
        operator_ports={role: args.port + _OPERATOR_OFFSET + at for at, role in enumerate(OPERATED)},
        metrics_ports={role: args.port + _METRICS_OFFSET + at for at, role in enumerate(ROLES)},
    )
    made = create_sandbox(args.folder, plan, now=SystemClock().now(), random=system_random)
    paths = {"config": str(made.config), "trust_folder": str(made.trust_folder), "web_ca": str(made.web_ca)}
    if args.json:
        print_data(paths)
    else:
        print_text(f"made {made.config}\nstart the roles with: zegel serve --config {made.config}")
    return ACCEPTED
