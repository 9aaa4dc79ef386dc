"""In the last weeks of the certificates that a sandbox is made with, its registrar has the next one for each."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from zegel_testing.authorities import DAY
from zegel_testing.wallet_world import NAME_QUERY, WalletWorld, wallet_world

from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.registration_files import load_registration
from zegel.adapters.sandbox.registrations import REGISTRATIONS
from zegel.services.registration_renewal import Holder, RegistrationDesk
from zegel.services.wallet.contents import Asked
from zegel.trust.registration.values import RegistrationCertificate
from zegel.web.app.registrar import open_registrar
from zegel.web.app.roles import OpenRole

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
REGISTRAR: Final = "http://registrar.localhost:7109"
LAST_WEEKS: Final = 167 * DAY  # of a hundred and eighty days; a role asks from a fortnight before the end
SHOWN_BY: Final = {
    "issuer": "issuer-access",
    "issuer-asking": "issuer-access",
    "verifier": "verifier-access",
    "tax-online": "provider-access",
    "registrar": "provider-access",
    "door": "door-access",
}
"""Whose access certificate goes with each."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path, registrar=REGISTRAR) as opened:
        registrar = await open_registrar(opened.world)
        opened.roles["registrar"] = registrar
        opened.handlers |= {listener.origin: listener.handle for listener in registrar.listeners}
        opened.clock.advance(LAST_WEEKS)
        await turn(registrar, "registration status lists")
        yield opened


async def turn(role: OpenRole, name: str) -> None:
    """A role's timer acts."""
    (timer,) = [each for each in role.timers if name in each.name]
    await timer.act()


def said(certificate: RegistrationCertificate) -> tuple[object, ...]:
    """What a certificate is about, and what it says of that."""
    through = certificate.intermediary
    return (
        certificate.identifier, certificate.name, certificate.service, certificate.service_name,
        certificate.entitlements, certificate.descriptions, certificate.purposes, certificate.intended_use,
        certificate.privacy_policy, certificate.credentials, certificate.provides, certificate.registry,
        through,
    )  # fmt: skip


@pytest.mark.requirement("RPRC_09")
@pytest.mark.requirement("RPRC_13")
async def test_the_registrar_has_a_later_certificate_that_says_the_same_for_every_party_of_a_sandbox(
    world: WalletWorld, tmp_path: Path
) -> None:
    desk = RegistrationDesk(REGISTRAR, outbound=world.outbound, trust=world.world.trust, clock=world.clock, keep=60)
    assert set(SHOWN_BY) == set(REGISTRATIONS)
    for name, access in SHOWN_BY.items():
        shown = load_registration(tmp_path / REGISTRATIONS[name]).registration
        leaf, *_ = load_certificates(tmp_path / "keys" / f"{access}.pem")
        holder = Holder(identifier=leaf.names["organizationIdentifier"], service=leaf.names["OU"])
        await desk.judge(shown, holder=holder)
        later = (await desk.fetch_later(shown, holder=holder)).registration.unverified_certificate
        assert said(later) == said(shown.unverified_certificate), name
        assert later.valid_until > shown.unverified_certificate.valid_until + 150 * DAY


async def test_a_role_of_a_sandbox_shows_the_next_certificate_and_the_wallet_has_nothing_to_warn_of(
    world: WalletWorld, tmp_path: Path
) -> None:
    before = {name: (tmp_path / REGISTRATIONS[name]).read_bytes() for name in ("issuer", "issuer-asking", "verifier")}
    for role in ("issuer", "verifier", "verifier"):  # the first turn, at the start, fetches nothing; the issuer had it
        await turn(world.roles[role], "registration certificates")
    for name, data in before.items():
        after = load_registration(tmp_path / REGISTRATIONS[name]).unverified_certificate
        assert (tmp_path / REGISTRATIONS[name]).read_bytes() != data, name
        assert after.valid_until > world.clock.now() + 150 * DAY
    flow, _ = await world.asked(NAME_QUERY)
    asked = world.wallet.presenting.look(flow)
    assert isinstance(asked, Asked)
    assert (asked.vetting.findings, asked.vetting.beyond) == ((), ())
    assert asked.vetting.certificate == load_registration(tmp_path / REGISTRATIONS["verifier"]).unverified_certificate
