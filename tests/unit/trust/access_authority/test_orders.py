"""An order: each move from the state that has it, and from no other."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from zegel_testing.access_requests import (
    HOST,
    ISSUING,
    KEY,
    access_certificate,
    issued,
    ordered,
    proven,
)
from zegel_testing.authorities import NOW, fixed_key

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.trust.access_authority.orders import (
    CHALLENGE_PATH,
    MAX_REASON,
    ORDER_SECONDS,
    AccessOrder,
    Standing,
)

CHAIN = (access_certificate(), ISSUING.certificate)


def answers(order: AccessOrder) -> dict[str, bytes]:
    return {each.host: each.content.encode() for each in order.challenges}


MOVES: dict[str, Callable[[AccessOrder], AccessOrder]] = {
    "prove": lambda order: order.prove(answers(order), now=NOW),
    "issue": lambda order: order.issue(CHAIN, now=NOW),
    "revoke": lambda order: order.revoke(now=NOW, reason="because"),
}
STATES: dict[Standing, tuple[Callable[[], AccessOrder], str | None]] = {
    Standing.ORDERED: (ordered, "prove"),
    Standing.PROVEN: (proven, "issue"),
    Standing.ISSUED: (issued, "revoke"),
    Standing.REVOKED: (lambda: issued().revoke(now=NOW, reason="because"), None),
    Standing.EXPIRED: (lambda: replace(ordered(), standing=Standing.EXPIRED), None),
}


def test_an_order_has_a_token_of_its_own_for_each_host_bound_to_the_key() -> None:
    (challenge,) = ordered().challenges
    token, _, thumbprint = challenge.content.partition(".")
    assert challenge.url == f"https://{HOST}{CHALLENGE_PATH}{token}"
    assert len(token) == 43
    assert thumbprint == base64url(KEY.public_key.thumbprint())
    assert ordered().until == NOW + ORDER_SECONDS


@pytest.mark.parametrize("standing", list(Standing))
@pytest.mark.parametrize("move", MOVES)
def test_a_move_is_made_from_its_state_alone(standing: Standing, move: str) -> None:
    made, legal = STATES[standing]
    order = made()
    assert order.standing is standing
    if move == legal:
        assert MOVES[move](order).standing is not standing
    else:
        with pytest.raises(Rejected) as refusal:
            MOVES[move](order)
        assert refusal.value.check is Check.ACCESS_ORDER


@pytest.mark.parametrize("made", [ordered, proven, issued])
def test_what_is_over_is_expired_at_its_second(made: Callable[[], AccessOrder]) -> None:
    order = made()
    assert order.at(order.until - 1) is order
    assert order.at(order.until).standing is Standing.EXPIRED


def test_what_was_revoked_stays_so() -> None:
    order = issued().revoke(now=NOW + 7, reason="the key was lost")
    assert order.at(order.until + 1) is order
    assert (order.reason, order.since) == ("the key was lost", NOW + 7)
    assert issued().revoke(now=NOW, reason="?").reason == "?"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: content.partition(b".")[0],
        lambda content: (
            content.partition(b".")[0] + b"." + base64url(fixed_key("thief").public_key.thumbprint()).encode()
        ),
    ],
)
def test_another_answer_than_token_and_thumbprint_proves_nothing(wrong: Callable[[bytes], bytes]) -> None:
    order = ordered()
    (challenge,) = order.challenges
    with pytest.raises(Rejected) as refusal:
        order.prove({HOST: wrong(challenge.content.encode())}, now=NOW)
    assert (refusal.value.check, refusal.value.field) == (Check.HOST_CONTROL, challenge.url)


def test_a_host_that_is_silent_proves_nothing_and_white_space_at_the_end_is_passed_over() -> None:
    order = ordered()
    with pytest.raises(Rejected):
        order.prove({}, now=NOW)
    assert order.prove({HOST: answers(order)[HOST] + b"\r\n"}, now=NOW).standing is Standing.PROVEN


def test_a_token_proves_nothing_after_its_time() -> None:
    order = ordered()
    with pytest.raises(Rejected) as refusal:
        order.prove(answers(order), now=order.until)
    assert refusal.value.check is Check.ACCESS_ORDER


def test_an_issued_order_ends_with_its_certificate_and_says_who_issued() -> None:
    order = issued()
    assert order.until == order.certificate.not_after + 1
    assert order.issuer == (ISSUING.certificate.key_id or b"").hex()
    assert (order.hosts, order.challenges) == ((HOST,), ()), "a token that was answered is kept no longer"


def test_the_certificate_of_another_key_is_not_what_was_ordered() -> None:
    other = replace(proven(), key=fixed_key("another").public_key)
    with pytest.raises(Rejected, match="key that was ordered for"):
        other.issue(CHAIN, now=NOW)


def test_before_it_is_issued_there_is_no_certificate() -> None:
    with pytest.raises(Rejected) as refusal:
        _ = proven().certificate
    assert refusal.value.check is Check.ACCESS_ORDER


@pytest.mark.parametrize("reason", ["", "x" * (MAX_REASON + 1)])
def test_a_revocation_has_a_reason_that_can_be_read(reason: str) -> None:
    with pytest.raises(Rejected) as refusal:
        issued().revoke(now=NOW, reason=reason)
    assert refusal.value.field == "reason"


@pytest.mark.parametrize("standing", list(Standing))
def test_an_order_is_open_until_it_is_issued_or_over(standing: Standing) -> None:
    order = STATES[standing][0]()
    if standing in (Standing.ORDERED, Standing.PROVEN):
        assert order.check_open() is order
    else:
        with pytest.raises(Rejected) as refusal:
            order.check_open()
        assert refusal.value.check is Check.ACCESS_ORDER
