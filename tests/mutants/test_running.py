"""From the recording of the tests to what became of each mutant, in a small tree of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest
from zegel_mutants.fates import Fate, read_fates
from zegel_testing.markdown import ROOT

pytestmark = pytest.mark.slow

FILES = {
    "src/zegel/__init__.py": "",
    "src/zegel/trust/__init__.py": "",
    "src/zegel/trust/it.py": """
        class Rejected(Exception):
            pass


        def check_number(number):
            if number > 3:
                raise Rejected("too much")
            if number < 0:
                raise Rejected("too little")
            return number


        def count_down(number):
            while True:
                if number == 0:
                    raise Rejected("counted")
                number -= 1
    """,
    "src/zegel/trust/late.py": """
        from zegel.trust.it import Rejected

        def check_late(hour):
            if hour > 12:
                raise Rejected("late")
    """,
    "tests/conftest.py": (ROOT / "tests" / "conftest.py").read_text(),
    "tests/unit/trust/test_it.py": """
        import pytest
        from zegel.trust.it import Rejected, check_number, count_down

        def test_more_than_three_is_refused():
            assert check_number(3) == 3
            with pytest.raises(Rejected):
                check_number(4)

        def test_counting_ends():
            with pytest.raises(Rejected):
                count_down(5)

        def test_what_is_imported_late_is_refused():
            from zegel.trust.late import check_late

            with pytest.raises(Rejected):
                check_late(13)

        def test_that_fails_without_any_mutant():
            assert check_number(-1) == 0
    """,
}


def inside(tree: Path, folder: Path, *arguments: str) -> None:
    path = os.pathsep.join((str(tree / "src"), str(ROOT / "tests" / "support"), str(ROOT / "tools")))
    command = [sys.executable, "-m", "zegel_mutants.inside", arguments[0], str(folder), *arguments[1:]]
    done = subprocess.run(command, cwd=tree, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


@pytest.fixture(scope="module")
def fates(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Fate]:
    tree, folder = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("folder")
    for name, text in FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(dedent(text).lstrip())
    inside(tree, folder, "record", "tests/unit/trust")
    inside(tree, folder, "run", "zegel/trust")
    dead = (folder / "fates.jsonl").read_text()
    inside(tree, folder, "run", "zegel/trust")
    again = (folder / "fates.jsonl").read_text().removeprefix(dead)
    assert [line for line in again.splitlines() if '"fate": "survived"' not in line] == [], "the dead are not run again"
    assert (tree / "src/zegel/trust/it.py").read_text() == dedent(FILES["src/zegel/trust/it.py"]).lstrip()
    return {(fate.function, fate.diff.partition("\n+")[2].strip()): fate for fate in read_fates(folder / "fates.jsonl")}


def test_a_check_that_is_tested_cannot_be_lost(fates: Mapping[tuple[str, str], Fate]) -> None:
    killed = fates["check_number", "if (number > 3) and False:"]
    assert (killed.fate, killed.test) == ("killed", "tests/unit/trust/test_it.py::test_more_than_three_is_refused")
    assert fates["check_number", "if number >= 3:"].fate == "killed"


def test_nor_can_one_whose_module_the_test_is_the_first_to_import(fates: Mapping[tuple[str, str], Fate]) -> None:
    assert fates["check_late", "if (hour > 12) and False:"].fate == "killed"


def test_one_that_is_not_tested_can(fates: Mapping[tuple[str, str], Fate]) -> None:
    survived = fates["check_number", "if (number < 0) and False:"]
    assert (survived.fate, survived.test) == ("survived", "")


def test_a_test_that_fails_already_kills_nothing(fates: Mapping[tuple[str, str], Fate]) -> None:
    assert not [fate for fate in fates.values() if fate.test.endswith("without_any_mutant")]


def test_an_endless_loop_is_ended(fates: Mapping[tuple[str, str], Fate]) -> None:
    assert fates["count_down", "if (number == 0) and False:"].fate == "timeout"
