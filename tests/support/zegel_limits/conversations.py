"""The limits that stand in the middle of a conversation: one side sends as much as it may, or one more."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from zegel_testing.authorities import fixed_key
from zegel_testing.issuance import (
    Issuer,
    log_in,
    plain_issuer,
    resigned,
    wallet_client,
    with_form,
    with_header,
)
from zegel_testing.openid4vp import received, session
from zegel_testing.sign_in import requested

from zegel.checks import Check
from zegel.errors import Rejected, ZegelError
from zegel.primitives.http import HttpRequest
from zegel.protocols.oauth.access import access_token_of
from zegel.protocols.oauth.client_attestation import POP_HEADER
from zegel.protocols.oauth.redirects import check_redirect_uri
from zegel.protocols.openid4vp.wallet import Refusal
from zegel.services.wallet.safe import check_new_passphrase
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
    "zegel.services.wallet.safe.MIN_PASSPHRASE": Pair(
        lambda n: check_new_passphrase("p" * n), Check.PASSPHRASE, least=True
    ),
    "zegel.protocols.openid4vp.received_request.MAX_INFOS": Pair(
        lambda n: asked(verifier_info=[{"format": "jwt", "data": "a"}] * n), Check.SYNTAX
    ),
    "zegel.protocols.openid4vp.members.MAX_TEXT": Pair(
        lambda n: asked(verifier_info=[{"format": "f" * n, "data": "a"}]), Check.SYNTAX
    ),
}
