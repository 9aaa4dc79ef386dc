"""Integrity metadata: the hash that a reference gives for the document it leads to (W3C Subresource Integrity).

SD-JWT VC draft 16 section 5. Draft 19 spells the procedure out, and refuses what names no known algorithm, where W3C's
own lets it pass: that is what is done here.
"""

from binascii import b2a_base64
from hashlib import sha256, sha384, sha512
from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import parse_base64
from zegel.primitives.keys import VerifiedBytes

_WEAKEST_FIRST: Final = ("sha256", "sha384", "sha512")
_HASHES: Final = {"sha256": sha256, "sha384": sha384, "sha512": sha512}
_MAX_TEXT: Final = 1_024  # room for several hashes of each algorithm


def integrity_of(document: bytes) -> str:
    """The integrity metadata of a document, with SHA-256."""
    return f"sha256-{b2a_base64(sha256(document).digest(), newline=False).decode()}"


def verify_integrity(document: bytes, integrity: str) -> VerifiedBytes:
    """Return the document as it was meant; ``Rejected(TYPE_INTEGRITY)`` unless a hash of the strongest kind fits.

    ``document`` is every byte as received. ``Malformed`` for integrity metadata that does not parse.
    """
    digests = _parse_integrity(integrity)
    known = [algorithm for algorithm in _WEAKEST_FIRST if algorithm in digests]
    if not known:
        raise Rejected(Check.TYPE_INTEGRITY, f"expected one of {', '.join(_WEAKEST_FIRST)}")
    if _HASHES[known[-1]](document).digest() not in digests[known[-1]]:
        raise Rejected(Check.TYPE_INTEGRITY, f"the document has another {known[-1]} hash")
    return VerifiedBytes(document)


def _parse_integrity(text: str) -> dict[str, list[bytes]]:
    what = "integrity metadata"
    if len(text) > _MAX_TEXT:
        raise Malformed(what, "", f"expected at most {_MAX_TEXT} characters")
    digests: dict[str, list[bytes]] = {}
    for expression in text.split():
        algorithm, separator, value = expression.partition("?")[0].partition("-")
        if not separator:
            raise Malformed(what, "", "expected an algorithm, a hyphen and a hash in base64")
        digests.setdefault(algorithm, []).append(parse_base64(value, what=what))
    return digests
