"""``zegel serve``: roles in a process of their own, from the configuration to the signal that ends them."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.ports import reserved_ports
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, ROLES, SandboxPlan
from zegel.cli import serve
from zegel.cli.serve import _serve_beside_others
from zegel.config.setting import Count, Origin, Port
from zegel.primitives.encoding import base64url
from zegel.web.app.serve import bind
from zegel.web.app.workers import Worker

pytestmark = pytest.mark.slow

PROGRAM = Path(sys.executable).with_name("zegel")


@pytest.fixture
def signals() -> Iterator[None]:
    """What is served in this process listens to its signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def present(tmp_path: Path) -> Iterator[Path]:
    """A sandbox of today, on free ports: what a process is told in the configuration alone."""
    with reserved_ports(len(ROLES) + len(OPERATED)) as ports:
        plan = SandboxPlan(
            profile="haip",
            tls=False,
            ports=dict(zip(ROLES, ports, strict=False)),
            operator_ports=dict(zip(OPERATED, ports[len(ROLES) :], strict=True)),
        )
        yield create_sandbox(tmp_path / "utopia", plan, now=SystemClock().now(), random=system_random).config


def test_roles_are_served_until_the_signal(present: Path) -> None:
    process = subprocess.Popen(
        [PROGRAM, "serve", "trust", "verifier", "--config", present],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    try:
        assert process.stderr is not None
        answers: dict[str, str] = {}
        logged: list[str] = []
        while len(answers) < 3:
            line = process.stderr.readline()
            assert line, "it ended"
            name, _, origin = line.strip().partition(" answers at ")
            if origin:
                answers[name] = origin
            else:
                logged.append(line)
        assert set(answers) == {"trust", "verifier", "verifier operator"}
        port = answers["verifier"].rpartition(":")[2]
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"host": f"verifier.localhost:{port}"})
        with urllib.request.urlopen(asked) as page:
            assert b"Presentations" in page.read()
        with pytest.raises(urllib.error.HTTPError) as misdirected:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/")
        assert misdirected.value.code == 421
        misdirected.value.close()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "")
    assert "request" in {json.loads(line)["event"] for line in (*logged, *err.splitlines())}


@pytest.mark.parametrize("workers", [1, 2])
def test_whoever_drives_it_reads_on_stdout_when_all_of_it_answers_and_where(present: Path, workers: int) -> None:
    text = present.read_text()
    present.write_text(text.replace("[verifier]\n", f"[verifier]\nworkers = {workers}\n"))
    command = [PROGRAM, "serve", "trust", "verifier", "--json", "--config", present]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert (said["ready"], set(said["origins"])) == (True, {"trust", "verifier", "verifier operator"})
        port = int(said["origins"]["verifier operator"].rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30) == ("", None)
    finally:
        process.kill()
    assert process.returncode == 0


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)], ids=lambda value: str(value)
)
def test_whoever_ends_it_while_it_starts_gets_the_code_of_the_signal(
    zegel: Any, present: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    async def starting(*_: object) -> None:
        signal.raise_signal(number)
        await asyncio.wait_for(asyncio.Event().wait(), 5)

    signal.signal(number, signal.default_int_handler)  # SIGHUP may be ignored where the tests run
    monkeypatch.setattr(serve, "open_roles", starting)
    ran = zegel("serve", "trust", "--config", present)
    assert (ran.code, ran.out, ran.err) == (code, "", "")


def test_sigterm_as_soon_as_it_is_listened_to_ends_a_role_quietly(present: Path) -> None:
    process = subprocess.Popen([PROGRAM, "serve", "trust", "--config", present], stderr=subprocess.PIPE, text=True)
    try:
        while not catches(process.pid, signal.SIGTERM):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, said) == (0, "")


def catches(process: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal: proc_pid_status(5)."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def test_an_unknown_role_is_wrong_usage(zegel: Any) -> None:
    ran = zegel("serve", "nonsense")
    assert (ran.code, ran.out) == (2, "")
    assert "verifier" in ran.err


def test_without_a_configuration_nothing_is_served(zegel: Any) -> None:
    ran = zegel("serve", "verifier")
    assert ran.code == 3
    assert "--config" in ran.err


def test_a_port_that_is_taken_is_unavailable(present: Path) -> None:
    port = int(present.read_text().split("[trust]")[1].split("port = ")[1].split("\n")[0])
    taken = bind("127.0.0.1", port)
    try:
        ran = subprocess.run(
            [PROGRAM, "serve", "trust", "--config", present], capture_output=True, timeout=60, check=False
        )
    finally:
        taken.close()
    assert ran.returncode == 3
    assert b"address already in use" in ran.stderr
    assert b"Traceback" not in ran.stderr


def test_a_request_that_runs_at_the_signal_has_its_answer(present: Path) -> None:
    """It waits for a wallet that does not come; the signal comes meanwhile, and no new connection is taken."""
    config = load_config(present).verifier
    token = base64url(load_secret(config.operator_token))
    query = {"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:x"]}}
    process = subprocess.Popen(
        [PROGRAM, "serve", "verifier", "--config", present],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert any("verifier operator answers" in line for line in process.stderr)

        def call(method: str, path: str, body: object = None) -> HTTPConnection:
            connection = HTTPConnection(config.operator_address, config.operator_port, timeout=30)
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            return connection

        asked = call("POST", "/requests", {"dcql_query": {"credentials": [query]}})
        session = json.load(asked.getresponse())["session"]
        waiting = call("GET", f"/requests/{session}?wait=2")
        after = call("GET", f"/requests/{session}")
        assert json.load(after.getresponse())["state"] == "pending"  # so that the one before has been read as well
        process.send_signal(signal.SIGTERM)
        answer = waiting.getresponse()
        assert (answer.status, json.load(answer)["state"]) == (200, "pending")
        for connection in (asked, after, waiting):
            connection.close()
        process.communicate(timeout=30)
        with pytest.raises(ConnectionRefusedError):
            call("GET", "/")
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0


def test_a_role_is_watched_where_the_configuration_says(present: Path) -> None:
    port = load_config(present).trust.port
    with bind("127.0.0.1", 0) as free:
        watched = free.getsockname()[1]
    present.write_text(present.read_text().replace("[trust]\n", f"[trust]\nmetrics_port = {watched}\n"))
    process = subprocess.Popen(
        [PROGRAM, "serve", "trust", "--config", present],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert any("trust metrics answers" in line for line in process.stderr)
        for path, told in (("/healthz", b'"ok"'), ("/readyz", b'"ready":true'), ("/metrics", b"zegel_info")):
            with urllib.request.urlopen(f"http://127.0.0.1:{watched}{path}") as answer:
                assert told in answer.read()
        health = urllib.request.Request(f"http://127.0.0.1:{port}/healthz", headers={"host": f"trust.localhost:{port}"})
        with urllib.request.urlopen(health) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0


@pytest.mark.anyio
@pytest.mark.usefixtures("signals")
async def test_a_worker_takes_no_connection_before_it_knows_whom_to_trust(tmp_path: Path) -> None:
    """While others answer, what it would refuse for want of a list is not for it to have."""
    config, taken = sandbox_at(tmp_path), []
    asked = asyncio.Event()

    async def serve_list(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with socket.socket() as probe:
            taken.append(probe.connect_ex(("127.0.0.1", config.provider.port)) == 0)
        asked.set()
        writer.close()

    with reserved_ports(1) as (port,):
        server = await asyncio.start_server(serve_list, "127.0.0.1", 0)
        origin = Origin(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        lists = tuple(replace(listed, location=f"{origin}/list") for listed in config.trusted_lists)
        provider = replace(config.provider, workers=Count(2), port=Port(port))
        outbound = replace(config.outbound, loopback_origins=frozenset({origin}))
        config = replace(config, provider=provider, trusted_lists=lists, outbound=outbound)
        (heard, ready), (lifeline, held) = os.pipe(), os.pipe()
        worker = Worker(number=1, again=True, _ready=ready, _parent=lifeline)
        async with server, asyncio.timeout(10):
            serving = asyncio.create_task(_serve_beside_others(["provider"], config, worker))
            await asked.wait()
            os.close(held)  # the parent is gone
            await serving
        os.close(heard)
        os.close(lifeline)
    assert not taken[0]
    assert taken[-1]
