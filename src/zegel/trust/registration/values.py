"""What a registration certificate says (ETSI TS 119 475 V1.2.1 clause 5.2.4; CIR 2025/848 annex V)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from zegel.primitives.cose import UnverifiedSign1
from zegel.primitives.jws import UnverifiedJws
from zegel.primitives.x509 import DAY
from zegel.trust.anchors import VerifiedChain
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.registration.credentials import RegisteredCredential

JWT_TYPE: Final = "rc-wrp+jwt"  # tables 5 and 6
CWT_TYPE: Final = "rc-wrp+cwt"
POLICY: Final = "0.4.0.19475.3.1"  # OVR-6.1.3-01
MAX_VALIDITY: Final = 366 * DAY  # GEN-5.2.4-08: at most twelve months
_FORTNIGHT: Final = 14 * DAY  # time enough for a registrar's officers


class RegistrationFormat(StrEnum):
    """The two formats of a certificate, which say the same (tables 5 and 6)."""

    JWT = "jwt"
    CWT = "cwt"

    @property
    def media_type(self) -> str:
        """Named after its ``typ`` (RFC 7515 section 4.1.9); nobody has registered one."""
        return f"application/{JWT_TYPE if self is RegistrationFormat.JWT else CWT_TYPE}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedText:
    """A text and its language, as BCP 47 tags it."""

    lang: str
    value: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisoryAuthority:
    """The data protection authority, and how to report to it (RPRC_12)."""

    name: str | None = None
    country: str | None = None
    uris: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Intermediary:
    """Who asks on the party's behalf (RPRC_04): its identifier, and that of its Service for this party."""

    identifier: str
    name: str | None = None
    service: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationCertificate:
    """One Service of a relying party with one intended use, or one Service of a provider (RPRC_09, RPRC_13).

    ``identifier`` is that of the access certificates, as EN 319 412-1 writes it. ``name`` is the trade name,
    ``service_name`` that of the Service. ``support`` is where to ask for deletion: addresses of pages, mail or phones.
    ``credentials`` are what it may ask for, ``provides`` what it issues. Times are seconds since the epoch; without
    ``expires`` it is valid for twelve months.
    """

    identifier: str
    name: str
    entitlements: tuple[str, ...]
    issued_at: int
    expires: int | None = None
    status: AttestationStatus | None = None
    legal_name: str | None = None
    country: str | None = None
    service: str | None = None
    service_name: str | None = None
    descriptions: tuple[LocalizedText, ...] = ()
    purposes: tuple[LocalizedText, ...] = ()
    intended_use: str | None = None
    privacy_policy: str | None = None
    support: tuple[str, ...] = ()
    information: tuple[str, ...] = ()
    authority: SupervisoryAuthority | None = None
    registry: str | None = None
    credentials: tuple[RegisteredCredential, ...] = ()
    provides: tuple[RegisteredCredential, ...] = ()
    public_body: bool = False
    intermediary: Intermediary | None = None
    policies: tuple[str, ...] = (POLICY,)
    certificate_policy: str | None = None

    @property
    def valid_until(self) -> int:
        """When it ends, said or not."""
        return self.issued_at + MAX_VALIDITY if self.expires is None else self.expires

    @property
    def renew_from(self) -> int:
        """When the next one should be at hand: a fortnight before the end, or in the last quarter of a short life."""
        return self.valid_until - min(_FORTNIGHT, max(self.valid_until - self.issued_at, 0) // 4)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedRegistration:
    """A registration certificate that parses; nothing in it is proven."""

    token: UnverifiedJws | UnverifiedSign1
    unverified_certificate: RegistrationCertificate

    @property
    def format(self) -> RegistrationFormat:
        """Which of the two it came in."""
        return RegistrationFormat.JWT if isinstance(self.token, UnverifiedJws) else RegistrationFormat.CWT


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRegistration:
    """A certificate that a listed provider of registration certificates signed, and that is valid at our ``now``.

    ``provider`` is that entity's name on the list.
    """

    certificate: RegistrationCertificate
    provider: str
    chain: VerifiedChain


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BoundRegistration:
    """And it is about who asks: itself, or the party that it asks for (``intermediated``)."""

    certificate: RegistrationCertificate
    provider: str
    chain: VerifiedChain
    intermediated: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentRegistration:
    """And it is not revoked. ``status_until`` is how long that may be said; None where it cannot be revoked."""

    certificate: RegistrationCertificate
    provider: str
    chain: VerifiedChain
    intermediated: bool
    status_until: int | None


def text_in(texts: Iterable[LocalizedText], language: str) -> str | None:
    """The text in a language, or else in English, or else the first; None where there is none."""
    found = tuple(texts)
    for wanted in (language, "en"):
        for text in found:
            if text.lang.partition("-")[0].lower() == wanted.partition("-")[0].lower():
                return text.value
    return found[0].value if found else None
