"""Business rules out of JSON."""

from typing import Any

import pytest
from zegel_testing.business_rules import RULE

from zegel.errors import Malformed
from zegel.formats.hcert.rules.dates import DateTime, iso_text
from zegel.formats.hcert.rules.rule import CertificateType, RuleType, parse_rule


def test_a_rule_is_read() -> None:
    rule = parse_rule(RULE)
    assert (rule.identifier, rule.type, rule.country, rule.region) == ("VR-XU-0001", RuleType.ACCEPTANCE, "XU", "")
    assert (rule.version, rule.schema_version, rule.engine_version) == ((1, 0, 0), (1, 0, 0), (0, 7, 5))
    assert rule.certificate_type is CertificateType.VACCINATION
    assert rule.affected_fields == ("v.0.dn", "v.0.sd")
    assert iso_text(DateTime(rule.valid_from)) == "2021-06-01T00:00:00.000Z"


def test_an_offset_is_minded() -> None:
    rule = parse_rule(RULE | {"ValidFrom": "2021-06-01T00:00:00+02:00", "Region": "NORTH"})
    assert iso_text(DateTime(rule.valid_from)) == "2021-05-31T22:00:00.000Z"
    assert rule.region == "NORTH"


def test_affected_fields_may_be_left_out() -> None:
    assert parse_rule({name: value for name, value in RULE.items() if name != "AffectedFields"}).affected_fields == ()


@pytest.mark.parametrize(
    ("languages", "begins"),
    [
        (["nl"], "Alle"),
        (["nl-BE"], "Alle"),
        (["NL"], "Alle"),
        (["fr-BE", "nl"], "Toutes"),
        (["fr", "nl"], "Alle"),
        (["de"], "All doses"),
        ([], "All doses"),
    ],
)
def test_the_description_is_in_the_first_language_that_there_is(languages: list[str], begins: str) -> None:
    assert parse_rule(RULE).description(languages).startswith(begins)


def test_without_english_any_language_is_better_than_none() -> None:
    rule = parse_rule(RULE | {"Description": [{"lang": "hu", "desc": "Minden adag kell."}]})
    assert rule.description(["nl"]) == "Minden adag kell."


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"Identifier": ""}, "Identifier"),
        ({"Type": "Acceptable"}, "Type"),
        ({"Country": "Xu"}, "Country"),
        ({"Version": "1.0"}, "Version"),
        ({"SchemaVersion": 1}, "SchemaVersion"),
        ({"Engine": None}, "Engine"),
        ({"EngineVersion": "1.0.x"}, "EngineVersion"),
        ({"CertificateType": "Booster"}, "CertificateType"),
        ({"ValidFrom": "2021-06-01"}, "ValidFrom"),
        ({"ValidFrom": "soon, at T"}, "ValidFrom"),
        ({"ValidTo": "2021-06-01T00:00:00Z"}, "ValidTo"),
        ({"AffectedFields": "v"}, "AffectedFields"),
        ({"AffectedFields": [1]}, "AffectedFields[0]"),
        ({"Logic": {"or": [1]}}, "Logic"),
        ({"Description": []}, "Description"),
        ({"Description": [{"lang": "en"}]}, "Description[0].desc"),
        ({"Region": 5}, "Region"),
    ],
)
def test_a_rule_that_is_none_is_malformed_at_its_member(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_rule(RULE | changes, where="rule.json")
    assert refusal.value.where == f"rule.json.{where}"


def test_what_is_no_object_is_no_rule() -> None:
    with pytest.raises(Malformed, match="expected an object"):
        parse_rule([])
