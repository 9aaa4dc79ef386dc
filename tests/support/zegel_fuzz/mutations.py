"""Mutations that know what a message is made of: they go into base64url, CBOR, JSON, forms and compressed lists.

Bytes that are changed blindly seldom get past the first digest, length or alphabet; what is inside is changed here, and
wrapped again. ``change`` is how plain bytes are changed: libFuzzer's way, or ``scramble`` without it.
"""

import json
import re
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from zegel_testing.faults import (
    OTHER_CBOR,
    OTHER_JSON,
    Path,
    Raw,
    cbor,
    cbor_nodes,
    cbor_tree,
    encoded,
    places,
    spell,
    with_value,
)

from zegel_fuzz.message import parted

Change = Callable[[bytes, int], bytes]
Way = Callable[[bytes, int, Random, Change], bytes | None]

_RUN = re.compile(rb"(?<![:A-Za-z0-9_-])[A-Za-z0-9_-]{8,}(?![:@A-Za-z0-9_-])")  # neither a header's name nor one in @
_FIELD = re.compile(rb"[!-~]*=[!-~]*")
_LONGEST_LIST = 1 << 18
_JSON = [text for text, _ in OTHER_JSON.values() if len(text) < 1_000]
_CBOR = [item for item, _ in OTHER_CBOR.values() if len(item) < 1_000]
_OTHER_BYTES = (b"\0", b"\xff", b"", b'"', b"~", b".", b"=", b"&", b"%00", b"\xc3(", b"\r\n", b" ", b"-", b"{}", b"[]")


def mutate(data: bytes, max_size: int, random: Random, change: Change) -> bytes:
    """One mutation of a message, of at most ``max_size`` bytes."""
    if random.random() < 0.75:
        ways = [_in_message, _in_base64url, _in_json, _in_form, _in_cbor, _in_list]
        random.shuffle(ways)
        for way in ways:
            made = way(data, max_size, random, change)
            if made is not None:
                return made[:max_size]
    return change(data, max_size)[:max_size]


def scramble(random: Random) -> Change:
    """Plain changes without libFuzzer: a few bytes flipped, taken out, put in or repeated."""

    def change(data: bytes, max_size: int) -> bytes:
        made = bytearray(data)
        for _ in range(random.randint(1, 3)):
            at = random.randrange(len(made) + 1)
            match random.randrange(4):
                case 0 if at < len(made):
                    made[at] ^= 1 << random.randrange(8)
                case 1:
                    del made[at : at + random.randint(1, 8)]
                case 2:
                    made[at:at] = random.choice(_OTHER_BYTES)
                case _:
                    made[at:at] = made[at : at + random.randint(1, 40)]
        return bytes(made[:max_size])

    return change


def _in_message(data: bytes, max_size: int, random: Random, change: Change) -> bytes | None:
    """The headers or the body of a message to an endpoint."""
    head, body = parted(data)
    if not head.endswith(b"\n"):
        return None
    if len(head) > 1 and random.random() < 0.3:
        return mutate(head, max_size, random, change) + body
    return head + mutate(body, max_size, random, change)


def _in_base64url(data: bytes, max_size: int, random: Random, change: Change) -> bytes | None:
    runs = list(_RUN.finditer(data))
    if not runs:
        return None
    run = random.choice(runs)
    text = run[0][: len(run[0]) - (len(run[0]) % 4 == 1)]
    inner = mutate(urlsafe_b64decode(text + b"=" * (-len(text) % 4)), max_size, random, change)
    return data[: run.start()] + encoded(inner) + data[run.end() :]


def _in_json(data: bytes, max_size: int, random: Random, change: Change) -> bytes | None:
    if data.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        value = json.loads(data)
        path = random.choice(list(places(value)))
        return spell(with_value(value, path, _other_value(value, path, max_size, random, change)))
    except (ValueError, RecursionError):  # no JSON, or text that is none
        return None


def _other_value(value: Any, path: Path, max_size: int, random: Random, change: Change) -> Any:
    for name in path:
        value = value[name]
    if type(value) is str and random.random() < 0.5:
        return mutate(value.encode(), max_size, random, change).decode("utf-8", "replace")
    return Raw(random.choice(_JSON))


def _in_form(data: bytes, max_size: int, random: Random, change: Change) -> bytes | None:
    if not _FIELD.fullmatch(data):
        return None
    fields = data.split(b"&")
    at = random.randrange(len(fields))
    name, _, value = fields[at].partition(b"=")
    inner = mutate(unquote_to_bytes(value.replace(b"+", b" ")), max_size, random, change)
    fields[at] = name + b"=" + quote_from_bytes(inner, safe="").encode()
    return b"&".join(fields)


def _in_cbor(data: bytes, max_size: int, random: Random, change: Change) -> bytes | None:
    if not data or data[0] >> 5 not in (4, 5, 6):
        return None
    try:
        _, node, put = random.choice(list(cbor_nodes(cbor_tree(data), lambda other: other, "")))
        return cbor(put(Raw(_other_item(node, max_size, random, change))))
    except (AssertionError, IndexError, ValueError, TypeError, RuntimeError, StopIteration):
        return None  # it was none to begin with


def _other_item(node: Any, max_size: int, random: Random, change: Change) -> bytes:
    if random.random() < 0.5:
        return random.choice(_CBOR)
    if isinstance(node, Raw) and node[0] >> 5 == 2:  # bytes: others, under a length of their own
        head = 1 + (0 if node[0] & 31 < 24 else 1 << (node[0] & 31) - 24)
        return cbor_bytes(mutate(bytes(node[head:]), max_size, random, change))
    return change(cbor(node), max_size)


def cbor_bytes(content: bytes) -> bytes:
    """A byte string."""
    size = len(content)
    if size < 24:
        return bytes([0x40 | size]) + content
    return (b"\x58" + bytes([size]) if size < 256 else b"\x5a" + size.to_bytes(4)) + content


def _in_list(data: bytes, max_size: int, random: Random, change: Change) -> bytes | None:
    if data[:1] != b"\x78":
        return None
    try:
        inner = zlib.decompressobj().decompress(data, _LONGEST_LIST)
    except zlib.error:
        return None
    return zlib.compress(change(inner, max_size))
