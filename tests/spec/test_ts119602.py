"""ETSI TS 119 602: what we publish has the form of its schema and of its annexes, and a list of others is read."""

import json
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest
from jsonschema import Draft7Validator, FormatChecker
from zegel_testing.authorities import DAY, NOW, authority, fixed_key
from zegel_testing.lists import OPERATOR, document, entity, service, signed

from zegel.errors import Malformed
from zegel.primitives.encoding import base64, base64url, parse_base64url
from zegel.primitives.x509 import parse_certificate
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType, ServiceType, SupplyPoint, encode_key

VECTORS = Path(__file__).parents[1] / "vectors" / "ts119602"
SCHEMA = Draft7Validator(
    json.loads((VECTORS / "1960201_json_schema.json").read_bytes()), format_checker=FormatChecker()
)
ROOT = authority("provider").certificate
LOG_KEY = encode_key(fixed_key("log").public_key)
SERVICES = {
    ListType.PID_PROVIDERS: (ServiceType.PID_ISSUANCE, ServiceType.PID_REVOCATION),
    ListType.WALLET_PROVIDERS: (ServiceType.WALLET_ISSUANCE, ServiceType.WALLET_REVOCATION),
    ListType.ACCESS_PROVIDERS: (ServiceType.ACCESS_ISSUANCE, ServiceType.ACCESS_REVOCATION),
    ListType.REGISTRATION_PROVIDERS: (ServiceType.REGISTRATION_ISSUANCE, ServiceType.REGISTRATION_REVOCATION),
    ListType.PUB_EAA_PROVIDERS: (ServiceType.PUB_EAA_ISSUANCE, ServiceType.PUB_EAA_REVOCATION),
}


def published(list_type: ListType) -> dict:
    identifier = "https://utopia.example/service/1"
    types = frozenset({"urn:zegel:diploma:1"}) if list_type is ListType.PUB_EAA_PROVIDERS else frozenset()
    points = (SupplyPoint(url="https://utopia.example/crl", type="https://utopia.example/revocation"),)
    services = [
        service(kind, ROOT, identifier=identifier, types=types, keys=(LOG_KEY,), supply_points=points)
        for kind in SERVICES[list_type]
    ]
    return json.loads(json.dumps(document(list_type, entity("Utopian Office", *services))))


@pytest.mark.parametrize("list_type", list(ListType))
@pytest.mark.requirement("PPNot_07")
@pytest.mark.requirement("WPNot_05")
@pytest.mark.requirement("PuBPNot_03")
@pytest.mark.requirement("RPACANot_05")
@pytest.mark.requirement("RPACANot_05a")
def test_clause_6_every_list_has_the_form_of_the_schema(list_type: ListType) -> None:
    SCHEMA.validate(published(list_type))
    SCHEMA.validate(json.loads(json.dumps(document(list_type))))


@pytest.mark.parametrize("list_type", list(ListType))
def test_clause_6_3_the_scheme_says_who_publishes_what_and_until_when(list_type: ListType) -> None:
    scheme = published(list_type)["LoTE"]["ListAndSchemeInformation"]
    name = list_type.rpartition("/")[2].removeprefix("EU")
    if list_type is ListType.REGISTRATION_PROVIDERS:
        name = "WRPRCrovidersList"  # table G.1 and clause C.2.2 print it so
    assert scheme["LoTEType"] == list_type
    assert scheme["StatusDeterminationApproach"] == f"http://uri.etsi.org/19602/{name}/StatusDetn/EU"
    assert scheme["SchemeName"][0]["value"].startswith(f"{scheme['SchemeTerritory']}:")
    assert (scheme["ListIssueDateTime"], scheme["NextUpdate"]) == ("2026-11-21T00:00:00Z", "2026-12-21T00:00:00Z")
    assert "HistoricalInformationPeriod" not in scheme
    contacts = [item["uriValue"] for item in scheme["SchemeOperatorAddress"]["SchemeOperatorElectronicAddress"]]
    assert [contact.partition(":")[0] for contact in contacts] == ["mailto", "https", "tel"]


def test_annex_d_the_rules_are_printed_as_the_annex_prints_them() -> None:
    scheme = published(ListType.PID_PROVIDERS)["LoTE"]["ListAndSchemeInformation"]
    assert scheme["SchemeTypeCommunityRules"][0]["uriValue"] == "http://uri.etsi.org/19602/PIDProviders/schemerules/EU"


@pytest.mark.parametrize("list_type", list(ListType))
def test_annexes_d_to_h_a_list_points_to_itself(list_type: ListType) -> None:
    scheme = published(list_type)["LoTE"]["ListAndSchemeInformation"]
    (pointer,) = scheme["PointersToOtherLoTE"]
    assert pointer["LoTELocation"] == scheme["DistributionPoints"][0]
    (identity,) = pointer["ServiceDigitalIdentities"]
    assert identity["X509Certificates"] == [{"val": base64(OPERATOR.certificate.der)}]
    assert pointer["LoTEQualifiers"][0]["MimeType"] == "application/jose"


@pytest.mark.parametrize("list_type", list(ListType))
def test_annexes_d_to_h_an_entity_names_its_role_and_its_country(list_type: ListType) -> None:
    information = published(list_type)["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityInformation"]
    role = information["TEInformationURI"][1]["uriValue"]
    assert role.startswith("http://uri.etsi.org/19602/ListOfTrustedEntities/")
    assert role.endswith("Provider/UT")


@pytest.mark.parametrize("list_type", list(ListType))
def test_annex_h_alone_gives_services_a_status(list_type: ListType) -> None:
    services = published(list_type)["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"]
    has_status = list_type is ListType.PUB_EAA_PROVIDERS
    for item in services:
        assert ("ServiceStatus" in item["ServiceInformation"]) is has_status
        assert ("StatusStartingTime" in item["ServiceInformation"]) is has_status


@pytest.mark.parametrize("list_type", list(ListType))
def test_clause_6_6_9_every_extension_says_whether_it_is_critical(list_type: ListType) -> None:
    for item in published(list_type)["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"]:
        for extension in item["ServiceInformation"]["ServiceInformationExtensions"]:
            assert extension["Critical"] is ("AttestationTypes" in extension)


def test_annexes_d_4_to_h_4_a_list_is_signed_as_compact_jades_baseline_b() -> None:
    header = json.loads(parse_base64url(signed(document(ListType.PID_PROVIDERS)).split(b".")[0], what="header"))
    assert header["x5c"] == [base64(OPERATOR.certificate.der)]
    assert header["x5t#S256"] == base64url(sha256(OPERATOR.certificate.der).digest())
    assert header["iat"] == NOW - DAY
    assert "crit" not in header


def is_usable(der: bytes) -> bool:
    try:
        return bool(parse_certificate(der).key)
    except Malformed:
        return False


def test_the_commissions_list_of_pid_providers_is_read() -> None:
    content = json.loads((VECTORS / "Mock_PID_Provider_List_v0.0.2.json").read_bytes())
    found = parse_trusted_list(signed(content))
    assert found.unverified_type == ListType.PID_PROVIDERS
    assert found.unverified_operator == "European Commission"
    countries = [item.country for item in found.unverified_entities]
    assert countries == ["FR", "PL", "NO", "NO", "FI", "NO", "NO", "PT", "AT", "FR", "AT", "DE", "HU", "EE", "GR"]
    certificates = [der for item in found.unverified_entities for each in item.services for der in each.certificates]
    assert len(certificates) == 17
    assert sum(map(is_usable, certificates)) == 16  # one has a key of a kind that no profile names
    for item in found.unverified_entities:
        assert all(each.type == ServiceType.PID_ISSUANCE and each.active for each in item.services)


SAMPLES = sorted((VECTORS / "dss").glob("*.json"))
SKIPS = tomllib.loads((VECTORS / "skips.toml").read_text())
SKIPPED = {skip["id"]: skip["where"] for skip in SKIPS["skip"]}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_read_where_the_schema_takes_it_but_for_what_is_skipped(path: Path) -> None:
    content = json.loads(path.read_bytes())
    if SCHEMA.is_valid(content) and path.name not in SKIPPED:
        assert parse_trusted_list(signed(content)).unverified_entities
        return
    with pytest.raises(Malformed) as refusal:
        parse_trusted_list(signed(content))
    assert SKIPPED.get(path.name, refusal.value.where) == refusal.value.where


def test_the_samples_that_are_skipped_are_few_valid_and_there() -> None:
    by_name = {path.name: path for path in SAMPLES}
    assert len(SKIPPED) <= SKIPS["at_most"]
    assert all(SCHEMA.is_valid(json.loads(by_name[name].read_bytes())) for name in SKIPPED)
    assert len(SAMPLES) == 6


def test_the_vectors_are_those_that_the_source_names() -> None:
    table = (VECTORS / "SOURCE.md").read_text()
    for path in VECTORS.rglob("*.json"):
        assert f"| {path.relative_to(VECTORS)} | {sha256(path.read_bytes()).hexdigest()} |" in table
