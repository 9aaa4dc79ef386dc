"""``zegel issuer`` and ``zegel revoke``: the issuer's operator API from the command line."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any, Final

from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.input import choices_of
from zegel.cli.operator import call_operator
from zegel.cli.output import ACCEPTED, UNAVAILABLE, print_data, print_text, say
from zegel.formats.credential import Format

GRANTS: Final = ("pre-authorized", "authorization-code")


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel issuer``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    offer = commands.add_parser("offer", help="offer a credential, as a link for a wallet")
    offer.add_argument("type", metavar="TYPE", help="an attestation type of the catalogue, such as pid")
    offer.add_argument("--format", choices=choices_of(Format), action="append", help="default: each that the type has")
    offer.add_argument("--grant", choices=GRANTS, default="authorization-code", help="how it is authorised")
    offer.add_argument("--person", metavar="ID", help="whom it is for; required for a pre-authorized offer")
    offer.add_argument("--tx-code", action="store_true", help="ask the wallet for a transaction code")
    offer.add_argument("--by-value", action="store_true", help="the link holds the offer, in place of its address")
    offer.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(offer)
    check = commands.add_parser(
        "check-wallets", help="look up now whether wallets were revoked, and revoke what ends with them"
    )
    check.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(check)


def add_revoke_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel revoke``'s arguments."""
    parser.add_argument("--person", metavar="ID", required=True, help="whose credentials")
    parser.add_argument("--type", metavar="TYPE", help="of one type only")
    parser.add_argument(
        "--wallet", action="store_true", help="the person has died: have the wallet providers revoke the wallets too"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(parser)


def run(args: Namespace) -> int:
    """Make an offer, or look at the wallets."""
    return _check_wallets(args) if args.action == "check-wallets" else _offer(args)


def _offer(args: Namespace) -> int:
    body: dict[str, object] = {
        "type": args.type,
        "formats": args.format or [],
        "grant": args.grant,
        "tx_code": args.tx_code,
        "by_value": args.by_value,
    }
    if args.person is not None:
        body["person"] = args.person
    answer = _call(args, "/offers", body)
    if args.json:
        print_data(answer)
    else:
        print_text(answer["link"] + (f"\ntransaction code: {answer['tx_code']}" if answer["tx_code"] else ""))
    return ACCEPTED


def revoke(args: Namespace) -> int:
    """Revoke, for good."""
    body: dict[str, object] = {"person": args.person}
    body |= {} if args.type is None else {"type": args.type}
    answer = _call(args, "/revocations", body | ({"wallet": True} if args.wallet else {}))
    failed = [asked for asked in answer.get("wallets", ()) if asked["detail"]]
    if not answer["revoked"]:
        say("nothing was revoked: nothing that has a status and is not revoked yet is known of this person")
    if args.json:
        print_data(answer)
    else:
        _print_revoked(answer["revoked"])
        for asked in answer.get("wallets", ()):
            print_text(f"{asked['provider']}: {asked['detail'] or 'revoked a wallet'}")
    return UNAVAILABLE if failed else ACCEPTED


def _check_wallets(args: Namespace) -> int:
    answer = _call(args, "/wallets/check", {})
    if args.json:
        print_data(answer)
    else:
        _print_revoked(answer["revoked"])
        for detail in answer["failed"]:
            say(f"not looked up: {detail}")
    return UNAVAILABLE if answer["failed"] else ACCEPTED


def _print_revoked(batches: Sequence[Any]) -> None:
    for batch in batches:
        why = f": {batch['why']}" if "why" in batch else ""
        print_text(f"revoked {batch['copies']} copies of {batch['type']} as {batch['format']}{why}")


def _call(args: Namespace, path: str, body: object) -> Any:
    return call_operator(find_config(args).issuer, method="POST", path=path, body=body)
