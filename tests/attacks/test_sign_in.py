"""Attacks on a code of the sign-in provider, by whoever holds one that was somebody else's; and on PKCE there."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from zegel_testing.browser import link_of, text_of
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.sign_in_world import SignInWorld, another_client, sign_in_world

from zegel.checks import Check
from zegel.protocols.oauth.pkce import code_challenge

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

VERIFIER, OTHER_VERIFIER = "v" * 43, "w" * 43
BACK = "https://library.utopia.example/back"


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SignInWorld]:
    config = sandbox_at(tmp_path / "sandbox")
    clients = (*config.provider.clients, another_client(), another_client(id="archive", redirect_uris=(BACK,)))
    config = replace(config, provider=replace(config.provider, clients=clients))
    async with sign_in_world(config, database=tmp_path / "provider.db") as opened:
        monkeypatch.setattr("time.time", lambda: float(opened.clock.now()))  # Authlib reads the clock itself
        yield opened


def authorization(world: SignInWorld, **changes: str | None) -> str:
    """The address to which the library sends a browser."""
    request = {"response_type": "code", "client_id": "library", "redirect_uri": BACK, "scope": "openid profile"}
    request |= {"code_challenge": code_challenge(VERIFIER), "code_challenge_method": "S256", "state": "mine"}
    named = {name: value for name, value in (request | changes).items() if value is not None}
    return f"{world.provider}/authorize?{urlencode(named)}"


async def code_for(world: SignInWorld) -> str:
    """A code on its way to the library."""
    browser = world.browser()
    page = await browser.open(authorization(world))
    back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    return re.search(r"[?&]code=([\w-]+)", (await browser.get(back)).header("location"))[1]


async def redeem(world: SignInWorld, code: str, **changes: str | None) -> tuple[int, dict[str, str]]:
    """Exchange a code as the library does, with changes."""
    form = {"grant_type": "authorization_code", "code": code, "client_id": "library", "redirect_uri": BACK}
    form |= {"code_verifier": VERIFIER} | changes
    named = {name: value for name, value in form.items() if value is not None}
    answer = await world.browser().post(f"{world.provider}/token", named, page=world.service)
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"code_verifier": OTHER_VERIFIER}, Check.PKCE),
        ({"code_verifier": code_challenge(VERIFIER)}, Check.PKCE),
        ({"client_id": "archive"}, Check.SIGN_IN_CODE),
        ({"redirect_uri": BACK + "/"}, Check.SIGN_IN_CODE),
    ],
    ids=["another session's verifier", "the challenge for a verifier", "another service", "another address"],
)
@pytest.mark.refuses(Check.PKCE)
@pytest.mark.refuses(Check.SIGN_IN_CODE)
async def test_a_sign_in_code_that_is_injected_elsewhere_gives_no_token(
    world: SignInWorld, changes: dict[str, str], check: Check
) -> None:
    code = await code_for(world)
    status, said = await redeem(world, code, **changes)
    assert (status, said["error"], said["check"]) == (400, "invalid_grant", check.id)
    assert (await redeem(world, code))[0] == 200


async def test_a_sign_in_code_of_the_attackers_is_not_taken_by_the_victims_browser(world: SignInWorld) -> None:
    """Log-in CSRF at Tax online, whose library compares its own state: the victim stays who the victim is."""
    attacker, victim = world.browser(), world.browser()
    page = await attacker.open(f"{world.service}/sign-in")
    back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    planted = (await attacker.get(back)).header("location")
    page = await victim.open(f"{world.service}/sign-in")
    assert "begun in another browser" in text_of(await victim.open(planted))
    assert (await victim.get(f"{world.service}/profile")).status == 303
    page = await victim.open(f"{world.service}/sign-in")
    back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    assert "You are signed in" in text_of(await victim.open(back))


async def test_a_mix_up_of_two_providers_redeems_nothing(world: SignInWorld) -> None:
    """RFC 9207: an answer that says that it comes from elsewhere; the code in it is left alone, and good."""
    browser = world.browser()
    page = await browser.open(f"{world.service}/sign-in")
    back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    location = (await browser.get(back)).header("location")
    address, _, query = location.partition("?")
    said = dict(parse_qsl(query))
    assert said["iss"] == world.provider
    mixed = f"{address}?{urlencode(said | {'iss': 'https://login.evil.example'})}"
    asked = len(browser.sent)
    refused = await browser.open(mixed)
    assert "You are signed in" not in text_of(refused)
    assert {urlsplit(request.url).path for request in browser.sent[asked:]} == {"/callback"}
    page = await browser.open(f"{world.service}/sign-in")
    back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    assert "You are signed in" in text_of(await browser.open(back))


@pytest.mark.parametrize(
    "changes",
    [{"code_challenge_method": "plain"}, {"code_challenge_method": None}, {"code_challenge": None}],
    ids=["plain", "no method, which means plain", "no challenge"],
)
@pytest.mark.refuses(Check.PKCE)
async def test_pkce_is_not_downgraded_at_the_provider(world: SignInWorld, changes: dict[str, str | None]) -> None:
    """The service is told, and no wallet is asked."""
    answer = await world.browser().get(authorization(world, **changes))
    said = dict(parse_qsl(urlsplit(answer.header("location")).query))
    assert (said["error"], said["state"]) == ("invalid_request", "mine")
    assert said["error_description"].startswith(Check.PKCE.id)
    assert (await redeem(world, await code_for(world)))[0] == 200


@pytest.mark.parametrize("verifier", [None, ""])
@pytest.mark.refuses(Check.PKCE)
async def test_pkce_is_not_downgraded_where_a_sign_in_code_is_redeemed(
    world: SignInWorld, verifier: str | None
) -> None:
    code = await code_for(world)
    status, said = await redeem(world, code, code_verifier=verifier)
    assert (status, said["check"]) == (400, Check.PKCE.id)
    assert (await redeem(world, code))[0] == 200
