"""A pytest plugin: in place of running the tests, run for each mutant those that pass its lines, in a fork."""

import gc
import json
import math
import os
import re
import resource
import select
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from zegel_mutants.fates import Fate
from zegel_mutants.mutate import Mutant
from zegel_mutants.recording import Record
from zegel_mutants.swap import find_living, swap_in

# Seconds of the processor, so that a machine that is busy with something else kills no mutant.
_LEAST_SECONDS = 3
_SLOWER = 5  # an endless loop takes longer than five times what its tests take
_MOST_SECONDS = 4.0  # of tests for one mutant: some hundreds, those first that are likeliest to see it
_QUICK = 0.1  # seconds; what takes longer comes after all others
_WAITING = 5  # times as long on the clock on the wall, for what waits and never goes on
_MEMORY = 4 << 30  # bytes; a mutant that lost a limit may ask for any number


class Runner:
    """Kills mutants."""

    def __init__(
        self, mutants: Sequence[Mutant], *, source: Path, record: Record, fates: Path, deadline: float
    ) -> None:
        self._mutants = mutants
        self._source = source
        self._record = record
        self._fates = fates
        self._deadline = deadline
        self._by_file: dict[str, Mapping[int, Sequence[str]]] = {}
        self._killers: dict[str, list[str]] = {}
        self._passed: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all mutants that are asked for."""
        items = {item.nodeid: item for item in session.items}
        for module in {mutant.module for mutant in self._mutants}:  # a test may be the first that imports one
            import_module(module.removesuffix(".py").replace("/", "."))
        self._living = find_living()
        gc.collect()
        gc.freeze()
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        with self._fates.open("a") as out:
            for number, mutant in enumerate(self._mutants):
                if time.monotonic() > self._deadline:
                    break
                fate = self._run(mutant, items)
                out.write(json.dumps(asdict(fate)) + "\n")
                out.flush()
                if number % 100 == 0 or fate.fate == "survived":
                    terminal.write_line(f"{number}/{len(self._mutants)} {fate.module}:{fate.line} {fate.fate}")
        return True

    def _run(self, mutant: Mutant, items: dict[str, pytest.Item]) -> Fate:
        tests = self._tests_of(mutant, items)
        fate, test = self._in_a_fork(mutant, [items[name] for name in tests]) if tests else ("survived", "")
        if test and not self._passes(items[test]):  # whatever it does not like, it is not the mutant
            del items[test]
            return self._run(mutant, items)
        if test:
            self._killers.setdefault(f"{mutant.module}:{mutant.place}", []).insert(0, test)
        return Fate(
            key=mutant.key,
            module=mutant.module,
            function=mutant.place.qualname,
            kind=mutant.kind,
            line=mutant.lines[0],
            fate=fate,
            test=test,
            tests=len(tests),
            diff=mutant.diff,
        )

    def _tests_of(self, mutant: Mutant, items: Mapping[str, pytest.Item]) -> list[str]:
        """First what killed its like, then what goes another way from here than most, then what is about the module.

        Few get to the refusal below a condition, and few do not get past a call that refuses.
        """
        if mutant.module not in self._by_file:
            self._by_file[mutant.module] = self._record.by_line(self._source / mutant.module)
        lines = self._by_file[mutant.module]
        first, last = mutant.lines
        passing = {test for line in range(first, last + 1) for test in lines.get(line, ())} & items.keys()
        following = min((line for line, tests in lines.items() if line > last and tests), default=0)
        going_on = passing & set(lines.get(following, ()))
        likely = min(going_on, passing - going_on, key=len)
        killers = list(dict.fromkeys(self._killers.get(f"{mutant.module}:{mutant.place}", ())))[:8]
        seconds = self._record.seconds
        words = _words(mutant.module)
        ordered = sorted(
            passing,
            key=lambda test: (
                test not in killers,
                seconds[test] > _QUICK,
                test not in likely,
                -len(words & _words(test)),
                seconds[test],
                test,
            ),
        )
        total, kept = 0.0, []
        for test in ordered:
            total += seconds[test]
            if kept and total > _MOST_SECONDS:
                break
            kept.append(test)
        return kept

    def _passes(self, test: pytest.Item) -> bool:
        """Whether a test passes in a fork without any mutant."""
        if test.nodeid not in self._passed and self._in_a_fork(None, [test])[0] == "survived":
            self._passed.add(test.nodeid)
        return test.nodeid in self._passed

    def _in_a_fork(self, mutant: Mutant | None, tests: Sequence[pytest.Item]) -> tuple[str, str]:
        said = os.memfd_create("said")  # by the child: the test that it is at, and the last word
        limit = math.ceil(_LEAST_SECONDS + _SLOWER * sum(self._record.seconds[test.nodeid] for test in tests))
        child = os.fork()
        if not child:
            self._be(mutant, tests, said)
        watched = os.pidfd_open(child)
        ended, _, _ = select.select([watched], [], [], _WAITING * limit)
        if not ended:
            signal.pidfd_send_signal(watched, signal.SIGKILL)
        os.close(watched)
        _, status = os.waitpid(child, 0)
        last = os.pread(said, 1 << 16, 0).decode()
        os.close(said)
        if not last:
            raise RuntimeError(f"this mutant does not come to life: {mutant}")
        code = os.waitstatus_to_exitcode(status)
        if not ended or code == -signal.SIGXCPU:
            return "timeout", last
        if code == 0 and last == "survived":
            return "survived", ""
        return "killed", last.removeprefix("killed ")

    def _be(self, mutant: Mutant | None, tests: Sequence[pytest.Item], said: int) -> None:
        """The process in which the mutant lives; never returns."""
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
        try:
            if mutant is not None:
                path = self._source / mutant.module
                swap_in(mutant, path=str(path), source=path.read_text(), living=self._living)
            failed = self._first_failure(tests, said)
            _say(said, f"killed {failed}" if failed else "survived")
        finally:
            os._exit(0)

    def _first_failure(self, tests: Sequence[pytest.Item], said: int) -> str:
        """The name of the first test that fails."""
        failed: list[str] = []

        class Watch:
            def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
                if report.failed:
                    failed.append(report.nodeid)

        plugins = tests[0].config.pluginmanager
        plugins.unregister(name="terminalreporter")
        plugins.register(Watch())
        for test, following in zip(tests, (*tests[1:], None), strict=True):
            _say(said, test.nodeid)
            most = time.process_time() + _LEAST_SECONDS + _SLOWER * self._record.seconds[test.nodeid]
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(most), resource.RLIM_INFINITY))
            test.config.hook.pytest_runtest_protocol(item=test, nextitem=following)
            if failed:
                return failed[0]
        return ""


def _say(said: int, text: str) -> None:
    os.ftruncate(said, 0)
    os.pwrite(said, text.encode(), 0)


@cache
def _words(path: str) -> frozenset[str]:
    """``tests/unit/trust/test_access.py`` is about ``zegel/trust/access.py``, and so is ``[trust.access.MAX]``."""
    return frozenset(re.findall(r"[a-z0-9]+", path.removesuffix(".py")))
