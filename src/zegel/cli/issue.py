"""``zegel issue``: one credential of a type of the catalogue, signed with a named key for a named key."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_signer
from zegel.cli.input import choices_of, read_input
from zegel.cli.output import ACCEPTED, print_data, print_text
from zegel.cli.verify import parse_time
from zegel.errors import Malformed
from zegel.formats.catalogue.records import check_record, mdoc_elements, sdjwt_claims
from zegel.formats.catalogue.types import AttestationType
from zegel.formats.credential import Format, StatusReference
from zegel.formats.status.entries import MAX_LARGE_LIST
from zegel.primitives.encoding import base64url
from zegel.primitives.http import origin_of
from zegel.primitives.json import MAX_BYTES, Json, parse_object
from zegel.primitives.keys import PublicKey, parse_jwk
from zegel.primitives.x509 import DAY
from zegel.services.issuing import mdoc_issuer, sdjwt_issuer


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("type", metavar="TYPE", help="an attestation type of the catalogue, such as pid")
    parser.add_argument(
        "--claims", metavar="FILE", required=True, help="JSON: the catalogue's claim ids; - reads stdin"
    )
    parser.add_argument(
        "--catalogue",
        metavar="FOLDER",
        type=Path,
        action="append",
        default=[],
        help="of your own types; repeatable",
    )
    parser.add_argument("--holder", metavar="JWK", required=True, help="the holder's public key: JSON, or its file")
    parser.add_argument("--key", metavar="PATH", type=Path, required=True, help="the signer's key, PEM")
    parser.add_argument("--chain", metavar="PEM", type=Path, required=True, help="its chain, leaf first, no anchor")
    parser.add_argument("--format", choices=choices_of(Format), default=None, help="default: the type's first")
    parser.add_argument("--status-uri", metavar="URI", help="the status list that it stands in")
    parser.add_argument("--status-index", metavar="N", type=int, help="and its entry there")
    parser.add_argument("--days", metavar="N", type=int, help="how long it is valid (default: the type's)")
    parser.add_argument("--at", metavar="TIME", help="issue as at this time; rounded to the day")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: Namespace) -> int:
    """Issue and print: an SD-JWT VC as it is, an mdoc in base64url."""
    type_ = _type(args.type, args.catalogue)
    format_ = Format(args.format) if args.format else type_.formats[0]
    type_.identifier(format_)
    credential = _issue(args, type_, format_)
    text = credential.decode() if format_ is Format.SD_JWT_VC else base64url(credential)
    if args.json:
        print_data({"format": str(format_), "type": type_.identifier(format_), "credential": text})
    else:
        print_text(text)
    return ACCEPTED


def _issue(args: Namespace, type_: AttestationType, format_: Format) -> bytes:
    claims = parse_object(read_input(args.claims, max_bytes=MAX_BYTES, what="claims"), what="claims")
    _refuse_unknown(claims, type_)
    record = check_record(type_, claims)
    signer, today = load_signer(args.key, args.chain), parse_time(args.at) // DAY * DAY
    status = _status(args.status_uri, args.status_index)
    until = today + _days(args.days, type_) * DAY
    holder = read_jwk(args.holder, option="--holder")
    match format_:
        case Format.SD_JWT_VC:
            return sdjwt_issuer(type_, signer).issue(
                sdjwt_claims(record),
                holder_key=holder,
                status=status,
                issued_at=today,
                valid_from=today,
                valid_until=until,
                random=system_random,
            )
        case Format.MDOC:
            return mdoc_issuer(type_, signer).issue(
                mdoc_elements(record),
                holder_key=holder,
                status=status,
                issued_at=today,
                valid_from=today,
                valid_until=until,
                random=system_random,
            )


def _refuse_unknown(names: Iterable[str], type_: AttestationType) -> None:
    """Somebody wrote the file for this type: what the type does not know is misspelled, and would be missing.

    A register holds more of a person than one type attests; there ``check_record`` leaves it out.
    """
    known = [claim.id for claim in type_.claims]
    elements = {claim.mdoc[1]: claim.id for claim in type_.claims if claim.mdoc is not None}
    for name in names:
        if name not in known:
            short = name[:_MAX_NAME]
            near = [elements[name]] if name in elements else get_close_matches(short, known)
            expected = " or ".join(near) or f"one of {', '.join(known)}"
            detail = f"the type {type_.id} has no claim {short}; expected {expected}"
            raise Malformed("claims", short, detail)


def _type(name: str, folders: Sequence[Path]) -> AttestationType:
    types = load_catalogue(folders).types
    if name not in types:
        raise Malformed("command line", "TYPE", f"expected one of {', '.join(types)}")
    return types[name]


def _status(uri: str | None, index: int | None) -> StatusReference | None:
    if uri is None and index is None:
        return None
    if uri is None or index is None or not 0 <= index < _MAX_INDEX:
        detail = f"expected a list's URI and an entry of it, from 0 to {_MAX_INDEX - 1}"
        raise Malformed("command line", "--status-uri and --status-index", detail)
    origin_of(uri, what="--status-uri")
    return StatusReference(uri=uri, index=index)


def _days(days: int | None, type_: AttestationType) -> int:
    if days is not None and not 0 < days <= _MAX_DAYS:
        raise Malformed("command line", "--days", f"expected 1 to {_MAX_DAYS} days")
    return type_.validity_days if days is None else days


_MAX_INDEX: Final = 8 * MAX_LARGE_LIST  # entries of one bit in the largest list that is read
_MAX_NAME: Final = 64  # characters of a claim's name that are repeated in a message
_MAX_DAYS: Final = 36_500  # a hundred years
_OPTION_LIMIT: Final = 10_000  # bytes of a public key; with a chain of three it has four thousand


def read_jwk(text: str, *, option: str) -> PublicKey:
    """A public key from the command line: JSON, - for stdin, or the path of a file."""
    return parse_jwk(read_jwk_members(text, option=option), what="command line", where=option)


def read_jwk_members(text: str, *, option: str) -> dict[str, Json]:
    """A public key from the command line as it was written, with its ``kid``; ``Malformed`` if it is none."""
    is_json = text.lstrip().startswith("{")
    data = text.encode() if is_json else read_input(text, max_bytes=_OPTION_LIMIT, what=option)
    members = parse_object(data, what=option)
    parse_jwk(members, what="command line", where=option)
    return members
