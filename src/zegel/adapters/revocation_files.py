"""Lists of revoked certificates that lie in a folder of trust."""

from pathlib import Path
from typing import Final

from zegel.adapters.files import read_file
from zegel.primitives.crl import MAX_CRL, UnverifiedCrl, parse_crl

CRL_FOLDER: Final = "crl"  # in the folder of trust
CRL_SUFFIX: Final = ".crl"


def read_revocations(path: Path) -> tuple[UnverifiedCrl, ...]:
    """The lists in a folder of trust, or beside its certificates; the one that a ``.crl`` file is; else none."""
    if path.suffix == CRL_SUFFIX:
        files = [path]
    else:
        files = sorted((*path.glob(f"*{CRL_SUFFIX}"), *path.glob(f"{CRL_FOLDER}/*{CRL_SUFFIX}")))
    return tuple(parse_crl(read_file(file, max_bytes=MAX_CRL)) for file in files)
