"""Over-asking on its way: the whole table, before a wallet that our verifier asks, in each format of both."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.overasking import ATTESTATIONS, REGISTERED, ROWS, beyond
from zegel_testing.registering import FORMATS, Office
from zegel_testing.wallet_world import WalletWorld, wallet_world

from zegel.formats.status.entries import INVALID
from zegel.services.wallet.contents import Asked
from zegel.trust.registration.values import RegistrationCertificate

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path) as opened:
        yield opened


@pytest.mark.requirement("RPRC_17")
@pytest.mark.requirement("RPRC_17a")
@pytest.mark.requirement("RPRC_21")
@pytest.mark.parametrize("attestation", ATTESTATIONS)
@pytest.mark.parametrize("format_", FORMATS)
async def test_the_wallet_warns_of_each_way_of_asking_by_one_check_and_lists_what_is_beyond(
    world: WalletWorld, tmp_path: Path, attestation: str, format_: str
) -> None:
    office = Office(world, tmp_path)
    shown = replace(office.certificate(), credentials=REGISTERED)
    for name, row in ROWS.items():
        if not row.sent:
            continue  # a role without a certificate is another role: test_a_request_without_a_certificate_is_warned_of
        certificate = row.change(shown, world.clock.now())
        if row.revoked:
            certificate = revoked(office, certificate)
        await office.put(FORMATS[format_](certificate, signer=office.signer))
        flow, _ = await world.asked(row.query(attestation))
        asked = world.wallet.presenting.look(flow)
        assert isinstance(asked, Asked), name
        findings = [finding.check for finding in asked.vetting.findings]
        assert findings == ([] if row.check is None else [row.check.id]), name
        assert [each.path for each in asked.vetting.beyond] == beyond(row, attestation), name


def revoked(office: Office, certificate: RegistrationCertificate) -> RegistrationCertificate:
    """The same under another entry of the list, which says from now on that it is revoked."""
    status = certificate.status
    assert status is not None
    office.publish({status.index ^ 1: INVALID}, uri=status.uri)
    office.world.clock.advance(61)
    return replace(certificate, status=replace(status, index=status.index ^ 1))
