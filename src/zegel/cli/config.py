"""``zegel config``: a configuration checked before roles start with it, and shown as it counts."""

from argparse import ArgumentParser, Namespace

from zegel.adapters.configuration import find_faults, load_config
from zegel.cli.configuration import add_config_option, find_config_file
from zegel.cli.output import ACCEPTED, UNAVAILABLE, in_text, print_data, print_text
from zegel.config.render import render_values, shown_values
from zegel.errors import Malformed
from zegel.web.app.all import ROLE_NAMES


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel config``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    check = commands.add_parser("check", help="find what would keep roles from starting; opens no database and no port")
    names = ", ".join(ROLE_NAMES)
    check.add_argument(
        "roles",
        metavar="ROLE",
        nargs="*",
        help=f"of {names}: see to their keys and databases too; without one, the file alone",
    )
    show = commands.add_parser("show", help="print every setting as it counts, defaults and all; secrets are hidden")
    for command in (check, show):
        command.add_argument("--json", action="store_true", help="one JSON object on stdout")
        add_config_option(command)


def run(args: Namespace) -> int:
    """Check or show. A file that does not parse, or has an unknown setting, is malformed, and the setting is named."""
    file = find_config_file(args)
    config = load_config(file)
    if args.action == "show":
        if args.json:
            print_data(shown_values(config))
        else:
            print_text(render_values(config).removesuffix("\n"))
        return ACCEPTED
    for role in args.roles:
        if role not in ROLE_NAMES:
            raise Malformed("command line", "ROLE", f"expected some of {', '.join(ROLE_NAMES)}")
    tables = [role.replace("-", "_") for role in args.roles]
    faults = list(find_faults(config, {table: getattr(config, table) for table in tables}))
    if args.json:
        print_data({"config": str(file), "ok": not faults, "faults": faults})
    else:
        print_text("\n".join(map(in_text, faults)) if faults else f"{in_text(str(file))}  ok")
    return UNAVAILABLE if faults else ACCEPTED
