"""The signed lists of a folder, as they stand there at this moment: whoever replaces a file has published it."""

from collections.abc import Mapping
from pathlib import Path
from typing import final

from zegel.adapters.files import os_errors, read_file
from zegel.adapters.revocation_files import CRL_FOLDER, CRL_SUFFIX
from zegel.adapters.trust_files import LIST_SUFFIX
from zegel.primitives.crl import MAX_CRL
from zegel.trust.lists.parse import MAX_TRUSTED_LIST


@final
class PublishedLists:
    """A ``services.ports.ListFolder`` on disk: the files with a suffix; none where an ``optional`` one is not there."""

    def __init__(self, folder: Path, *, suffix: str = LIST_SUFFIX, optional: bool = False) -> None:
        self._folder = folder
        self._optional = optional
        self._suffix = suffix

    def names(self) -> tuple[str, ...]:
        """See ``ListFolder``."""
        return tuple(self._files())

    def read(self, name: str) -> bytes | None:
        """See ``ListFolder``; what is not in the folder is not looked for elsewhere."""
        path = self._files().get(name)
        return None if path is None else read_file(path, max_bytes=MAX_TRUSTED_LIST)

    def read_revocations(self, name: str) -> bytes | None:
        """See ``ListFolder``."""
        folder = self._folder / CRL_FOLDER
        with os_errors(folder):
            there = folder.is_dir() and name in {path.name for path in folder.glob(f"*{CRL_SUFFIX}")}
        return read_file(folder / name, max_bytes=MAX_CRL) if there else None

    def _files(self) -> Mapping[str, Path]:
        with os_errors(self._folder):
            if self._optional and not self._folder.exists():
                return {}
            return {path.name: path for path in sorted(self._folder.iterdir()) if path.suffix == self._suffix}
