"""Rows that wait to be told of: few in memory, many on the disk, in their order."""

import pytest

from zegel.cli.spool import Spool


@pytest.mark.parametrize("width", [1, 2_000])
def test_rows_come_back_as_they_were_given_whether_they_are_few_or_many(width: int) -> None:
    with Spool() as rows:
        for number in range(1_000):
            rows.add({"index": number, "unknown": number % 10 == 0, "subject": "x" * width})
        assert (rows.count, rows.unknown) == (1_000, 100)
        assert [row["index"] for row in rows] == list(range(1_000))
