"""The access token of a userinfo request, and where it may not stand (RFC 6750 sections 2 and 3.1)."""

from typing import Any

import pytest

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import FORM, HttpRequest
from zegel.protocols.oidc.token_request import receive_access_token


@pytest.mark.refuses(Check.SIGN_IN_TOKEN)
@pytest.mark.parametrize(
    ("request_", "code", "field"),
    [
        ({"headers": ()}, "", "header.authorization"),
        ({"headers": (("authorization", "Basic YTpi"),)}, "", "header.authorization"),
        ({"headers": (("authorization", "Bearer"),)}, "invalid_token", "header.authorization"),
        ({"headers": (("content-type", FORM),), "body": b"access_token=x"}, "invalid_request", "access_token"),
        ({"headers": (("content-type", FORM),), "body": b"token=x"}, "", "header.authorization"),
        ({"headers": (("content-type", "text/plain"),), "body": b"access_token=x"}, "", "header.authorization"),
        ({"headers": (("content-type", FORM),), "body": b"a=1&a=2"}, "", "header.authorization"),
    ],
)
def test_who_brings_no_token_in_the_header_is_told_where_it_belongs(
    request_: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(Denied) as refusal:
        receive_access_token(HttpRequest(method="POST", url="https://login.example/userinfo", **request_))
    assert (refusal.value.check, refusal.value.code, refusal.value.field) == (Check.SIGN_IN_TOKEN, code, field)
