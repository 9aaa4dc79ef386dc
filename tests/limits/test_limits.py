"""Every limit at the limit, and one beyond it: the tables stand in ``zegel_limits``, by area."""

import pytest
from zegel_limits.cuts import CUTS
from zegel_limits.left_out import MORE_CUTS
from zegel_limits.pair import check_beyond, check_within, value_of
from zegel_limits.tables import PAIRS

ALL_CUTS = {**CUTS, **MORE_CUTS}
LONG = {  # there is much to read: it takes more than a tenth of a second
    "zegel.adapters.list_descriptions.MAX_DESCRIPTION",
    "zegel.adapters.people_file.MAX_FILE",
    "zegel.formats.hcert.rules.book.MAX_RULES",
    "zegel.trust.lists.parse.MAX_ENTITIES",
    "zegel.trust.lists.xml.document._MAX_TAGS",
}
LIMITS = [pytest.param(limit, marks=pytest.mark.slow if limit in LONG else ()) for limit in PAIRS]
NAMES = [limit.removeprefix("zegel.") for limit in PAIRS]


@pytest.mark.parametrize("limit", LIMITS, ids=NAMES)
def test_what_is_just_within_it_passes(limit: str) -> None:
    check_within(limit, PAIRS[limit])


@pytest.mark.parametrize("limit", LIMITS, ids=NAMES)
def test_what_is_one_beyond_it_is_refused_by_it(limit: str) -> None:
    check_beyond(limit, PAIRS[limit])


@pytest.mark.parametrize("limit", ALL_CUTS, ids=lambda limit: limit.removeprefix("zegel."))
def test_what_is_just_within_it_is_kept_and_one_more_is_left_out(limit: str) -> None:
    value, left = value_of(limit), ALL_CUTS[limit]
    assert (left(value - 1), left(value), left(value + 1)) == (value - 1, value, value)
