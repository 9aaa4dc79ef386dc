"""OpenID4VP 1.0 appendix B.2.6: the session transcript of a request, with the appendix's own values."""

from dataclasses import replace
from hashlib import sha256

import pytest
from zegel_testing.mdoc_vectors import load

from zegel.errors import Malformed
from zegel.formats.mdoc.transcript import (
    SessionTranscript,
    dc_api_transcript,
    parse_transcript,
    redirect_transcript,
)
from zegel.primitives.cbor import encode_cbor, parse_cbor
from zegel.primitives.keys import parse_jwk

GIVEN = load("openid4vp-1.0-handover.json")
HEX = {name: bytes.fromhex(value) for name, value in GIVEN["hex"].items()}
KEY = parse_jwk(GIVEN["response_encryption_jwk"], what="key", use="enc")
THUMBPRINT = bytes.fromhex(GIVEN["jwk_thumbprint"])


def redirect(**changes: object) -> bytes:
    arguments = {
        "client_id": GIVEN["client_id"],
        "nonce": GIVEN["nonce"],
        "response_uri": GIVEN["response_uri"],
        "encryption_key_thumbprint": THUMBPRINT,
    } | changes
    return redirect_transcript(**arguments).encoded


def dc_api(**changes: object) -> bytes:
    arguments = {"origin": GIVEN["origin"], "nonce": GIVEN["nonce"], "encryption_key_thumbprint": THUMBPRINT} | changes
    return dc_api_transcript(**arguments).encoded


def test_b_2_6_1_the_thumbprint_is_the_one_of_the_key_to_encrypt_to() -> None:
    assert KEY.thumbprint() == THUMBPRINT


@pytest.mark.requirement("OIA_03b")
def test_b_2_6_1_the_transcript_of_a_redirect_is_the_appendixs() -> None:
    assert redirect(encryption_key_thumbprint=KEY.thumbprint()) == HEX["SessionTranscript"]


def test_b_2_6_1_the_handover_is_the_hash_of_its_info() -> None:
    info = [GIVEN["client_id"], GIVEN["nonce"], THUMBPRINT, GIVEN["response_uri"]]
    assert encode_cbor(info) == HEX["OpenID4VPHandoverInfo"]
    assert parse_cbor(HEX["OpenID4VPHandover"], what="handover") == [
        "OpenID4VPHandover",
        sha256(HEX["OpenID4VPHandoverInfo"]).digest(),
    ]
    assert HEX["SessionTranscript"] == b"\x83\xf6\xf6" + HEX["OpenID4VPHandover"]


def test_b_2_6_2_the_transcript_of_the_digital_credentials_api_is_the_appendixs() -> None:
    assert dc_api() == HEX["SessionTranscript_DCAPI"]


def test_b_2_6_2_the_handover_is_the_hash_of_its_info() -> None:
    info = [GIVEN["origin"], GIVEN["nonce"], THUMBPRINT]
    assert encode_cbor(info) == HEX["OpenID4VPDCAPIHandoverInfo"]
    assert parse_cbor(HEX["OpenID4VPDCAPIHandover"], what="handover") == [
        "OpenID4VPDCAPIHandover",
        sha256(HEX["OpenID4VPDCAPIHandoverInfo"]).digest(),
    ]
    assert HEX["SessionTranscript_DCAPI"] == b"\x83\xf6\xf6" + HEX["OpenID4VPDCAPIHandover"]


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "x509_san_dns:example.org"},
        {"client_id": "example.com"},
        {"nonce": GIVEN["nonce"].lower()},
        {"response_uri": "https://example.com/response/"},
        {"encryption_key_thumbprint": bytes(32)},
        {"encryption_key_thumbprint": None},
    ],
)
def test_b_2_6_1_another_request_has_another_transcript(changes: dict[str, object]) -> None:
    assert redirect(**changes) != HEX["SessionTranscript"]


def test_b_2_6_1_where_nothing_is_encrypted_null_stands_for_the_thumbprint() -> None:
    info = encode_cbor([GIVEN["client_id"], GIVEN["nonce"], None, GIVEN["response_uri"]])
    expected = encode_cbor([None, None, ["OpenID4VPHandover", sha256(info).digest()]])
    assert redirect(encryption_key_thumbprint=None) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://example.org"},
        {"origin": "origin:https://example.com"},
        {"nonce": ""},
        {"encryption_key_thumbprint": None},
    ],
)
def test_b_2_6_2_another_request_has_another_transcript(changes: dict[str, object]) -> None:
    assert dc_api(**changes) != HEX["SessionTranscript_DCAPI"]


def test_b_2_6_a_redirect_is_not_taken_for_a_call_of_the_api() -> None:
    """The name is part of what the holder signs, so that the proof of one way cannot be used on the other."""
    assert HEX["SessionTranscript"] != HEX["SessionTranscript_DCAPI"]
    same = {"nonce": "n", "encryption_key_thumbprint": None}
    assert redirect_transcript(client_id="a", response_uri="b", **same) != dc_api_transcript(origin="a", **same)


def test_b_2_6_a_transcript_that_somebody_else_made_is_taken_as_it_is() -> None:
    for name in ("SessionTranscript", "SessionTranscript_DCAPI"):
        parsed = parse_transcript(HEX[name])
        assert parsed == SessionTranscript(encoded=HEX[name])
        assert parsed != replace(parsed, encoded=b"")
    for handover in ("OpenID4VPHandover", "OpenID4VPDCAPIHandover", "OpenID4VPHandoverInfo"):
        with pytest.raises(Malformed):
            parse_transcript(HEX[handover])
