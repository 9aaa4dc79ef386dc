"""What a refusal looks like on the wire."""

import pytest

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.json import parse_object
from zegel.protocols.oauth.errors import (
    FreshNonces,
    OneTime,
    denied_with,
    denying,
    describe,
    oauth_error_body,
    oauth_error_response,
)

FRESH = FreshNonces(dpop="nonce-1", challenge="challenge-1")


def denied(code: str = "invalid_grant", detail: str = "expected another") -> Denied:
    return Denied(code, Check.GRANT, detail, field="code")


@pytest.mark.parametrize(
    ("code", "at_server", "at_resource"),
    [
        ("invalid_request", 400, 400),
        ("invalid_client", 401, 400),
        ("invalid_dpop_proof", 400, 401),
        ("use_dpop_nonce", 400, 401),
        ("invalid_token", 400, 401),
        ("insufficient_scope", 400, 403),
        ("invalid_nonce", 400, 400),
        ("temporarily_unavailable", 503, 503),
    ],
)
def test_each_code_has_the_status_of_its_specification(code: str, at_server: int, at_resource: int) -> None:
    assert oauth_error_response(denied(code), fresh=FRESH).status == at_server
    assert oauth_error_response(denied(code), fresh=FRESH, resource=True).status == at_resource


def test_a_refusal_brings_the_nonces_for_the_next_try() -> None:
    response = oauth_error_response(denied("use_dpop_nonce"), fresh=FRESH)
    assert response.header("dpop-nonce") == "nonce-1"
    assert response.header("oauth-client-attestation-challenge") == "challenge-1"
    assert response.header("cache-control") == "no-store"


def test_a_refusal_of_a_server_without_nonces_brings_none() -> None:
    response = oauth_error_response(denied())
    assert response.header("dpop-nonce") is None
    assert response.header("www-authenticate") is None


def test_a_resource_names_its_scheme_and_algorithms() -> None:
    header = oauth_error_response(denied("use_dpop_nonce"), fresh=FRESH, resource=True).header("www-authenticate")
    assert header is not None
    assert header.startswith('DPoP error="use_dpop_nonce", error_description="')
    assert header.endswith('algs="ES256 ES384 ES512"')


def test_a_refused_client_learns_how_to_authenticate() -> None:
    header = oauth_error_response(denied("invalid_client"), fresh=FRESH).header("www-authenticate")
    assert header is not None
    assert header.startswith("attest_jwt_client_auth ")


def test_the_description_says_check_field_and_clause() -> None:
    body = oauth_error_body(denied())
    assert body["error"] == "invalid_grant"
    assert str(body["error_description"]).startswith("grant at code: expected another (RFC 6749")


def test_the_body_says_everything_that_can_be_said_of_a_refusal() -> None:
    body = oauth_error_body(denied())
    assert body["check"] == "grant"
    assert body["rule"] == Check.GRANT.rule
    assert body["clause"] == Check.GRANT.clause
    assert body["field"] == "code"
    assert body["fault"] == "wallet"
    assert body["remedy"] == Check.GRANT.remedy
    assert body["detail"] == "expected another"


@pytest.mark.parametrize(
    ("error", "code", "check"),
    [
        (denied("invalid_grant"), "invalid_grant", Check.GRANT),
        (Malformed("form", "state", "bad"), "invalid_request", Check.SYNTAX),
        (Rejected(Check.HOST, "bad", field="state"), "invalid_request", Check.HOST),
        (Unavailable("database", "it fails"), "temporarily_unavailable", Check.AVAILABILITY),
        (Rejected(Check.HOST, "again", retry_after=5), "slow_down", Check.HOST),
    ],
)
def test_any_error_has_a_code_for_the_wire(error: ZegelError, code: str, check: Check) -> None:
    refusal = denied_with("invalid_request", error)
    assert (refusal.code, refusal.check, refusal.detail) == (code, check, error.detail)


def test_the_description_keeps_to_the_characters_of_rfc_6749() -> None:
    text = describe(denied(detail='a "quote", a \\ and an é\n' + "x" * 500))
    assert text.startswith("grant at code: a 'quote', a ? and an ??x")
    assert len(text) == 400


def test_a_refusal_without_a_field_names_none() -> None:
    assert describe(Denied("invalid_token", Check.ACCESS_TOKEN, "gone")).startswith("access-token: gone (")


def test_a_value_that_serves_once_says_how_its_second_use_is_refused() -> None:
    once = OneTime(purpose="p", key="k", expires=1, code="invalid_nonce", check=Check.PROOF_NONCE, detail="again")
    assert (once.denied().code, once.denied().check) == ("invalid_nonce", Check.PROOF_NONCE)


@pytest.mark.parametrize("error", [Malformed("x", "field", "bad"), Rejected(Check.PKCE, "bad", field="field")])
def test_denying_keeps_check_and_field(error: Exception) -> None:
    with pytest.raises(Denied) as refusal, denying("invalid_request"):
        raise error
    assert refusal.value.code == "invalid_request"
    assert refusal.value.field == "field"


def test_the_body_is_what_the_response_carries() -> None:
    response = oauth_error_response(denied(), fresh=FRESH)
    assert parse_object(response.body, what="test") == oauth_error_body(denied())
