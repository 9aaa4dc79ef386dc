"""What the authorization server remembers, and nothing else: each record, and the one move that follows it.

    PushedRequest --approve--> AuthorizationCode --redeem--> UsedCode, Grant, AccessToken, RefreshToken
    PreAuthorizedCode --------------------------- redeem--> the same
    RefreshToken and Grant --refresh--> AccessToken

Requests, codes and tokens are the keys of their records; the store keeps hashes of them. A used code stays until what
it gave expires, so that its second use takes that back. Times are seconds since the epoch.
"""

from dataclasses import dataclass, replace
from typing import final

from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.trust.attestation_claims import AttestationStatus


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity:
    """Who asks. ``client_id`` is None for an anonymous pre-authorised request.

    ``instance`` is the thumbprint of the attested key, None for a public client. ``status`` is where the wallet
    instance may be found revoked later, which the credential issuer watches (TS3 section 2.4.3). ``wallet`` is the name
    in its attestation and ``provider`` the entity that vouches for it, for the person to read.
    """

    client_id: str | None
    instance: str | None = None
    status: AttestationStatus | None = None
    wallet: str | None = None
    provider: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PushedRequest:
    """An authorization request that waits for its person. ``expires`` is for the authorization endpoint."""

    client: ClientIdentity
    redirect_uri: str
    state: str | None
    code_challenge: str
    credentials: tuple[GrantedCredential, ...]
    issuer_state: str | None
    jkt: str | None
    expires: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """What a person approved, for the client that asked. ``subject`` is the person, as the issuer's source knows it."""

    request: PushedRequest
    subject: str
    credentials: tuple[GrantedCredential, ...]
    expires: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionCode:
    """What of a transaction code is kept: a keyed digest, and how often it may still be tried."""

    digest: bytes
    tries_left: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PreAuthorizedCode:
    """What was approved before the wallet came."""

    subject: str
    credentials: tuple[GrantedCredential, ...]
    tx_code: TransactionCode | None
    expires: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UsedCode:
    """A code of either kind after its one use. ``grant`` is what it gave."""

    grant: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An authorisation, as long as its refresh token lives. Tokens refer to it, and fall with it.

    ``approved`` is when the person, or the issuer before the wallet came, said yes.
    """

    subject: str
    client: ClientIdentity
    jkt: str
    credentials: tuple[GrantedCredential, ...]
    approved: int
    expires: int
    revoked: bool = False

    def revoke(self) -> "Grant":
        """The same, worth nothing any more."""
        return replace(self, revoked=True)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token for the credential endpoints, bound to the DPoP key of its grant.

    ``status`` is that of the wallet attestation which it was asked for with: the credential issuer, who is not shown
    one, learns it from here (TS3 1.5 section 2.4.3).
    """

    grant: str
    credentials: tuple[GrantedCredential, ...]
    expires: int
    status: AttestationStatus | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A token for more access tokens. It is not rotated (FAPI 2.0 section 5.3.2.1)."""

    grant: str
    expires: int
