"""The schema and its migrations, which run when a store opens."""

from importlib.resources import files
from typing import Final

from sqlalchemy import Connection, inspect, text

from zegel.adapters.sql.tables import METADATA, REGISTER_WORDS, SCHEMA
from zegel.errors import Unavailable

VERSION_TABLE: Final = "alembic_version"


def migrate(connection: Connection) -> None:
    """Bring the database to this schema, in the transaction that is open; ``Unavailable`` when it is newer."""
    current = _version_of(connection)
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
    """Make the tables at once, for a database that lives in memory."""
    METADATA.create_all(connection)
    connection.execute(text(REGISTER_WORDS))


def _version_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 a constant
