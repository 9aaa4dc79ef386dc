"""``zegel verifier request`` and ``zegel verifier result``: the verifier's operator API from the command line."""

import re
from argparse import ArgumentParser, Namespace
from dataclasses import fields
from math import ceil
from pathlib import Path
from time import monotonic
from typing import Any, Final

from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.input import choices_of, read_input
from zegel.cli.operator import call_operator
from zegel.cli.output import ACCEPTED, REJECTED, UNAVAILABLE, in_text, in_words, print_data, print_text
from zegel.errors import Explanation, Malformed
from zegel.primitives.json import MAX_BYTES, parse_json
from zegel.profiles import ClientIdPrefix, ResponseMode

_MAX_WAIT: Final = 60  # what the operator API allows
_SESSION: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")  # an id in base64url; the API says whether it knows it


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel verifier``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    request = commands.add_parser("request", help="ask a wallet for a presentation, as a link")
    request.add_argument("query", metavar="QUERY.json", type=Path, help="the DCQL query")
    request.add_argument("--purpose", metavar="TEXT", help="why you ask, for the person to read")
    request.add_argument("--response-mode", choices=choices_of(ResponseMode), help="default: direct_post.jwt")
    request.add_argument("--client-id-prefix", choices=choices_of(ClientIdPrefix), help="default: x509_hash")
    request.add_argument("--request-uri-method", choices=("get", "post"), help="default: get")
    request.add_argument("--transaction-data", metavar="FILE", type=Path, help="JSON: an array of objects to be signed")
    request.add_argument("--cross-device", action="store_true", help="for a wallet on another device: two minutes")
    request.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(request)
    result = commands.add_parser("result", help="the verified claims of a presentation, once")
    result.add_argument("session", metavar="SESSION", help="as zegel verifier request printed it")
    result.add_argument("--wait", metavar="S", type=int, default=0, help="wait so many seconds for the wallet")
    result.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(result)


def run(args: Namespace) -> int:
    """Ask, or read the answer."""
    return _request(args) if args.action == "request" else _result(args)


def _request(args: Namespace) -> int:
    body: dict[str, object] = {"dcql_query": _json(args.query, "query"), "cross_device": args.cross_device}
    for name in ("purpose", "response_mode", "client_id_prefix", "request_uri_method"):
        if getattr(args, name) is not None:
            body[name] = getattr(args, name)
    if args.transaction_data is not None:
        body["transaction_data"] = _json(args.transaction_data, "transaction data")
    answer = _call(args, "POST", "/requests", body=body)
    if args.json:
        print_data(answer)
    else:
        print_text(f"{answer['link']}\nsession: {answer['session']}")
    return ACCEPTED


def _result(args: Namespace) -> int:
    if _SESSION.fullmatch(args.session) is None:
        raise Malformed("command line", "SESSION", "expected a session as zegel verifier request printed it")
    if args.wait < 0:
        raise Malformed("command line", "--wait", "expected a whole number of seconds")
    answer = _wait(args)
    if args.json:
        print_data(answer)
    else:
        print_text(_told(answer))
        for credential in answer["credentials"]:
            print_text(f"  {in_text(credential['id'])}: {in_text(credential['claims'])}")
    match answer["state"]:
        case "accepted":
            return ACCEPTED
        case "pending":
            return UNAVAILABLE
        case _:
            return REJECTED


def _told(answer: Any) -> str:
    """How it stands; of an answer that was not taken also why, as any refusal."""
    error = answer["error"]
    if error is None:
        return str(answer["state"])
    said = {each.name: str(error.get(each.name, "")) for each in fields(Explanation)}
    return in_words(answer["state"], Explanation(**said))


def _wait(args: Namespace) -> Any:
    """The result, as soon as there is one; the operator API waits for a minute at most, and is asked again."""
    until = monotonic() + args.wait
    while True:
        left = max(0, ceil(until - monotonic()))
        answer = _call(args, "GET", f"/requests/{args.session}", query={"wait": str(min(left, _MAX_WAIT))})
        if answer["state"] != "pending" or monotonic() >= until:
            return answer


def _call(args: Namespace, method: str, path: str, *, body: object = None, query: dict[str, str] | None = None) -> Any:
    return call_operator(
        find_config(args).verifier,
        method=method,
        path=path,
        body=body,
        query=query,
    )


def _json(path: Path, what: str) -> object:
    return parse_json(read_input(str(path), max_bytes=MAX_BYTES, what=what), what=what)
