"""``docs/limits.md``: every lifetime, skew, size, depth and count, from the constants and what stands beside them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from pathlib import Path

import zegel
from zegel_docs.markdown import table, text

SOURCE = Path(zegel.__file__).parent
LIMITS = re.compile(r"_?(MAX|MIN|TOLERATED)_[A-Z_]+|_?[A-Z_]+_(SECONDS|DAYS|DIGITS|PERIODS_VALID)|_REDIRECTS")
_INTRODUCTION = """\
# Limits

Every lifetime, skew, size, depth and count that zegel holds to, each with the reason for its number: from the
constants, and from what stands beside them in the source. What an operator may set stands in
[the configuration](configuration.md). `tests/limits` holds each at the limit and one beyond it, and says which it does
not.
"""


@dataclass(frozen=True)
class Limit:
    """A constant, where it stands, and why it has its value."""

    module: str
    name: str
    value: int | float
    why: str


def limits() -> list[Limit]:
    """All of them, in the order of the source."""
    return [limit for path in sorted(SOURCE.rglob("*.py")) for limit in _limits(path)]


def render_limits() -> str:
    """The page."""
    lines = [_INTRODUCTION.rstrip("\n")]
    for layer, found in groupby(limits(), key=lambda limit: limit.module.split(".")[1]):
        rows = [(f"`{limit.module}.{limit.name}`", _number(limit.value), text(limit.why)) for limit in found]
        lines += ["", f"## `{layer}`", *table(("limit", "value", "why"), rows)]
    return "\n".join(lines) + "\n"


def _limits(path: Path) -> Iterator[Limit]:
    source = path.read_text()
    names = list(_names(ast.parse(source)))
    if not names:
        return
    module = import_module(
        ".".join(("zegel", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    )
    lines = source.splitlines()
    for name, line in names:
        value = getattr(module, name)
        if isinstance(value, int | float):
            yield Limit(module=module.__name__, name=name, value=value, why=_why(lines, line))


def _names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name) and LIMITS.fullmatch(target.id):
                yield target.id, node.lineno


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
