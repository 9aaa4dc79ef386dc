"""The README's commands and programs, played as it tells them, against roles that run."""

import os
import re
import signal
import ssl
import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path

import pytest
from zegel_testing.command_line import CLAIMS_OF, HOLDER_JWK
from zegel_testing.demo import ZEGEL, RunningDemo, environment
from zegel_testing.localhost import localhost_names
from zegel_testing.markdown import the_block
from zegel_testing.plain_browser import PlainBrowser
from zegel_testing.ports import reserved_ports
from zegel_testing.preloaded import preloaded

from zegel.adapters.configuration import load_config
from zegel.primitives.json import encode_json

pytestmark = pytest.mark.slow

PASSPHRASE = "seven bees on a charter"
SECONDS = 60  # for a command; the machine may have other things to do
LINE = re.compile(r"(?P<ok>ok|FAILED) +\d+ ms  (?P<step>[^(]+?)(?:  \((?P<check>[a-z-]+)\))?")
LINK = re.compile(r"[a-z0-9-]+://\?\S+")


def told(text: str) -> list[tuple[str, str, str | None]]:
    """The lines of a walk without their times."""
    found = [LINE.fullmatch(line) for line in text.splitlines() if line != "..."]
    assert all(found), text
    return [(line["ok"], line["step"], line["check"]) for line in found if line is not None]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What ``zegel demo --walk`` prints."""
    home = tmp_path_factory.mktemp("walk")
    _, *options = the_block("sh passport demo").text.split()
    assert options == ["demo", "--walk"]
    done = subprocess.run(
        [ZEGEL, *options], env=environment(home), cwd=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_walk_is_told_as_it_is_printed(walk: str) -> None:
    """In the README's order, with other lines where the README has three dots and nowhere else."""
    first, *parts = [told(part) for part in the_block("text walk").text.split("...\n")]
    real = told(walk)
    assert real[: len(first)] == first
    at = len(first)
    for part in parts:
        places = [start for start in range(at, len(real)) if real[start : start + len(part)] == part]
        assert places, part
        at = places[0] + len(part)
    assert at == len(real)


def test_what_happens_in_the_picture_happens_in_the_walk(walk: str) -> None:
    steps = {step.partition(" of ")[0] for _, step, _ in told(walk)}
    _, *lines = the_block("text picture").text.splitlines()
    drawn = [re.sub(r"[|<>]|-{2,}|-(?= |$)|(?<= )-", "  ", line.partition(":")[0]) for line in lines]
    named = [name.strip() for line in drawn for part in line.split("   ") for name in part.split(",") if name.strip()]
    assert len(named) > 12
    assert [name for name in named if not any(step.startswith(name) for step in steps)] == []


# --- a demo, and whoever plays with it --------------------------------------------------------------------------------


class Player:
    """Somebody at a terminal in a folder in which ``zegel demo --folder demo`` runs."""

    def __init__(self, home: Path, program: Path) -> None:
        self.home = home
        self.environment = environment(home) | {"PATH": f"{program.parent}:{ZEGEL.parent}:{os.environ['PATH']}"}
        (home / "passphrase").touch(mode=0o600)
        (home / "passphrase").write_text(PASSPHRASE)

    def start(self, command: str) -> subprocess.Popen[str]:
        """Start a command as the shell does; what is typed at a terminal comes from a file here."""
        if command.startswith("zegel wallet "):
            name, _, comment = command.partition("#")
            command = f"{name} --passphrase-file passphrase #{comment}"
        return subprocess.Popen(
            ["sh", "-c", command],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str) -> str:
        """Run a command that succeeds; what it says on stdout."""
        process = self.start(command)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, command + out + err
        return out

    def receive(self, command: str) -> str:
        """Run a command that waits for a log-in, and log in."""
        process = self.start(command)
        assert process.stderr is not None
        address = next(line.partition("open: ")[2].strip() for line in process.stderr if "to log in open: " in line)
        with localhost_names(), PlainBrowser(ssl.create_default_context()) as browser:
            browser.open(address)
            browser.submit(login="erika", password="erika keeps bees")
            browser.submit(button="approve")
            back = browser.at
        self.run(f"{sys.executable} -c \"from urllib.request import urlopen; urlopen('{back}').read()\"")
        out, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, out
        return out


@pytest.fixture(scope="module")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    home = tmp_path_factory.mktemp("demo")
    with RunningDemo("--folder", "demo", home=home):
        yield Player(home, preloaded())


def receive_identity(player: Player) -> None:
    """A vault with an identity in it, unless there is one."""
    if not (player.home / ".local/share/zegel/wallet.vault").exists():
        player.run("zegel wallet init")
    if "Person identification data" not in player.run("zegel wallet list"):
        player.receive(f"zegel wallet receive '{player.run('zegel issuer offer pid').strip()}'")


def test_the_first_verifier_verifies(player: Player) -> None:
    receive_identity(player)
    port = load_config(player.home / "demo" / "zegel.toml").verifier.operator_port
    program = player.home / "first_verifier.py"
    program.write_text(the_block("python verifier").text.replace(":7112", f":{port}"))
    process = player.start(f"{sys.executable} {program.name}")
    assert process.stdout is not None
    asks = process.stdout.readline()
    player.run(f"zegel wallet present '{asks.partition(': ')[2].strip()}' --yes")
    answers, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    link, accepted = the_block("text verified").text.splitlines()
    assert asks.startswith(link.removesuffix("..."))
    assert answers.partition(" ")[0] == accepted.partition(" ")[0] == "accepted"
    assert literal_eval(answers.partition(" ")[2]) == literal_eval(accepted.partition(" ")[2])


def test_the_commands_tell_one_story(player: Player) -> None:
    """The commands of one block, in their order, each with what those before it have printed."""
    config = load_config(player.home / "demo" / "zegel.toml")
    told_of: dict[str, str] = {"FILE": "credential", "ISSUER": config.issuer.origin}
    (player.home / "query.json").write_text(the_block("json query").text)
    (player.home / "claims.json").write_text(encode_json(CLAIMS_OF["pid"]).decode())
    (player.home / "holder.json").write_text(HOLDER_JWK)
    player.run(
        "zegel issue pid --claims claims.json --holder holder.json --key demo/keys/issuer.key.pem "
        "--chain demo/keys/issuer.pem > credential"
    )
    (player.home / ".local/share/zegel/wallet.vault").unlink(missing_ok=True)
    said: dict[str, str] = {}
    for line in the_block("sh story").text.splitlines():
        command = line.partition("#")[0].strip()
        for word, meant in told_of.items():
            command = re.sub(rf"\b{word}\b", f"'{meant}'", command)
        assert not re.search(r"\b[A-Z]{4,}\b", re.sub(r"'[^']*'", "", command)), f"nothing has said what to put: {line}"
        words = " ".join(line.split()[:3])
        said[words] = out = player.receive(command) if words == "zegel wallet receive" else player.run(command)
        if (link := LINK.search(out)) is not None:
            told_of["LINK"] = link[0]
        if (session := re.search(r"session: (\S+)", out)) is not None:
            told_of["SESSION"] = session[1]
    assert "Voorbeeld" in said["zegel wallet receive"]
    assert said["zegel verifier result"].startswith("accepted\n  pid: ")
    assert "Voorbeeld" in said["zegel verifier result"]
    assert "Utopia verifier" in said["zegel wallet log"]
    assert "Voorbeeld" not in said["zegel wallet log"]
    assert "revoked 10 copies of pid" in said["zegel revoke --person"]
    assert said["zegel verify FILE"].startswith("accepted")
    assert all(line.startswith("unverified") for line in said["zegel inspect FILE"].splitlines())
    assert said["zegel why FILE"].startswith("SD-JWT VC: urn:eudi:pid:1\n")
    assert ", 0 doubtful, 0 broken, " in said["zegel doctor ISSUER"]
    assert said["zegel explain nonce"].startswith("nonce\n")


def test_roles_are_served_as_it_says(tmp_path: Path) -> None:
    player = Player(tmp_path, ZEGEL)
    with reserved_ports(27) as ports:
        make, serve = (line.partition("#")[0].strip() for line in the_block("sh roles").text.splitlines())
        player.run(f"{make} --port {ports[0]}")
        door = the_block("sh passport serve").text.strip()
        for command, last in (
            (serve, "issuer operator answers"),
            (serve.replace(" issuer", ""), "wallet answers"),
            (door, "door answers"),
        ):
            process = player.start("exec " + command)
            assert process.stderr is not None
            assert any(last in line for line in process.stderr)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=SECONDS)
            assert process.returncode == 0
