"""People from a CSV file: a row a person, a column a claim, by the catalogue's data identifiers.

The column ``id`` is the reference, and the name to log in with; ``access_code`` holds the Argon2id hash of the password
as a PHC string, such as ``$argon2id$v=19$m=19456,t=2,p=1$...``, which any Argon2 program makes. Who has none cannot log
in. A cell is text; for a number it is digits, for true or false one of these words, for an array or an object JSON, for
bytes base64url. An empty cell is no claim. A person has every attestation type whose mandatory claims the row holds.
"""

import csv
import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final, final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from zegel.adapters.files import read_file
from zegel.adapters.hashing import in_hashing_thread
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.catalogue.types import Catalogue, ValueRule, ValueType
from zegel.formats.claims import Claim, Claims
from zegel.services.ports import Person

MAX_FILE: Final = 1 << 26  # a hundred thousand people without portraits
_WHAT: Final = "people file"
_ID: Final = "id"
_ACCESS_CODE: Final = "access_code"
_HASH: Final = "$argon2id$"
# What is looked at for somebody who is not there, so that an answer takes as long as for somebody who is.
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$6IwXBIXp5n9O+BFwmQy5pdZeZq+2m6wh7he5vAI/IS0"
_WORDS: Final[Mapping[str, bool]] = {"true": True, "false": False}


@final
class PeopleFile:
    """A ``PasswordSource`` from a file that was read once."""

    def __init__(self, people: Mapping[str, Mapping[str, str]], *, catalogue: Catalogue) -> None:
        self._people = people
        self._catalogue = catalogue

    async def load_claims(self, person: str, type_: str) -> Claims | None:
        """See ``PersonSource``; ``Unavailable`` names the column of a cell that is not of its claim's kind."""
        row, known = self._people.get(person), self._catalogue.types.get(type_)
        if row is None or known is None or any(claim.mandatory and claim.id not in row for claim in known.claims):
            return None
        return {claim.id: _value(row[claim.id], claim.rule, claim.id) for claim in known.claims if claim.id in row}

    async def people(self) -> tuple[Person, ...]:
        """See ``PasswordSource``."""
        return tuple(_person(id_, row) for id_, row in self._people.items())

    def foresees(self, type_: str) -> bool:  # noqa: ARG002 of every type
        """See ``PersonSource``."""
        return True

    async def verify_password(self, login: str, password: str) -> Person:
        """See ``PasswordSource``; an unknown name and a wrong code are refused alike, after the same time."""
        row = self._people.get(login, {})
        known = await in_hashing_thread(_fits, password, row.get(_ACCESS_CODE, _NOBODY))
        if not known or _ACCESS_CODE not in row:
            raise Rejected(Check.LOG_IN, "the name and the password do not belong together")
        return _person(login, row)


def load_people_file(path: Path, *, catalogue: Catalogue) -> PeopleFile:
    """Read a CSV file; ``Unavailable`` when it is missing, ``Malformed`` for a wrong header, row or repeated id."""
    try:
        text = read_file(path, max_bytes=MAX_FILE).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed(_WHAT, "", "expected UTF-8") from None
    return PeopleFile(parse_people(text), catalogue=catalogue)


def parse_people(text: str) -> dict[str, dict[str, str]]:
    """The cells that are not empty, by person and column."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    people: dict[str, dict[str, str]] = {}
    try:
        header = next(reader, [])
        if _ID not in header or len(set(header)) != len(header):
            raise Malformed(_WHAT, "line 1", "expected a column id, and each column once")
        for cells in reader:
            where = f"line {reader.line_num}"
            if len(cells) != len(header):
                raise Malformed(_WHAT, where, f"expected {len(header)} cells")
            row = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
            if not row.get(_ACCESS_CODE, _HASH).startswith(_HASH):
                raise Malformed(_WHAT, where, "expected an Argon2id hash as access_code, never the code itself")
            person = row.pop(_ID, "")
            if not person or person in people:
                raise Malformed(_WHAT, where, "expected an id that no other row has")
            people[person] = row
    except csv.Error:
        raise Malformed(_WHAT, f"line {reader.line_num}", "expected comma-separated values") from None
    return people


def _person(id_: str, row: Mapping[str, str]) -> Person:
    names = (row[name] for name in ("given_name", "family_name") if name in row)
    return Person(id=id_, name=" ".join(names) or id_)


def _fits(password: str, hashed: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(), hashed)
    except (InvalidKey, ValueError):  # ValueError: a hash with parameters that Argon2 does not allow
        return False
    return True


def _value(cell: str, rule: ValueRule, column: str) -> Claim:
    try:
        match rule.type:
            case ValueType.UINT:
                return int(cell)
            case ValueType.BOOL:
                return _WORDS[cell.lower()]
            case ValueType.ARRAY | ValueType.OBJECT:
                value: Any = json.loads(cell)
                return value  # type: ignore[no-any-return]
            case _:
                return cell
    except (ValueError, KeyError, RecursionError):
        raise Unavailable(_WHAT, f"column {column}: expected {rule.type}") from None
