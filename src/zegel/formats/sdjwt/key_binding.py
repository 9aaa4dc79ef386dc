"""The Key Binding JWT: the holder's signature over one presentation (RFC 9901 section 4.3).

Transaction data is bound as OpenID4VP 1.0 section B.3.3.1 profiles it: hashes over the strings as they were received.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NotRequired, TypedDict, final

from msgspec import Struct

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.sdjwt.disclosures import HASH_ALGORITHM
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.jws import UnverifiedJws, check_header, sign_jws
from zegel.primitives.keys import PublicKey, Signer, verify_signature
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE, parse_numeric_date

TYPE: Final = "kb+jwt"
MAX_AGE: Final = 300  # the specifications leave the window open; a request of ours is answered within five minutes
MAX_KEY_BINDING: Final = 1 << 14  # header, five short claims and a hash for each item of transaction data
WHAT: Final = "key binding JWT"
_SIGNATURE: Final = Check.HOLDER_SIGNATURE
_TEXTS: Final = ("aud", "nonce", "sd_hash")
_OTHER_TIMES: Final = ("nbf", "exp")


class KeyBindingClaims(TypedDict):
    """A payload of which these members have their types; times are in seconds since the epoch."""

    iat: int | float
    nbf: NotRequired[int | float]
    exp: NotRequired[int | float]
    aud: str
    nonce: str
    sd_hash: str
    transaction_data_hashes: NotRequired[list[str]]
    transaction_data_hashes_alg: NotRequired[str]


@final
class UnverifiedKeyBinding(Struct, frozen=True):
    """A Key Binding JWT that parses; nothing says who signed it."""

    unverified_jws: UnverifiedJws
    unverified_claims: KeyBindingClaims


def parse_key_binding(jws: UnverifiedJws) -> UnverifiedKeyBinding:
    """Parse a Key Binding JWT; ``Malformed`` unless the claims that RFC 9901 section 4.3 requires are there."""
    claims = jws.unverified_claims
    for name in _TEXTS:
        if type(claims.get(name)) is not str:  # RFC 9901 section 4.3: aud is one string, no array
            raise Malformed(WHAT, name, "expected one text")
    if parse_numeric_date(claims.get("iat"), WHAT, "iat") is None:
        raise Malformed(WHAT, "iat", "expected seconds since the epoch")
    for name in _OTHER_TIMES:
        if name in claims and parse_numeric_date(claims[name], WHAT, name) is None:
            raise Malformed(WHAT, name, "expected seconds since the epoch")
    if "transaction_data_hashes" in claims:
        _refuse_other_hashes(claims)
    typed: KeyBindingClaims = claims  # type: ignore[assignment]  # its members were seen
    return UnverifiedKeyBinding(jws, typed)


def verify_key_binding(
    binding: UnverifiedKeyBinding,
    *,
    key: PublicKey,
    presented: bytes,
    audience: str,
    nonce: str,
    now: int,
    transaction_data: Sequence[str],
) -> KeyBindingClaims:
    """Verify the holder's proof and return its claims (RFC 9901 section 7.3 step 5).

    ``presented`` is the SD-JWT as received, up to and with the last tilde. ``Rejected`` with those of ``check_header``,
    HOLDER_SIGNATURE, AUDIENCE, NONCE, PROOF_TIME, PRESENTED_BYTES or TRANSACTION_DATA.
    """
    jws, claims = binding.unverified_jws, binding.unverified_claims
    check_header(jws.unverified_header, key=key, typ=TYPE)
    verify_signature(key, jws.signature, jws.signing_input, _SIGNATURE)
    if claims["aud"] != audience:
        raise Rejected(Check.AUDIENCE, "expected our own identifier", field="aud")
    if claims["nonce"] != nonce:
        raise Rejected(Check.NONCE, "expected the nonce of our request", field="nonce")
    if not now - MAX_AGE <= claims["iat"] <= now + TOLERATED_EARLY:
        detail = f"expected a proof of the last {MAX_AGE} seconds, at most {TOLERATED_EARLY} ahead of our clock"
        raise Rejected(Check.PROOF_TIME, detail, field="iat")
    if "exp" in claims or "nbf" in claims:
        _check_other_times(claims, now)
    if claims["sd_hash"] != _hash(presented):
        raise Rejected(Check.PRESENTED_BYTES, "expected the hash of what is presented", field="sd_hash")
    if transaction_data or "transaction_data_hashes" in claims:
        _check_transaction_data(claims, transaction_data)
    return claims


def sign_key_binding(
    presented: bytes, *, holder: Signer, audience: str, nonce: str, now: int, transaction_data: Sequence[str] = ()
) -> bytes:
    """Sign for one verifier and one request; returns the compact JWT."""
    claims: dict[str, Json] = {"iat": now, "aud": audience, "nonce": nonce, "sd_hash": _hash(presented)}
    if transaction_data:
        claims["transaction_data_hashes"] = [_hash(text.encode()) for text in transaction_data]
        claims["transaction_data_hashes_alg"] = HASH_ALGORITHM
    return sign_jws(claims, signer=holder, typ=TYPE)


def _check_other_times(claims: KeyBindingClaims, now: int) -> None:
    """RFC 9901 section 7.3 step 5.8: the proof is a valid JWT in all other respects, so that these count (RFC 7519)."""
    if claims.get("exp", now) <= now - TOLERATED_LATE:
        raise Rejected(Check.PROOF_TIME, "the proof is expired", field="exp")
    if claims.get("nbf", now) > now + TOLERATED_EARLY:
        raise Rejected(Check.PROOF_TIME, "the proof is not valid yet", field="nbf")


def _check_transaction_data(claims: KeyBindingClaims, transaction_data: Sequence[str]) -> None:
    expected = sorted(_hash(text.encode()) for text in transaction_data)
    if sorted(claims.get("transaction_data_hashes", [])) != expected:
        detail = f"expected a hash of each of {len(expected)} items of transaction data, and no other"
        raise Rejected(Check.TRANSACTION_DATA, detail, field="transaction_data_hashes")
    named = any(_names_algorithm(text) for text in transaction_data)
    if claims.get("transaction_data_hashes_alg", None if named else HASH_ALGORITHM) != HASH_ALGORITHM:
        field = "transaction_data_hashes_alg"
        raise Rejected(Check.TRANSACTION_DATA, f"expected {HASH_ALGORITHM} to be named", field=field)


def _names_algorithm(transaction_data: str) -> bool:
    """OpenID4VP 1.0 section B.3.3.1: the answer names the algorithm where the request did."""
    what = "transaction data"
    return "transaction_data_hashes_alg" in parse_object(parse_base64url(transaction_data, what=what), what=what)


def _hash(data: bytes) -> str:
    return base64url(sha256(data).digest())


def _refuse_other_hashes(claims: JsonObject) -> None:
    hashes = claims["transaction_data_hashes"]
    if not isinstance(hashes, list) or not hashes or not all(type(item) is str for item in hashes):
        raise Malformed(WHAT, "transaction_data_hashes", "expected an array of hashes")
    if type(claims.get("transaction_data_hashes_alg", "")) is not str:
        raise Malformed(WHAT, "transaction_data_hashes_alg", "expected text")
