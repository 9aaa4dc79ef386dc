"""The register's refusals: a move by the wrong person or at the wrong time, and a log that was tampered with."""

from collections.abc import Callable

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.register import LIBRARIAN, OFFICER, STRANGER, applied, party, registered

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.trust.register.changes import Change, LogHead, check_kept, registration_digest
from zegel.trust.register.states import Actor, Deed, Duty

FIRST = Change(
    sequence=1, at=NOW, deed=Deed.APPLIED, identifier="NTRUT-1", by="a", digest=bytes(32), previous=LogHead().hash
)
SECOND = Change(
    sequence=2, at=NOW, deed=Deed.REJECTED, identifier="NTRUT-1", by="b", digest=bytes(32), previous=FIRST.hash
)


def decide(by: Actor) -> object:
    return applied().reject(by=by, now=NOW, reason="not the library")


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.FOUR_EYES, lambda: decide(Actor(subject=LIBRARIAN.subject, duty=Duty.OFFICER))),
    (Check.REGISTER_DUTY, lambda: decide(LIBRARIAN)),
    (Check.REGISTER_DUTY, lambda: registered().change(party(), by=STRANGER, now=NOW)),
    (Check.REGISTER_MOVE, lambda: registered().reject(by=OFFICER, now=NOW, reason="too late")),
    (Check.REGISTER_LOG, lambda: LogHead().follow(SECOND)),
    (Check.REGISTER_LOG, lambda: check_kept(LogHead().follow(FIRST), LogHead().follow(FIRST).follow(SECOND))),
)


@pytest.mark.parametrize(
    ("check", "mutation"), REFUSALS, ids=[f"{at}-{check.id}" for at, (check, _) in enumerate(REFUSALS)]
)
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        mutation()
    assert refusal.value.check is check


def test_without_a_mutation_nothing_is_refused() -> None:
    assert decide(OFFICER)
    assert registered().change(party(), by=LIBRARIAN, now=NOW)
    assert check_kept(LogHead().follow(FIRST).follow(SECOND), LogHead(size=2, hash=SECOND.hash))
    assert registration_digest(applied())
