"""The wallet's side of the wallet provider: it is activated there, and gets attestations for itself and for new keys.

The provider learns keys. For which issuer an attestation is, and what is bound to the keys, no request says; which
wallet asks, it has to know, to be able to revoke it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.primitives.json import Json, JsonObject, encode_json, parse_object
from zegel.primitives.keys import PublicKey, Signer
from zegel.protocols.openid4vci.wallet.session import WalletAttestation
from zegel.services.ports import Clock, Outbound
from zegel.services.wallet_requests import sign_instance_proof, sign_possession
from zegel.trust.attestation import UnverifiedWalletAttestation, parse_wallet_attestation
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.key_attestation import parse_key_attestation

INSTANCES_PATH: Final = "/instances"
WALLET_PATH: Final = "/wallet-attestations"
KEYS_PATH: Final = "/key-attestations"
REVOCATIONS_PATH: Final = "/revocations"
_WHAT: Final = "wallet provider's answer"
_ITS_OWN: Final = {check.id: check for check in (Check.WALLET_INSTANCE, Check.WALLET_REVOKED, Check.REVOCATION_CODE)}
"""What a provider says of a wallet, which the wallet passes on as it is."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedWallet:
    """What this wallet is to one issuer: the client identifier of its kind, and the attestation of a key."""

    client_id: str
    attestation: WalletAttestation


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ActivatedWallet:
    """What the provider calls this wallet, and where it may find itself revoked."""

    instance: str
    status: AttestationStatus


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceKey:
    """By what a wallet shows which one it is."""

    instance: str
    key: Signer


@final
class WalletProviderClient:
    """Asks the wallet provider at ``origin``.

    ``Rejected`` with WALLET_INSTANCE, WALLET_REVOKED or REVOCATION_CODE as the provider says so, and with
    WALLET_PROVIDER for every other answer that is not what was asked for.
    """

    def __init__(self, origin: str, *, outbound: Outbound, clock: Clock) -> None:
        self.origin: Final = origin
        self._outbound = outbound
        self._clock = clock

    async def activate(self, key: Signer, *, code: bytes) -> ActivatedWallet:
        """Have the wallet activated by its own key; ``code`` is the digest of its revocation code."""
        possession = sign_possession(key, audience=self.origin, now=self._clock.now(), code=code)
        members = await self._ask(INSTANCES_PATH, {"possession": possession}, status=201)
        attested = _attested(members, key.public_key)
        status = attested.unverified_status
        if status is None or not status.uri.startswith(self.origin + "/"):
            raise _refused("expected a status at the provider's own address", "wallet_attestation")
        return ActivatedWallet(instance=_text(members, "instance"), status=status)

    async def attest_wallet(self, own: InstanceKey, key: Signer) -> AttestedWallet:
        """Have the wallet attested under a key; a fresh one for each issuer (HAIP 1.0 section 4.4.1)."""
        possession = self._possession(key)
        proof = self._proof(own, (possession,))
        members = await self._ask(WALLET_PATH, {"instance": proof, "possession": possession}, status=200)
        _attested(members, key.public_key)
        attestation = WalletAttestation(compact=_text(members, "wallet_attestation"), signer=key)
        return AttestedWallet(client_id=_text(members, "client_id"), attestation=attestation)

    async def attest_keys(self, own: InstanceKey, keys: Sequence[Signer], *, nonce: str | None) -> str:
        """Have keys attested, with the issuer's c_nonce where the issuer wants it in the attestation."""
        possessions = [self._possession(key) for key in keys]
        body: dict[str, Json] = {"instance": self._proof(own, possessions), "possessions": list(possessions)}
        members = await self._ask(KEYS_PATH, body if nonce is None else body | {"nonce": nonce}, status=200)
        compact = _text(members, "key_attestation")
        expected: tuple[PublicKey, ...] = tuple(key.public_key for key in keys)
        if parse_key_attestation(compact).unverified_keys != expected:
            raise _refused("expected an attestation of the keys that were shown", "key_attestation")
        return compact

    async def revoke(self, code: str) -> str:
        """Have a wallet revoked by its code, for good; why it is revoked, as the provider calls it."""
        members = await self._ask(REVOCATIONS_PATH, {"code": code}, status=200)
        if members.get("state") != "revoked":
            raise _refused("expected the wallet to be revoked", "state")
        return _text(members, "reason")

    def _possession(self, key: Signer) -> str:
        return sign_possession(key, audience=self.origin, now=self._clock.now())

    def _proof(self, own: InstanceKey, possessions: Sequence[str]) -> str:
        now = self._clock.now()
        return sign_instance_proof(
            own.key, instance=own.instance, possessions=possessions, audience=self.origin, now=now
        )

    async def _ask(self, path: str, body: Mapping[str, Json], *, status: int) -> JsonObject:
        headers = (("content-type", JSON), ("accept", JSON))
        request = HttpRequest(method="POST", url=self.origin + path, headers=headers, body=encode_json(body))
        response = await self._outbound.fetch(request)
        if response.status != status:
            raise _refusal(response)
        return parse_object(response.body, what=_WHAT)


def _attested(members: JsonObject, key: PublicKey) -> UnverifiedWalletAttestation:
    client_id, compact = _text(members, "client_id"), _text(members, "wallet_attestation")
    attested = parse_wallet_attestation(compact)
    if (attested.unverified_client_id, attested.unverified_key) != (client_id, key):
        raise _refused("expected an attestation of the key that was shown", "wallet_attestation")
    return attested


def _refusal(response: HttpResponse) -> Rejected:
    """The refusal in the provider's own words, where it has some."""
    try:
        members = parse_object(response.body, what=_WHAT)
    except Malformed:
        members = {}
    words = members.get("detail")  # RFC 9457 section 3.1.4
    said = "".join(filter(str.isprintable, words))[:200] if type(words) is str else ""
    check = _ITS_OWN.get(str(members.get("check")))
    if check is not None:
        return Rejected(check, said or "the wallet provider refuses", field=check.field)
    detail = f"it answers with status {response.status}"
    return Rejected(Check.WALLET_PROVIDER, detail, field="status", said=said)


def _text(members: JsonObject, name: str) -> str:
    value = members.get(name)
    if type(value) is not str or not value:
        raise Malformed(_WHAT, name, "expected text")
    return value


def _refused(detail: str, field: str) -> Rejected:
    return Rejected(Check.WALLET_PROVIDER, detail, field=field)
