"""What an issuer that offers no encryption makes of requests for it."""

import pytest
from zegel_testing.issuance import ISSUER

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import HttpRequest
from zegel.primitives.json import encode_json
from zegel.protocols.openid4vci.encryption import open_request


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
