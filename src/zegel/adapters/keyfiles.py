"""Keys and chains as PEM files, sealing keys and tokens as text: readable by their owner alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from zegel.adapters.files import create_owner_only, read_file, read_owner_only
from zegel.adapters.sealing import KEY_BYTES
from zegel.errors import Malformed, Unavailable
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.keys import PrivateKey, parse_private_pem
from zegel.primitives.x509 import Certificate, parse_pem_certificates
from zegel.trust.signing import CertifiedSigner

MAX_KEY: Final = 4_096  # the PKCS#8 PEM of a P-521 key has 400 bytes
MAX_CHAIN: Final = 1 << 18  # lists of anchors are PEM files too: a hundred certificates


def create_private_key(path: Path, key: PrivateKey) -> None:
    """Write a key; ``Unavailable`` when there is a file by that name."""
    create_owner_only(path, key.secret_pem())


def load_private_key(path: Path) -> PrivateKey:
    """Read a key; ``Unavailable`` when it is missing, open to others, or no EC key."""
    pem = read_owner_only(path, max_bytes=MAX_KEY)
    try:
        return parse_private_pem(pem, what="file")
    except Malformed as error:
        raise Unavailable(str(path), error.detail) from None


def load_certificates(path: Path) -> tuple[Certificate, ...]:
    """Read the certificates of a PEM file, in order; ``Unavailable`` when it is missing or holds none."""
    pem = read_file(path, max_bytes=MAX_CHAIN)
    try:
        return parse_pem_certificates(pem, what="file")
    except Malformed as error:
        raise Unavailable(str(path), error.detail) from None


def load_certificate_bytes(path: Path) -> tuple[bytes, ...]:
    """Read the certificates of a PEM file as DER, with keys of whatever kind; ``Unavailable`` as above."""
    try:
        certificates = x509.load_pem_x509_certificates(read_file(path, max_bytes=MAX_CHAIN))
    except ValueError:
        raise Unavailable(str(path), "expected PEM certificates") from None
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates)


def load_signer(key: Path, chain: Path) -> CertifiedSigner:
    """Read a key and its chain; ``Unavailable`` also when the first certificate is another key's."""
    signer, certificates = load_private_key(key), load_certificates(chain)
    if certificates[0].key != signer.public_key:
        raise Unavailable(str(chain), f"its first certificate is not of the key in {key}")
    return CertifiedSigner(signer=signer, certificates=certificates)


def create_secret(path: Path, *, random: Callable[[int], bytes]) -> bytes:
    """Make a sealing key or a bearer token of 32 random bytes and write it as base64url."""
    secret = random(KEY_BYTES)
    create_owner_only(path, base64url(secret).encode() + b"\n")
    return secret


def load_secret(path: Path) -> bytes:
    """Read what ``create_secret`` wrote: 32 bytes; ``Unavailable`` otherwise."""
    text = read_owner_only(path, max_bytes=MAX_KEY).strip()
    try:
        secret = parse_base64url(text, what="file")
    except Malformed as error:
        raise Unavailable(str(path), error.detail) from None
    if len(secret) != KEY_BYTES:
        raise Unavailable(str(path), f"expected {KEY_BYTES} bytes as base64url")
    return secret


def load_client_secret(path: Path) -> str:
    """Read what another server gave us to authenticate with; ``Unavailable`` unless it is a line of visible ASCII."""
    try:
        text = read_owner_only(path, max_bytes=MAX_KEY).decode("ascii").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or not text.isprintable():
        raise Unavailable(str(path), "expected a line of visible ASCII")
    return text
