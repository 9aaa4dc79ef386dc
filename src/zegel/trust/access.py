"""Who asks: the access certificate of a relying party, and the client identifier that it is bound to.

OpenID4VP 1.0 section 5.9.3 binds ``x509_hash`` to the whole certificate and ``x509_san_dns`` to a name in it. The name
that a person is shown comes from the certificate alone, never from the request.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import origin_of
from zegel.primitives.x509 import Certificate, parse_certificate
from zegel.trust.anchors import Purpose, TrustAnchors, VerifiedChain
from zegel.trust.transparency.timestamps import verify_timestamps

HASH_PREFIX: Final = "x509_hash:"
DNS_PREFIX: Final = "x509_san_dns:"
REDIRECT_PREFIX: Final = "redirect_uri:"
# RFC 5280 section 4.2.1.6, RFC 1123 section 2.1: letters, digits and hyphens; what ends in a number is an address,
# whatever the certificate calls it
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*(?![0-9]+\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedParty:
    """A relying party whose access certificate is trusted and bound to its client identifier.

    ``name`` is for people to read: the organisation, or the common name where there is none. ``identifier`` is the
    registration number as EN 319 412-1 writes it, ``service`` the identifier of the Service and ``service_name`` its
    trade name (Reg_33, Reg_34), where the certificate has them.
    """

    client_id: str
    name: str
    organization: str | None
    identifier: str | None
    country: str | None
    dns_names: tuple[str, ...]
    chain: VerifiedChain
    service: str | None = None
    service_name: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnauthenticatedParty:
    """Whoever receives what is posted to ``host``; nothing says who that is. To be shown as such."""

    client_id: str
    host: str


def verify_access_chain(
    x5c: tuple[bytes, ...], *, anchors: TrustAnchors, timestamps_required: bool, now: int
) -> VerifiedChain:
    """Verify an access certificate (DER, leaf first): its chain, and that a log had it before it was used.

    ARF 3.0 CT_05, CT_06: without a timestamp it authenticates nobody. ``Rejected`` with the checks of
    ``TrustAnchors.verify_chain`` and of ``verify_timestamps``.
    """
    chain = anchors.verify_chain(x5c, purpose=Purpose.ACCESS, now=now)
    issuer = parse_certificate(x5c[1]) if len(x5c) > 1 else chain.anchor.certificate.parse()
    verify_timestamps(chain.leaf, issuer=issuer, logs=anchors.logs, required=timestamps_required, now=now)
    return chain


def verify_party(
    *, client_id: str, x5c: tuple[bytes, ...], anchors: TrustAnchors, timestamps_required: bool, now: int
) -> VerifiedParty:
    """Verify the chain of a signed request (DER, leaf first) and the binding of ``client_id`` to its leaf.

    The caller verifies the request's signature under ``chain.leaf.key``. ``Rejected`` with CLIENT_BINDING and the
    checks of ``verify_access_chain``.
    """
    chain = verify_access_chain(x5c, anchors=anchors, timestamps_required=timestamps_required, now=now)
    leaf = chain.leaf
    if not _is_bound(client_id, leaf):
        detail = "expected a client identifier that names the certificate which signs the request"
        raise Rejected(Check.CLIENT_BINDING, detail, field="client_id")
    return VerifiedParty(
        client_id=client_id,
        name=party_name(leaf),
        organization=leaf.names.get("O"),
        identifier=party_identifier(leaf),
        country=leaf.names.get("C"),
        dns_names=leaf.dns_names,
        chain=chain,
        service=party_service(leaf),
        service_name=None if party_service(leaf) is None else leaf.names.get("CN"),
    )


def party_name(leaf: Certificate) -> str:
    """Whom an access certificate is about, for people to read."""
    return leaf.names.get("O") or leaf.names.get("CN") or leaf.subject


def party_identifier(leaf: Certificate) -> str | None:
    """The registration number of whom an access certificate is about (Reg_32)."""
    return leaf.names.get("organizationIdentifier")


def party_service(leaf: Certificate) -> str | None:
    """The identifier of the Service that an access certificate is for (Reg_33)."""
    return leaf.names.get("OU")


def check_response_uri(party: VerifiedParty, response_uri: str) -> VerifiedParty:
    """Return the party if it may be answered at ``response_uri``; ``Rejected(CLIENT_BINDING)`` otherwise.

    With ``x509_san_dns`` the host is the DNS name of the client identifier; with ``x509_hash`` the signature alone
    stands for the URI. ``Malformed`` for what is no absolute URL.
    """
    host = _host(response_uri)
    if party.client_id.startswith(DNS_PREFIX) and host != party.client_id.removeprefix(DNS_PREFIX).lower():
        detail = "expected response_uri on the host that client_id names"
        raise Rejected(Check.CLIENT_BINDING, detail, field="response_uri")
    return party


def check_redirect_party(*, client_id: str, response_uri: str) -> UnauthenticatedParty:
    """The party of an unsigned request; ``Rejected(CLIENT_BINDING)`` unless ``client_id`` is its ``response_uri``.

    OpenID4VP 1.0 section 5.9.3: such a request cannot be signed, and such a party cannot be authenticated.
    """
    host = _host(response_uri)
    if client_id != REDIRECT_PREFIX + response_uri:
        raise Rejected(Check.CLIENT_BINDING, "expected client_id to be the response_uri", field="client_id")
    return UnauthenticatedParty(client_id=client_id, host=host)


def certificate_client_id(certificate: Certificate) -> str:
    """The ``x509_hash`` client identifier of a relying party's own certificate."""
    return HASH_PREFIX + base64url(sha256(certificate.der).digest())


def _is_bound(client_id: str, leaf: Certificate) -> bool:
    if client_id.startswith(HASH_PREFIX):
        return client_id == certificate_client_id(leaf)
    if client_id.startswith(DNS_PREFIX):
        name = client_id.removeprefix(DNS_PREFIX).lower()
        return _HOST.fullmatch(name) is not None and name in map(str.lower, leaf.dns_names)
    return False


def _host(uri: str) -> str:
    return urlsplit(origin_of(uri, what="response_uri")).hostname or ""
