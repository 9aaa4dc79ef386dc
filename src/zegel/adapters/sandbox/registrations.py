"""What the parties of Utopia registered, as certificates that the sandbox's provider signs once, and their status list.

The issuer issues every type of the catalogue, and asks for a PID of whoever brings a health certificate. The verifier
looks at attestations, but not at portraits and numbers of persons. Tax online and the registrar sign people in with
PIDs, and the sign-in provider asks for them, as their intermediary.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from zegel.adapters.files import create_owner_only
from zegel.adapters.sandbox.authorities import CONTACT, COUNTRY, SIGNER_DAYS, revocation_url, write_identity
from zegel.adapters.sandbox.plan import SandboxPlan
from zegel.formats.catalogue.types import Catalogue
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.token import sign_status_list_jwt
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.keys import random_private_key
from zegel.primitives.x509 import DAY
from zegel.protocols.oidc.attestations import Attestation, build_attestations
from zegel.services.health import VALID
from zegel.services.health_log_in import IDENTIFYING
from zegel.trust.anchors import Purpose
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.authority import Authority, SubjectName, issue_certificate
from zegel.trust.registration.credentials import RegisteredCredential
from zegel.trust.registration.entitlements import Entitlement
from zegel.trust.registration.sign import sign_registration_jwt
from zegel.trust.registration.values import (
    Intermediary,
    LocalizedText,
    RegistrationCertificate,
    SupervisoryAuthority,
)
from zegel.trust.signing import CertifiedSigner

REGISTRATIONS: Final[Mapping[str, str]] = {
    "issuer": "keys/issuer-registration.jwt",
    "issuer-asking": "keys/issuer-asking-registration.jwt",
    "verifier": "keys/verifier-registration.jwt",
    "tax-online": "keys/tax-online-registration.jwt",
    "registrar": "keys/registrar-registration.jwt",
    "door": "keys/door-registration.jwt",
}
"""The file of each certificate, from the sandbox's folder."""

STATUS_PATH: Final = "/status/"
STATUS_FILE: Final = "registration.status"
SIGNER_FILE: Final = "registration"
_ENTRIES: Final = 4_096  # nobody can tell from an index which of them it is about
_DAYS: Final = 180  # GEN-5.2.4-08: at most twelve months
_TTL: Final = 43_200
_BRISK_TTL: Final = 60  # the least that a reader takes for one
_UNASKED: Final = frozenset({"portrait", "personal_administrative_number"})
_SIGN_IN: Final = (
    "personal_administrative_number",
    "given_name",
    "family_name",
    "birth_date",
    "resident_address",
)


def create_registrations(
    folder: Path,
    plan: SandboxPlan,
    root: Authority,
    *,
    trust_folder: Path,
    catalogue: Catalogue,
    now: int,
    random: Callable[[int], bytes],
) -> None:
    """Sign each certificate, and the list that says that none of them is revoked."""
    signer = _certify_provider(folder, plan, root, now=now, random=random)
    uri = plan.origin("trust") + STATUS_PATH + STATUS_FILE
    indices = _indices(len(REGISTRATIONS), random)
    for index, (name, certificate) in zip(indices, _certificates(plan, catalogue, now).items(), strict=True):
        status = AttestationStatus(uri=uri, index=index)
        signed = sign_registration_jwt(certificate(status), signer=signer)
        create_owner_only(folder / REGISTRATIONS[name], signed)
    token = sign_status_list_jwt(
        compress(empty_status_list(_ENTRIES, bits=1)),
        uri=uri,
        signer=signer.signer,
        chain=signer.chain,
        now=now,
        expires=now + SIGNER_DAYS * DAY,
        ttl=_BRISK_TTL if plan.brisk else _TTL,
    )
    create_owner_only(trust_folder / STATUS_FILE, token)


def _certify_provider(
    folder: Path, plan: SandboxPlan, root: Authority, *, now: int, random: Callable[[int], bytes]
) -> CertifiedSigner:
    """Who signs registration certificates, and their status list."""
    key = random_private_key(random)
    certificate = issue_certificate(
        root,
        SubjectName(
            country=COUNTRY, organization="Utopia registration office", common_name="Registration certificates"
        ),
        key=key.public_key,
        purpose=Purpose.REGISTRATION,
        now=now - DAY,
        days=SIGNER_DAYS,
        random=random,
        crl_url=revocation_url(plan, "registration"),
    )
    write_identity(folder / "keys" / SIGNER_FILE, key, certificate)
    return CertifiedSigner(signer=key, certificates=(certificate,))


Unsigned = Callable[[AttestationStatus], RegistrationCertificate]


def _certificates(plan: SandboxPlan, catalogue: Catalogue, now: int) -> Mapping[str, Unsigned]:
    attestations = build_attestations(catalogue)
    pid = attestations["pid"]
    asked = tuple(
        entry
        for name, attestation in attestations.items()
        if name != VALID  # which is asked for at the door
        for entry in _registered(attestation, [claim for claim in _claims(attestation) if claim not in _UNASKED])
    )

    def issuer(status: AttestationStatus) -> RegistrationCertificate:
        return RegistrationCertificate(
            identifier="GOVUT-0001",
            name="Utopia identity office",
            entitlements=(Entitlement.PID_PROVIDER, Entitlement.PUB_EAA_PROVIDER),
            descriptions=_in_english("Issues PIDs and other attestations to the people of Utopia"),
            provides=tuple(entry for each in attestations.values() for entry in _registered(each, ())),
            status=status,
            **_common(plan, "issuer", now),
        )

    def verifier(status: AttestationStatus) -> RegistrationCertificate:
        return RegistrationCertificate(
            identifier="GOVUT-0002",
            name="Utopia verifier",
            entitlements=(Entitlement.SERVICE_PROVIDER,),
            descriptions=_in_english("Looks at attestations, for a demonstration"),
            purposes=_in_english("To show you what a verifier gets to see"),
            intended_use="demonstration",
            privacy_policy=plan.origin("verifier") + "/",
            credentials=asked,
            status=status,
            **_common(plan, "verifier", now),
        )

    def tax_online(status: AttestationStatus) -> RegistrationCertificate:
        return RegistrationCertificate(
            identifier="GOVUT-0005",
            name="Utopia tax office",
            service="tax-online",
            service_name="Tax online",
            entitlements=(Entitlement.SERVICE_PROVIDER,),
            descriptions=_in_english("Takes tax returns"),
            purposes=_in_english("To sign you in, and to fill in who you are on your tax return"),
            intended_use="sign-in",
            privacy_policy=plan.origin("service") + "/",
            credentials=_registered(pid, _SIGN_IN),
            intermediary=Intermediary(identifier="GOVUT-0003", name="Utopia sign-in"),
            status=status,
            **_common(plan, "service", now),
        )

    return {
        "issuer": issuer,
        "issuer-asking": partial(_asking_issuer, plan, pid, now),
        "verifier": verifier,
        "tax-online": tax_online,
        "registrar": partial(_registrar, plan, pid, now),
        "door": partial(_door, plan, attestations["vaccination_valid"], now),
    }


def _door(plan: SandboxPlan, valid: Attestation, now: int, status: AttestationStatus) -> RegistrationCertificate:
    return RegistrationCertificate(
        identifier="GOVUT-0007",
        name="Utopia theatre",
        entitlements=(Entitlement.SERVICE_PROVIDER,),
        descriptions=_in_english("Lets people in to plays"),
        purposes=_in_english("To know that you meet the rules for health certificates, and nothing else of you"),
        intended_use="door",
        privacy_policy=plan.origin("door") + "/",
        credentials=_registered(valid, _claims(valid)),
        status=status,
        **_common(plan, "door", now),
    )


def _asking_issuer(plan: SandboxPlan, pid: Attestation, now: int, status: AttestationStatus) -> RegistrationCertificate:
    return RegistrationCertificate(
        identifier="GOVUT-0001",
        name="Utopia identity office",
        entitlements=(Entitlement.SERVICE_PROVIDER,),
        descriptions=_in_english("Sees that a health certificate is of whoever brings it"),
        purposes=_in_english("To see that the certificate that you brought is yours"),
        intended_use="health-certificate",
        privacy_policy=plan.origin("issuer") + "/",
        credentials=_registered(pid, IDENTIFYING),
        status=status,
        **_common(plan, "issuer", now),
    )


def _registrar(plan: SandboxPlan, pid: Attestation, now: int, status: AttestationStatus) -> RegistrationCertificate:
    return RegistrationCertificate(
        identifier="GOVUT-0006",
        name="Utopia registrar",
        service="register",
        service_name="Register of relying parties",
        entitlements=(Entitlement.SERVICE_PROVIDER,),
        descriptions=_in_english("Keeps the register of relying parties"),
        purposes=_in_english("To know who registers a party, and who decides on it"),
        intended_use="registration",
        privacy_policy=plan.origin("registrar") + "/",
        credentials=_registered(pid, ("personal_administrative_number", "given_name", "family_name")),
        intermediary=Intermediary(identifier="GOVUT-0003", name="Utopia sign-in"),
        status=status,
        **_common(plan, "registrar", now),
    )


def _common(plan: SandboxPlan, role: str, now: int) -> dict[str, Any]:
    return {
        "country": COUNTRY,
        "support": (f"mailto:{role.replace('_', '-')}@utopia.example",),
        "information": (plan.origin(role) + "/",),
        "authority": SupervisoryAuthority(
            name="Utopia data protection authority", country=COUNTRY, uris=(CONTACT + "/report",)
        ),
        "registry": CONTACT + "/wrp",
        "certificate_policy": CONTACT + "/policy",
        "issued_at": now - DAY // 2,
        "expires": now + _DAYS * DAY,
    }


def _claims(attestation: Attestation) -> Collection[str]:
    return dict.fromkeys(claim for paths in attestation.paths.values() for claim in paths)


def _registered(attestation: Attestation, claims: Collection[str]) -> tuple[RegisteredCredential, ...]:
    """An attestation in each of its formats, with those claims that the format has."""
    return tuple(
        RegisteredCredential(
            format=str(format_),
            types=(type_,),
            claims=tuple(
                dict.fromkeys(
                    _whole(attestation.paths[format_][claim]) for claim in claims if claim in attestation.paths[format_]
                )
            ),
        )
        for format_, type_ in attestation.types.items()
    )


def _whole(path: ClaimPath) -> ClaimPath:
    """An array is registered with what holds its entries."""
    return path[:-1] if path[-1] is None else path


def _in_english(text: str) -> tuple[LocalizedText, ...]:
    return (LocalizedText(lang="en", value=text),)


def _indices(count: int, random: Callable[[int], bytes]) -> list[int]:
    """Entries of a list that is empty otherwise, each of them somewhere."""
    found: dict[int, None] = {}
    while len(found) < count:
        found[int.from_bytes(random(2), "big") % _ENTRIES] = None
    return list(found)
