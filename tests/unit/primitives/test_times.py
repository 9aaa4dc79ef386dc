"""NumericDates, and nothing that only looks like one."""

import pytest

from zegel.errors import Malformed
from zegel.primitives.json import Json
from zegel.primitives.times import parse_numeric_date


@pytest.mark.parametrize(("value", "seconds"), [(0, 0), (1, 1), (1.0, 1), (1.9, 1), (2**53, 2**53), (None, None)])
def test_seconds_since_the_epoch_are_read(value: Json, seconds: int | None) -> None:
    assert parse_numeric_date(value, what="test", where="exp") == seconds


@pytest.mark.parametrize("value", [-1, -0.5, -1.5, 2**53 + 2, 1e300, True, "1", [1], {"a": 1}])
def test_anything_else_is_malformed(value: Json) -> None:
    with pytest.raises(Malformed, match="test: exp: expected seconds since the epoch"):
        parse_numeric_date(value, what="test", where="exp")
