"""Routing: exact methods, exact paths, parts that stay parts."""

import pytest

from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.web.routing import Matched, Route, find_route


async def answer(_site: None, _request: HttpRequest, **_parts: str) -> HttpResponse:
    return HttpResponse(status=200)


READ = Route("GET", "/request/{session}", answer)
WRITE = Route("POST", "/request/{session}", answer)
HOME = Route("GET", "/", answer)
NESTED = Route("POST", "/a/{first}/b/{second}", answer)
DOTTED = Route("GET", "/.well-known/openid-credential-issuer", answer)
ROUTES = (HOME, READ, WRITE, NESTED, DOTTED)


def find(method: str, path: str) -> Matched[None] | HttpResponse:
    return find_route(ROUTES, HttpRequest(method=method, url="https://verifier.utopia.example" + path))


def matched(method: str, path: str) -> Matched[None]:
    found = find(method, path)
    assert isinstance(found, Matched), found
    return found


def test_a_request_finds_the_route_of_its_method_and_path() -> None:
    assert matched("GET", "/request/1").route is READ
    assert matched("POST", "/request/1").route is WRITE
    assert matched("POST", "/request/1").parts == {"session": "1"}


def test_each_part_has_its_name() -> None:
    assert matched("POST", "/a/1/b/2").parts == {"first": "1", "second": "2"}


@pytest.mark.parametrize("path", ["", "/", "/?a=b", "/#here"])
def test_an_origin_without_a_path_is_its_home(path: str) -> None:
    assert matched("GET", path).route is HOME


def test_a_query_is_no_part_of_the_path() -> None:
    assert matched("GET", "/request/1?session=2").parts == {"session": "1"}


@pytest.mark.parametrize("path", ["/request/1", "/", "/.well-known/openid-credential-issuer"])
def test_what_can_be_got_can_be_asked_for_by_head(path: str) -> None:
    assert matched("HEAD", path).route is matched("GET", path).route


def test_what_can_only_be_posted_has_no_head() -> None:
    found = find("HEAD", "/a/1/b/2")
    assert isinstance(found, HttpResponse)
    assert (found.status, found.header("allow")) == (405, "POST")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "PROPFIND"])
def test_another_method_is_told_which_there_are(method: str) -> None:
    found = find(method, "/request/1")
    assert isinstance(found, HttpResponse)
    assert (found.status, found.header("allow")) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    "path",
    [
        "/request",
        "/request/",
        "/request/1/",
        "/request/1/2",
        "/requests/1",
        "//request/1",
        "/REQUEST/1",
        "/x/request/1",
        "/a//b/2",
        "/xwell-known/openid-credential-issuer",
        "/%2ewell-known/openid-credential-issuer",
    ],
)
def test_a_path_is_found_whole_or_not_at_all(path: str) -> None:
    found = find("GET", path)
    assert isinstance(found, HttpResponse)
    assert found.status == 404


@pytest.mark.parametrize(
    "part", ["a%2Fb", "a%2fb", "%2F", "..", ".", "%2e%2e", "%2E", ".%2e", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd"]
)
def test_no_part_is_a_path_of_its_own(part: str) -> None:
    found = find("GET", f"/request/{part}")
    assert isinstance(found, HttpResponse)
    assert found.status == 404


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("a%20b", "a b"),
        ("a+b", "a+b"),
        ("...", "..."),
        ("a.b", "a.b"),
        ("%C3%A9", "é"),
        ("%FF", "\N{REPLACEMENT CHARACTER}"),
        ("%", "%"),
        ("%zz", "%zz"),
        ("%252e%252e", "%2e%2e"),
        ("a;b=c", "a;b=c"),
        ("{session}", "{session}"),
    ],
)
def test_a_part_is_decoded_once(part: str, value: str) -> None:
    assert matched("GET", f"/request/{part}").parts == {"session": value}


def test_a_template_is_no_pattern() -> None:
    route = Route("GET", "/a.b/(c)", answer)
    assert route.match("/a.b/(c)") == {}
    assert route.match("/axb/c") is None
