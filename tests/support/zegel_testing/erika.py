"""What the register knows of Erika, as it would look wherever it should not be."""

from collections.abc import Iterator
from typing import Any

from zegel.adapters.register import DemoPerson, demo_people

_MIN = 5  # characters; shorter ones stand in many a word
_OF_THE_ISSUER = ("issuing_authority", "issuing_country", "issuing_jurisdiction", "trust_anchor")


def erika() -> DemoPerson:
    """Erika's record."""
    return next(person for person in demo_people() if person.id == "erika")


def personal_values(type_: str) -> set[str]:
    """The texts that an attestation of the type says of her, as far as they are long enough to be told apart."""
    person = erika()
    records = {**person.claims.get("", {}), **person.claims.get(type_, {})}
    told = {name: value for name, value in records.items() if name not in _OF_THE_ISSUER}
    return {text for text in _texts(told) if len(text) >= _MIN}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from _texts(inner)
