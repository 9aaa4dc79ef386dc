"""The marks ``requirement`` name requirements that there are, at tests that there are."""

from hashlib import sha256

import pytest
from zegel_docs.requirements import NOT_MET, VECTORS, load_requirements, shown_requirements
from zegel_docs.tests import uses_of_mark

REQUIREMENTS = {requirement.id: requirement for requirement in load_requirements()}
SHOWN = shown_requirements()


def test_the_requirements_are_those_of_the_framework() -> None:
    assert len(REQUIREMENTS) == 622
    source = (VECTORS / "SOURCE.md").read_text()
    for path in VECTORS.glob("*.csv"):
        assert f"| {path.name} | {sha256(path.read_bytes()).hexdigest()} |" in source


def test_each_requirement_is_classified() -> None:
    assert {requirement.kind for requirement in REQUIREMENTS.values()} == {"implementable", "partly", "policy"}


@pytest.mark.parametrize("id_", SHOWN)
def test_a_mark_names_a_requirement_that_there_is(id_: str) -> None:
    assert id_ in REQUIREMENTS


def test_no_mark_stands_where_it_says_nothing() -> None:
    """A mark with two ids, with none, or at what is no test would be left out of the table."""
    assert uses_of_mark("requirement") == sum(len(tests) for tests in SHOWN.values())
    assert len(SHOWN) > 50


def test_what_is_not_met_is_a_requirement_of_software_that_no_test_shows() -> None:
    assert NOT_MET.keys() <= {id_ for id_, requirement in REQUIREMENTS.items() if requirement.kind != "policy"}
    assert not NOT_MET.keys() & SHOWN.keys()
