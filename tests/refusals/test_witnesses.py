"""Every rule has a witness: something good, changed in one place, that fails exactly there.

Witnesses stand in the ``REFUSALS`` tables of this folder, each of which a test of its module runs whole, and in tests
anywhere that are marked ``@pytest.mark.refuses``.
"""

import ast
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from zegel_docs.tests import ROOT, Function, trees

from zegel.checks import Check
from zegel.errors import ZegelError

TABLES = sorted(
    path
    for path in Path(__file__).parent.glob("test_*.py")
    if path != Path(__file__) and "\nREFUSALS" in path.read_text()
)
Witness = Callable[[], object]


def load(path: Path) -> ModuleType:
    """The module of a file, as pytest imports it."""
    name = f"witnesses.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@cache
def tabled() -> Mapping[Check, Witness]:
    """The first witness of each rule in the tables."""
    found: dict[Check, Witness] = {}
    for path in TABLES:
        for check, witness in load(path).REFUSALS:
            found.setdefault(check, witness)
    return found


@dataclass(frozen=True)
class Marked:
    """A test that a mark calls a witness of a rule, and whether the test or what it calls says so too."""

    test: str
    check: Check
    meant: bool


@cache
def marked() -> tuple[Marked, ...]:
    """The tests that are marked."""
    return tuple(_marked())


def _marked() -> Iterator[Marked]:
    """A mark on anything else is nothing, for nothing runs it."""
    for path, tree in trees().items():
        if "mark.refuses(" in (ROOT / path).read_text():
            functions = {node.name: node for node in ast.walk(tree) if isinstance(node, Function)}
            for name, function in functions.items():
                if name.startswith("test_"):
                    yield from _marks(function, functions, path)


def _marks(function: Function, functions: Mapping[str, Function], path: str) -> Iterator[Marked]:
    checks = [check for check in map(_marked_check, function.decorator_list) if check is not None]
    if checks:
        called = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} & functions.keys()
        others = [decorator for decorator in function.decorator_list if _marked_check(decorator) is None]
        parts = [*others, *function.body, *(functions[name] for name in called)]
        text = "\n".join(map(ast.unparse, parts))
        for check in checks:
            yield Marked(f"{path}::{function.name}", check, f"Check.{check.name}" in text or check.id in text)


def _marked_check(decorator: ast.expr) -> Check | None:
    """The rule in ``pytest.mark.refuses(Check.X)``."""
    match decorator:
        case ast.Call(
            func=ast.Attribute(attr="refuses", value=ast.Attribute(attr="mark")),
            args=[ast.Attribute(value=ast.Name(id="Check"), attr=name)],
        ):
            return Check[name]
    return None


@pytest.mark.parametrize("check", list(Check), ids=lambda check: check.id)
def test_every_rule_has_a_witness_that_fails_exactly_there(check: Check) -> None:
    witness = tabled().get(check)
    assert witness or check in {mark.check for mark in marked()}, "nothing shows this rule to refuse"
    if witness:
        with pytest.raises(ZegelError) as refusal:
            witness()
        assert refusal.value.check is check


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_table_is_run_whole_by_its_own_module(path: Path) -> None:
    """A table that no test of its module takes its parameters from would be a list of claims."""
    uses = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "parametrize"
    ]
    names = {name.id for use in uses for name in ast.walk(use) if isinstance(name, ast.Name)}
    assert names & {"REFUSALS", "CASES"}


def test_what_a_mark_says_the_test_says_too() -> None:
    assert [mark.test for mark in marked() if not mark.meant] == []
    assert len(marked()) > 50
