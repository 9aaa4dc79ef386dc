"""A pytest plugin: which lines each test runs, and how long the processor takes for it."""

import json
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest

_LINES, _TIMES = "lines.coverage", "seconds.json"


class Recorder:
    """Give coverage the test that runs as its context."""

    def __init__(self, folder: Path, source: Path) -> None:
        self._folder = folder
        self._seconds: dict[str, float] = {}
        self._failed: list[str] = []
        # no settings of the project's: no branches, and no threshold
        self._coverage = coverage.Coverage(
            data_file=str(folder / _LINES), config_file=False, source=[str(source / "zegel")]
        )

    def pytest_sessionstart(self) -> None:
        """Imports count for no test; what was recorded of other tests stays."""
        self._coverage.load()
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """A test with what is set up for it."""
        self._coverage.switch_context(item.nodeid)
        began = time.process_time()
        try:
            return (yield)
        finally:
            self._seconds[item.nodeid] = time.process_time() - began
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that fails already would kill every mutant."""
        if report.failed:
            self._failed.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write both down."""
        self._coverage.stop()
        self._coverage.save()
        times = self._folder / _TIMES
        files = {name.partition("::")[0] for name in self._seconds}
        earlier = json.loads(times.read_text()) if times.exists() else {}
        kept = {name: seconds for name, seconds in earlier.items() if name.partition("::")[0] not in files}
        kept |= {name: seconds for name, seconds in self._seconds.items() if name not in self._failed}
        times.write_text(json.dumps(kept))


@dataclass(frozen=True)
class Record:
    """What was recorded. Tests that failed are in ``lines`` alone."""

    seconds: Mapping[str, float]
    _data: coverage.CoverageData

    def by_line(self, path: Path) -> Mapping[int, Sequence[str]]:
        """For each line of a file the tests that run it."""
        return {
            line: [test for test in tests if test in self.seconds]
            for line, tests in self._data.contexts_by_lineno(str(path)).items()
        }


def read_record(folder: Path) -> Record:
    """Read what a ``Recorder`` left."""
    data = coverage.CoverageData(basename=str(folder / _LINES))
    data.read()
    return Record(seconds=json.loads((folder / _TIMES).read_text()), _data=data)
