"""An issuer and the wallets that it issues to: no revoked one gets anything, and what was issued ends with its wallet.

A status is looked at before anything is issued, and then for as long as the credentials are valid (ARF 3.0 WUA_29,
WURevocation_18): a wallet's as often as its list grows old, at least daily; a key storage's daily.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.formats.credential import StatusReference
from zegel.formats.status.attested import check_attestation_status
from zegel.formats.status.terms import DAY, MAX_AGE
from zegel.formats.status.token import VerifiedStatusList
from zegel.protocols.oauth.errors import denying
from zegel.services.issuing import CheckedStatus, revoke_batch
from zegel.services.ports import Clock, Issuance, IssuerStore, Outbound, Watch, Watched
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.trust.anchors import Purpose
from zegel.trust.attestation_claims import AttestationStatus

RETRY_SECONDS: Final = 300  # a list that cannot be had is asked for again after five minutes
_PAGE: Final = 500  # watches at a time: each is opened, which takes microseconds
_WORDS: Final = {Watched.WALLET: "wallet attestation", Watched.KEYS: "key attestation"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of a look: the batches that it revoked, and why lists could not be looked up.

    ``because`` says of each of those batches, by its id, what it ended with.
    """

    revoked: tuple[Issuance, ...]
    because: Mapping[str, Rejected]
    failed: tuple[ZegelError, ...]


@final
class WalletWatch:
    """Finds wallets and key storages revoked; ``grace`` is for how long an old list will do when no newer can be had.

    ``revoked`` counts the batches that this ended since the start.
    """

    def __init__(self, *, store: IssuerStore, outbound: Outbound, trust: Trust, clock: Clock, grace: int) -> None:
        self._store = store
        self._clock = clock
        self._grace = grace
        self._kept = StatusReader(outbound=outbound, trust=trust, clock=clock, keep=MAX_AGE)
        self._fresh = StatusReader(outbound=outbound, trust=trust, clock=clock, keep=0)
        self.revoked = 0

    async def check_wallet(self, *statuses: AttestationStatus | None, code: str) -> tuple[CheckedStatus, ...]:
        """Find that a wallet is not revoked (ARF 3.0 WUA_25); ``Denied(code)`` otherwise, as far as it has a status.

        ``Unavailable`` when its list cannot be had: then nothing is issued.
        """
        with denying(code):
            return await self._check(Watched.WALLET, [status for status in statuses if status is not None])

    async def check_keys(self, statuses: Sequence[AttestationStatus]) -> tuple[CheckedStatus, ...]:
        """Find that no key storage is revoked (WUA_11a, ISSU_30); ``Denied(invalid_proof)`` otherwise."""
        with denying("invalid_proof"):
            return await self._check(Watched.KEYS, statuses)

    async def look(self) -> Looked:
        """Look at all that is due, and revoke what ended with it. What cannot be looked up is tried again soon."""
        revoked: list[Issuance] = []
        because: dict[str, Rejected] = {}
        failed: list[ZegelError] = []
        while True:
            async with self._store.transaction() as transaction:
                due = await transaction.watches.due(before=self._clock.now(), limit=_PAGE)
            if not due:
                break
            for what, uri in dict.fromkeys((watch.what, watch.status.uri) for watch in due):
                of_list = [watch for watch in due if (watch.what, watch.status.uri) == (what, uri)]
                try:
                    ended, refused = await self._look_at(what, uri, of_list)
                    because = ended | because  # it is revoked for the first of them
                    revoked += await self._revoke(tuple(ended))
                    failed += refused
                except (Malformed, Rejected, Unavailable) as error:
                    failed.append(error)
                    await self._postpone(of_list, due=self._clock.now() + RETRY_SECONDS)
        self.revoked += len(revoked)
        return Looked(revoked=tuple(revoked), because=because, failed=tuple(failed))

    async def look_at_all(self) -> Looked:
        """Look at everything now, in lists that are fetched anew: for the operator, who knows of something."""
        async with self._store.transaction() as transaction:
            await transaction.watches.hasten(due=self._clock.now())
        self._kept.forget()
        return await self.look()

    async def _check(self, what: Watched, statuses: Sequence[AttestationStatus]) -> tuple[CheckedStatus, ...]:
        checked = []
        for status in dict.fromkeys(statuses):
            status_list = await self._fetch(self._kept, status.uri)
            self._find_valid(status, what, status_list)
            checked.append(CheckedStatus(what=what, status=status, due=self._next(what, status_list)))
        return tuple(checked)

    async def _look_at(
        self, what: Watched, uri: str, watches: Sequence[Watch]
    ) -> tuple[dict[str, Rejected], list[ZegelError]]:
        """What has ended and why, and why others could not be judged, which hide none of those that can be."""
        # daily means a list of that day, and not one that is kept since yesterday
        status_list = await self._fetch(self._kept if what is Watched.WALLET else self._fresh, uri)
        ended: dict[str, Rejected] = {}
        well: list[Watch] = []
        odd: dict[Watch, ZegelError] = {}
        for watch in watches:
            try:
                self._find_valid(watch.status, what, status_list)
                well.append(watch)
            except Rejected as refusal:
                if refusal.check is Check.ATTESTATION_REVOKED:
                    ended[watch.issuance] = refusal.with_traceback(None)  # it is kept, and told later
                else:
                    odd[watch] = refusal
        await self._postpone(well, due=self._next(what, status_list))
        await self._postpone(tuple(odd), due=self._clock.now() + RETRY_SECONDS)
        return ended, [*odd.values()][:1]  # of one list one reason will do

    def _find_valid(
        self, status: AttestationStatus, what: Watched, status_list: VerifiedStatusList
    ) -> AttestationStatus:
        now, grace = self._clock.now(), self._grace
        return check_attestation_status(status, status_list, what=_WORDS[what], now=now, grace=grace)

    async def _revoke(self, issuances: Sequence[str]) -> list[Issuance]:
        """ARF 3.0 VCR_07c: at once, and for good."""
        revoked: list[Issuance] = []
        if issuances:
            async with self._store.transaction(durable=True) as transaction:
                for id_ in issuances:
                    batch = await transaction.issuances.load(id_)
                    if batch is None or batch.revoked_at is not None:
                        await transaction.watches.drop(id_)
                        continue
                    ended = await revoke_batch(transaction, batch, now=self._clock.now())
                    revoked += [] if ended is None else [ended]
        return revoked

    async def _postpone(self, watches: Sequence[Watch], *, due: int) -> None:
        async with self._store.transaction() as transaction:
            for watch in watches:
                await transaction.watches.postpone(watch, due=due)

    async def _fetch(self, reader: StatusReader, uri: str) -> VerifiedStatusList:
        reference = StatusReference(uri=uri, index=0)
        status_list = await reader.fetch_status_list(reference, purpose=Purpose.WALLET_STATUS)
        assert status_list is not None  # there is a reference
        return status_list

    def _next(self, what: Watched, status_list: VerifiedStatusList) -> int:
        """When to look again; soon where the list is an old one, because no newer could be had."""
        now = self._clock.now()
        if what is Watched.KEYS:
            return now + DAY
        return status_list.stale_at if status_list.stale_at > now else now + RETRY_SECONDS
