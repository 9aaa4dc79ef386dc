"""A certificate that was taken back opens no door, and whether it was is looked up without asking anybody."""

from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.browser import text_of
from zegel_testing.business_rules import rules_for_whatever
from zegel_testing.door_world import door_world, show_old
from zegel_testing.health import Health, payload
from zegel_testing.revoked_health import batch
from zegel_testing.sandboxes import sandbox_at

from zegel.config.health import HealthConfig
from zegel.formats.hcert.revocation import HashType

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.mark.parametrize("listed", ["its own", "another's"])
async def test_whether_a_certificate_was_revoked_is_looked_up_and_nobody_is_asked(tmp_path: Path, listed: str) -> None:
    office, said = Health(), payload()
    (tmp_path / "office.der").write_bytes(office.der)
    (revoked := tmp_path / "revoked").mkdir()
    identifier = said["v"][0]["ci"] if listed == "its own" else "URN:UVCI:01:UT:ANOTHER"
    (revoked / "batch").write_bytes(batch(HashType.UCI, identifier.encode()))
    health = HealthConfig(
        trust=(tmp_path / "office.der",), rules=rules_for_whatever(tmp_path / "rules"), revoked=revoked
    )
    async with door_world(replace(sandbox_at(tmp_path / "utopia"), health=health)) as door:
        page = text_of(await show_old(door, code=office.code(said).decode()))
        assert "<h1>No</h1>" in page if listed == "its own" else "<h1>Yes</h1>" in page
        assert ("health-revoked" in page) == (listed == "its own")
        assert door.network.asked == []
