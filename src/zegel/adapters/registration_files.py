"""Registration certificates as files: what a registrar gave out, and a role shows."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from zegel.adapters.files import read_file
from zegel.trust.registration.parse import MAX_CERTIFICATE, parse_registration
from zegel.trust.registration.transport import certificate_text
from zegel.trust.registration.values import RegistrationCertificate


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRegistration:
    """A certificate as JSON carries it, and what it says of itself: to judge that is for whoever it is shown to."""

    text: str
    unverified_certificate: RegistrationCertificate


def load_registration(path: Path) -> LoadedRegistration:
    """Read a certificate of either format.

    ``Unavailable`` without the file, ``Malformed`` for what is none.
    """
    data = read_file(path, max_bytes=MAX_CERTIFICATE)
    if data.isascii():  # a JWT; of a CWT every byte counts
        data = data.strip()
    certificate = parse_registration(data).unverified_certificate
    return LoadedRegistration(text=certificate_text(data), unverified_certificate=certificate)
