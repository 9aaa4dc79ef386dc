"""Date-times as CertLogic computes with them: milliseconds of the proleptic Gregorian calendar (section ``plusTime``).

The calendar is that of ECMAScript's ``Date``, by which CertLogic defines what adding means: a day that a month does not
have runs on into the next one. Python's own ends at the year 9999, and knows no year 0.
"""

import re
from dataclasses import dataclass
from typing import Final, final

_DAY: Final = 86_400_000  # milliseconds
_HOUR: Final = 3_600_000
_MINUTE: Final = 60_000
_LATEST: Final = 8_640_000_000_000_000  # ECMA-262 section 21.4.1.1: a hundred million days about the epoch
MAX_DATE_TEXT: Final = 64  # characters; with a fraction of nine digits and an offset there are 35

_PARTIAL: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]+))?(?:Z|([+-])([0-9]{1,2})(?::?([0-9]{2}))?)?"
)


@final
@dataclass(frozen=True, slots=True, eq=False)
class DateTime:
    """An instant, in milliseconds since the epoch. Two are equal when they are one: so ``===`` takes them."""

    milliseconds: int


def date_time(text: str) -> DateTime | None:
    """The instant that a date or date-time names, or the last day that a partial date allows; None for anything else.

    Without an offset it is UTC; digits of a second beyond the third are dropped.
    """
    return date_of_birth(text) or _parse_time(text)


def date_of_birth(text: str) -> DateTime | None:
    """The last date consistent with ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``, at midnight; None for anything else."""
    if len(text) > MAX_DATE_TEXT:
        return None
    if whole := _DATE.fullmatch(text):
        return _midnight(*map(int, whole.groups()))
    if partial := _PARTIAL.fullmatch(text):
        year, month = int(partial[1]), int(partial[2] or 12)
        return _midnight(year, month, _length(year, month)) if 1 <= month <= 12 else None
    return None


def plus_time(moment: DateTime, amount: int, unit: str) -> DateTime | None:
    """So many years, months, days or hours later; None where ECMAScript has no such date."""
    match unit:
        case "hour":
            milliseconds = moment.milliseconds + amount * _HOUR
        case "day":
            milliseconds = moment.milliseconds + amount * _DAY
        case _:
            days, rest = divmod(moment.milliseconds, _DAY)
            year, month, day = _civil(days)
            months = year * 12 + month - 1 + amount * (12 if unit == "year" else 1)
            milliseconds = (_days(months // 12, months % 12 + 1) + day - 1) * _DAY + rest
    return DateTime(milliseconds) if abs(milliseconds) <= _LATEST else None


def iso_text(moment: DateTime) -> str:
    """As ``Date.toISOString`` writes it."""
    days, rest = divmod(moment.milliseconds, _DAY)
    year, month, day = _civil(days)
    years = f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"
    hours, rest = divmod(rest, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    return f"{years}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}Z"


def _parse_time(text: str) -> DateTime | None:
    parts = _TIME.fullmatch(text) if len(text) <= MAX_DATE_TEXT else None
    if parts is None:
        return None
    start = _midnight(int(parts[1]), int(parts[2]), int(parts[3]))
    hour, minute, second = int(parts[4]), int(parts[5]), int(parts[6])
    offset_hours, offset_minutes = int(parts[9] or 0), int(parts[10] or 0)
    if start is None or hour > 23 or minute > 59 or second > 59 or offset_hours > 23 or offset_minutes > 59:
        return None
    offset = (offset_hours * _HOUR + offset_minutes * _MINUTE) * (-1 if parts[8] == "-" else 1)
    fraction = int((parts[7] or "")[:3].ljust(3, "0"))
    return DateTime(start.milliseconds + hour * _HOUR + minute * _MINUTE + second * 1000 + fraction - offset)


def _midnight(year: int, month: int, day: int) -> DateTime | None:
    if not 1 <= month <= 12 or not 1 <= day <= _length(year, month):
        return None
    return DateTime((_days(year, month) + day - 1) * _DAY)


def _length(year: int, month: int) -> int:
    return _days(year + month // 12, month % 12 + 1) - _days(year, month)


def _days(year: int, month: int) -> int:
    """From the epoch to the first of a month. A year is counted from March, so that a leap day is its last."""
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 - 719_468


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month and day, so many days after the epoch."""
    eras, rest = divmod(days + 719_468, 146_097)
    years = (rest - rest // 1_460 + rest // 36_524 - rest // 146_096) // 365
    rest -= 365 * years + years // 4 - years // 100
    month = (5 * rest + 2) // 153
    day = rest - (153 * month + 2) // 5 + 1
    return eras * 400 + years + (month > 9), month + 3 if month < 10 else month - 9, day
