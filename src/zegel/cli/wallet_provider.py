"""``zegel wallet-provider``: serve it, attest a foreign wallet's own keys, list and revoke wallets."""

import asyncio
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Any, Final

from zegel.adapters.clock import SystemClock
from zegel.cli import serve
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.input import read_argument
from zegel.cli.issue import read_jwk_members
from zegel.cli.network import outbound_of
from zegel.cli.operator import call_operator
from zegel.cli.output import ACCEPTED, print_data, print_text
from zegel.protocols.oauth.token import MAX_TX_CODE
from zegel.services.wallet.attesting import WalletProviderClient

ROLE: Final = "wallet-provider"


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel wallet-provider``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> ArgumentParser:
        own = commands.add_parser(name, help=text, description=text)
        add_config_option(own)
        return own

    serve.add_json_option(command("serve", "serve the wallet provider of a configuration, until SIGTERM"))
    attest = command("attest", "attest a wallet by its key, and the keys of a batch")
    attest.add_argument(
        "jwk", metavar="JWK", nargs="+", help="public keys, JSON or files; the first is the wallet's own"
    )
    attest.add_argument("--nonce", metavar="N", help="the issuer's c_nonce, for the key attestation")
    attest.add_argument("--json", action="store_true", help="one JSON object on stdout")
    listing = command("list", "list the wallets that were activated")
    listing.add_argument("--json", action="store_true", help="one JSON object a wallet on stdout")
    revoke = command("revoke", "revoke a wallet, for good: by the operator's word, or by its owner's code")
    chosen = revoke.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--instance", metavar="ID", help="as zegel wallet-provider list prints it")
    chosen.add_argument(
        "--code", metavar="C", help="the owner's revocation code; - takes it from stdin. Nobody need be the operator"
    )
    chosen.add_argument("--key-storage", action="store_true", help="the key storage of all wallets of this provider")
    revoke.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: Namespace) -> int:
    """Do it."""
    match args.action:
        case "serve":
            return serve.run(Namespace(roles=[ROLE], config=args.config, json=args.json))
        case "attest":
            return _attest(args)
        case "list":
            return _list(args)
        case _:
            return _revoke(args)


def _attest(args: Namespace) -> int:
    """The wallet's key as a wallet instance, all of the keys as keys."""
    body: dict[str, object] = {"jwks": [read_jwk_members(text, option="JWK") for text in args.jwk]}
    if args.nonce is not None:
        body["nonce"] = args.nonce
    answer = _call(args, "POST", "/attest", body)
    if args.json:
        print_data(answer)
    else:
        print_text("\n".join(f"{name}: {value}" for name, value in answer.items()))
    return ACCEPTED


def _list(args: Namespace) -> int:
    query: dict[str, str] = {}
    while True:
        page = _call(args, "GET", "/instances", None, query)
        for instance in page["instances"]:
            if args.json:
                print_data(instance)
            else:
                print_text(f"{instance['instance']}  since {_day(instance['day'])}, {_words(instance)}")
        if not page["after"]:
            return ACCEPTED
        query = {"after": page["after"]}


def _revoke(args: Namespace) -> int:
    if args.code is not None:
        code = read_argument(args.code, max_length=MAX_TX_CODE, what="code")
        answer = asyncio.run(_revoke_by_code(args, code))
    else:
        body: dict[str, object] = {"key_storage": True} if args.key_storage else {"instance": args.instance}
        answer = _call(args, "POST", "/revocations", body)
    if args.json:
        print_data(answer)
    else:
        print_text("revoked the key storage of all wallets" if args.key_storage else f"the wallet is {_words(answer)}")
    return ACCEPTED


async def _revoke_by_code(args: Namespace, code: str) -> dict[str, Any]:
    origin = find_config(args).wallet_provider.origin
    outbound = outbound_of(args)
    try:
        reason = await WalletProviderClient(origin, outbound=outbound, clock=SystemClock()).revoke(code)
    finally:
        await outbound.aclose()
    return {"state": "revoked", "reason": reason}


def _words(instance: dict[str, Any]) -> str:
    return f"revoked ({instance['reason']})" if instance["state"] == "revoked" else "active"


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _call(args: Namespace, method: str, path: str, body: object, query: dict[str, str] | None = None) -> Any:
    return call_operator(
        find_config(args).wallet_provider,
        method=method,
        path=path,
        body=body,
        query=query,
    )
