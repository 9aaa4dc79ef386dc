"""JSON in and out: one value for each text, within limits (RFC 8259, and RFC 7493 for what it leaves open)."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import msgspec
import orjson

from zegel.errors import Malformed

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
else:
    Json: TypeAlias = Any  # the stores' codec cannot read a recursive type
JsonObject: TypeAlias = Mapping[str, Json]

MAX_BYTES = 1 << 18  # a presentation with a portrait is under 100 kB; the specifications set no limit
MAX_DEPTH = 24  # type metadata, the deepest object of the specifications, needs nine
_MAX_CONTAINERS = 8_192  # a list of trusted entities of 256 kB has half as many; "[[],[],[]," one in two bytes
_MAX_VALUES = 12_000  # a list of two hundred entities has as many; each costs up to 600 bytes while it is parsed
_MAX_DIGITS = 20  # 2**64 has twenty; RFC 7493 section 2.2 promises less
_LONG_NUMBER = b"0" * _MAX_DIGITS
_DIGITS_AS_ZERO = bytes(48 if 48 <= octet <= 57 else 32 for octet in range(256))

encode_json: Final[Callable[[object], bytes]] = orjson.dumps
"""Serialise compactly; equal values in equal order give equal bytes."""


def parse_json(
    text: bytes | str,
    *,
    what: str,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_values: int = _MAX_VALUES,
) -> Json:
    """Parse one JSON value; ``Malformed`` on a name used twice, NaN, too deep a value or more than ``max_bytes``."""
    if len(text) > max_bytes:
        raise Malformed(what, "", f"expected at most {max_bytes} bytes, got {len(text)}")
    data = text if isinstance(text, bytes) else _encoded(text, what, max_bytes)
    containers = count_containers(data, what, max_values)
    value = _parse_loosely(data, what)
    if containers > max_depth:
        _refuse_depth(value, what, max_depth)
    # What re-serialises to the same bytes had no name twice: the strict parser, ten times slower, is spared.
    if _spells(value, data):
        return value
    del value
    return _parse_strictly(data, what)


def parse_object(text: bytes | str, *, what: str, max_bytes: int = MAX_BYTES) -> dict[str, Json]:
    """Parse one JSON object; ``Malformed`` as ``parse_json``, and for any other value."""
    value = parse_json(text, what=what, max_bytes=max_bytes)
    if type(value) is not dict:
        raise Malformed(what, "", "expected a JSON object")
    return value


def count_containers(data: bytes, what: str, max_values: int = _MAX_VALUES) -> int:
    """How many arrays and objects there are at most; ``Malformed`` for more of them, or more values, than allowed."""
    # What two deletions shorten a text by is what is counted, several times faster than ``count``.
    containers = 2 * len(data) - len(data.replace(b"[", b"")) - len(data.replace(b"{", b""))
    if len(data) > _MAX_CONTAINERS:  # a shorter text holds fewer
        _refuse_crowd(data, containers, what, max_values)
    return containers


def _encoded(text: str, what: str, max_bytes: int) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise Malformed(what, "", "expected text without lone surrogates") from None
    if len(data) > max_bytes:
        raise Malformed(what, "", f"expected at most {max_bytes} bytes, got {len(data)}")
    return data


def _parse_loosely(data: bytes, what: str) -> Json:
    """As fast as can be; of a long text in a tenth of the memory, which is twelve times the text's otherwise."""
    try:
        return cast("Json", orjson.loads(data) if len(data) <= MAX_BYTES else msgspec.json.decode(data))
    except orjson.JSONDecodeError as error:
        raise Malformed(what, f"line {error.lineno} column {error.colno}", "expected JSON") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Malformed(what, "", "expected JSON") from None
    except RecursionError:
        raise Malformed(what, "", "expected less of a depth") from None


def _spells(value: Json, data: bytes) -> bool:
    if len(data) <= MAX_BYTES:
        return orjson.dumps(value) == data
    return not _has_long_number(data) and msgspec.json.encode(value) == data


def _refuse_crowd(data: bytes, containers: int, what: str, max_values: int) -> None:
    if containers > _MAX_CONTAINERS:
        raise Malformed(what, "", f"expected at most {_MAX_CONTAINERS} arrays and objects")
    if data.count(b",") > max_values:
        raise Malformed(what, "", f"expected at most {max_values} values")


def _parse_strictly(data: bytes, what: str) -> Json:
    try:
        return cast(
            "Json",
            json.loads(
                data.decode(),
                object_pairs_hook=_unique,
                parse_int=_bounded if _has_long_number(data) else None,  # a call for each number costs the most
            ),
        )
    except _RefusedError as error:
        raise Malformed(what, "", str(error)) from None


def _has_long_number(data: bytes) -> bool:
    return _LONG_NUMBER in data.translate(_DIGITS_AS_ZERO)


class _RefusedError(Exception):
    """Text that JSON allows and we do not."""


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _RefusedError("expected each member name once in an object")
    return value


def _bounded(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _RefusedError(f"expected a number of at most {_MAX_DIGITS} digits")
    return int(digits)


def _refuse_depth(value: Json, what: str, max_depth: int) -> None:
    level: list[Json] = [value]
    for _ in range(max_depth):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise Malformed(what, "", f"expected a depth of at most {max_depth}")


def _children(node: Json) -> list[Json]:
    inner = node.values() if type(node) is dict else node if type(node) is list else ()
    return [child for child in inner if type(child) in (dict, list)]
