"""``zegel hcert issue --csv``: a certificate for each row of a table, each signed once however often it is run.

The table is read through before anything is signed. The record of a row, which is its code, is written before it is
drawn: who is interrupted runs the same again, and finds what is on record left as it is, and drawn where it was not.
"""

import csv
from argparse import Namespace
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO, final

from zegel.adapters.code_pictures import Form, draw_code
from zegel.adapters.files import create_owner_only, holding, make_owner_only_folder, os_errors, read_file
from zegel.cli.output import ACCEPTED, MALFORMED, exit_code, in_text, print_data, print_text, report, say
from zegel.errors import Malformed, Rejected, Unavailable, ZegelError, explain
from zegel.formats.hcert.issue import HealthAuthority
from zegel.primitives.json import MAX_BYTES, encode_json, parse_object
from zegel.services.health_issuing import IssuedRow, Row, issue_rows, read_columns

STEP: Final = 100  # rows from one word of progress to the next: a second or two of drawing


@final
@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where certificates are kept: for each row, by its number, a record and a picture."""

    folder: Path
    form: Form

    def recorded(self, number: int) -> str | None:
        """The code on record; ``Malformed`` where there is a picture alone, or something else."""
        path = self._record(number)
        if path.exists():
            code = parse_object(read_file(path, max_bytes=MAX_BYTES), what=path.name).get("code")
            if type(code) is not str:
                raise Malformed(path.name, "code", "expected text")
            return code
        if self._picture(number).exists():
            raise Malformed(self._picture(number).name, "", f"expected {path.name} beside it; move it elsewhere")
        return None

    def record(self, number: int, code: str) -> None:
        """Put a code on record, whole or not at all."""
        create_owner_only(self._record(number), encode_json({"id": number, "code": code}) + b"\n")

    def draw(self, number: int, code: str) -> None:
        """Draw it, unless that was done."""
        picture = self._picture(number)
        if not picture.exists():
            create_owner_only(picture, draw_code(code, self.form))

    def _record(self, number: int) -> Path:
        return self.folder / f"{number:06d}.json"

    def _picture(self, number: int) -> Path:
        return self.folder / f"{number:06d}.{self.form}"


@final
@dataclass(slots=True)
class _Tally:
    """What became of the rows."""

    issued: int = 0
    already: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, stopped: str | None, *, as_json: bool) -> None:
        """Print it. ``stopped`` is why it is not about every row, None where it is."""
        if as_json:
            print_data({"issued": self.issued, "already": self.already, "refused": self.refused, "stopped": stopped})
        else:
            counted = f"issued {self.issued}, already issued {self.already}, refused {len(self.refused)}"
            lines = [f"row {each['row']} refused: {in_text(each['detail'])}" for each in self.refused]
            print_text("\n".join([counted, *lines]))


def issue_table(args: Namespace, authority: HealthAuthority, *, issued_at: int, expires: int) -> int:
    """Row by row: the table may be as long as the register is."""
    if args.to is None:
        raise Malformed("command line", "--to", "expected a folder for the certificates of the table")
    path, shelf, tally = Path(args.csv), _Shelf(args.to, "pdf" if args.form == "pdf" else "png"), _Tally()
    with os_errors(path), path.open(newline="", encoding="utf-8-sig") as table:
        if not table.seekable():
            raise Unavailable(str(path), "expected a file, for a table is read twice")
        deque(_rows(table, path), maxlen=0)  # whatever is wrong with the file is said before anything is signed
        make_owner_only_folder(args.to)
        with holding(args.to, taken="certificates are being issued into it"):
            rows = issue_rows(
                _rows(table, path), authority=authority, issued_at=issued_at, expires=expires, recorded=shelf.recorded
            )
            try:
                for row in rows:
                    _take(row, shelf, tally)
            except ZegelError as error:
                tally.tell(str(error), as_json=args.json)
                report(error, as_json=False)
                return exit_code(error)
            except KeyboardInterrupt:
                tally.tell("interrupted", as_json=args.json)
                raise
    tally.tell(None, as_json=args.json)
    return MALFORMED if tally.refused else ACCEPTED


def _rows(table: TextIO, path: Path) -> Iterator[Row]:
    """The rows of a table from its beginning; ``Malformed`` names a column, or the line that is no CSV in UTF-8."""
    table.seek(0)
    reader = csv.DictReader(table, strict=True)
    try:
        read_columns(reader.fieldnames or ())
        yield from reader
    except csv.Error:
        raise Malformed("table", f"line {reader.reader.line_num}", "expected CSV") from None
    except UnicodeDecodeError:
        raise Malformed("table", f"line {_undecoded(path)}", "expected UTF-8") from None


def _undecoded(path: Path) -> int:
    with path.open("rb") as file:
        lines = enumerate(file, start=1)
        return next((number for number, line in lines if line.decode(errors="ignore").encode() != line), 0)


def _take(row: IssuedRow, shelf: _Shelf, tally: _Tally) -> None:
    if isinstance(row.issued, ZegelError):
        tally.refused.append(_refused(row.number, row.issued))
    else:
        if row.anew:
            shelf.record(row.number, row.issued)
        tally.issued += row.anew
        tally.already += not row.anew
        shelf.draw(row.number, row.issued)
    if row.number % STEP == 0:
        say(f"{row.number} rows, {tally.issued} issued")


def _refused(number: int, error: ZegelError) -> dict[str, Any]:
    said = explain(error)
    remedy = f"; {said.remedy}" if isinstance(error, Rejected) else ""  # what does not parse says it itself
    return {"row": number, "check": said.check, "field": said.field, "detail": f"{error}{remedy}"}
