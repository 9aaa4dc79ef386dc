"""Lists of thousands of entities, each under a certificate of its own, and what it takes to verify one.

As a program: the path of a list, and it prints the seconds and the bytes over its start that the list took.
"""

import gc
import re
import sys
from pathlib import Path
from time import perf_counter

from zegel.primitives.encoding import base64
from zegel.primitives.json import encode_json
from zegel.primitives.jws import encode_header, sign_encoded
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import LIST_HEADER, ListType, ServiceType
from zegel.trust.lists.verify import verify_trusted_list
from zegel_testing.authorities import NOW, anchor, authority, trusting
from zegel_testing.lists import LIST_ROOT, OPERATOR, document, entity, service

_STATUS = Path("/proc/self/status")


def large_list(count: int) -> bytes:
    """A list of so many wallet providers. Their certificates are one but for the serial number."""
    certificate = authority("wallet root").certificate
    der, serial = certificate.der, certificate.der[15:31]
    content = document(ListType.WALLET_PROVIDERS, entity("Office", service(ServiceType.WALLET_ISSUANCE, certificate)))
    (one,) = content["LoTE"]["TrustedEntitiesList"]
    text, listed = encode_json(one), base64(der).encode()
    many = b",".join(
        text.replace(listed, base64(der.replace(serial, serial[:8] + number.to_bytes(8))).encode())
        for number in range(count)
    )
    payload = encode_json(content).replace(text, many)
    return sign_encoded(
        encode_header(signer=OPERATOR.key, typ=LIST_HEADER, x5c=OPERATOR.chain), payload, signer=OPERATOR.key
    )


def _measure(path: Path) -> None:
    anchors = trusting(anchor(LIST_ROOT, Purpose.LIST))
    anchors.verify_chain(OPERATOR.chain, purpose=Purpose.LIST, now=NOW)
    gc.collect()
    start, begun = _memory("VmRSS"), perf_counter()
    parsed = parse_trusted_list(path.read_bytes())
    verified = verify_trusted_list(parsed, expected=ListType.WALLET_PROVIDERS, anchors=anchors, now=NOW, seen=0)
    found = TrustAnchors(verified.anchors()).of(Purpose.WALLET_PROVIDER)
    print(encode_json({
        "entities": len(verified.entities),
        "anchors": len(found),
        "bytes": _memory("VmHWM") - start,
        "seconds": perf_counter() - begun,
    }).decode())  # fmt: skip


def _memory(name: str) -> int:
    """What the kernel counts for this process, in bytes: now (``VmRSS``), or at most so far (``VmHWM``)."""
    found = re.search(rf"^{name}:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    _measure(Path(sys.argv[1]))
