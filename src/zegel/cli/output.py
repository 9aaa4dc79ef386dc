"""What a command says: data on stdout, everything else on stderr, and an exit code that means something.

0 accepted   1 rejected or denied   2 malformed, or wrong usage   3 unavailable   70 a fault of zegel's own

What comes from a file or a peer is shown with its control characters spelled out: it may be meant for the terminal.
"""

import json
import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final, TextIO

from zegel.errors import Denied, Explanation, Malformed, Rejected, Unavailable, ZegelError, explain

ACCEPTED: Final = 0
REJECTED: Final = 1
MALFORMED: Final = 2
UNAVAILABLE: Final = 3
FAULT: Final = 70  # EX_SOFTWARE of sysexits.h


def exit_code(error: ZegelError) -> int:
    """The exit code of an error."""
    match error:
        case Malformed():
            return MALFORMED
        case Rejected() | Denied():
            return REJECTED
        case _:
            return UNAVAILABLE


def verdict(error: ZegelError) -> str:
    """The error in a word, as ``zegel verify`` prints it."""
    match error:
        case Malformed():
            return "malformed"
        case Unavailable():
            return "unavailable"
        case _:
            return "rejected"


def print_data(value: object) -> None:
    """One line of JSON on stdout."""
    _write(sys.stdout, json.dumps(value, ensure_ascii=False))


def print_many(members: Mapping[str, object], name: str, rows: Iterable[object]) -> None:
    """One line of JSON on stdout: an object of ``members``, and under ``name`` an array of any length."""
    head = json.dumps({**members, name: []}, ensure_ascii=False).removesuffix("]}")
    _write(sys.stdout, head, end="")
    for number, row in enumerate(rows):
        _write(sys.stdout, (", " if number else "") + json.dumps(row, ensure_ascii=False), end="")
    _write(sys.stdout, "]}")


def print_text(text: str) -> None:
    """Text on stdout, for people."""
    _write(sys.stdout, text)


def say(text: str) -> None:
    """A message on stderr; what it quotes stays on its line."""
    _write(sys.stderr, "\n".join(map(in_text, text.split("\n"))))


def report(error: ZegelError, *, as_json: bool) -> int:
    """Say why a command ended; returns its exit code."""
    explanation = explain(error)
    if as_json:
        print_data({"verdict": verdict(error), **asdict(explanation)})
    else:
        say(in_words(verdict(error), explanation))
    return exit_code(error)


def in_words(headline: str, explanation: Explanation) -> str:
    """A refusal for people to read."""
    named: Mapping[str, str] = {
        "check": explanation.check,
        "found": explanation.detail,
        "field": explanation.field,
        "rule": explanation.rule,
        "clause": explanation.clause,
        "fault": explanation.fault,
        "remedy": explanation.remedy,
    }
    lines = [f"  {name:<7} {in_text(text)}" for name, text in named.items() if text]
    return "\n".join([headline, *lines])


def in_text(value: object) -> str:
    """A value on one line, for people: text as it is, anything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(character if character.isprintable() else _spelled(character) for character in text)


def report_fault(error: BaseException) -> int:
    """Say that zegel failed, and where: never what the exception says, which may quote what was read."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    say(f"zegel failed: {type(error).__name__}{where}. This is a fault of zegel; please report it.")
    return FAULT


def let_reader_go() -> None:
    """Whoever read stdout has gone. What is left goes nowhere, so that the end of the program does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _write(stream: TextIO, text: str, *, end: str = "\n") -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + end)
    stream.flush()
