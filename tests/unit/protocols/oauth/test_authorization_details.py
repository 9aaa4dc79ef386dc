"""Scopes and authorization details."""

import json

import pytest

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.protocols.oauth.authorization_details import (
    MAX_DETAILS,
    GrantedCredential,
    check_details,
    check_scopes,
    encode_details,
    granted_details,
    parse_authorization_details,
)

ISSUER = "https://issuer.utopia.example"


def detail(**changed: object) -> dict[str, object]:
    return {"type": "openid_credential", "credential_configuration_id": "id"} | changed


def parse(*entries: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return parse_authorization_details(json.dumps(entries))


def test_unknown_fields_are_left_alone() -> None:
    assert parse(detail(claims=[{"path": ["a"]}], more=1)) == (("id", ()),)


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (7,),
        ({"type": "openid_credential"},),
        (detail(type="payment"),),
        (detail(credential_configuration_id=7),),
        (detail(locations="x"),),
        (detail(locations=[7]),),
        (detail(),) * 33,
    ],
)
def test_what_is_no_authorization_details_is_malformed(entries: tuple[object, ...]) -> None:
    with pytest.raises(Malformed):
        parse(*entries)


def test_as_many_credentials_are_asked_for_as_allowed() -> None:
    assert len(parse(*(detail(),) * MAX_DETAILS)) == MAX_DETAILS


@pytest.mark.refuses(Check.CREDENTIAL_CHOICE)
def test_a_configuration_that_is_not_on_offer_is_refused() -> None:
    text = json.dumps([detail(), detail(credential_configuration_id="another")])
    with pytest.raises(Rejected) as refusal:
        check_details(text, configurations=frozenset({"id"}), credential_issuer=ISSUER, locations_required=False)
    assert (refusal.value.check, refusal.value.field) == (Check.CREDENTIAL_CHOICE, "authorization_details[1]")


def test_text_that_is_no_array_is_malformed() -> None:
    with pytest.raises(Malformed):
        parse_authorization_details("{}")


def test_locations_name_the_issuer_where_it_has_another_server() -> None:
    known = frozenset({"id"})
    for text, required, good in [
        (json.dumps([detail()]), False, True),
        (json.dumps([detail()]), True, False),
        (json.dumps([detail(locations=[ISSUER])]), True, True),
        (json.dumps([detail(locations=["https://another.example"])]), False, False),
    ]:
        if good:
            asked = check_details(text, configurations=known, credential_issuer=ISSUER, locations_required=required)
            assert asked == ("id",)
        else:
            with pytest.raises(Rejected):
                check_details(text, configurations=known, credential_issuer=ISSUER, locations_required=required)


def test_a_scope_may_stand_for_two_configurations_and_unknown_ones_are_ignored() -> None:
    scopes = {"identity": ("id-sdjwt", "id-mdoc"), "ticket": ("ticket",)}
    assert check_scopes("openid identity identity", scopes=scopes) == ("id-sdjwt", "id-mdoc")
    assert check_scopes("openid", scopes=scopes) == ()


def test_what_a_wallet_encodes_parses() -> None:
    assert parse_authorization_details(encode_details(("a", "b"), locations=(ISSUER,))) == (
        ("a", (ISSUER,)),
        ("b", (ISSUER,)),
    )
    assert parse_authorization_details(encode_details(("a",), locations=())) == (("a", ()),)


def test_the_token_response_describes_what_was_asked_in_detail() -> None:
    scoped = GrantedCredential(configuration="a", datasets=("a",), detailed=False)
    detailed = GrantedCredential(configuration="b", datasets=("b1", "b2"), detailed=True)
    (entry,) = granted_details((scoped, detailed))
    assert entry == {
        "type": "openid_credential",
        "credential_configuration_id": "b",
        "credential_identifiers": ("b1", "b2"),
    }
