"""What was found: a line for each thing that was looked at, well or not."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import final

from zegel.errors import ZegelError, explain
from zegel.services.doctor.topics import Topic


class State(StrEnum):
    """How a thing stands. ``DOUBTFUL`` works today, or for some; ``UNSEEN`` could not be looked at."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BROKEN = "broken"
    UNSEEN = "unseen"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. ``check`` is the rule of zegel that refuses it, where there is one."""

    topic: Topic
    subject: str
    state: State
    found: str
    clause: str
    remedy: str
    check: str | None = None


@final
class Findings:
    """Collects what is found, in the order in which it was looked at."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)

    def extend(self, others: Iterable[Finding]) -> None:
        """What another examination found, behind what was found here."""
        self._found.extend(others)

    def note(self, topic: Topic, subject: str, state: State, found: str) -> None:
        """Something that no check is about."""
        self._found.append(
            Finding(topic=topic, subject=subject, state=state, found=found, clause=topic.clause, remedy=topic.remedy)
        )

    def judge(self, topic: Topic, subject: str, well: str | None, ill: str, *, state: State = State.BROKEN) -> None:
        """``well`` where it is good, None where it is not; then it is ``ill``, and that is ``state``."""
        if well is not None:
            self.note(topic, subject, State.GOOD, well)
        else:
            self.note(topic, subject, state, ill)

    def refused(self, topic: Topic, subject: str, error: ZegelError, *, state: State = State.BROKEN) -> None:
        """Something that a check refuses: its clause and its remedy say more than the topic's."""
        explanation = explain(error)
        where = f"{explanation.field}: " if error.field else ""
        self._found.append(
            Finding(
                topic=topic,
                subject=subject,
                state=state,
                found=f"{where}{explanation.detail}",
                clause=explanation.clause,
                remedy=explanation.remedy,
                check=explanation.check,
            )
        )

    @contextmanager
    def trying(self, topic: Topic, subject: str, *, state: State = State.BROKEN) -> Iterator[None]:
        """What refuses in here is noted, and the examination goes on behind it."""
        try:
            yield
        except ZegelError as error:
            self.refused(topic, subject, error, state=state)
