"""Trust anchors: which authority is trusted for which purpose, and the chains that lead to one.

An anchor set is immutable; loading a new list makes a new set. That is why a set can remember the chains that it
validated: the same bytes, for the same purpose, within the same minute, lead to the same anchor.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.x509 import (
    Certificate,
    CertificateProfile,
    NamedCertificate,
    check_validity,
    parse_certificate,
    verify_path,
)
from zegel.trust.revocation import RevocationLists
from zegel.trust.transparency.logs import TransparencyLog

_MAX_REMEMBERED: Final = 4_096  # chains; each is under 10 kB


class Purpose(StrEnum):
    """What an authority's certificates may be used for. Trust for one is never trust for another."""

    ISSUER = "issuer"
    STATUS = "status"
    WALLET_STATUS = "wallet-status"
    REGISTRATION_STATUS = "registration-status"
    WALLET_PROVIDER = "wallet-provider"
    ACCESS = "access"
    REGISTRATION = "registration"
    LIST = "list"


_DOCUMENT_SIGNER: Final = "1.0.18013.5.1.2"  # ISO/IEC 18013-5 section B.1.1

JWT_SIGNER: Final = CertificateProfile(name="signing attestations as JWT", named_usage=_DOCUMENT_SIGNER, lax=True)
"""Asked in place of ``PROFILES`` of whoever signs an SD-JWT VC: HAIP 1.0 section 6.1.1 leaves the profile open.

It has to name the usage of attestations: the same authority may certify who signs status lists, or documents, and their
keys sign no attestation.
"""

_STATUS_USAGES: Final = frozenset({_DOCUMENT_SIGNER})

PROFILES: Final = {
    # ISO/IEC 18013-5 table B.3, of whoever signs mdocs; our own signer has it for both formats
    Purpose.ISSUER: CertificateProfile(
        name="signing attestations", extended_key_usage=_DOCUMENT_SIGNER, same_country=True, max_days=457
    ),
    # Status list draft 20 section 10 asks for id-kp-oauthStatusSigning, whose number IANA has not given out yet; the
    # 1.3.6.1.5.5.7.3.30 that is seen for it is RFC 8209's BGPsec router. So we write none, as the second edition of
    # ISO/IEC 18013-5 lets us (table B.9), and read none, or an issuer's own signer (draft 20 section 11.3).
    Purpose.STATUS: CertificateProfile(name="signing status lists", allowed_usages=_STATUS_USAGES),
    Purpose.WALLET_STATUS: CertificateProfile(
        name="signing status lists of wallet attestations", allowed_usages=_STATUS_USAGES
    ),
    Purpose.REGISTRATION_STATUS: CertificateProfile(
        name="signing status lists of registration certificates", allowed_usages=_STATUS_USAGES
    ),
    Purpose.WALLET_PROVIDER: CertificateProfile(name="signing wallet attestations"),
    Purpose.ACCESS: CertificateProfile(name="signing presentation requests"),
    Purpose.REGISTRATION: CertificateProfile(name="signing registration certificates"),
    Purpose.LIST: CertificateProfile(name="signing lists of trusted entities"),
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The list that an anchor stands on: its type, number and operator, and when its next update is due."""

    type: str
    sequence: int
    operator: str
    next_update: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustAnchor:
    """A trusted authority. ``entity`` is its name on the list.

    ``listings`` are the lists that it stands on, none where somebody vouches for it by hand.

    ``types`` are the attestation types that it may issue (None: any). One that ends in ``:*`` stands for every type
    below it: the domestic types of a country (PID_14).
    """

    certificate: Certificate | NamedCertificate
    purpose: Purpose
    entity: str
    types: frozenset[str] | None = None
    listings: tuple[Listing, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedChain:
    """A chain that leads to an anchor for a purpose; ``leaf.key`` may be used for it. ``between`` are the certificates
    above the leaf and below the anchor."""

    leaf: Certificate
    anchor: TrustAnchor
    between: tuple[Certificate, ...] = ()


@final
class TrustAnchors:
    """A set of anchors, the logs whose timestamps count, and what is known of revocation.

    One certificate that is listed twice for a purpose is one anchor for the types of both. ``lapsed`` says of a purpose
    why those on a list are missing.
    """

    def __init__(
        self,
        trusted: Iterable[TrustAnchor | TransparencyLog],
        *,
        revocation: RevocationLists | None = None,
        lapsed: Mapping[Purpose, str] | None = None,
    ) -> None:
        known = tuple(trusted)
        self.logs: Final = tuple(each for each in known if isinstance(each, TransparencyLog))
        self.revocation: Final = RevocationLists() if revocation is None else revocation
        self._anchors: dict[Purpose, dict[bytes, TrustAnchor]] = {purpose: {} for purpose in Purpose}
        for anchor in (each for each in known if isinstance(each, TrustAnchor)):
            listed = self._anchors[anchor.purpose]
            der = anchor.certificate.der
            listed[der] = _merged(listed[der], anchor) if der in listed else anchor
        self._named = {purpose: _by_name(listed.values()) for purpose, listed in self._anchors.items()}
        self._lapsed = dict(lapsed or {})
        self._validated: dict[
            tuple[tuple[bytes, ...], Purpose, CertificateProfile | None, int], tuple[VerifiedChain, int]
        ] = {}

    def of(self, purpose: Purpose) -> tuple[TrustAnchor, ...]:
        """The anchors for a purpose."""
        return tuple(self._anchors[purpose].values())

    def named(self, subject: str) -> tuple[Certificate, ...]:
        """The anchors of a name (RFC 4514), for whatever purpose, each once."""
        found = {a.certificate.der: a for named in self._named.values() for a in named.get(subject, ())}
        return tuple(anchor.certificate.parse() for anchor in found.values())

    def verify_chain(
        self, chain: tuple[bytes, ...], *, purpose: Purpose, now: int, profile: CertificateProfile | None = None
    ) -> VerifiedChain:
        """Validate DER certificates, leaf first, to an anchor for ``purpose``; ``profile``: another than its own.

        ``Malformed`` for what is no certificate; ``Rejected`` with CHAIN, CERTIFICATE_VALIDITY, ANCHOR,
        CERTIFICATE_PROFILE, or those of ``RevocationLists.check_chain``.
        """
        remembered = (chain, purpose, profile, now // 60)
        verified, until = self._validated.get(remembered, (None, 0))
        if verified is None or now >= until:  # what ends within the minute ends at its second
            certificates = tuple(map(parse_certificate, chain))
            top = self._verify_path(certificates, purpose, PROFILES[purpose] if profile is None else profile, now)
            verified = VerifiedChain(
                leaf=certificates[0], anchor=self._anchors[purpose][top.der], between=certificates[1:]
            )
            known_until = self.revocation.check_chain(certificates, anchor=top, now=now)
            ends = [certificate.not_after + 1 for certificate in (*certificates[1:], top)]  # the leaf: see below
            until = min(ends if known_until is None else (*ends, known_until))
            if len(self._validated) >= _MAX_REMEMBERED:
                self._validated.clear()
            self._validated[remembered] = verified, until
        check_validity(verified.leaf, now=now)
        return verified

    def _verify_path(
        self, certificates: tuple[Certificate, ...], purpose: Purpose, profile: CertificateProfile, now: int
    ) -> Certificate:
        anchors = self._concerning(certificates, purpose)
        try:
            return verify_path(certificates, anchors=anchors, profile=profile, now=now)
        except Rejected as refusal:
            if refusal.check is Check.ANCHOR and purpose in self._lapsed:
                detail = f"{refusal.detail}: {self._lapsed[purpose]}"
                raise Rejected(Check.ANCHOR, detail, field=refusal.field) from None
            raise

    def _concerning(self, certificates: tuple[Certificate, ...], purpose: Purpose) -> tuple[Certificate, ...]:
        """The anchors with a name that the chain has in it: of twenty thousand on a list, one is worth parsing."""
        names = {name for certificate in certificates for name in (certificate.subject, certificate.issuer)}
        named = self._named[purpose]
        return tuple(anchor.certificate.parse() for name in names for anchor in named.get(name, ()))


def check_entitlement(chain: VerifiedChain, type_: str) -> VerifiedChain:
    """Return the chain if its anchor is trusted for the attestation type; ``Rejected(ENTITLEMENT)`` otherwise."""
    if not entitled_types(chain.anchor, (type_,)):
        raise Rejected(Check.ENTITLEMENT, f"{chain.anchor.entity} is not trusted for {type_[:80]}")
    return chain


def entitled_types(anchor: TrustAnchor, types: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the attestation types that the anchor is trusted for."""
    names = anchor.types
    if names is None:
        return types
    return tuple(type_ for type_ in types if type_ in names or any(_below(type_, name) for name in names))


def _by_name(anchors: Iterable[TrustAnchor]) -> dict[str, list[TrustAnchor]]:
    named: dict[str, list[TrustAnchor]] = {}
    for anchor in anchors:
        named.setdefault(anchor.certificate.subject, []).append(anchor)
    return named


def _below(type_: str, name: str) -> bool:
    return name.endswith(":*") and type_.startswith(name[:-1]) and len(type_) >= len(name)


def _merged(first: TrustAnchor, second: TrustAnchor) -> TrustAnchor:
    """Whoever holds the key can sign for both entries; the name is that of the first."""
    either = first.types is None or second.types is None
    types = None if either else frozenset((*(first.types or ()), *(second.types or ())))
    return replace(first, types=types, listings=(*first.listings, *second.listings))
