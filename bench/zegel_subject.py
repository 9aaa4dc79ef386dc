"""zegel's own part in one process a name, beside the bare operations of the library that it signs and verifies with.

    python bench/zegel_subject.py "sdjwt verify"

A verification starts from the bytes of the wire and ends at ``CurrentPresentation``. Before anything is timed, the
same call refuses a flipped bit in each signed part.
"""

import sys
from collections.abc import Callable, Iterator
from os import urandom

from cbor2 import loads
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from fixtures import AUDIENCE, NONCE, TRANSCRIPT, World, current_time, make_world, present_claims, present_elements
from lines import serve
from person import DISCLOSED_ELEMENTS, NAMESPACE
from zegel.errors import ZegelError
from zegel.formats.credential import CurrentPresentation
from zegel.formats.mdoc.parse import parse_device_response
from zegel.formats.mdoc.verify import verify_presented_mdoc
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.verify import verify_presented_sdjwt
from zegel.formats.status.check import check_status
from zegel.primitives.encoding import encode_base64url, parse_base64url

Subject = Callable[[], object]

_X5CHAIN = 33  # RFC 9360 section 2


def bare_verification() -> Subject:
    """One P-256 verification of ``cryptography``, the key loaded, the signature DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    scheme = ec.ECDSA(SHA256())
    message = urandom(1_500)
    signature = key.sign(message, scheme)
    public = key.public_key()
    return lambda: public.verify(signature, message, scheme)


def bare_signature() -> Subject:
    """One P-256 signature of ``cryptography``."""
    key = ec.generate_private_key(ec.SECP256R1())
    scheme = ec.ECDSA(SHA256())
    message = urandom(1_500)
    return lambda: key.sign(message, scheme)


def sd_jwt_issue(world: World) -> Subject:
    issuer = world.sd_jwt_issuer()
    return lambda: world.issue_sd_jwt(issuer)


def sd_jwt_verify(world: World) -> Subject:
    def verify(presented: bytes) -> CurrentPresentation:
        presentation = verify_presented_sdjwt(
            parse_sdjwt(presented), anchors=world.anchors, audience=AUDIENCE, nonce=NONCE, now=world.now
        )
        return check_status(presentation, world.status_list, now=world.now, grace=0)

    presented = present_claims(world)
    assert_refused(verify, flipped_sd_jwts(presented))
    assert verify(presented).credential.claims["address"] == {"country": "UT"}
    return lambda: verify(presented)


def mdoc_issue(world: World) -> Subject:
    issuer = world.mdoc_issuer()
    return lambda: world.issue_mdoc(issuer)


def mdoc_verify(world: World) -> Subject:
    def verify(presented: bytes) -> CurrentPresentation:
        presentation = verify_presented_mdoc(
            parse_device_response(presented), anchors=world.anchors, transcript=TRANSCRIPT, now=world.now
        )
        return check_status(presentation, world.status_list, now=world.now, grace=0)

    presented = present_elements(world)
    assert_refused(verify, flipped_mdocs(presented))
    assert verify(presented).credential.claims[NAMESPACE].keys() == set(DISCLOSED_ELEMENTS)
    return lambda: verify(presented)


def flipped_sd_jwts(presented: bytes) -> Iterator[tuple[str, bytes]]:
    """The presentation with a bit flipped in each part: header, payload and signature of both JWTs, each disclosure."""
    issuer_signed, *disclosures, binding = presented.split(b"~")
    for name, jwt, rest in (("issuer's", issuer_signed, None), ("holder's", binding, presented)):
        parts = jwt.split(b".")
        for at, part in enumerate(("header", "payload", "signature")):
            changed = b".".join(flipped(text) if here == at else text for here, text in enumerate(parts))
            whole = (changed, *disclosures, binding) if rest is None else (issuer_signed, *disclosures, changed)
            yield f"{name} {part}", b"~".join(whole)
    for at in range(len(disclosures)):
        changed_ones = [flipped(text) if here == at else text for here, text in enumerate(disclosures)]
        yield f"disclosure {at}", b"~".join((issuer_signed, *changed_ones, binding))


def flipped_mdocs(presented: bytes) -> Iterator[tuple[str, bytes]]:
    """The response with a bit flipped in each part: security object, both signatures, the chain, and each item."""
    (document,) = loads(presented)["documents"]
    issued, auth = document["issuerSigned"], document["issuerSigned"]["issuerAuth"]
    parts = {
        "issuer's certificate": auth[1][_X5CHAIN],
        "security object": auth[2],
        "issuer's signature": auth[3],
        "holder's signature": document["deviceSigned"]["deviceAuth"]["deviceSignature"][3],
    }
    parts |= {f"item {at}": item.value for at, item in enumerate(issued["nameSpaces"][NAMESPACE])}
    for name, part in parts.items():
        at = presented.index(part) + len(part) // 2
        yield name, presented[:at] + bytes([presented[at] ^ 1]) + presented[at + 1 :]


def flipped(text: bytes) -> bytes:
    """A bit flipped inside base64url."""
    data = bytearray(parse_base64url(text, what="part"))
    data[len(data) // 2] ^= 1
    return encode_base64url(bytes(data))


def assert_refused(verify: Callable[[bytes], object], spoiled: Iterator[tuple[str, bytes]]) -> None:
    for name, data in spoiled:
        try:
            verify(data)
        except ZegelError:
            continue
        raise SystemExit(f"a bit flipped in the {name} was accepted")


SUBJECTS: dict[str, tuple[Callable[[World], Subject], Callable[[], Subject], int]] = {
    "sdjwt verify": (sd_jwt_verify, bare_verification, 2),
    "sdjwt issue": (sd_jwt_issue, bare_signature, 1),
    "mdoc verify": (mdoc_verify, bare_verification, 2),
    "mdoc issue": (mdoc_issue, bare_signature, 1),
}
"""By name: what makes the subject, what makes its bare operation, and how many of those it cannot do without."""


if __name__ == "__main__":
    subject, bare, times = SUBJECTS[sys.argv[1]]
    serve({"zegel": subject(make_world(current_time())), "bare": bare()})
