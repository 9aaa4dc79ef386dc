"""The mutants of a module's check lines: mutmut's mutations, and the loss of a whole check."""

import ast
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import CodeType

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import NEVER_MUTATE_FUNCTION_NAMES, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

from zegel_mutants.checks import CheckLines, find_check_lines
from zegel_mutants.wording import WORDS, Wording

_NOTHING_IGNORED = IgnoredCode(set(), set(), set())


@dataclass(frozen=True)
class Place:
    """A function: its qualified name, and the how-manieth of this name it is (``@overload`` repeats names)."""

    qualname: str
    number: int


@dataclass(frozen=True)
class Mutant:
    """A module with one fault in it.

    ``kind`` is ``lost`` for a check that was taken away, else ``changed``. ``lines`` are those of the original that
    hold the fault, ``diff`` shows it.
    """

    module: str
    kind: str
    place: Place
    lines: tuple[int, int]
    source: str
    diff: str
    original: str

    @property
    def key(self) -> str:
        """The same as long as neither the function nor the fault changes."""
        parts = (self.module, self.place.qualname, str(self.place.number), self.original, self.diff)
        return sha256("\0".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _Edit:
    kind: str
    start: tuple[int, int]  # line, and column in characters
    end: tuple[int, int]
    text: str


def make_mutants(module: str, source: str, wording: Wording) -> list[Mutant]:
    """All mutants of the check lines of a module, in the order of its lines; none compiles to what was there before."""
    tree = ast.parse(source)
    checks = find_check_lines(tree)
    functions = list(_functions(tree))
    original = compile(source, module, "exec", dont_inherit=True)
    found: dict[str, Mutant] = {}
    for edit in (*_lost(source, checks), *_changed(source, checks, wording)):
        place = _innermost_outer(functions, edit.start[0])
        mutated = _spliced(source, edit)
        if place is None or mutated in found or not _is_another(original, mutated, module):
            continue
        node, name = place
        found[mutated] = Mutant(
            module=module,
            kind=edit.kind,
            place=name,
            lines=(edit.start[0], edit.end[0]),
            source=mutated,
            diff=_diff(source, mutated),
            original=ast.get_source_segment(source, node) or "",
        )
    return sorted(found.values(), key=lambda mutant: mutant.lines)


def code_of(module: CodeType, place: Place) -> CodeType | None:
    """The code of a function in a compiled module."""
    named = [code for code in nested(module) if code.co_qualname == place.qualname]
    return named[place.number] if place.number < len(named) else None


def nested(code: CodeType) -> Iterator[CodeType]:
    """All code objects within one, in order."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from nested(constant)


# --- what mutmut does not do: a check that is not there ---------------------------------------------------------------


def _lost(source: str, checks: CheckLines) -> Iterator[_Edit]:
    """A guard that never refuses, a call of a check and a refusal that are gone."""
    lines = source.splitlines()
    for guard in checks.guards:
        if guard.refuses:
            start, end = _span(lines, guard.test)
            yield _Edit("lost", start, end, f"({_between(lines, start, end)}) and False")
    for node in (*checks.dropped, *checks.raises):
        yield _Edit("lost", *_span(lines, node), "pass")


def _span(lines: Sequence[str], node: ast.expr | ast.stmt) -> tuple[tuple[int, int], tuple[int, int]]:
    """``ast`` counts columns in bytes."""

    def character(line: int, column: int) -> int:
        return len(lines[line - 1].encode()[:column].decode())

    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
    return (node.lineno, character(node.lineno, node.col_offset)), (end_line, character(end_line, end_column))


# --- what mutmut does -------------------------------------------------------------------------------------------------


class _Visitor(MutationVisitor):
    """Mutmut's, also within decorated functions: ours are swapped in place, and no decorator runs again."""

    def __init__(self, lines: set[int], wording: Wording) -> None:
        super().__init__(mutation_operators, _NOTHING_IGNORED, lines)
        self._wording = wording
        self._words: set[libcst.CSTNode] = set()

    def _skip_node_and_children(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, libcst.FunctionDef):
            return node.name.value in NEVER_MUTATE_FUNCTION_NAMES
        if isinstance(node, libcst.Call):
            self._words.update(arg for arg in node.args if _holds_words(node, arg, self._wording))
        return node in self._words or super()._skip_node_and_children(node)


def _changed(source: str, checks: CheckLines, wording: Wording) -> Iterator[_Edit]:
    wrapper = MetadataWrapper(libcst.parse_module(source))
    visitor = _Visitor(set(checks.lines), wording)
    wrapper.visit(visitor)
    positions, lines = wrapper.resolve(PositionProvider), source.splitlines()
    for mutation in visitor.mutations:
        old, new = mutation.original_node, mutation.mutated_node
        if isinstance(old, libcst.Call) and isinstance(new, libcst.Call) and _wording_alone(old, new, wording):
            continue
        where = positions[old]
        start, end = (where.start.line, where.start.column), (where.end.line, where.end.column)
        blank = " " if _between(lines, start, end)[0] == " " else ""  # some operators have blanks around them
        yield _Edit("changed", start, end, blank + wrapper.module.code_for_node(new).strip())


def _holds_words(call: libcst.Call, arg: libcst.Arg, wording: Wording) -> bool:
    if arg.keyword is not None:
        return arg.keyword.value in WORDS
    name = call.func.attr if isinstance(call.func, libcst.Attribute) else call.func
    return isinstance(name, libcst.Name) and call.args.index(arg) in wording.get(name.value, ())


def _wording_alone(old: libcst.Call, new: libcst.Call, wording: Wording) -> bool:
    """Whether a call lost nothing but the words of a message."""
    kept = {id(arg) for arg in new.args}
    lost = [arg for arg in old.args if id(arg) not in kept]
    return old.func is new.func and bool(lost) and all(_holds_words(old, arg, wording) for arg in lost)


# --- text -------------------------------------------------------------------------------------------------------------


def _between(lines: Sequence[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    return "\n".join((lines[start[0] - 1][start[1] :], *lines[start[0] : end[0] - 1], lines[end[0] - 1][: end[1]]))


def _spliced(source: str, edit: _Edit) -> str:
    lines = source.splitlines(keepends=True)
    before = "".join(lines[: edit.start[0] - 1]) + lines[edit.start[0] - 1][: edit.start[1]]
    after = lines[edit.end[0] - 1][edit.end[1] :] + "".join(lines[edit.end[0] :])
    return before + edit.text + after


def _diff(source: str, mutated: str) -> str:
    """The lines that differ, as ``-`` and ``+``."""
    compared = difflib.unified_diff(source.splitlines(), mutated.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in compared if not line.startswith(("---", "+++", "@@")))


def _is_another(original: CodeType, mutated: str, module: str) -> bool:
    try:
        code = compile(mutated, module, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return _behaviour(code) != _behaviour(original)


def _behaviour(code: CodeType) -> tuple[object, ...]:
    """What runs, without the numbers of the lines."""
    constants = tuple(
        _behaviour(each) if isinstance(each, CodeType) else (type(each), repr(each)) for each in code.co_consts
    )
    return (code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars)


# --- functions --------------------------------------------------------------------------------------------------------


def _functions(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, Place]]:
    """The functions of a module and the methods of its classes; those within functions belong to these."""
    seen: dict[str, int] = {}

    def visit(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, Place]]:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                qualname = prefix + node.name
                yield node, Place(qualname, seen.setdefault(qualname, 0))
                seen[qualname] += 1
            elif isinstance(node, ast.ClassDef):
                yield from visit(node.body, f"{prefix}{node.name}.")

    return visit(tree.body, "")


def _innermost_outer(
    functions: Sequence[tuple[ast.FunctionDef | ast.AsyncFunctionDef, Place]], line: int
) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, Place] | None:
    return next((each for each in functions if each[0].lineno <= line <= (each[0].end_lineno or 0)), None)
