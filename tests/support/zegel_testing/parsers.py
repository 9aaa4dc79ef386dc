"""Every public ``parse_*`` of the layers that strangers' bytes reach, with a good message and all that can be wrong.

A parser of what another one decoded is called behind that one, for nothing else reaches it.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from itertools import count, islice
from pkgutil import walk_packages
from typing import Any, Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import ec

import zegel.formats
import zegel.primitives
import zegel.protocols
import zegel.services
import zegel.trust
from zegel.errors import Malformed
from zegel.formats.catalogue.parse import parse_attestation_type
from zegel.formats.credential import Format
from zegel.formats.detect import parse_any
from zegel.formats.hcert.certificate import parse_health_certificate
from zegel.formats.hcert.cms import parse_cms
from zegel.formats.hcert.code import PREFIX, parse_code, parse_signed_code
from zegel.formats.hcert.keys import parse_signer
from zegel.formats.hcert.lists import parse_trust_list
from zegel.formats.hcert.revocation import HashType, parse_revocation_batch, parse_revoked
from zegel.formats.hcert.rules.book import parse_rule_book
from zegel.formats.hcert.rules.expression import parse_expression
from zegel.formats.hcert.rules.rule import parse_rule
from zegel.formats.hcert.slices import parse_bloom_slice, parse_hash_slice, parse_partition
from zegel.formats.hcert.who_certificate import parse_health_record
from zegel.formats.hcert.who_schema import WhoProfile
from zegel.formats.mdoc.dates import parse_tdates
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.mdoc.items import parse_namespaces
from zegel.formats.mdoc.key_authorizations import parse_key_authorizations
from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed
from zegel.formats.mdoc.present import present_mdoc
from zegel.formats.mdoc.security_object import parse_security_object
from zegel.formats.mdoc.transcript import parse_transcript, redirect_transcript
from zegel.formats.mdoc.values import parse_value
from zegel.formats.presentation import parse_credential, parse_presentation
from zegel.formats.sdjwt.disclosures import parse_disclosures
from zegel.formats.sdjwt.key_binding import parse_key_binding
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.registered import parse_registered
from zegel.formats.sdjwt.type_metadata import parse_type_metadata
from zegel.formats.status.identifiers import parse_identifier_list
from zegel.formats.status.reference import (
    build_aggregation,
    parse_aggregation,
    parse_mdoc_status,
    parse_status_reference,
)
from zegel.formats.status.token import StatusListFormat, parse_status_list
from zegel.primitives.base45 import encode_base45, parse_base45
from zegel.primitives.cbor import (
    Tag,
    encode_cbor,
    encode_embedded,
    parse_cbor,
    parse_embedded,
    parse_map,
    parse_text_keyed,
)
from zegel.primitives.claim_path import parse_claim_path
from zegel.primitives.cose import cose_key, mac_mac0, parse_cose_key, parse_mac0, parse_sign1, sign_sign1
from zegel.primitives.crl import parse_crl
from zegel.primitives.der import parse_element, parse_elements, parse_oid
from zegel.primitives.encoding import base64, parse_base64, parse_base64url
from zegel.primitives.http import HttpResponse, parse_form
from zegel.primitives.json import MAX_BYTES, encode_json, parse_json, parse_object
from zegel.primitives.json_parts import parse_json_parts
from zegel.primitives.jwe import Encryption, parse_jwe, seal_jwe
from zegel.primitives.jws import parse_jws, sign_jws
from zegel.primitives.keys import parse_jwk, parse_private_pem, parse_secret_jwk
from zegel.primitives.multipart import parse_multipart
from zegel.primitives.times import parse_numeric_date
from zegel.primitives.x509 import parse_certificate, parse_pem_certificates
from zegel.protocols.oauth.authorization_details import encode_details, parse_authorization_details
from zegel.protocols.oauth.dpop import parse_dpop, sign_dpop
from zegel.protocols.oauth.metadata import build_server_metadata, parse_server_metadata
from zegel.protocols.oidc import upstream
from zegel.protocols.openid4vci.encryption import parse_recipient
from zegel.protocols.openid4vci.issuer_info import parse_statements
from zegel.protocols.openid4vci.metadata import parse_issuer_metadata
from zegel.protocols.openid4vci.offer import parse_offer, parse_offer_link
from zegel.protocols.openid4vci.proofs import parse_key_proof, parse_proofs
from zegel.protocols.openid4vci.wallet.answers import parse_tokens
from zegel.protocols.openid4vci.wallet.session import parse_answer, parse_member
from zegel.protocols.openid4vp.dcql import build_query, parse_query
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.metadata import build_client_metadata, parse_response_key, parse_vp_formats
from zegel.protocols.openid4vp.sender import parse_request
from zegel.protocols.openid4vp.transaction_data import build_transaction_data, parse_transaction_data
from zegel.protocols.transparency.answers import parse_log_answer
from zegel.protocols.transparency.submission import parse_submission
from zegel.protocols.webauthn.response import parse_assertion, parse_registration_response
from zegel.services.health_lines import parse_moment
from zegel.services.log_watch import parse_watch_state
from zegel.services.wallet_requests import parse_instance_proof, sign_instance_proof
from zegel.trust.access_authority.request import parse_certificate_request
from zegel.trust.attestation import WalletDescription, parse_wallet_attestation, sign_wallet_attestation
from zegel.trust.attestation_claims import (
    AttestationStatus,
    parse_attestation_status,
    parse_optional_text,
    parse_text,
    parse_time,
)
from zegel.trust.disclosure_policy.parse import parse_disclosure_policy
from zegel.trust.key_attestation import parse_key_attestation, sign_key_attestation
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType, ServiceType
from zegel.trust.lists.xml.parse import parse_xml_list
from zegel.trust.register.parse import parse_wallet_relying_party
from zegel.trust.registration.credentials import parse_registered_credentials
from zegel.trust.registration.parse import parse_registration
from zegel.trust.transparency.extensions import parse_logged_certificate
from zegel.trust.transparency.issuance import announce
from zegel.trust.transparency.items import encode_trans_items, parse_trans_item, parse_trans_items
from zegel.trust.transparency.precertificate import parse_precertificate
from zegel.trust.transparency.timestamps import parse_sct_list
from zegel_testing import business_rules, health_lists, register
from zegel_testing.access_requests import request_der, request_pem
from zegel_testing.authenticator import Authenticator
from zegel_testing.authorities import NOW, authority, fixed_key, fixed_random
from zegel_testing.crls import crl_of
from zegel_testing.faults import (
    Fault,
    cbor_faults,
    cbor_texts,
    cut_short,
    decoded,
    encoded,
    form_texts,
    json_texts,
    jwe_texts,
    jws_texts,
    link_texts,
    lists,
    other_spellings,
    oversized,
    sd_jwt_texts,
    spoiled,
)
from zegel_testing.gateway_list import GATEWAY
from zegel_testing.health import Health, code_of
from zegel_testing.health import payload as health_payload
from zegel_testing.identifiers import claims_of as listed_claims
from zegel_testing.identifiers import identifier_token, signed_claims
from zegel_testing.issuance import Issuer
from zegel_testing.lists import document, entity, service, signed
from zegel_testing.log_world import announced, log_answer, watch_state
from zegel_testing.openid4vp import NAME_QUERY, TARGET, claims_of, session
from zegel_testing.openid4vp import signed as signed_request
from zegel_testing.registration import as_cwt, as_jwt
from zegel_testing.revoked_health import batch, bloom_slice, hash_slice, partition
from zegel_testing.sdjwt import HOLDER, ISSUER, STATUS, VCT, issued, payload, presented
from zegel_testing.status import token
from zegel_testing.transparency import ACCESS_DRAFT, EARLIER, ITEMS, stamped
from zegel_testing.uploads import BOUNDARY, multipart_body
from zegel_testing.who import who_claims
from zegel_testing.xml_making import extension, signed_xml, xml_list, xml_signer
from zegel_testing.xml_making import pointer as list_pointer
from zegel_testing.xml_making import service as listed_service

_PASSKEY: Final = Authenticator(origin="https://register.example", rp_id="register.example", handle=b"handle")
_PASSKEY_OPTIONS: Final[dict[str, Any]] = {"challenge": "AAAA", "user": {"id": "AAAA"}}
PACKAGES: Final = (zegel.primitives, zegel.trust, zegel.formats, zegel.protocols, zegel.services)
NAMESPACE: Final = "utopia.id.1"


@dataclass(frozen=True)
class Probe:
    """A parser, a message that it takes, and everything that can be wrong with that.

    Where the parser takes text, what is no UTF-8 comes to it as the lone surrogates that Python makes of it.
    """

    parse: Callable[[Any], object]
    good: bytes
    faults: Callable[[bytes], Iterator[Fault]] = field(repr=False)
    in_text: bool = False

    def message(self, data: bytes) -> bytes | str:
        """The bytes, as the parser takes them."""
        return data.decode("utf-8", "surrogateescape") if self.in_text else data


def public_parsers() -> set[str]:
    """The names of all of them, as they are imported."""
    found = set()
    for package in PACKAGES:
        for info in walk_packages(package.__path__, package.__name__ + "."):
            module = import_module(info.name)
            for name, value in vars(module).items():
                if name.startswith("parse_") and callable(value) and value.__module__ == info.name:
                    found.add(f"{info.name}.{name}")
    return found


# --- how a parser is reached ----------------------------------------------------------------------------------------


def in_text(probe: Probe) -> Probe:
    """The same for a parser of text."""
    return replace(probe, in_text=True)


def behind_json(parse: Callable[[Any], object]) -> Callable[[bytes], object]:
    """A parser of what JSON text holds."""
    return lambda data: parse(parse_json(data, what="test"))


def in_object(parse: Callable[[Any], object]) -> Callable[[bytes], object]:
    """A parser of what a JSON object holds."""
    return lambda data: parse(parse_object(data, what="test"))


def behind_cbor(parse: Callable[[Any], object]) -> Callable[[bytes], object]:
    """A parser of what an item of CBOR holds."""
    return lambda data: parse(parse_cbor(data, what="test"))


def in_response(
    parse: Callable[[HttpResponse], object], content_type: str = "application/json"
) -> Callable[[bytes], object]:
    """A parser of what a server answers."""
    return lambda data: parse(HttpResponse(status=200, headers=(("content-type", content_type),), body=data))


def of_json(parse: Callable[[bytes], object], value: Any) -> Probe:
    """A parser of JSON text, or of what it holds."""
    return Probe(parse, encode_json(value), lambda good: json_texts(json.loads(good)))


def of_cbor(parse: Callable[[bytes], object], item: bytes) -> Probe:
    """A parser of CBOR, or of what it holds."""
    return Probe(parse, item, cbor_texts)


def of_link(parse: Callable[[Any], object], link: str, parameter: str, value: Any) -> Probe:
    """A parser of links that end in a parameter whose value is JSON."""
    return Probe(parse, (link + quote(json.dumps(value))).encode(), lambda _: link_texts(link, parameter, value))


def of_jws(parse: Callable[[bytes], object], compact: bytes | str) -> Probe:
    """A parser of signed tokens."""
    return Probe(parse, compact.encode() if isinstance(compact, str) else compact, jws_texts)


# --- good messages --------------------------------------------------------------------------------------------------

KEY: Final = fixed_key("parsers")
JWK: Final = {**KEY.public_key.jwk(), "kid": "1"}
ENCRYPTION_JWK: Final = {**KEY.public_key.jwk(), "use": "enc", "alg": "ECDH-ES", "kid": "1"}
TOKEN: Final = sign_jws({"iss": "https://utopia.example", "iat": NOW, "aud": ["a", "b"]}, signer=KEY, typ="JWT")
STATUS_CLAIM: Final = {"status_list": {"idx": 7, "uri": "https://status.utopia.example/1"}}
POLICY: Final = {
    "policy_uri": "https://policies.utopia.example/1",
    "policy_type": "authorized_rp_only",
    "authorized_parties": [
        {"identifier": "GOVUT-7001", "service_identifier": "admissions"},
        {"subject_dn": "CN=a, ORGID=b", "entitlement_uri": "https://uri.etsi.org/19475/Entitlement/Service_Provider"},
    ],
    "policy_info_url": "https://policies.utopia.example/words",
}
ROOTED_POLICY: Final = {
    "policy_uri": "https://policies.utopia.example/2",
    "policy_type": "specific_root_of_trust",
    "trusted_roots": [{"issuer_dn": "CN=a,O=b", "serial_number": "123"}],
}
IDENTIFIER_CLAIM: Final = {"identifier_list": {"id": b"1" * 16, "uri": "https://status.utopia.example/2"}}
ATTESTED: Final = AttestationStatus(uri="https://status.utopia.example/1", index=7, maintained_until=NOW)
ROOT: Final = authority("parsers").certificate


_HEALTH: Final = Health()
_HEALTH_CODE: Final = _HEALTH.code()
_CMS = GATEWAY.states[0].upload.sign(GATEWAY.states[0].signer.der)
_WHO_CODES: Final = tuple(_HEALTH.code(claims=who_claims(profile)) for profile in WhoProfile)


def mdoc() -> bytes:
    """An mdoc as its issuer sends it, with every member that one may have."""
    issuer = MdocIssuer(
        signer=ISSUER.key,
        chain=ISSUER.chain,
        doc_type=NAMESPACE,
        namespaces=(NAMESPACE, f"{NAMESPACE}.UT"),
        key_authorizations={NAMESPACE: ("transaction_data_hashes",)},
    )
    elements = {
        NAMESPACE: {"family_name": "Example", "birth_date": Tag(1004, "1985-12-10"), "portrait": b"\xff\xd8"},
        f"{NAMESPACE}.UT": {"places": [{"name": "Capital", "since": 7}]},
    }
    return issuer.issue(
        elements,
        holder_key=HOLDER.public_key,
        status=STATUS,
        issued_at=NOW,
        valid_from=NOW,
        valid_until=NOW + 86_400,
        random=fixed_random("mdoc"),
    )


def device_response() -> bytes:
    """The mdoc as its holder presents it, with a transaction signed."""
    transcript = redirect_transcript(
        client_id="x509_hash:a", nonce="n", response_uri="https://a.example", encryption_key_thumbprint=None
    )
    signed_data = build_transaction_data("urn:utopia:payment:1", credential_ids=["a"], members={})
    return present_mdoc(
        parse_issuer_signed(mdoc()),
        paths=[(NAMESPACE, "family_name"), (f"{NAMESPACE}.UT", "places")],
        holder=HOLDER,
        transcript=transcript,
        transaction_data=[signed_data],
    )


def trusted_list() -> bytes:
    """A list with an entity on it."""
    services = [service(ServiceType.PID_ISSUANCE, ROOT, types=frozenset({"urn:a"}), identifier="https://a.example/1")]
    return signed(document(ListType.PID_PROVIDERS, entity("Office", *services)))


def xml_trusted_list() -> bytes:
    """A list in XML with a service on it and a pointer, signed by somebody; who that is, a parser does not ask."""
    key = ec.derive_private_key(1_516, ec.SECP256R1())
    operator = xml_signer(key)
    more = extension(
        '<AdditionalServiceInformation><URI xml:lang="en">https://a.example</URI></AdditionalServiceInformation>'
    )
    text = xml_list(
        listed_service("EAA/Q", ROOT.der, more=more),
        pointers=list_pointer("https://a.example/list.xml", "UT", ROOT.der),
    )
    return signed_xml(text, operator)


def wallet_attestation() -> bytes:
    """A wallet attestation with every member that one may have."""
    return sign_wallet_attestation(
        signer=ISSUER.key,
        chain=ISSUER.chain,
        provider="https://provider.example",
        client_id="https://provider.example/wallet",
        key=KEY.public_key,
        wallet=WalletDescription(name="W", version="1", link="https://w.example", certification="none"),
        now=NOW,
        expires=NOW + 60,
        status=ATTESTED,
        kid="1",
    )


def key_attestation() -> bytes:
    """A key attestation with every member that one may have."""
    return sign_key_attestation(
        signer=ISSUER.key,
        chain=ISSUER.chain,
        provider="https://provider.example",
        keys=[KEY.public_key, HOLDER.public_key],
        key_storage=["iso_18045_high"],
        user_authentication=["iso_18045_high"],
        nonce="n",
        now=NOW,
        expires=NOW + 60,
        certification="none",
        status=ATTESTED,
    )


def key_proof() -> str:
    """A proof of a key, with an attestation of it."""
    header = {"key_attestation": key_attestation().decode(), "jwk": KEY.public_key.jwk()}
    claims = {"aud": "https://issuer.example", "iat": NOW, "nonce": "n"}
    return sign_jws(claims, signer=KEY, typ="openid4vci-proof+jwt", header=header).decode()


def type_metadata_document() -> dict[str, Any]:
    """A type's document with every member that one may have."""
    label = {"locale": "en", "label": "Name", "description": "of a person"}
    claim = {"path": ["a", None, 0], "display": [label], "mandatory": True, "sd": "always", "svg_id": "a"}
    display = {"locale": "en", "name": "T", "description": "d", "rendering": {"simple": {}}}
    integrity = "sha256-" + base64(bytes(32))
    return {
        "vct": "urn:a", "name": "A", "description": "a", "extends": "urn:b", "extends#integrity": integrity,
        "display": [display], "claims": [claim],
    }  # fmt: skip


def query() -> dict[str, Any]:
    """A query with every member that one may have."""
    claims = [{"id": "a", "path": ["a", None, 0], "values": ["v", 1, True]}, {"id": "b", "path": ["b"]}]
    return {
        "credentials": [
            {
                "id": "one", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claims": claims,
                "claim_sets": [["a", "b"], ["a"]], "multiple": True, "require_cryptographic_holder_binding": True,
                "trusted_authorities": [{"type": "aki", "values": ["AAAA"]}],
            },
            {
                "id": "two", "format": "mso_mdoc", "meta": {"doctype_value": NAMESPACE},
                "claims": [{"path": [NAMESPACE, "family_name"], "intent_to_retain": False}],
            },
        ],
        "credential_sets": [{"options": [["one"], ["two"]], "required": False, "purpose": "why"}],
    }  # fmt: skip


def offer() -> dict[str, Any]:
    """An offer by both grants."""
    code = {"pre-authorized_code": "c", "tx_code": {"input_mode": "numeric", "length": 6, "description": "d"}}
    grants = {
        "authorization_code": {"issuer_state": "s", "authorization_server": "https://a.example"},
        "urn:ietf:params:oauth:grant-type:pre-authorized_code": code,
    }
    return {"credential_issuer": "https://a.example", "credential_configuration_ids": ["a", "b"], "grants": grants}


TYPE_FILE: Final = """
id = "card"
validity_days = 10
category = "urn:a"
unique = ["name"]
[names]
en = "Card"
[descriptions]
en = "A card"
[sd_jwt]
vct = "urn:card"
[mdoc]
doctype = "card.1"
namespace = "card.1"
[[claims]]
id = "name"
type = "text"
max_length = 10
pattern = "[a-z]+"
[claims.names]
en = "Name"
[[claims]]
id = "places"
type = "array"
[claims.names]
en = "Places"
[claims.items]
type = "object"
[[claims.items.members]]
id = "name"
type = "text"
[claims.items.members.names]
en = "Name"
"""


# --- faults of messages that only one parser takes ------------------------------------------------------------------


def _base64_faults(good: bytes) -> Iterator[Fault]:
    yield from other_spellings(good)
    yield from spoiled(good)
    yield Fault("a symbol alone", b"A", True)
    yield Fault("half a megabyte, and a star", b"A" * 500_000 + b"*", True)


def _padded_faults(good: bytes) -> Iterator[Fault]:
    yield Fault("without its padding", good.rstrip(b"="), True)
    yield Fault("padded twice", good + b"==", True)
    yield Fault("bits that are unused", b"AB==", True)
    for symbol in (b"-", b"_", b" ", b"\n", b"*", b"\xc3\xa9"):
        yield Fault(f"{symbol!r} in it", good[:2] + symbol + good[3:], True)
    yield from spoiled(good)
    yield Fault("half a megabyte, and a star", b"A" * 500_003 + b"*", True)


def _multipart_faults(good: bytes) -> Iterator[Fault]:
    part = good.rpartition(b"--" + BOUNDARY.encode())[0]
    yield from cut_short(good, certain=False)
    yield Fault("parts without end", part + b"".join(part.replace(b'"a"', b'"a%d"' % n) for n in range(500)), True)
    yield Fault("a field twice", part + good, True)
    yield Fault("half a megabyte of a field", good.replace(b"1", b"1" * 500_000, 1), True)
    yield Fault("half a megabyte of a header", good.replace(b'"a"', b'"' + b"a" * 500_000 + b'"', 1), True)
    yield Fault("half a megabyte of line ends", good.replace(b"1", b"\r\n--" * 120_000, 1), True)
    yield Fault("half a megabyte before the first part", b"x" * 500_000 + good)
    yield Fault("half a megabyte behind the last", good + b"x" * 500_000)
    yield Fault("no UTF-8", good.replace(b"1", b"\xff", 1), True)
    yield from spoiled(good)


def _der_faults(good: bytes) -> Iterator[Fault]:
    yield from cut_short(good, certain=True)
    for place in range(len(good)):
        for byte in (0x00, 0x05, 0x30, 0x80, 0x82, 0xFF):
            yield Fault(f"{byte:02x} at {place}", good[:place] + bytes([byte]) + good[place + 1 :])
        yield Fault(f"bit at {place}", good[:place] + bytes([good[place] ^ 0x01]) + good[place + 1 :])
    yield Fault("something behind it", good + b"\0", True)
    yield Fault("lengths that lie", b"\x30\x83\xff\xff\xff" * 1_500, True)
    yield Fault("in one another", b"\x30\x80" * 3_999, True)
    yield Fault("lengths without end", b"\x30" + b"\xff" * 7_000, True)
    yield Fault("nothing", b"", True)
    yield from oversized(good)


def _elements_faults(good: bytes) -> Iterator[Fault]:
    """As of one element; but nothing is a good list of none, and one more element may stand behind another."""
    beside = ("something behind it",)
    return (fault for fault in _der_faults(good) if fault.data and fault.name not in beside)


def _oid_faults(good: bytes) -> Iterator[Fault]:
    yield from spoiled(good)
    for text in (b"", b"1", b"1.", b"1.40", b"3.1", b"1.03", b"2." + b"1" * 390, b"1.3.\xe2\x82\x82", b"2.25.-1"):
        yield Fault(repr(text[:9]), text, True)


def _item_faults(good: bytes) -> Iterator[Fault]:
    yield from cut_short(good, certain=True)
    for place in range(len(good)):
        for byte in (0x00, 0x01, 0x7F, 0xFF):
            yield Fault(f"{byte:02x} at {place}", good[:place] + bytes([byte]) + good[place + 1 :])
    yield Fault("something behind it", good + b"\0", True)
    yield Fault("lengths that lie", b"\x01\x00" + b"\xff" * 1_500, True)
    yield Fault("nothing", b"", True)


def _pem_faults(good: bytes) -> Iterator[Fault]:
    yield from cut_short(good.rstrip().rpartition(b"-----END")[0], certain=True)
    yield from spoiled(good)
    begin = good.partition(b"\n")[0] + b"\n"
    yield Fault("beginnings without end", begin * 5_000, True)
    yield Fault("no text", b"\xff" * 5_000, True)
    yield Fault("another kind", b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n", True)
    yield Fault("nothing", b"", True)


def _base45_faults(good: bytes) -> Iterator[Fault]:
    for place in range(0, len(good) - 3, 7):
        for symbols in (b"a", b"\xff", b"\0", b","):
            yield Fault(f"{symbols!r} at {place}", good[:place] + symbols + good[place + 1 :], True)
        yield Fault(f"beyond at {place}", good[: place // 3 * 3] + b":::" + good[place // 3 * 3 + 3 :], True)
    yield Fault("one too long", good[: len(good) // 3 * 3] + b"0", True)
    yield from oversized(good)


def _moment_faults(good: bytes) -> Iterator[Fault]:
    for place in range(len(good)):
        yield Fault(f"cut at {place}", good[:place], place == 0)
        yield Fault(f"a letter at {place}", good[:place] + b"x" + good[place + 1 :], place < 19)
    for text in (b"2026-13-22", b"2026-11-22T12:00:00.1.2", b"2026-11-22T25:00:00", b"now", b"1" * 65):
        yield Fault(f"{text!r}", text, True)


def _code_text_faults(good: bytes) -> Iterator[Fault]:
    yield from cut_short(good, certain=True)
    yield from _behind_prefix(_base45_faults, good)
    for prefix in (b"", b"hc1:", b"HC2:", b"HC1", b" HC1:"):
        yield Fault(f"prefix {prefix!r}", prefix + good.removeprefix(PREFIX), True)
    yield Fault("a bomb", PREFIX + encode_base45(zlib.compress(bytes(2_000_000))).encode(), True)
    yield Fault("not compressed", PREFIX + encode_base45(_HEALTH.cose()).encode(), True)
    yield Fault("nothing", b"", True)


def _code_faults(good: bytes) -> Iterator[Fault]:
    """Of the text, and of the signed bytes in it: what is in there too deep for ``cbor_texts`` is signed anew."""
    yield from _code_text_faults(good)
    yield from _in_codes(cbor_texts(_HEALTH.cose()))
    for fault in cbor_texts(encode_cbor(health_payload())):
        yield Fault(f"payload: {fault.name}", code_of(_HEALTH.cose_of(fault.data)), fault.certain)


def _signed_faults(good: bytes) -> Iterator[Fault]:
    """What the payload holds is for whoever reads that."""
    return (each._replace(certain=each.certain and "[2]>" not in each.name) for each in cbor_texts(good))


def _behind_prefix(faults: Callable[[bytes], Iterator[Fault]], good: bytes) -> Iterator[Fault]:
    return (Fault(each.name, PREFIX + each.data, each.certain) for each in faults(good.removeprefix(PREFIX)))


def _in_codes(faults: Iterator[Fault]) -> Iterator[Fault]:
    return (Fault(each.name, code_of(each.data), each.certain) for each in faults)


def _xml_faults(good: bytes) -> Iterator[Fault]:
    yield from cut_short(good, certain=True)
    yield from islice(spoiled(good), 0, None, 7)
    for place in (at for at, byte in enumerate(good) if byte == ord("<")):
        yield Fault(f"another name at {place}", good[: place + 1] + b"q" + good[place + 1 :], True)
    yield Fault("a document type", b"<!DOCTYPE a>" + good, True)
    yield Fault("an instruction", good + b"<?a b?>", True)
    yield Fault("a signature more", good.replace(b"</d:Signature>", b"</d:Signature>" * 2), True)
    yield Fault("depth", b"<a>" * 200 + b"</a>" * 200, True)
    yield Fault("tags", b"<a>" + b"<b/>" * 200_001 + b"</a>", True)


def _toml_faults(good: bytes) -> Iterator[Fault]:
    yield from spoiled(good)
    yield from oversized(good)
    yield Fault("a name twice", good.replace(b'id = "card"', b'id = "card"\nid = "card"'), True)
    yield Fault("a name that is none of ours", b"colour = 1\n" + good, True)
    yield Fault("arrays in one another", b"id = " + b"[" * 16_000, True)
    yield Fault("tables in one another", b"id = " + b"{a=" * 5_000, True)
    yield Fault("a name without end", b"a." * 8_000 + b"a = 1", True)
    yield Fault("a table's name without end", b"[" + b"a." * 8_000 + b"a]", True)
    yield Fault("long names", b"".join(b"a." * 90 + b"a%d=1\n" % n for n in range(80)), True)
    yield Fault("a crowd of tables", b"".join(b"[a%d]\n" % n for n in range(2_000)), True)
    yield Fault("a crowd of names", b"".join(b"a%d=1\n" % n for n in range(2_000)), True)
    yield Fault("a crowd of numbers", b"id = [" + b"1," * 8_000 + b"]", True)
    yield Fault("a number without end", b"validity_days = " + b"1" * 16_000, True)
    yield Fault("quotes without end", b'id = """' + b'\\"' * 8_000, True)
    yield Fault("a pattern that is none", good.replace(b'"[a-z]+"', b'"[a-z"'), True)
    yield Fault("a pattern in itself", good.replace(b'"[a-z]+"', b'"' + b"(" * 2_000 + b")" * 2_000 + b'"'))
    yield Fault("a pattern of repetitions", good.replace(b'"[a-z]+"', b'"' + b"(a{1,9}){1,9}" * 50 + b'"'))
    yield Fault("a repetition of much", good.replace(b'"[a-z]+"', b'"a{99999999999999999999}"'))
    for name, value in (
        ("text", b'"x"'),
        ("a number", b"-1"),
        ("a date", b"1979-05-27"),
        ("an array", b"[1]"),
        ("nan", b"nan"),
        ("a table", b"{a=1}"),
    ):
        for member in (
            b"id",
            b"validity_days",
            b"category",
            b"unique",
            b"max_length",
            b"pattern",
            b"type",
            b"vct",
            b"doctype",
            b"en",
        ):
            text = good.replace(b"\n" + member + b" = ", b"\n" + member + b" = " + value + b" #", 1)
            yield Fault(f"{name} for {member.decode()}", text)


def _status_faults(compressed: Callable[[bytes], bytes]) -> Callable[[bytes], Iterator[Fault]]:
    def faults(good: bytes) -> Iterator[Fault]:
        for fault in lists():
            yield fault._replace(data=compressed(fault.data))
        yield from cbor_faults(good) if good[:1] == b"\xd2" else jws_texts(good)
        yield from cut_short(good[:-90], certain=True)
        yield from spoiled(good)
        yield from oversized(good)

    return faults


def _identifier_faults(good: bytes) -> Iterator[Fault]:
    """Of the token, and of what is signed in it; what is said of an identifier is not looked at."""
    for fault in cbor_faults(good):
        yield fault._replace(certain=fault.certain and ".identifiers." not in fault.name)
    for fault in cbor_faults(encode_cbor(listed_claims())):
        yield fault._replace(data=signed_claims(fault.data), certain=False)
    yield from cut_short(good[:-90], certain=True)
    yield from oversized(good)


def _status_jwt(lst: bytes) -> bytes:
    claims = {"sub": "https://a.example", "iat": NOW, "status_list": {"bits": 1, "lst": encoded(lst).decode()}}
    return sign_jws(claims, signer=KEY, typ="statuslist+jwt")


def _status_cwt(lst: bytes) -> bytes:
    claims = encode_cbor({2: "https://a.example", 6: NOW, 65533: {"bits": 1, "lst": lst}})
    return encode_cbor(Tag(18, sign_sign1(claims, signer=KEY)))


def _parts(texts: list[bytes]) -> object:
    """What is not parsed together is looked at alone, by another parser."""
    values = parse_json_parts(texts, what="test")
    if values is None:
        raise Malformed("test", "", "expected parts that can be parsed together")
    return values


_SERIES: Final = re.compile(r" at \d+$|: ")  # over the places of a message, or the members of a document


def _sampled(faults: Callable[[bytes], Iterator[Fault]], every: int = 11) -> Callable[[bytes], Iterator[Fault]]:
    """The faults that stand alone, and some of those of a series, for a parser that hands its bytes to another or a
    document of much the same over and over."""

    def some(good: bytes) -> Iterator[Fault]:
        turn = count()
        return (each for each in faults(good) if not _SERIES.search(each.name) or next(turn) % every == 0)

    return some


def _tdates(value: Any) -> object:
    """Only tags come to the parser: the shape around them sees to that."""
    dates = [item for item in value if type(item) is Tag] if isinstance(value, list) else []
    return parse_tdates(dates, what="test", where="")


def _embedded_faults(good: bytes) -> Iterator[Fault]:
    """Of what is inside, nothing is looked at."""
    yield from cut_short(good, certain=True)
    yield from spoiled(good)
    yield Fault("something behind it", good + b"\0", True)
    yield Fault("another tag", b"\xd8\x19" + good[2:], True)
    yield Fault("a longer head than it needs", b"\xd8\x18\x5a\x00\x00" + good[3:], True)
    yield Fault("no tag", good[2:], True)
    yield Fault("text", b"\xd8\x18\x61x", True)
    yield Fault("bytes without a length", b"\xd8\x18\x5f\xff", True)


def _transaction_faults(good: bytes) -> Iterator[Fault]:
    yield from other_spellings(good)
    for fault in json_texts(json.loads(decoded(good))):
        yield fault._replace(data=encoded(fault.data))


def _rule_book(data: bytes) -> object:
    """What cannot be read is passed over and told, which is as good as a refusal here."""
    read = parse_rule_book([("rules.json", data)])
    if read.unread:
        raise Malformed("rules", "", read.unread[0].why)
    return read


def _deep_faults(good: bytes) -> Iterator[Fault]:
    """Rules may be deeper than other JSON, and what is no rule is passed over."""
    for fault in json_texts(json.loads(good)):
        yield fault._replace(certain=fault.certain and "in one another" not in fault.name)


def _slice_faults(good: bytes) -> Iterator[Fault]:
    yield from spoiled(good)
    yield Fault("something behind it", good + b"\0", True)
    yield Fault("cut short", good[:-1], True)
    yield Fault("nothing", b"", True)


def _namespaces(data: bytes) -> object:
    members = parse_map(data, what="test")
    return parse_namespaces(members.get("nameSpaces"), received=data)


# --- the table ------------------------------------------------------------------------------------------------------

_ISSUER: Final = Issuer()
_CERTIFICATE: Final = ISSUER.certificate
_CRL: Final = crl_of(3)
_OFFER_LINK: Final = "openid-credential-offer://?credential_offer="
_REQUEST_LINK: Final = (
    f"{TARGET}?client_id=redirect_uri:https%3A%2F%2Fa.example&response_uri=https%3A%2F%2Fa.example&nonce=n&dcql_query="
)
_DPOP: Final = sign_dpop(KEY, method="POST", url="https://a.example/", now=NOW, random=fixed_random(), nonce="n")
_ORIGIN: Final = "https://a.example"
_PROVIDER: Final = {
    "issuer": "https://a.example",
    "jwks_uri": "https://a.example/keys",
    "token_endpoint": "https://a.example/t",
}
_TOKENS: Final = {
    "access_token": "a", "token_type": "DPoP", "expires_in": 60, "refresh_token": "r",
    "authorization_details": [
        {"type": "openid_credential", "credential_configuration_id": "a", "credential_identifiers": ["b"]}
    ],
}  # fmt: skip
_METADATA: Final = build_client_metadata(response_key=KEY.public_key)
_SIGN1: Final = encode_cbor(Tag(18, sign_sign1(b"payload", signer=ISSUER.key, x5chain=ISSUER.chain, typ="a/b")))
_MAC0: Final = encode_cbor(mac_mac0(b"payload", key=bytes(32)))
_JWE: Final = seal_jwe(b"{}", recipient=KEY.public_key, kid="1", enc=Encryption.A128GCM).encode()
_ITEM: Final = encode_cbor({"a": [1, -1, {2: b"b"}], "c": Tag(0, "d"), "e": Tag(7, [1.5, None, True])})
_NAMESPACES: Final = encode_cbor({"nameSpaces": parse_map(mdoc(), what="mdoc")["nameSpaces"]})
_BATCH: Final = json.loads(batch(HashType.UCI, b"a", b"b"))
_SLICE: Final = hash_slice([bytes(16)])
_PARTITION: Final = json.loads(partition(_SLICE, kind="VARHASHLIST", kid=bytes(8), prefix="abc"))
_EXPRESSION: Final = {
    "if": [
        {"and": [{"var": "payload.v.0"}, {"!": [{"in": ["a", {"var": "external.b"}]}]}]},
        {"not-after": [{"plusTime": [{"var": "payload.v.0.dt"}, 14, "day"]}, {"dccDateOfBirth": ["1990-01"]}]},
        {"===": [{"reduce": [[1, 2], {"+": [{"var": "current"}, 1]}, 0]}, {"extractFromUVCI": ["a:b", 1]}]},
    ]
}
_DISCLOSURE: Final = ["salt", "name", {"a": [1, None]}]

_FORM_TYPE, _FORM = multipart_body({"a": "1"}, {"picture": b"\x89PNG"})

PARSERS: Final[dict[str, tuple[Probe, ...]]] = {
    "primitives.claim_path.parse_claim_path": (
        of_json(behind_json(partial(parse_claim_path, what="test", where="")), ["a", None, 0]),
    ),
    "primitives.cbor.parse_cbor": (of_cbor(partial(parse_cbor, what="test"), _ITEM),),
    "primitives.cbor.parse_map": (of_cbor(partial(parse_map, what="test"), encode_cbor({"a": [1], 1: {"b": b"c"}})),),
    "primitives.cbor.parse_text_keyed": (
        of_cbor(
            lambda data: parse_text_keyed([data[:MAX_BYTES], b"\xa0"], what="test"),
            encode_cbor({"a": [1], "b": {"c": b"d"}}),
        ),
    ),
    "primitives.cbor.parse_embedded": (
        Probe(partial(parse_embedded, what="test"), encode_embedded(bytes(300)), _embedded_faults),
    ),
    "primitives.cose.parse_sign1": (of_cbor(behind_cbor(partial(parse_sign1, what="test")), _SIGN1),),
    "primitives.cose.parse_mac0": (of_cbor(behind_cbor(partial(parse_mac0, what="test")), _MAC0),),
    "primitives.cose.parse_cose_key": (
        of_cbor(behind_cbor(partial(parse_cose_key, what="test")), encode_cbor(cose_key(KEY.public_key))),
    ),
    "primitives.der.parse_elements": (Probe(partial(parse_elements, what="test"), _CERTIFICATE.der, _elements_faults),),
    "primitives.der.parse_element": (
        Probe(partial(parse_element, tag=0x30, what="test"), _CERTIFICATE.der, _der_faults),
    ),
    "primitives.der.parse_oid": (
        in_text(Probe(partial(parse_oid, what="test"), b"1.3.6.1.4.1.11129.2.4.2", _oid_faults)),
    ),
    "primitives.encoding.parse_base64url": (
        Probe(partial(parse_base64url, what="test"), encoded(bytes(31)), _base64_faults),
        in_text(Probe(partial(parse_base64url, what="test"), encoded(bytes(31)), _base64_faults)),
    ),
    "primitives.encoding.parse_base64": (
        in_text(Probe(partial(parse_base64, what="test"), base64(bytes(31)).encode(), _padded_faults)),
    ),
    "primitives.http.parse_form": (
        Probe(partial(parse_form, what="test"), b"a=1&b=%C3%A9+x", partial(form_texts, name=b"a", crowd=65)),
    ),
    "primitives.json.parse_json": (
        of_json(partial(parse_json, what="test"), query()),
        in_text(of_json(partial(parse_json, what="test"), query())),
    ),
    "primitives.json.parse_object": (of_json(partial(parse_object, what="test"), query()),),
    "primitives.json_parts.parse_json_parts": (
        of_json(lambda data: _parts([encoded(b"[]"), encoded(data[:MAX_BYTES]), encoded(b"{}")]), _DISCLOSURE),
        Probe(lambda data: _parts([data, encoded(b"[]")]), encoded(b'{"a":1}'), _base64_faults),
    ),
    "primitives.multipart.parse_multipart": (
        Probe(partial(parse_multipart, content_type=_FORM_TYPE), _FORM, _multipart_faults),
    ),
    "primitives.jwe.parse_jwe": (Probe(partial(parse_jwe, what="test"), _JWE, jwe_texts),),
    "primitives.jws.parse_jws": (
        of_jws(partial(parse_jws, what="test"), TOKEN),
        in_text(of_jws(partial(parse_jws, what="test"), TOKEN)),
    ),
    "primitives.keys.parse_jwk": (
        of_json(behind_json(partial(parse_jwk, what="test")), JWK),
        of_json(behind_json(partial(parse_jwk, what="test", use="enc")), ENCRYPTION_JWK),
    ),
    "primitives.keys.parse_secret_jwk": (
        of_json(behind_json(partial(parse_secret_jwk, what="test")), KEY.secret_jwk()),
    ),
    "primitives.keys.parse_private_pem": (
        Probe(partial(parse_private_pem, what="test"), KEY.secret_pem(), _pem_faults),
    ),
    "primitives.times.parse_numeric_date": (
        of_json(in_object(lambda members: parse_numeric_date(members.get("a"), "test", "a")), {"a": NOW}),
        of_cbor(behind_cbor(lambda value: parse_numeric_date(value, "test", "a")), encode_cbor(NOW)),
    ),
    "primitives.base45.parse_base45": (
        Probe(partial(parse_base45, what="test"), _HEALTH_CODE.removeprefix(PREFIX), _base45_faults),
    ),
    "primitives.crl.parse_crl": (Probe(parse_crl, _CRL, _der_faults),),
    "primitives.x509.parse_certificate": (Probe(parse_certificate, _CERTIFICATE.der, _der_faults),),
    "primitives.x509.parse_pem_certificates": (
        Probe(partial(parse_pem_certificates, what="test"), _CERTIFICATE.pem.encode(), _pem_faults),
    ),
    "trust.attestation.parse_wallet_attestation": (of_jws(parse_wallet_attestation, wallet_attestation()),),
    "trust.attestation_claims.parse_attestation_status": (
        of_json(
            in_object(lambda members: parse_attestation_status(members, "client_status", what="test")),
            {"client_status": {"status": STATUS_CLAIM, "exp": NOW}, "status": STATUS_CLAIM},
        ),
        of_json(
            in_object(lambda members: parse_attestation_status(members, "client_status", what="test")),
            {"status": STATUS_CLAIM},
        ),
    ),
    "trust.attestation_claims.parse_text": (
        of_json(in_object(lambda members: parse_text(members, "a", what="test")), {"a": "b"}),
    ),
    "trust.attestation_claims.parse_optional_text": (
        of_json(in_object(lambda members: parse_optional_text(members, "a", what="test")), {"a": "b"}),
    ),
    "trust.attestation_claims.parse_time": (
        of_json(in_object(lambda members: parse_time(members, "a", what="test")), {"a": NOW}),
    ),
    "trust.key_attestation.parse_key_attestation": (of_jws(parse_key_attestation, key_attestation()),),
    "services.wallet_requests.parse_instance_proof": (
        of_jws(
            parse_instance_proof,
            sign_instance_proof(KEY, instance="erika", possessions=["shown"], audience="https://a.example", now=NOW),
        ),
    ),
    "trust.lists.parse.parse_trusted_list": (Probe(parse_trusted_list, trusted_list(), _sampled(jws_texts, 5)),),
    "trust.lists.xml.parse.parse_xml_list": (Probe(parse_xml_list, xml_trusted_list(), _xml_faults),),
    "trust.disclosure_policy.parse.parse_disclosure_policy": (
        of_json(behind_json(partial(parse_disclosure_policy, where="policy")), POLICY),
        of_json(behind_json(partial(parse_disclosure_policy, where="policy")), ROOTED_POLICY),
    ),
    "trust.register.parse.parse_wallet_relying_party": (
        of_json(parse_wallet_relying_party, register.PARTY),
        of_json(parse_wallet_relying_party, register.PROVIDER),
    ),
    "trust.registration.parse.parse_registration": (
        of_jws(parse_registration, as_jwt()),
        of_cbor(parse_registration, as_cwt()),
        in_text(of_jws(parse_registration, as_jwt())),
    ),
    "trust.registration.credentials.parse_registered_credentials": (
        of_json(
            behind_json(partial(parse_registered_credentials, what="test", where="credentials")),
            [
                {"format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claim": [{"path": ["a", None, 0]}]},
                {"format": "mso_mdoc", "meta": {"doctype_value": NAMESPACE}, "claims": [{"path": [NAMESPACE, "a"]}]},
                {"format": "ldp_vc", "meta": {"type_values": [["A"]]}},
            ],
        ),
    ),
    "trust.access_authority.request.parse_certificate_request": (
        Probe(parse_certificate_request, request_der(), _der_faults),
        Probe(parse_certificate_request, request_pem(), _pem_faults),
    ),
    "trust.transparency.extensions.parse_logged_certificate": (
        Probe(parse_logged_certificate, stamped().der, _sampled(_der_faults, 5)),
    ),
    "trust.transparency.items.parse_trans_item": (Probe(parse_trans_item, ITEMS[0].encode(), _item_faults),),
    "trust.transparency.items.parse_trans_items": (Probe(parse_trans_items, encode_trans_items(ITEMS), _item_faults),),
    "trust.transparency.precertificate.parse_precertificate": (
        Probe(parse_precertificate, announce(ACCESS_DRAFT), _sampled(_der_faults, 5)),
    ),
    "trust.transparency.timestamps.parse_sct_list": (Probe(parse_sct_list, EARLIER, _item_faults),),
    "protocols.transparency.submission.parse_submission": (
        of_json(parse_submission, json.loads(announced(ACCESS_DRAFT).encode())),
    ),
    "protocols.transparency.answers.parse_log_answer": (of_json(parse_log_answer, log_answer()),),
    "services.health_lines.parse_moment": (
        in_text(Probe(partial(parse_moment, what="test", where="at"), b"2026-11-22T12:00:00.123+0200", _moment_faults)),
    ),
    "services.log_watch.parse_watch_state": (of_json(parse_watch_state, watch_state()),),
    "formats.catalogue.parse.parse_attestation_type": (
        in_text(Probe(partial(parse_attestation_type, file="card.toml"), TYPE_FILE.encode(), _toml_faults)),
    ),
    "formats.hcert.certificate.parse_health_certificate": (
        Probe(parse_health_certificate, _HEALTH_CODE, _sampled(_code_faults, 3)),
    ),
    "formats.hcert.who_certificate.parse_health_record": tuple(
        Probe(parse_health_record, code, _sampled(_code_text_faults, 3)) for code in (_HEALTH_CODE, *_WHO_CODES)
    ),
    "formats.hcert.cms.parse_cms": (Probe(parse_cms, _CMS, _sampled(_der_faults, 5)),),
    "formats.hcert.code.parse_code": (Probe(parse_code, _HEALTH_CODE, _code_text_faults),),
    "formats.hcert.code.parse_signed_code": (Probe(parse_signed_code, _HEALTH.cose(), _signed_faults),),
    "formats.hcert.keys.parse_signer": (Probe(parse_signer, _HEALTH.der, _sampled(_der_faults, 5)),),
    "formats.hcert.lists.parse_trust_list": (
        of_json(parse_trust_list, [health_lists.gateway_entry()]),
        of_json(parse_trust_list, health_lists.did_document(health_lists.method())),
        Probe(parse_trust_list, health_lists.pem(health_lists.OFFICE), _pem_faults),
    ),
    "formats.hcert.revocation.parse_revocation_batch": (of_json(parse_revocation_batch, _BATCH),),
    "formats.hcert.revocation.parse_revoked": (
        of_json(lambda data: parse_revoked([("a.json", data)]), _BATCH),
        of_json(lambda data: parse_revoked([("a.json", data), ("b", _SLICE)]), _PARTITION),
    ),
    "formats.hcert.slices.parse_partition": (of_json(parse_partition, _PARTITION),),
    "formats.hcert.slices.parse_hash_slice": (Probe(parse_hash_slice, _SLICE, _slice_faults),),
    "formats.hcert.slices.parse_bloom_slice": (Probe(parse_bloom_slice, bloom_slice([bytes(16)]), _slice_faults),),
    "formats.hcert.rules.book.parse_rule_book": (
        Probe(_rule_book, encode_json([business_rules.RULE, business_rules.TAKEN_BACK]), _deep_faults),
        Probe(_rule_book, encode_json(business_rules.PUBLISHED), _deep_faults),
    ),
    "formats.hcert.rules.expression.parse_expression": (of_json(behind_json(parse_expression), _EXPRESSION),),
    "formats.hcert.rules.rule.parse_rule": (of_json(behind_json(parse_rule), business_rules.RULE),),
    "formats.detect.parse_any": (
        Probe(parse_any, mdoc(), _sampled(cbor_texts)),
        Probe(parse_any, presented(), _sampled(sd_jwt_texts)),
        Probe(parse_any, encoded(mdoc()), _base64_faults),
    ),
    "formats.mdoc.dates.parse_tdates": (
        of_cbor(behind_cbor(_tdates), encode_cbor([Tag(0, "2026-11-22T00:00:00Z"), Tag(0, "2026-11-22T00:00:00Z")])),
    ),
    "formats.mdoc.items.parse_namespaces": (of_cbor(_namespaces, _NAMESPACES),),
    "formats.mdoc.key_authorizations.parse_key_authorizations": (
        of_cbor(
            behind_cbor(partial(parse_key_authorizations, what="test", where="")),
            encode_cbor({"nameSpaces": ["a"], "dataElements": {"b": ["c", "d"]}}),
        ),
    ),
    "formats.mdoc.parse.parse_issuer_signed": (
        of_cbor(parse_issuer_signed, mdoc()),
        in_text(Probe(parse_issuer_signed, encoded(mdoc()), _base64_faults)),
    ),
    "formats.mdoc.parse.parse_device_response": (
        of_cbor(parse_device_response, device_response()),
        in_text(Probe(parse_device_response, encoded(device_response()), _base64_faults)),
    ),
    "formats.mdoc.security_object.parse_security_object": (
        of_cbor(parse_security_object, parse_issuer_signed(mdoc()).payload),
    ),
    "formats.mdoc.transcript.parse_transcript": (
        of_cbor(parse_transcript, encode_cbor([None, None, ["OpenID4VPHandover", bytes(32)]])),
    ),
    "formats.mdoc.values.parse_value": (
        of_cbor(
            behind_cbor(partial(parse_value, what="test", where="")),
            encode_cbor({"a": [1, -1, True, None, b"b"], "c": Tag(1004, "1985-12-10"), "d": Tag(7, {"e": [1.5]})}),
        ),
    ),
    "formats.presentation.parse_presentation": (
        Probe(partial(parse_presentation, Format.MDOC), device_response(), _sampled(cbor_texts)),
        Probe(partial(parse_presentation, Format.SD_JWT_VC), presented(), _sampled(sd_jwt_texts)),
    ),
    "formats.presentation.parse_credential": (
        Probe(partial(parse_credential, Format.MDOC), mdoc(), _sampled(cbor_texts)),
        in_text(Probe(partial(parse_credential, Format.SD_JWT_VC), presented(), _sampled(sd_jwt_texts))),
    ),
    "formats.sdjwt.disclosures.parse_disclosures": (
        of_json(behind_json(lambda value: parse_disclosures([value, ["salt", "value"]])), _DISCLOSURE),
    ),
    "formats.sdjwt.key_binding.parse_key_binding": (
        of_jws(
            lambda data: parse_key_binding(parse_jws(data, what="test")),
            sign_jws(
                {
                    "iat": NOW,
                    "aud": "a",
                    "nonce": "n",
                    "sd_hash": "h",
                    "transaction_data_hashes": ["t"],
                    "transaction_data_hashes_alg": "sha-256",
                },
                signer=KEY,
                typ="kb+jwt",
            ),
        ),
    ),
    "formats.sdjwt.parse.parse_sdjwt": (
        Probe(parse_sdjwt, presented(issued({"a": "b", "c": {"d": ["e", "f"]}}), [("a",)]), sd_jwt_texts),
    ),
    "formats.sdjwt.registered.parse_registered": (
        of_json(
            in_object(parse_registered), payload(**{"nbf": NOW, "iss": "i", "vct#integrity": "v", "aka_vcts": ["a"]})
        ),
    ),
    "formats.sdjwt.type_metadata.parse_type_metadata": (of_json(parse_type_metadata, type_metadata_document()),),
    "formats.status.reference.parse_status_reference": (
        of_json(behind_json(partial(parse_status_reference, what="test")), STATUS_CLAIM),
        of_cbor(behind_cbor(partial(parse_status_reference, what="test")), encode_cbor(STATUS_CLAIM)),
    ),
    "formats.status.reference.parse_mdoc_status": (
        of_cbor(behind_cbor(partial(parse_mdoc_status, what="test")), encode_cbor(STATUS_CLAIM)),
        of_cbor(behind_cbor(partial(parse_mdoc_status, what="test")), encode_cbor(IDENTIFIER_CLAIM)),
    ),
    "formats.status.identifiers.parse_identifier_list": (
        Probe(partial(parse_identifier_list, content_type=None), identifier_token(), _identifier_faults),
    ),
    "formats.status.reference.parse_aggregation": (
        of_json(parse_aggregation, json.loads(build_aggregation(["https://a.example/1", "https://a.example/2"]))),
    ),
    "formats.status.token.parse_status_list": (
        Probe(partial(parse_status_list, content_type=None), token(StatusListFormat.JWT), _status_faults(_status_jwt)),
        Probe(partial(parse_status_list, content_type=None), token(StatusListFormat.CWT), _status_faults(_status_cwt)),
        Probe(
            partial(parse_status_list, content_type="application/statuslist+cwt"),
            token(StatusListFormat.CWT),
            _status_faults(_status_cwt),
        ),
    ),
    "protocols.oauth.authorization_details.parse_authorization_details": (
        in_text(of_json(parse_authorization_details, json.loads(encode_details(("a", "b"), locations=(_ORIGIN,))))),
    ),
    "protocols.oauth.dpop.parse_dpop": (in_text(of_jws(parse_dpop, _DPOP)),),
    "protocols.oauth.metadata.parse_server_metadata": (
        of_json(parse_server_metadata, build_server_metadata(_ISSUER.server)),
    ),
    "protocols.oidc.upstream.parse_provider_metadata": (
        of_json(in_response(upstream.parse_provider_metadata), _PROVIDER),
    ),
    "protocols.oidc.upstream.parse_tokens": (
        of_json(in_response(upstream.parse_tokens), {"id_token": TOKEN.decode(), "access_token": "a"}),
    ),
    "protocols.oidc.upstream.parse_keys": (of_json(in_response(upstream.parse_keys), {"keys": [JWK, {"kty": "RSA"}]}),),
    "protocols.webauthn.response.parse_registration_response": (
        of_json(parse_registration_response, json.loads(_PASSKEY.make(_PASSKEY_OPTIONS))),
    ),
    "protocols.webauthn.response.parse_assertion": (
        of_json(parse_assertion, json.loads(_PASSKEY.answer(_PASSKEY_OPTIONS))),
    ),
    "protocols.openid4vci.encryption.parse_recipient": (
        of_json(behind_json(partial(parse_recipient, enc=Encryption.A128GCM, what="test")), ENCRYPTION_JWK),
    ),
    "protocols.openid4vci.issuer_info.parse_statements": (
        of_json(
            in_object(parse_statements),
            {"issuer_info": [{"format": "registration_cert", "data": "ey"}, {"format": "registrar_dataset"}]},
        ),
    ),
    "protocols.openid4vci.metadata.parse_issuer_metadata": (
        of_json(in_response(parse_issuer_metadata), {"credential_issuer": _ORIGIN, "batch": {"batch_size": 2}}),
        of_jws(in_response(parse_issuer_metadata, "application/jwt"), TOKEN),
    ),
    "protocols.openid4vci.offer.parse_offer": (of_json(parse_offer, offer()), in_text(of_json(parse_offer, offer()))),
    "protocols.openid4vci.offer.parse_offer_link": (
        in_text(of_link(parse_offer_link, _OFFER_LINK, "credential_offer", offer())),
    ),
    "protocols.openid4vci.proofs.parse_proofs": (
        of_json(behind_json(parse_proofs), {"jwt": [key_proof()]}),
        of_json(behind_json(parse_proofs), {"attestation": [key_attestation().decode()]}),
    ),
    "protocols.openid4vci.proofs.parse_key_proof": (in_text(of_jws(parse_key_proof, key_proof())),),
    "protocols.openid4vci.wallet.answers.parse_tokens": (
        of_json(in_object(partial(parse_tokens, before=None, now=NOW)), _TOKENS),
    ),
    "protocols.openid4vci.wallet.session.parse_answer": (
        of_json(in_response(partial(parse_answer, what="test")), {"c_nonce": "n"}),
    ),
    "protocols.openid4vci.wallet.session.parse_member": (
        of_json(in_object(lambda members: parse_member(members, "a", what="test")), {"a": "b"}),
    ),
    "protocols.openid4vp.dcql.parse_query": (
        of_json(parse_query, query()),
        of_json(behind_json(parse_query), json.loads(json.dumps(build_query(NAME_QUERY)))),
    ),
    "protocols.openid4vp.link.parse_link": (in_text(of_link(parse_link, _REQUEST_LINK, "dcql_query", query())),),
    "protocols.openid4vp.metadata.parse_response_key": (of_json(in_object(parse_response_key), _METADATA),),
    "protocols.openid4vp.metadata.parse_vp_formats": (of_json(in_object(parse_vp_formats), _METADATA),),
    "protocols.openid4vp.sender.parse_request": (of_jws(parse_request, signed_request(claims_of(session()))),),
    "protocols.openid4vp.transaction_data.parse_transaction_data": (
        of_json(
            behind_json(parse_transaction_data),
            [build_transaction_data("urn:a", credential_ids=["a"], members={"b": 1}, hash_algorithms=["sha-256"])],
        ),
        in_text(
            Probe(
                lambda text: parse_transaction_data([text]),
                build_transaction_data("urn:a", credential_ids=["a"], members={"b": 1}).encode(),
                _transaction_faults,
            )
        ),
    ),
}
