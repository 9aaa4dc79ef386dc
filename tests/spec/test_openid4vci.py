"""OpenID for Verifiable Credential Issuance 1.0: its examples, the OpenID Foundation's schemas, and its clauses."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from zegel_testing.authorities import NOW, trusting
from zegel_testing.issuance import (
    ACCESS_ANCHORS,
    ISSUER,
    REQUEST_KEY,
    Issuer,
    at,
    finish,
    log_in,
    plain_issuer,
    wallet_client,
    with_form,
)

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError
from zegel.formats.credential import Format
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import parse_object
from zegel.primitives.jwe import open_jwe, parse_jwe
from zegel.primitives.jws import parse_jws, verify_jws
from zegel.primitives.keys import parse_jwk
from zegel.primitives.x509 import parse_certificate
from zegel.profiles import HAIP, PLAIN, Proof
from zegel.protocols.oauth.authorization import request_uri_of
from zegel.protocols.oauth.authorization_details import encode_details, parse_authorization_details
from zegel.protocols.oauth.metadata import build_server_metadata, parse_server_metadata, verify_server_metadata
from zegel.protocols.openid4vci.metadata import (
    TYP,
    UnverifiedIssuerMetadata,
    metadata_request,
    parse_issuer_metadata,
    verify_issuer_metadata,
)
from zegel.protocols.openid4vci.offer import build_offer, parse_offer
from zegel.protocols.openid4vci.publication import build_issuer_metadata
from zegel.protocols.openid4vci.wallet.answers import result_of
from zegel.protocols.openid4vci.wallet.session import Pending, Received
from zegel.trust.anchors import Purpose, TrustAnchor
from zegel.trust.attestation import parse_wallet_attestation

VECTORS = Path(__file__).parents[1] / "vectors"
EXAMPLES = VECTORS / "openid4vci" / "examples"
EUDI = VECTORS / "openid4vci" / "eudi"
SKIPS = {entry["id"]: entry["reason"] for entry in tomllib.loads((EUDI.parent / "skips.toml").read_text())["skip"]}


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


@cache
def validator(name: str) -> Draft202012Validator:
    schema = json.loads((VECTORS / "oidf-conformance" / "json-schemas" / name).read_text())
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def check_schema(name: str, value: Any) -> None:
    """Assert that what goes over the wire is what the schema describes, and nothing more."""
    validator(name).validate(json.loads(json.dumps(value)))


def as_response(path: Path) -> HttpResponse:
    kind = "application/json" if path.suffix == ".json" else "application/jwt"
    return HttpResponse(status=200, headers=(("content-type", kind),), body=path.read_bytes().strip())


def issuers() -> Iterator[Issuer]:
    for separate in (True, False):
        for encrypted in (True, False):
            yield Issuer(separate=separate, encrypted=encrypted)
            yield plain_issuer(separate=separate, encrypted=encrypted)
            yield plain_issuer(separate=separate, encrypted=encrypted, scopes=False, batch_size=1)


# --- outside vectors ----------------------------------------------------------------------------------------------


def test_every_vector_is_the_file_that_its_source_says() -> None:
    table = (VECTORS / "openid4vci" / "SOURCE.md").read_text()
    rows = dict(line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| e"))
    found = {
        str(path.relative_to(VECTORS / "openid4vci")): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in (EXAMPLES, EUDI)
        for path in folder.iterdir()
        if path.name != "LICENSE"
    }
    assert rows == found


def test_few_vectors_are_skipped_and_each_is_there() -> None:
    assert len(SKIPS) <= 12
    assert set(SKIPS) <= {path.name for folder in (EXAMPLES, EUDI) for path in folder.iterdir()}


@pytest.mark.parametrize("name", [*names(EXAMPLES, "credential_offer*.json"), *names(EUDI, "*offer*.json")])
def test_offers_of_others_parse(name: str) -> None:
    path = next(folder / name for folder in (EXAMPLES, EUDI) if (folder / name).exists())
    if name in SKIPS:
        with pytest.raises(Malformed):
            parse_offer(path.read_bytes())
    else:
        assert parse_offer(path.read_bytes()).configurations


@pytest.mark.parametrize("name", names(EXAMPLES, "authorization_details*.json"))
def test_authorization_details_of_the_examples_parse(name: str) -> None:
    assert parse_authorization_details((EXAMPLES / name).read_text())


@pytest.mark.parametrize(
    "name", [*names(EUDI, "*credential*issuer*.json"), "credential_issuer_metadata_sd_jwt_long.json"]
)
def test_issuer_metadata_of_others_is_read(name: str) -> None:
    path = next(folder / name for folder in (EXAMPLES, EUDI) if (folder / name).exists())
    metadata = parse_issuer_metadata(as_response(path))
    identifier = metadata.unverified_members["credential_issuer"]
    assert isinstance(identifier, str)
    if name in SKIPS:
        with pytest.raises(ZegelError) as refusal:
            verify_issuer_metadata(
                metadata,
                credential_issuer=identifier,
                anchors=None,
                timestamps_required=True,
                now=NOW,
            )
        assert refusal.value.check is Check.SERVER_METADATA
    else:
        verified = verify_issuer_metadata(
            metadata,
            credential_issuer=identifier,
            anchors=None,
            timestamps_required=True,
            now=NOW,
        )
        assert verified.configurations


@pytest.mark.parametrize("name", ["credential_metadata_mso_mdoc.json", "credential_metadata_sd_jwt_vc.json"])
def test_the_configurations_of_appendix_a_are_read(name: str) -> None:
    members = {"credential_issuer": ISSUER, "credential_endpoint": f"{ISSUER}/credential"}
    body = json.dumps(json.loads((EXAMPLES / name).read_text()) | members).encode()
    response = HttpResponse(status=200, headers=(("content-type", "application/json"),), body=body)
    metadata = verify_issuer_metadata(
        parse_issuer_metadata(response),
        credential_issuer=ISSUER,
        anchors=None,
        timestamps_required=True,
        now=NOW,
    )
    assert bool(metadata.unusable) is (name in SKIPS)
    assert all(each.proofs and each.display for each in metadata.configurations.values())


@pytest.mark.parametrize("name", [*names(EUDI, "oauth*.json"), *names(EUDI, "openid-configuration*.json")])
def test_server_metadata_of_others_is_read(name: str) -> None:
    metadata = parse_server_metadata((EUDI / name).read_bytes())
    issuer = metadata.unverified_members["issuer"]
    assert isinstance(issuer, str)
    assert verify_server_metadata(metadata, issuer=issuer).token_endpoint


def signed_metadata(path: Path) -> UnverifiedIssuerMetadata:
    text = "".join(path.read_text().split())
    response = HttpResponse(status=200, headers=(("content-type", "application/jwt"),), body=text.encode())
    return parse_issuer_metadata(response)


def test_the_signed_metadata_of_the_examples_parses() -> None:
    metadata = signed_metadata(EXAMPLES / "credential_issuer_metadata_sd_jwt_jwt.txt")
    assert metadata.jws is not None
    assert metadata.jws.unverified_header.typ == TYP


@pytest.mark.parametrize(
    "name",
    [
        "openid-credential-issuer_full_signed.txt",
        "openid-credential-issuer-signed-metadata-x5c.jwt",
        "credential_issuer_metadata_with_signed_full.txt",
    ],
)
def test_signed_metadata_of_others_verifies_under_its_certificate_and_is_refused_for_its_chain(name: str) -> None:
    metadata = signed_metadata(EUDI / name)
    assert metadata.jws is not None
    chain = [parse_certificate(der) for der in metadata.jws.unverified_header.x5c]
    assert verify_jws(metadata.jws, key=chain[0].key, typ=TYP).claims == metadata.unverified_members
    # HAIP 1.0 section 4.1: x5c has no anchor in it, and no leaf that vouches for itself
    anchors = trusting(TrustAnchor(certificate=chain[-1], purpose=Purpose.ACCESS, entity="EUDI"))
    with pytest.raises(Rejected) as refusal:
        verify_issuer_metadata(
            metadata,
            credential_issuer="https://credential-issuer.example.com",
            anchors=anchors,
            timestamps_required=True,
            now=1_785_330_000,
        )
    assert refusal.value.check is Check.CHAIN


def test_signed_metadata_with_a_key_of_its_own_is_refused() -> None:
    metadata = signed_metadata(EUDI / "credential_issuer_metadata_with_signed_invalid.txt")
    with pytest.raises(Rejected) as refusal:
        verify_issuer_metadata(
            metadata,
            credential_issuer="https://credential-issuer.example.com",
            anchors=ACCESS_ANCHORS,
            timestamps_required=True,
            now=1_785_330_000,
        )
    assert refusal.value.check is Check.CHAIN


def unwrapped(name: str) -> bytes:
    """The body of an example, without the line breaks that the specification puts into its texts."""
    text = (EXAMPLES / name).read_text()
    body = text[text.index("{") :]
    return re.sub(r'"[^"]*"', lambda quoted: re.sub(r"\n\s*", "", quoted[0]), body).encode()


def test_the_offer_that_is_served_in_the_examples_parses() -> None:
    assert parse_offer(unwrapped("credential_offer_authz_code.txt")).authorization_code is not None


def answered(name: str, format_: Format) -> Received | Pending:
    configuration = next(each for each in Issuer().issuer.configurations.values() if each.format is format_)
    response = HttpResponse(status=200, headers=(("content-type", "application/json"),), body=unwrapped(name))
    return result_of(response, key=None, configuration=configuration, copies=1, now=NOW)


def test_the_sd_jwt_of_the_examples_is_received() -> None:
    received = answered("credential_response_sd_jwt_vc.txt", Format.SD_JWT_VC)
    assert isinstance(received, Received)
    (credential,) = received.credentials
    assert parse_sdjwt(credential).unverified_disclosures


def test_the_key_of_the_examples_has_the_thumbprint_that_it_is_called_by_and_signed_their_credential() -> None:
    (jwk,) = json.loads(unwrapped("issuer_jwks.json"))["jwks"]["keys"]
    key = parse_jwk(jwk, what="example")
    assert jwk["kid"].rpartition(":")[2] == base64url(key.thumbprint())
    received = answered("credential_response_jwt_vc_json.txt", Format.SD_JWT_VC)
    assert isinstance(received, Received)
    jws = parse_jws(received.credentials[0], what="example")
    assert jws.unverified_header.kid == jwk["kid"]
    assert verify_jws(jws, key=key, typ="JWT").claims["vc"]


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("credential_response_mso_mdoc.txt", Format.MDOC),  # cut short with dots
        ("credential_response_ldp_vc.txt", Format.SD_JWT_VC),  # an object, which no format of ours is
    ],
)
def test_a_credential_of_the_examples_that_is_none_of_ours_is_malformed(name: str, format_: Format) -> None:
    with pytest.raises(Malformed):
        answered(name, format_)


def test_the_wallet_attestation_of_the_examples_parses() -> None:
    text = "".join((EXAMPLES / "wallet_attestation.jwt.txt").read_text().split())
    assert parse_wallet_attestation(text).unverified_client_id


# --- the OpenID Foundation's schemas ------------------------------------------------------------------------------


@pytest.mark.parametrize("issuer", list(issuers()))
def test_our_metadata_is_what_the_schemas_describe(issuer: Issuer) -> None:
    check_schema("oid4vci/credential_issuer_metadata-1_0.json", build_issuer_metadata(issuer.issuer))
    check_schema("rfc8414/oauth_authorization_server_metadata.json", build_server_metadata(issuer.server))


@pytest.mark.parametrize("tx_code", [None, "123456"])
def test_our_offers_are_what_the_schema_describes(tx_code: str | None) -> None:
    issuer = plain_issuer()
    check_schema("oid4vci/credential_offer-1_0.json", build_offer(issuer.offer("id-sdjwt", "id-mdoc")))
    offer = issuer.offer("id-sdjwt", pre_authorized=True, tx_code=tx_code)
    check_schema("oid4vci/credential_offer-1_0.json", build_offer(offer))


@pytest.mark.parametrize("choice", list(Proof))
@pytest.mark.parametrize("scopes", [True, False])
def test_our_credential_requests_are_what_the_schema_describes(choice: Proof, scopes: bool) -> None:
    issuer = plain_issuer(encrypted=False, scopes=scopes)
    finish(issuer, log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(PLAIN)), choice=choice)
    request = issuer.seen[-1][0]
    check_schema("oid4vci/credential_request-1_0.json", parse_object(request.body, what="test"))


def test_our_encrypted_credential_request_is_what_the_schema_describes() -> None:
    issuer = Issuer()
    finish(issuer, log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP)))
    message = parse_jwe(issuer.seen[-1][0].body, what="test")
    body = parse_object(open_jwe(message, key=REQUEST_KEY.key, kid="enc-1"), what="test")
    assert "credential_response_encryption" in body
    check_schema("oid4vci/credential_request-1_0.json", body)


# --- clauses ------------------------------------------------------------------------------------------------------


def last(issuer: Issuer, path: str) -> HttpResponse:
    return next(response for request, response in reversed(issuer.seen) if request.url.endswith(path))


def received(**options: Any) -> Issuer:
    issuer = Issuer(**options)
    finish(issuer, log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP)))
    return issuer


def test_section_6_2_a_token_response_is_uncacheable_and_says_dpop() -> None:
    response = last(received(), "/token")
    body = json.loads(response.body)
    assert response.header("cache-control") == "no-store"
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("DPoP", 300, "utopia.id-sdjwt")
    assert "authorization_details" not in body


def test_section_6_2_a_token_response_names_the_datasets_where_there_are_two() -> None:
    body = json.loads(last(received(datasets={"id-sdjwt": ("a", "b")}), "/token").body)
    assert body["authorization_details"] == [
        {"type": "openid_credential", "credential_configuration_id": "id-sdjwt", "credential_identifiers": ["a", "b"]}
    ]
    assert "scope" not in body


@pytest.mark.parametrize("datasets", [{}, {"id-mdoc": ("a", "b")}])
def test_section_8_2_a_token_response_names_all_by_identifiers_or_none(datasets: dict[str, tuple[str, ...]]) -> None:
    issuer = Issuer(encrypted=False, datasets=datasets)
    if not datasets:  # one by details, one by its scope
        details = encode_details(("id-mdoc",), locations=(ISSUER,))
        issuer.edit_request = at("/par", lambda request: with_form(request, authorization_details=details))
    finish(issuer, log_in(issuer, issuer.offer("id-sdjwt", "id-mdoc"), wallet_client(HAIP)))
    body = json.loads(last(issuer, "/token").body)
    named = {"id-sdjwt": ["id-sdjwt"], "id-mdoc": list(datasets.get("id-mdoc", ("id-mdoc",)))}
    assert {
        each["credential_configuration_id"]: each["credential_identifiers"] for each in body["authorization_details"]
    } == named
    assert "scope" not in body
    asked = [json.loads(request.body) for request, _ in issuer.seen if request.url.endswith("/credential")]
    assert [each.get("credential_identifier") for each in asked] == [*named["id-sdjwt"], *named["id-mdoc"]]


class ApprovesTheLast(Issuer):
    """A person who wants the last of what was asked for, and no more."""

    def browse(self, url: str) -> str:
        key = request_uri_of(HttpRequest(method="GET", url=url).query())
        pushed = self.store.load("pushed", key)
        self.store.put("pushed", key, replace(pushed, credentials=pushed.credentials[-1:]))
        return super().browse(url)


def test_section_6_2_who_asked_by_details_is_answered_by_them_whatever_was_approved() -> None:
    details = encode_details(("id-mdoc",), locations=(ISSUER,))
    issuer = ApprovesTheLast(
        encrypted=False,
        edit_request=at("/par", lambda request: with_form(request, authorization_details=details)),
    )
    log_in(issuer, issuer.offer("id-sdjwt", "id-mdoc"), wallet_client(HAIP))
    (entry,) = json.loads(last(issuer, "/token").body)["authorization_details"]
    assert entry["credential_identifiers"] == ["id-sdjwt"]


def test_section_7_2_a_c_nonce_is_uncacheable_and_comes_with_a_dpop_nonce() -> None:
    response = last(received(), "/nonce")
    assert set(json.loads(response.body)) == {"c_nonce"}
    assert response.header("cache-control") == "no-store"
    assert response.header("dpop-nonce") is not None


def test_section_8_3_credentials_come_with_status_200_and_a_notification_id() -> None:
    response = last(received(encrypted=False), "/credential")
    body = json.loads(response.body)
    assert response.status == 200
    assert set(body) == {"credentials", "notification_id"}
    assert all(set(entry) == {"credential"} for entry in body["credentials"])


def test_section_8_3_what_takes_time_comes_with_status_202_and_an_interval() -> None:
    response = last(received(encrypted=False, waits=1), "/credential")
    assert response.status == 202
    assert set(json.loads(response.body)) == {"transaction_id", "interval"}


def test_section_8_3_1_2_an_error_is_never_encrypted() -> None:
    issuer = Issuer()
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    issuer.declines = True
    with pytest.raises(ZegelError):
        finish(issuer, pause)
    response = last(issuer, "/credential")
    assert response.header("content-type") == "application/json"
    assert set(json.loads(response.body)) >= {"error", "error_description"}


def test_section_10_an_encrypted_answer_echoes_the_kid_that_it_was_given() -> None:
    request, response = received().seen[-1]
    assert parse_jwe(request.body, what="test").kid == "enc-1"
    assert parse_jwe(response.body, what="test").kid is None


def test_section_12_2_2_metadata_is_asked_for_in_the_form_that_is_wanted() -> None:
    issuer = received()
    assert issuer.seen[0][0].header("accept") == "application/json"


@pytest.mark.parametrize("path", ["", "/", "/tenant", "/tenant/", "/tenant//"])
def test_section_12_2_2_the_path_of_an_issuer_is_asked_for_as_it_stands(path: str) -> None:
    request = metadata_request("https://issuer.example" + path, signed=False)
    assert request.url == "https://issuer.example/.well-known/openid-credential-issuer" + path
