"""A signer and the certificates that say who it is: what issues, asks and attests."""

from dataclasses import dataclass
from typing import final

from zegel.primitives.keys import Signer
from zegel.primitives.x509 import Certificate


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedSigner:
    """A signer with its chain, leaf first, without the anchor; the leaf certifies the signer's key."""

    signer: Signer
    certificates: tuple[Certificate, ...]

    @property
    def leaf(self) -> Certificate:
        """The certificate of the signer's own key."""
        return self.certificates[0]

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The chain as DER, as ``x5c`` and ``x5chain`` carry it."""
        return tuple(certificate.der for certificate in self.certificates)
