"""Certificates of WHO about the person of the other ones, by the models that are published."""

from typing import Any, Final

from zegel.formats.hcert.who_schema import WhoProfile

ICVP: Final[dict[str, Any]] = {
    "n": "Erika Voorbeeld",
    "dob": "1986-03-14",
    "s": "female",
    "nt": "UTO",
    "id": "UT-4711",
    "dt": "PPN",
    "vx": {
        "vp": "YellowFeverProductCanary",
        "dv": "2026-10-01",
        "cn": "Dr Canary",
        "is": "UTO",
        "bo": "LOT-1",
    },
    "v": "1.0.0",
}
EARLIER: Final[dict[str, Any]] = {
    "n": "Erika Voorbeeld",
    "dob": "1986-03-14",
    "s": "F",
    "ntl": "UT",
    "v": {"tg": "1D47", "vp": "XM0N24", "dt": "2026-10-01", "bo": "LOT-1", "vls": "2026-10-11", "vle": "2036-10"},
}
_PERSON: Final[dict[str, Any]] = {
    "name": "Erika Voorbeeld",
    "birthDate": "1986-03",
    "sex": {"code": "female", "system": "http://hl7.org/fhir/administrative-gender"},
    "certificate": {
        "issuer": {"reference": "Organization/utopia"},
        "hcid": {"value": "HCID-1", "system": "https://health.example"},
        "version": "RC2",
        "period": {"start": "2026-10-15T00:00:00+02:00", "end": "2027-10-01"},
    },
}
_COVID: Final = {"code": "RA01", "system": "http://id.who.int/icd/release/11/mms", "display": "COVID-19"}
DDCC_VS: Final[dict[str, Any]] = {
    **_PERSON,
    "vaccination": {
        "disease": _COVID,
        "vaccine": {"code": "XM0GQ8", "display": "RNA-based vaccine"},
        "brand": {"code": "XM8NQ0"},
        "manufacturer": {"display": "Canary Works"},
        "lot": "LOT-2",
        "date": "2026-10-01T09:00:00Z",
        "validFrom": "2026-10-15",
        "dose": 2,
        "totalDoses": 3,
        "country": {"code": "UTO"},
        "nextDose": "2027",
    },
}
DDCC_TR: Final[dict[str, Any]] = {
    **{name: value for name, value in _PERSON.items() if name != "certificate"},
    "test": {
        "pathogen": {"code": "XN109"},
        "type": {"code": "LP6464-4", "display": "Nucleic acid amplification"},
        "date": "2026-11-20T09:00:00Z",
        "result": {"display": "Not detected"},
        "centre": {"display": "Utopia laboratory"},
        "country": {"code": "UTO"},
    },
}
PAYLOADS: Final = {WhoProfile.DVC: ICVP, WhoProfile.DDCC_VS: DDCC_VS, WhoProfile.DDCC_TR: DDCC_TR}


def who_claims(profile: WhoProfile, payload: Any = None) -> dict[Any, Any]:
    """What a code of a health authority claims beside its own, for ``Health.code(claims=...)``."""
    return {-260: {int(profile): PAYLOADS[profile] if payload is None else payload}}
