"""What is proven of a credential, step by step, whatever its format.

    bytes -> Unverified* -> VerifiedCredential            the issuer's part
                         -> VerifiedPresentation          and its holder answered our nonce and audience
                         -> UnboundPresentation           presented without holder binding, as the query allowed
          -> CurrentCredential, CurrentPresentation, CurrentUnboundPresentation      and not revoked

A claim can be read from these alone. What is made anew for each message is a msgspec struct: it is as immutable as
a frozen dataclass, and made in a tenth of the time.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, final

from msgspec import Struct

from zegel.formats.claims import Claims
from zegel.primitives.keys import Algorithm, PublicKey


class Format(StrEnum):
    """Credential format identifiers (OpenID4VCI 1.0 appendix A, OpenID4VP 1.0 appendix B)."""

    SD_JWT_VC = "dc+sd-jwt"
    MDOC = "mso_mdoc"


@final
class StatusReference(Struct, frozen=True, kw_only=True):
    """Where a credential's status stands: an entry of a Token Status List."""

    uri: str
    index: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierReference:
    """Where an mdoc's status stands otherwise: it is revoked once its ``identifier`` is on the list at ``uri``."""

    uri: str
    identifier: bytes


Reference: TypeAlias = StatusReference | IdentifierReference
"""By which of the two mechanisms of ISO/IEC 18013-5 (second edition) section 12.3.6 a credential can be revoked."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who signed. ``entity`` is the name on the list of trusted entities, ``anchor`` and ``subject`` are RFC 4514
    names of the anchor and the signer; ``key_ids`` are the authority key identifiers of the chain, signer first.
    ``algorithm`` is that of the signer's key; None where it was not yet kept."""

    entity: str
    anchor: str
    subject: str
    key_ids: tuple[bytes, ...]
    algorithm: Algorithm | None = None


@final
class VerifiedCredential(Struct, frozen=True):
    """The issuer is trusted for the type, the signature and every digest hold, and it is valid at our ``now``.

    Times are seconds since the epoch. ``types`` holds the type and those that it extends or is also known as.
    ``holder_key`` is None for a credential that is bound to nobody.
    """

    format: Format
    type: str
    types: tuple[str, ...]
    issuer: Issuer
    claims: Claims
    status: Reference | None
    valid_from: int | None
    valid_until: int | None
    holder_key: PublicKey | None


@final
class VerifiedPresentation(Struct, frozen=True):
    """The credential's holder signed our nonce and audience, and the transaction data that we sent."""

    credential: VerifiedCredential


@final
class UnboundPresentation(Struct, frozen=True):
    """The credential was presented without holder binding; nothing says who presented it."""

    credential: VerifiedCredential


class Status(StrEnum):
    """What was found of a credential's status; anything worse is ``Rejected``."""

    VALID = "valid"
    STALE = "valid when last seen"  # its list could not be had anew in time, and the profile's grace lasts
    NO_STATUS = "no status"  # the credential carries none: it is short-lived


@final
class CurrentCredential(Struct, frozen=True):
    """The credential and its status. Of who holds it, nothing is shown."""

    credential: VerifiedCredential
    status: Status


@final
class CurrentPresentation(Struct, frozen=True):
    """The presentation, and its credential is not revoked."""

    credential: VerifiedCredential
    status: Status


@final
class CurrentUnboundPresentation(Struct, frozen=True):
    """The presentation without holder binding, and its credential is not revoked."""

    credential: VerifiedCredential
    status: Status
