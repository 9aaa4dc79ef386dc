"""``zegel hcert``: health certificates, as the EU Digital COVID Certificate: shown, judged, issued."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, Final

from zegel.cli.batch_lines import UnreadableError, open_lines
from zegel.cli.hcert_batch import Terms, UnwrittenError, judge_batch, print_answers, say_grounds
from zegel.cli.hcert_inspect import country_code, form_words, inspect, moment_of, print_certificate, shown, time_text
from zegel.cli.hcert_issue import add_issue_arguments, issue
from zegel.cli.hcert_refresh import add_refresh_arguments, refresh
from zegel.cli.health_input import read_code
from zegel.cli.health_lists import domains_of, lists_data, say_lists
from zegel.cli.input import choices_of, name_of
from zegel.cli.languages import add_language_argument, languages_of
from zegel.cli.output import (
    ACCEPTED,
    MALFORMED,
    UNAVAILABLE,
    exit_code,
    in_text,
    in_words,
    let_reader_go,
    print_data,
    print_text,
    say,
    verdict,
)
from zegel.errors import Malformed, ZegelError, explain
from zegel.formats.hcert.certificate import VerifiedHealthCertificate
from zegel.formats.hcert.schema import Kind, Reading
from zegel.formats.hcert.who_certificate import VerifiedHealthRecord
from zegel.formats.hcert.who_schema import WhoProfile

MAX_WORKERS: Final = 64  # the cores of a large machine; more processes would only wait for one another
_COMMAND_LINE: Final = "command line"


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel hcert``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    inspect = commands.add_parser("inspect", help="show what a certificate says of itself, unverified")
    inspect.add_argument("code", metavar="CODE", help=_CODE_HELP)
    verify = commands.add_parser("verify", help="judge one certificate, or with --batch as many as a file has lines")
    verify.add_argument("code", metavar="CODE", nargs="?", help=_CODE_HELP)
    verify.add_argument("--batch", metavar="FILE", help="JSON, a certificate a line: id, code, certificates?, at?")
    verify.add_argument("--trust", metavar="PATH", type=Path, action="append", default=[], help=_TRUST_HELP)
    verify.add_argument("--gateway-anchor", metavar="PEM", type=Path, help=_ANCHOR_HELP)
    verify.add_argument("--domain", metavar="KIND=DOMAIN", action="append", default=[], help=_DOMAIN_HELP)
    verify.add_argument("--rules", metavar="FOLDER", type=Path, help="business rules that it has to meet, as JSON")
    verify.add_argument("--to", metavar="COUNTRY", help="the country whose rules of acceptance count, as BE")
    verify.add_argument("--revoked", metavar="FOLDER", type=Path, help="batches and slices of revoked certificates")
    verify.add_argument("--at", metavar="TIME", help="judge as at this time, as 2021-05-29T12:00:00Z (default: now)")
    add_language_argument(verify)
    verify.add_argument("--workers", metavar="N", type=int, default=1, help="processes for --batch (default: 1)")
    add_issue_arguments(
        commands.add_parser("issue", help="sign a certificate, or a table of them, as a health authority")
    )
    add_refresh_arguments(
        commands.add_parser("refresh", help="fetch trust lists, and keep them for verify --trust and for the roles")
    )
    for command in (inspect, verify):
        command.add_argument("--schema", choices=choices_of(Reading), default=Reading.FIELD, help=_SCHEMA_HELP)
        command.add_argument("--json", action="store_true", help="one JSON object on stdout; for --batch one a line")


def run(args: Namespace) -> int:
    """Show, or judge; the exit code of one certificate is its verdict, that of many only says that all have one."""
    if args.action == "inspect":
        return inspect(args)
    if args.action == "issue":
        return issue(args)
    if args.action == "refresh":
        return refresh(args)
    if (args.rules is None) != (args.to is None):
        raise Malformed(_COMMAND_LINE, "--to", "expected --rules and --to together")
    if args.to is not None:
        args.to = country_code(args.to, "--to")
    if (args.batch is None) == (args.code is None):
        raise Malformed(_COMMAND_LINE, "CODE", "expected one certificate, or --batch with a file of them")
    domains_of(args.domain)
    languages_of(args)
    return _verify(args) if args.batch is None else _verify_batch(args)


def _verify_batch(args: Namespace) -> int:
    if not 1 <= args.workers <= MAX_WORKERS:
        raise Malformed(_COMMAND_LINE, "--workers", f"expected 1 to {MAX_WORKERS}")
    terms = _terms(args)
    try:
        with open_lines(args.batch) as file:
            print_answers(judge_batch(file, terms, workers=args.workers))
    except UnreadableError as error:
        say(f"{'stdin' if args.batch == '-' else in_text(name_of(args.batch))} cannot be read: {in_text(str(error))}")
        return MALFORMED
    except UnwrittenError as error:
        let_reader_go()
        say(f"the answers cannot be written: {in_text(str(error))}")
        return UNAVAILABLE
    return ACCEPTED


def _verify(args: Namespace) -> int:
    desk = None
    try:
        terms = _terms(args)
        desk = terms.desk()
        say_grounds(desk, now=terms.now)
        certificate = desk.judge_record(read_code(args.code), at=terms.now, languages=terms.languages)
    except ZegelError as error:
        explanation = explain(error)
        if args.json:
            fields = ("check", "clause", "field", "fault", "remedy", "detail")
            said = {name: getattr(explanation, name) for name in fields}
            print_data({"verdict": verdict(error), **said, "certificate": None, "trust": lists_data(desk)})
        else:
            say_lists(desk)
            print_text(in_words(verdict(error), explanation))
        return exit_code(error)
    described = _described(certificate)
    if args.json:
        trust = lists_data(desk)
        print_data({"verdict": "accepted", "check": None, "detail": None, "certificate": described, "trust": trust})
    else:
        say_lists(desk)
        print_certificate("accepted", described, _form_of(certificate))
    return ACCEPTED


def _terms(args: Namespace) -> Terms:
    return Terms(
        trust=tuple(args.trust),
        reading=Reading(args.schema),
        now=moment_of(args),
        rules=args.rules,
        to=args.to or "",
        revoked=args.revoked,
        domains=tuple(args.domain),
        gateway_anchor=args.gateway_anchor,
        languages=languages_of(args),
    )


def _form_of(certificate: VerifiedHealthRecord) -> Kind | WhoProfile:
    return certificate.kind if isinstance(certificate, VerifiedHealthCertificate) else certificate.profile


def _described(certificate: VerifiedHealthRecord) -> dict[str, Any]:
    return {
        **form_words(_form_of(certificate)),
        "issuer": certificate.issuer,
        "issued": time_text(certificate.issued_at),
        "expires": time_text(certificate.expires),
        "kid": certificate.kid.hex(),
        "payload": shown(certificate.payload),
        "warnings": list(certificate.warnings),
    }


_CODE_HELP: Final = "the text of the QR code, or a file of it, which may be a PNG, a JPEG or a PDF; - reads stdin"
_TRUST_HELP: Final = "whose certificates count: trust lists in JSON, document signers in PEM or DER, folders of them"
_ANCHOR_HELP: Final = "the EU gateway's trust anchor: of its lists, those count that it vouches for"
_DOMAIN_HELP: Final = "a trust domain of WHO's list counts for dcc, ddcc or icvp, too, as icvp=PH4H; may be repeated"
_SCHEMA_HELP: Final = "strict: the published schema; field (default): a text's length or pattern is only a warning"
