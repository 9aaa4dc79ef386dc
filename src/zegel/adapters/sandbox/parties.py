"""What the parties of Utopia register: who they are, what they ask for, and what they issue.

The issuer issues every type of the catalogue, and asks for a PID of whoever brings a health certificate. The verifier
looks at attestations, but not at portraits and numbers of persons. Tax online and the registrar sign people in with
PIDs, and the sign-in provider asks for them, as their intermediary.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.adapters.sandbox.authorities import ATTESTATIONS, CONTACT, COUNTRY, DEMONSTRATION, DOOR, SIGN_IN
from zegel.adapters.sandbox.plan import SandboxPlan
from zegel.formats.catalogue.types import Catalogue
from zegel.primitives.claim_path import ClaimPath
from zegel.protocols.oidc.attestations import Attestation, build_attestations
from zegel.services.health import VALID
from zegel.services.health_log_in import IDENTIFYING
from zegel.trust.register.values import (
    EUID,
    PRIVACY_STATEMENT,
    Identifier,
    IntendedUse,
    Policy,
    Service,
    UsedIntermediary,
    WalletRelyingParty,
)
from zegel.trust.registration.credentials import RegisteredCredential
from zegel.trust.registration.entitlements import Entitlement
from zegel.trust.registration.values import LocalizedText, SupervisoryAuthority

_UNASKED: Final = frozenset({"portrait", "personal_administrative_number"})
_SIGN_IN_CLAIMS: Final = (
    "personal_administrative_number",
    "given_name",
    "family_name",
    "birth_date",
    "resident_address",
)
_SIGN_IN_OFFICE: Final = "GOVUT-0003"
_THROUGH: Final = (UsedIntermediary(identifier=_SIGN_IN_OFFICE, trade_name="Utopia sign-in", service=SIGN_IN),)


@final
@dataclass(frozen=True, slots=True)
class _Parties:
    """Who registers, at which origins, with which attestations."""

    plan: SandboxPlan
    attestations: Mapping[str, Attestation]

    def issuer(self) -> WalletRelyingParty:
        pid = self.attestations["pid"]
        provided = tuple(entry for each in self.attestations.values() for entry in _registered(each, ()))
        service = _service(
            ATTESTATIONS, "Attestations", "Issues PIDs and other attestations to the people of Utopia", provided
        )
        use = self._use(
            "issuer",
            service,
            "To see that the certificate that you brought is yours",
            _registered(pid, IDENTIFYING),
        )
        return self._party(
            "issuer",
            "GOVUT-0001",
            "Utopia identity office",
            service,
            use,
            entitlements=(Entitlement.PID_PROVIDER, Entitlement.PUB_EAA_PROVIDER, Entitlement.SERVICE_PROVIDER),
        )

    def verifier(self) -> WalletRelyingParty:
        asked = tuple(
            entry
            for name, attestation in self.attestations.items()
            if name != VALID  # which is asked for at the door
            for entry in _registered(attestation, [each for each in _claims(attestation) if each not in _UNASKED])
        )
        service = _service(DEMONSTRATION, "Demonstration", "Looks at attestations, for a demonstration")
        use = self._use("verifier", service, "To show you what a verifier gets to see", asked)
        return self._party("verifier", "GOVUT-0002", "Utopia verifier", service, use)

    def sign_in(self) -> WalletRelyingParty:
        service = _service(SIGN_IN, "Sign-in", "Asks wallets for those whom they sign in to")
        return self._party("provider", _SIGN_IN_OFFICE, "Utopia sign-in", service, intermediary=True)

    def tax_online(self) -> WalletRelyingParty:
        service = _service("tax-online", "Tax online", "Takes tax returns")
        purpose = "To sign you in, and to fill in who you are on your tax return"
        use = self._use("service", service, purpose, _registered(self.attestations["pid"], _SIGN_IN_CLAIMS))
        return self._party("service", "GOVUT-0005", "Utopia tax office", service, use, intermediaries=_THROUGH)

    def registrar(self) -> WalletRelyingParty:
        service = _service("register", "Register of relying parties", "Keeps the register of relying parties")
        claims = ("personal_administrative_number", "given_name", "family_name")
        purpose = "To know who registers a party, and who decides on it"
        use = self._use("registrar", service, purpose, _registered(self.attestations["pid"], claims))
        return self._party("registrar", "GOVUT-0006", "Utopia registrar", service, use, intermediaries=_THROUGH)

    def door(self) -> WalletRelyingParty:
        valid = self.attestations[VALID]
        service = _service(DOOR, "Door", "Lets people in to plays")
        purpose = "To know that you meet the rules for health certificates, and nothing else of you"
        use = self._use("door", service, purpose, _registered(valid, _claims(valid)))
        return self._party("door", "GOVUT-0007", "Utopia theatre", service, use)

    def _use(
        self, role: str, service: Service, purpose: str, credentials: tuple[RegisteredCredential, ...]
    ) -> IntendedUse:
        return IntendedUse(
            purposes=_in_english(purpose),
            policies=(Policy(uri=self.plan.origin(role) + "/", type=PRIVACY_STATEMENT),),
            credentials=credentials,
            services=(service.identifier,),
        )

    def _party(
        self,
        role: str,
        identifier: str,
        name: str,
        service: Service,
        *uses: IntendedUse,
        entitlements: tuple[str, ...] = (Entitlement.SERVICE_PROVIDER,),
        intermediary: bool = False,
        intermediaries: tuple[UsedIntermediary, ...] = (),
    ) -> WalletRelyingParty:
        return WalletRelyingParty(
            identifiers=(Identifier(identifier=identifier, type=EUID),),
            trade_name=name,
            legal_name=name,
            country=COUNTRY,
            support=(f"mailto:{role}@utopia.example",),
            information=(self.plan.origin(role) + "/",),
            services=(service,),
            entitlements=entitlements,
            authority=SupervisoryAuthority(
                name="Utopia data protection authority", country=COUNTRY, uris=(CONTACT + "/report",)
            ),
            intended_uses=uses,
            intermediary=intermediary,
            intermediaries=intermediaries,
        )


def utopian_parties(plan: SandboxPlan, catalogue: Catalogue) -> Mapping[str, WalletRelyingParty]:
    """Each party, by who applies for it."""
    parties = _Parties(plan, build_attestations(catalogue))
    return {
        "issuer": parties.issuer(),
        "verifier": parties.verifier(),
        "sign-in": parties.sign_in(),
        "tax-online": parties.tax_online(),
        "registrar-office": parties.registrar(),
        "door": parties.door(),
    }


def _service(identifier: str, name: str, description: str, provides: tuple[RegisteredCredential, ...] = ()) -> Service:
    return Service(identifier=identifier, trade_name=name, descriptions=_in_english(description), provides=provides)


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
