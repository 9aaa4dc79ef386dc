"""The authorization server's transactions: what a refusal leaves as it was, and what a replay takes away."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.issuing_world import IssuingWorld, TestWallet, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.checks import Check
from zegel.errors import Denied
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.lifetimes import ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS
from zegel.protocols.openid4vci.wallet.authorization import return_from_browser
from zegel.protocols.openid4vci.wallet.issuance import ProofPause, refresh_step
from zegel.services.authorization import ACCESS, AuthorizationService
from zegel.services.trust import Trust

pytestmark = pytest.mark.anyio
PID = (GrantedCredential(configuration="pid-mdoc", datasets=("pid-mdoc",), detailed=False),)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as opened:
        yield opened


@pytest.fixture
def service(world: IssuingWorld) -> AuthorizationService:
    return world.site.authorization


async def pushed(wallet: TestWallet) -> tuple[Any, dict[str, str]]:
    """A pushed request: the wallet's pause, and what its browser brings."""
    pause = await wallet.push(await wallet.world.offer("pid", formats=["mso_mdoc"]))
    return pause, replace(wallet.world.seen[-1][0], url=pause.url).query()


async def with_code(wallet: TestWallet) -> tuple[Any, str]:
    """A request that was approved by Erika, without a browser: the pause, and the address with the code."""
    pause, parameters = await pushed(wallet)
    service = wallet.world.site.authorization
    response = await service.approve(await service.read(parameters), subject="erika", credentials=PID)
    return pause, response.header("location") or ""


@pytest.mark.slow
async def test_a_request_is_decided_once_whoever_decides(world: IssuingWorld, service: AuthorizationService) -> None:
    _, parameters = await pushed(world.wallet())
    pending = await service.read(parameters)
    await service.approve(pending, subject="erika", credentials=PID)
    for decide in (service.approve(pending, subject="max", credentials=PID), service.refuse(pending)):
        with pytest.raises(Denied) as refusal:
            await decide
        assert refusal.value.check is Check.PUSHED_REQUEST


@pytest.mark.slow
async def test_a_code_stands_for_what_was_approved_and_no_more(world: IssuingWorld) -> None:
    wallet = world.wallet()
    pause = await wallet.push(await world.offer("pid"))
    service = world.site.authorization
    pending = await service.read(replace(world.seen[-1][0], url=pause.url).query())
    assert [each.configuration for each in pending.pushed.credentials] == ["pid-sd-jwt", "pid-mdoc"]
    response = await service.approve(pending, subject="erika", credentials=PID)
    now = world.clock.now()
    await wallet.drive(return_from_browser(pause, response.header("location") or "", now=now, random=system_random))
    (answer,) = world.answers("/token")
    assert json.loads(answer.body)["scope"] == "pid-mdoc"


@pytest.mark.slow
async def test_a_refusal_claims_neither_the_proofs_nor_the_code(world: IssuingWorld) -> None:
    """The claim of the proofs and the use of the code are one transaction: neither happens without the other."""
    wallet = world.wallet()
    pause, back = await with_code(wallet)
    good = return_from_browser(pause, back, now=world.clock.now(), random=system_random).request
    refused = await world.send(replace(good, body=good.body.replace(b"code=", b"code=x")))
    assert json.loads(refused.body)["check"] == "grant"
    assert (await world.send(good)).status == 200


@pytest.mark.slow
async def test_of_two_who_redeem_at_once_one_gets_tokens_and_loses_them(world: IssuingWorld) -> None:
    wallet = world.wallet()
    pause, back = await with_code(wallet)
    results = await asyncio.gather(wallet.come_back(pause, back), wallet.come_back(pause, back), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Denied", "ProofPause"]
    (won,) = [result for result in results if isinstance(result, ProofPause)]
    with pytest.raises(Denied):
        await wallet.finish(won)


@pytest.mark.slow
async def test_a_revoked_grant_gives_no_more_tokens(world: IssuingWorld) -> None:
    wallet = world.wallet()
    pause, back = await with_code(wallet)
    proofs = await wallet.come_back(pause, back)
    with pytest.raises(Denied):
        await wallet.come_back(pause, back)
    with pytest.raises(Denied) as refusal:
        await wallet.drive(refresh_step(proofs.session, now=world.clock.now(), random=system_random))
    assert refusal.value.code == "invalid_grant"


@pytest.mark.slow
async def test_a_refresh_token_stays_as_it_is_and_lives_a_year(world: IssuingWorld) -> None:
    wallet = world.wallet()
    pause, back = await with_code(wallet)
    proofs = await wallet.come_back(pause, back)
    tokens = set()
    for _ in range(3):
        now = world.clock.now()
        proofs = await wallet.drive(refresh_step(proofs.session, now=now, random=system_random))
        tokens.add(proofs.session.tokens.access_token)
        assert "refresh_token" not in json.loads(world.answers("/token")[-1].body)
    assert len(tokens) == 3
    world.clock.advance(REFRESH_TOKEN_SECONDS)
    answer = await world.send(refresh_step(proofs.session, now=world.clock.now(), random=system_random).request)
    assert answer.status >= 400


@pytest.mark.slow
async def test_tokens_stand_in_the_database_by_their_hashes_and_go_with_their_time(
    world: IssuingWorld, service: AuthorizationService
) -> None:
    wallet = world.wallet()
    pause, back = await with_code(wallet)
    proofs = await wallet.come_back(pause, back)
    token = proofs.session.tokens.access_token
    async with service._store.transaction() as transaction:
        assert await transaction.load(ACCESS, token) is not None
    world.clock.advance(ACCESS_TOKEN_SECONDS)
    async with service._store.transaction() as transaction:
        assert await transaction.load(ACCESS, token) is None


@pytest.mark.slow
@pytest.mark.requirement("ISSU_19")
@pytest.mark.requirement("ISSU_30a")
async def test_a_wallet_provider_that_leaves_the_list_is_believed_no_longer(world: IssuingWorld) -> None:
    """The anchors are those of the moment, not those of the start."""
    service = world.site.authorization
    assert (await world.wallet().push(await world.offer("pid"))).url
    service._trust = Trust((), fixed=(), clock=world.clock)
    with pytest.raises(Denied) as refusal:
        await world.wallet().push(await world.offer("pid"))
    assert refusal.value.code == "invalid_client_attestation"
    assert json.loads(world.answers("/par")[-1].body)["check"] == "anchor"
