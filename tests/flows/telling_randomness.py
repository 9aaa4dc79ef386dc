"""Be ``zegel``, and tell what is drawn: random values of 24 bytes or more go to a file, a line of hexadecimal each."""

import os
import sys

from zegel.adapters import entropy

SECRET_BYTES = 24  # what is shorter names a line of the log or a place in a list

told = open(sys.argv[1], "w", buffering=1, encoding="ascii")  # noqa: SIM115 it is open to the end


def telling(count: int) -> bytes:
    drawn = os.urandom(count)
    if count >= SECRET_BYTES:
        told.write(drawn.hex() + "\n")
    return drawn


entropy.system_random = telling  # before anybody else takes it from there

from zegel.cli.main import main  # noqa: E402

sys.exit(main(sys.argv[2:]))
