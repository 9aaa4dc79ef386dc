"""One of two processes that reach for the same records at once: prints the names of those that it got.

python -m zegel_testing.store_race URL take|claim|swap|put|allocate COUNT     and starts on a line of input
"""

import asyncio
import os
import sys

from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore, open_store
from zegel_testing.authorities import NOW
from zegel_testing.records import CODE, SESSION, Answered, Waiting

KEY = b"k" * 32


async def _reach(store: SqlStore, what: str, name: str) -> bool:
    async with store.transaction(durable=True) as transaction:
        if what == "take":
            return await transaction.take(CODE, name) is not None
        if what == "claim":
            return await transaction.claim("nonce", name, expires=NOW + 60)
        if what == "put":
            await transaction.put(CODE, f"{os.getpid()} {name}", Waiting(claim=name), expires=NOW + 60)
            return True
        loaded = await transaction.load(SESSION, name)
        assert loaded is not None
        if loaded.version > 1:
            return False
        return await transaction.swap(SESSION, name, Answered(names=()), version=1, expires=NOW + 60)


async def _allocated(store: SqlStore) -> list[str]:
    async with store.transaction(durable=True) as transaction:
        entries = await transaction.statuses.allocate(bits=1, count=10, expires=NOW + 60)
    return [f"{entry.list_id}/{entry.index}" for entry in entries]


async def main() -> None:
    url, what, count = sys.argv[1:]
    store = await open_store(url, key=KEY, clock=ManualClock(NOW), random=os.urandom, status_list_size=1 << 13)
    print("ready", flush=True)
    sys.stdin.readline()
    if what == "allocate":
        got = [entry for _ in range(int(count)) for entry in await _allocated(store)]
    else:
        got = [f"{number}" for number in range(int(count)) if await _reach(store, what, f"{number}")]
    store.close()
    print(" ".join(got), flush=True)


asyncio.run(main())
