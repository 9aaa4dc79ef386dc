"""Every limit of docs/limits.md has a test at the limit and one beyond it, or a reason why not."""

from collections import Counter
from pathlib import Path

import pytest
from zegel_docs.limits import limits
from zegel_limits.cuts import CUTS
from zegel_limits.elsewhere import ELSEWHERE, EXEMPT, MAX_OPEN, OPEN
from zegel_limits.left_out import MORE_CUTS
from zegel_limits.tables import PAIRS

ROOT = Path(__file__).parents[2]
TABLES = (PAIRS, CUTS, MORE_CUTS, ELSEWHERE, EXEMPT, OPEN)


@pytest.mark.slow
def test_every_limit_stands_in_one_table_and_nothing_else_does() -> None:
    known = [f"{limit.module}.{limit.name}" for limit in limits()]
    told = Counter(name for table in TABLES for name in table)
    assert sorted(told) == sorted(known)
    assert [name for name, count in told.items() if count > 1] == []


def test_a_test_that_is_named_is_there() -> None:
    for name, tests in ELSEWHERE.items():
        for test in tests:
            file, _, function = test.partition("::")
            assert f"def {function}(" in (ROOT / file).read_text(), name


@pytest.mark.slow
def test_most_limits_have_a_pair_and_those_without_become_fewer() -> None:
    """``MAX_OPEN`` goes down with each limit that gets a pair, and never up."""
    assert len(OPEN) <= MAX_OPEN == 0
    assert all(EXEMPT.values())
    assert len(EXEMPT) * 6 < len(limits()), "of six limits, five and more are come up against"
