"""``tests/mutants/survivors.toml``: the mutants that live, each with the reason why no test can or should kill it."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zegel_mutants.fates import Fate


@dataclass(frozen=True)
class Survivor:
    """``was`` is the text of the lines that the mutant changes, ``becomes`` what it makes of them."""

    module: str
    function: str
    was: str
    becomes: str
    reason: str


def read_survivors(path: Path) -> Sequence[Survivor]:
    """All entries, each with one of the reasons or its own; none where there is no such file."""
    if not path.exists():
        return []
    content = tomllib.loads(path.read_text())
    reasons: Mapping[str, str] = content["reasons"]
    return [
        Survivor(
            module=entry["module"],
            function=entry["function"],
            was=entry["was"],
            becomes=entry["becomes"],
            reason=reasons[entry["reason"]] if entry["reason"] in reasons else entry["reason"],
        )
        for entry in content["survivor"]
    ]


def reason_for(fate: Fate, survivors: Iterable[Survivor]) -> str:
    """Nothing where none is given."""
    was, becomes = sides(fate.diff)
    for each in survivors:
        if (each.module, each.function, each.was, each.becomes) == (fate.module, fate.function, was, becomes):
            return each.reason
    return ""


def sides(diff: str) -> tuple[str, str]:
    """Both sides of a difference, without the indentation of their first lines."""
    lines = diff.split("\n")
    was = "\n".join(line[1:] for line in lines if line.startswith("-"))
    becomes = "\n".join(line[1:] for line in lines if line.startswith("+"))
    return was.strip(), becomes.strip()
