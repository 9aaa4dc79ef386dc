"""What a registration certificate says, taken from the register (ARF 3.0 RPRC_03 to RPRC_15)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.register.values import IntendedUse, Service, UsedIntermediary, WalletRelyingParty
from zegel.trust.registration.values import Intermediary, RegistrationCertificate


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Certifiable:
    """What one certificate is about: a Service with one intended use of it, or with what it issues."""

    service: Service
    use: IntendedUse | None
    intermediary: UsedIntermediary | None


def certifiable(party: WalletRelyingParty) -> Iterator[Certifiable]:
    """One for each intended use of each Service, by each intermediary where there are some; one for each provider.

    ARF 3.0 RPRC_09, RPRC_13 and Reg_10c.
    """
    for use in party.intended_uses:
        if use.revoked is None:
            for name in use.services:
                for intermediary in party.intermediaries or (None,):
                    yield Certifiable(service=party.service(name), use=use, intermediary=intermediary)
    for service in party.services:
        if service.provides:
            yield Certifiable(service=service, use=None, intermediary=None)


def certificate_of(
    party: WalletRelyingParty, about: Certifiable, *, issued_at: int, expires: int, status: AttestationStatus | None
) -> RegistrationCertificate:
    """The certificate, to be signed. Without an intended use it names none (RPRC_05)."""
    use, service = about.use, about.service
    return RegistrationCertificate(
        identifier=party.identifier,
        name=party.trade_name,
        entitlements=party.entitlements,
        issued_at=issued_at,
        expires=expires,
        status=status,
        legal_name=party.official_name,
        country=party.country,
        service=service.identifier,
        service_name=service.trade_name,
        descriptions=service.descriptions,
        purposes=() if use is None else use.purposes,
        intended_use=None if use is None else use.identifier,
        privacy_policy=None if use is None else use.policies[0].uri,
        support=party.support,
        information=party.information,
        authority=party.authority,
        registry=party.registry,
        credentials=() if use is None else use.credentials,
        provides=service.provides if use is None else (),
        public_body=party.public_body,
        intermediary=_intermediary(about.intermediary),
    )


def _intermediary(used: UsedIntermediary | None) -> Intermediary | None:
    if used is None:
        return None
    return Intermediary(identifier=used.identifier, name=used.trade_name, service=used.service)
