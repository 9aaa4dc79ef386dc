"""Whether a health certificate is about the person who shows who they are.

The certificate is paper: whoever has a picture of it can show it. So an attestation is issued from it only to a person
whose PID has the same name and date of birth, by these rules:

1. The family name is the same: ``fnt`` is one of the spellings of the PID's by ICAO Doc 9303 part 3 section 6, whatever
   separates its parts, or ``fn`` is the PID's in its own script, whatever its case.
2. Of the given names, all of one side stand on the other, in any order: many certificates have the first one alone.
   A part is compared as in 1.
3. A name that one side does not have, the other does not have either: there are people with one name.
4. One of the two forms of a name is enough where they are of one name: where ``fnt`` is a spelling of ``fn``, and of
   given names each part of one of a part of the other; or where ``fn`` has a letter that has no spelling here, so that
   nobody can tell. Where they are of two names, both have to be the PID's, and ``fn`` may be a spelling of it itself
   ("Jurgen" of Jürgen). What is then not in Latin letters is compared by ``fn`` alone: people choose spellings that no
   table has.
5. A transliterated name that is as long as its schema allows may be the beginning of a longer one. Of several given
   names the last one is then left out where less than three letters of it are left. Where ``fn`` is as long, rule 4
   does not ask whether the two are of one name.
6. The date of birth is the same as far as the certificate knows it, which is the year at least. Where it is the year
   alone, all given names stand on both sides.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.hcert.transliteration import has_spelling, is_latin, letters_of, spells
from zegel.primitives.json import Json, JsonObject

CUT_AT: Final = (50, 80)  # characters: the schemas until 1.2.1, and from 1.3.0 on
CUT_LETTERS: Final = 3  # of a given name that was cut; one or two begin too many names
_EARLY: Final = re.compile(r"1\.[0-2]\.")
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
    limit = CUT_AT[not _EARLY.match(_text(payload.get("ver")))]
    family = _name(members, "fn", limit=limit)
    given = _name(members, "gn", limit=limit)
    if family.is_empty and given.is_empty:
        raise _refusal("payload.nam", "the certificate has no name")
    if not family.is_whole(person.family_name):
        raise _refusal("payload.nam.fnt", "the family name is another one than the person's")
    if not given.is_shared(person.given_name, every="-" not in _date(payload.get("dob"))):
        raise _refusal("payload.nam.gnt", "the given name is another one than the person's")
    if not _is_born(payload.get("dob"), person.birth_date):
        raise _refusal("payload.dob", "the date of birth is another one than the person's, or not known")
    return HeldCertificate(payload=payload)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """A name of a certificate as it is written, or ``is_spelling``: as a machine readable zone has it."""

    text: str
    is_spelling: bool
    is_cut: bool

    def is_whole(self, name: str) -> bool:
        """Whether it is this name."""
        return self._is(self.text, name, cut=self.is_cut)

    def is_shared(self, name: str, *, every: bool) -> bool:
        """Whether all parts of the one stand in the other; ``every``: and all of the other in the one."""
        splits = (_split(name), _split(name, _SPACES))
        return self.is_whole(name) or any(self._stand_in(parts, every) for parts in splits)

    def _stand_in(self, parts: list[str], every: bool) -> bool:
        own = [(part, False) for part in _split(self.text)]
        if own and self.is_cut:
            last, _ = own.pop()
            own += [(last, True)] if len(last) >= CUT_LETTERS else []
        if not own or not parts:
            return False
        found = [[self._is(each, part, cut=cut) for part in parts] for each, cut in own]
        ours, theirs = all(map(any, found)), all(map(any, zip(*found, strict=True)))
        return ours and theirs if every else ours if len(own) <= len(parts) else theirs

    def _is(self, own: str, name: str, *, cut: bool) -> bool:
        if not self.is_spelling:
            return _folded(own) == _folded(name) != ""
        letters = own.replace(_FILLER, "")
        return bool(letters) and spells(letters, name, cut=cut)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """Both forms of a name of a certificate."""

    written: _Form
    spelled: _Form

    @property
    def is_empty(self) -> bool:
        return not letters_of(self.written.text) and not letters_of(self.spelled.text)

    def is_whole(self, name: str) -> bool:
        return self._is(name, _Form.is_whole, is_one=self.spelled.is_whole(self.written.text))

    def is_shared(self, name: str, *, every: bool) -> bool:
        is_one = self.spelled.is_shared(self.written.text, every=True)
        return self._is(name, partial(_Form.is_shared, every=every), is_one=is_one)

    def _is(self, name: str, same: Callable[[_Form, str], bool], *, is_one: bool) -> bool:
        """``is_one``: the second form is a spelling of the first."""
        if self.is_empty or not letters_of(name):
            return self.is_empty and not letters_of(name)
        written, spelled = same(self.written, name), same(self.spelled, name)
        if is_one or self._is_beyond_compare:
            return written or spelled
        if not is_latin(self.written.text):
            return written
        return spelled and (written or same(self._respelled, name))

    @property
    def _is_beyond_compare(self) -> bool:
        written, spelled = self.written.text, self.spelled.text
        return self.written.is_cut or not (letters_of(written) and letters_of(spelled)) or not has_spelling(written)

    @property
    def _respelled(self) -> _Form:
        """The first form, taken for a spelling."""
        parts = map(letters_of, _split(self.written.text))
        return _Form(text=_FILLER.join(parts), is_spelling=True, is_cut=False)


def _name(members: JsonObject, name: str, *, limit: int) -> _Name:
    written, spelled = _text(members.get(name)), _text(members.get(f"{name}t"))
    return _Name(
        written=_Form(text=written, is_spelling=False, is_cut=len(written) == limit),
        spelled=_Form(text=spelled, is_spelling=True, is_cut=len(spelled) == limit),
    )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _split(name: str, separators: re.Pattern[str] = _PARTS) -> list[str]:
    return [part for part in separators.split(name) if letters_of(part)]


def _folded(name: str) -> str:
    return letters_of(name).casefold()


def _is_born(certified: Json, birth_date: str) -> bool:
    date = _date(certified)
    if not _BIRTH.fullmatch(date) or not _FULL_DATE.fullmatch(birth_date):
        return False
    return birth_date.split("-")[: date.count("-") + 1] == date.split("-")


def _date(certified: Json) -> str:
    """Of a ``dob``, which may have a time behind it, as that of early certificates does."""
    return _text(certified).partition("T")[0]


def _refusal(field: str, detail: str) -> Rejected:
    return Rejected(Check.HEALTH_HOLDER, detail, field=field)
