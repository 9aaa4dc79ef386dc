"""Fuzzes the targets in turn, each in a process of its own, and says in a line of JSON what came of it.

    python -m zegel_fuzz run [--minutes N] [TARGET ...]     N minutes each; * in a name stands for anything
    python -m zegel_fuzz replay TARGET FILE                 an input again, without atheris: the exception, if it raises
    python -m zegel_fuzz totals                             all lines that were ever told, summed up by target

What is kept between runs (corpus, crashes, lines) is in .fuzz.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import gmtime, monotonic, strftime
from typing import Any, Final, TextIO

from zegel_fuzz.keeping import take_kept
from zegel_fuzz.target import Target
from zegel_fuzz.targets import all_targets, chosen_targets

KEPT: Final = Path(__file__).parents[3] / ".fuzz"
LINES: Final = "lines.jsonl"
MAX_INPUT: Final = 20_000  # bytes: beyond most, and a mutation costs little; what is longer, the tests of faults send
_TIMEOUT: Final = 30  # seconds for one input, after which libFuzzer ends; what takes a second is a crash before
_MEMORY: Final = 2_048  # MB
_END: Final = 2_000  # characters of what a process told before it ended
_STATE: Final = re.compile(r"^#(\d+)\s+(\w+)\s+cov: (\d+) ft: (\d+) corp: (\d+)/", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """0 where nothing was found."""
    parser = argparse.ArgumentParser(prog="zegel_fuzz", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run")
    run.add_argument("--minutes", type=float, default=1.0)
    run.add_argument("--seconds", type=int, help="instead of the minutes")
    run.add_argument("targets", nargs="*")
    run.set_defaults(act=lambda told: fuzz(told.targets, told.seconds or round(told.minutes * 60)))
    again = commands.add_parser("replay")
    again.add_argument("target")
    again.add_argument("file", type=Path)
    again.set_defaults(act=lambda told: replay(told.target, told.file))
    commands.add_parser("totals").set_defaults(act=lambda told: totals())
    told = parser.parse_args(arguments)
    return int(told.act(told))


def fuzz(patterns: list[str], seconds: int) -> int:
    """Each target for so many seconds."""
    if find_spec("atheris") is None:
        print("atheris is not made for this machine: fuzzing needs Linux on x86-64", file=sys.stderr)
        return 2
    targets = chosen_targets(patterns)
    if not targets:
        print(f"no target fits; there are: {' '.join(each.name for each in all_targets())}", file=sys.stderr)
        return 2
    crashes = 0
    with open_nursery() as nursery:
        for target in targets:
            line = fuzz_one(target, seconds, nursery=nursery, kept=KEPT)
            crashes += len(line["crashes"])
            print(json.dumps(line), flush=True)
    return 1 if crashes else 0


@contextmanager
def open_nursery() -> Iterator["Nursery"]:
    """A process in which zegel is instrumented; that takes seconds, and so it is done once."""
    with TemporaryDirectory() as scratch, (Path(scratch) / "told").open("w+") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "zegel_fuzz.nursery"],
            cwd=scratch,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "TMPDIR": scratch},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        )
        with process:
            yield Nursery(process, told)


class Nursery:
    """Where targets are fuzzed, each in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]", told: TextIO) -> None:
        self._process = process
        self._told = told

    def run(self, **task: object) -> int:
        """How a target's process ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        status = self._process.stdout.readline()
        if not status:
            self._told.seek(0)
            raise RuntimeError(f"the process that fuzzes has ended: {self._told.read()[-_END:]}")
        return int(status)


def fuzz_one(target: Target, seconds: int, *, nursery: Nursery, kept: Path) -> dict[str, Any]:
    """One target; the line that is told of it, which is kept too."""
    corpus, found = kept / "corpus" / target.folder, kept / "crashes" / target.folder
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        told = Path(scratch) / "told"
        began = monotonic()
        code = nursery.run(
            target=target.name,
            found=str(found),
            corpus=str(corpus),
            scratch=scratch,
            options=_options(found, seconds),
            told=str(told),
        )
        took = monotonic() - began
        line = _line(target, code, told.read_text(errors="replace"), found, took)
    with (kept / LINES).open("a") as lines:
        lines.write(json.dumps(line) + "\n")
    return line


def replay(name: str, file: Path) -> int:
    """The input once more; what is wrong with it comes out as it is."""
    (target,) = chosen_targets([name])
    with target.open() as opened:
        print(opened.run(file.read_bytes()))
    return 0


def totals(kept: Path = KEPT) -> int:
    """A row of Markdown for each target that was run, and the sums."""
    ran: dict[str, list[dict[str, Any]]] = {}
    for line in map(json.loads, (kept / LINES).read_text().splitlines()):
        ran.setdefault(line["target"], []).append(line)
    seconds = executions = 0
    for target in all_targets():
        lines = ran.get(target.name, [])
        lasted, times = round(sum(line["seconds"] for line in lines)), sum(line["executions"] for line in lines)
        corpus, edges = (max((line[name] for line in lines), default=0) for name in ("corpus", "edges"))
        print(f"| `{target.name}` | {lasted:,} | {times:,} | {corpus:,} | {edges:,} |")
        seconds, executions = seconds + lasted, executions + times
    print(f"{len(all_targets())} targets, {seconds:,} seconds, {executions:,} executions")
    return 0


def _options(found: Path, seconds: int) -> list[str]:
    return [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_INPUT}",
        f"-timeout={_TIMEOUT}",
        f"-rss_limit_mb={_MEMORY}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=1",
    ]


def _line(target: Target, code: int, told: str, found: Path, seconds: float) -> dict[str, Any]:
    states = _STATE.findall(told)
    executions, _, edges, features, corpus = states[-1] if states else ("0", "", "0", "0", "0")
    executions = next(iter(re.findall(r"^stat::number_of_executed_units: (\d+)", told, re.MULTILINE)), executions)
    seconds = float(next(iter(re.findall(r"^Done \d+ runs in (\d+) second", told, re.MULTILINE)), seconds))  # alone
    return {
        "target": target.name,
        "at": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
        "seconds": round(seconds, 1),
        "executions": int(executions),
        "per_second": round(int(executions) / seconds, 1),
        "corpus": int(corpus),
        "edges": int(edges),
        "features": int(features),
        "crashes": list(_crashes(target, code, found, told)),
    }


def _crashes(target: Target, code: int, found: Path, told: str) -> Iterator[dict[str, str]]:
    """What was found in this run, each with the command that does it again."""
    for one in take_kept(found):
        yield one | {"replay": _replay(target, one["input"])}
    if code:  # libFuzzer ended by itself: too slow, too large, or a fault below Python
        artifacts = re.findall(r"Test unit written to (\S+)", told)
        error = told[-_END:] if not artifacts else (re.findall(r"ERROR: libFuzzer: (.+)", told) or [told[-500:]])[0]
        for artifact in artifacts or [""]:
            yield {"place": "libFuzzer", "error": error, "input": artifact, "replay": _replay(target, artifact)}


def _replay(target: Target, file: str) -> str:
    return f"PYTHONPATH=tests/support .venv/bin/python -m zegel_fuzz replay '{target.name}' {file}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
