"""A web authority of the tests: TLS certificates for names under .localhost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import SSLContext, create_default_context

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


class WebAuthority:
    """An authority whose certificate stands in ``folder`` as ``web-ca.pem``."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder("Web authority of the tests", self._key.public_key())
        builder = builder.issuer_name(_name("Web authority of the tests"))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_SIGNS_CERTIFICATES, critical=True)
        self._certificate = builder.sign(self._key, SHA256())
        self.path = folder / "web-ca.pem"
        self.path.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    @property
    def context(self) -> SSLContext:
        """What a client of ours needs to trust it."""
        return create_default_context(cafile=self.path)

    @property
    def pem(self) -> str:
        """What a Node program needs to trust it."""
        return self.path.read_text()

    def issue(self, host: str) -> dict[str, str]:
        """Key and certificate for a host, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(host, key.public_key()).issuer_name(self._certificate.subject)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(signer, critical=False)  # RFC 5280 section 4.2.1.1: Python 3.13 insists on it
        certificate = builder.sign(self._key, SHA256())
        return {
            "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            "cert": certificate.public_bytes(Encoding.PEM).decode(),
        }

    @staticmethod
    def _builder(name: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
