"""The Key Binding JWT: the holder's signature over one presentation (RFC 9901 section 4.3).

Transaction data is bound as OpenID4VP 1.0 section B.3.3.1 profiles it: hashes over the strings as they were received.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.sdjwt.disclosures import HASH_ALGORITHM
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.jws import UnverifiedJws, VerifiedJws, parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import PublicKey, Signer
from zegel.primitives.times import TOLERATED_EARLY, parse_numeric_date

TYPE: Final = "kb+jwt"
MAX_AGE: Final = 300  # the specifications leave the window open; a request of ours is answered within five minutes
_MAX_BYTES: Final = 1 << 14  # header, five short claims and a hash for each item of transaction data
_WHAT: Final = "key binding JWT"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedKeyBinding:
    """A Key Binding JWT that parses. ``unverified_issued_at`` is in seconds since the epoch."""

    unverified_jws: UnverifiedJws
    unverified_audience: str
    unverified_nonce: str
    unverified_issued_at: int
    unverified_sd_hash: str
    unverified_transaction_data: "UnverifiedTransactionHashes | None"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedTransactionHashes:
    """What the holder says to have signed of the transaction data; ``algorithm`` as the proof names it."""

    hashes: tuple[str, ...]
    algorithm: str | None


def parse_key_binding(compact: bytes) -> UnverifiedKeyBinding:
    """Parse a Key Binding JWT; ``Malformed`` unless the claims that RFC 9901 section 4.3 requires are there."""
    jws = parse_jws(compact, what=_WHAT, max_bytes=_MAX_BYTES)
    claims = jws.unverified_claims
    issued_at = parse_numeric_date(claims.get("iat"), what=_WHAT, where="iat")
    if issued_at is None:
        raise Malformed(_WHAT, "iat", "expected seconds since the epoch")
    return UnverifiedKeyBinding(
        unverified_jws=jws,
        unverified_audience=_text(claims, "aud"),  # RFC 9901 section 4.3: one string, no array
        unverified_nonce=_text(claims, "nonce"),
        unverified_issued_at=issued_at,
        unverified_sd_hash=_text(claims, "sd_hash"),
        unverified_transaction_data=_hashes(claims) if "transaction_data_hashes" in claims else None,
    )


def verify_key_binding(
    binding: UnverifiedKeyBinding,
    *,
    key: PublicKey,
    presented: bytes,
    audience: str,
    nonce: str,
    now: int,
    transaction_data: Sequence[str],
) -> VerifiedJws:
    """Verify the holder's proof (RFC 9901 section 7.3 step 5).

    ``presented`` is the SD-JWT as received, up to and with the last tilde. ``Rejected`` with HOLDER_SIGNATURE, those of
    ``verify_jws``, AUDIENCE, NONCE, PROOF_TIME, PRESENTED_BYTES or TRANSACTION_DATA.
    """
    verified = verify_jws(binding.unverified_jws, key=key, typ=TYPE, check=Check.HOLDER_SIGNATURE)
    if binding.unverified_audience != audience:
        raise Rejected(Check.AUDIENCE, "expected our own identifier", field="aud")
    if binding.unverified_nonce != nonce:
        raise Rejected(Check.NONCE, "expected the nonce of our request", field="nonce")
    issued_at = binding.unverified_issued_at
    if not now - MAX_AGE <= issued_at <= now + TOLERATED_EARLY:
        when = "older than" if issued_at < now else "ahead of us by more than"
        limit = MAX_AGE if issued_at < now else TOLERATED_EARLY
        raise Rejected(Check.PROOF_TIME, f"the proof is {when} {limit} seconds", field="iat")
    if binding.unverified_sd_hash != _hash(presented):
        raise Rejected(Check.PRESENTED_BYTES, "expected the hash of what is presented", field="sd_hash")
    if transaction_data or binding.unverified_transaction_data is not None:
        _check_transaction_data(binding.unverified_transaction_data, transaction_data)
    return verified


def sign_key_binding(
    presented: bytes, *, holder: Signer, audience: str, nonce: str, now: int, transaction_data: Sequence[str] = ()
) -> bytes:
    """Sign for one verifier and one request; returns the compact JWT."""
    claims: dict[str, Json] = {"iat": now, "aud": audience, "nonce": nonce, "sd_hash": _hash(presented)}
    if transaction_data:
        claims["transaction_data_hashes"] = [_hash(text.encode()) for text in transaction_data]
        claims["transaction_data_hashes_alg"] = HASH_ALGORITHM
    return sign_jws(claims, signer=holder, typ=TYPE)


def _check_transaction_data(signed: UnverifiedTransactionHashes | None, transaction_data: Sequence[str]) -> None:
    expected = sorted(_hash(text.encode()) for text in transaction_data)
    if signed is None or sorted(signed.hashes) != expected:
        detail = f"expected a hash of each of {len(expected)} items of transaction data, and no other"
        raise Rejected(Check.TRANSACTION_DATA, detail, field="transaction_data_hashes")
    named = any(_names_algorithm(text) for text in transaction_data)
    if signed.algorithm != HASH_ALGORITHM and (named or signed.algorithm is not None):
        raise Rejected(
            Check.TRANSACTION_DATA, f"expected {HASH_ALGORITHM} to be named", field="transaction_data_hashes_alg"
        )


def _names_algorithm(transaction_data: str) -> bool:
    """OpenID4VP 1.0 section B.3.3.1: the answer names the algorithm where the request did."""
    what = "transaction data"
    return "transaction_data_hashes_alg" in parse_object(parse_base64url(transaction_data, what=what), what=what)


def _hash(data: bytes) -> str:
    return base64url(sha256(data).digest())


def _text(claims: JsonObject, name: str) -> str:
    value = claims.get(name)
    if type(value) is not str:
        raise Malformed(_WHAT, name, "expected text")
    return value


def _hashes(claims: JsonObject) -> UnverifiedTransactionHashes:
    value = claims["transaction_data_hashes"]
    if not isinstance(value, list) or not value or not all(type(item) is str for item in value):
        raise Malformed(_WHAT, "transaction_data_hashes", "expected an array of hashes")
    algorithm = _text(claims, "transaction_data_hashes_alg") if "transaction_data_hashes_alg" in claims else None
    return UnverifiedTransactionHashes(hashes=tuple(value), algorithm=algorithm)
