"""What the walk leaves on the disk, step by step: nothing of a person, no code, no token, no private key."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from zegel_testing.demo import environment
from zegel_testing.draws import SCALAR_DRAW, beginnings_of, drawn_in, pieces_of, spellings

from zegel.adapters.sandbox.access_root import PASSPHRASE_FILE, ROOT_FILE

pytestmark = pytest.mark.slow

TELLING = Path(__file__).with_name("telling_randomness.py")
# The register takes the place of a country's own. The others hold the keys of roles and authorities, on purpose; and
# what a host answers with, to all, while an access certificate is ordered for it.
KEPT = ("data/register.db", "keys/", "authorities/", "data/challenges/")
PERSONAL = (
    "Voorbeeld",
    "Erika Maria",
    "1986-03-14",
    "Gelderland",
    "Arnhem",
    "UT-1986-000001",
    "erika@voorbeeld.example",
    "+99900000001",
    "UTPID0001",
    "erika keeps bees",
)
KEY_MARKS = ("PRIVATE KEY", '"d":"')


def snapshots(kept: Path, told: Path, home: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Walk, stop after each step, and say what stands in the files at that moment; the log is among them."""
    walk = subprocess.Popen(
        [sys.executable, TELLING, told, "demo", "--walk", "--json", "--folder", kept],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment(home),
    )
    assert walk.stdout is not None
    try:
        for line in walk.stdout:
            walk.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, walk.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            step = json.loads(line)["step"]
            if taken := take_the_root_away(kept):
                step = f"{step} {taken}"
            yield step, files_of(kept) | temporary(home)
            walk.send_signal(signal.SIGCONT)
        _, err = walk.communicate(timeout=20)
        assert (walk.returncode, err) == (0, "")
        yield "the end", files_of(kept) | temporary(home)
    finally:
        walk.kill()
        walk.communicate()


def take_the_root_away(kept: Path) -> list[str]:
    """The root of access certificates, and its passphrase."""
    files = [kept / "authorities" / name for name in (ROOT_FILE, PASSPHRASE_FILE)]
    taken = [file.name for file in files if file.exists()]
    for file in files:
        file.unlink(missing_ok=True)
    return taken


def files_of(kept: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(kept.rglob("*")) if path.is_file())
    named = ((path.relative_to(kept).as_posix(), path) for path in paths)
    return {name: path.read_bytes() for name, path in named if not name.startswith(KEPT)}


def temporary(home: Path) -> dict[str, bytes]:
    """What stands in the folder for temporary files, which is one of the walk's own."""
    paths = (path for path in sorted((home / "tmp").rglob("*")) if path.is_file())
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in paths}


@dataclass(frozen=True)
class Walked:
    """``files`` are all that were ever seen, by the step after which each first had this content, and its name."""

    steps: tuple[str, ...]
    files: Mapping[tuple[str, str], bytes]
    drawn: tuple[bytes, ...]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    home = tmp_path_factory.mktemp("home")
    told = home / "told"
    steps: list[str] = []
    files: dict[tuple[str, str], bytes] = {}
    last: dict[str, bytes] = {}
    for step, seen in snapshots(home / "kept", told, home):
        steps.append(step)
        files |= {(step, name): content for name, content in seen.items() if last.get(name) != content}
        last = seen
    return Walked(tuple(steps), files, drawn_in(told))


def test_the_walk_is_looked_at_with_its_databases_their_logs_and_all_that_it_draws(walked: Walked) -> None:
    names = {name for _, name in walked.files}
    assert {"data/issuer.db-wal", "data/provider.db-wal", "data/verifier.db-wal", "data/wallet.vault"} <= names
    assert "zegel.log" in names
    assert (len(walked.steps) > 25, walked.steps[-1]) == (True, "the end")
    assert {32, SCALAR_DRAW} <= set(map(len, walked.drawn))


def test_no_role_misses_the_root_of_access_certificates(walked: Walked) -> None:
    """It is taken away after the first step, with its passphrase, and the walk goes on to its end."""
    first, *others = walked.steps
    assert first.endswith(str([ROOT_FILE, PASSPHRASE_FILE]))
    assert not [step for step in others if "[" in step]
    assert len(others) > 25


def test_no_file_ever_holds_a_claim_or_a_password(walked: Walked) -> None:
    for place, content in walked.files.items():
        assert not [value for value in PERSONAL if value.encode() in content], place


def test_no_file_ever_holds_a_code_a_token_or_a_private_key(walked: Walked) -> None:
    beginnings = beginnings_of(walked.drawn)
    assert len(beginnings) > 4 * len(walked.drawn)
    searched: set[bytes] = set()
    for place, content in walked.files.items():
        assert not [mark for mark in KEY_MARKS if mark.encode() in content], place
        fresh = pieces_of(content) - searched
        assert not any(map(beginnings.found_in, fresh)), place
        searched |= fresh


def test_what_is_there_is_found() -> None:
    secret = bytes(range(32))
    for written in spellings(secret):
        assert beginnings_of([secret]).found_in(b"x" * 9 + written + b"y")


def test_what_lies_across_two_pieces_is_whole_in_one() -> None:
    secret = bytes(range(32))
    for before in range(4096 - 9, 4096 + 2):
        content = b"x" * before + secret + b"y" * 9_000
        assert any(map(beginnings_of([secret]).found_in, pieces_of(content)))
