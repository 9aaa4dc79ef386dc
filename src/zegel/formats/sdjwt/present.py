"""Presentation of SD-JWT VCs by their holder (RFC 9901 section 7.2)."""

from collections.abc import Collection, Sequence

from zegel.formats.sdjwt.disclosures import locate_claims
from zegel.formats.sdjwt.key_binding import sign_key_binding
from zegel.formats.sdjwt.parse import UnverifiedSdJwt
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.keys import Signer


def present_sdjwt(
    sdjwt: UnverifiedSdJwt,
    *,
    paths: Collection[ClaimPath],
    holder: Signer,
    audience: str,
    nonce: str,
    now: int,
    transaction_data: Sequence[str] = (),
) -> bytes:
    """Disclose the claims at ``paths`` to one verifier, with proof of holding; returns the compact serialisation.

    ``paths`` lead to single claims, without None, in the credential as it is when all is disclosed; ValueError for one
    that leads nowhere. ``transaction_data`` holds the strings of the request as they were received.
    """
    disclosed = present_unbound_sdjwt(sdjwt, paths=paths)
    return disclosed + sign_key_binding(
        disclosed, holder=holder, audience=audience, nonce=nonce, now=now, transaction_data=transaction_data
    )


def present_unbound_sdjwt(sdjwt: UnverifiedSdJwt, *, paths: Collection[ClaimPath]) -> bytes:
    """Disclose the claims at ``paths`` without proof of holding, for a verifier that did not ask for it.

    A claim is disclosed with all that is within it, and with the disclosures that lead to it.
    """
    encoded = sdjwt.encoded_disclosures
    wanted, found = set(paths), set()
    released: set[bytes] = set()
    for path, route in locate_claims(sdjwt.unverified_jws.unverified_claims, encoded, sdjwt.unverified_disclosures):
        leading = wanted.intersection(path[:end] for end in range(1, len(path) + 1))
        if leading:
            found |= leading
            released.update(route)
    if found != wanted:
        raise ValueError("a path leads to no claim of this credential")
    issuer_signed = sdjwt.presented[: sdjwt.presented.index(b"~")]
    return b"~".join((issuer_signed, *(text for text in encoded if text in released), b""))
