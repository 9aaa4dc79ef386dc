"""The lines of the walk: a step is well when a role did what it should, and a refusal when the right check refused."""

import logging

import pytest

from zegel.adapters.logs import Event
from zegel.checks import Check
from zegel.cli.walk.story import HOPS, Listening, Step, Story


@pytest.fixture
def told() -> list[Step]:
    return []


@pytest.fixture
def story(told: list[Step]) -> Story:
    return Story(told.append)


def heard(route: str, *, role: str = "issuer", status: int = 200, check: Check | None = None) -> Event:
    return Event(name="request", role=role, route=route, status=status, ms=7, check=check)


def test_a_hop_is_told_as_its_role_logged_it(story: Story, told: list[Step]) -> None:
    story.hear(heard("POST /par", status=201))
    story.hear(heard("GET /static/{name}"))
    story.hear(heard("POST /token", status=500))
    assert [step.members() for step in told] == [
        {"step": "PAR", "ok": True, "ms": 7},
        {"step": "token", "ok": False, "ms": 7},
    ]
    assert not story.went_well


def test_a_refusal_that_nobody_expects_fails_the_walk(story: Story, told: list[Step]) -> None:
    story.hear(heard("POST /credential", status=400, check=Check.PROOF_NONCE))
    story.hear(heard("GET /unheard-of", status=400, check=Check.HOST))
    assert [(step.name, step.ok, step.check) for step in told] == [
        ("issuance", False, Check.PROOF_NONCE.id),
        ("issuer GET /unheard-of", False, Check.HOST.id),
    ]


@pytest.mark.parametrize("check", [Check.DPOP_NONCE, Check.ATTESTATION_CHALLENGE])
def test_a_nonce_that_is_handed_out_is_no_refusal(story: Story, told: list[Step], check: Check) -> None:
    story.hear(heard("POST /par", status=400, check=check))
    assert told == []


def test_an_expected_refusal_is_one_line_however_many_repeat_it(story: Story, told: list[Step]) -> None:
    with story.refusal("refused", Check.STATUS):
        story.hear(heard("POST /response/{session}", role="provider", status=400, check=Check.STATUS))
        story.hear(heard("POST /present/{flow}", role="wallet", status=400, check=Check.ANSWER_DELIVERY))
    assert [step.members() for step in told] == [{"step": "refused", "ok": True, "ms": 7, "check": "status"}]


def test_a_refusal_by_another_check_is_not_the_expected_one(story: Story, told: list[Step]) -> None:
    with story.refusal("refused", Check.STATUS):
        story.hear(heard("POST /response/{session}", role="provider", status=400, check=Check.NONCE))
    assert [(step.ok, step.check) for step in told] == [(False, "nonce")]


def test_a_refusal_that_does_not_come_fails_the_walk(story: Story, told: list[Step]) -> None:
    with story.refusal("refused", Check.STATUS):
        story.hear(heard("POST /response/{session}", role="provider"))
    assert [(step.name, step.ok) for step in told] == [("response", True), ("refused", False)]


def test_a_batch_is_told_when_the_wallet_shows_it(story: Story, told: list[Step]) -> None:
    story.hear(heard("POST /credential"))
    assert told == []
    story.add_issuance(format_name="mdoc", copies=10, expected=10)
    story.add_issuance(format_name="mdoc", copies=10, expected=10)
    story.hear(heard("POST /credential"))
    story.add_issuance(format_name="SD-JWT VC", copies=9, expected=10)
    assert [(step.name, step.ok, step.ms) for step in told] == [
        ("issuance of mdoc, batch of 10", True, 7),
        ("issuance of mdoc, batch of 10", False, 0),  # of which the issuer knows nothing
        ("issuance of SD-JWT VC, batch of 9", False, 0),
    ]


def test_what_roles_log_is_heard_and_nothing_else(story: Story, told: list[Step]) -> None:
    listening = Listening(story)
    for event in (heard("POST /par"), Event(name="timer", role="issuer"), None):
        record = logging.LogRecord("zegel", logging.INFO, "", 0, "", (), None)
        record.event = event
        listening.emit(record)
    assert [step.name for step in told] == ["PAR"]


def test_every_hop_is_a_route_of_a_role() -> None:
    """A route that is renamed would fall silent."""
    routes = {(role, f"{route.method} {route.path}") for role, found in routes_by_role().items() for route in found}
    assert set(HOPS) <= routes


def routes_by_role() -> dict[str, tuple]:
    from zegel.web import (
        access_authority,
        access_operator,
        challenges,
        door,
        issuer,
        issuer_log_in,
        issuer_operator,
        issuer_pages,
        log,
        provider,
        registrar_operator,
        trust,
        verifier,
        wallet,
        wallet_provider,
    )

    return {
        "trust": trust.ROUTES,
        "door": door.ROUTES,
        "issuer": (*issuer.WALLET_ROUTES, *issuer_log_in.ROUTES, *issuer_pages.ROUTES),
        "issuer operator": issuer_operator.ROUTES,
        "wallet-provider": wallet_provider.ROUTES,
        "wallet-provider operator": wallet_provider.OPERATOR_ROUTES,
        "registrar operator": registrar_operator.OPERATOR_ROUTES,
        "access-authority": access_authority.ROUTES,
        "access-authority operator": access_operator.OPERATOR_ROUTES,
        "transparency-log": log.ROUTES,
        "verifier": (*verifier.ROUTES, *challenges.challenge_routes(lambda _: None)),
        "provider": provider.ROUTES,
        "wallet": wallet.ROUTES,
    }
