"""The command line in this process: a command, and what it says on stdout, on stderr, and by its exit code."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.command_line import CLAIMS_OF, HOLDER_JWK
from zegel_testing.logs import logs_restored
from zegel_testing.ports import reserved_ports

from zegel.adapters.entropy import system_random
from zegel.adapters.sandbox.create import Sandbox, create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, PORTS, SandboxPlan
from zegel.cli.main import main


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout, which is one JSON value and nothing else."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


Zegel = Callable[..., Ran]


@pytest.fixture
def zegel(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Zegel]:
    """Run a command in an empty folder, as a user without a configuration."""
    folder = tmp_path / "here"
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("ZEGEL_CONFIG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def run(*args: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        try:
            code = main([str(arg) for arg in args])
        except SystemExit as end:  # argparse's way
            code = int(end.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(code=code, out=captured.out, err=captured.err)

    with logs_restored():
        yield run


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of the fixed present, whose roles do not run."""
    with reserved_ports(len(OPERATED)) as ports:
        plan = SandboxPlan(
            profile="haip",
            tls=False,
            ports={role: 7101 + at for role, at in PORTS.items()},
            operator_ports=dict(zip(OPERATED, ports, strict=True)),
        )
        yield create_sandbox(tmp_path_factory.mktemp("sandbox") / "utopia", plan, now=NOW, random=system_random)


@pytest.fixture
def issue(zegel: Zegel, sandbox: Sandbox, tmp_path: Path) -> Callable[..., Path]:
    """Issue a credential into a file by ``zegel issue``, with the sandbox's own signer."""
    keys = sandbox.config.parent / "keys"

    def run(type_: str = "pid", format_: str = "dc+sd-jwt", *options: object) -> Path:
        claims = tmp_path / f"{type_}.json"
        claims.write_text(json.dumps(CLAIMS_OF[type_]))
        ran = zegel(
            "issue", type_, "--claims", claims, "--holder", HOLDER_JWK, "--key", keys / "issuer.key.pem",
            "--chain", keys / "issuer.pem", "--format", format_, "--at", NOW, *options,
        )  # fmt: skip
        assert ran.code == 0, ran
        credential = tmp_path / f"{type_}.{format_}"
        credential.write_text(ran.out)
        return credential

    return run
