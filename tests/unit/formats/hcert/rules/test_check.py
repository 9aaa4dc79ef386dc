"""Certificates held against rules."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.business_rules import KNOWN_PRODUCT, PAYLOAD, RULE, TAKEN_BACK, book, certificate, dose

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.hcert.rules.book import parse_rule_book
from zegel.formats.hcert.rules.check import RuledCertificate, check_rules, judge_rules

ALL = book(RULE, KNOWN_PRODUCT, TAKEN_BACK)


def refused(of: RuledCertificate, *rules: dict[str, Any], **options: Any) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        check_rules(of, book=book(*rules) if rules else ALL, to="XU", now=NOW, **options)
    assert refusal.value.check is Check.BUSINESS_RULE
    return refusal.value


def test_rules_that_are_met_are_named_with_their_versions() -> None:
    met = check_rules(certificate(), book=ALL, to="XU", now=NOW)
    assert met.rules == ("IR-UT-0001 1.0.0", "VR-XU-0001 1.0.0", "VR-XU-0002 1.0.0")
    assert (met.to, met.at) == ("XU", NOW)


def test_the_rule_that_is_not_met_is_explained_in_the_readers_language() -> None:
    refusal = refused(certificate(v=dose(dn=1)), languages=["nl-BE", "fr"])
    assert refusal.said == "Alle doses van een reeks zijn nodig."
    assert refusal.field == "payload.v.0.dn"
    assert refusal.detail == "rule VR-XU-0001 1.0.0 of the destination, XU: the certificate does not meet it"


def test_an_issuer_takes_its_certificates_back_wherever_they_are_shown() -> None:
    refusal = refused(certificate(kid=bytes(8)))
    assert "IR-UT-0001 1.0.0 of the issuer, UT" in refusal.detail


def test_a_country_of_which_no_rule_is_there_asks_nothing() -> None:
    assert check_rules(certificate(), book=ALL, to="XV", now=NOW).rules == ("IR-UT-0001 1.0.0",)


def test_a_product_that_is_in_no_value_set_is_refused() -> None:
    assert "VR-XU-0002" in refused(certificate(v=dose(mp="Potion"))).detail


def test_a_rule_without_affected_fields_names_none() -> None:
    assert refused(certificate(v=dose(dn=1)), RULE | {"AffectedFields": []}).field == ""


def test_a_rule_that_cannot_be_read_is_not_met_and_named() -> None:
    refusal = refused(certificate(), RULE | {"Logic": {"if": [True, True]}})
    assert refusal.detail.startswith("rule VR-XU-0001 1.0.0 of the destination, XU: it cannot be read: ")
    assert refusal.field == "payload.v.0.dn"
    tests_alone = book(RULE | {"CertificateType": "Test", "Logic": {"if": [True, True]}})
    assert check_rules(certificate(), book=tests_alone, to="XU", now=NOW).rules == ()


@pytest.mark.parametrize("country", ["XU", "UT"])
def test_while_a_rule_of_destination_or_issuer_cannot_be_read_nothing_is_accepted(country: str) -> None:
    files = [("good.json", json.dumps(RULE).encode()), (f"{country}/rule.json", b"{")]
    read = parse_rule_book(files)
    with pytest.raises(Rejected) as refusal:
        check_rules(certificate(), book=read, to="XU", now=NOW)
    assert refusal.value.check is Check.BUSINESS_RULE
    assert refusal.value.detail.startswith(f"a rule of {country} cannot be read: {country}/rule.json: ")
    with pytest.raises(Rejected, match="VR-XU-0001"):  # what is known to be broken is said first
        check_rules(certificate(v=dose(dn=1)), book=read, to="XU", now=NOW)
    assert check_rules(replace(certificate(), issuer="XW"), book=read, to="XV", now=NOW).rules == ()


@pytest.mark.parametrize("value", [1, "true", [True], {"var": "payload.ver"}])
def test_only_true_is_met(value: Any) -> None:
    refused(certificate(), RULE | {"Logic": value})


def test_a_rule_that_meets_something_it_is_not_made_for_is_not_met() -> None:
    assert "expected integers" in refused(certificate(v=dose(dn="2")), RULE).detail


@pytest.mark.parametrize(
    "changes", [{"Engine": "OTHER"}, *({"EngineVersion": each} for each in ("2.0.0", "1.9.0", "1.4.0", "1.3.4"))]
)
def test_a_rule_of_another_engine_is_not_met(changes: dict[str, str]) -> None:
    assert "another engine" in refused(certificate(), RULE | changes).detail


@pytest.mark.parametrize("version", ["1.3.3", "1.2.9", "1.0.0", "0.7.5", "0.9.0"])
def test_a_rule_of_this_engine_or_an_older_one_is_evaluated(version: str) -> None:
    assert check_rules(certificate(), book=book(RULE | {"EngineVersion": version}), to="XU", now=NOW).rules


@pytest.mark.parametrize("schema", ["1.3.1", "2.0.0", "0.9.0"])
def test_a_rule_for_another_schema_is_not_met(schema: str) -> None:
    assert "another schema version" in refused(certificate(), RULE | {"SchemaVersion": schema}).detail


@pytest.mark.parametrize("version", [None, "1.3", "1.x.0", "1.3.0-beta", 1])
def test_a_certificate_of_no_schema_meets_no_rule(version: Any) -> None:
    assert "another schema version" in refused(certificate(ver=version), RULE).detail


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("validationClock", datetime.fromtimestamp(NOW, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")),
        ("iat", datetime.fromtimestamp(NOW - 30 * DAY, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")),
        ("exp", datetime.fromtimestamp(NOW + 300 * DAY, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")),
        ("countryCode", "XU"),
        ("issuerCountryCode", "UT"),
        ("kid", "AQEBAQEBAQE="),
        ("region", "NORTH"),
    ],
)
def test_a_rule_reads_what_is_outside_of_the_certificate(name: str, expected: str) -> None:
    rule = RULE | {"Logic": {"===": [{"var": f"external.{name}"}, expected]}}
    assert check_rules(certificate(), book=book(rule), to="XU", now=NOW, region="NORTH").rules


def test_a_time_that_a_certificate_does_not_have_is_null() -> None:
    rule = RULE | {"Logic": {"!": [{"var": "external.exp"}]}}
    endless = RuledCertificate(payload=PAYLOAD, issuer="UT", issued=None, expires=None, kid=bytes(8))
    assert check_rules(endless, book=book(rule), to="XU", now=NOW).rules


@pytest.mark.parametrize(
    ("kind", "identifier"), [("v", "VR-XU-0001"), ("t", "TR-XU-0001"), ("r", "RR-XU-0001"), ("x", None)]
)
def test_rules_are_chosen_by_what_a_certificate_is_about(kind: str, identifier: str | None) -> None:
    kinds = {"VR-XU-0001": "Vaccination", "TR-XU-0001": "Test", "RR-XU-0001": "Recovery"}
    rules = [RULE | {"Identifier": name, "CertificateType": type_} for name, type_ in kinds.items()]
    payload = {"ver": "1.3.0", kind: [{}]}
    shown = RuledCertificate(payload=payload, issuer="UT", issued=None, expires=None, kid=bytes(8))
    judged = [outcome.rule.identifier for outcome in judge_rules(shown, book=book(*rules), to="XU", now=NOW)]
    assert judged == ([identifier] if identifier else [])


def test_a_refusal_says_nothing_of_the_person() -> None:
    refusal = refused(certificate(v=dose(dn=1)))
    assert not re.search("voorbeeld|noor|1990|1528", str(refusal).lower())
