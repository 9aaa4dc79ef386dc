"""``zegel verify``: one credential or presentation, judged; which check, whose fault, what to do."""

import asyncio
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.clock import SystemClock
from zegel.checks import Check
from zegel.cli.input import read_input
from zegel.cli.network import outbound_of
from zegel.cli.output import ACCEPTED, exit_code, in_text, in_words, print_data, print_text, verdict
from zegel.cli.revocation import KnownRevocation
from zegel.errors import Malformed, Rejected, ZegelError, explain
from zegel.formats.claims import json_claim
from zegel.formats.credential import (
    CurrentCredential,
    CurrentPresentation,
    IdentifierReference,
    Status,
    VerifiedCredential,
    VerifiedPresentation,
)
from zegel.formats.detect import UnverifiedAny, parse_any
from zegel.formats.mdoc.parse import UnverifiedDeviceResponse
from zegel.formats.mdoc.transcript import SessionTranscript, parse_transcript, redirect_transcript
from zegel.formats.mdoc.verify import verify_issued_mdoc, verify_presented_mdoc
from zegel.formats.presentation import with_types
from zegel.formats.sdjwt.parse import UnverifiedSdJwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_presented_sdjwt
from zegel.formats.status.check import VerifiedList, check_status
from zegel.formats.status.entries import MAX_LARGE_LIST
from zegel.formats.status.identifiers import parse_identifier_list, verify_identifier_list
from zegel.formats.status.token import parse_status_list, verify_status_list
from zegel.primitives.cbor import MAX_BYTES
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import MAX_BYTES as MAX_JSON
from zegel.primitives.json import parse_json
from zegel.protocols.openid4vp.dcql import CredentialQuery, DcqlQuery, parse_query
from zegel.protocols.openid4vp.matching import is_of_type
from zegel.protocols.openid4vp.satisfaction import check_answer
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.services.type_metadata import TypeReader, described_types
from zegel.trust.anchors import Purpose, TrustAnchors

_MAX_INPUT: Final = 4 * MAX_BYTES  # an mdoc in hexadecimal, with line breaks
_NOT_LOOKED_UP: Final = "not looked up"
_BOUND: Final = "a presentation: its holder answered the nonce"
_ISSUED: Final = "an issued credential: nothing shows who holds it"
_REVOCATION_OPEN: Final = "whether its signer is revoked was not looked up"
_SAID: Final = ("check", "clause", "field", "fault", "remedy", "detail")

_CHALLENGE: Final = {
    "--nonce": "nonce",
    "--audience": "audience",
    "--transcript": "transcript",
    "--client-id": "client_id",
    "--response-uri": "response_uri",
    "--jwk-thumbprint": "jwk_thumbprint",
}

Judged: TypeAlias = VerifiedCredential | VerifiedPresentation
Current: TypeAlias = CurrentCredential | CurrentPresentation


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("file", metavar="FILE", nargs="?", help=_FILE_HELP)
    parser.add_argument(
        "--trust", metavar="PATH", type=Path, nargs="+", action="extend", required=True, help=_TRUST_HELP
    )
    parser.add_argument("--type", metavar="T", help="the vct or doctype that it has to be of")
    parser.add_argument("--nonce", metavar="N", help="the nonce that a presentation has to answer")
    parser.add_argument("--audience", metavar="A", help="the client_id that an SD-JWT presentation has to be for")
    transcript = parser.add_argument_group("session transcript of an mdoc presentation")
    transcript.add_argument("--transcript", metavar="HEX", help="the SessionTranscript as encoded CBOR")
    transcript.add_argument("--client-id", metavar="ID", help="or the client_id, with its prefix,")
    transcript.add_argument("--response-uri", metavar="URI", help="the response_uri, the nonce,")
    transcript.add_argument("--jwk-thumbprint", metavar="T", help="and, for an encrypted answer, its key's thumbprint")
    parser.add_argument("--query", metavar="FILE", type=Path, help="the DCQL query that it has to satisfy")
    status = parser.add_mutually_exclusive_group()
    status.add_argument("--status", metavar="FILE", type=Path, help=_STATUS_HELP)
    status.add_argument(
        "--no-network",
        action="store_true",
        help=_NO_NETWORK_HELP,
    )
    parser.add_argument("--at", metavar="TIME", help="judge as at this time: seconds, or 2026-01-31T12:00:00Z")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: Namespace) -> int:
    """Judge and say so; the exit code is the verdict."""
    try:
        now = parse_time(args.at)
        unverified = parse_any(read_input(_file(args), max_bytes=_MAX_INPUT))
        query = None if args.query is None else _query(args.query)
        known = KnownRevocation(args, now=now)
        judged, status = _judge(args, unverified, query, known, now)
    except ZegelError as error:
        _print_refusal(args, error)
        return exit_code(error)
    _print_accepted(args, _described(judged, status), revocation_open=known.is_open)
    return ACCEPTED


def _judge(
    args: Namespace, unverified: UnverifiedAny, query: DcqlQuery | None, known: KnownRevocation, now: int
) -> tuple[Judged | Current, str]:
    judged = known.judge(lambda anchors: _verified(args, unverified, anchors, now))
    if not args.no_network and not _is_asked_for(_credential(judged), type_=args.type, query=query):
        judged = asyncio.run(_with_types(args, judged, known.anchors))
    credential = _credential(judged)
    if args.type is not None and args.type not in credential.types:
        raise Rejected(Check.QUERY_TYPE, f"expected {args.type}, got {credential.type}", field="type")
    if args.no_network and credential.status is not None:
        _check_query(query, judged)
        return judged, _NOT_LOOKED_UP
    status_list = _status_list(args, credential, known, now)
    current: Current = check_status(judged, status_list, now=now, grace=0)
    _check_query(query, current)
    return current, str(current.status)


def _credential(judged: Judged | Current) -> VerifiedCredential:
    return judged if isinstance(judged, VerifiedCredential) else judged.credential


def _is_asked_for(credential: VerifiedCredential, *, type_: str | None, query: DcqlQuery | None) -> bool:
    """Whether its own types answer what is asked, so that nobody need say what they extend."""
    if type_ is not None and type_ not in credential.types:
        return False
    return query is None or any(is_of_type(one, credential) for one in query.credentials)


async def _with_types(args: Namespace, judged: Judged, anchors: TrustAnchors) -> Judged:
    outbound = outbound_of(args)
    try:
        reader = TypeReader(outbound=outbound, known=described_types(load_catalogue()), clock=SystemClock())
        credential = await reader.fetch_types(_credential(judged), anchors=anchors)
    finally:
        await outbound.aclose()
    return credential if isinstance(judged, VerifiedCredential) else with_types(judged, credential)


def _file(args: Namespace) -> str:
    """FILE; behind --trust, which takes several paths, it is the last of them."""
    if args.file is not None:
        return str(args.file)
    *args.trust, last = args.trust
    if not args.trust:
        raise Malformed("command line", "FILE", "expected a file to judge, and somebody to trust")
    return str(last)


def _verified(args: Namespace, unverified: UnverifiedAny, anchors: TrustAnchors, now: int) -> Judged:
    challenged = _challenged(args)
    match unverified:
        case UnverifiedSdJwt():
            if args.transcript is not None:
                raise Malformed(
                    "command line", "--transcript", "expected an mdoc: an SD-JWT has a nonce and an audience"
                )
            if args.nonce is None:
                if challenged:
                    raise Malformed("command line", "--nonce", f"expected the nonce that goes with {challenged[0]}")
                return verify_issued_sdjwt(unverified, anchors=anchors, now=now)
            audience = args.audience or args.client_id
            if audience is None:
                raise Malformed("command line", "--audience", "expected the client_id that the presentation is for")
            return verify_presented_sdjwt(unverified, anchors=anchors, audience=audience, nonce=args.nonce, now=now)
        case UnverifiedDeviceResponse():
            transcript = _transcript(args)
            return verify_presented_mdoc(unverified, anchors=anchors, transcript=transcript, now=now)
        case _:
            if challenged:
                detail = "expected a presentation, got an issued credential, which proves no holder"
                raise Rejected(Check.HOLDER_BINDING, detail)
            return verify_issued_mdoc(unverified, anchors=anchors, now=now)


def _challenged(args: Namespace) -> list[str]:
    """The options that ask for a presentation: what an issued credential cannot answer."""
    return [option for option, name in _CHALLENGE.items() if getattr(args, name) is not None]


def _transcript(args: Namespace) -> SessionTranscript:
    if args.transcript is not None:
        parts = [option for option in _challenged(args) if option != "--transcript"]
        if parts:
            detail = "expected the transcript or what it is made of: it has a digest of that, which shows no part"
            raise Malformed("command line", parts[0], detail)
        try:
            return parse_transcript(bytes.fromhex(args.transcript))
        except ValueError:
            raise Malformed("command line", "--transcript", "expected hexadecimal digits") from None
    client_id = args.client_id or args.audience
    if args.nonce is None or client_id is None or args.response_uri is None:
        detail = (
            "expected an issued credential; a presentation is judged with --transcript, or with --nonce, --client-id "
            "and --response-uri"
        )
        raise Rejected(Check.HOLDER_BINDING, detail)
    thumbprint = args.jwk_thumbprint or ""
    return redirect_transcript(
        client_id=client_id,
        nonce=args.nonce,
        response_uri=args.response_uri,
        encryption_key_thumbprint=parse_base64url(thumbprint, what="command line", where="--jwk-thumbprint") or None,
    )


def _status_list(
    args: Namespace, credential: VerifiedCredential, known: KnownRevocation, now: int
) -> VerifiedList | None:
    reference = credential.status
    if reference is None:
        return None
    if args.status is None:
        return known.judge(lambda anchors: asyncio.run(_fetched(args, credential, anchors)))
    token, uri = read_token(str(args.status)), reference.uri
    if isinstance(reference, IdentifierReference):
        identifiers = parse_identifier_list(token, content_type=None)
        return known.judge(lambda anchors: verify_identifier_list(identifiers, uri=uri, anchors=anchors, now=now))
    unverified = parse_status_list(token, content_type=None, max_bytes=MAX_LARGE_LIST)
    return known.judge(lambda anchors: verify_status_list(unverified, uri=uri, anchors=anchors, now=now))


async def _fetched(args: Namespace, credential: VerifiedCredential, anchors: TrustAnchors) -> VerifiedList | None:
    outbound = outbound_of(args)
    try:
        fixed = [anchor for purpose in Purpose for anchor in anchors.of(purpose)]
        trust = Trust((), fixed=fixed, clock=SystemClock(), revocation=anchors.revocation)
        reader = StatusReader(outbound=outbound, trust=trust, clock=SystemClock(), keep=1)
        return await reader.fetch_status_list(credential.status)
    finally:
        await outbound.aclose()


def _check_query(query: DcqlQuery | None, judged: Judged | Current) -> None:
    if query is None:
        return
    if not isinstance(judged, VerifiedPresentation | CurrentPresentation):
        raise Rejected(Check.HOLDER_BINDING, "expected a presentation; an issued credential answers no query")
    # The status has had its say already, or was left out by hand
    current = CurrentPresentation(credential=judged.credential, status=Status.NO_STATUS)
    check_answer(query, {_asked(query, judged.credential).id: [current]})


def _query(file: Path) -> DcqlQuery:
    return parse_query(parse_json(read_input(str(file), max_bytes=MAX_JSON), what="query"))


def _asked(query: DcqlQuery, credential: VerifiedCredential) -> CredentialQuery:
    """What the credential is held against: the query for its type, else for its format, else the first."""
    of_type = [one for one in query.credentials if is_of_type(one, credential)]
    of_format = [one for one in query.credentials if one.format == credential.format]
    return (*of_type, *of_format, *query.credentials)[0]


def _described(judged: Judged | Current, status: str) -> dict[str, object]:
    credential = _credential(judged)
    return {
        "format": str(credential.format),
        "type": credential.type,
        "issuer": asdict(credential.issuer) | {"key_ids": [base64url(key) for key in credential.issuer.key_ids]},
        "claims": json_claim(credential.claims),
        "status": status,
        "valid_from": credential.valid_from,
        "valid_until": credential.valid_until,
        "holder_bound": isinstance(judged, VerifiedPresentation | CurrentPresentation),
    }


def _print_refusal(args: Namespace, error: ZegelError) -> None:
    explanation, word = explain(error), verdict(error)
    if args.json:
        said = {name: getattr(explanation, name) for name in _SAID}
        print_data({"verdict": word, **said, "credential": None})
    else:
        print_text(in_words(word, explanation))


def _print_accepted(args: Namespace, credential: dict[str, object], *, revocation_open: bool) -> None:
    what = _BOUND if credential["holder_bound"] else _ISSUED
    detail = f"{what}; {_REVOCATION_OPEN}" if revocation_open else what
    if args.json:
        said = dict.fromkeys(_SAID) | {"detail": detail}
        print_data({"verdict": "accepted", **said, "credential": credential})
    else:
        lines = [f"  {name:<12} {in_text(value)}" for name, value in {"what": detail, **credential}.items()]
        print_text("\n".join(["accepted", *lines]))


def read_token(file: str) -> bytes:
    """A status list token from a file, - for stdin; a JWT may have a line's end behind it."""
    token = read_input(file, max_bytes=MAX_LARGE_LIST, what="status list token")
    return token.strip() if token[:1].isascii() else token


def parse_time(text: str | None) -> int:
    """A moment from the command line, in seconds since the epoch; now without one."""
    if text is None:
        return SystemClock().now()
    try:
        if text.isascii() and text.isdecimal() and len(text) <= _SECONDS_DIGITS:
            return int(text)
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise Malformed("command line", "--at", "expected seconds, or a time as 2026-01-31T12:00:00Z") from None


_SECONDS_DIGITS: Final = 12  # until the year 33658


_STATUS_HELP: Final = (
    "the status list token, instead of fetching it; which certificates are revoked is looked up all the same"
)
_NO_NETWORK_HELP: Final = "fetch nothing: what is not at hand of status and revocation is not looked up, and said so"
_FILE_HELP: Final = "the credential or presentation; - reads stdin; without it, the last PATH of --trust"
_TRUST_HELP: Final = (
    "a folder of signed lists with operator.pem, or with qualified.toml for those in XML, or PEM certificates that you "
    "vouch for; lists of revoked certificates (*.crl) that lie there, or in its folder crl, need not be fetched"
)
