"""``zegel hcert issue``: a health authority's signing, one certificate or a table of them, to be sent or printed."""

import csv
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, Final

from zegel.adapters.code_pictures import draw_code
from zegel.adapters.files import create_owner_only, make_owner_only_folder, os_errors
from zegel.adapters.keyfiles import load_signer
from zegel.cli.hcert_inspect import country_code, moment_of
from zegel.cli.input import read_input
from zegel.cli.output import ACCEPTED, MALFORMED, in_text, print_data, print_text, say
from zegel.errors import Malformed, Rejected, ZegelError, explain
from zegel.formats.hcert.issue import HealthAuthority, check_times
from zegel.formats.hcert.keys import parse_signer
from zegel.primitives.json import MAX_BYTES, encode_json, parse_object
from zegel.primitives.keys import Curve
from zegel.primitives.x509 import DAY
from zegel.services.health_issuing import issue_rows, read_columns

MAX_DAYS: Final = 3_660  # ten years; the longest that a state has given its certificates is two
STEP: Final = 100  # rows from one word of progress to the next: a second or two of drawing
_COMMAND_LINE: Final = "command line"
_FORMS: Final = ("png", "pdf")


def add_issue_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("payload", metavar="FILE", nargs="?", help="JSON by the published schema; - reads stdin")
    parser.add_argument("--csv", metavar="FILE", help="a row a certificate instead; columns as the schema's members")
    parser.add_argument("--to", metavar="PATH", type=Path, help="a picture to make; with --csv the folder for all")
    parser.add_argument("--form", choices=_FORMS, default="png", help="of the pictures of --csv (default: png)")
    parser.add_argument("--key", metavar="PATH", type=Path, required=True, help="the document signer's key, PEM")
    parser.add_argument("--chain", metavar="PEM", type=Path, required=True, help="its certificate")
    parser.add_argument("--country", metavar="CC", required=True, help="who issues, as BE")
    parser.add_argument("--days", metavar="N", type=int, default=180, help="how long it is valid (default: 180)")
    parser.add_argument("--at", metavar="TIME", help="issue as at this time (default: now)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def issue(args: Namespace) -> int:
    """Issue, and print the code; of a table, how many were issued and which rows were not."""
    if (args.payload is None) == (args.csv is None):
        raise Malformed(_COMMAND_LINE, "FILE", "expected one payload, or --csv with a table of them")
    if not 1 <= args.days <= MAX_DAYS:
        raise Malformed(_COMMAND_LINE, "--days", f"expected 1 to {MAX_DAYS}")
    signer = load_signer(args.key, args.chain)
    if signer.signer.public_key.curve is not Curve.P256:
        raise Malformed(_COMMAND_LINE, "--key", "expected a key on P-256, by which health certificates are signed")
    country, issued_at = country_code(args.country, "--country"), moment_of(args)
    expires = issued_at + args.days * DAY
    # before a table is read: no row could be issued outside these times
    listed = check_times(parse_signer(signer.certificates[0].der), issued_at=issued_at, expires=expires)
    authority = HealthAuthority(signer=signer.signer, document_signer=listed, country=country)
    if args.csv is not None:
        return _issue_table(args, authority, issued_at, expires)
    payload = parse_object(read_input(args.payload, max_bytes=MAX_BYTES, what="payload"), what="payload")
    code = authority.issue(payload, issued_at=issued_at, expires=expires)
    if args.to is not None:
        _draw(args.to, code)
    if args.json:
        print_data({"code": code, "kid": listed.kid.hex(), "issued": issued_at, "expires": expires})
    else:
        print_text(code)
    return ACCEPTED


def _issue_table(args: Namespace, authority: HealthAuthority, issued_at: int, expires: int) -> int:
    """Row by row: the table may be as long as the register is."""
    if args.to is None:
        raise Malformed(_COMMAND_LINE, "--to", "expected a folder for the certificates of the table")
    refused: list[dict[str, Any]] = []
    issued = 0
    path = Path(args.csv)
    with os_errors(path), path.open(newline="", encoding="utf-8-sig") as table:
        reader = csv.DictReader(table)
        rows = issue_rows(reader, authority=authority, issued_at=issued_at, expires=expires)
        try:
            read_columns(reader.fieldnames or ())
            make_owner_only_folder(args.to)
            for row in rows:
                if isinstance(row.issued, ZegelError):
                    refused.append(_refused(row.number, row.issued))
                else:
                    issued += 1
                    _keep(args.to, args.form, row.number, row.issued)
                if row.number % STEP == 0:
                    say(f"{row.number} rows, {issued} issued")
        except (csv.Error, UnicodeDecodeError):
            raise Malformed("table", "", "expected CSV in UTF-8") from None
    if args.json:
        print_data({"issued": issued, "refused": refused})
    else:
        lines = [f"row {each['row']} refused: {in_text(each['detail'])}" for each in refused]
        print_text("\n".join([f"issued {issued}, refused {len(refused)}", *lines]))
    return MALFORMED if refused else ACCEPTED


def _refused(number: int, error: ZegelError) -> dict[str, Any]:
    said = explain(error)
    remedy = f"; {said.remedy}" if isinstance(error, Rejected) else ""  # what does not parse says it itself
    return {"row": number, "check": said.check, "field": said.field, "detail": f"{error}{remedy}"}


def _keep(folder: Path, form: str, number: int, code: str) -> None:
    create_owner_only(folder / f"{number:06d}.{form}", draw_code(code, "pdf" if form == "pdf" else "png"))
    create_owner_only(folder / f"{number:06d}.json", encode_json({"id": number, "code": code}) + b"\n")


def _draw(path: Path, code: str) -> None:
    form = path.suffix.lower().removeprefix(".")
    if form not in _FORMS:
        raise Malformed(_COMMAND_LINE, "--to", "expected a file that ends in .png or .pdf")
    create_owner_only(path, draw_code(code, "pdf" if form == "pdf" else "png"))
