"""The schema and its migrations, which run when a store opens."""

from importlib.resources import files
from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    Executable,
    MetaData,
    String,
    Table,
    insert,
    inspect,
    literal_column,
    select,
    table,
    text,
)

from zegel.adapters.sql.database import Database
from zegel.adapters.sql.tables import METADATA, REGISTER_WORDS, SCHEMA
from zegel.errors import Unavailable

VERSION_TABLE: Final = "alembic_version"
TABLES: Final = frozenset({*METADATA.tables, VERSION_TABLE, "register_words"})
"""What there is in a file of this schema."""

_READ: Final[tuple[Executable, ...]] = (
    *(select(each).limit(1) for each in METADATA.sorted_tables),  # whole rows: less is read from an index alone
    select(literal_column("1")).select_from(table("register_words")).limit(1),
)

_versions: Final = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))


def migrate(connection: Connection) -> None:
    """Bring the database to this schema, in the transaction that is open; ``Unavailable`` when it is newer."""
    there = inspect(connection).get_table_names()
    if not there:
        create(connection)
        _versions.create(connection)
        connection.execute(insert(_versions).values(version_num=SCHEMA))
    else:
        upgrade(connection, _version_of(connection) if VERSION_TABLE in there else None)


def upgrade(connection: Connection, current: str | None) -> None:
    """Run the migrations that come after ``current``: all of them on a database of no version."""
    if current == SCHEMA:
        return
    # imported where they are needed: a tenth of a second that few starts need
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(files("zegel.adapters.sql") / "migrations"))
    known = {revision.revision for revision in script.walk_revisions()}
    if current is not None and current not in known:
        raise Unavailable("database", f"its schema {current[:40]} is not one of this zegel's; run the newer zegel")
    context = MigrationContext.configure(connection)
    with Operations.context(context):
        for revision in reversed(list(script.iterate_revisions(SCHEMA, current or "base"))):
            revision.module.upgrade()
            context.stamp(script, revision.revision)


def create(connection: Connection) -> None:
    """Make the tables at once in an empty database, as all migrations together would."""
    METADATA.create_all(connection)
    if connection.dialect.name == "sqlite":
        connection.execute(text(REGISTER_WORDS))


def read_tables(database: Database) -> None:
    """Read the first row of each table, in the transaction that is open; the driver's error for one that is missing."""
    for statement in _READ:
        database.run(statement, {}).fetchone()


def _version_of(connection: Connection) -> str | None:
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 a constant
