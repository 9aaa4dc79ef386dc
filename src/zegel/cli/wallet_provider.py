"""``zegel wallet-provider attest``: attestations for a foreign wallet's own keys, by the operator's word."""

from argparse import ArgumentParser, Namespace

from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.issue import read_jwk_members
from zegel.cli.operator import call_operator
from zegel.cli.output import ACCEPTED, print_data, print_text


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel wallet-provider``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    attest = commands.add_parser("attest", help="attest a wallet by its key, and the keys of a batch")
    attest.add_argument(
        "jwk", metavar="JWK", nargs="+", help="public keys, JSON or files; the first is the wallet's own"
    )
    attest.add_argument("--nonce", metavar="N", help="the issuer's c_nonce, for the key attestation")
    attest.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(attest)


def run(args: Namespace) -> int:
    """Attest: the wallet's key as a wallet instance, all of the keys as keys."""
    body: dict[str, object] = {"jwks": [read_jwk_members(text, option="JWK") for text in args.jwk]}
    if args.nonce is not None:
        body["nonce"] = args.nonce
    config = find_config(args).wallet_provider
    answer = call_operator(
        config.operator_address, config.operator_port, config.operator_token, method="POST", path="/attest", body=body
    )
    if args.json:
        print_data(answer)
    else:
        print_text("\n".join(f"{name}: {value}" for name, value in answer.items()))
    return ACCEPTED
