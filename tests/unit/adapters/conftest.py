"""What the adapters' tests share: the event loop's kind, a clock that stands still, a store on a real file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore, open_store

KEY = b"k" * 32


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/role.db"


@pytest.fixture
async def store(url: str, clock: ManualClock) -> AsyncIterator[SqlStore]:
    opened = await open_store(url, key=KEY, clock=clock, random=system_random, status_list_size=1 << 13)
    yield opened
    opened.close()
