"""What a command reads: a file or stdin, up to a size. What is longer is malformed, not cut."""

import sys
from pathlib import Path

from zegel.adapters.files import os_errors
from zegel.errors import Malformed


def read_input(file: str, *, max_bytes: int, what: str = "input") -> bytes:
    """The bytes of a file, of stdin for ``-``; ``Unavailable`` when there are none, ``Malformed`` beyond the size."""
    if file == "-":
        data = sys.stdin.buffer.read(max_bytes + 1)
    else:
        path = Path(file)
        with os_errors(path), path.open("rb") as opened:
            data = opened.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise Malformed(what, "", f"expected at most {max_bytes} bytes")
    return data
