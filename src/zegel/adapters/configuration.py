"""The configuration's file."""

from pathlib import Path
from typing import Final

from zegel.adapters.files import read_file
from zegel.config.parse import parse_config
from zegel.config.roles import Config
from zegel.errors import Malformed

MAX_CONFIG: Final = 1 << 20  # a verifier with a hundred clients has 100 kB


def load_config(path: Path) -> Config:
    """Read a zegel.toml; ``Unavailable`` when it is missing, ``Malformed`` with the setting's path when it is wrong."""
    try:
        text = read_file(path, max_bytes=MAX_CONFIG).decode()
    except UnicodeDecodeError:
        raise Malformed("zegel.toml", "", "expected UTF-8") from None
    return parse_config(text, folder=path.resolve().parent)
