"""What the issuer's handlers share: its site, and how its refusals are worded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from zegel.errors import Malformed, ZegelError
from zegel.primitives.http import HttpResponse
from zegel.protocols.oauth.errors import denied_with, oauth_error_response
from zegel.protocols.openid4vci.offer import OfferScheme
from zegel.services.authorization import AuthorizationService
from zegel.services.issuer import IssuerService
from zegel.services.issuer_documents import IssuerDocuments
from zegel.services.issuer_policy import IssuerPolicy
from zegel.services.log_in import LogInService
from zegel.services.offers import OfferService
from zegel.services.ports import CodeReader, Random
from zegel.services.status_publisher import StatusPublisher
from zegel.services.wallet_ending import WalletEnding
from zegel.services.wallet_watch import WalletWatch
from zegel.web.browser import CookiePolicy
from zegel.web.verifier import VerifierSite


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerSite:
    """What the issuer's handlers need.

    ``wallets`` watches those that something was issued to, ``endings`` asks their providers to revoke them.
    ``verifier`` asks wallets for the issuer, where people log in by presenting; ``wallet`` is the origin of a wallet's
    pages on this machine, if there is one; ``scheme`` is what the links of offers begin with;
    ``codes`` reads health certificates from pictures.
    """

    authorization: AuthorizationService
    issuer: IssuerService
    offers: OfferService
    log_in: LogInService
    statuses: StatusPublisher
    wallets: WalletWatch
    endings: WalletEnding
    documents: IssuerDocuments
    policy: IssuerPolicy
    verifier: VerifierSite | None
    cookies: CookiePolicy
    random: Random
    name: str
    host: str
    scheme: OfferScheme
    wallet: str | None
    batch_size: int
    codes: CodeReader


def known_type(site: IssuerSite, type_: str) -> str:
    """The id of a type that is on offer; ``Malformed`` for another, which no wallet has chosen, but who types it."""
    if type_ not in site.policy.types:
        raise Malformed("request", "type", f"expected one of {', '.join(site.policy.types)}")
    return type_


def refuse_at_server(site: IssuerSite, error: ZegelError) -> HttpResponse:
    """A refusal of the authorization server (RFC 6749 section 5.2)."""
    return oauth_error_response(denied_with("invalid_request", error), fresh=site.authorization.fresh())


def refusing_at_resource(code: str) -> Callable[[IssuerSite, ZegelError], HttpResponse]:
    """Refusals of a protected endpoint (RFC 6750 section 3); ``code`` is for what does not parse."""

    def refuse(site: IssuerSite, error: ZegelError) -> HttpResponse:
        return oauth_error_response(denied_with(code, error), fresh=site.issuer.fresh(), resource=True)

    return refuse
