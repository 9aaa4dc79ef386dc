"""zegel.toml to ``Config``. Nothing is guessed: an unknown setting is an error, and so is the wrong type."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from zegel.config.role import RoleConfig
from zegel.config.roles import Config
from zegel.config.setting import (
    Address,
    Count,
    Database,
    ListSize,
    Location,
    Network,
    Origin,
    Percent,
    Port,
    Seconds,
    Setting,
    Shape,
    Url,
    is_loopback,
    is_loopback_host,
    optional,
    settings_of,
)
from zegel.errors import Malformed
from zegel.primitives.http import origin_of
from zegel.trust.lists.verify import without_pids

_WHAT: Final = "zegel.toml"
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")  # RFC 1123 section 2.1
_MAX_PORT: Final = 65_535  # RFC 9293 section 3.1: sixteen bits


def parse_config(text: str, *, folder: Path) -> Config:
    """Parse a configuration; ``folder`` is where relative paths start, the file's own.

    ``Malformed`` names the path of the setting, never its value: it might be a secret in the wrong place.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(_WHAT, "", f"expected TOML: {str(error).lower()}") from None
    config: Config = _parse_table(Config, document, "", folder)
    for setting in settings_of(Config):
        role = getattr(config, setting.name)
        if isinstance(role, RoleConfig):
            _refuse_contradictions(role, setting.name)
    for position, listed in enumerate(config.qualified_lists):
        if without_pids(frozenset(listed.types)) != frozenset(listed.types) or not listed.types:
            where = f"qualified_lists[{position}].types"
            raise Malformed(_WHAT, where, "expected at least one, and no PID: who issues those stands on another list")
    return config


def _parse_table(table: Any, given: Any, where: str, folder: Path) -> Any:
    if not isinstance(given, dict):
        raise Malformed(_WHAT, where, "expected a table")
    known = {setting.name: setting for setting in settings_of(table)}
    for name in given:
        if name not in known:
            raise Malformed(_WHAT, _at(where, name), "there is no such setting")
    values = {}
    for setting in known.values():
        at = _at(where, setting.name)
        if setting.name in given:
            values[setting.name] = _parse(setting.type, given[setting.name], at, folder)
        elif setting.shape is Shape.TABLE:
            values[setting.name] = _parse_table(setting.table, {}, at, folder)
        elif setting.required:
            raise Malformed(_WHAT, at, "expected this setting: it has no default")
        else:
            values[setting.name] = _rooted(setting, folder)
    return table(**values)


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


def _parse(hint: Any, given: Any, where: str, folder: Path) -> Any:
    if is_dataclass(hint):
        return _parse_table(hint, given, where, folder)
    if hint in _PARSERS:
        return _PARSERS[hint](given, where)
    if hint is Path:
        return folder / Path(_text(given, where)).expanduser()
    if hint is Database:
        return _rooted_database(_text(given, where), folder)
    inner = optional(hint)
    if inner is not None:
        return _parse(inner, given, where, folder)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _one_of(list(arguments), given, where)
    if origin is tuple:
        return tuple(_parse(arguments[0], v, f"{where}[{i}]", folder) for i, v in enumerate(_list(given, where)))
    if origin is frozenset:
        return frozenset(_parse(arguments[0], v, f"{where}[{i}]", folder) for i, v in enumerate(_list(given, where)))
    if origin is Mapping and isinstance(given, dict):
        return {name: _parse(arguments[1], v, _at(where, name), folder) for name, v in given.items()}
    raise Malformed(_WHAT, where, "expected a table")


def _rooted(setting: Setting, folder: Path) -> Any:
    if setting.type is Database:
        return _rooted_database(setting.default, folder)
    return folder / setting.default if isinstance(setting.default, Path) else setting.default


def _rooted_database(url: str, folder: Path) -> Database:
    scheme, found, path = url.partition("sqlite:///")
    return Database(f"{found}{folder / path}" if found and not scheme else url)


def _text(given: Any, where: str) -> str:
    if type(given) is not str:
        raise Malformed(_WHAT, where, "expected text")
    return given


def _flag(given: Any, where: str) -> bool:
    if type(given) is not bool:
        raise Malformed(_WHAT, where, "expected true or false")
    return given


def _whole(least: int, most: int) -> Callable[[Any, str], int]:
    def parse(given: Any, where: str) -> int:
        if type(given) is not int or not least <= given <= most:
            raise Malformed(_WHAT, where, f"expected a whole number from {least} to {most}")
        return given

    return parse


def _origin(given: Any, where: str) -> Origin:
    text = _text(given, where)
    if text != origin_of(text, what=f"{_WHAT}: {where}"):
        raise Malformed(_WHAT, where, "expected an origin, such as https://issuer.example: no path, no default port")
    return Origin(text)


def _url(given: Any, where: str) -> Url:
    text = _text(given, where)
    origin_of(text, what=f"{_WHAT}: {where}")
    return Url(text)


def _location(given: Any, where: str) -> Location:
    text = _text(given, where)
    return Location(_url(text, where) if "://" in text else text)


def _address(given: Any, where: str) -> Address:
    text = _text(given, where)
    if _HOST.fullmatch(text) is None:
        raise Malformed(_WHAT, where, "expected an IPv4 address or a host name, without port")
    return Address(text)


def _network(given: Any, where: str) -> Network:
    try:
        network = ip_network(_text(given, where))
    except ValueError:
        raise Malformed(_WHAT, where, "expected an IP address, or a network such as 10.0.0.0/8") from None
    if not network.prefixlen:  # then everybody is a proxy, and says who it is
        raise Malformed(_WHAT, where, "expected the proxies alone, not every address")
    if network.version == 6 and network.network_address.ipv4_mapped is not None:  # peers are compared as IPv4
        raise Malformed(_WHAT, where, "expected an IPv4 address as such, without ::ffff:")
    return Network(str(network))


def _list_size(given: Any, where: str) -> int:
    size = _whole(1 << 12, 1 << 24)(given, where)
    if size & (size - 1):
        raise Malformed(_WHAT, where, "expected a power of two")
    return size


def _list(given: Any, where: str) -> list[Any]:
    if type(given) is not list:
        raise Malformed(_WHAT, where, "expected a list")
    return given


def _one_of(allowed: list[str], given: Any, where: str) -> str:
    text = _text(given, where)
    if text not in allowed:
        raise Malformed(_WHAT, where, f"expected one of {', '.join(allowed)}")
    return text


def _at(where: str, name: str) -> str:
    name = name[:64] if name.replace("_", "").replace("-", "").isalnum() else repr(name[:64])
    return f"{where}.{name}" if where else name


_PARSERS: Final[Mapping[Any, Callable[[Any, str], Any]]] = {
    str: _text,
    bool: _flag,
    Origin: _origin,
    Url: _url,
    Location: _location,
    Address: _address,
    ListSize: _list_size,
    Network: _network,
    Port: _whole(1, _MAX_PORT),
    Percent: _whole(0, 100),
    Count: _whole(1, 1 << 31),
    Seconds: _whole(1, 1 << 31),
}
