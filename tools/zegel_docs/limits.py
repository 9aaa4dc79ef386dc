"""``docs/limits.md``: every lifetime, skew, size, depth, count and rate, from the code and what stands beside it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Final, TypeGuard

import zegel
import zegel.config.rates
from zegel.config.roles import Config
from zegel.config.setting import Setting, settings_of
from zegel_docs.markdown import table, text
from zegel_docs.no_limits import NO_LIMITS

SOURCE: Final = Path(zegel.__file__).parent
_ASSIGNED: Final = (ast.Assign, ast.AnnAssign)
_INTRODUCTION = """\
# Limits

Every lifetime, skew, size, depth and count that zegel holds to, each with the reason for its number: from the
constants, and from what stands beside them in the source. A number of the source is here unless
`tools/zegel_docs/no_limits.py` says what it is instead: a tag, a unit, how many bytes are drawn. What an operator may
set stands in [the configuration](configuration.md), and the [rates](#rates) of it here as well, as they are by default.
`tests/limits` holds each at the limit and one beyond it, and says which it does not.
"""
_RATES: Final = """\
## Rates

How often each role may be asked where its configuration says nothing else. A number is what may come at once, and what
comes back within a minute; whoever comes more often is told how long to wait (429, `rate`). Each process counts for
itself; the passwords of a name are counted in the database.
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
    lines += ["", _RATES.rstrip("\n")]
    for section, declared in _sections():
        rows = [(f"`{rate.name}`", _number(rate.value), text(rate.why)) for rate in _rates(section, declared)]
        lines += ["", f"### `[{section}]`", "", text(declared.table.__doc__)]
        lines += table(("rate", "default", "of what"), rows)
    return "\n".join(lines) + "\n"


def rates() -> list[Limit]:
    """How often each role may be asked by default; by what ``zegel.toml`` calls it, as in ``issuer.rates.par``."""
    return [rate for section, declared in _sections() for rate in _rates(section, declared)]


def _sections() -> Iterator[tuple[str, Setting]]:
    """The tables of rates, each by its name in the file."""
    for role in settings_of(Config):
        if role.table is not None:
            yield from ((f"{role.name}.rates", each) for each in settings_of(role.table) if each.name == "rates")


def _rates(section: str, declared: Setting) -> Iterator[Limit]:
    source = Path(zegel.config.rates.__file__).read_text()
    lines = [line.strip() for line in source.splitlines()]
    (body,) = (
        node.body
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == declared.table.__name__
    )
    at = {name: node.lineno for node in body if isinstance(node, ast.AnnAssign) for name in _names(node)}
    for rate in settings_of(declared.table):
        why = "; ".join(filter(None, (rate.meaning, _why(lines, at[rate.name]))))
        yield Limit(module=section, name=rate.name, value=rate.default, why=why)


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
