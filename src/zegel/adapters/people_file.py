"""People from a CSV file: a row a person, a column a claim, by the catalogue's data identifiers.

The column ``id`` is the reference, and the name to log in with; ``access_code`` holds the Argon2id hash of the password
as a PHC string, such as ``$argon2id$v=19$m=19456,t=2,p=1$...``, which any Argon2 program makes. Who has none cannot log
in. A cell is text; for a number it is digits, for true or false one of these words, for an array or an object JSON, for
bytes base64url. An empty cell is no claim. A person has every attestation type whose mandatory claims the row holds.

The file is looked at each time that somebody is asked about, and read again when it is another one.
"""

import asyncio
import csv
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Final, final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from zegel.adapters.files import read_file
from zegel.adapters.hashing import in_hashing_thread
from zegel.adapters.logs import Log
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.formats.catalogue.types import Catalogue, ValueRule, ValueType
from zegel.formats.claims import Claim, Claims
from zegel.services.ports import Person

MAX_FILE: Final = 1 << 26  # a hundred thousand people without portraits
_WHAT: Final = "people file"
_ID: Final = "id"
_ACCESS_CODE: Final = "access_code"
_PHC: Final = re.compile(  # https://github.com/P-H-C/phc-string-format, as RFC 9106's reference has it
    r"\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$([A-Za-z0-9+/]{1,128})\$([A-Za-z0-9+/]{1,128})"
)
_EXPECTED_HASH: Final = (
    "expected as access_code a hash of Argon2id in a PHC string, as $argon2id$v=19$m=19456,t=2,p=1$..., never the code "
    "itself"
)
# What is looked at for somebody who is not there, so that an answer takes as long as for somebody who is.
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$6IwXBIXp5n9O+BFwmQy5pdZeZq+2m6wh7he5vAI/IS0"
_KINDS: Final[Mapping[ValueType, str]] = {
    ValueType.UINT: "digits",
    ValueType.BOOL: "true or false",
    ValueType.ARRAY: "an array in JSON",
    ValueType.OBJECT: "an object in JSON",
}
_WORDS: Final[Mapping[str, bool]] = {"true": True, "false": False}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A person's cells that are not empty, by column, and the line of the file on which they end."""

    line: int
    cells: Mapping[str, str] = field(repr=False)


People = Mapping[str, Row]


@final
class PeopleFile:
    """A ``PasswordSource`` from a file, which is read again when it has changed.

    ``wrong`` is why it could not be read the last time, if it could not: then whoever stood there before counts on.
    """

    def __init__(self, path: Path, *, catalogue: Catalogue) -> None:
        self._path = path
        self._catalogue = catalogue
        self._seen = _stamp(path)
        self._people = _read(path)
        self._reading = asyncio.Lock()
        self.wrong: ZegelError | None = None

    async def follow(self) -> People:
        """Who stands in the file now. It is read once for each change, by a thread, and others wait for that.

        A file that is written in place may be read half; the next look finds that it has changed since.
        """
        if _stamp(self._path) == self._seen:
            return self._people
        async with self._reading:
            seen = _stamp(self._path)  # before it is read: what changes meanwhile is found by the next look
            if seen != self._seen:
                try:
                    self._people = await asyncio.to_thread(_read, self._path)
                    self.wrong = None
                except (Malformed, Unavailable) as error:
                    self.wrong = error
                    Log("issuer").write("people file", error=error)
                self._seen = seen
        return self._people

    async def load_claims(self, person: str, type_: str) -> Claims | None:
        """See ``PersonSource``; ``Unavailable`` names line and column of a cell that is not of its claim's kind."""
        row, known = (await self.follow()).get(person), self._catalogue.types.get(type_)
        if row is None or known is None or any(claim.mandatory and claim.id not in row.cells for claim in known.claims):
            return None
        return {claim.id: _value(row, claim.rule, claim.id) for claim in known.claims if claim.id in row.cells}

    async def people(self) -> tuple[Person, ...]:
        """See ``PasswordSource``."""
        return tuple(_person(id_, row.cells) for id_, row in (await self.follow()).items())

    def foresees(self, type_: str) -> bool:  # noqa: ARG002 of every type
        """See ``PersonSource``."""
        return True

    async def verify_password(self, login: str, password: str) -> Person:
        """See ``PasswordSource``; an unknown name and a wrong code are refused alike, after the same time."""
        row = (await self.follow()).get(login)
        cells: Mapping[str, str] = {} if row is None else row.cells
        known = await in_hashing_thread(_fits, password, cells.get(_ACCESS_CODE, _NOBODY))
        if not known or _ACCESS_CODE not in cells:
            raise Rejected(Check.LOG_IN, "the name and the password do not belong together")
        return _person(login, cells)

    def notices(self) -> tuple[str, ...]:
        """What its operator should look at."""
        if self.wrong is None:
            return ()
        return (f"{self.wrong}; whoever stood there before counts on",)


def load_people_file(path: Path, *, catalogue: Catalogue) -> PeopleFile:
    """Read a CSV file; ``Unavailable`` when it is missing, ``Malformed`` for a wrong header, row or repeated id."""
    return PeopleFile(path, catalogue=catalogue)


def _wrong(where: str, detail: str) -> Malformed:
    return Malformed(_WHAT, where, detail, check=Check.CONFIGURATION)


def _stamp(path: Path) -> tuple[int, ...]:
    """What is another when a file was changed, or replaced; nothing for one that is not there."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(path: Path) -> People:
    try:
        text = read_file(path, max_bytes=MAX_FILE).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong("", "expected UTF-8") from None
    return parse_people(text)


def parse_people(text: str) -> dict[str, Row]:
    """The persons of a file, by their ids."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    people: dict[str, Row] = {}
    try:
        header = next(reader, [])
        if _ID not in header or len(set(header)) != len(header):
            raise _wrong("line 1", "expected a column id, and each column once")
        for cells in reader:
            where = f"line {reader.line_num}"
            if len(cells) != len(header):
                raise _wrong(where, f"expected {len(header)} cells")
            row = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
            if _ACCESS_CODE in row and not _is_hash(row[_ACCESS_CODE]):
                raise _wrong(where, _EXPECTED_HASH)
            person = row.pop(_ID, "")
            if not person or person in people:
                raise _wrong(where, "expected an id that no other row has")
            people[person] = Row(line=reader.line_num, cells=row)
    except csv.Error:
        raise _wrong(f"line {reader.line_num}", "expected comma-separated values") from None
    return people


def _is_hash(text: str) -> bool:
    """Whether a password could be held against it: it has the form, and parameters that Argon2 allows (RFC 9106)."""
    found = _PHC.fullmatch(text)
    if found is None:
        return False
    memory, iterations, lanes, salt, hashed = found.groups()
    try:
        Argon2id(
            salt=b64decode(salt + "=" * (-len(salt) % 4), validate=True),
            length=len(b64decode(hashed + "=" * (-len(hashed) % 4), validate=True)),
            iterations=int(iterations),
            lanes=int(lanes),
            memory_cost=int(memory),
        )
    except (ValueError, OverflowError):
        return False
    return True


def _person(id_: str, row: Mapping[str, str]) -> Person:
    names = (row[name] for name in ("given_name", "family_name") if name in row)
    return Person(id=id_, name=" ".join(names) or id_)


def _fits(password: str, hashed: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(), hashed)
    except (InvalidKey, ValueError):  # ValueError: a hash with parameters that Argon2 does not allow
        return False
    return True


def _value(row: Row, rule: ValueRule, column: str) -> Claim:
    cell = row.cells[column]
    try:
        match rule.type:
            case ValueType.UINT:
                return int(cell)
            case ValueType.BOOL:
                return _WORDS[cell.lower()]
            case ValueType.ARRAY | ValueType.OBJECT:
                value: Any = json.loads(cell)
                if not isinstance(value, list if rule.type is ValueType.ARRAY else dict):
                    raise ValueError
                return value
            case _:
                return cell
    except (ValueError, KeyError, RecursionError):
        raise Unavailable(_WHAT, f"line {row.line}, column {column}: expected {_KINDS[rule.type]}") from None
