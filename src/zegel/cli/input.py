"""What a command reads: a file or stdin, up to a size. What is longer is malformed, not cut.

Every user of the machine can read the arguments of a command, and nobody its stdin.
"""

import sys
from enum import StrEnum
from pathlib import Path

from zegel.adapters.files import os_errors
from zegel.errors import Malformed, Unavailable
from zegel.formats.hcert.code import PREFIX


def read_input(file: str, *, max_bytes: int, what: str = "input") -> bytes:
    """The bytes of a file, of stdin for ``-``; ``Unavailable`` when there are none, ``Malformed`` beyond the size."""
    if file == "-":
        if sys.stdin is None:
            raise Unavailable("stdin", "whoever began the program has closed it")
        data = sys.stdin.buffer.read(max_bytes + 1)
    else:
        path = Path(file)
        with os_errors(path, name_of(file)), path.open("rb") as opened:
            data = opened.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise Malformed(what, "", f"expected at most {max_bytes} bytes")
    return data


def name_of(file: str) -> str:
    """What a message calls a file: by its name, unless that is the text of a code, which says who somebody is."""
    return "the argument, which is a code and names no file" if PREFIX.decode() in file.upper() else file


def read_argument(argument: str, *, max_length: int, what: str) -> str:
    """The argument; for ``-`` the next line of stdin in its place, without its end. ``Malformed`` beyond the length."""
    if argument != "-":
        return argument
    try:
        line = sys.stdin.readline(max_length + 2)
    except UnicodeDecodeError:
        raise Malformed(what, "", "expected text on stdin") from None
    text = line.removesuffix("\n").removesuffix("\r")
    if not text or len(text) > max_length:
        raise Malformed(what, "", f"expected a line of at most {max_length} characters on stdin")
    return text


def choices_of(kind: type[StrEnum]) -> list[str]:
    """What an option may be, as it is typed: of an enum's members a refusal would show Python's own words."""
    return [each.value for each in kind]
