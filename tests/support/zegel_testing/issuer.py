"""An issuer of PIDs without storage, pages or persons: the engines and a dictionary, for wallets to visit."""

import time
from collections.abc import Callable
from os import urandom
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from zegel.errors import Denied
from zegel.formats.credential import Format
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.keys import PublicKey
from zegel.profiles import Profile
from zegel.protocols.oauth.access import Authorized, access_token_of, authorize
from zegel.protocols.oauth.authorization import approve, check_authorization_request
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.errors import OneTime, oauth_error_response
from zegel.protocols.oauth.metadata import build_server_metadata
from zegel.protocols.oauth.nonces import Nonces
from zegel.protocols.oauth.par import push_authorization_request
from zegel.protocols.oauth.server import AuthorizationServer, answer_challenge
from zegel.protocols.oauth.token import (
    GrantType,
    Redeemed,
    pre_authorize,
    read_token_request,
    redeem_code,
    redeem_pre_authorized_code,
)
from zegel.protocols.openid4vci.configuration import SIGNING_ALGORITHMS, CredentialConfiguration, KeyRequirements
from zegel.protocols.openid4vci.credential import issued, read_credential_request
from zegel.protocols.openid4vci.issuer import CredentialIssuer, answer_nonce
from zegel.protocols.openid4vci.notification import notify, read_notification
from zegel.protocols.openid4vci.offer import (
    AuthorizationCodeOffer,
    CredentialOffer,
    OfferScheme,
    PreAuthorizedOffer,
    TransactionCodePrompt,
    offer_link,
)
from zegel.protocols.openid4vci.publication import build_issuer_metadata
from zegel.trust.anchors import TrustAnchors
from zegel_testing.authorities import DAY, CertifiedSigner
from zegel_testing.queries import DOCTYPE, VCT

TYPES = {Format.SD_JWT_VC: VCT, Format.MDOC: DOCTYPE}


class EngineIssuer:
    """``answer`` serves every endpoint; the authorization endpoint lets the person pass at once."""

    def __init__(
        self,
        origin: str,
        *,
        profile: Profile,
        signer: CertifiedSigner,
        anchors: TrustAnchors,
        claims: dict[str, Any],
        key_attestation: bool = False,
    ) -> None:
        nonces = Nonces(key=urandom(32))
        required = KeyRequirements(key_storage=("iso_18045_moderate",)) if key_attestation else None
        configurations = {
            str(format_): CredentialConfiguration(
                id=str(format_),
                format=format_,
                type=type_,
                scope=str(format_),
                signing_algorithms=SIGNING_ALGORITHMS[format_],
                proofs={"jwt": required, "attestation": required} if key_attestation else {"jwt": None},
            )
            for format_, type_ in TYPES.items()
        }
        self.server = AuthorizationServer(
            issuer=origin,
            credential_issuer=origin,
            profile=profile,
            anchors=anchors,
            nonces=nonces,
            scopes={id_: (id_,) for id_ in configurations},
            configurations=frozenset(configurations),
            redirect_uris={},
        )
        self.issuer = CredentialIssuer(
            identifier=origin,
            authorization_server=origin,
            profile=profile,
            anchors=anchors,
            nonces=nonces,
            configurations=configurations,
            batch_size=10,
            encryption=None,
        )
        self.sd_jwt = SdJwtIssuer(signer=signer.key, chain=signer.chain, vct=VCT)
        self.mdoc = MdocIssuer(signer=signer.key, chain=signer.chain, doc_type=DOCTYPE, namespaces=(DOCTYPE,))
        self.claims = claims
        self.records: dict[str, Any] = {}
        self.used: set[tuple[str, str]] = set()
        self.events: list[str] = []
        self.denials: list[Denied] = []

    def offer(self, *, tx_code: str | None) -> str:
        """A pre-authorised offer."""
        granted = tuple(
            GrantedCredential(configuration=id_, datasets=(id_,), detailed=False) for id_ in self.issuer.configurations
        )
        code, self.records[code] = self._pre_authorized(granted, tx_code)
        prompt = None if tx_code is None else TransactionCodePrompt(length=len(tx_code))
        return self._link(pre_authorized=PreAuthorizedOffer(code=code, tx_code=prompt))

    def offer_log_in(self) -> str:
        """An offer with the authorization code grant."""
        return self._link(authorization_code=AuthorizationCodeOffer(issuer_state="state of the issuer"))

    def answer(self, request: HttpRequest) -> HttpResponse:
        endpoint = self._endpoints().get(request.path)
        if endpoint is None:
            return HttpResponse(status=404)
        now = int(time.time())
        try:
            return endpoint(request, now)
        except Denied as denied:
            self.denials.append(denied)
            protected = request.path in ("/credential", "/notification")
            fresh = self.server.fresh(now=now, random=urandom)
            return oauth_error_response(denied, fresh=fresh, resource=protected)

    def _endpoints(self) -> dict[str, Callable[[HttpRequest, int], HttpResponse]]:
        return {
            "/.well-known/openid-credential-issuer": lambda _, now: json_response(build_issuer_metadata(self.issuer)),
            "/.well-known/oauth-authorization-server": lambda _, now: json_response(build_server_metadata(self.server)),
            "/challenge": lambda _, now: answer_challenge(self.server, now=now, random=urandom),
            "/nonce": lambda _, now: answer_nonce(self.issuer, now=now, random=urandom),
            "/par": self._push,
            "/authorize": self._authorize,
            "/token": self._token,
            "/credential": self._credential,
            "/notification": self._notification,
        }

    def _push(self, request: HttpRequest, now: int) -> HttpResponse:
        pushed = push_authorization_request(self.server, request, now=now, random=urandom)
        self._claim(pushed.once)
        self.records[pushed.request_uri] = pushed.state
        return pushed.response

    def _authorize(self, request: HttpRequest, now: int) -> HttpResponse:
        parameters = dict(parse_qsl(urlsplit(request.url).query))
        pushed = self.records.pop(parameters.get("request_uri", ""), None)
        checked = check_authorization_request(parameters, pushed=pushed, now=now)
        approved = approve(self.server, checked, subject="noor", datasets={}, now=now, random=urandom)
        self.records[approved.code] = approved.state
        return approved.response

    def _token(self, request: HttpRequest, now: int) -> HttpResponse:
        asked = read_token_request(self.server, request, now=now)
        self._claim(asked.once)
        redeem = redeem_code if asked.grant_type is GrantType.AUTHORIZATION_CODE else redeem_pre_authorized_code
        redeemed = redeem(self.server, asked, self.records.get(asked.secret), now=now, random=urandom)
        if not isinstance(redeemed, Redeemed):
            self.records[asked.secret] = getattr(redeemed, "state", None)
            raise redeemed.denied
        self.records[asked.secret] = redeemed.used
        self.records[redeemed.grant_id] = redeemed.grant
        self.records[redeemed.access_token] = redeemed.access
        return redeemed.response

    def _credential(self, request: HttpRequest, now: int) -> HttpResponse:
        call = read_credential_request(self.issuer, request, authorized=self._authorized(request, now), now=now)
        self._claim(call.once)
        credentials = [self._issue(call.configuration.format, key, now) for key in call.keys]
        answer = issued(self.issuer, call, credentials, now=now, random=urandom)
        self.records[answer.notification_id] = answer.state
        return answer.response

    def _issue(self, format_: Format, key: PublicKey, now: int) -> bytes:
        today = now - now % DAY
        if format_ is Format.MDOC:
            return self.mdoc.issue(
                {DOCTYPE: self.claims},
                holder_key=key,
                status=None,
                issued_at=today,
                valid_from=today,
                valid_until=today + 7 * DAY,
                random=urandom,
            )
        return self.sd_jwt.issue(
            self.claims,
            holder_key=key,
            status=None,
            issued_at=today,
            valid_from=None,
            valid_until=today + 7 * DAY,
            random=urandom,
        )

    def _notification(self, request: HttpRequest, now: int) -> HttpResponse:
        notification = read_notification(request, authorized=self._authorized(request, now))
        self._claim((notification.authorized.once,))
        state, response = notify(notification, self.records.get(notification.notification_id))
        self.events += map(str, state.events)
        return response

    def _authorized(self, request: HttpRequest, now: int) -> Authorized:
        access = self.records.get(access_token_of(request))
        grant = None if access is None else self.records.get(access.grant)
        return authorize(request, access=access, grant=grant, nonces=self.server.nonces, now=now)

    def _claim(self, once: tuple[OneTime, ...]) -> None:
        for value in once:
            if (value.purpose, value.key) in self.used:
                raise value.denied()
            self.used.add((value.purpose, value.key))

    def _pre_authorized(self, granted: tuple[GrantedCredential, ...], tx_code: str | None) -> tuple[str, Any]:
        now = int(time.time())
        return pre_authorize(self.server, subject="noor", credentials=granted, tx_code=tx_code, now=now, random=urandom)

    def _link(self, **grants: Any) -> str:
        offered = tuple(self.issuer.configurations)
        offer = CredentialOffer(credential_issuer=self.issuer.identifier, configurations=offered, **grants)
        return offer_link(offer, scheme=OfferScheme.OPENID)
