"""Seconds since the epoch, and how far apart two clocks may stand. The time itself always comes in as ``now``."""

from math import isfinite
from typing import Final

from zegel.errors import Malformed
from zegel.primitives.json import Json

TOLERATED_LATE: Final = 60  # what expired within the last minute still counts; RFC 7519 section 4.1.4 allows minutes
TOLERATED_EARLY: Final = 10  # FAPI 2.0 security profile section 5.3.2.1: accept up to ten seconds in the future
_LATEST: Final = 1 << 53  # RFC 7493 section 2.2: beyond it JSON numbers are not exact


def parse_numeric_date(value: Json, what: str, where: str) -> int | None:
    """Parse an optional NumericDate (RFC 7519 section 2), whole seconds; None for a member that is not there."""
    if value is None:
        return None
    # RFC 8259 makes no difference between 1 and 1.0; what is not finite comes out of CBOR
    number = int(value) if type(value) is float and isfinite(value) and value >= 0 else value
    if type(number) is not int or not 0 <= number <= _LATEST:
        raise Malformed(what, where, "expected seconds since the epoch")
    return number


def whole(value: Json) -> Json:
    """A number without a fraction as an integer, anything else as it is: RFC 8259 has 60 and 60.0 the same."""
    return int(value) if type(value) is float and value.is_integer() else value
