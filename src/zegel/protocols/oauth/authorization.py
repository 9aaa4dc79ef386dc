"""The authorization endpoint: a browser brings a request that was pushed, and leaves with a code (RFC 6749, RFC 9207).

Between the two stand the log-in and the consent, which are the service's. A request may be shown again until it is
decided, and decided once: the service takes its record when the person does (FAPI 2.0 section 5.3.2.2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import final

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpResponse
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.errors import describe
from zegel.protocols.oauth.lifetimes import CODE_SECONDS
from zegel.protocols.oauth.redirects import redirect_to
from zegel.protocols.oauth.server import SECRET_BYTES, AuthorizationServer
from zegel.protocols.oauth.states import AuthorizationCode, PushedRequest


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A person's approval: the record to store under ``code``, and the redirect to the wallet."""

    code: str
    state: AuthorizationCode
    response: HttpResponse


def request_uri_of(parameters: Mapping[str, str]) -> str:
    """The key of the pushed request; ``Denied(invalid_request)`` for a request that was not pushed."""
    request_uri = parameters.get("request_uri")
    if request_uri is None:  # FAPI 2.0 section 5.3.2.2: no authorization without a pushed request
        raise _unknown("expected the request_uri of a pushed request", "request_uri")
    return request_uri


def check_authorization_request(
    parameters: Mapping[str, str], *, pushed: PushedRequest | None, now: int
) -> PushedRequest:
    """Return the pushed request if this browser may go on with it; ``Denied(invalid_request)`` for an error page.

    Every other parameter of the URL is ignored (RFC 9126 section 4). No error is ever sent to a redirect URI from
    here: what this request says has not been matched to its client yet.
    """
    if pushed is None or pushed.expires <= now:
        raise _unknown("the pushed request is unknown, used or expired", "request_uri")
    if parameters.get("client_id") != pushed.client.client_id:
        raise _unknown("expected the client that pushed the request", "client_id")
    return pushed


def check_undecided(pushed: PushedRequest | None) -> PushedRequest:
    """Return the request, just taken from the store; ``Denied(invalid_request)`` when it was decided before."""
    if pushed is None:
        raise _unknown("the pushed request was decided before, or took too long", "request_uri")
    return pushed


def approve(
    server: AuthorizationServer,
    pushed: PushedRequest,
    *,
    subject: str,
    datasets: Mapping[str, tuple[str, ...]],
    now: int,
    random: Callable[[int], bytes],
) -> Approved:
    """Turn a pushed request, just taken from the store, into a code.

    ``datasets`` names, by configuration, what there is of this person where it is more than one thing.
    """
    code = base64url(random(SECRET_BYTES))
    return Approved(
        code=code,
        state=AuthorizationCode(
            request=pushed,
            subject=subject,
            credentials=_with_datasets(pushed.credentials, datasets),
            expires=now + CODE_SECONDS,
        ),
        # RFC 9207 section 2: the wallet learns which server answered
        response=redirect_to(pushed.redirect_uri, {"code": code, "state": pushed.state, "iss": server.issuer}),
    )


def refuse(server: AuthorizationServer, pushed: PushedRequest, denied: Denied) -> HttpResponse:
    """Send the wallet the refusal of a request, just taken from the store (RFC 6749 section 4.1.2.1)."""
    parameters = {
        "error": denied.code,
        "error_description": describe(denied),
        "state": pushed.state,
        "iss": server.issuer,
    }
    return redirect_to(pushed.redirect_uri, parameters)


def person_refused() -> Denied:
    """The person said no."""
    return Denied("access_denied", Check.CONSENT, "the person did not approve")


def nothing_to_issue() -> Denied:
    """The issuer knows nothing of the person under what was asked for (RFC 6749 section 4.1.2.1)."""
    return Denied("access_denied", Check.ISSUER_DECISION, "there is nothing of this person to issue")


def _with_datasets(
    credentials: tuple[GrantedCredential, ...], datasets: Mapping[str, tuple[str, ...]]
) -> tuple[GrantedCredential, ...]:
    """OpenID4VCI 1.0 section 3.3.4: what a configuration id would leave open is named by credential identifiers.

    Section 8.2 has no configuration id beside identifiers: where one credential of a grant is named so, all are.
    """
    named = {each.configuration: datasets.get(each.configuration, each.datasets) for each in credentials}
    detailed = any(each.detailed or len(named[each.configuration]) > 1 for each in credentials)
    return tuple(replace(each, datasets=named[each.configuration], detailed=detailed) for each in credentials)


def _unknown(detail: str, field: str) -> Denied:
    return Denied("invalid_request", Check.PUSHED_REQUEST, detail, field=field)
