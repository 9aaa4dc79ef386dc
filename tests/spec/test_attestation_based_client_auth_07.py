"""Attestation-based client authentication, draft 07."""

import json
from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.issuance import (
    ANCHORS,
    SERVER,
    WALLET_ID,
    Issuer,
    at,
    finish,
    log_in,
    plain_issuer,
    resigned,
    wallet_attestation,
    wallet_client,
    with_form,
    with_header,
)

from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest
from zegel.primitives.jws import parse_jws
from zegel.profiles import HAIP, PLAIN
from zegel.protocols.oauth.client_attestation import (
    HEADER,
    POP_HEADER,
    VerifiedPop,
    sign_attestation_pop,
    verify_attestation_pop,
)
from zegel.protocols.openid4vci.wallet.issuance import refresh_step
from zegel.protocols.openid4vci.wallet.session import WalletAttestation
from zegel.trust.attestation import parse_wallet_attestation, verify_wallet_attestation

INSTANCE = fixed_key("wallet instance")


def test_section_5_2_a_proof_of_possession_has_these_members() -> None:
    proof = sign_attestation_pop(
        INSTANCE, client_id=WALLET_ID, audience=SERVER, challenge="c", now=NOW, random=fixed_random()
    )
    jws = parse_jws(proof, what="test")
    assert jws.unverified_header.typ == "oauth-client-attestation-pop+jwt"
    own = {"exp"}  # other claims may stand there, and servers of earlier drafts ask for this one
    assert set(jws.unverified_claims) - own == {"iss", "aud", "jti", "iat", "challenge"}
    assert jws.unverified_claims["aud"] == SERVER


def pop_with(**claims: str | None) -> VerifiedPop:
    proof = sign_attestation_pop(
        INSTANCE, client_id=WALLET_ID, audience=SERVER, challenge="c", now=NOW, random=fixed_random()
    )
    attestation = parse_wallet_attestation(wallet_attestation(INSTANCE))
    wallet = verify_wallet_attestation(attestation, anchors=ANCHORS, now=NOW)
    jws = parse_jws(resigned(proof, INSTANCE, **claims), what="test")
    return verify_attestation_pop(jws, wallet=wallet, audience=SERVER, now=NOW)


@pytest.mark.parametrize("jti", ["i", "i" * 256])
def test_section_5_2_an_identifier_has_one_character_to_as_many_as_allowed(jti: str) -> None:
    assert pop_with(jti=jti).jti == jti


@pytest.mark.parametrize("jti", ["", "i" * 257])
def test_section_5_2_another_identifier_is_refused(jti: str) -> None:
    with pytest.raises(Rejected) as refusal:
        pop_with(jti=jti)
    assert (refusal.value.check, refusal.value.field) == (Check.CLIENT_AUTHENTICATION, "jti")


def test_section_6_both_headers_go_to_both_endpoints() -> None:
    issuer = Issuer()
    log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    attested = [request.url for request, _ in issuer.seen if request.header(HEADER) and request.header(POP_HEADER)]
    assert attested == [f"{SERVER}/par", f"{SERVER}/token"]


def test_section_6_3_the_client_id_may_be_left_out() -> None:
    issuer = Issuer()
    issuer.edit_request = at("/token", lambda request: with_form(request, client_id=None))
    assert log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))


def test_section_8_a_challenge_is_fetched_where_there_is_an_endpoint() -> None:
    issuer = Issuer()
    log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    request, response = issuer.seen[2]
    assert (request.method, request.url) == ("POST", f"{SERVER}/challenge")
    assert set(json.loads(response.body)) == {"attestation_challenge"}
    assert response.header("cache-control") == "no-store"


def test_section_8_1_each_answer_brings_the_next_challenge() -> None:
    issuer = Issuer()
    log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    pushed, token = [pair for pair in issuer.seen if pair[0].header(POP_HEADER)]
    brought = pushed[1].header("oauth-client-attestation-challenge")
    used = parse_jws(token[0].header(POP_HEADER) or "", what="test").unverified_claims["challenge"]
    assert used == brought


def test_section_6_2_a_challenge_that_is_refused_is_replaced() -> None:
    issuer = Issuer()

    def edit(request: HttpRequest) -> HttpRequest:
        return with_header(request, POP_HEADER, resigned(request.header(POP_HEADER) or "", INSTANCE, challenge=None))

    issuer.edit_request = at("/token", edit)
    assert log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    refused, granted = [response for request, response in issuer.seen if request.url.endswith("/token")]
    assert (refused.status, granted.status) == (400, 200)
    assert b"use_attestation_challenge" in refused.body
    assert refused.header("oauth-client-attestation-challenge") is not None


@pytest.mark.requirement("ISSU_65")
def test_section_10_3_a_refresh_token_is_bound_to_the_instance() -> None:
    issuer = Issuer()
    done = finish(issuer, log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP)))
    other = fixed_key("another instance")
    client = wallet_client(HAIP)
    moved = WalletAttestation(compact=wallet_attestation(other), signer=other)
    session = replace(done.session, client=replace(client, attestation=moved))
    step = refresh_step(session, now=NOW, random=issuer.random)
    with pytest.raises(Denied, match="invalid_grant"):
        step.receive(issuer.handle(step.request), now=NOW, random=issuer.random)


def test_the_grant_remembers_the_wallet_for_the_issuer() -> None:
    issuer = Issuer()
    log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    grant = next(value for (kind, _), value in issuer.store.records.items() if kind == "grant")
    assert grant.client.client_id == WALLET_ID
    assert grant.client.instance == base64url(INSTANCE.public_key.thumbprint())
    assert (grant.client.status.uri, grant.client.status.index) == (
        "https://wallet-provider.utopia.example/status/1",
        7,
    )


def test_a_wallet_may_authenticate_under_plain_as_well() -> None:
    issuer = plain_issuer()
    client = replace(wallet_client(HAIP), profile=PLAIN)
    assert log_in(issuer, issuer.offer("id-sdjwt"), client)
