"""A store in which something else happens between two transactions: what two workers do to each other, in one."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from zegel.services.ports import Store, Transaction


class Interleaved:
    """A ``Store`` that calls ``meanwhile`` before each durable transaction, or before the one of that number.

    Numbers count from zero. ``meanwhile`` is called at most ``times`` times.
    """

    def __init__(
        self, store: Store, meanwhile: Callable[[], Awaitable[object]], *, times: int = 1, before: int | None = None
    ) -> None:
        self._store = store
        self._meanwhile = meanwhile
        self._times = times
        self._before = before
        self._number = 0

    def transaction(self, *, durable: bool = False) -> AbstractAsyncContextManager[Transaction]:
        return self._transaction(durable=durable)

    @asynccontextmanager
    async def _transaction(self, *, durable: bool) -> AsyncGenerator[Transaction]:
        wanted = durable if self._before is None else self._number == self._before
        self._number += 1
        if wanted and self._times:
            self._times -= 1
            await self._meanwhile()
        async with self._store.transaction(durable=durable) as transaction:
            yield transaction

    async def purge(self) -> int:
        return await self._store.purge()
