"""``zegel hcert issue``: a health authority's signing, one certificate or a table of them, to be sent or printed."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from zegel.adapters.code_pictures import draw_code
from zegel.adapters.files import create_owner_only
from zegel.adapters.keyfiles import load_signer
from zegel.cli.hcert_inspect import country_code, moment_of
from zegel.cli.hcert_table import issue_table
from zegel.cli.input import read_input
from zegel.cli.output import ACCEPTED, print_data, print_text
from zegel.errors import Malformed
from zegel.formats.hcert.issue import HealthAuthority, check_times
from zegel.formats.hcert.keys import parse_signer
from zegel.primitives.json import MAX_BYTES, parse_object
from zegel.primitives.keys import Curve
from zegel.primitives.x509 import DAY

MAX_DAYS: Final = 3_660  # ten years; the longest that a state has given its certificates is two
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
        return issue_table(args, authority, issued_at=issued_at, expires=expires)
    payload = parse_object(read_input(args.payload, max_bytes=MAX_BYTES, what="payload"), what="payload")
    code = authority.issue(payload, issued_at=issued_at, expires=expires)
    if args.to is not None:
        _draw(args.to, code)
    if args.json:
        print_data({"code": code, "kid": listed.kid.hex(), "issued": issued_at, "expires": expires})
    else:
        print_text(code)
    return ACCEPTED


def _draw(path: Path, code: str) -> None:
    form = path.suffix.lower().removeprefix(".")
    if form not in _FORMS:
        raise Malformed(_COMMAND_LINE, "--to", "expected a file that ends in .png or .pdf")
    create_owner_only(path, draw_code(code, "pdf" if form == "pdf" else "png"))
