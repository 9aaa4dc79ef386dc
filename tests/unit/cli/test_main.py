"""The command tree: exit codes, usage, and an end without a stack trace, whatever comes."""

import os
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from zegel_testing.relying_party import COPIES

from zegel.checks import Check
from zegel.cli import explain, main, output
from zegel.cli.main import COMMANDS
from zegel.errors import Denied, Malformed, Rejected, Unavailable, ZegelError
from zegel.formats.credential import Format
from zegel.version import __version__

PROGRAM = Path(sys.executable).with_name("zegel")


def run_program(*args: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The real executable."""
    return subprocess.run(
        [PROGRAM, *args], input=stdin, capture_output=True, check=False, env={"PATH": "/usr/bin:/bin", **environment}
    )


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (Rejected(Check.NONCE, "expected ours", field="nonce"), 1, "rejected"),
        (Denied("invalid_grant", Check.GRANT, "expected a code"), 1, "rejected"),
        (Malformed("form", "csrf", "expected text"), 2, "malformed"),
        (Unavailable("status list", "it does not answer"), 3, "unavailable"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_family_of_error_has_its_exit_code(
    zegel: Any, monkeypatch: pytest.MonkeyPatch, error: ZegelError, code: int, word: str
) -> None:
    def fail(_args: object) -> int:
        raise error

    monkeypatch.setattr(explain, "run", fail)
    plain, as_json = zegel("explain"), zegel("explain", "--json")
    assert (plain.code, plain.out, as_json.code, as_json.err) == (code, "", code, "")
    assert plain.err.splitlines()[0] == word
    for said in (error.check.id, error.check.rule, error.check.clause, error.check.remedy, error.detail):
        assert said in plain.err
    assert as_json.json == {
        "verdict": word,
        "check": error.check.id,
        "rule": error.check.rule,
        "clause": error.check.clause,
        "field": error.field or error.check.field,
        "fault": str(error.check.fault),
        "remedy": error.check.remedy,
        "detail": error.detail,
    }


def test_a_fault_of_ours_is_one_line_that_quotes_nothing(zegel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_args: object) -> int:
        raise ValueError("a claim's value")

    monkeypatch.setattr(explain, "run", fail)
    ran = zegel("explain", "--json")
    assert (ran.code, ran.out, ran.err.count("\n")) == (70, "", 1)
    assert "ValueError at test_main.py:" in ran.err
    assert "a claim's value" not in ran.err


def test_a_fault_that_was_never_raised_has_no_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert output.report_fault(ValueError("secret")) == 70
    assert capsys.readouterr().err.startswith("zegel failed: ValueError. ")


def test_ctrl_c_ends_a_command_quietly(zegel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(explain, "run", interrupted)
    assert zegel("explain") == type(zegel("explain"))(code=130, out="", err="")


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("nonsense",),
        ("verify",),
        ("verify", "file"),
        ("issue", "pid"),
        ("issuer",),
        ("issuer", "offer"),
        ("issuer", "offer", "pid", "--grant", "password"),
        ("verifier", "request"),
        ("verifier", "result", "s", "--wait", "long"),
        ("status", "file", "--index", "1", "--identifier", "00"),
        ("status", "file", "--index", "first"),
        ("inspect",),
        ("revoke",),
        ("sandbox", "x", "--profile", "mine"),
        ("wallet-provider",),
        ("wallet-provider", "attest"),
        ("explain", "--yaml"),
        ("verify", "f", "--trust", "t", "--status", "s", "--no-network"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_two_and_says_how(zegel: Any, args: tuple[str, ...]) -> None:
    ran = zegel(*args)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("usage: zegel")


def test_the_help_names_every_command_and_every_exit_code(zegel: Any) -> None:
    ran = zegel("--help")
    assert ran.code == 0
    for name, command in COMMANDS.items():
        assert name in ran.out
        assert command.help in ran.out.replace("\n", " ").replace("  ", " ") or command.help[:20] in ran.out
    for code in ("0 accepted", "1 rejected or denied", "2 malformed or wrong usage", "3 unavailable"):
        assert code in ran.out


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_of_its_own(zegel: Any, command: str) -> None:
    ran = zegel(command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"usage: zegel {command}")


def test_the_version_is_said(zegel: Any) -> None:
    assert zegel("--version").out == f"zegel {__version__}\n"


# --- what comes from elsewhere, on a terminal -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain text", "plain text"),
        ("Brückner, 東京", "Brückner, 東京"),
        ("a\nverdict  accepted", r"a\nverdict  accepted"),
        ("\x1b[2J\x9b1m", r"\x1b[2J\x9b1m"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ({"a": "b\n"}, '{"a": "b\\n"}'),
        ([1, None], "[1, null]"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_control_characters_are_spelled_out(value: object, text: str) -> None:
    assert output.in_text(value) == text


def test_a_terminal_that_cannot_show_a_character_shows_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    terminal = SimpleNamespace(encoding="ascii", write=shown.append, flush=lambda: None)
    monkeypatch.setattr(sys, "stdout", terminal)
    output.print_text("Brückner")
    output.print_data({"name": "東"})
    assert shown == ["Br\\xfcckner\n", '{"name": "\\u6771"}\n']


# --- random bytes ---------------------------------------------------------------------------------------------------


def hostile_inputs() -> list[bytes]:
    """Bytes of every kind, the same in every run."""
    source = random.Random(2)
    sdjwt, mdoc = COPIES[Format.SD_JWT_VC].data, COPIES[Format.MDOC].data
    inputs = [source.randbytes(source.randrange(200)) for _ in range(60)]
    for good in (sdjwt, mdoc):
        for _ in range(30):
            spoiled = bytearray(good)
            for _ in range(source.randrange(1, 4)):
                spoiled[source.randrange(len(spoiled))] = source.randrange(256)
            inputs.append(bytes(spoiled[: source.randrange(1, len(spoiled) + 1)]))
    inputs += [
        b"",
        b"\x00",
        b"~",
        b"." * 3,
        b"{" * 5_000 + b"~",
        b"\xa1" * 500,
        b"\xff\xfe",
        "é".encode() * 10,
        b"a.b.c",
    ]
    inputs += [b"eyJ4NWMiOlsi" + source.randbytes(50).hex().encode() + b"..~", b"\x9f" * 100, b"\xd2\x84\x43"]
    return inputs


@pytest.mark.slow
@pytest.mark.parametrize("json", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("command", ["verify", "inspect", "status"])
def test_whatever_the_bytes_no_stack_trace_is_shown(
    zegel: Any, sandbox: Any, tmp_path: Path, command: str, json: tuple[str, ...]
) -> None:
    file = tmp_path / "input"
    options = {"verify": ("--trust", sandbox.trust_folder, "--no-network"), "inspect": (), "status": ("--index", "0")}
    for data in hostile_inputs():
        file.write_bytes(data)
        ran = zegel(command, file, *options[command], *json)
        assert ran.code in (0, 1, 2), data
        assert "zegel failed" not in ran.err, data
        if json:
            assert ran.json is not None


# --- the real program -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_program_runs(tmp_path: Path) -> None:
    ran = run_program("explain", "nonce", "--json")
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.startswith(b'{"check": "nonce"')


@pytest.mark.slow
def test_the_program_reads_stdin_and_ends_with_its_verdict(sandbox: Any) -> None:
    ran = run_program("verify", "-", "--trust", str(sandbox.trust_folder), "--no-network", "--json", stdin=b"\x00\xff")
    assert (ran.returncode, ran.stderr) == (2, b"")
    assert b'"verdict": "malformed"' in ran.stdout


def test_a_reader_that_goes_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as gone:
        ran = subprocess.run([PROGRAM, "explain"], stdout=gone, stderr=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_the_program_speaks_in_any_locale(tmp_path: Path, locale: str) -> None:
    file = tmp_path / "input"
    file.write_bytes(COPIES[Format.SD_JWT_VC].data)
    ran = run_program("inspect", str(file), LC_ALL=locale, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"urn:eudi:pid:1" in ran.stdout


@pytest.mark.slow
def test_a_command_loads_no_other_commands_modules() -> None:
    code = "import sys; from zegel.cli.main import main; main(['explain', 'nonce']); print('zegel.web' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert ran.stdout.endswith(b"False\n")
    assert main.COMMANDS
