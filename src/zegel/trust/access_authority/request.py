"""A certificate request (RFC 2986): a key, the proof that whoever asks has it, and the hosts that it is to be used at.

Nothing else of it is looked at: what a certificate says comes from the register.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, final
from warnings import catch_warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.keys import Curve, PrivateKey, PublicKey, public_key_of

MAX_REQUEST: Final = 8_000  # bytes; as many as a certificate, and one with three hosts has 600
MAX_HOSTS: Final = 8  # of one certificate; each is asked for its token before anything is issued
MAX_HOST: Final = 253  # characters; RFC 1035 section 2.3.4: 255 octets with their lengths
_WHAT: Final = "certificate request"
_PEM: Final = b"-----BEGIN"
# RFC 5280 section 4.2.1.6: the preferred syntax of names, and no wildcards: each host is proven
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedCertificateRequest:
    """A request that parses; whoever sent it need not have the key. ``unverified_hosts`` are in lower case."""

    unverified_key: PublicKey
    unverified_hosts: tuple[str, ...]
    _x509: x509.CertificateSigningRequest = field(repr=False, compare=False)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCertificateRequest:
    """A request that was signed with its own key, which is not one of the authority's."""

    key: PublicKey
    hosts: tuple[str, ...]


def parse_certificate_request(data: bytes) -> UnverifiedCertificateRequest:
    """Parse a PKCS#10 request, as DER or as PEM; ``Malformed`` for anything else, for a key that is not on P-256, P-384
    or P-521, and for names that are no hosts."""
    if len(data) > MAX_REQUEST:
        raise Malformed(_WHAT, "", f"expected at most {MAX_REQUEST} bytes, got {len(data)}")
    load = x509.load_pem_x509_csr if data.lstrip().startswith(_PEM) else x509.load_der_x509_csr
    try:
        with catch_warnings(action="ignore"):
            request = load(data)
            key, extensions = request.public_key(), {each.oid: each.value for each in request.extensions}
    except _UNREADABLE:
        raise Malformed(_WHAT, "", "expected a PKCS#10 request, as DER or PEM") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Malformed(_WHAT, "subjectPublicKeyInfo", "expected an EC key on P-256, P-384 or P-521")
    try:
        public = public_key_of(key)
    except Malformed as error:
        raise Malformed(_WHAT, "subjectPublicKeyInfo", error.detail.removeprefix("key: ")) from None
    names = extensions.get(x509.SubjectAlternativeName.oid)
    return UnverifiedCertificateRequest(unverified_key=public, unverified_hosts=_hosts(names), _x509=request)


def verify_certificate_request(
    request: UnverifiedCertificateRequest, *, reserved: Collection[PublicKey]
) -> VerifiedCertificateRequest:
    """Verify that whoever asks has the key (RFC 2986 section 4.2, ETSI EN 319 411-1 REG-6.3.1).

    ``reserved`` are the authority's own keys, which certify and are never certified for anybody else.
    ``Rejected(CERTIFICATE_REQUEST)`` otherwise.
    """
    csr = request._x509  # noqa: SLF001 the same module's own
    try:
        holds = isinstance(csr.signature_hash_algorithm, _HASHES) and csr.is_signature_valid
    except UnsupportedAlgorithm:
        holds = False
    if not holds:
        detail = "the request is not signed with its own key, with ECDSA and SHA-256 or better"
        raise Rejected(Check.CERTIFICATE_REQUEST, detail, field="request.signature")
    if request.unverified_key in reserved:
        detail = "expected a key of the applicant's own, and not one of the authority's"
        raise Rejected(Check.CERTIFICATE_REQUEST, detail, field="request.subjectPublicKeyInfo")
    return VerifiedCertificateRequest(key=request.unverified_key, hosts=request.unverified_hosts)


def build_certificate_request(key: PrivateKey, *, hosts: tuple[str, ...]) -> str:
    """A request as PEM, signed with ``key``. Its subject is empty: the authority writes it."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    signed = builder.sign(key.for_certificates(), _DIGESTS[key.public_key.curve])
    return signed.public_bytes(serialization.Encoding.PEM).decode()


_DIGESTS: Final[Mapping[Curve, hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    Curve.P256: hashes.SHA256(),
    Curve.P384: hashes.SHA384(),
    Curve.P521: hashes.SHA512(),
}


def _hosts(names: x509.ExtensionType | None) -> tuple[str, ...]:
    given = list(names) if isinstance(names, x509.SubjectAlternativeName) else []
    if len(given) > MAX_HOSTS:
        raise Malformed(_WHAT, "subjectAltName", f"expected at most {MAX_HOSTS} names")
    hosts = []
    for position, name in enumerate(given):
        host = name.value.lower() if isinstance(name, x509.DNSName) else ""
        if len(host) > MAX_HOST or not _HOST.fullmatch(host):
            raise Malformed(_WHAT, f"subjectAltName[{position}]", "expected a dNSName, in full and without a wildcard")
        hosts.append(host)
    return tuple(dict.fromkeys(hosts))
