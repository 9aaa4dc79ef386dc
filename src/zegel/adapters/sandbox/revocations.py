"""The lists of revoked certificates of a sandbox's authorities, as files that the trust role serves."""

from pathlib import Path
from typing import Final

from zegel.adapters.files import make_owner_only_folder, read_file, replace_owner_only
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.revocation_files import CRL_FOLDER, CRL_SUFFIX
from zegel.adapters.sandbox.access_root import ACCESS, BELOW_ROOT, is_sealed, publish_access_root
from zegel.errors import Unavailable
from zegel.primitives.crl import MAX_CRL, UnverifiedCrl, parse_crl, sign_crl
from zegel.primitives.x509 import DAY, Certificate
from zegel.trust.authority import Authority

CRL_PATH: Final = "/crl/"
CRL_DAYS: Final = 180  # as the lists of trusted entities: a sandbox that rests for a while is still one

PUBLISHING: Final = ("attestations", "wallets", "wallet-status", ACCESS, BELOW_ROOT, "registration")
"""The authorities, by their files, whose certificates say where their revocation is published."""


def publish_first(trust: Path, name: str, authority: Authority, *, now: int) -> None:
    """The first list of an authority: nothing is revoked."""
    make_owner_only_folder(trust / CRL_FOLDER)
    _publish(trust, name, authority, revoked={}, number=1, now=now)


def revoke_certificate(folder: Path, certificate: Certificate, *, now: int) -> str:
    """Revoke a certificate of a sandbox in ``folder``, for good; the name of its authority.

    ``Unavailable`` where no authority of the sandbox issued it.
    """
    for name in _publishing(folder):
        if _certificate(folder, name).subject == certificate.issuer:
            _publish_anew(folder, name, certificate, now=now)
            return name
    raise Unavailable("certificate", "no authority of this sandbox that publishes revocations has issued it")


def renew_revocations(folder: Path, *, now: int) -> tuple[str, ...]:
    """Publish every list anew, with what is on it; the names of their authorities.

    ``Unavailable``, after the others, where the root of access was taken away.
    """
    names = _publishing(folder)
    for name in sorted(names, key=lambda each: each == ACCESS):
        _publish_anew(folder, name, None, now=now)
    return names


def _publish_anew(folder: Path, name: str, certificate: Certificate | None, *, now: int) -> None:
    if name == ACCESS and is_sealed(folder):
        publish_access_root(folder, certificate, now=now)
        return
    published = _published(folder, name)
    revoked = published.revoked_at() | ({} if certificate is None else {certificate.serial_number: now})
    number = (published.unverified_number or 0) + 1
    _publish(folder / "trust", name, _authority(folder, name), revoked=revoked, number=number, now=now)


def _publishing(folder: Path) -> tuple[str, ...]:
    """The authorities that publish: a sandbox that was made before there was one below the access root has none."""
    is_older = not (folder / "authorities" / f"{BELOW_ROOT}.pem").exists()
    return tuple(name for name in PUBLISHING if not (is_older and name == BELOW_ROOT))


def _published(folder: Path, name: str) -> UnverifiedCrl:
    return parse_crl(read_file(folder / "trust" / CRL_FOLDER / (name + CRL_SUFFIX), max_bytes=MAX_CRL))


def _certificate(folder: Path, name: str) -> Certificate:
    (certificate,) = load_certificates(folder / "authorities" / f"{name}.pem")
    return certificate


def _authority(folder: Path, name: str) -> Authority:
    certificate = _certificate(folder, name)
    return Authority(certificate=certificate, key=load_private_key(folder / "authorities" / f"{name}.key.pem"))


def _publish(trust: Path, name: str, authority: Authority, *, revoked: dict[int, int], number: int, now: int) -> None:
    signed = sign_crl(
        authority.certificate,
        key=authority.key,
        revoked=revoked,
        number=number,
        now=now,
        next_update=now + CRL_DAYS * DAY,
    )
    replace_owner_only(trust / CRL_FOLDER / (name + CRL_SUFFIX), signed)
