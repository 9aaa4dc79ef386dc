"""Files of rules that cannot be read: whose rules they are meant to be, as far as name and content tell.

Where neither tells, they may be anybody's.

A certificate is not accepted while a rule that may concern it cannot be read; every other one is judged as if that file
were not there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from zegel.primitives.json import Json, JsonObject

_COUNTRY: Final = re.compile(rb'"Country"\s*:\s*"([A-Z]{2})"')
_CODE: Final = re.compile(r"[A-Z]{2}")
_IDENTIFIER: Final = re.compile(
    r"\b[A-Z]{2}-([A-Z]{2})-[0-9]{3,}\b"
)  # gateway, validation-rule.schema.json: VR-XU-0001
_ABOUT_RULES: Final = frozenset({"md", "png", "jpg", "jpeg", "svg", "pdf", "html"})  # and so may be called as one is
ANY: Final = None
NOBODY: Final[frozenset[str]] = frozenset()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadRules:
    """A file, or an entry of one, and why it cannot be read.

    ``countries`` are those whose rules it may hold: ``ANY`` where that is not told, ``NOBODY`` for a rule that is in
    the book, of which the logic alone cannot be read.
    """

    name: str
    why: str
    countries: frozenset[str] | None

    def concerns(self, country: str) -> bool:
        """Whether a rule of this country may be in it."""
        return self.countries is ANY or country in self.countries


def countries_of_text(name: str, data: bytes) -> frozenset[str] | None:
    """Whose rules a file may hold that is no JSON, or was not read at all: by what its text names, or its name.

    An array, or what is around several rules, may have been cut off before it names the others.
    """
    named = list(_COUNTRY.finditer(data))
    if not named:
        return ANY if data.lstrip().startswith(b"[") else _countries_of_name(name)
    if any(_depth(data[: found.start()]) != 1 for found in named):
        return ANY
    return frozenset(found[1].decode() for found in named)


def countries_of_value(name: str, value: Json) -> frozenset[str] | None:
    """Whose rules JSON of another shape may hold: those of what looks like a rule in it, or by the name of its file.

    Where one of them does not say it, the name has to.
    """
    found = list(_countries_within(value))
    said = frozenset(country for country in found if country is not None)
    if found and None not in found:
        return said
    named = _countries_of_name(name)
    return ANY if named is ANY else named | said


def is_called_as_a_rule(name: str) -> bool:
    """Whether a file that is not called JSON is called as a rule all the same, and is no text or picture about it."""
    base = name.rpartition("/")[2]
    return _IDENTIFIER.match(base) is not None and base.rpartition(".")[2].lower() not in _ABOUT_RULES


def countries_of_entry(name: str, entry: object) -> frozenset[str] | None:
    """Whose rule an entry is meant to be that is none: by its country or its identifier, or the name of its file."""
    members: JsonObject = entry if type(entry) is dict else {}
    country, identifier = members.get("Country"), members.get("Identifier")
    if type(country) is str and _CODE.fullmatch(country):
        return frozenset({country})
    named = _IDENTIFIER.findall(identifier) if type(identifier) is str else []
    return frozenset(named) or _countries_of_name(name)


def _countries_within(value: Json) -> Iterator[str | None]:
    """The country of each object that has what a rule has, however that is spelled, and of each that is called so."""
    if type(value) is list:
        for entry in value:
            yield from _countries_within(entry)
    elif type(value) is dict:
        members = {key.lower(): member for key, member in value.items()}
        if "identifier" in members or "logic" in members:
            yield _country_of(members)
            return
        for key, member in value.items():
            called = _IDENTIFIER.fullmatch(key)
            if called is None:
                yield from _countries_within(member)
            else:
                yield called[1]


def _country_of(members: JsonObject) -> str | None:
    country, identifier = members.get("country"), members.get("identifier")
    if type(country) is str and _CODE.fullmatch(country.upper()):
        return country.upper()
    called = _IDENTIFIER.search(identifier) if type(identifier) is str else None
    return None if called is None else called[1]


def _depth(data: bytes) -> int:
    """How many objects and arrays are open at the end of a text, as far as brackets tell."""
    return sum(map(data.count, (b"{", b"["))) - sum(map(data.count, (b"}", b"]")))


def _countries_of_name(name: str) -> frozenset[str] | None:
    """By identifiers in it, or by folders that are called as a country is."""
    *folders, _ = name.split("/")
    found = _IDENTIFIER.findall(name) or [folder for folder in folders if _CODE.fullmatch(folder)]
    return frozenset(found) or ANY
