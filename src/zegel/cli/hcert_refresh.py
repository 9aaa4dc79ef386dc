"""``zegel hcert refresh``: fetch trust lists of health, and keep them where they are believed without a network."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from zegel.adapters.clock import SystemClock
from zegel.adapters.health_trust import load_anchors
from zegel.adapters.kept_health import HealthListFolder
from zegel.adapters.outbound import HttpOutbound
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.network import outbound_by
from zegel.cli.output import ACCEPTED, exit_code, print_data, print_text, say
from zegel.config.health import HealthConfig
from zegel.config.roles import Config
from zegel.errors import Malformed, ZegelError
from zegel.formats.hcert.believed import BelievedList
from zegel.services.health_lists import Anchors, take_health_list

_COMMAND_LINE: Final = "command line"
_ACCEPT_HELP: Final = (
    "take lists, too, that lost more signers than health.may_lose, or no longer say when they were signed"
)

_ANCHOR_HELP: Final = (
    "the EU gateway's trust anchor: only lists of the gateway are kept, and those counted that it vouches for "
    "(default: health.gateway_anchor)"
)


def add_refresh_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("url", metavar="URL", nargs="*", help="trust lists; without any, health.lists of zegel.toml")
    parser.add_argument("--into", metavar="FOLDER", type=Path, help="where they are kept (default: health.kept)")
    parser.add_argument("--gateway-anchor", metavar="PEM", type=Path, help=_ANCHOR_HELP)
    parser.add_argument("--accept", action="store_true", help=_ACCEPT_HELP)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_config_option(parser)


def refresh(args: Namespace) -> int:
    """Fetch each; one that cannot be had, has nobody on it, or goes back, leaves what is kept as it is, and is said."""
    if args.url and args.into is not None:
        urls, folder, config = args.url, args.into, None if args.config is None else find_config(args)
    else:
        config = find_config(args)
        urls, folder = args.url or config.health.lists, args.into or config.health.kept
    if not urls:
        raise Malformed(_COMMAND_LINE, "URL", "expected a list, or health.lists in zegel.toml")
    anchor = args.gateway_anchor or (None if config is None else config.health.gateway_anchor)
    results = asyncio.run(
        _fetch_all(urls, HealthListFolder(folder), config, accepted=args.accept, anchors=load_anchors(anchor))
    )
    if args.json:
        print_data({"folder": str(folder), "lists": [said for said, _ in results]})
    else:
        _tell(results)
    return next((exit_code(error) for _, error in results if error is not None), ACCEPTED)


_Result = tuple[dict[str, Any], ZegelError | None]


async def _fetch_all(
    urls: Sequence[str], shelf: HealthListFolder, config: Config | None, *, accepted: bool, anchors: Anchors
) -> list[_Result]:
    outbound = HttpOutbound() if config is None else outbound_by(config)
    may_lose = (HealthConfig() if config is None else config.health).may_lose
    take = partial(
        take_health_list, shelf=shelf, outbound=outbound, may_lose=may_lose, accepted=accepted, anchors=anchors
    )
    try:
        return [await _fetch(url, take) for url in urls]
    finally:
        await outbound.aclose()


async def _fetch(url: str, take: Callable[..., Awaitable[BelievedList]]) -> _Result:
    try:
        parsed = await take(url, at=SystemClock().now())
    except ZegelError as error:
        return {"url": url, "kept": False, "detail": str(error)}, error
    return {"url": url, "kept": True, "signers": len(parsed.signers), "left_out": list(parsed.left_out)}, None


def _tell(results: Sequence[_Result]) -> None:
    for said, error in results:
        if error is not None:
            say(f"{said['url']}: {said['detail']}; what is kept stays as it is")
            continue
        print_text(f"{said['url']}: {said['signers']} signers are kept, {len(said['left_out'])} entries left out")
        for entry in said["left_out"]:
            say(f"left out: {entry}")
