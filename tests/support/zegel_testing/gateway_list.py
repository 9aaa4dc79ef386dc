"""A gateway's trust list of two states, under a trust anchor: signed by what the library for PKCS #7 makes."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from zegel.primitives.encoding import base64
from zegel_testing.authorities import DAY, NOW

BARE: Final = (pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.NoCapabilities)
USES: Final = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


class Party:
    """Who has a key and a certificate for it, issued by another or by itself.

    ``authority`` and ``usages`` are of its basic constraints and key usage, which are left out where they are None.
    """

    def __init__(
        self,
        name: str,
        *,
        country: str | tuple[str, ...] = "UT",
        key: Any = None,
        issuer: "Party | None" = None,
        authority: bool | None = None,
        usages: Collection[str] | None = None,
    ) -> None:
        self.key: Any = key or ec.generate_private_key(ec.SECP256R1())
        countries = (country,) if isinstance(country, str) else country
        named = [x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]
        named += [x509.NameAttribute(x509.NameOID.COUNTRY_NAME, each) for each in countries]
        self.name = x509.Name(named)
        signer = issuer or self
        builder = x509.CertificateBuilder().subject_name(self.name).issuer_name(signer.name)
        builder = builder.public_key(self.key.public_key()).serial_number(7)
        builder = builder.not_valid_before(datetime.fromtimestamp(NOW - DAY, UTC))
        builder = builder.not_valid_after(datetime.fromtimestamp(NOW + DAY, UTC))
        if authority is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        if usages is not None:
            builder = builder.add_extension(x509.KeyUsage(**{use: use in usages for use in USES}), critical=True)
        self.certificate = builder.sign(signer.key, SHA256())
        self.der = self.certificate.public_bytes(Encoding.DER)

    def sign(
        self,
        content: bytes,
        *,
        options: Sequence[pkcs7.PKCS7Options] = BARE,
        hashed: HashAlgorithm | None = None,
        pss: bool = False,
    ) -> bytes:
        """A signature in CMS."""
        scheme = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=padding.PSS.DIGEST_LENGTH) if pss else None
        builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
        builder = builder.add_signer(self.certificate, self.key, hashed or SHA256(), rsa_padding=scheme)
        return builder.sign(Encoding.DER, list(options))


class Gateway:
    """The anchor, and two states with a document signer each."""

    @cached_property
    def anchor(self) -> Party:
        return Party("Anchor", country="EU", key=rsa.generate_private_key(65_537, 2_048))

    @cached_property
    def states(self) -> tuple["State", ...]:
        return State("UT"), State("XA")

    def entries(self) -> list[dict[str, Any]]:
        """The whole list."""
        return [entry for state in self.states for entry in state.entries(self.anchor)]


class State:
    """A state's authority, its upload certificate, and a document signer."""

    def __init__(self, country: str) -> None:
        self.country = country
        self.authority = Party(
            "Authority",
            country=country,
            key=ec.generate_private_key(ec.SECP384R1()),
            authority=True,
            usages=("key_cert_sign", "crl_sign"),
        )
        self.upload = Party("Upload", country=country, usages=("digital_signature",))
        self.signer = Party("Signer", country=country, issuer=self.authority)

    def entries(self, anchor: Party) -> list[dict[str, Any]]:
        """Its part of the list."""
        return [
            entry("CSCA", self.authority, by=anchor),
            entry("UPLOAD", self.upload, by=anchor),
            entry("DSC", self.signer, by=self.upload),
        ]


def entry(kind: str, of: Party, *, by: Party, **changes: Any) -> dict[str, Any]:
    """An entry, as TrustListDto has it."""
    return {
        "kid": base64(sha256(of.der).digest()[:8]),
        "timestamp": "2026-10-01T12:00:00Z",
        "country": "UT",
        "certificateType": kind,
        "thumbprint": sha256(of.der).hexdigest(),
        "signature": base64(by.sign(of.der)),
        "rawData": base64(of.der),
        **changes,
    }


GATEWAY: Final = Gateway()
SHA384_HASH: Final = SHA384()
