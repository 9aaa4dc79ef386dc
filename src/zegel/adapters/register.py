"""The demo register: what an office knows of its people, as plain data in an SQLite file, and their log-in.

It stands for the register of a country, which would be elsewhere and not in the clear. Passwords are kept as Argon2id
hashes even here.
"""

import hmac
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any, Final, final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, bindparam, select

from zegel.adapters.hashing import in_hashing_thread
from zegel.adapters.sql.database import Database, open_database
from zegel.adapters.sql.dialect import upsert
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.formats.claims import Claims
from zegel.services.ports import Clock, Person

_METADATA: Final = MetaData()
_persons: Final = Table(
    "persons",
    _METADATA,
    Column("id", String(64), primary_key=True),  # also the log-in name
    Column("salt", LargeBinary(16), nullable=False),
    Column("password", LargeBinary(32), nullable=False),
    Column("portrait", LargeBinary, nullable=False),
)
_entries: Final = Table(
    "entries",
    _METADATA,
    Column("person", String(64), primary_key=True),
    Column("type", String(64), primary_key=True),  # empty for what every type shares
    Column("claims", String, nullable=False),  # JSON
)
_BY_ID: Final = select(_persons).where(_persons.c.id == bindparam("id_"))
_ALL: Final = select(_entries.c.person, _entries.c.claims).where(_entries.c.type == "").order_by(_entries.c.person)
_ENTRY: Final = select(_entries.c.claims).where(
    _entries.c.person == bindparam("person_"), _entries.c.type == bindparam("type_")
)

_SHARED: Final = ""
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_MEMORY_KIB: Final = 19_456  # the least that OWASP's cheat sheet names for Argon2id, so that a log-in takes some 50 ms
_ITERATIONS: Final = 2
_AGES: Final = (13, 15, 16, 18, 21, 60, 65)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """One of the demo people, as the data file has them. ``claims`` by type; the empty type is shared by all."""

    id: str
    password: str
    portrait: bytes
    claims: Mapping[str, Claims]


@final
class Register:
    """A ``PersonSource`` with passwords. ``id`` and log-in name are the same."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def people(self) -> tuple[Person, ...]:
        """Everyone in the register."""
        with self._database.transaction():
            rows = self._database.run(_ALL, {}).fetchall()
        return tuple(_person(id_, json.loads(shared)) for id_, shared in rows)

    async def load_claims(self, person: str, type_: str) -> Claims | None:
        """See ``PersonSource``; ages follow from the birth date at this moment."""
        with self._database.transaction():
            row = self._database.run(_BY_ID, {"id_": person}).fetchone()
            shared, own = self._entry(person, _SHARED), self._entry(person, type_)
        if row is None or shared is None or own is None:
            return None
        today = datetime.fromtimestamp(self._clock.now(), UTC).date()
        return {**_ages(date.fromisoformat(shared["birth_date"]), today), "portrait": row[3], **shared, **own}

    def foresees(self, type_: str) -> bool:  # noqa: ARG002 of every type
        """See ``PersonSource``."""
        return True

    async def verify_password(self, login: str, password: str) -> Person:
        """Who logs in; ``Rejected(LOG_IN)`` for an unknown name and a wrong password alike, after the same time."""
        with self._database.transaction():
            row = self._database.run(_BY_ID, {"id_": login}).fetchone()
            shared = self._entry(login, _SHARED)
        _, salt, expected, _ = row or ("", bytes(_SALT_BYTES), bytes(_HASH_BYTES), b"")
        given = await in_hashing_thread(_hash, password, salt)
        if not hmac.compare_digest(given, expected) or shared is None:
            raise Rejected(Check.LOG_IN, "the name and the password do not belong together")
        return _person(login, shared)

    async def change(self, person: str, type_: str, claims: Claims) -> None:
        """Give a person other claims for a type, in place of all that stood there; the empty type is shared."""
        with self._database.transaction(durable=True):
            if self._database.run(_BY_ID, {"id_": person}).fetchone() is None:
                raise Unavailable("register", "there is no such person")
            self._write(person, type_, claims)

    def add(self, people: tuple[DemoPerson, ...], *, random: Callable[[int], bytes]) -> None:
        """Enter people, with hashes of their passwords."""
        with self._database.transaction(durable=True):
            statement = upsert(self._database.dialect, _persons, "salt", "password", "portrait", if_expired=False)
            for person in people:
                salt = random(_SALT_BYTES)
                row = {"salt": salt, "password": _hash(person.password, salt), "portrait": person.portrait}
                self._database.run(statement, {"id": person.id, **row})
                for type_, claims in person.claims.items():
                    self._write(person.id, type_, claims)

    def close(self) -> None:
        """Close the register."""
        self._database.close()

    def _entry(self, person: str, type_: str) -> dict[str, Any] | None:
        row = self._database.run(_ENTRY, {"person_": person, "type_": type_}).fetchone()
        return None if row is None else json.loads(row[0])

    def _write(self, person: str, type_: str, claims: Claims) -> None:
        statement = upsert(self._database.dialect, _entries, "claims", if_expired=False)
        text = json.dumps(claims, ensure_ascii=False)
        self._database.run(statement, {"person": person, "type": type_, "claims": text})


def open_register(url: str, *, clock: Clock, random: Callable[[int], bytes]) -> Register:
    """Open the register; a new one gets the demo people. ``Unavailable`` when it cannot be opened."""
    database = open_database(url)
    try:
        with database.transaction():
            _METADATA.create_all(database.connection)
            empty = database.run(_ALL, {}).fetchone() is None
        register = Register(database, clock=clock)
        if empty:
            register.add(demo_people(), random=random)
    except BaseException:
        database.close()
        raise
    return register


def demo_people() -> tuple[DemoPerson, ...]:
    """The people of the data file."""
    folder = files("zegel.adapters.demo_people")
    document = tomllib.loads(folder.joinpath("people.toml").read_text(encoding="utf-8"))
    return tuple(
        DemoPerson(
            id=entry.pop("id"),
            password=entry.pop("password"),
            portrait=folder.joinpath(portrait).read_bytes() if (portrait := entry.pop("portrait")) else b"",
            claims={_SHARED: entry.pop("record"), **entry},
        )
        for entry in document["people"]
    )


def _person(id_: str, shared: Mapping[str, Any]) -> Person:
    return Person(id=id_, name=f"{shared['given_name']} {shared['family_name']}")


def _ages(birth: date, today: date) -> dict[str, int]:
    years = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    over = {f"age_over_{age}": years >= age for age in _AGES}
    return {"age_in_years": years, "age_birth_year": birth.year, **over}


def _hash(password: str, salt: bytes) -> bytes:
    kdf = Argon2id(salt=salt, length=_HASH_BYTES, iterations=_ITERATIONS, lanes=1, memory_cost=_MEMORY_KIB)
    return kdf.derive(password.encode())
