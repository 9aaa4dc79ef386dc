"""Element values: from CBOR as claims, and to CBOR for an issuer.

A tag says how its content is to be read, and claims are JSON's kind of value: the date behind tag 0 or 1004 is its
text, and every other tag gives way to its content (RFC 8949 section 6.1).
"""

from math import isfinite
from typing import Any, Final

from zegel.errors import Malformed
from zegel.formats.claims import Claim
from zegel.primitives.cbor import (
    TAG_DATE_TIME,
    TAG_FULL_DATE,
    FrozenMap,
    Tag,
    encode_array,
    encode_byte_string,
    encode_integer,
    encode_map,
    encode_text,
)

_PLAIN: Final = frozenset({str, bytes, bool, type(None)})  # what is a claim already
_ARRAYS: Final = frozenset({list, tuple})
_MAPS: Final = frozenset({dict, FrozenMap})
_EXACT: Final = range(-(1 << 63), 1 << 64)  # what JSON's readers keep exact at all


def parse_value(value: Any, what: str, where: str) -> Claim:
    """Turn a decoded element value into a claim; ``Malformed`` for what no claim can be, as a map with bytes as key."""
    if type(value) is Tag:
        value = value.value
    kind = type(value)
    if kind in _PLAIN or (kind is int and value in _EXACT) or (kind is float and isfinite(value)):
        plain: Claim = value
        return plain
    if kind in _ARRAYS:
        return [parse_value(inner, what, where) for inner in value]
    if kind in _MAPS and all(type(name) is str for name in value):
        return {name: parse_value(inner, what, where) for name, inner in value.items()}
    raise Malformed(what, where, "expected a value of text, bytes, numbers, true, false, null, arrays or maps of these")


def encode_value(value: Any) -> bytes:
    """Encode an element value in the one way of RFC 8949 section 4.2.1.

    ValueError for what has no place in one: only text, bytes, whole numbers, true, false, dates as ``#6.0(tstr)`` or
    ``#6.1004(tstr)``, and arrays and maps of these.
    """
    kind = type(value)
    if kind is str:
        return encode_text(value)
    if kind is bool:
        return b"\xf5" if value else b"\xf4"
    if kind is int:
        return encode_integer(value)
    if kind is Tag and value.tag in _DATES and type(value.value) is str:
        return _DATES[value.tag] + encode_text(value.value)
    if kind is bytes:
        return encode_byte_string(value)
    if kind in _ARRAYS:
        return encode_array([encode_value(inner) for inner in value])
    if kind is dict and all(type(name) is str for name in value):
        return encode_map([encode_text(name) + encode_value(inner) for name, inner in value.items()])
    raise ValueError(f"expected an element value, got {kind.__name__}")


_DATES: Final = {TAG_DATE_TIME: b"\xc0", TAG_FULL_DATE: b"\xd9\x03\xec"}  # the tags' heads
