"""DER, read strictly and written (ITU-T X.690 clauses 8 and 10), for what the certificate library has no words for.

One value has one encoding here: definite lengths in the fewest octets, tags below 31, nothing behind the end.
"""

import re
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed

INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31

MAX_ELEMENTS: Final = 256  # beside one another; a certificate has ten members, and two dozen extensions at most
MAX_OID: Final = 127  # octets of a value; RFC 9162 section 4.4 has no more, and no identifier in use is near it
_MAX_TEXT: Final = 3 * MAX_OID  # an octet has at most two digits and a dot, or 2.2 digits of a long arc
# X.660 clause 6.3: below the first two roots there are forty arcs
_DOTTED: Final = re.compile(r"(?:[01]\.(?:[0-9]|[123][0-9])|2\.(?:0|[1-9][0-9]*))(?:\.(?:0|[1-9][0-9]*))*")
_LONG_TAG: Final = 0x1F
_MAX_LENGTH_OCTETS: Final = 3  # 16 MB, as much as a TBSCertificate of RFC 9162 may have
_MORE: Final = 0x80


@final
@dataclass(frozen=True, slots=True)
class Element:
    """One element: its identifier octet, its contents, and the whole encoding as it came."""

    tag: int
    content: bytes
    der: bytes


def parse_elements(data: bytes, *, what: str, where: str = "") -> tuple[Element, ...]:
    """Parse elements that stand one after the other, to the end; ``Malformed`` for anything but strict DER."""
    elements: list[Element] = []
    at = 0
    while at < len(data):
        start, at = at, at + 1
        if data[start] & _LONG_TAG == _LONG_TAG:
            raise Malformed(what, where, "expected tags below 31")
        length, at = _length(data, at, what, where)
        if len(data) - at < length:
            raise Malformed(what, where, "expected as many octets as the length says")
        if len(elements) == MAX_ELEMENTS:
            raise Malformed(what, where, f"expected at most {MAX_ELEMENTS} elements beside one another")
        elements.append(Element(data[start], data[at : at + length], data[start : at + length]))
        at += length
    return tuple(elements)


def parse_element(data: bytes, tag: int, *, what: str, where: str = "") -> Element:
    """Parse exactly one element with this identifier octet; ``Malformed`` otherwise."""
    elements = parse_elements(data, what=what, where=where)
    if len(elements) != 1 or elements[0].tag != tag:
        raise Malformed(what, where, f"expected one element with the tag {tag:#04x}")
    return elements[0]


def encode_element(tag: int, *contents: bytes) -> bytes:
    """An element whose contents are these, one after the other."""
    length = sum(map(len, contents))
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    head = bytes((length,)) if length < _MORE else bytes((_MORE | len(octets),)) + octets
    return b"".join((bytes((tag,)), head, *contents))


def encode_oid(dotted: str) -> bytes:
    """The contents of an object identifier, from dotted text that is known to be one."""
    first, second, *others = map(int, dotted.split("."))
    return b"".join(map(_base128, (40 * first + second, *others)))


def parse_oid(dotted: str, *, what: str, where: str = "") -> bytes:
    """Parse dotted text to the contents of an object identifier; ``Malformed`` for what is none."""
    if len(dotted) > _MAX_TEXT or not _DOTTED.fullmatch(dotted):
        raise Malformed(what, where, "expected an object identifier, as 2.25.1")
    content = encode_oid(dotted)
    if len(content) > MAX_OID:
        raise Malformed(what, where, f"expected an object identifier of at most {MAX_OID} octets")
    return content


def dotted_oid(content: bytes, *, what: str, where: str = "") -> str:
    """The dotted text of an object identifier's contents; ``Malformed`` for what is none."""
    arcs: list[int] = []
    arc, begun = 0, False
    for octet in content[: MAX_OID + 1]:
        if not begun and octet == _MORE:  # X.690 clause 8.19.2: the fewest octets
            raise Malformed(what, where, "expected arcs in the fewest octets")
        arc, begun = arc << 7 | octet & 0x7F, bool(octet & _MORE)
        if not begun:
            arcs.append(arc)
            arc = 0
    if begun or not arcs or len(content) > MAX_OID:
        raise Malformed(what, where, f"expected an object identifier of at most {MAX_OID} octets")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _length(data: bytes, at: int, what: str, where: str) -> tuple[int, int]:
    head = data[at : at + 1]
    if head and head[0] < _MORE:
        return head[0], at + 1
    count = head[0] & 0x7F if head else 0
    octets = data[at + 1 : at + 1 + count]
    if not 0 < count <= _MAX_LENGTH_OCTETS or len(octets) < count:
        raise Malformed(what, where, f"expected a definite length of at most {_MAX_LENGTH_OCTETS} octets")
    length = int.from_bytes(octets)
    if octets[0] == 0 or length < _MORE:  # X.690 clause 10.1
        raise Malformed(what, where, "expected the length in the fewest octets")
    return length, at + 1 + count


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(_MORE | arc & 0x7F)
    return bytes(reversed(octets))
