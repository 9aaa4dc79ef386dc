"""What became of each mutant, as lines of JSON; the last word on a mutant counts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fate:
    """``fate`` is ``killed``, ``timeout`` or ``survived``; ``test`` killed it, and ``tests`` ran the lines."""

    key: str
    module: str
    function: str
    kind: str
    line: int
    diff: str
    fate: str
    test: str
    tests: int


def read_fates(path: Path) -> Sequence[Fate]:
    """None where nothing was run yet."""
    if not path.exists():
        return ()
    rows = (json.loads(line) for line in path.read_text().splitlines())
    return tuple({row["key"]: Fate(**row) for row in rows}.values())


def package_of(module: str) -> str:
    """``formats/sdjwt`` for ``zegel/formats/sdjwt/parse.py``, ``formats`` for ``zegel/formats/claims.py``."""
    return "/".join(module.split("/")[1:-1][:2])


def totals(fates: Iterable[Fate]) -> Mapping[str, Mapping[str, int | float]]:
    """The counts of each package, and of all; ``share`` is what was killed, in percent."""
    counted: dict[str, dict[str, int | float]] = {}
    for fate in fates:
        for name in (package_of(fate.module), "all"):
            row = counted.setdefault(
                name, {"mutants": 0, "killed": 0, "timeout": 0, "survived": 0, "lost": 0, "lost_killed": 0}
            )
            row["mutants"] += 1
            row[fate.fate] += 1
            if fate.kind == "lost":
                row["lost"] += 1
                row["lost_killed"] += fate.fate != "survived"
    for row in counted.values():
        row["share"] = round(100 * (row["killed"] + row["timeout"]) / row["mutants"], 2)
    return {name: counted[name] for name in sorted(counted, key=lambda name: (name == "all", name))}
