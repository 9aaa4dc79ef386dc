"""What was issued is told to the register, in its own time and whatever happens (TS5 1.3 section 3.2.1).

A register that is away holds everything, and hears it when it is there again. What it refuses is set aside with its
reason, and holds up nothing: whoever operates the authority sees it, and has it told again.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Rejected
from zegel.primitives.json import JsonObject
from zegel.services.access_ports import AccessStore, AccessTransaction, Registry
from zegel.services.ports import FOR_EVER, Clock, Kind
from zegel.trust.access_authority.orders import AccessOrder
from zegel.trust.register.access import AccessRecord, build_access_record

PAGE: Final = 100  # refused reports that the operator is shown at a time
_REPORTED: Final = 50  # reports that are tried again in one turn


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Unreported:
    """The order whose certificate the register does not know of yet."""

    order: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedReport:
    """The order whose certificate the register did not want to know of, with its reason; ``serial`` in hexadecimal."""

    order: str
    party: str
    serial: str
    reason: str
    at: int


UNREPORTED: Final = Kind(name="unreported access certificate", states=(Unreported,))
REFUSED: Final = Kind(name="refused report", states=(RefusedReport,))


@final
class AccessReports:
    """Tells the register. ``log`` is where certificates are logged; ``refused`` counts what is set aside."""

    def __init__(self, *, store: AccessStore, registry: Registry, log: str, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._log = log
        self._clock = clock
        self._news: list[RefusedReport] = []
        self.refused = 0

    async def remember(self, transaction: AccessTransaction, order: AccessOrder) -> None:
        """Note, in the transaction that issues, that the register is to be told."""
        await transaction.put(UNREPORTED, order.id, Unreported(order=order.id), expires=FOR_EVER)

    async def report(self) -> int:
        """Tell the register of what it does not know yet; how many it was told of.

        ``Unavailable`` where it does not answer: all that is left waits.
        """
        async with self._store.transaction() as transaction:
            waiting = await transaction.scan(UNREPORTED, after="", limit=_REPORTED)
            orders = [order for _, each in waiting if (order := await transaction.access.load(each.order)) is not None]
        told = 0
        for order in orders:
            try:
                await self._registry.report(order.party, self._record(order))
            except Rejected as error:
                await self._set_aside(order, error)
                continue
            async with self._store.transaction(durable=True) as transaction:
                await transaction.take(UNREPORTED, order.id)
            told += 1
        return told

    async def count(self) -> int:
        """How many are set aside, as the database has it, which an authority looks at when it is opened."""
        after, count = "", 0
        while found := await self.page(after=after):
            after, count = found[-1][0], count + len(found)
        self.refused = count
        return count

    async def page(self, *, after: str) -> tuple[tuple[str, RefusedReport], ...]:
        """A page of what is set aside, each with its cursor."""
        async with self._store.transaction() as transaction:
            return await transaction.scan(REFUSED, after=after, limit=PAGE)

    async def retry(self) -> int:
        """Have all that is set aside told again, in the next turn; how many they are."""
        again = 0
        while found := await self.page(after=""):
            async with self._store.transaction(durable=True) as transaction:
                for _, each in found:
                    await transaction.take(REFUSED, each.order)
                    await transaction.put(UNREPORTED, each.order, Unreported(order=each.order), expires=FOR_EVER)
            again += len(found)
        self.refused = 0
        return again

    def take_news(self) -> tuple[RefusedReport, ...]:
        """What was set aside since this was asked last, for the log."""
        news, self._news = tuple(self._news), []
        return news

    async def _set_aside(self, order: AccessOrder, error: Rejected) -> None:
        refused = RefusedReport(
            order=order.id,
            party=order.party,
            serial=f"{order.certificate.serial_number:x}",
            reason=error.detail,
            at=self._clock.now(),
        )
        async with self._store.transaction(durable=True) as transaction:
            if await transaction.take(UNREPORTED, order.id) is None:  # somebody else was told of it meanwhile
                return
            await transaction.put(REFUSED, order.id, refused, expires=FOR_EVER)
        self.refused += 1
        self._news.append(refused)

    def _record(self, order: AccessOrder) -> JsonObject:
        return build_access_record(AccessRecord(service=order.service, certificate=order.certificate, log=self._log))
