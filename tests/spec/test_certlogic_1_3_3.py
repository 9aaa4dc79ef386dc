"""CertLogic 1.3.3 by its own suites, and every official business rule by its own tests."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zegel.errors import Malformed
from zegel.formats.hcert.rules.certlogic import CertLogicError, evaluate
from zegel.formats.hcert.rules.dates import DateTime, iso_text
from zegel.formats.hcert.rules.expression import parse_expression
from zegel.formats.hcert.rules.rule import parse_rule

VECTORS = Path(__file__).parents[1] / "vectors" / "dcc-rules"
SUITES = json.loads((VECTORS / "certlogic-testSuite.json").read_text())
VALIDATION = json.loads((VECTORS / "certlogic-validation-testSuite.json").read_text())
OFFICIAL = json.loads((VECTORS / "business-rules.json").read_text())
SKIPS = {(skip["suite"], skip["case"]) for skip in tomllib.loads((VECTORS / "skips.toml").read_text())["skip"]}


def suite_cases(*, skipped: bool) -> Iterator[Any]:
    """Expression, data and expectation of each assertion, those that the suite skips apart."""
    for name, suite in SUITES.items():
        for case in suite["cases"]:
            for position, assertion in enumerate(case["assertions"]):
                marked = "skip" in (suite.get("directive"), case.get("directive"), assertion.get("directive"))
                if marked is skipped:
                    expression = assertion.get("certLogicExpression", case.get("certLogicExpression"))
                    values = (name, case["name"], expression, assertion["data"], assertion["expected"])
                    yield pytest.param(*values, id=f"{name}-{case['name']}-{position}")


def evaluated(expression: Any, data: Any) -> Any:
    value = evaluate(parse_expression(expression), data)
    return iso_text(value) if isinstance(value, DateTime) else value


@pytest.mark.parametrize(("suite", "case", "expression", "data", "expected"), [*suite_cases(skipped=False)])
def test_an_assertion_of_the_suite_holds(suite: str, case: str, expression: Any, data: Any, expected: Any) -> None:
    assert json.dumps(evaluated(expression, data)) == json.dumps(expected), (suite, case)


@pytest.mark.parametrize(("suite", "case", "expression", "data", "expected"), [*suite_cases(skipped=True)])
def test_what_the_suite_skips_is_listed_with_its_reason(
    suite: str, case: str, expression: Any, data: Any, expected: Any
) -> None:
    assert (suite, case) in SKIPS


def test_what_is_skipped_comes_out_otherwise_now_and_then() -> None:
    """A skip that nothing needs any more is to be taken out."""
    differing = set()
    for suite, case, expression, data, expected in (case.values for case in suite_cases(skipped=True)):
        try:
            same = evaluated(expression, data) == expected
        except CertLogicError:
            same = False
        differing |= set() if same else {(suite, case)}
    assert differing == SKIPS


@pytest.mark.parametrize("suite", VALIDATION)
def test_what_is_an_expression_is_read_and_nothing_else(suite: str) -> None:
    for case in VALIDATION[suite]["cases"]:
        if case["issues"]:
            with pytest.raises(Malformed):
                parse_expression(case["certLogicExpression"])
        else:
            parse_expression(case["certLogicExpression"])


@pytest.mark.parametrize("entry", OFFICIAL["rules"], ids=lambda entry: entry["path"])
def test_an_official_rule_passes_its_tests(entry: dict[str, Any]) -> None:
    rule = parse_rule(entry["rule"])
    for test in entry["tests"]:
        external = dict(test["external"])
        if "valueSets" in external:
            external["valueSets"] = OFFICIAL["valueSets"][external["valueSets"]]
        value = evaluate(rule.logic, {"payload": test.get("payload"), "external": external})
        assert value is test["expected"], (entry["path"], test["file"])


def test_no_official_rule_and_no_test_of_one_is_missing() -> None:
    assert len(OFFICIAL["rules"]) == 119
    assert sum(len(entry["tests"]) for entry in OFFICIAL["rules"]) == 856


@pytest.mark.parametrize(
    ("date", "unit", "later"),
    [
        ("2020-02-29", "day", "2020-03-01"),
        ("2020-02-29", "month", "2020-03-29"),
        ("2020-02-29", "year", "2021-03-01"),
    ],
)
def test_a_leap_day_runs_on_as_the_specification_tables_it(date: str, unit: str, later: str) -> None:
    assert evaluated({"plusTime": [date, 1, unit]}, None) == f"{later}T00:00:00.000Z"
