"""Registration certificates as files: what a registrar gave out, and a role shows."""

from pathlib import Path

from zegel.adapters.files import read_file
from zegel.trust.registration.parse import MAX_CERTIFICATE, parse_registration
from zegel.trust.registration.transport import certificate_text


def load_registration(path: Path) -> str:
    """Read a certificate of either format, as JSON carries it; what it says is left to whoever it is shown to.

    ``Unavailable`` without the file, ``Malformed`` for what is none.
    """
    data = read_file(path, max_bytes=MAX_CERTIFICATE)
    if data.isascii():  # a JWT; of a CWT every byte counts
        data = data.strip()
    parse_registration(data)
    return certificate_text(data)
