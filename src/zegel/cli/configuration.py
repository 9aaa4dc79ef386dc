"""Which zegel.toml a command means: the one that is named, the one in this folder, or that of the running demo."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from zegel.adapters.configuration import load_config
from zegel.adapters.files import make_owner_only_folder, replace_owner_only
from zegel.config.roles import Config
from zegel.errors import Unavailable

ENVIRONMENT: Final = "ZEGEL_CONFIG"
FILE: Final = "zegel.toml"


def add_config_option(parser: ArgumentParser) -> None:
    """Add ``--config``."""
    parser.add_argument("--config", metavar="FILE", type=Path, help="the configuration; zegel --help has the default")


def find_config(args: Namespace, *, demo: bool = True) -> Config:
    """Load the configuration that a command means; ``Unavailable`` when there is none.

    In this order: ``--config``, the variable ZEGEL_CONFIG, zegel.toml in this folder, the demo that was started last.
    That one is meant by who asks its roles something, and not by who serves roles: without ``demo``.
    """
    return load_config(find_config_file(args, demo=demo))


def find_config_file(args: Namespace, *, demo: bool = True) -> Path:
    """The path of the configuration that a command means."""
    named: Path | None = getattr(args, "config", None)
    if named is not None:
        return named
    if os.environ.get(ENVIRONMENT):
        return Path(os.environ[ENVIRONMENT])
    if Path(FILE).exists():
        return Path(FILE)
    if not demo:
        raise Unavailable(FILE, "there is none here; name one with --config")
    pointer = _pointer()
    if pointer.exists():
        running = Path(pointer.read_text().strip())
        if running.exists():
            return running
    raise Unavailable(FILE, "there is none here, and no demo is running; name one with --config")


def announce_demo(config: Path) -> None:
    """Let other commands of this user find the demo that has just started."""
    pointer = _pointer()
    make_owner_only_folder(pointer.parent)
    replace_owner_only(pointer, f"{config}\n".encode())


def withdraw_demo(config: Path) -> None:
    """The demo has ended; a later one that has taken its place stays."""
    pointer = _pointer()
    if pointer.exists() and pointer.read_text().strip() == str(config):
        pointer.unlink()


def _pointer() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "zegel" / "demo"
