"""What people read of a type: metadata, the type's document, and the name of each claim."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from zegel.adapters.catalogue import load_catalogue
from zegel.errors import Rejected
from zegel.formats.catalogue.describe import (
    claim_name,
    described_claims,
    name_in,
    type_metadata,
)
from zegel.formats.credential import Format
from zegel.primitives.claim_path import ClaimPath

TYPES = load_catalogue().types
PAIRS = [(id_, format_) for id_, type_ in TYPES.items() for format_ in type_.formats]
SCHEMAS = Path(__file__).parents[3] / "vectors" / "oidf-conformance" / "json-schemas"


@pytest.mark.parametrize(("id_", "format_"), PAIRS)
def test_openid4vci_appendix_b_2_each_claim_is_described_once(id_: str, format_: Format) -> None:
    claims = described_claims(TYPES[id_], format_)
    assert len({claim.path for claim in claims}) == len(claims)
    assert all(set(claim.names) == set(TYPES[id_].names) == {"en", "nl", "fr", "de", "hu"} for claim in claims)


def test_objects_come_before_their_members_and_arrays_before_their_entries() -> None:
    paths = [claim.path for claim in described_claims(TYPES["pid"], Format.SD_JWT_VC)]
    assert paths.index(("address",)) + 1 == paths.index(("address", "formatted"))
    assert paths.index(("nationalities",)) + 1 == paths.index(("nationalities", None))
    assert paths.index(("place_of_birth",)) + 1 == paths.index(("place_of_birth", "country"))
    mdoc = [claim.path for claim in described_claims(TYPES["mdl"], Format.MDOC)]
    assert ("org.iso.18013.5.1", "driving_privileges", None, "codes", None, "code") in mdoc


def test_an_object_is_mandatory_if_a_claim_in_it_is() -> None:
    claims = {claim.path: claim for claim in described_claims(TYPES["residence"], Format.SD_JWT_VC)}
    assert claims[("address",)].mandatory
    assert claims[("address", "locality")].mandatory
    assert not claims[("address", "region")].mandatory
    assert not next(c for c in described_claims(TYPES["pid"], Format.SD_JWT_VC) if c.path == ("address",)).mandatory


@pytest.mark.parametrize("id_", [id_ for id_, type_ in TYPES.items() if type_.vct is not None])
@pytest.mark.requirement("ARB_31")
def test_sd_jwt_vc_4_2_the_type_has_a_document_of_the_schemas_form(id_: str) -> None:
    document = json.loads(json.dumps(type_metadata(TYPES[id_])))
    for name in ("category", "transaction_data_types"):  # TS12's, which the schema does not know
        document.pop(name, None)
    schema = json.loads((SCHEMAS / "sdjwtvc" / "type_metadata.json").read_bytes())
    Draft202012Validator(schema).validate(document)


@pytest.mark.requirement("PID_21")
def test_pid_21_every_claim_of_a_pid_is_selectively_disclosable() -> None:
    document = type_metadata(TYPES["pid"])
    assert {claim["sd"] for claim in document["claims"]} == {"always"}


def test_the_category_is_never_selectively_disclosable() -> None:
    claims = type_metadata(TYPES["diploma"])["claims"]
    assert [claim["path"] for claim in claims if claim["sd"] == "never"] == [["category"]]
    paths = [claim.path for claim in described_claims(TYPES["diploma"], Format.MDOC)]
    assert paths[0] == ("org.etsi.01947201.010101", "category")


def test_ts12_4_1_a_payment_account_says_which_transactions_it_signs() -> None:
    document = type_metadata(TYPES["payment"])
    assert document["category"] == "urn:eu:europa:ec:eudi:sua:sca"
    ((type_, data),) = document["transaction_data_types"].items()
    assert (type_, data["schema"]) == ("urn:eudi:sca:payment:1", "urn:eudi:sca:payment:1")
    assert {claim["visualisation"] for claim in data["claims"]} == {1, 2, 3, 4}
    for labels, longest in (
        ("affirmative_action_label", 30),
        ("denial_action_label", 30),
        ("transaction_title", 50),
    ):
        for label in data["ui_labels"][labels]:
            assert 0 < len(label["value"]) <= longest


def test_openid4vp_b_2_1_the_device_may_sign_the_hashes_of_a_payment() -> None:
    assert TYPES["payment"].key_authorizations == {"zegel.transaction.1": ("transaction_data_hashes",)}
    assert TYPES["pid"].key_authorizations == {}


def test_a_type_may_extend_another() -> None:
    domestic = replace(TYPES["pid"], vct="urn:eudi:pid:ut:1", extends="urn:eudi:pid:1")
    assert type_metadata(domestic)["extends"] == "urn:eudi:pid:1"
    assert "extends" not in type_metadata(TYPES["pid"])


@pytest.mark.parametrize(
    ("id_", "format_", "path", "locale", "name"),
    [
        ("pid", Format.SD_JWT_VC, ("family_name",), "en", "Family name"),
        ("pid", Format.SD_JWT_VC, ("family_name",), "nl-BE", "Achternaam"),
        ("pid", Format.SD_JWT_VC, ("family_name",), "xx", "Family name"),
        ("pid", Format.SD_JWT_VC, ("address", "locality"), "de", "Anschrift: Ort"),
        ("pid", Format.SD_JWT_VC, ("address",), "fr", "Adresse"),
        ("pid", Format.SD_JWT_VC, ("nationalities", 1), "en", "Nationality"),
        ("pid", Format.SD_JWT_VC, ("nationalities", None), "en", "Nationality"),
        ("pid", Format.SD_JWT_VC, ("place_of_birth", "country"), "hu", "Születési hely: Ország"),
        ("pid", Format.MDOC, ("eu.europa.ec.eudi.pid.1", "place_of_birth"), "en", "Place of birth"),
        ("pid", Format.SD_JWT_VC, ("family_name", None), "en", "Family name"),
        ("pid", Format.SD_JWT_VC, ("family_name", "inner"), "en", "family_name.inner"),
        ("pid", Format.SD_JWT_VC, ("unheard", 0, "of", None), "en", "unheard.0.of.*"),
        (
            "mdl",
            Format.MDOC,
            ("org.iso.18013.5.1", "driving_privileges", 0, "vehicle_category_code"),
            "en",
            "Driving privileges: Vehicle category",
        ),
    ],
)
def test_a_path_has_a_name_in_words(id_: str, format_: Format, path: ClaimPath, locale: str, name: str) -> None:
    assert claim_name(TYPES[id_], format_, path, locale=locale) == name


def test_a_name_is_in_the_nearest_language() -> None:
    names = {"en": "Word", "nl": "Woord"}
    assert [name_in(names, locale) for locale in ("nl", "nl-NL", "de", "")] == ["Woord", "Woord", "Word", "Word"]


def test_nothing_is_described_for_a_format_that_a_type_is_not_issued_in() -> None:
    with pytest.raises(Rejected):
        described_claims(TYPES["mdl"], Format.SD_JWT_VC)
    with pytest.raises(Rejected):
        type_metadata(TYPES["proof_of_age"])
