"""No connection goes out beyond what the operator names: every one that is tried is heard, from a start to an end."""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.demo import environment
from zegel_testing.ports import reserved_ports

from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, ROLES, SandboxPlan
from zegel.adapters.sandbox.qualified import QUALIFIED_PATH
from zegel.config.role import RoleConfig
from zegel.config.roles import Config
from zegel.config.setting import settings_of

pytestmark = pytest.mark.slow

TELLING = Path(__file__).with_name("telling_connections.py")
ELSEWHERE = "lists.utopia.invalid"  # RFC 6761 section 6.4: there is no such host
SECONDS = 60


def heard(told: Path) -> list[tuple[str, Any]]:
    return [(event, what) for event, what in map(json.loads, told.read_text().splitlines())]


def ports_of(config: Config) -> set[int]:
    table: Any = Config
    roles = [getattr(config, setting.name) for setting in settings_of(table)]
    kinds = ("port", "operator_port", "metrics_port")
    return {getattr(role, kind, 0) or 0 for role in roles if isinstance(role, RoleConfig) for kind in kinds}


def started(told: Path, home: Path, *args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, TELLING, told, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment(home),
    )


def test_the_whole_story_is_told_among_the_roles_alone(tmp_path: Path) -> None:
    told, kept = tmp_path / "told", tmp_path / "kept"
    walk = started(told, tmp_path, "demo", "--walk", "--folder", kept)
    out, err = walk.communicate(timeout=SECONDS)
    assert (walk.returncode, err) == (0, ""), out
    connections = heard(told)
    assert {event for event, _ in connections} <= {"connect to itself", "getaddrinfo"}, "all roles are one process"
    assert {address[0] for _, address in connections} == {"127.0.0.1"}, "no name is looked up: their own are known"
    ports = {address[1] for event, address in connections if event == "connect to itself"}
    assert len(ports & ports_of(load_config(kept / "zegel.toml"))) > 4


def test_a_role_asks_for_what_its_configuration_names_and_for_nothing_else(tmp_path: Path) -> None:
    """From its start, through its timers, pages and refusals, to its end."""
    told = tmp_path / "told"
    with reserved_ports(len(ROLES) + len(OPERATED)) as ports:
        plan = SandboxPlan(
            profile="haip",
            tls=False,
            ports=dict(zip(ROLES, ports, strict=False)),
            operator_ports=dict(zip(OPERATED, ports[len(ROLES) :], strict=True)),
        )
        file = create_sandbox(tmp_path / "utopia", plan, now=SystemClock().now(), random=system_random).config
        origin = load_config(file).trust.origin
        elsewhere = f"https://{ELSEWHERE}/"
        text = file.read_text().replace(origin + "/lists/", elsewhere)
        file.write_text(text.replace(origin + QUALIFIED_PATH, elsewhere))
        role = started(told, tmp_path, "serve", "issuer", "verifier", "provider", "--config", file)
        try:
            assert role.stderr is not None
            assert any("provider answers" in line for line in role.stderr)
            for name in ("issuer", "verifier", "provider"):
                visit(load_config(file), name)
            role.send_signal(signal.SIGTERM)
            role.communicate(timeout=SECONDS)
        finally:
            role.kill()
            role.communicate()
    assert role.returncode == 0
    assert set(map(str, heard(told))) == {str(("getaddrinfo", [ELSEWHERE, 443]))}


def visit(config: Config, name: str) -> None:
    """Look at pages that there are, and send what is refused."""
    role: RoleConfig = getattr(config, name)
    host = role.origin.partition("://")[2]
    for line in (
        "GET / HTTP/1.1",
        "GET /.well-known/openid-configuration HTTP/1.1",
        "GET /authorize?client_id=https://evil.example&request_uri=https://evil.example/x HTTP/1.1",
        "GET /request/https:%2f%2fevil.example HTTP/1.1",
        "POST /response/x HTTP/1.1",
    ):
        with socket.create_connection((role.address, role.port), timeout=SECONDS) as one:
            one.sendall(f"{line}\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode())
            assert one.recv(16).startswith(b"HTTP/1.1 ")


def test_what_is_tried_is_heard(tmp_path: Path) -> None:
    """Otherwise the others would show nothing."""
    told = tmp_path / "told"
    program = TELLING.read_text().partition("from zegel.cli.main")[0] + TRIES
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answering = threading.Thread(target=lambda: server.accept()[0].close())
        answering.start()
        subprocess.run([sys.executable, "-c", program, told, str(port)], check=True, timeout=SECONDS)
        answering.join()
    assert told_of(heard(told)) == [
        "connect 127.0.0.1", "connect to itself 127.0.0.1", "getaddrinfo localhost", "sendto 127.0.0.1",
    ]  # fmt: skip


TRIES = """
import socket

async def connect():
    with socket.create_server(("127.0.0.1", 0)) as own:
        for port in (int(sys.argv[2]), own.getsockname()[1]):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()

asyncio.Runner(loop_factory=uvloop.new_event_loop).run(connect())
socket.getaddrinfo("localhost", 1)
with socket.socket(type=socket.SOCK_DGRAM) as one:
    one.sendto(b"x", ("127.0.0.1", 9))
"""


def told_of(connections: Sequence[tuple[str, Any]]) -> list[str]:
    return sorted({f"{event} {what[0]}" for event, what in connections})
