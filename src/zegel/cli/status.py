"""``zegel status``: one entry of a list in a file; or, of one's own roles, how many each of their lists is about."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from zegel.adapters.trust_files import load_trust
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.operator import call_operator
from zegel.cli.output import ACCEPTED, UNAVAILABLE, print_data, print_text, say
from zegel.cli.verify import parse_time, read_token
from zegel.config.roles import Config
from zegel.errors import Malformed, Unavailable
from zegel.formats.status.entries import INVALID, MAX_LARGE_LIST, SUSPENDED, VALID
from zegel.formats.status.identifiers import parse_identifier_list, verify_identifier_list
from zegel.formats.status.token import parse_status_list, verify_status_list

PUBLISHING: Final = ("issuer", "wallet-provider", "registrar")
"""The roles that publish lists of statuses."""

_MEANINGS: Final = {VALID: "valid", INVALID: "invalid", SUSPENDED: "suspended"}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "token",
        metavar="TOKEN",
        nargs="?",
        help="the file of a status list token, JWT or CWT, or of an identifier list; - reads stdin; without it, how "
        "many live credentials, wallets and keys, or registrations each list of the configuration's roles relates to",
    )
    entry = parser.add_mutually_exclusive_group()
    entry.add_argument("--index", metavar="N", type=int, help="the entry of a status list")
    entry.add_argument("--identifier", metavar="HEX", help="the identifier to look for in an identifier list")
    parser.add_argument("--trust", metavar="PATH", type=Path, action="append", help="verify it too; repeatable")
    parser.add_argument("--uri", metavar="URI", help="the address that the token has to name, with --trust")
    parser.add_argument("--at", metavar="TIME", help="judge as at this time")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--role", choices=PUBLISHING, help="without TOKEN: ask this role alone (default: all of these)")
    add_config_option(parser)


def run(args: Namespace) -> int:
    """Print the entry; without ``--trust`` it is unverified, and said so."""
    if args.token is None:
        return _show_herds(args)
    if args.role is not None:
        raise Malformed("command line", "--role", "expected no file with it: a role is asked about its own lists")
    if args.identifier is not None:
        return _look_up_identifier(args)
    if args.index is None:
        raise Malformed("command line", "--index", "expected the entry of a status list, or --identifier")
    unverified = parse_status_list(read_token(args.token), content_type=None, max_bytes=MAX_LARGE_LIST)
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
    """Ask the operator APIs; a list that is about too few is called so, for whoever fetches it tells whose.

    Roles may run elsewhere: each that does not answer is named, and the exit code says so; what others say is shown.
    """
    config, asked = find_config(args), PUBLISHING if args.role is None else (args.role,)
    herds, silent = _ask(config, asked)
    for role, error in silent.items() if len(asked) > 1 else ():
        say(f"{_words(role)}: {error.detail}")
    if len(silent) == len(asked):
        raise silent[asked[0]]
    ended = UNAVAILABLE if silent else ACCEPTED
    if args.json:
        unanswered = [{"role": role, "detail": error.detail} for role, error in silent.items()]
        print_data(herds | {"unanswered": unanswered})
        return ended
    for each in herds["lists"]:
        warning = f", fewer than {herds['small_below']}: too few to hide in" if each["small"] else ""
        kind = each["kind"].replace("_", " ")
        print_text(f"{each['uri']}  {kind} of the {_words(each['role'])}, {each['live']} live{warning}")
    return ended


def _ask(config: Config, roles: Sequence[str]) -> tuple[dict[str, Any], dict[str, Unavailable]]:
    """What the roles say of their lists, together, and why some say nothing."""
    said: dict[str, Any] = {"lists": []}
    silent: dict[str, Unavailable] = {}
    for role in roles:
        try:
            answer = call_operator(getattr(config, role.replace("-", "_")), method="GET", path="/status")
        except Unavailable as error:
            silent[role] = error
            continue
        said["small_below"] = answer["small_below"]
        said["lists"] += [{"role": role, **each} for each in answer["lists"]]
    return said, silent


def _words(role: str) -> str:
    return role.replace("-", " ")
