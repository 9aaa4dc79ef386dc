"""The root of access certificates of a sandbox: in a file that its passphrase opens, as that of any access authority.

Its passphrase lies beside it, for a sandbox is to be tried out; whoever runs an authority keeps both elsewhere. No role
opens either: they may be taken away, and everything goes on until an authority below the root is to be certified or
revoked.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from zegel.adapters.entropy import system_random
from zegel.adapters.files import read_owner_only, replace_owner_only
from zegel.adapters.keyfiles import MAX_KEY, create_secret
from zegel.adapters.revocation_files import CRL_FOLDER, CRL_SUFFIX
from zegel.adapters.root_vault import Root, open_root, seal_root
from zegel.adapters.vault import Cost, Vault
from zegel.primitives.encoding import base64url
from zegel.primitives.x509 import Certificate
from zegel.trust.authority import Authority

ACCESS: Final = "access"
BELOW_ROOT: Final = "access-issuing"
"""The file of the authority that certifies the sandbox's own parties for access, below the access root."""
ROOT_FILE: Final = "access.root"
PASSPHRASE_FILE: Final = "access.passphrase"  # noqa: S105 a name
_COST: Final = Cost(iterations=1)  # nobody guesses 32 random bytes, however fast
_AUTHORITIES: Final = "authorities"


def seal_access_root(
    folder: Path, authority: Authority, *, contact: str, crl_url: str, now: int, random: Callable[[int], bytes]
) -> None:
    """Put the root away for good, after it has signed that nothing is revoked."""
    root = Root(certificate=authority.certificate, key=authority.key, contact=contact, crl_url=crl_url)
    root, signed = root.publish(now=now)
    authorities = folder / _AUTHORITIES
    passphrase = base64url(create_secret(authorities / PASSPHRASE_FILE, random=random))
    seal_root(authorities / ROOT_FILE, passphrase, root, random=random, cost=_COST)
    _replace_list(folder, signed)


def is_sealed(folder: Path) -> bool:
    """Whether it is: a sandbox that was made before has its key as the others."""
    return not (folder / _AUTHORITIES / f"{ACCESS}.key.pem").exists()


def publish_access_root(folder: Path, revoked: Certificate | None = None, *, now: int) -> None:
    """Publish its list anew, after revoking what is named; ``Unavailable`` where the root was taken away."""
    with open_access_root(folder / _AUTHORITIES) as vault:
        root = vault.value if revoked is None else vault.value.revoke(revoked, now=now)
        root, signed = root.publish(now=now)
        vault.save(root)  # first: a number is given out once
    _replace_list(folder, signed)


def open_access_root(authorities: Path) -> Vault[Root]:
    """Open it in its folder; ``Unavailable`` where it was taken away."""
    passphrase = read_owner_only(authorities / PASSPHRASE_FILE, max_bytes=MAX_KEY).decode("ascii", "replace").strip()
    return open_root(authorities / ROOT_FILE, passphrase, random=system_random)


def _replace_list(folder: Path, signed: bytes) -> None:
    replace_owner_only(folder / "trust" / CRL_FOLDER / (ACCESS + CRL_SUFFIX), signed)
