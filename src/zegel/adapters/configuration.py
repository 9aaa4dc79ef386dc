"""The configuration's file, and whether the files are there that it names."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from zegel.adapters.catalogue import load_catalogue_with
from zegel.adapters.clients import find_client_faults
from zegel.adapters.files import os_errors, read_file
from zegel.adapters.keyfiles import load_certificate_bytes, load_certificates, load_client_secret, load_secret
from zegel.adapters.keyrings import KeyFiles, load_ring
from zegel.adapters.registration_files import load_registration
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.config.parse import parse_config
from zegel.config.role import RoleConfig
from zegel.config.roles import Config, ProviderConfig
from zegel.config.setting import wrong_setting
from zegel.errors import Malformed, Unavailable
from zegel.trust.rotation import KeyRing

MAX_CONFIG: Final = 1 << 20  # a verifier with a hundred clients has 100 kB
_LOADERS: Final[Mapping[str, Callable[[Path], object]]] = {
    "sealing_key": load_sealing_keys,
    "operator_token": load_secret,
    "subject_secret": load_secret,
    "client_secret": load_secret,
    "key": lambda path: load_ring(KeyFiles(key=path)),
    "access_key": lambda path: load_ring(KeyFiles(key=path)),
    "status_key": lambda path: load_ring(KeyFiles(key=path)),
    "encryption_key": lambda path: load_ring(KeyFiles(key=path)),
    "chain": load_certificates,
    "access_chain": load_certificates,
    "status_chain": load_certificates,
    "registrar_token": load_secret,
    "registration": load_registration,
}
"""How a role reads the files that its settings name."""
_CHAIN_OF: Final = {"key": "chain", "access_key": "access_chain", "status_key": "status_chain"}


def load_config(path: Path) -> Config:
    """Read a zegel.toml; ``Unavailable`` when it is missing, ``Malformed`` with the setting's path when it is wrong."""
    try:
        text = read_file(path, max_bytes=MAX_CONFIG).decode()
    except UnicodeDecodeError:
        raise wrong_setting("", "expected UTF-8", file=path.name) from None
    return parse_config(text, folder=path.resolve().parent, file=path.name)


def find_faults(config: Config, roles: Mapping[str, RoleConfig]) -> Iterator[str]:
    """What would keep these roles from starting: a file that is missing, open to others or not what it should be, a
    database that cannot be there, a client whose registration does not hold, and a port that two listeners want; each
    with the setting's path. ``roles`` are by their tables' names."""
    for position, listed in enumerate(config.trusted_lists):
        yield from _fault(f"trusted_lists[{position}].signer", load_certificates, listed.signer)
    for position, qualified in enumerate(config.qualified_lists):
        yield from _fault(f"qualified_lists[{position}].signers", load_certificate_bytes, qualified.signers)
    for name, role in roles.items():
        for setting, load in _LOADERS.items():
            path = getattr(role, setting, None)
            if isinstance(path, Path):
                yield from _fault(f"{name}.{setting}", load, path)
        for key, chain in _CHAIN_OF.items():
            pair = getattr(role, key, None), getattr(role, chain, None)
            if all(isinstance(path, Path) and path.exists() for path in pair):
                yield from _fault(f"{name}.{chain}", _load_ring, *pair)
        database = getattr(role, "database", None)
        if database is not None:
            yield from _fault(f"{name}.database", _check_database, database)
        for setting, load, path in _inner(role):
            if path is not None:
                yield from _fault(f"{name}.{setting}", load, path)
        if role.tls_certificate is not None:
            yield from _fault(f"{name}.tls_certificate", _load_tls, role.tls_certificate, role.tls_key)
        if isinstance(role, ProviderConfig):
            yield from _client_faults(role)
    if "issuer" in roles:
        yield from _issuer_faults(config)
    yield from _shared_ports(roles)


def _client_faults(config: ProviderConfig) -> Iterator[str]:
    try:
        catalogue = load_catalogue_with(config.catalogue)
    except (Malformed, Unavailable) as error:
        yield f"provider.catalogue: {error}"
        return
    for fault in find_client_faults(config.clients, catalogue):
        yield f"{fault.field}: {fault.detail}"


def _issuer_faults(config: Config) -> Iterator[str]:
    from zegel.adapters.issuer_files import find_issuer_faults  # a command that asks for no issuer loads no catalogue

    return find_issuer_faults(config)


def _inner(role: RoleConfig) -> Iterator[tuple[str, Callable[[Path], object], Path | None]]:
    """The files that tables within a role's name."""
    source: Any = getattr(role, "source", None)
    if source is not None:
        yield "source.client_secret", load_client_secret, source.client_secret
        yield "source.registration", load_registration, source.registration
    for position, client in enumerate(getattr(role, "clients", ())):
        yield f"clients[{position}].registration", load_registration, client.registration


def _fault(where: str, load: Callable[..., object], *paths: Any) -> Iterator[str]:
    try:
        load(*paths)
    except (Malformed, Unavailable) as error:
        yield f"{where}: {error.detail}"


def _check_database(url: str) -> str:
    from zegel.adapters.sql.upkeep import check_usable  # a command that asks for no database loads nothing of SQL

    return check_usable(url)


def _load_ring(key: Path, chain: Path) -> KeyRing:
    return load_ring(KeyFiles(key=key, chain=chain))


def _load_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with os_errors(certificate):
        try:
            context.load_cert_chain(certificate, key)
        except ssl.SSLError:
            raise Unavailable(str(certificate), f"expected a PEM chain of the key in {key}") from None
    return context


def _shared_ports(roles: Mapping[str, RoleConfig]) -> Iterator[str]:
    seen: dict[tuple[str, int | None], str] = {}
    for name, role in roles.items():
        for kind in ("", "operator_", "metrics_"):
            port = getattr(role, f"{kind}port", None)
            where, door = f"{name}.{kind}port", (str(getattr(role, f"{kind}address", "")), port)
            if port is not None and seen.setdefault(door, where) != where:
                yield f"{where}: expected a port of its own, not that of {seen[door]}"
