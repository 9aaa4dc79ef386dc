"""The wallet provider's use cases: attest a wallet, attest keys. It learns keys and nonces, and nothing of their use.

A request proves possession: a JWT signed by the key that it is about (its ``jwk`` header), for this provider, now.
Which issuer the attestation is for, and what will be bound to the keys, no request says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.jws import parse_jws, verify_jws
from zegel.primitives.keys import PublicKey, parse_jwk
from zegel.primitives.times import TOLERATED_EARLY, parse_numeric_date
from zegel.services.ports import Clock
from zegel.trust.attestation import MAX_LIFETIME, WalletDescription, sign_wallet_attestation
from zegel.trust.key_attestation import MAX_KEYS, sign_key_attestation
from zegel.trust.signing import CertifiedSigner

POSSESSION_TYPE: Final = "zegel-key-possession+jwt"
POSSESSION_SECONDS: Final = 60  # a wallet asks when it needs; nobody else has a use for the answer
KEY_ATTESTATION_SECONDS: Final = 600  # TS3 section 2.4.2: for one request, which follows at once
_KEY_STORAGE: Final = ("iso_18045_basic",)  # OpenID4VCI 1.0 section D.2: keys in a file under a passphrase
_USER_AUTHENTICATION: Final = ("iso_18045_basic",)
_MAX_NONCE: Final = 512  # characters; our c_nonce has 43
_WHAT: Final = "proof of possession"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletProviderIdentity:
    """The provider. ``client_id`` is the same for every wallet of the kind (HAIP 1.0 section 4.4.1)."""

    origin: str
    client_id: str
    wallet: WalletDescription
    signer: CertifiedSigner
    lifetime: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletAttestation:
    """A wallet attestation and when it expires, in seconds since the epoch."""

    client_id: str
    attestation: str
    expires: int


@final
class WalletProviderService:
    """Vouches for wallets, so that no wallet has to vouch for itself."""

    def __init__(self, identity: WalletProviderIdentity, *, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock

    def sign_with(self, signer: CertifiedSigner) -> None:
        """From now on this one attests."""
        self._identity = replace(self._identity, signer=signer)

    def attest_wallet(self, possession: str) -> WalletAttestation:
        """Attest the wallet whose key signed; ``Rejected(POSSESSION)`` for another's proof or an old one."""
        return self.attest_wallet_key(self._possessed(possession))

    def attest_keys(self, possessions: Sequence[str], *, nonce: str | None) -> str:
        """Attest keys, each of which signed; ``nonce`` is the issuer's c_nonce."""
        if not 0 < len(possessions) <= MAX_KEYS:
            raise Malformed("request", "keys", f"expected one to {MAX_KEYS} proofs of possession")
        return self.attest_public_keys([self._possessed(possession) for possession in possessions], nonce=nonce)

    def attest_wallet_key(self, key: PublicKey, *, kid: str | None = None) -> WalletAttestation:
        """Attest a wallet by its key alone: for the operator, who knows whose it is, and what the wallet calls it."""
        now = self._clock.now()
        expires = now + min(self._identity.lifetime, MAX_LIFETIME)
        attestation = sign_wallet_attestation(
            signer=self._identity.signer.signer,
            chain=self._identity.signer.chain,
            provider=self._identity.origin,
            client_id=self._identity.client_id,
            key=key,
            wallet=self._identity.wallet,
            now=now,
            expires=expires,
            kid=kid,
        )
        return WalletAttestation(client_id=self._identity.client_id, attestation=attestation.decode(), expires=expires)

    def attest_public_keys(
        self, keys: Sequence[PublicKey], *, nonce: str | None, kids: Mapping[PublicKey, str] | None = None
    ) -> str:
        """Attest keys without proof: for the operator, who knows whose they are, and what the wallet calls them."""
        if not 0 < len(keys) <= MAX_KEYS or len(set(keys)) != len(keys):
            raise Malformed("request", "keys", f"expected one to {MAX_KEYS} keys, each of them once")
        if nonce is not None and not 0 < len(nonce) <= _MAX_NONCE:
            raise Malformed("request", "nonce", f"expected 1 to {_MAX_NONCE} characters")
        now = self._clock.now()
        return sign_key_attestation(
            signer=self._identity.signer.signer,
            chain=self._identity.signer.chain,
            provider=self._identity.origin,
            keys=keys,
            key_storage=_KEY_STORAGE,
            user_authentication=_USER_AUTHENTICATION,
            nonce=nonce,
            now=now,
            expires=now + KEY_ATTESTATION_SECONDS,
            kids=kids,
        ).decode()

    def _possessed(self, compact: str) -> PublicKey:
        jws = parse_jws(compact, what=_WHAT)
        key = parse_jwk(jws.unverified_header.members.get("jwk"), what=_WHAT, where="header.jwk")
        claims = verify_jws(jws, key=key, typ=POSSESSION_TYPE).claims
        if claims.get("aud") != self._identity.origin:
            raise Rejected(Check.POSSESSION, "expected a proof for this provider", field="aud")
        issued_at = parse_numeric_date(claims.get("iat"), what=_WHAT, where="iat")
        now = self._clock.now()
        if issued_at is None or not now - POSSESSION_SECONDS <= issued_at <= now + TOLERATED_EARLY:
            raise Rejected(Check.POSSESSION, "expected a proof of this minute", field="iat")
        return key
