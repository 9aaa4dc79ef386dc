"""The marks ``requirement`` name requirements that there are, at tests that there are."""

import re
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from zegel_docs import requirements
from zegel_docs.requirements import ACCOUNTED, REASONS, VECTORS, load_account, load_requirements, shown_requirements
from zegel_docs.tests import collected_tests, marks, uses_of_mark

REQUIREMENTS = {requirement.id: requirement for requirement in load_requirements()}
ACCOUNT = load_account()


def test_the_requirements_are_those_of_the_framework() -> None:
    assert len(REQUIREMENTS) == 622
    source = (VECTORS / "SOURCE.md").read_text()
    for path in VECTORS.glob("*.csv"):
        assert f"| {path.name} | {sha256(path.read_bytes()).hexdigest()} |" in source


def test_each_requirement_is_classified() -> None:
    assert {requirement.kind for requirement in REQUIREMENTS.values()} == {"implementable", "partly", "policy"}


def test_a_mark_names_a_requirement_that_there_is() -> None:
    assert shown_requirements().keys() - REQUIREMENTS.keys() == set()


@pytest.mark.slow
def test_no_mark_stands_where_it_says_nothing() -> None:
    """A mark with two ids, with none, or at what is no test would be left out of the table."""
    shown = shown_requirements()
    assert uses_of_mark("requirement") == sum(len(tests) for tests in shown.values())
    assert len(shown) > 50


def test_every_requirement_of_the_topics_about_trust_is_accounted_for() -> None:
    """Each is shown by a test and met somewhere, or has a reason: not both, and none of another topic."""
    accounted = {id_ for id_, requirement in REQUIREMENTS.items() if requirement.number in ACCOUNTED}
    shown = shown_requirements().keys()
    assert {requirement.number for requirement in REQUIREMENTS.values()} > ACCOUNTED
    assert ACCOUNT.met.keys() == accounted & shown
    assert ACCOUNT.reasons.keys() == accounted - shown


def test_a_requirement_has_one_reason_of_a_kind_that_there_is() -> None:
    assert {kind for kind, _ in ACCOUNT.reasons.values()} == REASONS.keys()
    text = (Path(requirements.__file__).parent / "requirements.toml").read_text()
    assert all(text.count(f"\n{id_} = ") == 1 for id_ in (*ACCOUNT.met, *ACCOUNT.reasons))
    assert all(why and not why.endswith(".") for _, why in ACCOUNT.reasons.values())


def test_what_software_cannot_meet_is_not_called_unbuilt() -> None:
    for id_, (kind, _) in ACCOUNT.reasons.items():
        if REQUIREMENTS[id_].kind == "policy":
            assert kind == "organisation", id_
        if kind == "hardware":
            assert REQUIREMENTS[id_].kind == "partly", id_


def test_where_a_requirement_is_met_there_is_such_a_function_or_class() -> None:
    for place in sorted({place for places in ACCOUNT.met.values() for place in places}):
        module, _, name = place.partition(":")
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        assert module.startswith("zegel."), place
        assert found.__module__ == module, f"{place} is defined there, and not imported"


REFERENCE = re.compile(r"\b(?:{})\b".format("|".join(sorted(REQUIREMENTS, key=len, reverse=True))))


def test_a_reason_leads_to_requirements_that_are_shown_or_have_a_reason_themselves() -> None:
    accounted = shown_requirements().keys() | ACCOUNT.reasons.keys()
    for id_, (_, why) in ACCOUNT.reasons.items():
        assert set(REFERENCE.findall(why)) - {id_} <= accounted, id_


@pytest.mark.slow
def test_a_test_that_is_named_after_a_requirement_is_marked_with_it() -> None:
    by_name = {f"_{id_.lower()}_": id_ for id_ in REQUIREMENTS}
    for name, function in collected_tests().items():
        named = {id_ for part, id_ in by_name.items() if part in f"{name.partition('::')[2]}_"}
        assert named <= set(marks(function, "requirement")), name
