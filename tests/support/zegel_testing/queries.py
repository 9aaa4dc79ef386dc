"""The questions of the tests with foreign software: a name and a place of a PID, in either format."""

from typing import Any

VCT = "urn:eudi:pid:1"
DOCTYPE = "eu.europa.ec.eudi.pid.1"
QUERIES: dict[str, dict[str, Any]] = {
    "dc+sd-jwt": {
        "id": "pid",
        "format": "dc+sd-jwt",
        "meta": {"vct_values": [VCT]},
        "claims": [{"path": ["family_name"]}, {"path": ["address", "locality"]}],
    },
    "mso_mdoc": {
        "id": "pid",
        "format": "mso_mdoc",
        "meta": {"doctype_value": DOCTYPE},
        "claims": [{"path": [DOCTYPE, "family_name"]}],
    },
}
