"""What people read of a type: the issuer's metadata, the type's own document, and the name of each claim.

``described_claims`` is the one list of a type's claims in a format, in the order of the file; the rest is built of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.formats.catalogue.types import (
    CATEGORY,
    CATEGORY_NAMESPACE,
    AttestationType,
    ClaimRule,
    Names,
    TransactionDataType,
    ValueRule,
)
from zegel.formats.credential import Format
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.json import Json, JsonObject

_CATEGORY_NAMES: Final = {"en": "Category", "nl": "Categorie", "fr": "Catégorie", "de": "Kategorie", "hu": "Kategória"}
_SCA: Final = "urn:eu:europa:ec:eudi:sua:sca"  # TS12 section 3


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedClaim:
    """A claim, a member of one, or every entry of an array (None in the path), with its names by language."""

    path: ClaimPath
    names: Names
    mandatory: bool
    disclosable: bool


def described_claims(type_: AttestationType, format_: Format) -> tuple[DescribedClaim, ...]:
    """Each claim of the format, in order, objects before their members; ``Rejected(TYPE_FORMAT)`` for another one."""
    type_.identifier(format_)
    return tuple(_described(type_, format_))


def claim_name(type_: AttestationType, format_: Format, path: ClaimPath, *, locale: str) -> str:
    """What a claims path pointer asks for, in words: ``Place of birth: country``; the path itself where unknown."""
    (name,) = claim_names(type_, format_, (path,), locale=locale)
    return name


def claim_names(type_: AttestationType, format_: Format, paths: Iterable[ClaimPath], *, locale: str) -> tuple[str, ...]:
    """``claim_name`` of each of many: the type's claims are gone through once."""
    names = {claim.path: claim.names for claim in described_claims(type_, format_)}
    return tuple(_name(names, path, locale) for path in paths)


def name_in(names: Names, locale: str) -> str:
    """The name in a language, or in the language without its region, or in English."""
    return names.get(locale) or names.get(locale.partition("-")[0]) or names["en"]


def _name(names: Mapping[ClaimPath, Names], path: ClaimPath, locale: str) -> str:
    general = tuple(None if isinstance(element, int) else element for element in path)
    known = [general[:length] for length in range(1, len(general) + 1) if general[:length] in names]
    if not known or (len(known[-1]) < len(general) and any(general[len(known[-1]) :])):
        return ".".join("*" if element is None else str(element) for element in path)
    return ": ".join(dict.fromkeys(name_in(names[place], locale) for place in known))


def type_metadata(type_: AttestationType) -> JsonObject:
    """The type's document (SD-JWT VC draft 16 section 4.2); with transaction data, what TS12 section 4.1 adds."""
    display: list[Json] = [
        {"locale": locale, "name": name, "description": name_in(type_.descriptions, locale)}
        for locale, name in type_.names.items()
    ]
    claims: list[Json] = [
        {
            "path": list(claim.path),
            "display": [{"locale": locale, "label": name} for locale, name in claim.names.items()],
            "mandatory": claim.mandatory,
            "sd": "always" if claim.disclosable else "never",
        }
        for claim in described_claims(type_, Format.SD_JWT_VC)
    ]
    document: dict[str, Json] = {
        "vct": type_.identifier(Format.SD_JWT_VC),
        "name": type_.names["en"],
        "description": type_.descriptions["en"],
        "display": display,
        "claims": claims,
    }
    if type_.extends is not None:
        document["extends"] = type_.extends
    if type_.transaction_data:
        document["category"] = _SCA
        document["transaction_data_types"] = {data.type: _transaction_data(data) for data in type_.transaction_data}
    return document


def _described(type_: AttestationType, format_: Format) -> Iterator[DescribedClaim]:
    if type_.category is not None:
        category: ClaimPath = (CATEGORY,) if format_ is Format.SD_JWT_VC else (CATEGORY_NAMESPACE, CATEGORY)
        yield DescribedClaim(path=category, names=_CATEGORY_NAMES, mandatory=True, disclosable=format_ is Format.MDOC)
    seen: set[tuple[str, ...]] = set()
    for claim in type_.claims:
        path = type_.path(claim, format_)
        if path is None:
            continue
        if format_ is Format.SD_JWT_VC:
            yield from _parents(type_, claim, seen)
        yield DescribedClaim(path=path, names=claim.names, mandatory=claim.mandatory, disclosable=claim.disclosable)
        yield from _inner(claim.rule, path, claim.names, claim.disclosable)


def _parents(type_: AttestationType, claim: ClaimRule, seen: set[tuple[str, ...]]) -> Iterator[DescribedClaim]:
    """The objects that hold the claim, each once."""
    path = claim.sd_jwt or ()
    for parent in (path[:length] for length in range(1, len(path))):
        if parent not in seen:
            seen.add(parent)
            held = (other.mandatory for other in type_.claims if (other.sd_jwt or ())[: len(parent)] == parent)
            yield DescribedClaim(path=parent, names=type_.parents[parent], mandatory=any(held), disclosable=True)


def _inner(rule: ValueRule, path: ClaimPath, names: Names, disclosable: bool) -> Iterator[DescribedClaim]:
    if rule.items is not None:
        entry = (*path, None)
        yield DescribedClaim(path=entry, names=names, mandatory=False, disclosable=disclosable)
        yield from _inner(rule.items, entry, names, disclosable)
    for member in rule.members:
        inner = (*path, member.id)
        # A member is mandatory only where what holds it is there, which metadata cannot say.
        yield DescribedClaim(path=inner, names=member.names, mandatory=False, disclosable=disclosable)
        yield from _inner(member.rule, inner, member.names, disclosable)


def _transaction_data(data: TransactionDataType) -> Json:
    claims: list[Json] = [
        {
            "path": list(claim.path),
            "visualisation": claim.visualisation,
            "display": [{"locale": locale, "label": label} for locale, label in claim.names.items()],
        }
        for claim in data.claims
    ]
    labels: dict[str, Json] = {
        label: [{"lang": language, "value": text} for language, text in names.items()]
        for label, names in data.labels.items()
    }
    return {"schema": data.type, "claims": claims, "ui_labels": labels}
