"""``zegel verify``: one credential or presentation, judged; which check, whose fault, what to do."""

import asyncio
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias, final

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.clock import SystemClock
from zegel.checks import Check
from zegel.cli.challenge import Challenge, add_challenge_options, parse_challenge
from zegel.cli.input import read_input
from zegel.cli.network import outbound_of
from zegel.cli.output import ACCEPTED, exit_code, in_text, in_words, print_data, print_text, verdict
from zegel.cli.revocation import KnownRevocation
from zegel.errors import Malformed, Rejected, ZegelError, explain
from zegel.formats.claims import json_claim
from zegel.formats.credential import (
    CurrentCredential,
    CurrentPresentation,
    Format,
    Status,
    VerifiedCredential,
    VerifiedPresentation,
)
from zegel.formats.detect import UnverifiedAny, parse_any
from zegel.formats.mdoc.parse import UnverifiedDeviceResponse
from zegel.formats.mdoc.transcript import SessionTranscript, redirect_transcript
from zegel.formats.mdoc.verify import verify_issued_mdoc, verify_presented_mdoc
from zegel.formats.presentation import with_types
from zegel.formats.sdjwt.parse import UnverifiedSdJwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_presented_sdjwt
from zegel.formats.status.check import VerifiedList, check_status
from zegel.formats.status.entries import MAX_LARGE_LIST
from zegel.formats.status.identifiers import UnverifiedIdentifierList, parse_identifier_list, verify_identifier_list
from zegel.formats.status.token import UnverifiedStatusList, parse_status_list, verify_status_list
from zegel.primitives.cbor import MAX_BYTES
from zegel.primitives.encoding import base64url
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
_NO_STATUS: Final = "it names no status, and nothing was looked up in the list of --status"
_SAID: Final = ("check", "clause", "field", "fault", "remedy", "detail")

UnverifiedList: TypeAlias = UnverifiedStatusList | UnverifiedIdentifierList
Judged: TypeAlias = VerifiedCredential | VerifiedPresentation
Current: TypeAlias = CurrentCredential | CurrentPresentation


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the credential is held against, all of it read before anything is judged."""

    challenge: Challenge
    query: DcqlQuery | None
    status_list: UnverifiedList | None


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("file", metavar="FILE", nargs="?", help=_FILE_HELP)
    parser.add_argument(
        "--trust", metavar="PATH", type=Path, nargs="+", action="extend", required=True, help=_TRUST_HELP
    )
    parser.add_argument("--type", metavar="T", help="the vct or doctype that it has to be of")
    add_challenge_options(parser)
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
        challenge = parse_challenge(args)
        unverified = parse_any(read_input(_file(args), max_bytes=_MAX_INPUT))
        asked = _Asked(
            challenge=challenge,
            query=None if args.query is None else _query(args.query),
            status_list=None if args.status is None else _parse_list(read_token(str(args.status))),
        )
        known = KnownRevocation(args, now=now)
        judged, status = _judge(args, unverified, asked, known, now)
    except ZegelError as error:
        _print_refusal(args, error)
        return exit_code(error)
    _print_accepted(args, _described(judged, status), notes=_notes(asked, _credential(judged), known))
    return ACCEPTED


def _judge(
    args: Namespace, unverified: UnverifiedAny, asked: _Asked, known: KnownRevocation, now: int
) -> tuple[Judged | Current, str]:
    judged = known.judge(lambda anchors: _verified(asked.challenge, unverified, anchors, now))
    if not args.no_network and not _is_asked_for(_credential(judged), type_=args.type, query=asked.query):
        judged = asyncio.run(_with_types(args, judged, known.anchors))
    credential = _credential(judged)
    if args.type is not None and args.type not in credential.types:
        raise Rejected(Check.QUERY_TYPE, f"expected {args.type}, got {credential.type}", field="type")
    if args.no_network and credential.status is not None:
        _check_query(asked.query, judged)
        return judged, _NOT_LOOKED_UP
    status_list = _status_list(args, asked.status_list, credential, known, now)
    current: Current = check_status(judged, status_list, now=now, grace=0)
    _check_query(asked.query, current)
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


def _verified(challenge: Challenge, unverified: UnverifiedAny, anchors: TrustAnchors, now: int) -> Judged:
    match unverified:
        case UnverifiedSdJwt():
            if challenge.transcript is not None:
                raise Malformed(
                    "command line", "--transcript", "expected an mdoc: an SD-JWT has a nonce and an audience"
                )
            if challenge.nonce is None:
                if challenge.given:
                    detail = f"expected the nonce that goes with {challenge.given[0]}"
                    raise Malformed("command line", "--nonce", detail)
                return verify_issued_sdjwt(unverified, anchors=anchors, now=now)
            if challenge.client_id is None:
                raise Malformed("command line", "--audience", "expected the client_id that the presentation is for")
            return verify_presented_sdjwt(
                unverified, anchors=anchors, audience=challenge.client_id, nonce=challenge.nonce, now=now
            )
        case UnverifiedDeviceResponse():
            transcript = _transcript(challenge)
            return verify_presented_mdoc(unverified, anchors=anchors, transcript=transcript, now=now)
        case _:
            if challenge.given:
                detail = "expected a presentation, got an issued credential, which proves no holder"
                raise Rejected(Check.HOLDER_BINDING, detail)
            return verify_issued_mdoc(unverified, anchors=anchors, now=now)


def _transcript(challenge: Challenge) -> SessionTranscript:
    if challenge.transcript is not None:
        return challenge.transcript
    if challenge.nonce is None or challenge.client_id is None or challenge.response_uri is None:
        detail = (
            "expected an issued credential; a presentation is judged with --transcript, or with --nonce, --client-id "
            "and --response-uri"
        )
        raise Rejected(Check.HOLDER_BINDING, detail)
    return redirect_transcript(
        client_id=challenge.client_id,
        nonce=challenge.nonce,
        response_uri=challenge.response_uri,
        encryption_key_thumbprint=challenge.thumbprint,
    )


def _parse_list(token: bytes) -> UnverifiedList:
    """A list of either kind, for the file is read before anybody knows which one the credential names."""
    try:
        return parse_status_list(token, content_type=None, max_bytes=MAX_LARGE_LIST)
    except Malformed:
        with suppress(Malformed):
            return parse_identifier_list(token, content_type=None)
        raise


def _status_list(
    args: Namespace, given: UnverifiedList | None, credential: VerifiedCredential, known: KnownRevocation, now: int
) -> VerifiedList | None:
    reference = credential.status
    if reference is None:
        return None
    match given:
        case UnverifiedStatusList():
            return known.judge(lambda anchors: verify_status_list(given, uri=reference.uri, anchors=anchors, now=now))
        case UnverifiedIdentifierList():
            return known.judge(
                lambda anchors: verify_identifier_list(given, uri=reference.uri, anchors=anchors, now=now)
            )
    return known.judge(lambda anchors: asyncio.run(_fetched(args, credential, anchors)))


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
    refusals: list[Rejected] = []
    for candidate in _candidates(query, judged.credential):
        try:
            answer = check_answer(query, {candidate.id: [current]})
            if candidate.id in (*answer.presentations, *answer.unbound):
                return
            # where all sets are optional nothing is missing, but it answers nothing either
            detail = f"expected what fills an option alone; {candidate.id} fills none"
            raise Rejected(Check.QUERY, detail, field="credential_sets")
        except Rejected as error:
            refusals.append(error)
    raise refusals[0]


def _query(file: Path) -> DcqlQuery:
    return parse_query(parse_json(read_input(str(file), max_bytes=MAX_JSON), what="query"))


def _candidates(query: DcqlQuery, credential: VerifiedCredential) -> tuple[CredentialQuery, ...]:
    """What the credential may answer: each query for its type, for any option will do (OpenID4VP 1.0 section 6.4.2).

    Without one it is held against that for its format, else against the first, to be told what differs.
    """
    of_type = tuple(one for one in query.credentials if is_of_type(one, credential))
    of_format = (one for one in query.credentials if one.format == credential.format)
    return of_type or (next(of_format, query.credentials[0]),)


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


def _notes(asked: _Asked, credential: VerifiedCredential, known: KnownRevocation) -> list[str]:
    """What was given and not compared with anything, and what was left open."""
    notes = [_REVOCATION_OPEN] if known.is_open else []
    if asked.status_list is not None and credential.status is None:
        notes.append(_NO_STATUS)
    if credential.format is Format.SD_JWT_VC:
        notes += [f"{option} was not compared, for an SD-JWT names none" for option in asked.challenge.of_transcript]
    return notes


def _print_accepted(args: Namespace, credential: dict[str, object], *, notes: list[str]) -> None:
    detail = "; ".join([_BOUND if credential["holder_bound"] else _ISSUED, *notes])
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
