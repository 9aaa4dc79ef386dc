"""``make drill``: every scenario, a line of JSON each, and a summary; 1 when one failed, 2 when there was none to do.

python -m zegel_drill [PART]         those alone whose role and point have PART in them
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from zegel_drill.faults import PURGE, all_clocks, all_faults
from zegel_drill.ground import KEEPERS, living_town
from zegel_drill.scenarios import (
    WHENS,
    Planned,
    count_points,
    count_starts,
    count_trust,
    kill,
    kill_at_start,
    kill_trust,
)
from zegel_drill.town import Town


async def plan_kills(town: Town) -> list[Planned]:
    """A role's end before and after each point of the walk, of its start, and of its answers to those who start."""
    planned: list[Planned] = []
    for role, points in (await count_points(town)).items():
        for point in points:
            # a file that is written and has no name yet is what stands before it gets one
            whens = WHENS[:1] if point.kind == "write" else WHENS
            planned += [(f"{role} {point}", lambda r=role, p=point, w=when: kill(town, r, p, w)) for when in whens]
    if town.profile == "haip":
        for role in KEEPERS:
            for point in count_starts(town, role):
                planned += [
                    (f"{role} {point}", lambda r=role, p=point, w=when: kill_at_start(town, r, p, w)) for when in WHENS
                ]
        for point in await count_trust(town):
            planned += [(f"trust {point}", lambda p=point, w=when: kill_trust(town, p, w)) for when in WHENS]
    return planned


async def plan_faults(town: Town) -> list[Planned]:
    """What goes wrong with disks, databases and a host."""
    return all_faults(town)


async def plan_clocks(town: Town) -> list[Planned]:
    """What goes wrong with clocks."""
    return all_clocks(town)


PARTS = (
    ("kills", "haip", {}, plan_kills),
    ("kills of what haip does not know", "plain", {}, plan_kills),
    ("disks, databases, a host", "haip", {}, plan_faults),
    ("clocks", "haip", {"": {"purge": PURGE}}, plan_clocks),
)


async def drill(part: str, share: int, shares: int) -> None:
    """Do one scenario in so many of each part, beginning with the one of that number."""
    for name, profile, settings, plan in PARTS:
        with (
            tempfile.TemporaryDirectory(prefix="zegel-drill-") as folder,
            living_town(Path(folder) / "town", profile=profile, settings=settings) as town,
        ):
            chosen = [scenario for title, scenario in await plan(town) if part in title][share::shares]
            tell(part=name, scenarios=len(chosen))
            for scenario in chosen:
                tell(**(await scenario()).members())


def tell(**members: object) -> None:
    """A line."""
    print(json.dumps(members), flush=True)


def in_shares(part: str) -> int:
    """Everything, on each processor a share of it, and the code to end with."""
    began, shares = time.monotonic(), min(os.cpu_count() or 1, _MOST)
    programs = [
        subprocess.Popen([sys.executable, "-m", "zegel_drill", part, f"{share}", f"{shares}"], stdout=subprocess.PIPE)
        for share in range(shares)
    ]
    results: list[bool] = []
    with ThreadPoolExecutor(shares) as readers:
        list(readers.map(lambda program: _listen(program, results), programs))
    broken = sum(program.wait() != 0 for program in programs)
    failed = results.count(False)
    tell(scenarios=len(results), failed=failed, seconds=round(time.monotonic() - began))
    if not results and not broken:
        print(
            f"no scenario has {part!r} in its role and point, as 'wallet' or 'POST /token: commit 1'", file=sys.stderr
        )
        return 2
    return 1 if failed or broken else 0


def _listen(program: "subprocess.Popen[bytes]", results: list[bool]) -> None:
    assert program.stdout is not None
    with program.stdout as lines:
        for line in lines:
            print(line.decode(), end="", flush=True)
            members = json.loads(line)
            if "ok" in members:
                results.append(members["ok"])


_MOST = 4  # towns at once; each is seven processes

if __name__ == "__main__":
    match sys.argv[1:]:
        case [part, share, shares]:
            asyncio.run(drill(part, int(share), int(shares)))
        case words:
            sys.exit(in_shares(" ".join(words)))
