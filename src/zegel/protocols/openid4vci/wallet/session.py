"""What a wallet knows while it receives credentials, and how it speaks to the two servers.

A session is a value: it is stored at every pause, and each answer makes the next one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied, Malformed
from zegel.primitives.http import FORM, JSON, HttpRequest, HttpResponse, challenges, encode_form, http_date, media_type
from zegel.primitives.json import JsonObject, parse_object
from zegel.primitives.keys import Signer
from zegel.profiles import Profile
from zegel.protocols.oauth.client_attestation import HEADER, POP_HEADER, sign_attestation_pop
from zegel.protocols.oauth.dpop import sign_dpop
from zegel.protocols.oauth.errors import CHALLENGE, DPOP_NONCE
from zegel.protocols.oauth.metadata import ServerMetadata
from zegel.protocols.openid4vci.metadata import IssuerMetadata

MAX_ATTEMPTS: Final = 3  # one for a DPoP nonce, one for a challenge, and the one that counts
MAX_ANSWER: Final = 65_536  # a token response with details for every type is under 8 kB
_MAX_TEXT: Final = 400  # characters of an error of the server that a person reads
_ERROR: Final = re.compile(r"[a-z_]{1,64}")
_SECONDS: Final = re.compile(r"[0-9]{1,10}")
_RETRIES: Final = frozenset({"use_dpop_nonce", "use_attestation_challenge"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletAttestation:
    """What the wallet provider says of this wallet, and the key that it attests."""

    compact: str
    signer: Signer


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletClient:
    """Who the wallet is to one issuer. ``client_id`` is None for an anonymous pre-authorised request.

    The attestation and its key are for this issuer alone (HAIP 1.0 section 4.4.1), and so is the DPoP key.
    """

    client_id: str | None
    redirect_uri: str
    profile: Profile
    dpop: Signer
    attestation: WalletAttestation | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the token endpoint gave. ``identifiers`` are the credential identifiers by configuration.

    ``scope`` is what the token is good for, None where the server does not say: then it is what was asked for.
    """

    access_token: str
    expires: int | None
    refresh_token: str | None
    identifiers: Mapping[str, tuple[str, ...]]
    scope: tuple[str, ...] | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A credential that is still to be requested, by its identifier where there is one."""

    configuration: str
    identifier: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Copies of one credential as they came, unverified: an SD-JWT's text or an mdoc's bytes, in any order."""

    configuration: str
    credentials: tuple[bytes, ...]
    notification_id: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A credential that takes time: ask again from ``ready_at`` on."""

    configuration: str
    transaction_id: str
    ready_at: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A credential that was asked for and does not come, while others do.

    ``check`` is the id of what it failed by: ACCESS_DENIED where the authorization server did not grant it. ``code``
    and ``said`` are the other side's, where it gave any.
    """

    configuration: str
    check: str
    code: str = ""
    said: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The state between two steps. ``renewals`` counts the c_nonces and tokens that had to be replaced.

    ``asked_scopes`` are those of the authorization request; none where it asked by authorization details, and where
    there was none.
    """

    client: WalletClient
    issuer: IssuerMetadata
    server: ServerMetadata
    wanted: tuple[Wanted, ...]
    tokens: Tokens | None = None
    received: tuple[Received, ...] = ()
    pending: tuple[Pending, ...] = ()
    server_nonce: str | None = None
    issuer_nonce: str | None = None
    challenge: str | None = None
    renewals: int = 0
    asked_scopes: tuple[str, ...] = ()
    withheld: tuple[Withheld, ...] = ()


def post_to_server(
    session: Session, url: str, parameters: Mapping[str, str], *, now: int, random: Callable[[int], bytes]
) -> HttpRequest:
    """A request to the authorization server, with the client's authentication and a DPoP proof."""
    client = session.client
    headers = [("content-type", FORM), ("accept", JSON)]
    headers.append(
        ("dpop", sign_dpop(client.dpop, method="POST", url=url, now=now, random=random, nonce=session.server_nonce))
    )
    if client.attestation is not None:
        proof = sign_attestation_pop(
            client.attestation.signer,
            client_id=client.client_id or "",
            audience=session.server.issuer,
            challenge=session.challenge,
            now=now,
            random=random,
        )
        headers += [(HEADER, client.attestation.compact), (POP_HEADER, proof)]
    named = {} if client.client_id is None else {"client_id": client.client_id}
    return HttpRequest(method="POST", url=url, headers=tuple(headers), body=encode_form({**named, **parameters}))


def post_to_issuer(
    session: Session, url: str, *, content_type: str, body: bytes, now: int, random: Callable[[int], bytes]
) -> HttpRequest:
    """A request to a protected endpoint of the credential issuer, with the access token and a DPoP proof for it."""
    assert session.tokens is not None  # protected endpoints come after the token endpoint
    token = session.tokens.access_token
    proof = sign_dpop(
        session.client.dpop,
        method="POST",
        url=url,
        now=now,
        random=random,
        nonce=session.issuer_nonce,
        access_token=token,
    )
    headers = (("content-type", content_type), ("authorization", f"DPoP {token}"), ("dpop", proof))
    return HttpRequest(method="POST", url=url, headers=headers, body=body)


def heard_from_server(session: Session, response: HttpResponse) -> Session:
    """The session with the nonces that the authorization server sent along."""
    return replace(
        session,
        server_nonce=response.header(DPOP_NONCE) or session.server_nonce,
        challenge=response.header(CHALLENGE) or session.challenge,
    )


def heard_from_issuer(session: Session, response: HttpResponse) -> Session:
    """The session with the nonce that the credential issuer sent along."""
    return replace(session, issuer_nonce=response.header(DPOP_NONCE) or session.issuer_nonce)


def asks_for_nonce(response: HttpResponse, *, attempt: int) -> bool:
    """Whether the same request with the nonce of this answer may succeed."""
    brought = response.header(DPOP_NONCE) is not None or response.header(CHALLENGE) is not None
    return brought and attempt < MAX_ATTEMPTS and error_code(response) in _RETRIES


def error_code(response: HttpResponse) -> str:
    """The error code of an answer, from its body or its WWW-Authenticate header; empty when it has none."""
    if response.status < 400:
        return ""
    code = _error_body(response).get("error")
    if type(code) is str:
        return code
    # RFC 9449 section 7.1: the challenge of our scheme speaks of our token; beside it there may be others
    offered = sorted(challenges(response.listed("www-authenticate")), key=lambda one: one[0] != "dpop")
    named = next((parameters["error"] for _, parameters in offered if "error" in parameters), "")
    return named if _ERROR.fullmatch(named) else ""


def refusal_of(response: HttpResponse, *, what: str, check: Check = Check.PEER_REFUSAL, field: str = "") -> Denied:
    """What the server said instead of what it was asked for; ``check`` and ``field`` are what its answer is known to
    mean."""
    code = error_code(response)
    said = _error_body(response).get("error_description")
    text = "".join(filter(str.isprintable, said))[:_MAX_TEXT] if type(said) is str else "no description"
    detail = f"the server refused the {what} with status {response.status}"
    again = retry_after_of(response)
    return Denied(code or "server_error", check, detail, field=field, said=text, retry_after=again)


def retry_after_of(response: HttpResponse) -> int | None:
    """For how many seconds the server wants to be left in peace (RFC 9110 section 10.2.3).

    A date counts from the date of the answer, so that it does not matter what other clocks say.
    """
    said = response.listed("retry-after").strip()
    if _SECONDS.fullmatch(said):
        return int(said)
    until, sent = http_date(said), http_date(response.listed("date"))
    return None if until is None or sent is None else max(0, until - sent)


def answer_of(response: HttpResponse, *, status: int, what: str) -> JsonObject:
    """The members of a JSON answer; ``Denied`` with the server's error, ``Malformed`` for anything else."""
    if response.status != status:
        raise refusal_of(response, what=what)
    return parse_answer(response, what=what)


def parse_answer(response: HttpResponse, *, what: str) -> JsonObject:
    """Parse a JSON body; ``Malformed`` otherwise."""
    if media_type(response.header("content-type")) != JSON:
        raise Malformed(what, "header.content-type", f"expected {JSON}")
    return parse_object(response.body, what=what, max_bytes=MAX_ANSWER)


def parse_member(members: JsonObject, name: str, *, what: str) -> str:
    """A member that is text and not empty; ``Malformed`` otherwise."""
    value = members.get(name)
    if type(value) is not str or not value:
        raise Malformed(what, name, "expected text")
    return value


def _error_body(response: HttpResponse) -> JsonObject:
    try:
        return parse_answer(response, what="error")
    except Malformed:
        return {}
