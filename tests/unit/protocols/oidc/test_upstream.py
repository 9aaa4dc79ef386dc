"""The client of an OpenID Provider, step by step, and everything that it does not take."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.jws import sign_jws
from zegel.protocols.oauth.pkce import code_challenge
from zegel.protocols.oidc.upstream import (
    MAX_KEYS,
    UnverifiedTokens,
    UpstreamClient,
    UpstreamProvider,
    UpstreamRequest,
    VerifiedIdToken,
    begin_upstream,
    check_return,
    discovery_request,
    parse_keys,
    parse_provider_metadata,
    parse_tokens,
    token_request,
    userinfo_request,
    verify_id_token,
    verify_provider_metadata,
    verify_userinfo,
)

ISSUER = "https://people.utopia.example"
KEY = fixed_key("upstream provider")
CLIENT = UpstreamClient(client_id="office", redirect_uri="https://issuer.utopia.example/back", secret="s3cret/+")
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": ISSUER + "/authorize",
    "token_endpoint": ISSUER + "/token",
    "jwks_uri": ISSUER + "/keys",
    "userinfo_endpoint": ISSUER + "/userinfo",
}
REQUEST = UpstreamRequest(state="state-1", nonce="nonce-1", verifier="v" * 43)
KEYS = {"1": KEY.public_key}


def provider(**members: Any) -> UpstreamProvider:
    known = {name: value for name, value in (METADATA | members).items() if value is not None}
    return verify_provider_metadata(parse_provider_metadata(json_response(known)), issuer=ISSUER)


PROVIDER = provider()


@pytest.mark.parametrize("issuer", [ISSUER + "/t", ISSUER + "/t/"])
def test_the_discovery_document_stands_behind_the_path(issuer: str) -> None:
    assert discovery_request(issuer).url == ISSUER + "/t/.well-known/openid-configuration"


def tokens(
    header: Mapping[str, Any] | None = None, typ: str = "JWT", key: Any = KEY, **claims: Any
) -> UnverifiedTokens:
    """A token response with an ID Token; None removes a claim."""
    good = {"iss": ISSUER, "aud": "office", "sub": "ada", "nonce": "nonce-1", "iat": NOW, "exp": NOW + 300}
    members = {name: value for name, value in (good | claims).items() if value is not None}
    compact = sign_jws(members, signer=key, typ=typ, header={"kid": "1"} if header is None else header)
    return parse_tokens(json_response({"id_token": compact.decode(), "access_token": "token-1"}))


def verified(received: UnverifiedTokens, now: int = NOW, **changes: Any) -> VerifiedIdToken:
    arguments = {"keys": KEYS, "provider": PROVIDER, "client": CLIENT, "request": REQUEST, "now": now}
    return verify_id_token(received, **(arguments | changes))


# --- metadata and keys ----------------------------------------------------------------------------------------------


def test_a_provider_is_what_its_document_says_under_its_own_name() -> None:
    assert PROVIDER.token_endpoint == ISSUER + "/token"
    assert PROVIDER.says_issuer is False
    assert provider(authorization_response_iss_parameter_supported=True).says_issuer is True
    assert provider(userinfo_endpoint=None).userinfo_endpoint is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuer": ISSUER + "/"}, "issuer"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"jwks_uri": None}, "jwks_uri"),
        ({"authorization_endpoint": "http://people.utopia.example/authorize"}, "authorization_endpoint"),
    ],
)
def test_a_document_of_another_or_without_what_is_needed_is_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        provider(**change)
    assert (refusal.value.check, refusal.value.field) == (Check.SERVER_METADATA, field)


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(status=200, headers=(("content-type", "text/html"),), body=b"{}"),
        HttpResponse(status=200, headers=(("content-type", "application/json"),), body=b"["),
    ],
)
def test_a_document_that_does_not_parse_is_refused(response: HttpResponse) -> None:
    with pytest.raises(Malformed):
        parse_provider_metadata(response)


def test_keys_of_other_kinds_are_left_alone() -> None:
    jwk = KEY.public_key.jwk()
    listed = [{"kty": "RSA", "kid": "rsa"}, "nonsense", jwk | {"kid": "1"}, jwk | {"kid": 7}]
    assert parse_keys(json_response({"keys": listed})) == {"1": KEY.public_key, None: KEY.public_key}


@pytest.mark.parametrize("keys", [None, [], "x", [{}] * (MAX_KEYS + 1)])
def test_a_key_set_is_a_list_of_a_few(keys: Any) -> None:
    with pytest.raises(Malformed, match="keys"):
        parse_keys(json_response({"keys": keys}))


def test_a_key_set_may_have_as_many_keys_as_allowed() -> None:
    listed = [KEY.public_key.jwk() | {"kid": str(number)} for number in range(MAX_KEYS)]
    assert len(parse_keys(json_response({"keys": listed}))) == MAX_KEYS


@pytest.mark.parametrize("claims", [{"iat": NOW + 10}, {"exp": NOW - 59}, {"sub": "s"}, {"sub": "s" * 255}])
def test_an_id_token_holds_up_to_its_limits(claims: dict[str, Any]) -> None:
    assert verified(tokens(**claims)).claims.items() >= claims.items()


@pytest.mark.parametrize(
    ("claims", "field"),
    [({"iat": NOW + 11}, "iat"), ({"exp": NOW - 60}, "exp"), ({"sub": ""}, "sub"), ({"sub": "s" * 256}, "sub")],
)
def test_an_id_token_beyond_its_limits_is_refused(claims: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(tokens(**claims))
    assert (refusal.value.check, refusal.value.field) == (Check.UPSTREAM_LOG_IN, field)


def test_a_key_set_may_have_its_own_media_type() -> None:
    body = json.dumps({"keys": [KEY.public_key.jwk()]}).encode()
    response = HttpResponse(status=200, headers=(("content-type", "application/jwk-set+json"),), body=body)
    assert parse_keys(response) == {None: KEY.public_key}


# --- there and back -------------------------------------------------------------------------------------------------


def test_the_way_there_has_a_secret_that_only_its_hash_tells() -> None:
    request, url = begin_upstream(PROVIDER, CLIENT, random=fixed_random())
    query = HttpRequest(method="GET", url=url).query()
    assert url.startswith(ISSUER + "/authorize?")
    assert query["code_challenge"] == code_challenge(request.verifier)
    assert (query["state"], query["nonce"]) == (request.state, request.nonce)
    assert request.verifier not in url
    assert "openid" in query["scope"].split(" ")


def test_the_way_back_brings_a_code() -> None:
    assert check_return({"state": "state-1", "code": "c"}, request=REQUEST, provider=PROVIDER) == "c"
    named = provider(authorization_response_iss_parameter_supported=True)
    answer = {"state": "state-1", "code": "c", "iss": ISSUER}
    assert check_return(answer, request=REQUEST, provider=named) == "c"


@pytest.mark.parametrize(
    ("answer", "check", "field"),
    [
        ({"code": "c"}, Check.AUTHORIZATION_RESPONSE, "state"),
        ({"code": "c", "state": "other"}, Check.AUTHORIZATION_RESPONSE, "state"),
        ({"code": "c", "state": "state-1", "iss": "https://evil.example"}, Check.AUTHORIZATION_RESPONSE, "iss"),
        ({"state": "state-1", "error": "access_denied"}, Check.ACCESS_DENIED, "error"),
        ({"state": "state-1", "error": "server_error"}, Check.UPSTREAM_LOG_IN, "error"),
        ({"state": "state-1"}, Check.AUTHORIZATION_RESPONSE, "code"),
    ],
)
def test_another_way_back_is_refused(answer: dict[str, str], check: Check, field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_return(answer, request=REQUEST, provider=PROVIDER)
    assert (refusal.value.check, refusal.value.field) == (check, field)


def test_a_browser_that_was_sent_nowhere_comes_back_from_nowhere() -> None:
    with pytest.raises(Rejected, match="state"):
        check_return({"state": "", "code": "c"}, request=None, provider=PROVIDER)


def test_a_provider_that_says_who_it_is_has_to_say_it() -> None:
    named = provider(authorization_response_iss_parameter_supported=True)
    with pytest.raises(Rejected, match="asked"):
        check_return({"state": "state-1", "code": "c"}, request=REQUEST, provider=named)


def test_a_confidential_client_authenticates_by_its_secret_in_the_header() -> None:
    request = token_request(PROVIDER, CLIENT, REQUEST, code="c")
    assert request.header("authorization") == "Basic " + base64(b"office:s3cret%2F%2B")
    assert request.form() == {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": CLIENT.redirect_uri,
        "code_verifier": REQUEST.verifier,
    }


def test_a_public_client_says_its_name() -> None:
    request = token_request(PROVIDER, replace(CLIENT, secret=None), REQUEST, code="c")
    assert request.header("authorization") is None
    assert request.form()["client_id"] == "office"


# --- who it is ------------------------------------------------------------------------------------------------------


def test_an_id_token_says_who_logged_in() -> None:
    assert verified(tokens()).subject == "ada"
    assert verified(tokens(typ="")).subject == "ada"
    assert verified(tokens(aud=["office"], azp="office")).subject == "ada"
    assert tokens().access_token == "token-1"
    assert parse_tokens(json_response({"id_token": _compact()})).access_token is None


def _compact() -> str:
    return sign_jws({"a": 1}, signer=KEY, typ="JWT").decode()


@pytest.mark.parametrize(
    "members", [{}, {"id_token": 7}, {"id_token": "x"}, {"id_token": _compact(), "access_token": 7}]
)
def test_a_token_response_without_id_token_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        parse_tokens(json_response(members))


def test_a_refusal_of_the_token_endpoint_is_one_of_the_provider() -> None:
    with pytest.raises(Rejected) as refusal:
        parse_tokens(json_response({"error": "invalid_client"}, status=401))
    assert refusal.value.check is Check.UPSTREAM_LOG_IN


@pytest.mark.parametrize(
    ("claims", "field"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": ["office", "another"]}, "aud"),
        ({"aud": None}, "aud"),
        ({"azp": "another"}, "aud"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": NOW - 60}, "exp"),
        ({"exp": None}, "exp"),
        ({"iat": NOW + 11}, "iat"),
        ({"iat": None}, "iat"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "x" * 256}, "sub"),
    ],
)
def test_an_id_token_for_another_purpose_is_refused(claims: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(tokens(**claims))
    assert (refusal.value.check, refusal.value.field) == (Check.UPSTREAM_LOG_IN, field)


@pytest.mark.parametrize(
    ("arguments", "check"),
    [
        ({"header": {"kid": "2"}}, Check.KEY_SOURCE),
        ({"header": {}}, Check.KEY_SOURCE),
        ({"typ": "at+jwt"}, Check.TOKEN_TYPE),
        ({"key": fixed_key("stranger")}, Check.SIGNATURE),
    ],
)
def test_an_id_token_of_another_signer_is_refused(arguments: dict[str, Any], check: Check) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(tokens(**arguments))
    assert refusal.value.check is check


def test_the_claims_are_of_the_same_person() -> None:
    request = userinfo_request(ISSUER + "/userinfo", "token-1")
    assert request.header("authorization") == "Bearer token-1"
    assert verify_userinfo(json_response({"sub": "ada", "given_name": "Ada"}), subject="ada")["given_name"] == "Ada"
    with pytest.raises(Rejected) as refusal:
        verify_userinfo(json_response({"sub": "eve"}), subject="ada")
    assert refusal.value.check is Check.UPSTREAM_LOG_IN


def test_a_secret_is_not_in_what_is_printed() -> None:
    assert "s3cret" not in repr(CLIENT)
    assert REQUEST.verifier not in repr(REQUEST)
    assert "token-1" not in repr(tokens())
