"""Every JWT that zegel makes, all of them under one key that is trusted for everything, and whoever takes one.

So that nothing but what an object says of itself can tell it from another: neither its key nor its certificate.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from zegel.formats.credential import Format, StatusReference
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.formats.sdjwt.key_binding import sign_key_binding
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_presented_sdjwt
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.token import StatusListFormat, parse_status_list, sign_status_list_jwt, verify_status_list
from zegel.primitives.encoding import encode_base64url
from zegel.primitives.http import HttpResponse
from zegel.primitives.json import encode_json
from zegel.primitives.jws import parse_jws, sign_encoded, sign_jws
from zegel.primitives.keys import PrivateKey
from zegel.profiles import PLAIN
from zegel.protocols.oauth.client_attestation import sign_attestation_pop, verify_attestation_pop
from zegel.protocols.oauth.dpop import parse_dpop, sign_dpop, verify_dpop
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces
from zegel.protocols.oidc.upstream import UnverifiedTokens, UpstreamClient, UpstreamRequest, verify_id_token
from zegel.protocols.oidc.upstream import UpstreamProvider as Provider
from zegel.protocols.openid4vci.configuration import CredentialConfiguration
from zegel.protocols.openid4vci.encryption import JWT
from zegel.protocols.openid4vci.metadata import parse_issuer_metadata, verify_issuer_metadata
from zegel.protocols.openid4vci.proofs import ProofPolicy, receive_proofs, sign_key_proof
from zegel.protocols.openid4vci.publication import sign_issuer_metadata
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.request import REQUEST_TYPE
from zegel.protocols.openid4vp.sender import parse_request, verify_request
from zegel.services.wallet_requests import (
    parse_instance_proof,
    sign_instance_proof,
    sign_possession,
    sign_revocation_request,
    verify_instance_proof,
    verify_possession,
    verify_revocation_request,
)
from zegel.trust.access import certificate_client_id
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import (
    WalletDescription,
    parse_wallet_attestation,
    sign_wallet_attestation,
    verify_wallet_attestation,
)
from zegel.trust.authority import SubjectName, draft_certificate
from zegel.trust.key_attestation import parse_key_attestation, sign_key_attestation, verify_key_attestation
from zegel.trust.lists.build import sign_trusted_list
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType, ServiceType
from zegel.trust.lists.verify import verify_trusted_list
from zegel.trust.register.answers import ANSWER, sign_answer, verify_answer
from zegel.trust.register.changes import LogHead, sign_log_head, verify_log_head
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.sign import sign_registration_jwt
from zegel.trust.registration.verify import verify_registration
from zegel.trust.signing import CertifiedSigner
from zegel_testing.authorities import DAY, NOW, anchor, authority, certify, fixed_key, fixed_random, trusting
from zegel_testing.lists import document, entity, service
from zegel_testing.openid4vp import claims_of, session
from zegel_testing.registration import OFFICE

HERE = "https://here.utopia.example"
"""Issuer, server, verifier, provider and audience of everything."""
STATUS_URI = HERE + "/status/1"
TYPE = "urn:utopia:id:1"

ROOT = authority("everything")
KEY = fixed_key("one key for everything")
KID = "the one kid"
ANCHORS = trusting(*(anchor(ROOT, purpose) for purpose in Purpose))
NONCES = Nonces(key=b"k" * 32)
NONCE = NONCES.issue(NoncePurpose.CREDENTIAL_PROOF, now=NOW, random=fixed_random("nonce"))
WALLET = WalletDescription(name="Utopian Wallet")
CONFIGURATION = CredentialConfiguration(
    id="id",
    format=Format.SD_JWT_VC,
    type=TYPE,
    scope=None,
    signing_algorithms=("ES256",),
    proofs={"jwt": None, "attestation": None},
    display=(),
    claims=(),
)


def certified(purpose: Purpose) -> CertifiedSigner:
    """The one key under a certificate with the profile of a purpose."""
    draft = draft_certificate(
        ROOT,
        SubjectName(country="UT", organization="Utopia", common_name="Everything"),
        key=KEY.public_key,
        purpose=purpose,
        now=NOW - DAY,
        days=90,
        random=fixed_random("certificate"),
        dns_names=("here.utopia.example",),
        uris=(HERE,),
    )
    return CertifiedSigner(signer=KEY, certificates=(certify(draft, purpose, now=NOW - DAY),))


SIGNERS: Mapping[Purpose, CertifiedSigner] = {purpose: certified(purpose) for purpose in Purpose}
CLIENT_ID = certificate_client_id(SIGNERS[Purpose.ACCESS].leaf)
_ISSUER, _STATUS = SIGNERS[Purpose.ISSUER], SIGNERS[Purpose.STATUS]
_PROVIDER, _LIST = SIGNERS[Purpose.WALLET_PROVIDER], SIGNERS[Purpose.LIST]
_SESSION = session(client_id=CLIENT_ID, profile=PLAIN)
ISSUED = SdJwtIssuer(signer=KEY, chain=_ISSUER.chain, vct=TYPE).issue(
    {"name": "Erika"},
    holder_key=KEY.public_key,
    status=None,
    issued_at=NOW,
    valid_from=NOW,
    valid_until=NOW + 14 * DAY,
    random=fixed_random("issued"),
)
"""An SD-JWT VC for the one key as its holder."""


@dataclass(frozen=True)
class Kind:
    """A kind of JWT: one that is good, and who takes it."""

    name: str
    good: bytes
    take: Callable[[bytes], object]

    @property
    def header(self) -> dict[str, Any]:
        """The header without what every JWS has."""
        members = parse_jws(self.good, what=self.name).unverified_header.members
        return {name: value for name, value in members.items() if name not in ("alg", "typ")}

    @property
    def typ(self) -> str:
        """What the object says that it is."""
        return parse_jws(self.good, what=self.name).unverified_header.typ

    @property
    def claims(self) -> dict[str, Any]:
        """What it says beside that."""
        return dict(parse_jws(self.good, what=self.name).unverified_claims)


def sign(members: Mapping[str, Any], claims: Any, *, key: PrivateKey = KEY) -> bytes:
    """Any header and any payload under a good signature."""
    payload = claims if isinstance(claims, bytes) else encode_json(claims)
    return sign_encoded(encode_base64url(encode_json(members)), payload, signer=key)


def _credential(jwt: bytes) -> object:
    return verify_issued_sdjwt(parse_sdjwt(jwt + b"~" + ISSUED.partition(b"~")[2]), anchors=ANCHORS, now=NOW)


def _key_binding(jwt: bytes) -> object:
    return verify_presented_sdjwt(parse_sdjwt(ISSUED + jwt), anchors=ANCHORS, audience=HERE, nonce=NONCE, now=NOW)


def _request(jwt: bytes) -> object:
    return verify_request(
        parse_request(jwt),
        link=parse_link(_SESSION.link("openid4vp://")),
        wallet_nonce=None,
        profile=PLAIN,
        anchors=ANCHORS,
        plain_origins=frozenset(),
        now=NOW,
    )


def _wallet_attestation(jwt: bytes) -> object:
    return verify_wallet_attestation(parse_wallet_attestation(jwt), anchors=ANCHORS, now=NOW)


_ATTESTATION = sign_wallet_attestation(
    signer=KEY,
    chain=_PROVIDER.chain,
    provider=HERE,
    client_id=HERE,
    key=KEY.public_key,
    wallet=WALLET,
    now=NOW,
    expires=NOW + 600,
)
_WALLET = verify_wallet_attestation(parse_wallet_attestation(_ATTESTATION), anchors=ANCHORS, now=NOW)


def _pop(jwt: bytes) -> object:
    return verify_attestation_pop(parse_jws(jwt, what="pop"), wallet=_WALLET, audience=HERE, now=NOW)


def _key_attestation(jwt: bytes) -> object:
    return verify_key_attestation(parse_key_attestation(jwt), anchors=ANCHORS, now=NOW)


def _proofs(name: str) -> Callable[[bytes], object]:
    policy = ProofPolicy(
        configuration=CONFIGURATION,
        profile=PLAIN,
        credential_issuer=HERE,
        client_id=HERE,
        batch_size=1,
        anchors=ANCHORS,
        nonces=NONCES,
    )
    return lambda jwt: receive_proofs({name: [jwt.decode()]}, policy=policy, now=NOW)


def _dpop(jwt: bytes) -> object:
    return verify_dpop(parse_dpop(jwt.decode()), method="POST", url=HERE, access_token=None, now=NOW)


def _status_list(jwt: bytes) -> object:
    unverified = parse_status_list(jwt, content_type=StatusListFormat.JWT)
    return verify_status_list(unverified, uri=STATUS_URI, anchors=ANCHORS, now=NOW)


def _trusted_list(jwt: bytes) -> object:
    return verify_trusted_list(
        parse_trusted_list(jwt), expected=ListType.PID_PROVIDERS, anchors=ANCHORS, now=NOW, seen=0
    )


def _registration(jwt: bytes) -> object:
    return verify_registration(parse_registration(jwt), anchors=ANCHORS, now=NOW)


def _metadata(jwt: bytes) -> object:
    response = HttpResponse(status=200, headers=(("content-type", JWT),), body=jwt)
    return verify_issuer_metadata(
        parse_issuer_metadata(response),
        credential_issuer=HERE,
        anchors=ANCHORS,
        timestamps_required=True,
        now=NOW,
    )


def _id_token(jwt: bytes) -> object:
    return verify_id_token(
        UnverifiedTokens(id_token=parse_jws(jwt, what="ID Token"), access_token=None),
        keys={None: KEY.public_key, KID: KEY.public_key},
        provider=Provider(
            issuer=HERE,
            authorization_endpoint=HERE,
            token_endpoint=HERE,
            jwks_uri=HERE,
            userinfo_endpoint=None,
            says_issuer=True,
        ),
        client=UpstreamClient(client_id=HERE, redirect_uri=HERE, secret=None),
        request=UpstreamRequest(state="state", nonce=NONCE, verifier="verifier"),
        now=NOW,
    )


def _possession(jwt: bytes) -> object:
    return verify_possession(jwt.decode(), audience=HERE, now=NOW)


def _instance(jwt: bytes) -> object:
    proof = parse_instance_proof(jwt.decode())
    return verify_instance_proof(proof, key=KEY.public_key, possessions=["shown"], audience=HERE, now=NOW)


def _revocation(jwt: bytes) -> object:
    return verify_revocation_request(jwt.decode(), audience=HERE, anchors=ANCHORS, now=NOW)


def _log_head(jwt: bytes) -> object:
    return verify_log_head(jwt, issuer=HERE, key=KEY.public_key)


def _answer(jwt: bytes) -> object:
    return verify_answer(parse_jws(jwt, what=ANSWER), key=KEY.public_key)


_ATTESTED = sign_key_attestation(
    signer=KEY,
    chain=_PROVIDER.chain,
    provider=HERE,
    keys=[KEY.public_key],
    key_storage=["iso_18045_high"],
    user_authentication=["iso_18045_high"],
    nonce=NONCE,
    now=NOW,
    expires=NOW + 600,
)
_LISTED = document(ListType.PID_PROVIDERS, entity("Office", service(ServiceType.PID_ISSUANCE, ROOT.certificate)))
_DOCUMENT = {
    "credential_issuer": HERE,
    "credential_endpoint": HERE + "/credential",
    "credential_configurations_supported": {"id": {"format": "dc+sd-jwt", "vct": TYPE}},
}
_BROUGHT = {"jwk": KEY.public_key.jwk()}
_IDENTITY = {"iss": HERE, "aud": HERE, "sub": "erika", "nonce": NONCE, "iat": NOW, "exp": NOW + 60}

KINDS: tuple[Kind, ...] = (
    Kind("credential", ISSUED.partition(b"~")[0], _credential),
    Kind("key binding", sign_key_binding(ISSUED, holder=KEY, audience=HERE, nonce=NONCE, now=NOW), _key_binding),
    Kind(
        "presentation request",
        sign_jws(claims_of(_SESSION), signer=KEY, typ=REQUEST_TYPE, x5c=SIGNERS[Purpose.ACCESS].chain),
        _request,
    ),
    Kind("wallet attestation", _ATTESTATION, _wallet_attestation),
    Kind(
        "proof of possession of a wallet attestation",
        sign_attestation_pop(
            KEY, client_id=HERE, audience=HERE, challenge=None, now=NOW, random=fixed_random("pop")
        ).encode(),
        _pop,
    ),
    Kind("key attestation", _ATTESTED, _key_attestation),
    Kind("key attestation as a proof", _ATTESTED, _proofs("attestation")),
    Kind(
        "key proof",
        sign_key_proof(KEY, credential_issuer=HERE, client_id=HERE, nonce=NONCE, now=NOW, attestation=None).encode(),
        _proofs("jwt"),
    ),
    Kind(
        "DPoP proof",
        sign_dpop(KEY, method="POST", url=HERE, now=NOW, random=fixed_random("dpop"), nonce=None).encode(),
        _dpop,
    ),
    Kind(
        "status list",
        sign_status_list_jwt(
            compress(empty_status_list(64, bits=1)),
            uri=STATUS_URI,
            signer=KEY,
            chain=_STATUS.chain,
            now=NOW,
            expires=NOW + DAY,
            ttl=3_600,
        ),
        _status_list,
    ),
    Kind(
        "list of trusted entities",
        sign_trusted_list(_LISTED, signer=KEY, chain=_LIST.chain, now=NOW - DAY),
        _trusted_list,
    ),
    Kind(
        "registration certificate",
        sign_registration_jwt(OFFICE, signer=SIGNERS[Purpose.REGISTRATION]),
        _registration,
    ),
    Kind("issuer metadata", sign_issuer_metadata(_DOCUMENT, signer=SIGNERS[Purpose.ACCESS], now=NOW), _metadata),
    Kind("ID Token", sign_jws(_IDENTITY, signer=KEY, typ="JWT", header={"kid": KID}), _id_token),
    Kind(
        "proof of possession at the wallet provider",
        sign_possession(KEY, audience=HERE, now=NOW).encode(),
        _possession,
    ),
    Kind(
        "wallet's request to its provider",
        sign_instance_proof(KEY, instance="erika", possessions=["shown"], audience=HERE, now=NOW).encode(),
        _instance,
    ),
    Kind(
        "request for a wallet's revocation",
        sign_revocation_request(
            SIGNERS[Purpose.ISSUER], status=StatusReference(uri=STATUS_URI, index=1), audience=HERE, now=NOW
        ).encode(),
        _revocation,
    ),
    Kind(
        "head of a register's log",
        sign_log_head(LogHead(), issuer=HERE, signer=KEY, now=NOW),
        _log_head,
    ),
    Kind(
        "answer of a register",
        sign_answer(b"[]", {}, issuer=HERE, signer=KEY, kid=KID, now=NOW),
        _answer,
    ),
)
