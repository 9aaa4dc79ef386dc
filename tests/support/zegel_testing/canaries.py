"""Canaries: values that stand nowhere else in the world, put where secrets are, and the search for them elsewhere."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.register import DemoPerson, _ages, demo_people
from zegel.errors import Rejected
from zegel.formats.catalogue.records import check_record
from zegel_testing.leaks import Secrets, found_in
from zegel_testing.wanted import Wanted

_SHARED = ""
_PORTRAIT = "portrait"
_DATE = re.compile(r"(19..|200.|201.|203.|204.)-..-..")  # of no year in which logs are written


def canary(random: Any, *, digits: bool = False) -> str:
    """A text of chance, in capitals and digits or in digits alone: short enough for an IBAN, too long to be met."""
    number = int.from_bytes(random(12))
    return f"{number % 10**19:019d}" if digits else f"QX{number % 36**12:x}".upper()[:18]


@dataclass(frozen=True)
class MarkedPerson:
    """Somebody whose every claim is a canary, as far as its form allows. ``canaries`` by type and claim;
    ``unmarked`` are the claims whose form leaves no room for one: of these, dates are looked for as they are."""

    person: DemoPerson
    canaries: Mapping[str, str]
    unmarked: frozenset[str]


def mark(person: DemoPerson, *, password: str, random: Any) -> MarkedPerson:
    """Put a canary into each text that the person's records hold, wherever the catalogue takes it."""
    claims: dict[str, Any] = {name: deepcopy(dict(record)) for name, record in person.claims.items()}
    canaries: dict[str, str] = {}
    unmarked: set[str] = set()
    for type_, record in claims.items():
        for where, holder, key in _leaves(record, type_ or "every type"):
            found = _marked(claims, person.portrait, holder, key, random)
            if found is None:
                unmarked.add(where)
                found = str(holder[key]) if _DATE.fullmatch(str(holder[key])) else None
            if found is not None:
                canaries[where] = found
    portrait = canary(random)
    canaries[_PORTRAIT] = portrait
    marked = replace(person, claims=claims, password=password, portrait=person.portrait + portrait.encode())
    return MarkedPerson(person=marked, canaries=canaries, unmarked=frozenset(unmarked))


def erika() -> DemoPerson:
    """Erika, as she is before anything is put into her records."""
    return next(person for person in demo_people() if person.id == "erika")


def _leaves(value: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """Each value that holds no other, by its place, the container that it stands in, and its key there."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in entries:
        at = f"{where}[{key}]" if isinstance(key, int) else f"{where}.{key}"
        if isinstance(inner, dict | list):
            yield from _leaves(inner, at)
        else:
            yield at, value, key


def _marked(claims: Mapping[str, Any], portrait: bytes, holder: Any, key: Any, random: Any) -> str | None:
    """Put a canary there in the first way that every type takes; None where none does, and all is as before."""
    before = holder[key]
    if isinstance(before, str):
        word, number = canary(random), canary(random, digits=True)
        ways = {
            f'{before} ĳ&"{word}': word,
            f"{before}-{word}": word,
            word: word,
            f"{word}@voorbeeld.example": word,
            f"https://voorbeeld.example/{word}": word,
            f"+{number}": number,
            f"UT99{word}": word,
        }
        for way, found in ways.items():
            holder[key] = way
            if _is_taken(claims, portrait):
                return found
    holder[key] = before
    return None


def _is_taken(claims: Mapping[str, Any], portrait: bytes) -> bool:
    types = load_catalogue().types
    try:
        ages = _ages(date.fromisoformat(claims[_SHARED]["birth_date"]), date(2026, 1, 1))
        for name in claims.keys() - {_SHARED}:
            check_record(types[name], {**ages, _PORTRAIT: portrait, **claims[_SHARED], **claims[name]})
    except (Rejected, ValueError):
        return False
    return True


@dataclass(frozen=True)
class Evidence:
    """What a run has left behind: texts that were written, shown or passed on, by what they are, and folders of files.

    ``apart`` are files, by the beginning of their path, that hold some of it on purpose.
    """

    texts: Mapping[str, bytes]
    folders: tuple[Path, ...]
    apart: tuple[Path, ...]

    def files(self) -> Iterator[Path]:
        """Every file in the folders, but for those apart."""
        for folder in self.folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not str(path).startswith(tuple(map(str, self.apart))):
                    yield path

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Everything to be searched: texts, files as they stand, and each column of each database by itself."""
        yield from self.texts.items()
        for path in self.files():
            data = path.read_bytes()
            yield path.name, data
            if data.startswith(b"SQLite format 3\0"):
                yield from _columns(path)


def _columns(path: Path) -> Iterator[tuple[str, bytes]]:
    """A value that lies across pages is whole here; a row that was deleted, and its page, is in the file alone."""
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            found = connection.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in found.description]
            columns: dict[str, list[bytes]] = {name: [] for name in names}
            for row in found:
                for name, value in zip(names, row, strict=True):
                    columns[name].append(value if isinstance(value, bytes) else str(value).encode())
            yield from ((f"{path.name} {table}.{name}", b"\n".join(values)) for name, values in columns.items())


def leaks(secrets: Secrets, evidence: Evidence, *, allowed: Iterable[tuple[str, str]] = ()) -> list[str]:
    """Which secret is found in what, in whatever spelling; ``allowed`` are pairs of both that are meant to be."""
    meant = set(allowed)
    wanted = Wanted(value for values in secrets.values() for value in values)
    return sorted(
        f"{name} in {place}"
        for place, content in evidence.contents()
        for found in [found_in(content, wanted)]
        for name, values in secrets.items()
        if (name, place) not in meant and not values.isdisjoint(found)
    )
