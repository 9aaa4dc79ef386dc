"""Lists of revoked certificates in a folder: there after a start without a network, and told as missing afterwards."""

import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.kept_revocations import KeptRevocations
from zegel.adapters.memory import ManualClock
from zegel.adapters.revocation_files import CRL_FOLDER
from zegel.errors import Malformed, Unavailable
from zegel.services.trust_ports import RevocationList, RevocationSource

pytestmark = pytest.mark.anyio
URL = "https://trust.utopia.example/crl/access.crl"


@dataclass
class Host:
    """A ``RevocationSource``; without a body nobody answers."""

    body: bytes | None

    async def fetch(self, url: str) -> RevocationList:
        if self.body is None:
            raise Unavailable(url, "nobody answers there")
        return RevocationList(self.body)


def kept_by(host: RevocationSource, folder: Path, *, now: int = NOW) -> KeptRevocations:
    return KeptRevocations(host, folder, clock=ManualClock(now))


@pytest.mark.slow
async def test_what_was_kept_behind_another_is_as_old_as_that_one_says(crl: bytes, tmp_path: Path) -> None:
    await kept_by(Host(crl), tmp_path / "behind").fetch(URL)
    behind = kept_by(Host(None), tmp_path / "behind", now=NOW + DAY)
    await kept_by(behind, tmp_path / "kept", now=NOW + DAY).fetch(URL)
    assert await kept_by(Host(None), tmp_path / "kept").fetch(URL) == RevocationList(crl, kept_since=NOW)


@pytest.fixture
def crl(tmp_path: Path) -> bytes:
    return (sandbox_at(tmp_path / "utopia").trust.folder / CRL_FOLDER / "access.crl").read_bytes()


@pytest.mark.slow
async def test_what_was_fetched_is_there_after_a_start_without_a_network(crl: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    assert await kept_by(Host(crl), folder).fetch(URL) == RevocationList(crl)
    kept = await kept_by(Host(None), folder, now=NOW + DAY).fetch(URL)
    assert kept == RevocationList(crl, kept_since=NOW), "with when it was fetched"
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_what_was_never_fetched_is_not_there(crl: bytes, tmp_path: Path) -> None:
    await kept_by(Host(crl), tmp_path / "kept").fetch(URL)
    with pytest.raises(Unavailable, match="nobody answers"):
        await kept_by(Host(None), tmp_path / "kept").fetch(URL + "2")


async def test_a_list_that_cannot_be_had_anew_is_told_of(crl: bytes, tmp_path: Path) -> None:
    host = Host(crl)
    source = kept_by(host, tmp_path / "kept")
    await source.fetch(URL)
    host.body = None
    with pytest.raises(Unavailable):
        await source.fetch(URL)
    started = kept_by(host, tmp_path / "kept")
    await started.fetch(URL)
    with pytest.raises(Unavailable):
        await started.fetch(URL)


async def test_what_is_no_list_takes_the_place_of_none(crl: bytes, tmp_path: Path) -> None:
    await kept_by(Host(crl), tmp_path / "kept").fetch(URL)
    with pytest.raises(Malformed):
        await kept_by(Host(b"<html>"), tmp_path / "kept").fetch(URL)
    assert await kept_by(Host(None), tmp_path / "kept").fetch(URL) == RevocationList(crl, kept_since=NOW)
