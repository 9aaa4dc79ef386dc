"""A health authority of Utopia, and certificates that it signs as its software would: by hand, layer by layer."""

import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from zegel.formats.hcert.code import PREFIX, to_be_signed
from zegel.formats.hcert.keys import DocumentSigners, parse_signer
from zegel.primitives.base45 import encode_base45
from zegel.primitives.cbor import Tag, encode_cbor
from zegel_testing.authorities import DAY, NOW

VACCINATION_USAGE: Final = "1.3.6.1.4.1.1847.2021.1.2"
TEST_USAGE: Final = "1.3.6.1.4.1.1847.2021.1.1"
RECOVERY_USAGE: Final = "1.3.6.1.4.1.0.1847.2021.1.3"
NAME: Final = {"fn": "Voorbeeld", "fnt": "VOORBEELD", "gn": "Erika", "gnt": "ERIKA"}
VACCINATION: Final[Mapping[str, Any]] = {
    "tg": "840539006",
    "vp": "1119349007",
    "mp": "EU/1/20/1528",
    "ma": "ORG-100030215",
    "dn": 2,
    "sd": 2,
    "dt": "2026-10-01",
    "co": "UT",
    "is": "Utopia health office",
    "ci": "URN:UVCI:01:UT:CANARY-1#A",
}
TEST: Final[Mapping[str, Any]] = {
    "tg": "840539006",
    "tt": "LP6464-4",
    "nm": "Nose",
    "sc": "2026-11-20T09:00:00Z",
    "tr": "260415000",
    "tc": "Utopia laboratory",
    "co": "UT",
    "is": "Utopia health office",
    "ci": "URN:UVCI:01:UT:CANARY-2#B",
}
RECOVERY: Final[Mapping[str, Any]] = {
    "tg": "840539006",
    "fr": "2026-09-01",
    "df": "2026-09-12",
    "du": "2027-02-28",
    "co": "UT",
    "is": "Utopia health office",
    "ci": "URN:UVCI:01:UT:CANARY-3#C",
}
ENTRIES: Final = {"v": VACCINATION, "t": TEST, "r": RECOVERY}


def without(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The members but for one."""
    return {key: value for key, value in members.items() if key != name}


def payload(kind: str = "v", **changes: Any) -> dict[str, Any]:
    """A certificate's payload; ``changes`` replace its members, and those of its entry."""
    kind = str(kind)  # of a Kind too, whose members are texts of another type
    entry = {**ENTRIES[kind], **{name: value for name, value in changes.items() if name in ENTRIES[kind]}}
    own = {name: value for name, value in changes.items() if name not in ENTRIES[kind]}
    return {"ver": "1.3.0", "nam": dict(NAME), "dob": "1986-03-14", kind: [entry], **own}


class Health:
    """Who signs. ``key`` makes it another kind of key than P-256.

    ``usages`` are those of its certificate, ``usage_bytes`` what stands there instead; ``times`` are its first second
    and its last.
    """

    def __init__(
        self,
        *usages: str,
        key: Any = None,
        name: str = "Utopia health office",
        usage_bytes: bytes = b"",
        times: tuple[int, int] = (NOW - 400 * DAY, NOW + 400 * DAY),
    ) -> None:
        self.key: Any = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "UT"), x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(datetime.fromtimestamp(times[0], UTC))
            .not_valid_after(datetime.fromtimestamp(times[1], UTC))
        )
        if usage_bytes:
            unread = x509.UnrecognizedExtension(x509.OID_EXTENDED_KEY_USAGE, usage_bytes)
            builder = builder.add_extension(unread, critical=False)
        if usages:
            extension = x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage) for usage in usages])
            builder = builder.add_extension(extension, critical=False)
        self.der = builder.sign(self.key, SHA256()).public_bytes(Encoding.DER)
        self.signer = parse_signer(self.der)

    @property
    def signers(self) -> DocumentSigners:
        return DocumentSigners([self.signer])

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32), SHA256())
        size = (self.key.key_size + 7) // 8
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(SHA256())))
        return bytes(r.to_bytes(size) + s.to_bytes(size))

    def cose(
        self,
        certificate: Any = None,
        *,
        protected: Any = None,
        unprotected: Mapping[Any, Any] | None = None,
        claims: Mapping[Any, Any] | None = None,
        tags: tuple[int, ...] = (18,),
    ) -> bytes:
        """COSE_Sign1 over a payload; the rest changes a layer."""
        header = {1: int(self.signer.algorithm), 4: self.signer.kid} if protected is None else protected
        encoded = header if isinstance(header, bytes) else encode_cbor(header)
        all_claims = {
            1: "UT",
            4: NOW + 180 * DAY,
            6: NOW - DAY,
            -260: {1: payload() if certificate is None else certificate},
            **(claims or {}),
        }
        inner = encode_cbor({label: value for label, value in all_claims.items() if value is not None})
        value: Any = [encoded, dict(unprotected or {}), inner, self.sign(to_be_signed(encoded, inner))]
        for tag in tags:
            value = Tag(tag, value)
        return encode_cbor(value)

    def cose_of(self, inner: bytes) -> bytes:
        """COSE_Sign1 over a payload that is encoded already, however badly."""
        protected = encode_cbor({1: int(self.signer.algorithm), 4: self.signer.kid})
        head = b"\xa4" + encode_cbor(1) + encode_cbor("UT") + encode_cbor(4) + encode_cbor(NOW + DAY)
        claims = head + encode_cbor(6) + encode_cbor(NOW) + encode_cbor(-260) + b"\xa1\x01" + inner
        return encode_cbor(Tag(18, [protected, {}, claims, self.sign(to_be_signed(protected, claims))]))

    def code(self, certificate: Any = None, **changes: Any) -> bytes:
        """The text of a QR code."""
        return code_of(self.cose(certificate, **changes))


def code_of(signed: bytes) -> bytes:
    """A text around signed bytes."""
    return PREFIX + encode_base45(zlib.compress(signed)).encode()
