"""Health certificates for the people of a table: a row each, its columns named as the schema names its members."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from zegel.errors import Malformed, Rejected, ZegelError
from zegel.formats.hcert.certificate import parse_health_certificate
from zegel.formats.hcert.issue import REMEDY, VERSION, HealthAuthority
from zegel.formats.hcert.schema import ENTRY_MEMBERS, MAX_TEXT, NAME_MEMBERS, Kind

MAX_DIGITS: Final = 4  # of a number in a table, which is that of a dose
_WHAT: Final = "table"
_NUMBERS: Final = frozenset({"dn", "sd"})
_TELLING: Final[Mapping[str, Kind]] = {"dt": Kind.VACCINATION, "sc": Kind.TEST, "fr": Kind.RECOVERY}
"""The one column that each kind alone has, and needs."""

_BORN: Final = "dob"
_QUOTE: Final = "put a text with a comma in it in double quotes"
_COLUMNS: Final = frozenset({"ver", _BORN, *NAME_MEMBERS}).union(*ENTRY_MEMBERS.values())


Row: TypeAlias = Mapping[str | None, str | list[str] | None]
"""As ``csv.DictReader`` has it: cells beyond the columns are a list without a name, those that are missing are None."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedRow:
    """What became of a row, by its number from 1: the text of its code, or the error for which there is none.

    ``anew`` is whether that was signed now, or is on record.
    """

    number: int
    issued: str | ZegelError
    anew: bool


def read_columns(names: Sequence[str]) -> tuple[str, ...]:
    """The columns of a table; ``Malformed`` for one that the schema has no member for, one that is there twice, and
    none for the date of birth, which the schema wants even of somebody for whom it is not known.

    One without a name is passed over, as are its cells.
    """
    headed = not _COLUMNS.isdisjoint(names)
    for position, name in enumerate(names, start=1):
        if name and name not in _COLUMNS:
            # without a column that is one, this is no header but the first person's row
            where = f"column {position}, {name[:MAX_TEXT]}" if headed else f"column {position}"
            raise Malformed(_WHAT, where, f"expected columns that the schema has members for; {REMEDY}")
        if name and names.count(name) > 1:
            raise Malformed(_WHAT, name, "expected each column once")
    if _BORN not in names:
        raise Malformed(_WHAT, _BORN, "expected this column; a cell of it is empty where the date is not known")
    return tuple(names)


def issue_rows(
    rows: Iterator[Row],
    *,
    authority: HealthAuthority,
    issued_at: int,
    expires: int,
    recorded: Callable[[int], str | None],
) -> Iterator[IssuedRow]:
    """Issue for each row, one by one; one that the schema or the signer's certificate refuses is passed over.

    ``recorded`` has the code on record by the number of a row, and None for none: what was issued for the same row is
    issued already, and where it was for another the row is refused.
    """
    for number, row in enumerate(rows, start=1):
        code: str | None = None
        try:
            payload, code = payload_of(row), recorded(number)
            if code is None:
                issued: str | ZegelError = authority.issue(payload, issued_at=issued_at, expires=expires)
            else:
                issued = _parse_own(code, payload, authority)
        except (Malformed, Rejected) as error:
            issued = error
        yield IssuedRow(number=number, issued=issued, anew=code is None)


def payload_of(row: Row) -> dict[str, Any]:
    """The payload of a row; empty cells are members that are not there.

    ``Malformed`` where a row has no kind, and where it has more cells than there are columns, or fewer.
    """
    # RFC 4180 section 2.4: each line should contain the same number of fields; a comma that is not quoted shifts them
    if None in row or None in row.values():
        raise Malformed(_WHAT, "", f"expected a cell for each column; {_QUOTE}")
    members = {name: text.strip() for name, text in row.items() if name and isinstance(text, str) and text.strip()}
    kinds = [kind for column, kind in _TELLING.items() if column in members]
    if len(kinds) != 1:
        raise Malformed(_WHAT, "dt, sc, fr", "expected one of the three: a vaccination, a test or a recovery")
    name = {part: members.pop(part) for part in NAME_MEMBERS if part in members}
    born, version = members.pop(_BORN, ""), members.pop("ver", VERSION)
    entry = {column: _number(column, text) if column in _NUMBERS else text for column, text in members.items()}
    return {"ver": version, "nam": name, "dob": born, kinds[0].value: [entry]}


def _parse_own(code: str, payload: Mapping[str, Any], authority: HealthAuthority) -> str:
    """The code on record, where it says what the row says; ``Malformed`` for what is another's."""
    try:
        own = parse_health_certificate(code.encode(errors="replace"))
        signed = (own.unverified_payload, own.unverified_issuer, own.kid)
    except Malformed:
        signed = None
    if signed != (payload, authority.country, authority.document_signer.kid):
        raise Malformed(
            _WHAT, "", "expected on record what this row says, by this signer; issue it into another folder"
        )
    return code


def _number(column: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > MAX_DIGITS:
        raise Malformed(_WHAT, column, "expected a whole number")
    return int(text)
