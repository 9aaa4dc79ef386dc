"""Links: what parses, and who may be spoken to."""

import pytest
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.openid4vp import CLIENT_ID, HOST, REDIRECT_CLIENT_ID, REQUEST_URI, RESPONSE_URI

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.profiles import HAIP, PLAIN, ClientIdPrefix
from zegel.protocols.openid4vp.link import MAX_LINK, check_address, check_prefix, parse_link


@pytest.mark.parametrize(
    "target",
    [
        "openid4vp://",
        "openid4vp://authorize",
        "haip-vp://",
        "https://wallet.utopia.example/present",
        "http://127.0.0.1:8080/",
        "openid4vp:",
    ],
)
def test_a_link_to_a_signed_request_parses_under_every_scheme(target: str) -> None:
    link = parse_link(f"{target}?client_id={CLIENT_ID}&request_uri={REQUEST_URI}&colour=blue")
    assert link.unverified_client_id == CLIENT_ID
    assert link.unverified_request_uri == REQUEST_URI
    assert link.unverified_request_uri_method == "get"
    assert link.unverified_host == HOST
    assert link.unverified_parameters == {}


def test_what_stands_beside_a_request_uri_is_not_used() -> None:
    link = parse_link(f"openid4vp://?client_id={CLIENT_ID}&request_uri={REQUEST_URI}&nonce=1&dcql_query=%7B")
    assert link.unverified_parameters == {}


@pytest.mark.parametrize("response_uri", ["", f"&response_uri={RESPONSE_URI}"])
def test_a_link_may_hold_a_request(response_uri: str) -> None:
    link = parse_link(f"openid4vp://?client_id={REDIRECT_CLIENT_ID}&nonce=n&dcql_query=%7B%22a%22%3A1%7D{response_uri}")
    assert link.unverified_request_uri is None
    assert link.unverified_request_uri_method == ""
    assert link.unverified_host == HOST
    assert link.unverified_parameters["dcql_query"] == {"a": 1}
    assert link.unverified_parameters["nonce"] == "n"


def test_a_link_that_leads_nowhere_names_no_host() -> None:
    assert parse_link("openid4vp://?client_id=tax-online").unverified_host == ""


@pytest.mark.parametrize(
    "link",
    [
        "",
        "javascript:alert(1)?client_id=x",
        "file:///etc/passwd?client_id=x",
        "openid4vp://",
        "openid4vp://?request_uri=https://a.example",
        "openid4vp://?client_id=",
        "openid4vp://?client_id=a&client_id=b",
        "openid4vp://[?client_id=a",
        f"openid4vp://?client_id={'a' * 1_001}",
        "openid4vp://?client_id=a&request_uri=javascript:alert(1)",
        "openid4vp://?client_id=a&request_uri=https://user:pass@a.example/",
        "openid4vp://?client_id=redirect_uri:https://a.example&dcql_query=%7B",
        "openid4vp://?client_id=redirect_uri:nowhere",
        "openid4vp://?client_id=ä",
        f"openid4vp://?client_id=a&x={'a' * MAX_LINK}",
    ],
)
def test_what_is_no_link_of_ours_is_malformed(link: str) -> None:
    assert_malformed_cheaply(lambda: parse_link(link))


@pytest.mark.parametrize("odd", ["ä", "\t", "\n", "\x00", "\x7f", "\u2028"])
def test_a_link_is_printable_ascii(odd: str) -> None:
    with pytest.raises(Malformed, match="printable ASCII"):
        parse_link(f"openid4vp://?client_id=tax{odd}online")


def test_a_link_may_be_as_long_as_allowed_and_not_longer() -> None:
    link = "openid4vp://?client_id=tax-online&x="
    assert parse_link(link + "a" * (MAX_LINK - len(link))).unverified_client_id == "tax-online"
    with pytest.raises(Malformed, match=f"at most {MAX_LINK}"):
        parse_link(link + "a" * (MAX_LINK - len(link) + 1))


@pytest.mark.parametrize("prefix", ClientIdPrefix)
def test_the_prefix_says_how_the_client_is_known(prefix: ClientIdPrefix) -> None:
    assert check_prefix(f"{prefix}:anything:else", profile=PLAIN) is prefix


@pytest.mark.parametrize(
    "client_id",
    [
        "tax-online",
        "https://tax.utopia.example",
        "origin:https://tax.utopia.example",
        "openid_federation:https://tax.utopia.example",
        "decentralized_identifier:did:example:1",
        "verifier_attestation:tax",
        "X509_HASH:abc",
        ":abc",
        "x509_hash",  # no prefix without its colon
    ],
)
def test_every_other_client_is_refused(client_id: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_prefix(client_id, profile=PLAIN)
    assert refusal.value.check is Check.CLIENT_ID


def test_a_prefix_that_the_profile_refuses_is_named() -> None:
    with pytest.raises(Rejected) as refusal:
        check_prefix(REDIRECT_CLIENT_ID, profile=HAIP)
    assert (refusal.value.check, refusal.value.field) == (Check.PROFILE, "profile.client_id_prefixes")


def test_https_and_the_origins_of_a_sandbox_may_be_spoken_to() -> None:
    plain = frozenset({"http://verifier.localhost:8443"})
    for uri in (REQUEST_URI, "http://verifier.localhost:8443/request/1"):
        assert check_address(uri, field="request_uri", plain_origins=plain) == uri


@pytest.mark.parametrize(
    "uri", ["http://tax.utopia.example/request", "http://verifier.localhost:8444/request", f"{REQUEST_URI}#fragment"]
)
def test_other_addresses_are_not_spoken_to(uri: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_address(uri, field="request_uri", plain_origins={"http://verifier.localhost:8443"})
    assert (refusal.value.check, refusal.value.field) == (Check.VERIFIER_ADDRESS, "request_uri")


def test_an_address_that_is_none_is_malformed() -> None:
    with pytest.raises(Malformed):
        check_address("tax", field="request_uri", plain_origins=())
