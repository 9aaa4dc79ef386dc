"""Dates that may end at the month or the year, and times."""

from typing import Any

import pytest

from zegel.errors import Malformed
from zegel.formats.hcert.who_times import read_day, read_span
from zegel.primitives.cbor import Tag

NOON = 1_779_969_600  # 2026-05-28T12:00:00Z
DAY, EAST, WEST = 86_400, 14 * 3_600, 12 * 3_600
MIDNIGHT = NOON - DAY // 2


@pytest.mark.parametrize(
    "value", ["2026-05-28T12:00:00Z", "2026-05-28T14:00:00.5+02:00", Tag(0, "2026-05-28T12:00:00Z")]
)
def test_a_time_is_a_second(value: Any) -> None:
    assert read_span(value, "date") == (NOON, NOON)


@pytest.mark.parametrize(
    ("value", "days"), [("2026-05-28", 1), ("2024-02", 29), ("2026-12", 31), ("2026", 365), ("2024", 366)]
)
def test_a_date_lasts_wherever_somebody_lives(value: str, days: int) -> None:
    first, last = read_span(value, "date")
    assert last - first + 1 == days * DAY + EAST + WEST
    if days == 1:
        assert first == MIDNIGHT - EAST
        assert read_day(value, "date") == (first, last)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "26",
        "2026-5-28",
        "2026-13",
        "2026-02-29",
        "0000",
        "2026-05-28T12:00:00",
        "2026-05-28T25:00:00Z",
        "2026-05-28T12:00:00+99:00",
        "2026-05-28.5",
        "2026-05-28Z",
        " 2026",
        "٢٠٢٦",
        2026,
        None,
        Tag(0, 2026),
        Tag(1, "2026"),
    ],
)
def test_nothing_else_is(value: Any) -> None:
    with pytest.raises(Malformed) as refusal:
        read_span(value, "date")
    assert refusal.value.where == "date"


@pytest.mark.parametrize("value", ["2026", "2026-05", "2026-05-28T12:00:00Z", "2026-02-29", 20_260_528])
def test_a_whole_date_is_a_day_that_there_is(value: Any) -> None:
    with pytest.raises(Malformed):
        read_day(value, "date")
