"""A log with a fixed key, which stamps the access certificates of tests, and a tree in memory."""

from zegel.adapters.keyfiles import load_private_key
from zegel.config.roles import Config
from zegel.primitives.der import parse_oid
from zegel.primitives.x509 import Certificate
from zegel.trust.anchors import Purpose
from zegel.trust.authority import Authority, Draft, SubjectName, draft_certificate
from zegel.trust.transparency.issuance import issue_stamped
from zegel.trust.transparency.items import InclusionProof, TransItem, TreeHead
from zegel.trust.transparency.logs import LogSigner, TransparencyLog
from zegel.trust.transparency.merkle import inclusion_path, leaf_hash, nodes_of_append, root_of
from zegel.trust.transparency.timestamps import entry_of, issuer_key_hash
from zegel.trust.transparency.vectors import encode_number, encode_vector, encode_vectors
from zegel_testing.authorities import DAY, LOG, LOG_SIGNER, NOW, authority, fixed_key, fixed_random

LOGGED_ROOT = authority("access")


def log_of(config: Config) -> LogSigner:
    """The log of a sandbox."""
    log = config.transparency_log
    return LogSigner(id=parse_oid(log.id, what="log"), signer=load_private_key(log.key))


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


def access_draft(*, name: str = "verifier", root: Authority = LOGGED_ROOT, uris: tuple[str, ...] = ()) -> Draft:
    """An access certificate that is to be issued."""
    return draft_certificate(
        root,
        SubjectName(country="UT", organization="Utopia", common_name=name),
        key=fixed_key(name).public_key,
        purpose=Purpose.ACCESS,
        now=NOW - DAY,
        days=30,
        random=fixed_random(name),
        dns_names=("verifier.utopia.example",),
        uris=uris,
    )


ACCESS_DRAFT = access_draft()


def stamped(draft: Draft = ACCESS_DRAFT) -> Certificate:
    """The access certificate with a timestamp in it."""
    return issue_stamped(draft, log=LOG_SIGNER, now=NOW)


def items(draft: Draft = ACCESS_DRAFT) -> tuple[TransItem, ...]:
    """What a log says of a certificate that stands alone in it: a timestamp, its tree head, and the proof."""
    entry = entry_of(
        draft.tbs, issuer=LOGGED_ROOT.certificate, timestamp=NOW * 1000, precertificate=True, extensions=b""
    )
    tree = Tree((entry.encode(), b"another"))
    head = TreeHead(timestamp=NOW * 1000, tree_size=2, root_hash=root_of(2, tree.read))
    proof = InclusionProof(log_id=LOG.id, tree_size=2, leaf_index=0, path=inclusion_path(0, 2, tree.read))
    return LOG_SIGNER.sign_timestamp(entry), LOG_SIGNER.sign_head(head), proof


def earlier_timestamp(tbs: bytes, *, algorithm: bytes = b"\x04\x03", signer: LogSigner = LOG_SIGNER) -> bytes:
    """A SerializedSCT of RFC 6962 about a TBSCertificate."""
    time, extensions = encode_number(NOW * 1000, 8), encode_vector(b"", 0xFFFF)
    subject = issuer_key_hash(LOGGED_ROOT.certificate) + encode_vector(tbs, 0xFFFFFF)
    signature = signer._sign(b"\x00\x00" + time + b"\x00\x01" + subject + extensions)
    key_id = TransparencyLog(id=signer.id, key=signer.signer.public_key, entity="").key_id
    return b"\x00" + key_id + time + extensions + algorithm + encode_vector(signature, 0xFFFF)


ITEMS = items()
EARLIER = encode_vectors((earlier_timestamp(ACCESS_DRAFT.tbs),), 0xFFFF, inner=0xFFFF)
