"""Services over HTTP, one worker each: credentials a second in batches of ten, and sign-ins a second.

Prints a JSON line a name as ``run.py`` does, with three members more. ``bare_share`` is the part of the service's
processor time that the bare P-256 operations of the task take, and ``ratio_to_bare`` is one over that. ``busy`` is the
part of the time in which the service had the processor: what makes the load, and whatever else runs, shares the machine
with it. ``per_processor_second`` is what the worker does in a second of its own time, which is as much as it could do
alone. A service that needs more memory than it may ends the benchmark.
"""

import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from over_http import Client, Holding, Issuer, Service, hold, receive
from roles import TICK, ZEGEL, Role, free_ports
from zegel.adapters.configuration import load_config
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.trust_files import load_trust
from zegel.config.roles import Config
from zegel.formats.credential import Format
from zegel.primitives.encoding import base64url
from zegel.primitives.keys import PrivateKey
from zegel_subject import Subject, bare_signature, bare_verification

NAMES: Final = {Format.SD_JWT_VC: "sdjwt", Format.MDOC: "mdoc"}
BATCH: Final = 10
AT_ONCE: Final = 4  # wallets that ask at the same time
WARM_UP: Final = 8
RECEIPTS: Final = 120  # of a batch each
SIGN_INS: Final = 240
MAX_PEAK_MB: Final = 120


@dataclass(frozen=True)
class Bare:
    """How often a task needs each operation that nothing can do without."""

    verifications: int
    signatures: int
    agreements: int
    keys: int
    counts: int  # what the task is counted as

    def seconds(self) -> float:
        """Their time on this machine, now."""
        pair = ec.generate_private_key(ec.SECP256R1())
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        return (
            self.verifications * _seconds(bare_verification())
            + self.signatures * _seconds(bare_signature())
            + self.agreements * _seconds(lambda: pair.exchange(ec.ECDH(), public))
            + self.keys * _seconds(lambda: ec.generate_private_key(ec.SECP256R1()))
        )


# A batch: a proof a key and DPoP at two endpoints; request and response are encrypted, the latter to a key of ours.
RECEIPT: Final = Bare(verifications=BATCH + 2, signatures=BATCH, agreements=2, keys=1, counts=BATCH)
# A sign-in: issuer and holder; the request and the ID Token; the answer is encrypted to a key of its own.
SIGN_IN: Final = Bare(verifications=2, signatures=2, agreements=1, keys=1, counts=1)


def _seconds(operation: Subject) -> float:
    """The processor time of one: the least of five turns."""
    taken = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(200):
            operation()
        taken.append(time.process_time() - begun)
    return min(taken) / 200


async def issue(
    client: Client, config: Config, role: Role, receipts: int
) -> dict[Format, tuple[bytes, list[PrivateKey]]]:
    """Load the issuer with each format; one credential of each is left for the sign-ins."""
    token = base64url(load_secret(config.issuer.operator_token))
    issuer = Issuer(f"http://{config.issuer.operator_address}:{config.issuer.operator_port}", token)
    received = {}
    for format_, name in NAMES.items():
        offers = [await issuer.offer(client, format_) for _ in range(1 + WARM_UP + receipts)]
        received[format_] = await receive(client, offers.pop(), copies=BATCH)

        async def task(left: list[tuple[str, str]] = offers) -> None:
            await receive(client, left.pop(), copies=BATCH)

        await load(f"{name} issue over HTTP", role, task, receipts, RECEIPT)
    return received


async def sign_in(
    client: Client, config: Config, config_file: Path, holdings: Mapping[Format, Holding], sign_ins: int
) -> None:
    """Load the provider with each format."""
    registered = next(each for each in config.provider.clients if each.id == config.service.client_id)
    service = Service(
        provider=config.provider.origin,
        client_id=registered.id,
        secret=base64url(load_secret(config_file.parent / "keys" / f"{registered.id}.secret")),
        redirect_uri=registered.redirect_uris[0],
    )
    with Role("provider", config_file) as role:
        for format_, name in NAMES.items():

            async def task(holding: Holding = holdings[format_]) -> None:
                person = await service.sign_in(client, holding)
                assert "birthdate" in person, person

            await load(f"{name} sign-in over HTTP", role, task, sign_ins, SIGN_IN)


async def load(name: str, role: Role, task: Callable[[], Awaitable[None]], times: int, bare: Bare) -> None:
    """Run a task so often, some at once, and print what it took."""
    await _run(task, WARM_UP)
    before, begun = role.processor_seconds(), time.perf_counter()
    await _run(task, times)
    elapsed, used = time.perf_counter() - begun, max(role.processor_seconds() - before, TICK)
    needed, peak = bare.seconds() * times, role.peak_mb()
    line: dict[str, Any] = {
        "name": name,
        "ratio_to_bare": round(used / needed, 3),
        "ratio_to_peer": {},
        "per_second": round(times * bare.counts / elapsed, 1),
        "peak_mb": round(peak, 1),
        "per_processor_second": round(times * bare.counts / used, 1),
        "bare_share": round(needed / used, 3),
        "busy": round(used / elapsed, 2),
    }
    print(json.dumps(line), flush=True)
    if peak >= MAX_PEAK_MB:
        raise SystemExit(f"{role.name} needed {peak:.0f} MB, and may need {MAX_PEAK_MB}")


async def _run(task: Callable[[], Awaitable[None]], times: int) -> None:
    left = iter(range(times))

    async def work() -> None:
        for _ in left:
            await task()

    async with asyncio.TaskGroup() as wallets:
        for _ in range(AT_ONCE):
            wallets.create_task(work())


async def measure(config_file: Path, receipts: int, sign_ins: int) -> None:
    """Load the issuer of a sandbox, and then its provider."""
    config = load_config(config_file)
    async with Client() as client:
        # the issuer serves its status lists to the provider
        with Role("trust", config_file), Role("issuer", config_file) as issuer:
            received = await issue(client, config, issuer, receipts)
            anchors = load_trust([config_file.parent / "trust"], now=int(time.time()))
            holdings = {format_: hold(format_, *copy, anchors) for format_, copy in received.items()}
            await sign_in(client, config, config_file, holdings, sign_ins)


def main(receipts: int = RECEIPTS, sign_ins: int = SIGN_INS) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Path(folder) / "sandbox"
        made = [ZEGEL, "sandbox", sandbox, "--profile", "plain", "--port", str(free_ports(16))]
        subprocess.run(made, check=True, capture_output=True)
        asyncio.run(measure(sandbox / "zegel.toml", receipts, sign_ins))
