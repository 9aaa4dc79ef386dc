"""What a log answers, read by whoever asks it (RFC 9162 sections 5.1 to 5.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar, final

from zegel.errors import Malformed
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.members import read_object, read_text
from zegel.trust.transparency.items import (
    ConsistencyProof,
    InclusionProof,
    LogEntry,
    SignedCertificateTimestamp,
    SignedTreeHead,
    parse_trans_item,
)

MAX_ANSWER: Final = 1 << 22  # a hundred entries, each with its chain
MAX_ENTRIES: Final = 100  # in one answer; section 5.6 lets a log give fewer than were asked for
_WHAT: Final = "answer of a log"
_MAX_ITEM: Final = 1 << 16  # characters: an entry holds a certificate, of at most 8 kB

ItemT = TypeVar("ItemT")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LogAnswer:
    """What an answer carries, of all that it may. ``entries`` as they stand in the tree, encoded and read."""

    sct: SignedCertificateTimestamp | None = None
    sth: SignedTreeHead | None = None
    inclusion: InclusionProof | None = None
    consistency: ConsistencyProof | None = None
    entries: tuple[tuple[bytes, LogEntry | None], ...] = ()


def parse_log_answer(body: bytes) -> LogAnswer:
    """Parse an answer; ``Malformed`` for a member that is not what its name says.

    An entry of a type that is unknown here is None beside its bytes, which stay a leaf (section 5.6).
    """
    members = parse_object(body, what=_WHAT, max_bytes=MAX_ANSWER)
    listed = members.get("entries", [])
    if not isinstance(listed, list) or len(listed) > MAX_ENTRIES:
        raise Malformed(_WHAT, "entries", f"expected an array of at most {MAX_ENTRIES}")
    return LogAnswer(
        sct=_item(members, "sct", SignedCertificateTimestamp),
        sth=_item(members, "sth", SignedTreeHead),
        inclusion=_item(members, "inclusion", InclusionProof),
        consistency=_item(members, "consistency", ConsistencyProof),
        entries=tuple(_entry(each, f"entries[{at}]") for at, each in enumerate(listed)),
    )


def _entry(value: Json, where: str) -> tuple[bytes, LogEntry | None]:
    encoded = _decoded(read_object(value, what=_WHAT, where=where), "log_entry", where)
    item = parse_trans_item(encoded)
    return encoded, item if isinstance(item, LogEntry) else None


def _item(members: JsonObject, name: str, kind: type[ItemT]) -> ItemT | None:
    if name not in members:
        return None
    item = parse_trans_item(_decoded(members, name, ""))
    if not isinstance(item, kind):
        raise Malformed(_WHAT, name, "expected a TransItem of the type that belongs there")
    return item


def _decoded(members: Mapping[str, Json], name: str, where: str) -> bytes:
    place = f"{where}.{name}" if where else name
    return parse_base64(read_text(members.get(name), what=_WHAT, where=place, limit=_MAX_ITEM), what=_WHAT, where=place)
