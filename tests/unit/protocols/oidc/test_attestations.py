"""The catalogue as sign-in sees it."""

import pytest
from zegel_testing.sign_in import CLAIMS, STABLE, a_client

from zegel.adapters.catalogue import load_catalogue
from zegel.formats.credential import Format
from zegel.protocols.oidc.attestations import build_attestations
from zegel.protocols.oidc.claims import SCOPES, build_sign_in_query
from zegel.protocols.oidc.client import check_client
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


def test_a_type_of_one_format_has_one() -> None:
    assert list(ATTESTATIONS["mdl"].paths) == [Format.MDOC]


def test_tax_onlines_registration_holds_against_the_catalogue() -> None:
    client = check_client(a_client(subject=STABLE, claims=CLAIMS), attestations=ATTESTATIONS)
    query = build_sign_in_query(client, scope=SCOPES)
    assert parse_query(build_query(query)) == query


@pytest.mark.parametrize("id_", ATTESTATIONS)
def test_a_stable_subject_never_comes_from_a_name_or_a_birth_date(id_: str) -> None:
    assert ATTESTATIONS[id_].unique.isdisjoint({"family_name", "given_name", "birth_date"})
