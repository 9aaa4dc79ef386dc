"""Credential offers and the links that carry them."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from zegel.errors import Malformed, Rejected
from zegel.protocols.openid4vci.offer import (
    MAX_CODE,
    MAX_CONFIGURATIONS,
    MAX_DESCRIPTION,
    MAX_LINK,
    AuthorizationCodeOffer,
    CredentialOffer,
    InputMode,
    OfferReference,
    OfferScheme,
    PreAuthorizedOffer,
    TransactionCodePrompt,
    build_offer,
    check_transaction_code,
    offer_link,
    parse_offer,
    parse_offer_link,
)

ISSUER = "https://issuer.utopia.example"
CODE_GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
OFFERS = (
    CredentialOffer(credential_issuer=ISSUER, configurations=("a",)),
    CredentialOffer(credential_issuer=ISSUER, configurations=("a",), authorization_code=AuthorizationCodeOffer()),
    CredentialOffer(
        credential_issuer=ISSUER + "/tenant",
        configurations=("a", "b"),
        authorization_code=AuthorizationCodeOffer(issuer_state="s", authorization_server="https://login.example"),
        pre_authorized=PreAuthorizedOffer(code="c", authorization_server="https://login.example"),
    ),
    CredentialOffer(
        credential_issuer="http://issuer.localhost:8001",
        configurations=("a",),
        pre_authorized=PreAuthorizedOffer(
            code="c",
            tx_code=TransactionCodePrompt(input_mode=InputMode.TEXT, length=6, description="by letter"),
        ),
    ),
)


def members(**changed: Any) -> bytes:
    good = {"credential_issuer": ISSUER, "credential_configuration_ids": ["a"], "grants": {}}
    return json.dumps({name: value for name, value in (good | changed).items() if value is not None}).encode()


def pre_authorized(**changed: Any) -> bytes:
    return members(grants={CODE_GRANT: {"pre-authorized_code": "c"} | changed})


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("scheme", list(OfferScheme))
def test_an_offer_comes_out_of_its_link_as_it_went_in(offer: CredentialOffer, scheme: OfferScheme) -> None:
    assert parse_offer(json.dumps(build_offer(offer))) == offer
    assert parse_offer_link(offer_link(offer, scheme=scheme)) == offer


def test_a_reference_comes_out_of_its_link_as_it_went_in() -> None:
    reference = OfferReference(uri=ISSUER + "/offers/1")
    assert parse_offer_link(offer_link(reference, scheme=OfferScheme.HAIP)) == reference


def test_members_and_grants_that_are_unknown_are_left_alone() -> None:
    assert parse_offer(members(more=1, grants={"password": {}})).authorization_code is None
    assert parse_offer(members(grants=None)).pre_authorized is None


def test_an_empty_prompt_asks_for_digits() -> None:
    offered = parse_offer(pre_authorized(tx_code={})).pre_authorized
    assert offered is not None
    assert offered.tx_code == TransactionCodePrompt()


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        members(credential_issuer="http://issuer.utopia.example"),
        members(credential_issuer=ISSUER + "?a=b"),
        members(credential_issuer=ISSUER + "#a"),
        members(credential_issuer=7),
        members(credential_configuration_ids=None),
        members(credential_configuration_ids=[]),
        members(credential_configuration_ids="a"),
        members(credential_configuration_ids=["a", "a"]),
        members(credential_configuration_ids=["a", ""]),
        members(credential_configuration_ids=["a", 7]),
        members(credential_configuration_ids=[str(at) for at in range(33)]),
        members(grants=[]),
        members(grants={"authorization_code": []}),
        members(grants={"authorization_code": {"issuer_state": 7}}),
        members(grants={"authorization_code": {"issuer_state": "  "}}),
        members(grants={CODE_GRANT: {}}),
        pre_authorized(tx_code=True),
        pre_authorized(tx_code={"input_mode": "spoken"}),
        pre_authorized(tx_code={"length": 0}),
        pre_authorized(tx_code={"length": "6"}),
        pre_authorized(tx_code={"length": True}),
        pre_authorized(tx_code={"description": "x" * 301}),
        pre_authorized(tx_code={"description": 7}),
        b" " * 16_385,
    ],
)
def test_what_is_no_offer_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_offer(body)


def test_an_offer_may_be_as_full_as_allowed() -> None:
    ids = [str(at) for at in range(MAX_CONFIGURATIONS)]
    assert len(parse_offer(members(credential_configuration_ids=ids)).configurations) == MAX_CONFIGURATIONS
    for length in (1, MAX_CODE):
        prompt = {"length": length, "description": "x" * MAX_DESCRIPTION}
        found = parse_offer(pre_authorized(tx_code=prompt)).pre_authorized
        assert found is not None
        assert found.tx_code == TransactionCodePrompt(length=length, description="x" * MAX_DESCRIPTION)
    with pytest.raises(Malformed, match=r"tx_code\.length"):
        parse_offer(pre_authorized(tx_code={"length": MAX_CODE + 1}))


def test_a_link_may_be_as_long_as_allowed_and_not_longer() -> None:
    link = f"openid-credential-offer://?credential_offer_uri={quote(ISSUER)}&more="
    assert parse_offer_link(link.ljust(MAX_LINK, "x")) == OfferReference(uri=ISSUER)
    with pytest.raises(Malformed, match=f"at most {MAX_LINK}"):
        parse_offer_link(link.ljust(MAX_LINK + 1, "x"))


def test_a_link_of_another_scheme_is_none() -> None:
    with pytest.raises(Malformed, match="expected openid-credential-offer or haip-vci"):
        parse_offer_link(f"openid4vp://?credential_offer_uri={quote(ISSUER)}")


@pytest.mark.parametrize("odd", ["é", "\t", "\n", "\x00", "\x7f", "\u2028"])
def test_a_link_is_printable_ascii(odd: str) -> None:
    with pytest.raises(Malformed, match="printable ASCII"):
        parse_offer_link(f"openid-credential-offer://?credential_offer_uri={quote(ISSUER)}{odd}")


@pytest.mark.parametrize(
    "link",
    [
        "",
        "https://wallet.example/?credential_offer=%7B%7D",
        "openid-credential-offer://",
        "openid-credential-offer://?credential_offer_uri=http%3A%2F%2Fissuer.utopia.example",
        "openid-credential-offer://?credential_offer_uri=" + quote(ISSUER) + "&credential_offer=%7B%7D",
        "openid-credential-offer://?credential_offer_uri=a&credential_offer_uri=b",
        "openid-credential-offer://[?a=b",
        "openid-credential-offer://?credential_offer=é",
        "openid-credential-offer://?credential_offer=" + "x" * 16_384,
    ],
)
def test_what_is_no_link_is_malformed(link: str) -> None:
    with pytest.raises(Malformed):
        parse_offer_link(link)


@pytest.mark.parametrize(
    ("code", "prompt", "good"),
    [
        ("1234", TransactionCodePrompt(), True),
        ("1234", TransactionCodePrompt(length=4), True),
        ("ab 1", TransactionCodePrompt(input_mode=InputMode.TEXT, length=4), True),
        ("", TransactionCodePrompt(input_mode=InputMode.TEXT), False),
        ("12a4", TransactionCodePrompt(), False),
        ("١٢٣٤", TransactionCodePrompt(), False),
        ("123", TransactionCodePrompt(length=4), False),
    ],
)
def test_a_transaction_code_has_the_form_that_the_offer_says(
    code: str, prompt: TransactionCodePrompt, good: bool
) -> None:
    if good:
        assert check_transaction_code(code, prompt=prompt) == code
    else:
        with pytest.raises(Rejected):
            check_transaction_code(code, prompt=prompt)
