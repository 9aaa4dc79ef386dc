"""The lists of trusted entities of Utopia, signed, as files that the trust role serves."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

from zegel.adapters.files import create_owner_only
from zegel.adapters.sandbox.access_root import BELOW_ROOT
from zegel.adapters.sandbox.authorities import CONTACT, COUNTRY, issuing_url, revocation_url
from zegel.adapters.sandbox.plan import SandboxPlan
from zegel.adapters.sandbox.qualified import DIPLOMA
from zegel.formats.catalogue.types import Catalogue
from zegel.primitives.der import dotted_oid
from zegel.primitives.x509 import Certificate
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.authority import Authority
from zegel.trust.lists.build import ListedEntity, ListScheme, Organization
from zegel.trust.lists.issue import issue_trusted_list
from zegel.trust.lists.values import (
    CRL_POINT,
    LOG_RADIX,
    ListType,
    ServiceType,
    SupplyPoint,
    TrustedService,
    encode_key,
)
from zegel.trust.signing import CertifiedSigner
from zegel.trust.transparency.logs import LogSigner

OPERATOR_FILE: Final = "operator.pem"
LIST_PATH: Final = "/lists/"
_DAYS: Final = 180  # TS 119 602 annexes D to H: at most six months


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """A list by its file and what the configuration calls its purpose."""

    file: str
    purpose: str
    type: ListType
    name: str


LIST_FILES: Final = (
    ListFile(file="pid-providers.jwt", purpose="pid", type=ListType.PID_PROVIDERS, name="PID providers"),
    ListFile(
        file="attestation-providers.jwt",
        purpose="attestation",
        type=ListType.PUB_EAA_PROVIDERS,
        name="Attestation providers",
    ),
    ListFile(
        file="wallet-providers.jwt", purpose="wallet-provider", type=ListType.WALLET_PROVIDERS, name="Wallet providers"
    ),
    ListFile(
        file="access-providers.jwt",
        purpose="access",
        type=ListType.ACCESS_PROVIDERS,
        name="Providers of access certificates",
    ),
    ListFile(
        file="registration-providers.jwt",
        purpose="registration",
        type=ListType.REGISTRATION_PROVIDERS,
        name="Providers of registration certificates",
    ),
)


def write_lists(
    folder: Path,
    plan: SandboxPlan,
    roots: Mapping[str, Authority],
    *,
    log: LogSigner,
    issuing: Certificate,
    signer: CertifiedSigner,
    catalogue: Catalogue,
    now: int,
) -> None:
    """Sign every list, and put the operator's root beside them. ``issuing`` is who issues below the access root."""
    utopia = _Utopia(plan, roots, catalogue, log, issuing, now)
    root = TrustAnchor(certificate=roots["lists"].certificate, purpose=Purpose.LIST, entity=str(folder))
    operators = TrustAnchors([root])
    for listed in LIST_FILES:
        issued = issue_trusted_list(
            _scheme(listed, plan),
            utopia.entities(listed.type),
            signer=signer,
            operators=operators,
            before=None,
            days=_DAYS,
            now=now,
        )
        create_owner_only(folder / listed.file, issued.compact)
    create_owner_only(folder / OPERATOR_FILE, roots["lists"].certificate.pem.encode())


@final
@dataclass(frozen=True, slots=True)
class _Utopia:
    """Who stands on the lists: the authorities, and where each publishes what it revoked."""

    plan: SandboxPlan
    roots: Mapping[str, Authority]
    catalogue: Catalogue
    log: LogSigner
    issuing: Certificate
    now: int

    def entities(self, list_type: ListType) -> tuple[ListedEntity, ...]:
        """Those of a list. Issuer and registrar sign their status lists themselves."""
        match list_type:
            case ListType.PID_PROVIDERS:
                issuance = self._service("PID", ServiceType.PID_ISSUANCE, "attestations")
                status = self._service("PID status", ServiceType.PID_REVOCATION, "attestations")
                return (_entity("identity", issuance, status),)
            case ListType.PUB_EAA_PROVIDERS:
                issuance = self._service("Attestations", ServiceType.PUB_EAA_ISSUANCE, "attestations")
                status = self._service("Status", ServiceType.PUB_EAA_REVOCATION, "attestations")
                issuance = replace(issuance, types=self._types(), since=self.now)
                return (_entity("identity", issuance, replace(status, since=self.now)),)
            case ListType.WALLET_PROVIDERS:
                issuance = self._service("Wallet", ServiceType.WALLET_ISSUANCE, "wallets")
                status = self._service("Wallet status", ServiceType.WALLET_REVOCATION, "wallet-status")
                return (_entity("wallet", issuance, status),)
            case ListType.ACCESS_PROVIDERS:
                issuance = self._service("Access certificates", ServiceType.ACCESS_ISSUANCE, "access")
                below = (revocation_url(self.plan, BELOW_ROOT), issuing_url(self.plan, self.issuing))
                points = (SupplyPoint(url=url, type=CRL_POINT) for url in below)
                return (
                    _entity("access", replace(issuance, supply_points=(*issuance.supply_points, *points))),
                    _entity("log", _log_service(self.log, self.plan.origin("transparency_log"), since=self.now)),
                )
            case ListType.REGISTRATION_PROVIDERS:
                issuance = self._service("Registration certificates", ServiceType.REGISTRATION_ISSUANCE, "registration")
                status = self._service(
                    "Registration certificate status", ServiceType.REGISTRATION_REVOCATION, "registration"
                )
                return (_entity("registration", issuance, status),)

    def _service(self, name: str, type_: ServiceType, root: str) -> TrustedService:
        return TrustedService(
            name=name,
            type=type_,
            certificates=(self.roots[root].certificate.der,),
            supply_points=(SupplyPoint(url=revocation_url(self.plan, root), type=CRL_POINT),),
        )

    def _types(self) -> frozenset[str]:
        """Every type but the PID, which has a list of its own, and what stands on the list in XML alone."""
        elsewhere = ("pid", DIPLOMA)
        types = [type_ for type_ in self.catalogue.types.values() if type_.id not in elsewhere]
        return frozenset(name for type_ in types for name in type_.identifiers)


def _entity(kind: str, *services: TrustedService) -> ListedEntity:
    return ListedEntity(organization=_office(kind), country=COUNTRY, services=services)


def _log_service(log: LogSigner, url: str, *, since: int) -> TrustedService:
    """What is known of a log, before the first timestamp (RFC 9162 section 4.1)."""
    return TrustedService(
        name="Log of access certificates",
        type=ServiceType.TRANSPARENCY_LOG,
        keys=(encode_key(log.signer.public_key),),
        supply_points=(SupplyPoint(url=url),),
        identifier=LOG_RADIX + dotted_oid(log.id, what="log ID"),
        since=since,
    )


def _scheme(listed: ListFile, plan: SandboxPlan) -> ListScheme:
    return ListScheme(
        type=listed.type,
        name=listed.name,
        operator=_office("list"),
        territory=COUNTRY,
        location=plan.origin("trust") + LIST_PATH + listed.file,
        information=CONTACT + "/lists",
        policy=CONTACT + "/policy",
    )


def _office(kind: str) -> Organization:
    return Organization(
        name=f"Utopia {kind} office",
        trade_name=f"Utopia {kind} office",
        street="Example street 1",
        locality="Example city",
        postal_code="0000",
        country=COUNTRY,
        email=f"{kind}@utopia.example",
        telephone="+999000000",
        website=CONTACT,
    )
