"""Members of a JSON object, each as it is encoded: of a text in which nobody looks at the others.

What is between two members' commas is found by its quotes and brackets alone. A number that no program holds, a depth
that none reads, a name twice within: in a member that is not asked for, none of it matters.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.json import parse_json

MAX_MEMBERS: Final = 1_000  # of the object itself, each looked at by its name
MAX_MARKS: Final = 20_000  # strings, and runs of brackets, within its members: some milliseconds
_BLANKS: Final = b" \t\r\n"
_BLANK: Final = rb"[ \t\r\n]*+"
_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"'
_BEGIN: Final = re.compile(_BLANK + rb"\{")
_NAME: Final = re.compile(_BLANK + rb"(" + _STRING + rb")" + _BLANK + rb":" + _BLANK, re.DOTALL)
_PLAIN: Final = re.compile(_STRING + rb'|[^ \t\r\n,:\[\]{}"]++', re.DOTALL)
_MARK: Final = re.compile(rb'[^"\[\]{}]*+(' + _STRING + rb"|[\[{]++|[\]}]++)", re.DOTALL)
_NEXT: Final = re.compile(_BLANK + rb"([,}])")
_OPENING: Final = (b"[", b"{")
_QUOTE: Final = b'"'
_ESCAPED: Final = 6  # bytes, as \u0041 is, each character of a name at most
_CLOSE: Final = b"}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SplitObject:
    """``members`` are those that were asked for, by name, as they are encoded; of one that is there twice, which is
    then in ``repeated``, the last.

    An object that is not ``whole`` has a fault, or more in it than is looked through; its members stand before that.
    """

    members: Mapping[str, bytes]
    repeated: frozenset[str]
    whole: bool


def split_object(text: bytes, names: Collection[str]) -> SplitObject:
    """Find the members of these names in a text that should be an object; nothing is raised of one that is none.

    What is found may be no JSON itself.
    """
    longest = 2 + _ESCAPED * max(map(len, names))
    members: dict[str, bytes] = {}
    repeated: set[str] = set()
    whole = False
    begin = _BEGIN.match(text)
    at, marks = (len(text) if begin is None else begin.end()), MAX_MARKS
    for _ in range(MAX_MEMBERS):
        named = _NAME.match(text, at)
        if named is None:
            break
        end, marks = _end_of_value(text, named.end(), marks)
        if end is None:
            break
        name = _name(named[1], longest)
        if name in names:
            repeated.update({name} & members.keys())
            members[name] = text[named.end() : end]
        following = _NEXT.match(text, end)
        if following is None:
            break
        at = following.end()
        if following[1] == _CLOSE:
            whole = not text[at:].strip(_BLANKS)
            break
    return SplitObject(members=members, repeated=frozenset(repeated), whole=whole)


def _end_of_value(text: bytes, at: int, marks: int) -> tuple[int | None, int]:
    """Where the value ends that begins there, None where it does not; and how many of the marks are left.

    A number at the end of the text may have been cut off.
    """
    if plain := _PLAIN.match(text, at):
        return (plain.end() if plain.end() < len(text) else None), marks
    depth = 0
    if text[at : at + 1] not in _OPENING:
        return None, marks
    for left in range(marks - 1, -1, -1):
        mark = _MARK.match(text, at)
        if mark is None:
            break
        at, size = mark.end(), len(mark[1])
        if mark[1][:1] in _OPENING:
            depth += size
        elif mark[1][:1] != _QUOTE:
            if size >= depth:  # the last of them are those of what is around
                return at - size + depth, left
            depth -= size
    return None, 0


def _name(encoded: bytes, longest: int) -> str:
    """A name as it is meant; "" for one that has no meaning, or is none of those that are asked for."""
    if len(encoded) > longest:
        return ""
    try:
        return str(parse_json(encoded, what="name"))
    except Malformed:
        return ""
