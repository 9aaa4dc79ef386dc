"""A function within a function may not need, as a mutant, a name that it closed over. The one that lives has a cell for
it, and takes no code that has none: so the name is written where nothing comes by."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType
from typing import Any

from zegel_mutants.mutate import nested


def compile_mutant(source: str, *, path: str, original: CodeType) -> CodeType:
    """Compile a module, each of whose functions closes over the names that it closes over in the original."""
    names: dict[str, list[Sequence[str]]] = {}
    for code in nested(original):
        names.setdefault(code.co_qualname, []).append(code.co_freevars)
    tree = ast.fix_missing_locations(_Names(names).visit(ast.parse(source)))
    return compile(tree, path, "exec", dont_inherit=True)


class _Names(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._names: dict[str, Iterator[Sequence[str]]] = {name: iter(each) for name, each in names.items()}
        self._within = ""

    def _visited(self, node: Any, name: str, within: str) -> list[ast.expr]:
        qualname, before = self._within + name, self._within
        names = next(self._names.get(qualname, iter(())), ())
        self._within = qualname + within
        self.generic_visit(node)
        self._within = before
        return [ast.Name(id=each, ctx=ast.Load()) for each in names]

    def _function(self, node: Any) -> Any:
        names = self._visited(node, node.name, ".<locals>.")
        if names:
            node.body.append(ast.If(test=ast.Constant(False), body=[ast.Expr(name) for name in names], orelse=[]))
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self._visited(node, node.name, ".")
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        names = self._visited(node, "<lambda>", ".<locals>.")
        if names:
            never = ast.Tuple(elts=names, ctx=ast.Load())
            node.body = ast.IfExp(test=ast.Constant(True), body=node.body, orelse=never)
        return node
