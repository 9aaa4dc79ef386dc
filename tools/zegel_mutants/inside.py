"""What runs in the copy of the tree: the recording, and the killing. ``python -m zegel_mutants.inside FOLDER ...``."""

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from zegel_mutants.fates import read_fates
from zegel_mutants.mutate import Mutant, make_mutants
from zegel_mutants.recording import Recorder, read_record
from zegel_mutants.running import Runner
from zegel_mutants.survivors import read_survivors, reason_for
from zegel_mutants.wording import find_wording

# Tests in processes of their own, and those marked slow, show nothing to the one that watches them.
TESTS = (
    *(f"tests/unit/{name}" for name in ("formats", "trust", "protocols", "services")),
    *(f"tests/{name}" for name in ("refusals", "confusion", "attacks", "limits", "spec", "properties", "flows")),
)
_PYTEST = ("-q", "-m", "not slow", "--hypothesis-profile=quick", "-p", "no:cacheprovider", "-p", "no:cov")


def mutants_of(source: Path, modules: Iterable[str]) -> list[Mutant]:
    """The mutants of the modules that begin with one of these paths, like ``zegel/trust``."""
    files = sorted((source / "zegel").rglob("*.py"))
    wording = find_wording(path.read_text() for path in files)
    named = {path.relative_to(source).as_posix(): path for path in files}
    asked = dict.fromkeys(name for prefix in modules for name in named if name.startswith(prefix))
    return [mutant for name in asked for mutant in make_mutants(name, named[name].read_text(), wording)]


def main() -> int:
    """Record the tests that are named, or run the mutants."""
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=("record", "run"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--minutes", type=float, default=600.0)
    asked = parser.parse_args()
    source = Path.cwd() / "src"
    options = [*_PYTEST, f"--basetemp={asked.folder / 'temporary'}"]
    if asked.work == "record":
        recorder = Recorder(asked.folder, source)
        there = [name for name in asked.names if Path(name).exists()]
        return int(pytest.main([*options, *there], plugins=[recorder]) not in {0, 1})
    fates = asked.folder / "fates.jsonl"
    reasons = read_survivors(Path("tests/mutants/survivors.toml"))
    ended = {fate.key: fate for fate in read_fates(fates)}
    settled = {key for key, fate in ended.items() if fate.fate != "survived" or reason_for(fate, reasons)}
    mutants = [mutant for mutant in mutants_of(source, asked.names) if mutant.key not in settled]
    runner = Runner(
        sorted(mutants, key=lambda mutant: mutant.key in ended),  # what survived once more likely does again
        source=source,
        record=read_record(asked.folder),
        fates=fates,
        deadline=time.monotonic() + asked.minutes * 60,
    )
    there = [name for name in TESTS if Path(name).exists()]
    return int(pytest.main([*options, *there], plugins=[runner]) not in {0, 1})


if __name__ == "__main__":
    sys.exit(main())
