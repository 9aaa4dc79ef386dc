"""This wallet at its provider: activated once, attested whenever it is asked, and at its end when it is revoked.

    none --begin--> with a key and a code, in the vault --activate--> active --revoke, look, any refusal--> revoked

What is begun is on the disk before the provider hears of it, so that an answer that is lost is asked for again.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import StatusReference
from zegel.formats.status.attested import check_attestation_status
from zegel.primitives.keys import Signer, random_private_key
from zegel.services.ports import Clock, Random
from zegel.services.status import StatusReader
from zegel.services.turns import Turns
from zegel.services.wallet.attesting import AttestedWallet, InstanceKey, WalletProviderClient
from zegel.services.wallet.contents import WalletContents, WalletInstance
from zegel.services.wallet.safe import Safe
from zegel.services.wallet_instances import Reason, code_digest, new_code, said
from zegel.trust.anchors import Purpose


@final
class InstanceService:
    """The wallet's standing with its provider."""

    def __init__(
        self, safe: Safe, client: WalletProviderClient, statuses: StatusReader, *, clock: Clock, random: Random
    ) -> None:
        self._safe = safe
        self._client = client
        self._statuses = statuses
        self._clock = clock
        self._random = random
        self._turns = Turns()

    @property
    def own(self) -> WalletInstance | None:
        """What the wallet knows of itself; None before its first activation."""
        return self._safe.contents.instance

    async def activate(self) -> WalletInstance:
        """The wallet, active (ARF 3.0 WIAM_07); ``Rejected`` with WALLET_REVOKED or what the provider says."""
        async with self._turns.of(""):
            begun = check_not_revoked(await self._safe.change(self._begun))
            assert begun is not None
            if begun.id is not None:
                return begun
            answer = await self._client.activate(begun.key, code=code_digest(begun.code))
            active = replace(begun, id=answer.instance, status=answer.status, activated_at=self._clock.now())
            await self._safe.change(lambda contents: (replace(contents, instance=active), None))
        return active

    async def attest_wallet(self, key: Signer) -> AttestedWallet:
        """An attestation of this wallet under a key."""
        own = await self._key()
        try:
            return await self._client.attest_wallet(own, key)
        except Rejected as refusal:
            await self._heard(refusal)
            raise

    async def attest_keys(self, keys: Sequence[Signer], *, nonce: str | None) -> str:
        """An attestation of keys."""
        own = await self._key()
        try:
            return await self._client.attest_keys(own, keys, nonce=nonce)
        except Rejected as refusal:
            await self._heard(refusal)
            raise

    async def note(self) -> None:
        """The owner has written the revocation code down."""
        await self._safe.change(lambda contents: (_changed(contents, noted=True), None))

    async def revoke(self) -> WalletInstance:
        """Revoke this wallet, for good, at its owner's word (WURevocation_10); the wallet as it is then."""
        active = await self.activate()
        reason = await self._client.revoke(active.code)
        return await self._end(said(Reason(reason) if reason in tuple(Reason) else None))

    async def look(self) -> WalletInstance | None:
        """Look whether this wallet was revoked meanwhile (ARF 3.0 VCR_19), at most as often as the list changes.

        The list is public and says nothing of who looks. Whatever keeps it from being read is raised.
        """
        own = self.own
        if own is None or own.status is None or own.revoked_at is not None:
            return own
        reference = StatusReference(uri=own.status.uri, index=own.status.index)
        status_list = await self._statuses.fetch_status_list(reference, purpose=Purpose.WALLET_STATUS)
        assert status_list is not None
        watched = replace(own.status, provider=status_list.entity)  # at the provider's own address
        try:
            check_attestation_status(watched, status_list, what="wallet attestation", now=self._clock.now(), grace=0)
        except Rejected as refusal:
            if refusal.check is not Check.ATTESTATION_REVOKED:
                raise
            return await self._end("its provider's status list says so")
        return own

    async def _key(self) -> InstanceKey:
        active = await self.activate()
        assert active.id is not None
        return InstanceKey(instance=active.id, key=active.key)

    async def _heard(self, refusal: Rejected) -> None:
        """What the provider says of this wallet is remembered."""
        match refusal.check:
            case Check.WALLET_REVOKED:
                await self._end(refusal.detail.partition(": ")[2] or refusal.detail)
            case Check.WALLET_INSTANCE:  # it knows this wallet no more: the next use begins anew
                await self._safe.change(lambda contents: (replace(contents, instance=None), None))
            case _:
                pass

    async def _end(self, reason: str) -> WalletInstance:
        now = self._clock.now()
        await self._safe.change(lambda contents: (_changed(contents, revoked_at=now, reason=reason), None))
        own = self.own
        assert own is not None
        return own

    def _begun(self, contents: WalletContents) -> tuple[WalletContents, WalletContents]:
        if contents.instance is None:
            key, code = random_private_key(self._random), new_code(self._random)
            contents = replace(contents, instance=WalletInstance(provider=self._client.origin, key=key, code=code))
        return contents, contents


def check_not_revoked(contents: WalletContents) -> WalletInstance | None:
    """What a wallet knows of itself, if it may go on; ``Rejected(WALLET_REVOKED)`` once it is revoked."""
    own = contents.instance
    if own is not None and own.revoked_at is not None:
        raise Rejected(Check.WALLET_REVOKED, f"this wallet was revoked: {own.reason}", field="instance")
    return own


def _changed(contents: WalletContents, **changes: Any) -> WalletContents:
    own = contents.instance
    return contents if own is None else replace(contents, instance=replace(own, **changes))
