"""Elliptic-curve keys and the two functions that use them: ``Signer.sign`` and ``verify_signature``.

A signature is the raw ``r || s`` of JOSE and COSE (RFC 7518 section 3.4, RFC 9053 section 2.1); DER stays inside.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Final, Literal, NewType, Protocol, TypeVar, final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import Json, encode_json

VerifiedBytes = NewType("VerifiedBytes", bytes)
_Message = TypeVar("_Message", bound=bytes | memoryview)


class Curve(StrEnum):
    """The curves that the profiles name, as JOSE spells them (RFC 7518 section 6.2.1.1)."""

    P256 = "P-256"
    P384 = "P-384"
    P521 = "P-521"


class Algorithm(StrEnum):
    """The signature algorithms that the profiles name (RFC 7518 section 3.4); each has one curve."""

    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"


ALGORITHM_OF: Final[Mapping[Curve, Algorithm]] = {
    Curve.P256: Algorithm.ES256,
    Curve.P384: Algorithm.ES384,
    Curve.P521: Algorithm.ES512,
}
_CURVES: Final[Mapping[Curve, ec.EllipticCurve]] = {
    Curve.P256: ec.SECP256R1(),
    Curve.P384: ec.SECP384R1(),
    Curve.P521: ec.SECP521R1(),
}
_CURVE_OF: Final[Mapping[str, Curve]] = {str(curve): curve for curve in Curve}
_SCHEMES: Final[Mapping[Curve, ec.ECDSA]] = {
    Curve.P256: ec.ECDSA(hashes.SHA256()),
    Curve.P384: ec.ECDSA(hashes.SHA384()),
    Curve.P521: ec.ECDSA(hashes.SHA512()),
}
_SIZES: Final[Mapping[Curve, int]] = {Curve.P256: 32, Curve.P384: 48, Curve.P521: 66}


@final
class PublicKey:
    """A point that is on its curve. ``point`` is the uncompressed SEC 1 encoding: 0x04, x, y."""

    __slots__ = ("_key", "algorithm", "curve", "point")

    def __init__(self, curve: Curve, point: bytes, key: ec.EllipticCurvePublicKey) -> None:
        self.algorithm: Final = ALGORITHM_OF[curve]  # the only one of its curve
        self.curve: Final = curve
        self.point: Final = point
        self._key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.point == other.point and self.curve is other.curve

    def __hash__(self) -> int:
        return hash(self.point)

    def __repr__(self) -> str:
        return f"<public key on {self.curve}, thumbprint {base64url(self.thumbprint())}>"

    @property
    def coordinates(self) -> tuple[bytes, bytes]:
        """x and y, each as long as the curve's field."""
        size = _SIZES[self.curve]
        return self.point[1 : 1 + size], self.point[1 + size :]

    def jwk(self) -> dict[str, Json]:
        """The key as a JSON Web Key with its required members only (RFC 7517)."""
        x, y = self.coordinates
        return {"kty": "EC", "crv": str(self.curve), "x": base64url(x), "y": base64url(y)}

    def thumbprint(self) -> bytes:
        """The SHA-256 JWK thumbprint, 32 bytes (RFC 7638 section 3)."""
        x, y = self.coordinates
        members = {"crv": str(self.curve), "kty": "EC", "x": base64url(x), "y": base64url(y)}
        return sha256(encode_json(members)).digest()

    def for_agreement(self) -> ec.EllipticCurvePublicKey:
        """The library's own object, to which ``primitives.jwe`` encrypts."""
        return self._key

    def spki(self) -> bytes:
        """The DER SubjectPublicKeyInfo (RFC 5480 section 2)."""
        return self._key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


class Signer(Protocol):
    """Something that signs with one key: software, a token, a remote service."""

    @property
    def public_key(self) -> PublicKey:
        """The key under which the signatures verify."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign; returns raw ``r || s``."""
        ...


@final
class PrivateKey:
    """A private key in this process's memory, for software signers and key agreement."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._curve = _curve_of(key.curve)
        self._size = _SIZES[self._curve]
        self._scheme = _SCHEMES[self._curve]

    def __repr__(self) -> str:
        return f"<private key on {self._curve}>"

    @cached_property
    def public_key(self) -> PublicKey:
        """The public half."""
        return public_key_of(self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Sign with the algorithm of the key's curve; returns raw ``r || s``."""
        r, s = decode_dss_signature(self._key.sign(message, self._scheme))
        return r.to_bytes(self._size) + s.to_bytes(self._size)

    def exchange(self, peer: PublicKey) -> bytes:
        """Agree on the x coordinate of the shared point (RFC 6090 section 4.2)."""
        return self._key.exchange(ec.ECDH(), peer._key)  # noqa: SLF001 the same module's own

    def secret_jwk(self) -> dict[str, Json]:
        """The key with its private part; for sealed storage only."""
        d = self._key.private_numbers().private_value.to_bytes(self._size)
        return self.public_key.jwk() | {"d": base64url(d)}

    def secret_pem(self) -> bytes:
        """The key as unencrypted PKCS#8; for owner-readable key files only."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def for_certificates(self) -> ec.EllipticCurvePrivateKey:
        """The library's own object, which signs certificates in ``primitives.x509``."""
        return self._key


def parse_jwk(value: Json, what: str, where: str = "", use: Literal["sig", "enc"] = "sig") -> PublicKey:
    """Parse a public EC JWK; ``Malformed`` on another type, curve or use, a private part, or an off-curve point."""
    if type(value) is not dict or value.get("kty") != "EC":
        raise Malformed(what, _at(where, "kty"), "expected an EC public key as a JWK")
    curve, point = _point(value, what, where)
    if len(value) > _REQUIRED_MEMBERS:
        _refuse_other_use(value, use, curve, what, where)
    return public_key(curve, point, what, where)


def parse_secret_jwk(value: Json, *, what: str) -> PrivateKey:
    """Parse a private EC JWK; ``Malformed`` if its halves do not belong together."""
    if type(value) is not dict or value.get("kty") != "EC":
        raise Malformed(what, "kty", "expected an EC private key as a JWK")
    d = value.get("d")
    if type(d) is not str:
        raise Malformed(what, "d", "expected the private part as text")
    curve, point = _point(value, what, "")
    secret = parse_base64url(d, what=what, where="d")
    if len(secret) != _SIZES[curve]:
        raise Malformed(what, "d", f"expected {_SIZES[curve]} bytes")
    key = derive_private_key(secret, curve=curve, what=what)
    if key.public_key.point != point:
        raise Malformed(what, "d", "expected the private part of this public key")
    return key


def parse_private_pem(pem: bytes, *, what: str) -> PrivateKey:
    """Parse an unencrypted PEM private key; ``Malformed`` for anything but EC on P-256, P-384 or P-521."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Malformed(what, "", "expected an unencrypted PEM private key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name not in _NAMES:
        raise Malformed(what, "", "expected an EC key on P-256, P-384 or P-521")
    return PrivateKey(key)


def derive_private_key(secret: bytes, *, curve: Curve = Curve.P256, what: str = "private key") -> PrivateKey:
    """Make a key from its big-endian scalar; ``Malformed`` if it is zero or not below the group's order."""
    try:
        return PrivateKey(ec.derive_private_key(int.from_bytes(secret), _CURVES[curve]))
    except ValueError:
        raise Malformed(what, "d", "expected a scalar of the curve") from None


def random_private_key(random: Callable[[int], bytes], *, curve: Curve = Curve.P256) -> PrivateKey:
    """Make a fresh key (FIPS 186-5 appendix A.2.1: 64 bits more than the scalar has, so that none is favoured)."""
    surplus = int.from_bytes(random(_SIZES[curve] + 8))
    scalar = surplus % (_CURVES[curve].group_order - 1) + 1
    return derive_private_key(scalar.to_bytes(_SIZES[curve]), curve=curve)


def public_key(curve: Curve, point: bytes, what: str, where: str = "") -> PublicKey:
    """Make a key from an uncompressed point; ``Malformed`` if it is not on the curve."""
    if len(point) != 1 + 2 * _SIZES[curve] or point[0] != 4:
        raise Malformed(what, where, f"expected an uncompressed point on {curve}")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve], point)
    except ValueError:
        raise Malformed(what, where, f"expected a point on {curve}") from None
    return PublicKey(curve, point, key)


def public_key_of(key: ec.EllipticCurvePublicKey) -> PublicKey:
    """Wrap the library's own object; ``Malformed`` for another curve."""
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return PublicKey(curve=_curve_of(key.curve), point=point, key=key)


def verify_signature(key: PublicKey, signature: bytes, message: _Message, check: Check) -> _Message:
    """Return the message as signed; ``Rejected(check)`` unless ``signature`` is raw ``r || s`` under ``key``."""
    size = _SIZES[key.curve]
    if len(signature) != 2 * size:
        raise Rejected(check, f"expected {2 * size} bytes of raw r and s, got {len(signature)}")
    try:
        key._key.verify(encode_ecdsa_signature(signature, size), message, _SCHEMES[key.curve])  # noqa: SLF001 the same module's own
    except InvalidSignature:
        raise Rejected(check, "the signature does not verify") from None
    return message


def encode_ecdsa_signature(signature: bytes, size: int) -> bytes:
    """``r || s`` as an ECDSA-Sig-Value (RFC 3279 section 2.2.3); by hand, in half the library's time."""
    r, s = signature[:size], signature[size:]
    if not (r[0] and s[0]):
        r, s = r.lstrip(b"\0") or b"\0", s.lstrip(b"\0") or b"\0"
    integers = (
        (_INTEGER if r[0] < 128 else _PADDED_INTEGER)[len(r)]
        + r
        + (_INTEGER if s[0] < 128 else _PADDED_INTEGER)[len(s)]
        + s
    )
    return _SEQUENCE[len(integers)] + integers


# The heads of integers and sequences by the length that follows. One with its first bit set would be negative.
_INTEGER: Final = tuple(b"\x02%c" % length for length in range(128))
_PADDED_INTEGER: Final = tuple(b"\x02%c\0" % (length + 1) for length in range(127))
_SEQUENCE: Final = tuple(b"\x30%c" % length if length < 128 else b"\x30\x81%c" % length for length in range(256))


_NAMES: Final = {curve.name: name for name, curve in _CURVES.items()}


def _curve_of(curve: ec.EllipticCurve) -> Curve:
    name = _NAMES.get(curve.name)
    if name is None:
        raise Malformed("key", "crv", f"expected P-256, P-384 or P-521, got {curve.name}")
    return name


def _refuse_other_use(value: Mapping[str, Json], use: str, curve: Curve, what: str, where: str) -> None:
    if "d" in value:
        raise Malformed(what, _at(where, "d"), "expected a public key, got one with its private part")
    if value.get("use", use) != use:
        raise Malformed(what, _at(where, "use"), f"expected a key for {use}")
    algorithm = str(ALGORITHM_OF[curve]) if use == "sig" else "ECDH-ES"
    if value.get("alg", algorithm) != algorithm:  # RFC 8725 section 3.1: a key serves one algorithm
        raise Malformed(what, _at(where, "alg"), f"expected a key for {algorithm}")
    operations = value.get("key_ops")  # empty in the public ECDH keys that WebCrypto exports
    if operations and not (type(operations) is list and any(name in _OPERATIONS[use] for name in operations)):
        raise Malformed(what, _at(where, "key_ops"), f"expected a key for {use}")


_REQUIRED_MEMBERS: Final = 4  # kty, crv, x and y; what else there is says what the key is for
_OPERATIONS: Final = {"sig": ("verify",), "enc": ("deriveKey", "deriveBits")}  # RFC 7517 section 4.3


def _point(value: Mapping[str, Json], what: str, where: str) -> tuple[Curve, bytes]:
    crv, x, y = value.get("crv"), value.get("x"), value.get("y")
    curve = _CURVE_OF.get(crv) if type(crv) is str else None
    if curve is None:
        raise Malformed(what, _at(where, "crv"), "expected P-256, P-384 or P-521")
    size = _SIZES[curve]
    if type(x) is str and type(y) is str and len(x) == len(y) == -(-4 * size // 3):
        try:  # in one go: an A, six zero bits, fills up the last group of x where it has three symbols
            both = parse_base64url(x + "A" * (len(x) & 1) + y, what)
        except Malformed:
            both = b""
        if len(both) == 2 * size or (len(both) == 2 * size + 1 and both[size] == 0):
            return curve, b"\x04" + both[:size] + both[-size:]
    return curve, b"\x04" + _coordinate(x, curve, what, _at(where, "x")) + _coordinate(y, curve, what, _at(where, "y"))


def _coordinate(text: Json, curve: Curve, what: str, where: str) -> bytes:
    if type(text) is not str:
        raise Malformed(what, where, "expected a coordinate as text")
    data = parse_base64url(text, what, where)
    if len(data) != _SIZES[curve]:  # RFC 7518 section 6.2.1.2: the full size, zeros kept
        raise Malformed(what, where, f"expected {_SIZES[curve]} bytes, got {len(data)}")
    return data


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
