"""An issuer that hands out codes and takes its time: each message in each state is a legal move or a named refusal.

``MOVES`` has them all, of an offer with a pre-authorised code, with a transaction code and without, of credentials that
are deferred, and of what a wallet notifies. Tests make each in each state, alone, twice, and two at once; a machine
makes them in any order, rightly and wrongly, and lets time pass. What a browser begins is in ``test_issuer_machine``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from zegel_testing.authorities import fixed_key
from zegel_testing.issuance import with_form, with_header, with_members
from zegel_testing.issuing_world import IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.checks import Check
from zegel.errors import Denied
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import parse_object
from zegel.profiles import Proof
from zegel.protocols.oauth.lifetimes import ACCESS_TOKEN_SECONDS, PRE_AUTHORIZED_SECONDS
from zegel.protocols.oauth.states import PreAuthorizedCode
from zegel.protocols.oauth.token import MAX_TRIES, GrantType
from zegel.protocols.openid4vci.credential import NOTIFICATION_SECONDS
from zegel.protocols.openid4vci.deferred import DEFERRED_SECONDS
from zegel.protocols.openid4vci.states import Event
from zegel.protocols.openid4vci.wallet.issuance import ProofPause, poll, prove, refresh_step, token_step
from zegel.protocols.openid4vci.wallet.notification import notification_step
from zegel.protocols.openid4vci.wallet.session import (
    Pending,
    Received,
    Session,
    Tokens,
    heard_from_issuer,
    heard_from_server,
)
from zegel.services.authorization import GRANT, PRE_AUTHORIZED
from zegel.services.issuer import DEFERRED, NOTIFIED
from zegel.services.offers import OfferMade

TYPE, CONFIGURATION, OTHER = "diploma", "diploma-sd-jwt", "diploma-mdoc"
DELAY = 120
OPEN, GUARDED, DEAD, OVER, GRANTED, WAITING, READY, LAPSED, ISSUED, FORGOTTEN, TAKEN_BACK = (
    "open", "guarded", "dead", "over", "granted", "waiting", "ready", "lapsed", "issued", "forgotten", "taken back",
)  # fmt: skip
"""``GUARDED`` by a transaction code, ``DEAD`` of wrong ones, ``LAPSED`` when nobody fetched what had been deferred."""


class Refusal(NamedTuple):
    """What the wire carries, and by which check."""

    code: str
    check: Check


Move = str | Refusal | tuple[Refusal, str]
"""Where a message leads; how it is refused; or how, and where that leads."""

NO_GRANT = Refusal("invalid_grant", Check.GRANT)
NO_TOKEN = Refusal("invalid_token", Check.ACCESS_TOKEN)
NO_PROOF = Refusal("invalid_dpop_proof", Check.DPOP_PROOF)
NOT_THE_KEY = Refusal("invalid_token", Check.DPOP_BINDING)
REPLAY = Refusal("invalid_dpop_proof", Check.REPLAY)
NO_TRANSACTION = Refusal("invalid_transaction_id", Check.DEFERRED_TRANSACTION)
NO_ISSUANCE = Refusal("invalid_notification_id", Check.NOTIFICATION)
UNREADABLE = Refusal("invalid_notification_request", Check.REQUEST_PARAMETERS)
NOT_FOR_IT = Refusal("insufficient_scope", Check.ACCESS_TOKEN)
MISGUESSED = Refusal("invalid_grant", Check.TRANSACTION_CODE)
MISPLACED = Refusal("invalid_request", Check.TRANSACTION_CODE)
NARROWED = "with a token for the other format"
LIVE = (GRANTED, WAITING, READY, LAPSED, ISSUED, FORGOTTEN)
"""States with a grant that lives."""

SPENT: Mapping[str, Move] = dict.fromkeys((*LIVE, TAKEN_BACK), (NO_GRANT, TAKEN_BACK))
ASKED: Mapping[str, Move] = dict.fromkeys(LIVE, WAITING)
UNKNOWN_ISSUANCE: Mapping[str, Move] = dict.fromkeys(LIVE, NO_ISSUANCE)
NOTED: Mapping[str, Move] = {**UNKNOWN_ISSUANCE, ISSUED: ISSUED}

# Each message: what it is in which state; in every other it is refused by the last.
MOVES: Mapping[str, tuple[Mapping[str, Move], Refusal]] = {
    "redeem": ({**SPENT, OPEN: GRANTED, GUARDED: GRANTED}, NO_GRANT),
    "redeem by another wallet": ({**SPENT, OPEN: GRANTED, GUARDED: GRANTED}, NO_GRANT),
    "redeem with a wrong transaction code": ({**SPENT, OPEN: MISPLACED, GUARDED: (MISGUESSED, GUARDED)}, NO_GRANT),
    "redeem without a transaction code": ({**SPENT, OPEN: GRANTED, GUARDED: MISPLACED, DEAD: MISPLACED}, NO_GRANT),
    "redeem as an authorization code": ({}, NO_GRANT),
    "redeem without a proof": ({}, NO_PROOF),
    "refresh": ({state: state for state in LIVE}, NO_GRANT),
    "refresh by another's key": (dict.fromkeys(LIVE, Refusal("invalid_grant", Check.DPOP_BINDING)), NO_GRANT),
    "ask": (ASKED, NO_TOKEN),
    "ask with an unknown nonce": (dict.fromkeys(LIVE, Refusal("invalid_nonce", Check.PROOF_NONCE)), NO_TOKEN),
    f"ask {NARROWED}": (dict.fromkeys(LIVE, NOT_FOR_IT), NO_TOKEN),
    "fetch": ({**dict.fromkeys(LIVE, NO_TRANSACTION), WAITING: WAITING, READY: ISSUED}, NO_TOKEN),
    "fetch something unknown": (dict.fromkeys(LIVE, NO_TRANSACTION), NO_TOKEN),
    "fetch with another's token": ({}, NO_TRANSACTION),
    f"fetch {NARROWED}": (
        {**dict.fromkeys(LIVE, NO_TRANSACTION), **dict.fromkeys((WAITING, READY), NOT_FOR_IT)},
        NO_TOKEN,
    ),
    "fetch by another's key": (dict.fromkeys(LIVE, NOT_THE_KEY), NO_TOKEN),
    "fetch without a proof": (dict.fromkeys(LIVE, NO_PROOF), NO_TOKEN),
    **{f"notify {event}": (NOTED, NO_TOKEN) for event in Event},
    "notify of an unknown event": (dict.fromkeys(LIVE, UNREADABLE), NO_TOKEN),
    "notify of something unknown": (UNKNOWN_ISSUANCE, NO_TOKEN),
    "notify with another's token": ({}, NO_ISSUANCE),
    "notify by another's key": (dict.fromkeys(LIVE, NOT_THE_KEY), NO_TOKEN),
    "notify without a proof": (dict.fromkeys(LIVE, NO_PROOF), NO_TOKEN),
}
RIGHT = ("redeem", "refresh", "ask", "fetch", *(f"notify {event}" for event in Event))
HEARD = (*RIGHT, "redeem with a wrong transaction code")
NO_TOKENS = Tokens(access_token="none", expires=None, refresh_token="none", identifiers={})
NOTHING_PENDING = Pending(configuration=CONFIGURATION, transaction_id="none", ready_at=0)
NOTHING_RECEIVED = Received(configuration=CONFIGURATION, credentials=(), notification_id="none")


@dataclass
class Journey:
    """What the machine knows of an offer and of what comes of it. ``holder`` is the wallet that redeemed it."""

    made: OfferMade
    expires: int
    state: str
    holder: str = "ours"
    tries_left: int = MAX_TRIES
    tokens: Tokens = NO_TOKENS
    access_until: int = 0
    pending: Pending = NOTHING_PENDING
    kept_until: int = 0
    received: Received = NOTHING_RECEIVED
    noted_until: int = 0
    said: set[str] = field(default_factory=set)
    gave: list[str] = field(default_factory=list)

    @property
    def code(self) -> str:
        assert self.made.offer.pre_authorized is not None
        return self.made.offer.pre_authorized.code

    def state_at(self, now: int) -> str:
        """The state, with what time has made of it."""
        if self.state in (OPEN, GUARDED, DEAD) and now >= self.expires:
            return OVER
        if self.state == WAITING and now >= self.kept_until:
            return LAPSED
        if self.state == WAITING and now >= self.pending.ready_at:
            return READY
        return FORGOTTEN if self.state == ISSUED and now >= self.noted_until else self.state

    def expected(self, message: str, now: int) -> Move:
        legal, otherwise = MOVES[message]
        if now >= self.access_until and otherwise == NO_TOKEN and not message.endswith(NARROWED):
            return NO_TOKEN
        return legal.get(self.state_at(now), otherwise)


class Office:
    """An issuer that takes two minutes for a diploma, two wallets, and a neighbour who has one."""

    def __init__(self, world: IssuingWorld, loop: asyncio.AbstractEventLoop) -> None:
        self.world = world
        self.loop = loop
        self.authorization, self.issuer = world.site.authorization, world.site.issuer
        self.known: list[Journey] = []
        self.clients = {whose: self.run(world.wallet().client()) for whose in ("ours", "another")}
        self.template = self.run(self._pause())
        self.neighbour = self.offer(guarded=False)
        for message in ("redeem", "ask"):
            self.send(self.neighbour, message)
        world.clock.advance(DELAY)
        self.send(self.neighbour, "fetch")

    def run(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(work)

    @property
    def now(self) -> int:
        return self.world.clock.now()

    def offer(self, *, guarded: bool) -> Journey:
        """The issuer makes an offer."""
        formats, offers = list(Format), self.world.site.offers
        made = self.run(offers.offer_pre_authorized(TYPE, formats, person="erika", with_code=guarded))
        state = GUARDED if guarded else OPEN
        self.known.append(Journey(made=made, expires=self.now + PRE_AUTHORIZED_SECONDS, state=state))
        return self.known[-1]

    def send(self, journey: Journey, message: str) -> None:
        """Send a message, and see that what comes of it is what ``MOVES`` says."""
        step = self._step(journey, message)
        self._note(journey, message, step, self.run(self._answer(message, step)))

    def send_twice(self, journey: Journey, message: str) -> None:
        """The same bytes once more, as somebody who heard them sends them: they get nothing, and take nothing away.

        A wrong transaction code that is repeated costs no try.
        """
        step, expected = self._step(journey, message), journey.expected(message, self.now)
        self._note(journey, message, step, self.run(self._answer(message, step)))
        again = self.run(self._answer(message, step))
        if isinstance(expected, Refusal):
            assert again == expected, f"{message} twice: {again}"
        else:
            assert again == (NO_TRANSACTION if expected == ISSUED and message == "fetch" else REPLAY), again

    def send_two_at_once(self, journey: Journey, message: str) -> None:
        """Two that are each as good as the other come at once: what serves once serves one of them."""
        steps = [self._step(journey, message), self._step(journey, message)]

        async def both() -> list[Any]:
            return await asyncio.gather(*(self._answer(message, step) for step in steps))

        for step, outcome in zip(steps, self.run(both()), strict=True):
            self._note(journey, message, step, outcome)

    def check(self) -> None:
        """Each code gave one grant, each transaction its credentials once, and all stand where the machine has them."""
        for journey in self.known:
            assert sum(message.startswith("redeem") for message in journey.gave) <= 1
            assert self.run(self._stands(journey)) == journey.state_at(self.now)
            open_still = self.run(self.world.site.offers.look_up(journey.made.id)) is not None
            assert open_still == (journey.state_at(self.now) in (OPEN, GUARDED))
        assert self.issuer.batches.total() == sum(journey.gave.count("issued") for journey in self.known)

    async def _stands(self, journey: Journey) -> str:
        """Where the issuer's records have it."""
        pending, received = journey.pending.transaction_id, str(journey.received.notification_id)
        async with self.world.site.issuer._store.transaction() as transaction:
            code = await transaction.load(PRE_AUTHORIZED, journey.code)
            if code is None:
                return OVER
            if isinstance(code.value, PreAuthorizedCode):
                tried = code.value.tx_code
                assert tried is None or tried.tries_left == journey.tries_left
                return OPEN if tried is None else GUARDED if tried.tries_left else DEAD
            grant = await transaction.load(GRANT, code.value.grant)
            waiting = await transaction.load(DEFERRED, pending)
            noted = await transaction.load(NOTIFIED, received)
        if grant is None or grant.value.revoked:
            return TAKEN_BACK
        if waiting is not None:
            assert waiting.expires == journey.kept_until  # whoever asks early makes it no longer-lived
            return READY if waiting.value.ready_at <= self.now else WAITING
        if noted is not None:
            assert noted.expires == journey.noted_until
            assert set(noted.value.events) == journey.said
            return ISSUED
        if journey.received is not NOTHING_RECEIVED:
            return FORGOTTEN
        return GRANTED if journey.pending is NOTHING_PENDING else LAPSED

    def _note(self, journey: Journey, message: str, step: Any, outcome: Any) -> None:
        before = journey.state_at(self.now)
        expected, where = journey.expected(message, self.now), f"{message} in the state {before}"
        if not isinstance(expected, str):
            refusal, after = (expected, journey.state) if isinstance(expected, Refusal) else expected
            assert outcome == refusal, f"{where}: {outcome}, expected {refusal}"
            journey.state = after
            if after == GUARDED and refusal == MISGUESSED:
                journey.tries_left -= 1
                journey.state = GUARDED if journey.tries_left else DEAD
            return
        assert isinstance(outcome, HttpResponse), f"{where}: {outcome}, expected {expected}"
        assert outcome.status < 400
        journey.gave.append(message)
        if expected not in (LAPSED, FORGOTTEN):  # only time leads there
            journey.state = WAITING if expected == READY else expected
        self._keep(journey, message, step.receive(outcome, now=self.now, random=system_random), expected)

    def _keep(self, journey: Journey, message: str, heard: Any, after: str) -> None:
        """Keep what a wallet reads in the answer."""
        match message.split(" ")[0]:
            case "redeem" | "refresh":
                if message == "redeem by another wallet":
                    journey.holder = "another"
                journey.tokens, journey.access_until = heard.session.tokens, self.now + ACCESS_TOKEN_SECONDS
            case "ask":
                (journey.pending,), journey.kept_until = heard.pending, self.now + DEFERRED_SECONDS
                journey.received, journey.said = NOTHING_RECEIVED, set()
            case "fetch" if after == ISSUED:
                (journey.received,), journey.noted_until = heard.received, self.now + NOTIFICATION_SECONDS
                journey.gave.append("issued")
            case "fetch":
                assert heard.pending == (journey.pending,)  # the same transaction, due when it was due
            case _:
                journey.said.add(message.removeprefix("notify "))

    # --- how a message is made ----------------------------------------------------------------------------------------

    async def _answer(self, message: str, step: Any) -> Any:
        """What comes of it: an answer or a refusal. Any other exception is a bug, and comes out."""
        answering: Mapping[str, Callable[[HttpRequest], Awaitable[HttpResponse]]] = {
            "redeem": self.authorization.token,
            "refresh": self.authorization.token,
            "ask": self.issuer.issue,
            "fetch": self.issuer.issue_deferred,
            "notify": self.issuer.take_note,
        }
        try:
            return await answering[message.split(" ")[0]](step.request)
        except Denied as denied:
            return Refusal(denied.code, denied.check)

    def _step(self, journey: Journey, message: str) -> Any:
        """A wallet's step that sends the message."""
        verb, _, how = message.partition(" ")
        session = self._session(journey, how)
        match verb:
            case "redeem":
                step: Any = self._redeeming(journey, how, session)
            case "refresh":
                step = refresh_step(session, now=self.now, random=system_random)
            case "ask":
                step = self._asking(session, how)
            case "fetch":
                pending = NOTHING_PENDING if how == "something unknown" else journey.pending
                step = poll(session, replace(pending, ready_at=0), now=self.now, random=system_random)
            case _:
                step = self._notifying(journey, how, session)
        return replace(step, request=with_header(step.request, "dpop", None)) if how == "without a proof" else step

    def _redeeming(self, journey: Journey, how: str, session: Session) -> Any:
        form = {"grant_type": str(GrantType.PRE_AUTHORIZED_CODE), "pre-authorized_code": journey.code}
        tx_code = journey.made.tx_code
        if how == "with a wrong transaction code":
            form["tx_code"] = "123456" if tx_code is None else f"{(int(tx_code) + 1) % 10 ** len(tx_code):06d}"
        elif tx_code is not None and how != "without a transaction code":
            form["tx_code"] = tx_code
        step = token_step(session, form, attempt=1, now=self.now, random=system_random)
        if how == "as an authorization code":
            grant = str(GrantType.AUTHORIZATION_CODE)
            return replace(step, request=with_form(step.request, grant_type=grant, code=journey.code))
        return step

    def _asking(self, session: Session, how: str) -> Any:
        nonce = str(parse_object(self.issuer.nonce().body, what="nonce")["c_nonce"])
        pause = replace(self.template, session=session, nonce="none" if how == "with an unknown nonce" else nonce)
        keys = [fixed_key("a copy")]
        return prove(pause, Proof.JWT, keys=keys, attestation=None, now=self.now, random=system_random)

    def _notifying(self, journey: Journey, how: str, session: Session) -> Any:
        event = Event(how) if how in tuple(Event) else Event.ACCEPTED
        of = NOTHING_RECEIVED if how == "of something unknown" else journey.received
        step: Any = notification_step(session, of, event, now=self.now, random=system_random)
        if how == "of an unknown event":
            return replace(step, request=with_members(step.request, event="credential_lost"))
        return step

    def _session(self, journey: Journey, how: str) -> Session:
        """The session of whoever sends it."""
        whose, tokens = journey.holder, journey.tokens
        if how == "with another's token":
            whose, tokens = self.neighbour.holder, self._neighbours_tokens()
        elif how == NARROWED:
            tokens = self._narrowed_tokens(journey)
        elif how in ("by another's key", "by another wallet"):
            whose = "ours" if journey.holder == "another" else "another"
        unaware = replace(tokens, expires=self.now + 1)  # of a token's end, so that it asks with an old one
        return self._fresh(whose, unaware)

    def _fresh(self, whose: str, tokens: Tokens) -> Session:
        """A session with nonces of this moment."""
        session = replace(self.template.session, client=self.clients[whose], tokens=tokens)
        session = heard_from_server(session, HttpResponse(status=400, headers=self.authorization.fresh().headers()))
        return heard_from_issuer(session, HttpResponse(status=400, headers=self.issuer.fresh().headers()))

    def _neighbours_tokens(self) -> Tokens:
        if self.now >= self.neighbour.access_until:
            self.send(self.neighbour, "refresh")
        return self.neighbour.tokens

    def _narrowed_tokens(self, journey: Journey) -> Tokens:
        """Tokens of the same grant, as long as it lives, that stand for the other of its two credentials."""
        if journey.state_at(self.now) not in LIVE:
            return NO_TOKENS
        scope = self.template.session.issuer.configurations[OTHER].scope
        form = {"grant_type": "refresh_token", "refresh_token": str(journey.tokens.refresh_token), "scope": str(scope)}
        session = self._fresh(journey.holder, journey.tokens)
        step = token_step(session, form, attempt=1, now=self.now, random=system_random)
        heard: Any = step.receive(self.run(self.authorization.token(step.request)), now=self.now, random=system_random)
        narrowed: Tokens = heard.session.tokens
        return narrowed

    async def _pause(self) -> ProofPause:
        """Where a wallet stands that was given its tokens."""
        offer = await self.world.offer(TYPE, formats=["dc+sd-jwt"], grant="pre-authorized", person="erika")
        found = await self.world.wallet().redeem(offer)
        assert isinstance(found, ProofPause)
        return found


@contextmanager
def open_office() -> Iterator[Office]:
    """An office with an event loop of its own."""
    loop = asyncio.new_event_loop()
    with TemporaryDirectory() as folder:
        opening = issuing_world(sandbox_at(Path(folder), profile="plain"), delayed_types=(TYPE,), delay=DELAY)
        world = loop.run_until_complete(opening.__aenter__())
        try:
            yield Office(world, loop)
        finally:
            loop.run_until_complete(opening.__aexit__(None, None, None))
            loop.close()


# How each state is come to: by messages, and by seconds that pass.
PATHS: Mapping[str, tuple[str | int, ...]] = {
    OPEN: (PRE_AUTHORIZED_SECONDS - 1,),
    GUARDED: (),
    DEAD: ("redeem with a wrong transaction code",) * MAX_TRIES,
    OVER: (PRE_AUTHORIZED_SECONDS,),
    GRANTED: ("redeem", ACCESS_TOKEN_SECONDS - 1),
    WAITING: ("redeem", "ask", DELAY - 1),
    READY: ("redeem", "ask", DELAY),
    LAPSED: ("redeem", "ask", DEFERRED_SECONDS, "refresh"),
    ISSUED: ("redeem", "ask", DELAY, "fetch"),
    FORGOTTEN: ("redeem", "ask", DELAY, "fetch", NOTIFICATION_SECONDS, "refresh"),
    TAKEN_BACK: ("redeem", "ask", "redeem"),
}


def brought_to(office: Office, state: str, count: int) -> list[Journey]:
    """So many journeys in a state."""
    journeys = [office.offer(guarded=state in (GUARDED, DEAD)) for _ in range(count)]
    for step in PATHS[state]:
        if isinstance(step, int):
            office.world.clock.advance(step)
        else:
            for journey in journeys:
                office.send(journey, step)
    assert {journey.state_at(office.now) for journey in journeys} == {state}
    return journeys


@pytest.mark.slow
@pytest.mark.parametrize("later", [0, ACCESS_TOKEN_SECONDS], ids=["at once", "with an old token"])
@pytest.mark.parametrize("state", PATHS)
def test_each_message_in_a_state_is_a_legal_move_or_a_named_refusal(state: str, later: int) -> None:
    with open_office() as office:
        journeys = brought_to(office, state, len(MOVES))
        office.world.clock.advance(later)
        for journey, message in zip(journeys, MOVES, strict=True):
            office.send(journey, message)
        office.check()


@pytest.mark.slow
@pytest.mark.parametrize("state", PATHS)
def test_a_message_that_somebody_heard_gives_nothing_and_takes_nothing(state: str) -> None:
    with open_office() as office:
        for journey, message in zip(brought_to(office, state, len(HEARD)), HEARD, strict=True):
            office.send_twice(journey, message)
        office.check()


@pytest.mark.slow
@pytest.mark.parametrize("state", PATHS)
def test_of_two_messages_at_once_what_serves_once_serves_one(state: str) -> None:
    with open_office() as office:
        for journey, message in zip(brought_to(office, state, len(HEARD)), HEARD, strict=True):
            office.send_two_at_once(journey, message)
        office.check()


@pytest.mark.slow
def test_a_notification_that_is_repeated_is_no_error_and_is_noted_once() -> None:
    with open_office() as office:
        (journey,) = brought_to(office, ISSUED, 1)
        for event in (*Event, *Event):
            office.send(journey, f"notify {event}")
        office.check()


class OfferMachine(RuleBasedStateMachine):
    """Offers of one issuer, and what comes of them."""

    journeys = Bundle("journeys")

    def __init__(self) -> None:
        super().__init__()
        self.opening = open_office()
        self.office = self.opening.__enter__()

    def teardown(self) -> None:
        self.opening.__exit__(None, None, None)

    @rule(target=journeys, guarded=st.booleans())
    def offer(self, guarded: bool) -> Journey:
        return self.office.offer(guarded=guarded)

    @rule(journey=journeys, message=st.sampled_from(sorted(MOVES)))
    def send(self, journey: Journey, message: str) -> None:
        self.office.send(journey, message)

    @rule(journey=journeys, count=st.integers(1, 5), patient=st.booleans())
    def go_on(self, journey: Journey, count: int, patient: bool) -> None:
        for message in ("redeem", "refresh", "ask", "fetch", f"notify {Event.ACCEPTED}")[:count]:
            if message == "fetch" and patient:
                self.wait(DELAY)
            if isinstance(journey.expected(message, self.office.now), str):
                self.office.send(journey, message)

    @rule(journey=journeys, count=st.sampled_from([1, MAX_TRIES - 1, MAX_TRIES, MAX_TRIES + 1]))
    def guess(self, journey: Journey, count: int) -> None:
        for _ in range(count if journey.state_at(self.office.now) == GUARDED else 0):
            self.office.send(journey, "redeem with a wrong transaction code")

    @rule(journey=journeys, message=st.sampled_from(HEARD))
    def send_two_at_once(self, journey: Journey, message: str) -> None:
        self.office.send_two_at_once(journey, message)

    @rule(journey=journeys, message=st.sampled_from(HEARD))
    def send_twice(self, journey: Journey, message: str) -> None:
        self.office.send_twice(journey, message)

    @rule(seconds=st.sampled_from([1, DELAY, ACCESS_TOKEN_SECONDS, PRE_AUTHORIZED_SECONDS, NOTIFICATION_SECONDS]))
    def wait(self, seconds: int) -> None:
        self.office.world.clock.advance(seconds)

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        self.office.check()


OfferMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=30)
test_whatever_comes_in_whatever_order = pytest.mark.slow(OfferMachine.TestCase)
