"""A party's certificate in either format, from the register to the wallet: fetched, shown, judged, and revoked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from zegel_testing.access_house import LIBRARY, AccessHouse, open_house
from zegel_testing.access_requests import KEY
from zegel_testing.authorities import fixed_random
from zegel_testing.cheap_vault import CheapVaultFile
from zegel_testing.fresh_lists import keep_lists_fresh
from zegel_testing.registering import FORMATS, Office
from zegel_testing.wallet_world import (
    PASSPHRASE,
    Noted,
    WalletWorld,
    open_test_wallet,
    wallet_world,
)

from zegel.adapters.files import create_owner_only
from zegel.adapters.memory import Loopback
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest
from zegel.services.wallet.contents import Asked, Brought, Offered
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.values import RegistrationFormat
from zegel.web.app.all import load_role
from zegel.web.app.roles import World

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
NAMESPACE: Final = "eu.europa.ec.eudi.pid.1"
ASKED: Final[dict[str, dict[str, Any]]] = {
    "dc+sd-jwt": {"meta": {"vct_values": ["urn:eudi:pid:1"]}, "claims": [{"path": ["family_name"]}]},
    "mso_mdoc": {"meta": {"doctype_value": NAMESPACE}, "claims": [{"path": [NAMESPACE, "family_name"]}]},
}
MORE: Final = {"dc+sd-jwt": ("given_name",), "mso_mdoc": (NAMESPACE, "given_name")}
"""What the library did not register."""
ENDED: Final = Check.REGISTRATION_STATUS.id


def query(format_: str, *more: tuple[str, ...]) -> dict[str, Any]:
    """A question for a name, and for more."""
    asked = ASKED[format_]
    claims = [*asked["claims"], *({"path": list(path)} for path in more)]
    return {"credentials": [asked | {"id": "pid", "format": format_, "claims": claims}]}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[AccessHouse]:
    async with open_house(tmp_path) as opened:
        await opened.register()
        yield opened


async def fetched(house: AccessHouse, format_: str, *, by: str) -> bytes:
    """What the register gives out for the library's lending desk, asked by a header or by a parameter."""
    _, entry = await house.operate("GET", f"/registrations/{LIBRARY}", role="registrar")
    use = entry["party"]["intendedUse"][0]["intendedUseIdentifier"]
    door, media_type = house.listener("registrar"), RegistrationFormat(format_).media_type
    path = f"/registration-certificates/{LIBRARY}?service=lending&intendeduseidentifier={use}"
    headers = (("accept", media_type),) if by == "header" else ()
    url = door.origin + path + (f"&format={format_}" if by == "parameter" else "")
    response = await door.handle(HttpRequest(method="GET", url=url, headers=headers, peer="192.0.2.7"))
    assert (response.status, response.header("content-type")) == (200, media_type), response.body
    return response.body


@asynccontextmanager
async def asking(house: AccessHouse, folder: Path, certificate: bytes) -> AsyncIterator[WalletWorld]:
    """The library asks with this certificate, and a wallet holds a PID."""
    issued = await house.issue()
    (folder / "library.pem").write_text(issued["chain"])
    create_owner_only(folder / "library.key.pem", KEY.secret_pem())
    (folder / "library.registration").write_bytes(certificate)
    verifier = replace(
        house.config.verifier,
        access_key=folder / "library.key.pem",
        access_chain=folder / "library.pem",
        registration=folder / "library.registration",
    )
    inner, traffic = Loopback(house.handlers), list[HttpRequest]()
    world = World(
        config=replace(house.config, verifier=verifier),
        clock=house.clock,
        random=fixed_random("library"),
        outbound=inner,
        trust=house.trust,
    )
    for name in ("wallet-provider", "issuer", "verifier"):
        role = house.roles[name] = await load_role(name)(world)
        house.handlers |= {listener.origin: listener.handle for listener in role.listeners}
    for name in ("trust", "issuer"):
        await house.act(name)
    await house.trust.refresh()
    keep_lists_fresh(house.trust, house.clock)
    outbound = Noted(inner, traffic)
    file = CheapVaultFile(folder / "wallet.vault", random=fixed_random("vault"))
    wallet = open_test_wallet(world, file, outbound)
    await wallet.safe.create(PASSPHRASE)
    opened = WalletWorld(
        world=world,
        clock=house.clock,
        handlers=house.handlers,
        roles=house.roles,
        wallet=wallet,
        file=file,
        traffic=traffic,
        outbound=outbound,
    )
    try:
        await opened.receive()
        yield opened
    finally:
        wallet.safe.close()


async def asked(world: WalletWorld, query: dict[str, Any]) -> tuple[str, Asked]:
    """A question as the wallet shows it."""
    flow, _ = await world.asked(query)
    waiting = world.wallet.presenting.look(flow)
    assert isinstance(waiting, Asked)
    return flow, waiting


def checks(waiting: Asked) -> list[str]:
    return [finding.check for finding in waiting.vetting.findings]


@pytest.mark.requirement("RPRC_19")
@pytest.mark.requirement("RPRC_20")
@pytest.mark.requirement("RPRC_21")
@pytest.mark.requirement("RPRC_01a")
@pytest.mark.parametrize("format_", FORMATS)
async def test_a_party_asks_with_what_the_register_gave_it_until_that_is_revoked(
    house: AccessHouse, tmp_path: Path, format_: str
) -> None:
    certificate = await fetched(house, format_, by="parameter")
    assert parse_registration(certificate).format == format_
    async with asking(house, tmp_path, certificate) as world:
        for attestation, more in MORE.items():
            _, good = await asked(world, query(attestation))
            (sent,) = [info for info in good.consent.request.verifier_info if info.format == "registration_cert"]
            assert sent.data == (certificate.decode() if format_ == "jwt" else base64url(certificate))
            assert (checks(good), good.vetting.beyond) == ([], ())
            assert (await world.present(query(attestation)))["state"] == "accepted"
            _, greedy = await asked(world, query(attestation, more))
            assert checks(greedy) == ["over-asking"]
            assert [each.path for each in greedy.vetting.beyond] == [more]
        await house.decide("suspend")
        world.clock.advance(world.config.registrar.status_list_ttl)
        flow, ended = await asked(world, query("dc+sd-jwt"))
        assert checks(ended) == [ENDED]
        with pytest.raises(Rejected) as refused:
            await world.wallet.presenting.accept(flow, None)
        assert refused.value.check is Check.EXPLICIT_APPROVAL


@pytest.mark.requirement("RPRC_01a")
async def test_both_formats_say_the_same_and_have_one_entry_in_the_list_of_statuses(house: AccessHouse) -> None:
    jwt, cwt = [
        parse_registration(await fetched(house, format_, by="header")).unverified_certificate for format_ in FORMATS
    ]
    assert jwt == cwt
    assert jwt.status is not None


@pytest.mark.requirement("RPRC_22")
@pytest.mark.parametrize("format_", FORMATS)
async def test_an_issuer_shows_the_certificate_that_it_has_in_its_format(tmp_path: Path, format_: str) -> None:
    async with wallet_world(tmp_path) as world:
        certificate = await Office(world, tmp_path).give("issuer", sign=FORMATS[format_])
        offer = await world.offer()
        flow = await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
        waiting = world.contents.flows[flow]
        assert isinstance(waiting, Offered)
        assert (waiting.vetting.findings, waiting.vetting.certificate) == ((), certificate)
