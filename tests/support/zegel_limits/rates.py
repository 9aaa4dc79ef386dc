"""How often each role may be asked: its settings, and what they are the limits of."""

from collections.abc import Callable, Mapping
from typing import Any, Final

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
from zegel.web.app.limits import (
    access_authority_limits,
    door_limits,
    issuer_limits,
    provider_limits,
    registrar_limits,
    transparency_log_limits,
    verifier_limits,
    wallet_limits,
    wallet_provider_limits,
)
from zegel.web.turnstile import Limits

LIMITS: Final[Mapping[str, tuple[Any, Callable[[Any], Limits]]]] = {
    "issuer": (IssuerRates, issuer_limits),
    "verifier": (VerifierRates, verifier_limits),
    "provider": (ProviderRates, provider_limits),
    "wallet": (WalletRates, wallet_limits),
    "wallet-provider": (WalletProviderRates, wallet_provider_limits),
    "registrar": (RegistrarRates, registrar_limits),
    "access-authority": (AccessAuthorityRates, access_authority_limits),
    "door": (DoorRates, door_limits),
    "transparency-log": (TransparencyLogRates, transparency_log_limits),
}
IN_THE_DATABASE: Final = {
    "issuer.rates.log_in_name": (
        "tests/flows/test_rates.py::test_the_passwords_of_a_name_wait_from_wherever_they_come_and_a_restart_frees_none"
    )
}
"""What no turnstile counts, and the test that has it."""
