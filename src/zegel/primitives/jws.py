"""JWS compact serialisation with a JSON object inside: a JWT, as every profile here uses it (RFC 7515, RFC 7519).

``parse_jws`` splits and decodes once, ``verify_jws`` checks and hands the claims out. The bytes that were signed are
kept as they came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final, final

from msgspec import Struct

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64, base64url, encode_base64url, parse_base64, parse_base64url
from zegel.primitives.json import MAX_BYTES, Json, JsonObject, encode_json, parse_json, parse_object
from zegel.primitives.keys import PublicKey, Signer, verify_signature

MAX_CHAIN = 5  # leaf, issuing authority, and room for an intermediate two; the anchor stays out
_DOT = ord(".")
_MAX_HEADER = 24_000  # five certificates of 3 kB, in base64 twice
_MAX_KEPT_HEADER = 4_096  # two certificates; bounds what a stranger can make the cache hold


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedHeader:
    """A JOSE header as sent. ``x5c`` holds DER certificates, leaf first; ``members`` is all of it."""

    alg: str
    typ: str
    kid: str | None
    x5c: tuple[bytes, ...]
    members: JsonObject


@final
class UnverifiedJws(Struct, frozen=True):
    """A JWS that parses; nothing in it is proven."""

    unverified_header: UnverifiedHeader
    unverified_claims: JsonObject
    signing_input: bytes | memoryview
    signature: bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedJws:
    """A JWS whose type, algorithm and signature hold under the key that was given."""

    header: UnverifiedHeader
    claims: JsonObject
    key: PublicKey


def parse_jws(compact: bytes | str, *, what: str, max_bytes: int = MAX_BYTES) -> UnverifiedJws:
    """Parse ``header.payload.signature``; ``Malformed`` unless header and payload are JSON objects."""
    if len(compact) > max_bytes:
        raise Malformed(what, "", f"expected at most {max_bytes} bytes, got {len(compact)}")
    if isinstance(compact, str):
        compact = _ascii(compact, what)
    header, payload, signature = split_jws(compact, what)
    claims = parse_json(parse_base64url(payload, what=what, where="payload"), what=what, max_bytes=max_bytes)
    return join_jws(header, claims, compact, signature, what)


def set_payload_aside(compact: bytes, *, what: str) -> tuple[UnverifiedJws, memoryview]:
    """Parse all but a long payload, which comes as it is encoded; the claims are empty, and nothing is copied."""
    view = memoryview(compact)
    start, end = compact.find(b".") + 1, compact.rfind(b".")
    if not 0 < start <= end or compact.find(b".", start, end) >= 0:
        raise Malformed(what, "", "expected a JWS in compact serialisation")
    header = _header(bytes(view[: start - 1]), what)
    signature = parse_base64url(bytes(view[end + 1 :]), what, "signature")
    return UnverifiedJws(header, {}, view[:end], signature), view[start:end]


def split_jws(compact: bytes, what: str) -> tuple[bytes, bytes, bytes]:
    """Header, payload and signature as they are encoded, for a caller that decodes them together with more."""
    header, _, rest = compact.partition(b".")  # ``split`` looks at each byte, and takes ten times as long
    payload, dot, signature = rest.rpartition(b".")
    if not dot or _DOT in payload:
        raise Malformed(what, "", "expected a JWS in compact serialisation")
    return header, payload, signature


def join_jws(header: bytes, claims: Json, compact: bytes, signature: bytes, what: str) -> UnverifiedJws:
    """A JWS of what ``split_jws`` took apart; the payload alone is decoded."""
    if type(claims) is not dict:
        raise Malformed(what, "payload", "expected a JSON object")
    read = _kept_header if len(header) <= _MAX_KEPT_HEADER else _header
    decoded = parse_base64url(signature, what, "signature")
    return UnverifiedJws(read(header, what), claims, compact[: ~len(signature)], decoded)


def verify_jws(
    jws: UnverifiedJws, *, key: PublicKey, typ: str, check: Check = Check.SIGNATURE, brings_its_key: bool = False
) -> VerifiedJws:
    """Verify type, algorithm and signature.

    ``key`` is the key that must have signed, however the caller found it; ``check`` names what fails when the
    signature does not verify; ``brings_its_key`` is what ``check_header`` takes. ``Rejected`` with TOKEN_TYPE,
    ALGORITHM, CRITICAL_HEADER, KEY_SOURCE or ``check``.
    """
    check_header(jws.unverified_header, key=key, typ=typ, brings_its_key=brings_its_key)
    verify_signature(key, jws.signature, jws.signing_input, check)
    return VerifiedJws(header=jws.unverified_header, claims=jws.unverified_claims, key=key)


def check_header(
    header: UnverifiedHeader, *, key: PublicKey, typ: str, brings_its_key: bool = False
) -> UnverifiedHeader:
    """Return the header if it names the type and the key's algorithm, and changes no rule; ``Rejected`` otherwise.

    ``brings_its_key``: the specification has the key in ``jwk``, and the caller took it from there. Nowhere else may
    there be one, not even the right one.
    """
    if header.typ != typ:
        raise Rejected(Check.TOKEN_TYPE, f"expected {typ}", field="header.typ")
    if header.alg != key.algorithm:
        raise Rejected(Check.ALGORITHM, f"expected {key.algorithm}", field="header.alg")
    if not _LOOKED_AT.isdisjoint(header.members):
        _check_members(header, brings_its_key=brings_its_key)
    return header


def sign_jws(
    claims: Mapping[str, object],
    *,
    signer: Signer,
    typ: str,
    x5c: tuple[bytes, ...] = (),
    header: Mapping[str, Json] | None = None,
) -> bytes:
    """Sign claims; ``x5c`` are DER certificates, leaf first, without the anchor. Returns the compact text."""
    encoded = encode_header(signer=signer, typ=typ, x5c=x5c, header=header)
    return sign_encoded(encoded, encode_json(claims), signer=signer)


def encode_header(
    *, signer: Signer, typ: str, x5c: tuple[bytes, ...] = (), header: Mapping[str, Json] | None = None
) -> bytes:
    """Encode the header that ``signer`` signs under, for ``sign_encoded``."""
    members: dict[str, object] = {"alg": str(signer.public_key.algorithm), "typ": typ}
    if x5c:
        members["x5c"] = [base64(certificate) for certificate in x5c]
    members |= header or {}
    return encode_base64url(encode_json(members))


def sign_encoded(header: bytes, payload: bytes, *, signer: Signer) -> bytes:
    """Sign a payload under a header that is encoded already; for callers that sign many under one header."""
    signing_input = header + b"." + encode_base64url(payload)
    return signing_input + b"." + encode_base64url(signer.sign(signing_input))


_CRITICAL: Final = frozenset({"crit", "b64"})
_REMOTE_KEYS: Final = frozenset({"jku", "x5u"})
_OWN_KEY: Final = "jwk"
_THUMBPRINT: Final = "x5t#S256"
_LOOKED_AT: Final = _CRITICAL | _REMOTE_KEYS | {_OWN_KEY, _THUMBPRINT}  # kid is a hint (RFC 7515 section 4.1.4)


def _check_members(header: UnverifiedHeader, *, brings_its_key: bool) -> None:
    members = header.members
    if not _CRITICAL.isdisjoint(members):
        raise Rejected(Check.CRITICAL_HEADER, "expected neither crit nor b64", field="header.crit")
    if not _REMOTE_KEYS.isdisjoint(members):
        raise Rejected(Check.KEY_SOURCE, "expected neither jku nor x5u", field="header")
    if _OWN_KEY in members and not brings_its_key:
        raise Rejected(Check.KEY_SOURCE, "expected no jwk", field="header.jwk")
    # RFC 7515 section 4.1.8: of the certificate with the key that signed, which is the first of x5c (section 4.1.6)
    if _THUMBPRINT in members and header.x5c and members[_THUMBPRINT] != base64url(sha256(header.x5c[0]).digest()):
        detail = "expected the SHA-256 thumbprint of the first certificate in x5c"
        raise Rejected(Check.KEY_SOURCE, detail, field="header.x5t#S256")


@lru_cache(maxsize=256)
def _kept_header(encoded: bytes, what: str) -> UnverifiedHeader:
    """Parse a header once, for an issuer sends the same one with each token."""
    return _header(encoded, what)


def _header(encoded: bytes, what: str) -> UnverifiedHeader:
    if len(encoded) > _MAX_HEADER:
        raise Malformed(what, "header", f"expected at most {_MAX_HEADER} bytes")
    members = parse_object(parse_base64url(encoded, what=what, where="header"), what=f"{what} header")
    kid = members.get("kid")
    if kid is not None and type(kid) is not str:
        raise Malformed(what, "header.kid", "expected text")
    return UnverifiedHeader(
        alg=_text(members, "alg", what),
        typ=_text(members, "typ", what) if "typ" in members else "",
        kid=kid,
        x5c=_certificates(members.get("x5c"), what),
        members=members,
    )


def _certificates(value: Json, what: str) -> tuple[bytes, ...]:
    if value is None:
        return ()
    if type(value) is not list or not 0 < len(value) <= MAX_CHAIN:
        raise Malformed(what, "header.x5c", f"expected one to {MAX_CHAIN} certificates")
    chain = []
    for position, item in enumerate(value):
        if type(item) is not str:
            raise Malformed(what, f"header.x5c[{position}]", "expected text")
        chain.append(parse_base64(item, what=what, where=f"header.x5c[{position}]"))
    return tuple(chain)


def _text(members: JsonObject, name: str, what: str) -> str:
    value = members.get(name)
    if type(value) is not str:
        raise Malformed(what, f"header.{name}", "expected text")
    return value


def _ascii(compact: str, what: str) -> bytes:
    try:
        return compact.encode("ascii")
    except UnicodeEncodeError:
        raise Malformed(what, "", "expected ASCII") from None
