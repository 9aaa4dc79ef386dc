"""What a host serves to show that an access certificate is ordered for it: files of a folder, put there meanwhile."""

import os
import re
from pathlib import Path
from typing import Final, final

from zegel.adapters.files import make_owner_only_folder, read_file, replace_owner_only
from zegel.trust.access_authority.orders import Challenge

MAX_CHALLENGE: Final = 1_024  # bytes; a token and a thumbprint have 87
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")  # RFC 8555 section 8.3: base64url, so that it is no path


@final
class ChallengeFolder:
    """The files of a folder, by the token that each is named after."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, token: str) -> bytes | None:
        """What is to be answered for a token; None for one that is not there, or is none."""
        path = self._folder / token
        if not _TOKEN.fullmatch(token) or not os.path.isfile(path):
            return None
        return read_file(path, max_bytes=MAX_CHALLENGE)

    def serve(self, challenge: Challenge) -> Path:
        """Put there what a challenge asks for; the file, to be removed when it was looked at."""
        make_owner_only_folder(self._folder)
        path = self._folder / challenge.url.rpartition("/")[2]
        replace_owner_only(path, challenge.content.encode())
        return path
