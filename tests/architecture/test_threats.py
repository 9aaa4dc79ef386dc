"""docs/threats.md names its tests and checks: each of them is there."""

import ast
import re
from collections.abc import Iterator

import pytest
from zegel_docs.tests import ROOT, Function, collected_tests
from zegel_testing.markdown import rows

from zegel.checks import Check

PAGE = ROOT / "docs" / "threats.md"
ROWS = rows(PAGE, ("attacker", "asset", "attack", "defence", "test"))
CHECKS = {check.id: check for check in Check}
NAME = re.compile(r"`(tests/[^`]+)`")
CODE = re.compile(r"`([^`]+)`")
# What has to be answered, the vaccine passport at the end: a word of each, in the columns before the test.
ATTACKS = (
    "relay, same device", "relay, across devices", "replay", "fixation", "mix-up", "downgrade", "injection", "c_nonce",
    "DPoP", "`response_uri`", "307", "rebinding", "SSRF", "bomb", "CSRF", "cookie", "clickjacking", "launch code",
    "vault", "database", "logs", "link copies", "status", "PID", "duplicated", "`zip`", "algorithm confusion",
    "key confusion", "type confusion", "disclosures", "device MAC", "transaction data", "attests itself",
    "not trusted for", "an old list", "another's certificate", "outlives its certificate", "link doors", "whole view",
    "stale or a shrunk list", "unsigned list", "KID collision", "hostile picture or PDF", "zip bombs", "Base45",
    "garbage answer to the door", "without asking", "CSV",
)  # fmt: skip
PLAYED = {row[0]: row for row in rows(PAGE, ("attack", "played against", "refused with", "test"))}
# Each attack that has a row of its own, and is played against the roles.
PLAYS = {
    "mix-up", "code injection", "PKCE downgrade", "DPoP replay", "DPoP key swap", "PAR reuse",
    "credential request with another's proof", "batch with one bad proof", "offer injection",
    "session fixation at the issuer", "session fixation at the provider", "session fixation at the verifier",
    "response replay across sessions", "response replay across verifiers", "response to a foreign `response_uri`",
    "nonce reuse", "clock off by the skew, and one second more", "JWE to an old key", "SD-JWT disclosure games",
    "mdoc digest ID games", "status list of another issuer", "status list with wrong bits", "status index out of range",
}  # fmt: skip
NOT_A_ROW = {  # what the games are held against, and what is not stopped
    "tests/attacks/test_credentials.py::test_without_a_game_the_same_hand_made_credential_is_taken",
    "tests/attacks/test_credentials.py::test_without_a_game_the_same_hand_made_mdoc_is_taken",
    "tests/attacks/test_proofs.py::"
    "test_whoever_is_first_with_another_wallets_proofs_gets_what_only_that_wallet_could_show",
    "tests/attacks/test_statuses.py::test_a_list_from_before_the_revocation_is_good_until_its_end_and_not_after",
}


def test_every_threat_has_an_attacker_an_asset_an_attack_a_defence_and_a_test() -> None:
    assert len(ROWS) > 50
    for row in ROWS:
        assert len(row) == 5
        assert all(row)


def test_a_test_that_is_named_is_there() -> None:
    named = set(NAME.findall(PAGE.read_text()))
    assert len(named) > 200
    assert named - collected_tests().keys() == set()


def test_the_last_column_is_tests_and_nothing_else() -> None:
    for row in ROWS:
        names = row[4].split("<br>")
        assert all(NAME.fullmatch(name) for name in names), row[2]
        assert len(names) == len(set(names)), row[2]


def test_a_table_of_refusals_that_is_named_holds_the_check_of_the_row() -> None:
    """The name of such a test says nothing of the attack; the check does."""
    for row in ROWS:
        checks = [CHECKS[code] for code in CODE.findall(row[3]) if code in CHECKS]
        for name in NAME.findall(row[4]):
            if name.startswith("tests/refusals/"):
                source = (ROOT / name.partition("::")[0]).read_text()
                assert checks, row[2]
                assert all(f"Check.{check.name}" in source for check in checks), row[2]


def test_what_looks_like_a_check_is_one() -> None:
    """A defence names checks, and members and values of the specifications, which have other characters."""
    words = {code for row in ROWS for code in CODE.findall(row[3]) if re.fullmatch(r"[a-z]+(-[a-z]+)*", code)}
    assert words - CHECKS.keys() == set()


def test_an_attack_that_has_to_be_answered_is() -> None:
    told = [" ".join(row[:4]) for row in ROWS]
    assert [attack for attack in ATTACKS if not any(attack in each for each in told)] == []


def test_every_attack_is_played() -> None:
    assert set(PLAYED) == PLAYS


@pytest.mark.parametrize("row", PLAYED.values(), ids=PLAYED)
def test_a_play_refuses_with_the_checks_of_its_row(row: list[str]) -> None:
    """What the tests are marked to refuse with is what the row says, neither less nor more."""
    names, tests = row[3].split("<br>"), collected_tests()
    assert [NAME.fullmatch(name) is not None for name in names] == [True] * len(names)
    assert all(name.startswith("`tests/attacks/") for name in names)
    marked = {check for name in names for check in _refused(tests[name.strip("`")])}
    assert CODE.findall(row[2]) == [check.id for check in Check if check in marked] != []


def test_every_play_has_a_row() -> None:
    named = {name for row in PLAYED.values() for name in NAME.findall(row[3])}
    assert {name for name in collected_tests() if name.startswith("tests/attacks/")} == named | NOT_A_ROW


def _refused(function: Function) -> Iterator[Check]:
    """The checks in ``@pytest.mark.refuses`` at a test; ``tests/refusals`` sees to it that the test means them."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.refuses":
            yield Check[ast.unparse(decorator.args[0]).removeprefix("Check.")]
