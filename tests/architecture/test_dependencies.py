"""docs/dependencies.md says why each package is there that pyproject.toml asks for, and names no other."""

import re
import tomllib
from collections.abc import Iterable

from zegel_testing.markdown import ROOT, prose

PAGE = ROOT / "docs" / "dependencies.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def names(wanted: Iterable[str]) -> set[str]:
    return {re.split(r"[\[<>=!~ ]", text)[0] for text in wanted}


def tabled(heading: str) -> set[str]:
    """The packages of a section's table, which are in its first column."""
    section = prose(PAGE).split(f"## {heading}\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    return {name for cell in first for name in re.findall(r"`([^`]+)`", cell)}


def test_what_runs_has_its_reason() -> None:
    assert tabled("To run") == names(PROJECT["project"]["dependencies"])


def test_what_the_demo_service_takes_has_its_reason() -> None:
    assert tabled("For the demo service, Tax online") == names(PROJECT["project"]["optional-dependencies"]["demo"])


def test_what_tests_checks_and_benchmarks_take_has_its_reason() -> None:
    wanted = {name for group in PROJECT["dependency-groups"].values() for name in names(group)}
    assert tabled("For tests, checks and benchmarks") == wanted


def test_what_is_asked_for_is_pinned_with_its_hash() -> None:
    pinned = (ROOT / "requirements" / "dev.txt").read_text()
    for name in names(PROJECT["project"]["dependencies"]):
        assert re.search(rf"^{re.escape(name)}(\[.+\])?==\S+ .*\\\n    --hash=sha256:", pinned, re.MULTILINE), name
