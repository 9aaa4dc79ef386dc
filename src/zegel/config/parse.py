"""zegel.toml to ``Config``."""

from pathlib import Path
from typing import Final

from zegel.config.role import RoleConfig
from zegel.config.roles import Config
from zegel.config.setting import is_loopback, is_loopback_host, settings_of
from zegel.config.tables import read_settings
from zegel.errors import Malformed
from zegel.trust.lists.verify import without_pids

_WHAT: Final = "zegel.toml"


def parse_config(text: str, *, folder: Path) -> Config:
    """Parse a configuration; ``folder`` is where relative paths start, the file's own.

    ``Malformed`` names the path of the setting, never its value: it might be a secret in the wrong place.
    """
    config = read_settings(Config, text, file=_WHAT, folder=folder)
    for setting in settings_of(Config):
        role = getattr(config, setting.name)
        if isinstance(role, RoleConfig):
            _refuse_contradictions(role, setting.name)
    for position, listed in enumerate(config.qualified_lists):
        if without_pids(frozenset(listed.types)) != frozenset(listed.types) or not listed.types:
            where = f"qualified_lists[{position}].types"
            raise Malformed(_WHAT, where, "expected at least one, and no PID: who issues those stands on another list")
    return config


def _refuse_contradictions(role: RoleConfig, where: str) -> None:
    secure = role.origin.startswith("https:")
    if (role.tls_certificate is None) is not (role.tls_key is None):
        raise Malformed(_WHAT, f"{where}.tls_key", "expected the certificate and its key, or neither")
    if secure and role.tls_certificate is None and not role.behind_proxy:
        raise Malformed(_WHAT, f"{where}.tls_certificate", "expected a certificate, or a proxy, for an https origin")
    if role.behind_proxy and not role.trusted_proxies:
        raise Malformed(_WHAT, f"{where}.trusted_proxies", "expected the proxy's address: else all are counted as one")
    if not secure and not (is_loopback(role.origin) and is_loopback_host(role.address)):
        raise Malformed(_WHAT, f"{where}.origin", "expected https: plain http is for loopback alone")
    if getattr(role, "workers", 1) > 1 and getattr(role, "database", "") == "sqlite://":
        raise Malformed(_WHAT, f"{where}.workers", "expected 1: in memory, what one worker has seen no other knows")
    operator = getattr(role, "operator_address", None)  # its listener speaks no TLS, and the token opens everything
    if operator is not None and not is_loopback_host(operator):
        raise Malformed(_WHAT, f"{where}.operator_address", "expected an address of this machine, such as 127.0.0.1")
