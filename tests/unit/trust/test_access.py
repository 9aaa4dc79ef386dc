"""Access certificates: the client identifier is bound to the certificate that signs."""

import pytest
from cryptography import x509
from zegel_testing.authorities import NOW, anchor, authority, fixed_key, signer, trusting
from zegel_testing.certificates import AUTHORITY, END_ENTITY, certificate
from zegel_testing.transparency import LOGGED_ROOT, access_draft, stamped

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.trust.access import (
    UnauthenticatedParty,
    VerifiedParty,
    certificate_client_id,
    check_redirect_party,
    check_response_uri,
    verify_access_chain,
    verify_party,
)
from zegel.trust.anchors import Purpose, TrustAnchor
from zegel.trust.authority import Authority

ROOT = authority("access")
VERIFIER = signer(ROOT, "verifier", Purpose.ACCESS, dns_names=("verifier.utopia.example", "Two.utopia.example"))
OTHER = signer(ROOT, "other", Purpose.ACCESS, dns_names=("other.utopia.example",))
ANCHORS = trusting(anchor(ROOT, Purpose.ACCESS))
HASH = certificate_client_id(VERIFIER.certificate)
DNS = "x509_san_dns:verifier.utopia.example"


def verified(client_id: str, chain: tuple[bytes, ...] = VERIFIER.chain) -> VerifiedParty:
    return verify_party(
        client_id=client_id,
        x5c=chain,
        anchors=ANCHORS,
        timestamps_required=True,
        now=NOW,
    )


@pytest.mark.parametrize("client_id", [HASH, DNS, "x509_san_dns:two.utopia.example"])
def test_a_party_is_known_by_its_certificate(client_id: str) -> None:
    party = verified(client_id)
    assert party.client_id == client_id
    assert party.name == "Utopia"
    assert (party.organization, party.identifier, party.country) == ("Utopia", None, "UT")
    assert party.dns_names == VERIFIER.certificate.dns_names
    assert party.chain.leaf == VERIFIER.certificate


@pytest.mark.parametrize(
    "client_id",
    [
        certificate_client_id(OTHER.certificate),
        HASH + "=",
        HASH.upper(),
        "x509_hash:",
        "x509_san_dns:other.utopia.example",
        "x509_san_dns:utopia.example",
        "x509_san_dns:*.utopia.example",
        "x509_san_dns:",
        "verifier.utopia.example",
        "redirect_uri:https://verifier.utopia.example",
        "origin:https://verifier.utopia.example",
        "",
    ],
)
@pytest.mark.refuses(Check.CLIENT_BINDING)
@pytest.mark.requirement("RPA_06")
def test_openid4vp_5_9_3_another_client_identifier_is_refused(client_id: str) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(client_id)
    assert (refusal.value.check, refusal.value.field) == (Check.CLIENT_BINDING, "client_id")


@pytest.mark.refuses(Check.ANCHOR)
def test_a_party_without_a_trusted_certificate_is_refused() -> None:
    stranger = signer(authority("stranger"), "verifier", Purpose.ACCESS)
    with pytest.raises(Rejected) as refusal:
        verified(certificate_client_id(stranger.certificate), stranger.chain)
    assert refusal.value.check is Check.ANCHOR


def test_a_party_without_an_organisation_is_named_by_its_common_name() -> None:
    root = certificate("small authority", "small authority", AUTHORITY)
    anchors = trusting(TrustAnchor(certificate=root, purpose=Purpose.ACCESS, entity="Small"))
    leaf = certificate("Ada", "small authority", END_ENTITY)
    party = verify_party(
        client_id=certificate_client_id(leaf),
        x5c=(leaf.der,),
        anchors=anchors,
        timestamps_required=False,
        now=NOW,
    )
    assert (party.name, party.organization) == ("Ada", None)


@pytest.mark.parametrize(
    ("client_id", "uri"),
    [
        (DNS, "https://verifier.utopia.example/response?id=1"),
        (DNS, "https://VERIFIER.utopia.example:8443/response"),
        (HASH, "https://elsewhere.example/response"),
    ],
)
def test_a_party_is_answered_where_it_may_be(client_id: str, uri: str) -> None:
    party = verified(client_id)
    assert check_response_uri(party, uri) is party


@pytest.mark.parametrize(
    "uri",
    [
        "https://two.utopia.example/response",
        "https://verifier.utopia.example.evil.example/response",
        "https://evil.example/verifier.utopia.example",
    ],
)
@pytest.mark.refuses(Check.CLIENT_BINDING)
def test_openid4vp_5_9_3_the_answer_goes_to_the_host_of_the_client_identifier(uri: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_response_uri(verified(DNS), uri)
    assert (refusal.value.check, refusal.value.field) == (Check.CLIENT_BINDING, "response_uri")


@pytest.mark.parametrize("uri", ["", "verifier.utopia.example", "https://verifier.utopia.example@evil.example/"])
def test_a_response_uri_that_is_none_is_malformed(uri: str) -> None:
    with pytest.raises(Malformed):
        check_response_uri(verified(DNS), uri)


def test_a_party_by_redirect_uri_is_nobody_we_know() -> None:
    uri = "https://shop.example/response"
    party = check_redirect_party(client_id=f"redirect_uri:{uri}", response_uri=uri)
    assert party == UnauthenticatedParty(client_id=f"redirect_uri:{uri}", host="shop.example")


@pytest.mark.parametrize("client_id", ["redirect_uri:https://shop.example/", "https://shop.example/response", HASH])
@pytest.mark.refuses(Check.CLIENT_BINDING)
def test_a_party_by_redirect_uri_is_answered_at_that_uri_alone(client_id: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_redirect_party(client_id=client_id, response_uri="https://shop.example/response")
    assert refusal.value.check is Check.CLIENT_BINDING


@pytest.mark.requirement("CT_05")
@pytest.mark.requirement("CT_06")
@pytest.mark.requirement("RPA_06a")
def test_a_party_without_a_timestamp_is_not_authenticated_where_one_is_required() -> None:
    leaf = access_draft().sign()
    known = {"client_id": certificate_client_id(leaf), "x5c": (leaf.der,), "now": NOW}
    anchors = trusting(anchor(LOGGED_ROOT, Purpose.ACCESS))
    with pytest.raises(Rejected) as refusal:
        verify_party(**known, anchors=anchors, timestamps_required=True)
    assert (refusal.value.check, refusal.value.field) == (Check.CERTIFICATE_TIMESTAMP, "x5c[0]")
    assert verify_party(**known, anchors=anchors, timestamps_required=False).name == "Utopia"


@pytest.mark.requirement("CT_05")
def test_the_timestamp_is_held_against_the_issuer_below_the_anchor() -> None:
    named = x509.IssuerAlternativeName([x509.UniformResourceIdentifier("https://middle.utopia.example")])
    top = certificate("top", "top", AUTHORITY)
    middle = certificate("middle", "top", (*AUTHORITY, (named, False)))
    leaf = stamped(access_draft(root=Authority(certificate=middle, key=fixed_key("middle"))))
    anchors = trusting(TrustAnchor(certificate=top, purpose=Purpose.ACCESS, entity="Top"))
    x5c = (leaf.der, middle.der)
    assert verify_access_chain(x5c, anchors=anchors, timestamps_required=True, now=NOW).leaf == leaf
