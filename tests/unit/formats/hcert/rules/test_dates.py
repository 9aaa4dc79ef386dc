"""The calendar of CertLogic: the formats it reads, and what adding does."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zegel.formats.hcert.rules.dates import (
    MAX_DATE_TEXT,
    DateTime,
    date_of_birth,
    date_time,
    iso_text,
    plus_time,
)


def read(text: str) -> str | None:
    moment = date_time(text)
    return None if moment is None else iso_text(moment)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2021", "2021-12-31T00:00:00.000Z"),
        ("2021-02", "2021-02-28T00:00:00.000Z"),
        ("2020-02", "2020-02-29T00:00:00.000Z"),
        ("2021-12", "2021-12-31T00:00:00.000Z"),
        ("2021-07-01", "2021-07-01T00:00:00.000Z"),
        ("0000-01-01", "0000-01-01T00:00:00.000Z"),
        ("2021-07-01T12:30:15", "2021-07-01T12:30:15.000Z"),
        ("2021-07-01T12:30:15Z", "2021-07-01T12:30:15.000Z"),
        ("2021-07-01T12:30:15.9999", "2021-07-01T12:30:15.999Z"),
        ("2021-07-01T12:30:15.5Z", "2021-07-01T12:30:15.500Z"),
        ("2021-07-01T12:30:15+2", "2021-07-01T10:30:15.000Z"),
        ("2021-07-01T12:30:15+02", "2021-07-01T10:30:15.000Z"),
        ("2021-07-01T12:30:15-530", "2021-07-01T18:00:15.000Z"),
        ("2021-07-01T12:30:15-0530", "2021-07-01T18:00:15.000Z"),
        ("2021-07-01T12:30:15.25+5:30", "2021-07-01T07:00:15.250Z"),
        ("2021-07-01T23:30:15-05:30", "2021-07-02T05:00:15.000Z"),
    ],
)
def test_each_format_that_is_allowed_is_read(text: str, instant: str) -> None:
    assert read(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "21",
        "2021-13",
        "2021-00",
        "2021-02-29",
        "2021-09-99",
        "2021-00-10",
        "2021-01-00",
        "2021-07-01 12:30:15",
        "2021-07-01T12:30",
        "2021-07-01T24:00:00Z",
        "2021-07-01T12:60:00Z",
        "2021-07-01T12:30:60Z",
        "2021-13-01T12:30:15Z",
        "2021-07-01T12:30:15+24",
        "2021-07-01T12:30:15+01:60",
        "2021-07-01T12:30:15.Z",
        "2021-07-01\n",
        "\u0662\u0660\u0662\u0661",
        "2021-07-01T12:30:15." + "1" * MAX_DATE_TEXT,
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert date_time(text) is None


def test_a_date_of_birth_has_no_time() -> None:
    assert date_of_birth("2021-07-01T12:30:15Z") is None


@pytest.mark.slow
@given(st.dates())
def test_days_are_those_of_the_standard_library(day: date) -> None:
    moment = date_of_birth(day.isoformat())
    assert moment is not None
    assert moment.milliseconds == (day - date(1970, 1, 1)).days * 86_400_000
    assert iso_text(moment) == f"{day.isoformat()}T00:00:00.000Z"


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9990, 1, 1)), st.integers(-1000, 1000))
def test_days_and_hours_are_added_as_the_standard_library_adds_them(moment: datetime, amount: int) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, year=max(moment.year, 10))
    start = DateTime(round((moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1)))
    for unit, step in (("day", timedelta(days=amount)), ("hour", timedelta(hours=amount))):
        later = plus_time(start, amount, unit)
        assert later is not None
        assert iso_text(later) == f"{(moment + step).isoformat(timespec='milliseconds')}Z"


@pytest.mark.parametrize(
    ("text", "amount", "unit", "later"),
    [
        ("2021-01-31", 1, "month", "2021-03-03T00:00:00.000Z"),
        ("2021-03-31", -1, "month", "2021-03-03T00:00:00.000Z"),
        ("2021-12-15T01:02:03.004Z", 1, "month", "2022-01-15T01:02:03.004Z"),
        ("2021-01-15", -1, "month", "2020-12-15T00:00:00.000Z"),
        ("2021-06-15", -18, "year", "2003-06-15T00:00:00.000Z"),
        ("9999-06-15", 1, "year", "+010000-06-15T00:00:00.000Z"),
        ("0000-06-15", -1, "year", "-000001-06-15T00:00:00.000Z"),
        ("1969-12-31T23:59:59.999Z", 0, "hour", "1969-12-31T23:59:59.999Z"),
    ],
)
def test_months_and_years_run_on_as_in_ecmascript(text: str, amount: int, unit: str, later: str) -> None:
    moment = date_time(text)
    assert moment is not None
    added = plus_time(moment, amount, unit)
    assert added is not None
    assert iso_text(added) == later


def test_there_is_no_date_beyond_the_last_one_of_ecmascript() -> None:
    epoch = DateTime(0)
    last = plus_time(epoch, 100_000_000, "day")
    assert last is not None
    assert iso_text(last) == "+275760-09-13T00:00:00.000Z"
    assert plus_time(epoch, 100_000_001, "day") is None
    assert plus_time(epoch, -(1 << 53), "year") is None
