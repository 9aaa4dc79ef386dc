"""The gateway's trust list, held against its trust anchor (public key certificate governance, sections 2 to 4).

The anchor has signed each state's authority (CSCA) and upload certificate; a state's upload certificate has signed each
of its document signers, and its authority has issued them. Which of these a certificate is, of which state, and what
its key is called, the certificate says: an entry's own members are under no signature.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Final, TypeAlias, TypeVar

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.believed import BelievedList
from zegel.formats.hcert.ber_certificate import BerCertificate, read_certificate
from zegel.formats.hcert.cms import check_issued, verify_cms
from zegel.formats.hcert.keys import DocumentSigner, key_id
from zegel.formats.hcert.lists import SIGNERS, GatewayEntry, UnverifiedTrustList
from zegel.primitives.encoding import parse_base64
from zegel.primitives.members import read_text

MAX_SIGNATURE_TEXT: Final = 44_000  # characters of base64, of thirty-two thousand bytes
_WHAT: Final = "trust list"
_AUTHORITY, _UPLOAD = "CSCA", "UPLOAD"
_USAGES: Final = {True: "key_cert_sign", False: "digital_signature"}  # of an authority, and for uploads

_ByCountry: TypeAlias = Mapping[str, Collection[BerCertificate]]


def check_vouched(parsed: UnverifiedTrustList, *, anchors: Collection[bytes]) -> BelievedList:
    """Return the list with those alone that the anchor, as DER, vouches for; the others are left out, with the reason.

    ``Rejected(HEALTH_VOUCHER)`` for a list of another form, which nobody signs; ``Malformed`` for an anchor that cannot
    be read. Whether a certificate has expired is not asked: the gateway takes such a one off (section 3.2).
    """
    if parsed.unverified_entries is None:
        raise _refusal("expected the gateway's list, as its anchor is given: nobody signs one of another form", "")
    entries: dict[str, list[GatewayEntry]] = {_AUTHORITY: [], _UPLOAD: [], SIGNERS: []}
    for entry in parsed.unverified_entries:
        entries.setdefault(entry.unverified_kind, []).append(entry)
    both = _certificates(entries[_AUTHORITY]) & _certificates(entries[_UPLOAD])
    certified = partial(_check_certified, anchors={der: read_certificate(der) for der in anchors}, both=both)
    left_out = list(parsed.left_out)
    authorities: dict[str, list[BerCertificate]] = {}
    for certificate in _passing(entries[_AUTHORITY], certified, left_out):
        authorities.setdefault(_country(certificate), []).append(certificate)
    uploads = {certificate.der: certificate for certificate in _passing(entries[_UPLOAD], certified, left_out)}
    check_signer = partial(_check_signer, uploads=uploads, authorities=authorities)
    return BelievedList(
        signers=tuple(_passing(entries[SIGNERS], check_signer, left_out)),
        as_of=parsed.unverified_as_of,
        signed_at=parsed.unverified_signed_at,
        left_out=tuple(left_out),
    )


_Checked = TypeVar("_Checked")


def _passing(
    entries: Iterable[GatewayEntry], check: Callable[[GatewayEntry], _Checked], left_out: list[str]
) -> Iterator[_Checked]:
    """What a check makes of entries; those that it refuses are left out."""
    for entry in entries:
        try:
            checked = check(entry)
        except (Malformed, Rejected) as error:
            left_out.append(f"{entry.where}: {error.detail}")
        else:
            yield checked


def _certificates(entries: Iterable[GatewayEntry]) -> frozenset[bytes]:
    return frozenset(entry.unverified_certificate.der for entry in entries)


def _check_certified(
    entry: GatewayEntry, *, anchors: Mapping[bytes, BerCertificate], both: Collection[bytes]
) -> BerCertificate:
    """The certificate of an authority or for uploads, that the anchor has signed.

    Both are signed alike, so that the certificate has to say which of them it is (section 4): an upload certificate
    that passed for an authority would issue signers of its own.
    """
    certificate = entry.unverified_certificate
    if certificate.der in both:
        # section 2.4: an upload certificate is different from any other certificate of its state
        raise _refusal("expected a certificate of an authority, or one for uploads, and not both", "certificateType")
    authority = entry.unverified_kind == _AUTHORITY
    usages = certificate.key_usages
    if certificate.authority is not authority or (usages is not None and _USAGES[authority] not in usages):
        expected = (
            "an authority, which signs certificates" if authority else "no authority, which signs what it uploads"
        )
        raise _refusal(f"expected the certificate of {expected}", "certificateType")
    verify_cms(_signature(entry), certificate.der, signers=anchors)
    _country(certificate)
    return certificate


def _check_signer(
    entry: GatewayEntry, *, uploads: Mapping[bytes, BerCertificate], authorities: _ByCountry
) -> DocumentSigner:
    """The signer of an entry. Every state's upload certificate is looked for; its authority is that of the same state.

    The gateway makes ``kid`` of the certificate, and whoever hands its list on could give it another's.
    """
    certificate, signer = entry.unverified_certificate, entry.unverified_signer
    if signer is None or signer.kid != key_id(certificate.der):
        raise _refusal("expected the beginning of the certificate's hash", "kid")
    upload = verify_cms(_signature(entry), certificate.der, signers=uploads)
    check_issued(certificate, authorities=authorities.get(_country(upload), ()))
    return signer


def _country(certificate: BerCertificate) -> str:
    """The state of a certificate (sections 4.2, 4.4); those that name none would vouch for one another."""
    if certificate.country is None:
        raise _refusal("expected a certificate that names one country", "rawData")
    return certificate.country.upper()


def _signature(entry: GatewayEntry) -> bytes:
    where = f"{entry.where}.signature"
    text = read_text(entry.unverified_signature, what=_WHAT, where=where, limit=MAX_SIGNATURE_TEXT)
    return parse_base64(text, what=_WHAT, where=where)


def _refusal(detail: str, field: str) -> Rejected:
    return Rejected(Check.HEALTH_VOUCHER, detail, field=field)
