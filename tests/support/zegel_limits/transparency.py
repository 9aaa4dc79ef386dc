"""The limits of DER, and of what logs say."""

from collections.abc import Mapping
from typing import Final

from zegel.primitives.der import parse_elements, parse_oid
from zegel.primitives.encoding import base64
from zegel.primitives.json import encode_json
from zegel.protocols.transparency.answers import parse_log_answer
from zegel.protocols.transparency.submission import parse_submission
from zegel.services.log_watch import parse_watch_state
from zegel.trust.transparency.items import (
    ConsistencyProof,
    SignedCertificateTimestamp,
    UnknownItem,
    encode_trans_items,
    parse_trans_item,
    parse_trans_items,
)
from zegel.trust.transparency.precertificate import parse_precertificate
from zegel.trust.transparency.vectors import encode_number, encode_vector
from zegel_limits.pair import Pair

_LOG: Final = b"\x69\x01"


def _timestamp(extensions: int = 0) -> SignedCertificateTimestamp:
    each = b"".join(encode_number(kind, 2) + encode_vector(b"", 0xFFFF) for kind in range(extensions))
    return SignedCertificateTimestamp(precertificate=True, log_id=_LOG, timestamp=1, signature=b"s", extensions=each)


def _path(nodes: int) -> object:
    proof = ConsistencyProof(log_id=_LOG, tree_size_1=1, tree_size_2=2, path=(bytes(32),) * nodes)
    return parse_trans_item(proof.encode())


def _chain(certificates: int) -> object:
    return parse_submission(encode_json({"submission": "AAAA", "type": 1, "chain": ["AAAA"] * certificates}))


def _answered(characters: int) -> object:
    return parse_log_answer(encode_json({"sth": "A" * characters}))


def _told(entries: int) -> object:
    entry = {"log_entry": base64(UnknownItem(type=0xE000, data=b"").encode())}
    return parse_log_answer(encode_json({"entries": [entry] * entries}))


TRANSPARENCY: Final[Mapping[str, Pair]] = {
    "zegel.primitives.der.MAX_ELEMENTS": Pair(lambda n: parse_elements(b"\x05\x00" * n, what="test")),
    "zegel.primitives.der.MAX_OID": Pair(lambda n: parse_oid("2.1" + ".1" * (n - 1), what="test")),
    "zegel.primitives.der._MAX_TEXT": Pair(
        lambda n: parse_oid("2.".ljust(n, "1"), what="test"), says="as 2.25.1", filler=True
    ),
    "zegel.primitives.der._MAX_LENGTH_OCTETS": Pair(
        lambda n: parse_elements(bytes((4, 0x80 | n)) + b"\x01" * n, what="test"), filler=True
    ),
    "zegel.services.log_watch.MAX_STATE": Pair(
        lambda n: parse_watch_state(b'{"a":"' + b"a" * (n - 8) + b'"}'), filler=True
    ),
    "zegel.protocols.transparency.submission.MAX_SUBMISSION": Pair(
        lambda n: parse_submission(b'{"a":"' + b"a" * (n - 8) + b'"}'), filler=True
    ),
    "zegel.protocols.transparency.submission.MAX_CHAIN_LENGTH": Pair(_chain),
    "zegel.protocols.transparency.answers.MAX_ANSWER": Pair(
        lambda n: parse_log_answer(b'{"a":"' + b"a" * (n - 8) + b'"}')
    ),
    "zegel.protocols.transparency.answers.MAX_ENTRIES": Pair(_told),
    "zegel.protocols.transparency.answers._MAX_ITEM": Pair(_answered, filler=True),
    "zegel.trust.transparency.items.MAX_EXTENSIONS": Pair(lambda n: parse_trans_item(_timestamp(n).encode())),
    "zegel.trust.transparency.items.MAX_ITEMS": Pair(
        lambda n: parse_trans_items(encode_trans_items((_timestamp(),) * n))
    ),
    # a proof of consistency has a node more than the tree is high
    "zegel.trust.transparency.merkle.MAX_PATH": Pair(lambda n: _path(n + 1), says="at most 65"),
    "zegel.trust.transparency.precertificate.MAX_PRECERTIFICATE": Pair(
        lambda n: parse_precertificate(bytes(n)), filler=True
    ),
}
