"""``zegel explain [CHECK]``: every rule by which zegel refuses."""

from argparse import ArgumentParser, Namespace

from zegel.checks import Check
from zegel.cli.output import ACCEPTED, print_data, print_text
from zegel.errors import Malformed


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("check", nargs="?", help="the check's name, as a refusal says it")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: Namespace) -> int:
    """Print one check, or all of them in the order in which they are made."""
    checks = list(Check) if args.check is None else [_find(args.check)]
    for check in checks:
        if args.json:
            print_data(
                {
                    "check": check.id,
                    "rule": check.rule,
                    "clause": check.clause,
                    "field": check.field,
                    "fault": str(check.fault),
                    "remedy": check.remedy,
                }
            )
        else:
            print_text(f"{check.id}\n  rule    {check.rule}\n  clause  {check.clause}\n  field   {check.field}")
            print_text(f"  fault   {check.fault}\n  remedy  {check.remedy}\n")
    return ACCEPTED


def _find(name: str) -> Check:
    for check in Check:
        if check.id == name:
            return check
    raise Malformed("command line", "CHECK", "there is no check by that name; zegel explain lists them all")
