"""Redirect URIs."""

import pytest

from zegel.errors import Rejected
from zegel.protocols.oauth.redirects import MAX_REDIRECT, check_redirect_uri, check_registration, redirect_to


@pytest.mark.parametrize(
    "uri",
    [
        "https://wallet.example/cb",
        "https://wallet.example/cb?a=b",
        "http://127.0.0.1:4711/cb",
        "http://[::1]/cb",
        "http://localhost/cb",
        "http://wallet.localhost:8080/cb",
        "eu.europa.ec.euidi://authorization",
    ],
)
def test_a_wallet_may_push_a_redirect_uri_of_its_own(uri: str) -> None:
    assert check_redirect_uri(uri, registered=None) == uri


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "wallet",
        "http://wallet.example/cb",
        "http://localhost.example/cb",
        "http://127.0.0.1.example/cb",
        "https://user@wallet.example/cb",
        "https://wallet.example/cb#x",
        "https://wallet.example/\r\nset-cookie: a=b",
        "https://wallet.example/<script>",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://" + "w" * 2_000,
        "https://wallet.example:port/cb",
    ],
)
def test_what_a_browser_might_interpret_is_refused(uri: str | None) -> None:
    with pytest.raises(Rejected):
        check_redirect_uri(uri, registered=None)


def test_a_redirect_uri_may_be_as_long_as_allowed_and_not_longer() -> None:
    longest = "https://wallet.example/".ljust(MAX_REDIRECT, "w")
    assert check_redirect_uri(longest, registered=None) == longest
    with pytest.raises(Rejected):
        check_redirect_uri(longest + "w", registered=None)


def test_a_registered_client_is_held_to_its_list() -> None:
    registered = ("wallet:callback", "https://wallet.example/cb")
    assert check_redirect_uri("wallet:callback", registered=registered) == "wallet:callback"
    for other in ("https://wallet.example/cb/", "https://wallet.example/CB", "https://wallet.example:443/cb"):
        with pytest.raises(Rejected):
            check_redirect_uri(other, registered=registered)


@pytest.mark.parametrize(
    "uri",
    [
        "eudi-openid4ci://authorize",
        "wallet:callback",
        "eu.europa.ec.euidi://authorization",
        "https://wallet.example/cb",
        "http://localhost/cb",
    ],
)
def test_a_client_may_be_registered_with_a_scheme_without_a_period(uri: str) -> None:
    assert check_registration(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "wallet",
        "wallet:",
        "://wallet",
        "http://wallet.example/cb",
        "https://wallet.example/cb#x",
        "eudi-openid4ci://authorize#x",
        "eudi-openid4ci://<script>",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "w:" + "w" * MAX_REDIRECT,
    ],
)
def test_no_client_is_registered_with_what_a_browser_might_interpret(uri: str) -> None:
    with pytest.raises(Rejected):
        check_registration(uri)


def test_a_redirect_is_a_303_behind_the_parameters_that_are_there() -> None:
    response = redirect_to("https://wallet.example/cb?a=b", {"code": "c d", "state": None, "iss": "https://x.example"})
    assert response.status == 303
    assert response.header("location") == "https://wallet.example/cb?a=b&code=c+d&iss=https%3A%2F%2Fx.example"
    assert response.header("cache-control") == "no-store"
