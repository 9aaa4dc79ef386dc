"""A registration's life: who may do what when, and what is left of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.register import (
    LIBRARIAN,
    OFFICER,
    PARTY,
    PROVIDER,
    REGISTRY,
    STRANGER,
    TODAY,
    applied,
    party,
    registered,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.json import encode_json
from zegel.trust.register.parse import parse_wallet_relying_party
from zegel.trust.register.states import MAX_REASON, Actor, Duty, Registration, Standing, apply

PID_PROVIDER = PROVIDER | {"entitlements": ["https://uri.etsi.org/19475/Entitlement/PID_Provider"]}
LATER = NOW + 100
TOMORROW = "2026-03-02"
BOTH = Actor(subject=LIBRARIAN.subject, duty=Duty.OFFICER)


def approved(registration: Registration, *, by: Actor = OFFICER, seed: str = "first") -> Registration:
    return registration.approve(by=by, now=LATER, today=TOMORROW, registry=REGISTRY, random=fixed_random(seed))


def suspended() -> Registration:
    return registered().suspend(by=OFFICER, now=NOW, reason="it is looked into")


def cancelled() -> Registration:
    return registered().cancel(by=LIBRARIAN, now=NOW, reason="we close")


def asked_for_by(subject: str) -> Registration:
    """The librarian's, with a proposal of another person."""
    waiting = applied()
    assert waiting.proposal is not None
    return replace(waiting, proposal=replace(waiting.proposal, by=subject))


def rejected() -> Registration:
    return applied().reject(by=OFFICER, now=NOW, reason="not the library")


def test_what_is_applied_for_is_public_when_another_person_has_approved() -> None:
    waiting = applied()
    assert (waiting.standing, waiting.public) == (Standing.APPLIED, None)
    done = registered()
    assert done.standing is Standing.REGISTERED
    assert done.proposal is None
    assert done.public is not None
    assert done.public.registry == REGISTRY
    assert done.public.intended_uses[0].created == TODAY
    assert len(done.public.intended_uses[0].identifier or "") == 16


@pytest.mark.requirement("Reg_07")
def test_a_change_waits_while_what_is_registered_stays_reg_07() -> None:
    changed = registered().change(party(tradeName="The Library"), by=LIBRARIAN, now=LATER)
    assert changed.public == registered().public
    after = approved(changed)
    assert after.public is not None
    assert after.public.trade_name == "The Library"


def test_a_known_use_keeps_its_identifier_and_day_and_one_left_out_has_ended() -> None:
    (old,) = (registered().party or party()).intended_uses
    kept = PARTY["intendedUse"][0] | {"intendedUseIdentifier": old.identifier, "createdAt": "2020-01-01"}
    new = PARTY["intendedUse"][0] | {"intendedUseIdentifier": "chosen by the party"}
    after = approved(registered().change(party(intendedUse=[kept, new]), by=LIBRARIAN, now=LATER))
    assert after.party is not None
    first, second = after.party.intended_uses
    assert (first.identifier, first.created) == (old.identifier, TODAY)
    assert (second.created, second.revoked) == (TOMORROW, None)
    assert second.identifier != "chosen by the party"
    final = approved(after.change(party(), by=LIBRARIAN, now=LATER), seed="second")
    assert final.party is not None
    assert [use.revoked for use in final.party.intended_uses] == [None, TOMORROW, TOMORROW]
    again = approved(final.change(party(), by=LIBRARIAN, now=LATER), seed="third")
    assert again.party is not None
    assert [use.revoked for use in again.party.intended_uses] == [None, TOMORROW, TOMORROW, TOMORROW]


def test_a_refusal_says_why_and_leaves_what_was_registered() -> None:
    assert (rejected().standing, rejected().reason) == (Standing.REJECTED, "not the library")
    kept = registered().change(party(), by=LIBRARIAN, now=NOW).reject(by=OFFICER, now=NOW, reason="no")
    assert kept.standing is Standing.REGISTERED
    assert rejected().change(party(), by=LIBRARIAN, now=NOW).standing is Standing.APPLIED


@pytest.mark.parametrize("length", [1, MAX_REASON])
def test_a_reason_has_one_character_at_least(length: int) -> None:
    assert registered().suspend(by=OFFICER, now=NOW, reason="x" * length).reason == "x" * length


@pytest.mark.requirement("Reg_20a")
@pytest.mark.requirement("Reg_22a")
@pytest.mark.parametrize("members", [PARTY, PROVIDER, PID_PROVIDER], ids=["who asks", "who attests", "of PIDs"])
def test_who_is_suspended_or_cancelled_is_not_given_out_reg_20a_reg_22a(members: dict[str, Any]) -> None:
    known = approved(apply(parse_wallet_relying_party(encode_json(members)), None, by=LIBRARIAN, now=NOW))
    assert known.public is not None
    held_up = known.suspend(by=OFFICER, now=LATER, reason="it is looked into")
    assert (held_up.standing, held_up.public) == (Standing.SUSPENDED, None)
    assert held_up.resume(by=OFFICER, now=LATER).public == known.public
    for by, reason in ((LIBRARIAN, "we close"), (OFFICER, "the authority asked")):
        ended = known.cancel(by=by, now=LATER, reason=reason)
        assert (ended.standing, ended.public) == (Standing.CANCELLED, None)


def test_what_was_refused_or_cancelled_is_applied_for_anew() -> None:
    for before in (rejected(), cancelled()):
        assert apply(party(), before, by=STRANGER, now=LATER).owner == STRANGER.subject


@pytest.mark.parametrize(
    "move",
    [
        lambda: approved(applied(), by=BOTH),
        lambda: applied().reject(by=BOTH, now=NOW, reason="no"),
        lambda: approved(replace(applied(), owner="another"), by=BOTH),
        lambda: approved(asked_for_by("another"), by=BOTH),
        lambda: suspended().resume(by=BOTH, now=NOW),
        lambda: registered().renew(by=BOTH),
    ],
)
def test_nobody_decides_on_what_the_same_person_asked_for(move: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        move()
    assert refusal.value.check is Check.FOUR_EYES


@pytest.mark.parametrize(
    "move",
    [
        lambda: apply(party(), None, by=OFFICER, now=NOW),
        lambda: registered().change(party(), by=STRANGER, now=NOW),
        lambda: registered().change(party(), by=OFFICER, now=NOW),
        lambda: registered().change(party(), by=BOTH, now=NOW),
        lambda: approved(applied(), by=STRANGER),
        lambda: applied().reject(by=LIBRARIAN, now=NOW, reason="no"),
        lambda: registered().suspend(by=LIBRARIAN, now=NOW, reason="no"),
        lambda: suspended().resume(by=LIBRARIAN, now=NOW),
        lambda: registered().renew(by=LIBRARIAN),
        lambda: registered().cancel(by=STRANGER, now=NOW, reason="no"),
    ],
)
def test_the_duties_are_separated(move: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        move()
    assert refusal.value.check is Check.REGISTER_DUTY


@pytest.mark.parametrize(
    "move",
    [
        lambda: apply(party(), applied(), by=STRANGER, now=NOW),
        lambda: apply(party(), registered(), by=LIBRARIAN, now=NOW),
        lambda: apply(party(), suspended(), by=LIBRARIAN, now=NOW),
        lambda: approved(registered()),
        lambda: approved(suspended().change(party(), by=LIBRARIAN, now=NOW)),
        lambda: registered().reject(by=OFFICER, now=NOW, reason="no"),
        lambda: applied().suspend(by=OFFICER, now=NOW, reason="no"),
        lambda: suspended().suspend(by=OFFICER, now=NOW, reason="no"),
        lambda: registered().resume(by=OFFICER, now=NOW),
        lambda: cancelled().change(party(), by=LIBRARIAN, now=NOW),
        lambda: cancelled().cancel(by=OFFICER, now=NOW, reason="no"),
        lambda: registered().change(
            party(identifier=[{"identifier": "NTRUT-2", "type": "urn:a"}]), by=LIBRARIAN, now=NOW
        ),
        lambda: registered().suspend(by=OFFICER, now=NOW, reason=""),
        lambda: registered().suspend(by=OFFICER, now=NOW, reason="x" * (MAX_REASON + 1)),
    ],
)
def test_no_other_move_is_there(move: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        move()
    assert refusal.value.check is Check.REGISTER_MOVE
