"""Sessions at a terminal: commands, and all that they print. README.md says how a script is written."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from zegel_testing.demo import environment
from zegel_testing.preloaded import preloaded

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("*.script"))
FILE = re.compile(r"-- (\S+) --")
LINE = re.compile(r"(\$|>|2>|=)(?: (.*))?")


@dataclass
class Command:
    """A command of a script, and what is expected of it; ``line`` is where it stands."""

    line: int
    text: str
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int = 0


@dataclass
class Script:
    """The files that are there before, and the commands."""

    files: dict[str, str]
    commands: list[Command]


def read_script(text: str) -> Script:
    """A script, as README.md says it."""
    script = Script(files={}, commands=[])
    name: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        begins, told = FILE.fullmatch(line), LINE.fullmatch(line)
        if begins is not None:
            name = begins[1]
            script.files[name] = ""
        elif told is not None and told[1] == "$":
            name = None
            script.commands.append(Command(line=number, text=told[2]))
        elif name is not None:
            script.files[name] += line + "\n"
        elif told is not None:
            _expect(script.commands[-1], told[1], told[2] or "")
        else:
            assert not line or line.startswith("#"), f"line {number}: {line}"
    return script


def _expect(command: Command, kind: str, text: str) -> None:
    if kind == "=":
        command.code = int(text)
    else:
        (command.out if kind == ">" else command.err).append(text)


def pattern_of(lines: list[str]) -> str:
    """What a stream has to be, as a regular expression."""
    return "".join(r"(?:.*\n)*" if line == "..." else _line(line) + r"\n" for line in lines)


def _line(line: str) -> str:
    return ".*".join(map(re.escape, line.split("...")))


def differences(command: Command, done: subprocess.CompletedProcess[str]) -> Iterator[str]:
    """Where a command did not do what is expected."""
    if done.returncode != command.code:
        yield f"expected exit code {command.code}, got {done.returncode}"
    for name, expected, got in (("stdout", command.out, done.stdout), ("stderr", command.err, done.stderr)):
        if re.fullmatch(pattern_of(expected), got) is None:
            yield f"{name} was\n{got}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_session_goes_as_it_is_written(script: Path, tmp_path: Path) -> None:
    read = read_script(script.read_text())
    own = environment(tmp_path)
    for name, content in read.files.items():
        (tmp_path / name).write_text(content)
    for command in read.commands:
        done = subprocess.run(
            ["sh", "-c", command.text],
            cwd=tmp_path,
            env=own | {"PATH": f"{preloaded().parent}:{own['PATH']}", "COLUMNS": "80"},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert list(differences(command, done)) == [], f"{script.name}:{command.line}: $ {command.text}"


# --- the runner ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("$ echo a\n> b\n", "stdout was\na\n"),
        ("$ echo a\n", "stdout was\na\n"),
        ("$ echo a >&2\n> a\n", "stderr was\na\n"),
        ("$ false\n", "expected exit code 0, got 1"),
        ("$ true\n= 1\n", "expected exit code 1, got 0"),
        ("$ printf 'a\\nb\\nc\\n'\n> a\n> ...\n> d\n", "stdout was\na\nb\nc\n"),
    ],
)
def test_what_is_not_as_it_is_written_is_found(script: str, fault: str) -> None:
    (command,) = read_script(script).commands
    done = subprocess.run(["sh", "-c", command.text], capture_output=True, text=True, check=False)
    assert fault in list(differences(command, done))


def test_dots_stand_for_text_and_for_lines() -> None:
    (command,) = read_script("$ printf 'one line\\ntwo\\n\\nlast of all\\n' \n> one ...e\n> ...\n> last...\n").commands
    done = subprocess.run(["sh", "-c", command.text], capture_output=True, text=True, check=False)
    assert list(differences(command, done)) == []


def test_a_line_that_means_nothing_is_no_script() -> None:
    with pytest.raises(AssertionError, match="line 2: nonsense"):
        read_script("$ true\nnonsense\n")
