"""Log-in by presentation: what is asked for, and what becomes of what was presented."""

import json
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from zegel_testing.authorities import fixed_random
from zegel_testing.sign_in import ADA_MDOC, ISSUER, presentation

from zegel.adapters.catalogue import load_catalogue
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import CurrentPresentation, Format
from zegel.protocols.openid4vp.dcql import build_query, parse_query
from zegel.protocols.openid4vp.request import check_sendable
from zegel.protocols.openid4vp.satisfaction import AcceptedAnswer
from zegel.services.ports import KnownPerson
from zegel.services.presented import PresentationLogIn, build_source_query
from zegel.services.verifier import VerifierService

CATALOGUE = load_catalogue()
TYPES = CATALOGUE.types
VECTORS = Path(__file__).parents[2] / "vectors"
SCHEMA = json.loads((VECTORS / "oidf-conformance/json-schemas/oid4vp/dcql_request.json").read_text())
QUERY = build_source_query(TYPES["pid"], [TYPES["residence"]])


def known(*presentations: CurrentPresentation) -> KnownPerson:
    """Who presented, without a verifier."""
    log_in = PresentationLogIn(
        QUERY,
        verifier=cast("VerifierService", None),
        catalogue=CATALOGUE,
        return_uri="https://issuer.utopia.example/back",
        random=fixed_random(),
    )
    return log_in._known(AcceptedAnswer(presentations={"pid": presentations}, unbound={}))


@pytest.mark.parametrize("format_", list(Format), ids=str)
def test_what_was_presented_is_a_record(format_: Format) -> None:
    claims: Any = {} if format_ is Format.SD_JWT_VC else {"claims": ADA_MDOC}
    person = known(presentation(format_=format_, **claims))
    assert person.person.name == "Ada Brückner"
    assert person.claims["resident_city"] == "Hythloday"
    assert person.claims["birth_date"] == "1990-02-28"


def test_a_person_is_found_again_by_number_and_who_vouches_for_it() -> None:
    assert known(presentation()).person.id == f"{ISSUER.entity}/UT-0042"


def test_without_a_number_nobody_is_found_again() -> None:
    claims = {"given_name": "Ada", "family_name": "Brückner"}
    first, second = known(presentation(claims)), known(presentation(claims))
    assert len(first.person.id) == 24
    assert first.claims == second.claims


def test_without_a_name_there_is_something_to_greet_by() -> None:
    assert known(presentation({"birthdate": "1990-02-28"})).person.name == "the holder of the attestation"


def test_what_an_attestation_says_of_itself_is_not_said_of_the_next() -> None:
    claims = {"given_name": "Ada", "issuing_authority": "another", "expiry_date": "2030-01-01", "issuing_country": "NL"}
    assert known(presentation(claims)).claims == {"given_name": "Ada"}


def test_several_attestations_make_one_record() -> None:
    diploma = presentation({"degree": "doctor"}, type_="urn:zegel:diploma:1")
    person = known(presentation(), diploma)
    assert (person.claims["given_name"], person.claims["degree"]) == ("Ada", "doctor")


def test_a_type_that_the_catalogue_does_not_have_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        known(presentation(type_="urn:zegel:unknown:1"))
    assert refusal.value.check is Check.QUERY_TYPE


# --- the question ---------------------------------------------------------------------------------------------------


def test_the_question_can_be_sent_and_asks_for_either_format() -> None:
    assert parse_query(build_query(check_sendable(QUERY))) == QUERY  # type: ignore[arg-type]
    assert [query.id for query in QUERY.credentials] == ["pid-sd-jwt", "pid-mdoc"]
    assert [set_.options for set_ in QUERY.sets] == [(("pid-sd-jwt",), ("pid-mdoc",))]


@pytest.mark.slow
@pytest.mark.parametrize("asked", TYPES)
@pytest.mark.parametrize("issued", TYPES)
def test_every_question_is_what_the_conformance_suite_expects(asked: str, issued: str) -> None:
    query = build_query(check_sendable(build_source_query(TYPES[asked], [TYPES[issued]])))
    jsonschema.validate(json.loads(json.dumps(query)), SCHEMA)


def test_the_question_is_content_with_less_and_never_with_too_little() -> None:
    everything, with_number, least = QUERY.credentials[0].claim_sets
    required = {claim.id for claim in TYPES["residence"].claims if claim.mandatory}
    assert set(least) == required - {"issuing_authority", "issuing_country"}
    assert set(with_number) == {*least, "personal_administrative_number"}
    assert set(with_number) < set(everything)
    assert "portrait" not in everything


def test_each_claim_is_asked_for_where_its_format_has_it() -> None:
    sd_jwt, mdoc = ({claim.id: claim.path for claim in query.claims} for query in QUERY.credentials)
    assert sd_jwt["resident_city"] == ("address", "locality")
    assert mdoc["resident_city"] == ("eu.europa.ec.eudi.pid.1", "resident_city")


def test_a_type_with_nothing_in_common_asks_for_the_number_alone() -> None:
    query = build_source_query(TYPES["pid"], [TYPES["proof_of_age"]])
    assert query.credentials[0].claim_sets == (("personal_administrative_number",),)
