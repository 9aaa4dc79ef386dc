"""The registrar's office beside a world: it gives the verifier another certificate, and revokes those that it gave."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zegel.adapters.keyfiles import load_signer
from zegel.adapters.sandbox.registrations import REGISTRATIONS, SIGNER_FILE, STATUS_FILE
from zegel.formats.status.entries import INVALID, compress, empty_status_list
from zegel.formats.status.token import sign_status_list_jwt
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.sign import sign_registration_cwt, sign_registration_jwt
from zegel.trust.registration.values import RegistrationCertificate
from zegel.trust.signing import CertifiedSigner
from zegel_testing.wallet_world import WalletWorld

Sign = Callable[..., bytes]
FORMATS: dict[str, Sign] = {"jwt": sign_registration_jwt, "cwt": sign_registration_cwt}


@dataclass
class Office:
    """Who signs registration certificates in a world."""

    world: WalletWorld
    folder: Path

    @property
    def signer(self) -> CertifiedSigner:
        key = self.folder / "keys" / f"{SIGNER_FILE}.key.pem"
        return load_signer(key, key.with_name(f"{SIGNER_FILE}.pem"))

    def certificate(self, role: str = "verifier") -> RegistrationCertificate:
        """What a party has registered."""
        return parse_registration((self.folder / REGISTRATIONS[role]).read_bytes()).unverified_certificate

    async def give(
        self,
        role: str = "verifier",
        *,
        sign: Sign = sign_registration_jwt,
        signer: CertifiedSigner | None = None,
        **changes: Any,
    ) -> RegistrationCertificate:
        """Give a role another certificate, which differs in this."""
        certificate = replace(self.certificate(role), **changes)
        await self.put(sign(certificate, signer=signer or self.signer), role)
        return certificate

    async def put(self, data: bytes, role: str = "verifier") -> None:
        """Put a file in the certificate's place, and have the role read it."""
        (self.folder / REGISTRATIONS[role]).write_bytes(data)
        for timer in self.world.roles[role].timers:
            if timer.name == f"{role}: registration certificates":
                await timer.act()

    def revoke(self, role: str = "verifier") -> None:
        """Have the list say that a certificate is revoked."""
        status = self.certificate(role).status
        assert status is not None
        self.publish({status.index: INVALID}, uri=status.uri)

    def publish(self, revoked: dict[int, int], *, uri: str, ttl: int = 43_200) -> None:
        """Sign the list as it stands now."""
        now, signer = self.world.clock.now(), self.signer
        token = sign_status_list_jwt(
            compress(empty_status_list(4_096, bits=1).updated(revoked)),
            uri=uri,
            signer=signer.signer,
            chain=signer.chain,
            now=now,
            expires=now + 30 * 86_400,
            ttl=ttl,
        )
        (self.folder / "trust" / STATUS_FILE).write_bytes(token)
