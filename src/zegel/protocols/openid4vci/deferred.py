"""Issuance that takes time: what was asked for and proven waits at the deferred credential endpoint (section 9)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import Json
from zegel.protocols.oauth.access import Authorized
from zegel.protocols.openid4vci.credential import CredentialCall, decline
from zegel.protocols.openid4vci.encryption import Recipient, open_request, seal_response
from zegel.protocols.openid4vci.issuer import ID_BYTES, CredentialIssuer
from zegel.protocols.openid4vci.states import DeferredTransaction

DEFERRED_SECONDS: Final = 2_592_000  # section 9 leaves it open; thirty days for an office to decide


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Credentials for later: store ``state`` under ``transaction_id`` until ``kept_until``."""

    transaction_id: str
    state: DeferredTransaction
    kept_until: int
    response: HttpResponse


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredCall:
    """A request for what was deferred. ``transaction_id`` is the key of the record to load."""

    authorized: Authorized
    transaction_id: str
    recipient: Recipient | None


def defer(
    issuer: CredentialIssuer, call: CredentialCall, *, interval: int, now: int, random: Callable[[int], bytes]
) -> Deferred:
    """Answer that it takes time, in seconds (sections 8.3 and 9.2); the proven keys wait with the transaction.

    A call that was resumed keeps its transaction id.
    """
    transaction_id = call.transaction_id or base64url(random(ID_BYTES))
    body: dict[str, Json] = {"transaction_id": transaction_id, "interval": interval}
    return Deferred(
        transaction_id=transaction_id,
        state=DeferredTransaction(
            grant_id=call.grant_id,
            configuration=call.configuration.id,
            dataset=call.dataset,
            keys=call.keys,
            key_statuses=call.key_statuses,
        ),
        kept_until=now + DEFERRED_SECONDS,
        response=issuer.answer(seal_response(body, recipient=call.recipient, status=202), now=now, random=random),
    )


def read_deferred_request(issuer: CredentialIssuer, request: HttpRequest, *, authorized: Authorized) -> DeferredCall:
    """Read a deferred credential request (section 9.1)."""
    opened = open_request(request, encryption=issuer.encryption, what="deferred credential request")
    transaction_id = opened.members.get("transaction_id")
    if type(transaction_id) is not str:
        raise Denied("invalid_credential_request", Check.REQUEST_PARAMETERS, "expected text", field="transaction_id")
    return DeferredCall(authorized=authorized, transaction_id=transaction_id, recipient=opened.recipient)


def resume(issuer: CredentialIssuer, call: DeferredCall, state: DeferredTransaction | None) -> CredentialCall:
    """Go on with what was deferred, or ``Denied``, such as invalid_transaction_id; it is taken when it is issued."""
    if state is None or state.grant_id != call.authorized.grant_id:
        raise unknown_transaction()
    # section 9: a token that is valid for this credential, as at the credential endpoint
    if state.configuration not in {credential.configuration for credential in call.authorized.credentials}:
        detail = "the access token does not stand for this credential"
        raise Denied("insufficient_scope", Check.ACCESS_TOKEN, detail, field="transaction_id")
    configuration = issuer.configurations.get(state.configuration)
    if configuration is None:
        raise decline("the issuer no longer issues this credential")
    return CredentialCall(
        grant_id=call.authorized.grant_id,
        grant=call.authorized.grant,
        configuration=configuration,
        dataset=state.dataset,
        keys=state.keys,
        wallet_status=call.authorized.wallet_status,
        key_statuses=state.key_statuses,
        recipient=call.recipient,
        once=(call.authorized.once,),
        transaction_id=call.transaction_id,
    )


def unknown_transaction() -> Denied:
    """The refusal of a transaction that there is not, or no longer: also for the second of two who fetch at once."""
    detail = "the transaction is unknown, another's, or its credentials were fetched"
    return Denied("invalid_transaction_id", Check.DEFERRED_TRANSACTION, detail, field="transaction_id")
