# ruff: noqa: RUF009 each call declares a field
"""The settings that every role has."""

from dataclasses import dataclass
from pathlib import Path

from zegel.config.setting import Address, Network, Origin, Port, required, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleConfig:
    """What every role has; ``origin`` and ``port`` have each role's own default."""

    origin: Origin = required("the role's origin")
    port: Port = required("the port to listen on")
    address: Address = setting(Address("127.0.0.1"), "the address to listen on")
    tls_certificate: Path | None = setting(None, "PEM chain for TLS; without it plain http, on loopback alone")
    tls_key: Path | None = setting(None, "PEM key of the TLS certificate")
    behind_proxy: bool = setting(False, "a reverse proxy speaks TLS in front of this role, and sends the origin's Host")
    trusted_proxies: tuple[Network, ...] = setting(
        (), "addresses or networks of proxies that are believed when X-Forwarded-For says whom they heard"
    )
    challenges: Path | None = setting(
        None,
        "folder of what is answered at /.well-known/access-certificate/ while a certificate is ordered for the host",
    )
    metrics_address: Address = setting(Address("127.0.0.1"), "the address at which the role is watched, in plain http")
    metrics_port: Port | None = setting(None, "the port of /metrics, /healthz and /readyz; without it no such listener")
