"""Rules of a country that does not exist, and a certificate that meets them."""

import json
from pathlib import Path
from typing import Any, Final

from zegel.formats.hcert.rules.book import RuleBook, parse_rule_book
from zegel.formats.hcert.rules.check import RuledCertificate
from zegel.primitives.json import JsonObject
from zegel_testing.authorities import DAY, NOW

PAYLOAD: Final[dict[str, Any]] = {
    "ver": "1.3.0",
    "nam": {"fn": "Voorbeeld", "fnt": "VOORBEELD", "gn": "Noor", "gnt": "NOOR"},
    "dob": "1990-01-01",
    "v": [{"tg": "840539006", "mp": "EU/1/20/1528", "dn": 2, "sd": 2, "dt": "2025-11-01", "co": "UT"}],
}
VALUE_SETS: Final = {"vaccines-covid-19-names": ["EU/1/20/1528"]}
PUBLISHED: Final = {
    "valueSetId": "covid-19-lab-result",
    "valueSetDate": "2021-04-27",
    "valueSetValues": {"260415000": {"display": "Not detected", "lang": "en", "active": True}},
}
RULE: Final[dict[str, Any]] = {
    "Identifier": "VR-XU-0001",
    "Type": "Acceptance",
    "Country": "XU",
    "Version": "1.0.0",
    "SchemaVersion": "1.0.0",
    "Engine": "CERTLOGIC",
    "EngineVersion": "0.7.5",
    "CertificateType": "Vaccination",
    "Description": [
        {"lang": "en", "desc": "All doses of a series have to be had."},
        {"lang": "nl", "desc": "Alle doses van een reeks zijn nodig."},
        {"lang": "fr-be", "desc": "Toutes les doses d'une serie sont requises."},
    ],
    "ValidFrom": "2021-06-01T00:00:00Z",
    "ValidTo": "2030-06-01T00:00:00Z",
    "AffectedFields": ["v.0.dn", "v.0.sd"],
    "Logic": {">=": [{"var": "payload.v.0.dn"}, {"var": "payload.v.0.sd"}]},
}
KNOWN_PRODUCT: Final = RULE | {
    "Identifier": "VR-XU-0002",
    "Logic": {"in": [{"var": "payload.v.0.mp"}, {"var": "external.valueSets.vaccines-covid-19-names"}]},
}
TAKEN_BACK: Final = RULE | {
    "Identifier": "IR-UT-0001",
    "Type": "Invalidation",
    "Country": "UT",
    "CertificateType": "General",
    "Logic": {"!": [{"===": [{"var": "external.kid"}, "AAAAAAAAAAA="]}]},
}

WHATEVER: Final = RULE | {
    "Identifier": "GR-UT-0001",
    "Country": "UT",
    "CertificateType": "General",
    "ValidFrom": "2021-01-01T00:00:00Z",
    "AffectedFields": [],
    "Logic": {"===": [1, 1]},
}
"""A rule that every certificate meets, of the country that a configuration has unless it says another."""


def rules_for_whatever(folder: Path) -> Path:
    """A folder, made here, with that rule."""
    folder.mkdir(parents=True)
    (folder / "rule.json").write_text(json.dumps(WHATEVER))
    return folder


def book(*rules: JsonObject, value_sets: JsonObject = VALUE_SETS) -> RuleBook:
    """A book of these rules, as files have them."""
    files = [json.dumps(each).encode() for each in (*rules, value_sets)]
    return parse_rule_book((f"{number}.json", data) for number, data in enumerate(files))


def certificate(*, kid: bytes = b"\x01" * 8, **changes: Any) -> RuledCertificate:
    """A certificate of two doses; ``changes`` are members of its payload."""
    payload = PAYLOAD | changes
    return RuledCertificate(payload=payload, issuer="UT", issued=NOW - 30 * DAY, expires=NOW + 300 * DAY, kid=kid)


def dose(**changes: Any) -> list[dict[str, Any]]:
    """The one vaccination, changed."""
    return [PAYLOAD["v"][0] | changes]
