"""Lists of revoked certificates that lie in a folder of trust."""

from pathlib import Path
from typing import Final

from zegel.adapters.files import read_file
from zegel.primitives.crl import MAX_CRL, UnverifiedCrl, parse_crl

CRL_FOLDER: Final = "crl"  # in the folder of trust
CRL_SUFFIX: Final = ".crl"


def read_revocations(path: Path) -> tuple[UnverifiedCrl, ...]:
    """The lists in a folder of trust, or beside its certificates; the one that a ``.crl`` file is; else none."""
    return tuple(map(read_revocation_list, revocation_files(path)))


def revocation_files(path: Path) -> tuple[Path, ...]:
    """The files of these lists."""
    if path.suffix == CRL_SUFFIX:
        return (path,)
    return tuple(sorted((*path.glob(f"*{CRL_SUFFIX}"), *path.glob(f"{CRL_FOLDER}/*{CRL_SUFFIX}"))))


def read_revocation_list(file: Path) -> UnverifiedCrl:
    """The list in a file; ``Unavailable`` or ``Malformed`` where there is none."""
    return parse_crl(read_file(file, max_bytes=MAX_CRL))
