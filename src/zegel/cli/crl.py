"""``zegel crl``: the lists of revoked certificates of a sandbox's authorities."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from zegel.adapters.clock import SystemClock
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.revocation_files import read_revocations
from zegel.adapters.sandbox.revocations import renew_revocations, revoke_certificate
from zegel.cli.configuration import add_config_option, find_config_file
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.cli.wallet_words import time_text
from zegel.primitives.crl import UnverifiedCrl


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel crl``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="every list, what is on it, and when its next update is due")
    revoke = commands.add_parser("revoke", help="revoke a certificate for good, and publish its authority's list anew")
    revoke.add_argument("certificate", metavar="PEM", type=Path, help="the certificate, or a chain that begins with it")
    renew = commands.add_parser("renew", help="publish every list anew, before its next update is due")
    for command in (listing, revoke, renew):
        command.add_argument("--json", action="store_true", help="one JSON object on stdout")
        add_config_option(command)


def run(args: Namespace) -> int:
    """List, revoke or renew; then list."""
    folder = find_config_file(args).resolve().parent
    now = SystemClock().now()
    if args.action == "revoke":
        revoke_certificate(folder, load_certificates(args.certificate)[0], now=now)
    elif args.action == "renew":
        renew_revocations(folder, now=now)
    lists = read_revocations(folder / "trust")
    if args.json:
        print_data({"lists": [_data(each) for each in lists]})
    else:
        print_text("\n".join(map(_line, lists)))
    return ACCEPTED


def _data(crl: UnverifiedCrl) -> dict[str, object]:
    return {
        "issuer": crl.unverified_issuer,
        "number": crl.unverified_number,
        "this_update": crl.unverified_this_update,
        "next_update": crl.unverified_next_update,
        "revoked": _serials(crl),
    }


def _line(crl: UnverifiedCrl) -> str:
    until, revoked = time_text(crl.unverified_next_update), ", ".join(_serials(crl)) or "nothing"
    return f"{in_text(crl.unverified_issuer)}  number {crl.unverified_number}, until {until}: {revoked}"


def _serials(crl: UnverifiedCrl) -> list[str]:
    """In hexadecimal, as certificates are shown elsewhere."""
    return [f"{serial:x}" for serial in sorted(crl.unverified_serials)]
