"""Roles as processes, and what they cost: processor time and memory, of all their workers together."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import randrange
from types import TracebackType
from typing import Self

ZEGEL = Path(sys.executable).with_name("zegel")
PORTS = (10_000, 19_000)
TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds: the kernel counts in no smaller ones


class Role:
    """A role's process."""

    def __init__(self, name: str, config: Path) -> None:
        self.name = name
        self._log = config.parent / f"{name}.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen([ZEGEL, "serve", name, "--config", config], stderr=log)

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 60
        while f"{self.name} answers" not in self._log.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{self.name} did not start:\n{self._log.read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(30)

    def processor_seconds(self) -> float:
        """What it has used, in user and kernel mode, to a tick."""
        return sum(map(_processor_seconds, self.processes()))

    def peak_mb(self) -> float:
        """Its resident memory at its highest."""
        return self._memory_mb("VmHWM")

    def resident_mb(self) -> float:
        """Its resident memory now."""
        return self._memory_mb("VmRSS")

    def processes(self) -> list[int]:
        """Its own process, or its workers if it has several."""
        own = self._process.pid
        return [int(child) for child in Path(f"/proc/{own}/task/{own}/children").read_text().split()] or [own]

    def _memory_mb(self, name: str) -> float:
        states = [Path(f"/proc/{process}/status").read_text() for process in self.processes()]
        lines = [line for state in states for line in state.splitlines() if line.startswith(name)]
        return sum(int(line.split()[1]) for line in lines) / 1024


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def free_ports(count: int) -> int:
    """The first of so many neighbouring ports that nobody listens at.

    They are below those that the system gives to outgoing connections: a role that is started anew would find its own
    taken by one of the thousands that were made to it (net.ipv4.ip_local_port_range begins at 32768).
    """
    while True:
        first = randrange(*PORTS)
        if not any(_listened_at(port) for port in range(first, first + count)):
            return first


def _listened_at(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
