"""From a type to all that it extends: the documents one after another, and what they say together.

A service fetches between the steps; nothing here knows where a document comes from. ``begin_type`` names the first,
``receive`` verifies what came and names the next, until nothing is extended (SD-JWT VC draft 16 sections 4.3 to 4.6.5).
"""

from dataclasses import dataclass
from functools import reduce
from typing import Final, final

from msgspec.structs import replace

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import VerifiedCredential
from zegel.formats.sdjwt.integrity import verify_integrity
from zegel.formats.sdjwt.type_metadata import (
    ClaimMetadata,
    Disclosability,
    TypeDisplay,
    TypeMetadata,
    parse_type_metadata,
)
from zegel.primitives.claim_path import ClaimPath
from zegel.trust.anchors import Purpose, TrustAnchors, entitled_types

MAX_TYPES: Final = 8  # a regional type, its national one and the European one are three


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedType:
    """A type with all that it inherits. ``types`` begins with the type itself; the furthest ancestor is the last."""

    types: tuple[str, ...]
    name: str | None
    description: str | None
    display: tuple[TypeDisplay, ...]
    claims: tuple[ClaimMetadata, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TypeStep:
    """The document of ``wanted`` is to be fetched; ``integrity`` is what its reference says of it."""

    wanted: str
    integrity: str | None
    documents: tuple[TypeMetadata, ...] = ()

    def receive(self, document: bytes) -> "TypeStep | ResolvedType":
        """Take the document, every byte as received, and go on to what it extends.

        ``Rejected`` with TYPE_INTEGRITY, or with TYPE_METADATA for another type's document, a circle, a chain of more
        than eight, or a contradiction; ``Malformed`` for what is no type metadata.
        """
        if self.integrity is not None:
            document = verify_integrity(document, self.integrity)
        metadata = parse_type_metadata(document)
        if metadata.vct != self.wanted:  # section 4.3
            raise Rejected(Check.TYPE_METADATA, "expected the document of the type that is referred to", field="vct")
        documents = (*self.documents, metadata)
        if metadata.extends is None:
            return _resolve(documents)
        if metadata.extends in {known.vct for known in documents}:  # section 6.3
            raise Rejected(Check.TYPE_METADATA, "a type extends itself", field="extends")
        if len(documents) == MAX_TYPES:
            raise Rejected(
                Check.TYPE_METADATA, f"expected at most {MAX_TYPES} types that extend another", field="extends"
            )
        return TypeStep(wanted=metadata.extends, integrity=metadata.extends_integrity, documents=documents)


def begin_type(credential: VerifiedCredential) -> TypeStep:
    """The first step for a credential: the document of its type, with the hash that its issuer signed."""
    integrity = credential.claims.get("vct#integrity")
    return TypeStep(wanted=credential.type, integrity=integrity if isinstance(integrity, str) else None)


def check_types(credential: VerifiedCredential, resolved: ResolvedType, *, anchors: TrustAnchors) -> VerifiedCredential:
    """Return the credential with the types that its own extends, as far as its issuer is trusted for each.

    Section 6.6: that a type extends another authorises nobody to issue the other. ``Rejected(TYPE_METADATA)`` when
    another type was resolved.
    """
    if resolved.types[0] != credential.type:
        raise Rejected(Check.TYPE_METADATA, "expected the metadata of the credential's type", field="vct")
    inherited = resolved.types[1:]
    issuer = credential.issuer
    listed = [
        anchor
        for anchor in anchors.of(Purpose.ISSUER)
        if anchor.certificate.subject == issuer.anchor and anchor.entity == issuer.entity
    ]
    # An authority may be listed with several certificates: what holds for all of them holds for the one that signed.
    trusted = [entitled_types(anchor, inherited) for anchor in listed] or [()]
    taken = (type_ for type_ in inherited if all(type_ in types for types in trusted))
    return replace(credential, types=tuple(dict.fromkeys((*credential.types, *taken))))


def _resolve(documents: tuple[TypeMetadata, ...]) -> ResolvedType:
    oldest_first = documents[::-1]
    displays = [document.display for document in documents if document.display is not None]
    claims: dict[ClaimPath, ClaimMetadata] = reduce(_extended, oldest_first, {})
    return ResolvedType(
        types=tuple(document.vct for document in documents),
        name=documents[0].name,
        description=documents[0].description,
        display=displays[0] if displays else (),  # section 4.5.2: the nearest, never merged
        claims=tuple(claims.values()),
    )


def _extended(inherited: dict[ClaimPath, ClaimMetadata], child: TypeMetadata) -> dict[ClaimPath, ClaimMetadata]:
    own = {claim.path: claim for claim in child.claims}
    return inherited | {
        path: _merged(inherited[path], claim) if path in inherited else claim for path, claim in own.items()
    }


def _merged(inherited: ClaimMetadata, own: ClaimMetadata) -> ClaimMetadata:
    """Section 4.6.5: the child's properties, and the parent's where the child has none."""
    if own.sd not in (None, inherited.sd) and inherited.sd in (Disclosability.ALWAYS, Disclosability.NEVER):
        raise Rejected(Check.TYPE_METADATA, "a type changes an inherited always or never", field="claims.sd")
    if inherited.mandatory and own.mandatory is False:
        raise Rejected(Check.TYPE_METADATA, "a type makes an inherited claim optional", field="claims.mandatory")
    return ClaimMetadata(
        path=own.path,
        display=inherited.display if own.display is None else own.display,
        mandatory=inherited.mandatory if own.mandatory is None else own.mandatory,
        sd=inherited.sd if own.sd is None else own.sd,
        svg_id=inherited.svg_id if own.svg_id is None else own.svg_id,
    )
