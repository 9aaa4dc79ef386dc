"""Lists of revoked certificates as they were fetched, kept in a folder, so that a start without a network has them.

Each is verified again by whoever believes it, and is in force no longer than it says itself. The time of its file is
when it was fetched.
"""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import final

from zegel.adapters.files import make_owner_only_folder, os_errors, read_owner_only, replace_owner_only
from zegel.adapters.revocation_files import CRL_SUFFIX
from zegel.errors import Unavailable
from zegel.primitives.crl import MAX_CRL, parse_crl
from zegel.services.ports import Clock
from zegel.services.trust_ports import KeptRevocationList, RevocationSource


@final
class KeptRevocations:
    """A ``RevocationSource`` before another one. What is kept answers once an address, at the start: from then on it is
    told that a list cannot be had."""

    def __init__(self, source: RevocationSource, folder: Path, *, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._folder = folder
        self._answered: set[str] = set()

    async def fetch(self, url: str) -> bytes | KeptRevocationList:
        """See ``RevocationSource``."""
        file = self._folder / f"{sha256(url.encode()).hexdigest()[:32]}{CRL_SUFFIX}"
        try:
            come = await self._source.fetch(url)
        except Unavailable:
            if url in self._answered:
                raise
            self._answered.add(url)
            with suppress(Unavailable):
                return _read(file)
            raise
        self._answered.add(url)
        now = self._clock.now()
        kept = come if isinstance(come, KeptRevocationList) else KeptRevocationList(fetched_at=now, body=come)
        parse_crl(kept.body)  # a page that says something else takes the place of no list
        make_owner_only_folder(self._folder)
        replace_owner_only(file, kept.body)
        with os_errors(file):
            os.utime(file, (kept.fetched_at, kept.fetched_at))
        return kept


def _read(file: Path) -> KeptRevocationList:
    with os_errors(file):
        fetched_at = int(file.stat().st_mtime)
    return KeptRevocationList(fetched_at=fetched_at, body=read_owner_only(file, max_bytes=MAX_CRL))
