"""A process in which zegel is instrumented once, and in which a child of its own fuzzes each target: see ``Nursery``.

A task is a line of JSON on stdin; when its child has ended, the answer is its exit status in a line on stdout.
"""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["zegel"]):
    from zegel_fuzz.keeping import keeping
    from zegel_fuzz.mutations import mutate
    from zegel_fuzz.targets import all_targets
    from zegel_fuzz.vectors import candidates


def fuzz(*, target: str, found: str, corpus: str, scratch: str, options: Sequence[str]) -> None:
    """Fuzz until the options say that it is enough; libFuzzer ends the process."""
    (chosen,) = [each for each in all_targets() if each.name == target]
    with chosen.open() as opened:
        seeds = Path(scratch) / "seeds"
        seeds.mkdir()
        for at, seed in enumerate(opened.seeds):
            (seeds / f"{at:03}").write_bytes(seed)

        def change(data: bytes, max_size: int, seed: int) -> bytes:
            return mutate(data, max_size, Random(seed), atheris.Mutate)

        arguments = [target, *options, corpus, str(seeds)]
        atheris.Setup(arguments, keeping(opened.run, Path(found)), custom_mutator=change)
        atheris.Fuzz()


def main() -> None:
    """One task after the other."""
    candidates()  # for every child
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(task: dict[str, object]) -> None:
    told = os.open(str(task.pop("told")), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(told, stream)
    try:
        fuzz(**task)  # type: ignore[arg-type]
    except BaseException:  # noqa: BLE001 the line after this one is the parent's
        traceback.print_exc()
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
