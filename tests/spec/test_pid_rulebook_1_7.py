"""The PID rulebook 1.7, and the formats that the mDL rulebook and the age verification profile allow."""

import pytest

from zegel.adapters.catalogue import load_catalogue
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.catalogue.types import ValueType
from zegel.formats.credential import Format

TYPES = load_catalogue().types
PID = TYPES["pid"]

# data identifier: element and encoding (section 3.1.2), claim (section 4.1.1); in the rulebook's order
TABLE = {
    "family_name": ("family_name", "text", "family_name"),
    "given_name": ("given_name", "text", "given_name"),
    "birth_date": ("birth_date", "full-date", "birthdate"),
    "birth_place": ("place_of_birth", "object", "place_of_birth"),
    "nationality": ("nationality", "array", "nationalities"),
    "resident_address": ("resident_address", "text", "address.formatted"),
    "resident_country": ("resident_country", "country", "address.country"),
    "resident_state": ("resident_state", "text", "address.region"),
    "resident_city": ("resident_city", "text", "address.locality"),
    "resident_postal_code": ("resident_postal_code", "text", "address.postal_code"),
    "resident_street": ("resident_street", "text", "address.street_address"),
    "resident_house_number": (None, "text", "address.house_number"),
    "personal_administrative_number": ("personal_administrative_number", "text", "personal_administrative_number"),
    "portrait": ("portrait", "portrait", "picture"),
    "family_name_birth": ("family_name_birth", "text", "birth_family_name"),
    "given_name_birth": ("given_name_birth", "text", "birth_given_name"),
    "sex": ("sex", "uint", "sex"),
    "email_address": ("email_address", "text", "email"),
    "mobile_phone_number": ("mobile_phone_number", "text", "phone_number"),
    "expiry_date": ("expiry_date", "full-date", "date_of_expiry"),
    "issuing_authority": ("issuing_authority", "text", "issuing_authority"),
    "issuing_country": ("issuing_country", "country", "issuing_country"),
    "document_number": ("document_number", "text", "document_number"),
    "issuing_jurisdiction": ("issuing_jurisdiction", "text", "issuing_jurisdiction"),
    "issuance_date": ("issuance_date", "full-date", "date_of_issuance"),
    "trust_anchor": ("trust_anchor", "text", "trust_anchor"),
    "attestation_legal_category": ("attestation_legal_category", "text", "attestation_legal_category"),
}
MANDATORY = {
    "family_name", "given_name", "birth_date", "birth_place", "nationality", "issuing_authority", "issuing_country",
}  # fmt: skip


@pytest.mark.requirement("PID_04")
@pytest.mark.requirement("PID_05")
@pytest.mark.requirement("PID_14")
def test_section_3_1_1_and_4_2_the_types_are_those_of_the_framework() -> None:
    assert PID.doctype == "eu.europa.ec.eudi.pid.1"
    assert PID.vct == "urn:eudi:pid:1"
    assert PID.category is None


@pytest.mark.requirement("PID_02")
def test_sections_3_and_4_every_claim_is_there_in_both_formats_and_no_other() -> None:
    found = {
        claim.id: (
            claim.mdoc and claim.mdoc[1],
            str(claim.rule.type),
            claim.sd_jwt and ".".join(claim.sd_jwt),
        )
        for claim in PID.claims
    }
    assert found == TABLE
    assert {claim.mdoc[0] for claim in PID.claims if claim.mdoc} == {"eu.europa.ec.eudi.pid.1"}


def test_section_2_2_what_is_mandatory() -> None:
    assert {claim.id for claim in PID.claims if claim.mandatory} == MANDATORY


@pytest.mark.requirement("PID_21")
def test_section_4_every_claim_is_selectively_disclosable_and_none_is_the_issuers() -> None:
    assert PID.in_the_clear == frozenset()
    forbidden = {"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"}
    assert forbidden.isdisjoint(claim.sd_jwt[0] for claim in PID.claims if claim.sd_jwt)


def test_version_1_1_there_are_no_ages() -> None:
    assert not [claim.id for claim in PID.claims if "age" in claim.id.split("_")]


def test_section_2_3_the_values_of_sex() -> None:
    (sex,) = (claim for claim in PID.claims if claim.id == "sex")
    assert sex.rule.values == {0, 1, 2, 3, 4, 5, 6, 9}


def test_section_3_1_4_a_place_of_birth_has_three_members() -> None:
    (place,) = (claim for claim in PID.claims if claim.id == "birth_place")
    assert [member.id for member in place.rule.members] == ["country", "region", "locality"]
    assert not any(member.mandatory for member in place.rule.members)


def test_section_5_no_transaction_is_signed_with_a_pid() -> None:
    assert PID.transaction_data == ()


@pytest.mark.parametrize(("id_", "doctype"), [("mdl", "org.iso.18013.5.1.mDL"), ("proof_of_age", "eu.europa.ec.av.1")])
@pytest.mark.refuses(Check.TYPE_FORMAT)
def test_a_driving_licence_and_a_proof_of_age_are_mdocs_only(id_: str, doctype: str) -> None:
    type_ = TYPES[id_]
    assert (type_.formats, type_.identifier(Format.MDOC)) == ((Format.MDOC,), doctype)
    with pytest.raises(Rejected) as refusal:
        type_.identifier(Format.SD_JWT_VC)
    assert refusal.value.check is Check.TYPE_FORMAT
    assert refusal.value.detail == f"{id_} is issued as mso_mdoc only, got dc+sd-jwt"


def test_age_verification_profile_annex_a_a_proof_of_age_says_nothing_but_ages() -> None:
    proof = TYPES["proof_of_age"]
    assert [claim.id for claim in proof.claims if claim.mandatory] == ["age_over_18"]
    assert all(claim.rule.type is ValueType.BOOL and claim.id.startswith("age_over_") for claim in proof.claims)
    assert (proof.batch_size, proof.revocable, proof.category) == (30, False, None)
    assert proof.validity_days <= 92


def test_iso_18013_5_table_5_a_driving_licence_has_its_mandatory_elements() -> None:
    mandatory = {claim.mdoc[1] for claim in TYPES["mdl"].claims if claim.mandatory and claim.mdoc}
    assert mandatory == {
        "family_name", "given_name", "birth_date", "issue_date", "expiry_date", "issuing_country", "issuing_authority",
        "document_number", "portrait", "driving_privileges", "un_distinguishing_sign",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("id_", "category"),
    [
        ("residence", "urn:etsi:esi:eaa:eu:pub"),
        ("role", "urn:etsi:esi:eaa:eu:pub"),
        ("diploma", "urn:etsi:esi:eaa:eu:qualified"),
        ("payment", "eaa:eu:non-qualified"),
    ],
)
@pytest.mark.requirement("ARB_25")
def test_the_template_every_other_attestation_has_both_formats_and_a_category(id_: str, category: str) -> None:
    type_ = TYPES[id_]
    assert type_.formats == (Format.SD_JWT_VC, Format.MDOC)
    assert type_.category == category
    assert type_.in_the_clear == {("category",)}
