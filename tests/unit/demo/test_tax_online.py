"""Tax online: what a stock library makes of the provider, and what the service makes of its visitors."""

import asyncio
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.sign_in import ADA_SD_JWT, CLAIMS, CLIENT_SECRET, STABLE, registered, sd_jwt_answer
from zegel_testing.sign_in_provider import SignInProvider

from zegel.primitives.http import json_response
from zegel.protocols.oidc.client import ClaimSource


def run(story):
    return asyncio.run(story)


def csrf_of(page: httpx2.Response) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', page.text)[1]


def test_the_welcome_page_leads_to_the_sign_in(person) -> None:
    page = run(person.get("/"))
    assert page.status_code == 200
    assert '<a class="button" href="/sign-in">Sign in with your wallet</a>' in page.text
    assert "set-cookie" not in page.headers


def test_a_stock_library_signs_a_person_in(person) -> None:
    page = run(person.sign_in())
    assert page.status_code == 200
    for shown in ("Welcome, Ada Brückner", "1990-02-28", "UT, AT", "Hythloday", "ada@utopia.example", "LoA/high"):
        assert shown in page.text


def test_the_page_says_that_the_identifier_is_a_pseudonym(provider, person) -> None:
    page = run(person.sign_in())
    assert "pseudonym" in page.text
    assert re.search(r"<code>[A-Za-z0-9_-]{43}</code>", page.text)


def test_the_service_asks_by_the_code_flow_with_pkce(provider, person) -> None:
    run(person.sign_in())
    (authorization,) = [request for request in provider.received if request.path == "/authorize"]
    asked = authorization.query()
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    (token,) = [request for request in provider.received if request.path == "/token"]
    assert token.header("authorization").startswith("Basic ")
    assert CLIENT_SECRET not in token.body.decode()


def test_a_stable_subject_is_the_same_at_the_next_sign_in(another_person) -> None:
    async def subject() -> str:
        page = await another_person(SignInProvider(registered(STABLE))).sign_in()
        return re.search(r"<code>([A-Za-z0-9_-]{43})</code>", page.text)[1]

    assert run(subject()) == run(subject())


def test_a_person_without_a_name_is_welcome_too(another_person) -> None:
    claims = {name: value for name, value in ADA_SD_JWT.items() if name == "sex"}
    page = run(another_person(SignInProvider(answer=sd_jwt_answer(claims))).sign_in())
    assert "<h1>Welcome</h1>" in page.text
    assert "Nothing but that you are the same person" in page.text


def test_who_is_signed_in_goes_straight_to_the_profile(person) -> None:
    async def story() -> httpx2.Response:
        await person.sign_in()
        return await person.get("/")

    assert run(story()).headers["location"] == "https://tax.utopia.example/profile"


def test_who_is_not_signed_in_has_no_profile(person) -> None:
    assert run(person.get("/profile")).headers["location"] == "https://tax.utopia.example/"


def test_a_refusal_comes_back_as_a_page(provider, person) -> None:
    provider.refuses = True
    page = run(person.sign_in())
    assert page.status_code == 400
    assert "You did not present" in page.text


def test_what_an_error_says_of_itself_is_not_shown(person) -> None:
    page = run(
        person.get("/callback?iss=https%3A%2F%2Fprovider.utopia.example&error=evil&error_description=Call+this+number")
    )
    assert page.status_code == 400
    assert "number" not in page.text


@pytest.mark.parametrize("issuer", ["https%3A%2F%2Fevil.example", ""])
def test_an_answer_of_another_issuer_is_refused_before_anything_is_sent(provider, person, issuer: str) -> None:
    async def story() -> httpx2.Response:
        answer = await person.authorize()
        return await person.get(re.sub(r"iss=[^&]*", f"iss={issuer}", answer))

    assert run(story()).status_code == 400
    assert "/token" not in [request.path for request in provider.received]


def test_an_answer_that_another_browser_asked_for_is_refused(provider, person, another_person) -> None:
    async def story() -> httpx2.Response:
        answer = await person.authorize()
        other = another_person(provider)
        await other.authorize()
        return await other.get(answer)

    page = run(story())
    assert page.status_code == 400
    assert "another browser" in page.text


def test_a_code_is_not_taken_twice(person) -> None:
    async def story() -> tuple[int, int]:
        answer = await person.authorize()
        first = await person.get(answer)
        second = await person.get(answer)
        return first.status_code, second.status_code

    assert run(story()) == (303, 400)


def _other_audience(provider: SignInProvider) -> None:
    provider.codes = {key: replace(code, client_id="other") for key, code in provider.codes.items()}


def _other_nonce(provider: SignInProvider) -> None:
    provider.codes = {key: replace(code, nonce="other") for key, code in provider.codes.items()}


@pytest.mark.parametrize("spoil", [_other_audience, _other_nonce])
def test_an_id_token_for_another_sign_in_is_refused(provider, person, spoil) -> None:
    async def story() -> httpx2.Response:
        answer = await person.authorize()
        spoil(provider)
        if spoil is _other_audience:
            provider.clients["tax-online"] = registered(id="other")
            provider.clients["other"] = provider.clients["tax-online"]
        return await person.get(answer)

    assert run(story()).status_code == 400


def test_an_id_token_of_another_key_is_refused(provider, person) -> None:
    async def story() -> httpx2.Response:
        keys = provider.handle
        answer = await person.authorize()
        provider.provider = replace(provider.provider, signer=fixed_key("somebody else"))
        old = SignInProvider()
        provider.handle = lambda request: old.handle(request) if request.path == "/jwks" else keys(request)
        return await person.get(answer)

    assert run(story()).status_code == 400


def test_claims_of_another_subject_are_refused(provider, person) -> None:
    async def story() -> httpx2.Response:
        answer = await person.authorize()
        handle = provider.handle
        provider.handle = lambda request: (
            json_response({"sub": "somebody else"}) if request.path == "/userinfo" else handle(request)
        )
        return await person.get(answer)

    assert run(story()).status_code == 400


@pytest.mark.parametrize("path", ["/sign-in", "/callback"])
def test_a_provider_that_cannot_be_reached_is_said_so(provider, person, path: str) -> None:
    def unreachable(_request: object) -> None:
        raise httpx2.ConnectError("no route")

    async def story() -> httpx2.Response:
        if path == "/sign-in":
            provider.handle = unreachable
            return await person.get(path)
        answer = await person.authorize()
        provider.handle = unreachable
        return await person.get(answer)

    page = run(story())
    assert page.status_code == 503
    assert "not available at the moment" in page.text


def test_the_cookie_is_the_hosts_own_and_out_of_reach(person) -> None:
    cookie = run(person.get("/sign-in")).headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    assert name == "__Host-tax-online"
    assert rest.partition("; ")[2] == "Path=/; HttpOnly; SameSite=Lax; Secure"


def test_on_plain_http_the_cookie_has_no_prefix(provider, another_person) -> None:
    cookie = run(another_person(provider, "http://tax.localhost:7104").get("/sign-in")).headers["set-cookie"]
    assert cookie.startswith("tax-online=")
    assert "Secure" not in cookie


def test_a_log_in_gives_a_new_id(person) -> None:
    async def story() -> tuple[str, str, str]:
        answer = await person.authorize()
        before = person.browser.cookies["__Host-tax-online"]
        await person.get(answer)
        after = person.browser.cookies["__Host-tax-online"]
        person.browser.cookies.clear()
        person.browser.cookies.set("__Host-tax-online", before)
        return before, after, (await person.get("/profile")).headers["location"]

    before, after, location = run(story())
    assert before != after
    assert location == "https://tax.utopia.example/"


def test_signing_out_needs_the_token_of_the_page(person) -> None:
    async def story() -> list[int]:
        page = await person.sign_in()
        forged = await person.browser.post("/sign-out", data={"csrf": "guess"})
        empty = await person.browser.post("/sign-out")
        still = await person.get("/profile")
        out = await person.browser.post("/sign-out", data={"csrf": csrf_of(page)})
        after = await person.get("/profile")
        return [response.status_code for response in (forged, empty, still, out, after)]

    assert run(story()) == [403, 403, 200, 303, 303]


def test_a_form_without_a_session_and_a_long_one_are_refused(person) -> None:
    async def story() -> list[int]:
        sent = [await person.browser.post("/sign-out", content=body) for body in (b"", b"csrf=", b"c" * 1001, b"\xff")]
        return [response.status_code for response in (*sent, await person.get("/sign-out"))]

    assert run(story()) == [403, 403, 413, 403, 405]


def test_every_page_keeps_to_itself(person) -> None:
    async def story() -> list[httpx2.Response]:
        return [
            await person.get("/"),
            await person.sign_in(),
            await person.get("/nowhere"),
            await person.get("/callback"),
        ]

    for page in run(story()):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text
        assert " style=" not in page.text


def test_a_page_that_is_not_there_is_said_so(person) -> None:
    page = run(person.get("/nowhere"))
    assert page.status_code == 404
    assert "There is no such page." in page.text


def test_our_own_bug_says_nothing_of_itself(provider, person) -> None:
    def broken(_request: object) -> None:
        raise AssertionError("a secret detail")

    provider.handle = broken
    page = run(person.get("/sign-in"))
    assert page.status_code == 500
    assert "secret detail" not in page.text


def test_the_files_of_the_pages_are_served(person) -> None:
    async def story() -> list[httpx2.Response]:
        return [await person.get(f"/static/{name}") for name in ("tax.css", "tax.svg", "other", "..%2ftax_online.py")]

    css, svg, other, outside = run(story())
    assert css.headers["content-type"].startswith("text/css")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert (other.status_code, outside.status_code) == (404, 404)


def test_another_host_is_refused(person) -> None:
    assert run(person.browser.get("/", headers={"host": "evil.example"})).status_code == 400


def test_a_claim_can_have_any_shape(another_person) -> None:
    claims = ADA_SD_JWT | {"given_name": "<b>Ada</b>", "picture": "data:image/jpeg;base64,/9j/"}

    client = registered(claims=CLAIMS | {"picture": ClaimSource(attestation="pid", claims=("portrait",))})
    page = run(another_person(SignInProvider(client, answer=sd_jwt_answer(claims))).sign_in())
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page.text
    assert '<img src="data:image/jpeg;base64,/9j/" alt="Portrait">' in page.text


def test_the_answer_leads_back_to_the_callback(person) -> None:
    answer = urlsplit(run(person.authorize()))
    assert answer.path == "/callback"
    assert parse_qs(answer.query).keys() == {"code", "state", "iss"}
