"""The limits of files that an operator, or somebody who could write there, has put in the way."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Final

from zegel_testing.authorities import fixed_key
from zegel_testing.list_descriptions import DESCRIPTION, SCHEME
from zegel_testing.pictures import blank, promised, saved

from zegel.adapters import vault
from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.configuration import load_config
from zegel.adapters.issuer_files import load_query
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.keyrings import KeyFiles, load_ring
from zegel.adapters.list_descriptions import load_list_description
from zegel.adapters.people_file import load_people_file
from zegel.adapters.pictures import codes_in
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.cli.passphrase import read_passphrase
from zegel.config.lists import ListDescription
from zegel.config.parse import parse_config
from zegel.config.tables import read_settings
from zegel.errors import Unavailable, ZegelError
from zegel.primitives.encoding import base64url
from zegel_limits.pair import Pair


def _file(read: Callable[[Path], object], content: Callable[[int], bytes]) -> Callable[[int], object]:
    """Have a file of so many bytes read."""

    def make(size: int) -> object:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            path.touch(mode=0o600)
            path.write_bytes(content(size))
            return read(path)

    return make


def _comments(start: bytes) -> Callable[[int], bytes]:
    return lambda size: start.ljust(size, b"#")


def _ring(path: Path) -> object:
    """The file as the ring of a key beside it."""
    key = path.with_name("key.pem")
    key.touch(mode=0o600)
    key.write_bytes(fixed_key("ring").secret_pem())
    path.rename(KeyFiles(key=key).ring)
    return load_ring(KeyFiles(key=key))


def _passphrases(size: int) -> tuple[object, ...]:
    """A passphrase from a file, and from a descriptor; the first refusal is raised, and both must be the same."""
    refusals: list[ZegelError] = []
    for way in (_from_file, _from_descriptor):
        try:
            assert len(way(size)) == size
        except ZegelError as error:
            refusals.append(error)
    assert len(refusals) in (0, 2)
    if refusals:
        raise refusals[1]
    return ()


def _from_file(size: int) -> str:
    return str(_file(lambda path: read_passphrase(Namespace(passphrase_file=path)), lambda size: b"p" * size)(size))


def _from_descriptor(size: int) -> str:
    with TemporaryFile() as file:
        file.write(b"p" * size)
        file.seek(0)
        return read_passphrase(Namespace(passphrase_file=None, passphrase_fd=file.fileno()))


def _vault(*, memory: int = vault.MIN_MEMORY_KIB, iterations: int = 1, lanes: int = 1) -> object:
    """The clear part of a vault."""
    return vault.parse_header(vault._HEADER.pack(vault._MAGIC, vault._VERSION, memory, iterations, lanes, bytes(16)))


def _port(port: int) -> object:
    return parse_config(f"[verifier]\nport = {port}\n", folder=Path())


def _description(length: int) -> object:
    text = DESCRIPTION.replace('"PID providers"', f'"{"a" * length}"')
    return read_settings(ListDescription, text, file="test", folder=Path())


FILES: Final[Mapping[str, Pair]] = {
    "zegel.adapters.picture_bounds.MAX_FILE": Pair(
        lambda n: codes_in(b"\x89PNG\r\n\x1a\n".ljust(n)), refused=ValueError, filler=True
    ),
    "zegel.adapters.pictures.MAX_SHOT": Pair(lambda n: codes_in(promised(n, 1)), refused=ValueError, filler=True),
    "zegel.adapters.pictures.MAX_PIXELS": Pair(lambda n: codes_in(promised(n, 1)), refused=ValueError, filler=True),
    "zegel.adapters.pictures.MAX_PAGES": Pair(
        lambda n: codes_in(saved(blank(8, 8), "PDF", *[blank(8, 8)] * (n - 1))), refused=ValueError
    ),
    "zegel.adapters.configuration.MAX_CONFIG": Pair(
        _file(load_config, _comments(b'log = "info"\n')), Unavailable, says="at most"
    ),
    "zegel.adapters.keyfiles.MAX_KEY": Pair(
        _file(load_private_key, lambda size: fixed_key("file").secret_pem().ljust(size, b"\n")), Unavailable
    ),
    "zegel.adapters.keyfiles.MAX_CHAIN": Pair(
        _file(load_certificates, lambda size: b"\n" * size), Unavailable, filler=True
    ),
    "zegel.adapters.keyrings.MAX_RING": Pair(_file(_ring, bytes), Unavailable, filler=True),
    "zegel.adapters.sealing_keys.MAX_SEALING_KEYS": Pair(
        _file(load_sealing_keys, lambda size: base64url(bytes(32)).encode().ljust(size, b" ")), Unavailable
    ),
    "zegel.adapters.people_file.MAX_FILE": Pair(
        _file(lambda path: load_people_file(path, catalogue=load_catalogue()), lambda size: b"\xff" * size),
        Unavailable,
        says="at most",
        filler=True,
    ),
    "zegel.adapters.vault.MIN_MEMORY_KIB": Pair(lambda n: _vault(memory=n), least=True),
    "zegel.adapters.vault._MAX_MEMORY_KIB": Pair(lambda n: _vault(memory=n)),
    "zegel.adapters.vault._MAX_ITERATIONS": Pair(lambda n: _vault(iterations=n)),
    "zegel.adapters.vault._MAX_LANES": Pair(lambda n: _vault(lanes=n)),
    "zegel.adapters.issuer_files.MAX_QUERY": Pair(
        _file(load_query, lambda size: b" " * size), Unavailable, filler=True
    ),
    "zegel.cli.passphrase.MAX_PASSPHRASE": Pair(_passphrases),
    "zegel.config.tables._MAX_PORT": Pair(_port),
    "zegel.config.tables._MAX_LINE": Pair(_description),
    "zegel.adapters.list_descriptions.MAX_DESCRIPTION": Pair(
        _file(load_list_description, lambda size: SCHEME.encode().ljust(size, b"\n")), Unavailable, says="at most"
    ),
}
