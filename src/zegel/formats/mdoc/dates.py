"""Dates as a mobile security object has them: ``tdate``, in UTC, without a fraction (18013-5 section 9.1.2.4)."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from zegel.errors import Malformed
from zegel.primitives.cbor import TAG_DATE_TIME, Tag

_TDATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_SIZE: Final = len("2026-11-22T00:00:00Z")


def parse_tdates(values: Iterable[Tag], what: str, where: str) -> list[int]:
    """Parse each ``#6.0(tstr)`` to seconds since the epoch; ``Malformed`` for a fraction, an offset, or no such day."""
    parsed = []
    for value in values:
        text = value.value
        seconds = _seconds(text) if value.tag == TAG_DATE_TIME and type(text) is str and len(text) == _SIZE else None
        if seconds is None:
            raise Malformed(what, where, "expected a date and time in UTC without a fraction (tag 0)")
        parsed.append(seconds)
    return parsed


@lru_cache(maxsize=256)
def encode_tdate(seconds: int) -> bytes:
    """Encode seconds since the epoch as ``#6.0(tstr)``."""
    return b"\xc0\x74" + datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()


@lru_cache(maxsize=1_024)
def _seconds(text: str) -> int | None:
    """Read a date once: issuers round to the day, so that the same few are read again and again."""
    try:
        return int(datetime.fromisoformat(text).timestamp()) if _TDATE.fullmatch(text) else None
    except ValueError:
        return None
