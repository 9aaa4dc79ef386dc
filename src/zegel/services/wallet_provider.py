"""The wallet provider's use cases: activate a wallet, attest it, attest its keys. It learns keys, not their use.

A key attestation names the status of the *kind* of key storage, which all wallets share (TS3 1.5 section 2.5.2, option
1): an index that everybody has links nobody, and nothing has to be kept of whose keys were attested. A single wallet is
revoked by the status of its wallet attestations, each of which has a place of its own (section 2.5.1, without reuse).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.status.entries import INVALID
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.keys import PublicKey
from zegel.primitives.members import under
from zegel.primitives.x509 import DAY
from zegel.services import wallet_instances
from zegel.services.issuing import STATUS_BITS, STATUS_PATH
from zegel.services.ports import Clock, IssuerStore, IssuerTransaction, Kind, Random
from zegel.services.status_ports import StatusEntry
from zegel.services.wallet_instances import BY_KEY, DIGEST_BYTES, Instance, InstanceName, check_alive
from zegel.services.wallet_requests import parse_instance_proof, verify_instance_proof, verify_possession
from zegel.trust.attestation import MAX_LIFETIME, WalletDescription, sign_wallet_attestation
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.key_attestation import MAX_KEYS, sign_key_attestation
from zegel.trust.signing import CertifiedSigner

KEY_ATTESTATION_SECONDS: Final = 600  # TS3 section 2.4.2: for one request, which follows at once
_LASTING: Final = 3_650 * DAY  # a kind of key storage has one status for as long as it is in use
_KEY_STORAGE: Final = ("iso_18045_basic",)  # OpenID4VCI 1.0 section D.2: keys in a file under a passphrase
_USER_AUTHENTICATION: Final = ("iso_18045_basic",)
_KIND: Final = "software"
_MAX_NONCE: Final = 4_096  # characters; a c_nonce that its issuer keeps nowhere is a JWE of some 1,000, ours has 43


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletProviderIdentity:
    """The provider. ``client_id`` is the same for every wallet of the kind (HAIP 1.0 section 4.4.1).

    ``lifetime`` is how long a wallet attestation is good for, ``maintained`` how long its status is, in seconds.
    """

    origin: str
    client_id: str
    wallet: WalletDescription
    signer: CertifiedSigner
    lifetime: int
    maintained: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletAttestation:
    """A wallet attestation and when it expires, in seconds since the epoch."""

    client_id: str
    attestation: str
    expires: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """A wallet that is active now, the attestation by which it watches itself, and one of its own key."""

    instance: str
    wallet: WalletAttestation
    key_attestation: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStorage:
    """A kind of key storage: its one place in the status lists, and since when it is revoked."""

    entry: StatusEntry
    revoked_at: int | None = None


KEY_STORAGE: Final = Kind(name="key storage", states=(KeyStorage,))


@final
class WalletProviderService:
    """Vouches for wallets, so that no wallet has to vouch for itself."""

    def __init__(self, identity: WalletProviderIdentity, *, store: IssuerStore, clock: Clock, random: Random) -> None:
        self._identity = identity
        self._store = store
        self._clock = clock
        self._random = random

    def sign_with(self, signer: CertifiedSigner) -> None:
        """From now on this one attests."""
        self._identity = replace(self._identity, signer=signer)

    async def activate(self, possession: str) -> Activated:
        """Activate the wallet whose key signed, under the digest of the revocation code that its owner alone has.

        ARF 3.0 WIAM_07, WIAM_10. ``Rejected`` with POSSESSION, WALLET_INSTANCE or WALLET_REVOKED.
        """
        with under("possession"):
            key, claims = verify_possession(possession, audience=self._identity.origin, now=self._clock.now())
            digest = claims.get("code")
            code = parse_base64url(digest if type(digest) is str else "", what="activation", where="code")
            if len(code) != DIGEST_BYTES:
                raise Malformed("activation", "code", f"expected the {DIGEST_BYTES} bytes of a digest")
        async with self._store.transaction(durable=True) as transaction:
            with under("possession"):
                instance = await self._activated(transaction, key, code)
            wallet = await self._attest(transaction, instance.id, key)
            storage = await self._key_storage(transaction)
        return Activated(instance=instance.id, wallet=wallet, key_attestation=self._sign_keys((key,), storage, None))

    async def attest_wallet(self, proof: str, possession: str) -> WalletAttestation:
        """Attest a wallet under the key that signed ``possession``, a fresh one for each issuer."""
        with under("possession"):
            key, _ = verify_possession(possession, audience=self._identity.origin, now=self._clock.now())
        async with self._store.transaction(durable=True) as transaction:
            instance = await self._instance(transaction, proof, (possession,))
            return await self._attest(transaction, instance.id, key)

    async def attest_keys(self, proof: str, possessions: Sequence[str], *, nonce: str | None) -> str:
        """Attest keys, each of which signed; ``nonce`` is an issuer's c_nonce, where the issuer wants it in there."""
        _check_size(possessions, "possessions")
        check_nonce(nonce)
        audience, now = self._identity.origin, self._clock.now()
        keys = []
        for at, each in enumerate(possessions):
            with under(f"possessions[{at}]"):
                keys.append(verify_possession(each, audience=audience, now=now)[0])
        _check_distinct(keys, "possessions")
        async with self._store.transaction(durable=True) as transaction:
            await self._instance(transaction, proof, possessions)
            storage = await self._key_storage(transaction)
        return self._sign_keys(keys, storage, nonce)

    async def attest_foreign(
        self, keys: Sequence[PublicKey], *, nonce: str | None, kids: Mapping[PublicKey, str]
    ) -> tuple[Activated, str | None]:
        """Attest a wallet by its key alone, and the keys of a batch: for the operator, who knows whose they are.

        The first key is the wallet's. It is activated where it was not, and then its revocation code comes along.
        """
        _check_size(keys, "jwks")
        _check_distinct(keys, "jwks")
        check_nonce(nonce)
        key, code = keys[0], None
        async with self._store.transaction(durable=True) as transaction:
            thumbprint, until = base64url(key.thumbprint()), self._maintained()
            known = await wallet_instances.keep_longer(transaction, BY_KEY, thumbprint, until=until)
            if known is None:
                code = wallet_instances.new_code(self._random)
                instance = await self._activated(transaction, key, wallet_instances.code_digest(code))
                await transaction.put(BY_KEY, thumbprint, InstanceName(id=instance.id), expires=until)
            else:
                instance = (await wallet_instances.load(transaction, known.value.id)).value
            wallet = await self._attest(transaction, instance.id, key, kid=kids.get(key))
            storage = await self._key_storage(transaction)
        key_attestation = self._sign_keys(keys, storage, nonce, kids=kids)
        return Activated(instance=instance.id, wallet=wallet, key_attestation=key_attestation), code

    async def revoke_key_storage(self) -> KeyStorage:
        """Revoke the kind of key storage for every wallet, for good (ARF 3.0 WURevocation_07a and _09a).

        TS3 1.5 section 2.4.2: under option 1 never because of a single wallet.
        """
        async with self._store.transaction(durable=True) as transaction:
            storage = await self._key_storage(transaction)
            stored = await transaction.load(KEY_STORAGE, _KIND)
            if storage.revoked_at is not None or stored is None:
                return storage
            await transaction.statuses.mark((storage.entry,), INVALID)
            revoked = replace(storage, revoked_at=self._clock.now())
            await transaction.swap(KEY_STORAGE, _KIND, revoked, version=stored.version, expires=stored.expires)
        return revoked

    async def _activated(self, transaction: IssuerTransaction, key: PublicKey, code: bytes) -> Instance:
        now, until = self._clock.now(), self._maintained()
        return await wallet_instances.activate(transaction, key, code, now=now, until=until, random=self._random)

    async def _instance(self, transaction: IssuerTransaction, proof: str, possessions: Sequence[str]) -> Instance:
        """The wallet that asks, active (ARF 3.0 WIAM_12)."""
        with under("instance"):
            parsed = parse_instance_proof(proof)
            instance = (await wallet_instances.load(transaction, parsed.unverified_instance)).value
            audience, now = self._identity.origin, self._clock.now()
            verify_instance_proof(parsed, key=instance.key, possessions=possessions, audience=audience, now=now)
            return check_alive(instance)

    async def _attest(
        self, transaction: IssuerTransaction, instance_id: str, key: PublicKey, *, kid: str | None = None
    ) -> WalletAttestation:
        identity, now, until = self._identity, self._clock.now(), self._maintained()
        entry = await wallet_instances.note_attested(transaction, instance_id, now=now, until=until)
        expires = now + min(identity.lifetime, MAX_LIFETIME)
        attestation = sign_wallet_attestation(
            signer=identity.signer.signer,
            chain=identity.signer.chain,
            provider=identity.origin,
            client_id=identity.client_id,
            key=key,
            wallet=identity.wallet,
            now=now,
            expires=expires,
            status=self._status(entry, until),
            kid=kid,
        )
        return WalletAttestation(client_id=identity.client_id, attestation=attestation.decode(), expires=expires)

    async def _key_storage(self, transaction: IssuerTransaction) -> KeyStorage:
        stored = await transaction.load(KEY_STORAGE, _KIND)
        if stored is not None:
            return stored.value
        expires = self._clock.now() + _LASTING
        (entry,) = await transaction.statuses.allocate(bits=STATUS_BITS, count=1, expires=expires)
        storage = KeyStorage(entry=entry)
        await transaction.put(KEY_STORAGE, _KIND, storage, expires=expires)
        return storage

    def _sign_keys(
        self,
        keys: Sequence[PublicKey],
        storage: KeyStorage,
        nonce: str | None,
        *,
        kids: Mapping[PublicKey, str] | None = None,
    ) -> str:
        if storage.revoked_at is not None:
            raise Rejected(Check.KEY_STORAGE, "this wallet's kind of key storage was revoked", field="key_storage")
        identity, now = self._identity, self._clock.now()
        return sign_key_attestation(
            signer=identity.signer.signer,
            chain=identity.signer.chain,
            provider=identity.origin,
            keys=keys,
            key_storage=_KEY_STORAGE,
            user_authentication=_USER_AUTHENTICATION,
            certification=identity.wallet.certification,
            nonce=nonce,
            now=now,
            expires=now + KEY_ATTESTATION_SECONDS,
            status=self._status(storage.entry, self._maintained()),
            kids=kids,
        ).decode()

    def _status(self, entry: StatusEntry, until: int) -> AttestationStatus:
        uri = self._identity.origin + STATUS_PATH + entry.list_id
        return AttestationStatus(uri=uri, index=entry.index, maintained_until=until)

    def _maintained(self) -> int:
        """The same midnight for everybody who is attested today (ARF 3.0 ISSU_36), as far away for every issuer.

        A wallet does not pass on which time an issuer prefers: that would tell issuers apart.
        """
        return (self._clock.now() + self._identity.maintained) // DAY * DAY + DAY


def check_nonce(nonce: str | None) -> str | None:
    """Return the nonce of an issuer, if it is one that may be attested."""
    if nonce is not None and not 0 < len(nonce) <= _MAX_NONCE:
        raise Malformed("request", "nonce", f"expected 1 to {_MAX_NONCE} characters")
    return nonce


def _check_size(keys: Sequence[object], where: str) -> None:
    if not 0 < len(keys) <= MAX_KEYS:
        raise Malformed("request", where, f"expected one to {MAX_KEYS} keys, each with its proof of possession")


def _check_distinct(keys: Sequence[PublicKey], where: str) -> None:
    if len(set(keys)) != len(keys):
        raise Malformed("request", where, "expected each key once")
