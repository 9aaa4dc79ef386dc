"""What a certificate says, held against the schema that was published for it (eu-dcc-schema 1.3.3, which takes 1.0 on).

Two readings. ``STRICT`` is the schema, with its formats. ``FIELD`` is for what was really issued: structure, types and
dates are as strict, and a text of another length or pattern is a warning. Of a date of birth the schema has the pattern
alone: the field reading asks a calendar, and warns of another century, and of a time behind it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from zegel.errors import Malformed
from zegel.formats.hcert.layers import WHAT
from zegel.primitives.cbor import TAG_DATE_TIME, Tag

MAX_TEXT: Final = 80  # characters: eu-dcc-schema 1.3.3, maxLength of every text
TEXTS: Final = frozenset({str})
_EXACT: Final = 1 << 53  # RFC 7493 section 2.2: below it a float says a whole number exactly
Refuse: TypeAlias = Callable[[str, str], None]
Rule: TypeAlias = Callable[[Any, str, Refuse], None]
"""Takes a value, its place, and where to go with what the field reading lets pass."""

_VERSION: Final = re.compile(r"[0-9]+.[0-9]+.[0-9]+")  # the schema has bare full stops
_BORN: Final = re.compile(r"(?:(?:19|20)[0-9][0-9](?:-[0-9][0-9]){0,2})?")
_BEFORE: Final = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")
_TIMED: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)
_LATIN: Final = re.compile(r"[A-Z<]*")
_COUNTRY: Final = re.compile(r"[A-Z]{1,10}")
_BEGINNING: Final = "2000-01-01"  # completes a date that ends at the year or the month
_NOT_KNOWN: Final = "-00"  # a month or a day; states write so, too, and the pattern has it
_DATE_SIZE: Final = len("2021-05-29")
_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"  # as the schema's own tests: +02, +0200 and +02:00
)


class Reading(StrEnum):
    """How much of the schema binds."""

    STRICT = "strict"
    FIELD = "field"


class Kind(StrEnum):
    """What a certificate is about, by the member that says so."""

    VACCINATION = "v"
    TEST = "t"
    RECOVERY = "r"


_KINDS: Final = tuple(Kind)


def read_payload(payload: dict[Any, Any], reading: Reading) -> tuple[Kind, tuple[str, ...]]:
    """The kind, and what the field reading warns of; ``Malformed`` with the place and what the schema expects there.

    A tagged time becomes its text in the payload, and a dose that is a float a whole number.
    """
    warnings: list[str] = []
    _check_members(payload, "")

    def odd(where: str, expected: str) -> None:
        if reading is Reading.STRICT:
            raise Malformed(WHAT, where, expected)
        warnings.append(f"{where}: {expected}")

    if not _VERSION.fullmatch(_text(payload, "ver")):
        odd("ver", "expected a version of three numbers")
    _check_name(payload.get("nam"), odd)
    _check_born(_text(payload, "dob"), reading, odd)
    kinds = [kind for kind in _KINDS if kind in payload]
    if len(kinds) != 1:
        raise Malformed(WHAT, "v, t, r", "expected one of the three")
    (kind,) = kinds
    entries = payload[kind]
    if type(entries) is not list or len(entries) != 1 or type(entries[0]) is not dict:
        raise Malformed(WHAT, kind, "expected an array of one object")
    (entry,) = entries
    _check_members(entry, kind)
    _make_plain(entry, _MAY_BE_ODD[kind])
    for name, where, needed, rule in _RULES[kind]:
        value = entry.get(name)
        if value is not None:
            rule(value, where, odd)
        elif needed or name in entry:
            raise Malformed(WHAT, where, "expected this member, which is no null")
    return kind, tuple(warnings)


def _make_plain(entry: dict[Any, Any], members: tuple[str, ...]) -> None:
    for name in members:
        value = entry.get(name)
        if type(value) is Tag and value.tag == TAG_DATE_TIME:  # CBOR's own way to say that a text is a time
            entry[name] = value.value
        # JSON Schema draft 2020-12, validation, section 6.1.1: a number without a fraction is an integer
        elif type(value) is float and value.is_integer() and value < _EXACT:
            entry[name] = int(value)


def _check_born(born: str, reading: Reading, odd: Refuse) -> None:
    """The schema has digits for any day of its centuries; the field reading wants a day that there is."""
    if _BORN.fullmatch(born):
        if reading is Reading.FIELD and born and not _was_a_day(born):
            raise Malformed(WHAT, "dob", "expected a date that a calendar has")
        return
    timed = _TIMED.fullmatch(born)
    day = timed[1] if timed else born
    if not _BEFORE.fullmatch(day) or not _was_a_day(day):
        raise Malformed(WHAT, "dob", "expected a date, its year and month, its year, or nothing")
    odd("dob", "expected a date without a time" if timed else "expected a date from 1900 to 2099")


def _was_a_day(born: str) -> bool:
    """Of a date, or its beginning: whether a calendar has it, as far as it is known."""
    whole = born + _BEGINNING[len(born) :]
    return _is_day(whole) or _is_day(whole.replace(_NOT_KNOWN, "-01"))


def _check_name(name: object, odd: Refuse) -> None:
    if type(name) is not dict or not ("fnt" in name or "gnt" in name):
        raise Malformed(WHAT, "nam", "expected an object with fnt or gnt")
    _check_members(name, "nam")
    for member, latin in _NAMES:
        text = name.get(member)
        if text is None and member not in name:
            continue
        if type(text) is not str:
            raise Malformed(WHAT, f"nam.{member}", "expected text")
        if len(text) > MAX_TEXT:
            odd(f"nam.{member}", f"expected at most {MAX_TEXT} characters")
        if latin and not _LATIN.fullmatch(text):
            odd(f"nam.{member}", "expected the letters of ICAO 9303, and <")


def _check_members(members: Mapping[Any, Any], where: str) -> None:
    if not TEXTS.issuperset(map(type, members)):
        raise Malformed(WHAT, where, "expected members that are named by text")


def _text(members: Mapping[Any, Any], name: str) -> str:
    value = members.get(name)
    if type(value) is not str:
        raise Malformed(WHAT, name, "expected text")
    return value


def _code(value: Any, where: str, _odd: Refuse) -> None:
    if type(value) is not str:
        raise Malformed(WHAT, where, "expected text")


def _short(value: Any, where: str, odd: Refuse) -> None:
    if type(value) is not str:
        raise Malformed(WHAT, where, "expected text")
    if len(value) > MAX_TEXT:
        odd(where, f"expected at most {MAX_TEXT} characters")


def _country(value: Any, where: str, odd: Refuse) -> None:
    if type(value) is not str:
        raise Malformed(WHAT, where, "expected text")
    if not _COUNTRY.search(value):
        odd(where, "expected the code of a country")


def _dose(value: Any, where: str, _odd: Refuse) -> None:
    if type(value) is not int or value < 1:
        raise Malformed(WHAT, where, "expected a whole number from 1")


def _date(value: Any, where: str, _odd: Refuse) -> None:
    if type(value) is not str or len(value) != _DATE_SIZE or not _is_day(value):
        raise Malformed(WHAT, where, "expected a date, as 2021-05-29")


def _date_time(value: Any, where: str, _odd: Refuse) -> None:
    found = _DATE_TIME.fullmatch(value) if type(value) is str else None
    if found is None or not _exists(datetime.fromisoformat, f"{found[1]}T{found[2]}"):
        raise Malformed(WHAT, where, "expected a time with its offset, as 2021-05-29T12:00:00Z")


def _is_day(text: str) -> bool:
    """Of a text as long as a date, told by its hyphens from the other forms of ISO 8601. None is remembered: a door
    keeps nothing."""
    return text[4] == text[7] == "-" and _exists(date.fromisoformat, text)


def _exists(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


_SAME_END: Final = (("co", True, _country), ("is", True, _short), ("ci", True, _short))
_ENTRIES: Final[Mapping[Kind, tuple[tuple[str, bool, Rule], ...]]] = {
    Kind.VACCINATION: (
        ("tg", True, _code),
        ("vp", True, _code),
        ("mp", True, _code),
        ("ma", True, _code),
        ("dn", True, _dose),
        ("sd", True, _dose),
        ("dt", True, _date),
        *_SAME_END,
    ),
    Kind.TEST: (
        ("tg", True, _code),
        ("tt", True, _code),
        ("nm", False, _short),
        ("ma", False, _code),
        ("sc", True, _date_time),
        ("tr", True, _code),
        ("tc", False, _short),
        *_SAME_END,
    ),
    Kind.RECOVERY: (
        ("tg", True, _code),
        ("fr", True, _date),
        ("df", True, _date),
        ("du", True, _date),
        *_SAME_END,
    ),
}
_MAY_BE_ODD: Final = {Kind.VACCINATION: ("dn", "sd"), Kind.TEST: ("sc",), Kind.RECOVERY: ()}
"""The members that CBOR has more than one way to say."""

_NAMES: Final = (("fn", False), ("gn", False), ("fnt", True), ("gnt", True))
"""The parts of a name, and whether each is in the letters of ICAO 9303."""

OWN_MEMBERS: Final = frozenset({"ver", "nam", "dob"})
NAME_MEMBERS: Final = tuple(name for name, _ in _NAMES)
ENTRY_MEMBERS: Final = {kind: frozenset(name for name, _, _ in entries) for kind, entries in _ENTRIES.items()}
"""The members that the schema has: of the payload beside its entry, of the name, and of an entry of each kind."""

_RULES: Final = {
    kind: tuple((name, f"{kind}[0].{name}", needed, rule) for name, needed, rule in entries)
    for kind, entries in _ENTRIES.items()
}
"""The same with the place of each member, which is not put together anew for each certificate."""
