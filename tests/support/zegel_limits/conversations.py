"""The limits that stand in the middle of a conversation: one side sends as much as it may, or one more."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from zegel_testing import parsers
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.issuance import (
    Issuer,
    answered,
    drive,
    log_in,
    plain_issuer,
    ready_for,
    resigned,
    wallet_client,
    with_form,
    with_header,
)
from zegel_testing.openid4vp import VERIFIER, posted, received, session
from zegel_testing.sign_in import requested

from zegel.checks import Check
from zegel.errors import Rejected, ZegelError
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import encode_json
from zegel.protocols.oauth.access import access_token_of
from zegel.protocols.oauth.client_attestation import POP_HEADER
from zegel.protocols.oauth.redirects import check_redirect_uri
from zegel.protocols.openid4vci.metadata import parse_issuer_metadata, verify_issuer_metadata
from zegel.protocols.openid4vci.wallet.authorization import begin_authorization
from zegel.protocols.openid4vp.metadata import parse_response_key
from zegel.protocols.openid4vp.response import open_response
from zegel.protocols.openid4vp.transaction_data import build_transaction_data, parse_transaction_data
from zegel.protocols.openid4vp.wallet import Refusal
from zegel.services.wallet.safe import check_new_passphrase
from zegel_limits.formats import padded
from zegel_limits.pair import Pair

_INSTANCE: Final = fixed_key("wallet instance")
_DPOP: Final = fixed_key("dpop")

_RETRIED: Final = (Check.DPOP_NONCE, Check.ATTESTATION_CHALLENGE)

Edit = Callable[[HttpRequest], HttpRequest]


def _logging_in(path: str, edit: Edit, *, issuer: Issuer) -> object:
    """A log-in whose requests to a path are edited: the issuer's good answer there, or its refusal, which is raised."""
    issuer.edit_request = lambda request: edit(request) if request.url.endswith(path) else request
    with suppress(ZegelError):  # the wallet has its own opinion of what comes back
        log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(issuer.profile))
    refused = [
        denied for denied in issuer.denials if denied.check not in (Check.DPOP_NONCE, Check.ATTESTATION_CHALLENGE)
    ]
    if refused:
        raise refused[0]
    return next(response for request, response in issuer.seen if request.url.endswith(path) and response.status < 300)


def _pushed(**fields: str) -> object:
    return _logging_in("/par", lambda request: with_form(request, **fields), issuer=plain_issuer())


def _proof_of_possession(**claims: object) -> object:
    def edit(request: HttpRequest) -> HttpRequest:
        return with_header(request, POP_HEADER, resigned(request.header(POP_HEADER) or "", _INSTANCE, **claims))

    return _logging_in("/par", edit, issuer=Issuer())


def _dpop(**claims: object) -> object:
    def edit(request: HttpRequest) -> HttpRequest:
        return with_header(request, "dpop", resigned(request.header("dpop") or "", _DPOP, **claims))

    return _logging_in("/token", edit, issuer=plain_issuer())


def _token(length: int) -> object:
    headers = (("authorization", f"DPoP {'a' * length}"),)
    return access_token_of(HttpRequest(method="POST", url="https://issuer.utopia.example/", headers=headers))


def _redirect(length: int) -> object:
    return check_redirect_uri("https://a.example/".ljust(length, "x"), registered=None)


def asked(**changes: Any) -> object:
    """What a wallet makes of a request; its refusal is raised."""
    step = received(session(), **changes)
    if isinstance(step, Refusal):
        raise Rejected(step.check, step.detail, field=step.field)
    return step


def _pushed_reference(length: int) -> object:
    """The server answers a pushed request with a reference so long."""
    issuer = plain_issuer()
    reference = "urn:".ljust(length, "x")
    issuer.edit_response = lambda request, response: (
        answered(response, request_uri=reference)
        if request.url.endswith("/par") and response.status == 201
        else response
    )
    ready, client = ready_for(issuer, issuer.offer("id-sdjwt")), wallet_client(issuer.profile)
    return drive(begin_authorization(ready, client=client, now=issuer.now, random=issuer.random), issuer)


def _error_of_a_wallet(length: int) -> object:
    return open_response({"error": "e" * length, "state": _SESSION.request.state}, session=_SESSION)


def _wallet_nonce(length: int) -> object:
    fetch = posted({"wallet_nonce": "n" * length})
    return session(method="post").serve_request(fetch, signer=VERIFIER, now=NOW)


def _response_key(*, keys: int = 1, kid: str = "1") -> object:
    jwk = parsers.ENCRYPTION_JWK | {"kid": kid}
    found = parse_response_key({"jwks": {"keys": [jwk] * keys}})
    if found is None:
        raise ValueError("there is no key that can be used")
    return found


def _transactions(count: int) -> object:
    raw = build_transaction_data("urn:utopia:payment:1", credential_ids=["a"], members={})
    return parse_transaction_data([raw] * count)


def _transaction(characters: int) -> object:
    item = padded({"type": "urn:utopia:payment:1", "credential_ids": ["a"]}, -(-characters * 3 // 4))
    return parse_transaction_data([base64url(item)])


def _configurations(count: int) -> object:
    return _issuer(credential_configurations_supported={str(at): {} for at in range(count)})


def _issuer(**offered: object) -> object:
    """Metadata of an issuer with these members, read."""
    origin = "https://a.example"
    members = {
        "credential_issuer": origin,
        "credential_endpoint": origin + "/credential",
        "credential_configurations_supported": {"a": {}},
    }
    headers = (("content-type", "application/json"),)
    response = HttpResponse(status=200, headers=headers, body=encode_json({**members, **offered}))
    return verify_issuer_metadata(
        parse_issuer_metadata(response),
        credential_issuer=origin,
        anchors=None,
        timestamps_required=True,
        now=NOW,
    )


_SESSION: Final = session()

CONVERSATIONS: Final[Mapping[str, Pair]] = {
    "zegel.protocols.oauth.access.MAX_TOKEN": Pair(_token, Check.ACCESS_TOKEN, says="with an access token"),
    "zegel.protocols.oauth.redirects.MAX_REDIRECT": Pair(_redirect, Check.REDIRECT_URI, says="absolute URI"),
    "zegel.protocols.oauth.par.MAX_STATE": Pair(lambda n: _pushed(state="s" * n), Check.REQUEST_PARAMETERS),
    "zegel.protocols.oauth.server.MAX_CLIENT_ID": Pair(lambda n: _pushed(client_id="c" * n), Check.REQUEST_PARAMETERS),
    "zegel.protocols.oauth.client_attestation._MAX_JTI": Pair(
        lambda n: _proof_of_possession(jti="j" * n), Check.CLIENT_AUTHENTICATION
    ),
    "zegel.protocols.oauth.dpop.MAX_JTI": Pair(lambda n: _dpop(jti="j" * n), Check.DPOP_PROOF),
    "zegel.protocols.oidc.authorization._MAX_VALUE": Pair(
        lambda n: (requested(state="s" * n), requested(nonce="n" * n)), Check.SIGN_IN_REQUEST
    ),
    "zegel.protocols.oauth.client_attestation.MAX_POP": Pair(
        lambda n: _logging_in("/par", lambda request: with_header(request, POP_HEADER, "a" * n), issuer=Issuer()),
        Check.SYNTAX,
        filler=True,
    ),
    "zegel.protocols.openid4vci.wallet.authorization.MAX_REQUEST_URI": Pair(_pushed_reference),
    "zegel.protocols.openid4vci.metadata.MAX_CONFIGURATIONS": Pair(_configurations, Check.SERVER_METADATA),
    "zegel.protocols.openid4vp.response.MAX_CODE": Pair(_error_of_a_wallet),
    "zegel.protocols.openid4vp.verifier.MAX_WALLET_NONCE": Pair(_wallet_nonce),
    "zegel.protocols.openid4vp.metadata.MAX_KEYS": Pair(lambda n: _response_key(keys=n)),
    "zegel.protocols.openid4vp.metadata.MAX_KID": Pair(
        lambda n: _response_key(kid="k" * n), ValueError, says="no key that can be used"
    ),
    "zegel.protocols.openid4vp.transaction_data.MAX_ITEMS": Pair(_transactions),
    "zegel.protocols.openid4vp.transaction_data.MAX_ITEM": Pair(_transaction),
    "zegel.protocols.openid4vp.sender.MAX_URI": Pair(
        lambda n: asked(response_uri="https://verifier.utopia.example/".ljust(n, "x")), Check.SYNTAX
    ),
    "zegel.services.wallet.safe.MIN_PASSPHRASE": Pair(lambda n: check_new_passphrase("p" * n), least=True),
    "zegel.protocols.openid4vp.received_request.MAX_INFOS": Pair(
        lambda n: asked(verifier_info=[{"format": "jwt", "data": "a"}] * n), Check.SYNTAX
    ),
    "zegel.primitives.members.MAX_TEXT": Pair(
        lambda n: asked(verifier_info=[{"format": "f" * n, "data": "a"}]), Check.SYNTAX
    ),
}
