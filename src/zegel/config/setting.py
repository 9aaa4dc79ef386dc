"""A setting: a field of a frozen dataclass, with its default, its meaning, and a type that says what it may be."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from ipaddress import ip_address
from types import UnionType
from typing import Any, Final, NewType, TypeVar, Union, final, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Malformed

T = TypeVar("T")

Origin = NewType("Origin", str)
"""``scheme://host[:port]``: no path, no default port."""

Url = NewType("Url", str)
"""An absolute http or https URL."""

Location = NewType("Location", str)
"""A URL as ``Url``, or the path of a file, which has no ``://`` in it."""

Address = NewType("Address", str)
"""Where a listener listens: an IPv4 address or a host name."""

Port = NewType("Port", int)
"""A TCP port."""

Count = NewType("Count", int)
"""A number from one upwards."""

ListSize = NewType("ListSize", int)
"""The entries of a status list: a power of two, so that its bits fill whole pages."""

Seconds = NewType("Seconds", int)
"""A duration from one second upwards."""

Database = NewType("Database", str)
"""A database's URL; the path of an SQLite file in it is relative to the configuration's folder."""

Percent = NewType("Percent", int)
"""A share of a whole, from 0 to 100."""

Network = NewType("Network", str)
"""An IP address, or a network such as ``10.0.0.0/8``."""

Line = NewType("Line", str)
"""Text on one line that is not empty: a name, a street."""

Country = NewType("Country", str)
"""A country by two letters, ISO 3166-1 alpha-2."""

Mailbox = NewType("Mailbox", str)
"""An address of mail, bare."""

Telephone = NewType("Telephone", str)
"""A telephone number as E.164 has it, with its plus."""

Moment = NewType("Moment", int)
"""A moment, in seconds since the epoch; in the file a date and time of TOML with its zone."""

_MEANING: Final = "meaning"
_HIDDEN: Final = "hidden"


def setting(default: T, meaning: str, *, hidden: bool = False) -> T:
    """Declare a setting with its default; a value that is ``hidden`` is never shown."""
    return field(default=default, metadata={_MEANING: meaning, _HIDDEN: hidden})


def required(meaning: str) -> Any:
    """Declare a setting of a table that a list repeats, where no default could make sense."""
    return field(metadata={_MEANING: meaning})


def section(table: type[T], meaning: str) -> T:
    """Declare a table of settings."""
    return field(default_factory=table, metadata={_MEANING: meaning})


def wrong_setting(path: str, detail: str, *, file: str = "configuration") -> Malformed:
    """What is wrong with a setting, by its path in the file, never its value: it might be a secret in the wrong
    place."""
    return Malformed(file, path, detail, check=Check.CONFIGURATION)


class Shape(StrEnum):
    """How a setting stands in the file."""

    VALUE = "value"
    TABLE = "table"  # a section, always there
    OPTIONAL_TABLE = "optional table"
    NAMED_TABLES = "named tables"  # a mapping from names to tables
    LIST_OF_TABLES = "list of tables"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting as it is described. ``table`` is the dataclass that it holds, once or several times."""

    name: str
    type: Any
    default: Any
    required: bool
    meaning: str
    hidden: bool
    shape: Shape
    table: Any


@cache
def settings_of(table: Any) -> tuple[Setting, ...]:
    """The settings of a table, in the order in which they stand in the source."""
    hints = get_type_hints(table)
    return tuple(_setting(declared, hints[declared.name]) for declared in fields(table))


def optional(hint: Any) -> Any:
    """The type without its None; None when it has none."""
    if get_origin(hint) in (Union, UnionType):
        return next(member for member in get_args(hint) if member is not type(None))
    return None


def _setting(declared: Field[Any], hint: Any) -> Setting:
    shape, table = _shape(hint)
    return Setting(
        name=declared.name,
        type=hint,
        default=None if declared.default is MISSING else declared.default,
        required=declared.default is MISSING and declared.default_factory is MISSING,
        meaning=declared.metadata[_MEANING],
        hidden=declared.metadata.get(_HIDDEN, False),
        shape=shape,
        table=table,
    )


def _shape(hint: Any) -> tuple[Shape, Any]:
    if is_dataclass(hint):
        return Shape.TABLE, hint
    if is_dataclass(optional(hint)):
        return Shape.OPTIONAL_TABLE, optional(hint)
    if get_origin(hint) is Mapping and is_dataclass(get_args(hint)[1]):
        return Shape.NAMED_TABLES, get_args(hint)[1]
    if get_origin(hint) is tuple and is_dataclass(get_args(hint)[0]):
        return Shape.LIST_OF_TABLES, get_args(hint)[0]
    return Shape.VALUE, None


def is_loopback(origin: str) -> bool:
    """Whether an origin is this machine's, by a name or an address that can be no other's (RFC 6761 section 6.3)."""
    return is_loopback_host(urlsplit(origin).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Whether a host name or an address is this machine's, whoever asks."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
