"""A mutant comes to life in a process that has imported the module already: its function gets other code."""

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType

from zegel_mutants.closures import compile_mutant
from zegel_mutants.mutate import Mutant, code_of, nested

_Cached = type(lru_cache(len))


@dataclass(frozen=True)
class Living:
    """What this process has: functions by file, qualified name and first line, and the caches of others."""

    functions: Mapping[tuple[str, str, int], Sequence[FunctionType]]
    caches: Sequence[_Cached]


def find_living() -> Living:
    """Look through all objects, those too that the collector of garbage passes over."""
    found: dict[tuple[str, str, int], list[FunctionType]] = {}
    caches = []
    frozen = gc.get_freeze_count()
    gc.unfreeze()
    for each in gc.get_objects():
        if isinstance(each, FunctionType):
            code = each.__code__
            found.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(each)
        elif isinstance(each, _Cached):
            caches.append(each)
    if frozen:
        gc.freeze()
    return Living(functions=found, caches=caches)


def swap_in(mutant: Mutant, *, path: str, source: str, living: Living) -> int:
    """Give every function that the mutant changes its new code, and forget what was computed with the old one.

    Returns how many functions there were. ``path`` is the file that was imported, ``source`` what it holds. Raises
    ``LookupError`` where the function of the module or of its class is not among them: no test could see this mutant.
    A function within it may well be missing, as it lives only from one call to its end, and is made of the new code.
    """
    swapped = [
        _swap(living.functions.get((path, old.co_qualname, old.co_firstlineno), ()), new)
        for old, new in _pairs(mutant, path, source)
    ]
    if not swapped or not swapped[0]:
        raise LookupError(f"there is no living {mutant.place.qualname} of {path}")
    for cache in living.caches:
        cache.cache_clear()
    return sum(swapped)


def _swap(functions: Sequence[FunctionType], code: CodeType) -> int:
    for function in functions:
        function.__code__ = code
    return len(functions)


def _pairs(mutant: Mutant, path: str, source: str) -> Iterator[tuple[CodeType, CodeType]]:
    """The function, then those within it, before and after."""
    original = compile(source, path, "exec", dont_inherit=True)
    before = code_of(original, mutant.place)
    after = code_of(compile_mutant(mutant.source, path=path, original=original), mutant.place)
    if before is None or after is None:
        return
    yield before, after
    ours, theirs = list(nested(before)), list(nested(after))
    if [code.co_qualname for code in ours] == [code.co_qualname for code in theirs]:
        alike = Counter(map(_place, ours))  # of two lambdas in one line nobody knows which is which
        yield from (pair for pair in zip(ours, theirs, strict=True) if alike[_place(pair[0])] == 1)
        return
    named = {code.co_qualname: code for code in theirs}
    yield from ((code, named[code.co_qualname]) for code in ours if _has_name(code) and code.co_qualname in named)


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _has_name(code: CodeType) -> bool:
    return "<lambda>" not in code.co_qualname
