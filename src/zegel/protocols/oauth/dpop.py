"""Demonstrating proof of possession: a token is worth nothing without the key that it is bound to (RFC 9449).

A DPoP proof and a key proof (``openid4vci.proofs``) bring their own public key in ``jwk``, as a proof of possession at
the wallet provider does (``services.wallet_requests``); no other object may.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, origin_of
from zegel.primitives.json import JsonObject
from zegel.primitives.jws import UnverifiedJws, parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import PublicKey, Signer, parse_jwk
from zegel.protocols.oauth.errors import OneTime, denying
from zegel.protocols.oauth.lifetimes import PAST_SECONDS, check_recent
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces

TYP: Final = "dpop+jwt"
MAX_PROOF: Final = 4_096  # a proof with a P-521 key, a nonce and a long URL is under 1 kB
MAX_JTI: Final = 256  # characters; ours has 22
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedDpop:
    """A proof that parses, with the key that it brings."""

    jws: UnverifiedJws
    key: PublicKey


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedDpop:
    """A proof for this very request. ``thumbprint`` is what tokens are bound to; ``once`` refuses a second use."""

    thumbprint: str
    nonce: str | None
    once: OneTime


def sign_dpop(
    signer: Signer,
    *,
    method: str,
    url: str,
    now: int,
    random: Callable[[int], bytes],
    nonce: str | None,
    access_token: str | None = None,
) -> str:
    """A proof for one request (RFC 9449 section 4.2)."""
    claims: dict[str, object] = {"jti": base64url(random(16)), "htm": method, "htu": _without_query(url), "iat": now}
    if nonce is not None:
        claims["nonce"] = nonce
    if access_token is not None:
        claims["ath"] = _hash(access_token)
    return sign_jws(claims, signer=signer, typ=TYP, header={"jwk": signer.public_key.jwk()}).decode()


def thumbprint_of(key: PublicKey) -> str:
    """The JWK thumbprint as text, as ``dpop_jkt`` carries it (RFC 9449 section 10)."""
    return base64url(key.thumbprint())


def receive_dpop(request: HttpRequest, *, nonces: Nonces, now: int, access_token: str | None = None) -> VerifiedDpop:
    """The proof of a request; ``Denied`` with invalid_dpop_proof or use_dpop_nonce."""
    with denying("invalid_dpop_proof"):
        text = request.header("dpop")
        if text is None:
            raise Rejected(Check.DPOP_PROOF, "expected a DPoP header", field="header.dpop")
        proof = verify_dpop(
            parse_dpop(text), method=request.method, url=request.url, access_token=access_token, now=now
        )
    with denying("use_dpop_nonce"):
        nonces.verify(proof.nonce, purpose=NoncePurpose.DPOP, now=now, check=Check.DPOP_NONCE)
    return proof


def parse_dpop(text: str) -> UnverifiedDpop:
    """Parse a DPoP header; ``Malformed`` unless it is one JWS with one public EC key (RFC 9449 section 4.3)."""
    jws = parse_jws(text, what="DPoP proof", max_bytes=MAX_PROOF)
    key = parse_jwk(jws.unverified_header.members.get("jwk"), what="DPoP proof", where="header.jwk")
    return UnverifiedDpop(jws=jws, key=key)


def verify_dpop(proof: UnverifiedDpop, *, method: str, url: str, access_token: str | None, now: int) -> VerifiedDpop:
    """Verify a proof for a request; the nonce stands apart, for its refusal has a code of its own.

    ``Rejected`` with TOKEN_TYPE, ALGORITHM, CRITICAL_HEADER, KEY_SOURCE, SIGNATURE or DPOP_PROOF.
    """
    claims = verify_jws(proof.jws, key=proof.key, typ=TYP, brings_its_key=True).claims
    # RFC 9449 section 4.3, points 8, 9 and 11, in that order
    if claims.get("htm") != method:
        raise Rejected(Check.DPOP_PROOF, f"expected a proof for {method}", field="htm")
    if _comparable(_text(claims, "htu")) != _comparable(url):
        raise Rejected(Check.DPOP_PROOF, "expected a proof for the URL of this request", field="htu")
    issued_at = check_recent(claims, now=now, check=Check.DPOP_PROOF)
    jti = _text(claims, "jti")
    if not 0 < len(jti) <= MAX_JTI:
        raise Rejected(Check.DPOP_PROOF, f"expected an identifier of 1 to {MAX_JTI} characters", field="jti")
    if access_token is not None and _text(claims, "ath") != _hash(access_token):
        raise Rejected(Check.DPOP_PROOF, "expected the hash of the access token of this request", field="ath")
    thumbprint = thumbprint_of(proof.key)
    once = OneTime(
        purpose="dpop",
        key=f"{thumbprint}.{jti}",
        expires=issued_at + PAST_SECONDS + 1,
        code="invalid_dpop_proof",
        check=Check.REPLAY,
        detail="the DPoP proof was used before",
    )
    return VerifiedDpop(thumbprint=thumbprint, nonce=_text(claims, "nonce") if "nonce" in claims else None, once=once)


def check_bound(dpop: VerifiedDpop, *, thumbprint: str, code: str) -> VerifiedDpop:
    """Return the proof if its key is the one that the code or token is bound to; ``Denied(code)`` otherwise."""
    if dpop.thumbprint != thumbprint:
        raise Denied(code, Check.DPOP_BINDING, "expected a proof by the key that this is bound to", field="header.jwk")
    return dpop


def _comparable(url: str) -> str:
    """The URL without query and fragment, as RFC 3986 sections 6.2.2 and 6.2.3 normalise it."""
    try:
        origin = origin_of(url, what="htu")
    except Malformed as error:
        raise Rejected(Check.DPOP_PROOF, error.detail, field="htu") from None
    return origin + _ESCAPE.sub(_normal_escape, urlsplit(url).path or "/")


def _normal_escape(escape: re.Match[str]) -> str:
    character = chr(int(escape.group()[1:], 16))
    return character if _UNRESERVED.fullmatch(character) else escape.group().upper()


def _without_query(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _hash(access_token: str) -> str:
    return base64url(sha256(access_token.encode()).digest())


def _text(claims: JsonObject, name: str) -> str:
    value = claims.get(name)
    if type(value) is not str:
        raise Rejected(Check.DPOP_PROOF, "expected text", field=name)
    return value
