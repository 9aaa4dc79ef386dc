"""Settings from TOML: a document, or a table of one, to the frozen dataclass that declares them.

Nothing is guessed: an unknown setting is an error, and so is the wrong type. An error names the file and the setting's
path there, never its value: it might be a secret in the wrong place.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass, replace
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, final, get_args, get_origin

from zegel.config.setting import (
    Address,
    Count,
    Country,
    Database,
    Line,
    ListSize,
    Location,
    Mailbox,
    Moment,
    Network,
    Origin,
    Percent,
    Port,
    Seconds,
    Setting,
    Shape,
    Telephone,
    Url,
    optional,
    settings_of,
    wrong_setting,
)
from zegel.errors import Malformed
from zegel.primitives.http import origin_of

T = TypeVar("T")

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")  # RFC 1123 section 2.1
_MAX_LINE: Final = 500  # characters: an entity's name or street, in a table that people read
_COUNTRY: Final = re.compile(r"[A-Z]{2}")  # ISO 3166-1 alpha-2
_MAILBOX: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}")  # what mailto: takes as it stands
_TELEPHONE: Final = re.compile(r"\+[0-9]{4,15}")  # RFC 3966 section 5.1.4, E.164: what tel: takes as it stands
_NOT_A_FILE: Final = re.compile(r"sqlite(\+\w*)?://([^/]|.*\?)")  # RFC 3986 section 3: a host, or a query
_MAX_PORT: Final = 65_535  # RFC 9293 section 3.1: sixteen bits


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A setting by the name of its file and its path in there; "" is the document itself."""

    file: str
    path: str = ""

    def member(self, name: str) -> "Place":
        """A setting of the table here."""
        name = name[:64] if name.replace("_", "").replace("-", "").isalnum() else repr(name[:64])
        return replace(self, path=f"{self.path}.{name}" if self.path else name)

    def item(self, position: int) -> "Place":
        """An entry of the list here."""
        return replace(self, path=f"{self.path}[{position}]")

    def malformed(self, detail: str) -> Malformed:
        """What is wrong here."""
        return wrong_setting(self.path, detail, file=self.file)


def read_settings(table: type[T], text: str, *, file: str, folder: Path) -> T:
    """The settings of a document; ``folder`` is where relative paths start. ``Malformed`` with the setting's path."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise wrong_setting("", f"expected TOML: {str(error).lower()}", file=file) from None
    settings: T = _table(table, document, Place(file=file), folder)
    return settings


def _table(table: Any, given: Any, where: Place, folder: Path) -> Any:
    if not isinstance(given, dict):
        raise where.malformed("expected a table")
    known = {setting.name: setting for setting in settings_of(table)}
    for name in given:
        if name not in known:
            raise where.member(name).malformed("there is no such setting")
    values = {}
    for setting in known.values():
        at = where.member(setting.name)
        if setting.name in given:
            values[setting.name] = _parse(setting.type, given[setting.name], at, folder)
        elif setting.shape is Shape.TABLE:
            values[setting.name] = _table(setting.table, {}, at, folder)
        elif setting.required:
            raise at.malformed("expected this setting: it has no default")
        else:
            values[setting.name] = _rooted(setting, folder)
    return table(**values)


def _parse(hint: Any, given: Any, where: Place, folder: Path) -> Any:
    if is_dataclass(hint):
        return _table(hint, given, where, folder)
    if hint in _PARSERS:
        return _PARSERS[hint](given, where)
    if hint is Path:
        return folder / Path(_text(given, where)).expanduser()
    if hint is Database:
        return _rooted_database(_database(given, where), folder)
    inner = optional(hint)
    if inner is not None:
        return _parse(inner, given, where, folder)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _one_of(list(arguments), given, where)
    if origin is tuple:
        return tuple(_parse(arguments[0], v, where.item(i), folder) for i, v in enumerate(_list(given, where)))
    if origin is frozenset:
        return frozenset(_parse(arguments[0], v, where.item(i), folder) for i, v in enumerate(_list(given, where)))
    if origin is Mapping and isinstance(given, dict):
        return {name: _parse(arguments[1], v, where.member(name), folder) for name, v in given.items()}
    raise where.malformed("expected a table")


def _rooted(setting: Setting, folder: Path) -> Any:
    if setting.type is Database:
        return _rooted_database(setting.default, folder)
    return folder / setting.default if isinstance(setting.default, Path) else setting.default


def _rooted_database(url: str, folder: Path) -> Database:
    scheme, found, path = url.partition("sqlite:///")
    return Database(f"{found}{folder / path}" if found and not scheme else url)


def _database(given: Any, where: Place) -> str:
    text = _text(given, where)
    if _NOT_A_FILE.match(text):
        raise where.malformed("expected three slashes and a path for SQLite, as in sqlite:///data/role.db, and no more")
    return text


def _text(given: Any, where: Place) -> str:
    if type(given) is not str:
        raise where.malformed("expected text")
    return given


def _line(given: Any, where: Place) -> Line:
    text = _text(given, where)
    if not 0 < len(text) <= _MAX_LINE or not text.isprintable() or text != text.strip():
        raise where.malformed(f"expected one to {_MAX_LINE} characters on a line")
    return Line(text)


def _form(pattern: re.Pattern[str], detail: str) -> Callable[[Any, Place], str]:
    def parse(given: Any, where: Place) -> str:
        text = _text(given, where)
        if pattern.fullmatch(text) is None:
            raise where.malformed(detail)
        return text

    return parse


def _moment(given: Any, where: Place) -> Moment:
    if type(given) is not datetime or given.tzinfo is None:
        raise where.malformed("expected a time with its zone, as 2026-01-31T12:00:00Z, without quotes")
    return Moment(int(given.timestamp()))


def _flag(given: Any, where: Place) -> bool:
    if type(given) is not bool:
        raise where.malformed("expected true or false")
    return given


def _whole(least: int, most: int) -> Callable[[Any, Place], int]:
    def parse(given: Any, where: Place) -> int:
        if type(given) is not int or not least <= given <= most:
            raise where.malformed(f"expected a whole number from {least} to {most}")
        return given

    return parse


def _origin(given: Any, where: Place) -> Origin:
    text = _text(given, where)
    if text != _origin_in(text, where):
        raise where.malformed("expected an origin, such as https://issuer.example: no path, no default port")
    return Origin(text)


def _url(given: Any, where: Place) -> Url:
    text = _text(given, where)
    _origin_in(text, where)
    return Url(text)


def _origin_in(text: str, where: Place) -> str:
    try:
        return origin_of(text, what=where.file)
    except Malformed as error:
        raise where.malformed(error.expected) from None


def _location(given: Any, where: Place) -> Location:
    text = _text(given, where)
    return Location(_url(text, where) if "://" in text else text)


def _address(given: Any, where: Place) -> Address:
    text = _text(given, where)
    if _HOST.fullmatch(text) is None:
        raise where.malformed("expected an IPv4 address or a host name, without port")
    return Address(text)


def _network(given: Any, where: Place) -> Network:
    try:
        network = ip_network(_text(given, where))
    except ValueError:
        raise where.malformed("expected an IP address, or a network such as 10.0.0.0/8") from None
    if not network.prefixlen:  # then everybody is a proxy, and says who it is
        raise where.malformed("expected the proxies alone, not every address")
    if network.version == 6 and network.network_address.ipv4_mapped is not None:  # peers are compared as IPv4
        raise where.malformed("expected an IPv4 address as such, without ::ffff:")
    return Network(str(network))


def _list_size(given: Any, where: Place) -> int:
    size = _whole(1 << 12, 1 << 24)(given, where)
    if size & (size - 1):
        raise where.malformed("expected a power of two")
    return size


def _list(given: Any, where: Place) -> list[Any]:
    if type(given) is not list:
        raise where.malformed("expected a list")
    return given


def _one_of(allowed: list[str], given: Any, where: Place) -> str:
    text = _text(given, where)
    if text not in allowed:
        raise where.malformed(f"expected one of {', '.join(allowed)}")
    return text


_PARSERS: Final[Mapping[Any, Callable[[Any, Place], Any]]] = {
    str: _text,
    bool: _flag,
    Origin: _origin,
    Url: _url,
    Location: _location,
    Address: _address,
    ListSize: _list_size,
    Network: _network,
    Line: _line,
    Country: _form(_COUNTRY, "expected a country's code of ISO 3166-1, as NL"),
    Mailbox: _form(_MAILBOX, "expected an address of mail, as trust@office.example"),
    Telephone: _form(_TELEPHONE, "expected a number as +31701234567"),
    Moment: _moment,
    Port: _whole(1, _MAX_PORT),
    Percent: _whole(0, 100),
    Count: _whole(1, 1 << 31),
    Seconds: _whole(1, 1 << 31),
}
