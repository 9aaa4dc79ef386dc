"""CBOR in and out, strict on input (RFC 8949).

Tags keep their content as it was sent: a date stays the text that was signed, embedded CBOR (tag 24) stays bytes,
and the tags that make a decoder compile, share or expand something are refused.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final, NoReturn

import cbor2

from zegel.errors import Malformed

Tag = cbor2.CBORTag
FrozenMap = cbor2.frozendict  # what a map becomes within a tag; an array becomes a tuple there

MAX_BYTES = 1 << 18  # as for JSON; a device response with a portrait is under 100 kB
MAX_DEPTH = 16  # a device response needs nine
# A small item costs a hundred times its size in memory, and keys that collide cost the square of their number: 250 of
# them, each an array of two numbers, take 5 ms. A security object of 400 digests has 900 items.
MAX_ITEMS = 1_024
MAX_TEXT_KEYED_ITEMS = 8_192  # text cannot be made to collide; so many items are 2 MB
_BYTES_PER_ITEM: Final = 4  # what is shorter than this times the items allowed is not worth counting
TAG_DATE_TIME: Final = 0
TAG_ENCODED: Final = 24
TAG_FULL_DATE: Final = 1004

# The decoder stops after one item. A sentinel behind it shows that the item ends where its bytes end; what brings one
# along is refused, for anything could follow it.
_SENTINEL: Final = b"zegel:\xff\x00\xfe"
_SENTINEL_ITEM: Final = bytes([0x40 + len(_SENTINEL)]) + _SENTINEL
_MAPS_ALONE: Final = frozenset({dict})
_HEAD_SIZES: Final = {b"\xd8\x18\x58": 4, b"\xd8\x18\x59": 5, b"\xd8\x18\x5a": 7}  # by their first bytes


def parse_cbor(data: bytes, what: str, max_bytes: int = MAX_BYTES, max_items: int = MAX_ITEMS) -> object:
    """Parse exactly one item: definite lengths, unique map keys, depth up to 16; ``Malformed`` otherwise."""
    if len(data) > max_bytes or len(data) > max_items * _BYTES_PER_ITEM:
        _refuse_excess(data, what, max_bytes, max_items)
    value, end = _decode(b"\x82" + data + _SENTINEL_ITEM, what, False)
    if end != _SENTINEL or data.count(_SENTINEL):
        raise Malformed(what, "", "expected one CBOR item")
    parsed: object = value
    return parsed


def parse_map(data: bytes, what: str, max_bytes: int = MAX_BYTES, max_items: int = MAX_ITEMS) -> dict[object, object]:
    """Parse one map; ``Malformed`` as ``parse_cbor``, and for any other item."""
    value = parse_cbor(data, what, max_bytes, max_items)
    if type(value) is not dict:
        raise Malformed(what, "", "expected a CBOR map")
    return value


def split_map(data: bytes, what: str, max_members: int) -> dict[bytes, bytes]:
    """Split a map that stands alone into its members, each as it is encoded; what is in them is not looked at.

    ``Malformed`` for another item, more members, indefinite lengths, or a key that stands there twice. Encoded keys
    cannot be made to collide, so that there may be many.
    """
    position, major, count = _read_head(data, 0, what)
    if major != _MAP or count > max_members:
        raise Malformed(what, "", f"expected a CBOR map of at most {max_members} members")
    members: dict[bytes, bytes] = {}
    for _ in range(count):
        end_of_key = _end_of_item(data, position, what)
        end = _end_of_item(data, end_of_key, what)
        members[data[position:end_of_key]] = data[end_of_key:end]
        position = end
    if position != len(data) or len(members) != count:
        raise Malformed(what, "", "expected one CBOR map, with unique keys")
    return members


def split_byte_string(data: bytes, what: str) -> bytes:
    """The bytes of a byte string that stands alone; ``Malformed`` for another item."""
    position, major, size = _read_head(data, 0, what)
    if major != _BYTES or position + size != len(data):
        raise Malformed(what, "", "expected a byte string")
    return data[position:]


def parse_text_keyed(encoded: Sequence[bytes], what: str) -> list[dict[str, object]]:
    """Parse maps, each alone in its bytes, all in one go; every key in them, at any depth, is text or bytes.

    ``Malformed`` as ``parse_map``. The limits hold for all of them together.
    """
    count = len(encoded)
    data = b"".join((_head(0x80, 2 * count), _SENTINEL_ITEM.join(encoded), _SENTINEL_ITEM))
    if len(data) > MAX_TEXT_KEYED_ITEMS * _BYTES_PER_ITEM:
        _refuse_excess(data, what, MAX_BYTES, MAX_TEXT_KEYED_ITEMS)
    items = _decode(data, what, True)
    maps: list[dict[str, object]] = items[::2]
    alone = items[1::2] == [_SENTINEL] * count and data.count(_SENTINEL) == count
    if not alone or not _MAPS_ALONE.issuperset(map(type, maps)):
        raise Malformed(what, "", "expected CBOR maps, each alone")
    return maps


def parse_embedded(data: bytes, what: str) -> bytes:
    """Parse ``#6.24(bstr)`` that stands alone, in its shortest encoding; returns the bytes inside, not looked at."""
    if len(data) > MAX_BYTES:
        raise Malformed(what, "", f"expected at most {MAX_BYTES} bytes, got {len(data)}")
    inner = data[_HEAD_SIZES.get(data[:3], 3) :]
    if encode_embedded(inner) != data:
        raise Malformed(what, "", "expected embedded CBOR (tag 24) in its shortest encoding")
    return inner


def encode_cbor(value: object) -> bytes:
    """Encode with shortest integers and definite lengths; maps keep the order they were built in."""
    return cbor2.dumps(value)


def encode_integer(value: int) -> bytes:
    """Encode an integer (major types 0 and 1); ValueError beyond 64 bits."""
    return _head(0x00, value) if value >= 0 else _head(0x20, ~value)


def encode_byte_string(data: bytes) -> bytes:
    """Encode a byte string (major type 2)."""
    size = len(data)
    return (_BYTE_HEADS[size] if size < 0x100 else _head(0x40, size)) + data


def encode_text(text: str) -> bytes:
    """Encode a text string (major type 3)."""
    data = text.encode()
    size = len(data)
    return (_TEXT_HEADS[size] if size < 0x100 else _head(0x60, size)) + data


def encode_array_head(count: int) -> bytes:
    """Encode the head of an array of ``count`` items (major type 4)."""
    return _head(0x80, count)


def encode_array(items: Sequence[bytes]) -> bytes:
    """Encode an array of items that are encoded already."""
    return _head(0x80, len(items)) + b"".join(items)


def encode_map(members: Iterable[bytes]) -> bytes:
    """Encode a map of members, each a key and its value encoded already, in the one order of keys (section 4.2.1)."""
    ordered = sorted(members)  # no encoded key is the beginning of another
    return _head(0xA0, len(ordered)) + b"".join(ordered)


def encode_embedded(encoded: bytes) -> bytes:
    """Wrap encoded CBOR as ``#6.24(bstr .cbor ...)`` (section 3.4.5.1)."""
    size = len(encoded)
    return (_EMBEDDED_HEADS[size] if size < 0x100 else b"\xd8\x18" + _head(0x40, size)) + encoded


def embedded(value: object, what: str, where: str = "") -> bytes:
    """Return the bytes inside ``#6.24(bstr)``; ``Malformed`` for anything else."""
    if type(value) is Tag and value.tag == TAG_ENCODED and type(value.value) is bytes:
        return value.value
    raise Malformed(what, where, "expected embedded CBOR (tag 24)")


def embedded_all(values: Sequence[object], what: str) -> list[bytes]:
    """``embedded`` for each of many."""
    if _TAGS_ALONE.issuperset(map(type, values)):
        contents: list[bytes] = list(map(_CONTENT, values))
        if _TAG_ENCODED_ALONE.issuperset(map(_TAG, values)) and _BYTES_ALONE.issuperset(map(type, contents)):
            return contents
    raise Malformed(what, "", "expected embedded CBOR (tag 24)")


_TAGS_ALONE: Final = frozenset({Tag})
_TAG_ENCODED_ALONE: Final = frozenset({TAG_ENCODED})
_BYTES_ALONE: Final = frozenset({bytes})
_CONTENT: Final = attrgetter("value")
_TAG: Final = attrgetter("tag")


def _head(major: int, argument: int) -> bytes:
    """The head of an item in its shortest form; ``major`` is the major type in its place."""
    if argument < 24:
        return bytes((major + argument,))
    if argument < 0x100:
        return bytes((major + 24, argument))
    for info, size in ((25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            return bytes((major + info,)) + argument.to_bytes(size)
    raise ValueError("expected a length or a number of at most 64 bits")


_BYTE_HEADS: Final = tuple(_head(0x40, size) for size in range(0x100))
_EMBEDDED_HEADS: Final = tuple(b"\xd8\x18" + head for head in _BYTE_HEADS)
_TEXT_HEADS: Final = tuple(_head(0x60, size) for size in range(0x100))


def _decode(data: bytes, what: str, text_keys: bool) -> list[Any]:
    try:
        items: list[Any] = cbor2.loads(
            data,
            semantic_decoders=_TAGS,
            max_depth=MAX_DEPTH + 1,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=text_keys,
        )
    except (cbor2.CBORError, ValueError, TypeError, OverflowError):
        raise Malformed(what, "", "expected CBOR with definite lengths and unique keys") from None
    return items


def _refuse_excess(data: bytes, what: str, max_bytes: int, max_items: int) -> None:
    if len(data) > max_bytes:
        raise Malformed(what, "", f"expected at most {max_bytes} bytes, got {len(data)}")
    _refuse_many_items(data, what, max_items)


def _refuse_many_items(data: bytes, what: str, max_items: int) -> None:
    """Count heads without building anything (section 3)."""
    position = 0
    for _ in range(max_items + 1):
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
    raise Malformed(what, "", f"expected at most {max_items} items")


def _read_head(data: bytes, position: int, what: str) -> tuple[int, int, int]:
    """The head at ``position`` (section 3): where it ends, its major type, and its argument."""
    if position >= len(data):
        raise Malformed(what, "", "expected a whole CBOR item")
    major, info = data[position] >> 5, data[position] & 31
    position += 1
    if info < 24:
        return position, major, info
    size = 1 << (info - 24)
    if size > 8 or position + size > len(data):  # beyond: reserved, or an indefinite length
        raise Malformed(what, "", "expected a whole CBOR item of a definite length")
    return position + size, major, int.from_bytes(data[position : position + size])


def _end_of_item(data: bytes, position: int, what: str) -> int:
    """Where the item at ``position`` ends, with all that it holds."""
    waiting = 1
    while waiting:
        if position < len(data) and (size := _SHORT_SIZES[data[position]]):
            waiting += _SHORT_HELD[data[position]] - 1
            position += size
            continue
        position, major, argument = _read_head(data, position, what)
        waiting -= 1
        if major in _STRINGS:
            position += argument
        else:
            waiting += _TAGGED if major == _TAG_HEAD else _HELD.get(major, 0) * argument
    if position > len(data):
        raise Malformed(what, "", "expected a whole CBOR item")
    return position


_BYTES: Final = 2
_MAP: Final = 5
_STRINGS: Final = frozenset({_BYTES, 3})
_TAG_HEAD: Final = 6
_TAGGED: Final = 1  # item, whatever the tag's number
_HELD: Final = {4: 1, _MAP: 2}  # items for each that an array or a map counts
# By first byte, where that is the whole head: the bytes of head and string (0 otherwise), and how many items follow.
# With these a crowd of small items is walked in a quarter of the time.
_SHORT_SIZES: Final = [0 if byte & 31 >= 24 else 1 + (byte & 31) * (byte >> 5 in _STRINGS) for byte in range(0x100)]
_SHORT_HELD: Final = [
    _TAGGED if byte >> 5 == _TAG_HEAD else _HELD.get(byte >> 5, 0) * (byte & 31) for byte in range(0x100)
]


def _kept(tag: int) -> Callable[[object, bool], Tag]:
    return lambda content, _immutable: Tag(tag, content)


def _refused(_content: object, _immutable: bool) -> NoReturn:
    raise ValueError("a tag that has no place here")


# Every tag that cbor2 would turn into something else.
_REFUSED: Final = (2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 256, 258, 260, 261, 43000, 55799)
_TAGS: Final = {tag: _kept(tag) for tag in (0, 1, 100, 1004)} | dict.fromkeys(_REFUSED, _refused)
