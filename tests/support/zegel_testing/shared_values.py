"""What two presentations have in common: the values in them, and whatever stands in both views of whoever got them."""

import json
import re
from collections.abc import Iterator
from typing import Any

from zegel.errors import Malformed
from zegel.formats.credential import Format
from zegel.primitives.cbor import parse_cbor
from zegel.primitives.encoding import parse_base64url

_WINDOW = 8  # bytes: two that are random are the same once in 2**64 times
_CHANCE = 5  # letters in which values begin alike, once in 64**5 times in base64, beside what everybody has


def values_in(presentation: bytes, format_: Format) -> set[str]:
    """Every value of a presentation, whatever it stands in: headers, payloads, disclosures, elements, signatures."""
    found = _cbor_leaves(presentation) if format_ is Format.MDOC else _sdjwt_leaves(presentation.decode())
    return {repr(value) for value in found}


def shared_stretches(first: bytes, second: bytes, *, beside: bytes) -> set[bytes]:
    """Whatever stands in the first and in the second, and not ``beside`` them.

    A stretch is at least a value of six letters after what stands beside them as well, or one of thirteen by itself.
    """
    both = _windows_of(second) - _windows_of(beside)
    found: set[bytes] = set()
    start = 0
    for at in range(len(first)):
        if first[at : at + _WINDOW] in both:
            continue
        if at - start > _CHANCE:
            found.add(first[start : at + _WINDOW - 1])
        start = at + 1
    return found


def decoded(presentation: bytes, format_: Format) -> bytes:
    """What a presentation is made of: the parts of an SD-JWT, and an mdoc as it is, of which nothing is encoded."""
    if format_ is Format.MDOC:
        return presentation
    return b"\n".join(parse_base64url(piece, what="test") for piece in re.split("[~.]", presentation.decode()))


def _windows_of(data: bytes) -> set[bytes]:
    return {data[at : at + _WINDOW] for at in range(len(data) - _WINDOW + 1)}


def _sdjwt_leaves(text: str) -> Iterator[object]:
    for part in text.split("~"):
        for piece in part.split("."):
            yield piece
            try:
                yield from _json_leaves(json.loads(parse_base64url(piece, what="test")))
            except (ValueError, UnicodeDecodeError):  # a signature
                continue


def _json_leaves(value: Any) -> Iterator[object]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _json_leaves(inner)
    else:
        yield value


def _cbor_leaves(value: Any) -> Iterator[object]:
    if isinstance(value, bytes):
        yield value
        try:
            inner = parse_cbor(value, "test")
        except Malformed:  # a string of bytes that is none
            return
        if isinstance(inner, dict | list | tuple) or hasattr(inner, "value"):
            yield from _cbor_leaves(inner)
    elif hasattr(value, "value") and hasattr(value, "tag"):
        yield from _cbor_leaves(value.value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _cbor_leaves(key)
            yield from _cbor_leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _cbor_leaves(inner)
    else:
        yield value
