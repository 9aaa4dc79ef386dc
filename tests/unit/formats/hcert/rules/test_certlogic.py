"""CertLogic where its suites are silent: errors, limits, and what is not a number."""

from typing import Any

import pytest

from zegel.errors import Malformed
from zegel.formats.hcert.rules.certlogic import MAX_STEPS, CertLogicError, evaluate
from zegel.formats.hcert.rules.expression import MAX_INTEGER, MAX_PARTS, is_integer, parse_expression


def value(expression: Any, data: Any = None) -> Any:
    return evaluate(parse_expression(expression), data)


MIDNIGHT = {"plusTime": ["2021-07-01", 0, "day"]}


@pytest.mark.parametrize(
    "expression",
    [
        {"if": [MIDNIGHT, 1, 2]},
        {"and": [True, MIDNIGHT]},
        {"!": [MIDNIGHT]},
        {"+": [1, "1"]},
        {"+": [1, True]},
        {"+": [MAX_INTEGER, 1]},
        {"<": [1, "2"]},
        {">": [True, False]},
        {"after": [MIDNIGHT, "2021-07-01"]},
        {"before": [1, 2]},
        {"in": ["a", "abc"]},
        {"reduce": ["abc", 1, 0]},
        {"plusTime": [1, 0, "day"]},
        {"plusTime": ["yesterday", 0, "day"]},
        {"plusTime": [MIDNIGHT, 0, "day"]},
        {"plusTime": ["2021", MAX_INTEGER, "year"]},
        {"dccDateOfBirth": ["2021-07-01T00:00:00Z"]},
        {"dccDateOfBirth": [{"var": "nothing"}]},
        {"extractFromUVCI": [1, 0]},
    ],
    ids=str,
)
def test_the_wrong_kind_of_value_is_an_error_and_never_a_guess(expression: Any) -> None:
    with pytest.raises(CertLogicError):
        value(expression)


@pytest.mark.parametrize(
    ("expression", "where"),
    [
        (None, ""),
        (1.5, ""),
        (MAX_INTEGER + 1, ""),
        ({"or": [True, True]}, ""),
        ({"===": [1]}, ".==="),
        ({"and": [True]}, ".and"),
        ({"<": [1, 2, 3, 4]}, ".<"),
        ({"!": True}, ".!"),
        ({"if": [True, None, 1]}, ".if[1]"),
        ({"var": 1}, ".var"),
        ({"var": "a..b"}, ".var"),
        ({"plusTime": ["2021", "1", "day"]}, ".plusTime[1]"),
        ({"plusTime": ["2021", 1, "week"]}, ".plusTime[2]"),
        ({"extractFromUVCI": ["a", {"var": "x"}]}, ".extractFromUVCI[1]"),
        ([1, [{}]], "[1][0]"),
        ({"a": 1, "b": 2}, ""),
    ],
    ids=str,
)
def test_what_is_no_expression_is_malformed_at_its_place(expression: Any, where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_expression(expression, where="Logic")
    assert refusal.value.where == f"Logic{where}"


def test_scalars_are_equal_by_type_and_value_and_the_rest_by_being_the_same() -> None:
    data = {"a": [1], "b": [1], "x": 1.0, "y": 1.5, "n": 2**60}
    assert value({"===": [{"var": "x"}, 1]}, data) is True
    assert value({"===": [{"var": "y"}, {"var": "y"}]}, data) is True
    assert value({"===": [True, 1]}, data) is False
    assert value({"===": ["1", 1]}, data) is False
    assert value({"===": [{"var": "a"}, {"var": "b"}]}, data) is False
    assert value({"===": [{"var": "a"}, {"var": "a"}]}, data) is True
    assert value({"===": [{"var": "n"}, {"var": "n"}]}, data) is True
    assert value({"===": [MIDNIGHT, MIDNIGHT]}, data) is False
    assert value({"===": [{"var": "nothing"}, {"var": "nowhere"}]}, data) is True


def test_a_member_of_an_array_is_found_by_type_and_value() -> None:
    data = {"items": [1, "1", None]}
    assert value({"in": [{"var": "nothing"}, {"var": "items"}]}, data) is True
    assert value({"in": [True, {"var": "items"}]}, data) is False
    assert value({"in": ["1", {"var": "items"}]}, data) is True


@pytest.mark.parametrize("path", ["text.0", "list.length", "list.-1", "list.01", "list.9", "list.x", "number.0", "0"])
def test_a_path_that_leads_nowhere_is_null(path: str) -> None:
    assert value({"var": path}, {"text": "abc", "list": [1, 2], "number": 7}) is None


def test_an_integer_may_be_written_with_a_point() -> None:
    assert is_integer(2.0)
    assert not is_integer(2.5)
    assert not is_integer(float(MAX_INTEGER) + 1)
    assert not is_integer(True)
    assert value({"+": [{"var": "a"}, 1]}, {"a": 2.0}) == 3


def test_a_negative_fragment_of_an_identifier_is_null() -> None:
    assert value({"extractFromUVCI": ["01:NL:1", -1]}) is None


@pytest.mark.slow
def test_an_expression_takes_only_so_many_steps() -> None:
    many: Any = {"reduce": [{"var": "items"}, {"in": [True, {"var": "current"}]}, 0]}
    items = [[1] * 1000] * 90
    assert value(many, {"items": items}) is False
    with pytest.raises(CertLogicError, match=f"at most {MAX_STEPS} steps"):
        value(many, {"items": [*items, *items]})


def test_an_expression_has_only_so_many_parts() -> None:
    assert value([0] * (MAX_PARTS - 1)) == [0] * (MAX_PARTS - 1)
    with pytest.raises(Malformed, match=f"at most {MAX_PARTS} parts"):
        parse_expression([0] * MAX_PARTS)
