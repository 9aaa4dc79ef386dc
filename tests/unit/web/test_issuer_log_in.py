"""The authorization endpoint in a browser: each way in, and every way in which it may go wrong, ends at a page."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from zegel_testing.browser import Browser, link_of, text_of
from zegel_testing.issuance import with_form
from zegel_testing.issuing_world import (
    REDIRECT,
    IssuingWorld,
    TestWallet,
    hidden_fields,
    issuing_world,
    location_of,
)
from zegel_testing.sandboxes import sandbox_at

from zegel.config.roles import RegisteredWalletConfig
from zegel.errors import Denied
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.oauth.lifetimes import LOG_IN_SECONDS, REQUEST_URI_SECONDS
from zegel.services.log_in import MAX_TRIES
from zegel.web.app.wallet_provider import wallet_client_id

pytestmark = pytest.mark.anyio
HOST = "issuer.localhost"
COOKIE = "zegel-issuer"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as opened:
        yield opened


async def sent(wallet: TestWallet, type_: str = "pid", **offer: object) -> str:
    """The address to which a wallet sends its person."""
    return (await wallet.push(await wallet.world.offer(type_, **offer))).url


async def at_consent(wallet: TestWallet, person: str = "erika", type_: str = "pid") -> HttpResponse:
    """The consent page of a person who logged in."""
    await wallet.browser.open(await sent(wallet, type_))
    page = await wallet.enter(person)
    assert page.status == 200
    return page


def answer_in(response: HttpResponse) -> dict[str, str]:
    """What a redirect brings the wallet."""
    return dict(parse_qsl(urlsplit(location_of(response)).query))


def returning_to(uri: str) -> Callable[[HttpRequest], HttpRequest]:
    """The wallet pushes another redirect URI."""
    return lambda request: with_form(request, redirect_uri=uri) if request.url.endswith("/par") else request


async def refused_redirect(wallet: TestWallet) -> None:
    """The redirect URI of what it pushes is refused."""
    with pytest.raises(Denied):
        await sent(wallet)
    assert json.loads(wallet.world.answers("/par")[-1].body)["check"] == "redirect-uri"


def refused_by(response: HttpResponse) -> str:
    """The check that a page names."""
    assert response.status >= 400
    assert response.header("content-type") == "text/html; charset=utf-8"
    text = text_of(response)
    assert "Remedy" in text
    return text.partition("<dt>Check</dt><dd>")[2].partition("</dd>")[0]


# --- the way through ------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_what_the_wallet_sent_stands_in_no_address_bar(world: IssuingWorld) -> None:
    wallet = world.wallet()
    page = await at_consent(wallet)
    assert [urlsplit(request.url).query for request in wallet.browser.sent[1:]] == [""] * (len(wallet.browser.sent) - 1)
    decided = await wallet.decide(page)
    assert set(answer_in(decided)) == {"code", "state", "iss"}


@pytest.mark.slow
async def test_the_person_sees_what_is_issued_to_which_wallet(world: IssuingWorld) -> None:
    text = text_of(await at_consent(world.wallet()))
    for words in (
        "Erika Voorbeeld",
        "Person identification data",
        "SD-JWT VC",
        "mdoc",
        "up to 10",
        "14 days",
        "zegel wallet",
        "Utopia wallet office",
        "wallet.utopia.example",
        "Nationality",
    ):
        assert words in text, words
    assert "UT-1986-000001" not in text
    assert "Nobody vouches" not in text


@pytest.mark.slow
async def test_the_person_sees_that_nobody_vouches_for_a_wallet(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path, profile="plain")) as world:
        wallet = world.wallet()
        assert "Nobody vouches" in text_of(await wallet.browser.open(await sent(wallet)))
        page = await wallet.enter("erika")
        assert "Nobody vouches for this wallet" in text_of(page)
        assert "plain-wallet" in text_of(page)


@pytest.mark.slow
async def test_the_person_is_told_how_many_copies_of_the_type_there_are(world: IssuingWorld) -> None:
    policy = world.site.issuer._policy
    few = replace(policy.types["pid"], batch_size=3)
    world.site.issuer._policy = replace(policy, types={**policy.types, "pid": few})
    assert "up to 3 in each format" in text_of(await at_consent(world.wallet()))


@pytest.mark.slow
async def test_the_consent_form_may_lead_to_the_wallet_and_nowhere_else(world: IssuingWorld) -> None:
    policy = (await at_consent(world.wallet())).header("content-security-policy") or ""
    assert "form-action 'self' https://wallet.utopia.example;" in policy
    assert "default-src 'none'; style-src 'self'; img-src" in policy


@pytest.mark.slow
async def test_the_form_may_lead_to_an_app_by_its_scheme(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path)) as world:
        wallet = world.wallet()
        wallet.edit = returning_to("example.utopia.wallet:/callback")
        page = await at_consent(wallet)
        assert "form-action 'self' example.utopia.wallet:;" in (page.header("content-security-policy") or "")
        assert "example.utopia.wallet" in text_of(page)
        assert location_of(await wallet.decide(page)).startswith("example.utopia.wallet:/callback?code=")


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["haip", "plain"])
async def test_a_registered_wallet_returns_to_its_app_and_nowhere_else(tmp_path: Path, profile: str) -> None:
    app = "eudi-openid4ci://authorize"
    config = sandbox_at(tmp_path, profile=profile)
    client_id = "plain-wallet" if profile == "plain" else wallet_client_id(config.wallet_provider.origin)
    registered = RegisteredWalletConfig(id=client_id, redirect_uris=(app,))
    async with issuing_world(config, wallets=(registered,)) as world:
        wallet = world.wallet()
        wallet.edit = returning_to(app)
        page = await at_consent(wallet)
        assert "form-action 'self' eudi-openid4ci:;" in (page.header("content-security-policy") or "")
        assert location_of(await wallet.decide(page)).startswith(app + "?code=")
        for other in ("eudi-openid4ci://authorized", REDIRECT):
            wallet.edit = returning_to(other)
            await refused_redirect(wallet)


@pytest.mark.slow
async def test_a_wallet_that_is_not_registered_returns_to_no_scheme_without_a_period(tmp_path: Path) -> None:
    app = "eudi-openid4ci://authorize"
    another = RegisteredWalletConfig(id="another", redirect_uris=(app,))
    async with issuing_world(sandbox_at(tmp_path), wallets=(another,)) as world:
        wallet = world.wallet()
        wallet.edit = returning_to(app)
        await refused_redirect(wallet)
        wallet.edit = returning_to(REDIRECT)
        assert (await at_consent(wallet)).status == 200


@pytest.mark.slow
async def test_a_person_may_refuse_and_the_wallet_hears_it(world: IssuingWorld) -> None:
    wallet = world.wallet()
    answer = answer_in(await wallet.decide(await at_consent(wallet), "refuse"))
    assert answer["error"] == "access_denied"
    assert answer["iss"] == world.issuer
    assert answer["error_description"].startswith("consent:")


@pytest.mark.slow
async def test_any_other_word_than_yes_means_no(world: IssuingWorld) -> None:
    wallet = world.wallet()
    assert answer_in(await wallet.decide(await at_consent(wallet), "yes"))["error"] == "access_denied"


@pytest.mark.slow
@pytest.mark.requirement("ISSU_27c")
async def test_who_has_no_such_attestation_is_told_and_so_is_the_wallet(world: IssuingWorld) -> None:
    wallet = world.wallet()
    page = await at_consent(wallet, "janos", "diploma")
    assert "knows nothing of you for: Diploma" in text_of(page)
    assert "Issue to this wallet</button>" not in text_of(page)
    answer = answer_in(await wallet.decide(page))
    assert (answer["error"], answer["error_description"].partition(":")[0]) == ("access_denied", "issuer-decision")


# --- logging in -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_an_unknown_name_and_a_wrong_password_are_answered_alike(world: IssuingWorld) -> None:
    answers = []
    for login, password in (("erika", "wrong"), ("nobody", "erika keeps bees"), ("", "")):
        wallet = world.wallet()
        page = await wallet.browser.open(await sent(wallet))
        fields = hidden_fields(page) | {"login": login, "password": password}
        answer = await wallet.browser.post("/log-in", fields)
        text = text_of(answer).replace(hidden_fields(page)["csrf"], "token").replace(f' value="{login}"', "")
        answers.append((answer.status, text, [name for name, _ in answer.headers]))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 400
    assert "do not belong together" in answers[0][1]


@pytest.mark.slow
async def test_a_password_is_never_shown_again(world: IssuingWorld) -> None:
    wallet = world.wallet()
    await wallet.browser.open(await sent(wallet))
    assert "hunter2" not in text_of(await wallet.enter("erika", "hunter2"))


@pytest.mark.slow
async def test_five_wrong_passwords_end_the_visit_even_for_the_right_one(world: IssuingWorld) -> None:
    wallet = world.wallet()
    await wallet.browser.open(await sent(wallet))
    for _ in range(MAX_TRIES):
        assert (await wallet.enter("erika", "wrong")).status == 400
    page = await wallet.enter("erika")
    assert refused_by(page) == "log-in-open"
    page = await wallet.browser.open(link_of(page, "Go on"))
    assert "In this log-in nothing more is tried" in text_of(page)
    assert 'name="password"' not in page.body.decode()
    left = await wallet.browser.post("/log-in/leave", hidden_fields(page))
    assert answer_in(left)["error"] == "access_denied"


@pytest.mark.slow
async def test_a_log_in_makes_a_new_session_and_the_old_one_is_dead(world: IssuingWorld) -> None:
    wallet = world.wallet()
    await wallet.browser.open(await sent(wallet))
    before = wallet.browser.cookies[HOST][COOKIE]
    await wallet.enter("erika")
    after = wallet.browser.cookies[HOST][COOKIE]
    assert before != after
    wallet.browser.cookies[HOST][COOKIE] = before
    for path in ("/log-in", "/consent"):
        assert refused_by(await wallet.browser.get(path)) == "log-in-open"


@pytest.mark.slow
async def test_a_planted_session_is_not_taken_up(world: IssuingWorld) -> None:
    """Fixation: somebody plants the id of a visit of theirs, and waits for a log-in."""
    attacker, victim = world.wallet(), world.wallet()
    await attacker.browser.open(await sent(attacker))
    planted = attacker.browser.cookies[HOST][COOKIE]
    victim.browser.cookies[HOST] = {COOKIE: planted}
    await victim.browser.open(await sent(victim))
    assert victim.browser.cookies[HOST][COOKIE] != planted
    await victim.enter("erika")
    assert refused_by(await attacker.browser.get("/consent")) == "log-in-open"


@pytest.mark.slow
async def test_a_visit_in_another_tab_takes_nothing_over(world: IssuingWorld) -> None:
    """Of two tabs the older one's form is refused; neither decides for the other."""
    first, second = world.wallet(), world.wallet()
    second.browser = first.browser
    page = await at_consent(first)
    await second.browser.open(await sent(second))
    assert refused_by(await first.decide(page)) == "csrf"


@pytest.mark.slow
async def test_an_offer_for_one_person_is_not_for_another(world: IssuingWorld) -> None:
    wallet = world.wallet()
    await wallet.browser.open(await sent(wallet, person="max"))
    page = await wallet.enter("erika")
    assert refused_by(page) == "person"
    assert "an offer for somebody else" in text_of(page)
    again = await wallet.browser.open(link_of(page, "Log in as somebody else, or go back to the wallet"))
    assert "Stop and go back to the wallet" in text_of(again)
    assert (await wallet.enter("max")).status == 200


@pytest.mark.slow
async def test_who_does_not_log_in_goes_back_and_the_wallet_waits_no_longer(world: IssuingWorld) -> None:
    """RFC 6749 section 4.1.2.1."""
    wallet = world.wallet()
    url = await sent(wallet, person="max")
    page = await wallet.browser.open(url)
    assert refused_by(await wallet.enter("erika")) == "person"
    answer = answer_in(await wallet.browser.post("/log-in/leave", hidden_fields(page)))
    assert (answer["error"], answer["iss"]) == ("access_denied", world.issuer)
    assert refused_by(await wallet.browser.open(url)) == "pushed-request"
    assert refused_by(await wallet.browser.post("/log-in/leave", hidden_fields(page))) == "log-in-open"


@pytest.mark.slow
async def test_who_has_logged_in_decides_and_does_not_leave(world: IssuingWorld) -> None:
    wallet = world.wallet()
    page = await at_consent(wallet)
    assert refused_by(await wallet.browser.post("/log-in/leave", hidden_fields(page))) == "log-in-open"
    assert (await wallet.decide(page)).status == 303


@pytest.mark.slow
async def test_a_form_without_the_token_of_its_browser_is_refused(world: IssuingWorld) -> None:
    wallet = world.wallet()
    await wallet.browser.open(await sent(wallet))
    answer = await wallet.browser.post("/log-in", {"login": "erika", "password": "erika keeps bees"})
    assert refused_by(answer) == "csrf"


@pytest.mark.slow
async def test_nobody_else_makes_a_person_leave(world: IssuingWorld) -> None:
    wallet = world.wallet()
    page = await wallet.browser.open(await sent(wallet))
    assert refused_by(await wallet.browser.post("/log-in/leave", {})) == "csrf"
    answer = await wallet.browser.post("/log-in/leave", hidden_fields(page), page="https://evil.example/page")
    assert refused_by(answer) == "cross-site"
    assert (await wallet.enter("erika")).status == 200


@pytest.mark.slow
async def test_a_form_of_another_site_is_refused(world: IssuingWorld) -> None:
    wallet = world.wallet()
    page = await at_consent(wallet)
    fields = hidden_fields(page) | {"decision": "approve"}
    answer = await wallet.browser.post("/consent", fields, page="https://evil.example/page")
    assert refused_by(answer) == "cross-site"


@pytest.mark.slow
async def test_nobody_decides_before_a_log_in(world: IssuingWorld) -> None:
    wallet = world.wallet()
    page = await wallet.browser.open(await sent(wallet))
    early = await wallet.browser.get("/consent")
    assert refused_by(early) == "log-in-open"
    assert "Stop and go back to the wallet" in text_of(
        await wallet.browser.open(link_of(early, "Go on where it stands"))
    )
    answer = await wallet.browser.post("/consent", hidden_fields(page) | {"decision": "approve"})
    assert refused_by(answer) == "log-in-open"
    assert (await wallet.enter("erika")).status == 200  # and the visit goes on


@pytest.mark.slow
async def test_who_has_logged_in_does_not_log_in_again(world: IssuingWorld) -> None:
    wallet = world.wallet()
    page = await at_consent(wallet)
    answer = await wallet.browser.post("/log-in", hidden_fields(page) | {"login": "max", "password": "x"})
    assert refused_by(answer) == "log-in-open"
    page = await wallet.browser.open(link_of(answer, "Go on where it stands"))
    assert (await wallet.decide(page)).status == 303


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/log-in", "/consent", "/log-in/return", "/log-in/provider"])
async def test_a_browser_without_a_visit_gets_a_page_that_says_so(world: IssuingWorld, path: str) -> None:
    browser = world.browser()
    page = await browser.open(world.issuer + path)
    assert refused_by(page) == "log-in-open"
    assert "Begin again in your wallet." in text_of(page)
    assert (await browser.open(link_of(page, "To the first page"))).status == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["/log-in/return?code=x&state=y", "/log-in/return?response_code=x", "/log-in/provider"]
)
async def test_another_sources_way_in_leads_nowhere(world: IssuingWorld, path: str) -> None:
    wallet = world.wallet()
    await wallet.browser.open(await sent(wallet))
    assert refused_by(await wallet.browser.get(path)) == "log-in-open"
    assert (await wallet.enter("erika")).status == 200


# --- once, and in time ----------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_decision_is_taken_once(world: IssuingWorld) -> None:
    wallet = world.wallet()
    page = await at_consent(wallet)
    assert (await wallet.decide(page)).status == 303
    assert refused_by(await wallet.decide(page)) == "log-in-open"


@pytest.mark.slow
async def test_a_request_may_be_opened_again_until_it_is_decided(world: IssuingWorld) -> None:
    wallet = world.wallet()
    url = await sent(wallet)
    assert (await wallet.browser.open(url)).status == 200
    assert (await wallet.browser.open(url)).status == 200
    await wallet.decide(await wallet.enter("erika"))
    assert refused_by(await wallet.browser.open(url)) == "pushed-request"


@pytest.mark.slow
async def test_of_two_browsers_with_one_request_the_first_decides(world: IssuingWorld) -> None:
    wallet, other = world.wallet(), world.wallet()
    url = await sent(wallet)
    for each in (wallet, other):
        await each.browser.open(url)
    pages = [await wallet.enter("erika"), await other.enter("max")]
    assert (await wallet.decide(pages[0])).status == 303
    page = await other.decide(pages[1])
    assert refused_by(page) == "pushed-request"
    assert "It was decided, perhaps in another window" in text_of(page)
    assert "Begin again in your wallet." in text_of(page)
    assert (await other.browser.open(link_of(page, "To the first page"))).status == 200


@pytest.mark.slow
async def test_a_person_who_came_in_time_may_take_a_while_and_no_longer(world: IssuingWorld) -> None:
    wallet, late = world.wallet(), world.wallet()
    await wallet.browser.open(await sent(wallet))
    await late.browser.open(await sent(late))
    world.clock.advance(REQUEST_URI_SECONDS + 60)
    page = await wallet.enter("erika")
    assert (await wallet.decide(page)).status == 303
    world.clock.advance(LOG_IN_SECONDS)
    assert refused_by(await late.browser.get("/log-in")) == "log-in-open"


@pytest.mark.slow
async def test_a_link_is_late_after_five_minutes(world: IssuingWorld) -> None:
    wallet = world.wallet()
    url = await sent(wallet)
    world.clock.advance(REQUEST_URI_SECONDS)
    assert refused_by(await wallet.browser.open(url)) == "pushed-request"


@pytest.mark.parametrize(
    "query", ["", "?client_id=x", "?request_uri=urn:ietf:params:oauth:request_uri:guess&client_id=x"]
)
async def test_nothing_but_a_pushed_request_opens_the_page(world: IssuingWorld, query: str) -> None:
    assert refused_by(await world.browser().open(f"{world.issuer}/authorize{query}")) == "pushed-request"


@pytest.mark.slow
async def test_a_pushed_request_is_its_clients(world: IssuingWorld) -> None:
    wallet = world.wallet()
    url = await sent(wallet)
    stolen = url.replace("client_id=http", "client_id=https")
    assert stolen != url
    assert refused_by(await wallet.browser.open(stolen)) == "pushed-request"


@pytest.mark.slow
async def test_a_request_uri_twice_in_the_address_is_refused(world: IssuingWorld) -> None:
    wallet = world.wallet()
    assert refused_by(await wallet.browser.open(await sent(wallet) + "&request_uri=urn:x")) == "syntax"


# --- with TLS -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_with_tls_the_cookie_is_the_hosts_alone(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path)
    origin = "https://issuer.utopia.example"
    async with issuing_world(config, origin=origin, behind_proxy=True) as world:
        wallet = world.wallet()
        wallet.browser = Browser(world.handlers)
        pause = await wallet.push(await world.offer("pid"))
        (_, cookie) = next(
            header for header in (await wallet.browser.get(pause.url)).headers if header[0] == "set-cookie"
        )
        assert cookie.startswith("__Host-zegel-issuer=")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
