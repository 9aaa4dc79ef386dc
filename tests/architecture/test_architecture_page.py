"""docs/architecture.md says where everything stands: what it names is there."""

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from zegel_testing.markdown import ROOT, rows

from zegel.profiles import PROFILES

SOURCE = ROOT / "src" / "zegel"
PAGE = ROOT / "docs" / "architecture.md"
HOP = re.compile(r"^(\d)\. `([\w/]+\.py): (\w+)`", re.MULTILINE)
HOPS = [(path, name) for _, path, name in HOP.findall(PAGE.read_text())]
LAYERS = rows(PAGE, ("layer", "what it holds", "pure"))
PROVEN = rows(PAGE, ("value", "what is proven so far", "made by", "else"))


@cache
def trees() -> Mapping[Path, ast.Module]:
    """Every module, read when the first test asks for it."""
    return {path: ast.parse(path.read_text()) for path in SOURCE.rglob("*.py")}


def defined(path: Path) -> set[str]:
    """The functions, methods and classes of a module."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in ast.walk(trees()[path]) if isinstance(node, kinds)}


@cache
def everything() -> set[str]:
    return {name for path in trees() for name in defined(path)}


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_there_are_six_hops() -> None:
    assert len(HOPS) == 6


@pytest.mark.slow
@pytest.mark.parametrize(("path", "name"), HOPS, ids=[name for _, name in HOPS])
def test_a_hop_leads_to_a_function_that_there_is(path: str, name: str) -> None:
    assert name in defined(SOURCE / path)


def test_every_package_and_module_has_its_layer() -> None:
    named = [name for layer, _, _ in LAYERS for name in code(layer)]
    there = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert sorted(named) == sorted(there - {"__init__", "version"})


@pytest.mark.slow
def test_the_layers_stand_in_the_order_of_their_imports() -> None:
    """The row of a package is below that of every package which it imports; within a row, there is no rule."""
    row_of = {name: row for row, (layer, _, _) in enumerate(LAYERS) for name in code(layer)}
    for path, tree in trees().items():
        layer = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("zegel."):
                imported = (node.module or "").split(".")[1]
                if layer in row_of and imported in row_of:
                    assert row_of[imported] <= row_of[layer], f"{path.name} imports {imported}"


@pytest.mark.slow
def test_the_layers_are_pure_where_it_says_so() -> None:
    named = {name for layer, _, pure in LAYERS for name in code(layer) if pure == "yes"}
    rule = next(
        ast.literal_eval(node.value)
        for node in ast.parse((ROOT / "tests" / "architecture" / "test_layers.py").read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PURE"
    )
    assert named == rule - {"version"}


def test_every_folder_of_tests_is_explained() -> None:
    there = {f"tests/{path.name}" for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.iterdir())}
    named = [code(folder)[0] for folder, _ in rows(PAGE, ("folder", "what its tests show"))]
    assert sorted(named) == sorted(there - {"tests/support", "tests/__pycache__"})


@pytest.mark.slow
@pytest.mark.parametrize("cells", PROVEN, ids=lambda cells: code(cells[0])[0])
def test_a_value_that_is_proven_something_is_a_class_that_there_is(cells: list[str]) -> None:
    there = everything() | {"bytes"}
    assert set(code(cells[0])) <= there
    assert all(any(re.fullmatch(made.replace("*", r"\w+"), name) for name in there) for made in code(cells[2]))


def test_the_profiles_are_those_that_there_are() -> None:
    section = PAGE.read_text().split("## Two profiles")[1].split("\n## ")[0]
    assert [name for name in code(section) if name in PROFILES] == list(PROFILES)
