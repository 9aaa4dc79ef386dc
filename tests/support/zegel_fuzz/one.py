"""One target under atheris, in a process of its own: ``python -m zegel_fuzz.one NAME FOUND [libFuzzer's arguments]``.

FOUND is the folder for what crashes.
"""

import sys
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["zegel"]):
    from zegel_fuzz.keeping import keeping
    from zegel_fuzz.mutations import mutate
    from zegel_fuzz.targets import chosen_targets


def main() -> None:
    """Fuzz until libFuzzer's arguments say that it is enough."""
    program, name, found, *arguments = sys.argv
    (target,) = chosen_targets([name.replace("[", "[[]")])
    with target.open() as opened:

        def change(data: bytes, max_size: int, seed: int) -> bytes:
            return mutate(data, max_size, Random(seed), atheris.Mutate)

        atheris.Setup([program, *arguments], keeping(opened.run, Path(found)), custom_mutator=change)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
