"""What a command says: data on stdout, everything else on stderr, and an exit code that means something.

0 accepted   1 rejected or denied   2 malformed, or wrong usage   3 unavailable
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from zegel.errors import Denied, Explanation, Malformed, Rejected, Unavailable, ZegelError, explain

ACCEPTED: Final = 0
REJECTED: Final = 1
MALFORMED: Final = 2
UNAVAILABLE: Final = 3


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
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_text(text: str) -> None:
    """Text on stdout, for people."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A message on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


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
    lines = [f"  {name:<7} {text}" for name, text in named.items() if text]
    return "\n".join([headline, *lines])
