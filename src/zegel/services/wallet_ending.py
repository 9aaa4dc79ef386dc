"""A PID provider asks wallet providers to revoke the wallets of a person who died (ARF 3.0 WURevocation_11).

The ARF says that this is asked, and by which identifier; not where. It is asked at the address of the status, under
``/revocations``, by a request that the PID provider signs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.credential import StatusReference
from zegel.primitives.http import JSON, HttpRequest, origin_of
from zegel.primitives.json import encode_json, parse_object
from zegel.services.ports import Clock, Outbound
from zegel.services.wallet_requests import sign_revocation_request
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.signing import CertifiedSigner

REVOCATIONS_PATH: Final = "/revocations"
_WHAT: Final = "wallet provider's answer"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EndedWallet:
    """What came of a request: ``detail`` says why it failed, empty where the wallet is revoked."""

    provider: str
    detail: str = ""


@final
class WalletEnding:
    """Asks, in the name of the signer of PIDs."""

    def __init__(self, signer: CertifiedSigner, *, outbound: Outbound, clock: Clock) -> None:
        self._signer = signer
        self._outbound = outbound
        self._clock = clock

    def sign_with(self, signer: CertifiedSigner) -> None:
        """From now on this one asks."""
        self._signer = signer

    async def ask(self, statuses: Iterable[AttestationStatus]) -> tuple[EndedWallet, ...]:
        """Ask for each wallet once; one that cannot be revoked keeps no other from it."""
        return tuple([await self._ask(status) for status in dict.fromkeys(statuses)])

    async def _ask(self, status: AttestationStatus) -> EndedWallet:
        provider = origin_of(status.uri, what="status")
        reference = StatusReference(uri=status.uri, index=status.index)
        signed = sign_revocation_request(self._signer, status=reference, audience=provider, now=self._clock.now())
        request = HttpRequest(
            method="POST",
            url=provider + REVOCATIONS_PATH,
            headers=(("content-type", JSON), ("accept", JSON)),
            body=encode_json({"request": signed}),
        )
        try:
            response = await self._outbound.fetch(request)
            revoked = response.status == 200 and parse_object(response.body, what=_WHAT).get("revoked") is True
        except (Malformed, Rejected, Unavailable) as error:
            return EndedWallet(provider=provider, detail=error.detail)
        detail = "" if revoked else f"it answers with status {response.status}"
        return EndedWallet(provider=provider, detail=detail)
