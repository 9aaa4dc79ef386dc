"""The register's bench in little: every question is answered, and the log is what was written."""

from pathlib import Path

import pytest

from register import measure, questions

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_every_question_is_answered(tmp_path: Path) -> None:
    told = {line["name"]: line async for line in measure(tmp_path, 120)}
    assert set(told) == {*questions(120), "audit"}
    assert told["all, first page"]["found"] == told["words: desk, which all have"]["found"] == 20
    assert told["100 at a time"]["found"] == 100
    assert told["identifier"]["found"] == 1
    assert told["audit"]["found"] == 120
    nobody = ("one that all have, one that nobody has", "two that half have each, and nobody both")
    assert [told[name]["found"] for name in nobody] == [0, 0]
