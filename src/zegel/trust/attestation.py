"""Wallet attestations: what a wallet provider says of a wallet, to authenticate it at the authorization server.

OpenID4VCI 1.0 appendix E, on attestation-based client authentication draft 07. TS3 1.5 adds members and leaves ``iss``
out, which draft 07 requires: it is written, and read where it is; the certificate says who signed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.json import Json
from zegel.primitives.jws import UnverifiedJws, parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import PublicKey, Signer, parse_jwk
from zegel.primitives.times import TOLERATED_LATE, parse_numeric_date
from zegel.trust.anchors import Purpose, TrustAnchors, VerifiedChain
from zegel.trust.attestation_claims import (
    AttestationStatus,
    attestation_status_members,
    parse_attestation_status,
    parse_optional_text,
    parse_text,
    parse_time,
    refuse_outside_validity,
    vouched,
)

WALLET_TYPE: Final = "oauth-client-attestation+jwt"  # draft 07 section 5.1
MAX_LIFETIME: Final = 86_400  # TS3 section 2.2.1.1: less than 24 hours
_WHAT: Final = "wallet attestation"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletDescription:
    """The kind of wallet, the same for every instance of it (TS3 section 2.3.1)."""

    name: str | None = None
    version: str | None = None
    link: str | None = None
    certification: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedWalletAttestation:
    """A wallet attestation that parses; nothing in it is proven."""

    jws: UnverifiedJws
    unverified_client_id: str
    unverified_key: PublicKey
    unverified_wallet: WalletDescription
    unverified_begins: int | None
    unverified_expires: int
    unverified_status: AttestationStatus | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedWallet:
    """A wallet that a trusted provider vouches for. ``key`` is what it must prove to hold; ``provider`` the entity."""

    client_id: str
    key: PublicKey
    wallet: WalletDescription
    expires: int
    status: AttestationStatus | None
    provider: str
    chain: VerifiedChain


def parse_wallet_attestation(compact: bytes | str) -> UnverifiedWalletAttestation:
    """Parse a wallet attestation; ``Malformed`` without ``sub``, ``exp`` or the key in ``cnf.jwk``."""
    jws = parse_jws(compact, what=_WHAT)
    claims = jws.unverified_claims
    parse_optional_text(claims, "iss", what=_WHAT)
    confirmation = claims.get("cnf")
    if not isinstance(confirmation, Mapping):
        raise Malformed(_WHAT, "cnf", "expected an object")
    begins = [parse_numeric_date(claims.get(name), what=_WHAT, where=name) for name in ("nbf", "iat")]
    certification = claims.get("wallet_solution_certification_information")
    return UnverifiedWalletAttestation(
        jws=jws,
        unverified_client_id=parse_text(claims, "sub", what=_WHAT),
        unverified_key=parse_jwk(confirmation.get("jwk"), what=_WHAT, where="cnf.jwk"),
        unverified_wallet=WalletDescription(
            name=parse_optional_text(claims, "wallet_name", what=_WHAT),
            version=parse_optional_text(claims, "wallet_version", what=_WHAT),
            link=parse_optional_text(claims, "wallet_link", what=_WHAT),
            # TS3 section 2.3.1 leaves its content undefined: any JSON, of which text alone is kept
            certification=certification if isinstance(certification, str) else None,
        ),
        unverified_begins=max((begin for begin in begins if begin is not None), default=None),
        unverified_expires=parse_time(claims, "exp", what=_WHAT),
        unverified_status=parse_attestation_status(claims, "client_status", what=_WHAT),
    )


def verify_wallet_attestation(
    attestation: UnverifiedWalletAttestation, *, anchors: TrustAnchors, now: int
) -> VerifiedWallet:
    """Verify a wallet attestation (draft 07 section 9); the proof of possession is the caller's next step.

    ``Rejected`` with CHAIN, CERTIFICATE_VALIDITY, ANCHOR, CERTIFICATE_PROFILE, the checks of ``verify_jws``, or
    ATTESTATION_VALIDITY.
    """
    jws = attestation.jws
    chain = anchors.verify_chain(jws.unverified_header.x5c, purpose=Purpose.WALLET_PROVIDER, now=now)
    verify_jws(jws, key=chain.leaf.key, typ=WALLET_TYPE)
    begins, expires = attestation.unverified_begins, attestation.unverified_expires
    refuse_outside_validity(begins=begins, expires=expires, now=now, what=_WHAT)
    # from its beginning where it says one, so that a longer one does not pass in its last hours
    if expires > (now if begins is None else min(begins, now)) + MAX_LIFETIME + TOLERATED_LATE:
        raise Rejected(Check.ATTESTATION_VALIDITY, "expected at most 24 hours of validity", field="exp")
    return VerifiedWallet(
        client_id=attestation.unverified_client_id,
        key=attestation.unverified_key,
        wallet=attestation.unverified_wallet,
        expires=expires,
        status=vouched(attestation.unverified_status, chain.anchor.entity),
        provider=chain.anchor.entity,
        chain=chain,
    )


def sign_wallet_attestation(
    *,
    signer: Signer,
    chain: tuple[bytes, ...],
    provider: str,
    client_id: str,
    key: PublicKey,
    wallet: WalletDescription,
    now: int,
    expires: int,
    status: AttestationStatus | None = None,
    kid: str | None = None,
) -> bytes:
    """Attest a wallet; ValueError beyond 24 hours.

    ``provider`` is the provider's URL, ``client_id`` shared by every wallet of the kind: HAIP 1.0 section 4.4.1 allows
    nothing of one instance but the key, which is fresh for each issuer. ``chain`` is DER, leaf first, without anchor.
    ``kid`` is what the wallet calls its key, for one that finds it by that name.
    """
    if not now < expires <= now + MAX_LIFETIME:
        raise ValueError("a wallet attestation lives at most 24 hours")
    described = {
        "wallet_name": wallet.name,
        "wallet_version": wallet.version,
        "wallet_link": wallet.link,
        "wallet_solution_certification_information": wallet.certification,
        "client_status": None if status is None else attestation_status_members(status),
    }
    confirmation: dict[str, Json] = {"jwk": key.jwk() if kid is None else {**key.jwk(), "kid": kid}}
    claims = {"iss": provider, "sub": client_id, "iat": now, "exp": expires, "cnf": confirmation}
    optional = {name: value for name, value in described.items() if value is not None}
    return sign_jws(claims | optional, signer=signer, typ=WALLET_TYPE, x5c=chain)
