"""The text of a QR code, to the signed bytes in it and back.

Electronic Health Certificate Specification 1.0.5, sections 3 and 4:

HC1: | Base45 | zlib | COSE_Sign1
"""

import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias, final

from msgspec import Struct

from zegel.errors import Malformed
from zegel.formats.hcert.layers import WHAT, Layer, MalformedLayer, layered
from zegel.primitives.base45 import encode_base45, parse_base45
from zegel.primitives.cbor import FrozenMap, Tag, encode_byte_string, parse_cbor, parse_map

PREFIX: Final = b"HC1:"
MAX_CODE: Final = 4_296  # characters: the most that a QR code holds of its alphanumeric mode
MAX_SIGNED: Final = 16_384  # bytes; a certificate has under one thousand, and a code holds three of those
_MAX_KEPT_HEADER: Final = 64  # bytes; bounds what a stranger can make the cache hold
TAG_SIGN1: Final = 18
TAG_CWT: Final = 61
ALG, CRIT, KID = 1, 2, 4  # RFC 9052 section 3.1
LABELS: Final = frozenset({int, str})  # section 1.5, and RFC 8392 section 1.1: 1.0 and true are no 1
_SIGNATURE_HEADS: Final = {66: b"\x58\x40", 259: b"\x59\x01\x00"}  # by how long a signature is with its head
_LEAST: Final = 70  # bytes: no signature is shorter

_Parts: TypeAlias = tuple[bytes, Mapping[object, object], bytes, bytes]
"""The protected header, what is beside it, the payload, and the signature."""


@final
class SignedCode(Struct, frozen=True, kw_only=True):
    """COSE_Sign1 as it came. ``protected`` and ``unprotected`` are the headers' labels, ``message`` what is signed."""

    protected: Mapping[object, object]
    unprotected: Mapping[object, object]
    payload: bytes
    signature: bytes
    message: bytes


def parse_code(text: bytes) -> bytes:
    """The bytes under prefix, Base45 and zlib; ``MalformedLayer`` names the one that is not as it must be."""
    if not text.startswith(PREFIX):
        raise MalformedLayer(Layer.PREFIX, "prefix", f"expected {PREFIX.decode()}")
    if len(text) > MAX_CODE:
        raise MalformedLayer(Layer.BASE45, "", f"expected at most {MAX_CODE} characters, got {len(text)}")
    try:
        compressed = parse_base45(text[len(PREFIX) :], WHAT)
    except Malformed as error:
        raise layered(error, Layer.BASE45) from None
    return _inflated(compressed)


def parse_signed_code(data: bytes) -> SignedCode:
    """Parse COSE_Sign1, with its tag or without, and with that of a CWT around it (RFC 8392 section 6).

    ``MalformedLayer`` for what is no CBOR, or no such structure.
    """
    protected, unprotected, payload, signature = _usual_parts(data) or _parts(data)
    return SignedCode(
        protected=_kept_header(protected) if len(protected) <= _MAX_KEPT_HEADER else _header(protected),
        unprotected=unprotected,
        payload=payload,
        signature=signature,
        message=to_be_signed(protected, payload),
    )


def build_code(signed: bytes) -> str:
    """The text for a QR code."""
    return PREFIX.decode() + encode_base45(zlib.compress(signed, 9))


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """RFC 9052 section 4.4: Sig_structure."""
    return b"\x84\x6aSignature1" + encode_byte_string(protected) + b"\x40" + encode_byte_string(payload)


def _usual_parts(data: bytes) -> _Parts | None:
    """The parts in the encoding that nearly all have, in a third of the parser's time; None for any other.

    That is the tag of COSE_Sign1, a protected header below 24 bytes, nothing beside it, a payload of two bytes of
    length, and a signature by a key on P-256 or an RSA key of 2048 bits.
    """
    if not _LEAST < len(data) <= MAX_SIGNED or not data.startswith(b"\xd2\x84"):
        return None
    begin = data[2] - 0x40 + 3
    if not 3 <= begin < 27 or data[begin : begin + 2] != b"\xa0\x59":
        return None
    begin += 4
    end = begin + int.from_bytes(data[begin - 2 : begin])
    head = _SIGNATURE_HEADS.get(len(data) - end)
    if head is None or not data.startswith(head, end):
        return None
    return data[3 : begin - 4], {}, data[begin:end], data[end + len(head) :]


def _parts(data: bytes) -> _Parts:
    try:
        value: Any = parse_cbor(data, WHAT, MAX_SIGNED)
    except Malformed as error:
        raise layered(error, Layer.CBOR) from None
    for tag in (TAG_CWT, TAG_SIGN1):
        if type(value) is Tag and value.tag == tag:
            value = value.value
    if type(value) not in (list, tuple) or len(value) != 4:
        raise MalformedLayer(Layer.COSE, "COSE", "expected COSE_Sign1: an array of four")
    protected, unprotected, payload, signature = value
    if type(protected) is not bytes or type(unprotected) not in (dict, FrozenMap):
        raise MalformedLayer(Layer.COSE, "COSE", "expected a protected header in bytes, and a map")
    if type(payload) is not bytes or type(signature) is not bytes:
        raise MalformedLayer(Layer.COSE, "COSE", "expected payload and signature in bytes")
    if not LABELS.issuperset(map(type, unprotected)):
        raise MalformedLayer(Layer.COSE, "COSE", "expected labels that are whole numbers or text")
    return protected, unprotected, payload, signature


def _header(protected: bytes) -> Mapping[object, object]:
    try:
        labels = parse_map(protected, WHAT) if protected else {}
    except Malformed as error:
        raise layered(error, Layer.CBOR) from None
    if not LABELS.issuperset(map(type, labels)):
        raise MalformedLayer(Layer.COSE, "COSE", "expected labels that are whole numbers or text")
    return labels


@lru_cache(maxsize=256)
def _kept_header(protected: bytes) -> Mapping[object, object]:
    """Parse a header once: every certificate of a signer has the same."""
    return _header(protected)


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(data, MAX_SIGNED + 1)
    except zlib.error:
        raise MalformedLayer(Layer.ZLIB, "compression", "expected zlib data") from None
    if len(inflated) > MAX_SIGNED:
        raise MalformedLayer(Layer.ZLIB, "compression", f"expected at most {MAX_SIGNED} bytes within")
    if not stream.eof or stream.unused_data:
        raise MalformedLayer(Layer.ZLIB, "compression", "expected one whole zlib stream")
    return inflated
