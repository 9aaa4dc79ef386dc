"""The wallet's side of the wallet provider: attestations for this wallet, and for the keys of a batch.

The provider learns keys and nonces. For which issuer they are, and what is bound to them, no request says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.primitives.json import Json, JsonObject, encode_json, parse_object
from zegel.primitives.jws import sign_jws
from zegel.primitives.keys import PublicKey, Signer
from zegel.protocols.openid4vci.wallet.session import WalletAttestation
from zegel.services.ports import Clock, Outbound
from zegel.services.wallet_provider import POSSESSION_TYPE
from zegel.trust.attestation import parse_wallet_attestation
from zegel.trust.key_attestation import parse_key_attestation

WALLET_PATH: Final = "/wallet-attestations"
KEYS_PATH: Final = "/key-attestations"
_WHAT: Final = "wallet provider's answer"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedWallet:
    """What this wallet is to one issuer: the client identifier of its kind, and the attestation of a key."""

    client_id: str
    attestation: WalletAttestation


@final
class WalletProviderClient:
    """Asks the wallet provider at ``origin``."""

    def __init__(self, origin: str, *, outbound: Outbound, clock: Clock) -> None:
        self._origin = origin
        self._outbound = outbound
        self._clock = clock

    async def attest_wallet(self, key: Signer) -> AttestedWallet:
        """Have the wallet attested under a key; a fresh one for each issuer (HAIP 1.0 section 4.4.1)."""
        members = await self._ask(WALLET_PATH, {"possession": self._possession(key)})
        client_id, compact = _text(members, "client_id"), _text(members, "wallet_attestation")
        attested = parse_wallet_attestation(compact)
        if (attested.unverified_client_id, attested.unverified_key) != (client_id, key.public_key):
            raise _refused("expected an attestation of the key that was shown", "wallet_attestation")
        return AttestedWallet(client_id=client_id, attestation=WalletAttestation(compact=compact, signer=key))

    async def attest_keys(self, keys: Sequence[Signer], *, nonce: str | None) -> str:
        """Have keys attested, with the issuer's c_nonce where it gave one."""
        possessions: list[Json] = [self._possession(key) for key in keys]
        body: dict[str, Json] = {"possessions": possessions}
        members = await self._ask(KEYS_PATH, body if nonce is None else body | {"nonce": nonce})
        compact = _text(members, "key_attestation")
        expected: tuple[PublicKey, ...] = tuple(key.public_key for key in keys)
        if parse_key_attestation(compact).unverified_keys != expected:
            raise _refused("expected an attestation of the keys that were shown", "key_attestation")
        return compact

    def _possession(self, key: Signer) -> str:
        claims = {"aud": self._origin, "iat": self._clock.now()}
        return sign_jws(claims, signer=key, typ=POSSESSION_TYPE, header={"jwk": key.public_key.jwk()}).decode()

    async def _ask(self, path: str, body: Mapping[str, Json]) -> JsonObject:
        headers = (("content-type", JSON), ("accept", JSON))
        request = HttpRequest(method="POST", url=self._origin + path, headers=headers, body=encode_json(body))
        response = await self._outbound.fetch(request)
        if response.status != 200:
            detail = f"it answers with status {response.status}"
            raise Rejected(Check.WALLET_PROVIDER, detail, field="status", said=_said(response))
        return parse_object(response.body, what=_WHAT)


def _said(response: HttpResponse) -> str:
    """The provider's own words, where it has some."""
    try:
        said = parse_object(response.body, what=_WHAT).get("error_description")
    except Malformed:
        return ""
    return "".join(filter(str.isprintable, said))[:200] if type(said) is str else ""


def _text(members: JsonObject, name: str) -> str:
    value = members.get(name)
    if type(value) is not str or not value:
        raise Malformed(_WHAT, name, "expected text")
    return value


def _refused(detail: str, field: str) -> Rejected:
    return Rejected(Check.WALLET_PROVIDER, detail, field=field)
