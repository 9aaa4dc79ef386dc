"""What an issuer makes of requests for an encrypted answer and of compression, and a wallet of encrypted answers."""

import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.issuance import ISSUER, REQUEST_KEY

from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest
from zegel.primitives.json import Json, JsonObject, encode_json
from zegel.primitives.jwe import Encryption, parse_jwe
from zegel.protocols.openid4vci.encryption import (
    IssuerEncryption,
    OpenedRequest,
    Recipient,
    open_request,
    open_response,
    response_encryption,
    seal_request,
    seal_response,
)


@pytest.mark.refuses(Check.ENCRYPTION)
def test_a_key_to_encrypt_to_is_refused_where_encryption_is_not_offered() -> None:
    body = encode_json({"credential_response_encryption": {"jwk": {}, "enc": "A128GCM"}})
    request = HttpRequest(
        method="POST", url=f"{ISSUER}/credential", headers=(("content-type", "application/json"),), body=body
    )
    with pytest.raises(Denied, match="encryption is not offered") as denied:
        open_request(request, encryption=None, what="credential request")
    assert (denied.value.code, denied.value.check) == ("invalid_encryption_parameters", Check.ENCRYPTION)
    assert denied.value.field == "credential_response_encryption"


@pytest.mark.parametrize("kid", [None, "of-the-issuers-own"])
def test_an_answer_may_call_our_key_what_it_likes(kid: str | None) -> None:
    key = fixed_key("of one request")
    recipient = Recipient(key=key.public_key, kid=kid, enc=Encryption.A128GCM)
    answer = seal_response({"credentials": []}, recipient=recipient, status=200)
    assert open_response(answer, key=key, what="answer") == {"credentials": []}
    with pytest.raises(Rejected) as refusal:
        open_response(answer, key=fixed_key("of another"), what="answer")
    assert refusal.value.check is Check.ENCRYPTION


ANSWER_KEY = fixed_key("answer")


def sealed(members: JsonObject, *, zip_: Json = None) -> HttpRequest:
    """A request in a JWE to our key; ``zip_`` stands in its header, and nothing is compressed."""
    recipient = Recipient(key=REQUEST_KEY.key.public_key, kid=REQUEST_KEY.kid, enc=Encryption.A256GCM)
    content_type, body = seal_request(members, recipient=recipient)
    if zip_ is not None:
        _, _, rest = body.decode().partition(".")
        said = dict(parse_jwe(body, what="test").members) | {"zip": zip_}
        body = f"{base64url(encode_json(said))}.{rest}".encode()
    return HttpRequest(method="POST", url=f"{ISSUER}/credential", headers=(("content-type", content_type),), body=body)


def opened(request: HttpRequest) -> OpenedRequest:
    return open_request(request, encryption=IssuerEncryption(keys=(REQUEST_KEY,)), what="credential request")


@pytest.mark.parametrize("zip_", ["DEF", "GZIP", "", 7, None])
def test_compression_that_is_asked_for_is_not_used(zip_: Json) -> None:
    """OpenID4VCI 1.0 section 12.2.4: without zip_values_supported there is none, and section 8.2 has zip optional."""
    asked = response_encryption(ANSWER_KEY.public_key, enc=Encryption.A128GCM) | {"zip": zip_}
    recipient = opened(sealed({"credential_response_encryption": asked})).recipient
    response = seal_response({"credentials": []}, recipient=recipient, status=200)
    assert "zip" not in parse_jwe(response.body, what="test").members
    assert open_response(response, key=ANSWER_KEY, what="credential response") == {"credentials": []}


@pytest.mark.refuses(Check.ENCRYPTION)
def test_compression_that_comes_in_is_refused() -> None:
    with pytest.raises(Denied) as denied:
        opened(sealed({}, zip_="DEF"))
    assert (denied.value.code, denied.value.check) == ("invalid_encryption_parameters", Check.ENCRYPTION)
    assert denied.value.field == "header.zip"
