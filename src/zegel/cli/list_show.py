"""``zegel list show``: a list of trusted entities, in JSON or XML, and why it is not trusted."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final, TypeAlias

from zegel.adapters.files import read_file
from zegel.adapters.keyfiles import load_certificate_bytes
from zegel.cli.input import read_input
from zegel.cli.list_operators import add_crl_option, list_operators
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.cli.verify import parse_time
from zegel.cli.wallet_words import time_text
from zegel.errors import Malformed
from zegel.primitives.x509 import DAY
from zegel.trust.lists.parse import MAX_TRUSTED_LIST, UnverifiedTrustedList, parse_trusted_list
from zegel.trust.lists.values import ListType
from zegel.trust.lists.verify import verify_trusted_list
from zegel.trust.lists.xml.document import MAX_DOCUMENT
from zegel.trust.lists.xml.parse import UnverifiedXmlList, parse_xml_list
from zegel.trust.lists.xml.values import XmlListType
from zegel.trust.lists.xml.verify import pointer_by_hand, verify_list_of_lists, verify_national_list

Row: TypeAlias = dict[str, object]

_XML: Final = b"<"
_NOTHING: Final = "nothing is kept"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a list, in JSON (a JWS) or XML; - reads stdin",
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
    add_crl_option(parser)
    parser.add_argument("--at", metavar="TIME", help="judge as at this time")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: Namespace) -> int:
    """Show a list; ``Rejected`` says why it is not trusted. Without ``--signer`` it is unverified, and said so."""
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
        anchors = list_operators(args.signer, args.crl)
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
