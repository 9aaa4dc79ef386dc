"""Lists of trusted entities as they were fetched, kept in a folder, so that a start without a network has them.

What is in a file is verified again as if it came from outside; the file adds when it came, and the highest number.
"""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, final

from zegel.adapters.files import make_owner_only_folder, read_owner_only, replace_owner_only
from zegel.errors import Malformed, Unavailable
from zegel.primitives.json import encode_json, parse_object
from zegel.services.trust_ports import KeptList
from zegel.trust.lists.parse import MAX_TRUSTED_LIST

_HEAD: Final = 1_000  # bytes of the line before the list, which has two numbers in it


@final
class ListFolder:
    """A ``ListShelf`` in a folder: the file of one list, named by where it comes from and who signs it."""

    def __init__(self, folder: Path, *, location: str, signers: tuple[bytes, ...]) -> None:
        name = sha256(b"\0".join((location.encode(), *sorted(signers)))).hexdigest()[:32]
        self.path: Final = folder / f"{name}.list"

    def load(self) -> KeptList | None:
        """See ``ListShelf``."""
        with suppress(Unavailable, Malformed):
            head, _, body = read_owner_only(self.path, max_bytes=MAX_TRUSTED_LIST + _HEAD).partition(b"\n")
            said = parse_object(head, what="kept list")
            sequence, fetched_at = said.get("sequence"), said.get("fetched_at")
            if type(sequence) is int and type(fetched_at) is int:
                return KeptList(sequence=sequence, fetched_at=fetched_at, body=body)
        return None

    def keep(self, kept: KeptList) -> None:
        """See ``ListShelf``."""
        make_owner_only_folder(self.path.parent)
        head = encode_json({"sequence": kept.sequence, "fetched_at": kept.fetched_at})
        replace_owner_only(self.path, head + b"\n" + kept.body)
