"""SD-JWT VCs to verify: a good one, and any payload, disclosure or proof that a test wants signed."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from zegel.formats.credential import StatusReference
from zegel.formats.sdjwt.disclosures import Disclosure, parse_disclosures
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.formats.sdjwt.key_binding import sign_key_binding
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.present import present_sdjwt
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.encoding import base64url, encode_base64url, parse_base64url
from zegel.primitives.json import encode_json, parse_json
from zegel.primitives.jws import sign_jws
from zegel.primitives.keys import Signer
from zegel.trust.anchors import Purpose
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, fixed_random, signer, trusting

VCT = "urn:utopia:id:1"
AUDIENCE = "x509_hash:verifier"
NONCE = "nonce-of-the-request"
STATUS = StatusReference(uri="https://status.utopia.example/1", index=4_711)
CLAIMS: dict[str, Any] = {
    "family_name": "Example",
    "given_name": "Erika",
    "address": {"locality": "Capital", "country": "UT"},
    "nationalities": ["UT", "AT"],
}

ROOT = authority("identities")
ISSUER = signer(ROOT, "identity signer", Purpose.ISSUER, dns_names=("issuer.utopia.example",), uris=("urn:utopia:ids",))
HOLDER = fixed_key("holder")
ANCHORS = trusting(anchor(ROOT, Purpose.ISSUER, types=frozenset({VCT, "urn:utopia:person:1"})))


def parsed(*encoded: bytes) -> list[Disclosure]:
    """Disclosures as a presentation of them has them parsed."""
    return parse_disclosures([parse_json(parse_base64url(text, what="test"), what="test") for text in encoded])


def issued(claims: Mapping[str, Any] = CLAIMS, *, seed: str = "issued", **changes: Any) -> bytes:
    """A good credential, as its issuer sends it. Changes are arguments of ``SdJwtIssuer`` or of its ``issue``."""
    prepared = {"signer": ISSUER.key, "chain": ISSUER.chain, "vct": VCT}
    prepared |= {name: changes.pop(name) for name in _PREPARED & changes.keys()}
    each: dict[str, Any] = {
        "holder_key": HOLDER.public_key,
        "status": STATUS,
        "issued_at": NOW,
        "valid_from": NOW,
        "valid_until": NOW + 14 * DAY,
        "random": fixed_random(seed),
    }
    return SdJwtIssuer(**prepared).issue(claims, **each | changes)


def presented(credential: bytes | None = None, paths: Sequence[ClaimPath] = (), **changes: Any) -> bytes:
    """A good presentation of a credential; changes are arguments of ``present_sdjwt``."""
    arguments: dict[str, Any] = {"holder": HOLDER, "audience": AUDIENCE, "nonce": NONCE, "now": NOW}
    return present_sdjwt(parse_sdjwt(credential or issued()), paths=paths, **arguments | changes)


def payload(**changes: Any) -> dict[str, Any]:
    """The payload of a credential without claims; None takes a member out."""
    members = {
        "vct": VCT,
        "iat": NOW,
        "exp": NOW + DAY,
        "cnf": {"jwk": HOLDER.public_key.jwk()},
        "_sd_alg": "sha-256",
    } | changes
    return {name: value for name, value in members.items() if value is not None}


def disclosure(*contents: Any) -> bytes:
    """Salt, name and value, or salt and value, as sent."""
    return encode_base64url(encode_json(contents))


def digest(encoded: bytes) -> str:
    """What stands in ``_sd`` for a disclosure."""
    return base64url(sha256(encoded).digest())


def signed(
    claims: Mapping[str, Any],
    disclosures: Sequence[bytes] = (),
    *,
    header: Mapping[str, Any] | None = None,
    typ: str = "dc+sd-jwt",
    chain: tuple[bytes, ...] = ISSUER.chain,
    key: Signer = ISSUER.key,
) -> bytes:
    """Any payload under a good signature, with any disclosures."""
    jwt = sign_jws(claims, signer=key, typ=typ, x5c=chain, header=header)
    return b"~".join((jwt, *disclosures, b""))


def bound(sdjwt: bytes, *, holder: Signer = HOLDER, typ: str = "kb+jwt", header: Any = None, **changes: Any) -> bytes:
    """The SD-JWT with a proof of holding; changes are claims of the proof, None takes one out."""
    claims = {"iat": NOW, "aud": AUDIENCE, "nonce": NONCE, "sd_hash": digest(sdjwt)} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return sdjwt + sign_jws(kept, signer=holder, typ=typ, header=header)


def bound_to(sdjwt: bytes, transaction_data: Sequence[str]) -> bytes:
    """The SD-JWT with a good proof that signs transaction data."""
    return sdjwt + sign_key_binding(
        sdjwt, holder=HOLDER, audience=AUDIENCE, nonce=NONCE, now=NOW, transaction_data=transaction_data
    )


_PREPARED = frozenset({"signer", "chain", "vct", "in_the_clear", "decoys", "also_known_as", "integrity", "name"})
