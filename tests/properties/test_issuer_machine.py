"""An issuer at the mercy of whoever comes: each message in each state is a legal move or a named refusal.

``MOVES`` has them all where a browser begins. One test makes each in each state; a machine pushes, approves, redeems,
refreshes and asks for credentials in any order, rightly and wrongly, alone and at once, and lets time pass. What begins
with a pre-authorised code, deferred credentials and notifications are in ``test_offer_machine``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from zegel_testing.authorities import fixed_key
from zegel_testing.issuance import with_form, with_header
from zegel_testing.issuing_world import REDIRECT, IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import HttpRequest, HttpResponse, with_query
from zegel.primitives.json import parse_object
from zegel.profiles import Proof
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.lifetimes import ACCESS_TOKEN_SECONDS, CODE_SECONDS, LOG_IN_SECONDS
from zegel.protocols.openid4vci.wallet.authorization import BrowserPause, begin_authorization, return_from_browser
from zegel.protocols.openid4vci.wallet.issuance import ProofPause, prove, refresh_step
from zegel.protocols.openid4vci.wallet.session import (
    Session,
    Tokens,
    WalletClient,
    Wanted,
    heard_from_issuer,
    heard_from_server,
)
from zegel.protocols.openid4vci.wallet.start import Ready
from zegel.services.authorization import Pending

CREDENTIAL = (GrantedCredential(configuration="residence-sd-jwt", datasets=("residence-sd-jwt",), detailed=False),)
NOT_APPROVED = "pid-sd-jwt"
ATTESTED_SECONDS = 1_800
PUSHED, APPROVED, DECLINED, GRANTED, TAKEN_BACK, OVER = (
    "pushed", "approved", "declined", "granted", "taken back", "over",
)  # fmt: skip

Move = str | Check | tuple[Check, str]
"""Where a message leads; by which check it is refused; or by which, and what that takes away."""
REPLAYED: Move = (Check.GRANT, TAKEN_BACK)

# Each message: what it is in which state; in every other it is refused by the last.
MOVES: Mapping[str, tuple[Mapping[str, Move], Check]] = {
    "approve": ({PUSHED: APPROVED}, Check.PUSHED_REQUEST),
    "decline": ({PUSHED: DECLINED}, Check.PUSHED_REQUEST),
    "redeem": ({APPROVED: GRANTED, GRANTED: REPLAYED}, Check.GRANT),
    "redeem with another verifier": ({APPROVED: Check.PKCE, GRANTED: REPLAYED}, Check.GRANT),
    "redeem for another redirect URI": ({APPROVED: Check.REDIRECT_URI, GRANTED: REPLAYED}, Check.GRANT),
    "redeem by another wallet": ({APPROVED: Check.GRANT, GRANTED: REPLAYED}, Check.GRANT),
    "redeem without a proof": (dict.fromkeys((APPROVED, GRANTED), Check.DPOP_PROOF), Check.DPOP_PROOF),
    "refresh": ({GRANTED: GRANTED}, Check.GRANT),
    "refresh by another wallet": ({GRANTED: Check.GRANT}, Check.GRANT),
    "issue": ({GRANTED: GRANTED}, Check.ACCESS_TOKEN),
    "issue by another's key": ({GRANTED: Check.DPOP_BINDING}, Check.ACCESS_TOKEN),
    "issue without a proof": ({GRANTED: Check.DPOP_PROOF}, Check.ACCESS_TOKEN),
    "issue with an unknown nonce": ({GRANTED: Check.PROOF_NONCE}, Check.ACCESS_TOKEN),
    "issue what was not approved": ({}, Check.ACCESS_TOKEN),
}


@dataclass
class Journey:
    """What the machine knows of an issuance."""

    pause: BrowserPause
    pending: Pending
    expires: int
    state: str = PUSHED
    code: str = "none"
    access_token: str = "none"
    refresh_token: str = "none"
    access_until: int = 0
    gave: list[str] = field(default_factory=list)

    def expected(self, message: str, now: int) -> Move:
        legal, otherwise = MOVES[message]
        state = OVER if now >= self.expires and self.state in (PUSHED, APPROVED) else self.state
        if message.startswith("issue") and now >= self.access_until:
            return Check.ACCESS_TOKEN
        return legal.get(state, otherwise)


class Office:
    """An issuer, a wallet, and a stranger with a wallet of the same kind."""

    def __init__(self, world: IssuingWorld, loop: asyncio.AbstractEventLoop) -> None:
        self.world = world
        self.loop = loop
        self.authorization, self.issuer = world.site.authorization, world.site.issuer
        self.known: list[Journey] = []
        self.wallets = {"ours": world.wallet(), "another": world.wallet()}
        self.clients: dict[str, tuple[int, WalletClient]] = {}
        self.ready = self.run(self._ready())
        self.template = self.run(self._pause())

    def run(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(work)

    @property
    def now(self) -> int:
        return self.world.clock.now()

    def push(self) -> Journey:
        """A wallet begins."""
        pause = self.run(self._push())
        pending = self.run(self.authorization.read(HttpRequest(method="GET", url=pause.url).query()))
        self.known.append(Journey(pause=pause, pending=pending, expires=self.now + LOG_IN_SECONDS))
        return self.known[-1]

    def send(self, journey: Journey, message: str) -> None:
        """Send a message, and see that what comes of it is what ``MOVES`` says."""
        self._note(journey, message, self.run(_caught(self._work(journey, message)())))

    def send_twice(self, journey: Journey, message: str) -> None:
        """The same bytes once more, as somebody who heard them sends them: they get nothing, and take nothing away."""
        work = self._work(journey, message)
        self._note(journey, message, self.run(_caught(work())))
        again = self.run(_caught(work()))
        assert isinstance(again, Check), f"{message} was taken twice"
        if journey.gave[-1:] == [message] and message in ("redeem", "refresh", "issue"):
            assert again is Check.REPLAY

    def send_two_at_once(self, journey: Journey, message: str) -> None:
        """Two that are each as good as the other come at once: what serves once serves one of them."""

        async def both() -> list[Any]:
            works = [self._work(journey, message), self._work(journey, message)]
            return await asyncio.gather(*(_caught(work()) for work in works))

        for outcome in self.run(both()):
            self._note(journey, message, outcome)

    def check(self) -> None:
        """Each request was decided once, and each code gave one grant."""
        for journey in self.known:
            assert journey.gave.count("approve") + journey.gave.count("decline") <= 1
            assert journey.gave.count("redeem") <= journey.gave.count("approve")

    def _note(self, journey: Journey, message: str, outcome: Any) -> None:
        expected, where = journey.expected(message, self.now), f"{message} in the state {journey.state}"
        if not isinstance(expected, str):
            check, after = expected if isinstance(expected, tuple) else (expected, journey.state)
            assert outcome is check, f"{where}: {outcome}, expected {check}"
            journey.state = after
            return
        assert isinstance(outcome, HttpResponse), f"{where}: {outcome}, expected {expected}"
        assert outcome.status < 400
        journey.gave.append(message)
        journey.state = expected
        if message == "approve":
            journey.code = HttpRequest(method="GET", url=outcome.header("location") or "").query()["code"]
            journey.expires = self.now + CODE_SECONDS
        elif message in ("redeem", "refresh"):
            members = parse_object(outcome.body, what="tokens")
            journey.access_token = str(members["access_token"])
            journey.refresh_token = str(members.get("refresh_token", journey.refresh_token))
            journey.access_until = self.now + ACCESS_TOKEN_SECONDS

    # --- how a message is made ----------------------------------------------------------------------------------------

    def _work(self, journey: Journey, message: str) -> Callable[[], Awaitable[Any]]:
        """What sends the message; called again, it sends the same bytes."""
        verb, _, how = message.partition(" ")
        match verb:
            case "approve":
                return lambda: self.authorization.approve(journey.pending, subject="erika", credentials=CREDENTIAL)
            case "decline":
                return lambda: self.authorization.refuse(journey.pending)
            case "redeem" | "refresh":
                asked = self._redeeming(journey, how) if verb == "redeem" else self._refreshing(journey, how)
                return lambda: self.authorization.token(asked)
            case _:
                return self._issuing(journey, how)

    def _redeeming(self, journey: Journey, how: str) -> HttpRequest:
        session = self._session(journey, "another" if how == "by another wallet" else "ours")
        redirect = with_query(REDIRECT, {"code": journey.code, "state": journey.pause.state, "iss": self.world.issuer})
        pause = replace(journey.pause, session=session)
        request = return_from_browser(pause, redirect, now=self.now, random=system_random).request
        match how:
            case "with another verifier":
                return with_form(request, code_verifier="v" * 43)
            case "for another redirect URI":
                return with_form(request, redirect_uri="https://evil.example/callback")
            case "without a proof":
                return with_header(request, "dpop", None)
        return request

    def _refreshing(self, journey: Journey, how: str) -> HttpRequest:
        session = self._session(journey, "another" if how == "by another wallet" else "ours")
        return refresh_step(session, now=self.now, random=system_random).request

    def _issuing(self, journey: Journey, how: str) -> Callable[[], Awaitable[Any]]:
        made: list[HttpRequest] = []

        async def issue() -> HttpResponse:
            if not made:
                made.append(await self._asking(journey, how))
            return await self.issuer.issue(made[0])

        return issue

    async def _asking(self, journey: Journey, how: str) -> HttpRequest:
        session = self._session(journey, "another" if how == "by another's key" else "ours")
        nonce = str(parse_object(self.issuer.nonce().body, what="nonce")["c_nonce"])
        pause = replace(self.template, session=session, nonce="none" if how == "with an unknown nonce" else nonce)
        if how == "what was not approved":
            other = self.ready.issuer.configurations[NOT_APPROVED]
            pause = replace(
                pause, configuration=other, session=replace(session, wanted=(Wanted(configuration=NOT_APPROVED),))
            )
        keys = [fixed_key("a copy")]
        attestation = await self.wallets["ours"].attest(keys, pause.nonce)
        step = prove(pause, Proof.ATTESTATION, keys=keys, attestation=attestation, now=self.now, random=system_random)
        return with_header(step.request, "dpop", None) if how == "without a proof" else step.request

    def _session(self, journey: Journey, whose: str) -> Session:
        """The session with nonces of this moment, as one of the two wallets would have it."""
        tokens = Tokens(
            access_token=journey.access_token, expires=None, refresh_token=journey.refresh_token, identifiers={}
        )
        session = replace(self.template.session, client=self._client(whose), tokens=tokens)
        session = heard_from_server(session, HttpResponse(status=400, headers=self.authorization.fresh().headers()))
        return heard_from_issuer(session, HttpResponse(status=400, headers=self.issuer.fresh().headers()))

    def _client(self, whose: str) -> WalletClient:
        """A wallet, whose attestation is of this quarter of an hour."""
        made_at, client = self.clients[whose]
        assert self.now - made_at < ATTESTED_SECONDS
        return client

    def renew_attestations(self) -> None:
        """Wallets have their attestations renewed in time."""
        for whose, wallet in self.wallets.items():
            self.clients[whose] = self.now, self.run(wallet.client())

    async def _ready(self) -> Ready:
        for whose, wallet in self.wallets.items():
            self.clients[whose] = self.now, await wallet.client()
        return await self.wallets["ours"].ready(await self.world.offer("residence", formats=["dc+sd-jwt"]))

    async def _push(self) -> BrowserPause:
        step = begin_authorization(self.ready, client=self._client("ours"), now=self.now, random=system_random)
        pause = await self.wallets["ours"].drive(step)
        assert isinstance(pause, BrowserPause)
        return pause

    async def _pause(self) -> ProofPause:
        """Where a wallet stands that was given its tokens."""
        pause = await self._push()
        pending = await self.authorization.read(HttpRequest(method="GET", url=pause.url).query())
        response = await self.authorization.approve(pending, subject="erika", credentials=CREDENTIAL)
        found = await self.wallets["ours"].come_back(pause, response.header("location") or "")
        assert isinstance(found, ProofPause)
        return found


async def _caught(work: Awaitable[Any]) -> Any:
    """What comes of it: a value, or the check of a refusal. Any other exception is a bug, and comes out."""
    try:
        return await work
    except Denied as denied:
        return denied.check


@contextmanager
def open_office() -> Iterator[Office]:
    """An office with an event loop of its own."""
    loop = asyncio.new_event_loop()
    with TemporaryDirectory() as folder:
        opening = issuing_world(sandbox_at(Path(folder)))
        world = loop.run_until_complete(opening.__aenter__())
        try:
            yield Office(world, loop)
        finally:
            loop.run_until_complete(opening.__aexit__(None, None, None))
            loop.close()


# How each state is come to.
PATHS: Mapping[str, tuple[str, ...]] = {
    PUSHED: (),
    APPROVED: ("approve",),
    DECLINED: ("decline",),
    GRANTED: ("approve", "redeem"),
    TAKEN_BACK: ("approve", "redeem", "redeem"),
    OVER: ("approve",),
}


@pytest.mark.slow
@pytest.mark.parametrize("state", PATHS)
def test_each_message_in_a_state_is_a_legal_move_or_a_named_refusal(state: str) -> None:
    with open_office() as office:
        for message in MOVES:
            journey = office.push()
            for before in PATHS[state]:
                office.send(journey, before)
            if state == OVER:
                office.world.clock.advance(CODE_SECONDS)
            else:
                assert journey.state == state
            office.send(journey, message)
            office.check()


@pytest.mark.slow
@pytest.mark.parametrize("message", ["redeem", "refresh", "issue"])
def test_a_message_that_somebody_heard_gives_nothing_and_takes_nothing(message: str) -> None:
    with open_office() as office:
        journey = office.push()
        office.send(journey, "approve")
        if message != "redeem":
            office.send(journey, "redeem")
        office.send_twice(journey, message)
        office.send(journey, "refresh")
        office.send(journey, "issue")


class IssuerMachine(RuleBasedStateMachine):
    """Issuances of one issuer."""

    journeys = Bundle("journeys")

    def __init__(self) -> None:
        super().__init__()
        self.opening = open_office()
        self.office = self.opening.__enter__()

    def teardown(self) -> None:
        self.opening.__exit__(None, None, None)

    @rule(target=journeys)
    def push(self) -> Journey:
        return self.office.push()

    @rule(journey=journeys, message=st.sampled_from(sorted(MOVES)))
    def send(self, journey: Journey, message: str) -> None:
        self.office.send(journey, message)

    @rule(journey=journeys, count=st.integers(1, 4))
    def go_on(self, journey: Journey, count: int) -> None:
        for message in ("approve", "redeem", "issue", "refresh")[:count]:
            if isinstance(journey.expected(message, self.office.now), str):
                self.office.send(journey, message)

    @rule(journey=journeys, message=st.sampled_from(["approve", "decline", "redeem", "refresh", "issue"]))
    def send_two_at_once(self, journey: Journey, message: str) -> None:
        self.office.send_two_at_once(journey, message)

    @rule(journey=journeys, message=st.sampled_from(["redeem", "refresh", "issue"]))
    def send_twice(self, journey: Journey, message: str) -> None:
        self.office.send_twice(journey, message)

    @rule(seconds=st.sampled_from([1, CODE_SECONDS, ACCESS_TOKEN_SECONDS, LOG_IN_SECONDS]))
    def wait(self, seconds: int) -> None:
        self.office.world.clock.advance(seconds)
        self.office.renew_attestations()

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        self.office.check()


IssuerMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=30)
test_whatever_comes_in_whatever_order = pytest.mark.slow(IssuerMachine.TestCase)
