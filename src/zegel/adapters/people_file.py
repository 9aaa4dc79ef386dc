"""People from a CSV file: a row a person, a column a claim, by the catalogue's data identifiers.

The column ``id`` is the reference. A cell is text; for a number it is digits, for true or false one of these words, for
an array or an object JSON, for bytes base64url. An empty cell is no claim. A person has every attestation type whose
mandatory claims the row holds.
"""

import csv
import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final, final

from zegel.adapters.files import read_file
from zegel.errors import Malformed, Unavailable
from zegel.formats.catalogue.types import Catalogue, ValueRule, ValueType
from zegel.formats.claims import Claim, Claims

MAX_FILE: Final = 1 << 26  # a hundred thousand people without portraits
_WHAT: Final = "people file"
_ID: Final = "id"
_WORDS: Final[Mapping[str, bool]] = {"true": True, "false": False}


@final
class PeopleFile:
    """A ``PersonSource`` from a file that was read once."""

    def __init__(self, people: Mapping[str, Mapping[str, str]], *, catalogue: Catalogue) -> None:
        self._people = people
        self._catalogue = catalogue

    async def load_claims(self, person: str, type_: str) -> Claims | None:
        """See ``PersonSource``; ``Unavailable`` names the column of a cell that is not of its claim's kind."""
        row, known = self._people.get(person), self._catalogue.types.get(type_)
        if row is None or known is None or any(claim.mandatory and claim.id not in row for claim in known.claims):
            return None
        return {claim.id: _value(row[claim.id], claim.rule, claim.id) for claim in known.claims if claim.id in row}


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
            person = row.pop(_ID, "")
            if not person or person in people:
                raise Malformed(_WHAT, where, "expected an id that no other row has")
            people[person] = row
    except csv.Error:
        raise Malformed(_WHAT, f"line {reader.line_num}", "expected comma-separated values") from None
    return people


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
