"""At the door: somebody shows that the rules are met, the doorkeeper sees yes or no, and then it is forgotten.

    ask --> Asked --look, come_back--> Answered --forget, or a minute--> nothing

What is asked for is one flag and the name of the rules, which are the same for everybody. Nothing of an answer is kept
but the verdict; the store is in memory, and the verifier's sessions in it end with the verdict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, TypeAlias, final

from zegel.errors import Rejected
from zegel.formats.catalogue.presented import read_record
from zegel.formats.catalogue.types import AttestationType
from zegel.formats.claims import Claims
from zegel.formats.credential import Format
from zegel.protocols.openid4vp.dcql import ClaimQuery, CredentialQuery, CredentialSet, DcqlQuery
from zegel.protocols.openid4vp.satisfaction import AcceptedAnswer
from zegel.protocols.openid4vp.verifier import (
    SAME_DEVICE_SECONDS,
    AwaitingReturn,
    Failed,
    Failure,
    Ready,
    Refused,
    Requested,
)
from zegel.services.health import RULE_SET, VALID
from zegel.services.ports import Clock, Kind, Store, Transaction
from zegel.services.verifier import SESSION, Question, VerifierService

VERDICT_SECONDS: Final = 60  # the doorkeeper has looked up by then, and the next one stands there
_PURPOSE: Final = "To let you in"


class Bearer(Protocol):
    """Whom a health certificate is about; whether that is whoever holds it, the doorkeeper has to see."""

    @property
    def name(self) -> Mapping[str, str]:
        """As the certificate has it: fn and gn, or fnt and gnt."""
        ...

    @property
    def birth_date(self) -> str:
        """A date, its beginning, or nothing."""
        ...


class HealthJudge(Protocol):
    """What judges the code of a health certificate, from what it has learnt before."""

    def judge(self, text: bytes, *, at: int, languages: Sequence[str]) -> Bearer:
        """Whom it is about, when its signer is trusted, and at ``at``, in seconds, it is in force and meets the rules.

        ``Malformed`` or ``Rejected`` otherwise, with the rule in the first of the doorkeeper's languages that it has.
        """
        ...


class Reason(StrEnum):
    """Why it is no. None of them says anything of the person."""

    NOT_MET = "not met"  # the attestation says so
    OTHER_RULES = "other rules"  # it is about rules that do not count here
    DECLINED = "declined"  # the wallet has none, or the person did not agree
    REFUSED = "refused"  # by a check, which is named beside it


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Yes where there is no reason against it. ``failure`` is the check that refused what was shown."""

    reason: Reason | None
    failure: Failure | None = None

    @property
    def admitted(self) -> bool:
        """Whether it is yes."""
        return self.reason is None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A wallet is asked: ``here`` on this device, ``there`` on another; the ids of the verifier's sessions."""

    here: str
    there: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of it."""

    verdict: Verdict


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A question that is open: each way to the wallet as it stands, None when its time is over, and whether a wallet on
    this device has answered, whose link is still to be followed. ``failure`` is why what was sent last was not taken:
    anybody who has seen the code can send something, so that it ends nothing."""

    here: Requested | None
    there: Requested | None
    answered: bool
    failure: Failure | None


Turn: TypeAlias = Asked | Answered
TURN: Final = Kind[Turn](name="turn at the door", states=(Asked, Answered))


@final
class DoorService:
    """A door. ``rule_sets`` are those that count.

    ``keeper`` is the id of the doorkeeper's browser session, under which there is one turn at a time.
    """

    def __init__(
        self,
        type_: AttestationType,
        *,
        rule_sets: frozenset[str],
        verifier: VerifierService,
        store: Store,
        clock: Clock,
    ) -> None:
        self.query: Final = build_door_query(type_)
        self._type = type_
        self._rule_sets = rule_sets
        self._verifier = verifier
        self._store = store
        self._clock = clock

    async def ask(self, keeper: str) -> Asked:
        """Ask the next one; whoever was asked before is forgotten."""
        await self.forget(keeper)
        here, _ = await self._verifier.ask(self._question(keeper, cross_device=False))
        there, _ = await self._verifier.ask(self._question(keeper, cross_device=True))
        asked = Asked(here=here, there=there)
        async with self._store.transaction() as transaction:
            await transaction.put(TURN, keeper, asked, expires=self._clock.now() + SAME_DEVICE_SECONDS)
        return asked

    async def look(self, keeper: str) -> Open | Verdict | None:
        """How the turn stands; None when there is none."""
        async with self._store.transaction() as transaction:
            stored = await transaction.load(TURN, keeper)
        if stored is None:
            return None
        if isinstance(stored.value, Answered):
            return stored.value.verdict
        return await self._judged(keeper, stored.value)

    async def come_back(self, session: str, *, response_code: str, keeper: str) -> Ready | Failed:
        """The browser is back from a wallet on this device; ``Rejected`` as ``VerifierService.come_back``."""
        return await self._verifier.come_back(session, response_code=response_code, initiator=keeper)

    async def forget(self, keeper: str) -> None:
        """End the turn: nothing of it is left."""
        async with self._store.transaction() as transaction:
            turn = await transaction.take(TURN, keeper)
            await _forget_sessions(turn, transaction)

    async def _judged(self, keeper: str, asked: Asked) -> Open | Verdict:
        here, there = await self._state(asked.here), await self._state(asked.there)
        for id_, state in ((asked.here, here), (asked.there, there)):
            verdict = await self._verdict(id_, state, keeper=keeper)
            if verdict is not None:
                await self._settle(keeper, verdict)
                return verdict
        failures = (each.failure for each in (there, here) if isinstance(each, Requested) and each.failure is not None)
        return Open(
            here=here if isinstance(here, Requested) else None,
            there=there if isinstance(there, Requested) else None,
            answered=isinstance(here, AwaitingReturn),
            failure=next(failures, None),
        )

    async def _verdict(self, id_: str, state: object, *, keeper: str) -> Verdict | None:
        """What follows from how a session ended; None while it is open, whatever was sent to it."""
        match state:
            case Failed(failure=failure):
                return Verdict(reason=Reason.REFUSED, failure=failure)
            case Refused():
                return Verdict(reason=Reason.DECLINED)
            case Ready():
                return self._read(await self._verifier.collect(id_, initiator=keeper))
            case _:
                return None

    def _read(self, answer: AcceptedAnswer) -> Verdict:
        (presented,) = (each for presentations in answer.presentations.values() for each in presentations)
        credential = presented.credential
        return self._of(read_record(self._type, credential.format, credential.claims))

    def _of(self, record: Claims) -> Verdict:
        if record.get(VALID) is not True:
            return Verdict(reason=Reason.NOT_MET)
        if record.get(RULE_SET) not in self._rule_sets:
            return Verdict(reason=Reason.OTHER_RULES)
        return Verdict(reason=None)

    async def _settle(self, keeper: str, verdict: Verdict) -> None:
        """Keep the verdict for a minute, and nothing of what it was made from."""
        async with self._store.transaction() as transaction:
            turn = await transaction.take(TURN, keeper)
            if isinstance(turn, Asked):
                expires = self._clock.now() + VERDICT_SECONDS
                await transaction.put(TURN, keeper, Answered(verdict=verdict), expires=expires)
                await _forget_sessions(turn, transaction)

    async def _state(self, id_: str) -> object:
        try:
            return await self._verifier.look(id_)
        except Rejected:  # its time is over
            return None

    def _question(self, keeper: str, *, cross_device: bool) -> Question:
        return Question(query=self.query, initiator=keeper, cross_device=cross_device, purpose=_PURPOSE)


async def _forget_sessions(turn: Turn | None, transaction: Transaction) -> None:
    if isinstance(turn, Asked):
        for id_ in (turn.here, turn.there):
            await transaction.take(SESSION, id_)


def build_door_query(type_: AttestationType) -> DcqlQuery:
    """Ask for the flag and the name of the rules, in either format, and for nothing else."""
    queries = tuple(_credential(type_, format_) for format_ in type_.formats)
    return DcqlQuery(
        credentials=queries, credential_sets=(CredentialSet(options=tuple((query.id,) for query in queries)),)
    )


def _credential(type_: AttestationType, format_: Format) -> CredentialQuery:
    paths = (type_.path(claim, format_) for claim in type_.claims if claim.id in (VALID, RULE_SET))
    return CredentialQuery(
        id=f"{type_.id}-{'sd-jwt' if format_ is Format.SD_JWT_VC else 'mdoc'}",
        format=str(format_),
        types=(type_.identifier(format_),),
        claims=tuple(ClaimQuery(path=path) for path in paths if path is not None),
    )
