"""Sign in to Tax online, which knows nothing of wallets, through a stock OpenID Connect library; and the ways to cheat.

Everything is real but the sockets: the sandbox's configuration, keys and lists, both formats, status lists, HAIP.
"""

import json
import re
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from zegel_testing.browser import Browser, link_of, text_of
from zegel_testing.hand_wallet import Copy
from zegel_testing.page import Page
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.scan import scan
from zegel_testing.sign_in_world import (
    SignInWorld,
    another_client,
    sign_in_world,
    with_renewed_access,
)

from zegel.checks import Check
from zegel.config.roles import Config
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.x509 import DAY
from zegel.protocols.oauth.pkce import code_challenge
from zegel.protocols.openid4vp.purpose import stated_purposes
from zegel.protocols.openid4vp.verifier import CROSS_DEVICE_SECONDS, RESULT_SECONDS
from zegel.trust.access import VerifiedParty
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.transport import REGISTRATION_FORMAT

pytestmark = pytest.mark.anyio

VERIFIER = "v" * 43
OTHER_DEVICE = "/sign-in/other-device"
PERSONAL = ("Ada Muster", "Beispiel", "Freedom Square", "UT-000-001")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Config:
    config = sandbox_at(tmp_path_factory.mktemp("sign-in") / "sandbox")
    clients = (
        *config.provider.clients,
        another_client(),
        another_client(id="archive", name="State archive", stable_from=None, cross_device=False),
    )
    return replace(config, provider=replace(config.provider, clients=clients))


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Open a world over the database of this test."""

    @asynccontextmanager
    async def open_(config: Config):
        async with sign_in_world(config, database=tmp_path / "provider.db") as world:
            monkeypatch.setattr(time, "time", lambda: float(world.clock.now()))  # Authlib reads the clock itself
            yield world

    return open_


@pytest.fixture
async def world(sandbox: Config, opened):
    async with opened(sandbox) as it:
        yield it


async def begun(world: SignInWorld) -> tuple[Browser, HttpResponse]:
    """A browser that Tax online has sent to the provider, and the page there."""
    browser = world.browser()
    return browser, await browser.open(f"{world.service}/sign-in")


async def with_code(world: SignInWorld) -> tuple[Browser, HttpResponse]:
    """A browser that shows a code for a wallet on another device, and the page."""
    browser, page = await begun(world)
    return browser, await browser.follow(await browser.submit(page, OTHER_DEVICE))


async def signed_in(world: SignInWorld, copy: Copy) -> HttpResponse:
    """Sign in to Tax online with a copy, on one device."""
    browser, page = await begun(world)
    back = await world.wallet(copy).present(link_of(page, "Open my wallet"))
    return await browser.open(back)


def subject_of(profile: HttpResponse) -> str:
    """Who Tax online says one is."""
    return re.search(r"<code>([\w-]{43})</code>", text_of(profile))[1]


def refused_with(response: HttpResponse) -> str:
    """The id of the check that a page names."""
    assert response.status == 400
    return re.search(r"<dt>Check</dt><dd>([^<]+)</dd>", text_of(response))[1]


def authorization(world: SignInWorld, client: str, **changes: str) -> str:
    """The address to which a service sends a browser, without a library."""
    request = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": "https://library.utopia.example/back",
        "scope": "openid profile",
        "code_challenge": code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    return f"{world.provider}/authorize?{urlencode(request | changes)}"


async def code_for(world: SignInWorld, client: str, copy: Copy) -> str:
    """A code for a service without a library."""
    browser = world.browser()
    page = await browser.open(authorization(world, client))
    answer = await browser.get(await world.wallet(copy).present(link_of(page, "Open my wallet")))
    return re.search(r"[?&]code=([\w-]+)", answer.header("location"))[1]


async def redeem(world: SignInWorld, client: str, code: str) -> tuple[int, dict]:
    """Exchange a code."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client,
        "redirect_uri": "https://library.utopia.example/back",
        "code_verifier": VERIFIER,
    }
    answer = await world.browser().post(f"{world.provider}/token", form, page=world.service)
    return answer.status, json.loads(answer.body)


async def fetch_claims(world: SignInWorld, access_token: str) -> tuple[int, dict]:
    """Fetch the claims."""
    headers = (("authorization", f"Bearer {access_token}"),)
    answer = await world.world.outbound.fetch(
        HttpRequest(method="GET", url=f"{world.provider}/userinfo", headers=headers)
    )
    return answer.status, json.loads(answer.body)


async def subject_at(world: SignInWorld, client: str, copy: Copy) -> str:
    """Who a service without a library is told one is."""
    _, token = await redeem(world, client, await code_for(world, client, copy))
    _, claims = await fetch_claims(world, token["access_token"])
    return claims["sub"]


# --- a citizen signs in -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.requirement("OIA_03b")
@pytest.mark.requirement("OIA_03c")
@pytest.mark.parametrize("format_", Format)
async def test_a_citizen_signs_in_and_tax_online_learns_what_was_agreed(world: SignInWorld, format_: Format) -> None:
    (copy,) = await world.office.issue(format_)
    profile = await signed_in(world, copy)
    assert profile.status == 200
    for shown in ("Welcome, Ada Muster Beispiel", "1990-02-28", "Freedom Square 1", "LoA/high"):
        assert shown in text_of(profile)
    for kept_back in ("UT-000-001", "ada@utopia.example"):
        assert kept_back not in text_of(profile)
    assert "NL" not in Page(text_of(profile)).text("main")[0]  # two letters may stand in a token of the page


@pytest.mark.slow
async def test_the_wallet_is_told_for_which_service_on_either_device(world: SignInWorld) -> None:
    wallet = world.wallet(*await world.office.issue())
    _, here = await begun(world)
    _, there = await with_code(world)
    for link in (link_of(here, "Open my wallet"), scan(there)):
        consent = await wallet.open(link)
        assert stated_purposes(consent.request.verifier_info) == ("To sign you in to Tax online",)


@pytest.mark.slow
@pytest.mark.requirement("RPI_05")
@pytest.mark.requirement("RPI_06")
async def test_the_request_carries_the_registration_certificate_of_the_service_that_asks(
    world: SignInWorld,
) -> None:
    wallet = world.wallet(*await world.office.issue())
    _, page = await begun(world)
    consent = await wallet.open(link_of(page, "Open my wallet"))
    (info,) = [info for info in consent.request.verifier_info if info.format == REGISTRATION_FORMAT]
    shown = parse_registration(str(info.data)).unverified_certificate
    assert (shown.name, shown.service) == ("Utopia tax office", "tax-online")
    assert shown.intermediary is not None
    party = consent.request.party
    assert isinstance(party, VerifiedParty), "the access certificate is the intermediary's"
    assert party.identifier == shown.intermediary.identifier == "GOVUT-0003"


@pytest.mark.slow
async def test_a_citizen_signs_in_with_a_wallet_on_another_device(world: SignInWorld) -> None:
    browser, page = await with_code(world)
    assert await world.wallet(*await world.office.issue()).present(scan(page)) is None
    profile = await browser.open(OTHER_DEVICE)
    assert "You are signed in" in text_of(profile)


@pytest.mark.slow
async def test_a_citizen_who_refuses_is_not_signed_in(world: SignInWorld) -> None:
    browser, page = await begun(world)
    back = await world.wallet(*await world.office.issue()).refuse(link_of(page, "Open my wallet"))
    page = await browser.open(back)
    assert "You did not present what is needed" in text_of(page)
    assert (await browser.get(f"{world.service}/profile")).status == 303


@pytest.mark.slow
async def test_a_citizen_signs_in_over_tls_with_cookies_that_are_the_hosts_own(tmp_path: Path, opened) -> None:
    async with opened(sandbox_at(tmp_path / "tls", tls=True)) as world:
        browser, page = await begun(world)
        assert [name[:22] for name in browser.cookies["login.localhost"]] == ["__Host-zegel-provider-"]
        back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
        assert "You are signed in" in text_of(await browser.open(back))


@pytest.mark.slow
async def test_no_role_gets_the_cookie_of_another(world: SignInWorld) -> None:
    browser, page = await begun(world)
    await browser.open(await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet")))
    names = {
        (request.header("host"), re.sub(r"(?<=zegel-provider)-[\w-]{16}$", "", pair.partition("=")[0]))
        for request in browser.sent
        for pair in (request.header("cookie") or "").split("; ")
        if pair
    }
    assert names == {("login.localhost:7103", "zegel-provider"), ("tax.localhost:7104", "tax-online")}


# --- who it is: the subject ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.requirement("OIA_16")
async def test_another_copy_is_the_same_citizen(world: SignInWorld) -> None:
    one, another = await world.office.issue(count=2)
    assert subject_of(await signed_in(world, one)) == subject_of(await signed_in(world, another))


@pytest.mark.slow
async def test_the_other_format_is_the_same_citizen(world: SignInWorld) -> None:
    (sd_jwt,), (mdoc,) = await world.office.issue(Format.SD_JWT_VC), await world.office.issue(Format.MDOC)
    assert subject_of(await signed_in(world, sd_jwt)) == subject_of(await signed_in(world, mdoc))


@pytest.mark.slow
async def test_after_a_new_issuance_it_is_the_same_citizen(world: SignInWorld) -> None:
    before = subject_of(await signed_in(world, *await world.office.issue()))
    world.clock.advance(20 * DAY)
    moved = await world.office.issue(family_name="Married", document_number="B9", resident_address="Elsewhere 2")
    profile = await signed_in(world, *moved)
    assert "Elsewhere 2" in text_of(profile)
    assert subject_of(profile) == before


@pytest.mark.slow
async def test_after_a_renewed_access_certificate_it_is_the_same_citizen(
    sandbox: Config, tmp_path: Path, opened
) -> None:
    subjects, clients = set(), set()
    for config in (sandbox, with_renewed_access(sandbox, tmp_path)):
        async with opened(config) as world:
            _, page = await begun(world)
            clients.add(re.search(r"client_id=([^&]+)", link_of(page, "Open my wallet"))[1])
            subjects.add(subject_of(await signed_in(world, *await world.office.issue())))
    assert (len(clients), len(subjects)) == (2, 1)


@pytest.mark.slow
async def test_two_services_know_a_citizen_under_two_names(world: SignInWorld) -> None:
    one, another = await world.office.issue(count=2)
    assert subject_of(await signed_in(world, one)) != await subject_at(world, "library", another)


@pytest.mark.slow
async def test_another_citizen_is_another(world: SignInWorld) -> None:
    (ada,) = await world.office.issue()
    (eve,) = await world.office.issue(person="eve", personal_administrative_number="UT-000-002")
    assert subject_of(await signed_in(world, ada)) != subject_of(await signed_in(world, eve))


@pytest.mark.slow
async def test_the_same_number_from_another_issuer_is_another_citizen(world: SignInWorld) -> None:
    (utopian,), (laputan,) = await world.office.issue(), await world.laputa.issue()
    assert subject_of(await signed_in(world, utopian)) != subject_of(await signed_in(world, laputan))


async def test_without_a_lasting_subject_each_sign_in_is_somebody_new(world: SignInWorld) -> None:
    copies = await world.office.issue(count=2)
    assert len({await subject_at(world, "archive", copy) for copy in copies}) == 2


# --- somebody else's browser --------------------------------------------------------------------------------------


@pytest.mark.refuses(Check.SAME_BROWSER)
async def test_a_return_in_another_browser_is_refused_and_the_service_hears_of_it(world: SignInWorld) -> None:
    browser, page = await begun(world)
    back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    assert refused_with(await world.browser().open(back)) == Check.SAME_BROWSER.id
    assert refused_with(await browser.open(back)) == Check.RESPONSE_CODE.id
    page = await browser.open(f"{world.provider}/sign-in")
    assert browser.at.startswith(f"{world.service}/callback?error=access_denied")
    assert "You are not signed in" in text_of(page)


@pytest.mark.refuses(Check.RESPONSE_CODE)
async def test_a_return_is_good_for_once(world: SignInWorld) -> None:
    browser, page = await begun(world)
    back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    assert (await browser.open(back)).status == 200
    for again in (browser, world.browser()):
        assert refused_with(await again.open(back)) == Check.RESPONSE_CODE.id


async def test_the_answer_of_tax_online_is_good_in_its_browser_alone(world: SignInWorld) -> None:
    """A code that an attacker got for herself is not taken from a victim: the library compares its own state."""
    attacker, page = await begun(world)
    answer = await attacker.get(
        await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    )
    victim, _ = await begun(world)
    page = await victim.open(answer.header("location"))
    assert "begun in another browser" in text_of(page)


# --- the relay attack ---------------------------------------------------------------------------------------------


async def test_a_link_that_is_passed_on_signs_nobody_in(world: SignInWorld) -> None:
    """The attacker begins, and sends the victim the link that was meant for a wallet on the attacker's own device.

    The victim agrees. The wallet opens the return in the victim's browser; the attacker never sees the response code.
    """
    attacker, page = await begun(world)
    victim = world.browser()
    back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    assert refused_with(await victim.open(back)) == Check.SAME_BROWSER.id
    guess = back.partition("?")[0] + "?response_code=guess"
    assert refused_with(await attacker.open(guess)) == Check.RESPONSE_CODE.id
    await attacker.open(f"{world.provider}/sign-in")
    assert "error=access_denied" in attacker.at


async def test_before_the_victim_comes_back_the_attacker_sees_that_a_wallet_answered_and_no_more(
    world: SignInWorld,
) -> None:
    attacker, page = await begun(world)
    back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    page = await attacker.open("/sign-in")
    assert "Your wallet has answered" in text_of(page)
    for secret in ("Beispiel", back.partition("response_code=")[2]):
        assert secret not in text_of(page)
    assert refused_with(await attacker.open(back.partition("?")[0])) == Check.RESPONSE_CODE.id


@pytest.mark.requirement("OIA_08d")
async def test_a_service_that_is_not_registered_for_it_gives_an_attacker_no_code_to_pass_on(
    world: SignInWorld,
) -> None:
    attacker = world.browser()
    page = await attacker.open(authorization(world, "archive"))
    csrf = re.search(r'name="csrf" value="([^"]+)"', text_of(page))[1]
    assert refused_with(await attacker.post(OTHER_DEVICE, {"csrf": csrf})) == Check.CROSS_DEVICE.id


@pytest.mark.requirement("OIA_08d")
async def test_a_code_that_is_passed_on_too_slowly_is_worth_nothing(world: SignInWorld) -> None:
    attacker, page = await with_code(world)
    wallet = world.wallet(*await world.office.issue())
    consent = await wallet.open(scan(page))
    world.clock.advance(CROSS_DEVICE_SECONDS)
    answer = await world.world.outbound.fetch(wallet.answer(consent).request)
    assert answer.status == 400
    assert "The code is no longer good" in text_of(await attacker.open(OTHER_DEVICE))


@pytest.mark.slow
@pytest.mark.requirement("OIA_08d")
async def test_what_came_of_a_code_goes_to_the_browser_that_showed_it_and_to_no_other_device(
    world: SignInWorld,
) -> None:
    browser, page = await with_code(world)
    link = scan(page)
    assert await world.wallet(*await world.office.issue()).present(link) is None  # no response code, nothing to forward
    session = link.rpartition("%2F")[2]
    stranger, _ = await begun(world)
    returned = await stranger.open(f"{world.provider}/return/{session}?response_code=x")
    assert refused_with(returned) == Check.RESPONSE_CODE.id
    assert "You are signed in" not in text_of(await stranger.open(f"{world.provider}{OTHER_DEVICE}"))
    assert "You are signed in" in text_of(await browser.open(OTHER_DEVICE))


@pytest.mark.slow
async def test_a_code_that_is_passed_on_at_once_to_a_victim_who_agrees_signs_the_attacker_in(
    world: SignInWorld,
) -> None:
    """What cannot be stopped here: nothing ties the two devices but the person who looks at both.

    That is why no client has it unless it is registered for it, why a code lives two minutes, and why the victim's
    wallet, which this one is not, warns that the page is elsewhere and names its host.
    """
    attacker, page = await with_code(world)
    victims_wallet = world.wallet(*await world.office.issue())
    consent = await victims_wallet.open(scan(page))
    assert consent.request.party.dns_names == ("login.localhost",)
    await victims_wallet.send(victims_wallet.answer(consent))
    assert "Welcome, Ada Muster Beispiel" in text_of(await attacker.open(OTHER_DEVICE))


# --- codes, tokens and what is left of them -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.requirement("RPI_08")
async def test_what_was_presented_for_one_service_goes_to_no_other(world: SignInWorld) -> None:
    code = await code_for(world, "library", *await world.office.issue())
    status, refusal = await redeem(world, "archive", code)
    assert (status, refusal["error"]) == (400, "invalid_grant")
    status, token = await redeem(world, "library", code)
    assert (status, (await fetch_claims(world, token["access_token"]))[0]) == (200, 200)


async def test_a_stolen_code_that_is_replayed_takes_back_what_it_gave(world: SignInWorld) -> None:
    code = await code_for(world, "library", *await world.office.issue())
    status, token = await redeem(world, "library", code)
    assert status == 200
    status, refusal = await redeem(world, "library", code)
    assert (status, refusal["error"]) == (400, "invalid_grant")
    status, refusal = await fetch_claims(world, token["access_token"])
    assert (status, refusal["error"]) == (401, "invalid_token")


@pytest.mark.slow
async def test_claims_are_fetched_once(world: SignInWorld) -> None:
    _, token = await redeem(world, "library", await code_for(world, "library", *await world.office.issue()))
    status, claims = await fetch_claims(world, token["access_token"])
    assert (status, claims.keys()) == (200, {"sub", "given_name"})
    status, refusal = await fetch_claims(world, token["access_token"])
    assert (status, refusal["error"]) == (401, "invalid_token")


@pytest.mark.slow
@pytest.mark.requirement("RPI_10")
async def test_claims_that_nobody_fetches_are_gone_after_five_minutes(world: SignInWorld) -> None:
    _, token = await redeem(world, "library", await code_for(world, "library", *await world.office.issue()))
    world.clock.advance(RESULT_SECONDS)
    status, refusal = await fetch_claims(world, token["access_token"])
    assert (status, refusal["error"]) == (401, "invalid_token")


@pytest.mark.slow
async def test_no_file_ever_holds_a_claim_a_code_or_a_token(
    world: SignInWorld, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    one, another = await world.office.issue(count=2)
    code = await code_for(world, "library", one)
    check_nothing_of(tmp_path, code, *PERSONAL)
    _, token = await redeem(world, "library", code)
    check_nothing_of(tmp_path, code, token["access_token"], *PERSONAL)
    await fetch_claims(world, token["access_token"])
    await signed_in(world, another)
    check_nothing_of(tmp_path, code, token["access_token"], token["id_token"], *PERSONAL)
    logged = "".join(capfd.readouterr())
    assert not [secret for secret in (code, token["access_token"], *PERSONAL) if secret in logged]


def check_nothing_of(folder: Path, *secrets: str) -> Path:
    """No file of the folder, the write-ahead log included, holds any of these."""
    files = [path for path in folder.iterdir() if path.is_file()]
    assert any(path.name.endswith("-wal") for path in files)
    for path in files:
        data = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in data], path.name
    return folder
