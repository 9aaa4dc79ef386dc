"""The browser at the other end: its cookie, its token, and where it says that a form was."""

import pytest
from zegel_testing.authorities import fixed_random

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.web.browser import (
    ID_BYTES,
    Browser,
    CookiePolicy,
    check_csrf,
    check_same_site,
    known_browser,
    new_browser,
)

PLAIN = CookiePolicy(role="issuer", secure=False, key=b"k" * 32)
SECURE = CookiePolicy(role="issuer", secure=True, key=b"k" * 32)
ORIGIN = "http://issuer.localhost:7101"
random = fixed_random("browser")
ADA = new_browser(PLAIN, random(ID_BYTES))
EVE = new_browser(PLAIN, random(ID_BYTES))


def coming(*cookies: str) -> HttpRequest:
    return HttpRequest(method="GET", url=ORIGIN, headers=tuple(("cookie", cookie) for cookie in cookies))


def posting(**headers: str) -> HttpRequest:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest(method="POST", url=ORIGIN, headers=named)


def test_on_plain_http_the_cookie_is_host_only_and_out_of_reach_of_scripts() -> None:
    response = ADA.remembered(HttpResponse(status=200, headers=(("x", "y"),), body=b"page"))
    assert response.headers == (("x", "y"), ("set-cookie", f"zegel-issuer={ADA.id}; Path=/; HttpOnly; SameSite=Lax"))
    assert (response.status, response.body) == (200, b"page")


def test_on_tls_the_cookie_is_secure_and_its_prefix_says_so() -> None:
    """RFC 6265bis section 4.1.3.2: with the prefix a browser takes it from this host alone, for all of it, over TLS."""
    browser = new_browser(SECURE, random(ID_BYTES))
    cookie = browser.remembered(HttpResponse(status=303)).header("set-cookie")
    assert cookie == f"__Host-zegel-issuer={browser.id}; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert "Domain" not in cookie


def test_a_browser_is_known_by_its_cookie() -> None:
    assert known_browser(coming(f"zegel-issuer={ADA.id}"), PLAIN) == ADA


@pytest.mark.parametrize(
    "cookie",
    [
        f"a=b; zegel-issuer={ADA.id}",
        f"zegel-issuer={ADA.id}; a=b",
        f"a=b;zegel-issuer={ADA.id};c=d",
        f" zegel-issuer = {ADA.id} ",
        f"junk; ;=;a b c; zegel-issuer={ADA.id}",
        f'broken="; zegel-issuer={ADA.id}',
        f"zegel-verifier={EVE.id}; zegel-issuer={ADA.id}",
        f"Zegel-Issuer={EVE.id}; zegel-issuer={ADA.id}",
    ],
)
def test_other_cookies_and_junk_hide_nothing(cookie: str) -> None:
    assert known_browser(coming(cookie), PLAIN) == ADA


def test_cookies_may_come_in_several_headers() -> None:
    assert known_browser(coming("a=b", f"zegel-issuer={ADA.id}"), PLAIN) == ADA


@pytest.mark.parametrize(
    "cookies",
    [
        (f"zegel-issuer={EVE.id}; zegel-issuer={ADA.id}",),
        (f"zegel-issuer={ADA.id}", f"zegel-issuer={EVE.id}"),
        (f"zegel-issuer={ADA.id}; zegel-issuer=",),
        (f"zegel-issuer={ADA.id}; zegel-issuer={ADA.id}",),
    ],
)
def test_two_cookies_of_the_name_count_as_none(cookies: tuple[str, ...]) -> None:
    assert known_browser(coming(*cookies), PLAIN) is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "short",
        ADA.id[:-1],
        ADA.id + "A",
        ADA.id[:-1] + "=",
        ADA.id[:-1] + "é",
        ADA.id[:-1] + "\N{ARABIC-INDIC DIGIT ONE}",
        f'"{ADA.id}"',
        "../" + ADA.id[3:],
        "A" * 10_000,
    ],
)
def test_what_is_no_id_of_ours_is_nobody(value: str) -> None:
    assert known_browser(coming(f"zegel-issuer={value}"), PLAIN) is None


def test_without_a_cookie_nobody_is_known() -> None:
    assert known_browser(coming(), PLAIN) is None
    assert known_browser(coming(f"zegel-issuer={ADA.id}"), SECURE) is None
    assert known_browser(coming(f"__Host-zegel-issuer={ADA.id}"), PLAIN) is None


def test_the_binding_and_the_token_do_not_show_the_id() -> None:
    assert len({ADA.id, ADA.csrf, ADA.binding, EVE.id, EVE.csrf, EVE.binding}) == 6
    assert ADA.csrf != Browser(id=ADA.id, policy=CookiePolicy(role="issuer", secure=False, key=b"x" * 32)).csrf


def test_a_form_with_the_browsers_token_is_taken() -> None:
    assert check_csrf({"csrf": ADA.csrf, "name": "Ada"}, ADA) is ADA


@pytest.mark.parametrize("token", [None, "", EVE.csrf, ADA.csrf[:-1], ADA.csrf + "=", ADA.id, "é", "\x00", "𝕊" * 43])
@pytest.mark.refuses(Check.CSRF)
def test_another_token_is_refused(token: str | None) -> None:
    with pytest.raises(Rejected) as refusal:
        check_csrf({} if token is None else {"csrf": token}, ADA)
    assert (refusal.value.check, refusal.value.field) == (Check.CSRF, "csrf")


@pytest.mark.refuses(Check.CSRF)
def test_a_browser_without_a_cookie_has_no_token() -> None:
    with pytest.raises(Rejected) as refusal:
        check_csrf({"csrf": ADA.csrf}, None)
    assert refusal.value.check is Check.CSRF


SITES = (None, "same-origin", "none", "same-site", "cross-site", "nonsense", "")
ORIGINS = (
    None,
    ORIGIN,
    "null",
    "",
    "http://issuer.localhost",
    "https://issuer.localhost:7101",
    "http://wallet.localhost:7101",
    "http://issuer.localhost:7102",
    ORIGIN + "/",
    ORIGIN.upper(),
)


@pytest.mark.parametrize("said_origin", ORIGINS)
@pytest.mark.parametrize("said_site", SITES)
@pytest.mark.refuses(Check.CROSS_SITE)
def test_a_form_comes_from_our_own_page_by_all_that_the_browser_says(
    said_origin: str | None, said_site: str | None
) -> None:
    said = {"origin": said_origin, "sec_fetch_site": said_site}
    request = posting(**{name: value for name, value in said.items() if value is not None})
    ours = (said_origin, said_site) != (None, None)
    ours = ours and said_origin in (None, ORIGIN) and said_site in (None, "same-origin", "none")
    if ours:
        assert check_same_site(request, origin=ORIGIN) is request
        return
    with pytest.raises(Rejected) as refusal:
        check_same_site(request, origin=ORIGIN)
    assert refusal.value.check is Check.CROSS_SITE


def test_an_origin_that_is_said_twice_is_malformed() -> None:
    request = HttpRequest(method="POST", url=ORIGIN, headers=(("origin", ORIGIN), ("origin", ORIGIN)))
    with pytest.raises(Malformed):
        check_same_site(request, origin=ORIGIN)


def test_an_id_is_as_long_as_it_says() -> None:
    assert ADA.id == base64url(fixed_random("browser")(ID_BYTES))
    assert len(ADA.id) == 43
