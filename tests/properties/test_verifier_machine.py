"""A verifier at the mercy of whoever comes: each message in each state is a legal move or a named refusal.

``MOVES`` has them all. One test makes each in each state; a machine asks, answers, refuses, returns and collects in any
order, rightly and wrongly, alone and at once, and lets time pass.
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
from zegel_testing.interleaved import Interleaved
from zegel_testing.relying_party import NAME_QUERY, Asked, RelyingParty, json_of, open_relying_party

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.openid4vp.dcql import parse_query
from zegel.protocols.openid4vp.satisfaction import AcceptedAnswer
from zegel.protocols.openid4vp.verifier import (
    CROSS_DEVICE_SECONDS,
    OUTCOME_SECONDS,
    RESULT_SECONDS,
    SAME_DEVICE_SECONDS,
    AwaitingReturn,
    Failed,
    Finished,
    Lapsed,
    Ready,
    Refused,
    Requested,
)
from zegel.services.verifier import Question, VerifierService

BACK = "https://tax.utopia.example/back"
MINE, THEIRS = "the session in which it began", "another session"
OPEN, AWAITING, READY, FINISHED, REFUSED, FAILED, OVER = (
    "requested", "awaiting return", "ready", "finished", "refused", "failed", "over",
)  # fmt: skip
TYPES = {
    Requested: OPEN,
    AwaitingReturn: AWAITING,
    Ready: READY,
    Finished: FINISHED,
    Refused: REFUSED,
    Failed: FAILED,
}
SECONDS = {AWAITING: RESULT_SECONDS, FINISHED: OUTCOME_SECONDS, REFUSED: OUTCOME_SECONDS, FAILED: OUTCOME_SECONDS}

# What an answer that is not right is refused by, while the request is open.
WRONG = {
    "another's nonce": Check.NONCE,
    "another's audience": Check.AUDIENCE,
    "another state": Check.ANSWER_STATE,
    "sealed to another request": Check.ENCRYPTION,
    "in the clear": Check.ENCRYPTION,
    "less than was asked": Check.QUERY_CLAIMS,
    "a credential nobody asked for": Check.VP_TOKEN,
    "signed long ago": Check.PROOF_TIME,
    "no answer": Check.SYNTAX,
}
# Each message: where it leads from, or by which check it is refused; every other state refuses it by the last.
MOVES: Mapping[str, tuple[Mapping[str, str | Check], Check]] = {
    "fetch": ({OPEN: OPEN}, Check.ANSWERED_ONCE),
    "answer": ({OPEN: "answered"}, Check.ANSWERED_ONCE),
    "decline": ({OPEN: REFUSED}, Check.ANSWERED_ONCE),
    "return": ({AWAITING: READY}, Check.RESPONSE_CODE),
    "return with another code": ({AWAITING: Check.RESPONSE_CODE}, Check.RESPONSE_CODE),
    "return in another browser": ({AWAITING: FAILED}, Check.RESPONSE_CODE),
    "return without a session": ({AWAITING: FAILED}, Check.RESPONSE_CODE),
    "collect": ({READY: FINISHED, FAILED: Check.SAME_BROWSER}, Check.ANSWERED_ONCE),
    "collect for another": ({READY: Check.SAME_BROWSER, FAILED: Check.SAME_BROWSER}, Check.ANSWERED_ONCE),
    **{f"answer with {wrong}": ({OPEN: check}, Check.ANSWERED_ONCE) for wrong, check in WRONG.items()},
}


@dataclass
class Session:
    """What the machine knows of a session."""

    id: str
    asked: Asked
    cross_device: bool
    expires: int
    state: str = OPEN
    code: str = "none"
    handed_over: int = 0

    def expected(self, message: str, now: int) -> str | Check:
        """The state to which a message leads, or the check that refuses it."""
        legal, otherwise = MOVES[message]
        state = OVER if now >= self.expires else self.state
        if state == OVER:
            return Check.ANSWERED_ONCE
        after = legal.get(state, otherwise)
        return (READY if self.cross_device else AWAITING) if after == "answered" else after

    def move(self, state: str, now: int) -> None:
        """It stands there now."""
        if state == READY and self.state == OPEN:
            self.expires = now + RESULT_SECONDS
        elif state != self.state and state in SECONDS:
            self.expires = now + SECONDS[state]
        self.state = state


class Desk:
    """A verifier, and whoever comes to it."""

    def __init__(self, party: RelyingParty, loop: asyncio.AbstractEventLoop) -> None:
        self.party = party
        self.loop = loop
        self.known: list[Session] = []
        _, self.beside = loop.run_until_complete(party.begin())

    @property
    def now(self) -> int:
        return self.party.clock.now()

    def ask(self, *, cross_device: bool) -> Session:
        """Begin a session, and let a wallet read the request."""
        query = parse_query(NAME_QUERY)
        question = Question(query=query, initiator=MINE, cross_device=cross_device, return_uri=BACK, followed=True)
        id_, session = self.loop.run_until_complete(self.party.service.ask(question))
        asked = self.loop.run_until_complete(self.party.fetch({"link": session.link("openid4vp://")}))
        lasts = CROSS_DEVICE_SECONDS if cross_device else SAME_DEVICE_SECONDS
        self.known.append(Session(id=id_, asked=asked, cross_device=cross_device, expires=self.now + lasts))
        return self.known[-1]

    def send(self, session: Session, message: str) -> None:
        """Send a message, and see that what comes of it is what ``MOVES`` says."""
        expected = session.expected(message, self.now)
        self._note(session, expected, self.outcome(self._act(session, message, self.party.service)))

    def send_twice_at_once(self, session: Session, message: str) -> None:
        """Whoever comes second finds it done, however close behind."""
        expected = session.expected(message, self.now)
        meanwhile: list[Any] = []

        async def rival() -> None:
            meanwhile.append(await _caught(self._act(session, message, self.party.service)))

        store = Interleaved(self.party.store, rival)
        outcome = self.outcome(self._act(session, message, self.party.with_store(store).service))
        if isinstance(expected, Check):
            self._note(session, expected, outcome)
            assert all(isinstance(each, Check) for each in meanwhile)
        else:
            (first,) = meanwhile
            self._note(session, expected, first)
            assert isinstance(outcome, Check), f"{message} was made twice"

    def check(self) -> None:
        """Each session stands where its moves led, and has given its claims once at most."""
        for session in self.known:
            found = self.outcome(self.party.service.look(session.id))
            if self.now >= session.expires:
                assert found is Check.ANSWERED_ONCE
                self._check_lapse(session)
            else:
                assert TYPES[type(found)] == session.state
                assert type(self.outcome(self.party.service.look_back(session.id))) is type(found)
            assert session.handed_over <= 1

    def _check_lapse(self, session: Session) -> None:
        """What is told of a session whose time is over: for an hour that it lapsed, if nothing else came of it."""
        told = self.outcome(self.party.service.look_back(session.id))
        if session.state in (FINISHED, REFUSED, FAILED) or self.now >= session.expires + OUTCOME_SECONDS:
            assert told is Check.KNOWN_SESSION
        else:
            assert isinstance(told, Lapsed)
            assert (told.answered, told.expires) == (session.state != OPEN, session.expires + OUTCOME_SECONDS)

    def outcome(self, work: Awaitable[Any]) -> Any:
        """What comes of it: a value, or the check of a refusal. Any other exception is a bug, and comes out."""
        return self.loop.run_until_complete(_caught(work))

    def _note(self, session: Session, expected: str | Check, outcome: Any) -> None:
        if isinstance(expected, Check):
            assert outcome is expected, f"{outcome} in the state {session.state}, expected {expected}"
            return
        assert not isinstance(outcome, Check), f"{outcome} in the state {session.state}, expected {expected}"
        session.move(expected, self.now)
        if isinstance(outcome, AcceptedAnswer):
            session.handed_over += 1
            assert outcome.presentations["pid"][0].credential.claims["family_name"] == "Voorbeeld"
        elif isinstance(outcome, HttpResponse) and b"response_code" in outcome.body:
            session.code = json_of(outcome)["redirect_uri"].partition("response_code=")[2]

    def _act(self, session: Session, message: str, service: VerifierService) -> Awaitable[Any]:
        code, asked = session.code, session.asked
        acts: Mapping[str, Callable[[], Awaitable[Any]]] = {
            "fetch": lambda: service.serve_request(session.id, HttpRequest(method="GET", url="https://a.example/")),
            "decline": lambda: service.receive(session.id, asked.refuse().form()),
            "return": lambda: service.come_back(session.id, response_code=code, initiator=MINE),
            "return with another code": lambda: service.come_back(session.id, response_code="x", initiator=MINE),
            "return in another browser": lambda: service.come_back(session.id, response_code=code, initiator=THEIRS),
            "return without a session": lambda: service.come_back(session.id, response_code=code, initiator=None),
            "collect": lambda: service.collect(session.id, initiator=MINE),
            "collect for another": lambda: service.collect(session.id, initiator=THEIRS),
        }
        if message in acts:
            return acts[message]()
        return service.receive(session.id, self._answer(session, message.removeprefix("answer with ")))

    def _answer(self, session: Session, how: str) -> dict[str, str]:
        asked, now = session.asked, self.now
        state = asked.claims["state"]
        match how:
            case "another's nonce":
                request = asked.answer(asked.present(nonce="another's", now=now))
            case "another's audience":
                request = asked.answer(asked.present(audience="x509_hash:another", now=now))
            case "another state":
                request = asked.answer(asked.present(now=now), state="another")
            case "sealed to another request":
                request = self.beside.answer(self.beside.present(now=now))
            case "in the clear":
                return {"vp_token": "{}", "state": state}
            case "less than was asked":
                request = asked.answer(asked.present(paths=[("family_name",)], now=now))
            case "a credential nobody asked for":
                request = asked.answer(asked.present(now=now), id_="another")
            case "signed long ago":
                request = asked.answer(asked.present(now=now - 3_600))
            case "no answer":
                return {"response": "none"}
            case _:
                request = asked.answer(asked.present(now=now))
        return request.form()


async def _caught(work: Awaitable[Any]) -> Any:
    try:
        return await work
    except (Malformed, Rejected) as error:
        return error.check


@contextmanager
def open_desk() -> Iterator[Desk]:
    """A desk with an event loop of its own."""
    loop = asyncio.new_event_loop()
    with TemporaryDirectory() as folder:
        party = loop.run_until_complete(open_relying_party(Path(folder)))
        try:
            yield Desk(party, loop)
        finally:
            party.close()
            loop.close()


# How each state is come to.
PATHS: Mapping[str, tuple[str, ...]] = {
    OPEN: (),
    AWAITING: ("answer",),
    READY: ("answer", "return"),
    FINISHED: ("answer", "return", "collect"),
    REFUSED: ("decline",),
    FAILED: ("answer", "return in another browser"),
    OVER: ("answer", "return", "collect"),
}


@pytest.mark.slow
@pytest.mark.parametrize("state", PATHS)
def test_each_message_in_a_state_is_a_legal_move_or_a_named_refusal(state: str) -> None:
    with open_desk() as desk:
        for message in MOVES:
            session = desk.ask(cross_device=False)
            for before in PATHS[state]:
                desk.send(session, before)
            if state == OVER:
                desk.party.clock.advance(OUTCOME_SECONDS)
            else:
                assert session.state == state
            desk.send(session, message)
            desk.check()


class VerifierMachine(RuleBasedStateMachine):
    """Sessions of one verifier."""

    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.opening = open_desk()
        self.desk = self.opening.__enter__()

    def teardown(self) -> None:
        self.opening.__exit__(None, None, None)

    @rule(target=sessions, cross_device=st.booleans())
    def ask(self, cross_device: bool) -> Session:
        return self.desk.ask(cross_device=cross_device)

    @rule(session=sessions, message=st.sampled_from(sorted(MOVES)))
    def send(self, session: Session, message: str) -> None:
        self.desk.send(session, message)

    @rule(session=sessions, messages=st.lists(st.sampled_from(["answer", "return", "collect"]), min_size=1, max_size=3))
    def go_on(self, session: Session, messages: list[str]) -> None:
        for message in messages:
            self.desk.send(session, message)

    @rule(session=sessions, message=st.sampled_from(["answer", "decline", "return", "collect"]))
    def send_twice_at_once(self, session: Session, message: str) -> None:
        self.desk.send_twice_at_once(session, message)

    @rule(seconds=st.sampled_from([1, 60, CROSS_DEVICE_SECONDS, RESULT_SECONDS, OUTCOME_SECONDS]))
    def wait(self, seconds: int) -> None:
        self.desk.party.clock.advance(seconds)

    @rule()
    def sweep(self) -> None:
        self.desk.loop.run_until_complete(self.desk.party.store.purge())

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        self.desk.check()


VerifierMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=40)
test_whatever_comes_in_whatever_order = pytest.mark.slow(VerifierMachine.TestCase)
