"""``zegel log watch``: whether a log keeps its word, and which certificates it holds that nobody expected."""

import asyncio
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from zegel.adapters.clock import SystemClock
from zegel.adapters.files import read_owner_only, replace_owner_only
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.trust_files import load_trust
from zegel.cli.configuration import add_config_option
from zegel.cli.network import outbound_of
from zegel.cli.output import ACCEPTED, REJECTED, in_text, print_many, print_text
from zegel.cli.spool import Spool
from zegel.errors import Malformed, Unavailable
from zegel.services.log_watch import (
    MAX_STATE,
    LogWatch,
    See,
    WatchState,
    names_of,
    nobody_expected,
    parse_watch_state,
)
from zegel.trust.transparency.issuance import tbs_of
from zegel.trust.transparency.items import LogEntry
from zegel.trust.transparency.logs import TransparencyLog
from zegel.trust.transparency.precertificate import unsigned_certificate


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel log``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    watch = commands.add_parser("watch", help="prove that a log has only grown, and look at what is new in it")
    watch.add_argument("url", metavar="URL", help="the log's base URL")
    watch.add_argument("--state", metavar="FILE", type=Path, required=True, help="what was seen; made when missing")
    watch.add_argument(
        "--trust",
        metavar="PATH",
        type=Path,
        action="append",
        required=True,
        help="a folder of signed lists with operator.pem, on which the log's key stands; repeatable",
    )
    watch.add_argument(
        "--name", metavar="NAME", action="append", default=[], help="a host, an organisation or its identifier to watch"
    )
    watch.add_argument(
        "--known", metavar="FILE", type=Path, action="append", default=[], help="PEM certificates that are expected"
    )
    watch.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(watch)


def run(args: Namespace) -> int:
    """Visit the log; 1 where it contradicts itself, or holds what nobody expected."""
    clock, url = SystemClock(), args.url.rstrip("/")
    log = _log(load_trust(args.trust, now=clock.now()).logs, url)
    state = WatchState()
    if args.state.exists():
        state = parse_watch_state(read_owner_only(args.state, max_bytes=MAX_STATE))
    known = frozenset(tbs_of(certificate) for file in args.known for certificate in load_certificates(file))
    names = frozenset(name.lower() for name in args.name)
    with Spool() as rows:

        def see(index: int, entry: LogEntry | None) -> None:
            unknown = bool(names or known) and nobody_expected(entry, names=names, known=known)
            rows.add(_row(index, entry) | {"unknown": unknown})

        state = asyncio.run(_visit(args, log, url, state, clock, see))
        _tell(args, log, state, rows)
    replace_owner_only(args.state, state.encode())  # not before: what is kept as seen is told of no more
    return REJECTED if rows.unknown else ACCEPTED


def _log(logs: tuple[TransparencyLog, ...], url: str) -> TransparencyLog:
    for log in logs:
        if log.url == url:
            return log
    known = ", ".join(log.url for log in logs if log.url is not None) or "none"
    raise Unavailable("log", f"no list that is trusted has a log at this address; those on it: {known}")


async def _visit(
    args: Namespace, log: TransparencyLog, url: str, state: WatchState, clock: SystemClock, see: See
) -> WatchState:
    outbound = outbound_of(args)
    try:
        return await LogWatch(log, url=url, outbound=outbound, clock=clock).visit(state, see=see)
    finally:
        await outbound.aclose()


def _tell(args: Namespace, log: TransparencyLog, state: WatchState, rows: Spool) -> None:
    assert state.sth is not None
    head = state.sth.head
    if args.json:
        told = {"log": log.name, "tree_size": head.tree_size, "root": head.root_hash.hex(), "left": state.left}
        print_many(told, "entries", rows)
        return
    whose = f"log {log.name} of {in_text(log.entity)}"
    left = f"; {state.left} are left for the next visit" if state.left else ""
    print_text(f"{whose}: {head.tree_size} entries, {rows.count} of them new; it has only grown{left}")
    for row in rows:
        strange = "UNKNOWN  " if row["unknown"] else ""
        print_text(f"{row['index']}  {strange}{in_text(row['subject'])}  {in_text(row['names'])}")


def _row(index: int, entry: LogEntry | None) -> dict[str, Any]:
    if entry is None:
        return {"index": index, "subject": "an entry of another type", "issuer": None, "names": []}
    try:
        certificate, names = unsigned_certificate(entry.tbs_certificate), sorted(names_of(entry))
    except Malformed:
        return {"index": index, "subject": "a certificate that cannot be read", "issuer": None, "names": []}
    return {"index": index, "subject": certificate.subject, "issuer": certificate.issuer, "names": names}
