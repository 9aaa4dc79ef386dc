"""Dates and times as FHIR has them, which may end at the year or the month (FHIR R4 2.24: date, dateTime)."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from typing import Any, Final

from zegel.errors import Malformed
from zegel.formats.hcert.layers import WHAT
from zegel.primitives.cbor import TAG_DATE_TIME, Tag

_DAY: Final = 86_400  # seconds
_EAST, _WEST = 14 * 3_600, 12 * 3_600  # seconds between UTC and the first, and the last, to have a day
_FORM: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:(T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_WHOLE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXPECTED: Final = "expected a date, its month or its year, or a time with its offset, as 2021-05-29T12:00:00Z"


def read_span(value: Any, where: str) -> tuple[int, int]:
    """The first and the last second of a date, a month, a year or a time; ``Malformed`` for what is none of them.

    A date without a time is that day wherever somebody lives, from the first island that has it to the last.
    """
    text = value.value if type(value) is Tag and value.tag == TAG_DATE_TIME else value
    found = _FORM.fullmatch(text) if type(text) is str else None
    if found is None:
        raise Malformed(WHAT, where, _EXPECTED)
    year, month, day, time, offset = found.groups()
    try:
        if time is not None:
            moment = int(datetime.fromisoformat(f"{year}-{month}-{day}{time}{offset}").timestamp())
            return moment, moment
        first = date(int(year), int(month or 1), int(day or 1))
        last_month = int(month or 12)
        last = date(int(year), last_month, int(day or monthrange(int(year), last_month)[1]))
        return _midnight(first) - _EAST, _midnight(last) + _DAY - 1 + _WEST
    except (ValueError, OverflowError):
        raise Malformed(WHAT, where, _EXPECTED) from None


def read_day(value: Any, where: str) -> tuple[int, int]:
    """The same of a whole date alone."""
    if type(value) is not str or not _WHOLE.fullmatch(value):
        raise Malformed(WHAT, where, "expected a date, as 2021-05-29")
    return read_span(value, where)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
