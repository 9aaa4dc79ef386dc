"""The issuer's metadata, and which form of it is asked for."""

import json
from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.issuance import ACCESS, ACCESS_ANCHORS, ISSUER, SERVER, Issuer, certified, plain_issuer

from zegel.primitives.http import HttpResponse
from zegel.primitives.jwe import Encryption
from zegel.protocols.openid4vci.configuration import Display
from zegel.protocols.openid4vci.metadata import IssuerMetadata, parse_issuer_metadata, verify_issuer_metadata
from zegel.protocols.openid4vci.publication import build_issuer_metadata, prefers_signed, sign_issuer_metadata


def read(issuer: Issuer) -> IssuerMetadata:
    """The metadata as a wallet reads it."""
    body = json.dumps(build_issuer_metadata(issuer.issuer)).encode()
    response = HttpResponse(status=200, headers=(("content-type", "application/json"),), body=body)
    return verify_issuer_metadata(
        parse_issuer_metadata(response),
        credential_issuer=ISSUER,
        anchors=None,
        timestamps_required=True,
        now=NOW,
    )


@pytest.mark.parametrize("issuer", [Issuer(), Issuer(separate=False), plain_issuer(scopes=False)])
def test_a_wallet_reads_the_configurations_as_the_issuer_has_them(issuer: Issuer) -> None:
    metadata = read(issuer)
    assert metadata.configurations == issuer.issuer.configurations
    assert metadata.unusable == {}
    assert metadata.batch_size == 5
    assert metadata.display == (Display(name="Utopia", locale="en"),)


def test_the_server_is_named_where_it_is_another() -> None:
    assert read(Issuer()).servers == (SERVER,)
    assert read(Issuer(separate=False)).authorization_servers == ()
    assert read(Issuer(separate=False)).servers == (ISSUER,)


def test_encryption_is_offered_with_its_keys_and_without_compression() -> None:
    metadata = read(Issuer())
    assert metadata.recipient is not None
    assert (metadata.recipient.kid, metadata.recipient.enc) == ("enc-1", Encryption.A256GCM)
    assert metadata.response_enc is Encryption.A256GCM
    assert "zip" not in json.dumps(build_issuer_metadata(Issuer().issuer))
    assert read(Issuer(encrypted=False)).recipient is None


def test_what_an_issuer_does_not_have_it_does_not_publish() -> None:
    bare = replace(Issuer(batch_size=1, encrypted=False).issuer, display=())
    assert not {"display", "batch_credential_issuance", "credential_request_encryption"} & set(
        build_issuer_metadata(bare)
    )


def test_a_configuration_without_display_shows_its_claims_alone() -> None:
    issuer = Issuer().issuer
    plain = {id_: replace(each, display=()) for id_, each in issuer.configurations.items()}
    built = json.loads(json.dumps(build_issuer_metadata(replace(issuer, configurations=plain))))
    assert set(built["credential_configurations_supported"]["id-sdjwt"]["credential_metadata"]) == {"claims"}
    assert "credential_metadata" not in built["credential_configurations_supported"]["ticket"]


def test_signed_metadata_is_good_for_a_day() -> None:
    signed = sign_issuer_metadata(build_issuer_metadata(Issuer().issuer), signer=certified(ACCESS), now=NOW)
    response = HttpResponse(status=200, headers=(("content-type", "application/jwt"),), body=signed)
    metadata = verify_issuer_metadata(
        parse_issuer_metadata(response),
        credential_issuer=ISSUER,
        anchors=ACCESS_ANCHORS,
        timestamps_required=True,
        now=NOW + 86_399,
    )
    assert metadata.signer == "Utopia"


@pytest.mark.parametrize(
    ("accept", "signed"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/jwt", True),
        ("application/JWT; q=0.5", True),
        ("application/jwt;q=0", False),
        ("application/jwt;q=x", False),
        ("application/jwt, application/json;q=0.9", True),
        ("application/jwt;q=0.8, application/json;q=0.9", False),
        ("application/jwt;v=1;q=1, application/json", True),
    ],
)
def test_the_signed_form_is_for_those_who_ask(accept: str, signed: bool) -> None:
    assert prefers_signed(accept) is signed
