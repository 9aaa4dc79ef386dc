"""The members of a certificate and the codes in them, in words: schema 1.3.3, and the value sets that it names."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from zegel.formats.hcert.schema import Kind

ValueSets: TypeAlias = Mapping[str, Mapping[str, str]]
"""By the identifier of a set, the name of each of its codes."""

_DISEASE, _COUNTRY = "disease-agent-targeted", "country-2-codes"
_SETS: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.VACCINATION: {
        "tg": _DISEASE,
        "vp": "sct-vaccines-covid-19",
        "mp": "vaccines-covid-19-names",
        "ma": "vaccines-covid-19-auth-holders",
        "co": _COUNTRY,
    },
    Kind.TEST: {
        "tg": _DISEASE,
        "tt": "covid-19-lab-test-type",
        "ma": "covid-19-lab-test-manufacturer-and-name",
        "tr": "covid-19-lab-result",
        "co": _COUNTRY,
    },
    Kind.RECOVERY: {"tg": _DISEASE, "co": _COUNTRY},
}
_MEMBERS: Final[Mapping[str, str]] = {
    "tg": "disease or agent",
    "vp": "vaccine or prophylaxis",
    "mp": "vaccine product",
    "ma": "manufacturer",
    "dn": "dose",
    "sd": "of doses",
    "dt": "vaccinated on",
    "tt": "type of test",
    "nm": "name of test",
    "sc": "sample taken",
    "tr": "result",
    "tc": "testing centre",
    "fr": "first positive test",
    "df": "valid from",
    "du": "valid until",
    "co": "country",
    "is": "issued by",
    "ci": "identifier",
}


def named_members(kind: Kind, entry: Mapping[Any, Any], value_sets: ValueSets) -> Iterator[tuple[str, str]]:
    """Each member that the schema knows, in its order: what it is, and its value, by name where a set has the code."""
    sets = _SETS[kind]
    for member, meaning in _MEMBERS.items():
        if member in entry:
            value = entry[member]
            names = value_sets.get(sets.get(member, ""), {})
            yield meaning, names.get(value, value) if isinstance(value, str) else str(value)
