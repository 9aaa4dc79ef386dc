"""The catalogue as sign-in sees it."""

import pytest
from zegel_testing.sign_in import CLAIMS, STABLE, a_client

from zegel.adapters.catalogue import load_catalogue
from zegel.errors import Rejected
from zegel.formats.credential import Format
from zegel.protocols.oidc.attestations import Kind, build_attestations
from zegel.protocols.oidc.claims import SCOPES, build_sign_in_query
from zegel.protocols.oidc.client import ClaimSource, check_client
from zegel.protocols.openid4vp.dcql import build_query, parse_query

ATTESTATIONS = build_attestations(load_catalogue())


def test_the_person_identification_data_stands_in_both_formats() -> None:
    pid = ATTESTATIONS["pid"]
    assert pid.types == {Format.SD_JWT_VC: "urn:eudi:pid:1", Format.MDOC: "eu.europa.ec.eudi.pid.1"}
    assert pid.paths[Format.SD_JWT_VC]["birth_date"] == ("birthdate",)
    assert pid.paths[Format.SD_JWT_VC]["nationality"] == ("nationalities", None)
    assert pid.paths[Format.MDOC]["nationality"] == ("eu.europa.ec.eudi.pid.1", "nationality")
    assert "resident_house_number" not in pid.paths[Format.MDOC]
    assert pid.unique == {"personal_administrative_number"}


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ("given_name", Kind.TEXT),
        ("birth_date", Kind.TEXT),
        ("resident_country", Kind.TEXT),
        ("portrait", Kind.TEXT),
        ("sex", Kind.NUMBER),
        ("birth_place", Kind.OBJECT),
        ("nationality", Kind.ARRAY),
    ],
)
def test_a_claim_is_of_a_kind_in_json(claim: str, kind: Kind) -> None:
    assert ATTESTATIONS["pid"].kinds[claim] is kind


def test_true_or_false_is_a_boolean() -> None:
    assert ATTESTATIONS["proof_of_age"].kinds["age_over_18"] is Kind.BOOLEAN


def test_the_number_of_a_sex_is_no_gender() -> None:
    claims = {"gender": ClaimSource(attestation="pid", claims=("sex",))}
    with pytest.raises(Rejected, match="expected gender to be text, got number"):
        check_client(a_client(claims=claims), attestations=ATTESTATIONS)


def test_a_type_of_one_format_has_one() -> None:
    assert list(ATTESTATIONS["mdl"].paths) == [Format.MDOC]


def test_tax_onlines_registration_holds_against_the_catalogue() -> None:
    client = check_client(a_client(subject=STABLE, claims=CLAIMS), attestations=ATTESTATIONS)
    query = build_sign_in_query(client, scope=SCOPES)
    assert parse_query(build_query(query)) == query


@pytest.mark.parametrize("id_", ATTESTATIONS)
def test_a_stable_subject_never_comes_from_a_name_or_a_birth_date(id_: str) -> None:
    assert ATTESTATIONS[id_].unique.isdisjoint({"family_name", "given_name", "birth_date"})
