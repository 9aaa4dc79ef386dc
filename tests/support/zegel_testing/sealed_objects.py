"""Every message that zegel encrypts, all of them to one key but for a presentation's own, and whoever opens one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zegel.checks import Check
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import encode_json
from zegel.primitives.jwe import Encryption, seal_jwe
from zegel.primitives.keys import PrivateKey
from zegel.profiles import PLAIN
from zegel.protocols.oauth.access import Authorized
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.errors import OneTime
from zegel.protocols.oauth.states import ClientIdentity, Grant
from zegel.protocols.openid4vci.credential import read_credential_request
from zegel.protocols.openid4vci.deferred import read_deferred_request
from zegel.protocols.openid4vci.encryption import JWT, EncryptionKey, IssuerEncryption
from zegel.protocols.openid4vci.issuer import CredentialIssuer
from zegel.protocols.openid4vci.wallet.answers import result_of
from zegel.protocols.openid4vp.metadata import response_kid
from zegel.protocols.openid4vp.response import open_response
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.openid4vp import CLIENT_ID, query_of, sd_jwt_query, session
from zegel_testing.signed_objects import ANCHORS, CONFIGURATION, HERE, KID, KINDS, NONCES

_KEY = fixed_key("one key that everything is encrypted to")
_SESSION = session(query_of(sd_jwt_query()), client_id=CLIENT_ID)
_ISSUER = CredentialIssuer(
    identifier=HERE,
    authorization_server=HERE,
    profile=PLAIN,
    anchors=ANCHORS,
    nonces=NONCES,
    configurations={CONFIGURATION.id: CONFIGURATION},
    batch_size=1,
    encryption=IssuerEncryption(keys=(EncryptionKey(kid=KID, key=_KEY),)),
)
_CREDENTIALS = (GrantedCredential(configuration=CONFIGURATION.id, datasets=("erika",), detailed=False),)
_AUTHORIZED = Authorized(
    grant_id="grant",
    grant=Grant(
        subject="erika",
        client=ClientIdentity(client_id=HERE),
        jkt="",
        credentials=_CREDENTIALS,
        approved=NOW,
        expires=NOW + 600,
    ),
    credentials=_CREDENTIALS,
    wallet_status=None,
    once=OneTime(purpose="dpop", key="key", expires=NOW, code="invalid_dpop_proof", check=Check.DPOP_PROOF, detail=""),
)


@dataclass(frozen=True)
class SealedKind:
    """A kind of message: what is in one that is good, whom it is encrypted to, and who takes the text."""

    name: str
    message: dict[str, Any]
    key: PrivateKey
    kid: str | None
    take: Callable[[str], object]

    def seal(self, message: dict[str, Any]) -> str:
        """Any message, to whoever takes one of this kind."""
        recipient = self.key.public_key
        return seal_jwe(encode_json(message), recipient=recipient, kid=self.kid, enc=Encryption.A128GCM)

    @property
    def good(self) -> str:
        """One that is good."""
        return self.seal(self.message)


def _presentation(text: str) -> object:
    return open_response({"response": text}, session=_SESSION)


def _posted(text: str) -> HttpRequest:
    return HttpRequest(method="POST", url=HERE, headers=(("content-type", JWT),), body=text.encode())


def _credential_request(text: str) -> object:
    return read_credential_request(_ISSUER, _posted(text), authorized=_AUTHORIZED, now=NOW)


def _deferred_request(text: str) -> object:
    return read_deferred_request(_ISSUER, _posted(text), authorized=_AUTHORIZED)


def _credential_response(text: str) -> object:
    response = HttpResponse(status=200, headers=(("content-type", JWT),), body=text.encode())
    return result_of(response, key=_KEY, configuration=CONFIGURATION, copies=1, now=NOW)


assert _SESSION.response_key is not None
_PROOF = next(kind.good for kind in KINDS if kind.name == "key proof").decode()
SEALED_KINDS: tuple[SealedKind, ...] = (
    SealedKind(
        "presentation",
        {"state": _SESSION.request.state, "vp_token": {"pid": ["e30.e30.AA~"]}},
        _SESSION.response_key,
        response_kid(_SESSION.response_key.public_key),
        _presentation,
    ),
    SealedKind(
        "credential request",
        {"credential_configuration_id": CONFIGURATION.id, "proofs": {"jwt": [_PROOF]}},
        _KEY,
        KID,
        _credential_request,
    ),
    SealedKind("deferred credential request", {"transaction_id": "transaction"}, _KEY, KID, _deferred_request),
    SealedKind(
        "credential response",
        {"credentials": [{"credential": "e30.e30.AA~"}]},
        _KEY,
        None,
        _credential_response,
    ),
)
