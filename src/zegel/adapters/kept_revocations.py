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
from zegel.services.trust_ports import RevocationList, RevocationSource


@final
class KeptRevocations:
    """A ``RevocationSource`` before another one. What is kept answers once an address, at the start: from then on it is
    told that a list cannot be had."""

    def __init__(self, source: RevocationSource, folder: Path, *, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._folder = folder
        self._answered: set[str] = set()

    async def fetch(self, url: str) -> RevocationList:
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
        parse_crl(come.body)  # a page that says something else takes the place of no list
        since = self._clock.now() if come.kept_since is None else come.kept_since
        make_owner_only_folder(self._folder)
        replace_owner_only(file, come.body)
        with os_errors(file):
            os.utime(file, (since, since))
        return come


def _read(file: Path) -> RevocationList:
    with os_errors(file):
        since = int(file.stat().st_mtime)
    return RevocationList(read_owner_only(file, max_bytes=MAX_CRL), kept_since=since)
