"""Registration certificates as files: what a registrar gave out, and a role shows."""

from pathlib import Path

from zegel.adapters.files import read_file
from zegel.trust.registration.carried import CarriedRegistration, read_registration
from zegel.trust.registration.parse import MAX_CERTIFICATE


def load_registration(path: Path) -> CarriedRegistration:
    """Read a certificate of either format.

    ``Unavailable`` without the file, ``Malformed`` for what is none.
    """
    return read_registration(read_file(path, max_bytes=MAX_CERTIFICATE))
