"""COSE_Sign1, COSE_Mac0 and COSE_Key, as far as mdoc and the status list use them (RFC 9052, RFC 9053, RFC 9360).

The protected header and the payload are verified as received.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, final

from msgspec import Struct

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.cbor import FrozenMap, Tag, encode_byte_string, encode_cbor, parse_map
from zegel.primitives.http import media_type
from zegel.primitives.jws import MAX_CHAIN
from zegel.primitives.keys import Curve, PublicKey, Signer, VerifiedBytes, public_key, verify_signature

TAG_SIGN1: Final = 18
TAG_MAC0: Final = 17
HMAC_256: Final = 5
_ALG, _CRIT, _TYP, X5CHAIN = 1, 2, 16, 33
_ALGORITHMS: Final[Mapping[int, Curve]] = {
    -7: Curve.P256,  # ES256, ES384, ES512: RFC 9053 section 2.1
    -35: Curve.P384,
    -36: Curve.P521,
    -9: Curve.P256,  # ESP256, ESP384, ESP512: RFC 9864 section 2.1
    -51: Curve.P384,
    -52: Curve.P521,
}
_ALGORITHM_OF: Final[Mapping[Curve, int]] = {Curve.P256: -7, Curve.P384: -35, Curve.P521: -36}
_KEY_CURVES: Final[Mapping[int, Curve]] = {1: Curve.P256, 2: Curve.P384, 3: Curve.P521}
_KEY_CURVE_OF: Final[Mapping[Curve, int]] = {curve: number for number, curve in _KEY_CURVES.items()}
_MAX_KEPT_HEADER: Final = 256  # bytes; bounds what a stranger can make the cache hold
_MAX_HEADER_ITEMS: Final = 64  # the labels known here, a chain, and room for those that are not


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedHeader:
    """A protected header as received, and what it says. ``to_be_signed`` is what is signed, up to the payload."""

    encoded: bytes
    labels: Mapping[object, object]
    alg: int
    typ: str
    critical: bool
    to_be_signed: bytes


@final
class UnverifiedSign1(Struct, frozen=True):
    """A COSE_Sign1 that parses. ``payload`` is None where it is detached; ``x5chain`` is DER, leaf first."""

    header: ProtectedHeader
    unprotected: Mapping[object, object]
    x5chain: tuple[bytes, ...]
    payload: bytes | None
    signature: bytes

    @property
    def typ(self) -> str:
        """The type in the protected header (RFC 9596); empty when there is none."""
        return self.header.typ


@final
class UnverifiedMac0(Struct, frozen=True):
    """A COSE_Mac0 that parses. ``payload`` is None where it is detached."""

    header: ProtectedHeader
    unprotected: Mapping[object, object]
    payload: bytes | None
    tag: bytes


def parse_sign1(value: object, what: str) -> UnverifiedSign1:
    """Parse a decoded COSE_Sign1, tagged or not; ``Malformed`` on another shape."""
    header, unprotected, payload, signature = _four(value, TAG_SIGN1, what)
    chain = unprotected.get(X5CHAIN) if unprotected else None
    if chain is None:
        chain = header.labels.get(X5CHAIN)
    x5chain = () if chain is None else _x5chain(chain, what)
    return UnverifiedSign1(header, unprotected, x5chain, payload, signature)


def parse_mac0(value: object, what: str) -> UnverifiedMac0:
    """Parse a decoded COSE_Mac0, tagged or not; ``Malformed`` on another shape."""
    header, unprotected, payload, tag = _four(value, TAG_MAC0, what)
    return UnverifiedMac0(header, unprotected, payload, tag)


def check_no_cwt(header: ProtectedHeader) -> ProtectedHeader:
    """Return the header of what is no CWT, unless its typ says that it is one (RFC 9596): ``Rejected(TOKEN_TYPE)``.

    For objects that have no typ of their own: whatever else it says is passed over.
    """
    if header.typ:
        subtype = media_type(header.typ).rpartition("/")[2]
        if subtype == "cwt" or subtype.endswith("+cwt"):
            raise Rejected(Check.TOKEN_TYPE, "expected what is no CWT", field="header.typ")
    return header


def verify_sign1(
    sign1: UnverifiedSign1, *, key: PublicKey, payload: bytes, check: Check = Check.SIGNATURE, aad: bytes = b""
) -> VerifiedBytes:
    """Return the payload as signed; ``payload`` is the attached or the detached one.

    ``Rejected`` with ALGORITHM, CRITICAL_HEADER or ``check``.
    """
    header = sign1.header
    if header.critical or _CRIT in sign1.unprotected:
        raise Rejected(Check.CRITICAL_HEADER, "expected no critical label", field="header.crit")
    if _ALGORITHMS.get(header.alg) is not key.curve:
        raise Rejected(Check.ALGORITHM, f"expected {key.algorithm}", field="header.alg")
    begin = _to_be_signed(header.encoded, aad) if aad else header.to_be_signed
    verify_signature(key, sign1.signature, begin + encode_byte_string(payload), check)
    return VerifiedBytes(payload)


def verify_mac0(mac0: UnverifiedMac0, *, key: bytes, payload: bytes, check: Check, aad: bytes = b"") -> VerifiedBytes:
    """Return the payload as authenticated with HMAC 256/256; ``Rejected`` as ``verify_sign1``."""
    if mac0.header.critical or _CRIT in mac0.unprotected:
        raise Rejected(Check.CRITICAL_HEADER, "expected no critical label", field="header.crit")
    if mac0.header.alg != HMAC_256:
        raise Rejected(Check.ALGORITHM, "expected HMAC 256/256", field="header.alg")
    if not hmac.compare_digest(_mac(key, mac0.header.encoded, payload, aad), mac0.tag):
        raise Rejected(check, "the tag does not verify")
    return VerifiedBytes(payload)


@lru_cache(maxsize=64)
def sign1_protected(curve: Curve, *, typ: str | None = None, x5chain: tuple[bytes, ...] = ()) -> bytes:
    """Encode the protected header of a signature by a key on ``curve``."""
    header: dict[object, object] = {_ALG: _ALGORITHM_OF[curve]}
    if typ is not None:
        header[_TYP] = typ
    return encode_cbor(header | x5chain_header(x5chain))


def sign_sign1(
    payload: bytes,
    *,
    signer: Signer,
    x5chain: tuple[bytes, ...] = (),
    protected_x5chain: tuple[bytes, ...] = (),
    typ: str | None = None,
    detached: bool = False,
    aad: bytes = b"",
) -> list[object]:
    """Sign; returns the four members, ready to be encoded. A chain stands in one of the two headers (RFC 9360)."""
    protected = sign1_protected(signer.public_key.curve, typ=typ, x5chain=protected_x5chain)
    signature = sign_encoded(protected, payload, signer=signer, aad=aad)
    return [protected, x5chain_header(x5chain), None if detached else payload, signature]


def sign_encoded(protected: bytes, payload: bytes, *, signer: Signer, aad: bytes = b"") -> bytes:
    """Sign a payload under a header that is encoded already; returns the signature alone."""
    return signer.sign(_to_be_signed(protected, aad) + encode_byte_string(payload))


def x5chain_header(x5chain: tuple[bytes, ...]) -> dict[object, object]:
    """What a header says that carries a chain, leaf first: a bstr for one, an array for more (RFC 9360 section 2)."""
    if not x5chain:
        return {}
    return {X5CHAIN: x5chain[0] if len(x5chain) == 1 else list(x5chain)}


def mac_mac0(payload: bytes, *, key: bytes, detached: bool = False, aad: bytes = b"") -> list[object]:
    """Authenticate with HMAC 256/256; returns the four members, ready to be encoded."""
    protected = encode_cbor({_ALG: HMAC_256})
    return [protected, {}, None if detached else payload, _mac(key, protected, payload, aad)]


def parse_cose_key(value: object, what: str) -> PublicKey:
    """Parse a public EC2 key; ``Malformed`` on another type, a private part, a compressed or off-curve point."""
    if type(value) is not dict or value.get(1) != 2:
        raise Malformed(what, "kty", "expected an EC2 key")
    number, x, y = value.get(-1), value.get(-2), value.get(-3)
    if type(number) is not int or number not in _KEY_CURVES:
        raise Malformed(what, "crv", "expected P-256, P-384 or P-521")
    if type(x) is not bytes or type(y) is not bytes or len(x) != len(y):
        raise Malformed(what, "x", "expected both coordinates in full size")
    if -4 in value:
        raise Malformed(what, "d", "expected a public key, got one with its private part")
    return public_key(_KEY_CURVES[number], b"\x04" + x + y, what)


def cose_key(key: PublicKey) -> dict[int, object]:
    """The key as a COSE_Key with its required members only (RFC 9053 section 7.1.1)."""
    x, y = key.coordinates
    return {1: 2, -1: _KEY_CURVE_OF[key.curve], -2: x, -3: y}


def _four(value: Any, tag: int, what: str) -> tuple[ProtectedHeader, Mapping[object, object], bytes | None, bytes]:
    if type(value) is Tag and value.tag == tag:
        value = value.value
    if type(value) not in _ARRAYS or tuple(map(type, value)) not in _MEMBERS:
        raise Malformed(what, "", "expected bytes, a map, bytes or nil, and bytes")
    protected, unprotected, payload, last = value
    header = _kept_header(protected) if len(protected) <= _MAX_KEPT_HEADER else _header(protected)
    # RFC 9052 section 3: a label occurs in one of the two
    if unprotected and not header.labels.keys().isdisjoint(unprotected):
        raise Malformed(what, "header", "expected each label in one of the two headers")
    return header, unprotected, payload, last


_ARRAYS: Final = frozenset({list, tuple})  # the latter, and a frozen map, within a tag
_MEMBERS: Final = frozenset((bytes, m, payload, bytes) for m in (dict, FrozenMap) for payload in (bytes, type(None)))


def _header(protected: bytes) -> ProtectedHeader:
    what = "COSE protected header"
    # RFC 9052 section 3: an empty header is an empty string
    labels = parse_map(protected, what=what, max_items=_MAX_HEADER_ITEMS) if protected else {}
    alg, typ = labels.get(_ALG), labels.get(_TYP)
    if type(alg) is not int:
        raise Malformed(what, "alg", "expected an algorithm number")
    return ProtectedHeader(
        encoded=protected,
        labels=labels,
        alg=alg,
        typ=typ if type(typ) is str else "",
        critical=_CRIT in labels,
        to_be_signed=_to_be_signed(protected, b""),
    )


@lru_cache(maxsize=256)
def _kept_header(protected: bytes) -> ProtectedHeader:
    """Parse a header once: nearly every message has the same three bytes."""
    return _header(protected)


def _x5chain(value: Any, what: str) -> tuple[bytes, ...]:
    # RFC 9360 section 2: one certificate is a bstr, more are an array; an array of one is seen too
    if type(value) is bytes:
        return (value,)
    chain = tuple(value) if type(value) in _ARRAYS else ()
    if not 0 < len(chain) <= MAX_CHAIN or not all(type(item) is bytes for item in chain):
        raise Malformed(what, "header.x5chain", f"expected one to {MAX_CHAIN} certificates")
    return chain


def _to_be_signed(protected: bytes, aad: bytes) -> bytes:
    # RFC 9052 section 4.4: Sig_structure, up to the payload
    return b"\x84\x6aSignature1" + encode_byte_string(protected) + encode_byte_string(aad)


def _mac(key: bytes, protected: bytes, payload: bytes, aad: bytes) -> bytes:
    # RFC 9052 section 6.3: MAC_structure
    structure = b"\x84\x64MAC0" + b"".join(map(encode_byte_string, (protected, aad, payload)))
    return hmac.digest(key, structure, "sha256")
