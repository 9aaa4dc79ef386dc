"""CBOR in and out, strict on input (RFC 8949).

Tags keep their content as it was sent: a date stays the text that was signed, embedded CBOR (tag 24) stays bytes,
and the tags that make a decoder compile, share or expand something are refused.
"""

from collections.abc import Callable
from typing import Final, NoReturn

import cbor2

from zegel.errors import Malformed

Tag = cbor2.CBORTag

MAX_BYTES = 100_000  # a device response with a portrait is smaller; a hostile byte can cost a hundred in memory
MAX_DEPTH = 16  # a device response needs nine
MAX_ITEMS = 4_096  # of what is larger than MAX_BYTES: a status list token, which is one long byte string, has thirty
TAG_DATE_TIME: Final = 0
TAG_ENCODED: Final = 24
TAG_FULL_DATE: Final = 1004

# The decoder stops after one item. A sentinel behind it shows that the item ends where its bytes end.
_SENTINEL: Final = b"zegel:\xff\x00\xfe"
_SENTINEL_ITEM: Final = bytes([0x40 + len(_SENTINEL)]) + _SENTINEL


def parse_cbor(data: bytes, *, what: str, max_bytes: int = MAX_BYTES) -> object:
    """Parse exactly one item: definite lengths, unique map keys, depth up to 16; ``Malformed`` otherwise."""
    if len(data) > max_bytes:
        raise Malformed(what, "", f"expected at most {max_bytes} bytes, got {len(data)}")
    if len(data) > MAX_BYTES:
        _refuse_many_items(data, what)
    if data.endswith(_SENTINEL):
        raise Malformed(what, "", "expected one CBOR item")
    try:
        items = cbor2.loads(
            b"\x82" + data + _SENTINEL_ITEM,
            semantic_decoders=_TAGS,
            max_depth=MAX_DEPTH + 1,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    except (cbor2.CBORError, ValueError, TypeError, OverflowError):
        raise Malformed(what, "", "expected CBOR with definite lengths and unique keys") from None
    if items[1] != _SENTINEL:
        raise Malformed(what, "", "expected one CBOR item")
    value: object = items[0]
    return value


def parse_map(data: bytes, *, what: str, max_bytes: int = MAX_BYTES) -> dict[object, object]:
    """Parse one map; ``Malformed`` as ``parse_cbor``, and for any other item."""
    value = parse_cbor(data, what=what, max_bytes=max_bytes)
    if type(value) is not dict:
        raise Malformed(what, "", "expected a CBOR map")
    return value


def encode_cbor(value: object) -> bytes:
    """Encode with shortest integers and definite lengths; maps keep the order they were built in."""
    return cbor2.dumps(value)


def encode_byte_string(data: bytes) -> bytes:
    """Encode a byte string (major type 2)."""
    size = len(data)
    if size < 24:
        return bytes((0x40 + size,)) + data
    if size < 0x100:
        return b"\x58" + size.to_bytes(1) + data
    if size < 0x10000:
        return b"\x59" + size.to_bytes(2) + data
    return b"\x5a" + size.to_bytes(4) + data


def encode_embedded(encoded: bytes) -> bytes:
    """Wrap encoded CBOR as ``#6.24(bstr .cbor ...)`` (RFC 8949 section 3.4.5.1)."""
    return b"\xd8\x18" + encode_byte_string(encoded)


def embedded(value: object, *, what: str, where: str = "") -> bytes:
    """Return the bytes inside ``#6.24(bstr)``; ``Malformed`` for anything else."""
    if type(value) is Tag and value.tag == TAG_ENCODED and type(value.value) is bytes:
        return value.value
    raise Malformed(what, where, "expected embedded CBOR (tag 24)")


def _refuse_many_items(data: bytes, what: str) -> None:
    """Count heads without building anything (RFC 8949 section 3): a byte of a small item costs a hundred in memory."""
    position = 0
    for _ in range(MAX_ITEMS):
        if position >= len(data):
            return
        major, info = data[position] >> 5, data[position] & 31
        position += 1
        if info >= 24:
            size = 1 << (info - 24)
            argument = int.from_bytes(data[position : position + min(size, 8)])
            position += size
        else:
            argument = info
        if major in (2, 3):
            position += argument
    raise Malformed(what, "", f"expected at most {MAX_ITEMS} items")


def _kept(tag: int) -> Callable[[object, bool], Tag]:
    return lambda content, _immutable: Tag(tag, content)


def _refused(_content: object, _immutable: bool) -> NoReturn:
    raise ValueError("a tag that has no place here")


# Every tag that cbor2 would turn into something else. Bignums (2, 3) may stay integers.
_REFUSED: Final = (4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 256, 258, 260, 261, 43000, 55799)
_TAGS: Final = {tag: _kept(tag) for tag in (0, 1, 100, 1004)} | dict.fromkeys(_REFUSED, _refused)
