"""``make mutants``: what each package's tests kill, as JSON on standard output; what survives is told beside it."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from zegel_mutants.fates import Fate, read_fates, totals
from zegel_mutants.inside import TESTS, mutants_of
from zegel_mutants.survivors import read_survivors, reason_for
from zegel_mutants.tree import copy_tree, files_to_record

ROOT = Path(__file__).parents[2]
PACKAGES = ("zegel/formats", "zegel/trust", "zegel/protocols")


def main() -> int:
    """Copy, record, run, and tell; goes on where an earlier run of the same sources was ended."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("modules", nargs="*", default=list(PACKAGES), help="paths like zegel/trust")
    parser.add_argument("--folder", type=Path, default=ROOT / ".mutants")
    parser.add_argument("--minutes", type=float, default=600.0, help="stop then; what was not run is not counted")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tree, digests = folder / "tree", folder / "digests.json"
    before = json.loads(digests.read_text()) if digests.exists() else {}
    now = copy_tree(ROOT, tree)
    again = files_to_record(before, now, TESTS)
    if again == TESTS:
        (folder / "lines.coverage").unlink(missing_ok=True)
        (folder / "seconds.json").unlink(missing_ok=True)
    if again:
        _inside(tree, "record", folder, *again)
    digests.write_text(json.dumps(now))
    _inside(tree, f"--minutes={asked.minutes}", "run", folder, *asked.modules)
    return _tell(folder, tree / "src", asked.modules)


def _inside(tree: Path, *arguments: str | Path) -> None:
    """Run in the copy, with what is imported from there."""
    path = os.pathsep.join(str(tree / name) for name in ("src", "tests/support", "tools"))
    command = [sys.executable, "-m", "zegel_mutants.inside", *map(str, arguments)]
    subprocess.run(command, cwd=tree, env={**os.environ, "PYTHONPATH": path}, stdout=sys.stderr, check=True)


def _tell(folder: Path, source: Path, modules: Sequence[str]) -> int:
    """Print the totals; fails where a survivor has no reason."""
    living = {mutant.key for mutant in mutants_of(source, modules)}
    fates = [fate for fate in read_fates(folder / "fates.jsonl") if fate.key in living]
    reasons = read_survivors(ROOT / "tests" / "mutants" / "survivors.toml")
    unexplained: list[Fate] = []
    for fate in fates:
        if fate.fate == "survived":
            reason = reason_for(fate, reasons)
            if not reason:
                unexplained.append(fate)
            print(f"{fate.module}:{fate.line}: {reason or 'no reason is given'}\n{fate.diff}\n", file=sys.stderr)
    told = {
        "date": f"{date.today():%Y-%m-%d}",
        "mutmut": version("mutmut"),
        "not run": len(living) - len(fates),
        "packages": totals(fates),
    }
    print(json.dumps(told, indent=1))
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
