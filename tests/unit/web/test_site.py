"""A site: who is let in, what goes wrong and how it is said, the headers of every answer, the line of every log."""

import io
import json
from collections.abc import Iterator
from hashlib import sha256
from itertools import product
from typing import Any

import pytest
from zegel_testing.authorities import fixed_random
from zegel_testing.logs import logging_to

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.http import PROBLEM, HttpRequest, HttpResponse, json_response
from zegel.protocols.oauth.errors import denied_with, oauth_error_response
from zegel.web.asgi import TransportError
from zegel.web.errors import HeadersTooLarge, TooLarge, WordedRefusal
from zegel.web.pages import error_page, render_page
from zegel.web.problem import problem
from zegel.web.routing import Audience, Route
from zegel.web.site import Site, SitePolicy, content_policy
from zegel.web.traffic import Traffic

pytestmark = pytest.mark.anyio
HOST = "issuer.localhost:7101"
ORIGIN = f"http://{HOST}"
TOKEN = "the operator's own"
SECRET = "a value that nobody may read"
FORM = (("origin", ORIGIN), ("sec-fetch-site", "same-origin"))


class Role:
    """What the handlers of this site share: what reached them, and what they answer or raise."""

    def __init__(self) -> None:
        self.seen: list[HttpRequest] = []
        self.parts: list[dict[str, str]] = []
        self.outcome: Any = json_response({})


async def handle(role: Role, request: HttpRequest, **parts: str) -> HttpResponse:
    role.seen.append(request)
    role.parts.append(parts)
    if isinstance(role.outcome, BaseException):
        raise role.outcome
    return role.outcome


def in_its_own_words(role: Role, error: ZegelError) -> HttpResponse:
    return json_response({"protocol": error.check.id}, status=418)


def in_the_words_of_oauth(role: Role, error: ZegelError) -> HttpResponse:
    return oauth_error_response(denied_with("invalid_token", error), resource=True)


def failing_words(role: Role, error: ZegelError) -> HttpResponse:
    raise ZeroDivisionError(SECRET)


ROUTES: tuple[Route[Role], ...] = (
    Route("GET", "/", handle, Audience.PERSON),
    Route("GET", "/page/{secret}", handle, Audience.PERSON),
    Route("POST", "/form/{secret}", handle, Audience.PERSON, max_body=100),
    Route("POST", "/elsewhere", handle, Audience.PERSON, max_body=100, from_elsewhere=True),
    Route("GET", "/data/{secret}", handle),
    Route("POST", "/data/{secret}", handle, max_body=10),
    Route("POST", "/protocol", handle, refusal=in_its_own_words),
    Route("POST", "/words", handle, refusal=in_the_words_of_oauth, max_body=10),
    Route("POST", "/broken", handle, Audience.PERSON, refusal=failing_words, from_elsewhere=True),
    Route("GET", "/operated/{secret}", handle, Audience.OPERATOR),
)


def site_of(role: Role, *, origin: str = ORIGIN, operated: bool = False, traffic: Traffic | None = None) -> Site[Role]:
    token = sha256(TOKEN.encode()).digest() if operated else None
    return Site(
        role,
        routes=ROUTES,
        policy=SitePolicy(role="issuer", origin=origin, operator_token=token),
        page=error_page(role="Issuer of Utopia", host=HOST),
        random=fixed_random("site"),
        traffic=traffic,
    )


@pytest.fixture
def role() -> Role:
    return Role()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the site writes to its log."""
    stream = io.StringIO()
    with logging_to(stream):
        yield stream


def get(path: str, *headers: tuple[str, str]) -> HttpRequest:
    return HttpRequest(method="GET", url=ORIGIN + path, headers=headers)


def post(path: str, *headers: tuple[str, str], body: bytes = b"") -> HttpRequest:
    return HttpRequest(method="POST", url=ORIGIN + path, headers=headers, body=body)


def body_of(response: HttpResponse) -> dict[str, Any]:
    return json.loads(response.body)


# --- who is let in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [None, HOST, "ISSUER.localhost:7101"])
async def test_a_request_to_our_host_is_answered(role: Role, host: str | None) -> None:
    headers = () if host is None else (("host", host),)
    assert (await site_of(role).handle(get("/data/1", *headers))).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "issuer.localhost", "issuer.localhost:7102", "issuer.localhost:80", "", "127.0.0.1:7101"]
)
@pytest.mark.parametrize(
    "request_",
    [
        get("/data/1"),
        get("/page/1"),
        post("/form/1", *FORM),
        get("/nowhere"),
        post("/data/1", body=b"x"),
        post("/"),
        post("/words"),
    ],
    ids=lambda request: f"{request.method} {request.path}",
)
@pytest.mark.refuses(Check.HOST)
async def test_a_request_to_another_host_is_misdirected(role: Role, host: str, request_: HttpRequest) -> None:
    headers = (*request_.headers, ("host", host))
    misdirected = HttpRequest(method=request_.method, url=request_.url, headers=headers, body=request_.body)
    response = await site_of(role).handle(misdirected)
    assert response.status == 421
    assert role.seen == []
    assert b"host" in response.body


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("https://issuer.utopia.example", "Issuer.Utopia.Example", 200),
        ("https://issuer.utopia.example", "issuer.utopia.example:443", 200),
        ("https://issuer.utopia.example", "issuer.utopia.example:80", 421),
        ("https://issuer.utopia.example", "issuer.utopia.example:8443", 421),
        ("http://issuer.localhost", "issuer.localhost:80", 200),
        ("https://issuer.utopia.example:8443", "issuer.utopia.example:443", 421),
    ],
)
async def test_rfc_9110_4_2_3_a_host_is_the_same_in_capitals_and_with_the_port_that_goes_without_saying(
    role: Role, origin: str, host: str, status: int
) -> None:
    request = HttpRequest(method="GET", url=f"{origin}/data/1", headers=(("host", host),))
    assert (await site_of(role, origin=origin).handle(request)).status == status


async def test_two_hosts_are_malformed(role: Role) -> None:
    response = await site_of(role).handle(get("/data/1", ("host", HOST), ("host", "evil.example")))
    assert (response.status, body_of(response)["check"]) == (400, "syntax")
    assert role.seen == []


@pytest.mark.parametrize(
    ("said_origin", "said_site"),
    [*product((None, ORIGIN, "null", "https://evil.example"), (None, "none", "cross-site"))],
)
@pytest.mark.parametrize("path", ["/form/1", "/elsewhere", "/data/1"])
@pytest.mark.refuses(Check.CROSS_SITE)
async def test_a_persons_form_comes_from_our_own_page(
    role: Role, path: str, said_origin: str | None, said_site: str | None
) -> None:
    said = (("origin", said_origin), ("sec-fetch-site", said_site))
    headers = [(name, value) for name, value in said if value is not None]
    response = await site_of(role).handle(post(path, *headers))
    ours = bool(headers) and said_origin in (None, ORIGIN) and said_site in (None, "none")
    if ours or path != "/form/1":  # a machine has no page, and a protocol may want forms from elsewhere
        assert (response.status, len(role.seen)) == (200, 1)
    else:
        assert (response.status, role.seen) == (403, [])
        assert b"cross-site" in response.body


async def test_a_page_may_be_opened_from_anywhere(role: Role) -> None:
    response = await site_of(role).handle(get("/page/1", ("sec-fetch-site", "cross-site")))
    assert response.status == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_an_operator_with_the_token_is_let_in(role: Role, scheme: str) -> None:
    headers = (("authorization", f"{scheme} {TOKEN}"), ("host", "anything.example"))
    assert (await site_of(role, operated=True).handle(get("/operated/1", *headers))).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        TOKEN,
        f" {TOKEN}",
        f"Basic {TOKEN}",
        f"DPoP {TOKEN}",
        "Bearer \N{SNOWMAN}",
        f"Bearer Bearer {TOKEN}",
    ],
)
@pytest.mark.refuses(Check.OPERATOR_TOKEN)
async def test_an_operator_without_the_token_is_not(role: Role, authorization: str | None) -> None:
    headers = () if authorization is None else (("authorization", authorization),)
    response = await site_of(role, operated=True).handle(get("/operated/1", *headers))
    assert (response.status, body_of(response)["check"]) == (401, "operator-token")
    assert response.header("www-authenticate") == "Bearer"
    assert role.seen == []


@pytest.mark.refuses(Check.OPERATOR_TOKEN)
async def test_where_there_is_no_token_there_is_no_operator(role: Role) -> None:
    response = await site_of(role).handle(get("/operated/1", ("authorization", "Bearer ")))
    assert (response.status, body_of(response)["check"]) == (401, "operator-token")
    assert role.seen == []


async def test_a_token_that_is_sent_twice_is_malformed(role: Role) -> None:
    headers = [("authorization", f"Bearer {TOKEN}")] * 2
    assert (await site_of(role, operated=True).handle(get("/operated/1", *headers))).status == 400


# --- what reaches a handler -----------------------------------------------------------------------------------------


async def test_a_body_is_read_for_a_post_alone_and_up_to_its_limit(role: Role) -> None:
    limits: list[int] = []

    async def read_body(limit: int) -> bytes:
        limits.append(limit)
        return b"read"

    site = site_of(role)
    await site.respond(post("/data/1", body=b"ignored"), read_body)
    await site.respond(get("/data/1"), read_body)
    assert limits == [10]
    assert [request.body for request in role.seen] == [b"read", b""]


async def test_nothing_is_read_of_what_is_not_let_in(role: Role) -> None:
    async def read_body(limit: int) -> bytes:
        raise AssertionError("it was read")

    site = site_of(role)
    for refused in (post("/form/1"), post("/nowhere"), post("/data/1", ("host", "evil.example"))):
        assert (await site.respond(refused, read_body)).status in (403, 404, 421)


@pytest.mark.parametrize("status", [408, 413])
async def test_a_body_that_does_not_arrive_is_said_and_logged(role: Role, log: io.StringIO, status: int) -> None:
    async def read_body(limit: int) -> bytes:
        raise TransportError(status)

    for request in (post("/data/1"), post("/words"), post("/form/1", *FORM)):
        response = await site_of(role).respond(request, read_body)
        assert (response.status, response.header("connection")) == (status, "close")
        assert response.header("x-request-id")
        assert Check.SYNTAX.remedy.encode() in response.body
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["status"], line["check"], line["field"]) for line in lines] == [(status, "syntax", "body")] * 3


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (HeadersTooLarge(64, 48_000), 431, b"Too large"),
        (Malformed("request", "header.host", "expected the header Host"), 400, b"This was refused"),
    ],
)
async def test_a_head_that_is_refused_is_answered_and_logged_as_everything_else(
    role: Role, log: io.StringIO, error: ZegelError, status: int, title: bytes
) -> None:
    traffic = Traffic("issuer")
    site = site_of(role, traffic=traffic)
    program, person = (site.refuse(get("/", *headers), error) for headers in ((), (("accept", "text/html"),)))
    assert (program.status, person.status) == (status, status)
    assert body_of(program)["remedy"] == Check.SYNTAX.remedy
    assert title in person.body
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["request"] for line in lines] == [program.header("x-request-id"), person.header("x-request-id")]
    for line in lines:
        assert (line["route"], line["status"], line["check"], line["field"]) == ("-", status, "syntax", error.field)
        assert {"rule", "clause", "fault", "remedy", "detail"} <= line.keys()
    requests = next(family for family in traffic.families() if family.name == "zegel_requests_total")
    assert [sample.value for sample in requests.samples] == [2]
    assert role.seen == []


async def test_what_is_too_large_is_refused_by_the_rule_on_a_page_and_in_json(role: Role) -> None:
    async def read_body(limit: int) -> bytes:
        raise TransportError(413)

    site = site_of(role)
    told = await site.respond(post("/data/1"), read_body)
    assert json.loads(told.body)["check"] == "syntax"
    assert json.loads(told.body)["detail"] == "request: expected at most 10 bytes"
    page = await site.respond(post("/form/1", *FORM), read_body)
    assert (page.status, page.header("connection")) == (413, "close")
    assert b"Too large" in page.body
    assert b"expected at most 100 bytes" in page.body


def test_problem_details_say_the_same_status() -> None:
    told = problem(None, TooLarge(10))
    members = json.loads(told.body)
    assert (told.status, members["status"], members["field"]) == (413, 413, "body")


async def test_who_has_gone_is_not_answered(role: Role) -> None:
    async def read_body(limit: int) -> bytes:
        raise TransportError(None)

    with pytest.raises(TransportError):
        await site_of(role).respond(post("/data/1"), read_body)


async def test_the_parts_of_the_path_have_their_names(role: Role) -> None:
    await site_of(role).handle(get("/data/a%20b"))
    assert role.parts == [{"secret": "a b"}]


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Malformed("form", "name", "expected text"), 400),
        (Rejected(Check.ANCHOR, "expected an anchor"), 400),
        (Denied("invalid_grant", Check.GRANT, "expected a code"), 400),
        (Unavailable("database", "it is locked"), 503),
    ],
)
async def test_a_refusal_becomes_an_answer_for_its_reader(role: Role, error: ZegelError, status: int) -> None:
    role.outcome = error
    machine = await site_of(role).handle(get("/data/1"))
    person = await site_of(role).handle(get("/page/1"))
    assert (machine.status, person.status) == (status, status)
    assert body_of(machine)["remedy"] == error.check.remedy
    assert person.header("content-type") == "text/html; charset=utf-8"


async def test_a_protocol_words_its_own_refusals(role: Role) -> None:
    role.outcome = Rejected(Check.ANCHOR, "expected an anchor")
    response = await site_of(role).handle(post("/protocol"))
    assert (response.status, body_of(response)) == (418, {"protocol": "anchor"})


async def test_a_refusal_that_a_page_of_the_handler_words_is_logged_as_any_other(role: Role, log: io.StringIO) -> None:
    page = HttpResponse(status=200, body=b"the form once more")
    role.outcome = WordedRefusal(Rejected(Check.LOG_IN_GUESSES, "too many", field="login", retry_after=7), page)
    response = await site_of(role).handle(get("/page/1"))
    assert (response.status, response.body, response.header("retry-after")) == (429, page.body, "7")
    line = json.loads(log.getvalue())
    assert (line["status"], line["check"]) == (429, Check.LOG_IN_GUESSES.id)


@pytest.mark.parametrize("path", ["/data/1", "/page/1"])
async def test_a_bug_is_a_plain_500_that_says_nothing_but_its_id(role: Role, log: io.StringIO, path: str) -> None:
    role.outcome = ValueError(f"secret {SECRET}")
    response = await site_of(role).handle(get(path))
    id_ = response.header("x-request-id")
    line = json.loads(log.getvalue())
    assert response.status == 500
    assert id_ is not None
    assert id_ in response.body.decode()
    assert SECRET not in response.body.decode()
    assert "ValueError" not in response.body.decode()
    assert (line["request"], line["level"], line["error"]) == (id_, "error", "ValueError")
    assert line["way"][-1].endswith(" handle")
    assert SECRET not in log.getvalue()


async def test_a_bug_in_how_a_refusal_is_worded_is_a_bug(role: Role, log: io.StringIO) -> None:
    role.outcome = Rejected(Check.ANCHOR, "expected an anchor")
    response = await site_of(role).handle(post("/broken"))
    assert response.status == 500
    assert response.header("content-security-policy")
    assert SECRET not in log.getvalue() + response.body.decode()


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html"])
@pytest.mark.parametrize(("request_", "status"), [(get("/nowhere"), 404), (get("/elsewhere"), 405)])
async def test_where_there_is_nothing_a_person_gets_a_page(
    role: Role, accept: str, request_: HttpRequest, status: int
) -> None:
    response = await site_of(role).handle(get(request_.path, ("accept", accept)))
    assert response.status == status
    assert "There is no page at this address" in response.body.decode()
    assert response.header("content-security-policy")
    assert response.header("allow") == (None if status == 404 else "POST")


@pytest.mark.parametrize(("status", "title"), [(404, "Not Found"), (406, "Not Acceptable")])
async def test_what_a_route_knows_nothing_of_is_said_in_the_same_words(role: Role, status: int, title: str) -> None:
    role.outcome = HttpResponse(status=status, headers=(("cache-control", "no-store"), ("vary", "accept")))
    response = await site_of(role).handle(get("/data/1"))
    assert (response.status, response.header("content-type"), response.header("vary")) == (status, PROBLEM, "accept")
    assert [value for name, value in response.headers if name == "cache-control"] == ["no-store"]
    assert (body_of(response)["title"], body_of(response)["status"]) == (title, status)
    page = await site_of(role).handle(get("/data/1", ("accept", "text/html")))
    assert page.status == status
    assert "There is no page at this address" in page.body.decode()


async def test_what_a_handler_says_of_nothing_is_left_as_it_is(role: Role) -> None:
    role.outcome = json_response({"error": "unknown"}, status=404)
    response = await site_of(role).handle(get("/data/1"))
    assert (response.status, body_of(response)) == (404, {"error": "unknown"})


@pytest.mark.parametrize("headers", [(), (("accept", "*/*"),), (("accept", "application/json"),)])
async def test_where_there_is_nothing_a_program_gets_problem_details(role: Role, headers: Any) -> None:
    unknown = await site_of(role).handle(get("/nowhere", *headers))
    assert (unknown.status, unknown.header("allow"), unknown.header("content-type")) == (404, None, PROBLEM)
    assert body_of(unknown) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "expected the address of something that is here",
    }
    other = await site_of(role).handle(get("/elsewhere", *headers))
    assert (other.status, other.header("allow"), other.header("content-type")) == (405, "POST", PROBLEM)
    assert body_of(other) == {
        "type": "about:blank",
        "title": "Method Not Allowed",
        "status": 405,
        "detail": "expected one of POST",
    }


# --- the headers of every answer ------------------------------------------------------------------------------------

PAGE_HEADERS = (
    "content-security-policy",
    "referrer-policy",
    "cross-origin-opener-policy",
    "permissions-policy",
    "cache-control",
)


@pytest.mark.parametrize(
    "request_",
    [
        get("/"),
        get("/data/1"),
        get("/nowhere"),
        get("/elsewhere"),
        post("/form/1"),
        get("/page/1", ("host", "x.example")),
    ],
    ids=lambda request: f"{request.method} {request.path}",
)
@pytest.mark.parametrize(
    "outcome",
    [
        json_response({}),
        HttpResponse(status=303, headers=(("location", "/"),)),
        render_page("verifier.html", title="Home", role="Role", host=HOST),
        Rejected(Check.ANCHOR, "expected an anchor"),
        ValueError("a bug"),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
async def test_every_answer_has_its_headers(role: Role, request_: HttpRequest, outcome: Any) -> None:
    role.outcome = outcome
    response = await site_of(role).handle(request_)
    assert response.header("x-content-type-options") == "nosniff"
    assert len(response.header("x-request-id") or "") == 16
    is_page = (response.header("content-type") or "").startswith("text/html")
    for name in PAGE_HEADERS[:-1]:
        assert (response.header(name) is not None) == is_page, name
    if is_page:
        assert response.header("cache-control") == "no-store"
        assert response.header("referrer-policy") == "same-origin"


@pytest.mark.parametrize(
    ("origin", "insists"),
    [
        (ORIGIN, None),
        (f"https://{HOST}", None),  # on loopback a sandbox without TLS may follow, on any port of this host
        ("https://issuer.utopia.example", "max-age=31536000"),
    ],
)
async def test_on_tls_a_host_out_in_the_world_insists_on_it(role: Role, origin: str, insists: str | None) -> None:
    response = await site_of(role, origin=origin).handle(HttpRequest(method="GET", url=f"{origin}/"))
    assert response.header("strict-transport-security") == insists


async def test_a_page_may_load_and_send_nothing_elsewhere(role: Role) -> None:
    role.outcome = render_page("verifier.html", title="Home", role="Role", host=HOST)
    policy = (await site_of(role).handle(get("/"))).header("content-security-policy") or ""
    directives = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert not {"script-src", "connect-src"} & directives.keys()  # no page has a script
    assert directives["frame-ancestors"] == "'none'"
    assert directives["base-uri"] == "'none'"
    assert directives["form-action"] == "'self'"
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_a_page_may_say_where_its_form_ends(role: Role) -> None:
    page = render_page("verifier.html", title="Home", role="Role", host=HOST)
    own = content_policy("https://tax.utopia.example")
    role.outcome = HttpResponse(status=200, headers=(*page.headers, own, ("cache-control", "private")), body=page.body)
    response = await site_of(role).handle(get("/"))
    assert "form-action 'self' https://tax.utopia.example;" in (response.header("content-security-policy") or "")
    assert response.header("cache-control") == "private"


async def test_each_answer_has_an_id_of_its_own(role: Role) -> None:
    site = site_of(role)
    ids = {(await site.handle(get("/data/1"))).header("x-request-id") for _ in range(5)}
    assert len(ids) == 5


# --- the line of every log ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "outcome", "route", "status", "check"),
    [
        (get(f"/data/{SECRET}?code={SECRET}"), json_response({}), "GET /data/{secret}", 200, None),
        (get(f"/page/{SECRET}?code={SECRET}"), Rejected(Check.GRANT, "x"), "GET /page/{secret}", 400, "grant"),
        (post(f"/form/{SECRET}"), json_response({}), "POST /form/{secret}", 403, "cross-site"),
        (get(f"/nowhere/{SECRET}?{SECRET}"), json_response({}), "-", 404, None),
        (get(f"/data/{SECRET}", ("host", SECRET)), json_response({}), "GET /data/{secret}", 421, "host"),
        (get(f"/data/{SECRET}"), ValueError(SECRET), "GET /data/{secret}", 500, None),
    ],
)
async def test_a_line_names_the_route_and_no_value(
    role: Role, log: io.StringIO, request_: HttpRequest, outcome: Any, route: str, status: int, check: str | None
) -> None:
    role.outcome = outcome
    await site_of(role).handle(request_)
    line = json.loads(log.getvalue())
    assert (line["route"], line["status"], line.get("check")) == (route, status, check)
    assert (line["event"], line["role"]) == ("request", "issuer")
    assert SECRET not in log.getvalue()
    if check is not None:
        assert {"rule", "clause", "field", "fault", "remedy", "detail"} <= line.keys()
