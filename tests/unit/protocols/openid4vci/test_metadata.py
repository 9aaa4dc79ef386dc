"""Metadata of other issuers: what is used, what is set aside, what is left out."""

import json
from dataclasses import replace
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.issuance import ACCESS, ACCESS_ANCHORS, ISSUER, SERVER, Issuer, resigned
from zegel_testing.parsers import POLICY

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.jwe import Encryption
from zegel.protocols.openid4vci.configuration import KeyRequirements
from zegel.protocols.openid4vci.metadata import (
    MAX_CONFIGURATIONS,
    IssuerMetadata,
    parse_issuer_metadata,
    verify_issuer_metadata,
)
from zegel.trust.disclosure_policy.parse import parse_disclosure_policy

KEY = fixed_key("their key").public_key.jwk() | {"alg": "ECDH-ES", "use": "enc", "kid": "1"}
ALGORITHMS = {"proof_signing_alg_values_supported": ["ES256"]}


def configuration(**changed: Any) -> dict[str, Any]:
    good = {"format": "dc+sd-jwt", "vct": "urn:example:1", "scope": "a"}
    return {name: value for name, value in (good | changed).items() if value is not None}


def read(*, configurations: dict[str, Any] | None = None, **changed: Any) -> IssuerMetadata:
    members = {
        "credential_issuer": ISSUER,
        "credential_endpoint": ISSUER + "/credential",
        "credential_configurations_supported": {"a": configuration()} if configurations is None else configurations,
    }
    body = json.dumps(members | changed).encode()
    response = HttpResponse(status=200, headers=(("content-type", "application/json; charset=utf-8"),), body=body)
    return verify_issuer_metadata(
        parse_issuer_metadata(response),
        credential_issuer=ISSUER,
        anchors=None,
        timestamps_required=True,
        now=NOW,
    )


def test_a_configuration_of_another_kind_is_set_aside_with_the_reason() -> None:
    metadata = read(configurations={"a": configuration(), "b": {"format": "ldp_vc"}, "c": 7})
    assert list(metadata.configurations) == ["a"]
    assert set(metadata.unusable) == {"b", "c"}
    assert metadata.unusable["b"].startswith("format: expected dc+sd-jwt")


def test_there_are_as_many_configurations_as_allowed_and_not_more() -> None:
    offered = {str(number): configuration() for number in range(MAX_CONFIGURATIONS)}
    assert len(read(configurations=offered).configurations) == MAX_CONFIGURATIONS
    for other in ({}, offered | {"more": configuration()}):
        with pytest.raises(Rejected) as refusal:
            read(configurations=other)
        assert refusal.value.field == "credential_configurations_supported"


@pytest.mark.parametrize("type_", [None, "", 7, ["urn:example:1"]])
def test_a_configuration_without_the_type_of_its_credential_is_set_aside(type_: object) -> None:
    assert read(configurations={"a": configuration(vct=type_)}).unusable["a"].startswith("vct: expected the type")


@pytest.mark.requirement("EDP_09")
def test_a_policy_is_read_by_value() -> None:
    offered = configuration(credential_metadata={"embedded_disclosure_policy": POLICY})
    found = read(configurations={"a": offered, "b": configuration()}).configurations
    assert found["a"].policy == parse_disclosure_policy(POLICY, where="")
    assert found["b"].policy is None


@pytest.mark.parametrize("policy", [None, [], {"policy_uri": "https://a.example"}, POLICY | {"authorized_parties": []}])
def test_a_configuration_whose_policy_cannot_be_read_is_set_aside(policy: object) -> None:
    """It might allow nobody; what it says must not get lost."""
    offered = configuration(credential_metadata={"embedded_disclosure_policy": policy})
    assert read(configurations={"a": offered}).unusable["a"].startswith("embedded_disclosure_policy")


def test_proof_types_that_we_do_not_make_are_left_out() -> None:
    offered = {"di_vp": ALGORITHMS, "jwt": ALGORITHMS, "attestation": {"proof_signing_alg_values_supported": ["RS256"]}}
    metadata = read(configurations={"a": configuration(proof_types_supported=offered)})
    assert metadata.configurations["a"].proofs == {"jwt": None}


@pytest.mark.parametrize(("algorithms", "usable"), [(["ES384", "ES512"], False), (["ES384", "ES256"], True)])
def test_a_configuration_that_takes_no_signature_of_ours_is_unusable_by_name(
    algorithms: list[str], usable: bool
) -> None:
    """Our wallet has keys on P-256 alone."""
    offered = {"jwt": {"proof_signing_alg_values_supported": algorithms}}
    metadata = read(configurations={"a": configuration(proof_types_supported=offered)})
    assert ("a" in metadata.configurations) is usable
    assert usable or metadata.unusable["a"] == "proof_types_supported: expected jwt or attestation with ES256"


@pytest.mark.parametrize(
    ("methods", "usable"),
    [(["jwk"], True), (["did:web", "cose_key"], True), (["did:web"], False), ([], False), ("jwk", False)],
)
def test_a_configuration_that_binds_to_no_key_as_we_send_it_is_unusable_by_name(methods: object, usable: bool) -> None:
    offered = {"cryptographic_binding_methods_supported": methods, "proof_types_supported": {"jwt": ALGORITHMS}}
    metadata = read(configurations={"a": configuration(**offered)})
    assert ("a" in metadata.configurations) is usable
    assert usable or metadata.unusable["a"].startswith("cryptographic_binding_methods_supported: expected ")


def test_an_empty_requirement_still_asks_for_an_attestation() -> None:
    offered = {"jwt": ALGORITHMS | {"key_attestations_required": {}}}
    metadata = read(configurations={"a": configuration(proof_types_supported=offered)})
    assert metadata.configurations["a"].proofs == {"jwt": KeyRequirements()}


def test_requirements_that_are_no_text_make_a_configuration_unusable() -> None:
    offered = {"jwt": ALGORITHMS | {"key_attestations_required": {"key_storage": [7]}}}
    assert "a" in read(configurations={"a": configuration(proof_types_supported=offered)}).unusable


def test_the_first_key_that_we_can_encrypt_to_is_taken() -> None:
    offered = {
        "jwks": {"keys": [{"kty": "RSA", "kid": "0"}, KEY]},
        "enc_values_supported": ["A128CBC-HS256", "A128GCM"],
        "encryption_required": False,
    }
    metadata = read(credential_request_encryption=offered)
    assert metadata.recipient is not None
    assert (metadata.recipient.kid, metadata.recipient.enc) == ("1", Encryption.A128GCM)


def test_an_offer_of_encryption_that_we_cannot_take_is_left_alone() -> None:
    for keys, enc in ((["x"], ["A128GCM"]), ([KEY], ["A128CBC-HS256"]), ("x", ["A128GCM"]), ([KEY], "A128GCM")):
        offered = {"jwks": {"keys": keys}, "enc_values_supported": enc, "encryption_required": False}
        assert read(credential_request_encryption=offered).recipient is None
    for algorithms in (["RSA-OAEP"], "ECDH-ES", None):
        offered = {"alg_values_supported": algorithms, "enc_values_supported": ["A128GCM"]}
        assert read(credential_response_encryption=offered).response_enc is None


@pytest.mark.refuses(Check.SERVER_METADATA)
@pytest.mark.parametrize("keys", [None, ["x"]])
def test_encryption_that_is_required_is_asked_for_under_a_key_or_not_done_without(keys: list[object] | None) -> None:
    answers = {"alg_values_supported": ["ECDH-ES"], "enc_values_supported": ["A128GCM"], "encryption_required": True}
    requests = {"jwks": {"keys": [KEY]}, "enc_values_supported": ["A128GCM"], "encryption_required": False}
    read(credential_response_encryption=answers, credential_request_encryption=requests)
    read(credential_response_encryption=answers | {"encryption_required": False})
    other = None if keys is None else requests | {"jwks": {"keys": keys}}
    with pytest.raises(Rejected, match="credential_request_encryption") as refusal:
        read(credential_response_encryption=answers, credential_request_encryption=other)
    assert (refusal.value.check, refusal.value.field) == (Check.SERVER_METADATA, "credential_response_encryption")


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, {"format": "registration_cert"}, [7, ["x"], None]])
def test_what_12_2_4_does_not_know_says_nothing_in_another_shape(odd: object) -> None:
    assert read(issuer_info=odd).statements == ()


def test_a_registration_certificate_is_found_among_what_is_for_others() -> None:
    told = [7, {"format": ["x"]}, {"format": "registrar_dataset"}, {"format": "registration_cert", "data": "ey"}]
    assert [statement.data for statement in read(issuer_info=told).statements] == ["ey"]


def test_a_batch_larger_than_an_attestation_holds_is_cut() -> None:
    assert read(batch_credential_issuance={"batch_size": 5_000}).batch_size == 100
    assert read().batch_size == 1


def test_what_is_not_for_a_screen_is_left_out() -> None:
    shown = [
        {"name": "Good", "locale": "en", "logo": {"uri": "https://a.example/l.png", "alt_text": "Arms"}},
        {"name": "x" * 301},
        {"name": "a\u202eb\n"},
        {"locale": "en"},
        {"name": "Plain", "description": 7, "logo": "x"},
        7,
    ]
    metadata = read(display=shown)
    assert [display.name for display in metadata.display] == ["Good", "Plain"]
    assert (metadata.display[0].logo, metadata.display[0].logo_text) == ("https://a.example/l.png", "Arms")
    assert metadata.display[1].description is None
    assert read(display="x").display == ()


def test_claims_and_algorithms_are_read_as_far_as_they_are_any() -> None:
    details = {"claims": [{"path": ["a", None, 0]}, 7], "display": [{"name": "A"}]}
    metadata = read(
        configurations={
            "a": configuration(
                credential_metadata=details, credential_signing_alg_values_supported=["ES256", -7, None]
            ),
            "b": configuration(credential_metadata=7, credential_signing_alg_values_supported=7),
        }
    )
    assert metadata.configurations["a"].claims[0].path == ("a", None, 0)
    assert metadata.configurations["a"].signing_algorithms == ("ES256", -7)
    assert metadata.configurations["b"].signing_algorithms == ()


@pytest.mark.parametrize(
    "paths",
    [
        [["a"], ["a"]],
        [["a", None], ["b"], ["a", None]],
        [["a", None], ["a", 0]],
        [["a", 0, "b"], ["a", "c"]],
        [["a", None, "b"], ["a", None, 1]],
    ],
)
def test_b_3_a_configuration_with_a_repeated_or_contradictory_description_is_set_aside(paths: list[Any]) -> None:
    details = {"claims": [{"path": path} for path in paths]}
    metadata = read(configurations={"a": configuration(credential_metadata=details)})
    assert metadata.configurations == {}
    assert metadata.unusable["a"].startswith("claims: expected")


def of_an_mdoc(paths: list[Any]) -> IssuerMetadata:
    details = {"claims": [{"path": path} for path in paths]}
    mdoc = configuration(format="mso_mdoc", vct=None, doctype="org.example.1", credential_metadata=details)
    return read(configurations={"a": mdoc})


def test_c_2_keys_of_maps_in_an_mdoc_may_be_negative() -> None:
    paths = [["n", "a", -1], ["n", "a", -2], ["n", "a", 1], ["n", "b", -1], ["n", "b", "c"]]
    assert [list(claim.path) for claim in of_an_mdoc(paths).configurations["a"].claims] == paths


@pytest.mark.parametrize(
    "paths",
    [
        [["n", "a", -1], ["n", "a", -1]],
        [["n", "a", -1], ["n", "a", None]],
        [["n", "a", 0], ["n", "a", None]],
        [["n", "a", -1], ["n", "a", 0], ["n", "a", "b"]],
    ],
)
def test_b_3_a_map_with_negative_keys_is_no_array_to_take_all_of(paths: list[Any]) -> None:
    assert of_an_mdoc(paths).unusable["a"].startswith("claims: expected")


def test_c_1_a_negative_integer_leads_nowhere_in_json() -> None:
    details = {"claims": [{"path": ["a", -1]}]}
    metadata = read(configurations={"a": configuration(credential_metadata=details)})
    assert metadata.unusable["a"].endswith("expected names, null or indices from zero")


def test_b_3_an_object_and_what_is_in_it_may_both_be_described() -> None:
    paths = [["a"], ["a", "b"], ["c"], ["c", None], ["c", None, "d"], ["e", 0], ["e", 1]]
    details = {"claims": [{"path": path} for path in paths]}
    metadata = read(configurations={"a": configuration(credential_metadata=details)})
    assert [list(claim.path) for claim in metadata.configurations["a"].claims] == paths


@pytest.mark.refuses(Check.SERVER_METADATA)
@pytest.mark.parametrize("servers", [[], {}, "", SERVER, 7, [7], [SERVER, ""]])
def test_authorization_servers_are_one_address_or_more(servers: object) -> None:
    assert read(authorization_servers=[SERVER, ISSUER]).authorization_servers == (SERVER, ISSUER)
    with pytest.raises(Rejected) as refusal:
        read(authorization_servers=servers)
    assert (refusal.value.check, refusal.value.field) == (Check.SERVER_METADATA, "authorization_servers")


def signed_at(issued_at: int, *, expires: int | None = None) -> IssuerMetadata:
    issuer = Issuer()
    asked = HttpRequest(
        method="GET", url=f"{ISSUER}/.well-known/openid-credential-issuer", headers=(("accept", "application/jwt"),)
    )
    response = issuer.handle(asked)
    body = resigned(response.body.decode(), ACCESS.key, iat=issued_at, exp=expires).encode()
    return verify_issuer_metadata(
        parse_issuer_metadata(replace(response, body=body)),
        credential_issuer=ISSUER,
        anchors=ACCESS_ANCHORS,
        timestamps_required=True,
        now=NOW,
    )


def test_signed_metadata_holds_from_its_issue_to_its_end_as_far_as_clocks_differ() -> None:
    for issued_at, expires in ((NOW + 10, None), (NOW - 100, NOW - 59)):
        assert signed_at(issued_at, expires=expires).signer is not None
    for issued_at, expires, field in ((NOW + 11, None, "iat"), (NOW - 100, NOW - 60, "exp")):
        with pytest.raises(Rejected) as refusal:
            signed_at(issued_at, expires=expires)
        assert refusal.value.field == field


def test_endpoints_that_are_left_out_are_not_there() -> None:
    metadata = read()
    assert (metadata.nonce_endpoint, metadata.deferred_endpoint, metadata.notification_endpoint) == (None, None, None)


@pytest.mark.parametrize(
    ("required", "client", "by_ts3"),
    [
        (None, None, False),
        ({}, None, False),
        ({"preferred_key_storage_status_period": 1}, None, True),
        (None, 1, True),
        (None, "1", False),
    ],
)
def test_an_issuer_that_says_how_long_it_wants_a_status_maintained_goes_by_ts3(
    required: dict[str, int] | None, client: object, by_ts3: bool
) -> None:
    proof = ALGORITHMS if required is None else ALGORITHMS | {"key_attestations_required": required}
    bound = configuration(proof_types_supported={"jwt": proof}, cryptographic_binding_methods_supported=["jwk"])
    metadata = read(configurations={"a": configuration(), "b": bound}, preferred_client_status_period=client)
    assert metadata.by_ts3 is by_ts3
