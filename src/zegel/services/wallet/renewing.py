"""Renewal: new copies for new keys, by the same wallet, before the last one is used or the end has come.

Claims that are others than before are shown to the person, and the old copies are shown to nobody any more (ARF 3.0
ISSU_59 and ISSU_62).
"""

from dataclasses import replace
from typing import final

from zegel.checks import Check
from zegel.errors import Denied, Rejected, ZegelError
from zegel.formats.catalogue.types import Catalogue
from zegel.protocols.openid4vci.offer import AuthorizationCodeOffer, CredentialOffer
from zegel.protocols.openid4vci.states import Event
from zegel.protocols.openid4vci.wallet.authorization import renew
from zegel.protocols.openid4vci.wallet.issuance import Done
from zegel.services.ports import Clock, Random
from zegel.services.turns import Turns
from zegel.services.wallet.arrivals import ArrivalsDesk
from zegel.services.wallet.contents import (
    Batch,
    Deferred,
    Entry,
    Grant,
    Happening,
    Holding,
    Outcome,
    WalletContents,
)
from zegel.services.wallet.holdings import RENEWAL_DAYS, end_renewal, find_holding, is_due, put_holding
from zegel.services.wallet.issuance import IssuanceDriver, ProvenKeys
from zegel.services.wallet.journal import mention_of, noted
from zegel.services.wallet.safe import Safe
from zegel.services.wallet.vetting import VettingDesk, check_registered_issuer


@final
class RenewalService:
    """Keeps what is held fresh."""

    def __init__(
        self,
        safe: Safe,
        driver: IssuanceDriver,
        desk: ArrivalsDesk,
        *,
        vetting: VettingDesk,
        catalogue: Catalogue,
        clock: Clock,
        random: Random,
    ) -> None:
        self._safe = safe
        self._vetting = vetting
        self._driver = driver
        self._desk = desk
        self._catalogue = catalogue
        self._clock = clock
        self._random = random
        self._turns = Turns()

    def due(self) -> tuple[str, ...]:
        """The holdings that it is time to renew, and that can be."""
        contents, now = self._safe.contents, self._clock.now()
        waiting = {flow.replaces for flow in contents.flows.values() if isinstance(flow, Deferred)}
        return tuple(
            holding.id
            for holding in contents.holdings
            if holding.id not in waiting
            and can_be_renewed(contents, holding)
            and is_due(holding, renewal_days=self._days(holding), now=now)
        )

    async def renew_due(self) -> tuple[ZegelError, ...]:
        """Renew all that it is time for, while the wallet is unlocked; what failed is tried again later."""
        failed: list[ZegelError] = []
        for holding_id in self.due() if self._safe.is_open else ():
            try:
                await self.renew(holding_id)
            except ZegelError as error:
                failed.append(error)
        return tuple(failed)

    async def renew(self, holding_id: str) -> Holding:
        """Have a credential issued again; the holding as it is then.

        ``Rejected(HELD)`` when there is nothing to renew it by; ``Denied``, ``Rejected`` or ``Unavailable`` with what
        went wrong, and then the copies are those that there were. After an issuer's last word it is not asked again.
        """
        async with self._turns.of(holding_id):
            holding = find_holding(self._safe.contents, holding_id)
            grant = self._safe.contents.grants.get(holding.grant)
            if grant is None or grant.refresh_token is None or not holding.renewable:
                raise Rejected(Check.HELD, "the issuer does not renew it; receive it again", field="id")
            await self._safe.change(lambda contents: (self._tried(contents, holding_id), None))
            try:
                done, keys = await self._ask(holding, grant, grant.refresh_token)
                batches = await self._desk.verify(done, keys)
            except ZegelError as error:
                entry = self._failure(holding, error)
                code = error.code if isinstance(error, Denied) else ""
                await self._safe.change(lambda contents: (noted(end_renewal(contents, holding_id, code), entry), None))
                raise
            return await self._put(holding, done, batches, keys)

    async def acknowledge(self, holding_id: str) -> None:
        """The person has seen what changed: the former values are forgotten."""
        await self._safe.change(
            lambda contents: (put_holding(contents, replace(find_holding(contents, holding_id), before=None)), None)
        )

    async def _ask(self, holding: Holding, grant: Grant, refresh_token: str) -> tuple[Done, ProvenKeys]:
        ready = await self._driver.read_offer(_offer(holding, grant), certified=holding.provider.certified)
        if self._driver.habits.refuses_unregistered:  # RPRC_22a: nobody is there to be warned
            check_registered_issuer(await self._vetting.vet_issuer(ready), refuses=True, despite=())
        client = await self._driver.known_client(client_id=grant.client_id, dpop=grant.dpop, instance=grant.instance)
        keys: ProvenKeys = {}
        step = renew(
            ready,
            client=client,
            server=grant.server,
            refresh_token=refresh_token,
            now=self._clock.now(),
            random=self._random,
        )
        done = await self._driver.drive(step, keys)
        assert isinstance(done, Done)  # nobody logs in
        if done.session.withheld:  # of several data sets of one configuration nothing says which one is held
            await self._driver.notify(done.session, done.received, Event.FAILURE)
            first = done.session.withheld[0]
            raise Denied(first.code or "access_denied", Check.PEER_REFUSAL, "not all of it was issued", said=first.said)
        return done, keys

    async def _put(self, holding: Holding, done: Done, batches: tuple[Batch, ...], keys: ProvenKeys) -> Holding:
        """The new copies in the old ones' place, or what takes time among what waits."""
        if not batches:
            await self._safe.change(
                lambda contents: (
                    self._desk.put(
                        contents,
                        self._desk.new_id(),
                        done,
                        (),
                        keys,
                        provider=holding.provider,
                        grant=holding.grant,
                        replaces=holding.id,
                    ),
                    None,
                )
            )
            return holding
        renewed = await self._safe.change(
            lambda contents: self._desk.renew(contents, holding.id, batches[0], done.session)
        )
        await self._driver.notify(done.session, done.received, Event.ACCEPTED)
        return renewed

    def _tried(self, contents: WalletContents, holding_id: str) -> WalletContents:
        holding = find_holding(contents, holding_id)
        return put_holding(contents, replace(holding, tried_at=self._clock.now()))

    def _failure(self, holding: Holding, error: ZegelError) -> Entry:
        return self._desk.entry(
            Happening.FAILED,
            holding.provider,
            (mention_of(holding),),
            outcome=Outcome.REFUSED,
            check=error.check.id,
        )

    def _days(self, holding: Holding) -> int:
        type_ = self._catalogue.find(holding.credential.type)
        return RENEWAL_DAYS if type_ is None else type_.renewal_days


def can_be_renewed(contents: WalletContents, holding: Holding) -> bool:
    """Whether the issuer left something to renew it by, and has not said its last word."""
    grant = contents.grants.get(holding.grant)
    return holding.renewable and grant is not None and grant.refresh_token is not None


def _offer(holding: Holding, grant: Grant) -> CredentialOffer:
    """The holding put as an offer, at the server that knows the refresh token."""
    issuer = holding.provider.url
    server = None if grant.server == issuer else grant.server
    return CredentialOffer(
        credential_issuer=issuer,
        configurations=(holding.batch.configuration,),
        authorization_code=AuthorizationCodeOffer(authorization_server=server),
    )
