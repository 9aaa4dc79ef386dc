"""The files of the catalogue: those that come with the package, and an operator's own."""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from zegel.errors import Unavailable
from zegel.formats.catalogue.parse import build_catalogue, parse_attestation_type
from zegel.formats.catalogue.types import AttestationType, Catalogue


def load_catalogue(folders: Sequence[Path] = ()) -> Catalogue:
    """Read the package's types and every ``*.toml`` of the folders.

    ``Malformed`` names the file and the place in it; ``Unavailable`` a folder or a file that cannot be read.
    """
    return build_catalogue((*_shipped(), *(type_ for folder in folders for type_ in _types(folder))))


def load_catalogue_with(folder: Path | None) -> Catalogue:
    """The package's types, and those of a role's own folder; raises as ``load_catalogue``."""
    return load_catalogue([] if folder is None else [folder])


@cache
def _shipped() -> tuple[AttestationType, ...]:
    """The package's types: every role of a process reads the same ones."""
    return tuple(_types(files("zegel").joinpath("catalogue")))


def _types(folder: Traversable) -> Iterator[AttestationType]:
    try:
        named = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(".toml"))
        texts = [(name, file.read_text(encoding="utf-8")) for name, file in named]
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable("catalogue", f"{folder}: {type(error).__name__}") from None
    for name, text in texts:
        yield parse_attestation_type(text, file=name)
