"""Whether a health certificate is about the person who shows who they are.

The certificate is paper: whoever has a picture of it can show it. So an attestation is issued from it only to a person
whose PID has the same name and date of birth, by these rules:

1. The family name is the same: ``fnt`` is one of the spellings of the PID's by ICAO Doc 9303 part 3 section 6, whatever
   separates its parts, or ``fn`` is the PID's in its own script, whatever its case.
2. Of the given names, all of one side stand on the other, in any order: many certificates have the first one alone.
   A part is compared as in 1.
3. A name that one side does not have, the other does not have either: there are people with one name.
4. A transliterated name that is as long as the schema allows may be the beginning of a longer one.
5. The date of birth is the same as far as the certificate knows it, which is the year at least.
"""

import re
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.hcert.transliteration import letters_of, spells
from zegel.primitives.json import Json, JsonObject

CUT_AT: Final = (50, 80)  # characters: the schemas until 1.2.1, and from 1.3.0 on
_FILLER: Final = "<"
_PARTS: Final = re.compile(r"[\s<\-\u2010-\u2015]+")
_SPACES: Final = re.compile(r"\s+")
_BIRTH: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_FULL_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who somebody is, of a verified PID. ``birth_date`` is a full date (YYYY-MM-DD)."""

    family_name: str
    given_name: str
    birth_date: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCertificate:
    """A health certificate that is about the person who showed who they are."""

    payload: JsonObject


def check_holder(payload: JsonObject, *, person: Person) -> HeldCertificate:
    """Check that a verified certificate is the person's; ``Rejected(HEALTH_HOLDER)`` names the member, and no value."""
    name = payload.get("nam")
    members: JsonObject = name if isinstance(name, dict) else {}
    family = _name(members, "fn")
    given = _name(members, "gn")
    if family.is_empty and given.is_empty:
        raise _refusal("payload.nam", "the certificate has no name")
    if not family.is_whole(person.family_name):
        raise _refusal("payload.nam.fnt", "the family name is another one than the person's")
    if not given.shares_all(person.given_name):
        raise _refusal("payload.nam.gnt", "the given name is another one than the person's")
    if not _is_born(payload.get("dob"), person.birth_date):
        raise _refusal("payload.dob", "the date of birth is another one than the person's, or not known")
    return HeldCertificate(payload=payload)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A name of a certificate: as it is written, and as a machine readable zone has it."""

    written: str
    spelled: str

    @property
    def is_empty(self) -> bool:
        return not letters_of(self.written) and not letters_of(self.spelled)

    @property
    def is_cut(self) -> bool:
        return len(self.spelled) in CUT_AT

    def is_whole(self, name: str) -> bool:
        if self.is_empty or not letters_of(name):
            return self.is_empty and not letters_of(name)
        if _folded(self.written) == _folded(name):
            return True
        spelled = self.spelled.replace(_FILLER, "")
        return bool(spelled) and spells(spelled, name, cut=self.is_cut)

    def shares_all(self, name: str) -> bool:
        return self.is_whole(name) or any(self._shares(parts) for parts in (_split(name), _split(name, _SPACES)))

    def _shares(self, parts: list[str]) -> bool:
        return _covers(_split(self.written), parts) or self._spells_all(parts)

    def _spells_all(self, parts: list[str]) -> bool:
        spelled = _split(self.spelled)
        if not spelled or not parts:
            return False
        cut = [self.is_cut and at == len(spelled) - 1 for at in range(len(spelled))]
        found = [[spells(each, part, cut=last) for part in parts] for each, last in zip(spelled, cut, strict=True)]
        rows = found if len(spelled) <= len(parts) else zip(*found, strict=True)
        return all(map(any, rows))


def _name(members: JsonObject, name: str) -> _Name:
    return _Name(written=_text(members.get(name)), spelled=_text(members.get(f"{name}t")))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _split(name: str, separators: re.Pattern[str] = _PARTS) -> list[str]:
    return [part for part in separators.split(name) if letters_of(part)]


def _covers(first: list[str], second: list[str]) -> bool:
    """Whether all of the shorter list stand in the longer one."""
    one, other = {_folded(part) for part in first}, {_folded(part) for part in second}
    return bool(one and other) and (one <= other or other <= one)


def _folded(name: str) -> str:
    return letters_of(name).casefold()


def _is_born(certified: Json, birth_date: str) -> bool:
    """``certified`` may have a time behind the date, as early certificates do."""
    date = _text(certified).partition("T")[0]
    if not _BIRTH.fullmatch(date) or not _FULL_DATE.fullmatch(birth_date):
        return False
    return birth_date.split("-")[: date.count("-") + 1] == date.split("-")


def _refusal(field: str, detail: str) -> Rejected:
    return Rejected(Check.HEALTH_HOLDER, detail, field=field)
