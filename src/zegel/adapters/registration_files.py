"""Registration certificates as files: what a registrar gave out, and a role shows."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from zegel.adapters.files import read_file
from zegel.trust.registration.parse import MAX_CERTIFICATE, parse_registration
from zegel.trust.registration.transport import certificate_text
from zegel.trust.registration.values import RegistrationCertificate, UnverifiedRegistration


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRegistration:
    """A certificate as its file has it and as JSON carries it: to judge it is for whoever it is shown to."""

    data: bytes
    text: str
    registration: UnverifiedRegistration

    @property
    def unverified_certificate(self) -> RegistrationCertificate:
        """What it says of itself."""
        return self.registration.unverified_certificate


def load_registration(path: Path) -> LoadedRegistration:
    """Read a certificate of either format.

    ``Unavailable`` without the file, ``Malformed`` for what is none.
    """
    return read_registration(read_file(path, max_bytes=MAX_CERTIFICATE))


def read_registration(data: bytes) -> LoadedRegistration:
    """The same of bytes that came from elsewhere."""
    if data.isascii():  # a JWT; of a CWT every byte counts
        data = data.strip()
    return LoadedRegistration(data=data, text=certificate_text(data), registration=parse_registration(data))
