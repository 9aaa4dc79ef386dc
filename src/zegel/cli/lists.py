"""``zegel list``: lists of trusted entities, shown, kept and signed."""

from argparse import ArgumentParser, Namespace

from zegel.cli import list_kept, list_show, list_sign


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel list``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    list_show.add_arguments(commands.add_parser("show", help="show a list, and why it is not trusted"))
    list_kept.add_arguments(
        commands.add_parser("kept", help="show the lists that the configuration keeps, how old they are, if they count")
    )
    list_sign.add_arguments(
        commands.add_parser("sign", help="sign the next list from its description, in the place of the one before")
    )


def run(args: Namespace) -> int:
    """Do it."""
    match args.action:
        case "show":
            return list_show.run(args)
        case "kept":
            return list_kept.run(args)
        case _:
            return list_sign.run(args)
