"""The access token of a request: in the Authorization header, under DPoP alone."""

import json

import pytest

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import HttpRequest
from zegel.protocols.oauth.access import MAX_TOKEN, access_token_of
from zegel.protocols.oauth.errors import oauth_error_response


def asking(*values: str, url: str = "https://issuer.utopia.example/credential") -> HttpRequest:
    return HttpRequest(method="POST", url=url, headers=tuple(("authorization", value) for value in values), body=b"")


@pytest.mark.parametrize("token", ["t", "token", "t" * MAX_TOKEN])
def test_a_token_comes_under_the_scheme_dpop(token: str) -> None:
    for scheme in ("DPoP", "dpop", "DPOP"):
        assert access_token_of(asking(f"{scheme} {token}")) == token


@pytest.mark.refuses(Check.ACCESS_TOKEN)
@pytest.mark.parametrize(
    ("values", "code"),
    [
        ((), ""),
        (("",), ""),
        (("token",), ""),
        (("DPoP",), "invalid_token"),
        (("DPoP ",), "invalid_token"),
        (("Bearer token",), ""),
        (("Basic token",), ""),
        (("DPoP\ttoken",), ""),
        ((" DPoP token",), ""),
        (("DPoP " + "t" * (MAX_TOKEN + 1),), "invalid_token"),
    ],
)
def test_without_one_token_under_that_scheme_nothing_opens(values: tuple[str, ...], code: str) -> None:
    with pytest.raises(Denied) as denied:
        access_token_of(asking(*values))
    assert (denied.value.code, denied.value.check) == (code, Check.ACCESS_TOKEN)


@pytest.mark.parametrize(("values", "error"), [((), False), (("Bearer token",), False), (("DPoP ",), True)])
def test_rfc_6750_3_1_who_brings_no_token_is_told_how_to_and_no_error(values: tuple[str, ...], *, error: bool) -> None:
    """RFC 9449 section 7.1: by a challenge with the algorithms alone."""
    with pytest.raises(Denied) as denied:
        access_token_of(asking(*values))
    response = oauth_error_response(denied.value, resource=True)
    assert response.status == 401
    challenge = response.header("www-authenticate") or ""
    assert challenge.startswith('DPoP error="invalid_token", ' if error else 'DPoP algs="ES256 ES384 ES512"')
    said = json.loads(response.body)
    assert said["check"] == Check.ACCESS_TOKEN.id
    assert ("error" in said, "error_description" in said) == (error, error)


def test_two_tokens_are_no_token() -> None:
    with pytest.raises(Denied) as denied:
        access_token_of(asking("DPoP token", "DPoP token"))
    assert denied.value.code == "invalid_token"


def test_a_token_in_the_url_is_not_looked_for() -> None:
    with pytest.raises(Denied):
        access_token_of(asking(url="https://issuer.utopia.example/credential?access_token=token"))
