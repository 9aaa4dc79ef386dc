"""A target for each public ``parse_*``: it returns, or raises ``Malformed`` and nothing else, soon.

What it returns is held to what is claimed of it: that it comes back, that it is kept as received, that the standard
library reads the same.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from zegel_testing.faults import spoiled
from zegel_testing.parsers import PARSERS, Probe

from zegel.adapters.people_file import parse_people
from zegel.adapters.vault import Cost, Header, parse_header
from zegel.config.parse import parse_config
from zegel.errors import Malformed
from zegel.primitives.cbor import encode_cbor, encode_embedded, parse_cbor
from zegel.primitives.cose import cose_key, parse_cose_key
from zegel.primitives.encoding import base64, encode_base64url, parse_base64url
from zegel.primitives.http import encode_form, parse_form
from zegel.primitives.json import encode_json
from zegel.primitives.keys import parse_jwk, parse_private_pem, parse_secret_jwk
from zegel.protocols.openid4vci.offer import OfferScheme, build_offer, offer_link, parse_offer, parse_offer_link
from zegel.protocols.openid4vp.dcql import build_query, parse_query
from zegel.trust.transparency.items import encode_trans_items
from zegel_fuzz.target import Broken, Opened, Target, within
from zegel_fuzz.vectors import fitting

_CONFIG: Final = """
[verifier]
origin = "http://verifier.localhost:7102"
port = 7102
[[provider.clients]]
id = "a"
name = "A"
redirect_uris = ["https://a.example/back"]
[provider.clients.claims.name]
attestation = "pid"
claims = ["given_name"]
"""
_PEOPLE: Final = (
    'id,access_code,family_name\nada,"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",Voorbeeld\n'
    'max,,"a ""b"""\n'
)

SECONDS: Final = 1.0  # for one input, while every line is counted; the tests of faults hold the parsers to 50 ms
_SHORT: Final = 2_000  # bytes: what is near a limit may be beyond it when it is written in another way


def _comes_back(write: Callable[[Any], Any], parse: Callable[[Any], object]) -> Callable[[Any, bytes], bool]:
    return lambda value, data: len(data) > _SHORT or parse(write(value)) == value


def _same_cbor(value: Any, _data: bytes) -> bool:
    again = encode_cbor(value)
    return encode_cbor(parse_cbor(again, what="test")) == again


def _payload_kept(value: Any, data: bytes) -> bool:
    received = data if data[:1] >= b"\x80" else parse_base64url(data, what="test")
    return value.payload in received


CLAIMED: Final[Mapping[str, Callable[[Any, bytes], bool]]] = {
    "primitives.cbor.parse_cbor": _same_cbor,
    "primitives.cbor.parse_map": _same_cbor,
    "primitives.cbor.parse_embedded": lambda value, data: encode_embedded(value) == data,
    "primitives.cose.parse_cose_key": _comes_back(cose_key, lambda key: parse_cose_key(key, what="test")),
    "primitives.encoding.parse_base64url": lambda value, data: encode_base64url(value) == data,
    "primitives.encoding.parse_base64": lambda value, data: base64(value).encode() == data,
    "primitives.http.parse_form": _comes_back(encode_form, lambda form: parse_form(form, what="test")),
    "primitives.json.parse_json": lambda value, data: value == json.loads(data),
    "primitives.json.parse_object": lambda value, data: value == json.loads(data),
    "primitives.jws.parse_jws": lambda value, data: (
        value.signing_input + b"." + encode_base64url(value.signature) == data
    ),
    "primitives.keys.parse_jwk": _comes_back(lambda key: key.jwk(), lambda jwk: parse_jwk(jwk, what="test")),
    "primitives.keys.parse_secret_jwk": lambda value, _: (
        parse_secret_jwk(value.secret_jwk(), what="test").secret_jwk() == value.secret_jwk()
    ),
    "primitives.keys.parse_private_pem": lambda value, _: (
        parse_private_pem(value.secret_pem(), what="test").secret_jwk() == value.secret_jwk()
    ),
    "primitives.x509.parse_certificate": lambda value, data: value.der == data,
    "primitives.der.parse_elements": lambda value, data: b"".join(each.der for each in value) == data,
    "trust.transparency.items.parse_trans_item": lambda value, data: value.encode() == data,
    "trust.transparency.items.parse_trans_items": lambda value, data: encode_trans_items(value) == data,
    "primitives.claim_path.parse_claim_path": lambda value, data: list(value) == json.loads(data),
    "formats.mdoc.parse.parse_issuer_signed": _payload_kept,
    "formats.mdoc.transcript.parse_transcript": lambda value, data: value.encoded == data,
    "formats.sdjwt.parse.parse_sdjwt": lambda value, data: data.startswith(value.presented),
    "protocols.openid4vci.offer.parse_offer": _comes_back(lambda offer: encode_json(build_offer(offer)), parse_offer),
    "protocols.openid4vci.offer.parse_offer_link": _comes_back(
        lambda offer: offer_link(offer, scheme=OfferScheme.OPENID), parse_offer_link
    ),
    "protocols.openid4vp.dcql.parse_query": _comes_back(build_query, parse_query),
}


FILES: Final[Mapping[str, Probe]] = {
    "config.parse.parse_config": Probe(
        lambda text: parse_config(text, folder=Path("/etc/zegel")), _CONFIG.encode(), spoiled, in_text=True
    ),
    "adapters.people_file.parse_people": Probe(parse_people, _PEOPLE.encode(), spoiled, in_text=True),
    "adapters.vault.parse_header": Probe(parse_header, Header(cost=Cost(), salt=bytes(16)).encode(), spoiled),
}
"""What an operator or an owner has as a file, beside what strangers send."""


def parser_targets() -> Iterator[Target]:
    """One for each parser; its probes all take the same message."""
    for name, probes in PARSERS.items():
        yield Target(name=name, open=_opening(name, probes))
    for name, probe in FILES.items():
        yield Target(name=name, open=_opening(name, (probe,)))


def _opening(name: str, probes: tuple[Probe, ...]) -> Callable[[], Any]:
    @contextmanager
    def opened() -> Iterator[Opened]:
        def run(data: bytes) -> str:
            outcomes = [_outcome(probe, data, CLAIMED.get(name)) for probe in probes]
            return "value" if "value" in outcomes else "malformed"

        yield Opened(run=run, seeds=[probe.good for probe in probes] + fitting(probes))

    return opened


def _outcome(probe: Probe, data: bytes, claimed: Callable[[Any, bytes], bool] | None) -> str:
    message = probe.message(data)
    with within(SECONDS):
        try:
            value = probe.parse(message)
        except Malformed:
            return "malformed"
    if claimed is not None and not claimed(value, data):
        raise Broken("what was parsed is not what was sent")
    return "value"
