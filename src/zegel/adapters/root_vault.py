"""A root of access certificates in a file of its own, sealed under its own passphrase: no service opens such a file.

It is kept apart from every machine that serves, and opened by whoever certifies an authority below it, or revokes one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

from zegel.adapters.vault import Cost, Vault, create_vault, open_vault
from zegel.errors import Unavailable
from zegel.primitives.crl import sign_crl
from zegel.primitives.keys import PrivateKey, random_private_key
from zegel.primitives.x509 import DAY, Certificate
from zegel.trust.access_authority.request import VerifiedCertificateRequest
from zegel.trust.authority import Authority, SubjectName, create_authority, issue_authority

ROOT_LIST_DAYS: Final = 180  # until the next list of a root, which is opened twice a year at least


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """An authority that counts no longer, by its serial number in hexadecimal, and since when."""

    serial: str
    at: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """What the file holds. ``number`` is that of the last list of what was revoked."""

    certificate: Certificate
    key: PrivateKey
    contact: str
    crl_url: str
    number: int = 0
    revoked: tuple[Revoked, ...] = ()

    @property
    def authority(self) -> Authority:
        """The root, to sign with."""
        return Authority(certificate=self.certificate, key=self.key)

    def certify(
        self,
        request: VerifiedCertificateRequest,
        name: SubjectName,
        *,
        days: int,
        now: int,
        random: Callable[[int], bytes],
    ) -> Certificate:
        """Certify an authority that issues below it."""
        return issue_authority(
            self.authority, name, key=request.key, now=now, days=days, random=random, crl_url=self.crl_url
        )

    def revoke(self, certificate: Certificate, *, now: int) -> "Root":
        """Revoke an authority below it, for good; ``Unavailable`` for one that another root certified."""
        if certificate.issuer != self.certificate.subject or certificate.authority_key_id != self.certificate.key_id:
            raise Unavailable("certificate", f"it was not certified by {self.certificate.subject}")
        serial = f"{certificate.serial_number:x}"
        if serial in {each.serial for each in self.revoked}:
            return self
        return replace(self, revoked=(*self.revoked, Revoked(serial=serial, at=now)))

    def publish(self, *, now: int) -> tuple["Root", bytes]:
        """The next list of what was revoked, and the root with its number."""
        following = replace(self, number=self.number + 1)
        signed = sign_crl(
            self.certificate,
            key=self.key,
            revoked={int(each.serial, 16): each.at for each in self.revoked},
            number=following.number,
            now=now,
            next_update=now + ROOT_LIST_DAYS * DAY,
        )
        return following, signed


def create_root(
    path: Path,
    passphrase: str,
    name: SubjectName,
    *,
    contact: str,
    crl_url: str,
    now: int,
    random: Callable[[int], bytes],
    cost: Cost | None = None,
) -> Root:
    """Make a root in a new file; ``Unavailable`` when there is one, ``Malformed`` without a passphrase."""
    key = random_private_key(random)
    made = create_authority(name, key=key, now=now, random=random, contact=contact, path_length=1)
    root = Root(certificate=made.certificate, key=key, contact=contact, crl_url=crl_url)
    return seal_root(path, passphrase, root, random=random, cost=cost)


def seal_root(
    path: Path, passphrase: str, root: Root, *, random: Callable[[int], bytes], cost: Cost | None = None
) -> Root:
    """Put a root into a new file; refused as ``create_root`` refuses."""
    with create_vault(path, passphrase, root, states=(Root,), random=random, cost=cost):
        return root


def open_root(path: Path, passphrase: str, *, random: Callable[[int], bytes]) -> Vault[Root]:
    """Open a root's file; refused as ``open_vault`` refuses."""
    return open_vault(path, passphrase, states=(Root,), random=random)
