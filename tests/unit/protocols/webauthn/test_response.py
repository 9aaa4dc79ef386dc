"""What an authenticator answered, as far as its grammar goes."""

import json
from typing import Any

import pytest
from zegel_testing.authenticator import Authenticator

from zegel.errors import Malformed
from zegel.primitives.cbor import encode_cbor
from zegel.primitives.encoding import base64url
from zegel.protocols.webauthn.response import (
    MAX_CREDENTIAL_ID,
    parse_assertion,
    parse_registration_response,
)

OPTIONS: dict[str, Any] = {"challenge": base64url(bytes(32)), "user": {"id": base64url(b"handle")}}


def made(**changes: Any) -> dict[str, Any]:
    authenticator = Authenticator(origin="https://register.example", rp_id="register.example", **changes)
    return dict(json.loads(authenticator.make(OPTIONS)))


def answered(**changes: Any) -> dict[str, Any]:
    authenticator = Authenticator(
        origin="https://register.example", rp_id="register.example", handle=b"handle", **changes
    )
    return dict(json.loads(authenticator.answer(OPTIONS)))


def test_what_was_answered_is_kept_as_it_came() -> None:
    members = answered()
    parsed = parse_assertion(json.dumps(members))
    assert parsed.unverified_id == members["id"]
    assert parsed.unverified_handle == b"handle"
    assert parsed.unverified_ceremony.members == members
    assert parsed.unverified_ceremony.client_data["type"] == "webauthn.get"
    assert not parse_registration_response(json.dumps(made())).attested


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"id": "AAAA"}, "id"),
        ({"rawId": "AAAA"}, "id"),
        ({"rawId": ""}, "rawId"),
        ({"rawId": "+"}, "rawId"),
        ({"type": "password"}, "type"),
        ({"response": []}, "response"),
    ],
)
def test_a_credential_is_of_one_form(change: dict[str, Any], where: str) -> None:
    for parse, good in ((parse_assertion, answered()), (parse_registration_response, made())):
        with pytest.raises(Malformed) as refusal:
            parse(json.dumps(good | change))
        assert refusal.value.where == where


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("clientDataJSON", None),
        ("clientDataJSON", base64url(b"[]")),
        ("clientDataJSON", base64url(b'{"type":1,"type":2}')),
        ("clientDataJSON", base64url(b'{"a":' * 100 + b"1" + b"}" * 100)),
        ("authenticatorData", base64url(bytes(36))),
        ("signature", None),
        ("userHandle", None),
        ("userHandle", base64url(bytes(65))),
    ],
)
def test_an_assertion_has_all_its_parts(name: str, value: str | None) -> None:
    with pytest.raises(Malformed):
        parse_assertion(json.dumps(answered(response={name: value})))


@pytest.mark.parametrize(
    "attestation",
    [
        b"",
        b"\x00",
        encode_cbor({"fmt": "none", "attStmt": {}}),
        encode_cbor({"fmt": "none", "attStmt": {}, "authData": "text"}),
        encode_cbor({"fmt": "none", "attStmt": {}, "authData": bytes(36)}),
        encode_cbor({"fmt": "none", "attStmt": {}, "authData": bytes(37), "more": 1}),
    ],
)
def test_an_attestation_object_has_all_its_parts(attestation: bytes) -> None:
    with pytest.raises(Malformed):
        parse_registration_response(json.dumps(made(response={"attestationObject": base64url(attestation)})))


def test_a_person_may_have_a_handle_of_one_byte() -> None:
    assert parse_assertion(json.dumps(answered(response={"userHandle": "AA"}))).unverified_handle == b"\x00"


def test_an_id_has_so_many_bytes_and_no_more() -> None:
    for length, works in ((MAX_CREDENTIAL_ID, True), (MAX_CREDENTIAL_ID + 1, False)):
        id_ = base64url(bytes(length))
        members = json.dumps(answered() | {"id": id_, "rawId": id_})
        if works:
            assert parse_assertion(members).unverified_id == id_
        else:
            with pytest.raises(Malformed, match="1023"):
                parse_assertion(members)
