"""What logs say, as values and as the bytes of a ``TransItem`` (RFC 9162 sections 4.5 to 4.12 and 6.3).

Times are milliseconds since the epoch, as logs write them. A log ID is the contents of its object identifier.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, TypeAlias, final

from zegel.errors import Malformed
from zegel.trust.transparency.merkle import HASH_SIZE, MAX_PATH, leaf_hash
from zegel.trust.transparency.vectors import VectorReader, encode_number, encode_vector, encode_vectors

MAX_ITEMS: Final = 16  # in one certificate: three for each log, and nobody asks for more than five logs
MAX_EXTENSIONS: Final = 16  # of one item; the registry of section 10.2.4 has none yet

_WHAT: Final = "TransItem"
_LIST: Final = "TransItemList"
_U8: Final = (1 << 8) - 1
_U16: Final = (1 << 16) - 1
_U24: Final = (1 << 24) - 1
_LOG_ID: Final = (2, 127)
_NODE: Final = (HASH_SIZE, _U8)


class ItemType(IntEnum):
    """``VersionedTransType``, section 10.2.3."""

    X509_ENTRY = 0x0100
    PRECERT_ENTRY = 0x0101
    X509_SCT = 0x0102
    PRECERT_SCT = 0x0103
    SIGNED_TREE_HEAD = 0x0104
    CONSISTENCY_PROOF = 0x0105
    INCLUSION_PROOF = 0x0106


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A leaf: the certificate, or what a pre-certificate announced, that a log took in (section 4.7).

    ``extensions`` are the bytes of the vector, as signed.
    """

    precertificate: bool
    timestamp: int
    issuer_key_hash: bytes
    tbs_certificate: bytes
    extensions: bytes = b""

    def encode(self) -> bytes:
        """The ``TransItem``: what an SCT signs, and what is hashed into the tree."""
        return b"".join(
            (
                encode_number(ItemType.PRECERT_ENTRY if self.precertificate else ItemType.X509_ENTRY, 2),
                encode_number(self.timestamp, 8),
                encode_vector(self.issuer_key_hash, _U8),
                encode_vector(self.tbs_certificate, _U24),
                encode_vector(self.extensions, _U16),
            )
        )

    def leaf(self) -> bytes:
        """Its leaf hash."""
        return leaf_hash(self.encode())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCertificateTimestamp:
    """A log's promise that an entry is in its tree, or will be after the merge delay (section 4.8)."""

    precertificate: bool
    log_id: bytes
    timestamp: int
    signature: bytes
    extensions: bytes = b""

    def encode(self) -> bytes:
        """The ``TransItem``."""
        return b"".join(
            (
                encode_number(ItemType.PRECERT_SCT if self.precertificate else ItemType.X509_SCT, 2),
                encode_vector(self.log_id, _U8),
                encode_number(self.timestamp, 8),
                encode_vector(self.extensions, _U16),
                encode_vector(self.signature, _U16),
            )
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TreeHead:
    """The state of a tree (section 4.9)."""

    timestamp: int
    tree_size: int
    root_hash: bytes
    extensions: bytes = b""

    def encode(self) -> bytes:
        """The ``TreeHeadDataV2``, which a log signs."""
        return b"".join(
            (
                encode_number(self.timestamp, 8),
                encode_number(self.tree_size, 8),
                encode_vector(self.root_hash, _U8),
                encode_vector(self.extensions, _U16),
            )
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTreeHead:
    """A tree head and the log's signature (section 4.10)."""

    log_id: bytes
    head: TreeHead
    signature: bytes

    def encode(self) -> bytes:
        """The ``TransItem``."""
        return b"".join(
            (
                encode_number(ItemType.SIGNED_TREE_HEAD, 2),
                encode_vector(self.log_id, _U8),
                self.head.encode(),
                encode_vector(self.signature, _U16),
            )
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyProof:
    """What leads from an older root to a newer one (section 4.11)."""

    log_id: bytes
    tree_size_1: int
    tree_size_2: int
    path: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The ``TransItem``."""
        return b"".join(
            (
                encode_number(ItemType.CONSISTENCY_PROOF, 2),
                encode_vector(self.log_id, _U8),
                encode_number(self.tree_size_1, 8),
                encode_number(self.tree_size_2, 8),
                encode_vectors(self.path, _U16, inner=_U8),
            )
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """What leads from a leaf to the root of a tree (section 4.12)."""

    log_id: bytes
    tree_size: int
    leaf_index: int
    path: tuple[bytes, ...]

    def encode(self) -> bytes:
        """The ``TransItem``."""
        return b"".join(
            (
                encode_number(ItemType.INCLUSION_PROOF, 2),
                encode_vector(self.log_id, _U8),
                encode_number(self.tree_size, 8),
                encode_number(self.leaf_index, 8),
                encode_vectors(self.path, _U16, inner=_U8),
            )
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownItem:
    """An item of a type that is unknown here: to be passed over (section 6.3)."""

    type: int
    data: bytes = field(repr=False)

    def encode(self) -> bytes:
        """The item as it came."""
        return encode_number(self.type, 2) + self.data


TransItem: TypeAlias = (
    LogEntry | SignedCertificateTimestamp | SignedTreeHead | ConsistencyProof | InclusionProof | UnknownItem
)


def parse_trans_item(data: bytes) -> TransItem:
    """Parse one ``TransItem``; ``Malformed`` for one of a type known here that is not as its structure wants it."""
    reader = VectorReader(data, what=_WHAT)
    number = reader.number(2, "versioned_type")
    try:
        kind = ItemType(number)
    except ValueError:
        return UnknownItem(type=number, data=data[2:])
    item = _read(kind, reader)
    reader.end()
    return item


def parse_trans_items(data: bytes) -> tuple[TransItem, ...]:
    """Parse a ``TransItemList``; ``Malformed`` for more than sixteen items."""
    reader = VectorReader(data, what=_LIST)
    serialized = reader.vectors(1, _U16, each=(1, _U16), most=MAX_ITEMS, where="trans_item_list")
    reader.end()
    return tuple(map(parse_trans_item, serialized))


def encode_trans_items(items: tuple[TransItem, ...]) -> bytes:
    """A ``TransItemList``."""
    return encode_vectors(tuple(item.encode() for item in items), _U16, inner=_U16)


def _read(kind: ItemType, reader: VectorReader) -> TransItem:
    match kind:  # what is none of these is an inclusion proof
        case ItemType.X509_ENTRY | ItemType.PRECERT_ENTRY:
            return LogEntry(
                precertificate=kind is ItemType.PRECERT_ENTRY,
                timestamp=reader.number(8, "timestamp"),
                issuer_key_hash=_hash(reader.vector(*_NODE, "issuer_key_hash"), "issuer_key_hash"),
                tbs_certificate=reader.vector(1, _U24, "tbs_certificate"),
                extensions=_extensions(reader, "sct_extensions"),
            )
        case ItemType.X509_SCT | ItemType.PRECERT_SCT:
            return SignedCertificateTimestamp(
                precertificate=kind is ItemType.PRECERT_SCT,
                log_id=reader.vector(*_LOG_ID, "log_id"),
                timestamp=reader.number(8, "timestamp"),
                extensions=_extensions(reader, "sct_extensions"),
                signature=reader.vector(1, _U16, "signature"),
            )
        case ItemType.SIGNED_TREE_HEAD:
            return SignedTreeHead(
                log_id=reader.vector(*_LOG_ID, "log_id"),
                head=TreeHead(
                    timestamp=reader.number(8, "tree_head.timestamp"),
                    tree_size=reader.number(8, "tree_head.tree_size"),
                    root_hash=_hash(reader.vector(*_NODE, "tree_head.root_hash"), "tree_head.root_hash"),
                    extensions=_extensions(reader, "tree_head.sth_extensions"),
                ),
                signature=reader.vector(1, _U16, "signature"),
            )
        case ItemType.CONSISTENCY_PROOF:
            return ConsistencyProof(
                log_id=reader.vector(*_LOG_ID, "log_id"),
                tree_size_1=reader.number(8, "tree_size_1"),
                tree_size_2=reader.number(8, "tree_size_2"),
                path=_path(reader, "consistency_path"),
            )
        case _:
            pass
    return InclusionProof(
        log_id=reader.vector(*_LOG_ID, "log_id"),
        tree_size=reader.number(8, "tree_size"),
        leaf_index=reader.number(8, "leaf_index"),
        path=_path(reader, "inclusion_path"),
    )


def _path(reader: VectorReader, where: str) -> tuple[bytes, ...]:
    # a consistency proof has a node more than the tree is high
    nodes = reader.vectors(0, _U16, each=_NODE, most=MAX_PATH + 1, where=where)
    return tuple(_hash(node, where) for node in nodes)


def _hash(data: bytes, where: str) -> bytes:
    if len(data) != HASH_SIZE:  # section 10.2.1: SHA-256 is the only hash
        raise Malformed(_WHAT, where, f"expected a hash of {HASH_SIZE} bytes, got {len(data)}")
    return data


def _extensions(reader: VectorReader, where: str) -> bytes:
    """The vector's bytes, once it is seen that types rise and none stands twice (sections 4.8 and 4.9)."""
    data = reader.vector(0, _U16, where)
    inner = VectorReader(data, what=_WHAT)
    last, count = -1, 0
    while not inner.is_at_end:
        type_ = inner.number(2, where)
        inner.vector(0, _U16, where)
        count += 1
        if type_ <= last or count > MAX_EXTENSIONS:
            raise Malformed(_WHAT, where, f"expected at most {MAX_EXTENSIONS} extensions in the order of their types")
        last = type_
    return data
