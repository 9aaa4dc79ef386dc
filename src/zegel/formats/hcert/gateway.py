"""The gateway's trust list, held against the gateway's trust anchor (public key certificate governance, sections 2, 3).

The anchor has signed each state's authority (CSCA) and upload certificate; a state's upload certificate has signed each
of its document signers, and its authority has issued them. Which state that is, the certificates say: an entry's own
members are under no signature.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.cms import check_issued, country_of, verify_cms
from zegel.formats.hcert.lists import GatewayEntry, TrustList, certificate_of
from zegel.primitives.encoding import parse_base64
from zegel.primitives.members import read_text

MAX_SIGNATURE_TEXT: Final = 44_000  # characters of base64, of thirty-two thousand bytes
_WHAT: Final = "trust list"


def check_vouched(parsed: TrustList, *, anchors: Collection[bytes]) -> TrustList:
    """Return the list with those alone that the anchor, as DER, vouches for; the others are left out, with the reason.

    A list of another form is returned as it is.
    """
    if not parsed.entries:
        return parsed
    left_out = list(parsed.left_out)
    uploads = _vouched(parsed, "UPLOAD", anchors, left_out)
    authorities = _vouched(parsed, "CSCA", anchors, left_out)
    every = frozenset(each for certificates in uploads.values() for each in certificates)
    signers = []
    for entry in parsed.entries:
        if entry.signer is not None:
            try:
                _check_signer(entry, every, authorities)
            except (Malformed, Rejected) as error:
                left_out.append(f"{entry.where}: {error.detail}")
            else:
                signers.append(entry.signer)
    return replace(parsed, signers=tuple(signers), left_out=tuple(left_out))


_ByCountry = Mapping[str, Collection[bytes]]


def _vouched(parsed: TrustList, kind: str, anchors: Collection[bytes], left_out: list[str]) -> _ByCountry:
    """The certificates of a kind that the anchor has signed, by country."""
    found: dict[str, set[bytes]] = {}
    for entry in parsed.entries:
        if entry.kind == kind:
            try:
                der = certificate_of(entry)
                verify_cms(_signature(entry), der, signers=anchors)
            except (Malformed, Rejected) as error:
                left_out.append(f"{entry.where}: {error.detail}")
            else:
                found.setdefault(country_of(der), set()).add(der)
    return found


def _check_signer(entry: GatewayEntry, uploads: Collection[bytes], authorities: _ByCountry) -> None:
    """Every state's upload certificate is looked for; its authority is that of the same state."""
    der = certificate_of(entry)
    upload = verify_cms(_signature(entry), der, signers=uploads)
    check_issued(der, authorities=authorities.get(country_of(upload), ()))


def _signature(entry: GatewayEntry) -> bytes:
    where = f"{entry.where}.signature"
    text = read_text(entry.members.get("signature"), what=_WHAT, where=where, limit=MAX_SIGNATURE_TEXT)
    return parse_base64(text, what=_WHAT, where=where)
