"""Certificate authorities: roots, those that issue under them, and end entities, by the profile of each purpose.

Profiles: ISO/IEC 18013-5 annex B (IACA and document signer), ETSI TS 119 411-8 (access certificates), and the common
part of the two for the rest. Serial numbers come in as bytes, so that no call here needs chance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from zegel.primitives.keys import Curve, PrivateKey, PublicKey, derive_private_key
from zegel.primitives.x509 import DAY, Certificate, parse_certificate
from zegel.trust.anchors import PROFILES, Purpose
from zegel.trust.transparency.extensions import SCT_LIST, TRANSPARENCY_INFORMATION, parse_logged_certificate

_SERIAL_BYTES: Final = 16  # RFC 5280 section 4.1.2.2: at most twenty; 18013-5 table B.1: at least 63 bits of chance
_ROOT_DAYS: Final = 3_650  # 18013-5 table B.1: at most twenty years
_HASHES: Final[Mapping[Curve, hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    Curve.P256: hashes.SHA256(),
    Curve.P384: hashes.SHA384(),
    Curve.P521: hashes.SHA512(),
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A root, or one that issues under it: its certificate and its key."""

    certificate: Certificate
    key: PrivateKey


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectName:
    """Who a certificate is for. ``country`` is ISO 3166-1 alpha-2; ``identifier`` as in EN 319 412-1.

    ``unit`` is the identifier of a Service (ARF 3.0 Reg_33); ``person`` are the given and the family name of a natural
    person (EN 319 412-2 section 4.2.4).
    """

    country: str
    organization: str
    common_name: str
    identifier: str | None = None
    unit: str | None = None
    person: tuple[str, str] | None = None

    def to_x509(self) -> x509.Name:
        """The name in the order that RFC 5280 readers expect."""
        attributes = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, self.country),
            _attribute(NameOID.ORGANIZATION_NAME, self.organization),
        ]
        if self.identifier is not None:
            attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, self.identifier))
        if self.unit is not None:
            attributes.append(_attribute(NameOID.ORGANIZATIONAL_UNIT_NAME, self.unit))
        if self.person is not None:
            given, family = self.person
            attributes += [_attribute(NameOID.GIVEN_NAME, given), _attribute(NameOID.SURNAME, family)]
        attributes.append(_attribute(NameOID.COMMON_NAME, self.common_name))
        return x509.Name(attributes)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The certificate policy that was followed, dotted, and the URL of the practice statement (RFC 5280 4.2.1.4)."""

    identifier: str
    statement: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A certificate that is settled but for its signature, and for what logs are to say of it."""

    authority: Authority
    builder: x509.CertificateBuilder

    @property
    def tbs(self) -> bytes:
        """The TBSCertificate as DER, without anybody's valid signature."""
        curve = self.authority.key.public_key.curve
        unsafe_stand_in = derive_private_key(b"\x01", curve=curve)  # a key that everybody knows signs nothing
        return parse_logged_certificate(_sign(self.builder, unsafe_stand_in).der).tbs

    def sign(self, extensions: Mapping[str, bytes] | None = None) -> Certificate:
        """Issue it, with more extensions behind its own: DER by dotted identifier, none of them critical."""
        builder = self.builder
        for oid, value in (extensions or {}).items():
            builder = builder.add_extension(
                x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), critical=False
            )
        return _sign(builder, self.authority.key)


def create_authority(
    name: SubjectName,
    *,
    key: PrivateKey,
    now: int,
    random: Callable[[int], bytes],
    contact: str,
    path_length: int = 0,
) -> Authority:
    """Make a root certificate (18013-5 table B.1). ``contact`` is a URL for the issuer alternative name.

    ``path_length`` is how many authorities may stand one below the other between it and an end entity.
    """
    subject = name.to_x509()
    builder = (
        _builder(subject, subject, key.public_key, now=now, until=_end(now, _ROOT_DAYS), random=random)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.IssuerAlternativeName([x509.UniformResourceIdentifier(contact)]), critical=False)
        .add_extension(_key_id(key.public_key), critical=False)
    )
    return Authority(certificate=_sign(builder, key), key=key)


def issue_authority(
    root: Authority,
    name: SubjectName,
    *,
    key: PublicKey,
    now: int,
    days: int,
    random: Callable[[int], bytes],
    crl_url: str | None = None,
) -> Certificate:
    """Certify an authority below a root: it issues to end entities, and has no authority below itself.

    ``crl_url`` is where the root publishes what it revoked. RFC 5280 sections 4.2.1.3 and 4.2.1.9.
    """
    issuer = x509.load_der_x509_certificate(root.certificate.der)
    builder = (
        _builder(name.to_x509(), issuer.subject, key, now=now, until=_end_under(root, now, days), random=random)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(_key_id(key), critical=False)
        .add_extension(_authority_key_id(root), critical=False)
    )
    return _sign(_with_crl(_with_contact(builder, issuer), crl_url), root.key)


def issue_certificate(
    authority: Authority,
    name: SubjectName,
    *,
    key: PublicKey,
    purpose: Purpose,
    now: int,
    days: int,
    random: Callable[[int], bytes],
    dns_names: tuple[str, ...] = (),
    uris: tuple[str, ...] = (),
    crl_url: str | None = None,
) -> Certificate:
    """Make an end-entity certificate for ``purpose``, as ``draft_certificate`` settles it."""
    return draft_certificate(
        authority,
        name,
        key=key,
        purpose=purpose,
        now=now,
        days=days,
        random=random,
        dns_names=dns_names,
        uris=uris,
        crl_url=crl_url,
    ).sign()


def draft_certificate(
    authority: Authority,
    name: SubjectName,
    *,
    key: PublicKey,
    purpose: Purpose,
    now: int,
    days: int,
    random: Callable[[int], bytes],
    dns_names: tuple[str, ...] = (),
    uris: tuple[str, ...] = (),
    crl_url: str | None = None,
    policy: Policy | None = None,
    issuer_url: str | None = None,
) -> Draft:
    """Settle an end-entity certificate for ``purpose``, valid from now for ``days``, never longer than its authority.

    ``issuer_url`` is where the authority's own certificate is served. One for access is issued by
    ``trust.transparency.issuance``, with a log's timestamp in it (ARF 3.0 CT_04).
    """
    issuer = x509.load_der_x509_certificate(authority.certificate.der)
    builder = (
        _builder(name.to_x509(), issuer.subject, key, now=now, until=_end_under(authority, now, days), random=random)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(_key_id(key), critical=False)
        .add_extension(_authority_key_id(authority), critical=False)
    )
    builder = _with_contact(builder, issuer)
    usage = PROFILES[purpose].extended_key_usage
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage)]), critical=True)
    names = [x509.DNSName(dns) for dns in dns_names] + [x509.UniformResourceIdentifier(uri) for uri in uris]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if policy is not None:
        stated = x509.PolicyInformation(x509.ObjectIdentifier(policy.identifier), [policy.statement])
        builder = builder.add_extension(x509.CertificatePolicies([stated]), critical=False)
    if issuer_url is not None:
        where = x509.UniformResourceIdentifier(issuer_url)
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    return Draft(authority=authority, builder=_with_crl(builder, crl_url))


def renew_certificate(
    authority: Authority,
    certificate: Certificate,
    *,
    key: PublicKey,
    now: int,
    days: int,
    random: Callable[[int], bytes],
) -> Certificate:
    """Make a certificate as ``draft_renewal`` settles it."""
    return draft_renewal(authority, certificate, key=key, now=now, days=days, random=random).sign()


def draft_renewal(
    authority: Authority,
    certificate: Certificate,
    *,
    key: PublicKey,
    now: int,
    days: int,
    random: Callable[[int], bytes],
) -> Draft:
    """Settle a certificate that says of another key what ``certificate`` says of its own, under the same authority.

    What logs said of the old one is said of that one alone, and left out.
    """
    old, issuer = (
        x509.load_der_x509_certificate(certificate.der),
        x509.load_der_x509_certificate(authority.certificate.der),
    )
    until = _end_under(authority, now, days)
    builder = _builder(old.subject, issuer.subject, key, now=now, until=until, random=random)
    for extension in old.extensions:
        if extension.oid.dotted_string in (TRANSPARENCY_INFORMATION, SCT_LIST):
            continue
        is_key_id = isinstance(extension.value, x509.SubjectKeyIdentifier)
        value = _key_id(key) if is_key_id else extension.value
        builder = builder.add_extension(value, critical=extension.critical)
    return Draft(authority=authority, builder=builder)


def issue_web_certificate(
    authority: Authority,
    host: str,
    *,
    key: PublicKey,
    now: int,
    days: int,
    random: Callable[[int], bytes],
) -> Certificate:
    """Make a TLS server certificate for a host of the sandbox; browsers want the host as an alternative name."""
    issuer = x509.load_der_x509_certificate(authority.certificate.der)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    builder = (
        _builder(subject, issuer.subject, key, now=now, until=_end_under(authority, now, days), random=random)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(_key_id(key), critical=False)
        .add_extension(_authority_key_id(authority), critical=False)
    )
    return _sign(builder, authority.key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: PublicKey,
    *,
    now: int,
    until: int,
    random: Callable[[int], bytes],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.for_agreement())
        .serial_number(int.from_bytes(random(_SERIAL_BYTES)) | 1)
        .not_valid_before(datetime.fromtimestamp(now, UTC))
        .not_valid_after(datetime.fromtimestamp(until, UTC))
    )


def _end(now: int, days: int) -> int:
    return now + days * DAY - 1


def _end_under(authority: Authority, now: int, days: int) -> int:
    return min(_end(now, days), authority.certificate.not_after)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key_id(authority: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_key_id(authority.key.public_key))


def _with_contact(builder: x509.CertificateBuilder, issuer: x509.Certificate) -> x509.CertificateBuilder:
    """With the issuer's own alternative name, where it has one: a sub-authority of elsewhere need not."""
    try:
        contact = issuer.extensions.get_extension_for_class(x509.IssuerAlternativeName).value
    except x509.ExtensionNotFound:
        return builder
    return builder.add_extension(contact, critical=False)


def _with_crl(builder: x509.CertificateBuilder, url: str | None) -> x509.CertificateBuilder:
    if url is None:
        return builder
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)


def _attribute(oid: x509.ObjectIdentifier, text: str) -> x509.NameAttribute[str]:
    """EN 319 412-2 section 4.2.4: names may be longer than the 64 characters of RFC 5280 appendix A.1."""
    return x509.NameAttribute(oid, text, _validate=False)


def _key_id(key: PublicKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.for_agreement())


def _sign(builder: x509.CertificateBuilder, key: PrivateKey) -> Certificate:
    signed = builder.sign(key.for_certificates(), _HASHES[key.public_key.curve])
    return parse_certificate(signed.public_bytes(serialization.Encoding.DER))
