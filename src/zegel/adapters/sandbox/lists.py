"""The lists of trusted entities of Utopia, signed, as files that the trust role serves."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from zegel.adapters.files import create_owner_only
from zegel.adapters.sandbox.authorities import CONTACT, COUNTRY, revocation_url
from zegel.adapters.sandbox.plan import SandboxPlan
from zegel.adapters.sandbox.revocations import PUBLISHING
from zegel.formats.catalogue.types import Catalogue
from zegel.primitives.der import dotted_oid
from zegel.primitives.x509 import DAY
from zegel.trust.authority import Authority
from zegel.trust.lists.build import (
    ListedEntity,
    ListScheme,
    Organization,
    build_trusted_list,
    sign_trusted_list,
)
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
    signer: CertifiedSigner,
    catalogue: Catalogue,
    now: int,
) -> None:
    """Sign every list, and put the operator's root beside them."""
    for listed in LIST_FILES:
        document = build_trusted_list(
            _scheme(listed, plan),
            _entities(listed.type, roots, catalogue, log, _published(plan)),
            signer=signer.leaf,
            sequence=1,
            issued_at=now,
            next_update=now + _DAYS * DAY,
        )
        compact = sign_trusted_list(document, signer=signer.signer, chain=signer.chain, now=now)
        create_owner_only(folder / listed.file, compact)
    create_owner_only(folder / OPERATOR_FILE, roots["lists"].certificate.pem.encode())


def _published(plan: SandboxPlan) -> Mapping[str, tuple[SupplyPoint, ...]]:
    """Where each authority publishes what it revoked."""
    return {name: (SupplyPoint(url=revocation_url(plan, name), type=CRL_POINT),) for name in PUBLISHING}


def _entities(
    list_type: ListType,
    roots: Mapping[str, Authority],
    catalogue: Catalogue,
    log: LogSigner,
    published: Mapping[str, tuple[SupplyPoint, ...]],
) -> tuple[ListedEntity, ...]:
    attestations = roots["attestations"].certificate.der  # the issuer signs its status lists itself
    match list_type:
        case ListType.PID_PROVIDERS:
            services = (
                TrustedService(
                    name="PID",
                    type=ServiceType.PID_ISSUANCE,
                    certificates=(attestations,),
                    supply_points=published["attestations"],
                ),
                TrustedService(name="PID status", type=ServiceType.PID_REVOCATION, certificates=(attestations,)),
            )
            return (ListedEntity(organization=_office("identity"), country=COUNTRY, services=services),)
        case ListType.PUB_EAA_PROVIDERS:
            types = frozenset(
                identifier
                for type_ in catalogue.types.values()
                if type_.id != "pid"
                for identifier in (type_.vct, type_.doctype)
                if identifier is not None
            )
            services = (
                TrustedService(
                    name="Attestations",
                    type=ServiceType.PUB_EAA_ISSUANCE,
                    certificates=(attestations,),
                    types=types,
                    supply_points=published["attestations"],
                ),
                TrustedService(name="Status", type=ServiceType.PUB_EAA_REVOCATION, certificates=(attestations,)),
            )
            return (ListedEntity(organization=_office("identity"), country=COUNTRY, services=services),)
        case ListType.WALLET_PROVIDERS:
            wallets, status = roots["wallets"].certificate.der, roots["wallet-status"].certificate.der
            services = (
                TrustedService(
                    name="Wallet",
                    type=ServiceType.WALLET_ISSUANCE,
                    certificates=(wallets,),
                    supply_points=published["wallets"],
                ),
                TrustedService(
                    name="Wallet status",
                    type=ServiceType.WALLET_REVOCATION,
                    certificates=(status,),
                    supply_points=published["wallet-status"],
                ),
            )
            return (ListedEntity(organization=_office("wallet"), country=COUNTRY, services=services),)
        case ListType.ACCESS_PROVIDERS:
            access = TrustedService(
                name="Access certificates",
                type=ServiceType.ACCESS_ISSUANCE,
                certificates=(roots["access"].certificate.der,),
                supply_points=published["access"],
            )
            return (
                ListedEntity(organization=_office("access"), country=COUNTRY, services=(access,)),
                ListedEntity(organization=_office("log"), country=COUNTRY, services=(_log_service(log),)),
            )
        case ListType.REGISTRATION_PROVIDERS:
            registration = roots["registration"].certificate.der  # its provider signs its status lists itself
            services = (
                TrustedService(
                    name="Registration certificates",
                    type=ServiceType.REGISTRATION_ISSUANCE,
                    certificates=(registration,),
                    supply_points=published["registration"],
                ),
                TrustedService(
                    name="Registration certificate status",
                    type=ServiceType.REGISTRATION_REVOCATION,
                    certificates=(registration,),
                ),
            )
            return (ListedEntity(organization=_office("registration"), country=COUNTRY, services=services),)


def _log_service(log: LogSigner) -> TrustedService:
    """What is known of a log, before the first timestamp (RFC 9162 section 4.1)."""
    return TrustedService(
        name="Log of access certificates",
        type=ServiceType.TRANSPARENCY_LOG,
        keys=(encode_key(log.signer.public_key),),
        identifier=LOG_RADIX + dotted_oid(log.id, what="log ID"),
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
