"""The passphrase of a vault: from a file, from a descriptor, or asked on the terminal. Never from an argument, which
every user of the machine can read."""

import stat
import sys
from argparse import ArgumentParser, Namespace
from getpass import getpass
from pathlib import Path
from typing import Final

from zegel.adapters.files import os_errors, read_file
from zegel.cli.output import say
from zegel.errors import Malformed

MAX_PASSPHRASE: Final = 4_096  # bytes; a line of a file, not a file


def add_passphrase_options(parser: ArgumentParser) -> None:
    """Add the two ways to hand over a passphrase; without either it is asked on the terminal."""
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--passphrase-file", metavar="FILE", type=Path, help="read the passphrase from a file")
    given.add_argument("--passphrase-fd", metavar="N", type=int, help="read the passphrase from a descriptor")


def read_passphrase(args: Namespace, *, new: bool = False) -> str:
    """The passphrase; asked for twice when it is ``new``. ``Malformed`` when there is nobody to ask, or two differ."""
    if args.passphrase_file is not None:
        return _first_line(read_file(_careful(args.passphrase_file), max_bytes=MAX_PASSPHRASE), "--passphrase-file")
    if args.passphrase_fd is not None:
        return _first_line(_read_descriptor(args.passphrase_fd), "--passphrase-fd")
    if not sys.stdin.isatty():
        detail = "expected a passphrase: there is no terminal to ask for it"
        raise Malformed("command line", "--passphrase-file", detail)
    passphrase = getpass("Passphrase: ", stream=sys.stderr)
    if new and getpass("The same once more: ", stream=sys.stderr) != passphrase:
        raise Malformed("new passphrase", "passphrase", "expected the same passphrase twice")
    return passphrase


def _careful(path: Path) -> Path:
    with os_errors(path):
        mode = path.stat().st_mode
    if stat.S_ISREG(mode) and mode & 0o077:
        say(f"others than its owner may read {path}; chmod it to 600")
    return path


def _read_descriptor(number: int) -> bytes:
    try:
        with open(number, "rb", closefd=False) as file:
            line = file.readline(MAX_PASSPHRASE + 1)
    except (OSError, ValueError):
        raise Malformed("command line", "--passphrase-fd", "expected a descriptor that is open for reading") from None
    if len(line) > MAX_PASSPHRASE:  # what is cut off would be missing from the passphrase, without a word
        raise Malformed("command line", "--passphrase-fd", f"expected at most {MAX_PASSPHRASE} bytes")
    return line


def _first_line(data: bytes, option: str) -> str:
    """The first line without its end: an editor leaves one behind."""
    try:
        return data.decode().split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise Malformed("command line", option, "expected UTF-8") from None
