"""A mutant comes to life in a process that has imported the module already: its function gets other code."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType

from zegel_mutants.mutate import Mutant, code_of, nested

_Cached = type(lru_cache(len))


@dataclass(frozen=True)
class Living:
    """What this process has: functions by file, qualified name and first line, and the caches of others."""

    functions: Mapping[tuple[str, str, int], Sequence[FunctionType]]
    caches: Sequence[_Cached]


def find_living() -> Living:
    """Look through all objects."""
    found: dict[tuple[str, str, int], list[FunctionType]] = {}
    caches = []
    for each in gc.get_objects():
        if isinstance(each, FunctionType):
            code = each.__code__
            found.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(each)
        elif isinstance(each, _Cached):
            caches.append(each)
    return Living(functions=found, caches=caches)


def swap_in(mutant: Mutant, *, path: str, source: str, living: Living) -> int:
    """Give every function that the mutant changes its new code, and forget what was computed with the old one.

    Returns how many functions there were. ``path`` is the file that was imported, ``source`` what it holds.
    """
    swapped = 0
    for old, new in _pairs(mutant, path, source):
        for function in living.functions.get((path, old.co_qualname, old.co_firstlineno), ()):
            function.__code__ = new
            swapped += 1
    for cache in living.caches:
        cache.cache_clear()
    return swapped


def _pairs(mutant: Mutant, path: str, source: str) -> Iterator[tuple[CodeType, CodeType]]:
    """The function and those within it, before and after."""
    before = code_of(compile(source, path, "exec", dont_inherit=True), mutant.place)
    after = code_of(compile(mutant.source, path, "exec", dont_inherit=True), mutant.place)
    if before is None or after is None:
        return
    yield before, after
    theirs = {code.co_qualname: code for code in nested(after)}
    for code in nested(before):
        if code.co_qualname in theirs and "<lambda>" not in code.co_qualname:
            yield code, theirs[code.co_qualname]
