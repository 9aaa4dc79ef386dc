"""From a grant to credentials: the token endpoint, then for each credential a nonce, its proofs, and the request.

    TokenStep --> NonceStep --> ProofPause --prove--> CredentialStep --> NonceStep of the next ... --> Done
                      ^--------------- invalid_nonce ------'    '--> TokenStep, when the token expired
    Pending --poll--> DeferredStep --> Done
    Done --refresh_step--> TokenStep --> Done, with another access token

``ProofPause`` waits for keys, and for the wallet provider to attest them with the nonce.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Denied, Rejected, Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.keys import PrivateKey, Signer, derive_private_key
from zegel.profiles import Proof
from zegel.protocols.openid4vci.configuration import CredentialConfiguration, KeyRequirements
from zegel.protocols.openid4vci.encryption import response_encryption, seal_request
from zegel.protocols.openid4vci.proofs import sign_key_proof
from zegel.protocols.openid4vci.wallet.answers import check_token_type, parse_tokens, result_of
from zegel.protocols.openid4vci.wallet.granted import check_granted
from zegel.protocols.openid4vci.wallet.session import (
    Pending,
    Received,
    Session,
    Wanted,
    Withheld,
    answer_of,
    asks_for_nonce,
    error_code,
    heard_from_issuer,
    heard_from_server,
    parse_answer,
    parse_member,
    post_to_issuer,
    post_to_server,
    refusal_of,
)

_PRE_AUTHORIZED: Final = "pre-authorized_code"
MAX_RENEWALS: Final = 4  # of c_nonces and tokens in one session: a server that asks for more does not work


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Of what was asked for all came, is ``pending``, or is among what the session knows to be withheld.

    The session holds what a renewal or a notification needs.
    """

    session: Session
    received: tuple[Received, ...]
    pending: tuple[Pending, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPause:
    """A pause: make one to ``batch_size`` new keys for ``configuration``, and have them attested where it is asked.

    ``choices`` are the proof types that issuer and profile allow, first the one by which the wallet provider learns
    least; ``requirements`` what an attestation must say. ``nonce`` goes into every proof; None where the issuer gives
    none.
    """

    session: Session
    configuration: CredentialConfiguration
    nonce: str | None
    choices: tuple[Proof, ...]
    requirements: KeyRequirements
    batch_size: int

    def attested_nonce(self, choice: Proof) -> str | None:
        """The nonce that stands in the attestation, and that the wallet provider gets to see.

        An issuer by TS3 1.5 wants it in the ``jwt`` proof alone (section 2.2.2.2), and its provider learns nothing that
        the issuer made; OpenID4VCI 1.0 appendix F.1 wants it in the attestation as well.
        """
        return None if choice is Proof.JWT_WITH_KEY_ATTESTATION and self.session.issuer.by_ts3 else self.nonce


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStep:
    """Asks for tokens, and then for the credentials that the session still wants."""

    session: Session
    parameters: Mapping[str, str]
    attempt: int
    request: HttpRequest

    def receive(self, response: HttpResponse, *, now: int, random: Callable[[int], bytes]) -> "Step":
        """On to the credentials."""
        session = heard_from_server(self.session, response)
        if asks_for_nonce(response, attempt=self.attempt):
            return token_step(session, self.parameters, attempt=self.attempt + 1, now=now, random=random)
        if error_code(response) == "invalid_grant" and _PRE_AUTHORIZED in self.parameters:
            # section 6.3: the person mistyped the one code, or the other, which is the offer's, was used or is over
            typed = "tx_code" in self.parameters
            check, field = (Check.TRANSACTION_CODE, "tx_code") if typed else (Check.OFFER_OPEN, _PRE_AUTHORIZED)
            raise refusal_of(response, what="token request", check=check, field=field)
        members = check_token_type(answer_of(response, status=200, what="token request"))
        tokens = parse_tokens(members, before=session.tokens, now=now)
        session = check_granted(session, tokens)
        return next_step(session, now=now, random=random)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NonceStep:
    """Asks for a c_nonce."""

    session: Session
    request: HttpRequest

    def receive(self, response: HttpResponse, *, now: int, random: Callable[[int], bytes]) -> "Step":  # noqa: ARG002
        """The pause for proofs."""
        session = heard_from_issuer(self.session, response)
        if not 200 <= response.status < 300:  # section 7.2: any of them
            raise refusal_of(response, what="nonce request")
        members = parse_answer(response, what="nonce response")
        return _proof_pause(session, parse_member(members, "c_nonce", what="nonce response"))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialStep:
    """Asks for one credential, in as many copies as there are keys. ``key`` opens the response."""

    session: Session
    body: JsonObject
    copies: int
    key: PrivateKey | None
    attempt: int
    request: HttpRequest

    def receive(self, response: HttpResponse, *, now: int, random: Callable[[int], bytes]) -> "Step":
        """On to the next credential, or back for a new c_nonce or token."""
        session = heard_from_issuer(self.session, response)
        if asks_for_nonce(response, attempt=self.attempt):
            return _credential_step(session, self.body, self.copies, self.attempt + 1, now=now, random=random)
        code = error_code(response)
        if code in ("invalid_nonce", "invalid_token") and session.renewals < MAX_RENEWALS:
            session = replace(session, renewals=session.renewals + 1)
            if code == "invalid_nonce":  # section 8.3.1.2: fetch a new one and go on
                return next_step(session, now=now, random=random)
            if can_refresh(session):
                return refresh_step(session, now=now, random=random)
        wanted, *rest = session.wanted
        configuration = session.issuer.configurations[wanted.configuration]
        try:
            result = result_of(response, key=self.key, configuration=configuration, copies=self.copies, now=now)
        except Denied as denied:
            return next_step(withhold(session, denied, wanted), now=now, random=random)
        session = replace(session, wanted=tuple(rest))
        if isinstance(result, Pending):
            return next_step(replace(session, pending=(*session.pending, result)), now=now, random=random)
        return next_step(replace(session, received=(*session.received, result)), now=now, random=random)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredStep:
    """Asks for what was deferred."""

    session: Session
    pending: Pending
    key: PrivateKey | None
    attempt: int
    request: HttpRequest

    def receive(self, response: HttpResponse, *, now: int, random: Callable[[int], bytes]) -> "Step":
        """The credentials, or a later time to ask."""
        session = heard_from_issuer(self.session, response)
        if asks_for_nonce(response, attempt=self.attempt):
            return _deferred_step(session, self.pending, attempt=self.attempt + 1, now=now, random=random)
        configuration = session.issuer.configurations[self.pending.configuration]
        result = result_of(response, key=self.key, configuration=configuration, copies=None, now=now)
        if isinstance(result, Pending):
            # section 9.2: the transaction_id stays the same
            later = replace(self.pending, ready_at=result.ready_at)
            return Done(session=session, received=(), pending=(later,))
        return Done(session=session, received=(result,), pending=())


Step: TypeAlias = TokenStep | NonceStep | ProofPause | CredentialStep | DeferredStep | Done


def token_step(
    session: Session, parameters: Mapping[str, str], *, attempt: int, now: int, random: Callable[[int], bytes]
) -> TokenStep:
    """Ask for tokens with a grant."""
    request = post_to_server(session, session.server.token_endpoint, parameters, now=now, random=random)
    return TokenStep(session=session, parameters=parameters, attempt=attempt, request=request)


def refresh_step(session: Session, *, now: int, random: Callable[[int], bytes]) -> TokenStep:
    """Ask for a new access token with the refresh token of the session."""
    assert session.tokens is not None
    assert session.tokens.refresh_token is not None
    parameters = {"grant_type": "refresh_token", "refresh_token": session.tokens.refresh_token}
    return token_step(session, parameters, attempt=1, now=now, random=random)


def can_refresh(session: Session) -> bool:
    """Whether another access token can be had."""
    return session.tokens is not None and session.tokens.refresh_token is not None


def needs_token(session: Session, *, now: int) -> bool:
    """Whether the access token at hand has expired, as far as is known, and another can be had."""
    expires = None if session.tokens is None else session.tokens.expires
    return expires is not None and expires <= now and can_refresh(session)


def poll(session: Session, pending: Pending, *, now: int, random: Callable[[int], bytes]) -> DeferredStep:
    """Ask for what was deferred, with the access token at hand."""
    return _deferred_step(session, pending, attempt=1, now=now, random=random)


def next_step(session: Session, *, now: int, random: Callable[[int], bytes]) -> Step:
    """The step to the next credential that is wanted, or the end."""
    if not session.wanted:
        return Done(session=session, received=session.received, pending=session.pending)
    wanted = session.wanted[0]
    if not session.issuer.configurations[wanted.configuration].proofs:
        return _credential_step(session, _named(wanted), 1, 1, now=now, random=random)
    if session.issuer.nonce_endpoint is None:
        return _proof_pause(session, None)
    # section 7.1: an empty POST, without a token
    return NonceStep(session=session, request=HttpRequest(method="POST", url=session.issuer.nonce_endpoint))


def prove(
    pause: ProofPause,
    choice: Proof,
    *,
    keys: Sequence[Signer],
    attestation: str | None,
    now: int,
    random: Callable[[int], bytes],
) -> CredentialStep:
    """Go on with new keys, and with the attestation of them all unless ``choice`` is a plain ``jwt``."""
    assert 0 < len(keys) <= pause.batch_size
    assert (attestation is None) == (choice is Proof.JWT)
    proofs: dict[str, Json]
    if choice is Proof.ATTESTATION:
        proofs = {"attestation": [attestation]}
    else:
        client = pause.session.client
        proofs = {
            "jwt": [
                sign_key_proof(
                    key,
                    credential_issuer=pause.session.issuer.credential_issuer,
                    client_id=client.client_id,
                    nonce=pause.nonce,
                    now=now,
                    attestation=attestation,
                )
                for key in (keys if attestation is None else keys[:1])
            ]
        }
    body = {**_named(pause.session.wanted[0]), "proofs": proofs}
    return _credential_step(pause.session, body, len(keys), 1, now=now, random=random)


def _proof_pause(session: Session, nonce: str | None) -> ProofPause:
    configuration = session.issuer.configurations[session.wanted[0].configuration]
    jwt = configuration.proofs.get("jwt")
    offered = [Proof.JWT_WITH_KEY_ATTESTATION] if "jwt" in configuration.proofs else []
    offered += [Proof.ATTESTATION] if "attestation" in configuration.proofs else []
    offered += [Proof.JWT] if "jwt" in configuration.proofs and jwt is None else []
    choices = tuple(choice for choice in offered if choice in session.client.profile.proofs)
    if not choices:
        detail = f"the profile {session.client.profile.name} allows none of the issuer's proof types"
        raise Rejected(Check.PROFILE, detail, field="profile.proofs")
    return ProofPause(
        session=session,
        configuration=configuration,
        nonce=nonce,
        choices=choices,
        requirements=jwt or configuration.proofs.get("attestation") or KeyRequirements(),
        batch_size=session.issuer.batch_size,
    )


def withhold(session: Session, error: Denied | Unavailable, *refused: Wanted) -> Session:
    """The session without what was ``refused``, as long as anything else came or may come; ``error`` otherwise.

    Section 8.3.1: a credential error response is about one request. What came by another was issued.
    """
    wanted = tuple(each for each in session.wanted if each not in refused)
    if not (wanted or session.received or session.pending):
        raise error
    code = error.code if isinstance(error, Denied) else ""
    missing = tuple(
        Withheld(configuration=each.configuration, check=error.check.id, code=code, said=error.said) for each in refused
    )
    return replace(session, wanted=wanted, withheld=tuple(dict.fromkeys((*session.withheld, *missing))))


def _named(wanted: Wanted) -> dict[str, Json]:
    if wanted.identifier is None:
        return {"credential_configuration_id": wanted.configuration}
    return {"credential_identifier": wanted.identifier}


def _credential_step(
    session: Session, body: JsonObject, copies: int, attempt: int, *, now: int, random: Callable[[int], bytes]
) -> CredentialStep:
    request, key = _protected(session, session.issuer.credential_endpoint, body, now=now, random=random)
    return CredentialStep(session=session, body=body, copies=copies, key=key, attempt=attempt, request=request)


def _deferred_step(
    session: Session, pending: Pending, *, attempt: int, now: int, random: Callable[[int], bytes]
) -> DeferredStep:
    endpoint = session.issuer.deferred_endpoint
    if endpoint is None:
        raise Rejected(Check.SERVER_METADATA, "expected an endpoint", field="deferred_credential_endpoint")
    request, key = _protected(session, endpoint, {"transaction_id": pending.transaction_id}, now=now, random=random)
    return DeferredStep(session=session, pending=pending, key=key, attempt=attempt, request=request)


def _protected(
    session: Session, url: str, body: JsonObject, *, now: int, random: Callable[[int], bytes]
) -> tuple[HttpRequest, PrivateKey | None]:
    """A request, encrypted where the issuer has a key for it, and then asking for an encrypted answer (section 8.2)."""
    recipient, enc = session.issuer.recipient, session.issuer.response_enc
    key = None if recipient is None or enc is None else derive_private_key(random(32))
    if key is not None and enc is not None:
        body = {**body, "credential_response_encryption": response_encryption(key.public_key, enc=enc)}
    content_type, sealed = seal_request(body, recipient=recipient)
    return post_to_issuer(session, url, content_type=content_type, body=sealed, now=now, random=random), key
