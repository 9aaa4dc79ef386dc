"""The table of rules: complete, unique, and in words that a stranger understands."""

import re

import pytest

from zegel.checks import Check, Fault

EVERY = pytest.mark.parametrize("check", list(Check), ids=lambda check: check.id)


def test_no_two_rules_are_the_same() -> None:
    # an Enum makes an alias of a member whose value is there already
    assert len({check.id for check in Check}) == len(Check.__members__)
    assert len({check.rule for check in Check}) == len(Check)


@EVERY
def test_a_rule_has_a_name_for_the_command_line(check: Check) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", check.id)
    assert check.id == check.name.lower().replace("_", "-")


@EVERY
def test_a_rule_says_what_holds_by_which_clause_in_which_field_who_errs_and_what_to_do(check: Check) -> None:
    for text in (check.rule, check.clause, check.field, check.remedy):
        assert text
        assert text == text.strip()
        assert not text.endswith(".")
        assert "\n" not in text
        assert text.isprintable()
    assert check.rule[0].islower()
    assert check.remedy[0].islower()
    assert isinstance(check.fault, Fault)


@EVERY
def test_a_clause_is_a_document_and_where_in_it_or_ours(check: Check) -> None:
    assert re.search(r"\d|zegel's own|that is named|W3C", check.clause)


@EVERY
def test_no_rule_names_a_file_that_is_not_there(check: Check) -> None:
    assert "docs/" not in f"{check.rule} {check.clause} {check.remedy}"


def test_the_first_rules_are_those_before_any_meaning() -> None:
    assert list(Check)[:2] == [Check.SYNTAX, Check.AVAILABILITY]
