"""What sign-in needs of the catalogue: where each claim stands, of which kind it is, and which tell people apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from zegel.formats.catalogue.types import AttestationType, Catalogue, ClaimRule, ValueType
from zegel.formats.credential import Format
from zegel.primitives.claim_path import ClaimPath


class Kind(StrEnum):
    """What a value is in JSON."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"


_KINDS: Final[Mapping[ValueType, Kind]] = {  # all others are texts, bytes in base64url
    ValueType.UINT: Kind.NUMBER,
    ValueType.BOOL: Kind.BOOLEAN,
    ValueType.OBJECT: Kind.OBJECT,
    ValueType.ARRAY: Kind.ARRAY,
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A type as far as sign-in goes: ``types`` and ``paths`` by format, claims by the catalogue's ids. ``kinds`` are
    what they are in either format; ``unique`` are those that the issuer guarantees unique to one person and never
    reassigned."""

    id: str
    types: Mapping[Format, str]
    paths: Mapping[Format, Mapping[str, ClaimPath]]
    kinds: Mapping[str, Kind]
    unique: frozenset[str]


def build_attestations(catalogue: Catalogue) -> Mapping[str, Attestation]:
    """Every type of the catalogue, by id."""
    return {id_: _attestation(type_) for id_, type_ in catalogue.types.items()}


def _attestation(type_: AttestationType) -> Attestation:
    return Attestation(
        id=type_.id,
        types={format_: type_.identifier(format_) for format_ in type_.formats},
        paths={
            format_: {
                claim.id: _asked(claim, path, format_)
                for claim in type_.claims
                if (path := type_.path(claim, format_)) is not None
            }
            for format_ in type_.formats
        },
        kinds={claim.id: _KINDS.get(claim.rule.type, Kind.TEXT) for claim in type_.claims},
        unique=frozenset(type_.unique),
    )


def _asked(claim: ClaimRule, path: ClaimPath, format_: Format) -> ClaimPath:
    # PID_21: in an SD-JWT VC each entry of an array is disclosed on its own, so all of them are asked for.
    return (*path, None) if claim.rule.items is not None and format_ is Format.SD_JWT_VC else path
