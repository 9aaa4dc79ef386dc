"""The issuer's public documents as bytes: its metadata, plain and signed, and what describes its types."""

from collections.abc import Mapping
from typing import Final, final

from zegel.formats.catalogue.describe import type_metadata
from zegel.primitives.json import encode_json
from zegel.protocols.openid4vci.publication import sign_issuer_metadata
from zegel.services.authorization import AuthorizationService
from zegel.services.issuer import IssuerService
from zegel.services.issuer_policy import IssuerPolicy
from zegel.services.ports import Clock
from zegel.trust.signing import CertifiedSigner

SIGN_AGAIN: Final = 3_600  # seconds; signed metadata is good for a day, and readers may keep it for a while


@final
class IssuerDocuments:
    """``signer`` has the issuer's access certificate; None leaves the metadata unsigned."""

    def __init__(
        self,
        issuer: IssuerService,
        *,
        authorization: AuthorizationService,
        policy: IssuerPolicy,
        signer: CertifiedSigner | None,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._metadata = issuer.metadata()
        self.metadata = encode_json(self._metadata)
        self.server_metadata: Final = encode_json(authorization.metadata())
        self.types: Final[Mapping[str, bytes]] = {
            type_.id: encode_json(type_metadata(type_)) for type_ in policy.types.values() if type_.vct is not None
        }
        self._signer = signer
        self._clock = clock
        self._signed = b""
        self._signed_at = 0

    def renew(self, signer: CertifiedSigner | None) -> None:
        """Write the metadata again, as the issuer is now, to be signed by this one from now on."""
        self._metadata = self._issuer.metadata()
        self.metadata = encode_json(self._metadata)
        self._signer, self._signed = signer, b""

    def signed_metadata(self) -> bytes | None:
        """The metadata as a JWT, signed at most an hour ago; None where it is not signed."""
        if self._signer is None:
            return None
        now = self._clock.now()
        if not self._signed or not self._signed_at <= now < self._signed_at + SIGN_AGAIN:
            self._signed = sign_issuer_metadata(self._metadata, signer=self._signer, now=now)
            self._signed_at = now
        return self._signed
