"""Somebody before a page of a demo that runs: a telephone with an attestation of the demo's issuer, and a camera."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_signer
from zegel.adapters.register import demo_people
from zegel.adapters.sandbox.create import CONFIG_FILE
from zegel.adapters.sql.store import open_memory_store
from zegel.config.roles import Config
from zegel.formats.catalogue.types import AttestationType
from zegel.formats.claims import Claim
from zegel.formats.credential import Format
from zegel.primitives.http import HttpResponse
from zegel.primitives.keys import random_private_key
from zegel.services.issuing import CredentialPress, Order
from zegel.web.app.roles import World
from zegel.web.app.world import open_world
from zegel_testing.demo import RunningDemo
from zegel_testing.hand_wallet import Copy, HandWallet
from zegel_testing.scan import scan


def hold_before(demo: RunningDemo, page: str, *, valid: bool = True, format_: Format = Format.SD_JWT_VC) -> None:
    """Hold the telephone before a page of the door, which is HTML, and agree."""
    config = load_config(demo.folder / CONFIG_FILE)
    rule_set = next(iter(config.door.rule_sets), config.health.rule_set)
    record: dict[str, Claim] = {"vaccination_valid": valid, "rule_set": rule_set}
    _hold(config, page, load_catalogue().types["vaccination_valid"], record, origin=config.door.origin, format_=format_)


def be_signed_in_as(demo: RunningDemo, page: str, *, person: str) -> None:
    """Hold the telephone of a person of the demo before the sign-in provider's page, and agree."""
    config = load_config(demo.folder / CONFIG_FILE)
    (known,) = (each for each in demo_people() if each.id == person)
    record: dict[str, Claim] = {"portrait": known.portrait, **known.claims[""], **known.claims["pid"]}
    # on no status list of the issuer, which has given out nothing here
    pid = replace(load_catalogue().types["pid"], revocable=False)
    _hold(config, page, pid, record, origin=config.provider.origin)


def _hold(
    config: Config,
    page: str,
    type_: AttestationType,
    record: Mapping[str, Claim],
    *,
    origin: str,
    format_: Format = Format.SD_JWT_VC,
) -> None:
    link = scan(HttpResponse(status=200, body=page.encode()))
    with ThreadPoolExecutor(1) as apart:  # a browser's driver has an event loop here
        apart.submit(lambda: asyncio.run(_present(config, link, type_, record, format_, origin))).result()


async def _present(
    config: Config, link: str, type_: AttestationType, record: Mapping[str, Claim], format_: Format, origin: str
) -> None:
    world = open_world(config)
    try:
        await world.trust.refresh()
        copy = await _issued(world, type_, record, format_)
        wallet = HandWallet(copy, outbound=world.outbound, trust=world.trust, clock=world.clock, origin=origin)
        assert await wallet.present(link) is None
    finally:
        await world.close()


async def _issued(world: World, type_: AttestationType, record: Mapping[str, Claim], format_: Format) -> Copy:
    config = world.config.issuer
    signer, key = load_signer(config.key, config.chain), random_private_key(system_random)
    press = CredentialPress([type_], signer=signer, origin=config.origin, random=system_random)
    order = Order(person="somebody", type=type_, format=format_, record=record, keys=(key.public_key,))
    store = await open_memory_store(clock=world.clock, random=system_random, status_list_size=1 << 12)
    async with store.transaction() as transaction:
        (data,) = await press.issue(order, now=world.clock.now(), transaction=transaction)
    store.close()
    return Copy(format=format_, data=data, key=key)
