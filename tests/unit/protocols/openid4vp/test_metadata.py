"""Metadata: keys to encrypt to, and the formats of both sides."""

from typing import Any

import pytest
from zegel_testing.authorities import fixed_key

from zegel.errors import Malformed
from zegel.primitives.jwe import Encryption
from zegel.primitives.keys import Algorithm, Curve
from zegel.profiles import HAIP, PLAIN
from zegel.protocols.openid4vp.metadata import (
    MAX_KEYS,
    MAX_KID,
    build_client_metadata,
    build_wallet_metadata,
    parse_response_key,
    parse_vp_formats,
    read_issuer_algorithms,
    response_kid,
)

KEY = fixed_key("response").public_key
METADATA = build_client_metadata(response_key=KEY)


def metadata(**changes: Any) -> dict[str, Any]:
    return METADATA | changes


def with_key(**changes: Any) -> dict[str, Any]:
    jwk: dict[str, Any] = KEY.jwk() | {"use": "enc", "alg": "ECDH-ES", "kid": "1"} | changes
    return metadata(jwks={"keys": [{name: value for name, value in jwk.items() if value is not None}]})


def test_the_verifiers_key_and_the_stronger_encryption_are_chosen() -> None:
    found = parse_response_key(METADATA)
    assert found is not None
    assert (found.key, found.kid, found.encryption) == (KEY, response_kid(KEY), Encryption.A256GCM)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["A128GCM"], Encryption.A128GCM),
        (["A128CBC-HS256", "A128GCM", "A256GCM"], Encryption.A256GCM),
    ],
)
def test_the_encryption_is_one_that_is_offered(offered: list[str], chosen: Encryption) -> None:
    found = parse_response_key(metadata(encrypted_response_enc_values_supported=offered))
    assert found is not None
    assert found.encryption is chosen


@pytest.mark.parametrize(
    "given",
    [
        {},
        metadata(encrypted_response_enc_values_supported=["A128CBC-HS256"]),
        with_key(alg=None),
        with_key(alg="ECDH-ES+A256KW"),
        with_key(kid=None),
        with_key(kid=""),
        with_key(kid=7),
        with_key(kid="k" * (MAX_KID + 1)),
        with_key(use="sig"),
        with_key(x="AA"),
        with_key(**fixed_key("larger", Curve.P384).public_key.jwk()),
        metadata(jwks={"keys": ["key", None, []]}),
    ],
)
def test_without_a_key_that_we_can_use_there_is_none(given: dict[str, Any]) -> None:
    assert parse_response_key(given) is None


@pytest.mark.parametrize(
    "given",
    [
        metadata(jwks="https://keys.example"),
        metadata(jwks={}),
        metadata(jwks={"keys": []}),
        metadata(jwks={"keys": [{}] * (MAX_KEYS + 1)}),
        metadata(encrypted_response_enc_values_supported=[]),
        metadata(encrypted_response_enc_values_supported=[1]),
    ],
)
def test_what_is_no_key_set_is_malformed(given: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        parse_response_key(given)


@pytest.mark.parametrize(
    ("offered", "formats"),
    [
        ({}, set()),
        ({"jwt_vc_json": {}}, set()),
        ({"dc+sd-jwt": {}, "mso_mdoc": {}}, {"dc+sd-jwt", "mso_mdoc"}),
        ({"dc+sd-jwt": {"sd-jwt_alg_values": ["ES384"]}}, {"dc+sd-jwt"}),
        ({"dc+sd-jwt": {"kb-jwt_alg_values": ["ES256", "EdDSA"]}}, {"dc+sd-jwt"}),
        ({"dc+sd-jwt": {"kb-jwt_alg_values": ["EdDSA"]}}, set()),
        ({"mso_mdoc": {"deviceauth_alg_values": [-9]}}, {"mso_mdoc"}),
        ({"mso_mdoc": {"deviceauth_alg_values": [-7, -65537]}}, {"mso_mdoc"}),
        ({"mso_mdoc": {"deviceauth_alg_values": [-65537]}}, set()),
        ({"mso_mdoc": {"deviceauth_alg_values": [{}, None, True]}}, set()),
    ],
)
def test_a_format_counts_if_its_holders_may_sign_as_ours_do(offered: Any, formats: set[str]) -> None:
    assert parse_vp_formats({"vp_formats_supported": offered}) == formats


@pytest.mark.parametrize(
    ("offered", "algorithms"),
    [
        ({"dc+sd-jwt": {}, "mso_mdoc": {}}, {}),
        ({"dc+sd-jwt": {"kb-jwt_alg_values": ["ES256"]}}, {}),
        ({"dc+sd-jwt": {"sd-jwt_alg_values": ["ES384", "EdDSA"]}}, {"dc+sd-jwt": {Algorithm.ES384}}),
        ({"dc+sd-jwt": {"sd-jwt_alg_values": ["EdDSA"]}, "mso_mdoc": {}}, {"dc+sd-jwt": set()}),
        ({"mso_mdoc": {"issuerauth_alg_values": [-9, -36]}}, {"mso_mdoc": {Algorithm.ES256, Algorithm.ES512}}),
        ({"mso_mdoc": {"issuerauth_alg_values": [-51]}}, {"mso_mdoc": {Algorithm.ES384}}),
        ({"mso_mdoc": {"issuerauth_alg_values": [True, None, {}]}}, {"mso_mdoc": set()}),
    ],
)
def test_openid4vp_b_2_2_and_b_3_4_a_verifier_says_whose_signatures_it_takes(offered: Any, algorithms: Any) -> None:
    assert read_issuer_algorithms({"vp_formats_supported": offered}) == algorithms


@pytest.mark.parametrize(
    "offered", [None, [], {"dc+sd-jwt": []}, {"mso_mdoc": {"deviceauth_alg_values": []}}, {"mso_mdoc": None}]
)
def test_formats_that_do_not_parse_are_malformed(offered: Any) -> None:
    with pytest.raises(Malformed):
        parse_vp_formats({"vp_formats_supported": offered})


def test_our_own_metadata_is_understood_by_ourselves() -> None:
    assert parse_vp_formats(METADATA) == {"dc+sd-jwt", "mso_mdoc"}
    assert parse_vp_formats(build_wallet_metadata(HAIP)) == {"dc+sd-jwt", "mso_mdoc"}


def test_the_wallet_names_what_its_holders_keys_sign_with_and_each_alone_is_enough() -> None:
    offered = build_wallet_metadata(HAIP)["vp_formats_supported"]
    assert isinstance(offered, dict)
    for format_, name in (("dc+sd-jwt", "kb-jwt_alg_values"), ("mso_mdoc", "deviceauth_alg_values")):
        parameters = offered[format_]
        assert isinstance(parameters, dict)
        named = parameters[name]
        assert isinstance(named, list)
        assert named
        for value in named:
            assert parse_vp_formats({"vp_formats_supported": {format_: {name: [value]}}}) == {format_}


def test_the_wallet_states_what_its_profile_allows() -> None:
    assert build_wallet_metadata(HAIP)["client_id_prefixes_supported"] == ["x509_hash"]
    assert build_wallet_metadata(HAIP)["response_modes_supported"] == ["direct_post.jwt"]
    assert build_wallet_metadata(PLAIN)["response_modes_supported"] == ["direct_post", "direct_post.jwt"]
