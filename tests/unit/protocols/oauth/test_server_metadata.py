"""Authorization server metadata, ours and another's."""

import json
from dataclasses import replace

import pytest
from zegel_testing.issuance import SERVER, Issuer, plain_issuer

from zegel.errors import Malformed, Rejected
from zegel.profiles import PLAIN, ClientAuthentication
from zegel.protocols.oauth.metadata import (
    build_server_metadata,
    parse_server_metadata,
    verify_server_metadata,
    well_known_url,
)


def test_the_well_known_path_stands_between_host_and_path() -> None:
    path = "/.well-known/oauth-authorization-server"
    assert well_known_url("https://a.example", path) == "https://a.example" + path
    assert well_known_url("https://a.example/", path) == "https://a.example" + path
    assert well_known_url("https://a.example/t/", path) == f"https://a.example{path}/t"
    assert well_known_url("https://a.example:8443/t/1", path) == f"https://a.example:8443{path}/t/1"


@pytest.mark.parametrize("issuer", [Issuer(), plain_issuer()])
def test_what_our_server_publishes_a_wallet_reads(issuer: Issuer) -> None:
    built = build_server_metadata(issuer.server)
    read = verify_server_metadata(parse_server_metadata(json.dumps(built).encode()), issuer=SERVER)
    assert read.token_endpoint == SERVER + "/token"
    assert read.says_issuer
    assert read.details_types == ("openid_credential",)
    assert read.anonymous_pre_authorized == (issuer.profile.name == "plain")
    assert read.challenge_endpoint == SERVER + "/challenge"


def test_a_server_that_knows_no_attestation_offers_no_challenge() -> None:
    public = replace(PLAIN, name="public", client_authentication=frozenset({ClientAuthentication.NONE}))
    server = replace(plain_issuer().server, profile=public)
    assert "challenge_endpoint" not in build_server_metadata(server)
    assert server.fresh(now=0, random=bytes).challenge is None


def test_what_is_left_out_has_the_defaults_of_rfc_8414() -> None:
    body = json.dumps({"issuer": SERVER, "token_endpoint": "http://localhost:8080/token"}).encode()
    read = verify_server_metadata(parse_server_metadata(body), issuer=SERVER)
    assert read.grants == ("authorization_code", "implicit")
    assert read.authorization_endpoint is None
    assert not read.says_issuer


def test_a_document_that_is_no_object_is_malformed() -> None:
    with pytest.raises(Malformed):
        parse_server_metadata(b"[]")


def test_a_list_of_anything_but_text_is_refused() -> None:
    body = json.dumps({"issuer": SERVER, "token_endpoint": SERVER, "grant_types_supported": [7]}).encode()
    with pytest.raises(Rejected):
        verify_server_metadata(parse_server_metadata(body), issuer=SERVER)
