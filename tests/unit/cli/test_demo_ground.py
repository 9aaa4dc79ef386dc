"""What a demo stands on: ports that are taken, a folder that is there already, and an end that leaves nothing."""

import os
import signal
import socket
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.ports import reserved_ports

from zegel.adapters.sandbox.plan import OPERATED, ROLES
from zegel.checks import Check
from zegel.cli import demo_ground
from zegel.cli.demo_ground import prepared
from zegel.errors import Malformed
from zegel.web.app.serve import bind


def options(**changed: Any) -> Namespace:
    return Namespace(**{"profile": None, "tls": False, "walk": False, "headless": False, "folder": None} | changed)


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> Iterator[range]:
    """Ports of this test alone, as if they were the usual ones."""
    with reserved_ports(2 * len(ROLES) + len(OPERATED)) as found:
        monkeypatch.setattr(demo_ground, "FIRST_PORT", found[0])
        monkeypatch.setattr(demo_ground, "PORTS", {role: at for at, role in enumerate(ROLES)})
        monkeypatch.setattr(demo_ground, "FIRST_OPERATOR_PORT", found[len(ROLES)])
        monkeypatch.setattr(demo_ground, "FIRST_METRICS_PORT", found[len(ROLES) + len(OPERATED)])
        yield found


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(made))
    return made


def ports_of(sockets: Any) -> list[int]:
    return [one.getsockname()[1] for one in sockets.values()]


@pytest.mark.slow
def test_the_usual_ports_are_taken_where_they_are_free(ports: range, capsys: pytest.CaptureFixture[str]) -> None:
    with prepared(options()) as ground:
        assert ports_of(ground.sockets) == list(ports)
        assert (ground.config.issuer.port, ground.config.issuer.operator_port) == (ports[0], ports[len(ROLES)])
        assert ground.config.issuer.metrics_port == ports[len(ROLES) + len(OPERATED)]
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_a_port_that_another_program_has_is_named_and_a_free_one_taken(
    ports: range, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = bind("127.0.0.1", ports[1])
    try:
        with prepared(options()) as ground:
            found = ports_of(ground.sockets)
            assert ground.config.verifier.port == found[1]
    finally:
        taken.close()
    assert found[0] == ports[0]
    assert found[1] not in ports
    err = capsys.readouterr().err
    assert f"another program has port {ports[1]} " in err
    assert "free ones are taken instead" in err


@pytest.mark.slow
@pytest.mark.parametrize("how", [{"walk": True}, {"headless": True}], ids=str)
def test_whoever_is_driven_from_outside_has_free_ports(ports: range, how: dict[str, bool]) -> None:
    with prepared(options(**how)) as ground:
        assert not set(ports_of(ground.sockets)) & set(ports)


@pytest.mark.slow
def test_a_temporary_folder_is_gone_however_it_ends(ports: range, temporary: Path) -> None:
    def run() -> None:
        with prepared(options()) as ground:
            assert ground.folder.parent == temporary
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()

    with pytest.raises(KeyboardInterrupt):
        run()
    assert list(temporary.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.slow
def test_a_folder_that_was_named_stays_and_its_sandbox_has_its_own_ports(ports: range, tmp_path: Path) -> None:
    with prepared(options(folder=tmp_path / "kept", profile="plain")) as ground:
        made = ground.config
    with prepared(options(folder=tmp_path / "kept")) as again:
        assert again.config == made
        assert again.config.issuer.profile == "plain"
        assert again.sockets == {}, "each listener is bound as its configuration says"


@pytest.mark.slow
@pytest.mark.parametrize(("option", "field"), [({"profile": "haip"}, "--profile"), ({"tls": True}, "--tls")])
@pytest.mark.refuses(Check.SYNTAX)
def test_a_sandbox_is_what_it_was_made_as(ports: range, tmp_path: Path, option: dict[str, Any], field: str) -> None:
    with prepared(options(folder=tmp_path / "kept", profile="plain")):
        pass
    with pytest.raises(Malformed) as refusal, prepared(options(folder=tmp_path / "kept", **option)):
        pass
    assert (refusal.value.check, refusal.value.field) == (Check.SYNTAX, field)


@pytest.mark.slow
@pytest.mark.refuses(Check.SYNTAX)
def test_a_walk_begins_in_an_empty_folder(ports: range, tmp_path: Path) -> None:
    with prepared(options(folder=tmp_path / "kept")):
        pass
    with pytest.raises(Malformed) as refusal, prepared(options(folder=tmp_path / "kept", walk=True)):
        pass
    assert refusal.value.check is Check.SYNTAX
    assert "a walk begins in a new or empty folder" in refusal.value.detail


@pytest.mark.slow
def test_a_port_of_a_kept_sandbox_that_is_taken_is_said_with_the_remedy(zegel: Any, ports: range) -> None:
    zegel("sandbox", "kept", "--port", ports[0])
    taken = bind("127.0.0.1", ports[0])
    try:
        ran = zegel("demo", "--headless", "--json", "--folder", "kept")
    finally:
        taken.close()
    assert (ran.code, ran.json["verdict"]) == (3, "unavailable")
    assert f"127.0.0.1:{ports[0]}: address already in use; end the program that listens there" in ran.json["detail"]


def test_ctrl_c_while_a_command_is_loaded_ends_it_without_a_word() -> None:
    """Nothing is begun by then, and an exception inside a module in C would end in a long complaint."""
    code = (
        "import os, signal\n"
        "from zegel.cli import main\n"
        "main._parser = lambda args: os.kill(os.getpid(), signal.SIGINT)\n"
        "main.main(['explain'])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (-signal.SIGINT, b"", b"")


@pytest.mark.slow
def test_a_machine_without_the_demos_libraries_is_told_what_to_install(zegel: Any, monkeypatch: Any) -> None:
    zegel("sandbox", "kept", "--port", 21500)
    monkeypatch.setitem(sys.modules, "authlib", None)
    for name in [name for name in sys.modules if name.startswith(("zegel.demo.tax", "authlib."))]:
        monkeypatch.delitem(sys.modules, name)
    ran = zegel("serve", "service", "--config", "kept/zegel.toml")
    assert ran.code == 3
    assert "install zegel[demo]" in ran.err


@pytest.mark.slow
def test_sockets_are_closed_at_the_end(ports: range) -> None:
    with prepared(options()) as ground:
        sockets = list(ground.sockets.values())
    assert [one.fileno() for one in sockets] == [-1] * len(sockets)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", ports[0])) != 0
