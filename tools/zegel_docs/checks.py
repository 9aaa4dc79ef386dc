"""``docs/checks.md``: every rule by which zegel refuses, from the one table in ``zegel.checks``."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from zegel import checks
from zegel.checks import Check
from zegel_docs.markdown import text

_SECTION = re.compile(r"    # --- (.+?) -+$")


def render_checks() -> str:
    """The page."""
    lines = [
        "# Every rule by which zegel refuses",
        "",
        "The order is that in which a reader meets them. `zegel explain CHECK` says the same in a terminal, and each",
        "refusal says it of its own rule: on a page, in JSON and in the log. For every rule there is a test in which",
        "something good, changed in one place, fails exactly there: `tests/refusals/test_witnesses.py`.",
    ]
    sections = _sections()
    for check in Check:
        if check.name in sections:
            lines += ["", f"## {sections[check.name].capitalize()}"]
        lines += _check(check)
    return "\n".join(lines) + "\n"


def _check(check: Check) -> Iterator[str]:
    yield from ("", f"### `{check.id}`", "")
    yield f"- Rule: {text(check.rule)}"
    yield f"- Clause: {text(check.clause)}"
    yield f"- Field: {text(check.field)}"
    yield f"- At fault: {check.fault}"
    yield f"- Remedy: {text(check.remedy)}"


def _sections() -> Mapping[str, str]:
    """What stands in the source above a group of rules, by the name of the group's first rule."""
    source = Path(checks.__file__).read_text()
    table = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == "Check")
    first_lines = {
        node.lineno: target.id
        for node in table.body
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name)
    }
    found = {}
    for number, line in enumerate(source.splitlines(), start=1):
        section = _SECTION.fullmatch(line)
        if section is not None:
            found[first_lines[min(first for first in first_lines if first > number)]] = section[1]
    return found
