"""What a certificate may say, in both readings; the published schema is the judge of the strict one."""

import json
import re
from math import inf, nan
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.health import ENTRIES, NAME, payload, without

from zegel.errors import Malformed
from zegel.formats.hcert import schema
from zegel.formats.hcert.schema import MAX_TEXT, Kind, Reading, read_payload
from zegel.primitives.cbor import Tag

FOLDER = Path(__file__).parents[3] / "vectors" / "dcc-schema"
SCHEMA = json.loads((FOLDER / "DCC.combined-schema.json").read_text())
OWN_TESTS = json.loads((FOLDER / "tests.json").read_text())
FORMATS = jsonschema.FormatChecker(formats=["date"])
PUBLISHED = jsonschema.Draft202012Validator(SCHEMA, format_checker=FORMATS)
TIME = re.compile(
    r"t([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.][0-9]+)?(?:z|[+-]([0-9]{2})(?::?([0-9]{2}))?)",
    re.IGNORECASE,
)
LONG = "X" * (MAX_TEXT + 1)


@FORMATS.checks("date-time")
def is_date_time(value: object) -> bool:
    """As ajv-formats 2.1.1, by which the schema is tested, has ``date-time``, but for leap seconds and blanks."""
    if not isinstance(value, str):
        return True
    parts = TIME.fullmatch(value[10:])
    if parts is None or not FORMATS.conforms(value[:10], "date"):
        return False
    return all(int(part or 0) < end for part, end in zip(parts.groups(), (24, 60, 60, 24, 60), strict=True))


def refused(value: dict[Any, Any], reading: Reading) -> str | None:
    """Where a payload is refused, None where it is taken."""
    try:
        read_payload(value, reading)
    except Malformed as error:
        return error.where
    return None


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize("kind", Kind)
def test_each_kind_is_taken(kind: Kind, reading: Reading) -> None:
    assert read_payload(payload(kind), reading) == (kind, ())
    assert PUBLISHED.is_valid(payload(kind))


WRONG = {
    "no version": (without(payload(), "ver"), "ver"),
    "a version that is a number": (payload(ver=1), "ver"),
    "no name": (without(payload(), "nam"), "nam"),
    "a name that is a text": (payload(nam="ERIKA"), "nam"),
    "a name without transliteration": (payload(nam={"fn": "Voorbeeld"}), "nam"),
    "a name that is a number": (payload(nam={**NAME, "fn": 1}), "nam.fn"),
    "a name that is null": (payload(nam={**NAME, "fn": None}), "nam.fn"),
    "an identifier that is a number": (payload(ci=1), "v[0].ci"),
    "a birth date that is null": (payload(dob=None), "dob"),
    "a birth date with an hour": (payload(dob="1986-03-14T00"), "dob"),
    "a birth date with an hour that there is not": (payload(dob="1986-03-14T24:00:00"), "dob"),
    "a birth date that no calendar has, with a time": (payload(dob="1986-02-30T00:00:00"), "dob"),
    "a birth month with a time": (payload(dob="1986-03T00:00:00"), "dob"),
    "a birth date by its week": (payload(dob="1986-W11-5"), "dob"),
    "a date by its week": (payload(dt="2026-W40-4"), "v[0].dt"),
    "a date without hyphens": (payload(dt="0020261001"), "v[0].dt"),
    "a birth date that no calendar has": (payload(dob="1886-02-29"), "dob"),
    "a birth date in the year 0": (payload(dob="0000-01-01"), "dob"),
    "a birth date in some thirteenth month": (payload(dob="2100-13"), "dob"),
    "a birth date without its zeros": (payload(dob="1886-3-14"), "dob"),
    "a birth date in words": (payload(dob="soon"), "dob"),
    "nothing": (without(payload(), "v"), "v, t, r"),
    "two things": (payload() | {"r": [ENTRIES["r"]]}, "v, t, r"),
    "nothing in it": (payload() | {"v": []}, "v"),
    "two doses": (payload() | {"v": [ENTRIES["v"]] * 2}, "v"),
    "an object for an array": (payload() | {"v": ENTRIES["v"]}, "v"),
    "a text for an object": (payload() | {"v": ["x"]}, "v"),
    "no dose": (payload(dn=0), "v[0].dn"),
    "a dose that is true": (payload(dn=True), "v[0].dn"),
    "a dose that is a text": (payload(dn="2"), "v[0].dn"),
    "a dose and a half": (payload(dn=1.5), "v[0].dn"),
    "no dose, as a float": (payload(dn=0.0), "v[0].dn"),
    "a dose that is no number": (payload(dn=nan), "v[0].dn"),
    "doses without end": (payload(sd=inf), "v[0].sd"),
    "a date with a time": (payload(dt="2026-10-01T00:00:00Z"), "v[0].dt"),
    "a day that there is not": (payload(dt="2026-02-30"), "v[0].dt"),
    "a date that is a number": (payload(dt=20261001), "v[0].dt"),
    "a vaccine that is a number": (payload(mp=1), "v[0].mp"),
    "a country that is a number": (payload(co=1), "v[0].co"),
    "a country that is null": (payload(co=None), "v[0].co"),
    "a maker that is null": (payload("t") | {"t": [{**ENTRIES["t"], "ma": None}]}, "t[0].ma"),
    "an end that is missing": (payload("r") | {"r": [without(ENTRIES["r"], "du")]}, "r[0].du"),
}


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (payload() | {1: 2}, ""),
        (payload(nam={**NAME, 1: 2}), "nam"),
        (payload() | {"v": [{**ENTRIES["v"], 1: 2}]}, "v"),
    ],
    ids=["payload", "name", "entry"],
)
def test_members_are_named_by_text_alone(value: dict[Any, Any], where: str) -> None:
    assert refused(value, Reading.FIELD) == where


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize(("value", "where"), WRONG.values(), ids=WRONG)
def test_structure_types_and_dates_are_strict_in_both_readings(
    value: dict[str, Any], where: str, reading: Reading
) -> None:
    assert refused(value, reading) == where
    assert not PUBLISHED.is_valid(value)


ODD = {
    "version": (payload(ver="1.3"), "ver"),
    "birth date of another century": (payload(dob="1815-08-24"), "dob"),
    "birth date of the next century": (payload(dob="2100-01"), "dob"),
    "birth year of another century": (payload(dob="1815"), "dob"),
    "birth date with a time": (payload(dob="1978-01-26T00:00:00"), "dob"),
    "birth date with a time of some place": (payload(dob="1815-08-24T23:59:59.999+02:00"), "dob"),
    "name that is long": (payload(nam={**NAME, "gn": LONG}), "nam.gn"),
    "name in small letters": (payload(nam={**NAME, "fnt": "Voorbeeld"}), "nam.fnt"),
    "name with a dash": (payload(nam={"gnt": "ERIKA-MARIA"}), "nam.gnt"),
    "country in small letters": (payload(co="ut"), "v[0].co"),
    "country that is empty": (payload(co=""), "v[0].co"),
    "issuer that is long": (payload("t") | {"t": [{**ENTRIES["t"], "is": LONG}]}, "t[0].is"),
    "identifier that is long": (payload("r", ci=LONG), "r[0].ci"),
}


@pytest.mark.parametrize(("value", "where"), ODD.values(), ids=ODD)
def test_a_text_of_another_form_is_a_warning_in_the_field(value: dict[str, Any], where: str) -> None:
    assert refused(value, Reading.STRICT) == where
    assert not PUBLISHED.is_valid(value)
    _, warnings = read_payload(value, Reading.FIELD)
    assert [warning.partition(":")[0] for warning in warnings] == [where]


def test_a_dose_without_a_fraction_is_a_whole_number() -> None:
    value = payload(dn=1.0, sd=2.0)
    assert PUBLISHED.is_valid(value)
    assert refused(value, Reading.STRICT) is None
    assert repr([value["v"][0]["dn"], value["v"][0]["sd"]]) == "[1, 2]"


def test_a_dose_that_no_float_says_exactly_is_refused() -> None:
    assert refused(payload(dn=2.0**53 - 1), Reading.STRICT) is None
    assert refused(payload(dn=2.0**53), Reading.STRICT) == "v[0].dn"


@pytest.mark.parametrize("born", ["1986", "1986-03", "1986-03-14", ""])
def test_a_birth_date_may_be_known_in_part(born: str) -> None:
    assert refused(payload(dob=born), Reading.STRICT) is None


@pytest.mark.parametrize("born", ["1963-00", "1963-00-00", "1963-05-00", "1963-00-31"])
def test_a_month_or_a_day_of_birth_may_be_written_as_not_known(born: str) -> None:
    """As official files of a state have it, which expect to be accepted."""
    assert read_payload(payload(dob=born), Reading.FIELD)[1] == ()
    assert refused(payload(dob=born), Reading.STRICT) is None


@pytest.mark.parametrize("born", ["1990-13-45", "1990-02-30", "1990-13", "1990-00-32", "1990-13-00", "1990-02-29"])
def test_a_birth_date_that_no_calendar_has_is_malformed_in_the_field_and_of_the_schemas_pattern(born: str) -> None:
    value = payload(dob=born)
    assert refused(value, Reading.FIELD) == "dob"
    assert refused(value, Reading.STRICT) is None
    assert PUBLISHED.is_valid(value)


def test_what_is_read_is_in_no_memory_afterwards() -> None:
    """A door keeps nothing: no date of somebody's vaccination or birth either."""
    remembered = [name for name, each in vars(schema).items() if hasattr(each, "cache_info")]
    assert remembered == []


@pytest.mark.parametrize(
    ("time", "good"),
    [
        ("2026-11-20T09:00:00Z", True),
        ("2026-11-20t09:00:00.123+02:00", True),
        (Tag(0, "2026-11-20T09:00:00Z"), True),
        (Tag(0, 1_790_000_000), False),
        (Tag(1, 1_790_000_000), False),
        ("2026-11-20T09:00:00", False),
        ("2026-11-20T09:00:00+0200", True),
        ("2026-11-20T09:00:00+02", True),
        ("2026-11-20T09:00:00.5-0230", True),
        ("2026-11-20T09:00:00+23:59", True),
        ("2026-11-20T09:00:00+24:00", False),
        ("2026-11-20T09:00:00+25:00", False),
        ("2026-11-20T09:00:00+25", False),
        ("2026-11-20T09:00:00-2500", False),
        ("2026-11-20T09:00:00+12:60", False),
        ("2026-11-20T09:00:00-1260", False),
        ("2026-11-20T09:00:00+2", False),
        ("2026-11-20T09:00:00+020", False),
        ("2026-02-30T09:00:00Z", False),
        ("2026-11-20T25:00:00Z", False),
        ("2026-11-20", False),
        (1_790_000_000, False),
    ],
)
def test_when_a_sample_was_taken_is_a_time_with_its_offset(time: Any, good: bool) -> None:
    value = payload("t", sc=time)
    assert [refused(value, reading) for reading in Reading] == [None if good else "t[0].sc"] * 2
    assert PUBLISHED.is_valid(value) == good
    if isinstance(time, Tag) and good:
        assert value["t"][0]["sc"] == time.value


@pytest.mark.parametrize("name", OWN_TESTS)
def test_the_strict_reading_passes_the_schemas_own_tests(name: str) -> None:
    good = name.startswith("valid/")
    assert PUBLISHED.is_valid(OWN_TESTS[name]) == good
    assert (refused(OWN_TESTS[name], Reading.STRICT) is None) == good


@pytest.mark.parametrize("value", [payload() | {1: 2}, payload(nam={**NAME, 1: 2}), payload() | {"v": [{1: 2}]}])
def test_members_are_named_by_text(value: dict[Any, Any]) -> None:
    assert refused(value, Reading.FIELD) is not None


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from([0.0, 1.0, 1.5])
    | st.sampled_from(["", "X", "x", LONG, "2026-10-01", "1986"])
)
DAYS = st.sampled_from(["2026-11-20", "2026-02-29", "20261120", "2026-11-2"])
OFFSETS = st.sampled_from(
    ["", "Z", "z", "+02", "+0200", "+02:00", "-23:59", "+24:00", "+12:60", "+1260", "+25", "+2", "+"]
)
TIMES = st.builds(
    "{}{}{:02}:{:02}:{:02}{}{}".format,
    DAYS,
    st.sampled_from(["T", "t", "X", ""]),
    st.integers(0, 25),
    st.integers(0, 61),
    st.integers(0, 61),
    st.sampled_from(["", ".1", ".123456789", ".", ","]),
    OFFSETS,
)
PATHS = [("ver",), ("dob",), ("nam",), *((("nam", name)) for name in NAME)]


@given(st.sampled_from(list(Kind)), st.data())
def test_the_strict_reading_agrees_with_the_published_schema(kind: Kind, data: st.DataObject) -> None:
    value = payload(kind)
    entry = value[str(kind)][0]
    places = [*PATHS, *((str(kind), 0, name) for name in entry)]
    *holders, last = data.draw(st.sampled_from(places))
    at: Any = value
    for step in holders:
        at = at[step]
    if data.draw(st.booleans()):
        at[last] = data.draw(TIMES | LEAVES if last == "sc" else LEAVES)
    else:
        del at[last]
    assert (refused(value, Reading.STRICT) is None) == PUBLISHED.is_valid(value)


@given(TIMES)
def test_when_a_sample_was_taken_agrees_with_the_published_schema(time: str) -> None:
    value = payload("t", sc=time)
    assert (refused(value, Reading.STRICT) is None) == PUBLISHED.is_valid(value)
    assert refused(value, Reading.FIELD) == refused(value, Reading.STRICT)
