"""A business rule, as the EU gateway carries it: CertLogic, and whose it is, since when, about what.

The schema is the gateway's (``validation-rule.schema.json``). What it asks of who uploads a rule, such as a description
in English or the form of an identifier, is not asked again of who reads it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar, final

from zegel.errors import Malformed
from zegel.formats.hcert.rules.dates import date_time
from zegel.formats.hcert.rules.expression import Expression, parse_expression
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.members import member, read_array, read_object, read_text

MAX_DESCRIPTIONS: Final = 64  # languages; the Union has 24
MAX_DESCRIPTION: Final = 4_000  # characters; the longest official one has 300
MAX_FIELDS: Final = 64  # the schema of certificates has fewer
_WHAT: Final = "business rule"
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_VERSION: Final = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})")

Version: TypeAlias = tuple[int, int, int]
_E = TypeVar("_E", bound=StrEnum)


class RuleType(StrEnum):
    """Whose rules count: those of the country of arrival, or those by which an issuer takes certificates back."""

    ACCEPTANCE = "Acceptance"
    INVALIDATION = "Invalidation"


class CertificateType(StrEnum):
    """What kind of certificate a rule is about."""

    GENERAL = "General"
    VACCINATION = "Vaccination"
    TEST = "Test"
    RECOVERY = "Recovery"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule. ``valid_from`` and ``valid_to`` are milliseconds since the epoch, the second one excluded.

    ``descriptions`` are what people read, by language in lower case ("nl", "nl-be"). ``unread`` is why the logic cannot
    be read, which then says nothing; "" where it can.
    """

    identifier: str
    type: RuleType
    country: str
    region: str
    version: Version
    schema_version: Version
    engine: str
    engine_version: Version
    certificate_type: CertificateType
    valid_from: int
    valid_to: int
    affected_fields: tuple[str, ...]
    logic: Expression = field(repr=False)
    descriptions: Mapping[str, str] = field(repr=False)
    unread: str = ""

    def description(self, languages: Sequence[str]) -> str:
        """What the rule asks, in the first of these languages that it has ("nl-BE" is also "nl"), else in English."""
        for language in (*languages, "en"):
            lower = language.lower()
            for spelled in (lower, lower.partition("-")[0]):
                if spelled in self.descriptions:
                    return self.descriptions[spelled]
        return next(iter(self.descriptions.values()), "")


def parse_rule(value: Json, *, where: str = "") -> Rule:
    """Parse one rule; ``Malformed`` names the member, after ``where``."""
    members = _Members(read_object(value, what=_WHAT, where=where), where)
    rule = Rule(
        identifier=members.text("Identifier"),
        type=members.one_of("Type", RuleType),
        country=members.country(),
        region=members.text("Region") if members.object.get("Region") else "",
        version=members.version("Version"),
        schema_version=members.version("SchemaVersion"),
        engine=members.text("Engine"),
        engine_version=members.version("EngineVersion"),
        certificate_type=members.one_of("CertificateType", CertificateType),
        valid_from=members.moment("ValidFrom"),
        valid_to=members.moment("ValidTo"),
        affected_fields=members.fields(),
        logic=parse_expression(members.object.get("Logic"), where=member(where, "Logic")),
        descriptions=members.descriptions(),
    )
    if rule.valid_from >= rule.valid_to:
        raise Malformed(_WHAT, member(where, "ValidTo"), "expected a time after ValidFrom")
    return rule


class _Members:
    """The members of one rule."""

    def __init__(self, object_: JsonObject, where: str) -> None:
        self.object = object_
        self._where = where

    def text(self, name: str) -> str:
        return read_text(self.object.get(name), what=_WHAT, where=member(self._where, name))

    def one_of(self, name: str, kinds: type[_E]) -> _E:
        text = self.text(name)
        if text not in tuple(kinds):
            raise self._malformed(name, f"expected {' or '.join(kinds)}")
        return kinds(text)

    def country(self) -> str:
        country = self.text("Country")
        if not _COUNTRY.fullmatch(country):
            raise self._malformed("Country", "expected two capital letters")
        return country

    def version(self, name: str) -> Version:
        parts = _VERSION.fullmatch(self.text(name))
        if parts is None:
            raise self._malformed(name, "expected three numbers with points between them")
        return int(parts[1]), int(parts[2]), int(parts[3])

    def moment(self, name: str) -> int:
        text = self.text(name)
        moment = date_time(text)
        if moment is None or "T" not in text:
            raise self._malformed(name, "expected a date-time")
        return moment.milliseconds

    def fields(self) -> tuple[str, ...]:
        """Left out by some; what a rule reads, its logic says."""
        value = self.object.get("AffectedFields", [])
        where = member(self._where, "AffectedFields")
        if type(value) is not list or len(value) > MAX_FIELDS:
            raise Malformed(_WHAT, where, f"expected an array of at most {MAX_FIELDS} entries")
        return tuple(read_text(entry, what=_WHAT, where=f"{where}[{at}]") for at, entry in enumerate(value))

    def descriptions(self) -> dict[str, str]:
        where = member(self._where, "Description")
        entries = read_array(self.object.get("Description"), what=_WHAT, where=where, limit=MAX_DESCRIPTIONS)
        return dict(_description(entry, f"{where}[{position}]") for position, entry in enumerate(entries))

    def _malformed(self, name: str, expected: str) -> Malformed:
        return Malformed(_WHAT, member(self._where, name), expected)


def _description(value: Json, where: str) -> tuple[str, str]:
    entry = read_object(value, what=_WHAT, where=where)
    language = read_text(entry.get("lang"), what=_WHAT, where=f"{where}.lang")
    text = read_text(entry.get("desc"), what=_WHAT, where=f"{where}.desc", limit=MAX_DESCRIPTION)
    return language.lower(), text
