"""The collector of garbage rests while tests are collected, and then no more, in each process of a run."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from zegel_testing.markdown import ROOT

pytestmark = pytest.mark.slow

WATCH = """
    import gc

    def told(config, when):
        process = getattr(config, "workerinput", {}).get("workerid", "first")
        with open("told", "a") as out:
            print(process, when, gc.isenabled(), file=out)

    def pytest_collectstart(collector):
        if type(collector).__name__ == "Module":
            told(collector.config, "collecting")

    def pytest_runtest_call(item):
        told(item.config, "testing")

    def pytest_sessionfinish(session):
        told(session.config, "finished")
"""


@pytest.mark.parametrize("processes", [0, 1])
def test_the_collector_of_garbage_rests_while_tests_are_collected_alone(tmp_path: Path, processes: int) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "watch.py").write_text(dedent(WATCH))
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    without = ["-p", "no:cacheprovider", "-p", "no:schemathesis"]  # which takes seconds to load
    command = [sys.executable, "-m", "pytest", "-q", "-p", "watch", *without, "-n", str(processes)]
    path = os.pathsep.join((str(tmp_path), str(ROOT / "tests" / "support")))
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    tests = "gw0" if processes else "first"
    expected = {f"{tests} collecting False", f"{tests} testing True", f"{tests} finished True", "first finished True"}
    assert set((tmp_path / "told").read_text().splitlines()) == expected
