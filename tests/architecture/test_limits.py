"""Every limit of docs/limits.md has a test at the limit and one beyond it, or a reason why not."""

import ast
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from zegel_docs.limits import SOURCE, limits, numbers
from zegel_docs.no_limits import NO_LIMITS
from zegel_limits.cuts import CUTS
from zegel_limits.elsewhere import ELSEWHERE, EXEMPT, MAX_OPEN, OPEN
from zegel_limits.left_out import MORE_CUTS
from zegel_limits.tables import PAIRS

ROOT = Path(__file__).parents[2]
TABLES = (PAIRS, CUTS, MORE_CUTS, ELSEWHERE, EXEMPT, OPEN)


@pytest.mark.slow
def test_every_limit_stands_in_one_table_and_nothing_else_does() -> None:
    known = [limit.path for limit in limits()]
    told = Counter(name for table in TABLES for name in table)
    assert sorted(told) == sorted(known)
    assert [name for name, count in told.items() if count > 1] == []


@pytest.mark.slow
def test_every_number_of_the_source_is_on_the_page_or_declared_to_be_no_limit() -> None:
    """Found here in another way than there: by the value that each name at the top of a module has, literal or not."""
    found = {f"{module}.{name}" for module, name in names_of_numbers()}
    known = {number.path for number in numbers()}
    assert found - known == set()
    assert NO_LIMITS.keys() - known == set(), "what is declared is there"
    assert found - NO_LIMITS.keys() <= {limit.path for limit in limits()}


def names_of_numbers() -> Iterator[tuple[str, str]]:
    """Each name that a module binds to a number at its top, however: in a tuple, under a condition, by a walrus."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(("zegel", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
        bound = {
            node.id
            for statement in ast.parse(path.read_text()).body
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        values = vars(import_module(module)) if bound else {}
        yield from ((module, name) for name in bound if type(values.get(name)) in (int, float))


def test_a_test_that_is_named_is_there() -> None:
    for name, tests in ELSEWHERE.items():
        for test in tests:
            file, _, function = test.partition("::")
            assert f"def {function}(" in (ROOT / file).read_text(), name


@pytest.mark.slow
def test_most_limits_have_a_pair_and_those_without_become_fewer() -> None:
    """``MAX_OPEN`` goes down with each limit that gets a pair, and never up."""
    assert len(OPEN) <= MAX_OPEN == 0
    assert all(EXEMPT.values())
    assert len(EXEMPT) * 6 < len(limits()), "of six limits, five and more are come up against"
