"""Lists of revoked certificates as they were fetched, kept in a folder, so that a start without a network has them.

Each is verified again by whoever believes it, and is in force no longer than it says itself.
"""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import final

from zegel.adapters.files import make_owner_only_folder, read_owner_only, replace_owner_only
from zegel.adapters.revocation_files import CRL_SUFFIX
from zegel.errors import Unavailable
from zegel.primitives.crl import MAX_CRL, parse_crl
from zegel.services.trust_ports import RevocationSource


@final
class KeptRevocations:
    """A ``RevocationSource`` before another one. What is kept answers once an address, at the start: from then on it is
    told that a list cannot be had."""

    def __init__(self, source: RevocationSource, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self._answered: set[str] = set()

    async def fetch(self, url: str) -> bytes:
        """See ``RevocationSource``."""
        file = self._folder / f"{sha256(url.encode()).hexdigest()[:32]}{CRL_SUFFIX}"
        try:
            body = await self._source.fetch(url)
        except Unavailable:
            if url in self._answered:
                raise
            self._answered.add(url)
            with suppress(Unavailable):
                return read_owner_only(file, max_bytes=MAX_CRL)
            raise
        self._answered.add(url)
        parse_crl(body)  # a page that says something else takes the place of no list
        make_owner_only_folder(self._folder)
        replace_owner_only(file, body)
        return body
