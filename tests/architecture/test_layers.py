"""The one dependency rule, purity and sealing: read from the source, so that no import has to happen."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "zegel"
LAYERS = (
    ("version",),
    ("checks",),
    ("errors",),
    ("primitives",),
    ("profiles",),
    ("trust",),
    ("formats",),
    ("protocols",),
    ("config",),
    ("services",),
    ("adapters",),
    ("demo",),
    ("web",),
    ("cli",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
PURE = {"version", "checks", "errors", "primitives", "profiles", "trust", "formats", "protocols"}
IMPURE_MODULES = {
    "asyncio", "httpcore2", "httpx2", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "signal",
    "socket", "sqlalchemy", "sqlite3", "ssl", "starlette", "subprocess", "sys", "tempfile", "threading", "time",
    "urllib.request", "uvicorn",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input"}
MODULES = sorted(SOURCE.rglob("*.py"))


def layer_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports_of(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            found.append(node.module)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    layer = layer_of(path)
    if layer == "__init__":
        return
    for name in imports_of(ast.parse(path.read_text())):
        if name.startswith("zegel."):
            target = name.split(".")[1]
            assert RANK[target] <= RANK[layer], f"{layer} imports {name}"
            assert RANK[target] < RANK[layer] or target == layer, f"{layer} imports its neighbour {name}"


@pytest.mark.parametrize("path", [p for p in MODULES if layer_of(p) in PURE], ids=lambda p: str(p.relative_to(SOURCE)))
def test_the_pure_layers_see_no_world(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for name in imports_of(tree):
        assert name not in IMPURE_MODULES, f"{name} in a pure layer"
        assert name.split(".")[0] not in IMPURE_MODULES, f"{name} in a pure layer"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in IMPURE_CALLS, f"{node.func.id}() in a pure layer, line {node.lineno}"
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
            base = node.value
            assert not (isinstance(base, ast.Name) and base.id in {"datetime", "date"}), f"a clock, line {node.lineno}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.name == "__init__.py"], ids=lambda p: str(p.relative_to(SOURCE))
)
def test_a_package_holds_its_docstring_and_nothing_else(path: Path) -> None:
    body = ast.parse(path.read_text()).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_module_or_function_outgrows_its_reader(path: Path) -> None:
    text = path.read_text()
    if path.name != "checks.py":  # a table
        assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 60, f"{node.name} is too long"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_name_says_nothing(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "misc", "manager", "handler", "handlers", "common", "base"}


def test_verbs_keep_their_meaning() -> None:
    """``verify_*`` and ``check_*`` return a stronger type or raise: never a bool, never nothing."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(("verify_", "check_")):
                assert node.returns is not None, f"{path.name}: {node.name}"
                assert ast.unparse(node.returns) not in {"bool", "None"}, f"{path.name}: {node.name}"
