"""Mutants live in a copy of the tree, and only the tests that changed are recorded again."""

import subprocess
from pathlib import Path

import pytest
from zegel_mutants.tree import copy_tree, files_to_record

FOLDERS = ("tests/unit/trust", "tests/refusals")


def test_what_git_knows_and_what_is_new_is_copied_and_nothing_that_it_ignores(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name, text in {"src/a.py": "1\n", "src/new.py": "2\n", "build/b.py": "3\n", ".gitignore": "build/\n"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "add", "src/a.py"], cwd=root, check=True)
    into = tmp_path / "tree"
    digests = copy_tree(root, into)
    assert sorted(digests) == [".gitignore", "src/a.py", "src/new.py"]
    assert (into / "src" / "new.py").read_text() == "2\n"
    (root / "src" / "a.py").unlink()
    assert sorted(copy_tree(root, into)) == [".gitignore", "src/new.py"]
    assert not (into / "src" / "a.py").exists()


@pytest.mark.parametrize("changed", ["src/zegel/trust/access.py", "tests/support/zegel_testing/lists.py"])
def test_all_is_recorded_again_where_something_changed_that_all_tests_use(changed: str) -> None:
    assert files_to_record({changed: "1"}, {changed: "2"}, FOLDERS) == FOLDERS
    assert files_to_record({}, {changed: "2"}, FOLDERS) == FOLDERS


def test_of_other_changes_only_the_tests_that_changed_are() -> None:
    before = dict.fromkeys(("src/a.py", "tests/refusals/test_a.py", "tests/refusals/test_b.py", "docs/a.md"), "1")
    now = before | {"tests/refusals/test_b.py": "2", "docs/a.md": "2", "tests/web/test_c.py": "1"}
    assert files_to_record(before, now, FOLDERS) == ("tests/refusals/test_b.py",)
    assert files_to_record(before, before, FOLDERS) == ()
