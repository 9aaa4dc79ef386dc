"""``zegel status``: one entry of a list in a file; or, of one's own issuer, how many each of its lists is about."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from zegel.adapters.trust_files import load_trust
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.operator import call_operator
from zegel.cli.output import ACCEPTED, print_data, print_text
from zegel.cli.verify import parse_time, read_token
from zegel.errors import Malformed
from zegel.formats.status.entries import INVALID, SUSPENDED, VALID
from zegel.formats.status.identifiers import parse_identifier_list, verify_identifier_list
from zegel.formats.status.token import parse_status_list, verify_status_list

_MEANINGS: Final = {VALID: "valid", INVALID: "invalid", SUSPENDED: "suspended"}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "token",
        metavar="TOKEN",
        nargs="?",
        help="the file of a status list token, JWT or CWT, or of an identifier list; - reads stdin; without it, how "
        "many live credentials each list of the configuration's issuer relates to",
    )
    entry = parser.add_mutually_exclusive_group()
    entry.add_argument("--index", metavar="N", type=int, help="the entry of a status list")
    entry.add_argument("--identifier", metavar="HEX", help="the identifier to look for in an identifier list")
    parser.add_argument("--trust", metavar="PATH", type=Path, action="append", help="verify it too; repeatable")
    parser.add_argument("--uri", metavar="URI", help="the address that the token has to name, with --trust")
    parser.add_argument("--at", metavar="TIME", help="judge as at this time")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(parser)


def run(args: Namespace) -> int:
    """Print the entry; without ``--trust`` it is unverified, and said so."""
    if args.token is None:
        return _show_herds(args)
    if args.identifier is not None:
        return _look_up_identifier(args)
    if args.index is None:
        raise Malformed("command line", "--index", "expected the entry of a status list, or --identifier")
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
        raise Malformed("command line", "--index", f"expected an entry below {statuses.size}") from None
    meaning = _MEANINGS.get(value, "of the type's own meaning")
    said = {"index": args.index, "status": value, "meaning": meaning}
    return _say(args, said, f"{args.index}: {value:#04x}, {meaning}")


def _look_up_identifier(args: Namespace) -> int:
    """On an identifier list stands what is revoked."""
    try:
        identifier = bytes.fromhex(args.identifier)
    except ValueError:
        raise Malformed("command line", "--identifier", "expected hexadecimal digits") from None
    unverified = parse_identifier_list(read_token(args.token), content_type=None)
    identifiers = unverified.unverified_identifiers
    if args.trust:
        now = parse_time(args.at)
        uri = args.uri or unverified.unverified_terms.uri
        verified = verify_identifier_list(unverified, uri=uri, anchors=load_trust(args.trust, now=now), now=now)
        identifiers = verified.identifiers
    meaning = _MEANINGS[INVALID if identifier in identifiers else VALID]
    return _say(args, {"identifier": identifier.hex(), "meaning": meaning}, f"{identifier.hex()}: {meaning}")


def _say(args: Namespace, said: dict[str, object], text: str) -> int:
    if args.json:
        print_data(said | {"verified": bool(args.trust)})
    else:
        print_text(f"{'' if args.trust else 'unverified  '}{text}")
    return ACCEPTED


def _show_herds(args: Namespace) -> int:
    """Ask the issuer's operator API; a list that is about too few is called so, for whoever fetches it tells whose."""
    answer = call_operator(find_config(args).issuer, method="GET", path="/status")
    if args.json:
        print_data(answer)
        return ACCEPTED
    for each in answer["lists"]:
        warning = f", fewer than {answer['small_below']}: too few to hide in" if each["small"] else ""
        print_text(f"{each['uri']}  {each['kind'].replace('_', ' ')}, {each['live']} live{warning}")
    return ACCEPTED
