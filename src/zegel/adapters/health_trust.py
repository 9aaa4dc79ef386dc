"""Files that say whose health certificates count, and what has to be in them: signers, and business rules."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from zegel.adapters.files import os_errors, read_file
from zegel.errors import Malformed
from zegel.formats.hcert.keys import DocumentSigner, DocumentSigners, parse_signer
from zegel.formats.hcert.rules.book import MAX_RULE_FILE, RuleBook, parse_rule_book

MAX_TRUST_FILE: Final = 1 << 24  # bytes; the union's list of 2023 has 2,000 signers in 5 MB
_PEM: Final = b"-----BEGIN CERTIFICATE-----"
_SUFFIXES: Final = frozenset({".pem", ".crt", ".cer", ".der"})


def load_signers(paths: Iterable[Path]) -> DocumentSigners:
    """The signers of files, PEM or DER, and of such files in folders; ``Malformed`` for what is none."""
    return DocumentSigners(signer for path in paths for file in _files(path, _SUFFIXES) for signer in _signers(file))


def load_rule_book(folder: Path) -> RuleBook:
    """The rules and value sets of a folder's JSON files, or of one file."""
    files = _files(folder, frozenset({".json"}))
    return parse_rule_book((file.name, read_file(file, max_bytes=MAX_RULE_FILE)) for file in files)


def _files(path: Path, suffixes: frozenset[str]) -> list[Path]:
    with os_errors(path):
        if not path.is_dir():
            return [path]
        return sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and file.is_file())


def _signers(file: Path) -> Iterator[DocumentSigner]:
    data = read_file(file, max_bytes=MAX_TRUST_FILE)
    if _PEM not in data:
        yield parse_signer(data)
        return
    try:
        certificates = x509.load_pem_x509_certificates(data)
    except ValueError:
        raise Malformed(str(file), "", "expected certificates in PEM") from None
    for certificate in certificates:
        yield parse_signer(certificate.public_bytes(Encoding.DER))
