"""A door as a sandbox configures it, with no network: the lists are files, and nobody answers to anything that it asks.

Whatever it receives and stores is noted, and what it can open of that is opened.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.keyfiles import load_signer
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sql.store import open_memory_store
from zegel.checks import Check
from zegel.cli.walk.door_view import DoorView, NotingStore
from zegel.config.roles import Config
from zegel.errors import Rejected, Unavailable
from zegel.formats.claims import Claim
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.issuing import CredentialPress, Order
from zegel.services.ports import Handler
from zegel.services.trust import Trust
from zegel.services.trust_ports import RevocationSource
from zegel.web.app.door import door_role
from zegel.web.app.roles import OpenRole, World
from zegel.web.app.world import ConfiguredList
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.browser import Browser, text_of
from zegel_testing.fresh_lists import keep_lists_fresh
from zegel_testing.hand_wallet import Copy, HandWallet
from zegel_testing.revocations import revocations_of

RULES = "UT/2026-11"


class NoNetwork:
    """An ``Outbound`` with nobody at the other end. ``asked`` are the addresses."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, request: HttpRequest, *, redirects: int = 0, max_bytes: int = 1 << 18) -> HttpResponse:
        self.asked.append(request.url)
        raise Unavailable(request.url, "there is no network")


@dataclass
class DoorWorld:
    """The door, opened, and everything to play with."""

    world: World
    clock: ManualClock
    network: NoNetwork
    view: DoorView
    role: OpenRole
    handlers: dict[str, Handler]
    press: CredentialPress
    _issued: int = 0

    @property
    def origin(self) -> str:
        """The door's origin."""
        return self.world.config.door.origin

    def browser(self) -> Browser:
        """The doorkeeper's browser."""
        return Browser(self.handlers)

    async def issue(self, format_: Format, *, count: int = 1, **changes: Claim) -> tuple[Copy, ...]:
        """A batch for somebody who meets the rules."""
        keys = [fixed_key(f"copy {self._issued + at} for the door") for at in range(count)]
        self._issued += count
        record = {"vaccination_valid": True, "rule_set": RULES, **changes}
        order = Order(
            person="somebody",
            type=load_catalogue().types["vaccination_valid"],
            format=format_,
            record=record,
            keys=tuple(key.public_key for key in keys),
        )
        store = await open_memory_store(clock=self.clock, random=fixed_random("office"), status_list_size=1 << 12)
        async with store.transaction() as transaction:
            issued = await self.press.issue(order, now=self.clock.now(), transaction=transaction)
        store.close()
        return tuple(Copy(format=format_, data=data, key=key) for data, key in zip(issued, keys, strict=True))

    def wallet(self, *copies: Copy) -> HandWallet:
        """A wallet that holds copies, and has a network: it reaches the door."""
        there, trust = Loopback(self.handlers), self.world.trust
        return HandWallet(*copies, outbound=there, trust=trust, clock=self.clock, origin=self.origin)

    @property
    def store(self) -> NotingStore:
        """What it keeps, and ever kept."""
        return self.view.store

    @property
    def received(self) -> list[HttpRequest]:
        """What it was sent."""
        return self.view.received

    def opened(self) -> Iterator[bytes]:
        """Each presentation that the door was sent, as it opens it."""
        return self.view.opened()


@asynccontextmanager
async def door_world(config: Config, *, revocations: RevocationSource | None = None) -> AsyncIterator[DoorWorld]:
    """Open the door."""
    clock, network, random = ManualClock(NOW), NoNetwork(), fixed_random("door")
    trust = Trust(
        [ConfiguredList(listed, outbound=network) for listed in config.trusted_lists],
        fixed=(),
        clock=clock,
        revocations=revocations or revocations_of(config),
    )
    assert all(health.error is None for health in await trust.refresh())
    keep_lists_fresh(trust, clock)
    world = World(config=config, clock=clock, random=random, outbound=network, trust=trust)
    memory = await open_memory_store(clock=clock, random=random)
    view = DoorView(store=NotingStore(memory))
    role = door_role(world, view.store)
    type_ = load_catalogue().types["vaccination_valid"]
    signer = load_signer(config.issuer.key, config.issuer.chain)
    press = CredentialPress([type_], signer=signer, origin=config.issuer.origin, random=random)
    made = DoorWorld(world=world, clock=clock, network=network, view=view, role=role, handlers={}, press=press)
    made.handlers |= {listener.origin: _noting(made.received, listener.handle) for listener in role.listeners}
    try:
        yield made
    finally:
        role.close()
        memory.close()


def _noting(received: list[HttpRequest], handle: Handler) -> Handler:
    async def noted(request: HttpRequest) -> HttpResponse:
        received.append(request)
        return await handle(request)

    return noted


def everything(world: DoorWorld) -> Mapping[str, bytes]:
    """The door's whole view: what it received, what it can open of it, and what it stored at any time."""
    return world.view.everything()


# --- the certificates of before ---------------------------------------------------------------------------------------

CODE = "HC1:NCF-EXAMPLE"
NAME = {"fn": "Voorbeeld", "gn": "Erika", "fnt": "VOORBEELD", "gnt": "ERIKA"}
SPELLED = {"fnt": "VOORBEELD<MUSTER", "gnt": "ERIKA"}


@dataclass(frozen=True)
class Told:
    name: Mapping[str, str]
    birth_date: str


@dataclass
class Judge:
    """A ``HealthJudge`` that knows one certificate. ``seen`` are the codes that it was shown."""

    told: Told
    seen: list[bytes] = field(default_factory=list)

    def judge(self, text: bytes, *, at: int, languages: Sequence[str]) -> Told:
        self.seen.append(text)
        if text == CODE.encode():
            return self.told
        raise Rejected(Check.SIGNATURE, "expected a signature of this key", field="signature")


@dataclass(frozen=True)
class Pictures:
    """A ``CodeReader`` that finds these codes in one picture, and nothing in any other."""

    found: tuple[str, ...]

    async def read(self, data: bytes) -> tuple[str, ...]:
        return self.found if data == b"a picture" else ()


def with_judge(door: DoorWorld, judge: Judge | None, *found: str) -> None:
    """From now on the door looks at old certificates."""
    site = door.role.listeners[0].handle.__self__
    site._role = replace(site._role, judge=judge, codes=Pictures(found), frames=Pictures(found))


async def show_old(door: DoorWorld, *, code: str = "", picture: bytes = b"", languages: str = "") -> HttpResponse:
    """Somebody shows a code on paper; ``languages`` are those of the doorkeeper's browser."""
    return await _upload(door, "/code", {"code": code}, picture, languages)


async def show_frame(door: DoorWorld, frame: bytes) -> HttpResponse:
    """The page of the camera sends a frame."""
    return await _upload(door, "/camera", {}, frame)


async def _upload(
    door: DoorWorld, path: str, fields: Mapping[str, str], picture: bytes, languages: str = ""
) -> HttpResponse:
    keeper = door.browser()
    page = await keeper.open(door.origin + "/")
    csrf = re.search(r'name="csrf" value="([^"]+)"', text_of(page))
    assert csrf is not None
    body = form_data({"csrf": csrf[1], **fields}, {"picture": picture})
    headers = (
        ("content-type", "multipart/form-data; boundary=x"),
        ("origin", door.origin),
        ("host", "door.localhost:7118"),
    )
    reads = (("accept-language", languages),) if languages else ()
    cookie = "; ".join(f"{name}={value}" for name, value in keeper.cookies["door.localhost"].items())
    request = HttpRequest(
        method="POST", url=door.origin + path, headers=(*headers, *reads, ("cookie", cookie)), body=body
    )
    return await door.handlers[door.origin](request)


def form_data(fields: Mapping[str, str], files: Mapping[str, bytes]) -> bytes:
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    body = "".join(parts).encode()
    for name, data in files.items():
        head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\nContent-Type: image/png\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    return body + b"--x--\r\n"
