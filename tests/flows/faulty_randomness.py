"""Be ``zegel``, and tell what is drawn as ``telling_randomness`` does; while a file is there nothing is drawn, and the
error says what stands in it."""

import os
import sys
from pathlib import Path

from zegel.adapters import entropy

SECRET_BYTES = 24  # what is shorter names a line of the log or a place in a list
REQUEST_ID_BYTES = 8  # what is drawn for the line of the log

told = open(sys.argv[1], "w", buffering=1, encoding="ascii")  # noqa: SIM115 it is open to the end
fault = Path(sys.argv[2])


def failing(count: int) -> bytes:
    if count != REQUEST_ID_BYTES and fault.exists():
        raise RuntimeError(f"the device says {fault.read_text()}")
    drawn = os.urandom(count)
    if count >= SECRET_BYTES:
        told.write(drawn.hex() + "\n")
    return drawn


entropy.system_random = failing  # before anybody else takes it from there

from zegel.cli.main import main  # noqa: E402

sys.exit(main(sys.argv[3:]))
