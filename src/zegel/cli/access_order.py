"""``zegel access-authority order`` and ``finish``: an access certificate is ordered, by or for a relying party."""

import asyncio
from argparse import ArgumentParser, Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from zegel.adapters.challenges import ChallengeFolder
from zegel.adapters.files import create_owner_only
from zegel.cli.configuration import find_config
from zegel.cli.input import read_input
from zegel.cli.network import outbound_of
from zegel.cli.operator import refusal_of
from zegel.cli.output import ACCEPTED, print_data, print_text
from zegel.errors import Malformed, Unavailable
from zegel.primitives.http import JSON, HttpRequest, origin_of
from zegel.primitives.json import encode_json, parse_object
from zegel.services.ports import Outbound
from zegel.trust.access_authority.orders import Challenge, Standing
from zegel.trust.access_authority.request import MAX_REQUEST
from zegel.web.access_authority import ORDERS_PATH

_ANSWER: Final = "answer of the access authority"


def add_order_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``order``."""
    parser.add_argument(
        "request", metavar="REQUEST", help="the request as PEM, as zegel keys request makes it; - reads stdin"
    )
    parser.add_argument("--party", metavar="ID", required=True, help="the party's identifier in the register")
    parser.add_argument("--service", metavar="ID", required=True, help="the identifier of its Service")
    parser.add_argument(
        "--serve",
        metavar="FOLDER",
        type=Path,
        help="serve the tokens from this folder (a role's challenges), and finish",
    )
    _add_common(parser)


def add_finish_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of ``finish``."""
    parser.add_argument("order", metavar="ORDER", help="as order has named it; its tokens are served")
    _add_common(parser)


def run(args: Namespace) -> int:
    """Order, or finish what was ordered."""
    return asyncio.run(_order(args) if args.action == "order" else _finish_alone(args))


def _add_common(parser: ArgumentParser) -> None:
    parser.add_argument("--at", metavar="ORIGIN", help="the authority; without it, that of the configuration")
    parser.add_argument("--chain", metavar="FILE", type=Path, help="write the certificate and those above it there")


async def receive_certificate(
    outbound: Outbound, origin: str, *, request: str, party: str, service: str, folder: Path
) -> dict[str, Any]:
    """Order of the authority at ``origin``, serve the tokens from ``folder`` meanwhile, and receive; the order then."""
    order = await _place(outbound, origin, request=request, party=party, service=service)
    with ExitStack() as served:
        challenges = ChallengeFolder(folder)
        for each in order["challenges"]:
            challenge = Challenge(host=each["host"], url=each["url"], content=each["content"])
            served.callback(challenges.serve(challenge).unlink, missing_ok=True)
        return await _finish(outbound, origin, str(order["order"]))


async def _order(args: Namespace) -> int:
    pem = read_input(args.request, max_bytes=MAX_REQUEST, what="certificate request").decode("ascii", "replace")
    outbound, origin = outbound_of(args), _authority(args)
    asked = {"request": pem, "party": args.party, "service": args.service}
    try:
        if args.serve is None:
            return _say_order(args, await _place(outbound, origin, **asked))
        return _say_issued(args, await receive_certificate(outbound, origin, **asked, folder=args.serve))
    finally:
        await outbound.aclose()


async def _finish_alone(args: Namespace) -> int:
    outbound = outbound_of(args)
    try:
        return _say_issued(args, await _finish(outbound, _authority(args), args.order))
    finally:
        await outbound.aclose()


async def _place(outbound: Outbound, origin: str, *, request: str, party: str, service: str) -> dict[str, Any]:
    members = {"identifier": party, "service": service, "request": request}
    return await _send(outbound, origin, ORDERS_PATH, members)


async def _finish(outbound: Outbound, origin: str, order: str) -> dict[str, Any]:
    """Have it issued; or have what was issued before, where the answer did not come."""
    known = await _fetch(outbound, HttpRequest(method="GET", url=f"{origin}{ORDERS_PATH}/{order}"), status=200)
    if known.get("standing") == Standing.ISSUED:
        return known
    return await _send(outbound, origin, f"{ORDERS_PATH}/{order}/certificate", {})


async def _send(outbound: Outbound, origin: str, path: str, members: dict[str, str]) -> dict[str, Any]:
    body = encode_json(members) if members else b""
    request = HttpRequest(method="POST", url=origin + path, headers=(("content-type", JSON),), body=body)
    return await _fetch(outbound, request, status=201)


async def _fetch(outbound: Outbound, request: HttpRequest, *, status: int) -> dict[str, Any]:
    response = await outbound.fetch(request)
    try:
        answer = parse_object(response.body, what=_ANSWER)
    except Malformed:
        raise Unavailable("access authority", f"expected JSON, got status {response.status}") from None
    if response.status != status:
        raise refusal_of(response.status, answer, of="access authority")
    return dict(answer)


def _authority(args: Namespace) -> str:
    if args.at is not None:
        return origin_of(args.at, what="--at")
    return find_config(args).access_authority.origin


def _say_order(args: Namespace, order: dict[str, Any]) -> int:
    if args.json:
        print_data(order)
        return ACCEPTED
    lines = [f"order {order['order']}"]
    lines += [f"serve at {each['url']}\n  {each['content']}" for each in order["challenges"]]
    print_text("\n".join([*lines, f"then: zegel access-authority finish {order['order']}"]))
    return ACCEPTED


def _say_issued(args: Namespace, issued: dict[str, Any]) -> int:
    if args.chain is not None:
        create_owner_only(args.chain, str(issued["chain"]).encode())
    if args.json:
        print_data(issued)
    elif args.chain is None:
        print_text(str(issued["chain"]).removesuffix("\n"))
    else:
        print_text(f"issued {issued['serial']} for {', '.join(issued['hosts'])}: {args.chain}")
    return ACCEPTED
