"""A log with a fixed key, which stamps the access certificates of tests, and a tree in memory."""

from zegel.primitives.der import encode_oid
from zegel.trust.transparency.logs import LogSigner, TransparencyLog
from zegel.trust.transparency.merkle import leaf_hash, nodes_of_append
from zegel_testing.authorities import fixed_key

LOG_SIGNER = LogSigner(id=encode_oid("2.25.1"), signer=fixed_key("log"))
LOG = TransparencyLog(
    id=LOG_SIGNER.id, key=LOG_SIGNER.signer.public_key, entity="Utopia log office", url="https://log.utopia.example"
)


class Tree:
    """The nodes of a tree, by level and index."""

    def __init__(self, entries: tuple[bytes, ...] = ()) -> None:
        self.size = 0
        self._nodes: dict[tuple[int, int], bytes] = {}
        for entry in entries:
            self.append(entry)

    def append(self, entry: bytes) -> None:
        for level, index, node in nodes_of_append(self.size, leaf_hash(entry), self.read):
            self._nodes[level, index] = node
        self.size += 1

    def read(self, level: int, index: int) -> bytes:
        return self._nodes[level, index]
