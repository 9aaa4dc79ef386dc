"""The walk as somebody runs it: ``zegel demo --walk``, which tells the whole story and leaves nothing."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.demo import ZEGEL, environment
from zegel_testing.preloaded import preloaded

pytestmark = pytest.mark.slow

SECONDS = 60  # until one is given up; the machine may have other things to do
PROCESSOR_SECONDS = 20  # what a walk may take after set-up, of the processor's time: other programs take none of that
LOOPBACK_UP = Path(__file__).with_name("loopback_up.py")
TRIED_TO_LEAVE = 99  # as loopback_up.py says
ALONE = (("unshare", "-n"), ("unshare", "-rn"))  # a network of its own: for root, and where users have namespaces

ATTESTED = ("wallet attestation", "key attestation")
STORY = (
    "sandbox",
    "list of trusted entities",
    "qualified list",
    "registration",
    "registration approved",
    "access certificate with its timestamp and inclusion proof",
    "wallet activation",
    "wallet",
    "offer",
    "wallet attestation",
    "PAR",
    "log-in",
    "approval",
    "token",
    "key attestation",
    "issuance of SD-JWT VC, batch of 10",
    "issuance of mdoc, batch of 10",
    "notification",
    "request",
    "consent",
    "registration certificate",
    "status",
    "response",
    "return",
    "ID Token",
    "UserInfo",
    "sign-in to Tax online",
    "replay refused",
    "other browser refused",
    "over-asking flagged",
    "nothing shared without a tick",
    "health certificate from a picture, Belgium: expired on 2021-09-17",
    "health certificate from a picture, Hungary: expired on 2026-06-15",
    "fresh health certificate held: valid",
    "health certificate brought to the issuer",
    "somebody else's health certificate refused",
    "vaccination_valid attested, by certificate and PID",
    "vaccination_valid shown at the door: yes",
    "door knows the flag and its rules, and nothing else",
    "diploma received, whose issuer stands on the qualified list alone",
    "identifier list",
    "driving licence shown to the verifier",
    "revoke",
    "status list published",
    "refused after revocation",
    "refused after revocation by identifier list",
    "access certificate ordered",
    "host control shown",
    "pre-certificate logged",
    "access certificate reported",
    "access certificate issued",
    "asked with the new access certificate",
    "access certificate revoked",
    "refused with a revoked access certificate",
    "registration suspended",
    "registration certificate revoked -> refused",
    "wallet revoked by its code",
    "wallet revoked -> refused",
    "PID revoked after its wallet",
    "PID received in a new wallet",
    "provider taken off its list -> refused",
    "certificate of the document signer revoked -> refused",
    "key storage revoked",
    "key attestation revoked -> refused",
    "PID revoked after its keys",
)
CHAINED = (*STORY[-9:-6], *STORY[-3:])
REFUSALS = {
    "replay refused": "response-code",
    "other browser refused": "same-browser",
    "over-asking flagged": "over-asking",
    "nothing shared without a tick": "explicit-approval",
    "health certificate from a picture, Belgium: expired on 2021-09-17": "health-validity",
    "health certificate from a picture, Hungary: expired on 2026-06-15": "health-validity",
    "somebody else's health certificate refused": "health-holder",
    "refused after revocation": "status",
    "refused after revocation by identifier list": "status",
    "refused with a revoked access certificate": "certificate-revoked",
    "registration certificate revoked -> refused": "registration-status",
    "wallet revoked -> refused": "wallet-revoked",
    "provider taken off its list -> refused": "entitlement",
    "certificate of the document signer revoked -> refused": "certificate-revoked",
    "key attestation revoked -> refused": "key-storage",
}


PROMISED = {
    "registration": ("registration",),
    "approval": ("registration approved",),
    "access certificate with its timestamp and inclusion proof": (
        "access certificate with its timestamp and inclusion proof",
    ),
    "registration certificate": ("registration certificate",),
    "list fetch": ("list of trusted entities", "qualified list"),
    "wallet activation": ("wallet activation",),
    "over-asking flagged": ("over-asking flagged",),
    "revocation of each kind": (
        "refused after revocation",
        "refused after revocation by identifier list",
        "registration certificate revoked -> refused",
        "refused with a revoked access certificate",
        "wallet revoked -> refused",
        "PID revoked after its wallet",
        "provider taken off its list -> refused",
        "certificate of the document signer revoked -> refused",
        "key attestation revoked -> refused",
        "PID revoked after its keys",
    ),
}
"""What is to be seen of trust, and the lines that tell it."""


class Walk:
    """A walk, running. ``lines`` are what it has printed so far."""

    def __init__(self, *options: str, home: Path, before: tuple[str, ...] = (), program: Path = ZEGEL) -> None:
        self.home = home
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [*before, program, "demo", "--walk", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=home,
            env=environment(home),
            start_new_session=True,
        )

    def until(self, step: str) -> None:
        """Read on until a step has been told."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line)
            if json.loads(line)["step"] == step:
                return
        raise AssertionError(f"it ended before {step}: {self.lines}, {self.end()}")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def end(self) -> tuple[int, str]:
        """Its exit status and what it says on stderr, when it has ended; in any case it and its children are gone."""
        try:
            out, err = self._process.communicate(timeout=SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
        self.lines += out.splitlines(keepends=True)
        with pytest.raises(ProcessLookupError):
            os.killpg(self._process.pid, 0)  # nobody of its session is left
        return self._process.returncode, err

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The lines of ``--json``."""
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    home = tmp_path / "home"
    home.mkdir()
    return home


def left_in(home: Path) -> list[str]:
    """What stands below a home beside the empty folder for temporary files."""
    return [str(path.relative_to(home)) for path in home.rglob("*") if path != home / "tmp"]


def ways() -> list[tuple[str, ...]]:
    """In the network of the machine; and, where that may be had, in one where there is loopback alone."""
    for alone in ALONE:
        try:
            permitted = subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            break
        if permitted:
            return [(), (*alone, sys.executable, str(LOOPBACK_UP))]
    return [()]


def taken() -> float:
    """The processor's time that all programs have taken together which were started here and have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("before", ways(), ids=lambda before: "loopback alone" if before else "as it is")
def test_the_whole_story_is_told_in_its_order_and_in_its_time(home: Path, before: tuple[str, ...]) -> None:
    before_it = taken()
    walk = Walk("--json", home=home, before=before)
    assert walk.end() == (0, "")
    assert taken() - before_it < PROCESSOR_SECONDS
    told = [step["step"] for step in walk.steps]
    assert tuple(dict.fromkeys(told)) == STORY
    assert left_in(home) == []
    check_lines(walk.steps)


def check_lines(steps: list[dict[str, Any]]) -> None:
    """Each line is a step that went well, and only a refusal has a check."""
    for step in steps:
        expected = {"step", "ok", "ms"} | ({"check"} if step["step"] in REFUSALS else set())
        assert step.keys() == expected
        assert step["ok"] is True
        assert isinstance(step["ms"], int)
    assert {step["step"]: step["check"] for step in steps if "check" in step} == REFUSALS


def test_all_that_is_to_be_seen_of_trust_is_a_line() -> None:
    assert [line for lines in PROMISED.values() for line in lines if line not in STORY] == []


@pytest.mark.parametrize("before", ways(), ids=lambda before: "loopback alone" if before else "as it is")
@pytest.mark.parametrize("kind", ["DGRAM", "STREAM"])
def test_where_there_is_loopback_alone_whoever_tries_to_leave_is_noticed(before: tuple[str, ...], kind: str) -> None:
    leaving = f"import socket; one = socket.socket(type=socket.SOCK_{kind}); one.settimeout(0.01)"
    for address, noticed in (("127.0.0.1", 0), ("192.0.2.1", TRIED_TO_LEAVE if before else 0)):  # RFC 5737
        program = [*before, sys.executable, "-c", f"{leaving}; one.connect_ex(('{address}', 9))"]
        assert subprocess.run(program, check=False).returncode == noticed


@pytest.mark.parametrize("tls", [(), ("--tls",)], ids=["http", "tls"])
def test_the_plain_profile_has_the_same_story_without_attestations(home: Path, tls: tuple[str, ...]) -> None:
    walk = Walk("--json", "--profile", "plain", *tls, home=home, program=preloaded())
    assert walk.end() == (0, "")
    told = dict.fromkeys(step["step"] for step in walk.steps)
    assert tuple(told) == tuple(step for step in STORY if step not in (*ATTESTED, *CHAINED))
    assert left_in(home) == []


def test_tls_changes_nothing_in_the_story(home: Path) -> None:
    walk = Walk("--json", "--tls", home=home, program=preloaded())
    assert walk.end() == (0, "")
    assert tuple(dict.fromkeys(step["step"] for step in walk.steps)) == STORY


def test_people_read_a_line_a_step(home: Path) -> None:
    walk = Walk(home=home, program=preloaded())
    assert walk.end() == (0, "")
    assert all(line.startswith("ok ") for line in walk.lines)
    assert walk.lines[0].split()[0:3:2] == ["ok", "ms"]
    assert walk.lines[0].endswith(" ms  sandbox\n")
    assert walk.lines[-1].endswith(" ms  PID revoked after its keys\n")
    assert any(line.endswith(" ms  refused after revocation  (status)\n") for line in walk.lines)


def test_two_at_once_do_not_meet(home: Path) -> None:
    walks = [Walk("--json", home=home) for _ in range(2)]
    ends: list[tuple[int, str]] = []
    readers = [threading.Thread(target=lambda walk=walk: ends.append(walk.end())) for walk in walks]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert ends == [(0, ""), (0, "")]
    assert left_in(home) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("step", ["sandbox", "token", "response"])
def test_whoever_ends_it_early_finds_nothing_left(home: Path, step: str, number: signal.Signals) -> None:
    walk = Walk("--json", home=home, program=ZEGEL if step == "sandbox" else preloaded())
    walk.until(step)
    walk.send(number)
    assert walk.end() == (130, "")
    assert "refused after revocation" not in [each["step"] for each in walk.steps]
    assert left_in(home) == []


def test_a_walk_keeps_its_folder_where_it_is_told_to_and_begins_in_no_other(home: Path) -> None:
    kept = home / "kept"
    first = Walk("--json", "--folder", str(kept), home=home, program=preloaded())
    assert first.end() == (0, "")
    assert (kept / "zegel.toml").exists()
    again = Walk("--json", "--folder", str(kept), home=home, program=preloaded())
    status, _ = again.end()
    assert (status, [step.get("check") for step in again.steps]) == (2, ["syntax"])
