"""Every limit at the limit, and one beyond it: the tables stand in ``zegel_limits``, by area."""

import pytest
from zegel_limits.pair import check_beyond, check_within
from zegel_limits.tables import PAIRS


@pytest.mark.parametrize("limit", PAIRS, ids=lambda limit: limit.removeprefix("zegel."))
def test_what_is_just_within_it_passes(limit: str) -> None:
    check_within(limit, PAIRS[limit])


@pytest.mark.parametrize("limit", PAIRS, ids=lambda limit: limit.removeprefix("zegel."))
def test_what_is_one_beyond_it_is_refused_by_it(limit: str) -> None:
    check_beyond(limit, PAIRS[limit])
