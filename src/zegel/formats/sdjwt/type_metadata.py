"""Type metadata: the document that describes a credential's type (SD-JWT VC draft 16 section 4.2)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.claim_path import ClaimPath, parse_claim_path
from zegel.primitives.json import Json, JsonObject, parse_object

MAX_DOCUMENT: Final = 1 << 17  # a PID in five languages takes a quarter
MAX_CLAIMS: Final = 500  # as many as a credential may disclose
MAX_LOCALES: Final = 64  # the Union has 24 official languages
_MAX_TEXT: Final = 1_000  # section 6.5: overly long text must not distort a page
_SVG_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WHAT: Final = "type metadata"


class Disclosability(StrEnum):
    """Whether an issuer makes a claim selectively disclosable (section 4.6.4)."""

    ALWAYS = "always"
    ALLOWED = "allowed"
    NEVER = "never"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TypeDisplay:
    """A type in the words of one language; ``rendering`` as the document has it."""

    locale: str
    name: str
    description: str | None
    rendering: JsonObject | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLabel:
    """A claim in the words of one language."""

    locale: str
    label: str
    description: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMetadata:
    """What a type says of the claims at a path. None stands for what the document leaves out."""

    path: ClaimPath
    display: tuple[ClaimLabel, ...] | None
    mandatory: bool | None
    sd: Disclosability | None
    svg_id: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TypeMetadata:
    """One document. It is its publisher's word; which document a reference means, ``TypeStep`` verifies."""

    vct: str
    name: str | None
    description: str | None
    extends: str | None
    extends_integrity: str | None
    display: tuple[TypeDisplay, ...] | None
    claims: tuple[ClaimMetadata, ...]


def parse_type_metadata(document: bytes) -> TypeMetadata:
    """Parse a type metadata document; members that are not known are left out, ``Malformed`` for a wrong one."""
    members = parse_object(document, what=_WHAT, max_bytes=MAX_DOCUMENT)
    vct = _text(members, "vct", "vct")
    if vct is None:
        raise Malformed(_WHAT, "vct", "expected the type that the document describes")
    claims = _objects(members, "claims", "claims", MAX_CLAIMS) or ()
    metadata = TypeMetadata(
        vct=vct,
        name=_text(members, "name", "name"),
        description=_text(members, "description", "description"),
        extends=_text(members, "extends", "extends"),
        extends_integrity=_text(members, "extends#integrity", "extends#integrity"),
        display=_type_displays(members),
        claims=tuple(_claim(claim, f"claims[{position}]") for position, claim in enumerate(claims)),
    )
    _refuse_twice([claim.path for claim in metadata.claims], "path")
    _refuse_twice([claim.svg_id for claim in metadata.claims if claim.svg_id is not None], "svg_id")
    return metadata


def _type_displays(members: JsonObject) -> tuple[TypeDisplay, ...] | None:
    displays = _objects(members, "display", "display", MAX_LOCALES)
    if displays is None:
        return None
    return tuple(_type_display(display, f"display[{position}]") for position, display in enumerate(displays))


def _type_display(members: JsonObject, where: str) -> TypeDisplay:
    rendering = members.get("rendering")
    if rendering is not None and not isinstance(rendering, dict):
        raise Malformed(_WHAT, f"{where}.rendering", "expected an object")
    return TypeDisplay(
        locale=_required_text(members, "locale", where),
        name=_required_text(members, "name", where),
        description=_text(members, "description", f"{where}.description"),
        rendering=rendering,
    )


def _claim(members: JsonObject, where: str) -> ClaimMetadata:
    mandatory, sd = members.get("mandatory"), members.get("sd")
    if mandatory is not None and type(mandatory) is not bool:
        raise Malformed(_WHAT, f"{where}.mandatory", "expected true or false")
    if sd is not None and (type(sd) is not str or sd not in _DISCLOSABILITIES):
        raise Malformed(_WHAT, f"{where}.sd", f"expected {', '.join(Disclosability)}")
    svg_id = _text(members, "svg_id", f"{where}.svg_id")
    if svg_id is not None and not _SVG_ID.fullmatch(svg_id):
        raise Malformed(_WHAT, f"{where}.svg_id", "expected letters, digits and underscores, and no digit first")
    return ClaimMetadata(
        path=parse_claim_path(members.get("path"), what=_WHAT, where=f"{where}.path"),
        display=_labels(members, f"{where}.display"),
        mandatory=mandatory,
        sd=None if sd is None else Disclosability(sd),
        svg_id=svg_id,
    )


def _labels(members: JsonObject, where: str) -> tuple[ClaimLabel, ...] | None:
    labels = _objects(members, "display", where, MAX_LOCALES)
    if labels is None:
        return None
    return tuple(
        ClaimLabel(
            locale=_required_text(label, "locale", where),
            label=_required_text(label, "label", where),
            description=_text(label, "description", f"{where}.description"),
        )
        for label in labels
    )


def _objects(members: JsonObject, name: str, where: str, most: int) -> list[JsonObject] | None:
    if name not in members:
        return None
    value = members[name]
    if not isinstance(value, list) or len(value) > most or not all(isinstance(item, dict) for item in value):
        raise Malformed(_WHAT, where, f"expected an array of at most {most} objects")
    return value


def _text(members: JsonObject, name: str, where: str) -> str | None:
    if name not in members:
        return None
    value: Json = members[name]
    if type(value) is not str or not 0 < len(value) <= _MAX_TEXT:
        raise Malformed(_WHAT, where, f"expected text of at most {_MAX_TEXT} characters")
    return value


def _required_text(members: JsonObject, name: str, where: str) -> str:
    value = _text(members, name, f"{where}.{name}")
    if value is None:
        raise Malformed(_WHAT, f"{where}.{name}", "expected text")
    return value


def _refuse_twice(values: list[ClaimPath] | list[str], name: str) -> None:
    if len(set(values)) != len(values):
        raise Malformed(_WHAT, "claims", f"expected each {name} once")


_DISCLOSABILITIES: Final = frozenset(map(str, Disclosability))
