"""Requests for access certificates, the authority that answers them, and what is registered of the library."""

from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from zegel.primitives.encoding import base64
from zegel.primitives.json import JsonObject
from zegel.primitives.keys import PrivateKey
from zegel.primitives.x509 import Certificate
from zegel.trust.access_authority.orders import AccessOrder, begin_order
from zegel.trust.access_authority.profile import (
    Addresses,
    Certified,
    check_certifiable,
    draft_access_certificate,
)
from zegel.trust.access_authority.request import build_certificate_request
from zegel.trust.authority import Authority, SubjectName, create_authority, issue_authority
from zegel.trust.transparency.issuance import issue_stamped
from zegel_testing.authorities import DAY, LOG_SIGNER, NOW, fixed_key, fixed_random
from zegel_testing.register import party

HOST = "library.utopia.example"
KEY = fixed_key("library")
ADDRESSES = Addresses(
    revocations="https://access.utopia.example/crl/one.crl",
    certificate="https://access.utopia.example/authority.cer",
    statement="https://access.utopia.example/practice",
)
ROOT = create_authority(
    SubjectName(country="UT", organization="Utopia", common_name="access root"),
    key=fixed_key("access root"),
    now=NOW - 10 * DAY,
    random=fixed_random("access root"),
    contact="https://authority.utopia.example",
    path_length=1,
)


def below(root: Authority, name: str = "issuing", *, days: int = 1_000, crl_url: str | None = None) -> Authority:
    """An authority that issues below a root."""
    key = fixed_key(f"authority {name}")
    certificate = issue_authority(
        root,
        SubjectName(country="UT", organization="Utopia", common_name=name),
        key=key.public_key,
        now=NOW - 5 * DAY,
        days=days,
        random=fixed_random(name),
        crl_url=crl_url,
    )
    return Authority(certificate=certificate, key=key)


ISSUING = below(ROOT)


def request_pem(*hosts: str, key: PrivateKey = KEY) -> bytes:
    """A request for hosts, the library's where none is named."""
    return build_certificate_request(key, hosts=hosts or (HOST,)).encode()


def request_der() -> bytes:
    """The same as DER."""
    return x509.load_pem_x509_csr(request_pem()).public_bytes(serialization.Encoding.DER)


def odd_request(
    *, key: Any = None, digest: Any = None, names: list[x509.GeneralName] | None = None, pem: bool = False
) -> bytes:
    """A request that the library's program would not make."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Somebody important")])
    )
    alternative = x509.SubjectAlternativeName(names or [x509.DNSName(HOST)])
    builder = builder.add_extension(alternative, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = builder.sign(key or KEY.for_certificates(), digest or hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM if pem else serialization.Encoding.DER)


def weak_key() -> ec.EllipticCurvePrivateKey:
    """A key on a curve that nobody names."""
    return ec.derive_private_key(7, ec.SECP224R1())


def stolen_request() -> bytes:
    """A request for the library's key, signed with another one."""
    return odd_request().replace(KEY.public_key.point, fixed_key("somebody else").public_key.point)


def certified(**changes: Any) -> Certified:
    """The library's lending desk, at its host."""
    return check_certifiable(party(**changes), service="lending", key=KEY.public_key, hosts=(HOST,))


def ordered(**changes: Any) -> AccessOrder:
    """An order of the library."""
    return begin_order(certified(**changes), now=NOW, random=fixed_random("order"))


def proven() -> AccessOrder:
    """And its host has answered."""
    order = ordered()
    return order.prove({each.host: each.content.encode() for each in order.challenges}, now=NOW)


def access_certificate(*, authority: Authority = ISSUING, days: int = 90, seed: str = "leaf") -> Certificate:
    """The library's certificate, with the timestamp of a log in it."""
    draft = draft_access_certificate(
        authority, certified(), addresses=ADDRESSES, now=NOW, days=days, random=fixed_random(seed)
    )
    return issue_stamped(draft, log=LOG_SIGNER, now=NOW)


def access_record(certificate_: Certificate | None = None, **changes: Any) -> JsonObject:
    """What the authority tells the register of a certificate, with members replaced."""
    told = certificate_ or access_certificate()
    record = {
        "serviceIdentifier": "lending",
        "certificate": base64(told.der),
        "expires": told.not_after,
        "log": "https://log.utopia.example",
    }
    return record | changes


def issued() -> AccessOrder:
    """And its certificate is issued."""
    return proven().issue((access_certificate(), ISSUING.certificate), now=NOW)


def over(order: AccessOrder) -> AccessOrder:
    """The same a day after its time."""
    return replace(order, until=NOW - DAY)
