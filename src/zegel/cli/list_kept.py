"""``zegel list kept``: the lists that a configuration keeps, how old each is, and whether it still counts."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Final, TypeAlias

from zegel.adapters.clock import SystemClock
from zegel.adapters.memory import Loopback
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.cli.wallet_words import time_text
from zegel.config.roles import Config
from zegel.errors import ZegelError
from zegel.services.ports import Clock
from zegel.services.trust_ports import MAX_AGE, ListHealth
from zegel.trust.anchors import TrustAnchors
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.verify import verify_trusted_list
from zegel.web.app.qualified import configured_qualified
from zegel.web.app.world import configured_lists, configured_shelves

Row: TypeAlias = dict[str, object]

_NOTHING: Final = "nothing is kept"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(parser)


def run(args: Namespace) -> int:
    """What is kept of each list of the configuration, how old it is, and whether it would still be believed."""
    config, clock = find_config(args), SystemClock()
    rows = [*_kept_json(config, clock.now()), *asyncio.run(_kept_xml(config, clock))]
    if args.json:
        print_data({"lists": rows})
    else:
        print_text("\n".join(_lines(rows)) or "the configuration names no lists, or keeps none")
    return ACCEPTED


def _kept_json(config: Config, now: int) -> Iterator[Row]:
    sources = configured_lists(config, outbound=Loopback({}))  # nothing is fetched
    for listed, source, shelf in zip(config.trusted_lists, sources, configured_shelves(config, sources), strict=False):
        kept = None if shelf is None else shelf.load()
        row: Row = {"purpose": listed.purpose, "location": listed.location}
        if kept is None:
            yield row | {"state": _NOTHING}
            continue
        anchors = TrustAnchors(source.operators)
        due: int | None = None
        try:
            found = parse_trusted_list(kept.body)
            due = found.unverified_next_update
            verify_trusted_list(found, expected=source.type, anchors=anchors, now=now, seen=kept.sequence)
            state = _state(now, until=kept.fetched_at + MAX_AGE, error=None)
        except ZegelError as error:
            state = _state(now, until=None, error=error)
        age = now - kept.fetched_at
        yield row | {"sequence": kept.sequence, "age": age, "next_update": _due(due), "state": state}


async def _kept_xml(config: Config, clock: Clock) -> list[Row]:
    """Of the lists in XML, each that what is kept leads to."""
    if config.lists.kept is None:
        return []
    rows: list[Row] = []
    found = configured_qualified(config, outbound=Loopback({}), clock=clock, kept=config.lists.kept)
    for listed, qualified in zip(config.qualified_lists, found, strict=True):
        await qualified.unpack()
        rows += [_row(listed.location, health, clock.now()) for health in qualified.health()]
    return rows


def _row(location: str, health: ListHealth, now: int) -> Row:
    row: Row = {"purpose": "qualified-attestation", "location": location, "list": health.title}
    if health.fetched_at is None:
        return row | {"state": _NOTHING if health.error is None else _state(now, until=None, error=health.error)}
    return row | {
        "sequence": health.sequence,
        "age": now - health.fetched_at,
        "next_update": _due(health.next_update),
        "state": _state(now, until=health.until, error=health.error),
    }


def _state(now: int, *, until: int | None, error: ZegelError | None) -> str:
    if error is not None:
        return f"not trusted: {error.check.id}, {error.detail}"
    return "trusted" if until is not None and now < until else "not trusted: it was not fetched for a day"


def _due(next_update: int | None) -> str:
    return "unknown" if next_update is None else time_text(next_update)


def _lines(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        kept = ""
        if "sequence" in row:
            kept = f"number {row['sequence']}, fetched {row['age']} seconds ago, due {row['next_update']}, "
        which = f"{row['list']}, " if "list" in row else ""
        yield in_text(f"{row['purpose']}  {row['location']}  {which}{kept}{row['state']}")
