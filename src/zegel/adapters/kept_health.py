"""Trust lists of health as they were fetched, kept in a folder that is good for ``--trust``, too.

A list stands in its file as it came. Beside it stands when and from where: written after it, so that a crash in
between has it look older than it is.
"""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, final
from urllib.parse import urlsplit

from zegel.adapters.files import make_owner_only_folder, read_file, replace_owner_only
from zegel.errors import Malformed, Unavailable
from zegel.formats.hcert.lists import MAX_TRUST_LIST
from zegel.primitives.http import origin_of
from zegel.primitives.json import encode_json, parse_object

_LIST: Final = ".json"
_TOLD: Final = ".fetched"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """From where a list was fetched, and when, in seconds."""

    url: str
    at: int


@final
class HealthListFolder:
    """A ``HealthShelf`` in a folder: a file a list, named by where it comes from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, url: str) -> Path:
        """Where the list of a URL is, once it was fetched."""
        return self._folder / f"{urlsplit(url).hostname}-{sha256(url.encode()).hexdigest()[:16]}{_LIST}"

    def load(self, url: str) -> bytes | None:
        """See ``HealthShelf``."""
        with suppress(Unavailable):
            return read_file(self.path(url), max_bytes=MAX_TRUST_LIST)
        return None

    def keep(self, url: str, body: bytes, *, at: int) -> None:
        """See ``HealthShelf``; each of the two files is there whole, or as it was before."""
        make_owner_only_folder(self._folder)
        file = self.path(url)
        replace_owner_only(file, body)
        replace_owner_only(file.with_suffix(_TOLD), encode_json({"url": url, "at": at}))


def tells_of_a_list(file: Path) -> bool:
    """Whether it is what stands beside a list that was fetched."""
    return file.suffix == _TOLD and file.with_suffix(_LIST).is_file()


def fetched(file: Path) -> Fetched | None:
    """What is told of a list's file; None for one that nobody fetched."""
    with suppress(Unavailable, Malformed):
        told = parse_object(read_file(file.with_suffix(_TOLD), max_bytes=MAX_TRUST_LIST), what="fetched list")
        url, at = told.get("url"), told.get("at")
        if type(url) is str and type(at) is int:
            origin_of(url, what="fetched list")
            return Fetched(url=url, at=at)
    return None
