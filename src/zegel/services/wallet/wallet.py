"""The wallet as a whole: its use cases around one safe, and those that are too short for a module of their own."""

from dataclasses import dataclass, replace
from typing import Final, final

from msgspec import structs

from zegel.checks import Check
from zegel.errors import Rejected, ZegelError
from zegel.formats.catalogue.types import Catalogue
from zegel.formats.credential import Status
from zegel.formats.status.check import check_status
from zegel.formats.status.terms import MAX_AGE
from zegel.protocols.openid4vp.transaction_data import transaction_types
from zegel.services.ports import Clock, Outbound, Random
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.services.wallet.arrivals import ArrivalsDesk
from zegel.services.wallet.attesting import WalletProviderClient
from zegel.services.wallet.contents import Entry, Happening, Holding, Standing, WalletContents
from zegel.services.wallet.disclosing import sca_types
from zegel.services.wallet.flows import drop_past
from zegel.services.wallet.health import HealthBooks, HealthDrawer
from zegel.services.wallet.holdings import drop_grants, drop_holding, find_holding, put_holding
from zegel.services.wallet.instance import InstanceService
from zegel.services.wallet.issuance import IssuanceDriver, IssuanceHabits
from zegel.services.wallet.journal import mention_of, noted
from zegel.services.wallet.presenting import PresentingRules, PresentingService
from zegel.services.wallet.receiving import ReceivingService
from zegel.services.wallet.renewing import RenewalService
from zegel.services.wallet.safe import Safe
from zegel.services.wallet.vetting import VettingDesk

AGAIN_SECONDS: Final = 900  # until what could not be looked up is tried again, as with a renewal
LOOK_SECONDS: Final = 43_200  # twice a day; EN 319 411-1 REV-6.2.4-03A: a revocation is to be known within one
STATUS_SECONDS: Final = 60  # a person who asks twice within a minute is told the same


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletHabits:
    """How a wallet is set up. ``plain_origins`` are spoken to without TLS: a sandbox on loopback."""

    issuance: IssuanceHabits
    provider: str
    plain_origins: frozenset[str]


@final
class Wallet:
    """A person's wallet at work."""

    def __init__(
        self,
        safe: Safe,
        habits: WalletHabits,
        *,
        catalogue: Catalogue,
        trust: Trust,
        health: HealthBooks,
        outbound: Outbound,
        clock: Clock,
        random: Random,
    ) -> None:
        provider = WalletProviderClient(habits.provider, outbound=outbound, clock=clock)
        watched = StatusReader(outbound=outbound, trust=trust, clock=clock, keep=MAX_AGE)
        self.instance: Final = InstanceService(safe, provider, watched, clock=clock, random=random)
        driver = IssuanceDriver(
            habits.issuance, instance=self.instance, trust=trust, outbound=outbound, clock=clock, random=random
        )
        self._desk = ArrivalsDesk(driver, catalogue=catalogue, trust=trust, clock=clock, random=random)
        self._statuses = StatusReader(outbound=outbound, trust=trust, clock=clock, keep=STATUS_SECONDS)
        vetting = VettingDesk(trust=trust, statuses=self._statuses, clock=clock)
        self._clock = clock
        self._tried: dict[str, int] = {}
        self.safe: Final = safe
        self.habits: Final = habits
        self.catalogue: Final = catalogue
        self.health: Final = HealthDrawer(safe, books=health, clock=clock, new_id=self._desk.new_id)
        self.receiving: Final = ReceivingService(safe, driver, self._desk, vetting=vetting, clock=clock, random=random)
        self.renewal: Final = RenewalService(
            safe, driver, self._desk, vetting=vetting, catalogue=catalogue, clock=clock, random=random
        )
        self.presenting: Final = PresentingService(
            safe,
            PresentingRules(
                profile=habits.issuance.profile,
                plain_origins=habits.plain_origins,
                transaction_types=transaction_types(catalogue),
                sca_types=sca_types(catalogue),
            ),
            trust=trust,
            vetting=vetting,
            outbound=outbound,
            clock=clock,
            random=random,
            new_id=self._desk.new_id,
        )

    def find(self, holding_id: str) -> Holding:
        """A credential of the wallet; ``Rejected(HELD)`` when there is none."""
        return find_holding(self.safe.contents, holding_id)

    async def delete(self, holding_id: str) -> Holding:
        """Delete a credential, every copy with its key; returns what it was. The log keeps that it was there."""
        return await self.safe.change(lambda contents: self._deleted(contents, holding_id))

    async def look_up_status(self, holding_id: str) -> Standing:
        """Look up the status of a credential of one's own, when the person asks.

        ``Unavailable``, ``Malformed`` or ``Rejected`` when the list cannot be had or trusted.
        """
        standing = await self._standing(self.find(holding_id))
        await self.safe.change(
            lambda contents: (
                put_holding(contents, replace(find_holding(contents, holding_id), standing=standing)),
                None,
            )
        )
        return standing

    async def keep_fresh(self) -> tuple[ZegelError, ...]:
        """What an unlocked wallet does by itself: forget what was not decided upon; look whether it, or what it
        holds, is revoked; renew; fetch what was deferred.

        A wallet that is revoked does no more.
        """
        if not self.safe.is_open:
            return ()
        await self._forget_past()
        failed: list[ZegelError] = []
        try:
            own = await self.instance.look()
            if own is not None and own.revoked_at is not None:
                return ()
        except ZegelError as error:
            failed.append(error)
        for flow_id in self.receiving.waiting():
            try:
                await self.receiving.fetch_deferred(flow_id)
            except ZegelError as error:
                failed.append(error)
        return (*failed, *await self.renewal.renew_due(), *await self._look_at_standings())

    async def _forget_past(self) -> None:
        """What arrived and was not decided upon in time goes, with its keys and its grant."""
        now = self._clock.now()
        if drop_past(self.safe.contents, now) is not self.safe.contents:
            await self.safe.change(lambda contents: (drop_grants(drop_past(contents, now)), None))

    async def _look_at_standings(self) -> tuple[ZegelError, ...]:
        """Whether something was revoked (ARF 3.0 VCR_19): whole lists, which tell nobody of whom they are fetched."""
        now, failed = self._clock.now(), []
        for holding in self.safe.contents.holdings:
            standing = holding.standing
            known = standing is not None and (standing.check or standing.at <= now < standing.at + LOOK_SECONDS)
            tried = self._tried.get(holding.id, 0) <= now < self._tried.get(holding.id, 0) + AGAIN_SECONDS
            if not known and not tried and any(copy.status is not None for copy in holding.batch.copies):
                self._tried[holding.id] = now
                try:
                    await self.look_up_status(holding.id)
                except ZegelError as error:
                    failed.append(error)
        return tuple(failed)

    async def _standing(self, holding: Holding) -> Standing:
        status, grace = Status.NO_STATUS, self.habits.issuance.profile.status_grace
        for copy in holding.batch.copies:
            of_copy = structs.replace(holding.credential, status=copy.status)
            status_list = await self._statuses.fetch_status_list(copy.status)
            try:
                status = check_status(of_copy, status_list, now=self._clock.now(), grace=grace).status
            except Rejected as error:
                if error.check is not Check.STATUS:
                    raise
                return Standing(at=self._clock.now(), word=error.detail, check=error.check.id)
        return Standing(at=self._clock.now(), word=str(status))

    def _deleted(self, contents: WalletContents, holding_id: str) -> tuple[WalletContents, Holding]:
        holding = find_holding(contents, holding_id)
        entry: Entry = self._desk.entry(Happening.DELETED, holding.provider, (mention_of(holding),))
        return noted(drop_holding(contents, holding_id), entry), holding
