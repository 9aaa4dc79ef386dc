"""What is done with a crash: its input is kept, once for each place in the code, and the search goes on."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from zegel_fuzz.target import crash_place

_TOLD: Final = "found.jsonl"
_LONGEST: Final = 500  # characters of an exception's text


def keeping(run: Callable[[bytes], str], folder: Path) -> Callable[[bytes], None]:
    """The run, which raises nothing any more: libFuzzer would end at the first crash."""
    known: set[str] = set()

    def keep(data: bytes) -> None:
        try:
            run(data)
        except Exception as error:  # noqa: BLE001 whatever it is, it is what was looked for
            place = crash_place(error)
            if place not in known:
                known.add(place)
                file = folder / f"crash-{hashlib.sha256(data).hexdigest()[:16]}"
                file.write_bytes(data)
                with (folder / _TOLD).open("a") as told:
                    told.write(json.dumps({"place": place, "error": str(error)[:_LONGEST], "input": str(file)}) + "\n")

    return keep


def take_kept(folder: Path) -> Iterator[dict[str, str]]:
    """What was found since this was last asked: place, error and file of each."""
    told = folder / _TOLD
    if told.exists():
        yield from map(json.loads, told.read_text().splitlines())
        told.unlink()
