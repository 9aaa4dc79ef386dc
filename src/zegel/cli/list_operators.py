"""Who is trusted for lists, as a command is told: the certificates of a file, and what their authorities revoked."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from zegel.adapters.files import read_file
from zegel.adapters.keyfiles import load_certificates
from zegel.primitives.crl import MAX_CRL, parse_crl
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.revocation import RevocationLists


def add_crl_option(parser: ArgumentParser) -> None:
    """Add ``--crl``."""
    parser.add_argument(
        "--crl",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="what the authorities above the signer revoked, where its certificates name such a list; repeatable",
    )


def list_operators(file: Path, crls: Sequence[Path]) -> TrustAnchors:
    """The anchors; ``Unavailable`` or ``Malformed`` for files that are not what they should be."""
    return TrustAnchors(
        (
            TrustAnchor(certificate=certificate, purpose=Purpose.LIST, entity=str(file))
            for certificate in load_certificates(file)
        ),
        revocation=RevocationLists(parse_crl(read_file(path, max_bytes=MAX_CRL)) for path in crls),
    )
