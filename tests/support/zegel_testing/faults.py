"""What can be wrong with a message: every fault of a good one, by kind of message, each with a name.

A ``Fault`` that is ``certain`` breaks a rule that holds for every message of its kind (a name used twice, a text cut
short, more than a parser takes): it has no choice but ``Malformed``. Of the others a parser may make something, where
the member that was changed is one that it does not look at.
"""

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote

from zegel.primitives.json import MAX_DEPTH

PLACES = 40  # at which a message is cut or spoiled
OVERSIZED = 10_000_000
DEPTH = MAX_DEPTH + 1
CROWD = 9_000  # more containers than a document of JSON may hold
CROWD_OF_ITEMS = 40_000  # more than any CBOR may hold, however short they are


class Fault(NamedTuple):
    """A message with one thing wrong with it."""

    name: str
    data: bytes
    certain: bool = False


class Raw(bytes):
    """Bytes that stand in a message as they are."""


_HERE = Raw(b"\xff\xff")  # in no text of UTF-8


Path = tuple[Any, ...]


# --- bytes of any kind ----------------------------------------------------------------------------------------------


def _places(size: int, count: int = PLACES) -> list[int]:
    return sorted({size * at // count for at in range(count)})


def cut_short(good: bytes, *, certain: bool) -> Iterator[Fault]:
    """The message up to many places in it."""
    for place in _places(len(good)):
        yield Fault(f"cut at {place}", good[:place], certain)


def spoiled(good: bytes) -> Iterator[Fault]:
    """One byte changed, taken out or put in, at many places."""
    for place in _places(len(good)):
        for byte in (0x00, 0x22, 0x7F, 0xFF):
            yield Fault(f"{byte:02x} at {place}", good[:place] + bytes([byte]) + good[place + 1 :])
        yield Fault(f"bit at {place}", good[:place] + bytes([good[place] ^ 0x01]) + good[place + 1 :])
        yield Fault(f"left out at {place}", good[:place] + good[place + 1 :])
        yield Fault(f"put in at {place}", good[:place] + b"\xc3(" + good[place:])


def oversized(good: bytes) -> Iterator[Fault]:
    """Ten megabytes, of the message and of much else."""
    yield Fault("again and again", (good or b"A") * (OVERSIZED // max(len(good), 1) + 1), True)
    yield from _of_one_byte()


@cache
def _of_one_byte() -> tuple[Fault, ...]:
    names = {"letters": b"A", "zeros": b"\0", "spaces": b" ", "dots": b".", "tildes": b"~"}
    return tuple(Fault(f"ten megabytes of {name}", byte * OVERSIZED, True) for name, byte in names.items())


# --- JSON -----------------------------------------------------------------------------------------------------------

OTHER_JSON: Mapping[str, tuple[bytes, bool]] = {
    "null": (b"null", False),
    "true": (b"true", False),
    "zero": (b"0", False),
    "minus zero": (b"-0.0", False),
    "a negative number": (b"-1", False),
    "a fraction": (b"1.5", False),
    "2 to the 63rd": (b"9223372036854775808", False),
    "2 to the 64th": (b"18446744073709551616", False),
    "2 to the 1023rd": (b"8.98846567431158e307", False),
    "a number without end": (b"1" * 5_000, True),
    "a fraction without end": (b"0." + b"1" * 5_000, False),
    "an exponent beyond all": (b"1e400", True),
    "not a number": (b"NaN", True),
    "infinity": (b"-Infinity", True),
    "empty text": (b'""', False),
    "text": (b'"x"', False),
    "text of other letters": ('"é\u2028\U0001f511"'.encode(), False),
    "text with a zero": (b'"\\u0000"', False),
    "half a character": (b'"\\ud800"', True),
    "no UTF-8": (b'"\xc3("', True),
    "text without an end": (b'"', True),
    "long text": (b'"' + b"a" * 20_000 + b'"', False),
    "escapes": (b'"' + b"\\u00e9" * 3_000 + b'"', False),
    "an empty array": (b"[]", False),
    "an empty object": (b"{}", False),
    "an array of null": (b"[null]", False),
    "an array of arrays": (b"[[[]]]", False),
    "an array of objects": (b'[{"a":{}},{}]', False),
    "an object of null": (b'{"":null}', False),
    "a name twice": (b'{"a":1,"a":2}', True),
    "a name twice, spelled otherwise": (b'{"a":1,"\\u0061":2}', True),
    "arrays in one another": (b"[" * DEPTH + b"]" * DEPTH, True),
    "objects in one another": (b'{"a":' * DEPTH + b"1" + b"}" * DEPTH, True),
    "arrays without an end": (b"[" * 5_000, True),
    "a crowd of numbers": (b"[" + b"1," * 3_000 + b"1]", False),
    "a crowd of arrays": (b"[" + b"[]," * CROWD + b"[]]", True),
    "a crowd of names": (b"{" + b",".join(b'"%d":1' % n for n in range(2_000)) + b"}", False),
}


def spell(value: Any) -> bytes:
    """JSON as it is, with ``Raw`` in it."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Mapping):
        return b"{" + b",".join(spell_name(name) + b":" + spell(inner) for name, inner in value.items()) + b"}"
    if isinstance(value, list | tuple):
        return b"[" + b",".join(map(spell, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode()


def spell_name(name: str) -> bytes:
    """A member's name."""
    return json.dumps(name, ensure_ascii=False).encode()


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    """The paths of a document; of the entries of an array, the first and the last."""
    yield at
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from places(inner, (*at, name))
    elif isinstance(value, list | tuple):
        for index in sorted({0, len(value) - 1}) if value else ():
            yield from places(value[index], (*at, index))


def with_value(value: Any, path: Path, other: Any) -> Any:
    """The document with another value at a path."""
    if not path:
        return other
    name, *rest = path
    inner = with_value(value[name], tuple(rest), other)
    if isinstance(value, Mapping):
        return {**value, name: inner}
    return [inner if index == name else item for index, item in enumerate(value)]


def _around(value: Any, path: Path) -> tuple[bytes, bytes]:
    """What stands before the value at a path, and what behind it."""
    before, _, behind = spell(with_value(value, path, _HERE)).partition(_HERE)
    return before, behind


def _value_at(value: Any, path: Path) -> Any:
    for name in path:
        value = value[name]
    return value


def json_faults(value: Any) -> Iterator[Fault]:
    """A document with one value of another type, size or spelling; with a member twice, or left out."""
    for path in places(value):
        where = ".".join(map(str, path)) or "all"
        before, behind = _around(value, path)
        for name, (text, certain) in OTHER_JSON.items():
            yield Fault(f"{where}: {name}", before + text + behind, certain)
        here = _value_at(value, path)
        if isinstance(here, Mapping):
            for fault in _member_faults(here, where):
                yield fault._replace(data=before + fault.data + behind)
    good = spell(value)
    yield Fault("a second document", good + good, True)
    yield Fault("an end that is none", good + b"}", True)
    yield Fault("a byte order mark", b"\xef\xbb\xbf" + good, True)
    yield Fault("UTF-16", good.decode().encode("utf-16"), True)
    yield Fault("a comment", good + b"//", True)
    yield Fault("spaces before and after", b" \n" * 100 + good + b"\t \r" * 100)


def _member_faults(here: Mapping[str, Any], where: str) -> Iterator[Fault]:
    each = {name: spell_name(name) + b":" + spell(inner) for name, inner in here.items()}
    for name, member in each.items():
        rest = b",".join(other for others, other in each.items() if others != name)
        yield Fault(f"{where}: without {name}", b"{" + rest + b"}")
        twice = b",".join((*each.values(), member))
        yield Fault(f"{where}: {name} twice", b"{" + twice + b"}", True)


def json_texts(value: Any) -> Iterator[Fault]:
    """Every fault of a document that is sent as it is."""
    good = spell(value)
    yield from json_faults(value)
    yield from cut_short(good, certain=True)
    yield from spoiled(good)
    yield from oversized(good)


# --- base64url and JOSE ---------------------------------------------------------------------------------------------


def encoded(data: bytes) -> bytes:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=")


def decoded(text: bytes) -> bytes:
    """What base64url stands for."""
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def other_spellings(text: bytes) -> Iterator[Fault]:
    """Base64url as no two writers should be able to spell it."""
    rest = len(text) % 4
    padding = b"=" * (-len(text) % 4)
    yield Fault("padded", text + (padding or b"===="), True)
    yield Fault("a symbol too many", text + b"A" * ((1 - rest) % 4 or 4) if rest != 1 else text, True)
    for name, symbol in (("plus", b"+"), ("slash", b"/"), ("space", b" "), ("line", b"\n"), ("star", b"*")):
        yield Fault(f"{name} in it", text[:2] + symbol + text[3:], True)
    yield Fault("letters that are not ASCII", text[:2] + "é".encode() + text[3:], True)
    if rest:
        alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        last = alphabet.index(text[-1:])
        yield Fault("bits that are unused", text[:-1] + alphabet[last | 1 : (last | 1) + 1], True)


def in_segments(good: bytes, faults_of: Sequence[Callable[[bytes], Iterator[Fault]] | None]) -> Iterator[Fault]:
    """A compact serialisation, each of its segments with its own faults and in other spellings."""
    segments = good.split(b".")
    for at, (segment, faults) in enumerate(zip(segments, faults_of, strict=True)):
        for fault in other_spellings(segment):
            yield fault._replace(
                name=f"segment {at}: {fault.name}", data=b".".join((*segments[:at], fault.data, *segments[at + 1 :]))
            )
        if faults is not None:
            for fault in faults(decoded(segment)):
                data = b".".join((*segments[:at], encoded(fault.data), *segments[at + 1 :]))
                yield fault._replace(name=f"segment {at}: {fault.name}", data=data)
        yield Fault(f"without segment {at}", b".".join((*segments[:at], *segments[at + 1 :])), True)
        yield Fault(f"an empty segment {at}", b".".join((*segments[:at], b"", *segments[at + 1 :])), at < 1)
    yield Fault("a segment too many", good + b".AA", True)
    yield Fault("dots", b"." * 200_000, True)
    yield Fault("dots in place of segments", b"." * (len(segments) - 1), True)


def json_segment(segment: bytes) -> Iterator[Fault]:
    """The faults of a segment that holds JSON."""
    value = json.loads(segment)
    yield from json_faults(value)
    yield from cut_short(segment, certain=True)


def jws_texts(good: bytes) -> Iterator[Fault]:
    """Every fault of a JWS in compact serialisation."""
    yield from in_segments(good, (json_segment, json_segment, None))
    yield from cut_short(good[: good.rindex(b".")], certain=True)
    yield from spoiled(good)
    yield from oversized(good)


def jwe_texts(good: bytes) -> Iterator[Fault]:
    """Every fault of a JWE in compact serialisation."""
    segments = good.split(b".")
    header, rest = segments[0], segments[2:]
    for fault in (*json_segment(decoded(header)), *cut_short(decoded(header), certain=True)):
        yield fault._replace(name=f"header: {fault.name}", data=b".".join((encoded(fault.data), b"", *rest)))
    for at in (0, 2, 3, 4):
        for fault in other_spellings(segments[at]):
            yield fault._replace(
                name=f"segment {at}: {fault.name}", data=b".".join((*segments[:at], fault.data, *segments[at + 1 :]))
            )
    yield Fault("a segment too many", good + b".AA", True)
    yield Fault("a segment too few", good.rpartition(b".")[0], True)
    yield Fault("dots", b"." * 200_000, True)
    yield from spoiled(good)
    yield from oversized(good)


def sd_jwt_texts(good: bytes) -> Iterator[Fault]:
    """Every fault of an SD-JWT with a key binding: of each of its parts, and of how they stand together."""
    parts = good.split(b"~")
    for at, part in enumerate(parts):
        whole = at in (0, len(parts) - 1)
        faults = jws_segments(part) if whole else disclosure_faults(part)
        for fault in faults:
            data = b"~".join((*parts[:at], fault.data, *parts[at + 1 :]))
            yield fault._replace(name=f"part {at}: {fault.name}", data=data)
    first, last = parts[0], parts[-1]
    yield Fault("no tilde", first, True)
    yield Fault("an empty disclosure", good.replace(b"~", b"~~", 1), True)
    yield Fault("disclosures without end", first + b"~" + (parts[1] + b"~") * 501 + last, True)
    yield Fault("a proof too long", b"~".join((*parts[:-1], last.replace(b".", b"." + b"A" * 20_000, 1))), True)
    yield from cut_short(good[: len(first)], certain=True)
    yield from spoiled(good)
    yield from oversized(good)


def jws_segments(good: bytes) -> Iterator[Fault]:
    """The faults of a JWS within something larger."""
    yield from in_segments(good, (json_segment, json_segment, None))


def disclosure_faults(part: bytes) -> Iterator[Fault]:
    """The faults of a disclosure."""
    yield from other_spellings(part)
    for fault in (*json_faults(json.loads(decoded(part))), *cut_short(decoded(part), certain=True)):
        yield fault._replace(data=encoded(fault.data))


# --- forms and links ------------------------------------------------------------------------------------------------


def form_texts(good: bytes, *, name: bytes, crowd: int) -> Iterator[Fault]:
    """Every fault of form fields, one of which is ``name``; ``crowd`` is one more than may be sent."""
    yield Fault("a field twice", good + b"&" + name + b"=2", True)
    yield Fault("escapes without end", good + b"&x=" + b"%41" * 150_000, True)
    yield Fault("escapes and more without end", good + b"&x=" + b"%FFa" * 16_000)
    yield Fault("a field without a value", good + b"&x")
    yield Fault("a crowd of fields", good + b"".join(b"&f%d=1" % n for n in range(crowd)), True)
    yield Fault("no UTF-8 behind the escapes", good + b"&x=%C3%28", True)
    yield Fault("half an escape", good + b"&x=%4")
    yield Fault("an escaped zero", good + b"&x=%00")
    yield Fault("letters that are not ASCII", good + b"&x=\xc3\xa9", True)
    yield Fault("fields without names", good + b"&=1")
    yield from spoiled(good)
    yield from oversized(good)


def link_texts(good: str, parameter: str, value: Any) -> Iterator[Fault]:
    """Every fault of a link, one of whose parameters is JSON. ``good`` ends where that parameter's text begins."""
    for fault in json_faults(value):
        text = quote(fault.data.decode("latin-1"), encoding="latin-1")
        yield fault._replace(name=f"{parameter}: {fault.name}", data=(good + text).encode())
    whole = (good + quote(spell(value).decode())).encode()
    scheme = whole.partition(b":")[0]
    for other in (b"javascript", b"data", b"", b"\xc3\xa9", b"openid4vp ", b"haip-vci\n"):
        yield Fault(f"the scheme {other!r}", whole.replace(scheme, other, 1), True)
    yield Fault("brackets that hold no address", whole.replace(b"://", b"://[", 1), True)
    yield Fault("no scheme", whole.partition(b":")[2], True)
    yield from form_texts(whole, name=parameter.encode(), crowd=65)


# --- CBOR -----------------------------------------------------------------------------------------------------------


class Embedded(NamedTuple):
    """A byte string that holds an item, and whether tag 24 says so."""

    inner: Any
    tagged: bool


class Tagged(NamedTuple):
    """An item under a tag."""

    number: int
    inner: Any


_LIE = b"\xff" * 8
OTHER_CBOR: Mapping[str, tuple[bytes, bool]] = {
    "null": (b"\xf6", False),
    "undefined": (b"\xf7", False),
    "true": (b"\xf5", False),
    "zero": (b"\x00", False),
    "zero in more bytes than needed": (b"\x1b" + bytes(8), False),
    "a negative number": (b"\x20", False),
    "2 to the 64th less one": (b"\x1b" + _LIE, False),
    "minus 2 to the 64th": (b"\x3b" + _LIE, False),
    "a fraction": (b"\xf9\x3e\x00", False),
    "not a number": (b"\xf9\x7e\x00", False),
    "infinity": (b"\xf9\x7c\x00", False),
    "minus infinity": (b"\xfb\xff\xf0" + bytes(6), False),
    "the largest number": (b"\xfb\x7f\xef" + b"\xff" * 6, False),
    "empty text": (b"\x60", False),
    "text": (b"\x61x", False),
    "text that is no UTF-8": (b"\x62\xc3(", True),
    "half a character": (b"\x63\xed\xa0\x80", True),
    "long text": (b"\x79\x4e\x20" + b"a" * 20_000, False),
    "no bytes": (b"\x40", False),
    "a byte": (b"\x41\x00", False),
    "many bytes": (b"\x59\x4e\x20" + bytes(20_000), False),
    "an empty array": (b"\x80", False),
    "an empty map": (b"\xa0", False),
    "an array of null": (b"\x81\xf6", False),
    "a map of numbers": (b"\xa1\x01\x02", False),
    "a map of bytes": (b"\xa1\x41\x00\x02", False),
    "a map by an array": (b"\xa1\x81\x00\x02", False),
    "a map by a map": (b"\xa1\xa0\x02", False),
    "a map by not a number": (b"\xa1\xf9\x7e\x00\x02", False),
    "a name twice": (b"\xa2\x61a\x01\x61a\x02", True),
    "a number twice": (b"\xa2\x01\x01\x01\x02", True),
    "a number twice, spelled otherwise": (b"\xa2\x01\x01\x18\x01\x02", True),
    "arrays in one another": (b"\x81" * DEPTH + b"\x00", True),
    "maps in one another": (b"\xa1\x00" * DEPTH + b"\x00", True),
    "tags in one another": (b"\xc6" * DEPTH + b"\x00", True),
    "an array without a length": (b"\x9f\xff", True),
    "a map without a length": (b"\xbf\xff", True),
    "bytes without a length": (b"\x5f\xff", True),
    "text without a length": (b"\x7f\xff", True),
    "an end of nothing": (b"\xff", True),
    "an array of more than there is": (b"\x9b" + _LIE, True),
    "a map of more than there is": (b"\xbb" + _LIE, True),
    "bytes of more than there are": (b"\x5b\x7f" + _LIE[1:], True),
    "text of more than there is": (b"\x7b\x7f" + _LIE[1:], True),
    "a head that is reserved": (b"\x1c", True),
    "a simple value": (b"\xf8\x20", False),
    "a simple value in more bytes than allowed": (b"\xf8\x00", True),
    "a date of another kind": (b"\xc0\x61x", False),
    "seconds": (b"\xc1\x1b" + _LIE, False),
    "seconds that are none": (b"\xc1\xf9\x7e\x00", False),
    "a large number": (b"\xc2\x58\xff" + b"\xff" * 255, True),
    "a decimal fraction": (b"\xc4\x82\x1b\x7f" + _LIE[1:] + b"\x01", True),
    "a power of two": (b"\xc5\x82\x1b\x7f" + _LIE[1:] + b"\x01", True),
    "embedded CBOR": (b"\xd8\x18\x41\x00", False),
    "embedded CBOR that is text": (b"\xd8\x18\x61x", False),
    "a reference to text": (b"\xd8\x19\x00", True),
    "a shared value": (b"\xd8\x1c\x80", True),
    "a value that holds itself": (b"\xd8\x1c\x81\xd8\x1d\x00", True),
    "a fraction of whole numbers": (b"\xd8\x1e\x82\x01\x00", True),
    "a regular expression": (b"\xd8\x23\x64(a+)", True),
    "an e-mail": (b"\xd8\x24\x61x", True),
    "a UUID": (b"\xd8\x25\x41\x00", True),
    "days": (b"\xd8\x64\x1b" + _LIE, False),
    "a set": (b"\xd9\x01\x02\x81\x00", True),
    "an address": (b"\xd9\x01\x04\x41\x00", True),
    "a full date of another kind": (b"\xd9\x03\xec\x00", False),
    "a mark of CBOR": (b"\xd9\xd9\xf7\x00", True),
    "an unknown tag": (b"\xdb" + _LIE + b"\x81\xa0", False),
    "a crowd of numbers": (b"\x99\x9c\x40" + b"\x00" * CROWD_OF_ITEMS, True),
    "a crowd of maps": (b"\x99\x9c\x40" + b"\xa0" * CROWD_OF_ITEMS, True),
    "arrays that promise much": (b"\x9a\x00\x01\x00\x00" * 10, True),
}


def cbor_tree(data: bytes) -> Any:
    """The item, with maps as lists of pairs; bytes that hold a map or embedded CBOR are taken apart too."""
    value, rest = _item(data)
    assert rest == b""
    return value


class Pairs(list[Any]):
    """A map, as pairs in their order."""


def _item(data: bytes) -> tuple[Any, bytes]:
    major, info = data[0] >> 5, data[0] & 31
    size = 0 if info < 24 else 1 << (info - 24)
    argument = info if info < 24 else int.from_bytes(data[1 : 1 + size])
    head, rest = data[: 1 + size], data[1 + size :]
    if major in (0, 1, 7):
        return Raw(head), rest
    if major in (2, 3):
        content, rest = rest[:argument], rest[argument:]
        return (_opened(content) if major == 2 else Raw(head + content)), rest
    if major == 6:
        inner, rest = _item(rest)
        if argument == 24 and isinstance(inner, Embedded):
            return Embedded(inner.inner, True), rest
        return Tagged(argument, inner), rest
    items = []
    for _ in range(argument * (2 if major == 5 else 1)):
        item, rest = _item(rest)
        items.append(item)
    return (items if major == 4 else Pairs(map(list, zip(items[::2], items[1::2], strict=True)))), rest


def _opened(content: bytes) -> Any:
    if content and (content[0] >> 5 == 5 or content[:2] == b"\xd8\x18"):
        try:
            inner, rest = _item(content)
        except (IndexError, ValueError):
            pass
        else:
            if not rest and not isinstance(inner, Raw):
                return Embedded(inner, False)
    return Raw(_head(2, len(content)) + content)


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    info = next(info for info in range(24, 28) if argument < 1 << 8 * (1 << info - 24))
    return bytes([major << 5 | info]) + argument.to_bytes(1 << info - 24)


def cbor(value: Any) -> bytes:
    """The item, encoded."""
    match value:
        case Raw():
            return bytes(value)
        case Embedded(inner, tagged):
            content = cbor(inner)
            return (b"\xd8\x18" if tagged else b"") + _head(2, len(content)) + content
        case Tagged(number, inner):
            return _head(6, number) + cbor(inner)
        case Pairs():
            return _head(5, len(value)) + b"".join(cbor(key) + cbor(inner) for key, inner in value)
    return _head(4, len(value)) + b"".join(map(cbor, value))


def cbor_nodes(value: Any, put: Callable[[Any], Any], where: str) -> Iterator[tuple[str, Any, Callable[[Any], Any]]]:
    """Each item, with a function that puts another in its place; of long arrays and maps, their ends."""
    yield where, value, put
    match value:
        case Embedded(inner, tagged):
            yield from cbor_nodes(inner, lambda other: put(Embedded(other, tagged)), where + ">")
        case Tagged(number, inner):
            yield from cbor_nodes(inner, lambda other: put(Tagged(number, other)), f"{where}#{number}")
        case Pairs():
            pairs = [[key, Raw(cbor(inner))] for key, inner in value]
            for at in _ends(value, 8):
                key, inner = value[at]

                def put_inner(other: Any, at: int = at, key: Any = key) -> Any:
                    return put(Pairs([*pairs[:at], [key, other], *pairs[at + 1 :]]))

                yield from cbor_nodes(inner, put_inner, f"{where}.{bytes(key)[1:].decode('latin-1')}")
        case list():
            items = [Raw(cbor(item)) for item in value]
            for at in _ends(value, 4):

                def put_item(other: Any, at: int = at) -> Any:
                    return put([*items[:at], other, *items[at + 1 :]])

                yield from cbor_nodes(value[at], put_item, f"{where}[{at}]")


def _ends(value: Sequence[Any], count: int) -> list[int]:
    return [at for at in range(len(value)) if at < count // 2 or at >= len(value) - count // 2]


def cbor_faults(good: bytes) -> Iterator[Fault]:
    """An item with one value in it of another type, size or spelling; with a key twice, or left out."""
    tree = cbor_tree(good)
    assert cbor(tree) == good, "the message is not in the shortest encoding"
    for where, value, put in cbor_nodes(tree, lambda other: other, "item"):
        for name, (content, certain) in OTHER_CBOR.items():
            yield Fault(f"{where}: {name}", cbor(put(Raw(content))), certain)
        if isinstance(value, Pairs) and value:
            yield Fault(f"{where}: its first key twice", cbor(put(Pairs([*value, value[0]]))), True)
            for at in range(min(len(value), 12)):
                yield Fault(f"{where}: without pair {at}", cbor(put(Pairs([*value[:at], *value[at + 1 :]]))))
        elif type(value) is list:
            yield Fault(f"{where}: an entry more", cbor(put([*value, Raw(b"\xf6")])))
            yield Fault(f"{where}: an entry less", cbor(put(value[:-1])))


def cbor_texts(good: bytes) -> Iterator[Fault]:
    """Every fault of an item that is sent as it is."""
    yield from cbor_faults(good)
    yield Fault("a second item", good + b"\x00", True)
    yield Fault("nothing", b"", True)
    yield from cut_short(good, certain=True)
    yield from spoiled(good)
    yield from oversized(good)


# --- compressed lists -----------------------------------------------------------------------------------------------


def lists() -> Iterator[Fault]:
    """What may stand in a status list where a compressed list should."""
    whole = zlib.compress(bytes(1_000), 9)
    yield Fault("a bomb", zlib.compress(bytes(50_000_000), 9), True)
    yield Fault("a bomb in a bomb", zlib.compress(zlib.compress(bytes(50_000_000), 9) * 100, 9))
    yield Fault("a list that ends early", whole[:-1], True)
    yield Fault("a list with something behind it", whole + b"\0", True)
    yield Fault("two lists", whole * 2, True)
    yield Fault("a list by another name", b"\x1f\x8b" + whole[2:], True)
    yield Fault("a wrong checksum", whole[:-4] + bytes(4), True)
    yield Fault("no list", b"", True)
    yield Fault("a dictionary that nobody has", b"\x78\xbb" + bytes(10), True)
