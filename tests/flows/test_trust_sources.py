"""One source of trust is taken away at a time: exactly the step that needs it fails, by the check that says so."""

from pathlib import Path
from typing import Any

import pytest
from zegel_testing.wallet_world import WalletWorld, wallet_world

from zegel.adapters.revocation_files import CRL_SUFFIX
from zegel.adapters.sandbox.lists import LIST_FILES
from zegel.adapters.sandbox.revocations import PUBLISHING
from zegel.adapters.trust_files import QUALIFIED_FOLDER
from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.services.wallet.contents import Brought
from zegel.trust.lists.verify import VerifiedTrustedList

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

OFFER, LOG_IN, CREDENTIAL, REQUEST, ANSWER = "offer", "log-in", "credential", "request", "answer"
SOURCES: dict[str, tuple[str, Check]] = {
    "access": (OFFER, Check.ANCHOR),
    "access.crl": (OFFER, Check.REVOCATION_STALE),
    "access-issuing.crl": (OFFER, Check.REVOCATION_STALE),
    "log": (OFFER, Check.CERTIFICATE_TIMESTAMP),
    "registration": (OFFER, Check.ANCHOR),
    "registration.crl": (OFFER, Check.REVOCATION_STALE),
    "wallet-provider": (LOG_IN, Check.ANCHOR),
    "wallets.crl": (LOG_IN, Check.REVOCATION_STALE),
    "wallet-status.crl": (LOG_IN, Check.REVOCATION_STALE),
    "pid": (CREDENTIAL, Check.ENTITLEMENT),
    "attestations.crl": (CREDENTIAL, Check.REVOCATION_STALE),
}


LICENCE: dict[str, Any] = {"type_": "mdl", "formats": ["mso_mdoc"]}
DIPLOMA: dict[str, Any] = {"type_": "diploma", "formats": ["dc+sd-jwt"]}
OF_ANOTHER: dict[str, tuple[dict[str, Any], str, Check]] = {
    "attestation": (LICENCE, CREDENTIAL, Check.ENTITLEMENT),
    QUALIFIED_FOLDER: (DIPLOMA, CREDENTIAL, Check.ENTITLEMENT),
}
"""A PID needs no list of those who provide other attestations, be it in JSON or in XML."""


async def tell(world: WalletWorld, **offered: Any) -> tuple[str, str] | None:
    """The story until it fails: the step, and the check; None where it comes to its end. A warning is a failure."""
    step = OFFER
    try:
        offer = await world.offer(**offered)
        receiving = world.wallet.receiving
        flow = await receiving.review(offer["link"], brought=Brought.LINK)
        if world.warned(flow):
            return step, world.warned(flow)[0]
        step = LOG_IN
        url = await receiving.log_in(flow, redirect_uri=world.callback, browser="browser", despite=[])
        step = CREDENTIAL
        await receiving.come_back(await world.log_in(url), browsers=["browser"])
        await receiving.keep(flow)
        step = REQUEST
        flow, session = await world.asked()
        if world.warned(flow):
            return step, world.warned(flow)[0]
        step = ANSWER
        finished = await world.accept(flow)
        assert finished.redirect_uri is not None
        await world.browser().open(finished.redirect_uri)
        assert (await world.result(session))["state"] == "accepted"
    except (Rejected, Denied) as error:
        return step, _said(error)
    return None


def _said(error: Rejected | Denied) -> str:
    """The check that refused: the wallet's own, or the one that the other side has named."""
    return error.check.id if not error.said else error.said.partition(":")[0].partition(" at ")[0]


async def test_with_every_source_the_story_comes_to_its_end(tmp_path: Path) -> None:
    async with wallet_world(tmp_path) as world:
        assert await tell(world) is None


def test_every_list_every_authority_that_revokes_and_the_log_are_taken_away() -> None:
    lists = {each.purpose for each in LIST_FILES}
    others = {name + CRL_SUFFIX for name in PUBLISHING} | {"log", QUALIFIED_FOLDER}
    assert SOURCES.keys() | OF_ANOTHER.keys() == lists | others


@pytest.mark.parametrize("source", OF_ANOTHER)
async def test_without_a_source_another_attestation_is_refused_where_a_pid_is_not(tmp_path: Path, source: str) -> None:
    offered, step, check = OF_ANOTHER[source]
    async with wallet_world(tmp_path, without=source) as world:
        assert (await tell(world), await tell(world, **offered)) == (None, (step, check.id))


async def test_with_every_source_each_of_these_attestations_arrives(tmp_path: Path) -> None:
    async with wallet_world(tmp_path) as world:
        assert [len(await world.receive(**offered)) for offered, *_ in OF_ANOTHER.values()] == [1, 1]


@pytest.mark.parametrize("source", SOURCES)
async def test_without_a_source_exactly_the_step_that_needs_it_fails(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, check = SOURCES[source]
    if source == "log":
        monkeypatch.setattr(VerifiedTrustedList, "logs", lambda _self: ())
    async with wallet_world(tmp_path, without=source) as world:
        assert await tell(world) == (step, check.id)
