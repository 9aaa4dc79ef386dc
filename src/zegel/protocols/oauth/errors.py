"""From a refusal to what the wire carries: one place for codes, statuses and headers.

The authorization server answers as RFC 6749 section 5.2 says, the credential issuer's protected endpoints as RFC 6750
section 3 and RFC 9449 section 7.1, and both with the fresh nonces that a retry needs.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected, Unavailable, ZegelError, explain
from zegel.primitives.http import HttpResponse, json_response
from zegel.primitives.json import Json
from zegel.primitives.keys import Algorithm

DPOP_NONCE: Final = "dpop-nonce"
CHALLENGE: Final = "oauth-client-attestation-challenge"

UNAVAILABLE: Final = "temporarily_unavailable"  # RFC 6749 section 4.1.2.1 has the word; elsewhere none fits better
SLOW_DOWN: Final = "slow_down"  # RFC 8628 section 3.5; of the registered words the one that says it
NO_CODE: Final = ""  # RFC 6750 section 3.1: who brings no token, or by another scheme, is told how to, and no error

_STATUS: Final[Mapping[str, int]] = {"invalid_client": 401, UNAVAILABLE: 503}
_AT_RESOURCE: Final[Mapping[str, int]] = {
    UNAVAILABLE: 503,
    NO_CODE: 401,
    "invalid_token": 401,
    "insufficient_scope": 403,
    "use_dpop_nonce": 401,
    "invalid_dpop_proof": 401,
}
_MAX_DESCRIPTION: Final = 400  # characters; one sentence for a log


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OneTime:
    """A value that serves once: whoever claims it second is denied.

    The service claims (``purpose``, ``key``) until ``expires`` in the transaction that uses it, and raises ``denied()``
    when it was claimed before.
    """

    purpose: str
    key: str
    expires: int
    code: str
    check: Check
    detail: str

    def denied(self) -> Denied:
        """The refusal of a second use."""
        return Denied(self.code, self.check, self.detail)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FreshNonces:
    """What a response brings for the next request; the challenge only from the authorization server."""

    dpop: str
    challenge: str | None = None

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers (RFC 9449 section 8; attestation-based client authentication -07 section 8.1)."""
        challenge = () if self.challenge is None else ((CHALLENGE, self.challenge),)
        return ((DPOP_NONCE, self.dpop), *challenge)


@contextmanager
def denying(code: str) -> Iterator[None]:
    """Turn what is malformed or rejected inside into ``Denied(code)``: the engine's word for its peer."""
    try:
        yield
    except (Malformed, Rejected) as error:
        raise Denied(code, error.check, error.detail, field=error.field) from error


def denied_with(code: str, error: ZegelError) -> Denied:
    """The refusal that the wire carries for an error: a denial as it is, ``code`` for what was not to be taken."""
    if isinstance(error, Denied):
        return error
    if error.retry_after is not None:
        code = SLOW_DOWN
    if isinstance(error, Unavailable):
        code = UNAVAILABLE
    return Denied(code, error.check, error.detail, field=error.field, retry_after=error.retry_after)


def oauth_error_body(denied: Denied) -> dict[str, Json]:
    """``error`` and ``error_description``, where there is a code, and beside them all that can be said of a refusal.

    RFC 6749 section 5.2 lets a server add members; who reads the first two alone still learns check and clause.
    """
    error: dict[str, Json] = {"error": denied.code, "error_description": describe(denied)}
    return (error if denied.code != NO_CODE else {}) | asdict(explain(denied))


def describe(denied: Denied) -> str:
    """The refusal in the characters that RFC 6749 section 5.2 allows, at most 400 of them."""
    where = f" at {denied.field}" if denied.field else ""
    text = f"{denied.check.id}{where}: {denied.detail} ({denied.check.clause})"
    return "".join(map(_allowed, text))[:_MAX_DESCRIPTION]


def oauth_error_response(denied: Denied, *, fresh: FreshNonces | None = None, resource: bool = False) -> HttpResponse:
    """The response to a request that was denied.

    ``fresh`` comes from the server that answers, where it gives nonces. ``resource`` says that a protected endpoint
    of the credential issuer answers, not the authorization server.
    """
    status = (_AT_RESOURCE if resource else _STATUS).get(denied.code, 400)
    headers = (("cache-control", "no-store"), *(() if fresh is None else fresh.headers()))
    if status in (401, 403):
        headers += (("www-authenticate", _authenticate(denied, resource=resource)),)
    return json_response(oauth_error_body(denied), status=status, headers=headers)


def _authenticate(denied: Denied, *, resource: bool) -> str:
    # RFC 9449 section 7.1 at a resource; RFC 6749 section 5.2 asks for the header with invalid_client
    algorithms = " ".join(Algorithm)
    scheme = "DPoP" if resource else "attest_jwt_client_auth"
    return f"{scheme} " + ", ".join((*challenge_error(denied), f'algs="{algorithms}"'))


def challenge_error(denied: Denied) -> tuple[str, ...]:
    """What a challenge says of the error (RFC 6750 section 3): nothing where there is no code."""
    if denied.code == NO_CODE:
        return ()
    return f'error="{denied.code}"', f'error_description="{describe(denied)}"'


def _allowed(character: str) -> str:
    if character == '"':
        return "'"
    return character if " " <= character <= "~" and character != "\\" else "?"
