"""Attacks on authorization codes and on what leads to them, against the issuer as it is run and a wallet's engine.

In each, somebody honest is under way, and arrives afterwards.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from zegel_testing.attacks import EVIL, EvilServer, check_on, last, refusal
from zegel_testing.issuance import with_form
from zegel_testing.issuing_world import IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.protocols.oauth.lifetimes import REQUEST_URI_SECONDS
from zegel.protocols.oauth.pkce import code_challenge
from zegel.protocols.openid4vci.wallet.issuance import Done

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def haip(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as world:
        yield world


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path, profile="plain")) as world:
        yield world


def code_of(url: str) -> str:
    """The code in the address that a browser ends at."""
    return dict(parse_qsl(urlsplit(url).query))["code"]


# --- mix-up -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("says_issuer", [True, False])
@pytest.mark.refuses(Check.AUTHORIZATION_RESPONSE)
async def test_a_mix_up_of_two_servers_sends_no_code_to_the_wrong_one(plain: IssuingWorld, says_issuer: bool) -> None:
    """RFC 9700 section 4.4: the person logs in at the honest server, and the wallet believes to be at the other."""
    evil = EvilServer(plain, honest=("authorization_endpoint",))
    plain.handlers[EVIL] = evil.handle
    wallet = plain.wallet()
    pause = await wallet.push(await evil.offer())
    assert pause.url.startswith(plain.issuer), "the page is the honest server's"
    if not says_issuer:
        server = replace(pause.session.server, says_issuer=False)
        pause = replace(pause, session=replace(pause.session, server=server))
    back = await wallet.log_in(pause.url)
    assert code_of(back)
    with pytest.raises(Rejected) as caught:
        await wallet.come_back(pause, back)
    assert (caught.value.check, caught.value.field) == (Check.AUTHORIZATION_RESPONSE, "iss")
    assert evil.paths() == ["/par"], "the code went nowhere"
    assert (await plain.wallet().receive(await plain.offer())).received


# --- code injection ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("profile", "check"), [("haip", Check.GRANT), ("plain", Check.DPOP_BINDING)])
@pytest.mark.refuses(Check.GRANT)
@pytest.mark.refuses(Check.DPOP_BINDING)
async def test_a_stolen_code_that_is_injected_into_another_session_gives_nothing(
    tmp_path: Path, profile: str, check: Check
) -> None:
    """RFC 9700 section 4.5: a thief brings the victim's code to a session that a wallet of the thief's own began.

    An attested wallet is another instance; one that nobody attests has another key.
    """
    async with issuing_world(sandbox_at(tmp_path, profile=profile)) as world:
        victim, thief = world.wallet(), world.wallet()
        victims = await victim.push(await world.offer())
        thiefs = await thief.push(await world.offer())
        back = await victim.log_in(victims.url)
        injected = f"{back.partition('?')[0]}?" + urlencode(
            {"code": code_of(back), "state": thiefs.state, "iss": world.issuer}
        )
        with pytest.raises(Denied):
            await thief.come_back(thiefs, injected)
        assert refusal(world.answers("/token")[-1]) == ("invalid_grant", check.id)
        assert isinstance(await victim.finish(await victim.come_back(victims, back)), Done)


@pytest.mark.refuses(Check.PKCE)
async def test_a_stolen_code_is_worth_nothing_to_whoever_has_the_key_and_not_the_verifier(haip: IssuingWorld) -> None:
    """The same within one wallet, whose sessions share a key: PKCE holds the code to the session that began."""
    wallet = haip.wallet()
    first, second = await wallet.push(await haip.offer()), await wallet.push(await haip.offer())
    back = await wallet.log_in(first.url)
    with pytest.raises(Denied):
        await wallet.come_back(second, back.replace(first.state, second.state))
    assert refusal(haip.answers("/token")[-1]) == ("invalid_grant", Check.PKCE.id)
    assert isinstance(await wallet.finish(await wallet.come_back(first, back)), Done)


@pytest.mark.refuses(Check.AUTHORIZATION_RESPONSE)
async def test_a_code_of_the_attackers_that_is_injected_into_the_victims_wallet_is_not_taken(
    haip: IssuingWorld,
) -> None:
    """The other way round: the victim would receive what is the attacker's."""
    victim, attacker = haip.wallet(), haip.wallet()
    victims = await victim.push(await haip.offer())
    attackers = await attacker.push(await haip.offer())
    planted = await attacker.log_in(attackers.url, "max")
    with pytest.raises(Rejected) as caught:
        await victim.come_back(victims, planted)
    assert (caught.value.check, caught.value.field) == (Check.AUTHORIZATION_RESPONSE, "state")
    assert haip.answers("/token") == []
    done = await victim.finish(await victim.come_back(victims, await victim.log_in(victims.url)))
    assert {copy.claims["given_name"] for copy in victim.verify(done.received[0], done)} == {"Erika"}


# --- PKCE downgrade ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": ""},
    ],
    ids=["plain", "no method, which means plain", "no challenge", "neither", "an empty challenge"],
)
@pytest.mark.parametrize("profile", ["haip", "plain"])
@pytest.mark.refuses(Check.PKCE)
async def test_pkce_is_not_downgraded_where_the_request_is_pushed(
    tmp_path: Path, profile: str, form: dict[str, str | None]
) -> None:
    async with issuing_world(sandbox_at(tmp_path, profile=profile)) as world:
        wallet = world.wallet()
        wallet.edit = lambda request: with_form(request, **form) if request.url.endswith("/par") else request
        with pytest.raises(Denied):
            await wallet.push(await world.offer())
        assert refusal(world.answers("/par")[-1]) == ("invalid_request", Check.PKCE.id)
        wallet.edit = lambda request: request
        assert (await wallet.receive(await world.offer())).received


@pytest.mark.parametrize("verifier", [None, "", "A" * 43, "the challenge"])
@pytest.mark.refuses(Check.PKCE)
async def test_pkce_is_not_downgraded_where_the_code_is_redeemed(haip: IssuingWorld, verifier: str | None) -> None:
    """RFC 9700 section 4.8.2: a verifier that is left out, or the challenge in its place, as with ``plain``."""
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer())
    back = await wallet.log_in(pause.url)
    said = code_challenge(pause.verifier) if verifier == "the challenge" else verifier
    wallet.edit = lambda request: with_form(request, code_verifier=said) if request.url.endswith("/token") else request
    with pytest.raises(Denied):
        await wallet.come_back(pause, back)
    assert refusal(haip.answers("/token")[-1]) == ("invalid_grant", Check.PKCE.id)
    wallet.edit = lambda request: request
    assert isinstance(await wallet.finish(await wallet.come_back(pause, back)), Done)


@pytest.mark.refuses(Check.PUSHED_REQUEST)
async def test_what_was_pushed_is_not_downgraded_in_the_browser(haip: IssuingWorld) -> None:
    """Parameters in the address count for nothing: neither instead of a pushed request nor beside one."""
    wallet, browser = haip.wallet(), haip.browser()
    pause = await wallet.push(await haip.offer())
    weak = {"response_type": "code", "code_challenge_method": "plain", "redirect_uri": "https://evil.example/cb"}
    weak |= {"code_challenge": "A" * 43, "client_id": dict(parse_qsl(urlsplit(pause.url).query))["client_id"]}
    page = await browser.open(f"{haip.issuer}/authorize?{urlencode(weak)}")
    assert check_on(page) == Check.PUSHED_REQUEST.id
    beside = urlencode({name: value for name, value in weak.items() if name != "client_id"})
    back = await wallet.log_in(f"{pause.url}&{beside}")
    assert back.startswith(pause.session.client.redirect_uri)
    assert isinstance(await wallet.finish(await wallet.come_back(pause, back)), Done)


# --- PAR reuse --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", ["approve", "refuse"])
@pytest.mark.refuses(Check.PUSHED_REQUEST)
async def test_a_pushed_request_is_decided_once(haip: IssuingWorld, decision: str) -> None:
    """FAPI 2.0 section 5.3.2.2: whoever sees the address later, in a history say, gets no second code by it."""
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer())
    await wallet.browser.open(pause.url)
    await wallet.decide(await wallet.enter(), decision)
    for browser in (wallet.browser, haip.browser()):
        assert check_on(await browser.open(pause.url)) == Check.PUSHED_REQUEST.id
    assert (await wallet.receive(await haip.offer())).received


@pytest.mark.refuses(Check.PUSHED_REQUEST)
async def test_of_two_browsers_with_one_pushed_request_one_gets_a_code(haip: IssuingWorld) -> None:
    """Both are shown the request, both log in: the second decision finds it decided."""
    wallet, other = haip.wallet(), haip.wallet()
    pause = await wallet.push(await haip.offer())
    pages = []
    for who in (wallet, other):
        await who.browser.open(pause.url)
        pages.append(await who.enter())
    back = (await wallet.decide(pages[0])).header("location") or ""
    assert check_on(await other.decide(pages[1])) == Check.PUSHED_REQUEST.id
    assert isinstance(await wallet.finish(await wallet.come_back(pause, back)), Done)


@pytest.mark.refuses(Check.PUSHED_REQUEST)
async def test_a_pushed_request_is_its_clients_own_and_for_its_time(haip: IssuingWorld) -> None:
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer())
    named = dict(parse_qsl(urlsplit(pause.url).query))
    uri = named["request_uri"]
    other = uri[:-2] + ("A" if uri[-2] != "A" else "B") + uri[-1]
    for changed in ({"client_id": "https://another.example"}, {"request_uri": other}):
        page = await haip.browser().open(f"{haip.issuer}/authorize?{urlencode(named | changed)}")
        assert check_on(page) == Check.PUSHED_REQUEST.id
    haip.clock.advance(REQUEST_URI_SECONDS - 1)
    assert (await haip.browser().open(pause.url)).status == 200
    haip.clock.advance(1)
    assert check_on(await haip.browser().open(pause.url)) == Check.PUSHED_REQUEST.id
    assert (await wallet.receive(await haip.offer())).received


@pytest.mark.refuses(Check.REPLAY)
async def test_a_pushed_request_that_is_sent_again_is_not_pushed_again(haip: IssuingWorld) -> None:
    """The proofs that came with it serve once (RFC 9449 section 11.1, draft 07 section 11.1)."""
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer())
    assert refusal(await haip.send(last(haip, "/par"))) == ("invalid_client_attestation", Check.REPLAY.id)
    assert isinstance(await wallet.finish(await wallet.come_back(pause, await wallet.log_in(pause.url))), Done)


@pytest.mark.refuses(Check.REQUEST_PARAMETERS)
async def test_a_pushed_request_points_at_no_other(haip: IssuingWorld) -> None:
    """RFC 9126 section 2.1: else the second would be read under the first one's name."""
    wallet = haip.wallet()
    pause = await wallet.push(await haip.offer())
    inner = dict(parse_qsl(urlsplit(pause.url).query))["request_uri"]
    wallet.edit = lambda request: with_form(request, request_uri=inner) if request.url.endswith("/par") else request
    with pytest.raises(Denied):
        await wallet.push(await haip.offer())
    assert refusal(haip.answers("/par")[-1]) == ("invalid_request", Check.REQUEST_PARAMETERS.id)
    wallet.edit = lambda request: request
    assert isinstance(await wallet.finish(await wallet.come_back(pause, await wallet.log_in(pause.url))), Done)
