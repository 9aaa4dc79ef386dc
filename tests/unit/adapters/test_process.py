"""What the system keeps of a process, tried in one of its own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

LIMIT = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
DUMPABLE = "from ctypes import CDLL; print(CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE, of Linux
PRIVATE = "from zegel.adapters.process import keep_memory_private; keep_memory_private()"
COMMAND = "from zegel.cli.main import main; main(['explain', 'syntax'])"


def told(*statements: str, folder: Path) -> list[str]:
    """What a process prints that executes the statements, its last lines first."""
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(statements)], capture_output=True, text=True, cwd=folder, check=True
    )
    return ran.stdout.splitlines()[::-1]


@pytest.mark.parametrize("private", [PRIVATE, COMMAND], ids=["by itself", "by any command"])
def test_a_process_leaves_no_core_and_cannot_be_looked_into(tmp_path: Path, private: str) -> None:
    assert told(DUMPABLE, folder=tmp_path) == ["1"]
    assert told(private, LIMIT, DUMPABLE, folder=tmp_path)[:2] == ["0", "(0, 0)"]


def test_what_it_starts_is_an_ordinary_process(tmp_path: Path) -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {DUMPABLE!r}])"
    assert told(PRIVATE, child, folder=tmp_path) == ["1"]


def test_a_process_that_aborts_leaves_nothing_behind(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", f"{PRIVATE}\nimport os; os.abort()"], cwd=tmp_path, check=False)
    assert ran.returncode == -signal.SIGABRT
    assert list(tmp_path.iterdir()) == []
