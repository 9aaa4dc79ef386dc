"""CertLogic as its authors evaluate it: npm ``certlogic-js`` and zegel over the same drawn rules."""

import json
import subprocess
from typing import Any

import pytest
from zegel_testing.certlogic_draws import drawn_case
from zegel_testing.foreign import FOLDER, NODE

from zegel.errors import Malformed
from zegel.formats.hcert.rules.certlogic import CertLogicError, evaluate
from zegel.formats.hcert.rules.dates import DateTime, iso_text
from zegel.formats.hcert.rules.expression import parse_expression

pytestmark = pytest.mark.slow

RULES = 10_000


def theirs(cases: list[tuple[Any, Any]]) -> list[dict[str, Any]]:
    """What certlogic-js says of each: whether it is an expression, and its value or its error."""
    lines = "".join(f"{json.dumps(case)}\n" for case in cases)
    done = subprocess.run([NODE, FOLDER / "certlogic.mjs"], input=lines, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours(expression: Any, data: Any) -> dict[str, Any]:
    """The same of zegel."""
    try:
        parsed = parse_expression(expression)
    except Malformed:
        return {"valid": False}
    try:
        return {"valid": True, "value": plain(evaluate(parsed, data))}
    except CertLogicError:
        return {"valid": True, "error": True}


def plain(value: Any) -> Any:
    """As ECMAScript writes it: 2.0 is 2, and a date-time an object of its own."""
    match value:
        case DateTime():
            return {"date": iso_text(value)}
        case list():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(member) for name, member in value.items()}
        case float() if value.is_integer():
            return int(value)
    return value


def test_ten_thousand_drawn_rules_come_out_as_with_certlogic_js() -> None:
    cases = [drawn_case(seed) for seed in range(RULES)]
    answers = theirs(cases)
    assert len(answers) == RULES
    counted = {"values": 0, "errors": 0, "no expressions": 0}
    for (expression, data), answer in zip(cases, answers, strict=True):
        result = ours(expression, data)
        context = json.dumps([expression, data])
        assert result["valid"] == answer["valid"], context
        if not result["valid"]:
            counted["no expressions"] += 1
        elif "error" in answer:
            counted["errors"] += 1
            assert "error" in result, context
        else:
            counted["values"] += 1
            assert json.dumps(result.get("value", "error")) == json.dumps(answer["value"]), context
    assert min(counted.values()) > 500, counted  # each way is well trodden
