"""The settings as text: a zegel.toml in which everything stands as a comment, and the reference in the docs."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from zegel.config.lists import ListDescription
from zegel.config.roles import Config
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
)

_DATABASE: Final = re.compile(r"([\w+.-]+://)([^?]*)(\?[^@]*)?")
_PASSWORD: Final = re.compile(r":.*@", re.DOTALL)  # whatever it is made of: from the first colon to the last @
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")  # TOML 1.0, keys
_TYPES: Final[Mapping[Any, str]] = {
    str: "text",
    bool: "true or false",
    Path: "path",
    Database: "URL",
    Origin: "origin",
    Url: "URL",
    Location: "URL or path",
    Address: "address",
    Port: "port",
    Count: "number",
    Percent: "percent",
    Seconds: "seconds",
    ListSize: "power of two",
    Network: "network",
    Line: "text",
    Country: "country",
    Mailbox: "mail",
    Telephone: "telephone",
    Moment: "time",
}


def render_config() -> str:
    """A zegel.toml with every setting, each commented out at its default, under its meaning."""
    lines = [
        "# zegel.toml: every setting with its default. Take the # away to change one.",
        "# Relative paths start at the folder of this file.",
        *_commented(Config, ""),
    ]
    return "\n".join(lines) + "\n"


def render_reference() -> str:
    """The reference as Markdown: a table for each section."""
    lines = [
        "# Configuration",
        "",
        "One `zegel.toml`, read once at start. Every setting has a default; an unknown one is an error that names its",
        "path. No environment variable changes anything. Relative paths start at the folder of the file.",
        *_tables(Config, ""),
    ]
    return "\n".join(lines) + "\n"


def render_list_description() -> str:
    """The reference of the description from which a list of trusted entities is signed, as Markdown."""
    lines = [
        "# The description of a list",
        "",
        "What `zegel list sign` reads: a file in TOML that says who publishes a list of trusted entities, and who",
        "stands on it. An unknown setting is an error that names its path. Paths start at the folder of the file.",
        "[Operations](operations.md#lists-of-trusted-entities) has an example.",
        *_tables(ListDescription, ""),
    ]
    return "\n".join(lines) + "\n"


def render_values(config: Config) -> str:
    """A configuration as it counts, defaults and all: a zegel.toml that says the same, but for what is hidden."""
    return "\n".join(["# What is commented out is not set, or hidden.", *_valued(config, "")]) + "\n"


def shown_values(table: Any) -> dict[str, Any]:
    """A configuration as it counts, as JSON has it; what is hidden is null."""
    return {setting.name: _shown(setting, getattr(table, setting.name)) for setting in _settings(table)}


def _settings(table: Any) -> tuple[Setting, ...]:
    kind: Any = type(table)
    return settings_of(kind)


def _valued(table: Any, path: str) -> Iterator[str]:
    plain, inner = _split(type(table))
    for setting in plain:
        value = getattr(table, setting.name)
        if value is None or setting.hidden:
            yield f"# {setting.name}: {'not set' if value is None else 'hidden'}"
        else:
            yield f"{setting.name} = {_value(_visible(setting, value))}"
    for setting in inner:
        value, at = getattr(table, setting.name), f"{path}.{setting.name}" if path else setting.name
        match setting.shape:
            case Shape.LIST_OF_TABLES:
                tables = [(f"[[{at}]]", at, one) for one in value]
            case Shape.NAMED_TABLES:
                named = {f"{at}.{_key(name)}": one for name, one in value.items()}
                tables = [(f"[{name}]", name, one) for name, one in named.items()]
            case _:
                tables = [] if value is None else [(f"[{at}]", at, value)]
        for header, name, one in tables:
            yield from ("", header, *_valued(one, name))


def _shown(setting: Setting, value: Any) -> Any:
    if value is None or setting.hidden:
        return None
    match setting.shape:
        case Shape.LIST_OF_TABLES:
            return [shown_values(one) for one in value]
        case Shape.NAMED_TABLES:
            return {name: shown_values(one) for name, one in value.items()}
        case Shape.VALUE:
            return _as_json(_visible(setting, value))
        case _:
            return shown_values(value)


def _visible(setting: Setting, value: Any) -> Any:
    return _without_secrets(value) if setting.type is Database else value


def _without_secrets(url: str) -> str:
    """Of a database's URL what cannot be a password, which may stand before the host and in the query."""
    parts = _DATABASE.fullmatch(url)
    if parts is None:  # an @ after a question mark belongs to either
        return "***"
    scheme, rest, query = parts.groups()
    return scheme + _PASSWORD.sub(":***@", rest) + ("?***" if query else "")


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _as_json(value: Any) -> Any:
    if isinstance(value, tuple | frozenset):
        return [_as_json(one) for one in (sorted(value) if isinstance(value, frozenset) else value)]
    return str(value) if isinstance(value, Path) else value


def _commented(table: Any, path: str, *, always: bool = True) -> Iterator[str]:
    plain, inner = _split(table)
    for setting in plain:
        yield from ("", f"# {setting.meaning}", f"# {setting.name} = {_toml(setting)}")
    for setting in inner:
        header = _header(setting, path)
        there = always and setting.shape is Shape.TABLE
        yield from ("", "", f"# {setting.meaning}", header if there else f"# {header}")
        yield from _commented(setting.table, header.strip("[]"), always=there)


def _tables(table: Any, path: str) -> Iterator[str]:
    plain, inner = _split(table)
    if plain:
        yield from ("", "| setting | type | default | meaning |", "|---|---|---|---|")
    for setting in plain:
        default = "none" if setting.default is None else f"`{_toml(setting)}`"
        default = "required" if setting.required else default
        yield f"| `{setting.name}` | {_type(setting.type)} | {default} | {setting.meaning} |"
    for setting in inner:
        header = _header(setting, path)
        yield from ("", f"## `{header}`", "", setting.meaning[0].upper() + setting.meaning[1:] + ".")
        yield from _tables(setting.table, header.strip("[]"))


def _split(table: Any) -> tuple[list[Setting], list[Setting]]:
    """TOML's order: a table's own settings before the tables within it."""
    settings = settings_of(table)
    plain = [setting for setting in settings if setting.shape is Shape.VALUE]
    return plain, [setting for setting in settings if setting.shape is not Shape.VALUE]


def _header(setting: Setting, path: str) -> str:
    at = f"{path}.{setting.name}" if path else setting.name
    if setting.shape is Shape.LIST_OF_TABLES:
        return f"[[{at}]]"
    return f"[{at}.NAME]" if setting.shape is Shape.NAMED_TABLES else f"[{at}]"


def _toml(setting: Setting) -> str:
    return '"..."' if setting.default is None else _value(setting.default)


def _value(value: Any) -> str:
    if isinstance(value, tuple | frozenset):
        ordered = sorted(value) if isinstance(value, frozenset) else value
        return "[" + ", ".join(map(_value, ordered)) + "]"
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


def _type(hint: Any) -> str:
    if hint in _TYPES:
        return _TYPES[hint]
    inner = optional(hint)
    if inner is not None:
        return f"{_type(inner)}, or left out"
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint))
    return f"list of {_type(get_args(hint)[0])}s"
