"""Files of rules that cannot be read: whose rules they are meant to be, as far as name and text tell.

A certificate is not accepted while a rule that may concern it cannot be read; every other one is judged as if that file
were not there.
"""

import re
from dataclasses import dataclass
from typing import Final, final

from zegel.primitives.json import JsonObject

_MARK: Final = re.compile(rb'"(?:Identifier|Logic)"')
_COUNTRY: Final = re.compile(rb'"Country"\s*:\s*"([A-Z]{2})"')
_CODE: Final = re.compile(r"[A-Z]{2}")
_IDENTIFIER: Final = re.compile(
    r"\b[A-Z]{2}-([A-Z]{2})-[0-9]{3,}\b"
)  # gateway, validation-rule.schema.json: VR-XU-0001
_RULE_FILE: Final = "rule.json"  # as the official folders call it
ANY: Final = None
NOBODY: Final[frozenset[str]] = frozenset()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadRules:
    """A file, or an entry of one, and why it cannot be read.

    ``countries`` are those whose rules it may hold: ``ANY`` where that is not told, ``NOBODY`` for what is no rule, and
    for a rule that is in the book, of which the logic alone cannot be read.
    """

    name: str
    why: str
    countries: frozenset[str] | None

    def concerns(self, country: str) -> bool:
        """Whether a rule of this country may be in it."""
        return self.countries is ANY or country in self.countries


def countries_of_text(name: str, data: bytes) -> frozenset[str] | None:
    """Whose rules a file is meant to hold that is no JSON, or was not read at all: by what its text names, or its name.

    An array may have been cut off before it names the others.
    """
    base = name.rpartition("/")[2]
    if not _MARK.search(data) and base != _RULE_FILE and not _IDENTIFIER.match(base):
        return NOBODY
    if data.lstrip().startswith(b"["):
        return ANY
    named = frozenset(found.decode() for found in _COUNTRY.findall(data))
    return named or _countries_of_name(name)


def countries_of_entry(name: str, entry: object) -> frozenset[str] | None:
    """Whose rule an entry is meant to be that is none: by its country or its identifier, or the name of its file."""
    members: JsonObject = entry if type(entry) is dict else {}
    country, identifier = members.get("Country"), members.get("Identifier")
    if type(country) is str and _CODE.fullmatch(country):
        return frozenset({country})
    named = _IDENTIFIER.findall(identifier) if type(identifier) is str else []
    return frozenset(named) or _countries_of_name(name)


def _countries_of_name(name: str) -> frozenset[str] | None:
    """By identifiers in it, or by folders that are called as a country is."""
    *folders, _ = name.split("/")
    found = _IDENTIFIER.findall(name) or [folder for folder in folders if _CODE.fullmatch(folder)]
    return frozenset(found) or ANY
