"""Which lines of a module hold a check: those that decide whether something is refused."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# What says that zegel itself is wrong, not what it was given.
_OUR_OWN_FAULTS = frozenset(
    {"AssertionError", "IndexError", "KeyError", "NotImplementedError", "TypeError", "ValueError"}
)
_CHECKING = re.compile(r"_*(check|verify|refuse)(_|$)")
_LEAVING = (ast.Return, ast.Continue, ast.Break)


@dataclass(frozen=True)
class Guard:
    """The condition of an ``if`` that ends in a refusal or goes around one.

    ``refuses`` where the branch that the condition opens does nothing but refuse, so that a condition that never
    holds takes the check away.
    """

    test: ast.expr
    refuses: bool


@dataclass(frozen=True)
class CheckLines:
    """What one module checks.

    ``guards`` are conditions, ``calls`` the statements that call a check, ``dropped`` those whose result nobody reads,
    and ``raises`` the refusals that no condition of these stands before.
    """

    guards: Sequence[Guard]
    calls: Sequence[ast.stmt]
    dropped: Sequence[ast.Expr]
    raises: Sequence[ast.Raise]

    @property
    def lines(self) -> frozenset[int]:
        """The numbers of all lines of conditions and calls."""
        nodes = [*(guard.test for guard in self.guards), *self.calls]
        return frozenset(line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))


def find_check_lines(tree: ast.Module) -> CheckLines:
    """Look through all functions of a module."""
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    guards = {id(guard.test): guard for block in _blocks(tree) for guard in _guards(block)}
    calls = [node for node in statements if _calls_check(node)]
    guarded = {id(each) for node in statements if isinstance(node, ast.If) for each in node.body if len(node.body) == 1}
    return CheckLines(
        guards=sorted(guards.values(), key=lambda guard: (guard.test.lineno, guard.test.col_offset)),
        calls=calls,
        dropped=[node for node in calls if isinstance(node, ast.Expr)],
        raises=[node for node in statements if _is_refusal(node) and id(node) not in guarded],
    )


def _blocks(tree: ast.AST) -> Iterator[Sequence[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and not isinstance(node, ast.Module | ast.ClassDef):
                yield block


def _guards(block: Sequence[ast.stmt]) -> Iterator[Guard]:
    """Those among the statements of one block."""
    for position, statement in enumerate(block):
        if not isinstance(statement, ast.If):
            continue
        refuses = _leads(statement.body)
        around = isinstance(statement.body[-1], _LEAVING) and any(_leads([each]) for each in block[position + 1 :])
        if refuses or _leads(statement.orelse) or around:
            alone = len(statement.body) == 1 and _is_refusal(statement.body[0])
            yield Guard(test=statement.test, refuses=alone and not statement.orelse)


def _leads(block: Sequence[ast.stmt]) -> bool:
    """Whether a block ends in a refusal, or in something that does nothing else than to look for one."""
    if not block:
        return False
    match block[-1]:
        case ast.Raise() as last:
            return _is_refusal(last)
        case ast.If(body=body, orelse=orelse):
            return _leads(body) or _leads(orelse)
        case ast.For(body=body) | ast.With(body=body):
            return _leads(body)
        case ast.Expr() as last:
            return _calls_check(last)
        case _:
            return False


def _is_refusal(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return not (isinstance(raised, ast.Name) and raised.id in _OUR_OWN_FAULTS)


def _calls_check(node: ast.stmt) -> bool:
    """A statement that calls something named ``check_*``, ``verify_*`` or ``refuse_*``."""
    if not isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return) or node.value is None:
        return False
    return any(_CHECKING.match(name) for name in _called(node.value))


def _called(value: ast.expr) -> Iterable[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr
