"""The provider's pages and endpoints: what a person sees, what a service gets, and what no other page can do."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from zegel_testing.browser import Browser, link_of, text_of
from zegel_testing.markdown import the_block
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.scan import scan
from zegel_testing.sign_in_world import SignInWorld, another_client, sign_in_world

from zegel.checks import Check
from zegel.config.roles import ClaimSourceConfig, Config
from zegel.errors import Rejected, Unavailable
from zegel.formats.credential import Format
from zegel.primitives.http import FORM, HttpRequest, HttpResponse
from zegel.protocols.oauth.pkce import code_challenge
from zegel.protocols.openid4vp.verifier import CROSS_DEVICE_SECONDS, SAME_DEVICE_SECONDS
from zegel.web import provider
from zegel.web.sign_ins import MAX_SIGN_INS

pytestmark = pytest.mark.anyio

VERIFIER = "v" * 43
REQUEST = {
    "response_type": "code",
    "client_id": "library",
    "redirect_uri": "https://library.utopia.example/back",
    "scope": "openid profile",
    "state": "the-state",
    "code_challenge": code_challenge(VERIFIER),
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Config:
    config = sandbox_at(tmp_path_factory.mktemp("provider") / "sandbox")
    clients = (*config.provider.clients, another_client(), another_client(id="archive", stable_from=None))
    return replace(config, provider=replace(config.provider, clients=clients))


@pytest.fixture
async def world(sandbox: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with sign_in_world(sandbox, database=tmp_path / "provider.db") as opened:
        monkeypatch.setattr(time, "time", lambda: float(opened.clock.now()))  # Tax online's library reads the clock
        yield opened


def authorize(world: SignInWorld, **changes: str) -> str:
    return f"{world.provider}/authorize?{urlencode(REQUEST | changes)}"


async def at_tax_online(world: SignInWorld) -> tuple[Browser, HttpResponse]:
    """A browser that Tax online has sent to the provider, and the page there."""
    browser = world.browser()
    return browser, await browser.open(f"{world.service}/sign-in")


async def with_code(world: SignInWorld) -> tuple[Browser, HttpResponse]:
    """A browser with a code to scan."""
    browser, page = await at_tax_online(world)
    return browser, await browser.follow(await browser.submit(page, "/sign-in/other-device"))


# --- what is published --------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_discovery_document_and_the_keys_are_public_for_a_while(world: SignInWorld) -> None:
    browser = world.browser()
    metadata = await browser.get(f"{world.provider}/.well-known/openid-configuration")
    assert metadata.header("cache-control") == "public, max-age=300"
    document = json.loads(metadata.body)
    assert document["issuer"] == world.provider
    keys = await browser.get(document["jwks_uri"])
    assert [key["alg"] for key in json.loads(keys.body)["keys"]] == ["ES256"]
    assert browser.cookies == {"login.localhost": {}}


async def test_the_first_page_says_what_this_host_is(world: SignInWorld) -> None:
    assert "You begin at the service" in text_of(await world.browser().get(f"{world.provider}/"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "tax-online"}, "provider.clients[1].id"),
        ({"claims": {}}, "provider.clients[1].claims"),
        ({"redirect_uris": ("http://library.utopia.example/",)}, "provider.clients[1].redirect_uris[0]"),
    ],
)
async def test_a_client_that_is_not_whole_is_refused_at_the_start(
    sandbox: Config, tmp_path: Path, changes: dict[str, object], field: str
) -> None:
    clients = (sandbox.provider.clients[0], another_client(**changes))
    config = replace(sandbox, provider=replace(sandbox.provider, clients=clients))
    with pytest.raises(Rejected) as refusal:
        async with sign_in_world(config, database=tmp_path / "provider.db"):
            pass
    assert (refusal.value.check, refusal.value.field) == (Check.CLIENT_REGISTRATION, field)


async def test_a_service_asks_for_a_type_of_the_operators_own(sandbox: Config, tmp_path: Path) -> None:
    types = tmp_path / "types"
    types.mkdir()
    (types / "student-card.toml").write_text(the_block("toml type").text)
    number = ClaimSourceConfig(attestation="student_card", claims=("student_number",))
    client = another_client(claims={"student_number": number}, stable_from=number)
    own = replace(sandbox.provider, clients=(client,), catalogue=types)
    async with sign_in_world(replace(sandbox, provider=own), database=tmp_path / "own.db") as world:
        page = text_of(await world.browser().open(authorize(world)))
    assert "<h3>Student card</h3>" in page
    assert "<li>Student number</li>" in page
    with pytest.raises(Rejected) as refusal:
        async with sign_in_world(replace(sandbox, provider=replace(own, catalogue=None)), database=tmp_path / "no.db"):
            pass
    assert refusal.value.field == "provider.clients[0].claims.student_number"


# --- the authorization endpoint -----------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_request_leads_to_a_page_without_its_parameters(world: SignInWorld) -> None:
    browser = world.browser()
    answer = await browser.get(authorize(world))
    assert answer.status == 303
    address = re.fullmatch(r"/sign-in\?at=([\w-]{16})", answer.header("location"))
    value = rf"zegel-provider-{address[1]}=[\w-]{{43}}; Path=/; Max-Age=900; HttpOnly; SameSite=Lax"
    assert re.fullmatch(value, answer.header("set-cookie"))


@pytest.mark.slow
async def test_a_request_may_come_as_a_form_of_the_services_page(world: SignInWorld) -> None:
    browser = world.browser()
    page = "https://library.utopia.example/"
    answer = await browser.post(f"{world.provider}/authorize", REQUEST, page=page)
    assert answer.status == 303
    assert "Town library" in text_of(await browser.follow(answer))


@pytest.mark.slow
async def test_each_request_has_a_session_of_its_own(world: SignInWorld) -> None:
    browser = world.browser()
    for _ in range(2):
        await browser.open(authorize(world))
    kept = browser.cookies["login.localhost"]
    assert (len(kept), len(set(kept.values()))) == (2, 2)


# --- two sign-ins in one browser ----------------------------------------------------------------------------------


async def in_two_tabs(world: SignInWorld) -> tuple[Browser, HttpResponse, HttpResponse]:
    """A browser in which Tax online has begun, and then the archive."""
    browser, first = await at_tax_online(world)
    return browser, first, await browser.open(authorize(world, client_id="archive"))


@pytest.mark.slow
@pytest.mark.parametrize("first_ends_first", [True, False])
async def test_each_of_two_sign_ins_in_a_browser_goes_to_its_end(world: SignInWorld, first_ends_first: bool) -> None:
    browser, *pages = await in_two_tabs(world)
    copies = await world.office.issue(count=2)
    backs = [
        await world.wallet(copy).present(link_of(page, "Open my wallet"))
        for page, copy in zip(pages, copies, strict=True)
    ]
    order = backs if first_ends_first else backs[::-1]
    ends = [(await browser.get(back)).header("location") for back in order]
    addresses = [f"{world.service}/callback?code=", "https://library.utopia.example/back?code="]
    for end, address in zip(ends, addresses if first_ends_first else reversed(addresses), strict=True):
        assert end.startswith(address)
    assert browser.cookies["login.localhost"] == {}, "and nothing of them is left"


@pytest.mark.slow
async def test_the_page_of_a_tab_is_that_of_its_sign_in(world: SignInWorld) -> None:
    browser, first, second = await in_two_tabs(world)
    for page, name in ((first, "Tax online"), (second, "Town library")):
        again = await browser.open(link_of(page, "I have answered: look again"))
        assert f"<h1>Sign in to {name}</h1>" in text_of(again)
    assert (await browser.open(f"{world.provider}/sign-in")).status == 400, "of two, one has to be named"


@pytest.mark.slow
async def test_a_tab_decides_for_its_own_sign_in_alone(world: SignInWorld) -> None:
    browser, first, second = await in_two_tabs(world)
    cancelled = await browser.submit(second, "/sign-in/cancel")
    assert cancelled.header("location").startswith("https://library.utopia.example/back?error=access_denied")
    browser.at = f"{world.provider}/sign-in"
    code = await browser.follow(await browser.submit(first, "/sign-in/other-device"))
    assert "Scan with your wallet" in text_of(code)
    assert "Tax online" in text_of(code)
    assert (await browser.submit(second, "/sign-in/cancel")).status == 403, "its token is of a sign-in that is over"


@pytest.mark.slow
async def test_a_browser_has_so_many_sign_ins_and_forgets_the_oldest(world: SignInWorld) -> None:
    browser = world.browser()
    seen = []
    for _ in range(MAX_SIGN_INS + 2):
        await browser.open(authorize(world))
        seen.append(browser.at)
    assert len(browser.cookies["login.localhost"]) == MAX_SIGN_INS
    statuses = [(await browser.open(address)).status for address in seen]
    assert statuses == [400] * 2 + [200] * MAX_SIGN_INS


@pytest.mark.slow
async def test_what_forms_of_other_sites_begin_is_forgotten_at_the_next_page(world: SignInWorld) -> None:
    browser, kept = world.browser(), {}
    for _ in range(MAX_SIGN_INS + 3):
        answer = await browser.post(f"{world.provider}/authorize", REQUEST, page="https://library.utopia.example/")
        kept |= browser.cookies["login.localhost"]
        browser.cookies["login.localhost"] = {}  # SameSite=Lax: a form of another site brings none
    browser.cookies["login.localhost"] = kept
    assert (await browser.follow(answer)).status == 200
    assert len(browser.cookies["login.localhost"]) == MAX_SIGN_INS


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes", [{"client_id": "stranger"}, {"redirect_uri": "https://evil.example/"}, {"state": "s" * 2_000}]
)
async def test_who_cannot_be_sent_back_gets_a_page(world: SignInWorld, changes: dict[str, str]) -> None:
    answer = await world.browser().get(authorize(world, **changes))
    assert answer.status == 400
    assert answer.header("location") is None
    assert answer.header("set-cookie") is None
    assert "What was refused, and why" in text_of(answer)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_who_names_two_places_gets_a_page(world: SignInWorld, name: str) -> None:
    answer = await world.browser().get(authorize(world) + f"&{name}={REQUEST[name]}")
    assert (answer.status, answer.header("location")) == (400, None)


@pytest.mark.slow
async def test_a_parameter_that_comes_twice_is_told_to_the_service(world: SignInWorld) -> None:
    answer = await world.browser().get(authorize(world) + "&scope=openid")
    assert (answer.status, answer.header("set-cookie")) == (303, None)
    told = dict(parse_qsl(urlsplit(answer.header("location")).query))
    assert (told["error"], told["state"]) == ("invalid_request", "the-state")
    assert told["error_description"].startswith("sign-in-request at scope")


@pytest.mark.slow
async def test_a_service_may_name_several_resources(world: SignInWorld) -> None:
    resources = "&resource=https://one.example&resource=https://two.example"
    assert (await world.browser().open(authorize(world) + resources)).status == 200


@pytest.mark.slow
async def test_a_wrong_request_goes_back_to_its_service(world: SignInWorld) -> None:
    answer = await world.browser().get(authorize(world, prompt="none"))
    assert answer.status == 303
    assert answer.header("location").startswith("https://library.utopia.example/back?error=login_required")
    assert answer.header("set-cookie") is None


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_page_says_who_asks_for_what(world: SignInWorld) -> None:
    _, page = await at_tax_online(world)
    shown = re.findall(r"<li>([^<]+)</li>", text_of(page))
    assert "<h1>Sign in to Tax online</h1>" in text_of(page)
    assert shown == ["Personal number", "Given names", "Family name", "Date of birth", "Address: Full address"]
    assert "does not get: personal number" in text_of(page)


async def test_a_service_without_a_lasting_subject_keeps_nothing_back(world: SignInWorld) -> None:
    browser = world.browser()
    page = await browser.open(authorize(world, client_id="archive"))
    assert re.findall(r"<li>([^<]+)</li>", text_of(page)) == ["Given names"]
    assert "does not get" not in text_of(page)


async def test_what_no_scope_asks_for_is_not_asked_for(world: SignInWorld) -> None:
    page = await world.browser().open(authorize(world, client_id="archive", scope="openid"))
    assert "That you hold it, and nothing of what it says." in text_of(page)


@pytest.mark.slow
async def test_the_page_leads_to_the_wallet_on_this_machine_and_to_any_other(world: SignInWorld) -> None:
    _, page = await at_tax_online(world)
    here, other = link_of(page, "Open my wallet"), link_of(page, "Open another wallet on this device")
    assert here.startswith("http://wallet.localhost:7105/present?client_id=x509_hash%3A")
    assert other.startswith("haip-vp://?client_id=x509_hash%3A")
    assert here.partition("?")[2] == other.partition("?")[2]


@pytest.mark.slow
async def test_without_a_wallet_on_this_machine_there_is_one_link(sandbox: Config, tmp_path: Path) -> None:
    config = replace(sandbox, provider=replace(sandbox.provider, wallet=None))
    async with sign_in_world(config, database=tmp_path / "provider.db") as world:
        _, page = await at_tax_online(world)
        assert link_of(page, "Open my wallet").startswith("haip-vp://?")
        assert "another wallet" not in text_of(page)


@pytest.mark.slow
async def test_forms_may_end_at_the_service_and_nowhere_else(world: SignInWorld) -> None:
    _, page = await at_tax_online(world)
    assert f"form-action 'self' {world.service};" in page.header("content-security-policy")
    assert page.header("cache-control") == "no-store"


@pytest.mark.slow
async def test_after_the_wallet_has_answered_the_page_says_how_to_go_on(world: SignInWorld) -> None:
    browser, page = await at_tax_online(world)
    await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    page = await browser.open("/sign-in")
    assert "Your wallet has answered" in text_of(page)
    assert "Open my wallet" not in text_of(page)


@pytest.mark.slow
@pytest.mark.requirement("RPI_09")
async def test_a_revoked_attestation_is_refused_with_its_reason_and_another_may_follow(world: SignInWorld) -> None:
    browser, page = await at_tax_online(world)
    link = link_of(page, "Open my wallet")
    copies = await world.office.issue(person="eve")
    await world.office.revoke("eve")
    wallet = world.wallet(*copies)
    refusal = await world.world.outbound.fetch(wallet.answer(await wallet.open(link)).request)
    assert refusal.status == 400
    page = await browser.open("/sign-in")
    assert "What your wallet answered was not accepted" in text_of(page)
    assert f"<dd>{Check.STATUS.id}</dd>" in text_of(page)
    back = await world.wallet(*await world.office.issue()).present(link)
    assert (await browser.open(back)).status == 200
    assert browser.at == f"{world.service}/profile"


async def test_whoever_cancels_is_back_at_the_service(world: SignInWorld) -> None:
    browser, page = await at_tax_online(world)
    page = await browser.follow(await browser.submit(page, "/sign-in/cancel"))
    assert browser.at.startswith(f"{world.service}/callback?error=access_denied")
    assert "You did not present" in text_of(page)


async def test_without_a_sign_in_the_page_says_where_to_begin(world: SignInWorld) -> None:
    page = await world.browser().get(f"{world.provider}/sign-in")
    assert page.status == 400
    assert "go back to the service and sign in from there" in text_of(page)
    assert link_of(page, "To the first page") == "/"


async def test_an_unanswered_page_goes_back_to_the_service(world: SignInWorld) -> None:
    browser, _ = await at_tax_online(world)
    world.clock.advance(SAME_DEVICE_SECONDS)
    await browser.open("/sign-in")
    assert browser.at.startswith(f"{world.service}/callback?error=access_denied")


# --- the code to scan ---------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_code_reads_as_the_link_and_the_page_looks_again_by_itself(world: SignInWorld) -> None:
    browser, page = await with_code(world)
    assert browser.at.startswith(f"{world.provider}/sign-in/other-device?at=")
    assert '<meta http-equiv="refresh" content="3">' in text_of(page)
    assert scan(page).startswith("haip-vp://?client_id=x509_hash%3A")
    assert "login.localhost:7103" in text_of(page)
    assert "form-action 'self' http://tax.localhost:7104;" in page.header("content-security-policy")


async def test_the_code_asks_for_what_the_page_asked_for(world: SignInWorld) -> None:
    _, page = await with_code(world)
    wallet = world.wallet(*await world.office.issue(Format.MDOC))
    consent = await wallet.open(scan(page))
    assert {query.id for query in consent.request.query.credentials} == {"pid-sd-jwt", "pid-mdoc"}


async def test_the_page_says_when_a_wallet_has_opened_the_request(world: SignInWorld) -> None:
    browser, page = await with_code(world)
    await world.wallet().open(scan(page))
    assert "A wallet has opened the request" in text_of(await browser.open("/sign-in/other-device"))


@pytest.mark.slow
async def test_the_page_goes_on_by_itself_when_the_wallet_has_presented(world: SignInWorld) -> None:
    browser, page = await with_code(world)
    assert await world.wallet(*await world.office.issue()).present(scan(page)) is None
    page = await browser.open("/sign-in/other-device")
    assert browser.at == f"{world.service}/profile"
    assert "You are signed in" in text_of(page)


@pytest.mark.slow
async def test_after_two_minutes_the_page_offers_a_new_code(world: SignInWorld) -> None:
    browser, first = await with_code(world)
    world.clock.advance(CROSS_DEVICE_SECONDS)
    page = await browser.open("/sign-in/other-device")
    assert "The code is no longer good" in text_of(page)
    assert "refresh" not in text_of(page)
    page = await browser.follow(await browser.submit(page, "/sign-in/other-device"))
    assert scan(page) != scan(first)


async def test_a_service_that_does_not_allow_another_device_offers_none(world: SignInWorld) -> None:
    browser = world.browser()
    page = await browser.open(authorize(world))
    assert "another device" not in text_of(page)
    csrf = re.search(r'name="csrf" value="([^"]+)"', text_of(page))[1]
    answer = await browser.post("/sign-in/other-device", {"csrf": csrf})
    assert answer.status == 400
    assert "cross-device" in text_of(answer)
    assert "Open my wallet" in text_of(await browser.open("/sign-in/other-device"))


# --- other sites --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["/sign-in/other-device", "/sign-in/cancel"])
async def test_another_sites_form_does_nothing(world: SignInWorld, action: str) -> None:
    browser, page = await at_tax_online(world)
    csrf = re.search(r'name="csrf" value="([^"]+)"', text_of(page))[1]
    foreign = await browser.post(world.provider + action, {"csrf": csrf}, page="https://evil.example/")
    forged = await browser.post(world.provider + action, {"csrf": "guess"}, page=world.provider)
    assert (foreign.status, forged.status) == (403, 403)
    assert "Open my wallet" in text_of(await browser.open(f"{world.provider}/sign-in"))


# --- the service's endpoints --------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_token_endpoint_refuses_as_oauth_says(world: SignInWorld) -> None:
    browser = world.browser()
    form = {"grant_type": "authorization_code", "code": "guess", "client_id": "library"}
    unknown = await browser.post(f"{world.provider}/token", form, page=world.service)
    assert (unknown.status, json.loads(unknown.body)["error"]) == (400, "invalid_grant")
    stranger = await browser.post(f"{world.provider}/token", form | {"client_id": "stranger"}, page=world.service)
    assert (stranger.status, json.loads(stranger.body)["error"]) == (401, "invalid_client")
    assert stranger.header("www-authenticate").startswith("Basic")


@pytest.mark.slow
async def test_the_userinfo_endpoint_refuses_as_oauth_says(world: SignInWorld) -> None:
    browser = world.browser()
    for answer in (
        await browser.get(f"{world.provider}/userinfo"),
        await browser.post(f"{world.provider}/userinfo", {}, page=world.service),
        await browser.post(f"{world.provider}/userinfo", {"anything": "else"}, page=world.service),
    ):
        assert (answer.status, answer.header("www-authenticate")) == (401, 'Bearer realm="zegel"')
    posted = await browser.post(f"{world.provider}/userinfo", {"access_token": "guess"}, page=world.service)
    assert (posted.status, json.loads(posted.body)["error"]) == (400, "invalid_request")
    headers = (("host", "login.localhost:7103"), ("authorization", "Bearer guess"), ("content-type", FORM))
    guessed = HttpRequest(method="POST", url=f"{world.provider}/userinfo", headers=headers, body=b"anything=else")
    answer = await world.handlers[world.provider](guessed)
    assert (answer.status, json.loads(answer.body)["error"]) == (401, "invalid_token")


@pytest.mark.slow
async def test_a_refusal_by_the_site_is_worded_alike(world: SignInWorld) -> None:
    elsewhere = HttpRequest(
        method="POST", url=f"{world.provider}/token", headers=(("host", "rebound.example"),), body=b""
    )
    answer = await world.handlers[world.provider](elsewhere)
    assert (answer.status, json.loads(answer.body)["error"]) == (421, "invalid_request")


@pytest.mark.parametrize("word", [provider.refuse_token, provider.refuse_userinfo])
async def test_what_is_out_of_order_with_us_is_no_fault_of_the_service(word) -> None:
    answer = word(None, Unavailable("database", "it does not answer"))
    assert (answer.status, json.loads(answer.body)["error"]) == (503, "temporarily_unavailable")


@pytest.mark.slow
async def test_a_public_client_signs_in_without_a_secret(world: SignInWorld) -> None:
    browser = world.browser()
    page = await browser.open(authorize(world))
    back = await world.wallet(*await world.office.issue()).present(link_of(page, "Open my wallet"))
    answer = await browser.get(back)
    code = re.search(r"[?&]code=([\w-]+)", answer.header("location"))[1]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "library",
        "redirect_uri": REQUEST["redirect_uri"],
        "code_verifier": VERIFIER,
    }
    token = json.loads((await browser.post(f"{world.provider}/token", form, page=world.service)).body)
    request = HttpRequest(
        method="GET",
        url=f"{world.provider}/userinfo",
        headers=(("authorization", f"Bearer {token['access_token']}"),),
    )
    claims = json.loads((await world.handlers[world.provider](request)).body)
    assert claims.keys() == {"sub", "given_name"}
