"""The copy of the tree in which mutants live, so that nobody meets one, and none meets what is being edited."""

import shutil
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

_WHAT_ALL_TESTS_USE = ("src/", "tests/support/", "tests/conftest.py", "pyproject.toml", "requirements/")


def copy_tree(root: Path, into: Path) -> Mapping[str, str]:
    """Copy what git knows or would add; returns the digest of each file by its path."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    shutil.rmtree(into, ignore_errors=True)
    digests: dict[str, str] = {}
    for name in sorted(set(listed) - {""}):
        source, target = root / name, into / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            digests[name] = sha256(target.read_bytes()).hexdigest()
    return digests


def files_to_record(before: Mapping[str, str], now: Mapping[str, str], folders: tuple[str, ...]) -> tuple[str, ...]:
    """The tests to run again: all of them where the source has changed, or else the files that did."""
    changed = {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
    if any(name.startswith(_WHAT_ALL_TESTS_USE) for name in changed):
        return folders
    return tuple(
        sorted(
            name for name in changed & now.keys() if name.startswith(folders) and Path(name).name.startswith("test_")
        )
    )
