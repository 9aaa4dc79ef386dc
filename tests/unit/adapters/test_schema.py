import sqlite3
from functools import partial
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql
from zegel_testing.authorities import NOW

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql import dialect, issuances, schema, statuses, tables, transaction
from zegel.adapters.sql.database import open_database
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.errors import Unavailable

pytestmark = pytest.mark.anyio


def described(path: Path) -> list[tuple[object, ...]]:
    """Tables, columns, indexes and version, whatever the spelling of the statements that made them."""
    connection = sqlite3.connect(path)
    names = "SELECT type, name, tbl_name FROM sqlite_schema ORDER BY type, name"
    found: list[tuple[object, ...]] = connection.execute(names).fetchall()
    for kind, name, _ in list(found):
        pragmas = ("table_info", "table_list") if kind == "table" else ("index_xinfo",)
        for pragma in pragmas:
            found += connection.execute(f"PRAGMA {pragma}({name})").fetchall()
        if kind == "table":
            unique = f"SELECT name, \"unique\", origin, partial FROM pragma_index_list('{name}') ORDER BY name"
            found += connection.execute(unique).fetchall()
    found += connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    return found


def test_the_migrations_make_the_tables_as_they_are_declared(tmp_path: Path) -> None:
    """An empty database has them made at once, and goes on from there with the next zegel's migrations."""
    make = {"migrated": partial(schema.upgrade, current=None), "made": schema.migrate}
    for name, bring in make.items():
        database = open_database(f"sqlite:///{tmp_path}/{name}.db")
        with database.transaction():
            bring(database.connection)
        database.close()
    assert described(tmp_path / "migrated.db") == described(tmp_path / "made.db")


def test_the_schema_is_the_last_migration() -> None:
    script = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert script.get_heads() == [tables.SCHEMA]


async def test_a_newer_schema_is_refused(store: SqlStore, url: str) -> None:
    store.close()
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(Unavailable, match="its schema 9999 is not one of this zegel's; run the newer zegel"):
        await open_store(url, key=b"k" * 32, clock=ManualClock(NOW), random=system_random)


async def test_a_migration_that_fails_leaves_nothing_behind(url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE issuances (id TEXT)")
    connection.close()
    with pytest.raises(Unavailable, match="already exists"):
        await open_store(url, key=b"k" * 32, clock=ManualClock(NOW), random=system_random)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall() == [("issuances",)]
    connection.close()


def test_every_statement_can_be_said_in_postgresql() -> None:
    written = [
        value
        for module in (transaction, statuses, issuances)
        for value in vars(module).values()
        if isinstance(value, Executable)
    ]
    written += [
        dialect.upsert("postgresql", tables.records, "value", if_expired=True),
        dialect.upsert("postgresql", tables.status_pages, "taken", if_expired=False),
    ]
    assert len(written) > 10
    for statement in written:
        assert str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[attr-defined]
