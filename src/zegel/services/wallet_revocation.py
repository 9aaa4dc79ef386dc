"""Revoking wallets: for owners by the code, for PID providers by the status that they were shown, for the operator.

A revocation is final, and is asked for as often as one likes. Who only looks sees how a wallet stands, and why.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.members import under
from zegel.services import wallet_instances
from zegel.services.issuing import STATUS_PATH
from zegel.services.ports import Clock, IssuerStore, IssuerTransaction
from zegel.services.status_ports import StatusEntry
from zegel.services.trust import Trust
from zegel.services.wallet_instances import BY_CODE, BY_STATUS, INSTANCE, Instance, Reason, code_digest, status_key
from zegel.services.wallet_requests import verify_revocation_request

PAGE: Final = 200  # wallets that the operator is shown at a time


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of wallets, and where the next one begins; empty at the end."""

    instances: tuple[Instance, ...]
    after: str


@final
class WalletRevocationService:
    """Ends wallets. ``origin`` is the provider's own."""

    def __init__(self, origin: str, *, store: IssuerStore, trust: Trust, clock: Clock) -> None:
        self._origin = origin
        self._store = store
        self._trust = trust
        self._clock = clock

    async def look_up(self, code: str) -> Instance:
        """How the wallet of a code stands; ``Rejected(REVOCATION_CODE)`` when it is nobody's."""
        async with self._store.transaction() as transaction:
            return (await wallet_instances.load(transaction, await _owned(transaction, code))).value

    async def revoke_by_code(self, code: str) -> Instance:
        """Revoke at the owner's request (ARF 3.0 WURevocation_10); ``Rejected(REVOCATION_CODE)`` for a wrong code."""
        async with self._store.transaction(durable=True) as transaction:
            id_ = await _owned(transaction, code)
            return await wallet_instances.revoke(transaction, id_, Reason.OWNER, now=self._clock.now())

    async def revoke_for_provider(self, request: str) -> Instance:
        """Revoke at a PID provider's request (WURevocation_11 and _12); ``Rejected`` for anybody else's."""
        now, anchors = self._clock.now(), self._trust.anchors
        with under("request"):
            status = verify_revocation_request(request, audience=self._origin, anchors=anchors, now=now)
        list_id = status.uri.removeprefix(self._origin + STATUS_PATH)
        async with self._store.transaction(durable=True) as transaction:
            key = status_key(StatusEntry(list_id=list_id, index=status.index))
            found = await transaction.load(BY_STATUS, key)
            if found is None:
                raise Rejected(
                    Check.REVOCATION_REQUEST, "expected the status of a wallet of ours", field="request.status"
                )
            return await wallet_instances.revoke(transaction, found.value.id, Reason.PID_PROVIDER, now=now)

    async def revoke(self, instance_id: str) -> Instance:
        """Revoke at the operator's word, because the wallet is not to be relied on any more (WURevocation_09)."""
        async with self._store.transaction(durable=True) as transaction:
            with under("instance"):
                return await wallet_instances.revoke(transaction, instance_id, Reason.SECURITY, now=self._clock.now())

    async def instances(self, *, after: str = "") -> Listed:
        """The wallets, by the page."""
        async with self._store.transaction() as transaction:
            found = await transaction.scan(INSTANCE, after=after, limit=PAGE)
        return Listed(
            instances=tuple(instance for _, instance in found), after=found[-1][0] if len(found) == PAGE else ""
        )


async def _owned(transaction: IssuerTransaction, code: str) -> str:
    found = await transaction.load(BY_CODE, base64url(code_digest(code)))
    if found is None:
        raise Rejected(Check.REVOCATION_CODE, "expected the revocation code of a wallet of ours", field="code")
    return found.value.id
