"""HAIP 1.0 section 4, and TS3 1.5 where it says more: what our issuer publishes and our wallet sends."""

import json
from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.issuance import (
    ISSUER,
    Issuer,
    at,
    finish,
    key_attestation,
    log_in,
    new_keys,
    plain_issuer,
    ready_for,
    redeem,
    resigned,
    wallet_client,
    with_members,
)

from zegel.errors import Denied, Rejected
from zegel.primitives.http import HttpRequest
from zegel.primitives.json import parse_object
from zegel.primitives.jws import parse_jws
from zegel.profiles import HAIP, PLAIN, Proof
from zegel.protocols.oauth.metadata import build_server_metadata
from zegel.protocols.openid4vci.encryption import MAX_REQUEST
from zegel.protocols.openid4vci.offer import OfferScheme, offer_link
from zegel.protocols.openid4vci.publication import build_issuer_metadata
from zegel.protocols.openid4vci.wallet.authorization import begin_authorization
from zegel.protocols.openid4vci.wallet.issuance import prove


def published() -> dict[str, object]:
    return json.loads(json.dumps(build_issuer_metadata(Issuer().issuer)))


def test_section_4_1_every_configuration_has_a_scope() -> None:
    configurations = published()["credential_configurations_supported"]
    assert all("scope" in each for each in configurations.values())


def test_section_4_1_a_configuration_that_binds_keys_comes_with_a_nonce_endpoint() -> None:
    metadata = published()
    assert any(
        "cryptographic_binding_methods_supported" in each
        for each in metadata["credential_configurations_supported"].values()
    )
    assert metadata["nonce_endpoint"] == f"{ISSUER}/nonce"


def test_section_4_batch_issuance_is_indicated() -> None:
    assert published()["batch_credential_issuance"] == {"batch_size": 5}


@pytest.mark.requirement("ISSU_27d")
def test_ts3_2_2_2_2_both_proof_types_ask_for_a_key_attestation() -> None:
    configurations = published()["credential_configurations_supported"]
    bound = configurations["id-sdjwt"]["proof_types_supported"]
    assert set(bound) == {"jwt", "attestation"}
    assert all("key_attestations_required" in each for each in bound.values())
    assert all(each["proof_signing_alg_values_supported"] == ["ES256", "ES384", "ES512"] for each in bound.values())


@pytest.mark.requirement("WUA_10a")
def test_ts3_2_2_2_2_a_credential_that_is_bound_to_nobody_says_so_by_silence() -> None:
    ticket = published()["credential_configurations_supported"]["ticket"]
    assert not {"proof_types_supported", "cryptographic_binding_methods_supported"} & set(ticket)


def test_section_4_2_the_scheme_of_the_profile_invokes_the_wallet() -> None:
    link = offer_link(Issuer().offer("id-sdjwt"), scheme=OfferScheme.HAIP)
    assert link.startswith("haip-vci://?credential_offer=")


def test_section_4_3_the_wallet_asks_by_scope() -> None:
    issuer = Issuer()
    log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    form = next(request.form() for request, _ in issuer.seen if request.url.endswith("/par"))
    assert form["scope"] == "utopia.id-sdjwt"
    assert "authorization_details" not in form


def test_section_4_3_an_issuer_without_scopes_is_refused() -> None:
    issuer = Issuer(scopes=False)
    ready = ready_for(issuer, issuer.offer("id-sdjwt"))
    with pytest.raises(Rejected, match="scope"):
        begin_authorization(ready, client=wallet_client(HAIP), now=NOW, random=issuer.random)


def test_section_4_4_a_refresh_token_comes_with_the_access_token() -> None:
    issuer = Issuer()
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    assert pause.session.tokens.refresh_token is not None


def test_section_4_4_1_the_server_asks_for_attestation_alone() -> None:
    metadata = build_server_metadata(Issuer().server)
    assert metadata["token_endpoint_auth_methods_supported"] == ["attest_jwt_client_auth"]
    assert metadata["require_pushed_authorization_requests"] is True
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["grant_types_supported"] == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize("choice", [Proof.ATTESTATION, Proof.JWT_WITH_KEY_ATTESTATION])
def test_section_4_5_1_one_attestation_attests_all_keys_of_a_batch(choice: Proof) -> None:
    issuer = Issuer(encrypted=False)
    done = finish(issuer, log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP)), choice=choice, copies=5)
    assert len(done.received[0].credentials) == 5
    proofs = parse_object(issuer.seen[-1][0].body, what="test")["proofs"]
    ((_, texts),) = proofs.items()
    assert len(texts) == 1


def test_section_4_5_1_each_key_of_a_batch_may_have_a_proof_of_its_own_beside_the_one_attestation() -> None:
    """Also where there are twenty: of their request, encryption makes four thirds."""
    issuer = Issuer(encrypted=False, batch_size=20)
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    keys = new_keys(pause, 20)

    def edit(request: HttpRequest) -> HttpRequest:
        (proof,) = parse_object(request.body, what="test")["proofs"]["jwt"]
        each = [resigned(proof, key, header={"jwk": key.public_key.jwk()}) for key in keys]
        return with_members(request, proofs={"jwt": each})

    issuer.edit_request = at("/credential", edit)
    received = finish(issuer, pause, choice=Proof.JWT_WITH_KEY_ATTESTATION, copies=20).received[0]
    assert 100_000 < len(issuer.seen[-1][0].body) < MAX_REQUEST * 3 / 4
    assert [credential.decode().split()[-1] for credential in received.credentials] == [
        key.public_key.point.hex() for key in keys
    ]


def test_ts3_2_2_2_1_the_first_attested_key_signs_the_proof_without_a_kid() -> None:
    issuer = Issuer(encrypted=False)
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    keys = new_keys(pause, 2)
    attested = key_attestation(keys, nonce=pause.nonce)
    step = prove(pause, Proof.JWT_WITH_KEY_ATTESTATION, keys=keys, attestation=attested, now=NOW, random=issuer.random)
    (proof,) = parse_object(step.request.body, what="test")["proofs"]["jwt"]
    header = parse_jws(proof, what="test").unverified_header
    assert header.kid is None
    assert header.members["jwk"] == keys[0].public_key.jwk()


@pytest.mark.parametrize("kid", [None, "0"])
def test_ts3_2_2_2_2_a_proof_with_an_attestation_needs_no_jwk(kid: str | None) -> None:
    issuer = Issuer(encrypted=False)
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    keys = new_keys(pause, 2)

    def edit(request: HttpRequest) -> HttpRequest:
        (proof,) = parse_object(request.body, what="test")["proofs"]["jwt"]
        return with_members(request, proofs={"jwt": [resigned(proof, keys[0], header={"jwk": None, "kid": kid})]})

    issuer.edit_request = at("/credential", edit)
    assert len(finish(issuer, pause, choice=Proof.JWT_WITH_KEY_ATTESTATION).received[0].credentials) == 2


def test_an_attestation_of_more_keys_than_the_batch_size_is_used_in_part() -> None:
    """TS3 section 2.2.2.1: the keys beyond it are left unused."""
    issuer = Issuer(batch_size=2)
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    done = finish(issuer, replace(pause, batch_size=4), copies=4)
    assert len(done.received[0].credentials) == 2


def test_what_the_issuer_watches_later_comes_with_the_call() -> None:
    issuer = Issuer(waits=1)
    finish(issuer, log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP)))
    (state,) = [value for (kind, _), value in issuer.store.records.items() if kind == "deferred"]
    assert [status.index for status in state.key_statuses] == [9]


def test_the_profile_refuses_what_is_plain_alone_by_name() -> None:
    issuer = plain_issuer()
    offer = issuer.offer("id-sdjwt", pre_authorized=True)
    with pytest.raises(Rejected) as refusal:
        redeem(issuer, offer, wallet_client(HAIP))
    assert refusal.value.field == "profile.grants"
    with pytest.raises(Rejected) as refusal:
        Issuer().offer("id-sdjwt", pre_authorized=True)
    assert refusal.value.field == "profile.grants"
    with pytest.raises((Denied, Rejected)) as refusal:
        log_in(Issuer(), Issuer().offer("id-sdjwt"), wallet_client(PLAIN))
    assert "client_authentication" in str(refusal.value)
