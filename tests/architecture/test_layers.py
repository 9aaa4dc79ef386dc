"""The one dependency rule, purity and sealing: read from the source, so that no import has to happen."""

import ast
from collections.abc import Iterator
from pathlib import Path

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
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "misc", "manager", "handler", "handlers", "common", "base"}
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
TREES = {path: ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}
"""Each module, parsed once. A rule is one test, which tells every place that breaks it."""


def layer_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def at(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(SOURCE)}:{getattr(node, 'lineno', 1)}"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imports_of(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield node, node.module


def test_every_module_is_in_a_layer() -> None:
    assert len(TREES) > 400
    assert {layer_of(path) for path in TREES} == {*RANK, "__init__"}


def test_imports_point_down() -> None:
    wrong = []
    for path, tree in TREES.items():
        layer = layer_of(path)
        if layer == "__init__":
            continue
        for node, name in imports_of(tree):
            target = name.split(".")[1] if name.startswith("zegel.") else layer
            if RANK[target] > RANK[layer] or (RANK[target] == RANK[layer] and target != layer):
                wrong.append(f"{at(path, node)}: {layer} imports {name}")
    assert wrong == []


def test_the_pure_layers_see_no_world() -> None:
    pure = {path: tree for path, tree in TREES.items() if layer_of(path) in PURE}
    wrong = [
        f"{at(path, node)}: {name}"
        for path, tree in pure.items()
        for node, name in imports_of(tree)
        if name in IMPURE_MODULES or name.split(".")[0] in IMPURE_MODULES
    ]
    wrong += [f"{at(path, node)}: {seen}" for path, tree in pure.items() for node, seen in _seen_of_the_world(tree)]
    assert wrong == []


def _seen_of_the_world(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield node, f"{node.func.id}()"
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
            base = node.value
            if isinstance(base, ast.Name) and base.id in {"datetime", "date"}:
                yield node, "a clock"


def test_a_package_holds_its_docstring_and_nothing_else() -> None:
    packages = {path: tree.body for path, tree in TREES.items() if path.name == "__init__.py"}
    assert packages
    for path, body in packages.items():
        assert len(body) == 1, path
        assert isinstance(body[0], ast.Expr), path
        assert isinstance(body[0].value, ast.Constant), path


def test_no_module_or_function_outgrows_its_reader() -> None:
    long = [path for path in TREES if path.read_text().count("\n") > LONGEST_MODULE and path.name != "checks.py"]
    assert long == []  # checks.py is a table
    wrong = [
        f"{at(path, node)}: {node.name}"
        for path, tree in TREES.items()
        for node in functions(tree)
        if (node.end_lineno or 0) - node.lineno > LONGEST_FUNCTION
    ]
    assert wrong == []


def test_no_name_says_nothing() -> None:
    assert [path for path in TREES if path.stem in NAMES_THAT_SAY_NOTHING] == []


def test_verbs_keep_their_meaning() -> None:
    """``verify_*`` and ``check_*`` return a stronger type or raise: never a bool, never nothing."""
    wrong = [
        f"{at(path, node)}: {node.name}"
        for path, tree in TREES.items()
        for node in functions(tree)
        if node.name.startswith(("verify_", "check_"))
        and (node.returns is None or ast.unparse(node.returns) in {"bool", "None"})
    ]
    assert wrong == []
