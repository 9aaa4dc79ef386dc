"""A trusted list in XML, read as far as trust needs it (TS 119 612 clause 5)."""

from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.trust.lists.xml.document import Element, child, children, local_name, open_document, text_of, time_of
from zegel.trust.lists.xml.names import TSL, WHAT, read_name, read_pointer
from zegel.trust.lists.xml.services import read_provider
from zegel.trust.lists.xml.signature import UnverifiedXmlSignature, take_signature
from zegel.trust.lists.xml.values import TrustServiceProvider, XmlListPointer

_VERSIONS: Final = frozenset({5, 6})  # clause 5.3.1: 5 since edition 2.1.1, 6 since 2.3.1
_MAX_DIGITS: Final = 12  # of a sequence number, which rises by one from list to list


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedXmlList:
    """A list that parses; nothing in it is proven. Times are seconds since the epoch.

    ``unverified_next_update`` is None for a list that is closed. ``unverified_information`` are the addresses that the
    scheme names, the newest first; those of pivots are among them.
    """

    signature: UnverifiedXmlSignature
    unverified_type: str
    unverified_sequence: int
    unverified_operator: str
    unverified_territory: str
    unverified_issued_at: int
    unverified_next_update: int | None
    unverified_information: tuple[str, ...]
    unverified_pointers: tuple[XmlListPointer, ...]
    unverified_providers: tuple[TrustServiceProvider, ...]


def parse_xml_list(data: bytes) -> UnverifiedXmlList:
    """Parse a signed list; ``Malformed`` for anything but a list of TS 119 612 with one signature over all of it."""
    root = open_document(data, what=WHAT)
    if root.tag != f"{TSL}TrustServiceStatusList":
        raise Malformed(WHAT, local_name(root.tag)[:80], "expected a TrustServiceStatusList")
    signature = take_signature(root, what=WHAT)
    scheme = child(root, f"{TSL}SchemeInformation", what=WHAT)
    if _number(scheme, "TSLVersionIdentifier") not in _VERSIONS:
        raise Malformed(WHAT, "TSLVersionIdentifier", "expected 5 or 6")
    return UnverifiedXmlList(
        signature=signature,
        unverified_type=_text(scheme, "TSLType"),
        unverified_sequence=_number(scheme, "TSLSequenceNumber"),
        unverified_operator=read_name(child(scheme, f"{TSL}SchemeOperatorName", what=WHAT)),
        unverified_territory=_text(scheme, "SchemeTerritory"),
        unverified_issued_at=time_of(child(scheme, f"{TSL}ListIssueDateTime", what=WHAT), what=WHAT),
        unverified_next_update=_next_update(scheme),
        unverified_information=tuple(text_of(uri, what=WHAT) for uri in _within(scheme, "SchemeInformationURI", "URI")),
        unverified_pointers=tuple(map(read_pointer, _within(scheme, "PointersToOtherTSL", "OtherTSLPointer"))),
        unverified_providers=tuple(
            map(read_provider, _within(root, "TrustServiceProviderList", "TrustServiceProvider"))
        ),
    )


def _within(element: Element, outer: str, inner: str) -> list[Element]:
    return [found for each in children(element, TSL + outer) for found in children(each, TSL + inner)]


def _next_update(scheme: Element) -> int | None:
    """Clause 5.3.15: a list that is closed has an empty one."""
    times = list(children(child(scheme, f"{TSL}NextUpdate", what=WHAT), f"{TSL}dateTime"))
    return time_of(times[0], what=WHAT) if times else None


def _number(scheme: Element, name: str) -> int:
    text = _text(scheme, name)
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        raise Malformed(WHAT, name, "expected a number")
    return int(text)


def _text(element: Element, name: str) -> str:
    return text_of(child(element, TSL + name, what=WHAT), what=WHAT)
