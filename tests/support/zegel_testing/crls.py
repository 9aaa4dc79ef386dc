"""Lists of revoked certificates of any length, put together by hand: the library takes a second for a long one."""

from zegel.primitives.crl import sign_crl
from zegel.primitives.der import SEQUENCE, encode_element, parse_element, parse_elements
from zegel_testing.authorities import NOW, authority

_INTEGER = 0x02


def crl_of(count: int) -> bytes:
    """A list with so many serial numbers, under a signature that is none."""
    root = authority("revocations")
    der = sign_crl(root.certificate, key=root.key, revoked={1: NOW}, number=1, now=NOW, next_update=NOW + 1)
    tbs, *rest = parse_elements(parse_element(der, SEQUENCE, what="test").content, what="test")
    members = parse_elements(tbs.content, what="test")
    at = next(at for at, each in enumerate(members) if at > 4 and each.tag == SEQUENCE)
    (entry,) = parse_elements(members[at].content, what="test")
    date = parse_elements(entry.content, what="test")[1].der
    entries = [
        encode_element(SEQUENCE, encode_element(_INTEGER, (0x10000 + number).to_bytes(3)), date)
        for number in range(count)
    ]
    made = [
        *(each.der for each in members[:at]),
        encode_element(SEQUENCE, *entries),
        *(each.der for each in members[at + 1 :]),
    ]
    return encode_element(SEQUENCE, encode_element(SEQUENCE, *made), *(each.der for each in rest))
