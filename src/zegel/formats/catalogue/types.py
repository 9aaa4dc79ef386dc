"""An attestation type as a value: its identifiers, its claims in both formats, and how it is issued."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format
from zegel.primitives.claim_path import ClaimPath
from zegel.trust.disclosure_policy.values import DisclosurePolicy

MAX_TEXT: Final = 150  # PID rulebook 1.7 section 3.1.2, and the template for every other rulebook
CATEGORY: Final = "category"  # ETSI TS 119 472-1, never selectively disclosable
CATEGORY_NAMESPACE: Final = "org.etsi.01947201.010101"

Names = Mapping[str, str]
"""What something is called, by language (BCP 47); English is always there."""


class ValueType(StrEnum):
    """What a value may be. Its encoding follows from this and the format."""

    TEXT = "text"
    COUNTRY = "country"
    FULL_DATE = "full-date"
    DATE_TIME = "date-time"
    UINT = "uint"
    BOOL = "bool"
    BYTES = "bytes"
    PORTRAIT = "portrait"
    OBJECT = "object"
    ARRAY = "array"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule:
    """The form of a value.

    ``pattern`` is a regular expression for the whole of a text, ``values`` the only numbers allowed. An object has
    ``members``, an array ``items``; neither is ever empty.
    """

    type: ValueType
    max_length: int = MAX_TEXT
    pattern: str | None = None
    values: frozenset[int] | None = None
    members: "tuple[MemberRule, ...]" = ()
    items: "ValueRule | None" = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRule:
    """A member of an object: the name in both formats, and the form of its value."""

    id: str
    names: Names
    rule: ValueRule
    mandatory: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """A claim of a type. ``id`` is the rulebook's data identifier, under which a person's record holds the value.

    ``sd_jwt`` and ``mdoc`` say where it goes: a path of names, a namespace and an element; None leaves it out of that
    format. ``begins_with`` names a claim whose value this one's must begin with.
    """

    id: str
    names: Names
    rule: ValueRule
    mandatory: bool = False
    disclosable: bool = True
    sd_jwt: tuple[str, ...] | None = None
    mdoc: tuple[str, str] | None = None
    begins_with: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadClaim:
    """A member of transaction data, for the page on which it is confirmed; 1 is the most visible (TS12 3.3.1).

    ``values`` are what codes mean that stand in it.
    """

    path: tuple[str, ...]
    names: Names
    visualisation: int
    values: Mapping[str, Names]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionDataType:
    """A type of transaction data that the holder of an attestation may sign.

    ``required`` and ``optional`` are the members of its objects beside OpenID4VP's own, and what each holds, by path
    with dots; an object in which none is named may hold anything. ``patterns`` are regular expressions for the whole of
    a text. In an mdoc the device signs ``elements`` of ``namespace``, which the issuer's KeyAuthorizations allow.
    """

    type: str
    required: Mapping[str, str]
    optional: Mapping[str, str]
    patterns: Mapping[str, str]
    namespace: str | None
    elements: tuple[str, ...]
    claims: tuple[PayloadClaim, ...]
    labels: Mapping[str, Names]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationType:
    """A type of attestation. A format that it is not issued in has no identifier: ``vct`` or ``doctype`` is None.

    ``validity_days`` is how long a copy lives, ``renewal_days`` how long before its end the wallet asks for more,
    ``batch_size`` how many copies it gets at once, at most: of some types fewer than the issuer gives of others.
    ``unique`` are claims that are unique to one person and never reassigned. ``parents`` are the names of objects that
    hold claims of their own, by SD-JWT path. ``decoys`` is the number of decoy digests at the top level. ``policy``
    says who may be shown it; None: anybody.
    """

    id: str
    names: Names
    descriptions: Names
    vct: str | None
    extends: str | None
    doctype: str | None
    category: str | None
    claims: tuple[ClaimRule, ...]
    parents: Mapping[tuple[str, ...], Names]
    unique: tuple[str, ...]
    validity_days: int
    renewal_days: int
    batch_size: int
    decoys: int
    revocable: bool
    device_bound: bool
    transaction_data: tuple[TransactionDataType, ...]
    policy: DisclosurePolicy | None = None

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats that the type is issued in."""
        pairs = ((Format.SD_JWT_VC, self.vct), (Format.MDOC, self.doctype))
        return tuple(format_ for format_, identifier in pairs if identifier is not None)

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Its name in each of them."""
        return tuple(map(self.identifier, self.formats))

    def identifier(self, format_: Format) -> str:
        """The vct or the doctype; ``Rejected(TYPE_FORMAT)`` for a format that the type is not issued in."""
        identifier = self.vct if format_ is Format.SD_JWT_VC else self.doctype
        if identifier is None:
            detail = f"{self.id} is issued as {' and '.join(self.formats)} only, got {format_}"
            raise Rejected(Check.TYPE_FORMAT, detail, field="format")
        return identifier

    def path(self, claim: ClaimRule, format_: Format) -> ClaimPath | None:
        """Where a claim stands in a credential of the format."""
        return claim.sd_jwt if format_ is Format.SD_JWT_VC else claim.mdoc

    def unique_paths(self, format_: Format) -> tuple[ClaimPath, ...]:
        """The paths whose values tell persons apart for good."""
        paths = (self.path(claim, format_) for claim in self.claims if claim.id in self.unique)
        return tuple(path for path in paths if path is not None)

    @property
    def in_the_clear(self) -> frozenset[ClaimPath]:
        """The SD-JWT paths that are not selectively disclosable; everything else is, each on its own."""
        paths: set[ClaimPath] = {claim.sd_jwt for claim in self.claims if claim.sd_jwt and not claim.disclosable}
        return frozenset(paths if self.category is None else {*paths, (CATEGORY,)})

    @property
    def key_authorizations(self) -> Mapping[str, tuple[str, ...]]:
        """The elements that the device may sign, by namespace (ISO/IEC 18013-5 section 9.1.2.4)."""
        allowed: dict[str, tuple[str, ...]] = {}
        for transaction in self.transaction_data:
            if transaction.namespace is not None:
                before = allowed.get(transaction.namespace, ())
                allowed[transaction.namespace] = tuple(dict.fromkeys((*before, *transaction.elements)))
        return allowed


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All types, by id."""

    types: Mapping[str, AttestationType]

    def find(self, identifier: str) -> AttestationType | None:
        """The type whose vct or doctype this is."""
        known = (type_ for type_ in self.types.values() if identifier in (type_.vct, type_.doctype))
        return next(known, None)

    def check_format(self, identifier: str, format_: Format) -> str:
        """Return an identifier; ``Rejected(TYPE_FORMAT)`` where it is that of a type without this format."""
        type_ = self.find(identifier)
        if type_ is not None:
            type_.identifier(format_)
        return identifier
