"""The one connection of a store, its transactions, and its statements: written in SQLAlchemy Core, compiled once."""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, Final, final

from sqlalchemy import Connection, Executable
from sqlalchemy.exc import DBAPIError

from zegel.adapters.sql import dialect
from zegel.errors import Unavailable

Values = Mapping[str, Any]
_Compiled = tuple[str, tuple[str, ...], Values]  # the text, the order of its values, and those that it fixes
_COMPILED: Final[dict[tuple[str, Executable], _Compiled]] = {}
"""By dialect and statement. Statements are constants, so all databases of a process share what was made of them."""


@final
class Database:
    """A connection that is held, for as long as the store lives.

    Its calls never suspend, so no two transactions of a process overlap. Statements run on the driver: SQLAlchemy's
    own execution takes ten times as long as the selection of a row. ``failures`` counts what the database refused; from
    one until a transaction succeeds none waits long for a lock, or all that the process has to do would wait in turn.
    ``troubled``: it has failed since somebody last saw that it can be written; ``damaged``: it was found so.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection: Final = connection
        self.dialect: Final = connection.dialect.name
        self._driver = dialect.driver_of(connection)
        self._durable = False
        self._open = False
        self._patient = True
        self.failures = 0
        self.troubled = False
        self.damaged = False

    def run(self, statement: Executable, values: Values) -> Any:
        """Run with values by their bound names; the driver's cursor."""
        sql, names, fixed = self._compile(statement)
        return self._driver.execute(sql, tuple(fixed[n] if n in fixed else values[n] for n in names))

    def run_each(self, statement: Executable, rows: Iterable[Values]) -> None:
        """Run once for each row of values."""
        sql, names, fixed = self._compile(statement)
        self._driver.executemany(sql, [tuple(fixed[n] if n in fixed else values[n] for n in names) for values in rows])

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Generator[None]:
        """Begin; commit, or roll back on an exception. The driver's errors leave as ``Unavailable``."""
        if self._open:
            raise RuntimeError("a transaction is open: something else was awaited inside it")
        self._open = True
        try:
            with _driver_errors(), self._counted():
                if durable is not self._durable:
                    dialect.set_durable(self.connection, durable=durable)
                    self._durable = durable
                with self.connection.begin():
                    yield
                self._be_patient(True)
        finally:
            self._open = False

    def forget(self) -> None:
        """Leave nothing of what was deleted in the write-ahead log."""
        with _driver_errors(), self._counted():
            dialect.forget(self.connection)

    def close(self) -> None:
        """Close it; it cannot be used again."""
        self.connection.close()
        self.connection.engine.dispose()

    @contextmanager
    def _counted(self) -> Generator[None]:
        try:
            yield
        except (Unavailable, DBAPIError, *dialect.DRIVER_ERRORS) as error:
            self.failures += 1
            self.troubled = True
            self.damaged = self.damaged or dialect.is_damage(getattr(error, "orig", error))
            self._be_patient(False)
            raise

    def _be_patient(self, patient: bool) -> None:
        if patient is not self._patient:
            dialect.set_patience(self.connection, patient=patient)
            self._patient = patient

    def _compile(self, statement: Executable) -> _Compiled:
        compiled = _COMPILED.get((self.dialect, statement))
        if compiled is None:
            made: Any = statement.compile(dialect=self.connection.dialect)  # type: ignore[attr-defined]
            fixed = {name: bind.value for name, bind in made.binds.items() if not bind.required}
            compiled = _COMPILED[self.dialect, statement] = str(made), tuple(made.positiontup or ()), fixed
        return compiled


def open_database(url: str) -> Database:
    """Connect; ``Unavailable`` when it cannot be opened."""
    with _driver_errors():
        return Database(dialect.connect(url))


@contextmanager
def _driver_errors() -> Generator[None]:
    """The driver's own words hold no values; a statement of SQLAlchemy's would."""
    try:
        yield
    except DBAPIError as error:
        raise Unavailable("database", _line(error.orig)) from None
    except dialect.DRIVER_ERRORS as error:
        raise Unavailable("database", _line(error)) from None


def _line(error: BaseException | None) -> str:
    return (str(error).splitlines() or ["it fails"])[0][:120]
