"""The settings as text: a zegel.toml in which everything stands as a comment, and the reference in the docs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from zegel.config.roles import Config
from zegel.config.setting import Count, Database, ListSize, Origin, Port, Seconds, Setting, Shape, optional, settings_of

_TYPES: Final[Mapping[Any, str]] = {
    str: "text",
    bool: "true or false",
    Path: "path",
    Database: "URL",
    Origin: "origin",
    Port: "port",
    Count: "number",
    Seconds: "seconds",
    ListSize: "power of two",
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
        return "[" + ", ".join(map(_value, value)) + "]"
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
