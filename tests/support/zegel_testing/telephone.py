"""Somebody at the door of a demo that runs: a telephone with an attestation of the demo's issuer, and a camera."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_signer
from zegel.adapters.sandbox.create import CONFIG_FILE
from zegel.adapters.sql.store import open_memory_store
from zegel.config.roles import Config
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
    link = scan(HttpResponse(status=200, body=page.encode()))
    with ThreadPoolExecutor(1) as apart:  # a browser's driver has an event loop here
        apart.submit(
            lambda: asyncio.run(_present(load_config(demo.folder / CONFIG_FILE), link, valid, format_))
        ).result()


async def _present(config: Config, link: str, valid: bool, format_: Format) -> None:
    world = open_world(config)
    try:
        await world.trust.refresh()
        copy = await _issued(world, valid, format_)
        origin = config.door.origin
        wallet = HandWallet(copy, outbound=world.outbound, trust=world.trust, clock=world.clock, origin=origin)
        assert await wallet.present(link) is None
    finally:
        await world.close()


async def _issued(world: World, valid: bool, format_: Format) -> Copy:
    config, type_ = world.config.issuer, load_catalogue().types["vaccination_valid"]
    signer, key = load_signer(config.key, config.chain), random_private_key(system_random)
    press = CredentialPress([type_], signer=signer, origin=config.origin, clock=world.clock, random=system_random)
    order = Order(
        person="somebody",
        type=type_,
        format=format_,
        record={
            "vaccination_valid": valid,
            "rule_set": next(iter(world.config.door.rule_sets), world.config.health.rule_set),
        },
        keys=(key.public_key,),
    )
    store = await open_memory_store(clock=world.clock, random=system_random, status_list_size=1 << 12)
    async with store.transaction() as transaction:
        (data,) = await press.issue(order, transaction=transaction)
    store.close()
    return Copy(format=format_, data=data, key=key)
