"""From an offer, or a choice of the person's, to all that is known before anything is asked for.

    OfferStep --> CredentialOffer --> IssuerMetadataStep --> ServerMetadataStep --> Ready

``Ready`` is a pause: the person sees who offers what. Nothing has left the wallet but requests for public documents.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.profiles import Grant
from zegel.protocols.oauth.metadata import (
    DPOP_ALGORITHMS,
    WELL_KNOWN,
    ServerMetadata,
    parse_server_metadata,
    verify_server_metadata,
    well_known_url,
)
from zegel.protocols.openid4vci.configuration import CredentialConfiguration
from zegel.protocols.openid4vci.metadata import (
    ALGORITHM_OF_KEYS,
    IssuerMetadata,
    metadata_request,
    parse_issuer_metadata,
    verify_issuer_metadata,
)
from zegel.protocols.openid4vci.offer import CredentialOffer, OfferReference, parse_offer
from zegel.protocols.openid4vci.wallet.session import answer_of, refusal_of
from zegel.trust.anchors import TrustAnchors


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferStep:
    """Fetches an offer by reference."""

    request: HttpRequest

    def receive(
        self,
        response: HttpResponse,
        *,
        now: int,  # noqa: ARG002 every step is called alike
        random: Callable[[int], bytes],  # noqa: ARG002
    ) -> CredentialOffer:
        """The offer (section 4.1.3); ``Denied`` with OFFER_OPEN where there is none any more."""
        if response.status in (404, 410):
            raise refusal_of(response, what="credential offer", check=Check.OFFER_OPEN, field="credential_offer_uri")
        answer_of(response, status=200, what="credential offer")
        return parse_offer(response.body)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A pause: everything public is known. ``configurations`` are those of the offer, in its order.

    Of two grants in the offer it has the one that is taken, and ``server`` is that one's.
    """

    offer: CredentialOffer
    issuer: IssuerMetadata
    server: ServerMetadata
    configurations: tuple[CredentialConfiguration, ...]

    @property
    def grants(self) -> tuple[Grant, ...]:
        """The grants that are open: those of the offer, or without any those of the server's metadata."""
        offered = {
            Grant.AUTHORIZATION_CODE: self.offer.authorization_code,
            Grant.PRE_AUTHORIZED_CODE: self.offer.pre_authorized,
        }
        if any(offered.values()):
            return tuple(grant for grant, offer in offered.items() if offer is not None)
        # without an offer of its own there is no code to redeem
        return (Grant.AUTHORIZATION_CODE,) if Grant.AUTHORIZATION_CODE in self.server.grants else ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMetadataStep:
    """Fetches the authorization server's metadata."""

    offer: CredentialOffer
    issuer: IssuerMetadata
    configurations: tuple[CredentialConfiguration, ...]
    server: str
    request: HttpRequest

    def receive(self, response: HttpResponse, *, now: int, random: Callable[[int], bytes]) -> Ready:  # noqa: ARG002
        """All that is public, verified."""
        answer_of(response, status=200, what="authorization server metadata")
        server = verify_server_metadata(parse_server_metadata(response.body), issuer=self.server)
        if server.dpop_algorithms and ALGORITHM_OF_KEYS not in server.dpop_algorithms:
            raise Rejected(Check.SERVER_METADATA, f"expected {ALGORITHM_OF_KEYS}", field=DPOP_ALGORITHMS)
        return Ready(offer=self.offer, issuer=self.issuer, server=server, configurations=self.configurations)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerMetadataStep:
    """Fetches the credential issuer's metadata; ``anchors`` demands that it is signed.

    ``timestamps_required`` is the profile's, about the certificate that signed it.
    """

    offer: CredentialOffer
    anchors: TrustAnchors | None
    timestamps_required: bool
    request: HttpRequest

    def receive(
        self,
        response: HttpResponse,
        *,
        now: int,
        random: Callable[[int], bytes],  # noqa: ARG002 every step is called alike
    ) -> ServerMetadataStep:
        """The step to the authorization server, once the offer holds against the metadata."""
        if response.status != 200:
            raise refusal_of(response, what="credential issuer metadata")
        issuer = verify_issuer_metadata(
            parse_issuer_metadata(response),
            credential_issuer=self.offer.credential_issuer,
            anchors=self.anchors,
            timestamps_required=self.timestamps_required,
            now=now,
        )
        server = _server(self.offer, issuer)
        return ServerMetadataStep(
            offer=self.offer,
            issuer=issuer,
            configurations=tuple(_configuration(id_, issuer) for id_ in self.offer.configurations),
            server=server,
            request=HttpRequest(method="GET", url=well_known_url(server, WELL_KNOWN), headers=(("accept", JSON),)),
        )


def fetch_step(reference: OfferReference) -> OfferStep:
    """Begin with an offer by reference, when the person wants it (section 15.7)."""
    return OfferStep(request=HttpRequest(method="GET", url=reference.uri, headers=(("accept", JSON),)))


def start(
    offer: CredentialOffer, *, grants: Collection[Grant], anchors: TrustAnchors | None, timestamps_required: bool
) -> IssuerMetadataStep:
    """Begin with an offer, or with a choice of the person's put as one without grants.

    Of two grants in the offer one is taken that is among ``grants``, the shorter way first; the other is left.
    """
    if offer.authorization_code is not None and offer.pre_authorized is not None:
        shorter = Grant.PRE_AUTHORIZED_CODE in grants
        offer = replace(offer, authorization_code=None) if shorter else replace(offer, pre_authorized=None)
    request = metadata_request(offer.credential_issuer, signed=anchors is not None)
    return IssuerMetadataStep(offer=offer, anchors=anchors, timestamps_required=timestamps_required, request=request)


def _server(offer: CredentialOffer, issuer: IssuerMetadata) -> str:
    """The authorization server: the one that the grant names of several, or the first (sections 4.1.1 and 12.2.4)."""
    grant = offer.pre_authorized or offer.authorization_code
    hint = None if grant is None else grant.authorization_server
    if hint is not None and hint not in issuer.authorization_servers:
        detail = "expected an authorization server of the issuer's metadata"
        raise Rejected(Check.CREDENTIAL_OFFER, detail, field="grants.authorization_server")
    return hint or issuer.servers[0]


def _configuration(id_: str, issuer: IssuerMetadata) -> CredentialConfiguration:
    configuration = issuer.configurations.get(id_)
    if configuration is None:
        detail = issuer.unusable.get(id_, "expected a credential configuration of the issuer's metadata")
        raise Rejected(Check.CREDENTIAL_OFFER, detail, field="credential_configuration_ids")
    return configuration
