"""Which zegel.toml a command means."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from zegel.checks import Check
from zegel.cli import configuration
from zegel.cli.configuration import announce_demo, find_config_file, withdraw_demo
from zegel.cli.network import outbound_of
from zegel.errors import Unavailable


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("ZEGEL_CONFIG", raising=False)
    return folder


def found(**args: Any) -> Path:
    return find_config_file(Namespace(**args))


def test_the_nearest_counts(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = tmp_path / "demo.toml"
    demo.write_text("")
    announce_demo(demo)
    assert found() == demo
    (here / "zegel.toml").write_text("")
    assert found() == Path("zegel.toml")
    monkeypatch.setenv("ZEGEL_CONFIG", "from/environment.toml")
    assert found() == Path("from/environment.toml")
    assert found(config=Path("named.toml")) == Path("named.toml")
    assert found(config=None) == Path("from/environment.toml")


@pytest.mark.refuses(Check.AVAILABILITY)
def test_without_any_a_command_says_how_to_name_one() -> None:
    with pytest.raises(Unavailable) as refusal:
        found()
    assert refusal.value.check is Check.AVAILABILITY
    assert "--config" in refusal.value.detail


def test_a_demo_that_has_ended_is_not_meant(tmp_path: Path) -> None:
    demo = tmp_path / "demo.toml"
    announce_demo(demo)
    with pytest.raises(Unavailable):
        found()
    demo.write_text("")
    assert found() == demo
    withdraw_demo(demo)
    with pytest.raises(Unavailable):
        found()
    withdraw_demo(demo)


def test_a_later_demo_stays_when_an_earlier_one_ends(tmp_path: Path) -> None:
    first, later = tmp_path / "first.toml", tmp_path / "later.toml"
    for demo in (first, later):
        demo.write_text("")
        announce_demo(demo)
    withdraw_demo(first)
    assert found() == later


def test_a_user_without_a_state_folder_has_the_usual_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert configuration._pointer() == tmp_path / ".local/state/zegel/demo"


def test_what_is_served_is_never_the_demo(here: Path, tmp_path: Path, zegel: Any) -> None:
    """Its roles run, and on its databases no others may."""
    demo = tmp_path / "demo.toml"
    demo.write_text("[")
    announce_demo(demo)
    for command in (("serve",), ("registrar", "serve"), ("wallet-provider", "serve"), ("access-authority", "serve")):
        ran = zegel(*command, "--json")
        assert (ran.code, ran.json["check"]) == (3, "availability")
        assert ran.json["detail"] == "zegel.toml: there is none here; name one with --config"
    (here / "zegel.toml").write_text("[")
    assert zegel("serve", "--json").code == 2


async def _close(outbound: Any) -> None:
    await outbound.aclose()


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_way_out_is_the_configurations_where_there_is_one(sandbox: Any) -> None:
    plain = outbound_of(Namespace())
    configured = outbound_of(Namespace(config=sandbox.config))
    assert plain._loopback == frozenset()
    assert "http://issuer.localhost:7101" in configured._loopback
    await _close(plain)
    await _close(configured)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    "args", [("issuer", "offer", "pid"), ("revoke", "--person", "erika"), ("verifier", "result", "s")]
)
def test_a_command_without_a_configuration_is_unavailable(zegel: Any, args: tuple[str, ...]) -> None:
    ran = zegel(*args, "--json")
    assert (ran.code, ran.json["check"]) == (3, "availability")
    assert "--config" in ran.json["detail"]


@pytest.mark.parametrize(
    "text", ["[", "unknown = 1", "[issuer]\nport = 0", "[verifier]\norigin = 'http://evil.example'"]
)
def test_a_configuration_that_does_not_parse_is_malformed(zegel: Any, here: Path, text: str) -> None:
    (here / "zegel.toml").write_text(text)
    ran = zegel("issuer", "offer", "pid", "--json")
    assert (ran.code, ran.json["verdict"]) == (2, "malformed")
