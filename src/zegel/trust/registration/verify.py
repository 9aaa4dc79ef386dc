"""A registration certificate, verified, and bound to who asks or issues (ARF 3.0 topic 44).

    bytes -> UnverifiedRegistration -> VerifiedRegistration     a listed provider signed it, and it is valid now
                                    -> BoundRegistration        and it is about the holder of this access certificate

Whether it is revoked, a status list says (``formats.status.registered``); what it allows is held against a request
elsewhere.
"""

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.cose import verify_sign1
from zegel.primitives.jws import UnverifiedJws, verify_jws
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE
from zegel.primitives.x509 import DAY
from zegel.trust.anchors import Purpose, TrustAnchors, VerifiedChain
from zegel.trust.registration.credentials import RegisteredCredential
from zegel.trust.registration.entitlements import ATTESTATION_PROVIDERS, Entitlement
from zegel.trust.registration.values import (
    CWT_TYPE,
    JWT_TYPE,
    MAX_VALIDITY,
    POLICY,
    BoundRegistration,
    RegistrationCertificate,
    UnverifiedRegistration,
    VerifiedRegistration,
)


def verify_registration(
    registration: UnverifiedRegistration, *, anchors: TrustAnchors, now: int
) -> VerifiedRegistration:
    """Verify who signed the certificate, as what, under which policy, and for when.

    ``Rejected`` with CHAIN, CERTIFICATE_VALIDITY, ANCHOR, CERTIFICATE_PROFILE, the checks of ``verify_jws``,
    REGISTRATION_POLICY or REGISTRATION_VALIDITY.
    """
    # 1. a provider of registration certificates that is listed as one signed these bytes as one (RPRC_02, RPRC_02a)
    chain = _verify_signature(registration, anchors=anchors, now=now)
    certificate = registration.unverified_certificate
    # 2. under the policy of registration certificates (OVR-6.1.3-01)
    if POLICY not in certificate.policies:
        raise Rejected(Check.REGISTRATION_POLICY, f"expected {POLICY}", field="policy_id")
    # 3. it is valid now, for at most twelve months, and can be revoked if that is more than a day (RPRC_01a)
    _refuse_outside_validity(certificate, now)
    return VerifiedRegistration(certificate=certificate, provider=chain.anchor.entity, chain=chain)


def check_registration_party(
    registration: VerifiedRegistration, *, identifier: str | None, service: str | None
) -> BoundRegistration:
    """Bind the certificate to the ``identifier`` and the ``service`` of an access certificate (RPRC_17a, RPRC_22b).

    They are those of the registered party itself, or those of the intermediary that it uses (RPRC_04).
    ``Rejected`` with REGISTRATION_PARTY or REGISTRATION_SERVICE.
    """
    certificate = registration.certificate
    intermediary = certificate.intermediary
    if identifier is not None and identifier == certificate.identifier:
        intermediated, registered = False, certificate.service
    elif identifier is not None and intermediary is not None and identifier == intermediary.identifier:
        intermediated, registered = True, intermediary.service
    else:
        detail = "expected the identifier of the access certificate, or of the intermediary that it belongs to"
        raise Rejected(Check.REGISTRATION_PARTY, detail, field="sub")
    if registered != service:
        # TS 119 475 V1.2.1 knows no Services: where neither certificate names one there is nothing to compare
        raise Rejected(
            Check.REGISTRATION_SERVICE, "expected the Service of the access certificate", field="srv_identifier"
        )
    return BoundRegistration(
        certificate=certificate,
        provider=registration.provider,
        chain=registration.chain,
        intermediated=intermediated,
    )


def check_registered_provider(registration: BoundRegistration, *, of_pid: bool) -> BoundRegistration:
    """Return the certificate if its party is registered to issue PIDs, or else other attestations (ISSU_24a, ISSU_34a).

    ``Rejected(REGISTERED_PROVIDER)`` otherwise.
    """
    entitled = {Entitlement.PID_PROVIDER} if of_pid else ATTESTATION_PROVIDERS
    if entitled.isdisjoint(registration.certificate.entitlements):
        detail = f"expected the entitlement of a provider of {'PIDs' if of_pid else 'attestations'}"
        raise Rejected(Check.REGISTERED_PROVIDER, detail, field="entitlements")
    return registration


def check_registered_attestation(registration: BoundRegistration, *, format_: str, type_: str) -> RegisteredCredential:
    """The entry under which an attestation type is registered to be issued (ISSU_24b, ISSU_34b, RPRC_23).

    ``Rejected(REGISTERED_ATTESTATION)`` where there is none.
    """
    for entry in registration.certificate.provides:
        if entry.format == format_ and type_ in entry.types:
            return entry
    detail = f"{type_[:80]} as {format_} is not registered to be issued by this provider"
    raise Rejected(Check.REGISTERED_ATTESTATION, detail, field="provides_attestations")


def _verify_signature(registration: UnverifiedRegistration, *, anchors: TrustAnchors, now: int) -> VerifiedChain:
    token = registration.token
    if isinstance(token, UnverifiedJws):
        chain = anchors.verify_chain(token.unverified_header.x5c, purpose=Purpose.REGISTRATION, now=now)
        verify_jws(token, key=chain.leaf.key, typ=JWT_TYPE)
        return chain
    chain = anchors.verify_chain(token.x5chain, purpose=Purpose.REGISTRATION, now=now)
    if token.typ != CWT_TYPE:
        raise Rejected(Check.TOKEN_TYPE, f"expected {CWT_TYPE}", field="header.typ")
    verify_sign1(token, key=chain.leaf.key, payload=token.payload or b"")
    return chain


def _refuse_outside_validity(certificate: RegistrationCertificate, now: int) -> None:
    begins, ends = certificate.issued_at, certificate.valid_until
    if begins > now + TOLERATED_EARLY:
        raise Rejected(Check.REGISTRATION_VALIDITY, "the certificate is issued in the future", field="iat")
    if now >= ends + TOLERATED_LATE:
        raise Rejected(Check.REGISTRATION_VALIDITY, "the certificate has expired", field="exp")
    if ends - begins > MAX_VALIDITY:
        raise Rejected(Check.REGISTRATION_VALIDITY, "expected at most twelve months", field="exp")
    if certificate.status is None and ends - begins > DAY:
        detail = "expected a status in a certificate of more than 24 hours"
        raise Rejected(Check.REGISTRATION_VALIDITY, detail, field="status")
