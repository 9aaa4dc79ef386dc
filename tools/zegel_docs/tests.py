"""What the tests say of themselves, read from their source: nothing is imported, nothing runs."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def trees() -> Mapping[str, ast.Module]:
    """Every file of tests by its path from the root, in order, read once."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
        for path in sorted(TESTS.rglob("test_*.py"))
        if "node_modules" not in path.parts
    }


@cache
def collected_tests() -> Mapping[str, Function]:
    """Every test by its name, ``tests/flows/test_copies.py::test_...``."""
    return {
        f"{path}::{node.name}": node
        for path, tree in trees().items()
        for node in tree.body
        if isinstance(node, Function) and node.name.startswith("test_")
    }


def marks(function: Function, mark: str) -> Iterator[str]:
    """The arguments of ``@pytest.mark.<mark>("...")`` at a test."""
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(
                func=ast.Attribute(attr=name, value=ast.Attribute(attr="mark")), args=[ast.Constant(value=str(value))]
            ) if name == mark:
                yield value


def uses_of_mark(mark: str) -> int:
    """How often a mark stands anywhere in the tests: one that is at no test, or says no text, counts as well."""
    return sum(
        isinstance(node, ast.Attribute) and node.attr == mark and ast.unparse(node.value).endswith("mark")
        for tree in trees().values()
        for node in ast.walk(tree)
    )
