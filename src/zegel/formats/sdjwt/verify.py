"""Verification of SD-JWT VCs: the issuer's part, and the holder's (RFC 9901 section 7, SD-JWT VC draft 16 section 2.4).

``vc+sd-jwt`` is still accepted as the type in the header: draft 16 section 2.2.1 asks for it during the transition,
and draft 19 no longer does. ``dc+sd-jwt`` alone is ever written.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Format, Issuer, UnboundPresentation, VerifiedCredential, VerifiedPresentation
from zegel.formats.sdjwt.disclosures import resolve_disclosures
from zegel.formats.sdjwt.key_binding import verify_key_binding
from zegel.formats.sdjwt.parse import UnverifiedSdJwt
from zegel.formats.sdjwt.registered import ALWAYS_DISCLOSED, RegisteredClaims
from zegel.primitives.http import origin_of
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.jws import UnverifiedJws, check_header
from zegel.primitives.keys import ALGORITHM_OF, verify_signature
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE
from zegel.primitives.x509 import Certificate, parse_certificate
from zegel.trust.anchors import (
    JWT_SIGNER,
    Purpose,
    TrustAnchors,
    VerifiedChain,
    check_entitlement,
    entitled_types,
)

TYPE: Final = "dc+sd-jwt"
_TRANSITIONAL: Final = "vc+sd-jwt"
# An attribute of an enumeration's class takes ten times as long to read as a name of the module.
_FORMAT: Final = Format.SD_JWT_VC
_ISSUER: Final = Purpose.ISSUER
_SIGNATURE: Final = Check.SIGNATURE


def verify_issued_sdjwt(
    sdjwt: UnverifiedSdJwt, *, anchors: TrustAnchors, now: int, early: int = TOLERATED_EARLY
) -> VerifiedCredential:
    """Verify a credential as its issuer sends it; ``Rejected(HOLDER_BINDING)`` for a presentation.

    It may begin to be valid so many seconds from now (``early``). RFC 9901 section 7.2: a holder takes no SD-JWT with a
    Key Binding JWT.
    """
    if sdjwt.unverified_key_binding is not None:
        raise Rejected(Check.HOLDER_BINDING, "expected an issued credential, got a presentation of one")
    return _verify_claims(sdjwt, _verify_issuer(sdjwt.unverified_jws, anchors, now), now, None, early)


def verify_presented_sdjwt(
    sdjwt: UnverifiedSdJwt,
    *,
    anchors: TrustAnchors,
    audience: str,
    nonce: str,
    now: int,
    transaction_data: Sequence[str] = (),
) -> VerifiedPresentation:
    """Verify a presentation by the credential's holder.

    ``transaction_data`` holds the strings of the request that this credential has to sign. ``Rejected`` with the check
    that fails; HOLDER_BINDING when there is no proof, or no key to prove.
    """
    binding = sdjwt.unverified_key_binding
    if binding is None:  # RFC 9901 section 7.3 step 2
        raise Rejected(Check.HOLDER_BINDING, "expected a key binding JWT")
    chain = _verify_issuer(sdjwt.unverified_jws, anchors, now)
    holder_key = sdjwt.unverified_holder_key
    if holder_key is None:
        raise Rejected(Check.HOLDER_BINDING, "the credential is bound to no key", field="cnf")
    verify_key_binding(
        binding,
        key=holder_key,
        presented=sdjwt.presented,
        audience=audience,
        nonce=nonce,
        now=now,
        transaction_data=transaction_data,
    )
    return VerifiedPresentation(_verify_claims(sdjwt, chain, now, audience))


def verify_unbound_sdjwt(
    sdjwt: UnverifiedSdJwt, *, anchors: TrustAnchors, audience: str | None, now: int
) -> UnboundPresentation:
    """Verify a presentation of which the holder is not asked; a Key Binding JWT in it is not looked at.

    ``audience`` is None for who looks at what was presented to somebody else.
    """
    chain = _verify_issuer(sdjwt.unverified_jws, anchors, now)
    return UnboundPresentation(_verify_claims(sdjwt, chain, now, audience))


def _verify_issuer(jws: UnverifiedJws, anchors: TrustAnchors, now: int) -> VerifiedChain:
    """Each step may assume those above it, and the steps of ``_verify_claims`` all of these."""
    header = jws.unverified_header
    # 1. the key is that of a signer whom an authority for issuers vouches for
    chain = anchors.verify_chain(header.x5c, purpose=_ISSUER, profile=JWT_SIGNER, now=now)
    # 2. the signer signed these bytes, as an SD-JWT VC
    key = chain.leaf.key
    check_header(header, key=key, typ=_TRANSITIONAL if header.typ == _TRANSITIONAL else TYPE)
    verify_signature(key, jws.signature, jws.signing_input, _SIGNATURE)
    return chain


def _verify_claims(
    sdjwt: UnverifiedSdJwt, chain: VerifiedChain, now: int, audience: str | None, early: int = TOLERATED_EARLY
) -> VerifiedCredential:
    """The claims are the processed payload without ``cnf`` and ``status``.

    What the issuer says of itself and of time (``iss``, ``vct``, ``exp``, ...) stays among them, for OpenID4VP 1.0
    lets a query select it.
    """
    payload, registered = sdjwt.unverified_jws.unverified_claims, sdjwt.unverified_registered
    # 3. what is disclosed is what was signed, and nothing that decides about validity
    claims = resolve_disclosures(payload, sdjwt.encoded_disclosures, sdjwt.unverified_disclosures)
    _check_always_disclosed(payload, claims)
    # 4. the signer may issue this type, under this name; a type of aka_vcts counts only where it may issue that too
    type_ = registered["vct"]
    check_entitlement(chain, type_)
    if "iss" in registered:
        _check_issuer_name(registered["iss"], chain.leaf)
    # 5. it is valid now
    valid_from, valid_until = _check_validity(registered, claims.get("iat"), now, early)
    # 6. and for us, where it says for whom; its holder, and who looks at it, have no audience to compare with
    if "aud" in claims and audience is not None:
        _check_audience(claims["aud"], audience)
    claims.pop("cnf", None)
    claims.pop("status", None)
    also = entitled_types(chain.anchor, tuple(registered["aka_vcts"])) if "aka_vcts" in registered else ()
    x5c = sdjwt.unverified_jws.unverified_header.x5c
    return VerifiedCredential(
        _FORMAT,
        type_,
        (type_, *also),
        _issuer(chain.anchor.entity, chain.anchor.certificate.subject, chain.leaf.subject, x5c),
        claims,
        sdjwt.unverified_status,
        valid_from,
        valid_until,
        sdjwt.unverified_holder_key,
    )


def _check_always_disclosed(payload: JsonObject, claims: JsonObject) -> None:
    """SD-JWT VC draft 16 section 2.2.2.2; and nothing within these claims, as draft 19 adds."""
    for name in ALWAYS_DISCLOSED.intersection(claims):
        if claims[name] != payload.get(name):
            raise Rejected(Check.ALWAYS_DISCLOSED, f"expected {name}, and all within it, in the clear", field=name)


def _check_issuer_name(name: str, leaf: Certificate) -> None:
    """The name is the leaf's: one of its URIs, or a URL at one of its hosts, none of which is a wildcard."""
    if name in leaf.uris:
        return
    try:
        scheme, _, host = origin_of(name, what="iss").partition("://")
    except Malformed:
        scheme, host = "", ""
    host = host.partition(":")[0]
    # RFC 5280 section 7.2: DNS names are compared without regard to case; that of the URL is in lower case already
    if scheme != "https" or "*" in host or host not in map(str.lower, leaf.dns_names):
        raise Rejected(Check.ISSUER_NAME, "expected a name in the signer's certificate", field="iss")


def _check_validity(
    registered: RegisteredClaims, issued_at: Json, now: int, early: int
) -> tuple[int | None, int | None]:
    """Return when the validity begins and ends. ``iat`` may be disclosed selectively, so that only now it is known."""
    not_before, expires = registered.get("nbf"), registered.get("exp")
    if expires is not None and expires <= now - TOLERATED_LATE:
        raise Rejected(Check.CREDENTIAL_VALIDITY, "the credential is expired", field="exp")
    if not_before is not None and not_before > now + early:
        raise Rejected(Check.CREDENTIAL_VALIDITY, "the credential is not valid yet", field="nbf")
    if issued_at is not None and not (isinstance(issued_at, (int, float)) and issued_at <= now + TOLERATED_EARLY):
        raise Rejected(Check.CREDENTIAL_VALIDITY, "expected the credential to be issued already", field="iat")
    return None if not_before is None else int(not_before), None if expires is None else int(expires)


def _check_audience(named: Json, audience: str) -> None:
    """RFC 9901 section 7.1 step 6; RFC 7519 section 4.1.3: it is a text or an array of texts, and we are in it.

    As ``iat`` it may be disclosed selectively, so that only now it is known.
    """
    names = named if isinstance(named, list) else [named]
    if audience not in names or not all(isinstance(name, str) for name in names):
        raise Rejected(Check.AUDIENCE, "expected a credential for our own identifier", field="aud")


@lru_cache(maxsize=256)
def _issuer(entity: str, anchor: str, subject: str, x5c: tuple[bytes, ...]) -> Issuer:
    """Made once, for an issuer signs many credentials."""
    chain = [parse_certificate(certificate) for certificate in x5c]
    key_ids = tuple(each.authority_key_id for each in chain if each.authority_key_id is not None)
    algorithm = ALGORITHM_OF[chain[0].key.curve]
    return Issuer(entity=entity, anchor=anchor, subject=subject, key_ids=key_ids, algorithm=algorithm)
