"""``zegel inspect``: what a file says of itself. Nothing of it is verified, and each line says so."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from zegel.cli.input import read_input
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.errors import Malformed
from zegel.formats.claims import json_claim
from zegel.formats.detect import UnverifiedAny, parse_any
from zegel.formats.mdoc.parse import UnverifiedDeviceResponse, UnverifiedDocument, UnverifiedIssuerSigned
from zegel.formats.sdjwt.parse import UnverifiedSdJwt
from zegel.primitives.cbor import Tag, parse_cbor, parse_map
from zegel.primitives.cose import X5CHAIN, UnverifiedSign1, parse_sign1
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.jws import UnverifiedJws, parse_jws
from zegel.primitives.x509 import parse_certificate

_MAX_INPUT: Final = 1 << 20  # four times what any parser here takes

_SEVERAL: Final = {"certificates": "certificate", "disclosures": "disclosure"}

_SIGN1: Final = (b"\xd2", b"\x84")  # how a COSE_Sign1 begins, with its tag and without
_NO_NAMES: Final[Mapping[int, str]] = MappingProxyType({})
_HEADER_LABELS: Final = {1: "alg", 2: "crit", 4: "kid", 16: "typ"}  # RFC 9052 section 3.1, RFC 9596
_CLAIM_LABELS: Final = {  # RFC 8392 section 4, status list draft 20 section 5.2, ISO/IEC 18013-5 section 12.3.6.4
    1: "iss",
    2: "sub",
    3: "aud",
    4: "exp",
    5: "nbf",
    6: "iat",
    7: "cti",
    65530: "identifier_list",
    65533: "status_list",
    65534: "ttl",
    65535: "status",
}

Description: TypeAlias = dict[str, Any]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("file", metavar="FILE", help="a credential, a presentation, a JWT or a CWT; - reads stdin")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object on stdout, its names beginning unverified_"
    )


def run(args: Namespace) -> int:
    """Print what is there."""
    described = _read(read_input(args.file, max_bytes=_MAX_INPUT))
    if args.json:
        print_data({f"unverified_{name}": value for name, value in described.items()})
    else:
        for name, value in _lines(described):
            print_text(f"unverified  {name:<14} {in_text(value)}")
    return ACCEPTED


def _read(data: bytes) -> Description:
    text = data.strip()
    if b"~" in text or not text.isascii():
        return _cwt(data) if data.startswith(_SIGN1) else _described(parse_any(data))
    if text.count(b".") == 2:
        return {"kind": "JWT"} | _jwt(parse_jws(text, what="JWT"))
    encoded = parse_base64url(text, what="input")  # as a registration certificate stands in a request
    return _cwt(encoded) if encoded.startswith(_SIGN1) else _described(parse_any(data))


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


def _cwt(data: bytes) -> Description:
    sign1 = parse_sign1(parse_cbor(data, what="CWT", max_bytes=_MAX_INPUT), what="CWT")
    # RFC 9052 section 3: a label occurs in one of the two
    header = {**sign1.header.labels, **sign1.unprotected}
    claims = parse_map(sign1.payload or b"", what="CWT", max_bytes=_MAX_INPUT)
    return {
        "kind": "CWT",
        "header": _shown({label: value for label, value in header.items() if label != X5CHAIN}, _HEADER_LABELS),
        "certificates": _certificates(sign1.x5chain),
        "claims": _shown(claims, _CLAIM_LABELS),
    }


def _shown(value: Any, names: Mapping[int, str] = _NO_NAMES) -> Any:
    """A value of CBOR as JSON: what is bytes as base64url, a tag as what it is put on, keys as text.

    ``names`` are those that the labels of a map have in a JWT. ``Malformed`` where two keys would be the same text.
    """
    match value:
        case bytes():
            return base64url(value)
        case Mapping():
            members = {str(_shown(names.get(key, key))): _shown(inner) for key, inner in value.items()}
            if len(members) != len(value):
                raise Malformed("CWT", "", "expected each label once")
            return members
        case list() | tuple():
            return [_shown(inner) for inner in value]
        case Tag():
            return _shown(value.value)
        case str() | int() | float() | None:
            return value
        case _:
            return str(value)


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
