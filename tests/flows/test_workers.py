"""A role with two workers, as it is run: both answer, either may die, and all end together."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.request import Request, urlopen

import pytest
from zegel_testing.ports import reserved_ports
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.sandbox.create import CONFIG_FILE
from zegel.web.app.serve import bind
from zegel.web.app.workers import METRICS_STEP

pytestmark = pytest.mark.slow

ZEGEL = Path(sys.executable).with_name("zegel")
CONNECTIONS = 40  # the chance that one of two workers gets none of them is one in a million million


class Provider:
    """The provider with two workers; it is ended with the context."""

    def __init__(self, folder: Path, ports: range) -> None:
        sandbox_at(folder)
        self.port, self.metrics = ports[0], ports[1]
        self.config = folder / CONFIG_FILE
        text = self.config.read_text()
        text = re.sub(r"(?s)\n\[\[trusted_lists\]\].*?(?=\n\[)", "", text)  # nobody serves them here
        own = f'[provider]\nworkers = 2\nmetrics_port = {self.metrics}\norigin = "http://login.localhost:{self.port}"'
        text = re.sub(r'\[provider\]\norigin = "[^"]*"\nport = \d+', f"{own}\nport = {self.port}", text)
        self.config.write_text(text)
        self.process: subprocess.Popen[str] | None = None

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start it, by a command that starts what is behind it."""
        arguments = [*command, ZEGEL, "serve", "provider", "--config", self.config]
        self.process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
        return self.process

    @property
    def said(self) -> IO[str]:
        assert self.process is not None
        assert self.process.stderr is not None
        return self.process.stderr

    def wait_for(self, pattern: str) -> str:
        """The next line like this."""
        for line in self.said:
            if re.search(pattern, line):
                return line
        raise AssertionError(f"it ended without {pattern}")

    def workers(self) -> list[int]:
        assert self.process is not None
        own = self.process.pid
        return [int(child) for child in Path(f"/proc/{own}/task/{own}/children").read_text().split()]

    def ask(self, path: str = "/", *, port: int | None = None) -> str:
        host = f"login.localhost:{self.port}" if port is None else f"127.0.0.1:{port}"
        request = Request(f"http://127.0.0.1:{port or self.port}{path}", headers={"host": host})
        with urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())

    def answered(self, worker: int) -> int:
        """How many requests for its home page a worker has answered."""
        text = self.ask("/metrics", port=self.metrics + METRICS_STEP * worker)
        found = re.search(r'zegel_requests_total{role="provider",route="GET /",status="200"} (\d+)', text)
        return int(found[1]) if found else 0


@contextmanager
def provider(folder: Path) -> Iterator[Provider]:
    with reserved_ports(2) as ports:
        one = Provider(folder / "sandbox", ports)
        try:
            yield one
        finally:
            if one.process is not None:
                one.process.terminate()
                one.process.communicate(timeout=30)


def test_both_answer_either_may_die_and_all_end_together(tmp_path: Path) -> None:
    with provider(tmp_path) as role:
        process = role.start()
        role.wait_for("provider metrics answers")
        first, second = role.workers()
        for _ in range(CONNECTIONS):
            role.ask()
        assert role.answered(0) + role.answered(1) == CONNECTIONS
        assert min(role.answered(0), role.answered(1)) > 0

        for killed, number in ((second, 1), (first, 0)):
            os.kill(killed, signal.SIGKILL)
            assert f'"count":{number}' in role.wait_for(
                f'"level":"warning","event":"worker".*worker {number}: it ended'
            )
            role.wait_for(f'"level":"info","event":"worker","role":"workers","count":{number}')
            assert role.answered(number) == 0
        assert not {first, second} & set(role.workers())
        for _ in range(CONNECTIONS):
            role.ask()
        assert min(role.answered(0), role.answered(1)) > 0

        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        bind("127.0.0.1", role.port).close()


IGNORING = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"


def test_a_worker_that_dies_is_missed_also_where_whoever_started_them_ignores_children(tmp_path: Path) -> None:
    """What is ignored is so in every program that is started from there (signal(7))."""
    with provider(tmp_path) as role:
        process = role.start(sys.executable, "-c", IGNORING)
        role.wait_for("provider metrics answers")
        os.kill(role.workers()[1], signal.SIGKILL)
        role.wait_for('"level":"info","event":"worker","role":"workers","count":1')
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_child_that_is_no_worker_may_end(tmp_path: Path) -> None:
    """The first process of a container is given the children of whichever ends there before them."""
    with provider(tmp_path) as role:
        process = role.start("/bin/sh", "-c", 'true & exec "$@"', "sh")
        role.wait_for("provider metrics answers")
        assert role.ask("/healthz")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_no_worker_outlives_its_parent(tmp_path: Path) -> None:
    """A parent that is killed tells nobody; systemd would end what is left, but it may not be there."""
    with provider(tmp_path) as role:
        process = role.start()
        role.wait_for("provider metrics answers")
        process.kill()
        rest = role.said.read()  # until the last of them has closed it
        assert process.wait(30) == -signal.SIGKILL
        assert '"level":"error"' not in rest
        bind("127.0.0.1", role.port).close()


def test_a_fault_at_the_start_ends_all_with_its_exit_code(tmp_path: Path) -> None:
    with provider(tmp_path) as role, bind("127.0.0.1", role.port):
        process = role.start()
        _, said = process.communicate(timeout=60)
        assert process.returncode == 3
        assert "another port in zegel.toml" in said


def test_whoever_ends_it_while_its_first_worker_starts_is_obeyed(tmp_path: Path) -> None:
    with provider(tmp_path) as role:
        process = role.start()
        while not role.workers():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        assert (process.returncode, said) == (0, "")
