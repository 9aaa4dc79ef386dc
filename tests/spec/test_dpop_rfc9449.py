"""RFC 9449: DPoP, at the pushed request, the token and the credential endpoint."""

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.issuance import (
    ISSUER,
    SERVER,
    Issuer,
    at,
    finish,
    log_in,
    plain_issuer,
    resigned,
    wallet_client,
    with_form,
    with_header,
)

from zegel.errors import Denied, Malformed, Rejected
from zegel.primitives.http import HttpRequest
from zegel.primitives.jws import parse_jws
from zegel.primitives.keys import Curve
from zegel.profiles import HAIP, PLAIN
from zegel.protocols.oauth.dpop import MAX_JTI, parse_dpop, sign_dpop, thumbprint_of, verify_dpop

KEY = fixed_key("dpop")
URL = f"{SERVER}/token"


def sign(url: str = URL, **options: str | None) -> str:
    taken = {"nonce": None, "access_token": None} | options
    return sign_dpop(KEY, method="POST", url=url, now=NOW, random=fixed_random(), **taken)


def verify(proof: str, url: str = URL, access_token: str | None = None):
    return verify_dpop(parse_dpop(proof), method="POST", url=url, access_token=access_token, now=NOW)


def test_section_4_2_a_proof_has_these_members() -> None:
    jws = parse_jws(sign(nonce="n", access_token="t"), what="test")
    assert jws.unverified_header.typ == "dpop+jwt"
    assert set(jws.unverified_claims) == {"jti", "htm", "htu", "iat", "nonce", "ath"}


@pytest.mark.parametrize("jti", ["i", "i" * MAX_JTI])
def test_section_4_2_an_identifier_has_one_character_to_as_many_as_allowed(jti: str) -> None:
    assert jti in verify(resigned(sign(), KEY, jti=jti)).once.key
    for other in ("", jti + "i" * MAX_JTI):
        with pytest.raises(Rejected):
            verify(resigned(sign(), KEY, jti=other))


def test_section_4_2_the_url_goes_without_query_and_fragment() -> None:
    assert parse_jws(sign(URL + "?a=b#c"), what="test").unverified_claims["htu"] == URL


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("https://LOGIN.utopia.example/realm/token", URL),
        ("https://login.utopia.example:443/realm/token", URL),
        ("https://login.utopia.example/%72ealm/token", URL),
        ("https://login.utopia.example/realm/token?x=y#z", URL),
        (URL, URL + "?x=y"),
        ("https://a.example", "https://a.example/"),
        ("https://a.example/a%2fb", "https://a.example/a%2Fb"),
    ],
)
def test_section_4_3_point_9_urls_are_compared_as_rfc_3986_normalises_them(said: str, asked: str) -> None:
    assert verify(resigned(sign(), KEY, htu=said), asked).thumbprint == thumbprint_of(KEY.public_key)


@pytest.mark.parametrize("said", ["https://login.utopia.example/realm/Token", "https://a.example/a/b", "http://[", ""])
def test_section_4_3_point_9_another_url_is_refused(said: str) -> None:
    with pytest.raises(Rejected):
        verify(resigned(sign(), KEY, htu=said))


def test_section_4_3_point_9_an_escaped_slash_is_no_slash() -> None:
    with pytest.raises(Rejected):
        verify(resigned(sign(), KEY, htu="https://a.example/a%2Fb"), "https://a.example/a/b")


@pytest.mark.parametrize("jwk", [None, {}, {"kty": "oct", "k": "AA"}, KEY.secret_jwk()])
def test_section_4_3_point_7_the_header_brings_a_public_key(jwk: object) -> None:
    with pytest.raises(Malformed):
        parse_dpop(resigned(sign(), KEY, header={"jwk": jwk}))


@pytest.mark.parametrize("curve", list(Curve))
def test_each_curve_of_the_profiles_is_taken(curve: Curve) -> None:
    key = fixed_key("another", curve)
    proof = sign_dpop(key, method="POST", url=URL, now=NOW, random=fixed_random(), nonce=None)
    assert verify(proof).thumbprint == thumbprint_of(key.public_key)


def test_section_4_3_point_12_the_access_token_is_the_one_of_the_request() -> None:
    assert verify(sign(access_token="t"), access_token="t").nonce is None
    for proof in (sign(access_token="another"), sign()):
        with pytest.raises(Rejected):
            verify(proof, access_token="t")


def test_fapi_2_section_5_3_2_1_ten_seconds_of_clock_are_tolerated() -> None:
    for iat in (NOW - 10, NOW + 10):
        assert verify(resigned(sign(), KEY, iat=iat))
    with pytest.raises(Rejected):
        verify(resigned(sign(), KEY, iat=NOW + 61))


def test_a_proof_may_carry_times_of_its_own_and_they_hold() -> None:
    assert verify(resigned(sign(), KEY, nbf=NOW, exp=NOW + 5))
    for claims in ({"nbf": NOW + 60}, {"exp": NOW - 120}, {"exp": "never"}):
        with pytest.raises(Rejected):
            verify(resigned(sign(), KEY, **claims))


def test_section_10_1_a_pushed_request_may_go_without_a_proof() -> None:
    issuer = plain_issuer()
    issuer.edit_request = at("/par", lambda request: with_header(request, "dpop", None))
    log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(PLAIN))
    assert [response.status for request, response in issuer.seen if request.url.endswith("/par")] == [201]


def test_section_8_the_wallet_goes_on_with_the_nonce_of_the_refusal() -> None:
    issuer = plain_issuer()
    log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(PLAIN))
    pushes = [response for request, response in issuer.seen if request.url.endswith("/par")]
    assert [response.status for response in pushes] == [400, 201]
    assert b"use_dpop_nonce" in pushes[0].body
    assert pushes[0].header("dpop-nonce") is not None


def test_section_9_the_credential_endpoint_refuses_with_401_and_www_authenticate() -> None:
    issuer = Issuer()
    finish(issuer, log_in(issuer, issuer.offer("ticket"), wallet_client(HAIP)))
    first, second = [response for request, response in issuer.seen if request.url == f"{ISSUER}/credential"]
    assert (first.status, second.status) == (401, 200)
    assert (first.header("www-authenticate") or "").startswith('DPoP error="use_dpop_nonce"')


@pytest.mark.slow
def test_section_7_1_the_scheme_is_read_in_any_case() -> None:
    issuer = Issuer(encrypted=False)

    def edit(request: HttpRequest) -> HttpRequest:
        token = (request.header("authorization") or "").partition(" ")[2]
        return with_header(request, "authorization", f"dPoP {token}")

    issuer.edit_request = at("/credential", edit)
    assert finish(issuer, log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))).received


@pytest.mark.parametrize("by_header", [True, False])
def test_section_10_the_code_is_bound_to_the_key_of_the_pushed_request(by_header: bool) -> None:
    issuer = Issuer()

    def push(request: HttpRequest) -> HttpRequest:
        if by_header:
            return request
        return with_form(with_header(request, "dpop", None), dpop_jkt=thumbprint_of(KEY.public_key))

    def steal(request: HttpRequest) -> HttpRequest:
        nonce = issuer.server.fresh(now=NOW, random=issuer.random).dpop
        thief = fixed_key("thief")
        proof = sign_dpop(thief, method="POST", url=request.url, now=NOW, random=issuer.random, nonce=nonce)
        return with_header(request, "dpop", proof)

    def edit(request: HttpRequest) -> HttpRequest:
        if request.url.endswith("/par"):
            return push(request)
        return steal(request) if request.url.endswith("/token") else request

    issuer.edit_request = edit
    with pytest.raises(Denied, match="invalid_grant"):
        log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))


def test_section_10_1_a_parameter_that_agrees_with_the_proof_is_taken() -> None:
    issuer = Issuer()
    issuer.edit_request = at("/par", lambda request: with_form(request, dpop_jkt=thumbprint_of(KEY.public_key)))
    assert log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))


def test_section_11_1_a_proof_is_taken_once() -> None:
    issuer = Issuer(encrypted=False)
    finish(issuer, log_in(issuer, issuer.offer("ticket"), wallet_client(HAIP)))
    request = [request for request, _ in issuer.seen if request.url == f"{ISSUER}/credential"][-1]
    again = issuer.handle(request)
    assert again.status == 401
    assert b"invalid_dpop_proof" in again.body
