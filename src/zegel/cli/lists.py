"""``zegel list``: a list of trusted entities, in JSON or XML, and why it is not trusted; or those that are kept."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

from zegel.adapters.clock import SystemClock
from zegel.adapters.files import read_file
from zegel.adapters.keyfiles import load_certificate_bytes
from zegel.adapters.memory import Loopback
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.input import read_input
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.cli.verify import parse_time
from zegel.cli.wallet_words import time_text
from zegel.config.roles import Config
from zegel.errors import Malformed, ZegelError
from zegel.primitives.x509 import DAY, parse_certificate
from zegel.services.ports import Clock
from zegel.services.trust_ports import MAX_AGE, ListHealth
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.lists.parse import MAX_TRUSTED_LIST, UnverifiedTrustedList, parse_trusted_list
from zegel.trust.lists.values import ListType
from zegel.trust.lists.verify import verify_trusted_list
from zegel.trust.lists.xml.document import MAX_DOCUMENT
from zegel.trust.lists.xml.parse import UnverifiedXmlList, parse_xml_list
from zegel.trust.lists.xml.values import XmlListType
from zegel.trust.lists.xml.verify import pointer_by_hand, verify_list_of_lists, verify_national_list
from zegel.web.app.qualified import configured_qualified
from zegel.web.app.world import configured_lists, configured_shelves

Row: TypeAlias = dict[str, object]

_XML: Final = b"<"
_NOTHING: Final = "nothing is kept"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="a list, in JSON (a JWS) or XML; - reads stdin; without it, the lists that the configuration keeps",
    )
    parser.add_argument(
        "--signer", metavar="PEM", type=Path, help="verify it: what its signer leads to, or for XML has itself"
    )
    parser.add_argument(
        "--through", metavar="FILE", type=Path, help="a national list: the list of the lists that points to it"
    )
    parser.add_argument(
        "--pivot",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a list of the lists of the past that leads from --signer to who signs now, the newest first; repeatable",
    )
    parser.add_argument("--at", metavar="TIME", help="judge as at this time")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(parser)


def run(args: Namespace) -> int:
    """Show a list; ``Rejected`` says why it is not trusted. Without ``--signer`` it is unverified, and said so."""
    if args.file is None:
        return _show_kept(args)
    data = read_input(args.file, max_bytes=MAX_TRUSTED_LIST, what="list of trusted entities")
    is_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == _XML
    said = _xml(args, data) if is_xml else _json(args, parse_trusted_list(data.strip()))
    if args.json:
        print_data(said | {"verified": args.signer is not None})
        return ACCEPTED
    services = said.pop("services")
    assert isinstance(services, list)
    lines = [f"{name.replace('_', ' '):<12}{in_text(_shown(name, value))}" for name, value in said.items()]
    lines += [in_text("  ".join(service)) for service in services]
    print_text("\n".join((*([] if args.signer else ["unverified"]), *lines)))
    return ACCEPTED


def _json(args: Namespace, found: UnverifiedTrustedList) -> Row:
    if args.signer is not None:
        expected = next((each for each in ListType if each == found.unverified_type), ListType.PID_PROVIDERS)
        anchors = TrustAnchors(
            TrustAnchor(certificate=parse_certificate(der), purpose=Purpose.LIST, entity=str(args.signer))
            for der in load_certificate_bytes(args.signer)
        )
        verify_trusted_list(found, expected=expected, anchors=anchors, now=parse_time(args.at), seen=0)
    return {
        "type": found.unverified_type,
        "operator": found.unverified_operator,
        "sequence": found.unverified_sequence,
        **_times(args, found.unverified_issued_at, found.unverified_next_update),
        "services": [
            [entity.name, service.type, "active" if service.active else "not active"]
            for entity in found.unverified_entities
            for service in entity.services
        ],
    }


def _xml(args: Namespace, data: bytes) -> Row:
    found = parse_xml_list(data)
    if args.signer is not None:
        _verify_xml(args, found)
    return {
        "type": found.unverified_type,
        "operator": found.unverified_operator,
        "territory": found.unverified_territory,
        "sequence": found.unverified_sequence,
        **_times(args, found.unverified_issued_at, found.unverified_next_update),
        "services": [
            [provider.name, service.type, service.status]
            for provider in found.unverified_providers
            for service in provider.services
        ],
    }


def _times(args: Namespace, issued_at: int, next_update: int | None) -> Row:
    """When it was issued and the next one is due, as times, and how long ago and until then that is, in seconds."""
    now = parse_time(args.at)
    return {
        "issued": time_text(issued_at),
        "next_update": "none, it is closed" if next_update is None else time_text(next_update),
        "age": now - issued_at,
        "left": None if next_update is None else next_update - now,
    }


def _shown(name: str, value: object) -> str:
    if name not in ("age", "left") or not isinstance(value, int):
        return str(value)
    return f"{value / DAY:.1f} days" if abs(value) >= DAY else f"{value} seconds"


def _verify_xml(args: Namespace, found: UnverifiedXmlList) -> object:
    now, signers = parse_time(args.at), load_certificate_bytes(args.signer)
    lists = found if args.through is None else _read_xml(args.through)
    if args.through is None and found.unverified_type != XmlListType.LIST_OF_LISTS:
        return verify_national_list(found, pointer=pointer_by_hand(found, signers=signers), now=now, seen=0)
    pivots = tuple(map(_read_xml, args.pivot))
    verified = verify_list_of_lists(lists, pivots=pivots, signers=signers, now=now, seen=0)
    if args.through is None:
        return verified
    pointers = [each for each in verified.national_pointers() if each.territory == found.unverified_territory]
    if not pointers:
        raise Malformed("command line", "--through", f"expected a list that points to {found.unverified_territory[:2]}")
    return verify_national_list(found, pointer=pointers[0], now=now, seen=0)


def _read_xml(path: Path) -> UnverifiedXmlList:
    return parse_xml_list(read_file(path, max_bytes=MAX_DOCUMENT))


def _show_kept(args: Namespace) -> int:
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
