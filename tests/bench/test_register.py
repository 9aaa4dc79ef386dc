"""The register's bench in little: every question is answered, the log is what was written, and neither costs more where
the register is larger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.limits import awaited_peak_bytes

from register import fill, measure, questions
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.services.register_reader import Question, RegisterReader, audit
from zegel.trust.register.changes import LogHead

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
FEW, MANY = 150, 1_200
RUNS = 9
GROWING = {"words that all have, and those two", "words: ba lo lim"}
"""Of the first so many parties are looked through, up to 10,000 (``_LOOKED_THROUGH``), and the second finds more."""


async def test_every_question_is_answered(tmp_path: Path) -> None:
    told = {line["name"]: line async for line in measure(tmp_path, 120)}
    assert set(told) == {*questions(120), "audit"}
    assert told["all, first page"]["found"] == told["words: desk, which all have"]["found"] == 20
    assert told["100 at a time"]["found"] == 100
    assert told["identifier"]["found"] == 1
    assert told["audit"]["found"] == 120
    nobody = ("one that all have, one that nobody has", "two that half have each, and nobody both")
    assert [told[name]["found"] for name in nobody] == [0, 0]


async def test_neither_a_search_nor_the_audit_costs_more_in_eight_times_the_register(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search by the processor's time and by the steps of SQLite, side by side; the audit by what it allocates."""
    monkeypatch.setattr("zegel.services.register_reader._AUDITED", 40)  # at a time, so that the smaller has pages, too
    async with filled(tmp_path / "few.db", FEW) as few, filled(tmp_path / "many.db", MANY) as many:
        for name in questions(MANY).keys() - GROWING:
            times: tuple[list[float], list[float]] = ([], [])
            for _ in range(RUNS):
                for office, count, spent in zip((few, many), (FEW, MANY), times, strict=True):
                    spent.append(await office.time(questions(count)[name]))
            assert median(times[1]) < 3 * median(times[0]), name
            steps = [await office.steps(questions(n)[name]) for office, n in ((few, FEW), (many, MANY))]
            assert steps[1] < 2 * steps[0], (name, steps)
        assert await many.audit_peak() < 1.5 * await few.audit_peak()


class Office:
    """A register of some size, and how much is done for an answer."""

    def __init__(self, store: SqlStore, head: LogHead) -> None:
        self._store, self._head = store, head
        self._reader = RegisterReader(
            "https://r.utopia.example", signer=fixed_key("answers"), kid="1", store=store, clock=ManualClock(NOW)
        )

    async def time(self, question: Question) -> float:
        """The seconds of the processor that an answer takes, signed."""
        began = process_time()
        self._reader.sign_page(await self._reader.search(question), one=False)
        return process_time() - began

    async def steps(self, question: Question) -> int:
        """How many steps SQLite takes for it: a look at each row would be some for each."""
        taken = 0

        def count() -> int:
            nonlocal taken
            taken += 1
            return 0

        sqlite: Any = self._store._database.connection.connection.driver_connection
        sqlite.set_progress_handler(count, 1)
        try:
            await self._reader.search(question)
        finally:
            sqlite.set_progress_handler(None, 1)
        assert taken > 0
        return taken

    async def audit_peak(self) -> int:
        """The bytes that the audit has allocated at a time."""
        return await awaited_peak_bytes(lambda: audit(self._store, [self._head]))


@asynccontextmanager
async def filled(path: Path, count: int) -> AsyncIterator[Office]:
    """A register of so many parties."""
    random = fixed_random(path.name)
    store = await open_store(f"sqlite:///{path}", key=bytes(32), clock=ManualClock(NOW), random=random)
    try:
        yield Office(store, await fill(store, count))
    finally:
        store.close()
