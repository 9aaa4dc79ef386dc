"""Files that say whose health certificates count, what has to be in them, and which are revoked."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from zegel.adapters.files import os_errors, read_file
from zegel.config.health import HealthConfig
from zegel.formats.hcert.keys import DocumentSigners
from zegel.formats.hcert.lists import MAX_TRUST_LIST, parse_trust_list
from zegel.formats.hcert.revocation import RevokedHashes, parse_revoked
from zegel.formats.hcert.rules.book import MAX_RULE_FILE, RuleBook, parse_rule_book
from zegel.formats.hcert.schema import Reading
from zegel.services.health import HealthDesk, Ruling

MAX_REVOKED_FILE: Final = 1 << 24  # bytes; a batch of a thousand hashes has 50 kB, a slice up to some megabytes
_LISTS: Final = frozenset({".pem", ".crt", ".cer", ".der", ".json"})


def load_signers(paths: Iterable[Path]) -> DocumentSigners:
    """The signers of files and of folders of them: trust lists in JSON, certificates in PEM or DER.

    ``Malformed`` for what is none of these.
    """
    files = (file for path in paths for file in _files(path, _LISTS))
    lists = (parse_trust_list(read_file(file, max_bytes=MAX_TRUST_LIST)) for file in files)
    return DocumentSigners(signer for each in lists for signer in each.signers)


def load_rule_book(folder: Path) -> RuleBook:
    """The rules and value sets of a folder's JSON files, or of one file."""
    files = _files(folder, frozenset({".json"}))
    return parse_rule_book((file.name, read_file(file, max_bytes=MAX_RULE_FILE)) for file in files)


def load_revoked(folder: Path) -> RevokedHashes:
    """The batches, partitions and slices of a folder, whatever they are called."""
    return parse_revoked((file.name, read_file(file, max_bytes=MAX_REVOKED_FILE)) for file in _files(folder, None))


def open_desk(
    trust: Iterable[Path],
    *,
    rules: Path | None = None,
    to: str = "",
    revoked: Path | None = None,
    reading: Reading = Reading.FIELD,
) -> HealthDesk:
    """What judges certificates by these files."""
    return HealthDesk(
        load_signers(trust),
        ruling=None if rules is None else Ruling(book=load_rule_book(rules), to=to),
        revoked=None if revoked is None else load_revoked(revoked),
        reading=reading,
    )


def open_health_desk(config: HealthConfig) -> HealthDesk:
    """What judges certificates by the files of the configuration."""
    return open_desk(config.trust, rules=config.rules, to=config.country, revoked=config.revoked)


def _files(path: Path, suffixes: frozenset[str] | None) -> list[Path]:
    with os_errors(path):
        if not path.is_dir():
            return [path]
        found = (file for file in path.rglob("*") if file.is_file())
        return sorted(file for file in found if suffixes is None or file.suffix.lower() in suffixes)
