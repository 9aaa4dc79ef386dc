"""Key attestations: what a wallet provider says of the keys that credentials will be bound to.

OpenID4VCI 1.0 appendix D; TS3 1.5 adds the status of the key storage, which is the provider's and not the wallet's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.json import JsonObject
from zegel.primitives.jws import UnverifiedJws, parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import PublicKey, Signer, parse_jwk
from zegel.primitives.times import parse_numeric_date
from zegel.trust.anchors import Purpose, TrustAnchors, VerifiedChain
from zegel.trust.attestation_claims import (
    AttestationStatus,
    attestation_status_members,
    parse_attestation_status,
    parse_optional_text,
    parse_time,
    refuse_outside_validity,
    vouched,
)

KEY_TYPE: Final = "key-attestation+jwt"  # OpenID4VCI 1.0 section D.1
_TYPES: Final = frozenset({KEY_TYPE, "keyattestation+jwt"})  # the second is of its drafts, and of TS3's examples
MAX_KEYS: Final = 100  # ten batches; each key is a point to be checked
_WHAT: Final = "key attestation"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedKeyAttestation:
    """A key attestation that parses; nothing in it is proven."""

    jws: UnverifiedJws
    unverified_keys: tuple[PublicKey, ...]
    unverified_nonce: str | None
    unverified_key_storage: tuple[str, ...]
    unverified_user_authentication: tuple[str, ...]
    unverified_certification: str | None
    unverified_issued_at: int
    unverified_expires: int | None
    unverified_status: AttestationStatus | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedKeys:
    """Keys that a trusted provider vouches for. ``nonce`` is still to be compared with the one that was given out.

    ``key_storage`` and ``user_authentication`` are levels of resistance to attack (OpenID4VCI 1.0 section D.2).
    """

    keys: tuple[PublicKey, ...]
    nonce: str | None
    key_storage: tuple[str, ...]
    user_authentication: tuple[str, ...]
    certification: str | None
    expires: int | None
    status: AttestationStatus | None
    provider: str
    chain: VerifiedChain


def parse_key_attestation(compact: bytes | str) -> UnverifiedKeyAttestation:
    """Parse a key attestation; ``Malformed`` without ``iat``, or unless it holds one to ``MAX_KEYS`` distinct keys."""
    jws = parse_jws(compact, what=_WHAT)
    claims = jws.unverified_claims
    parse_optional_text(claims, "iss", what=_WHAT)
    members = claims.get("attested_keys")
    if type(members) is not list or not 0 < len(members) <= MAX_KEYS:
        raise Malformed(_WHAT, "attested_keys", f"expected one to {MAX_KEYS} keys")
    keys = tuple(parse_jwk(key, what=_WHAT, where=f"attested_keys[{at}]") for at, key in enumerate(members))
    if len(set(keys)) != len(keys):
        raise Malformed(_WHAT, "attested_keys", "expected each key once")
    return UnverifiedKeyAttestation(
        jws=jws,
        unverified_keys=keys,
        unverified_nonce=parse_optional_text(claims, "nonce", what=_WHAT),
        unverified_key_storage=_levels(claims, "key_storage"),
        unverified_user_authentication=_levels(claims, "user_authentication"),
        unverified_certification=parse_optional_text(claims, "certification", what=_WHAT),
        unverified_issued_at=parse_time(claims, "iat", what=_WHAT),
        unverified_expires=parse_numeric_date(claims.get("exp"), what=_WHAT, where="exp"),
        unverified_status=parse_attestation_status(claims, "key_storage_status", what=_WHAT),
    )


def verify_key_attestation(attestation: UnverifiedKeyAttestation, *, anchors: TrustAnchors, now: int) -> VerifiedKeys:
    """Verify a key attestation; where it goes with a ``jwt`` proof the caller requires ``expires``.

    ``Rejected`` with CHAIN, CERTIFICATE_VALIDITY, ANCHOR, CERTIFICATE_PROFILE, the checks of ``verify_jws``, or
    ATTESTATION_VALIDITY.
    """
    jws = attestation.jws
    chain = anchors.verify_chain(jws.unverified_header.x5c, purpose=Purpose.WALLET_PROVIDER, now=now)
    typ = jws.unverified_header.typ
    verify_jws(jws, key=chain.leaf.key, typ=typ if typ in _TYPES else KEY_TYPE)
    begins, expires = attestation.unverified_issued_at, attestation.unverified_expires
    refuse_outside_validity(begins=begins, expires=expires, now=now, what=_WHAT)
    return VerifiedKeys(
        keys=attestation.unverified_keys,
        nonce=attestation.unverified_nonce,
        key_storage=attestation.unverified_key_storage,
        user_authentication=attestation.unverified_user_authentication,
        certification=attestation.unverified_certification,
        expires=expires,
        status=vouched(attestation.unverified_status, chain.anchor.entity),
        provider=chain.anchor.entity,
        chain=chain,
    )


def check_key_storage(
    keys: VerifiedKeys, *, key_storage: frozenset[str], user_authentication: frozenset[str]
) -> VerifiedKeys:
    """Return the keys if they are kept and guarded at one of the levels required; an empty set requires nothing.

    OpenID4VCI 1.0 section 12.2.4, ``key_attestations_required``. ``Rejected(KEY_STORAGE)`` otherwise.
    """
    for field, found, required in (
        ("key_storage", keys.key_storage, key_storage),
        ("user_authentication", keys.user_authentication, user_authentication),
    ):
        if required and required.isdisjoint(found):
            raise Rejected(Check.KEY_STORAGE, f"expected one of {', '.join(sorted(required))}", field=field)
    return keys


def sign_key_attestation(
    *,
    signer: Signer,
    chain: tuple[bytes, ...],
    provider: str,
    keys: Sequence[PublicKey],
    key_storage: Sequence[str],
    user_authentication: Sequence[str],
    nonce: str | None,
    now: int,
    expires: int,
    certification: str | None = None,
    status: AttestationStatus | None = None,
    kids: Mapping[PublicKey, str] | None = None,
) -> bytes:
    """Attest keys; ``chain`` is DER, leaf first, without the anchor.

    ``nonce`` is the issuer's c_nonce where the attestation is the proof itself (OpenID4VCI 1.0 section F.3); ``kids``
    are what the wallet calls some of its keys, for one that finds them by that name.
    """
    claims: dict[str, object] = {"iss": provider, "iat": now, "exp": expires}
    named = kids or {}
    claims["attested_keys"] = [key.jwk() | ({"kid": named[key]} if key in named else {}) for key in keys]
    claims |= {"key_storage": list(key_storage), "user_authentication": list(user_authentication)}
    described = {
        "certification": certification,
        "nonce": nonce,
        "key_storage_status": None if status is None else attestation_status_members(status),
    }
    optional = {name: value for name, value in described.items() if value is not None}
    return sign_jws(claims | optional, signer=signer, typ=KEY_TYPE, x5c=chain)


def _levels(claims: JsonObject, name: str) -> tuple[str, ...]:
    if name not in claims:
        return ()
    value = claims[name]
    levels = tuple(level for level in value if isinstance(level, str)) if isinstance(value, list) else ()
    if not levels or not isinstance(value, list) or len(levels) != len(value):
        raise Malformed(_WHAT, name, "expected texts in an array")
    return levels
