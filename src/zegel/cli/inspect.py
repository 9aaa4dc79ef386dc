"""``zegel inspect``: what a file says of itself. Nothing of it is verified, and each line says so."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from zegel.cli.input import read_input
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.formats.claims import json_claim
from zegel.formats.detect import UnverifiedAny, parse_any
from zegel.formats.mdoc.parse import UnverifiedDeviceResponse, UnverifiedDocument, UnverifiedIssuerSigned
from zegel.formats.sdjwt.parse import UnverifiedSdJwt
from zegel.primitives.cose import UnverifiedSign1
from zegel.primitives.jws import UnverifiedJws, parse_jws
from zegel.primitives.x509 import parse_certificate

_MAX_INPUT: Final = 1 << 20  # four times what any parser here takes

_SEVERAL: Final = {"certificates": "certificate", "disclosures": "disclosure"}

Description: TypeAlias = dict[str, Any]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("file", metavar="FILE", help="a credential, a presentation or a JWT; - reads stdin")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object on stdout, its names beginning unverified_"
    )


def run(args: Namespace) -> int:
    """Print what is there."""
    data = read_input(args.file, max_bytes=_MAX_INPUT)
    text = data.strip()
    described = {"kind": "JWT"} | _jwt(parse_jws(text, what="JWT")) if _is_jwt(text) else _described(parse_any(data))
    if args.json:
        print_data({f"unverified_{name}": value for name, value in described.items()})
    else:
        for name, value in _lines(described):
            print_text(f"unverified  {name:<14} {in_text(value)}")
    return ACCEPTED


def _is_jwt(data: bytes) -> bool:
    return b"~" not in data and data.count(b".") == 2 and data.isascii()


def _described(found: UnverifiedAny) -> Description:
    match found:
        case UnverifiedSdJwt():
            return _sdjwt(found)
        case UnverifiedIssuerSigned():
            return {"kind": "mdoc as issued"} | _mdoc(found)
        case UnverifiedDeviceResponse():
            documents = [_document(document) for document in found.documents]
            return {"kind": "mdoc presentation", "status": found.unverified_status, "documents": documents}


def _sdjwt(sdjwt: UnverifiedSdJwt) -> Description:
    jws, binding = sdjwt.unverified_jws, sdjwt.unverified_key_binding
    described: Description = {
        "kind": "SD-JWT VC" if binding is None else "SD-JWT VC presentation",
        "type": sdjwt.unverified_vct,
        **_jwt(jws),
        "disclosures": [list(disclosure) for disclosure in sdjwt.unverified_disclosures],
    }
    return described if binding is None else described | {"key_binding": _jwt(binding.unverified_jws)}


def _jwt(jws: UnverifiedJws) -> Description:
    header = jws.unverified_header
    return {
        "header": {name: value for name, value in header.members.items() if name != "x5c"},
        "certificates": _certificates(header.x5c),
        "claims": jws.unverified_claims,
    }


def _document(document: UnverifiedDocument) -> Description:
    signed = document.device_signed
    proof = "signature" if isinstance(signed.authentication, UnverifiedSign1) else "MAC"
    device_signed = {name: json_claim(elements) for name, elements in signed.unverified_namespaces.items()}
    return {**_mdoc(document.issuer_signed), "device_signed": device_signed, "device_proof": proof}


def _mdoc(issued: UnverifiedIssuerSigned) -> Description:
    elements = {
        namespace: dict(zip(items.elements, map(json_claim, items.values), strict=True))
        for namespace, items in issued.unverified_namespaces.items()
    }
    return {
        "type": issued.unverified_doc_type,
        "certificates": _certificates(issued.issuer_auth.x5chain),
        "elements": elements,
    }


def _certificates(chain: tuple[bytes, ...]) -> list[Mapping[str, object]]:
    return [
        {
            "subject": certificate.subject,
            "issuer": certificate.issuer,
            "not_before": certificate.not_before,
            "not_after": certificate.not_after,
        }
        for certificate in map(parse_certificate, chain)
    ]


def _lines(described: Description) -> Iterator[tuple[str, object]]:
    """A line for each thing, of several one for each of them."""
    for name, value in described.items():
        match value:
            case [*several] if name == "documents":
                for document in several:
                    yield from _lines(document)
            case [*several] if name in _SEVERAL:
                yield from ((_SEVERAL[name], each) for each in several)
            case _:
                yield name, value
