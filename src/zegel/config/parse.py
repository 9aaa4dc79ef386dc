"""zegel.toml to ``Config``."""

from pathlib import Path
from typing import Final

from zegel.config.role import RoleConfig
from zegel.config.roles import Config
from zegel.config.setting import is_loopback, is_loopback_host, settings_of
from zegel.config.tables import Place, read_settings
from zegel.trust.lists.verify import without_pids

_FILE: Final = "zegel.toml"


def parse_config(text: str, *, folder: Path, file: str = _FILE) -> Config:
    """Parse a configuration; ``folder`` is where relative paths start, that of the ``file``, which goes by its name.

    ``Malformed`` names the path of the setting, never its value: it might be a secret in the wrong place.
    """
    config = read_settings(Config, text, file=file, folder=folder)
    for setting in settings_of(Config):
        role = getattr(config, setting.name)
        if isinstance(role, RoleConfig):
            _refuse_contradictions(role, Place(file=file, path=setting.name))
    for position, listed in enumerate(config.qualified_lists):
        if without_pids(frozenset(listed.types)) != frozenset(listed.types) or not listed.types:
            where = Place(file=file, path=f"qualified_lists[{position}].types")
            raise where.malformed("expected at least one, and no PID: who issues those stands on another list")
    return config


def _refuse_contradictions(role: RoleConfig, where: Place) -> None:
    secure = role.origin.startswith("https:")
    if (role.tls_certificate is None) is not (role.tls_key is None):
        raise where.member("tls_key").malformed("expected the certificate and its key, or neither")
    if secure and role.tls_certificate is None and not role.behind_proxy:
        raise where.member("tls_certificate").malformed("expected a certificate, or a proxy, for an https origin")
    if role.behind_proxy and not role.trusted_proxies:
        raise where.member("trusted_proxies").malformed("expected the proxy's address: else all are counted as one")
    if not secure and not (is_loopback(role.origin) and is_loopback_host(role.address)):
        raise where.member("origin").malformed("expected https: plain http is for loopback alone")
    if getattr(role, "workers", 1) > 1 and getattr(role, "database", "") == "sqlite://":
        raise where.member("workers").malformed("expected 1: in memory, what one worker has seen no other knows")
    operator = getattr(role, "operator_address", None)  # its listener speaks no TLS, and the token opens everything
    if operator is not None and not is_loopback_host(operator):
        raise where.member("operator_address").malformed("expected an address of this machine, such as 127.0.0.1")
