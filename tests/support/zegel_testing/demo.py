"""The demo as somebody starts it: ``zegel demo --headless --json``, a process of its own, on real sockets."""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from zegel_testing.preloaded import preloaded

ZEGEL = Path(sys.executable).with_name("zegel")
SECONDS_TO_START = 60  # the machine may have other things to do
SECONDS_TO_END = 20
_CODE = re.compile(r"the code is (\S+)")


def environment(home: Path) -> dict[str, str]:
    """The environment of a process that finds an empty home, and puts its temporary files there."""
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "COVERAGE_PROCESS_START") if name in os.environ}
    return {**kept, "HOME": str(home), "TMPDIR": str(temporary)}


class RunningDemo:
    """The roles, running. ``ready`` is the line that says so, ``log`` what they have written to stderr,
    ``codes`` those among it that open the wallet's pages. ``program`` is what to start, otherwise ``preloaded()``."""

    def __init__(self, *options: str, home: Path, program: Sequence[object] = ()) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.log: list[str] = []
        self.codes: list[str] = []
        self._codes: queue.Queue[str] = queue.Queue()
        self._lines: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [*map(str, program or [preloaded()]), "demo", "--headless", "--json", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=home,
            env=environment(home),
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            _reading(self._process.stdout, self._lines.put, ended=""),
            _reading(self._process.stderr, self._hear),
        ]
        self.ready: dict[str, Any] = self._first_line()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    @property
    def origins(self) -> dict[str, str]:
        """Where each role is, by its name."""
        return {name: value for name, value in self.ready.items() if str(value).startswith(("http:", "https:"))}

    @property
    def folder(self) -> Path:
        """The sandbox's folder."""
        return Path(self.ready["trust_folder"]).parent

    @property
    def pid(self) -> int:
        """The process, of the ``program`` that was named."""
        return self._process.pid

    def launch_code(self) -> str:
        """The code for the wallet's pages that stands in the terminal, once it does."""
        return self._codes.get(timeout=SECONDS_TO_END)

    def more_lines(self) -> list[str]:
        """What it has printed on stdout after the line that says that it is ready; asked when it has ended."""
        lines: list[str] = []
        while line := self._lines.get(timeout=SECONDS_TO_END):
            lines.append(line)
        return lines

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal; its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            status = self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            for reader in self._readers:
                reader.join(SECONDS_TO_END)
        return status

    def _first_line(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._lines.get(timeout=SECONDS_TO_START)))
        except (queue.Empty, ValueError):
            self.end(signal.SIGKILL)
            raise AssertionError("the demo did not start: " + "".join(self.log)[-2_000:]) from None

    def _hear(self, line: str) -> None:
        self.log.append(line)
        found = _CODE.search(line)
        if found is not None:
            self.codes.append(found[1])
            self._codes.put(found[1])


def _reading(stream: IO[str], hear: Callable[[str], None], *, ended: str | None = None) -> threading.Thread:
    def read() -> None:
        with stream:
            for line in stream:
                hear(line)
        if ended is not None:
            hear(ended)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
