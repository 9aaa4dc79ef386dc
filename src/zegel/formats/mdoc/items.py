"""Issuer-signed items: the elements that are disclosed, each in the bytes that its digest is over.

The decoder tells values, not where they stood. What is hashed is therefore found again in the message as it was
received: the items of a namespace, wrapped in tag 24, stand there one after the other. An item whose head is longer
than need be is not found, and refused (RFC 8949 section 4.1: preferred serialisation).

The items of a namespace are held by column, for nothing here costs more than what is done for each item.
"""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Final, final

from msgspec import Struct

from zegel.errors import Malformed
from zegel.formats.claims import Claim
from zegel.formats.mdoc.values import parse_value
from zegel.primitives.cbor import embedded_all, encode_embedded, parse_text_keyed

_WHAT: Final = "issuer-signed item"
_NEEDLE: Final = 64  # bytes of an item that are searched for; the head, and most of the random value


@final
class IssuerSignedItems(Struct, frozen=True):
    """The items of a namespace. ``encoded`` has ``IssuerSignedItemBytes`` as received."""

    digest_ids: list[int]
    elements: list[str]
    values: list[Claim]
    encoded: list[bytes]


Namespaces = Mapping[str, IssuerSignedItems]


def parse_namespaces(value: object, received: bytes) -> Namespaces:
    """Parse ``IssuerNameSpaces``; ``received`` is the message around it. ``Malformed`` for another shape."""
    if type(value) is not dict:
        raise Malformed(_WHAT, "nameSpaces", "expected a map")
    parsed: dict[str, IssuerSignedItems] = {}
    position = 0
    for namespace, items in value.items():
        if type(namespace) is not str or type(items) is not list or not items:
            raise Malformed(_WHAT, "nameSpaces", "expected items by namespace")
        inner = embedded_all(items, _WHAT)
        encoded = list(map(encode_embedded, inner))
        position = _position_after(encoded, received, position)
        parsed[namespace] = _items(parse_text_keyed(inner, _WHAT), encoded)
    return parsed


def _position_after(encoded: Sequence[bytes], received: bytes, position: int) -> int:
    together, needle = b"".join(encoded), encoded[0][:_NEEDLE]
    found = received.find(needle, position)
    while found >= 0:
        if received.startswith(together, found):
            return found + len(together)
        found = received.find(needle, found + 1)
    raise Malformed(_WHAT, "", "expected each item in the shortest encoding")


def _items(maps: Sequence[Mapping[str, object]], encoded: list[bytes]) -> IssuerSignedItems:
    digest_ids: list[int] = []
    elements: list[str] = []
    values: list[Claim] = []
    try:
        for digest_id, random, element, value in map(_MEMBERS, maps):
            if type(digest_id) is not int or digest_id < 0 or type(random) is not bytes or type(element) is not str:
                raise Malformed(_WHAT, "", "expected an unsigned number, bytes and a name beside the value")
            digest_ids.append(digest_id)
            elements.append(element)
            values.append(value if type(value) is str else parse_value(value, _WHAT, "elementValue"))
    except KeyError:
        raise Malformed(_WHAT, "", "expected digestID, random, elementIdentifier and elementValue") from None
    return IssuerSignedItems(digest_ids, elements, values, encoded)


_MEMBERS: Final = itemgetter("digestID", "random", "elementIdentifier", "elementValue")
