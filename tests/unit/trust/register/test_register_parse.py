"""The register's data model, as TS5 1.3 and TS6 1.0.1 have it: what is read, what is written, and what is refused."""

from copy import deepcopy
from typing import Any

import pytest
from zegel_testing.register import CANARIES, PARTY, PROVIDER, party, party_json

from zegel.errors import Malformed
from zegel.primitives.json import encode_json
from zegel.trust.register.build import build_party, build_public_party
from zegel.trust.register.parse import parse_wallet_relying_party
from zegel.trust.register.values import PRIVACY_STATEMENT


def with_use(**changes: Any) -> dict[str, Any]:
    use = deepcopy(PARTY["intendedUse"][0]) | changes
    return {"intendedUse": [{name: value for name, value in use.items() if value is not None}]}


def with_credential(**changes: Any) -> dict[str, Any]:
    credential = deepcopy(PARTY["intendedUse"][0]["credentials"][0]) | changes
    return with_use(credentials=[{name: value for name, value in credential.items() if value is not None}])


def test_what_is_written_is_read_again_as_it_was() -> None:
    ada = {name: value for name, value in PARTY.items() if name != "legalPerson"}
    ada |= {"naturalPerson": {"givenName": "Ada", "familyName": "Example"}}
    for members in (PARTY, PROVIDER, ada):
        read = parse_wallet_relying_party(encode_json(members))
        assert parse_wallet_relying_party(encode_json(build_party(read))) == read


@pytest.mark.requirement("Reg_01a")
def test_the_common_set_of_ts6_is_registered_reg_01a() -> None:
    library = party()
    assert library.identifier == "NTRUT-1234567"
    assert (library.official_name, library.trade_name) == ("Utopia Library Foundation", "Utopia Library")
    assert library.contact.emails == (CANARIES[0],)
    assert library.contact.phones == (CANARIES[1],)
    assert library.authority.name == "Data protection authority of Utopia"
    assert library.support[0] == "https://library.utopia.example/deletion"
    assert library.intended_uses[0].purposes[0].value == "To give you a library card"
    assert library.intended_uses[0].policies[0].type == PRIVACY_STATEMENT


@pytest.mark.requirement("Reg_10a")
@pytest.mark.requirement("Reg_10d")
@pytest.mark.requirement("Reg_10e")
@pytest.mark.requirement("Reg_33")
@pytest.mark.requirement("Reg_34")
def test_services_are_registered_with_their_uses_and_types_reg_10a_reg_10d_reg_10e_reg_33_reg_34() -> None:
    library = party()
    assert [(each.identifier, each.trade_name) for each in library.services] == [
        ("lending", "Lending desk"),
        ("reading", "Reading room"),
    ]
    assert library.intended_uses[0].services == ("lending", "reading")
    assert library.service("reading").descriptions[0].value == "A quiet room"
    university = parse_wallet_relying_party(encode_json(PROVIDER))
    assert university.service("diplomas").provides[0].types == ("urn:utopia:diploma:1",)
    assert build_public_party(university)["providesAttestations"] == [
        {
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:utopia:diploma:1"]},
            "serviceIdentifier": ["diplomas"],
        }
    ]


def test_no_contact_stands_in_what_is_given_out_ts5_section_3_2_1() -> None:
    told = encode_json(build_public_party(party())).decode()
    assert not any(canary in told for canary in CANARIES)
    assert all(canary in encode_json(build_party(party())).decode() for canary in CANARIES)


def test_when_and_where_a_person_was_born_is_not_kept() -> None:
    born = {"givenName": "Ada", "familyName": "Example", "dateOfBirth": "1990-01-01", "placeOfBirth": "Laputa"}
    ada = party(legalPerson=None, naturalPerson=born, tradeName=None)
    assert (ada.official_name, ada.trade_name) == ("Ada Example", "Ada Example")
    assert "Laputa" not in repr(ada)
    assert b"1990" not in encode_json(build_party(ada))


@pytest.mark.parametrize(
    "changes",
    [
        with_use(credentials=None, credential=PARTY["intendedUse"][0]["credentials"]),
        with_use(privacyPolicy=PARTY["intendedUse"][0]["privacyPolicy"][0]),
        with_use(credentials=PARTY["intendedUse"][0]["credentials"][0]),
        with_credential(meta='{"vct_values":["urn:eudi:pid:1"]}'),
        with_credential(claims=None, claim=[{"path": ["family_name"]}]),
        with_credential(claims=[{"path": '["family_name"]'}, {"path": "family_name"}]),
        {"supportURI": "https://library.utopia.example/deletion"},
        {"supportURI": ["privacy@library.utopia.example", "+999000"]},
        {"entitlements": ["0.4.0.19475.1.1"]},
        {"providesAttestations": []},
        {"isPSB": None, "isIntermediary": None, "infoURI": None, "policy": None, "legalPerson": {"legalName": "U"}},
    ],
)  # fmt: skip
def test_what_the_text_the_schema_and_the_description_of_ts5_spell_differently_is_read(changes: dict[str, Any]) -> None:
    read = party(**changes)
    assert parse_wallet_relying_party(encode_json(build_party(read))) == read


def test_one_service_need_not_be_named_again() -> None:
    library = party(
        services=[{"serviceIdentifier": "lending", "serviceTradeName": "Lending desk"}],
        srvDescription=[{"lang": "en", "content": "Lends books"}],
        **with_use(serviceIdentifier=None),
    )
    assert library.intended_uses[0].services == ("lending",)
    assert party(**with_use(serviceIdentifier="reading")).intended_uses[0].services == ("reading",)


def test_one_service_is_described_in_several_languages_without_an_array_around_them() -> None:
    texts = [{"lang": "en", "content": "Lends books"}, {"lang": "nl", "content": "Leent boeken uit"}]
    library = party(
        services=[{"serviceIdentifier": "lending", "serviceTradeName": "Lending desk"}],
        srvDescription=texts,
        **with_use(serviceIdentifier="lending"),
    )
    assert [[each.lang for each in service.descriptions] for service in library.services] == [["en", "nl"]]


@pytest.mark.parametrize("way", ["formURI", "email", "phone"])
@pytest.mark.requirement("RPRC_12")
def test_one_way_to_reach_the_supervisory_authority_is_enough_rprc_12(way: str) -> None:
    authority = {name: PARTY["supervisoryAuthority"][name] for name in ("name", "country", way)}
    read = party(supervisoryAuthority=authority).authority
    assert [bool(each) for each in (read.uris, read.emails, read.phones)].count(True) == 1


def test_what_has_ended_may_name_a_service_that_is_gone() -> None:
    ended = party(**with_use(serviceIdentifier=["gone"], revokedAt="2026-02-01", intendedUseIdentifier="a"))
    assert ended.intended_uses[0].services == ("gone",)


@pytest.mark.requirement("RPRC_04")
def test_intermediaries_are_named_with_their_service_rprc_04() -> None:
    used = [
        {
            "identifier": [{"identifier": "NTRUT-9", "type": "urn:a"}],
            "tradeName": "Utopia Desk",
            "registryURI": "https://registrar.laputa.example/wrp",
            "serviceIdentifier": "library",
        }
    ]
    library = party(usesIntermediary=used)
    assert library.intermediaries[0].service == "library"
    assert build_public_party(library)["usesIntermediary"] == used


@pytest.mark.requirement("RPI_01")
def test_who_only_asks_for_others_registers_no_intended_use_rpi_01() -> None:
    assert party(isIntermediary=True, intendedUse=None).intermediary


USE = "intendedUse[0]"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"identifier": None}, "identifier"),
        ({"identifier": [{"identifier": "a/b", "type": "urn:a"}]}, "identifier[0].identifier"),
        ({"identifier": [{"identifier": "a\nb", "type": "urn:a"}]}, "identifier[0].identifier"),
        ({"identifier": [{"identifier": "a"}]}, "identifier[0].type"),
        ({"legalPerson": None}, "legalPerson"),
        ({"naturalPerson": {}}, "legalPerson"),
        ({"legalPerson": None, "naturalPerson": {"givenName": "Ada"}}, "naturalPerson.familyName"),
        ({"country": "Utopia"}, "country"),
        ({"supportURI": None}, "supportURI"),
        ({"supportURI": ["javascript:alert(1)"]}, "supportURI[0]"),
        ({"supportURI": ["mailto:nobody"]}, "supportURI[0]"),
        ({"supportURI": ["tel:12"]}, "supportURI[0]"),
        ({"email": ["nobody"]}, "email[0]"),
        ({"phone": ["12"]}, "phone[0]"),
        ({"services": []}, "services"),
        ({"services": PARTY["services"][:1] * 2}, "services"),
        ({"services": PARTY["services"][:1]}, "srvDescription"),
        ({"srvDescription": [[{"lang": "en", "content": ""}]] * 2}, "srvDescription[0][0].content"),
        ({"srvDescription": [[{"lang": "?", "content": "a"}]] * 2}, "srvDescription[0][0].lang"),
        ({"entitlements": ["urn:king"]}, "entitlements[0]"),
        ({"entitlements": PROVIDER["entitlements"]}, "providesAttestations"),
        ({"providesAttestations": PROVIDER["providesAttestations"]}, "providesAttestations[0].serviceIdentifier"),
        (
            {"providesAttestations": [PROVIDER["providesAttestations"][0] | {"serviceIdentifier": "lending"}]},
            "providesAttestations",
        ),
        (
            {
                "entitlements": PROVIDER["entitlements"],
                "providesAttestations": [PROVIDER["providesAttestations"][0] | {"serviceIdentifier": "lending"}],
            },
            "entitlements",
        ),
        ({"intendedUse": None}, "intendedUse"),
        ({"intendedUse": [PARTY["intendedUse"][0] | {"intendedUseIdentifier": "a"}] * 2}, "intendedUse"),
        (with_use(credential=[]), f"{USE}.credential"),
        (with_use(credentials=None), f"{USE}.credentials[0]"),
        (with_use(purpose=None), f"{USE}.purpose"),
        (with_use(serviceIdentifier=None), f"{USE}.serviceIdentifier"),
        (with_use(serviceIdentifier=["unknown"]), f"{USE}.serviceIdentifier"),
        (with_use(createdAt="20260301"), f"{USE}.createdAt"),
        (with_use(createdAt="first"), f"{USE}.createdAt"),
        (with_credential(meta="{"), f"{USE}.credentials[0].meta"),
        (with_credential(format="x", meta='{"a":99999999999999999999}'), f"{USE}.credentials"),
        (with_credential(claims=[{"path": "["}]), f"{USE}.credentials[0].claims[0].path"),
        (with_credential(claims=["family_name"]), f"{USE}.credentials[0].claims[0]"),
        ({"supervisoryAuthority": {"name": "A", "country": "UT"}}, "supervisoryAuthority"),
        ({"usesIntermediary": {"identifier": {"identifier": "a", "type": "urn:a"}}, "isIntermediary": True},
         "isIntermediary"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_path(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        party(**changes)
    assert refusal.value.field == where


def test_a_text_that_is_no_object_is_refused() -> None:
    with pytest.raises(Malformed):
        parse_wallet_relying_party(b"[]")
    assert parse_wallet_relying_party(party_json().decode()) == party()
