"""Element values: from CBOR as claims, and to CBOR for an issuer.

A tag says how its content is to be read, and claims are JSON's kind of value: the date behind tag 0 or 1004 is its
text, and every other tag gives way to its content (RFC 8949 section 6.1).
"""

from collections.abc import Mapping
from math import isfinite
from typing import Final

from zegel.errors import Malformed
from zegel.formats.claims import Claim
from zegel.primitives.cbor import TAG_DATE_TIME, TAG_FULL_DATE, Tag, encode_array, encode_cbor, encode_map, encode_text

_EXACT: Final = range(-(1 << 63), 1 << 64)  # what JSON's readers keep exact at all


def parse_value(value: object, *, what: str, where: str) -> Claim:
    """Turn a decoded element value into a claim; ``Malformed`` for what no claim can be, as a map with bytes as key."""
    if type(value) is Tag:
        value = value.value
    if isinstance(value, str | bytes | bool | None):
        return value
    if (isinstance(value, int) and value in _EXACT) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, list | tuple):
        return [parse_value(inner, what=what, where=where) for inner in value]
    if isinstance(value, Mapping) and all(type(name) is str for name in value):
        return {name: parse_value(inner, what=what, where=where) for name, inner in value.items()}
    raise Malformed(what, where, "expected a value of text, bytes, numbers, true, false, null, arrays or maps of these")


def encode_value(value: object) -> bytes:
    """Encode an element value in the one way of RFC 8949 section 4.2.1.

    ValueError for what has no place in one: only text, bytes, whole numbers, true, false, dates as ``#6.0(tstr)`` or
    ``#6.1004(tstr)``, and arrays and maps of these.
    """
    if type(value) is str:
        return encode_text(value)
    if type(value) in _ENCODED_AS_THEY_ARE:
        return encode_cbor(value)
    if type(value) is Tag and value.tag in _DATES and type(value.value) is str:
        return encode_cbor(value)
    if isinstance(value, list | tuple):
        return encode_array([encode_value(inner) for inner in value])
    if isinstance(value, Mapping) and all(type(name) is str for name in value):
        return encode_map((encode_text(name), encode_value(inner)) for name, inner in value.items())
    raise ValueError(f"expected an element value, got {type(value).__name__}")


_ENCODED_AS_THEY_ARE: Final = frozenset({bytes, int, bool})
_DATES: Final = (TAG_DATE_TIME, TAG_FULL_DATE)
