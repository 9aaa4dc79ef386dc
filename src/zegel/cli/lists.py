"""``zegel list``: a list of trusted entities, in JSON or XML, and why it is not trusted; or those that are kept."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from zegel.adapters.clock import SystemClock
from zegel.adapters.files import read_file
from zegel.adapters.keyfiles import load_certificate_bytes
from zegel.adapters.memory import Loopback
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.input import read_input
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.cli.verify import parse_time
from zegel.cli.wallet_words import time_text
from zegel.errors import Malformed, ZegelError
from zegel.primitives.x509 import parse_certificate
from zegel.services.trust import MAX_AGE
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.lists.parse import MAX_TRUSTED_LIST, UnverifiedTrustedList, parse_trusted_list
from zegel.trust.lists.values import ListType
from zegel.trust.lists.verify import verify_trusted_list
from zegel.trust.lists.xml.document import MAX_DOCUMENT
from zegel.trust.lists.xml.parse import UnverifiedXmlList, parse_xml_list
from zegel.trust.lists.xml.values import XmlListPointer, XmlListType
from zegel.trust.lists.xml.verify import verify_list_of_lists, verify_national_list
from zegel.web.app.world import configured_lists, configured_shelves

_XML: Final = b"<"


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
    lines = [f"{name.replace('_', ' '):<12}{in_text(str(value))}" for name, value in said.items()]
    lines += [in_text("  ".join(service)) for service in services]
    print_text("\n".join((*([] if args.signer else ["unverified"]), *lines)))
    return ACCEPTED


def _json(args: Namespace, found: UnverifiedTrustedList) -> dict[str, object]:
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
        "issued": time_text(found.unverified_issued_at),
        "next_update": time_text(found.unverified_next_update),
        "services": [
            [entity.name, service.type, "active" if service.active else "not active"]
            for entity in found.unverified_entities
            for service in entity.services
        ],
    }


def _xml(args: Namespace, data: bytes) -> dict[str, object]:
    found = parse_xml_list(data)
    if args.signer is not None:
        _verify_xml(args, found)
    due = found.unverified_next_update
    return {
        "type": found.unverified_type,
        "operator": found.unverified_operator,
        "territory": found.unverified_territory,
        "sequence": found.unverified_sequence,
        "issued": time_text(found.unverified_issued_at),
        "next_update": "none, it is closed" if due is None else time_text(due),
        "services": [
            [provider.name, service.type, service.status]
            for provider in found.unverified_providers
            for service in provider.services
        ],
    }


def _verify_xml(args: Namespace, found: UnverifiedXmlList) -> object:
    now, signers = parse_time(args.at), load_certificate_bytes(args.signer)
    lists = found if args.through is None else _read_xml(args.through)
    if args.through is None and found.unverified_type != XmlListType.LIST_OF_LISTS:
        return verify_national_list(found, pointer=_by_hand(found, signers), now=now, seen=0)
    pivots = tuple(map(_read_xml, args.pivot))
    verified = verify_list_of_lists(lists, pivots=pivots, signers=signers, now=now, seen=0)
    if args.through is None:
        return verified
    pointers = [each for each in verified.national_pointers() if each.territory == found.unverified_territory]
    if not pointers:
        raise Malformed("command line", "--through", f"expected a list that points to {found.unverified_territory[:2]}")
    return verify_national_list(found, pointer=pointers[0], now=now, seen=0)


def _by_hand(found: UnverifiedXmlList, signers: tuple[bytes, ...]) -> XmlListPointer:
    """What whoever names the signer vouches for."""
    return XmlListPointer(
        location="", type=XmlListType.NATIONAL, territory=found.unverified_territory, media_type=None,
        certificates=signers,
    )  # fmt: skip


def _read_xml(path: Path) -> UnverifiedXmlList:
    return parse_xml_list(read_file(path, max_bytes=MAX_DOCUMENT))


def _show_kept(args: Namespace) -> int:
    """What is kept of each list of the configuration, how old it is, and whether it would still be believed."""
    config, now = find_config(args), SystemClock().now()
    sources = configured_lists(config, outbound=Loopback({}))  # nothing is fetched
    rows = []
    for listed, source, shelf in zip(config.trusted_lists, sources, configured_shelves(config, sources), strict=False):
        kept = None if shelf is None else shelf.load()
        row: dict[str, object] = {"purpose": listed.purpose, "location": listed.location}
        if kept is None:
            rows.append(row | {"state": "nothing is kept"})
            continue
        anchors = TrustAnchors(source.operators)
        try:
            found = parse_trusted_list(kept.body)
            verify_trusted_list(found, expected=source.type, anchors=anchors, now=now, seen=kept.sequence)
            believed = now < kept.fetched_at + MAX_AGE
            state = "trusted" if believed else "not trusted: it was not fetched for a day"
        except ZegelError as error:
            state = f"not trusted: {error.check.id}, {error.detail}"
        rows.append(row | {"sequence": kept.sequence, "age": now - kept.fetched_at, "state": state})
    if args.json:
        print_data({"lists": rows})
    else:
        print_text("\n".join(_lines(rows)) or "the configuration names no lists, or keeps none")
    return ACCEPTED


def _lines(rows: list[dict[str, object]]) -> Iterator[str]:
    for row in rows:
        kept = f"number {row['sequence']}, fetched {row['age']} seconds ago, " if "sequence" in row else ""
        yield in_text(f"{row['purpose']}  {row['location']}  {kept}{row['state']}")
