"""Certificates: parsed once, validated to an anchor, issued (RFC 5280).

The path is validated by ``cryptography.x509.verification``; what a certificate must be beyond that is its profile's
(``CertificateProfile``), which is data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final, TypeVar, final
from warnings import catch_warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import ExtensionOID, NameOID

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.keys import PublicKey, public_key_of

MAX_CERTIFICATE: Final = 8_000  # an access certificate with policies, names and two SCTs is under 3 kB
DAY: Final = 86_400

_NAMES: Final[Mapping[x509.ObjectIdentifier, str]] = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
    NameOID.COMMON_NAME: "CN",
}
_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.NAME_CONSTRAINTS,
    }
)

# What the library raises for bytes that are no certificate, or one that it does not know how to read.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)

_E = TypeVar("_E", bound=x509.ExtensionType)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """An X.509 certificate. Times are seconds since the epoch; ``subject`` and ``issuer`` are RFC 4514 names.

    ``signs``: its key is for signatures, and not for those of certificates. ``may_sign``: that, or for signatures that
    commit, or it does not say what its key is for (RFC 5280 section 4.2.1.3). ``is_authority``: it says that it is one,
    or constrains names, which is for authorities alone (RFC 5280 section 4.2.1.10). ``signs_lists``: its key is for
    lists of revoked certificates. ``revocation_points`` are the addresses of the lists that it may stand on.
    """

    der: bytes
    subject: str
    issuer: str
    names: Mapping[str, str]
    not_before: int
    not_after: int
    key: PublicKey
    dns_names: tuple[str, ...]
    uris: tuple[str, ...]
    extended_key_usage: tuple[str, ...]
    signs: bool
    may_sign: bool
    signs_lists: bool
    is_authority: bool
    understood: bool
    key_id: bytes | None
    authority_key_id: bytes | None
    revocation_points: tuple[str, ...]
    _x509: x509.Certificate = field(repr=False, compare=False)

    def parse(self) -> "Certificate":
        """Itself, as ``NamedCertificate.parse`` gives it."""
        return self

    @property
    def serial_number(self) -> int:
        """What its issuer counts it under (RFC 5280 section 4.1.2.2)."""
        return self._x509.serial_number

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies under which it was issued, dotted (RFC 5280 section 4.2.1.4)."""
        found = _value({each.oid: each for each in self._x509.extensions}, x509.CertificatePolicies)
        return tuple(each.policy_identifier.dotted_string for each in found or ())

    @property
    def pem(self) -> str:
        """The certificate as PEM."""
        return self._x509.public_bytes(serialization.Encoding.PEM).decode()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCertificate:
    """A certificate of which the name is kept, and its bytes: parsed, it takes twenty times as much memory."""

    der: bytes
    subject: str

    def parse(self) -> Certificate:
        """The whole of it."""
        return parse_certificate(self.der)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateProfile:
    """What an end-entity certificate must be for its purpose.

    ``extended_key_usage`` is required when set, and alone. ``allowed_usages`` bounds what a certificate may name that
    names any. ``named_usage`` is required when set, whatever else there is. ``lax``: it need not say what its key is
    for, as in ``Certificate.may_sign``. ``same_country`` asks that subject and anchor name the same country (ISO/IEC
    18013-5 table B.3). ``max_days`` bounds the validity period.
    """

    name: str
    extended_key_usage: str | None = None
    allowed_usages: frozenset[str] | None = None
    named_usage: str | None = None
    lax: bool = False
    same_country: bool = False
    max_days: int | None = None


@lru_cache(maxsize=512)
def parse_certificate(der: bytes, *, what: str = "certificate") -> Certificate:
    """Parse one DER certificate with an EC key; ``Malformed`` otherwise."""
    return _parse(der, what)


def name_certificate(der: bytes) -> NamedCertificate:
    """The name of a certificate that ``parse_certificate`` takes; ``Malformed`` otherwise."""
    return NamedCertificate(der=der, subject=_parse(der, "certificate").subject)


def _parse(der: bytes, what: str) -> Certificate:
    if len(der) > MAX_CERTIFICATE:
        raise Malformed(what, "", f"expected at most {MAX_CERTIFICATE} bytes, got {len(der)}")
    try:
        with catch_warnings(action="ignore"):  # the library warns of odd names and numbers; what matters is below
            certificate = x509.load_der_x509_certificate(der)
            key = certificate.public_key()
            extensions = {extension.oid: extension for extension in certificate.extensions}
            names = {_NAMES[a.oid]: str(a.value) for a in certificate.subject if a.oid in _NAMES}
            subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
            serial = certificate.serial_number
    except _UNREADABLE:
        raise Malformed(what, "", "expected a DER certificate with a key of a known type") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Malformed(what, "key", "expected an EC key")
    if serial <= 0:  # RFC 5280 section 4.1.2.2
        raise Malformed(what, "serialNumber", "expected a positive number")
    alternative = _value(extensions, x509.SubjectAlternativeName)
    constraints = _value(extensions, x509.BasicConstraints)
    usage = _value(extensions, x509.KeyUsage)
    extended = _value(extensions, x509.ExtendedKeyUsage)
    key_id = _value(extensions, x509.SubjectKeyIdentifier)
    authority = _value(extensions, x509.AuthorityKeyIdentifier)
    return Certificate(
        der=der,
        subject=subject,
        issuer=issuer,
        names=names,
        not_before=int(certificate.not_valid_before_utc.timestamp()),
        not_after=int(certificate.not_valid_after_utc.timestamp()),
        key=public_key_of(key),
        dns_names=() if alternative is None else tuple(alternative.get_values_for_type(x509.DNSName)),
        uris=() if alternative is None else tuple(alternative.get_values_for_type(x509.UniformResourceIdentifier)),
        extended_key_usage=() if extended is None else tuple(oid.dotted_string for oid in extended),
        signs=usage is not None and usage.digital_signature and not usage.key_cert_sign,
        may_sign=usage is None or ((usage.digital_signature or usage.content_commitment) and not usage.key_cert_sign),
        signs_lists=usage is not None and usage.crl_sign,
        is_authority=(constraints is not None and constraints.ca) or x509.NameConstraints.oid in extensions,
        understood=all(not e.critical or e.oid in _UNDERSTOOD for e in extensions.values()),
        key_id=None if key_id is None else key_id.digest,
        authority_key_id=None if authority is None else authority.key_identifier,
        revocation_points=_revocation_points(_value(extensions, x509.CRLDistributionPoints)),
        _x509=certificate,
    )


def parse_pem_certificates(pem: bytes, *, what: str) -> tuple[Certificate, ...]:
    """Parse the certificates of a PEM file, in order; ``Malformed`` when there is none."""
    try:
        with catch_warnings(action="ignore"):
            found = x509.load_pem_x509_certificates(pem)
    except _UNREADABLE:
        raise Malformed(what, "", "expected PEM certificates") from None
    return tuple(parse_certificate(c.public_bytes(serialization.Encoding.DER), what=what) for c in found)


def verify_path(
    chain: tuple[Certificate, ...], *, anchors: tuple[Certificate, ...], profile: CertificateProfile, now: int
) -> Certificate:
    """Validate ``chain`` (leaf first, anchor left out) and return the anchor that it leads to.

    ``Rejected`` with CHAIN, CERTIFICATE_VALIDITY, ANCHOR or CERTIFICATE_PROFILE.
    """
    _check_order(chain, anchors)
    for position, certificate in enumerate(chain):
        check_validity(certificate, now=now)
        if not certificate.understood:  # RFC 5280 section 4.2
            detail = f"expected no critical extension that is unknown here in a certificate for {profile.name}"
            raise Rejected(Check.CERTIFICATE_PROFILE, detail, field=f"x5c[{position}]")
    anchor = _anchor_of(chain, anchors, now)
    _check_key_ids((*chain, anchor), profile)
    check_profile(chain[0], anchor=anchor, profile=profile)
    return anchor


def verify_issuers(chain: tuple[Certificate, ...], *, anchors: tuple[Certificate, ...], now: int) -> Certificate:
    """Validate authorities (the issuer of something first, the anchor left out); the anchor that they lead to.

    ``Rejected`` with CHAIN, CERTIFICATE_VALIDITY or ANCHOR. RFC 9162 section 4.2.1: each is an authority, and has no
    more authorities below it than it allows.
    """
    _check_order(chain, anchors)
    for position, certificate in enumerate(chain):
        check_validity(certificate, now=now)
        if not certificate.is_authority or not certificate.understood:
            raise Rejected(Check.CHAIN, "expected an authority's certificate", field=f"chain[{position}]")
    anchor = _anchor_of(chain, anchors, now)
    for below, certificate in enumerate((*chain, anchor)):
        limit = _path_length(certificate)
        if limit is not None and limit < below:
            detail = f"{certificate.subject} allows fewer authorities below it"
            raise Rejected(Check.CHAIN, detail, field=f"chain[{below}]")
    return anchor


def check_validity(certificate: Certificate, *, now: int) -> Certificate:
    """Return the certificate if ``now`` is within its validity period; ``Rejected(CERTIFICATE_VALIDITY)`` else."""
    if not certificate.not_before <= now <= certificate.not_after:
        when = "not valid yet" if now < certificate.not_before else "expired"
        raise Rejected(Check.CERTIFICATE_VALIDITY, f"the certificate of {certificate.subject} is {when}")
    return certificate


def check_profile(leaf: Certificate, *, anchor: Certificate | None, profile: CertificateProfile) -> Certificate:
    """Return an end entity's certificate if it is what its profile asks for; ``Rejected(CERTIFICATE_PROFILE)`` else.

    ``anchor`` is the one that it leads to; without one, its country is not looked at.
    """
    problem = ""
    if leaf.is_authority:
        problem = "an end entity, not an authority"
    elif not (leaf.may_sign if profile.lax else leaf.signs):
        usages = "none, digitalSignature or contentCommitment" if profile.lax else "digitalSignature"
        problem = f"the key usage {usages}, without keyCertSign"
    elif not leaf.subject:
        problem = "a subject"
    elif profile.extended_key_usage is not None and leaf.extended_key_usage != (profile.extended_key_usage,):
        problem = f"the extended key usage {profile.extended_key_usage} alone"
    elif profile.allowed_usages is not None and not profile.allowed_usages.issuperset(leaf.extended_key_usage):
        problem = f"no extended key usage but {', '.join(sorted(profile.allowed_usages))}"
    elif profile.named_usage is not None and profile.named_usage not in leaf.extended_key_usage:
        problem = f"the extended key usage {profile.named_usage}"
    elif profile.same_country and anchor is not None and not _same_country(leaf, anchor):
        problem = "the country of its anchor"
    elif profile.max_days is not None and leaf.not_after - leaf.not_before > profile.max_days * DAY:
        problem = f"a validity of at most {profile.max_days} days"
    if problem:
        detail = f"expected {problem} in a certificate for {profile.name}"
        raise Rejected(Check.CERTIFICATE_PROFILE, detail, field="x5c[0]")
    return leaf


def _same_country(leaf: Certificate, anchor: Certificate) -> bool:
    return "C" in leaf.names and leaf.names["C"] == anchor.names.get("C")


def check_authority(certificate: Certificate) -> Certificate:
    """Return the certificate if a chain can end at it; ``Rejected(CERTIFICATE_PROFILE)`` else.

    RFC 5280 sections 4.2.1.2, 4.2.1.3 and 4.2.1.9: it is an authority, its key signs certificates, and has an
    identifier, which whatever it certifies names.
    """
    problem = ""
    extensions = {each.oid: each for each in certificate._x509.extensions}  # noqa: SLF001 the same module's own
    constraints, usage = _value(extensions, x509.BasicConstraints), _value(extensions, x509.KeyUsage)
    if constraints is None or not constraints.ca:
        problem = "an authority"
    elif usage is None or not usage.key_cert_sign:
        problem = "the key usage keyCertSign"
    elif certificate.key_id is None:
        problem = "a subject key identifier"
    elif not certificate.understood:
        problem = "no critical extension that is unknown here"
    if problem:
        raise Rejected(Check.CERTIFICATE_PROFILE, f"expected {problem} in the certificate of {certificate.subject}")
    return certificate


def _check_order(chain: tuple[Certificate, ...], anchors: tuple[Certificate, ...]) -> None:
    if not chain:
        raise Rejected(Check.CHAIN, "expected a certificate chain", field="x5c")
    if chain[0].subject == chain[0].issuer:
        raise Rejected(Check.CHAIN, "expected a leaf that is not self-signed", field="x5c[0]")
    for position, (certificate, above) in enumerate(pairwise(chain), start=1):
        if certificate.issuer != above.subject:
            detail = "expected each certificate to be followed by its issuer's"
            raise Rejected(Check.CHAIN, detail, field=f"x5c[{position}]")
    known = {anchor.der for anchor in anchors}
    for position, certificate in enumerate(chain):
        if certificate.der in known or (position and certificate.subject == certificate.issuer):
            raise Rejected(Check.CHAIN, "expected the chain without its anchor", field=f"x5c[{position}]")


def _anchor_of(chain: tuple[Certificate, ...], anchors: tuple[Certificate, ...], now: int) -> Certificate:
    top = chain[-1]
    candidates = [anchor for anchor in anchors if anchor.subject == top.issuer]
    if not candidates:
        raise Rejected(Check.ANCHOR, f"no anchor for this purpose is named {top.issuer}", field="x5c")
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([anchor._x509 for anchor in candidates]))  # noqa: SLF001 the same module's own
        .time(datetime.fromtimestamp(now, UTC))
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            ee_policy=verification.ExtensionPolicy.permit_all(),
        )
        .build_client_verifier()
    )
    leaf, *above = [certificate._x509 for certificate in chain]  # noqa: SLF001 the same module's own
    try:
        path = verifier.verify(leaf, above).chain
    except verification.VerificationError as error:
        detail = f"the chain does not lead to {top.issuer}: {_reason(error)}"
        raise Rejected(Check.ANCHOR, detail, field="x5c") from None
    return parse_certificate(path[-1].public_bytes(serialization.Encoding.DER))


def _check_key_ids(path: tuple[Certificate, ...], profile: CertificateProfile) -> None:
    """RFC 5280 sections 4.2.1.1 and 4.2.1.2, ISO/IEC 18013-5 tables B.1 and B.3: each names the key above it."""
    for position, (certificate, above) in enumerate(pairwise(path)):
        if above.key_id is None or certificate.authority_key_id != above.key_id:
            detail = f"expected the key identifier of its issuer in a certificate for {profile.name}"
            raise Rejected(Check.CERTIFICATE_PROFILE, detail, field=f"x5c[{position}]")


def _revocation_points(points: x509.CRLDistributionPoints | None) -> tuple[str, ...]:
    """RFC 5280 section 4.2.1.13; a point without an address is as good as none that can be asked."""
    names = [name for point in points or () for name in point.full_name or ()]
    return tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))


def _value(extensions: Mapping[x509.ObjectIdentifier, x509.Extension[x509.ExtensionType]], kind: type[_E]) -> _E | None:
    extension = extensions.get(kind.oid)
    return extension.value if extension is not None and isinstance(extension.value, kind) else None


def _path_length(certificate: Certificate) -> int | None:
    extensions = certificate._x509.extensions  # noqa: SLF001 the same module's own
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    except x509.ExtensionNotFound:
        return None


def _reason(error: verification.VerificationError) -> str:
    return str(error).splitlines()[0][:160]
