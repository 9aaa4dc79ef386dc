"""Rules of a folder, and which of them count."""

import json

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.business_rules import KNOWN_PRODUCT, RULE, TAKEN_BACK, book

from zegel.errors import Malformed
from zegel.formats.hcert.rules.book import RuleBook, parse_rule_book
from zegel.formats.hcert.rules.rule import CertificateType, RuleType


def in_force(of: RuleBook, *, about: CertificateType = CertificateType.VACCINATION, region: str = "", now: int = NOW):
    rules = of.in_force(RuleType.ACCEPTANCE, country="XU", about=about, region=region, now=now)
    return [(rule.identifier, rule.version) for rule in rules]


def test_a_folder_has_rules_arrays_of_them_and_value_sets() -> None:
    published = {"valueSetId": "disease-agent-targeted", "valueSetValues": {"840539006": {"display": "COVID-19"}}}
    files = {
        "one.json": RULE,
        "more.json": [KNOWN_PRODUCT, TAKEN_BACK],
        "published.json": published,
        "read.json": {"covid-19-lab-result": ["260373001"]},
        "test001.json": {"payload": {}, "expected": True},
        "list.json": [1],
        "name.json": {"valueSetId": "a", "valueSetValues": []},
    }
    read = parse_rule_book((name, json.dumps(value).encode()) for name, value in files.items())
    assert [rule.identifier for rule in read.rules] == ["VR-XU-0001", "VR-XU-0002", "IR-UT-0001"]
    assert read.value_sets == {"disease-agent-targeted": ["840539006"], "covid-19-lab-result": ["260373001"]}
    assert read.passed_over == ("test001.json", "list.json", "name.json")


@pytest.mark.parametrize("value", [{"Identifier": "VR-XU-0001"}, {"Logic": True}, [RULE, 1], [RULE, {"Logic": True}]])
def test_what_is_meant_for_a_rule_and_is_none_is_malformed_and_names_the_file(value: object) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_rule_book([("broken.json", json.dumps(value).encode())])
    assert refusal.value.where.startswith("broken.json[")


def test_what_is_no_json_names_the_file() -> None:
    with pytest.raises(Malformed, match=r"broken\.json"):
        parse_rule_book([("broken.json", b"{")])


def test_of_each_rule_the_latest_version_counts() -> None:
    versions = [RULE | {"Version": version} for version in ("1.2.0", "1.10.0", "1.9.9")]
    assert in_force(book(*versions)) == [("VR-XU-0001", (1, 10, 0))]


def test_a_version_that_is_not_in_force_yet_leaves_the_one_before() -> None:
    later = RULE | {"Version": "2.0.0", "ValidFrom": "2029-01-01T00:00:00Z"}
    assert in_force(book(RULE, later)) == [("VR-XU-0001", (1, 0, 0))]


def test_a_rule_counts_from_its_first_second_to_the_last_before_its_end() -> None:
    rules = book(RULE)
    first, end = rules.rules[0].valid_from // 1000, rules.rules[0].valid_to // 1000
    counting = [bool(in_force(rules, now=now)) for now in (first - 1, first, end - 1, end)]
    assert counting == [False, True, True, False]


def test_a_country_is_bound_while_one_of_its_rules_of_acceptance_counts() -> None:
    rules = book(RULE, TAKEN_BACK)
    first, end = rules.rules[0].valid_from // 1000, rules.rules[0].valid_to // 1000
    assert [rules.binds("XU", now=now) for now in (first - 1, first, end - 1, end)] == [False, True, True, False]
    assert not any(rules.binds(country, now=first) for country in ("UT", "XV", "xu", ""))


def test_rules_of_other_kinds_and_countries_do_not_count_and_general_ones_come_first() -> None:
    general = RULE | {"Identifier": "ZZ-XU-0001", "CertificateType": "General"}
    test = RULE | {"Identifier": "TR-XU-0001", "CertificateType": "Test"}
    foreign = RULE | {"Identifier": "VR-XV-0001", "Country": "XV"}
    rules = book(RULE, general, test, foreign, TAKEN_BACK)
    assert [name for name, _ in in_force(rules)] == ["ZZ-XU-0001", "VR-XU-0001"]
    assert [name for name, _ in in_force(rules, about=CertificateType.TEST)] == ["ZZ-XU-0001", "TR-XU-0001"]
    assert [name for name, _ in in_force(rules, about=CertificateType.GENERAL)] == ["ZZ-XU-0001"]


def test_rules_of_a_region_count_for_whoever_names_it() -> None:
    rules = book(RULE, RULE | {"Identifier": "VR-XU-0009", "Region": "NORTH"})
    assert [name for name, _ in in_force(rules)] == ["VR-XU-0001"]
    assert [name for name, _ in in_force(rules, region="NORTH")] == ["VR-XU-0001", "VR-XU-0009"]
