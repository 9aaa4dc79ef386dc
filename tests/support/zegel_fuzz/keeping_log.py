"""What authorities submit to a log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from zegel_testing.authorities import DAY, NOW, fixed_key, fixed_random
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sandbox.access_root import BELOW_ROOT
from zegel.primitives.http import HttpRequest
from zegel.protocols.transparency.submission import PRECERTIFICATE, UnverifiedSubmission
from zegel.services.trust import Trust
from zegel.trust.anchors import Purpose
from zegel.trust.authority import Authority, SubjectName, draft_certificate
from zegel.trust.transparency.issuance import announce
from zegel.web.app.log import open_log_role
from zegel.web.app.roles import World
from zegel.web.app.world import ConfiguredList
from zegel_fuzz.ground import Ground, listeners_of, unhurried
from zegel_fuzz.message import Good


@asynccontextmanager
async def keeping_log_ground(folder: Path) -> AsyncIterator[Ground]:
    """The log of a sandbox, and its authority for access certificates."""
    config, clock, outbound = unhurried(sandbox_at(folder)), ManualClock(NOW), Loopback({})
    trust = Trust([ConfiguredList(each, outbound=outbound) for each in config.trusted_lists], fixed=(), clock=clock)
    await trust.refresh()
    role = await open_log_role(World(config=config, clock=clock, random=system_random, outbound=outbound, trust=trust))
    roots, numbers = folder / "authorities", count()
    (below,) = load_certificates(roots / f"{BELOW_ROOT}.pem")
    authority = Authority(certificate=below, key=load_private_key(roots / f"{BELOW_ROOT}.key.pem"))
    url = f"{config.transparency_log.origin}/ct/v2/submit-entry"

    async def submit() -> Good:
        name = f"party {next(numbers)}"
        draft = draft_certificate(
            authority,
            SubjectName(country="UT", organization="Utopia", common_name=name),
            key=fixed_key(name).public_key,
            purpose=Purpose.ACCESS,
            now=NOW - DAY,
            days=30,
            random=fixed_random(name),
        )
        submission = UnverifiedSubmission(type=PRECERTIFICATE, submission=announce(draft), chain=(below.der,))
        return Good(HttpRequest(method="POST", url=url, body=submission.encode()))

    try:
        plays = {"transparency-log/ct/v2/submit-entry": (submit,)}
        yield Ground(listeners=listeners_of(role), plays=plays, clock=clock)
    finally:
        role.close()
