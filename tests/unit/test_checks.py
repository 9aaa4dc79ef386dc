"""The table of rules: complete, unique, and in words that a stranger understands."""

import re

from zegel.checks import Check, Fault


def test_no_two_rules_are_the_same() -> None:
    # an Enum makes an alias of a member whose value is there already
    assert len({check.id for check in Check}) == len(Check.__members__)
    assert len({check.rule for check in Check}) == len(Check)


def test_a_rule_has_a_name_for_the_command_line() -> None:
    for check in Check:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", check.id), check
        assert check.id == check.name.lower().replace("_", "-")


def test_a_rule_says_what_holds_by_which_clause_in_which_field_who_errs_and_what_to_do() -> None:
    for check in Check:
        for text in (check.rule, check.clause, check.field, check.remedy):
            assert text, check
            assert text == text.strip(), check
            assert not text.endswith("."), check
            assert "\n" not in text, check
            assert text.isprintable(), check
        assert check.rule[0].islower(), check
        assert check.remedy[0].islower(), check
        assert isinstance(check.fault, Fault), check


def test_a_clause_is_a_document_and_where_in_it_or_ours() -> None:
    for check in Check:
        assert re.search(r"\d|zegel's own|that is named|W3C", check.clause), check


def test_no_rule_names_a_file_that_is_not_there() -> None:
    for check in Check:
        assert "docs/" not in f"{check.rule} {check.clause} {check.remedy}", check


def test_the_first_rules_are_those_before_any_meaning() -> None:
    assert list(Check)[:2] == [Check.SYNTAX, Check.AVAILABILITY]
