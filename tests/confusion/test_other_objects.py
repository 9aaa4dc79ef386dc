"""COSE objects, encrypted messages, nonces and certificates, each where another is expected: all are refused."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from cbor2 import CBORTag, dumps, loads
from zegel_testing.authorities import DAY, NOW, fixed_key, fixed_random
from zegel_testing.health import payload
from zegel_testing.openid4vp import CLIENT_ID, query_of, sd_jwt_query, session
from zegel_testing.registration import OFFICE
from zegel_testing.signed_objects import (
    ANCHORS,
    CONFIGURATION,
    HERE,
    KEY,
    KINDS,
    NONCES,
    SIGNERS,
    STATUS_URI,
    certified,
    sign,
)

from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.sandbox.authorities import END_ENTITIES, ROOTS
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, PORTS, ROLES, SandboxPlan
from zegel.adapters.trust_files import load_trust
from zegel.checks import Check
from zegel.errors import Denied, Rejected, ZegelError
from zegel.formats.hcert.certificate import parse_health_certificate, verify_health_certificate
from zegel.formats.hcert.code import build_code, parse_code
from zegel.formats.hcert.issue import HealthAuthority
from zegel.formats.hcert.keys import DocumentSigners, parse_signer
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed
from zegel.formats.mdoc.present import present_mdoc
from zegel.formats.mdoc.transcript import redirect_transcript
from zegel.formats.mdoc.verify import verify_issued_mdoc, verify_presented_mdoc
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.identifiers import (
    IDENTIFIER_LIST,
    parse_identifier_list,
    sign_identifier_list,
    verify_identifier_list,
)
from zegel.formats.status.token import StatusListFormat, parse_status_list, sign_status_list_cwt, verify_status_list
from zegel.primitives.encoding import base64
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import encode_json
from zegel.primitives.jwe import Encryption, seal_jwe
from zegel.protocols.oauth.nonces import NoncePurpose
from zegel.protocols.openid4vci.encryption import JWT, EncryptionKey, IssuerEncryption, open_request
from zegel.protocols.openid4vci.wallet.answers import result_of
from zegel.protocols.openid4vp.metadata import response_kid
from zegel.protocols.openid4vp.response import open_response
from zegel.trust.anchors import Purpose
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.sign import sign_registration_cwt
from zegel.trust.registration.verify import verify_registration

NAMESPACE = "utopia.id.1"
TRANSCRIPT = redirect_transcript(client_id=HERE, nonce="nonce", response_uri=HERE, encryption_key_thumbprint=None)
ISSUED = MdocIssuer(signer=KEY, chain=SIGNERS[Purpose.ISSUER].chain, doc_type=NAMESPACE, namespaces=[NAMESPACE]).issue(
    {NAMESPACE: {"family_name": "Example"}},
    holder_key=KEY.public_key,
    status=None,
    issued_at=NOW,
    valid_from=NOW,
    valid_until=NOW + DAY,
    random=fixed_random("mdoc"),
)
PRESENTED = present_mdoc(
    parse_issuer_signed(ISSUED), paths=[(NAMESPACE, "family_name")], holder=KEY, transcript=TRANSCRIPT
)
STATUS_LIST = sign_status_list_cwt(
    compress(empty_status_list(64, bits=1)),
    uri=STATUS_URI,
    signer=KEY,
    chain=SIGNERS[Purpose.STATUS].chain,
    now=NOW,
    expires=NOW + DAY,
    ttl=3_600,
)
IDENTIFIERS = sign_identifier_list(
    [b"revoked-00000001"],
    uri=STATUS_URI,
    signer=KEY,
    chain=SIGNERS[Purpose.STATUS].chain,
    now=NOW,
    expires=NOW + DAY,
    ttl=3_600,
)
REGISTRATION = sign_registration_cwt(OFFICE, signer=SIGNERS[Purpose.REGISTRATION])
HEALTH_SIGNER = parse_signer(SIGNERS[Purpose.ISSUER].leaf.der)
HEALTH_CODE = HealthAuthority(signer=KEY, document_signer=HEALTH_SIGNER, country="UT").issue(
    payload(), issued_at=NOW, expires=NOW + DAY
)


def issuer_auth(sign1: Any) -> object:
    issued = loads(ISSUED)
    issued["issuerAuth"] = sign1
    return verify_issued_mdoc(parse_issuer_signed(dumps(issued)), anchors=ANCHORS, now=NOW)


def device_signature(sign1: Any) -> object:
    presented = loads(PRESENTED)
    presented["documents"][0]["deviceSigned"]["deviceAuth"]["deviceSignature"] = sign1
    response = parse_device_response(dumps(presented))
    return verify_presented_mdoc(response, anchors=ANCHORS, transcript=TRANSCRIPT, now=NOW)


def status_list(sign1: Any) -> object:
    unverified = parse_status_list(dumps(CBORTag(18, sign1)), content_type=StatusListFormat.CWT)
    return verify_status_list(unverified, uri=STATUS_URI, anchors=ANCHORS, now=NOW)


def identifier_list(sign1: Any) -> object:
    unverified = parse_identifier_list(dumps(CBORTag(18, sign1)), content_type=IDENTIFIER_LIST)
    return verify_identifier_list(unverified, uri=STATUS_URI, anchors=ANCHORS, now=NOW)


def registration(sign1: Any) -> object:
    return verify_registration(parse_registration(dumps(CBORTag(18, sign1))), anchors=ANCHORS, now=NOW)


def health_certificate(sign1: Any) -> object:
    unverified = parse_health_certificate(build_code(dumps(CBORTag(18, sign1))).encode())
    return verify_health_certificate(unverified, signers=DocumentSigners([HEALTH_SIGNER]), now=NOW)


COSE: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "mobile security object": (loads(ISSUED)["issuerAuth"], issuer_auth),
    "device signature": (
        loads(PRESENTED)["documents"][0]["deviceSigned"]["deviceAuth"]["deviceSignature"],
        device_signature,
    ),
    "status list": (list(loads(STATUS_LIST).value), status_list),
    "identifier list": (list(loads(IDENTIFIERS).value), identifier_list),
    "registration certificate": (list(loads(REGISTRATION).value), registration),
    "health certificate": (list(loads(parse_code(HEALTH_CODE.encode())).value), health_certificate),
}


@pytest.mark.parametrize("name", COSE)
def test_each_cose_object_is_taken_where_it_is_expected(name: str) -> None:
    sign1, take = COSE[name]
    assert take(sign1)


@pytest.mark.parametrize(("offered", "expected"), list(permutations(COSE, 2)))
def test_no_cose_object_is_taken_for_another(offered: str, expected: str) -> None:
    with pytest.raises(ZegelError):
        COSE[expected][1](COSE[offered][0])


@pytest.mark.parametrize(("offered", "expected"), list(permutations(COSE, 2)))
def test_a_chain_makes_no_cose_object_into_another(offered: str, expected: str) -> None:
    protected, _, payload, signature = COSE[offered][0]
    with pytest.raises(ZegelError):
        COSE[expected][1]([protected, COSE[expected][0][1], payload, signature])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("name", COSE)
def test_no_jwt_is_taken_for_a_cose_object(kind: Any, name: str) -> None:
    protected, unprotected, _, signature = COSE[name][0]
    with pytest.raises(ZegelError):
        COSE[name][1]([protected, unprotected, kind.good, signature])


ENCRYPTION = fixed_key("one key that everything is encrypted to")
SESSION = session(query_of(sd_jwt_query()), client_id=CLIENT_ID)
KID = "the one kid"
MESSAGES: dict[str, Any] = {
    "presentation": {"state": SESSION.request.state, "vp_token": {"pid": ["e30.e30.AA~"]}},
    "credential request": {"credential_configuration_id": "id", "proofs": {"jwt": ["e30.e30.AA"]}},
    "credential response": {"credentials": [{"credential": "e30.e30.AA~"}]},
}


def sealed(message: Any, *, key: Any = ENCRYPTION, kid: str | None = KID) -> str:
    return seal_jwe(encode_json(message), recipient=key.public_key, kid=kid, enc=Encryption.A128GCM)


def take_presentation(message: Any) -> object:
    key = SESSION.response_key
    assert key is not None
    return open_response({"response": sealed(message, key=key, kid=response_kid(key.public_key))}, session=SESSION)


def take_request(message: Any) -> object:
    request = HttpRequest(method="POST", url=HERE, headers=(("content-type", JWT),), body=sealed(message).encode())
    encryption = IssuerEncryption(keys=(EncryptionKey(kid=KID, key=ENCRYPTION),))
    members = open_request(request, encryption=encryption, what="credential request").members
    if "credential_configuration_id" not in members:  # what credential.read_credential_request asks first
        raise Denied("invalid_credential_request", Check.SYNTAX, "expected a credential")
    return members


def take_response(message: Any) -> object:
    response = HttpResponse(status=200, headers=(("content-type", JWT),), body=sealed(message, kid=None).encode())
    return result_of(response, key=ENCRYPTION, configuration=CONFIGURATION, copies=1, now=NOW)


TAKERS = {
    "presentation": take_presentation,
    "credential request": take_request,
    "credential response": take_response,
}


@pytest.mark.parametrize("name", MESSAGES)
def test_each_encrypted_message_is_taken_where_it_is_expected(name: str) -> None:
    assert TAKERS[name](MESSAGES[name])


@pytest.mark.parametrize(("offered", "expected"), list(permutations(MESSAGES, 2)))
def test_no_encrypted_message_is_taken_for_another(offered: str, expected: str) -> None:
    with pytest.raises(ZegelError):
        TAKERS[expected](MESSAGES[offered])


@pytest.mark.parametrize(("offered", "expected"), list(permutations(NoncePurpose, 2)))
def test_no_nonce_serves_another_purpose(offered: NoncePurpose, expected: NoncePurpose) -> None:
    nonce = NONCES.issue(offered, now=NOW, random=fixed_random("nonce"))
    assert NONCES.verify(nonce, purpose=offered, now=NOW, check=Check.PROOF_NONCE)
    with pytest.raises(Rejected) as refusal:
        NONCES.verify(nonce, purpose=expected, now=NOW, check=Check.PROOF_NONCE)
    assert refusal.value.check is Check.PROOF_NONCE


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ports = {role: 7_000 + at for role, at in PORTS.items()}
    operated = {role: 7_100 + at for at, role in enumerate(OPERATED)}
    plan = SandboxPlan(profile="haip", tls=True, ports=ports, operator_ports=operated)
    folder = tmp_path_factory.mktemp("confusion") / "utopia"
    create_sandbox(folder, plan, now=NOW, random=fixed_random("sandbox"))
    return folder


USED_FOR = {
    **{entity.file: {ROOTS[entity.root].purpose} for entity in END_ENTITIES},
    **{f"{role}-web": set() for role in ROLES},
}
USED_FOR |= {
    "registration": {Purpose.REGISTRATION, Purpose.REGISTRATION_STATUS},
    "access-authority": set(),  # it signs certificates, and nothing else
    "health": set(),  # the lists of health name it, no list of trusted entities
}
REFUSED_BY: dict[tuple[str, Purpose], Check] = {
    ("access-authority", Purpose.ACCESS): Check.CERTIFICATE_PROFILE,  # it leads to the anchor, and signs no request
}
USED_FOR["issuer"] |= {Purpose.STATUS}  # the sandbox's issuer signs its own status lists


@pytest.mark.slow
@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.LIST])
@pytest.mark.parametrize("file", USED_FOR)
def test_each_certificate_of_the_sandbox_serves_its_own_purpose_alone(
    sandbox: Path, file: str, purpose: Purpose
) -> None:
    anchors = load_trust([sandbox / "trust"], now=NOW)
    chain = tuple(certificate.der for certificate in load_certificates(sandbox / "keys" / f"{file}.pem"))
    if purpose in USED_FOR[file]:
        assert anchors.verify_chain(chain, purpose=purpose, now=NOW)
        return
    with pytest.raises(Rejected) as refusal:
        anchors.verify_chain(chain, purpose=purpose, now=NOW)
    assert refusal.value.check is REFUSED_BY.get((file, purpose), Check.ANCHOR)


def test_every_certificate_of_the_sandbox_is_tried(sandbox: Path) -> None:
    there = {file.stem for file in (sandbox / "keys").glob("*.pem") if not file.stem.endswith(".key")}
    assert there == USED_FOR.keys()


@pytest.mark.parametrize("root", ROOTS)
def test_no_root_of_the_sandbox_signs_anything_but_certificates(sandbox: Path, root: str) -> None:
    anchors = load_trust([sandbox / "trust"], now=NOW)
    (certificate,) = load_certificates(sandbox / "authorities" / f"{root}.pem")
    for purpose in Purpose:
        with pytest.raises(Rejected) as refusal:
            anchors.verify_chain((certificate.der,), purpose=purpose, now=NOW)
        assert refusal.value.check in (Check.CHAIN, Check.ANCHOR)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "x5c" in kind.header], ids=lambda kind: kind.name)
def test_two_leaves_are_no_chain(kind: Any) -> None:
    second = certified(Purpose.ACCESS).chain[0]
    header = {"alg": "ES256", "typ": kind.typ} | kind.header
    header["x5c"] = [*header["x5c"], base64(second)]
    with pytest.raises(ZegelError) as refusal:
        kind.take(sign(header, kind.claims))
    assert refusal.value.check in (Check.CHAIN, Check.ANCHOR, Check.CERTIFICATE_PROFILE)
