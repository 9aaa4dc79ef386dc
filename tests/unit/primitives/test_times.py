"""NumericDates, and nothing that only looks like one."""

import pytest

from zegel.errors import Malformed
from zegel.primitives.json import Json
from zegel.primitives.times import parse_numeric_date, whole


@pytest.mark.parametrize(("value", "seconds"), [(0, 0), (1, 1), (1.0, 1), (1.9, 1), (2**53, 2**53), (None, None)])
def test_seconds_since_the_epoch_are_read(value: Json, seconds: int | None) -> None:
    assert parse_numeric_date(value, what="test", where="exp") == seconds


@pytest.mark.parametrize("value", [-1, -0.5, -1.5, 2**53 + 2, 1e300, True, "1", [1], {"a": 1}])
def test_anything_else_is_malformed(value: Json) -> None:
    with pytest.raises(Malformed, match="test: exp: expected seconds since the epoch"):
        parse_numeric_date(value, what="test", where="exp")


@pytest.mark.parametrize("value", [60, 60.0])
def test_a_number_without_a_fraction_is_an_integer_however_it_is_written(value: Json) -> None:
    assert (whole(value), type(whole(value))) == (60, int)


@pytest.mark.parametrize("value", [60.5, float("inf"), float("-inf"), True, "60", None, [60.0]])
def test_what_is_no_whole_number_stays_as_it_is(value: Json) -> None:
    assert whole(value) is value
