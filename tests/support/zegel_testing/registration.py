"""Registration certificates of a small world: their provider, a relying party that is registered, and its request."""

from dataclasses import replace
from typing import Any, Final

from zegel.formats.status.entries import StatusList
from zegel.formats.status.token import VerifiedStatusList
from zegel.trust import signing
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.registration.credentials import RegisteredCredential
from zegel.trust.registration.entitlements import Entitlement
from zegel.trust.registration.sign import sign_registration_cwt, sign_registration_jwt
from zegel.trust.registration.values import (
    Intermediary,
    LocalizedText,
    RegistrationCertificate,
    SupervisoryAuthority,
)
from zegel_testing.authorities import DAY, NOW, CertifiedSigner, anchor, authority, signer

PROVIDER: Final = "Utopia registration certificates"
REGISTRATION_ROOT: Final = authority("registration root")
REGISTRATION_SIGNER: Final = signer(REGISTRATION_ROOT, "registration", Purpose.REGISTRATION, days=400)
REGISTRATION_ANCHOR: Final = anchor(REGISTRATION_ROOT, Purpose.REGISTRATION, entity=PROVIDER)
REGISTERED: Final = TrustAnchors([REGISTRATION_ANCHOR])
STATUS_URI: Final = "https://registration.utopia.example/status/1"

LIBRARY: Final = RegistrationCertificate(
    identifier="NTRUT-1234567",
    name="Utopia Library",
    legal_name="Utopia Library Foundation",
    country="UT",
    service="lending",
    service_name="Lending desk",
    entitlements=(Entitlement.SERVICE_PROVIDER,),
    descriptions=(LocalizedText(lang="en", value="Lends books"),),
    purposes=(
        LocalizedText(lang="nl", value="Een leesbewijs geven"),
        LocalizedText(lang="en-GB", value="To give you a library card"),
    ),
    intended_use="library-card",
    privacy_policy="https://library.utopia.example/privacy",
    support=("https://library.utopia.example/deletion", "mailto:privacy@library.utopia.example"),
    information=("https://library.utopia.example/",),
    authority=SupervisoryAuthority(
        name="Data protection authority of Utopia",
        country="UT",
        uris=("https://dpa.utopia.example/report",),
        emails=("report@dpa.utopia.example",),
        phones=("+000 1234567",),
    ),
    registry="https://registrar.utopia.example/wrp",
    credentials=(
        RegisteredCredential(
            format="dc+sd-jwt",
            types=("urn:eudi:pid:1",),
            claims=(("family_name",), ("given_name",), ("address", "locality"), ("nationalities", None)),
        ),
        RegisteredCredential(
            format="mso_mdoc",
            types=("eu.europa.ec.eudi.pid.1",),
            claims=(("eu.europa.ec.eudi.pid.1", "family_name"), ("eu.europa.ec.eudi.pid.1", "given_name")),
        ),
    ),
    certificate_policy="https://registrar.utopia.example/policy",
    issued_at=NOW - 3_600,
    expires=NOW + 90 * DAY,
    status=AttestationStatus(uri=STATUS_URI, index=3),
)
"""A relying party that asks for itself."""

THROUGH_DESK: Final = replace(
    LIBRARY, intermediary=Intermediary(identifier="NTRUT-7654321", name="Utopia Desk", service="desk-for-library")
)
"""The same, which has an intermediary ask for it."""

OFFICE: Final = RegistrationCertificate(
    identifier="NTRUT-0000001",
    name="Utopia Office",
    entitlements=(Entitlement.PID_PROVIDER,),
    provides=(
        RegisteredCredential(format="dc+sd-jwt", types=("urn:eudi:pid:1",)),
        RegisteredCredential(format="mso_mdoc", types=("eu.europa.ec.eudi.pid.1",)),
    ),
    issued_at=NOW - 3_600,
    expires=NOW + 90 * DAY,
    status=AttestationStatus(uri=STATUS_URI, index=4),
)
"""A provider of PIDs."""


def certified(each: CertifiedSigner = REGISTRATION_SIGNER) -> signing.CertifiedSigner:
    """The signer as the services hold it."""
    return signing.CertifiedSigner(signer=each.key, certificates=(each.certificate,))


def as_jwt(certificate: RegistrationCertificate = LIBRARY, *, by: CertifiedSigner = REGISTRATION_SIGNER) -> str:
    """The certificate as it stands in a request."""
    return sign_registration_jwt(certificate, signer=certified(by)).decode()


def as_cwt(certificate: RegistrationCertificate = LIBRARY, *, by: CertifiedSigner = REGISTRATION_SIGNER) -> bytes:
    """The certificate as it stands in a file."""
    return sign_registration_cwt(certificate, signer=certified(by))


def registered(**changes: Any) -> RegistrationCertificate:
    """The library's certificate with changes."""
    return replace(LIBRARY, **changes)


def status_list(*revoked: int, entity: str = PROVIDER, uri: str = STATUS_URI, **changes: Any) -> VerifiedStatusList:
    """The provider's list of eight, those revoked that are named."""
    data = sum(1 << index for index in revoked).to_bytes(1, "big")
    return replace(
        VerifiedStatusList(
            uri=uri,
            statuses=StatusList(bits=1, data=data),
            issued_at=NOW,
            expires=NOW + DAY,
            ttl=3_600,
            stale_at=NOW + 3_600,
            entity=entity,
            chain=(),
            aggregation_uri=None,
        ),
        **changes,
    )
