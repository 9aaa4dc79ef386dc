"""``docs/limits.md``: every lifetime, skew, size, depth and count, from the constants and what stands beside them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Final, TypeGuard

import zegel
from zegel_docs.markdown import table, text
from zegel_docs.no_limits import NO_LIMITS

SOURCE: Final = Path(zegel.__file__).parent
_ASSIGNED: Final = (ast.Assign, ast.AnnAssign)
_INTRODUCTION = """\
# Limits

Every lifetime, skew, size, depth and count that zegel holds to, each with the reason for its number: from the
constants, and from what stands beside them in the source. A number of the source is here unless
`tools/zegel_docs/no_limits.py` says what it is instead: a tag, a unit, how many bytes are drawn. What an operator may
set stands in [the configuration](configuration.md). `tests/limits` holds each at the limit and one beyond it, and says
which it does not.
"""


@dataclass(frozen=True)
class Limit:
    """A constant, where it stands, and why it has its value."""

    module: str
    name: str
    value: int | float
    why: str

    @property
    def path(self) -> str:
        """Of the constant, as it is imported."""
        return f"{self.module}.{self.name}"


def limits() -> list[Limit]:
    """All of them, in the order of the source: every number but those that are declared to be something else."""
    return [number for number in numbers() if number.path not in NO_LIMITS]


def numbers() -> list[Limit]:
    """Every number that has a name at the top of a module, and every one that is written out there by a keyword."""
    return [number for path in sorted(SOURCE.rglob("*.py")) for number in _numbers(path)]


def render_limits() -> str:
    """The page."""
    lines = [_INTRODUCTION.rstrip("\n")]
    for layer, found in groupby(limits(), key=lambda limit: limit.module.split(".")[1]):
        rows = [(f"`{limit.path}`", _number(limit.value), text(limit.why)) for limit in found]
        lines += ["", f"## `{layer}`", *table(("limit", "value", "why"), rows)]
    return "\n".join(lines) + "\n"


def _numbers(path: Path) -> Iterator[Limit]:
    source = path.read_text()
    tree = ast.parse(source)
    assigned = [(node, node.value, list(_names(node))) for node in tree.body if isinstance(node, _ASSIGNED)]
    if not assigned:
        return
    module = import_module(
        ".".join(("zegel", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    )
    lines = source.splitlines()
    for node, value, names in assigned:
        for name in names:
            if _is_number(number := getattr(module, name, None)):
                why = _why(lines, node.lineno) or _said_below(tree, node)
                yield Limit(module=module.__name__, name=name, value=number, why=why)
            for keyword in value.keywords if isinstance(value, ast.Call) else ():
                if isinstance(keyword.value, ast.Constant) and _is_number(number := keyword.value.value):
                    why = _why(lines, keyword.value.lineno)
                    yield Limit(module=module.__name__, name=f"{name}.{keyword.arg}", value=number, why=why)


def _names(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        for each in target.elts if isinstance(target, ast.Tuple) else [target]:
            if isinstance(each, ast.Name):
                yield each.id


def _is_number(value: object) -> TypeGuard[int | float]:
    return type(value) in (int, float)


def _said_below(tree: ast.Module, node: ast.stmt) -> str:
    """The text that stands under a constant."""
    below = tree.body[tree.body.index(node) + 1 :][:1]
    if below and isinstance(below[0], ast.Expr) and isinstance(below[0].value, ast.Constant):
        return " ".join(str(below[0].value.value).split())
    return ""


def _why(lines: list[str], number: int) -> str:
    """The comment behind the constant, or else the lines above it that are nothing but comment."""
    behind = lines[number - 1].partition("  # ")[2]
    if behind:
        return behind
    above: list[str] = []
    for line in reversed(lines[: number - 1]):
        if not line.startswith("# "):
            break
        above.insert(0, line.removeprefix("# "))
    return " ".join(above)


def _number(value: float) -> str:
    return f"{value:,}"
