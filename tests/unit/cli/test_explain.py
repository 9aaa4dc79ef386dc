"""``zegel explain``: every rule, in the words of the one table."""

import json
from typing import Any

import pytest

from zegel.checks import Check


@pytest.mark.slow
@pytest.mark.parametrize("check", list(Check), ids=lambda check: check.id)
def test_each_rule_is_explained_by_its_name(zegel: Any, check: Check) -> None:
    ran = zegel("explain", check.id)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"{check.id}\n  rule    {check.rule}\n  clause  {check.clause}\n  field   {check.field}\n"
        f"  fault   {check.fault}\n  remedy  {check.remedy}\n\n"
    )


def test_without_a_name_all_are_explained_in_their_order(zegel: Any) -> None:
    text, lines = zegel("explain"), zegel("explain", "--json").out.splitlines()
    assert [json.loads(line)["check"] for line in lines] == [check.id for check in Check]
    assert all(json.loads(line).keys() == {"check", "rule", "clause", "field", "fault", "remedy"} for line in lines)
    assert text.out.count("\n\n") == len(Check)


@pytest.mark.parametrize("name", ["unknown", "NONCE", "nonce ", "", "-", "holder_binding"])
@pytest.mark.refuses(Check.SYNTAX)
def test_an_unknown_name_is_malformed(zegel: Any, name: str) -> None:
    ran = zegel("explain", name)
    assert (ran.code, ran.out) == (2, "")
    assert "check   syntax" in ran.err
    assert "zegel explain lists them all" in ran.err
