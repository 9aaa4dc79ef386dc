"""Attestation-based client authentication, draft 07: a wallet proves to be one that its provider vouches for.

The attestation itself is verified in ``trust.attestation``; here stands its proof of possession, and the two headers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest
from zegel.primitives.json import JsonObject
from zegel.primitives.jws import UnverifiedJws, parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import Signer
from zegel.protocols.oauth.errors import OneTime, denying
from zegel.protocols.oauth.lifetimes import PAST_SECONDS, check_recent
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces
from zegel.trust.anchors import TrustAnchors
from zegel.trust.attestation import VerifiedWallet, parse_wallet_attestation, verify_wallet_attestation

HEADER: Final = "oauth-client-attestation"
POP_HEADER: Final = "oauth-client-attestation-pop"
POP_TYP: Final = "oauth-client-attestation-pop+jwt"
MAX_POP: Final = 4_096  # under 1 kB with a P-521 key
_POP_SECONDS: Final = 60  # -07 knows no exp, but lets it stand; servers of earlier drafts ask for it
_MAX_JTI: Final = 256  # characters; ours has 22


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedClient:
    """A wallet whose attestation and proof of possession hold; ``once`` refuses the proof a second time."""

    wallet: VerifiedWallet
    once: OneTime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPop:
    """A proof of possession by the attested key for this authorization server."""

    challenge: str | None
    jti: str
    issued_at: int


def sign_attestation_pop(
    signer: Signer, *, client_id: str, audience: str, challenge: str | None, now: int, random: Callable[[int], bytes]
) -> str:
    """Prove possession of the attested key to the authorization server ``audience`` (section 5.2)."""
    claims = {"iss": client_id, "aud": audience, "jti": base64url(random(16)), "iat": now, "exp": now + _POP_SECONDS}
    optional = {} if challenge is None else {"challenge": challenge}
    return sign_jws(claims | optional, signer=signer, typ=POP_TYP).decode()


def presents_attestation(request: HttpRequest) -> bool:
    """Whether either header is there, so that the client means to authenticate by attestation."""
    return any(name in (HEADER, POP_HEADER) for name, _ in request.headers)


def receive_client_attestation(
    request: HttpRequest, *, anchors: TrustAnchors, audience: str, nonces: Nonces, now: int
) -> AttestedClient:
    """The wallet behind a request; ``Denied`` with invalid_client_attestation or use_attestation_challenge."""
    with denying("invalid_client_attestation"):
        attestation = parse_wallet_attestation(_header(request, HEADER))
        proof = parse_jws(_header(request, POP_HEADER), what="proof of possession", max_bytes=MAX_POP)
        wallet = verify_wallet_attestation(attestation, anchors=anchors, now=now)
        pop = verify_attestation_pop(proof, wallet=wallet, audience=audience, now=now)
    with denying("use_attestation_challenge"):
        purpose = NoncePurpose.ATTESTATION_CHALLENGE
        nonces.verify(pop.challenge, purpose=purpose, now=now, check=Check.ATTESTATION_CHALLENGE)
    once = OneTime(
        purpose="client attestation proof",
        key=f"{base64url(wallet.key.thumbprint())}.{pop.jti}",
        expires=pop.issued_at + PAST_SECONDS + 1,
        code="invalid_client_attestation",
        check=Check.REPLAY,
        detail="the proof of possession was used before",
    )
    return AttestedClient(wallet=wallet, once=once)


def verify_attestation_pop(jws: UnverifiedJws, *, wallet: VerifiedWallet, audience: str, now: int) -> VerifiedPop:
    """Verify the proof of possession (section 9, points 3, 4, 7, 9, 10 and 13); the challenge stands apart.

    ``Rejected`` with TOKEN_TYPE, ALGORITHM, CRITICAL_HEADER, KEY_SOURCE, SIGNATURE or CLIENT_AUTHENTICATION.
    """
    claims = verify_jws(jws, key=wallet.key, typ=POP_TYP).claims
    if claims.get("iss") != wallet.client_id:
        raise _rejected("expected the client that the attestation names", "iss")
    # FAPI 2.0 section 5.3.2.1: the issuer identifier, as one string
    if claims.get("aud") != audience:
        raise _rejected("expected this authorization server's issuer identifier as one string", "aud")
    issued_at = check_recent(claims, now=now, check=Check.CLIENT_AUTHENTICATION)
    jti = _text(claims, "jti")
    if not 0 < len(jti) <= _MAX_JTI:
        raise _rejected(f"expected an identifier of 1 to {_MAX_JTI} characters", "jti")
    challenge = _text(claims, "challenge") if "challenge" in claims else None
    return VerifiedPop(challenge=challenge, jti=jti, issued_at=issued_at)


def _header(request: HttpRequest, name: str) -> str:
    # section 6.2: precisely one field of each
    value = request.header(name)
    if value is None:
        raise _rejected("expected this header", f"header.{name}")
    return value


def _text(claims: JsonObject, name: str) -> str:
    value = claims.get(name)
    if type(value) is not str:
        raise _rejected("expected text", name)
    return value


def _rejected(detail: str, field: str) -> Rejected:
    return Rejected(Check.CLIENT_AUTHENTICATION, detail, field=field)
