"""What zegel is made of: its wheel has the same bytes each time, what is in it is listed, and the audit is honest."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from zegel_testing.markdown import ROOT

pytestmark = pytest.mark.slow

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "Makefile", "src", "requirements")


def recipe(target: str) -> str:
    """What ``make`` runs for a target, but for the setting up; with this Python."""
    asked = ["make", "--no-print-directory", "-n", target]  # a make that runs the tests would have it say where it is
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = [line for line in said.replace("\\\n", "").splitlines() if not line.startswith("tools/setup")]
    return "\n".join(lines).replace(".venv/bin/python", sys.executable)


def clone(folder: Path, *, umask: int = 0o022, mtime: int | None = None) -> Path:
    """The sources elsewhere, as another machine has them."""
    before = os.umask(umask)
    try:
        for name in SOURCES:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, folder / name)
    finally:
        os.umask(before)
    for path in folder.rglob("*") if mtime is not None else ():
        os.utime(path, (mtime, mtime))
        path.chmod(path.stat().st_mode & ~umask)
    return folder


def run_without_network(command: str, folder: Path) -> None:
    """Whoever asked for something would get it from a proxy that is not there."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    done = subprocess.run(["sh", "-euc", command], cwd=folder, env=kept | nowhere, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- the wheel --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    """Built twice: in folders of different names, with other times, modes and umasks."""
    folder = tmp_path_factory.mktemp("wheels")
    clones = (clone(folder / "one"), clone(folder / "another" / "deeper", umask=0o077, mtime=1_000_000_000))
    for each in clones:
        run_without_network(recipe("wheel"), each)
    return [wheel for each in clones for wheel in (each / "dist").iterdir()]


def test_a_wheel_that_is_built_twice_has_the_same_bytes(wheels: Sequence[Path]) -> None:
    first, second = wheels
    assert first.name == second.name
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()


def test_the_wheel_holds_the_package_and_nothing_else(wheels: Sequence[Path]) -> None:
    with zipfile.ZipFile(wheels[0]) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    package = [path for path in (ROOT / "src" / "zegel").rglob("*") if path.is_file()]
    assert held == {path.relative_to(ROOT / "src").as_posix() for path in package if "__pycache__" not in path.parts}


# --- what is in it ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Sequence[bytes]:
    """``make sbom``, twice."""
    folder, made = tmp_path_factory.mktemp("sbom"), []
    for name in ("one", "another"):
        run_without_network(recipe("sbom"), clone(folder / name))
        made.append((folder / name / "dist" / "zegel.cdx.json").read_bytes())
    return made


def test_the_list_of_what_runs_is_the_same_each_time(listed: Sequence[bytes]) -> None:
    first, second = listed
    assert first == second


def test_the_list_has_every_package_that_is_pinned_with_every_hash(listed: Sequence[bytes]) -> None:
    bill = json.loads(listed[0])
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "zegel")
    lock = (ROOT / "requirements" / "run.txt").read_text()
    pinned = {
        (name.lower(), version): set(re.findall(r"sha256:([0-9a-f]{64})", hashes))
        for name, version, hashes in re.findall(
            r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)[^\n]*\\\n((?:    --hash=\S+[ \\]*\n)+)", lock, re.MULTILINE
        )
    }
    assert len(pinned) == len(re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==", lock, re.MULTILINE)) > 20
    told = {
        (each["name"].lower(), each["version"]): {
            digest["content"] for reference in each["externalReferences"] for digest in reference["hashes"]
        }
        for each in bill["components"]
    }
    assert told == pinned
    assert all(each["purl"] == f"pkg:pypi/{each['name'].lower()}@{each['version']}" for each in bill["components"])


# --- known weaknesses -------------------------------------------------------------------------------------------------

ASKED = """#!/bin/sh
printf '%s %s\\n' "$0" "$*" >> "{told}"
case "$*" in *{failing}*) exit 1;; esac
"""
WHERE_NODE_IS = """#!/bin/sh
echo "{wheel}"
"""


LOCKS = sorted(f"requirements/{path.name}" for path in (ROOT / "requirements").glob("*.txt"))


@cache
def npm_locks() -> Sequence[str]:
    """Every lock of npm's, but for those of what is installed and of what tools keep in hidden folders."""
    paths = [path.relative_to(ROOT) for path in ROOT.rglob("package-lock.json")]
    return sorted(
        path.as_posix()
        for path in paths
        if not any(part == "node_modules" or part.startswith(".") for part in path.parts)
    )


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    """The audit among lock files, beside programs that ask nobody and fail where they are told to."""
    for name in ("tools/audit", "requirements", *npm_locks()):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return tmp_path


def audit(folder: Path, *, failing: str) -> tuple[int, list[str]]:
    told = folder / "told"
    programs = {
        ".venv-audit/bin/python": ASKED.format(told=told, failing=failing),
        "node/bin/node": ASKED.format(told=told, failing=failing),
        ".venv/bin/python": WHERE_NODE_IS.format(wheel=folder / "node"),
    }
    for name, text in programs.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    done = subprocess.run([folder / "tools/audit"], capture_output=True, check=False)
    return done.returncode, told.read_text().splitlines()


def test_the_audit_asks_of_every_lock_and_leaves_nothing_out(audited: Path) -> None:
    for name in ("node_modules/installed", ".venv/lib"):
        (audited / name).mkdir(parents=True)
        shutil.copy(ROOT / npm_locks()[0], audited / name)
    code, asked = audit(audited, failing="nothing")
    assert code == 0
    of_python, of_npm = asked[: len(LOCKS)], asked[len(LOCKS) :]
    assert [line.rpartition(" ")[2] for line in of_python] == LOCKS
    assert all("pip_audit --strict --disable-pip --require-hashes" in line for line in of_python)
    folders = [re.findall(r" --prefix \./(\S+) audit --package-lock-only$", line) for line in of_npm]
    assert sorted(folders) == [[lock.removesuffix("/package-lock.json")] for lock in npm_locks()]
    assert not [line for line in asked if "--ignore" in line]


@pytest.mark.parametrize("failing", ["run.txt", "audit.txt", "tests/interop/node", "bench/peers/node/hcert"])
def test_the_audit_fails_where_one_answer_is_bad_or_missing(audited: Path, failing: str) -> None:
    code, asked = audit(audited, failing=failing)
    assert code == 1
    assert len(asked) == len(LOCKS) + len(npm_locks()), "the others are asked all the same"


def test_what_audits_and_builds_is_pinned_too() -> None:
    for name in ("run", "dev", "build", "bench", "audit"):
        lock = (ROOT / "requirements" / f"{name}.txt").read_text()
        pins = re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==", lock, re.MULTILINE)
        hashed = re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==[^\n]*\\\n    --hash=sha256:", lock, re.MULTILINE)
        assert len(pins) == len(hashed) > 0, name
