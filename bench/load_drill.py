"""What roles do under load: at a rising rate, with one worker and with two; when far too much is asked; and with
thousands of browsers that wait; and who only answers what anybody may read, at a rising rate and when far too much is
read. All of it on this machine, in not much more than the seconds that it is given.

    load_drill.py SECONDS

Prints a JSON line a step. ``rate`` is how many are begun a second, ``per_second`` how many of them ended well,
``p50_ms`` and ``p99_ms`` how long those took from when they were due; ``turned_away`` counts answers 503, after which
one comes again when told to, and ``errors`` what did not end well. ``busy`` is how many processors the role had:
where the rate is not reached and that is little, it waited for the disk, or what makes the load has no more time.
``memory_mb`` is resident, of all workers together.
"""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlencode

import uvloop

from crowd import Browser, Reply, files_for
from over_http import Holding, Issuer, Service, hold, receive
from person import VCT
from rising import PatientClient, percentile
from rising import hold as hold_rate
from roles import ZEGEL, Role, free_ports
from zegel.adapters.configuration import load_config
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.trust_files import load_trust
from zegel.config.roles import Config
from zegel.formats.credential import Format
from zegel.primitives.encoding import base64url

RATES: Final = (5, 10, 20, 40)  # a second
BROWSERS: Final = 10_000
MAX_GROWTH_MB: Final = 300  # that so many browsers may cost
LEAST_SHARE: Final = 0.1  # of that
FLOODING: Final = 2_000  # browsers that ask without end: the queue of them is longer than anybody may wait
RECOVERED: Final = 20  # answers in a row, none of them a refusal
OPENING: Final = 40  # browsers that come at the same time
CODE: Final = "/sign-in/other-device"
READ_RATES: Final = (20, 80, 320)  # a second; a read is one request, and a sign-in a dozen
READ_WAIT: Final = (
    100  # milliseconds; a read takes so little that 2,000 would hardly make a queue of the second that there is
)
READS: Final = (  # what anybody may read of a role
    ("registrar", "/wrp"),
    ("transparency-log", "/ct/v2/get-sth"),
    ("trust", "/lists/access-providers.jwt"),
    ("trust", "/status/registration.status"),
)
WATCHED_SECONDS: Final = 6  # how long the crowd is watched when it is there
PORTS: Final = 16  # of roles and their operators
QUESTION: Final = {
    "dcql_query": {
        "credentials": [
            {
                "id": "pid",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": [VCT]},
                "claims": [{"path": ["family_name"]}],
            }
        ]
    },
    "cross_device": True,
}


Wait = tuple[Browser, Coroutine[Any, Any, None]]
"""A browser that has come, and its waiting."""


@dataclass(frozen=True)
class Town:
    """A sandbox whose roles can be started with so many workers."""

    config_file: Path

    @property
    def config(self) -> Config:
        return load_config(self.config_file)

    def use_workers(self, count: int) -> None:
        """From the next start on."""
        text = re.sub(r"^workers = \d+\n", "", self.config_file.read_text(), flags=re.MULTILINE)
        self.config_file.write_text(
            re.sub(r"^(\[(issuer|verifier|provider)\]\n)", rf"\1workers = {count}\n", text, flags=re.MULTILINE)
        )

    def let_wait(self, milliseconds: int) -> None:
        """How long a request may wait for its turn, from the next start on."""
        text = re.sub(r"\n\[overload\]\nwait = \d+\n", "", self.config_file.read_text())
        self.config_file.write_text(f"{text}\n[overload]\nwait = {milliseconds}\n")

    def issuer(self) -> Issuer:
        config = self.config.issuer
        token = base64url(load_secret(config.operator_token))
        return Issuer(f"http://{config.operator_address}:{config.operator_port}", token)

    def service(self) -> Service:
        registered = next(each for each in self.config.provider.clients if each.id == self.config.service.client_id)
        return Service(
            provider=self.config.provider.origin,
            client_id=registered.id,
            secret=base64url(load_secret(self.config_file.parent / "keys" / f"{registered.id}.secret")),
            redirect_uri=registered.redirect_uris[0],
        )

    async def holding(self, client: PatientClient) -> Holding:
        """What a wallet receives of the issuer, which runs."""
        offer = await self.issuer().offer(client, Format.SD_JWT_VC)
        data, keys = await receive(client, offer, copies=1)
        anchors = load_trust([self.config_file.parent / "trust"], now=int(time.time()))
        return hold(Format.SD_JWT_VC, data, keys, anchors)

    def sign_in_target(self) -> str:
        """Where a service sends a browser; what is asked is the same each time, for nobody comes back."""
        client = next(each for each in self.config.provider.clients if each.id == self.config.service.client_id)
        asked = {
            "response_type": "code",
            "client_id": client.id,
            "redirect_uri": client.redirect_uris[0],
            "scope": "openid profile",
            "state": "state-of-the-service",
            "nonce": "nonce-of-the-service",
            "code_challenge": base64url(bytes(32)),
            "code_challenge_method": "S256",
        }
        return f"/authorize?{urlencode(asked)}"


def say(name: str, **values: object) -> None:
    print(json.dumps({"name": name, **values}), flush=True)


# --- a rising rate ----------------------------------------------------------------------------------------------------


async def rise(town: Town, *, workers: int, rates: tuple[int, ...], seconds: float) -> None:
    """Sign-ins and issuances at each rate, for so many seconds each."""
    town.use_workers(workers)
    with Role("trust", town.config_file), Role("issuer", town.config_file) as issuer:
        async with PatientClient() as client:
            holding, office = await town.holding(client), town.issuer()

            async def issue() -> None:
                await receive(client, await office.offer(client, Format.SD_JWT_VC), copies=1)

            for rate in rates:
                await measure("issuance", client, issuer, issue, workers=workers, rate=rate, seconds=seconds)
            with Role("provider", town.config_file) as provider:
                sign_in = partial(town.service().sign_in, client, holding)
                for rate in rates:
                    await measure("sign-in", client, provider, sign_in, workers=workers, rate=rate, seconds=seconds)


async def measure(
    name: str,
    client: PatientClient,
    role: Role,
    task: Callable[[], Awaitable[object]],
    *,
    workers: int,
    rate: float,
    seconds: float,
) -> None:
    turned_away, used = client.turned_away, role.processor_seconds()
    step = await hold_rate(task, rate=rate, seconds=seconds)
    say(
        name,
        workers=workers,
        rate=rate,
        per_second=round(len(step.taken) / step.elapsed, 1),
        p50_ms=percentile(step.taken, 50),
        p99_ms=percentile(step.taken, 99),
        errors=step.errors,
        turned_away=client.turned_away - turned_away,
        busy=round((role.processor_seconds() - used) / step.elapsed, 2),
        memory_mb=round(role.resident_mb(), 1),
    )


# --- far too much -----------------------------------------------------------------------------------------------------


async def overload(town: Town, *, workers: int, flooding: int, seconds: float) -> None:
    """A flood of new sign-ins; beside it somebody who watches, and somebody who signs in. Then it ends."""
    town.use_workers(workers)
    with Role("trust", town.config_file), Role("issuer", town.config_file), Role("provider", town.config_file) as role:
        async with PatientClient() as client:
            sign_in = partial(town.service().sign_in, client, await town.holding(client))
            origin, target = town.config.provider.origin, town.sign_in_target()
            flood = await begin_flood(origin, target, 303, flooding=flooding, seconds=seconds)
            watched = asyncio.create_task(watch(origin, flood))
            step = await hold_rate(sign_in, rate=1, seconds=seconds)
            output, _ = await flood.communicate()
            counted, recovered = json.loads(output), await recovery(origin, target, 303)
            say(
                "overload",
                workers=workers,
                flooding=flooding,
                **counted,
                health_p99_ms=percentile(await watched, 99),
                sign_ins=len(step.taken),
                sign_ins_lost=step.errors,
                recovered_ms=recovered,
                memory_mb=round(role.resident_mb(), 1),
            )
    check_turned_away(counted)


async def begin_flood(
    origin: str, target: str, status: int, *, flooding: int, seconds: float
) -> asyncio.subprocess.Process:
    """So many that ask for it over and over, in a process of their own."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("flood.py")),
        *(origin, target, str(status), str(flooding), str(seconds)),
        stdout=subprocess.PIPE,
    )


def check_turned_away(counted: dict[str, float]) -> None:
    """``SystemExit`` where a flood was answered in another way than well, or with 503 and when to come again."""
    check(counted["turned_away"] > 0, "nobody was turned away")
    check(counted["told_to_wait"] == counted["turned_away"], "somebody was turned away and not told for how long")
    check(counted["other"] == 0, "something was answered in another way")


async def watch(origin: str, flood: asyncio.subprocess.Process) -> list[float]:
    """Ask how the role is while it is flooded; how long each answer took."""
    taken = []
    async with Browser(origin) as browser:
        while flood.returncode is None:
            begun = time.perf_counter()
            reply = await browser.get("/healthz")
            check(reply.status == 200, f"the role says {reply.status} of itself")
            taken.append(time.perf_counter() - begun)
            await asyncio.sleep(0.1)
    return taken


async def recovery(origin: str, target: str, status: int) -> float:
    """After how many milliseconds the first of so many in a row is answered well."""
    begun = since = time.perf_counter()
    well = 0
    async with Browser(origin) as browser:
        while well < RECOVERED:
            check(time.perf_counter() < begun + 10, "it does not recover")
            reply = await browser.get(target)
            if reply.status == status:
                well += 1
            else:
                well, since = 0, time.perf_counter()
    return round((since - begun) * 1000, 1)


# --- what anybody may read --------------------------------------------------------------------------------------------


async def read(town: Town, role: str, target: str, *, rates: tuple[int, ...], flooding: int, seconds: float) -> None:
    """A role's open answers at each rate, and then in a flood; beside it somebody who watches, and somebody who reads.

    So many seconds in all, evenly for each.
    """
    town.use_workers(1)
    part, origin = seconds / (len(rates) + 1), getattr(town.config, role.replace("-", "_")).origin
    with Role(role, town.config_file) as served:
        async with PatientClient() as client:

            async def look() -> None:
                await client.get(origin + target, status=200)

            for rate in rates:
                await measure(f"{role} {target}", client, served, look, workers=1, rate=rate, seconds=part)
            flood = await begin_flood(origin, target, 200, flooding=flooding, seconds=part)
            watched = asyncio.create_task(watch(origin, flood))
            step = await hold_rate(look, rate=1, seconds=part)
            output, _ = await flood.communicate()
            counted, recovered = json.loads(output), await recovery(origin, target, 200)
            say(
                f"{role} {target}, flooded",
                flooding=flooding,
                **counted,
                health_p99_ms=percentile(await watched, 99),
                reads=len(step.taken),
                reads_lost=step.errors,
                recovered_ms=recovered,
                memory_mb=round(served.resident_mb(), 1),
            )
    check_turned_away(counted)


# --- thousands who wait -----------------------------------------------------------------------------------------------


class Crowd:
    """Browsers that come, some at a time, wait, and go in the end; what waiting costs the role is what it grows by."""

    def __init__(self, role: Role) -> None:
        self.waiting: list[Browser] = []
        self.taken: list[float] = []
        self._role = role
        self._before = role.resident_mb()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for browser in self.waiting:
            browser.leave()

    async def gather(
        self, come: Callable[[], Awaitable[Wait]], *, browsers: int, seconds: float, stay: float = 0
    ) -> None:
        """Have so many come, or as many as come in time; each then waits by itself, at least for so long of what is
        left of it.

        ``SystemExit`` where the role lets no more of them in: a worker that has no time leaves connections to the
        kernel, which drops them.
        """
        end, left = time.perf_counter() + seconds, iter(range(browsers))

        async def open_door() -> None:
            for _ in left:
                if time.perf_counter() > end:
                    return
                browser, wait = await come()
                self.waiting.append(browser)
                self._tasks.append(asyncio.create_task(wait))

        dropped = False
        try:
            async with asyncio.TaskGroup() as doors:
                for _ in range(OPENING):
                    doors.create_task(open_door())
        except* ConnectionError:
            dropped = True
        check(not dropped, f"{len(self.waiting)} wait, and the role takes no more connections")
        await asyncio.sleep(min(stay, end - time.perf_counter()))
        self.check_waiting()
        self.taken.clear()

    def check_waiting(self) -> None:
        """None of them has given up."""
        for task in self._tasks:
            if task.done():
                task.result()

    def cost(self) -> dict[str, float]:
        """What they cost at the most, so far."""
        growth, count = self._role.peak_mb() - self._before, len(self.waiting)
        return {
            "waiting": count,
            "growth_mb": round(growth, 1),
            "growth_kb_each": round(growth * 1024 / count, 1),
        }


async def wait_with_a_code(town: Town, *, browsers: int, seconds: float, stay: float = 0) -> None:
    """Browsers with a code to scan, whose pages load themselves again when they say so; beside them people sign in.

    Those who ``stay`` beyond the two minutes of a code ask for another.
    """
    town.use_workers(1)
    target, origin = town.sign_in_target(), town.config.provider.origin
    with Role("trust", town.config_file), Role("issuer", town.config_file), Role("provider", town.config_file) as role:
        async with PatientClient() as client:
            sign_in = partial(town.service().sign_in, client, await town.holding(client))
            await sign_in()
            async with Crowd(role) as crowd:

                async def come() -> Wait:
                    browser = Browser(origin)
                    await well(partial(browser.get, target), 303)
                    return browser, wait(browser, await new_code(browser))

                async def wait(browser: Browser, page: Reply) -> None:
                    while True:
                        await asyncio.sleep(page.refresh)
                        begun = time.perf_counter()
                        page = await well(partial(browser.get, CODE), 200)
                        crowd.taken.append(time.perf_counter() - begun)
                        if page.refresh == 0:  # its two minutes are over
                            page = await new_code(browser)

                await crowd.gather(come, browsers=browsers, seconds=max(1, seconds - WATCHED_SECONDS), stay=stay)
                used, begun = role.processor_seconds(), time.perf_counter()
                step = await hold_rate(sign_in, rate=1, seconds=WATCHED_SECONDS)
                elapsed, cost = time.perf_counter() - begun, crowd.cost()
                say(
                    "browsers waiting",
                    **cost,
                    looks_per_second=round(len(crowd.taken) / elapsed, 1),
                    p50_ms=percentile(crowd.taken, 50),
                    p99_ms=percentile(crowd.taken, 99),
                    sign_ins=len(step.taken),
                    sign_in_p50_ms=percentile(step.taken, 50),
                    errors=step.errors,
                    busy=round((role.processor_seconds() - used) / elapsed, 2),
                )
                crowd.check_waiting()
    check_cost(cost)


async def new_code(browser: Browser) -> Reply:
    """The page with a code that the person has asked for."""
    asked = await well(partial(browser.get, CODE), 200)
    await well(partial(browser.post, CODE, {"csrf": asked.csrf}), 303)
    return await well(partial(browser.get, CODE), 200)


async def wait_for_answers(town: Town, *, browsers: int, seconds: float) -> None:
    """A service that waits for each of its browsers, in a request of its own that the verifier holds open."""
    town.use_workers(1)
    config = town.config.verifier
    origin = f"http://{config.operator_address}:{config.operator_port}"
    token = base64url(load_secret(config.operator_token))
    with Role("trust", town.config_file), Role("verifier", town.config_file) as role:

        async def ask() -> None:
            """On a connection of its own: an answer may take longer than until the next is asked for."""
            async with Browser(origin, token) as service:
                await well(partial(service.post_json, "/requests", QUESTION), 201)

        await ask()
        async with Crowd(role) as crowd:

            async def come() -> Wait:
                browser = Browser(origin, token)
                asked = await well(partial(browser.post_json, "/requests", QUESTION), 201)
                return browser, wait(browser, json.loads(asked.body)["session"])

            async def wait(browser: Browser, session: str) -> None:
                while True:
                    await well(partial(browser.get, f"/requests/{session}?wait=60"), 200)

            await crowd.gather(come, browsers=browsers, seconds=max(1, seconds - WATCHED_SECONDS))
            used, begun = role.processor_seconds(), time.perf_counter()
            step = await hold_rate(ask, rate=1, seconds=WATCHED_SECONDS)
            elapsed, cost = time.perf_counter() - begun, crowd.cost()
            say(
                "requests waiting",
                **cost,
                another_p50_ms=percentile(step.taken, 50),
                errors=step.errors,
                busy=round((role.processor_seconds() - used) / elapsed, 2),
            )
            crowd.check_waiting()
    check_cost(cost)


async def well(ask: Callable[[], Awaitable[Reply]], status: int) -> Reply:
    """The answer, with this status; whoever is told to come again does, and a page that loads itself again does so."""
    reply = await ask()
    while reply.status == 503:
        await asyncio.sleep(int(reply.headers.get("refresh") or reply.headers["retry-after"]))
        reply = await ask()
    check(reply.status == status, f"expected {status}, got {reply.status}")
    return reply


def check_cost(cost: dict[str, float]) -> None:
    """``SystemExit`` where those who came cost more than their share; what grows once is not counted against a few."""
    growth, share = cost["growth_mb"], max(cost["waiting"] / BROWSERS, LEAST_SHARE)
    check(
        growth < MAX_GROWTH_MB * share, f"{cost['waiting']} cost {growth} MB, and {BROWSERS} may cost {MAX_GROWTH_MB}"
    )


def check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SystemExit(otherwise)


def found(folder: Path) -> Town:
    """A town whose roles have ports of their own, and none to be watched at."""
    made = [ZEGEL, "sandbox", folder, "--profile", "plain", "--port", str(free_ports(PORTS))]
    subprocess.run(made, check=True, capture_output=True)
    config_file = folder / "zegel.toml"
    config_file.write_text(re.sub(r"^metrics_port = \d+\n", "", config_file.read_text(), flags=re.MULTILINE))
    return Town(config_file)


def main(seconds: float) -> None:
    browsers = files_for(BROWSERS)
    with tempfile.TemporaryDirectory() as folder:
        town = found(Path(folder) / "sandbox")
        for workers in (1, 2):
            uvloop.run(rise(town, workers=workers, rates=RATES, seconds=0.25 * seconds / (4 * len(RATES))))
        for workers in (1, 2):
            uvloop.run(overload(town, workers=workers, flooding=FLOODING, seconds=0.05 * seconds))
        uvloop.run(wait_with_a_code(town, browsers=browsers, seconds=0.35 * seconds, stay=0.35 * seconds))
        uvloop.run(wait_for_answers(town, browsers=browsers, seconds=0.2 * seconds))
        town.let_wait(READ_WAIT)
        for role, target in READS:
            part = 0.1 * seconds / len(READS)
            uvloop.run(read(town, role, target, rates=READ_RATES, flooding=FLOODING, seconds=part))


if __name__ == "__main__":
    main(float(sys.argv[1]))
