"""A signed list of trusted entities, read as far as trust needs it (TS 119 602 clause 6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.json import MAX_BYTES, Json, JsonObject
from zegel.primitives.json_items import ItemStream
from zegel.primitives.jws import UnverifiedJws, set_payload_aside
from zegel.primitives.members import read_array, read_object, read_text
from zegel.trust.lists.entity import read_certificates, read_entity, read_name, read_time
from zegel.trust.lists.values import ListPointer, TrustedEntity

MAX_ENTITIES: Final = 20_000  # ten times the Union's trust services of every kind; more would be no list to look at
MAX_TRUSTED_LIST: Final = 80_000_000  # so many entities of 3 kB, two certificates each, in base64url
_CHUNK: Final = 1 << 15  # what is decoded of a payload at a time
_SCHEME: Final = "ListAndSchemeInformation"
_ENTITIES: Final = "TrustedEntitiesList"
_POINTERS: Final = "PointersToOtherLoTE"
_WHAT: Final = "list of trusted entities"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedTrustedList:
    """A list that parses; nothing in it is proven. Times are seconds since the epoch.

    The claims of ``jws`` are left empty: they were read an entity at a time.
    """

    jws: UnverifiedJws
    unverified_type: str
    unverified_sequence: int
    unverified_operator: str
    unverified_issued_at: int
    unverified_next_update: int
    unverified_pointers: tuple[ListPointer, ...]
    unverified_entities: tuple[TrustedEntity, ...]


def parse_trusted_list(compact: bytes | str) -> UnverifiedTrustedList:
    """Parse a signed list; ``Malformed`` for anything but a JWS with a list of TS 119 602 in it.

    The memory that it takes beside the list is that of the names, keys and certificates in it.
    """
    data = compact if isinstance(compact, bytes) else compact.encode(errors="replace")
    if len(data) > MAX_TRUSTED_LIST:
        raise Malformed(_WHAT, "", f"expected at most {MAX_TRUSTED_LIST} bytes, got {len(data)}")
    jws, payload = set_payload_aside(data, what=_WHAT)
    stream = ItemStream(_decoded(payload), ("LoTE", _ENTITIES), what=_WHAT, max_items=MAX_ENTITIES)
    entities = tuple(read_entity(item, f"{_ENTITIES}[{at}]") for at, item in enumerate(stream))
    scheme = _object(_object(stream.rest().get("LoTE"), "LoTE").get(_SCHEME), _SCHEME)
    sequence = scheme.get("LoTESequenceNumber")
    if type(sequence) is not int or sequence < 1:
        raise Malformed(_WHAT, "LoTESequenceNumber", "expected a number from one")
    return UnverifiedTrustedList(
        jws=jws,
        unverified_type=read_text(scheme.get("LoTEType"), what=_WHAT, where="LoTEType"),
        unverified_sequence=sequence,
        unverified_operator=read_name(scheme.get("SchemeOperatorName"), "SchemeOperatorName"),
        unverified_issued_at=read_time(scheme.get("ListIssueDateTime"), "ListIssueDateTime"),
        unverified_next_update=read_time(scheme.get("NextUpdate"), "NextUpdate"),
        unverified_pointers=tuple(_pointers(scheme.get(_POINTERS))),
        unverified_entities=entities,
    )


def _decoded(payload: memoryview) -> Iterator[bytes]:
    for start in range(0, len(payload), _CHUNK):
        yield parse_base64url(bytes(payload[start : start + _CHUNK]), what=_WHAT, where="payload")


def _pointers(value: Json) -> Iterator[ListPointer]:
    for at, item in enumerate(() if value is None else _array(value, _POINTERS)):
        where = f"{_POINTERS}[{at}]"
        pointer = _object(item, where)
        identities = _array(pointer.get("ServiceDigitalIdentities"), f"{where}.ServiceDigitalIdentities")
        qualifiers = _array(pointer.get("LoTEQualifiers"), f"{where}.LoTEQualifiers")
        yield ListPointer(
            location=read_text(pointer.get("LoTELocation"), what=_WHAT, where=f"{where}.LoTELocation"),
            types=tuple(str(_object(each, f"{where}.LoTEQualifiers").get("LoTEType", "")) for each in qualifiers),
            certificates=tuple(
                der
                for number, identity in enumerate(identities)
                for der in read_certificates(
                    _object(identity, f"{where}.ServiceDigitalIdentities[{number}]"), f"{where}[{number}]"
                )
            ),
        )


def _object(value: Json, where: str) -> JsonObject:
    return read_object(value, what=_WHAT, where=where)


def _array(value: Json, where: str) -> list[Json]:
    return read_array(value, what=_WHAT, where=where, limit=MAX_BYTES)
