"""The access token of a request: in the Authorization header, under DPoP alone."""

import pytest

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import HttpRequest
from zegel.protocols.oauth.access import MAX_TOKEN, access_token_of


def asking(*values: str, url: str = "https://issuer.utopia.example/credential") -> HttpRequest:
    return HttpRequest(method="POST", url=url, headers=tuple(("authorization", value) for value in values), body=b"")


@pytest.mark.parametrize("token", ["t", "token", "t" * MAX_TOKEN])
def test_a_token_comes_under_the_scheme_dpop(token: str) -> None:
    for scheme in ("DPoP", "dpop", "DPOP"):
        assert access_token_of(asking(f"{scheme} {token}")) == token


@pytest.mark.refuses(Check.ACCESS_TOKEN)
@pytest.mark.parametrize(
    "values",
    [
        (),
        ("",),
        ("token",),
        ("DPoP",),
        ("DPoP ",),
        ("Bearer token",),
        ("Basic token",),
        ("DPoP\ttoken",),
        (" DPoP token",),
        ("DPoP " + "t" * (MAX_TOKEN + 1),),
    ],
)
def test_without_one_token_under_that_scheme_nothing_opens(values: tuple[str, ...]) -> None:
    with pytest.raises(Denied) as denied:
        access_token_of(asking(*values))
    assert (denied.value.code, denied.value.check) == ("invalid_token", Check.ACCESS_TOKEN)


def test_two_tokens_are_no_token() -> None:
    with pytest.raises(Denied) as denied:
        access_token_of(asking("DPoP token", "DPoP token"))
    assert denied.value.code == "invalid_token"


def test_a_token_in_the_url_is_not_looked_for() -> None:
    with pytest.raises(Denied):
        access_token_of(asking(url="https://issuer.utopia.example/credential?access_token=token"))
