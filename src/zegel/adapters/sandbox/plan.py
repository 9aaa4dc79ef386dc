"""What a sandbox is made for: which roles at which origins, under which profile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, final

ROLES: Final[Mapping[str, str]] = {
    "issuer": "issuer",
    "verifier": "verifier",
    "provider": "login",
    "service": "tax",
    "wallet": "wallet",
    "wallet_provider": "wallet-provider",
    "trust": "trust",
    "transparency_log": "log",
    "registrar": "registrar",
    "access_authority": "access-authority",
    "door": "door",
}
"""Each role and the first label of its host: cookies ignore ports, so that each has a host of its own."""

PORTS: Final[Mapping[str, int]] = {role: at for at, role in enumerate(ROLES)} | {"door": 17}
"""Each role's usual port, counted from the first; from the tenth on stand the operator APIs."""

OPERATED: Final = ("issuer", "verifier", "wallet_provider", "registrar", "access_authority")
"""The roles with an operator API on a listener of its own."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPlan:
    """A sandbox to be made. ``ports`` by role, ``operator_ports`` by the roles that have an operator API,
    ``metrics_ports`` by the roles that are watched.

    ``brisk`` makes what revocation waits for a matter of seconds, for a demonstration.
    """

    profile: str
    tls: bool
    ports: Mapping[str, int]
    operator_ports: Mapping[str, int]
    metrics_ports: Mapping[str, int] = field(default_factory=dict)
    brisk: bool = False

    def host(self, role: str) -> str:
        """The role's host, a name below ``localhost`` (RFC 6761 section 6.3)."""
        return f"{ROLES[role]}.localhost"

    def origin(self, role: str) -> str:
        """The role's origin."""
        return f"{'https' if self.tls else 'http'}://{self.host(role)}:{self.ports[role]}"
