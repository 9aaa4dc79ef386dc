"""docs/threats.md names its tests and checks: each of them is there."""

import re

import pytest
from zegel_docs.tests import ROOT, collected_tests
from zegel_testing.markdown import rows

from zegel.checks import Check

PAGE = ROOT / "docs" / "threats.md"
ROWS = rows(PAGE, ("attacker", "asset", "attack", "defence", "test"))
TESTS = collected_tests()
CHECKS = {check.id: check for check in Check}
NAME = re.compile(r"`(tests/[^`]+)`")
CODE = re.compile(r"`([^`]+)`")
# What the issue of threats comes to: a word of each, in the columns before the test.
ATTACKS = (
    "relay, same device", "relay, across devices", "replay", "fixation", "mix-up", "downgrade", "injection", "c_nonce",
    "DPoP", "`response_uri`", "307", "rebinding", "SSRF", "bomb", "CSRF", "cookie", "clickjacking", "launch code",
    "vault", "database", "logs", "link copies", "status", "PID", "duplicated", "`zip`", "algorithm confusion",
    "key confusion", "type confusion", "disclosures", "device MAC", "transaction data", "attests itself",
    "not trusted for", "an old list",
)  # fmt: skip


def test_every_threat_has_an_attacker_an_asset_an_attack_a_defence_and_a_test() -> None:
    assert len(ROWS) > 50
    for row in ROWS:
        assert len(row) == 5
        assert all(row)


@pytest.mark.parametrize("name", sorted(set(NAME.findall(PAGE.read_text()))))
def test_a_test_that_is_named_is_there(name: str) -> None:
    assert name in TESTS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2])
def test_the_last_column_is_tests_and_nothing_else(row: list[str]) -> None:
    names = row[4].split("<br>")
    assert [NAME.fullmatch(name) is not None for name in names] == [True] * len(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2])
def test_a_table_of_refusals_that_is_named_holds_the_check_of_the_row(row: list[str]) -> None:
    """The name of such a test says nothing of the attack; the check does."""
    checks = [CHECKS[code] for code in CODE.findall(row[3]) if code in CHECKS]
    for name in NAME.findall(row[4]):
        if name.startswith("tests/refusals/"):
            source = (ROOT / name.partition("::")[0]).read_text()
            assert checks
            assert all(f"Check.{check.name}" in source for check in checks)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2])
def test_what_looks_like_a_check_is_one(row: list[str]) -> None:
    """A defence names checks, and members and values of the specifications, which have other characters."""
    words = [code for code in CODE.findall(row[3]) if re.fullmatch(r"[a-z]+(-[a-z]+)*", code)]
    assert set(words) <= set(CHECKS)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_that_has_to_be_answered_is(attack: str) -> None:
    assert any(attack in " ".join(row[:4]) for row in ROWS)
