"""A sandbox whose roles are processes of their own, each at its own ports, with orders to it and a diary of it."""

import json
import os
import re
import signal
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from zegel_testing.preloaded import Forked

from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, ROLES, SandboxPlan
from zegel.config.roles import Config
from zegel_drill.journal import Journal

STARTING = 60.0  # seconds; the machine may have other things to do
NAMES = (
    "trust",
    "wallet-provider",
    "transparency-log",
    "registrar",
    "access-authority",
    "issuer",
    "verifier",
    "provider",
    "service",
    "door",
    "wallet",
)
OUTBOUND = 4  # seconds, for which an answer is waited
_MOMENT = 2.0  # seconds, which only those scenarios take in which nobody ends
REPORTED = 1  # seconds, after which the access authority tells the register once more
_WAITING = {"verifier": OUTBOUND // 2, "access-authority": OUTBOUND // 2, "door": OUTBOUND // 2}
PORTS = len(ROLES) + len(OPERATED)
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "issuer": {"status_list_size": 4096, "batch_size": 4, "delayed_types": ["diploma"], "delay": 1},
    "wallet": {"copies": 4},
    "outbound": {"timeout": OUTBOUND},
    # one address does in a minute what others do in an hour
    "issuer.rates": dict.fromkeys(("log_in", "log_in_name", "request", "par", "token", "nonce"), 100000),
    "verifier.rates": {"request": 100_000, "request_session": 100_000},
    "provider.rates": {"request": 100_000, "request_session": 100_000},
    "wallet.rates": {"passphrase": 100_000, "passphrase_session": 100_000},
    "door.rates": {"request": 100_000, "request_session": 100_000},
    "registrar.rates": {"register": 100_000, "request": 100_000, "log_in": 100_000},
    "access_authority.rates": {"request": 100_000},
}
"""What differs from the sandbox of the demo, so that a walk takes a second or two."""

_CODE = re.compile(r"the code is (\S+)")


class DrillError(Exception):
    """Something is not as it must be; the text says what."""


@dataclass(frozen=True)
class Point:
    """Where a role can end: what it does there (a route, a timer, its start), what stands then, and the how-manieth."""

    work: str
    kind: str
    ordinal: int

    def __str__(self) -> str:
        return f"{self.work}: {self.kind} {self.ordinal}"


@dataclass
class Exchange:
    """A request as a role got it, and how it answered; None for one that was never answered.

    ``commits`` are those that stand: the transactions in which something was written for it.
    """

    role: str
    listener: str
    work: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    status: int | None = None
    location: str = ""
    retry_after: str = ""
    commits: int = 0


class Role:
    """A role's process, and what is left of those before it."""

    def __init__(self, name: str, config: Path) -> None:
        self.name = name
        self.log = Journal()
        self.diary = Journal()
        self._config = config
        self._process: Forked | None = None
        self._streams: tuple[IO[str], ...] = ()  # for orders, and for what is said to them
        self._began = 0

    # --- its life -----------------------------------------------------------------------------------------------------

    def start(self, order: Mapping[str, object] | None = None) -> bool:
        """Start it, with an order for its beginning; False when it ended before it answered."""
        self.close()
        self._began = len(self.log)
        (orders, told), (heard, answers) = os.pipe(), os.pipe()
        self._streams = (os.fdopen(told, "w", buffering=1), os.fdopen(heard))
        files = {0: orders, 1: answers, 2: self.log.pipe(), 3: self.diary.pipe()}
        first = [] if order is None else [json.dumps(order)]
        try:
            self._process = Forked("zegel_drill.launcher", self.name, str(self._config), "3", *first, files=files)
        finally:
            for descriptor in files.values():
                os.close(descriptor)
        deadline = time.monotonic() + STARTING
        while f"{self.name} answers" not in self.said():
            if self._process.poll() is not None:
                return False
            if time.monotonic() > deadline:
                raise DrillError(f"{self.name} did not start: {self.said()[-2000:]}")
            time.sleep(0.02)
        return True

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """Its exit status, by which signal it ended in the negative; None while it runs."""
        return None if self._process is None else self._process.poll()

    def tell(self, **order: object) -> None:
        """Give it an order, and wait until it has it."""
        orders, answers = self._streams
        orders.write(json.dumps(order) + "\n")
        if answers.readline() != "done\n":
            raise DrillError(f"{self.name} takes no order")

    def kill(self) -> None:
        """End it at once."""
        if self.ended is None:
            self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(30)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def close(self) -> None:
        """Nothing is left of it but what it said, and its files."""
        if self._process is not None:
            self.kill()
        for stream in self._streams:
            with suppress(BrokenPipeError):  # an order that nobody has read
                stream.close()
        self._streams = ()

    # --- what it says -------------------------------------------------------------------------------------------------

    def said(self) -> str:
        """What it wrote to its log since it was last started."""
        return self.log.text(self._began)

    def launch_code(self) -> str:
        """The newest code for its pages."""
        return _CODE.findall(self.said())[-1]

    def read_diary(self) -> list[dict[str, Any]]:
        """The lines of its diary in this scenario; of the last one perhaps a part was written."""
        return [json.loads(line) for line in self.diary.text().splitlines(keepends=True) if line.endswith("\n")]


class Town:
    """The roles of a sandbox. ``mended`` are those that were found dead and started again."""

    def __init__(
        self, folder: Path, ports: Sequence[int], *, profile: str, settings: Mapping[str, Mapping[str, object]]
    ) -> None:
        self.folder = folder
        self.profile = profile
        plan = SandboxPlan(
            profile=profile,
            tls=False,
            ports=dict(zip(ROLES, ports, strict=False)),
            operator_ports=dict(zip(OPERATED, ports[len(ROLES) :], strict=False)),
            brisk=True,
        )
        sandbox = create_sandbox(folder, plan, now=SystemClock().now(), random=system_random)
        named = SETTINGS.keys() | settings.keys()
        _set(sandbox.config, {name: {**SETTINGS.get(name, {}), **settings.get(name, {})} for name in named})
        self.config: Config = load_config(sandbox.config)
        # who waits for a host that hangs gives up before those who wait for him do
        written, waiting = sandbox.config.read_text(), f"timeout = {OUTBOUND}"
        configs = {name: folder / f"{name}.toml" for name in _WAITING}
        for name, config in configs.items():
            hurried = written.replace(waiting, f"timeout = {_WAITING[name]}")
            if name == "access-authority" and not hurried.startswith("purge"):
                hurried = f"purge = {REPORTED}\n{hurried}"
            config.write_text(hurried)
        self.roles = {name: Role(name, configs.get(name, sandbox.config)) for name in NAMES}
        self.mended: list[str] = []
        self._logged = dict.fromkeys(NAMES, 0)

    def __getitem__(self, name: str) -> Role:
        return self.roles[name]

    def start(self) -> None:
        """Start whoever does not run."""
        for role in self.roles.values():
            if (role.ended is not None or role._process is None) and not role.start():
                raise DrillError(f"{role.name} does not start: {role.said()[-2000:]}")

    def begin(self, role: str | None = None, point: Point | None = None, when: str = "before") -> None:
        """A new scenario: diaries begin anew, and ``role`` ends at the point."""
        self.mended.clear()
        for each in self.roles.values():
            each.diary.forget()
            self._logged[each.name] = len(each.log)
            end = None if point is None or each.name != role else [point.work, point.kind, point.ordinal, when]
            each.tell(begin=end)

    def calm(self, ending: str | None = None) -> None:
        """Nobody ends any more in this scenario; ``ending`` may do so yet, a moment after its last answer was sent."""
        until = time.monotonic() + _MOMENT
        while ending is not None and not self.mended and self[ending].ended is None and time.monotonic() < until:
            time.sleep(0.01)
        self.mend()
        for each in self.roles.values():
            each.tell(begin=None)

    def mend(self) -> bool:
        """Start again who has been killed; whether anybody was. A role that ended by itself is a fault."""
        found = False
        for role in self.roles.values():
            if role.ended is not None:
                if role.ended != -signal.SIGKILL:
                    raise DrillError(f"{role.name} ended by itself ({role.ended}): {role.said()[-2000:]}")
                if not role.start():
                    raise DrillError(f"{role.name} does not start again: {role.said()[-2000:]}")
                self.mended.append(role.name)
                found = True
        return found

    def close(self) -> None:
        """End every role."""
        for role in self.roles.values():
            role.close()

    # --- what they did ------------------------------------------------------------------------------------------------

    def points(self, role: str) -> list[Point]:
        """The points that a role has passed in this scenario."""
        lines = self[role].read_diary()
        return [Point(each["work"], each["kind"], each["ordinal"]) for each in lines if each["event"] == "before"]

    def exchanges(self) -> list[Exchange]:
        """The requests of this scenario, a role after the other."""
        return [exchange for name in NAMES for exchange in self._exchanges(name)]

    def _exchanges(self, name: str) -> Iterator[Exchange]:
        known: dict[int, Exchange] = {}
        for line in self[name].read_diary():
            number = line.get("request", 0)
            match line["event"]:
                case "request":
                    if number in known:  # the role was started anew, and counts anew
                        yield known.pop(number)
                    known[number] = Exchange(
                        role=name,
                        listener=line["listener"],
                        work=f"{line['method']} {line['target'].partition('?')[0]}",
                        method=line["method"],
                        target=line["target"],
                        headers=[(key, value) for key, value in line["headers"]],
                        body=b64decode(line["body"]),
                    )
                case "before" if number in known:
                    known[number].work = line["work"]
                case "after" if number in known and line["kind"] == "commit":
                    known[number].commits += 1
                case "answer" if number in known:
                    known[number].work, known[number].status = line["work"], line["status"]
                    known[number].location, known[number].retry_after = line["location"], line["retry_after"]
        yield from known.values()

    def lines(self, role: str) -> list[str]:
        """What a role has logged in this scenario."""
        return self[role].log.text(self._logged[role]).splitlines()


def _set(config: Path, settings: Mapping[str, Mapping[str, object]]) -> None:
    """Set settings in the tables of a configuration; the empty name is the top of it."""
    left = {table: dict(values) for table, values in settings.items()}
    written, table = _written(left.pop("", {})), ""
    for line in config.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            table = line.strip("[]")
            written += [line, *_written(left.pop(table, {}))]
        elif line.partition(" = ")[0] not in settings.get(table, {}):
            written.append(line)
    for table, values in left.items():
        written += ["", f"[{table}]", *_written(values)]
    config.write_text("\n".join(written) + "\n", encoding="utf-8")


def _written(values: Mapping[str, object]) -> list[str]:
    return [f"{name} = {json.dumps(value)}" for name, value in values.items()]
