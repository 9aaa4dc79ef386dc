"""A wallet at the mercy of whoever clicks: each message in each state is a legal move or a named refusal.

``MOVES`` has them all. One test makes each in each state; a machine receives and presents in any order, rightly and
wrongly, alone and twice at once, with a verifier that is there or not, and lets time pass.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from zegel_testing.wallet_world import WalletWorld, wallet_world

from zegel.checks import Check
from zegel.errors import ZegelError
from zegel.protocols.oauth.lifetimes import CODE_SECONDS, PRE_AUTHORIZED_SECONDS
from zegel.protocols.oauth.token import MAX_TRIES
from zegel.protocols.openid4vp.verifier import SAME_DEVICE_SECONDS
from zegel.services.verifier import Outcome, VerifierService
from zegel.services.wallet.contents import (
    Answering,
    Arrived,
    Asked,
    Brought,
    Deferred,
    Finished,
    LoggingIn,
    Offered,
    Unanswerable,
)
from zegel.services.wallet.flows import DEFERRED_SECONDS, FLOW_SECONDS

OFFERED, LOGGING_IN, ARRIVED, DEFERRED, ASKED, UNANSWERABLE, ANSWERING, FINISHED, GONE = (
    "offered", "logging in", "arrived", "deferred", "asked", "unanswerable", "answering", "finished", "gone",
)  # fmt: skip
TYPES = {
    Offered: OFFERED,
    LoggingIn: LOGGING_IN,
    Arrived: ARRIVED,
    Deferred: DEFERRED,
    Asked: ASKED,
    Unanswerable: UNANSWERABLE,
    Answering: ANSWERING,
    Finished: FINISHED,
}
STATES = tuple(TYPES.values())
COPIES = 10
DELAY = 30
VERIFIER = "verifier.localhost"

Move = str | Check | tuple[Check, str]
"""Where a message leads; by which check it is refused; or by which, and where that leads."""

# Each message: what it is in which state; in every other it is refused by WALLET_STEP.
MOVES: Mapping[str, Mapping[str, Move]] = {
    "log in": {OFFERED: LOGGING_IN, LOGGING_IN: LOGGING_IN},
    "come back": {LOGGING_IN: ARRIVED},
    "come back in another browser": {},
    "come back with another state": {},
    "come back from another server": {LOGGING_IN: Check.AUTHORIZATION_RESPONSE},
    "come back refused": {LOGGING_IN: (Check.ACCESS_DENIED, OFFERED)},
    "redeem": {OFFERED: Check.CREDENTIAL_OFFER, ARRIVED: ARRIVED, DEFERRED: DEFERRED},
    "redeem with another code": {OFFERED: Check.CREDENTIAL_OFFER, ARRIVED: ARRIVED, DEFERRED: DEFERRED},
    "look again": {state: state for state in STATES},
    "keep": {ARRIVED: FINISHED, FINISHED: FINISHED},
    "discard": {OFFERED: GONE, LOGGING_IN: GONE, ARRIVED: GONE, DEFERRED: GONE},
    "accept": {ASKED: FINISHED, FINISHED: FINISHED},
    "refuse": {ASKED: FINISHED, FINISHED: FINISHED},
    "tell": {UNANSWERABLE: FINISHED, FINISHED: FINISHED},
    "send again": {ANSWERING: FINISHED, FINISHED: FINISHED},
    "forget": {ASKED: GONE, UNANSWERABLE: GONE, ANSWERING: GONE, FINISHED: FINISHED},
}
SENDING = ("accept", "refuse", "tell", "send again")


@dataclass
class Errand:
    """What the machine knows of a flow. ``kind`` is what began it.

    ``until`` is when what waits elsewhere is over, ``redeemable`` when the code of the offer is.
    """

    id: str
    kind: str
    state: str
    expires: int
    until: int
    redeemable: int
    tx_code: str = ""
    back: str = "none"
    tries_left: int = MAX_TRIES
    answer: str = ""

    def expected(self, message: str, *, now: int, down: bool) -> Move:
        state = GONE if now >= self.expires else self.state
        move = MOVES[message].get(state, Check.WALLET_STEP)
        if self.kind == "code" and state == OFFERED:
            return self._redeemed(message, move, now)
        if message == "come back" and state == LOGGING_IN:
            if now >= self.until:
                return Check.PEER_REFUSAL, OFFERED
            return DEFERRED if self.kind == "slow" else ARRIVED
        if message == "look again" and state == DEFERRED and now >= self.until:
            return ARRIVED
        if message in SENDING and state in (ASKED, UNANSWERABLE, ANSWERING) and isinstance(move, str):
            return self._sent(message, move, now=now, down=down)
        return move

    def _redeemed(self, message: str, move: Move, now: int) -> Move:
        if message == "redeem" and self.tries_left and now < self.redeemable:
            return ARRIVED
        return Check.TRANSACTION_CODE if message.startswith("redeem") else move

    def _sent(self, message: str, move: str, *, now: int, down: bool) -> Move:
        if message == "accept" and now >= self.until:
            return Check.REQUEST_TIME
        if down:
            return Check.AVAILABILITY, ANSWERING
        return (Check.ANSWERED_ONCE, FINISHED) if now >= self.until else move


class Owner:
    """A wallet with a PID, its owner, and an issuer and a verifier before it."""

    def __init__(self, world: WalletWorld, loop: asyncio.AbstractEventLoop) -> None:
        self.world = world
        self.loop = loop
        self.known: list[Errand] = []
        self.answers = dict.fromkeys(("accepted", "declined"), 0)
        self.run(world.receive(grant="pre-authorized", person="erika", formats=["dc+sd-jwt"]))

    def run(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(work)

    @property
    def now(self) -> int:
        return self.world.clock.now()

    @property
    def down(self) -> bool:
        return VERIFIER in self.world.outbound.down

    def begin(self, kind: str) -> Errand:
        """Bring a link: of an ``offer``, of one that is ``slow`` or redeemed by a ``code``; a ``request``, or a
        ``bad`` one."""
        errand = self.run(self._brought(kind))
        self.known.append(errand)
        return errand

    async def _brought(self, kind: str) -> Errand:
        world, wallet, now = self.world, self.world.wallet, self.now
        if kind in ("request", "bad"):
            asked = await (world.ask_unsigned() if kind == "bad" else world.request())
            down, world.outbound.down = world.outbound.down, set()
            id_ = await wallet.presenting.begin(asked["link"], brought=Brought.LINK)
            world.outbound.down = down
            state, until = (UNANSWERABLE if kind == "bad" else ASKED), now + SAME_DEVICE_SECONDS
            return Errand(id=id_, kind=kind, state=state, expires=now + FLOW_SECONDS, until=until, redeemable=0)
        by_code = {"grant": "pre-authorized", "person": "erika", "tx_code": True} if kind == "code" else {}
        offer = await world.offer("diploma" if kind == "slow" else "residence", formats=["dc+sd-jwt"], **by_code)
        id_ = await wallet.receiving.review(offer["link"], brought=Brought.LINK)
        return Errand(
            id=id_,
            kind=kind,
            state=OFFERED,
            expires=now + FLOW_SECONDS,
            until=0,
            redeemable=now + PRE_AUTHORIZED_SECONDS,
            tx_code=offer["tx_code"] or "",
        )

    def send(self, errand: Errand, message: str) -> None:
        """Send a message, and see that what comes of it is what ``MOVES`` says."""
        work = self._work(errand, message)
        self._note(errand, message, self.run(_caught(work())))

    def send_twice_at_once(self, errand: Errand, message: str) -> None:
        """Two clicks: the second finds what came of the first."""

        async def both() -> list[Any]:
            works = [self._work(errand, message), self._work(errand, message)]
            return await asyncio.gather(*(_caught(work()) for work in works))

        for outcome in self.run(both()):
            self._note(errand, message, outcome)

    def check(self) -> None:
        """Each flow stands where its moves led, no copy was shown twice, and each answer was sent once."""
        flows = self.world.contents.flows
        for errand in self.known:
            if errand.state == GONE:
                assert errand.id not in flows
            elif self.now < errand.expires:
                assert TYPES[type(flows[errand.id])] == errand.state
        (pid,) = [each for each in self.world.contents.holdings if each.credential.type == "urn:eudi:pid:1"]
        shown = sum(errand.answer == "accept" for errand in self.known)
        assert pid.unused == max(COPIES - shown, 0)
        told = self.verifier.presentations
        assert (told[Outcome.ACCEPTED], told[Outcome.DECLINED]) == (self.answers["accepted"], self.answers["declined"])

    @property
    def verifier(self) -> VerifierService:
        service: VerifierService = self.world.roles["verifier"].listeners[0].handle.__self__._role.service
        return service

    def _note(self, errand: Errand, message: str, outcome: Any) -> None:
        expected = errand.expected(message, now=self.now, down=self.down)
        where = f"{message} in the state {errand.state} of {errand.kind}"
        if isinstance(expected, str):
            assert not isinstance(outcome, Check), f"{where}: {outcome}, expected {expected}"
            after = expected
        else:
            check, after = expected if isinstance(expected, tuple) else (expected, errand.state)
            assert outcome is check, f"{where}: {outcome}, expected {check}"
            if message == "redeem with another code" and check is Check.TRANSACTION_CODE:
                errand.tries_left = max(errand.tries_left - 1, 0)
        if message in SENDING and errand.state != after:
            errand.answer = errand.answer or message
            if after == FINISHED and isinstance(expected, str):
                self.answers["accepted" if errand.answer == "accept" else "declined"] += 1
        self._move(errand, message, after, outcome)

    def _move(self, errand: Errand, message: str, after: str, outcome: Any) -> None:
        moved = errand.state != after or (message == "log in" and after == LOGGING_IN)
        if after == GONE or not moved:
            errand.state = after
            return
        errand.expires = self.now + (DEFERRED_SECONDS if after == DEFERRED else FLOW_SECONDS)
        if after == LOGGING_IN:
            errand.back, errand.until = self.run(self.world.log_in(outcome)), self.now + CODE_SECONDS
        elif after == DEFERRED:
            errand.until = self.now + DELAY
        elif after == OFFERED:
            errand.expires = self.now + FLOW_SECONDS
        errand.state = after

    def _work(self, errand: Errand, message: str) -> Callable[[], Awaitable[Any]]:
        receiving, presenting, id_ = self.world.wallet.receiving, self.world.wallet.presenting, errand.id
        server = self.world.config.issuer.origin
        works: Mapping[str, Callable[[], Awaitable[Any]]] = {
            "log in": lambda: receiving.log_in(id_, redirect_uri=self.world.callback, browser="ours"),
            "come back": lambda: receiving.come_back(self._back(errand), browsers=["ours"]),
            "come back in another browser": lambda: receiving.come_back(self._back(errand), browsers=["another"]),
            "come back with another state": lambda: receiving.come_back(
                f"{self.world.callback}?code=a&state=another", browsers=["ours"]
            ),
            "come back from another server": lambda: receiving.come_back(
                self._back(errand).replace("iss=", "iss=https%3A%2F%2Fevil.example%2F"), browsers=["ours"]
            ),
            "come back refused": lambda: receiving.come_back(
                f"{self.world.callback}?error=access_denied&state={self._state(errand)}&iss={server}",
                browsers=["ours"],
            ),
            "redeem": lambda: receiving.redeem(id_, tx_code=errand.tx_code or None),
            "redeem with another code": lambda: receiving.redeem(id_, tx_code=_another(errand.tx_code)),
            "look again": lambda: receiving.fetch_deferred(id_),
            "keep": lambda: receiving.keep(id_),
            "discard": lambda: receiving.discard(id_),
            "accept": lambda: presenting.accept(id_, None),
            "refuse": lambda: presenting.refuse(id_),
            "tell": lambda: presenting.tell(id_),
            "send again": lambda: presenting.send_again(id_),
            "forget": lambda: presenting.forget(id_),
        }
        return works[message]

    def _back(self, errand: Errand) -> str:
        return errand.back if "?" in errand.back else f"{self.world.callback}?code=none&state=none&iss=none"

    def _state(self, errand: Errand) -> str:
        return errand.back.partition("state=")[2].partition("&")[0] or "none"


def _another(tx_code: str) -> str | None:
    """A code of the same length, which is wrong."""
    return "".join(str((int(digit) + 1) % 10) for digit in tx_code) or None


async def _caught(work: Awaitable[Any]) -> Any:
    """What comes of it: a value, or the check of a refusal. Any other exception is a bug, and comes out."""
    try:
        return await work
    except ZegelError as error:
        return error.check


@contextmanager
def open_wallet() -> Iterator[Owner]:
    """A wallet with an event loop of its own."""
    loop = asyncio.new_event_loop()
    with TemporaryDirectory() as folder:
        opening = wallet_world(Path(folder), profile="plain", copies=COPIES, delayed_types=("diploma",), delay=DELAY)
        world = loop.run_until_complete(opening.__aenter__())
        try:
            yield Owner(world, loop)
        finally:
            loop.run_until_complete(opening.__aexit__(None, None, None))
            loop.close()


# How each state is come to: what is begun, and what follows. ``down`` makes the verifier one that nobody reaches.
PATHS: Mapping[str, tuple[str, ...]] = {
    OFFERED: ("offer",),
    f"{OFFERED}, by a code": ("code",),
    LOGGING_IN: ("offer", "log in"),
    ARRIVED: ("offer", "log in", "come back"),
    DEFERRED: ("slow", "log in", "come back"),
    ASKED: ("request",),
    UNANSWERABLE: ("bad",),
    ANSWERING: ("request", "down", "accept", "up"),
    f"{FINISHED}, presenting": ("request", "accept"),
    f"{FINISHED}, receiving": ("code", "redeem", "keep"),
    GONE: ("offer", "discard"),
}


@pytest.mark.slow
@pytest.mark.parametrize("state", PATHS)
def test_each_message_in_a_state_is_a_legal_move_or_a_named_refusal(state: str) -> None:
    with open_wallet() as owner:
        for message in MOVES:
            errand = owner.begin(PATHS[state][0])
            for before in PATHS[state][1:]:
                if before in ("down", "up"):
                    owner.world.outbound.down = {VERIFIER} if before == "down" else set()
                else:
                    owner.send(errand, before)
            assert errand.state == state.partition(",")[0]
            owner.send(errand, message)
            owner.check()


class WalletMachine(RuleBasedStateMachine):
    """Flows of one wallet."""

    errands = Bundle("errands")

    def __init__(self) -> None:
        super().__init__()
        self.opening = open_wallet()
        self.owner = self.opening.__enter__()

    def teardown(self) -> None:
        self.opening.__exit__(None, None, None)

    @rule(target=errands, kind=st.sampled_from(["offer", "slow", "code", "request", "bad"]))
    def begin(self, kind: str) -> Errand:
        return self.owner.begin(kind)

    @rule(errand=errands, message=st.sampled_from(sorted(MOVES)))
    def send(self, errand: Errand, message: str) -> None:
        self.owner.send(errand, message)

    @rule(errand=errands, count=st.integers(1, 3))
    def go_on(self, errand: Errand, count: int) -> None:
        for _ in range(count):
            for message in ("log in", "redeem", "come back", "keep", "accept", "tell", "send again"):
                after = errand.expected(message, now=self.owner.now, down=self.owner.down)
                if isinstance(after, str) and after != errand.state:
                    self.owner.send(errand, message)
                    break

    @rule(errand=errands, message=st.sampled_from(["come back", "redeem", "keep", "discard", *SENDING, "forget"]))
    def send_twice_at_once(self, errand: Errand, message: str) -> None:
        self.owner.send_twice_at_once(errand, message)

    @rule(seconds=st.sampled_from([1, DELAY, CODE_SECONDS, PRE_AUTHORIZED_SECONDS, FLOW_SECONDS]))
    def wait(self, seconds: int) -> None:
        self.owner.world.clock.advance(seconds)

    @rule()
    def turn_the_verifier_off_or_on(self) -> None:
        self.owner.world.outbound.down = set() if self.owner.down else {VERIFIER}

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        self.owner.check()


WalletMachine.TestCase.settings = settings(max_examples=12, stateful_step_count=25)
test_whatever_comes_in_whatever_order = pytest.mark.slow(WalletMachine.TestCase)
