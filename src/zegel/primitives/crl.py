"""Certificate revocation lists: parsed, verified under their issuer's key, signed (RFC 5280 section 5).

Complete lists alone: a delta or an indirect list would have to be put together with others first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, final
from warnings import catch_warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtensionOID

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.keys import Curve, PrivateKey
from zegel.primitives.times import TOLERATED_EARLY
from zegel.primitives.x509 import Certificate

MAX_CRL: Final = 1 << 20  # bytes: an entry has 36, so that this is every certificate of a country's busiest authority
MAX_REVOKED: Final = 20_000  # entries; ten times as many would take longer to read than anybody may be kept waiting
_WHAT: Final = "certificate revocation list"
_UNDERSTOOD: Final = frozenset({ExtensionOID.ISSUING_DISTRIBUTION_POINT})
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_HASHES: Final[Mapping[Curve, hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    Curve.P256: hashes.SHA256(),
    Curve.P384: hashes.SHA384(),
    Curve.P521: hashes.SHA512(),
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedCrl:
    """A list that parses; nothing in it is proven. Times are seconds since the epoch.

    ``unverified_issuer`` is an RFC 4514 name. ``unverified_points`` are the addresses of which alone it speaks, empty
    for a list of everything that its issuer revoked. ``end_entities_only``: it says nothing of authorities. ``size`` is
    in bytes.
    """

    unverified_issuer: str
    unverified_this_update: int
    unverified_next_update: int
    unverified_number: int | None
    unverified_serials: frozenset[int]
    unverified_points: tuple[str, ...]
    end_entities_only: bool
    understood: bool
    size: int
    _x509: x509.CertificateRevocationList = field(repr=False)  # compared: what differs in its signature differs

    def revoked_at(self) -> dict[int, int]:
        """When each serial number on it was revoked, in seconds since the epoch: for whoever signs the next one."""
        return {entry.serial_number: int(entry.revocation_date_utc.timestamp()) for entry in self._x509}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCrl:
    """A list that its issuer signed, who may. It may be older than its next update: whoever uses it looks."""

    issuer: Certificate
    this_update: int
    next_update: int
    number: int
    serials: frozenset[int]
    points: tuple[str, ...]
    end_entities_only: bool

    def speaks_of(self, certificate: Certificate) -> bool:
        """Whether a certificate of its issuer that is not on it is not revoked (RFC 5280 section 6.3.3 (b) (2))."""
        if self.end_entities_only and certificate.is_authority:
            return False
        return not self.points or not set(self.points).isdisjoint(certificate.revocation_points)


def parse_crl(der: bytes) -> UnverifiedCrl:
    """Parse a DER list; ``Malformed`` for what is none, has no next update, or is larger than ``MAX_CRL``."""
    if len(der) > MAX_CRL:
        raise Malformed(_WHAT, "", f"expected at most {MAX_CRL} bytes, got {len(der)}")
    try:
        with catch_warnings(action="ignore"):
            crl = x509.load_der_x509_crl(der)
            extensions = {extension.oid: extension for extension in crl.extensions}
            issuer = crl.issuer.rfc4514_string()
            next_update, count = crl.next_update_utc, len(crl)
            if count > MAX_REVOKED:
                raise Malformed(_WHAT, "revokedCertificates", f"expected at most {MAX_REVOKED} entries, got {count}")
            serials = frozenset(entry.serial_number for entry in crl)
    except _UNREADABLE:
        raise Malformed(_WHAT, "", "expected a DER list of revoked certificates") from None
    if next_update is None:  # RFC 5280 section 5.1.2.5: conforming issuers have it in every list
        raise Malformed(_WHAT, "nextUpdate", "expected the time of the next update")
    point = extensions.get(ExtensionOID.ISSUING_DISTRIBUTION_POINT)
    number = extensions.get(ExtensionOID.CRL_NUMBER)
    scope = None if point is None else point.value
    return UnverifiedCrl(
        unverified_issuer=issuer,
        unverified_this_update=int(crl.last_update_utc.timestamp()),
        unverified_next_update=int(next_update.timestamp()),
        unverified_number=None if number is None else _number(number.value),
        unverified_serials=serials,
        unverified_points=_points(scope),
        end_entities_only=isinstance(scope, x509.IssuingDistributionPoint) and scope.only_contains_user_certs,
        understood=_is_whole(scope) and all(not e.critical or e.oid in _UNDERSTOOD for e in extensions.values()),
        size=len(der),
        _x509=crl,
    )


def check_current(crl: UnverifiedCrl, *, now: int) -> UnverifiedCrl:
    """Return a list that is not of the future; ``Rejected(REVOCATION_LIST)`` otherwise."""
    if crl.unverified_this_update > now + TOLERATED_EARLY:
        raise _refused("the list is of the future", "thisUpdate")
    return crl


def verify_crl(crl: UnverifiedCrl, *, issuer: Certificate, now: int) -> VerifiedCrl:
    """Verify that ``issuer``, whom the caller trusts, signed the list, and may sign such lists.

    ``Rejected(REVOCATION_LIST)`` otherwise, for a list of the future, and for one of which only a part is understood.
    """
    check_current(crl, now=now)
    if crl.unverified_issuer != issuer.subject:
        raise _refused(f"expected a list of {issuer.subject}", "issuer")
    if not issuer.signs_lists:  # section 4.2.1.3, cRLSign
        raise _refused("expected an issuer whose key usage is cRLSign", "issuer")
    number = crl.unverified_number
    if number is None:  # section 5.2.3: conforming issuers count their lists, so that the newest shows
        raise _refused("expected a list that is numbered", "crlNumber")
    if not crl.understood:  # section 5.2: a list with what is unknown says nothing of what is not on it
        raise _refused("expected a complete list without unknown critical extensions", "crlExtensions")
    if not crl._x509.is_signature_valid(issuer.key.for_agreement()):  # noqa: SLF001 the same module's own
        raise _refused("the signature does not verify under its issuer's key", "signatureValue")
    return VerifiedCrl(
        issuer=issuer,
        this_update=crl.unverified_this_update,
        next_update=crl.unverified_next_update,
        number=number,
        serials=crl.unverified_serials,
        points=crl.unverified_points,
        end_entities_only=crl.end_entities_only,
    )


def check_room(entries: int, *, issuer: Certificate) -> int:
    """Return how many entries a list of ``issuer`` is to have, if its readers take so many.

    ``Rejected(REVOCATION_LIST_FULL)`` otherwise: they would go on with the list before, and then trust nobody.
    """
    if entries > MAX_REVOKED:
        detail = f"the list of {issuer.subject} would have {entries} entries, and its readers take {MAX_REVOKED}"
        raise Rejected(Check.REVOCATION_LIST_FULL, detail, field="certificate")
    return entries


def sign_crl(
    issuer: Certificate, *, key: PrivateKey, revoked: Mapping[int, int], number: int, now: int, next_update: int
) -> bytes:
    """A complete list in DER. ``revoked`` has the time of revocation by serial number; ``number`` rises with each list.

    All times are seconds since the epoch. ``Rejected(REVOCATION_LIST_FULL)`` for more entries than ``parse_crl`` takes.
    """
    check_room(len(revoked), issuer=issuer)
    entries = [
        x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(datetime.fromtimestamp(at, UTC)).build()
        for serial, at in sorted(revoked.items())
    ]
    builder = (
        # handed over whole: to add one copies all that are there
        x509.CertificateRevocationListBuilder(revoked_certificates=entries)
        .issuer_name(x509.load_der_x509_certificate(issuer.der).subject)
        .last_update(datetime.fromtimestamp(now, UTC))
        .next_update(datetime.fromtimestamp(next_update, UTC))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier(
                key_identifier=issuer.key_id, authority_cert_issuer=None, authority_cert_serial_number=None
            ),
            critical=False,
        )
    )
    signed = builder.sign(key.for_certificates(), _HASHES[key.public_key.curve])
    return signed.public_bytes(serialization.Encoding.DER)


def _number(value: x509.ExtensionType) -> int | None:
    return value.crl_number if isinstance(value, x509.CRLNumber) else None


def _points(scope: x509.ExtensionType | None) -> tuple[str, ...]:
    names = scope.full_name if isinstance(scope, x509.IssuingDistributionPoint) else None
    return tuple(name.value for name in names or () if isinstance(name, x509.UniformResourceIdentifier))


def _is_whole(scope: x509.ExtensionType | None) -> bool:
    """Whether a list speaks of every end entity of its issuer, for whatever reason it was revoked (section 5.2.5)."""
    if not isinstance(scope, x509.IssuingDistributionPoint):
        return scope is None
    parts = (scope.only_contains_ca_certs, scope.only_contains_attribute_certs, scope.indirect_crl)
    return not any(parts) and scope.only_some_reasons is None and scope.relative_name is None


def _refused(detail: str, field_: str) -> Rejected:
    return Rejected(Check.REVOCATION_LIST, detail, field=field_)
