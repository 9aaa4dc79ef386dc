"""Requests and responses as values."""

import pytest

from zegel.errors import Malformed
from zegel.primitives.http import (
    FORM,
    MAX_FIELDS,
    MAX_URL,
    HttpRequest,
    HttpResponse,
    challenges,
    encode_form,
    json_response,
    media_type,
    origin_of,
    parse_form,
    with_query,
)


def test_a_request_knows_its_parts() -> None:
    request = HttpRequest(
        method="POST",
        url="https://issuer.example/token?a=1&b=%20",
        headers=(("content-type", "application/x-www-form-urlencoded; charset=UTF-8"), ("accept", "*/*")),
        body=b"code=x%26y&state=",
    )
    assert request.path == "/token"
    assert request.query() == {"a": "1", "b": " "}
    assert request.form() == {"code": "x&y"}
    assert request.header("accept") == "*/*"
    assert request.header("authorization") is None
    assert HttpRequest(method="GET", url="https://issuer.example").path == "/"
    assert HttpRequest(method="GET", url="https://issuer.example").query() == {}


def test_a_header_that_is_sent_twice_is_malformed() -> None:
    headers = (("dpop", "a"), ("dpop", "b"))
    for message in (
        HttpRequest(method="GET", url="https://issuer.example", headers=headers),
        HttpResponse(status=200, headers=headers),
    ):
        with pytest.raises(Malformed):
            message.header("dpop")


def test_rfc_9110_5_3_a_header_that_is_a_list_may_stand_on_several_lines() -> None:
    headers = (("accept", "a/b, c/d"), ("accept-language", "de"), ("accept", "*/*"))
    request = HttpRequest(method="GET", url="https://issuer.example", headers=headers)
    assert request.listed("accept") == "a/b, c/d,*/*"
    assert request.listed("if-none-match") == ""


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", ()),
        ("Negotiate", (("negotiate", {}),)),
        ('DPoP error="use_dpop_nonce", algs="ES256"', (("dpop", {"error": "use_dpop_nonce", "algs": "ES256"}),)),
        ("DPoP error=use_dpop_nonce", (("dpop", {"error": "use_dpop_nonce"}),)),
        ('DPoP\tError = "invalid_token"', (("dpop", {"error": "invalid_token"}),)),
        (
            'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',  # the clause's own
            (("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}), ("basic", {"realm": "simple"})),
        ),
        (
            'Bearer realm="a, DPoP error=b", DPoP algs="ES256"',
            (("bearer", {"realm": "a, DPoP error=b"}), ("dpop", {"algs": "ES256"})),
        ),
        ("Basic abc==, DPoP error=a", (("basic", {}), ("dpop", {"error": "a"}))),
        (",, Bearer ,, DPoP error=a,", (("bearer", {}), ("dpop", {"error": "a"}))),
        ("DPoP error=a, error=b", (("dpop", {"error": "a"}),)),
        ('DPoP error="a", Digest qop="auth', (("dpop", {"error": "a"}), ("digest", {}))),
        ('error="a"', ()),
        ('"a"', ()),
    ],
)
def test_rfc_9110_11_6_1_challenges_have_tokens_and_quoted_strings(
    value: str, found: tuple[tuple[str, dict[str, str]], ...]
) -> None:
    assert challenges(value) == found


def test_challenges_may_stand_on_several_lines() -> None:
    lines = ('Bearer realm="x"', 'DPoP error="a"')
    response = HttpResponse(status=401, headers=tuple(("www-authenticate", line) for line in lines))
    assert challenges(response.listed("www-authenticate")) == (("bearer", {"realm": "x"}), ("dpop", {"error": "a"}))


def test_a_body_of_another_type_is_no_form() -> None:
    for headers in ((), (("content-type", "application/json"),)):
        with pytest.raises(Malformed) as refusal:
            HttpRequest(method="POST", url="https://issuer.example", headers=headers, body=b"a=1").form()
        assert refusal.value.where == "content-type"


@pytest.mark.parametrize(
    ("content_type", "expected"), [(None, ""), ("", ""), ("Text/HTML ; charset=utf-8", "text/html"), (FORM, FORM)]
)
def test_the_media_type_stands_before_its_parameters(content_type: str | None, expected: str) -> None:
    assert media_type(content_type) == expected


def test_rfc_6749_section_3_1_an_empty_parameter_counts_as_left_out() -> None:
    assert parse_form(b"a=&b=1", what="form") == {"b": "1"}
    for body in (b"", b"&", b"a", b"a=&a="):
        assert parse_form(body, what="form") == {}
    assert parse_form(b"a=1&&b&b=2&", what="form") == {"a": "1", "b": "2"}


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=1&&a=2", b"a=%ff", b"\xff=1", b"&".join([b"a=1"] * (MAX_FIELDS + 1))])
def test_what_is_no_form_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_form(body, what="form")


def test_forms_and_queries_are_written() -> None:
    assert encode_form({"a": "x y&", "b": "é"}) == b"a=x+y%26&b=%C3%A9"
    assert with_query("https://rp.example/cb", {"code": "1"}) == "https://rp.example/cb?code=1"
    assert with_query("https://rp.example/cb?x=y", {"code": "1"}) == "https://rp.example/cb?x=y&code=1"


def test_a_json_response_is_not_kept_unless_it_says_so() -> None:
    response = json_response({"a": 1}, status=400)
    assert (response.status, response.body) == (400, b'{"a":1}')
    assert response.header("content-type") == "application/json"
    assert response.header("cache-control") == "no-store"
    assert json_response({}, headers=()).header("cache-control") is None


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://issuer.example/a?b#c", "https://issuer.example"),
        ("https://ISSUER.example:443/", "https://issuer.example"),
        ("http://issuer.localhost:8080", "http://issuer.localhost:8080"),
        ("http://127.0.0.1:80/", "http://127.0.0.1"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
    ],
)
def test_an_origin_is_scheme_host_and_unusual_port(url: str, origin: str) -> None:
    assert origin_of(url, what="url") == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "issuer.example",
        "//issuer.example/",
        "ftp://issuer.example/",
        "javascript:alert(1)",
        "https:///path",
        "https://user@issuer.example/",
        "https://:secret@issuer.example/",
        "https://issuer.example:99999/",
        "https://issuer.example:port/",
        "https://[::1/",
        "https://issuer.example\\@attacker.example/",
        "https://issuer.example/a b",
        "https://issuer.example/\n",
        "https://issüer.example/",
        "https://issuer.example/" + "a" * MAX_URL,
    ],
)
def test_what_has_no_plain_origin_is_malformed(url: str) -> None:
    with pytest.raises(Malformed):
        origin_of(url, what="url")
