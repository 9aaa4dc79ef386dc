"""The limits of claims, types, SD-JWTs, mdocs, status lists and lists of trusted entities."""

from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from zegel_testing import parsers
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.identifiers import claims_of, signed_claims
from zegel_testing.lists import changed, document, entity, service, signed
from zegel_testing.persons import ADA, LICENCE
from zegel_testing.registration import LIBRARY, REGISTERED, as_jwt, registered
from zegel_testing.xml_making import MORE, signed_xml, xml_list, xml_signer

from zegel.adapters.catalogue import load_catalogue
from zegel.checks import Check
from zegel.formats.catalogue.parse import parse_attestation_type
from zegel.formats.catalogue.records import check_record
from zegel.formats.claims import Claim
from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.formats.mdoc.transcript import parse_transcript
from zegel.formats.sdjwt.integrity import verify_integrity
from zegel.formats.sdjwt.registered import parse_registered
from zegel.formats.sdjwt.type_metadata import parse_type_metadata
from zegel.formats.status.identifiers import parse_identifier_list
from zegel.formats.status.reference import parse_mdoc_status, parse_status_reference
from zegel.primitives.claim_path import parse_claim_path
from zegel.primitives.json import encode_json
from zegel.trust.attestation_claims import parse_attestation_status
from zegel.trust.disclosure_policy.parse import parse_disclosure_policy
from zegel.trust.key_attestation import parse_key_attestation, sign_key_attestation
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType, ServiceType
from zegel.trust.lists.xml.document import open_document, text_of
from zegel.trust.lists.xml.parse import parse_xml_list
from zegel.trust.lists.xml.signature import verify_xml_signature
from zegel.trust.registration.credentials import parse_registered_credentials
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.values import LocalizedText
from zegel.trust.registration.verify import verify_registration
from zegel_limits.pair import Pair

_ENTITY: Final = {
    "TrustedEntityInformation": {"TEName": [{"value": "A"}], "TEInformationURI": [{"uriValue": "b"}]},
    "TrustedEntityServices": [{"ServiceInformation": {"ServiceName": [{"value": "C"}], "ServiceDigitalIdentity": {}}}],
}
_XML_SIGNER: Final = xml_signer(ec.derive_private_key(1_516, ec.SECP256R1()))
_TYPES: Final = load_catalogue().types
_JPEG: Final = b"\xff\xd8\xff"


def padded(value: Mapping[str, Any], size: int) -> bytes:
    """A JSON object of exactly so many bytes."""
    empty = encode_json({**value, "padding": ""})
    return encode_json({**value, "padding": "x" * (size - len(empty))})


def _record(**changes: Claim) -> object:
    return check_record(_TYPES["pid"], ADA | changes)


def _rsa_list(bits: int) -> object:
    operator = xml_signer(rsa.generate_private_key(65_537, bits))
    signature = parse_xml_list(signed_xml(xml_list(), operator, algorithm=f"{MORE}rsa-sha256")).signature
    return verify_xml_signature(signature, signers=(operator.certificate,), now=NOW)


def _entities(count: int) -> object:
    content = document(ListType.PID_PROVIDERS, entity("A", service(ServiceType.PID_ISSUANCE)))
    return parse_trusted_list(signed(changed(content, ("LoTE", "TrustedEntitiesList"), [_ENTITY] * count)))


def _type(size: int) -> object:
    return parse_attestation_type(parsers.TYPE_FILE.ljust(size - 1, "#") + "\n", file="card.toml")


def _dots(count: int) -> object:
    return parse_attestation_type(f"{parsers.TYPE_FILE}# {'.' * count}\n", file="card.toml")


def _levels(count: int) -> object:
    """A type with a claim that has values in values, so many deep."""
    head, _, _ = parsers.TYPE_FILE.partition('[[claims]]\nid = "places"')
    table, rows = "claims", ['[[claims]]\nid = "places"']
    for level in range(1, count):
        rows.append('type = "array"\n' + ('[claims.names]\nen = "Places"\n' if level == 1 else ""))
        table += ".items"
        rows.append(f"[{table}]")
    rows.append('type = "text"')
    return parse_attestation_type(head + "\n".join(rows) + "\n", file="card.toml")


def _metadata(**changes: Any) -> object:
    return parse_type_metadata(encode_json(parsers.type_metadata_document() | changes))


def _label(locale: str) -> dict[str, str]:
    return {"locale": locale, "name": "T"}


def _registered(types: int) -> object:
    return parse_registered({"vct": "urn:a", "aka_vcts": [f"urn:{at}" for at in range(types)]})


def _rooted(*changes: dict[str, Any]) -> object:
    (good,) = parsers.ROOTED_POLICY["trusted_roots"]
    return parse_disclosure_policy(
        parsers.ROOTED_POLICY | {"trusted_roots": [good | change for change in changes]}, where="p"
    )


def _reference(*, index: int = 7, uri: str = "https://status.utopia.example/1") -> object:
    return parse_status_reference({"status_list": {"idx": index, "uri": uri}}, what="test")


def _url(length: int) -> str:
    return "https://a.example/".ljust(length, "x")


def _keys(count: int) -> object:
    made = sign_key_attestation(
        signer=parsers.ISSUER.key,
        chain=parsers.ISSUER.chain,
        provider="https://provider.example",
        keys=[fixed_key(f"attested {at}").public_key for at in range(count)],
        key_storage=("iso_18045_basic",),
        user_authentication=("iso_18045_basic",),
        nonce=None,
        now=NOW,
        expires=NOW + 60,
    )
    return parse_key_attestation(made.decode())


def _registered_credential(**changes: Any) -> dict[str, Any]:
    return {"format": "dc+sd-jwt", "meta": {"vct_values": ["urn:a"]}} | changes


def _registered_credentials(entries: list[dict[str, Any]]) -> object:
    return parse_registered_credentials(entries, what="test", where="credentials")


FORMATS: Final[Mapping[str, Pair]] = {
    "zegel.primitives.claim_path.MAX_PATH": Pair(lambda n: parse_claim_path(["a"] * n, what="test", where="")),
    "zegel.trust.registration.parse.MAX_CERTIFICATE": Pair(
        lambda n: parse_registration(as_jwt(registered(name="x" * 900)).ljust(n, "x")), says="at most", filler=True
    ),
    "zegel.trust.registration.parse.MAX_LANGUAGES": Pair(
        lambda n: parse_registration(as_jwt(registered(purposes=(LocalizedText(lang="en", value="to lend"),) * n)))
    ),
    "zegel.trust.registration.parse.MAX_ENTRIES": Pair(
        lambda n: parse_registration(as_jwt(registered(entitlements=("urn:a",) * n)))
    ),
    "zegel.trust.registration.values.MAX_VALIDITY": Pair(
        lambda n: verify_registration(
            parse_registration(as_jwt(registered(expires=LIBRARY.issued_at + n))), anchors=REGISTERED, now=NOW
        ),
        Check.REGISTRATION_VALIDITY,
        says="twelve months",
    ),
    "zegel.trust.disclosure_policy.parse.MAX_PARTIES": Pair(
        lambda n: parse_disclosure_policy(parsers.POLICY | {"authorized_parties": [{"identifier": "a"}] * n}, where="p")
    ),
    "zegel.trust.disclosure_policy.parse.MAX_ROOTS": Pair(lambda n: _rooted(*[{}] * n)),
    "zegel.trust.disclosure_policy.parse.MAX_URL": Pair(
        lambda n: parse_disclosure_policy(parsers.POLICY | {"policy_info_url": _url(n)}, where="p")
    ),
    "zegel.trust.disclosure_policy.parse.MAX_SERIAL_DIGITS": Pair(
        lambda n: _rooted({"serial_number": "9" * n}), says="digits"
    ),
    "zegel.trust.registration.credentials.MAX_REGISTERED_CREDENTIALS": Pair(
        lambda n: _registered_credentials([_registered_credential()] * n)
    ),
    "zegel.trust.registration.credentials.MAX_REGISTERED_CLAIMS": Pair(
        lambda n: _registered_credentials([_registered_credential(claim=[{"path": ["a"]}] * n)])
    ),
    "zegel.trust.registration.credentials.MAX_REGISTERED_TYPES": Pair(
        lambda n: _registered_credentials([_registered_credential(meta={"vct_values": ["urn:a"] * n})])
    ),
    "zegel.formats.catalogue.parse.MAX_FILE": Pair(_type),
    "zegel.formats.catalogue.parse._MAX_DOTS": Pair(_dots),
    "zegel.formats.catalogue.parse.MAX_DEPTH": Pair(_levels),
    "zegel.formats.catalogue.types.MAX_TEXT": Pair(lambda n: _record(resident_street="x" * n), Check.RECORD),
    "zegel.formats.catalogue.records.MAX_BYTES": Pair(lambda n: _record(portrait=_JPEG.ljust(n, b"x")), Check.RECORD),
    "zegel.formats.catalogue.records.MAX_ITEMS": Pair(lambda n: _record(nationality=["UT"] * n), Check.RECORD),
    "zegel.formats.sdjwt.integrity._MAX_TEXT": Pair(
        lambda n: verify_integrity(b"{}", f"{parsers.type_metadata_document()['extends#integrity']} ".ljust(n)),
        filler=True,
    ),
    "zegel.formats.sdjwt.registered.MAX_TYPES": Pair(_registered),
    "zegel.formats.sdjwt.type_metadata.MAX_DOCUMENT": Pair(
        lambda n: parse_type_metadata(padded(parsers.type_metadata_document(), n))
    ),
    "zegel.formats.sdjwt.type_metadata.MAX_CLAIMS": Pair(
        lambda n: _metadata(claims=[{"path": [str(at)]} for at in range(n)])
    ),
    "zegel.formats.sdjwt.type_metadata.MAX_LOCALES": Pair(
        lambda n: _metadata(display=[_label(f"a{at}") for at in range(n)])
    ),
    "zegel.formats.sdjwt.type_metadata._MAX_TEXT": Pair(lambda n: _metadata(description="x" * n)),
    "zegel.formats.mdoc.parse._MAX_TEXT": Pair(lambda n: parse_issuer_signed("A" * n), filler=True),
    "zegel.formats.mdoc.transcript._MAX_BYTES": Pair(lambda n: parse_transcript(b"\x80".ljust(n, b"x")), filler=True),
    "zegel.formats.status.identifiers.MAX_IDENTIFIER_LIST": Pair(
        lambda n: parse_identifier_list(b"a" * n, content_type=None), filler=True
    ),
    "zegel.formats.status.identifiers._MAX_MEMBERS": Pair(
        lambda n: parse_identifier_list(
            signed_claims(claims_of() | {f"m{at}": 0 for at in range(n - 5)}), content_type=None
        )
    ),
    "zegel.formats.status.reference.MAX_IDENTIFIER": Pair(
        lambda n: parse_mdoc_status(
            {"identifier_list": {"id": b"x" * n, "uri": "https://status.utopia.example/1"}}, what="test"
        ),
        says="bytes",
    ),
    "zegel.formats.status.reference.MAX_INDEX": Pair(lambda n: _reference(index=n), says="idx"),
    "zegel.formats.status.reference.MAX_URI": Pair(lambda n: _reference(uri=_url(n))),
    "zegel.trust.attestation_claims.MAX_INDEX": Pair(
        lambda n: parse_attestation_status({"status": _status(n)}, "client_status", what="test"), says="idx"
    ),
    "zegel.trust.key_attestation.MAX_KEYS": Pair(_keys),
    "zegel.formats.catalogue.records.MAX_UINT": Pair(
        lambda n: check_record(_TYPES["mdl"], ADA | LICENCE | {"height": n}), Check.RECORD, says="whole number"
    ),
    "zegel.trust.lists.parse.MAX_TRUSTED_LIST": Pair(lambda n: parse_trusted_list(b"a" * n), filler=True),
    "zegel.trust.lists.parse.MAX_ENTITIES": Pair(_entities),
    "zegel.trust.lists.xml.document.MAX_DOCUMENT": Pair(lambda n: parse_xml_list(b"a" * n), filler=True),
    "zegel.trust.lists.xml.document._MAX_TAGS": Pair(
        lambda n: open_document(b"<a>" + b"<b/>" * (n - 2) + b"</a>", what="test")
    ),
    "zegel.trust.lists.xml.document._MAX_DEPTH": Pair(lambda n: open_document(b"<a>" * n + b"</a>" * n, what="test")),
    "zegel.trust.lists.xml.document._MAX_TEXT": Pair(
        lambda n: text_of(open_document(b"<a>" + b"x" * n + b"</a>", what="test"), what="test")
    ),
    "zegel.trust.lists.xml.parse._MAX_DIGITS": Pair(
        lambda n: parse_xml_list(signed_xml(xml_list(sequence=10 ** (n - 1)), _XML_SIGNER)), says="expected a number"
    ),
    "zegel.trust.lists.xml.signature._MIN_RSA": Pair(
        lambda n: _rsa_list(n), refused=Check.ALGORITHM, least=True, says="RSA of 2048 bits"
    ),
}


def _status(index: int) -> dict[str, Any]:
    return {"status_list": {"idx": index, "uri": "https://status.utopia.example/1"}}
