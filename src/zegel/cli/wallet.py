"""``zegel wallet``: a wallet from the command line, over a vault of its own."""

import asyncio
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.clock import SystemClock
from zegel.adapters.entropy import system_random
from zegel.adapters.health_trust import open_desk
from zegel.adapters.outbound import HttpOutbound
from zegel.adapters.value_set_names import load_value_sets
from zegel.adapters.wallet_vault import WalletVaultFile
from zegel.cli.configuration import add_config_option
from zegel.cli.health_lists import lists_data, say_lists
from zegel.cli.input import read_argument
from zegel.cli.output import ACCEPTED
from zegel.cli.passphrase import add_passphrase_options, read_passphrase
from zegel.cli.wallet_health import ACTIONS, act_on_certificates, certificate_data, certificate_line
from zegel.cli.wallet_words import (
    check_known,
    credential_data,
    credential_line,
    credential_text,
    entry_data,
    entry_text,
    show,
    whole_credential_data,
)
from zegel.config.health import HealthConfig
from zegel.errors import Malformed, Unavailable
from zegel.profiles import HAIP
from zegel.protocols.oauth.token import MAX_TX_CODE
from zegel.protocols.openid4vci.offer import MAX_LINK
from zegel.services.trust import Trust
from zegel.services.wallet.health import HealthBooks
from zegel.services.wallet.issuance import IssuanceHabits
from zegel.services.wallet.safe import Safe
from zegel.services.wallet.wallet import Wallet, WalletHabits

VAULT: Final = "zegel/wallet.vault"
LOG_IN_SECONDS: Final = 300  # a pushed request lives as long
_ID_HELP: Final = "as zegel wallet list prints it"
_STDIN_HELP: Final = "- takes it from stdin, where no other user can read it"


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel wallet``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> ArgumentParser:
        own = commands.add_parser(name, help=text, description=text)
        own.add_argument("--vault", metavar="PATH", type=Path, help=f"default: $XDG_DATA_HOME/{VAULT}")
        own.add_argument("--json", action="store_true", help="JSON on stdout")
        add_passphrase_options(own)
        return own

    add_config_option(command("init", "make a vault, and have the wallet activated by its provider"))
    receive = command("receive", "take up an offer; without a link, fetch what was deferred")
    receive.add_argument("link", metavar="LINK", nargs="?", help=f"the link of an offer; {_STDIN_HELP}")
    receive.add_argument("--tx-code", metavar="C", help=f"the code of a pre-authorized offer; {_STDIN_HELP}")
    receive.add_argument(
        "--wait", metavar="S", type=int, default=LOG_IN_SECONDS, help="how long to wait for the log-in and the issuer"
    )
    add_despite_option(receive, "where wallet.unregistered is warn: ask the issuer")
    add_config_option(receive)
    listed = command("list", "list what is held")
    shown = command("show", "show a credential, its claims included")
    shown.add_argument("id", metavar="ID", help=_ID_HELP)
    present = command("present", "answer a request")
    present.add_argument("link", metavar="LINK", help=f"the link of a request; {_STDIN_HELP}")
    decision = present.add_mutually_exclusive_group()
    decision.add_argument("--yes", action="store_true", help="share the least that answers")
    decision.add_argument("--refuse", action="store_true", help="do not share, and say so; the exit code is 1")
    add_despite_option(present, "share")
    present.add_argument(
        "--no-follow", action="store_true", help="print where the browser goes on, and do not go there"
    )
    add_config_option(present)
    delete = command("delete", "delete a credential, every copy with its key")
    delete.add_argument("id", metavar="ID", help=_ID_HELP)
    add_config_option(command("state", "say whether this wallet is active, and show its revocation code"))
    revoke = command("revoke", "have this wallet revoked by its provider, for good; nobody can undo it")
    revoke.add_argument("--yes", action="store_true", help="it is meant")
    add_config_option(revoke)
    add = command("add-certificate", "keep a health certificate, whatever it is worth today")
    add.add_argument("file", metavar="FILE", help="a PNG, a JPEG, a PDF, or the text of a code; - for stdin")
    certificate = command("certificate", "show a health certificate and what it is worth today")
    certificate.add_argument("id", metavar="ID", help=_ID_HELP)
    certificate.add_argument("--code", action="store_true", help="print the text of its code, and note that in the log")
    gone = command("delete-certificate", "delete a health certificate")
    gone.add_argument("id", metavar="ID", help=_ID_HELP)
    for judging in (listed, add, certificate, gone):
        judging.add_argument(
            "--health-trust", metavar="PATH", type=Path, action="append", default=[], help="trusted document signers"
        )
    command("log", "list all that was shared, received and refused: names, never values")


def add_despite_option(parser: ArgumentParser, act: str) -> None:
    """Add ``--despite``: warnings are set aside one by one (ARF 3.0 RPA_07b)."""
    parser.add_argument(
        "--despite",
        metavar="CHECK",
        action="append",
        default=[],
        help=f"{act} although the wallet warns of this check; once for each warning",
    )


def run(args: Namespace) -> int:
    """Do it."""
    if args.action == "init":
        return asyncio.run(_init(args))
    if getattr(args, "link", None) is not None:
        args.link = read_argument(args.link, max_length=MAX_LINK, what="link")
    if getattr(args, "tx_code", None) is not None:
        args.tx_code = read_argument(args.tx_code, max_length=MAX_TX_CODE, what="transaction code")
    return asyncio.run(_with_wallet(args))


async def _init(args: Namespace) -> int:
    from zegel.cli.wallet_network import activate

    path = vault_path(args)
    file = WalletVaultFile(path, random=system_random)
    if file.exists():
        raise Malformed("command line", "--vault", f"{path} is a vault already; expected the path of a new one")
    safe = Safe(file, clock=SystemClock(), idle=None)
    await safe.create(read_passphrase(args, new=True))
    try:
        data = {"vault": str(path), **await activate(args, safe)}
    finally:
        safe.close()
    code = data["revocation_code"]
    text = f"made {path}" + (f"\nrevocation code: {code}  (write it down)" if data["activated"] else "")
    show(args, data, text)
    return ACCEPTED


async def _with_wallet(args: Namespace) -> int:
    file = WalletVaultFile(vault_path(args), random=system_random)
    if not file.exists():
        raise Unavailable(str(file.path), "there is no vault; make one with zegel wallet init")
    safe = Safe(file, clock=SystemClock(), idle=None)
    await safe.unlock(read_passphrase(args))
    try:
        if args.action in ("receive", "present", "state", "revoke"):
            from zegel.cli.wallet_network import act_on_network  # a role's modules, which take half a second to load

            return await act_on_network(args, safe)
        wallet = _offline(safe, getattr(args, "health_trust", ()))
        if args.action in ACTIONS:
            return await act_on_certificates(args, wallet)
        return await _act(args, wallet)
    finally:
        safe.close()


async def _act(args: Namespace, wallet: Wallet) -> int:
    catalogue, contents = wallet.catalogue, wallet.safe.contents
    match args.action:
        case "list":
            data = {
                "credentials": [credential_data(holding, catalogue) for holding in contents.holdings],
                "certificates": [certificate_data(wallet.health, held) for held in contents.certificates],
                "trust": lists_data(wallet.health.books.desk),
            }
            lines = [credential_line(holding, catalogue) for holding in contents.holdings]
            lines += [certificate_line(wallet.health, held) for held in contents.certificates]
            show(args, data, "\n".join(lines))
            if not args.json and contents.certificates:
                say_lists(wallet.health.books.desk)
        case "show":
            holding = wallet.find(check_known(args.id, contents.holdings, "credential"))
            show(args, whole_credential_data(holding, catalogue), credential_text(holding, catalogue))
            if holding.before is not None:  # what changed has now been seen
                await wallet.renewal.acknowledge(holding.id)
        case "delete":
            gone = await wallet.delete(check_known(args.id, contents.holdings, "credential"))
            show(args, {"deleted": gone.id, "type": gone.credential.type}, f"deleted {gone.id}")
        case "log":
            data = {"log": [entry_data(entry) for entry in contents.log]}
            show(args, data, "\n".join(entry_text(entry, catalogue) for entry in contents.log))
    return ACCEPTED


def vault_path(args: Namespace) -> Path:
    """The vault that a command means."""
    if args.vault is not None:
        return Path(args.vault)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / VAULT


def _offline(safe: Safe, trusted: Sequence[Path]) -> Wallet:
    """The wallet without a configuration: it trusts nobody, and fetches nothing."""
    clock = SystemClock()
    return Wallet(
        safe,
        WalletHabits(issuance=IssuanceHabits(profile=HAIP, copies=1), provider="", plain_origins=frozenset()),
        catalogue=load_catalogue(),
        trust=Trust((), fixed=(), clock=clock),
        health=HealthBooks(desk=open_desk(trusted), value_sets=load_value_sets(), old=HealthConfig().old),
        outbound=HttpOutbound(),
        clock=clock,
        random=system_random,
    )
