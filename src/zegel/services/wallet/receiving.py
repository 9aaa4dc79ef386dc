"""Receiving: an offer is read, taken up, and what comes is verified and shown before it is kept.

    review --> Offered --log_in--> LoggingIn --come_back--> Arrived --keep-----> Finished
                       --redeem-------------------------->          --discard--> gone
                                                       --> Deferred --fetch_deferred--> Arrived

Each state waits in the vault for its person; what lies between two of them happens in one go.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.http import HttpRequest
from zegel.profiles import Grant, Profile
from zegel.protocols.openid4vci.offer import parse_offer_link
from zegel.protocols.openid4vci.states import Event
from zegel.protocols.openid4vci.wallet.answers import MAX_INTERVAL
from zegel.protocols.openid4vci.wallet.authorization import (
    BrowserPause,
    begin_authorization,
    begin_pre_authorized,
    return_from_browser,
)
from zegel.protocols.openid4vci.wallet.issuance import Done, can_refresh, needs_token, poll
from zegel.protocols.openid4vci.wallet.session import Session
from zegel.protocols.openid4vci.wallet.start import Ready
from zegel.services.ports import Clock, Random
from zegel.services.turns import Turns
from zegel.services.wallet.arrivals import ArrivalsDesk, mentions_of
from zegel.services.wallet.contents import (
    Arrived,
    Batch,
    Brought,
    Deferred,
    Finished,
    Flow,
    Happening,
    LoggingIn,
    Mention,
    Offered,
    Outcome,
    Provider,
    Vetting,
    WalletContents,
)
from zegel.services.wallet.flows import check_step, drop_flow, find_flow, put_flow
from zegel.services.wallet.holdings import RETRY_SECONDS, end_renewal, ends_waiting, put_tokens
from zegel.services.wallet.instance import check_not_revoked
from zegel.services.wallet.issuance import IssuanceDriver, ProvenKeys, Sent, is_refused_token
from zegel.services.wallet.journal import host_of, noted
from zegel.services.wallet.safe import Safe
from zegel.services.wallet.vetting import VettingDesk, check_registered_issuer

_OPEN: Final = (Offered, LoggingIn, Arrived, Deferred)


@final
class ReceivingService:
    """Offers, and what becomes of them."""

    def __init__(
        self,
        safe: Safe,
        driver: IssuanceDriver,
        desk: ArrivalsDesk,
        *,
        vetting: VettingDesk,
        clock: Clock,
        random: Random,
    ) -> None:
        self._safe = safe
        self._driver = driver
        self._desk = desk
        self._vetting = vetting
        self._clock = clock
        self._random = random
        self._turns = Turns()
        self._again_at: dict[str, int] = {}

    async def review(self, link: str, *, brought: Brought) -> str:
        """Read an offer, when the person says so; the id of the flow. Nothing but public documents is fetched."""
        offer = parse_offer_link(link)
        check_not_revoked(self._safe.contents)  # a locked wallet fetches nothing, a revoked one neither
        ready = await self._driver.read_offer(offer, certified=None)
        choose_grant(ready, profile=self._driver.habits.profile)
        vetting = await self._vetting.vet_issuer(ready)
        flow_id, at, provider = self._desk.new_id(), self._clock.now(), _provider(ready, vetting)
        flow = Offered(at=at, ready=ready, provider=provider, brought=brought, vetting=vetting)
        await self._put(flow_id, flow)
        return flow_id

    async def log_in(self, flow_id: str, *, redirect_uri: str, browser: str, despite: Collection[str] = ()) -> str:
        """Take up an offer by logging in at the issuer's; the address to open, in that browser.

        ``despite``, and what is refused without it, as ``check_registered_issuer``.
        """
        async with self._turns.of(flow_id):
            flow = self.look(flow_id)
            offered = flow.offered if isinstance(flow, LoggingIn) else check_step(flow, Offered)
            offered = await self._vetted_anew(flow_id, offered, despite)
            try:
                client = await self._driver.client(offered.ready.server, redirect_uri=redirect_uri)
                step = begin_authorization(offered.ready, client=client, now=self._clock.now(), random=self._random)
                pause = await self._driver.drive(step, {})
            except (Denied, Malformed, Rejected) as error:
                await self._fail(flow_id, offered.provider, (), error, after=offered)
                raise
            assert isinstance(pause, BrowserPause)  # the engine asks for no token before the log-in
            await self._put(flow_id, LoggingIn(at=self._clock.now(), offered=offered, pause=pause, browser=browser))
        return pause.url

    async def come_back(self, url: str, *, browsers: Collection[str]) -> str:
        """A browser is back from the log-in; the id of the flow, which has gone on.

        ``browsers`` are the digests under which it is known. ``Rejected(WALLET_STEP)`` when no log-in of it waits for
        this answer; ``Rejected`` or ``Denied`` with what comes of it otherwise.
        """
        flow_id = self._waiting_for(url)
        async with self._turns.of(flow_id):
            flow = check_step(self.look(flow_id), LoggingIn)
            if flow.browser not in browsers:
                raise Rejected(Check.WALLET_STEP, "the log-in was begun in another browser", field="cookie")
            try:
                step = return_from_browser(flow.pause, url, now=self._clock.now(), random=self._random)
            except Denied as denied:
                await self._fail(flow_id, flow.provider, (), denied, after=flow.offered)
                raise
            await self._receive(flow_id, flow.offered, step)
        return flow_id

    async def redeem(self, flow_id: str, *, tx_code: str | None, despite: Collection[str] = ()) -> str:
        """Take up an offer by the code in it and what the person was told to enter; the id of the flow.

        A wrong transaction code leaves the offer open. The same form sent twice does nothing new. ``despite`` as for
        ``log_in``.
        """
        async with self._turns.of(flow_id):
            flow = self.look(flow_id)
            if isinstance(flow, Arrived | Deferred):
                return flow_id
            offered = await self._vetted_anew(flow_id, check_step(flow, Offered), despite)
            client = await self._driver.client(offered.ready.server, redirect_uri="")
            step = begin_pre_authorized(
                offered.ready, client=client, tx_code=tx_code, now=self._clock.now(), random=self._random
            )
            await self._receive(flow_id, offered, step)
        return flow_id

    async def fetch_deferred(self, flow_id: str) -> Flow:
        """Ask for what takes time, if its time has come; the flow as it stands then.

        It waits on after a refusal that is not the issuer's last word.
        """
        async with self._turns.of(flow_id):
            flow = self.look(flow_id)
            if not isinstance(flow, Deferred) or self._clock.now() < flow.pending.ready_at:
                return flow
            keys: ProvenKeys = {flow.pending.configuration: flow.keys}
            try:
                done = await self._poll(flow)
            except ZegelError as error:
                await self._wait_on(flow_id, flow, error)
                raise
            self._again_at.pop(flow_id, None)
            try:
                batches = await self._desk.verify(done, keys)
            except (Malformed, Rejected) as error:
                await self._fail(flow_id, flow.provider, (), error, after=None)
                raise
            await self._safe.change(lambda contents: (self._came(contents, flow_id, flow, done, batches, keys), None))
            came = self.look(flow_id)
            if isinstance(came, Finished):
                await self._driver.notify(done.session, done.received, Event.ACCEPTED)
        return came

    async def keep(self, flow_id: str) -> tuple[str, ...]:
        """Take what arrived into the wallet and tell the issuer; the ids of what is held now."""
        async with self._turns.of(flow_id):
            flow = self.look(flow_id)
            if isinstance(flow, Finished):  # the same form, sent twice
                return flow.holdings
            arrived = check_step(flow, Arrived)
            ids = await self._safe.change(lambda contents: self._desk.keep(contents, flow_id, arrived))
            session = await self._driver.notify(arrived.session, arrived.received, Event.ACCEPTED)
            await self._remember(arrived, session)
        return ids

    async def discard(self, flow_id: str) -> None:
        """Leave an offer, or what arrived; in that case the issuer is told."""
        async with self._turns.of(flow_id):
            flow = self.look(flow_id)
            if not isinstance(flow, _OPEN):
                raise Rejected(Check.WALLET_STEP, "this was done already", field="flow")
            mentions = mentions_of(flow.batches) if isinstance(flow, Arrived) else ()
            entry = self._desk.entry(Happening.DECLINED, flow.provider, mentions)
            await self._safe.change(lambda contents: (noted(drop_flow(contents, flow_id), entry), None))
            if isinstance(flow, Arrived):
                session = await self._driver.notify(flow.session, flow.received, Event.DELETED)
                await self._remember(flow, session)

    def look(self, flow_id: str) -> Flow:
        """The flow as it stands; ``Rejected(WALLET_STEP)`` when it is over."""
        return find_flow(self._safe.contents, flow_id, now=self._clock.now())

    def waiting(self) -> tuple[str, ...]:
        """The deferred flows whose time has come, but for those that were just asked for in vain."""
        now, flows = self._clock.now(), self._safe.contents.flows
        return tuple(
            id_
            for id_, flow in flows.items()
            if isinstance(flow, Deferred) and max(flow.pending.ready_at, self._again_at.get(id_, 0)) <= now
        )

    async def _vetted_anew(self, flow_id: str, offered: Offered, despite: Collection[str]) -> Offered:
        """What was found of the issuer may be told for a while; before anything is asked of it, it holds."""
        if self._clock.now() >= offered.vetting.until:
            offered = replace(offered, vetting=await self._vetting.vet_issuer(offered.ready))
            if isinstance(self.look(flow_id), Offered):
                await self._put(flow_id, offered)
        refuses = self._driver.habits.refuses_unregistered
        check_registered_issuer(offered.vetting, refuses=refuses, despite=despite)
        return offered

    async def _receive(self, flow_id: str, offered: Offered, step: Sent) -> None:
        keys: ProvenKeys = {}
        mentions = tuple(
            Mention(type=configuration.type, format=configuration.format, copies=0)
            for configuration in offered.ready.configurations
        )
        try:
            done = await self._finish(step, keys)
            batches = await self._desk.verify(done, keys)
        except ZegelError as error:
            # What did not come may be asked for again; from whom sends what is not to be taken, nothing more is.
            after = offered if isinstance(error, Denied | Unavailable) else None
            await self._fail(flow_id, offered.provider, mentions, error, after=after)
            raise
        provider = offered.provider

        def arrive(contents: WalletContents) -> tuple[WalletContents, None]:
            contents = self._desk.note_withheld(contents, done.session, provider)
            return self._desk.put(contents, flow_id, done, batches, keys, provider=provider, grant=flow_id), None

        await self._safe.change(arrive)

    def _came(
        self,
        contents: WalletContents,
        flow_id: str,
        flow: Deferred,
        done: Done,
        batches: tuple[Batch, ...],
        keys: ProvenKeys,
    ) -> WalletContents:
        """What was waited for takes its old place, or waits for its person."""
        replaced = next((holding.id for holding in contents.holdings if holding.id == flow.replaces), None)
        if replaced is None or not batches:
            return self._desk.put(
                contents,
                flow_id,
                done,
                batches,
                keys,
                provider=flow.provider,
                grant=flow.grant,
                replaces=flow.replaces,
            )
        contents, holding = self._desk.renew(contents, replaced, batches[0], done.session)
        return put_flow(contents, flow_id, Finished(at=self._clock.now(), holdings=(holding.id,)))

    async def _poll(self, flow: Deferred) -> Done:
        """Ask for what was deferred: once more, and with another token, where the one at hand is worth nothing."""
        session, refused = flow.session, False
        while True:
            if refused or needs_token(session, now=self._clock.now()):
                session = await self._driver.refresh(session)
                await self._remember(flow, session)
            try:
                step = poll(session, flow.pending, now=self._clock.now(), random=self._random)
                return await self._finish(step, {})
            except Denied as denied:
                if refused or not (is_refused_token(denied) and can_refresh(session)):
                    raise
                refused = True

    async def _wait_on(self, flow_id: str, flow: Deferred, error: ZegelError) -> None:
        """What was deferred after a refusal: at an end by an issuer's last word, and otherwise still to come."""
        if not ends_waiting(error):
            self._again_at[flow_id] = self._clock.now() + RETRY_SECONDS
            if error.retry_after is not None:
                pending = replace(flow.pending, ready_at=self._clock.now() + min(error.retry_after, MAX_INTERVAL))
                await self._put(flow_id, replace(check_step(self.look(flow_id), Deferred), pending=pending))
            return
        self._again_at.pop(flow_id, None)
        await self._fail(flow_id, flow.provider, (), error, after=None)
        code, replaced = error.code if isinstance(error, Denied) else "", flow.replaces
        if replaced is not None:
            await self._safe.change(lambda contents: (end_renewal(contents, replaced, code), None))

    async def _remember(self, flow: Arrived | Deferred, session: Session) -> None:
        """Keep the tokens of a session, where they are others by now."""
        if session.tokens != flow.session.tokens:
            await self._safe.change(lambda contents: (put_tokens(contents, flow.grant, session), None))

    async def _finish(self, step: Sent, keys: ProvenKeys) -> Done:
        done = await self._driver.drive(step, keys)
        assert isinstance(done, Done)  # behind the log-in there is no other
        return done

    async def _fail(
        self,
        flow_id: str,
        provider: Provider,
        mentions: tuple[Mention, ...],
        error: ZegelError,
        *,
        after: Offered | None,
    ) -> None:
        """Note what failed; the offer stays open where it may be tried again."""
        entry = self._desk.entry(Happening.FAILED, provider, mentions, outcome=Outcome.REFUSED, check=error.check.id)
        await self._safe.change(
            lambda contents: (
                noted(drop_flow(contents, flow_id) if after is None else put_flow(contents, flow_id, after), entry),
                None,
            )
        )

    async def _put(self, flow_id: str, flow: Flow) -> None:
        await self._safe.change(lambda contents: (put_flow(contents, flow_id, flow), None))

    def _waiting_for(self, url: str) -> str:
        state = HttpRequest(method="GET", url=url).query().get("state")
        for flow_id, flow in self._safe.contents.flows.items():
            if isinstance(flow, LoggingIn) and flow.pause.state == state:
                return flow_id
        raise Rejected(Check.WALLET_STEP, "no log-in waits for this answer", field="state")


def choose_grant(ready: Ready, *, profile: Profile) -> Grant:
    """The grant by which an offer is taken up, the shorter way first; ``Rejected(PROFILE)`` if none is allowed."""
    open_ = [grant for grant in (Grant.PRE_AUTHORIZED_CODE, Grant.AUTHORIZATION_CODE) if grant in ready.grants]
    if not open_:
        raise Rejected(Check.CREDENTIAL_OFFER, "expected a grant that the server has", field="grants")
    chosen = next((grant for grant in open_ if grant in profile.grants), open_[0])
    profile.check_choice(chosen)
    return chosen


def _provider(ready: Ready, vetting: Vetting) -> Provider:
    issuer, certificate = ready.issuer, vetting.certificate
    name = issuer.display[0].name if issuer.display else host_of(issuer.credential_issuer)
    return Provider(
        url=issuer.credential_issuer,
        name=name,
        certified=issuer.signer,
        identifier=None if issuer.certified is None else issuer.certified.identifier,
        service=None if certificate is None else certificate.service_name,
    )
