"""The credential issuer: its configuration as one value, and its nonce endpoint.

The protected endpoints stand in ``credential``, ``deferred`` and ``notification``; what they remember in ``states``.

    read_credential_request --> CredentialCall --> issued --> NotifiedIssuance --> notify
                                      |    ^
                                    defer  resume <-- DeferredCall <-- read_deferred_request
                                      v    |
                                DeferredTransaction

``once`` is claimed with every answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, final

from zegel.primitives.http import HttpResponse, json_response
from zegel.profiles import Profile
from zegel.protocols.oauth.errors import FreshNonces
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces
from zegel.protocols.openid4vci.configuration import CredentialConfiguration, Display
from zegel.protocols.openid4vci.encryption import IssuerEncryption
from zegel.trust.anchors import TrustAnchors

CREDENTIAL_PATH: Final = "/credential"
NONCE_PATH: Final = "/nonce"
DEFERRED_PATH: Final = "/deferred-credential"
NOTIFICATION_PATH: Final = "/notification"
ID_BYTES: Final = 16  # 128 bits: transaction and notification ids are worth nothing without their token


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialIssuer:
    """A credential issuer as configured. ``anchors`` hold the wallet providers.

    ``status_period`` is for how many seconds the status of a wallet is preferred to be maintained; None for any.
    ``registration`` is its registration certificate as text, None where it has none.
    """

    identifier: str
    authorization_server: str
    profile: Profile
    anchors: TrustAnchors
    nonces: Nonces
    configurations: Mapping[str, CredentialConfiguration]
    batch_size: int
    encryption: IssuerEncryption | None
    display: tuple[Display, ...] = ()
    status_period: int | None = None
    registration: str | None = None

    def fresh(self, *, now: int, random: Callable[[int], bytes]) -> FreshNonces:
        """The DPoP nonce that every answer brings along."""
        return FreshNonces(dpop=self.nonces.issue(NoncePurpose.DPOP, now=now, random=random))

    def answer(self, response: HttpResponse, *, now: int, random: Callable[[int], bytes]) -> HttpResponse:
        """A response with the nonce for the next request (RFC 9449 section 8.2)."""
        return replace(response, headers=(*response.headers, *self.fresh(now=now, random=random).headers()))


def answer_nonce(issuer: CredentialIssuer, *, now: int, random: Callable[[int], bytes]) -> HttpResponse:
    """Answer at the nonce endpoint (section 7.2); it is open to all and remembers nothing."""
    nonce = issuer.nonces.issue(NoncePurpose.CREDENTIAL_PROOF, now=now, random=random)
    return issuer.answer(json_response({"c_nonce": nonce}), now=now, random=random)
