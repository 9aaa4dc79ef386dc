"""Certificates of any shape, for the profiles that ours never have."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from zegel.primitives.x509 import Certificate, parse_certificate
from zegel_testing.authorities import DAY, NOW, fixed_key

Extensions = Sequence[tuple[x509.ExtensionType, bool]]


def name(common_name: str, country: str | None = "UT") -> x509.Name:
    """A name with, where given, a country."""
    attributes = [] if country is None else [x509.NameAttribute(NameOID.COUNTRY_NAME, country)]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, content_commitment: bool = False
) -> x509.KeyUsage:
    """A key usage of these three."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


AUTHORITY: Extensions = (
    (x509.BasicConstraints(ca=True, path_length=None), True),
    (usage(key_cert_sign=True), True),
)
END_ENTITY: Extensions = ((usage(digital_signature=True), True),)


def der(
    subject: str,
    issuer: str,
    extensions: Extensions,
    *,
    begins: int = NOW - DAY,
    days: int = 30,
    country: str | None = "UT",
    signer: str | None = None,
    key: object = None,
    identified: bool = True,
) -> bytes:
    """A certificate for the key named ``subject``, signed with the key named ``signer`` or else ``issuer``.

    Both are named by their identifiers, unless it is not ``identified``.
    """
    issuing = fixed_key(issuer if signer is None else signer).for_certificates()
    subject_key = fixed_key(subject).public_key.for_agreement() if key is None else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject, country))
        .issuer_name(name(issuer))
        .public_key(subject_key)
        .serial_number(1)
        .not_valid_before(datetime.fromtimestamp(begins, UTC))
        .not_valid_after(datetime.fromtimestamp(begins + days * DAY - 1, UTC))
    )
    identifiers = [
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key()), False),
        (x509.SubjectKeyIdentifier.from_public_key(subject_key), False),
    ]
    for extension, critical in (*(identifiers if identified else ()), *extensions):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuing, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def certificate(subject: str, issuer: str, extensions: Extensions, **options: object) -> Certificate:
    """The same, parsed."""
    return parse_certificate(der(subject, issuer, extensions, **options))


def secp256k1() -> ec.EllipticCurvePublicKey:
    """A key on a curve that no profile names."""
    return ec.derive_private_key(7, ec.SECP256K1()).public_key()
