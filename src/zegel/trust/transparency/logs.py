"""A log, as the list of trusted entities names it, and as its operator signs with it (RFC 9162 sections 4.1 and 4.4).

What is known of a log comes from the list. A certificate with a timestamp says which log that is from, and no more.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.der import dotted_oid
from zegel.primitives.keys import Curve, PublicKey, Signer, verify_signature
from zegel.trust.transparency.items import LogEntry, SignedCertificateTimestamp, SignedTreeHead, TreeHead

LOG_CURVE: Final = Curve.P256  # section 10.2.2: ecdsa_secp256r1_sha256; the other choice of the registry is Ed25519
_FIELD: Final = 32  # bytes of r and of s


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TransparencyLog:
    """A log that is trusted. ``id`` is the contents of its object identifier, ``entity`` who runs it, by its name on
    the list.

    ``url`` is its base URL, where the list has one. What it stamped from ``retired_at`` on, in seconds, does not count;
    None while it is in service.
    """

    id: bytes
    key: PublicKey
    entity: str
    url: str | None = None
    retired_at: int | None = None

    @property
    def key_id(self) -> bytes:
        """What RFC 6962 section 3.2 knows a log by: the hash of its key."""
        return sha256(self.key.spki()).digest()

    @property
    def name(self) -> str:
        """Its object identifier as text."""
        return dotted_oid(self.id, what="log ID")

    def verify(self, signature: bytes, message: bytes, check: Check) -> bytes:
        """Return what the log signed; ``Rejected(check)`` unless ``signature`` is its own, as RFC 8446 writes one."""
        return verify_signature(self.key, _raw(signature, check), message, check)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LogSigner:
    """A log's own key, and the identifier that it signs under."""

    id: bytes
    signer: Signer

    def sign_timestamp(self, entry: LogEntry) -> SignedCertificateTimestamp:
        """Promise that an entry is, or will be, in the tree (section 4.8)."""
        return SignedCertificateTimestamp(
            precertificate=entry.precertificate,
            log_id=self.id,
            timestamp=entry.timestamp,
            extensions=entry.extensions,
            signature=self._sign(entry.encode()),
        )

    def sign_head(self, head: TreeHead) -> SignedTreeHead:
        """Sign the state of the tree (section 4.10)."""
        return SignedTreeHead(log_id=self.id, head=head, signature=self._sign(head.encode()))

    def _sign(self, message: bytes) -> bytes:
        raw = self.signer.sign(message)
        return encode_dss_signature(int.from_bytes(raw[:_FIELD]), int.from_bytes(raw[_FIELD:]))


def _raw(signature: bytes, check: Check) -> bytes:
    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(_FIELD) + s.to_bytes(_FIELD)
    except (ValueError, OverflowError):
        raise Rejected(check, "expected a DER signature on P-256", field="signature") from None
