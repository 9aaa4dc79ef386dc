"""Whether a certificate was published before it was used: the timestamps that it carries, read and verified.

Both kinds are read here. RFC 9162 puts a ``TransItemList`` into a certificate, which may hold a proof that the promise
was kept, too; RFC 6962, its predecessor, a ``SignedCertificateTimestampList`` (ARF 3.0 CT_04 to CT_06).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.times import TOLERATED_EARLY
from zegel.primitives.x509 import Certificate
from zegel.trust.transparency.extensions import LoggedCertificate, parse_logged_certificate
from zegel.trust.transparency.heads import check_included, verify_tree_head
from zegel.trust.transparency.items import (
    MAX_ITEMS,
    InclusionProof,
    LogEntry,
    SignedCertificateTimestamp,
    SignedTreeHead,
    TransItem,
    parse_trans_items,
)
from zegel.trust.transparency.logs import TransparencyLog
from zegel.trust.transparency.vectors import VectorReader, encode_number, encode_vector

_SCT_LIST: Final = "SignedCertificateTimestampList"
_V1: Final = 0  # RFC 6962 section 3.2, Version
_CERTIFICATE_TIMESTAMP: Final = 0  # SignatureType
_PRECERT_ENTRY: Final = 1  # LogEntryType
_SHA256_ECDSA: Final = (4, 3)  # RFC 5246 section 7.4.1.4.1
_U16: Final = (1 << 16) - 1
_U24: Final = (1 << 24) - 1
_KEY_ID: Final = 32


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTimestamp:
    """A timestamp of RFC 6962 section 3.2. ``key_id`` is the hash of the log's key, ``algorithm`` is two."""

    key_id: bytes
    timestamp: int
    extensions: bytes
    algorithm: tuple[int, int]
    signature: bytes


AnyTimestamp: TypeAlias = SignedCertificateTimestamp | EarlierTimestamp


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedTimestamp:
    """A log's promise about this very certificate. ``timestamp`` is in milliseconds.

    ``tree_size`` is of the tree that the certificate was shown to stand in, None where it carries no such proof.
    """

    log: TransparencyLog
    timestamp: int
    version: Literal[1, 2]
    tree_size: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedTimestamps:
    """A certificate and what trusted logs say of it; nothing where a profile does not ask for any."""

    certificate: Certificate
    timestamps: tuple[VerifiedTimestamp, ...]


def parse_sct_list(data: bytes) -> tuple[EarlierTimestamp, ...]:
    """Parse a ``SignedCertificateTimestampList`` of RFC 6962 section 3.3; other versions than v1 are passed over.

    ``Malformed`` for what is none, or holds more than sixteen.
    """
    reader = VectorReader(data, what=_SCT_LIST)
    serialized = reader.vectors(1, _U16, each=(1, _U16), most=MAX_ITEMS, where="sct_list")
    reader.end()
    return tuple(_read_sct(each) for each in serialized if each[0] == _V1)


def verify_timestamps(
    certificate: Certificate, *, issuer: Certificate, logs: Collection[TransparencyLog], required: bool, now: int
) -> VerifiedTimestamps:
    """Verify that a log on the list of trusted entities knew the certificate before it was issued.

    One that holds is enough (CT_05), whatever others there are. ``required`` refuses a certificate without any of a
    trusted log; otherwise only what a trusted log is said to have signed has to hold. ``Malformed`` for an extension
    that does not parse; ``Rejected`` with CERTIFICATE_TIMESTAMP, TREE_HEAD or LOG_PROOF.
    """
    logged = parse_logged_certificate(certificate.der)
    items = () if logged.items is None else parse_trans_items(logged.items)
    earlier = () if logged.scts is None else parse_sct_list(logged.scts)
    found: tuple[AnyTimestamp, ...] = (*_embedded(items), *earlier)
    verified: list[VerifiedTimestamp] = []
    refused: list[Rejected] = []
    for timestamp in found:
        log = _log_of(timestamp, logs)
        if log is not None:
            try:
                verified.append(_verify(timestamp, log, logged, items, issuer, now))
            except Rejected as error:
                refused.append(error)
    if not verified and refused:
        raise refused[0]
    if not verified and required:
        raise _refuse("it carries none" if not found else f"none of the {len(found)} it carries is of such a log")
    return VerifiedTimestamps(certificate=certificate, timestamps=tuple(verified))


def entry_of(tbs: bytes, *, issuer: Certificate, timestamp: int, precertificate: bool, extensions: bytes) -> LogEntry:
    """The entry that a log has of a certificate (RFC 9162 section 4.7)."""
    return LogEntry(
        precertificate=precertificate,
        timestamp=timestamp,
        issuer_key_hash=issuer_key_hash(issuer),
        tbs_certificate=tbs,
        extensions=extensions,
    )


def issuer_key_hash(issuer: Certificate) -> bytes:
    """What binds an entry to the authority that issued it."""
    return sha256(issuer.key.spki()).digest()


def _embedded(items: tuple[TransItem, ...]) -> Iterator[SignedCertificateTimestamp]:
    """What stands in a certificate is about its pre-certificate (section 7.1.2): it cannot sign for itself."""
    for item in items:
        if isinstance(item, SignedCertificateTimestamp) and item.precertificate:
            yield item


def _log_of(timestamp: AnyTimestamp, logs: Collection[TransparencyLog]) -> TransparencyLog | None:
    if isinstance(timestamp, SignedCertificateTimestamp):
        return next((log for log in logs if log.id == timestamp.log_id), None)
    return next((log for log in logs if log.key_id == timestamp.key_id), None)


def _verify(
    timestamp: AnyTimestamp,
    log: TransparencyLog,
    logged: LoggedCertificate,
    items: tuple[TransItem, ...],
    issuer: Certificate,
    now: int,
) -> VerifiedTimestamp:
    # 1. it is about this certificate, and of that log
    entry: LogEntry | None = None
    if isinstance(timestamp, EarlierTimestamp):
        if timestamp.algorithm != _SHA256_ECDSA:
            raise _refuse("expected a signature with SHA-256 and ECDSA")
        signed = _signed_v1(timestamp, logged, issuer)
    else:
        entry = entry_of(
            logged.tbs_v2,
            issuer=issuer,
            timestamp=timestamp.timestamp,
            precertificate=True,
            extensions=timestamp.extensions,
        )
        signed = entry.encode()
    log.verify(timestamp.signature, signed, Check.CERTIFICATE_TIMESTAMP)
    # 2. the log had promised it by now, and was in service when it did
    if timestamp.timestamp > (now + TOLERATED_EARLY) * 1000:
        raise _refuse("it is of the future")
    if log.retired_at is not None and timestamp.timestamp >= log.retired_at * 1000:
        raise _refuse("the log had been retired when it was made")
    # 3. what it says of its tree holds
    if entry is None:
        return VerifiedTimestamp(log=log, timestamp=timestamp.timestamp, version=1)
    tree_size = _proven_in(items, log, entry, now)
    return VerifiedTimestamp(log=log, timestamp=timestamp.timestamp, version=2, tree_size=tree_size)


def _proven_in(items: tuple[TransItem, ...], log: TransparencyLog, entry: LogEntry, now: int) -> int | None:
    """The size of the tree in which the log's own proof, if there is one, shows the entry (section 8.1.5)."""
    heads = {item.head.tree_size: item for item in items if isinstance(item, SignedTreeHead) and item.log_id == log.id}
    for proof in items:
        if isinstance(proof, InclusionProof) and proof.log_id == log.id and proof.tree_size in heads:
            head = verify_tree_head(heads[proof.tree_size], log=log, now=now)
            return check_included(entry.leaf(), proof=proof, head=head).head.tree_size
    return None


def _signed_v1(sct: EarlierTimestamp, logged: LoggedCertificate, issuer: Certificate) -> bytes:
    """What RFC 6962 section 3.2 has signed."""
    return b"".join(
        (
            encode_number(_V1, 1),
            encode_number(_CERTIFICATE_TIMESTAMP, 1),
            encode_number(sct.timestamp, 8),
            encode_number(_PRECERT_ENTRY, 2),
            issuer_key_hash(issuer),
            encode_vector(logged.tbs_v1, _U24),
            encode_vector(sct.extensions, _U16),
        )
    )


def _read_sct(data: bytes) -> EarlierTimestamp:
    reader = VectorReader(data, what=_SCT_LIST)
    reader.number(1, "sct_version")
    sct = EarlierTimestamp(
        key_id=reader.octets(_KEY_ID, "id"),
        timestamp=reader.number(8, "timestamp"),
        extensions=reader.vector(0, _U16, "extensions"),
        algorithm=(reader.number(1, "signature.hash"), reader.number(1, "signature.signature")),
        signature=reader.vector(0, _U16, "signature"),
    )
    reader.end()
    return sct


def _refuse(detail: str) -> Rejected:
    return Rejected(Check.CERTIFICATE_TIMESTAMP, f"expected a timestamp of a log on the list: {detail}", field="x5c[0]")
