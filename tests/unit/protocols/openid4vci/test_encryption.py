"""What an issuer that offers no encryption makes of requests for it, and what a wallet makes of encrypted answers."""

import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.issuance import ISSUER

from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.primitives.http import HttpRequest
from zegel.primitives.json import encode_json
from zegel.primitives.jwe import Encryption
from zegel.protocols.openid4vci.encryption import Recipient, open_request, open_response, seal_response


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
