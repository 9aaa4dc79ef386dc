"""Hostile bytes end in ``Malformed``, cheaply; and what is refused later is bounded too."""

import json

import pytest
from zegel_testing.issuance import ISSUER
from zegel_testing.limits import assert_malformed_cheaply

from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpResponse
from zegel.protocols.oauth.authorization_details import parse_authorization_details
from zegel.protocols.oauth.dpop import parse_dpop
from zegel.protocols.oauth.metadata import parse_server_metadata
from zegel.protocols.openid4vci.metadata import parse_issuer_metadata
from zegel.protocols.openid4vci.offer import parse_offer, parse_offer_link
from zegel.protocols.openid4vci.proofs import parse_key_proof, parse_proofs

DEEP = b"[" * 100_000
WIDE = b"[" + b"[]," * 400_000 + b"[]]"
TWICE = b'{"credential_issuer":"https://a.example","credential_issuer":"https://b.example"}'
HEADER = base64url(json.dumps({"alg": "ES256", "typ": "dpop+jwt", "jwk": {"kty": "EC"}}).encode())
BODIES = [
    b"",
    b"\xff\xfe",
    b"null",
    DEEP,
    WIDE,
    TWICE,
    b'"' + b"x" * 3_000_000 + b'"',
    b'{"a":' * 50 + b"1" + b"}" * 50,
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_hostile_documents_are_malformed_cheaply(body: bytes) -> None:
    text = body.decode("latin-1")
    json_response = HttpResponse(status=200, headers=(("content-type", "application/json"),), body=body)
    jwt_response = HttpResponse(status=200, headers=(("content-type", "application/jwt"),), body=body)
    assert_malformed_cheaply(lambda: parse_offer(body))
    assert_malformed_cheaply(lambda: parse_offer_link("haip-vci://?credential_offer=" + text))
    assert_malformed_cheaply(lambda: parse_authorization_details(text))
    assert_malformed_cheaply(lambda: parse_issuer_metadata(jwt_response))
    if body != TWICE:
        assert_malformed_cheaply(lambda: parse_key_proof(text))
        assert_malformed_cheaply(lambda: parse_dpop(text))
    if body[:1] != b'"' or len(body) > 1_000_000:
        assert_malformed_cheaply(lambda: parse_server_metadata(body))
        assert_malformed_cheaply(lambda: parse_issuer_metadata(json_response))


@pytest.mark.parametrize(
    "text",
    [
        HEADER,
        f"{HEADER}.e30",
        f"{HEADER}.e30.",
        f"{HEADER}.e30.AA.AA",
        f"{HEADER}=.e30.AA",
        "." * 5_000,
        "A" * 5_000,
        HEADER + "." + "A" * 4_096,
    ],
)
def test_hostile_proofs_are_malformed_cheaply(text: str) -> None:
    assert_malformed_cheaply(lambda: parse_dpop(text))
    assert_malformed_cheaply(lambda: parse_key_proof(text))
    assert_malformed_cheaply(lambda: parse_proofs({"jwt": [text] * 100}))
    assert_malformed_cheaply(lambda: parse_proofs({"jwt": [text] * 101}))
    assert_malformed_cheaply(lambda: parse_proofs({"attestation": [text]}))


def test_an_offer_of_a_thousand_credentials_is_malformed_cheaply() -> None:
    ids = [str(number) for number in range(1_000)]
    body = json.dumps({"credential_issuer": ISSUER, "credential_configuration_ids": ids})
    assert_malformed_cheaply(lambda: parse_offer(body))
