"""From a role's section on how often it may be asked to the limits of its turnstile."""

from zegel.config.rates import (
    AccessAuthorityRates,
    DoorRates,
    IssuerRates,
    ProviderRates,
    RegistrarRates,
    TransparencyLogRates,
    VerifierRates,
    WalletProviderRates,
    WalletRates,
)
from zegel.services.rates import Limit
from zegel.web.turnstile import Allowance, Limits


def issuer_limits(rates: IssuerRates) -> Limits:
    """The issuer's; the passwords of a name are counted by its log-in."""
    return {
        Limit.LOG_IN: Allowance(address=rates.log_in),
        Limit.REQUEST: Allowance(address=rates.request),
        Limit.PAR: Allowance(address=rates.par),
        Limit.TOKEN: Allowance(address=rates.token, session=rates.token_session),
        Limit.NONCE: Allowance(address=rates.nonce),
        Limit.OFFER: Allowance(address=rates.offer, session=rates.offer_session),
        Limit.OPERATOR_TOKEN: Allowance(address=rates.operator_token),
    }


def verifier_limits(rates: VerifierRates) -> Limits:
    """The verifier's."""
    return {
        Limit.REQUEST: Allowance(address=rates.request, session=rates.request_session),
        Limit.OPERATOR_TOKEN: Allowance(address=rates.operator_token),
    }


def provider_limits(rates: ProviderRates) -> Limits:
    """The provider's."""
    return {
        Limit.REQUEST: Allowance(address=rates.request, session=rates.request_session),
        Limit.TOKEN: Allowance(address=rates.token, session=rates.token_session),
    }


def door_limits(rates: DoorRates) -> Limits:
    """The door's."""
    return {
        Limit.REQUEST: Allowance(address=rates.request, session=rates.request_session),
        Limit.FRAME: Allowance(address=rates.frame, session=rates.frame_session),
    }


def wallet_limits(rates: WalletRates) -> Limits:
    """The wallet's."""
    return {Limit.PASSPHRASE: Allowance(address=rates.passphrase, session=rates.passphrase_session)}


def transparency_log_limits(rates: TransparencyLogRates) -> Limits:
    """The log's."""
    return {Limit.SUBMISSION: Allowance(address=rates.submission)}


def wallet_provider_limits(rates: WalletProviderRates) -> Limits:
    """The wallet provider's."""
    return {
        Limit.ATTESTATION: Allowance(address=rates.attestation),
        Limit.OPERATOR_TOKEN: Allowance(address=rates.operator_token),
    }


def registrar_limits(rates: RegistrarRates) -> Limits:
    """The registrar's."""
    return {
        Limit.REGISTER: Allowance(address=rates.register),
        Limit.REQUEST: Allowance(address=rates.request),
        Limit.LOG_IN: Allowance(address=rates.log_in),
        Limit.OPERATOR_TOKEN: Allowance(address=rates.operator_token),
    }


def access_authority_limits(rates: AccessAuthorityRates) -> Limits:
    """The access authority's."""
    return {
        Limit.REQUEST: Allowance(address=rates.request),
        Limit.OPERATOR_TOKEN: Allowance(address=rates.operator_token),
    }
