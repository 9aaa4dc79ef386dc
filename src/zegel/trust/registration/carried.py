"""A registration certificate as its owner has it: bytes that came from somewhere, and what is sent of them."""

from dataclasses import dataclass
from typing import final

from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.transport import certificate_text
from zegel.trust.registration.values import RegistrationCertificate, UnverifiedRegistration


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedRegistration:
    """A certificate as a file has it and as JSON carries it: to judge it is for whoever it is shown to."""

    data: bytes
    text: str
    registration: UnverifiedRegistration

    @property
    def unverified_certificate(self) -> RegistrationCertificate:
        """What it says of itself."""
        return self.registration.unverified_certificate


def read_registration(data: bytes) -> CarriedRegistration:
    """A certificate of either format; ``Malformed`` for what is none."""
    if data.isascii():  # a JWT; of a CWT every byte counts
        data = data.strip()
    return CarriedRegistration(data=data, text=certificate_text(data), registration=parse_registration(data))
