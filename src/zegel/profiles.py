"""The two profiles, as data: what a role requires, allows and refuses.

A profile never turns a check off. It says which choices a specification leaves open are taken here; every check that
applies to the choice taken always runs.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected


class ClientIdPrefix(StrEnum):
    """Client identifier prefixes (OpenID4VP 1.0 section 5.9.3)."""

    X509_HASH = "x509_hash"
    X509_SAN_DNS = "x509_san_dns"
    REDIRECT_URI = "redirect_uri"


class ResponseMode(StrEnum):
    """Response modes (OpenID4VP 1.0 section 8)."""

    DIRECT_POST = "direct_post"
    DIRECT_POST_JWT = "direct_post.jwt"


class Grant(StrEnum):
    """Grants by which a credential is authorised (OpenID4VCI 1.0 section 4.1.1)."""

    AUTHORIZATION_CODE = "authorization_code"
    PRE_AUTHORIZED_CODE = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


class ClientAuthentication(StrEnum):
    """How a wallet authenticates at the authorization server."""

    ATTESTATION = "attest_jwt_client_auth"
    NONE = "none"


class Proof(StrEnum):
    """Ways to prove possession of the keys to be bound (OpenID4VCI 1.0 appendix F)."""

    JWT_WITH_KEY_ATTESTATION = "jwt with key attestation"
    JWT = "jwt"
    ATTESTATION = "attestation"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The choices that a role takes. What is not in a set is refused by name.

    ``status_grace`` is for how long a status list that cannot be had anew is answered from after its ttl, in seconds;
    never beyond its end, and never without saying so (ARF 3.0 VCR_14). ``revocation_grace`` is for how long a list of
    revoked certificates is answered from after its next update was due, in seconds.
    ``timestamps_required``: an access certificate carries a timestamp of a log on the list (ARF 3.0 CT_05). Where it
    need not, what a log on the list is said to have signed has to hold nevertheless.
    """

    name: str
    client_id_prefixes: frozenset[ClientIdPrefix]
    response_modes: frozenset[ResponseMode]
    grants: frozenset[Grant]
    client_authentication: frozenset[ClientAuthentication]
    proofs: frozenset[Proof]
    status_grace: int
    timestamps_required: bool
    revocation_grace: int

    def check_choice(self, choice: "Choice") -> "Choice":
        """Return the choice if the profile allows it; ``Rejected(PROFILE)`` with the choice's name otherwise."""
        if choice not in self._allowed(choice):
            name = _CHOICES[type(choice)]
            raise Rejected(Check.PROFILE, f"the profile {self.name} refuses {choice.value}", field=f"profile.{name}")
        return choice

    def _allowed(self, choice: "Choice") -> frozenset["Choice"]:
        allowed: frozenset[Choice] = getattr(self, _CHOICES[type(choice)])
        return allowed


Choice = ClientIdPrefix | ResponseMode | Grant | ClientAuthentication | Proof

_CHOICES: Final[dict[type[Choice], str]] = {
    ClientIdPrefix: "client_id_prefixes",
    ResponseMode: "response_modes",
    Grant: "grants",
    ClientAuthentication: "client_authentication",
    Proof: "proofs",
}

HAIP: Final = Profile(
    name="haip",
    client_id_prefixes=frozenset({ClientIdPrefix.X509_HASH}),
    response_modes=frozenset({ResponseMode.DIRECT_POST_JWT}),
    grants=frozenset({Grant.AUTHORIZATION_CODE}),
    client_authentication=frozenset({ClientAuthentication.ATTESTATION}),
    proofs=frozenset({Proof.JWT_WITH_KEY_ATTESTATION, Proof.ATTESTATION}),
    revocation_grace=3_600,  # an authority that is late by more than an hour has a fault, or somebody stands between
    status_grace=900,  # a host that is restarted, or moved; whoever blocks the way to it gains no more than this
    timestamps_required=True,
)
"""The OpenID4VC High Assurance Interoperability Profile 1.0."""

PLAIN: Final = Profile(
    name="plain",
    client_id_prefixes=frozenset(ClientIdPrefix),
    response_modes=frozenset(ResponseMode),
    grants=frozenset(Grant),
    client_authentication=frozenset(ClientAuthentication),
    proofs=frozenset(Proof),
    revocation_grace=86_400,  # an authority that forgot its list for a day is noticed
    status_grace=86_400,  # a day: by then a revocation has to be known (EN 319 411-1 REV-6.2.4-03A)
    timestamps_required=False,
)
"""OpenID4VCI and OpenID4VP 1.0 as they stand."""

PROFILES: Final = {profile.name: profile for profile in (HAIP, PLAIN)}
