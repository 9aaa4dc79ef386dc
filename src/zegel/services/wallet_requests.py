"""What a wallet signs to its provider, and a PID provider to another's: who asks, for what, here and now.

    possession   by a key that is to be attested, or activated with: it is held by whoever asks
    instance     by the key of a wallet that was activated: which wallet asks, and for which proofs of possession
    revocation   by a key of a PID provider, with its certificates: which wallet is to be revoked

None says which issuer an attestation is for, or what will be bound to the keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import StatusReference
from zegel.formats.status.reference import parse_status_reference, status_claim
from zegel.primitives.encoding import base64url
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.jws import UnverifiedJws, parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import PublicKey, Signer, parse_jwk
from zegel.primitives.times import TOLERATED_EARLY, parse_numeric_date
from zegel.trust.anchors import Purpose, TrustAnchors, check_entitlement
from zegel.trust.signing import CertifiedSigner

POSSESSION_TYPE: Final = "zegel-key-possession+jwt"
INSTANCE_TYPE: Final = "zegel-wallet-instance+jwt"
REVOCATION_TYPE: Final = "zegel-wallet-revocation+jwt"
POSSESSION_SECONDS: Final = 60  # a wallet asks when it needs; nobody else has a use for the answer
PID_TYPE: Final = "urn:eudi:pid:1"
_POSSESSION: Final = "proof of possession"
_INSTANCE: Final = "wallet's request"
_REVOCATION: Final = "request for a revocation"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedInstanceProof:
    """A wallet's request that parses: which instance it says that it is."""

    jws: UnverifiedJws
    unverified_instance: str


def sign_possession(key: Signer, *, audience: str, now: int, code: bytes | None = None) -> str:
    """Show that a key is held; ``code`` is the digest of the revocation code, for an activation with this key."""
    claims: dict[str, Json] = {"aud": audience, "iat": now}
    if code is not None:
        claims["code"] = base64url(code)
    return sign_jws(claims, signer=key, typ=POSSESSION_TYPE, header={"jwk": key.public_key.jwk()}).decode()


def sign_instance_proof(key: Signer, *, instance: str, possessions: Sequence[str], audience: str, now: int) -> str:
    """Show which wallet asks for the attestation of the keys that ``possessions`` are of."""
    claims = {"sub": instance, "aud": audience, "iat": now, "about": _digest(possessions)}
    return sign_jws(claims, signer=key, typ=INSTANCE_TYPE).decode()


def sign_revocation_request(signer: CertifiedSigner, *, status: StatusReference, audience: str, now: int) -> str:
    """Ask a wallet provider to revoke the wallet that was attested with ``status`` (ARF 3.0 WURevocation_11)."""
    claims = {"aud": audience, "iat": now, "status": status_claim(status)}
    return sign_jws(claims, signer=signer.signer, typ=REVOCATION_TYPE, x5c=signer.chain).decode()


def verify_possession(compact: str, *, audience: str, now: int) -> tuple[PublicKey, JsonObject]:
    """The key that signed, and what it signed; ``Rejected(POSSESSION)`` for another's proof or an old one."""
    jws = parse_jws(compact, what=_POSSESSION)
    key = parse_jwk(jws.unverified_header.members.get("jwk"), what=_POSSESSION, where="header.jwk")
    claims = verify_jws(jws, key=key, typ=POSSESSION_TYPE, brings_its_key=True).claims
    return key, _check_here_and_now(claims, Check.POSSESSION, what=_POSSESSION, audience=audience, now=now)


def parse_instance_proof(compact: bytes | str) -> UnverifiedInstanceProof:
    """Parse a wallet's request; ``Malformed`` unless it names an instance."""
    jws = parse_jws(compact, what=_INSTANCE)
    instance = jws.unverified_claims.get("sub")
    if type(instance) is not str or not instance:
        raise Malformed(_INSTANCE, "sub", "expected the wallet's id")
    return UnverifiedInstanceProof(jws=jws, unverified_instance=instance)


def verify_instance_proof(
    proof: UnverifiedInstanceProof, *, key: PublicKey, possessions: Sequence[str], audience: str, now: int
) -> str:
    """The id of the instance whose ``key`` signed; ``Rejected(WALLET_INSTANCE)`` for another request or an old one."""
    claims = verify_jws(proof.jws, key=key, typ=INSTANCE_TYPE).claims
    _check_here_and_now(claims, Check.WALLET_INSTANCE, what=_INSTANCE, audience=audience, now=now)
    if claims.get("about") != _digest(possessions):
        raise Rejected(Check.WALLET_INSTANCE, "expected the proofs of possession that came along", field="about")
    return proof.unverified_instance


def verify_revocation_request(compact: str, *, audience: str, anchors: TrustAnchors, now: int) -> StatusReference:
    """The status of the wallet to be revoked, when a listed PID provider asks (ARF 3.0 WURevocation_12).

    ``Rejected`` with CHAIN, CERTIFICATE_VALIDITY, ANCHOR, CERTIFICATE_PROFILE, ENTITLEMENT, the checks of
    ``verify_jws``, or REVOCATION_REQUEST.
    """
    jws = parse_jws(compact, what=_REVOCATION)
    chain = anchors.verify_chain(jws.unverified_header.x5c, purpose=Purpose.ISSUER, now=now)
    check_entitlement(chain, PID_TYPE)
    claims = verify_jws(jws, key=chain.leaf.key, typ=REVOCATION_TYPE).claims
    _check_here_and_now(claims, Check.REVOCATION_REQUEST, what=_REVOCATION, audience=audience, now=now)
    return parse_status_reference(claims.get("status"), _REVOCATION)


def _check_here_and_now(claims: JsonObject, check: Check, *, what: str, audience: str, now: int) -> JsonObject:
    if claims.get("aud") != audience:
        raise Rejected(check, f"expected a {what} for this provider", field="aud")
    issued_at = parse_numeric_date(claims.get("iat"), what=what, where="iat")
    if issued_at is None or not now - POSSESSION_SECONDS <= issued_at <= now + TOLERATED_EARLY:
        raise Rejected(check, f"expected a {what} of this minute", field="iat")
    return claims


def _digest(possessions: Sequence[str]) -> str:
    return base64url(sha256("\n".join(possessions).encode()).digest())
