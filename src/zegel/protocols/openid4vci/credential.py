"""The credential endpoint: from a request to what is to be issued, and from there to the answer (section 8).

What is issued, and whether at once, the service decides in between.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied
from zegel.formats.credential import Format
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.keys import PublicKey
from zegel.protocols.oauth.access import Authorized
from zegel.protocols.oauth.errors import OneTime
from zegel.protocols.oauth.states import Grant
from zegel.protocols.openid4vci.configuration import CredentialConfiguration
from zegel.protocols.openid4vci.encryption import Recipient, open_request, seal_response
from zegel.protocols.openid4vci.issuer import ID_BYTES, CredentialIssuer
from zegel.protocols.openid4vci.proofs import ProofPolicy, receive_proofs
from zegel.protocols.openid4vci.states import NotifiedIssuance
from zegel.trust.attestation_claims import AttestationStatus

NOTIFICATION_SECONDS: Final = 86_400  # section 11 leaves it open; a wallet notifies at once, or when it is online again


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialCall:
    """A credential request that may be granted: issue ``configuration`` of ``dataset`` once for each of ``keys``.

    ``keys`` is empty for a credential that is bound to nobody. ``wallet_status`` and ``key_statuses`` are
    what the issuer watches later.
    ``transaction_id`` is that of a deferred transaction: its record is taken when the credentials are issued.
    """

    grant_id: str
    grant: Grant
    configuration: CredentialConfiguration
    dataset: str
    keys: tuple[PublicKey, ...]
    wallet_status: AttestationStatus | None
    key_statuses: tuple[AttestationStatus, ...]
    recipient: Recipient | None
    once: tuple[OneTime, ...]
    transaction_id: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Credentials on their way: store ``state`` under ``notification_id`` until ``kept_until``."""

    notification_id: str
    state: NotifiedIssuance
    kept_until: int
    response: HttpResponse


def read_credential_request(
    issuer: CredentialIssuer, request: HttpRequest, *, authorized: Authorized, now: int
) -> CredentialCall:
    """Read a credential request (section 8.2), or ``Denied`` with the code of section 8.3.1.2.

    1. it opens; 2. it names a credential, in the way of its token; 3. its keys are proven.
    """
    opened = open_request(request, encryption=issuer.encryption, what="credential request")
    configuration, dataset = _choice(issuer, opened.members, authorized)
    keys, statuses, once = _keys(issuer, opened.members.get("proofs"), configuration, authorized, now)
    return CredentialCall(
        grant_id=authorized.grant_id,
        grant=authorized.grant,
        configuration=configuration,
        dataset=dataset,
        keys=keys,
        wallet_status=authorized.wallet_status,
        key_statuses=statuses,
        recipient=opened.recipient,
        once=(authorized.once, *once),
    )


def issued(
    issuer: CredentialIssuer,
    call: CredentialCall,
    credentials: Sequence[bytes],
    *,
    now: int,
    random: Callable[[int], bytes],
) -> Issued:
    """Answer with credentials, one for each key or fewer (section 8.3)."""
    notification_id = base64url(random(ID_BYTES))
    body: dict[str, Json] = {
        "credentials": [{"credential": _on_the_wire(call.configuration.format, each)} for each in credentials],
        "notification_id": notification_id,
    }
    return Issued(
        notification_id=notification_id,
        state=NotifiedIssuance(grant_id=call.grant_id, configuration=call.configuration.id),
        kept_until=now + NOTIFICATION_SECONDS,
        response=issuer.answer(seal_response(body, recipient=call.recipient, status=200), now=now, random=random),
    )


def decline(detail: str) -> Denied:
    """The issuer will not issue; a wallet does not ask again (section 8.3.1.2)."""
    return Denied("credential_request_denied", Check.ISSUER_DECISION, detail)


def _choice(
    issuer: CredentialIssuer, members: JsonObject, authorized: Authorized
) -> tuple[CredentialConfiguration, str]:
    """Which credential is asked for: by its identifier where the token response brought some, else by configuration."""
    identifier, id_ = members.get("credential_identifier"), members.get("credential_configuration_id")
    if (identifier is None) == (id_ is None):
        detail = "expected either credential_identifier or credential_configuration_id"
        raise _denied("invalid_credential_request", Check.CREDENTIAL_CHOICE, detail, "credential_identifier")
    if id_ is None:
        for credential in authorized.credentials:
            if credential.detailed and identifier in credential.datasets:
                return _offered(issuer, credential.configuration), str(identifier)
        detail = "expected an identifier of the token response"
        raise _denied("unknown_credential_identifier", Check.CREDENTIAL_CHOICE, detail, "credential_identifier")
    configuration = _offered(issuer, id_)
    for credential in authorized.credentials:
        if credential.configuration == configuration.id:
            if credential.detailed:  # section 8.2: where there are identifiers, they are used
                detail = "expected a credential_identifier of the token response"
                raise _denied(
                    "invalid_credential_request", Check.CREDENTIAL_CHOICE, detail, "credential_configuration_id"
                )
            return configuration, credential.datasets[0]
    # section 8.3.1.1, by RFC 6750 section 3.1
    detail = "the access token does not stand for this credential"
    raise _denied("insufficient_scope", Check.ACCESS_TOKEN, detail, "credential_configuration_id")


def _offered(issuer: CredentialIssuer, id_: Json) -> CredentialConfiguration:
    configuration = issuer.configurations.get(id_) if type(id_) is str else None
    if configuration is None:
        detail = "expected a credential configuration of the metadata"
        raise _denied(
            "unknown_credential_configuration", Check.CREDENTIAL_CHOICE, detail, "credential_configuration_id"
        )
    return configuration


def _keys(
    issuer: CredentialIssuer, proofs: Json, configuration: CredentialConfiguration, authorized: Authorized, now: int
) -> tuple[tuple[PublicKey, ...], tuple[AttestationStatus, ...], tuple[OneTime, ...]]:
    if not configuration.proofs:
        if proofs is not None:
            detail = "expected no proofs for a credential that is bound to nobody"
            raise _denied("invalid_credential_request", Check.KEY_PROOF, detail, "proofs")
        return (), (), ()
    if proofs is None:
        raise _denied("invalid_proof", Check.KEY_PROOF, "expected proofs", "proofs")
    policy = ProofPolicy(
        configuration=configuration,
        profile=issuer.profile,
        credential_issuer=issuer.identifier,
        client_id=authorized.grant.client.client_id,
        batch_size=issuer.batch_size,
        anchors=issuer.anchors,
        nonces=issuer.nonces,
    )
    proven = receive_proofs(proofs, policy=policy, now=now)
    return proven.keys, proven.statuses, (proven.once,)


def _on_the_wire(format_: Format, credential: bytes) -> str:
    # appendices A.2.4 and A.3.4: binary in base64url, an SD-JWT as it is
    return base64url(credential) if format_ is Format.MDOC else credential.decode("ascii")


def _denied(code: str, check: Check, detail: str, field: str) -> Denied:
    return Denied(code, check, detail, field=field)
