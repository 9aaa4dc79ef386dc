"""A person's record: judged claim by claim, and encoded in both formats."""

import pytest
from zegel_testing.persons import ADA, JPEG, LICENCE

from zegel.adapters.catalogue import load_catalogue
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.catalogue.parse import parse_attestation_type
from zegel.formats.catalogue.records import MAX_BYTES, MAX_ITEMS, MAX_UINT, check_record, mdoc_elements, sdjwt_claims
from zegel.formats.claims import Claim, json_claim
from zegel.primitives.cbor import Tag
from zegel.primitives.encoding import base64

TYPES = load_catalogue().types
PID, MDL, AGE = TYPES["pid"], TYPES["mdl"], TYPES["proof_of_age"]


def refusal_of(change: dict[str, Claim], type_id: str = "pid") -> Rejected:
    record = {name: value for name, value in ((ADA | LICENCE) | change).items() if value is not None}
    with pytest.raises(Rejected) as refusal:
        check_record(TYPES[type_id], record)
    assert refusal.value.check is Check.RECORD
    assert refusal.value.field in refusal.value.detail
    return refusal.value


@pytest.mark.requirement("PID_17")
@pytest.mark.requirement("PID_18")
def test_a_record_becomes_the_claims_of_an_sd_jwt() -> None:
    claims = sdjwt_claims(check_record(PID, ADA))
    assert claims["birthdate"] == "1990-02-28"
    assert claims["place_of_birth"] == {"country": "UT", "locality": "Amaurot"}
    assert claims["nationalities"] == ["UT", "NL"]
    assert claims["picture"] == f"data:image/jpeg;base64,{base64(JPEG)}"
    assert claims["address"] == {
        "formatted": "Freedom Square 1, 1516 Amaurot",
        "country": "UT",
        "region": "North",
        "locality": "Amaurot",
        "postal_code": "1516",
        "street_address": "Freedom Square 1",
        "house_number": "1",
    }
    assert claims["sex"] == 2
    assert (claims["date_of_expiry"], claims["date_of_issuance"]) == ("2035-12-19", "2026-01-01")


@pytest.mark.requirement("PID_08")
@pytest.mark.requirement("PID_09")
def test_a_record_becomes_the_elements_of_an_mdoc() -> None:
    ((namespace, elements),) = mdoc_elements(check_record(PID, ADA)).items()
    assert namespace == "eu.europa.ec.eudi.pid.1"
    assert elements["birth_date"] == Tag(1004, "1990-02-28")
    assert elements["place_of_birth"] == {"country": "UT", "locality": "Amaurot"}
    assert elements["nationality"] == ["UT", "NL"]
    assert elements["portrait"] == JPEG
    assert elements["sex"] == 2
    assert elements["expiry_date"] == Tag(1004, "2035-12-19")
    assert "resident_house_number" not in elements


def test_dates_are_tagged_wherever_they_stand() -> None:
    elements = mdoc_elements(check_record(MDL, LICENCE))["org.iso.18013.5.1"]
    assert elements["driving_privileges"] == [
        {"vehicle_category_code": "B", "issue_date": Tag(1004, "2010-01-01"), "codes": [{"code": "01"}]},
        {"vehicle_category_code": "AM"},
    ]
    assert elements["portrait_capture_date"] == Tag(0, "2019-12-31T12:00:00Z")
    assert elements["signature_usual_mark"] == b"ink"
    assert elements["age_over_18"] is True


@pytest.mark.requirement("PID_03")
def test_pid_03_the_portrait_of_who_opts_out_is_empty() -> None:
    record = check_record(PID, ADA | {"portrait": b""})
    assert sdjwt_claims(record)["picture"] == ""
    assert mdoc_elements(record)["eu.europa.ec.eudi.pid.1"]["portrait"] == b""


def test_a_record_that_went_through_json_is_the_same() -> None:
    through_json = {name: json_claim(value) for name, value in ADA.items()}
    assert check_record(PID, through_json) == check_record(PID, ADA)


def test_a_type_takes_what_is_its_own_and_no_more() -> None:
    record = check_record(AGE, ADA | LICENCE)
    assert record.values == {"age_over_18": True}
    assert mdoc_elements(record) == {"eu.europa.ec.av.1": {"age_over_18": True}}


def test_an_optional_claim_may_be_missing_or_none() -> None:
    mandatory = {claim.id for claim in PID.claims if claim.mandatory}
    least = {name: value for name, value in ADA.items() if name in mandatory}
    assert sdjwt_claims(check_record(PID, least)).keys() == {
        "family_name", "given_name", "birthdate", "place_of_birth", "nationalities", "issuing_authority",
        "issuing_country",
    }  # fmt: skip
    assert check_record(PID, least | {"sex": None}).values == check_record(PID, least).values


def test_the_category_is_added_to_what_is_no_pid() -> None:
    record = check_record(TYPES["residence"], ADA)
    assert sdjwt_claims(record)["category"] == "urn:etsi:esi:eaa:eu:pub"
    assert mdoc_elements(record)["org.etsi.01947201.010101"] == {"category": "urn:etsi:esi:eaa:eu:pub"}


@pytest.mark.parametrize("type_", [MDL, AGE])
@pytest.mark.refuses(Check.TYPE_FORMAT)
def test_a_licence_and_a_proof_of_age_are_no_sd_jwts(type_: object) -> None:
    record = check_record(type_, LICENCE)
    with pytest.raises(Rejected) as refusal:
        sdjwt_claims(record)
    assert refusal.value.check is Check.TYPE_FORMAT
    assert "mso_mdoc only" in refusal.value.detail


@pytest.mark.parametrize("name", sorted(claim.id for claim in PID.claims if claim.mandatory))
@pytest.mark.refuses(Check.RECORD)
def test_a_mandatory_claim_must_be_there(name: str) -> None:
    refusal = refusal_of({name: None})
    assert (refusal.field, "requires it" in refusal.detail) == (name, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"family_name": ""}, "family_name"),
        ({"family_name": "x" * 151}, "family_name"),
        ({"family_name": 7}, "family_name"),
        ({"family_name": "\ud800"}, "family_name"),
        ({"family_name": "the last, \udfff"}, "family_name"),
        ({"birth_date": "28-02-1990"}, "birth_date"),
        ({"birth_date": "1990-02-30"}, "birth_date"),
        ({"birth_date": "1990-02-28T00:00:00Z"}, "birth_date"),
        ({"birth_date": 19900228}, "birth_date"),
        ({"birth_place": {}}, "birth_place"),
        ({"birth_place": "Amaurot"}, "birth_place"),
        ({"birth_place": {"street": "x"}}, "birth_place.street"),
        ({"birth_place": {"country": "Utopia"}}, "birth_place.country"),
        ({"nationality": []}, "nationality"),
        ({"nationality": "UT"}, "nationality"),
        ({"nationality": ["UT"] * (MAX_ITEMS + 1)}, "nationality"),
        ({"nationality": ["UT", "nl"]}, "nationality[1]"),
        ({"portrait": b"PNG"}, "portrait"),
        ({"portrait": JPEG + bytes(MAX_BYTES)}, "portrait"),
        ({"portrait": "no base64url!"}, "portrait"),
        ({"portrait": 1}, "portrait"),
        ({"resident_country": "UTO"}, "resident_country"),
        ({"sex": 7}, "sex"),
        ({"sex": "2"}, "sex"),
        ({"sex": True}, "sex"),
        ({"sex": -1}, "sex"),
        ({"email_address": "ada"}, "email_address"),
        ({"mobile_phone_number": "0999"}, "mobile_phone_number"),
        ({"mobile_phone_number": "+999\n"}, "mobile_phone_number"),
        ({"issuing_jurisdiction": "XX-N"}, "issuing_jurisdiction"),
        ({"trust_anchor": "http://utopia.example"}, "trust_anchor"),
        ({"attestation_legal_category": "EAA"}, "attestation_legal_category"),
    ],
)
@pytest.mark.refuses(Check.RECORD)
def test_a_value_has_the_form_of_the_rulebook(change: dict[str, Claim], field: str) -> None:
    assert refusal_of(change).field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"portrait_capture_date": "2019-12-31T12:00:00.5Z"}, "portrait_capture_date"),
        ({"portrait_capture_date": "2019-12-31T12:00:00+01:00"}, "portrait_capture_date"),
        ({"portrait_capture_date": "2019-12-31T25:00:00Z"}, "portrait_capture_date"),
        ({"age_over_18": 1}, "age_over_18"),
        ({"height": 1.8}, "height"),
        ({"height": 1 << 53}, "height"),
        ({"driving_privileges": [{"issue_date": "2020-01-01"}]}, "driving_privileges[0].vehicle_category_code"),
        (
            {"driving_privileges": [{"vehicle_category_code": "B", "codes": [{"code": 1}]}]},
            "driving_privileges[0].codes[0].code",
        ),
        ({"un_distinguishing_sign": "UTOP"}, "un_distinguishing_sign"),
    ],
)
@pytest.mark.refuses(Check.RECORD)
def test_iso_18013_5_table_5_a_value_has_the_form_of_the_standard(change: dict[str, Claim], field: str) -> None:
    assert refusal_of(change, "mdl").field == field


@pytest.mark.parametrize(
    ("type_id", "change"),
    [
        ("pid", {"family_name": "x"}),
        ("pid", {"family_name": "x" * 150}),
        ("pid", {"family_name": "\ud7ff\ue000"}),  # around what UTF-8 cannot encode
        ("pid", {"nationality": ["UT"] * MAX_ITEMS}),
        ("pid", {"portrait": JPEG.ljust(MAX_BYTES, b"\x00")}),
        ("pid", {"sex": 0}),
        ("mdl", {"height": 0}),
        ("mdl", {"height": MAX_UINT}),
    ],
)
def test_a_value_may_be_as_small_and_as_large_as_allowed(type_id: str, change: dict[str, Claim]) -> None:
    record = {name: value for name, value in ((ADA | LICENCE) | change).items() if value is not None}
    checked = check_record(TYPES[type_id], {name: record[name] for name in record if name in known(type_id)})
    ((name, value),) = change.items()
    assert checked.values[name] == (tuple(value) if isinstance(value, list) else value)


def known(type_id: str) -> set[str]:
    return {claim.id for claim in TYPES[type_id].claims}


def test_a_refusal_never_shows_the_value() -> None:
    assert "secret" not in str(refusal_of({"birth_date": "secret"}))


def test_bytes_are_base64url_where_an_sd_jwt_holds_them() -> None:
    text = """
    id = "seal"
    names.en = "Seal"
    descriptions.en = "A seal"
    validity_days = 1
    sd_jwt = { vct = "urn:example:seal" }
    [[claims]]
    id = "print"
    type = "bytes"
    names.en = "Print"
    """
    record = check_record(parse_attestation_type(text, file="seal.toml"), {"print": b"\xff\xee"})
    assert sdjwt_claims(record) == {"print": "_-4"}


@pytest.mark.parametrize(
    ("claim", "value", "told"),
    [
        ("family_name", "", "expected text of one to 150 characters"),
        ("sex", 1 << 60, f"expected a whole number from 0 to {MAX_UINT}"),
        ("sex", -1, f"expected a whole number from 0 to {MAX_UINT}"),
    ],
)
def test_a_refusal_names_the_rule_that_the_value_breaks(claim: str, value: Claim, told: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_record(PID, {**ADA, claim: value})
    assert refusal.value.detail == f"{claim}: {told}"
