"""Who sent a request, and where the answer goes."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from zegel_testing.authorities import NOW, anchor, authority, fixed_key, fixed_random, signer, trusting
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.openid4vp import (
    ACCESS_AUTHORITY,
    CLIENT_ID,
    DNS_CLIENT_ID,
    HOST,
    REDIRECT_CLIENT_ID,
    REQUEST_URI,
    RESPONSE_URI,
    TARGET,
    VERIFIER,
    claims_of,
    fetching,
    link_to,
    policy,
    received,
    served,
    session,
    signed,
    unsigned_session,
)

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import HttpResponse, json_response
from zegel.profiles import PLAIN
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.sender import parse_request, verify_request
from zegel.protocols.openid4vp.wallet import Consent, Refusal, begin
from zegel.trust.access import VerifiedParty
from zegel.trust.anchors import Purpose
from zegel.trust.signing import CertifiedSigner


def refusal(**changes: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        received(**changes)
    return caught.value


def another_signer() -> CertifiedSigner:
    other = signer(ACCESS_AUTHORITY, "Somebody else", Purpose.ACCESS, dns_names=("else.utopia.example",))
    return CertifiedSigner(signer=other.key, certificates=(other.certificate,))


@pytest.mark.requirement("RPA_01")
def test_the_sender_is_named_by_its_access_certificate() -> None:
    step = received()
    assert isinstance(step, Consent)
    assert isinstance(step.request.party, VerifiedParty)
    assert step.request.party.dns_names == (HOST,)
    assert step.request.reply.response_uri == RESPONSE_URI


@pytest.mark.parametrize(
    ("changes", "check", "field"),
    [
        ({"client_id": DNS_CLIENT_ID}, Check.CLIENT_ID, "client_id"),
        ({"aud": "https://another.example"}, Check.REQUEST_AUDIENCE, "aud"),
        ({"aud": ["https://another.example"]}, Check.REQUEST_AUDIENCE, "aud"),
        ({"aud": None}, Check.REQUEST_AUDIENCE, "aud"),
        ({"exp": NOW - 60}, Check.REQUEST_TIME, "exp"),
        ({"iat": NOW + 11}, Check.REQUEST_TIME, "iat"),
        ({"nbf": NOW + 11}, Check.REQUEST_TIME, "nbf"),
        ({"response_mode": None}, Check.PRESENTATION_REQUEST, "response_mode"),
        ({"response_mode": "fragment"}, Check.PRESENTATION_REQUEST, "response_mode"),
        ({"response_mode": "dc_api.jwt"}, Check.PRESENTATION_REQUEST, "response_mode"),
        ({"response_uri": "http://tax.utopia.example/response/1"}, Check.VERIFIER_ADDRESS, "response_uri"),
        ({"response_uri": f"{RESPONSE_URI}#here"}, Check.VERIFIER_ADDRESS, "response_uri"),
        ({"by": another_signer()}, Check.CLIENT_BINDING, "client_id"),
    ],
)
def test_a_request_that_is_not_from_its_sender_for_us_and_for_now_is_refused(
    changes: dict[str, Any], check: Check, field: str
) -> None:
    refused = refusal(**changes)
    assert (refused.check, refused.field) == (check, field)


@pytest.mark.parametrize("changes", [{"exp": None, "iat": None}, {"exp": NOW - 59, "iat": NOW + 10, "nbf": NOW + 10}])
def test_clocks_may_differ_a_little(changes: dict[str, Any]) -> None:
    assert isinstance(received(**changes), Consent)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": 7},
        {"exp": "soon"},
        {"response_uri": None},
        {"response_uri": "tax"},
        {"response_uri": f"https://{HOST}/{'a' * 2_000}"},
        {"state": ""},
        {"state": "a b"},
        {"state": "a" * 1_001},
        {"client_metadata": {"jwks": []}},
    ],
)
def test_a_request_whose_address_does_not_parse_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        received(**changes)


def test_a_state_is_optional() -> None:
    step = received(state=None)
    assert isinstance(step, Consent)
    assert step.request.reply.state is None


def test_a_signature_by_another_key_is_refused() -> None:
    forged = CertifiedSigner(signer=fixed_key("forger"), certificates=VERIFIER.certificates)
    assert refusal(by=forged).check is Check.SIGNATURE


def test_another_type_of_token_is_no_request() -> None:
    requested = session()
    body = signed(claims_of(requested), typ="JWT")
    with pytest.raises(Rejected) as refused:
        fetching(requested).receive(served(body), policy=policy(), now=NOW)
    assert refused.value.check is Check.TOKEN_TYPE


@pytest.mark.requirement("RPA_04")
def test_an_authority_for_something_else_does_not_vouch_for_verifiers() -> None:
    requested = session()
    anchors = trusting(anchor(ACCESS_AUTHORITY, Purpose.ISSUER), anchor(authority("Another"), Purpose.ACCESS))
    with pytest.raises(Rejected) as refused:
        fetching(requested).receive(
            served(signed(claims_of(requested))), policy=policy(PLAIN, anchors=anchors), now=NOW
        )
    assert refused.value.check is Check.ANCHOR


def test_x509_san_dns_is_not_answered_elsewhere() -> None:
    refused = refusal(requested=session(client_id=DNS_CLIENT_ID), response_uri="https://else.utopia.example/response")
    assert (refused.check, refused.field) == (Check.CLIENT_BINDING, "response_uri")


@pytest.mark.parametrize("method", ["", "&request_uri_method=post"])
def test_a_request_of_redirect_uri_is_not_fetched_for_it_cannot_be_signed(method: str) -> None:
    """OpenID4VP 1.0 sections 5.9.3 and 5.10: nor is the verifier told what the wallet can do."""
    link = parse_link(f"{TARGET}?client_id={REDIRECT_CLIENT_ID}&request_uri={REQUEST_URI}{method}")
    with pytest.raises(Rejected) as refused:
        begin(link, policy=policy(PLAIN), random=fixed_random())
    assert refused.value.check is Check.CLIENT_ID


def test_a_signed_request_of_redirect_uri_is_refused() -> None:
    link = parse_link(f"{TARGET}?client_id={REDIRECT_CLIENT_ID}&request_uri={REQUEST_URI}")
    request = parse_request(signed(claims_of(session(), client_id=REDIRECT_CLIENT_ID)))
    with pytest.raises(Rejected) as refused:
        verify_request(
            request, link=link, wallet_nonce=None, profile=PLAIN, anchors=trusting(), plain_origins=(), now=NOW
        )
    assert refused.value.check is Check.CLIENT_ID


@pytest.mark.parametrize("nonce", [None, "another", 7])
@pytest.mark.requirement("RPA_01")
def test_a_posted_nonce_has_to_come_back(nonce: Any) -> None:
    refused = refusal(requested=session(method="post"), wallet_nonce=nonce)
    assert (refused.check, refused.field) == (Check.WALLET_NONCE, "wallet_nonce")


def test_a_nonce_that_was_not_posted_is_ignored() -> None:
    assert isinstance(received(wallet_nonce="n"), Consent)


def test_a_loopback_sandbox_is_answered_without_tls() -> None:
    origin = "http://verifier.localhost:8443"
    requested = session()
    claims = claims_of(requested, response_uri=f"{origin}/response/1")
    kept = policy(PLAIN, plain_origins=frozenset({origin}))
    step = fetching(requested).receive(served(signed(claims)), policy=kept, now=NOW)
    assert isinstance(step, Consent)
    assert step.request.reply.response_uri == f"{origin}/response/1"


def unsigned(**changes: str | None) -> Any:
    link = link_to(unsigned_session())
    parameters = {**link.unverified_parameters, **changes}
    return replace(link, unverified_parameters={name: value for name, value in parameters.items() if value is not None})


def test_the_client_identifier_stands_for_a_response_uri_that_is_left_out() -> None:
    query = '{"credentials":[{"id":"t","format":"dc+sd-jwt","meta":{"vct_values":["urn:utopia:ticket:1"]}}]}'
    link = parse_link(
        f"{TARGET}?client_id={REDIRECT_CLIENT_ID}&response_mode=direct_post&response_type=vp_token&nonce=n"
        f"&dcql_query={quote(query)}&client_metadata=%7B%22vp_formats_supported%22:%7B%22dc%2Bsd-jwt%22:%7B%7D%7D%7D"
    )
    step = begin(link, policy=policy(PLAIN), random=fixed_random())
    assert isinstance(step, Consent)
    assert step.request.reply.response_uri == RESPONSE_URI


def test_an_unsigned_request_is_answered_without_tls_in_a_loopback_sandbox_alone() -> None:
    origin = "http://verifier.localhost:8443"
    client_id = f"redirect_uri:{origin}/response/1"
    link = replace(unsigned(client_id=client_id, response_uri=f"{origin}/response/1"), unverified_client_id=client_id)
    step = begin(link, policy=policy(PLAIN, plain_origins=frozenset({origin})), random=fixed_random())
    assert isinstance(step, Refusal)  # it asks for a PID; and that is answered
    assert step.reply.response_uri == f"{origin}/response/1"
    with pytest.raises(Rejected) as refused:
        begin(link, policy=policy(PLAIN), random=fixed_random())
    assert refused.value.check is Check.VERIFIER_ADDRESS


def test_an_unsigned_request_is_answered_at_its_client_identifier_alone() -> None:
    with pytest.raises(Rejected) as refused:
        begin(unsigned(response_uri="https://else.utopia.example/"), policy=policy(PLAIN), random=fixed_random())
    assert refused.value.check is Check.CLIENT_BINDING


def test_a_request_in_the_link_is_only_for_redirect_uri() -> None:
    link = parse_link(f"{TARGET}?client_id={CLIENT_ID}&request=eyJ.eyJ.abc")
    with pytest.raises(Rejected) as refused:
        begin(link, policy=policy(PLAIN), random=fixed_random())
    assert (refused.value.check, refused.value.field) == (Check.CLIENT_ID, "request_uri")


@pytest.mark.parametrize(
    "body",
    [b"", b"a.b", b"e30.e30.AA", b"e30.W10.AA", b"a" * 300_000, b"e30." + b"W1tb" * 60_000 + b".AA", b"\xff.\xff.\xff"],
)
def test_hostile_request_objects_end_cheaply(body: bytes) -> None:
    assert_malformed_cheaply(lambda: parse_request(body))


@pytest.mark.parametrize(
    ("response", "field"),
    [
        (HttpResponse(status=302, headers=(("location", "https://else.utopia.example"),)), "request_uri"),
        (HttpResponse(status=404), "request_uri"),
        (json_response({"error": 7}, status=404), "request_uri"),
        (json_response({"error": "server_error"}, status=500), "request_uri"),
        (served(b"", content_type="text/html"), "content-type"),
        (HttpResponse(status=200), "content-type"),
    ],
)
def test_a_request_object_is_served_directly_as_what_it_is(response: HttpResponse, field: str) -> None:
    with pytest.raises(Rejected) as refused:
        fetching(session()).receive(response, policy=policy(), now=NOW)
    assert (refused.value.check, refused.value.field) == (Check.REQUEST_DELIVERY, field)


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_verifier_that_refuses_to_serve_a_request_again_is_quoted(status: int) -> None:
    body = {"error": "invalid_request", "error_description": "answered <before>\x07" + "a" * 500}
    with pytest.raises(Rejected) as refused:
        fetching(session()).receive(json_response(body, status=status), policy=policy(), now=NOW)
    assert (refused.value.check, refused.value.field) == (Check.ANSWERED_ONCE, "request_uri")
    assert refused.value.detail == f"expected a request that is open, got status {status}"
    assert refused.value.said == "answered <before>?" + "a" * 182
