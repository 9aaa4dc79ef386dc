"""Nine in ten of the mutants die, and each that lives is listed with its reason."""

import ast
import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from zegel_mutants.fates import Fate, package_of, read_fates, totals
from zegel_mutants.inside import mutants_of
from zegel_mutants.survivors import read_survivors, reason_for, sides
from zegel_testing.markdown import ROOT, rows

SOURCE = ROOT / "src"
SURVIVORS = read_survivors(Path(__file__).parent / "survivors.toml")
RECORDED = json.loads((Path(__file__).parent / "totals.json").read_text())
TOTALS = RECORDED["packages"]
PAGE = ROOT / "docs" / "reliability.md"
LEAST = 90  # percent


def fate(key: str = "1", *, module: str = "zegel/trust/lists/verify.py", kind: str = "lost", ended: str) -> Fate:
    diff = "-    if a:\n+    if (a) and False:"
    return Fate(key=key, module=module, function="f", kind=kind, line=1, diff=diff, fate=ended, test="", tests=1)


@cache
def functions(module: str) -> Mapping[str, str]:
    """The texts of the functions of a module, by their qualified names."""
    source = (SOURCE / module).read_text()
    found: dict[str, str] = {}

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[prefix + node.name] = ast.get_source_segment(source, node) or ""
            elif isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")

    visit(ast.parse(source).body, "")
    return found


# --- what is recorded -------------------------------------------------------------------------------------------------


def test_every_mutant_was_run() -> None:
    assert RECORDED["not run"] == 0
    assert {name.partition("/")[0] for name in TOTALS} == {"formats", "trust", "protocols", "all"}


@pytest.mark.parametrize("package", TOTALS)
def test_nine_in_ten_of_a_packages_mutants_die(package: str) -> None:
    row = TOTALS[package]
    assert row["killed"] + row["timeout"] + row["survived"] == row["mutants"] > 0
    assert row["share"] == round(100 * (row["killed"] + row["timeout"]) / row["mutants"], 2) >= LEAST


def test_each_survivor_that_was_counted_is_listed() -> None:
    listed = Counter(package_of(each.module) for each in SURVIVORS)
    assert sum(listed.values()) == TOTALS["all"]["survived"]
    assert listed == {name: row["survived"] for name, row in TOTALS.items() if row["survived"] and name != "all"}


def test_a_survivor_has_one_reason_in_words() -> None:
    places = [(each.module, each.function, each.was, each.becomes) for each in SURVIVORS]
    assert len(places) == len(set(places))
    assert not [each for each in SURVIVORS if len(each.reason.split()) < 5]


@pytest.mark.slow
def test_what_a_survivor_changes_is_there() -> None:
    for each in SURVIVORS:
        text = functions(each.module)[each.function]
        assert [line for line in each.was.splitlines() if line.strip() not in text] == [], each


@pytest.mark.slow
def test_a_survivor_is_a_mutant_that_there_is() -> None:
    made = {
        (mutant.module, mutant.place.qualname, *sides(mutant.diff))
        for mutant in mutants_of(SOURCE, sorted({each.module for each in SURVIVORS}))
    }
    assert [each for each in SURVIVORS if (each.module, each.function, each.was, each.becomes) not in made] == []


def test_the_page_has_these_totals() -> None:
    columns = (
        "package",
        "mutants",
        "killed",
        "timed out",
        "survived",
        "killed, %",
        "checks taken away",
        "of these killed",
    )
    told = {row[0].strip("`*"): row[1:] for row in rows(PAGE, columns)}
    names = ("mutants", "killed", "timeout", "survived", "share", "lost", "lost_killed")
    assert told == {
        package: [f"{row[name]:.2f}" if name == "share" else f"{row[name]:,}" for name in names]
        for package, row in TOTALS.items()
    }


# --- how it is counted ------------------------------------------------------------------------------------------------


def test_a_mutant_that_never_ends_counts_as_killed() -> None:
    counted = totals([fate("1", ended="killed"), fate("2", ended="timeout"), fate("3", ended="survived")])
    assert counted["trust/lists"] == counted["all"]
    assert counted["all"] | {"mutants": 3, "killed": 1, "timeout": 1, "survived": 1, "share": 66.67} == counted["all"]
    assert (counted["all"]["lost"], counted["all"]["lost_killed"]) == (3, 2)


def test_a_module_that_stands_in_no_package_of_its_own_counts_for_its_layer() -> None:
    assert package_of("zegel/trust/access.py") == "trust"
    assert package_of("zegel/protocols/openid4vci/wallet/start.py") == "protocols/openid4vci"


def test_the_last_word_on_a_mutant_counts(tmp_path: Path) -> None:
    path = tmp_path / "fates.jsonl"
    assert read_fates(path) == ()
    path.write_text("".join(json.dumps(fate(ended=ended).__dict__) + "\n" for ended in ("survived", "killed")))
    assert [each.fate for each in read_fates(path)] == ["killed"]


def test_a_reason_is_found_by_what_is_changed_and_where(tmp_path: Path) -> None:
    path = tmp_path / "survivors.toml"
    path.write_text("""
        [reasons]
        same = "there is no input for which it makes a difference"
        [[survivor]]
        module = "zegel/trust/lists/verify.py"
        function = "f"
        was = "if a:"
        becomes = "if (a) and False:"
        reason = "same"
    """)
    survivors = read_survivors(path)
    assert reason_for(fate(ended="survived"), survivors) == "there is no input for which it makes a difference"
    assert not reason_for(fate(module="zegel/trust/access.py", ended="survived"), survivors)
