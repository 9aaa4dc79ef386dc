"""``zegel status``: one entry of a status list token."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from zegel.adapters.trust_files import load_trust
from zegel.checks import Check
from zegel.cli.output import ACCEPTED, print_data, print_text
from zegel.cli.verify import parse_time, read_token
from zegel.errors import Rejected
from zegel.formats.status.entries import INVALID, SUSPENDED, VALID
from zegel.formats.status.token import parse_status_list, verify_status_list

_MEANINGS = {VALID: "valid", INVALID: "invalid", SUSPENDED: "suspended"}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("token", metavar="TOKEN", help="the file of a status list token, JWT or CWT; - reads stdin")
    parser.add_argument("--index", metavar="N", type=int, required=True, help="the entry")
    parser.add_argument("--trust", metavar="PATH", type=Path, action="append", help="verify it too; repeatable")
    parser.add_argument("--uri", metavar="URI", help="the address that the token has to name, with --trust")
    parser.add_argument("--at", metavar="TIME", help="judge as at this time")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: Namespace) -> int:
    """Print the entry; without ``--trust`` it is unverified, and said so."""
    unverified = parse_status_list(read_token(args.token), content_type=None)
    statuses = unverified.unverified_statuses
    if args.trust:
        now = parse_time(args.at)
        uri = args.uri or unverified.unverified_uri
        verified = verify_status_list(unverified, uri=uri, anchors=load_trust(args.trust, now=now), now=now)
        statuses = verified.statuses
    try:
        value = statuses.get(args.index)
    except IndexError:
        detail = f"expected an entry below {statuses.size}"
        raise Rejected(Check.STATUS, detail, field="--index") from None
    meaning = _MEANINGS.get(value, "of the type's own meaning")
    if args.json:
        print_data({"index": args.index, "status": value, "meaning": meaning, "verified": bool(args.trust)})
    else:
        print_text(f"{'' if args.trust else 'unverified  '}{args.index}: {value:#04x}, {meaning}")
    return ACCEPTED
