"""``zegel inspect``: what a file says of itself. Nothing of it is verified, and each line says so."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from zegel.adapters.files import read_file
from zegel.cli.output import ACCEPTED, print_data, print_text
from zegel.formats.detect import UnverifiedAny, parse_any
from zegel.formats.mdoc.parse import UnverifiedDeviceResponse, UnverifiedIssuerSigned
from zegel.formats.sdjwt.parse import UnverifiedSdJwt
from zegel.primitives.encoding import base64url
from zegel.primitives.jws import parse_jws
from zegel.primitives.x509 import Certificate, parse_certificate

_MAX_INPUT: Final = 1 << 20


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("file", metavar="FILE", help="a credential, a presentation or a JWT; - reads stdin")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object on stdout, its names beginning unverified_"
    )


def run(args: Namespace) -> int:
    """Print what is there."""
    data = sys.stdin.buffer.read(_MAX_INPUT) if args.file == "-" else read_file(Path(args.file), max_bytes=_MAX_INPUT)
    lines = list(_jwt(data.strip()) if _is_jwt(data.strip()) else _described(parse_any(data)))
    if args.json:
        print_data({f"unverified_{name}": value for name, value in lines})
    else:
        for name, value in lines:
            print_text(f"unverified  {name:<14} {value}")
    return ACCEPTED


def _is_jwt(data: bytes) -> bool:
    return b"~" not in data and data.count(b".") == 2 and data.isascii()


def _jwt(data: bytes) -> Iterator[tuple[str, object]]:
    jws = parse_jws(data, what="JWT")
    yield "kind", "JWT"
    yield from _header(jws.unverified_header.members, jws.unverified_header.x5c)
    yield "claims", jws.unverified_claims


def _described(found: UnverifiedAny) -> Iterator[tuple[str, object]]:
    match found:
        case UnverifiedSdJwt():
            yield from _sdjwt(found)
        case UnverifiedIssuerSigned():
            yield "kind", "mdoc as issued"
            yield from _mdoc(found)
        case UnverifiedDeviceResponse():
            yield "kind", "mdoc presentation"
            for document in found.documents:
                yield from _mdoc(document.issuer_signed)


def _sdjwt(sdjwt: UnverifiedSdJwt) -> Iterator[tuple[str, object]]:
    header = sdjwt.unverified_jws.unverified_header
    yield "kind", "SD-JWT VC" if sdjwt.unverified_key_binding is None else "SD-JWT VC presentation"
    yield "type", sdjwt.unverified_vct
    yield from _header(header.members, header.x5c)
    yield "payload", sdjwt.unverified_jws.unverified_claims
    yield "disclosures", [list(disclosure) for disclosure in _disclosures(sdjwt)]


def _disclosures(sdjwt: UnverifiedSdJwt) -> Iterator[tuple[object, ...]]:
    for disclosure in sdjwt.unverified_disclosures:
        yield tuple(disclosure) if isinstance(disclosure, list | tuple) else (disclosure,)


def _mdoc(issued: UnverifiedIssuerSigned) -> Iterator[tuple[str, object]]:
    yield "type", issued.unverified_doc_type
    yield from _chain(issued.issuer_auth.x5chain)
    for namespace, items in issued.unverified_namespaces.items():
        yield "elements", {namespace: {item.element: _shown(item.value) for item in items}}


def _header(members: Mapping[str, object], x5c: tuple[bytes, ...]) -> Iterator[tuple[str, object]]:
    yield "header", {name: value for name, value in members.items() if name != "x5c"}
    yield from _chain(x5c)


def _chain(chain: tuple[bytes, ...]) -> Iterator[tuple[str, object]]:
    for certificate in map(parse_certificate, chain):
        yield "certificate", _certificate(certificate)


def _certificate(certificate: Certificate) -> dict[str, object]:
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
    }


def _shown(value: object) -> object:
    return base64url(value) if isinstance(value, bytes) else value
