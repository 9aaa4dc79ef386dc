"""``zegel doctor URL``: a deployment examined from outside, and from inside where its configuration is at hand."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.clock import SystemClock
from zegel.adapters.entropy import system_random
from zegel.adapters.outbound import HttpOutbound
from zegel.adapters.trust_files import load_trust
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.doctor_inside import examine_inside, roles_at
from zegel.cli.output import ACCEPTED, REJECTED, in_text, print_data, print_text
from zegel.config.roles import Config
from zegel.errors import Unavailable
from zegel.profiles import PROFILES
from zegel.protocols.openid4vp.transaction_data import transaction_types
from zegel.services.doctor.doctor import examine
from zegel.services.doctor.eyes import Eyes
from zegel.services.doctor.findings import Finding, State
from zegel.services.doctor.topics import Topic
from zegel.services.trust import Trust
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.web.app.qualified import configured_qualified
from zegel.web.app.world import PublishedRevocations, configured_lists

_MARKS: Final = {State.GOOD: "good    ", State.DOUBTFUL: "doubtful", State.BROKEN: "BROKEN  ", State.UNSEEN: "unseen  "}

_WIDTH: Final = max(len(topic.id) for topic in Topic)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "url",
        metavar="URL",
        help="an issuer, a sign-in provider, a registrar, a log, a wallet provider, a list of trusted entities, a "
        "credential offer or a presentation request",
    )
    parser.add_argument(
        "--trust",
        metavar="PATH",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="whom to trust, as for zegel verify, beside the lists of the configuration",
    )
    parser.add_argument(
        "--profile", choices=sorted(PROFILES), default="haip", help="the profile of the wallet whose place is taken"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a finding, a line each, on stdout")
    add_config_option(parser)


def run(args: Namespace) -> int:
    """Examine, and say of each thing how it stands; 1 where something is broken."""
    findings = asyncio.run(_examined(args))
    for finding in findings:
        if args.json:
            print_data(_data(finding))
        else:
            print_text("\n".join(_lines(finding)))
    counted = Counter(finding.state for finding in findings)
    if not args.json:
        print_text(", ".join(f"{counted[state]} {state}" for state in State))
    return REJECTED if counted[State.BROKEN] else ACCEPTED


async def _examined(args: Namespace) -> tuple[Finding, ...]:
    config = _config(args)
    async with _eyes(args, config) as eyes:
        health = await eyes.trust.refresh()
        expected = () if config is None else tuple(roles_at(config, args.url))
        outside = await examine(args.url, eyes=eyes, expected=expected)
        inside = () if config is None else await examine_inside(config, args.url, health=health, eyes=eyes)
        return (*outside, *inside)


def _config(args: Namespace) -> Config | None:
    """The configuration that is at hand. One that is named has to be there."""
    try:
        return find_config(args)
    except Unavailable:
        if args.config is not None:
            raise
        return None


@asynccontextmanager
async def _eyes(args: Namespace, config: Config | None) -> AsyncIterator[Eyes]:
    clock = SystemClock()
    plain_origins = frozenset[str]() if config is None else config.loopback_origins()
    authority = None if config is None else config.outbound.web_authority
    outbound = HttpOutbound(loopback_origins=plain_origins, web_authority=authority)
    given = load_trust(args.trust, now=clock.now(), operators=True)
    fixed = [anchor for purpose in Purpose if purpose is not Purpose.LIST for anchor in given.of(purpose)]
    sources = () if config is None else configured_lists(config, outbound=outbound)
    qualified = () if config is None else configured_qualified(config, outbound=outbound, clock=clock, kept=None)
    try:
        yield Eyes(
            outbound=outbound,
            trust=Trust(
                sources,
                fixed=fixed,
                clock=clock,
                revocations=PublishedRevocations(outbound),
                revocation=given.revocation,
                qualified=qualified,
            ),
            tls=outbound,
            clock=clock,
            random=system_random,
            profile=PROFILES[args.profile],
            plain_origins=plain_origins,
            transaction_types=transaction_types(load_catalogue()),
            operators=TrustAnchors(
                (*given.of(Purpose.LIST), *(operator for source in sources for operator in source.operators)),
                revocation=given.revocation,
            ),
        )
    finally:
        await outbound.aclose()


def _data(finding: Finding) -> dict[str, str | None]:
    return {
        "topic": finding.topic.id,
        "subject": finding.subject,
        "state": str(finding.state),
        "found": finding.found,
        "rule": finding.topic.rule,
        "clause": finding.clause,
        "remedy": finding.remedy,
        "check": finding.check,
    }


def _lines(finding: Finding) -> list[str]:
    """One line for what is good; for what is not, the rule, the clause and the remedy below it."""
    what = f"{in_text(finding.subject)}: {in_text(finding.found)}"
    lines = [f"{_MARKS[finding.state]}  {finding.topic.id:<{_WIDTH}}  {what}"]
    if finding.state in (State.DOUBTFUL, State.BROKEN):
        lines += [f"          {name:<7} {in_text(text)}" for name, text in _told(finding).items()]
    return lines


def _told(finding: Finding) -> dict[str, str]:
    told = {"rule": finding.topic.rule, "clause": finding.clause, "remedy": finding.remedy}
    return told if finding.check is None else {"check": finding.check, **told}
