"""The limits of health certificates: their rules."""

import json
from collections.abc import Mapping
from typing import Any, Final

from zegel_testing.authorities import NOW
from zegel_testing.business_rules import RULE, book, certificate

from zegel.checks import Check
from zegel.formats.hcert.rules.book import parse_rule_book
from zegel.formats.hcert.rules.check import check_rules
from zegel.formats.hcert.rules.dates import date_time
from zegel.formats.hcert.rules.expression import parse_expression
from zegel.formats.hcert.rules.rule import parse_rule
from zegel_limits.pair import Pair


def _nested(depth: int) -> object:
    """A file so deep: an array, the rule, its logic, and negations of two levels each."""
    logic: Any = [True] if depth % 2 else True
    for _ in range((depth - 4) // 2):
        logic = {"!": [logic]}
    return parse_rule_book([("a.json", json.dumps([RULE | {"Logic": {"!": [logic]}}]).encode())])


def _crowd(count: int) -> object:
    rules = json.dumps([RULE]).encode()
    return parse_rule_book((f"{number}.json", rules) for number in range(count))


def _sized(size: int) -> object:
    rule = json.dumps(RULE)
    return parse_rule_book([("a.json", rule.ljust(size).encode())])


def _stepped(steps: int) -> object:
    """A rule that takes so many steps: the reduction, its operands, and what it looks through."""
    logic = {"===": [{"in": ["a", {"var": "payload.x"}]}, False]}
    shown = certificate(x=["b"] * (steps - 5))
    return check_rules(shown, book=book(RULE | {"Logic": logic}), to="XU", now=NOW)


def _dated(length: int) -> object:
    text = "2021-07-01T00:00:00.".ljust(length, "1")
    if date_time(text) is None:
        raise ValueError("expected at most 64 characters")
    return text


HEALTH: Final[Mapping[str, Pair]] = {
    "zegel.formats.hcert.rules.book.MAX_RULE_FILE": Pair(_sized),
    "zegel.formats.hcert.rules.book.MAX_RULE_DEPTH": Pair(_nested),
    "zegel.formats.hcert.rules.book.MAX_RULES": Pair(_crowd),
    "zegel.formats.hcert.rules.certlogic.MAX_STEPS": Pair(_stepped, Check.BUSINESS_RULE),
    "zegel.formats.hcert.rules.dates.MAX_DATE_TEXT": Pair(_dated, ValueError),
    "zegel.formats.hcert.rules.expression.MAX_INTEGER": Pair(lambda n: parse_expression(n), says="an integer"),
    "zegel.formats.hcert.rules.expression.MAX_PARTS": Pair(lambda n: parse_expression([0] * (n - 1))),
    "zegel.formats.hcert.rules.rule.MAX_DESCRIPTION": Pair(
        lambda n: parse_rule(RULE | {"Description": [{"lang": "en", "desc": "x" * n}]})
    ),
    "zegel.formats.hcert.rules.rule.MAX_DESCRIPTIONS": Pair(
        lambda n: parse_rule(RULE | {"Description": [{"lang": f"a{at}", "desc": "x"} for at in range(n)]})
    ),
    "zegel.formats.hcert.rules.rule.MAX_FIELDS": Pair(lambda n: parse_rule(RULE | {"AffectedFields": ["v"] * n})),
}
