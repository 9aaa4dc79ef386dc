"""An issuer and a wallet that talk in one process: the engines with a dictionary for a store and no sockets.

``Issuer.handle`` is what a service does, without its database: load, move, claim, store. A misbehaving peer is an edit
of ``Issuer.edit_request`` or ``Issuer.edit_response``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from zegel.errors import Denied
from zegel.formats.credential import Format
from zegel.primitives.encoding import encode_base64url
from zegel.primitives.http import HttpRequest, HttpResponse, encode_form, json_response
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.jws import parse_jws, sign_encoded
from zegel.primitives.keys import PrivateKey
from zegel.profiles import HAIP, PLAIN, Profile, Proof
from zegel.protocols.oauth.access import access_token_of, authorize
from zegel.protocols.oauth.authorization import (
    approve,
    check_authorization_request,
    person_refused,
    refuse,
    request_uri_of,
)
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.errors import OneTime, oauth_error_response
from zegel.protocols.oauth.metadata import build_server_metadata
from zegel.protocols.oauth.nonces import Nonces
from zegel.protocols.oauth.par import push_authorization_request
from zegel.protocols.oauth.server import AuthorizationServer, answer_challenge
from zegel.protocols.oauth.token import (
    GrantType,
    Redeemed,
    Replayed,
    WrongTransactionCode,
    pre_authorize,
    read_token_request,
    redeem_code,
    redeem_pre_authorized_code,
    refresh_access,
)
from zegel.protocols.openid4vci.configuration import (
    SIGNING_ALGORITHMS,
    ClaimDescription,
    CredentialConfiguration,
    Display,
    KeyRequirements,
)
from zegel.protocols.openid4vci.credential import CredentialCall, decline, issued, read_credential_request
from zegel.protocols.openid4vci.deferred import defer, read_deferred_request, resume
from zegel.protocols.openid4vci.encryption import EncryptionKey, IssuerEncryption
from zegel.protocols.openid4vci.issuer import CredentialIssuer, answer_nonce
from zegel.protocols.openid4vci.notification import notify, read_notification
from zegel.protocols.openid4vci.offer import (
    AuthorizationCodeOffer,
    CredentialOffer,
    PreAuthorizedOffer,
    TransactionCodePrompt,
)
from zegel.protocols.openid4vci.publication import build_issuer_metadata, prefers_signed, sign_issuer_metadata
from zegel.protocols.openid4vci.wallet.authorization import (
    BrowserPause,
    begin_authorization,
    begin_pre_authorized,
    return_from_browser,
)
from zegel.protocols.openid4vci.wallet.issuance import Done, ProofPause, prove
from zegel.protocols.openid4vci.wallet.session import WalletAttestation, WalletClient
from zegel.protocols.openid4vci.wallet.start import Ready, start
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import WalletDescription, sign_wallet_attestation
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.key_attestation import sign_key_attestation
from zegel.trust.signing import CertifiedSigner
from zegel_testing.authorities import NOW, anchor, authority, fixed_key, fixed_random, signer, trusting

ISSUER = "https://issuer.utopia.example"
SERVER = "https://login.utopia.example/realm"
REDIRECT = "https://wallet.utopia.example/callback"
WALLET_ID = "https://wallet-provider.utopia.example/wallet"
PERSON = "person-4711"
LEVELS = ("iso_18045_high",)

_root = authority("Wallet Provider CA")
PROVIDER = signer(_root, "Wallet Provider", Purpose.WALLET_PROVIDER)
_access_root = authority("Access CA")
ACCESS = signer(_access_root, "Issuer of Utopia", Purpose.ACCESS)
ANCHORS = trusting(anchor(_root, Purpose.WALLET_PROVIDER, entity="Utopian Wallets"))
ACCESS_ANCHORS = trusting(anchor(_access_root, Purpose.ACCESS, entity="Utopian Registrar"))
REQUEST_KEY = EncryptionKey(kid="enc-1", key=fixed_key("request encryption"))


def configurations(profile: Profile, *, scopes: bool = True) -> dict[str, CredentialConfiguration]:
    """Two formats of one type, and a ticket that is bound to nobody."""
    required = KeyRequirements(key_storage=LEVELS, user_authentication=LEVELS)
    proofs: Mapping[str, KeyRequirements | None] = {
        "jwt": required if Proof.JWT not in profile.proofs else None,
        "attestation": required,
    }
    display = (Display(name="Identity", locale="en", background_color="#103060", logo="https://utopia.example/l.png"),)
    claims = (
        ClaimDescription(path=("given_name",), mandatory=True, display=(Display(name="Given name", locale="en"),)),
        ClaimDescription(path=("nationalities", None)),
    )
    made = [
        ("id-sdjwt", Format.SD_JWT_VC, "urn:utopia:id:1", proofs, claims),
        ("id-mdoc", Format.MDOC, "utopia.id.1", proofs, ()),
        ("ticket", Format.SD_JWT_VC, "urn:utopia:ticket:1", {}, ()),
    ]
    return {
        id_: CredentialConfiguration(
            id=id_,
            format=format_,
            type=type_,
            scope=f"utopia.{id_}" if scopes else None,
            signing_algorithms=SIGNING_ALGORITHMS[format_],
            proofs=allowed,
            display=display,
            claims=described,
        )
        for id_, format_, type_, allowed, described in made
    }


@dataclass
class Store:
    """Records by kind and key, and what was claimed."""

    records: dict[tuple[str, str], Any] = field(default_factory=dict)
    claimed: dict[tuple[str, str], int] = field(default_factory=dict)

    def load(self, kind: str, key: str) -> Any:
        return self.records.get((kind, key))

    def put(self, kind: str, key: str, value: Any) -> None:
        self.records[kind, key] = value

    def take(self, kind: str, key: str) -> Any:
        return self.records.pop((kind, key), None)

    def claim(self, once: tuple[OneTime, ...]) -> None:
        for each in once:
            if (each.purpose, each.key) in self.claimed:
                raise each.denied()
            self.claimed[each.purpose, each.key] = each.expires


@dataclass
class Issuer:
    """Both servers of one issuer, a store, and a person who approves whatever is asked."""

    profile: Profile = HAIP
    separate: bool = True
    encrypted: bool = True
    scopes: bool = True
    batch_size: int = 5
    now: int = NOW
    datasets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waits: int = 0
    declines: bool = False
    store: Store = field(default_factory=Store)
    random: Callable[[int], bytes] = field(default_factory=fixed_random)
    edit_request: Callable[[HttpRequest], HttpRequest] = lambda request: request
    edit_response: Callable[[HttpRequest, HttpResponse], HttpResponse] = lambda request, response: response
    seen: list[tuple[HttpRequest, HttpResponse]] = field(default_factory=list)
    denials: list[Denied] = field(default_factory=list)
    encryption: IssuerEncryption = IssuerEncryption(keys=(REQUEST_KEY,))  # noqa: RUF009 a frozen value

    @property
    def server(self) -> AuthorizationServer:
        """The authorization server's configuration."""
        offered = configurations(self.profile, scopes=self.scopes)
        return AuthorizationServer(
            issuer=SERVER if self.separate else ISSUER,
            credential_issuer=ISSUER,
            profile=self.profile,
            anchors=ANCHORS,
            nonces=Nonces(key=b"k" * 32),
            scopes={each.scope: (each.id,) for each in offered.values() if each.scope is not None},
            configurations=frozenset(offered),
            redirect_uris={},
        )

    @property
    def issuer(self) -> CredentialIssuer:
        """The credential issuer's configuration."""
        return CredentialIssuer(
            identifier=ISSUER,
            authorization_server=self.server.issuer,
            profile=self.profile,
            anchors=ANCHORS,
            nonces=Nonces(key=b"k" * 32),
            configurations=configurations(self.profile, scopes=self.scopes),
            batch_size=self.batch_size,
            encryption=self.encryption if self.encrypted else None,
            display=(Display(name="Utopia", locale="en"),),
        )

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request, as the web layer would."""
        request = self.edit_request(request)
        resource = request.url.startswith(ISSUER) and not any(
            request.url.startswith(self.server.issuer + path) for path in ("/par", "/token", "/challenge")
        )
        try:
            response = self._route(request)
        except Denied as denied:
            self.denials.append(denied)
            fresh = (self.issuer if resource else self.server).fresh(now=self.now, random=self.random)
            response = oauth_error_response(denied, fresh=fresh, resource=resource)
        response = self.edit_response(request, response)
        self.seen.append((request, response))
        return response

    def browse(self, url: str) -> str:
        """Be the browser and the person: open the authorization URL, approve, and say where it led."""
        parameters = HttpRequest(method="GET", url=url).query()
        key = request_uri_of(parameters)
        pushed = check_authorization_request(parameters, pushed=self.store.load("pushed", key), now=self.now)
        self.store.take("pushed", key)
        if self.declines:
            return location(refuse(self.server, pushed, person_refused()))
        approved = approve(
            self.server, pushed, subject=PERSON, datasets=self.datasets, now=self.now, random=self.random
        )
        self.store.put("code", approved.code, approved.state)
        return location(approved.response)

    def offer(self, *ids: str, pre_authorized: bool = False, tx_code: str | None = None) -> CredentialOffer:
        """An offer of the configurations."""
        if not pre_authorized:
            grant = AuthorizationCodeOffer(issuer_state="context-1")
            return CredentialOffer(credential_issuer=ISSUER, configurations=ids, authorization_code=grant)
        credentials = tuple(GrantedCredential(configuration=id_, datasets=(id_,), detailed=False) for id_ in ids)
        code, state = pre_authorize(
            self.server, subject=PERSON, credentials=credentials, tx_code=tx_code, now=self.now, random=self.random
        )
        self.store.put("code", code, state)
        prompt = None if tx_code is None else TransactionCodePrompt(length=len(tx_code))
        return CredentialOffer(
            credential_issuer=ISSUER, configurations=ids, pre_authorized=PreAuthorizedOffer(code=code, tx_code=prompt)
        )

    def _route(self, request: HttpRequest) -> HttpResponse:
        server, issuer = self.server, self.issuer
        handlers = {
            f"{ISSUER}/.well-known/openid-credential-issuer": self._metadata,
            f"{ISSUER}/.well-known/oauth-authorization-server": self._server_metadata,
            "https://login.utopia.example/.well-known/oauth-authorization-server/realm": self._server_metadata,
            f"{server.issuer}/challenge": lambda _: answer_challenge(server, now=self.now, random=self.random),
            f"{server.issuer}/par": self._par,
            f"{server.issuer}/token": self._token,
            f"{ISSUER}/nonce": lambda _: answer_nonce(issuer, now=self.now, random=self.random),
            f"{ISSUER}/credential": self._credential,
            f"{ISSUER}/deferred-credential": self._deferred,
            f"{ISSUER}/notification": self._notification,
        }
        handler = handlers.get(request.url.partition("?")[0])
        return HttpResponse(status=404) if handler is None else handler(request)

    def _metadata(self, request: HttpRequest) -> HttpResponse:
        metadata = build_issuer_metadata(self.issuer)
        if not prefers_signed(request.listed("accept")):
            return json_response(metadata)
        signed = sign_issuer_metadata(metadata, signer=certified(ACCESS), now=self.now)
        return HttpResponse(status=200, headers=(("content-type", "application/jwt"),), body=signed)

    def _server_metadata(self, _: HttpRequest) -> HttpResponse:
        return json_response(build_server_metadata(self.server))

    def _par(self, request: HttpRequest) -> HttpResponse:
        pushed = push_authorization_request(self.server, request, now=self.now, random=self.random)
        self.store.claim(pushed.once)
        self.store.put("pushed", pushed.request_uri, pushed.state)
        return pushed.response

    def _token(self, request: HttpRequest) -> HttpResponse:
        call = read_token_request(self.server, request, now=self.now)
        if call.grant_type is GrantType.REFRESH_TOKEN:
            refresh = self.store.load("refresh", call.secret)
            grant = refresh and self.store.load("grant", refresh.grant)
            refreshed = refresh_access(self.server, call, refresh, grant, now=self.now, random=self.random)
            self.store.claim(refreshed.once)
            self.store.put("access", refreshed.access_token, refreshed.access)
            return refreshed.response
        redeem = redeem_code if call.grant_type is GrantType.AUTHORIZATION_CODE else redeem_pre_authorized_code
        state = self.store.load("code", call.secret)
        result: Redeemed | Replayed | WrongTransactionCode = redeem(
            self.server, call, state, now=self.now, random=self.random
        )
        match result:
            case Replayed():
                self.store.put("grant", result.grant_id, self.store.load("grant", result.grant_id).revoke())
                raise result.denied
            case WrongTransactionCode():
                self.store.put("code", call.secret, result.state)
                raise result.denied
        self.store.claim(result.once)
        self.store.put("code", call.secret, result.used)
        self.store.put("grant", result.grant_id, result.grant)
        self.store.put("access", result.access_token, result.access)
        self.store.put("refresh", result.refresh_token, result.refresh)
        return result.response

    def authorized(self, request: HttpRequest) -> Any:
        """Open a protected endpoint."""
        access = self.store.load("access", access_token_of(request))
        grant = access and self.store.load("grant", access.grant)
        return authorize(request, access=access, grant=grant, nonces=self.issuer.nonces, now=self.now)

    def _credential(self, request: HttpRequest) -> HttpResponse:
        call = read_credential_request(self.issuer, request, authorized=self.authorized(request), now=self.now)
        return self._decide(call)

    def _deferred(self, request: HttpRequest) -> HttpResponse:
        call = read_deferred_request(self.issuer, request, authorized=self.authorized(request))
        return self._decide(resume(self.issuer, call, self.store.load("deferred", call.transaction_id)))

    def _decide(self, call: CredentialCall) -> HttpResponse:
        if self.declines:
            raise decline("no such person")
        self.store.claim(call.once)
        if self.waits:
            self.waits -= 1
            deferred = defer(self.issuer, call, interval=60, now=self.now, random=self.random)
            self.store.put("deferred", deferred.transaction_id, deferred.state)
            return deferred.response
        if call.transaction_id is not None:
            self.store.take("deferred", call.transaction_id)
        credentials = [credential(call, key.point) for key in call.keys] or [credential(call, b"")]
        done = issued(self.issuer, call, credentials, now=self.now, random=self.random)
        self.store.put("notification", done.notification_id, done.state)
        return done.response

    def _notification(self, request: HttpRequest) -> HttpResponse:
        said = read_notification(request, authorized=self.authorized(request))
        self.store.claim((said.authorized.once,))
        state, response = notify(said, self.store.load("notification", said.notification_id))
        self.store.put("notification", said.notification_id, state)
        return response


def credential(call: CredentialCall, key: bytes) -> bytes:
    """What stands for a credential: it says what it is and to whom it is bound."""
    text = f"{call.configuration.id} {call.dataset} {call.grant.subject} {key.hex()}".encode()
    return text if call.configuration.format is Format.SD_JWT_VC else b"\xa2" + text


def location(response: HttpResponse) -> str:
    """Where a redirect leads."""
    assert response.status == 303
    where = response.header("location")
    assert where is not None
    return where


def certified(peer: Any) -> CertifiedSigner:
    return CertifiedSigner(signer=peer.key, certificates=(peer.certificate,))


def wallet_attestation(
    key: PrivateKey, *, now: int = NOW, client_id: str = WALLET_ID, expires: int | None = None
) -> str:
    """What the wallet provider says of a wallet with this key."""
    return sign_wallet_attestation(
        signer=PROVIDER.key,
        chain=PROVIDER.chain,
        provider="https://wallet-provider.utopia.example",
        client_id=client_id,
        key=key.public_key,
        wallet=WalletDescription(name="Utopian Wallet", version="1"),
        now=now,
        expires=now + 3600 if expires is None else expires,
        status=AttestationStatus(uri="https://wallet-provider.utopia.example/status/1", index=7),
    ).decode()


def key_attestation(
    keys: list[PrivateKey], *, nonce: str | None, now: int = NOW, levels: tuple[str, ...] = LEVELS
) -> str:
    """What the wallet provider says of keys."""
    return sign_key_attestation(
        signer=PROVIDER.key,
        chain=PROVIDER.chain,
        provider="https://wallet-provider.utopia.example",
        keys=[key.public_key for key in keys],
        key_storage=levels,
        user_authentication=levels,
        nonce=nonce,
        now=now,
        expires=now + 3600,
        status=AttestationStatus(uri="https://wallet-provider.utopia.example/status/2", index=9),
    ).decode()


def wallet_client(profile: Profile, *, now: int = NOW, client_id: str | None = "") -> WalletClient:
    """A wallet as the profile wants it."""
    attested = None
    if profile is HAIP:
        key = fixed_key("wallet instance")
        attested = WalletAttestation(compact=wallet_attestation(key, now=now), signer=key)
    known = (WALLET_ID if attested else "plain-wallet") if client_id == "" else client_id
    return WalletClient(
        client_id=known, redirect_uri=REDIRECT, profile=profile, dpop=fixed_key("dpop"), attestation=attested
    )


def drive(step: Any, issuer: Issuer) -> Any:
    """The driver: send, receive, until there is nothing to send."""
    while hasattr(step, "request"):
        step = step.receive(issuer.handle(step.request), now=issuer.now, random=issuer.random)
    return step


def ready_for(issuer: Issuer, offer: CredentialOffer, *, signed: bool = False) -> Ready:
    """All that is public of an offer."""
    anchors = ACCESS_ANCHORS if signed else None
    ready = drive(start(offer, grants=issuer.profile.grants, anchors=anchors, timestamps_required=True), issuer)
    assert isinstance(ready, Ready)
    return ready


def log_in(issuer: Issuer, offer: CredentialOffer, client: WalletClient) -> Any:
    """The authorization code flow up to the first pause behind the log-in."""
    pause = drive(
        begin_authorization(ready_for(issuer, offer), client=client, now=issuer.now, random=issuer.random), issuer
    )
    assert isinstance(pause, BrowserPause)
    step = return_from_browser(pause, issuer.browse(pause.url), now=issuer.now, random=issuer.random)
    return drive(step, issuer)


def redeem(issuer: Issuer, offer: CredentialOffer, client: WalletClient, *, tx_code: str | None = None) -> Any:
    """The pre-authorised flow up to the first pause."""
    ready = ready_for(issuer, offer)
    step = begin_pre_authorized(ready, client=client, tx_code=tx_code, now=issuer.now, random=issuer.random)
    return drive(step, issuer)


def new_keys(pause: ProofPause, count: int) -> list[PrivateKey]:
    """Fresh keys for a pause."""
    return [fixed_key(f"{pause.nonce} {pause.configuration.id} {at}") for at in range(count)]


def finish(issuer: Issuer, pause: Any, *, choice: Proof | None = None, copies: int = 2) -> Done:
    """Prove keys at each pause until all credentials came."""
    while isinstance(pause, ProofPause):
        taken = pause.choices[0] if choice is None else choice
        keys = new_keys(pause, copies)
        attested = None if taken is Proof.JWT else key_attestation(keys, nonce=pause.nonce, now=issuer.now)
        step = prove(pause, taken, keys=keys, attestation=attested, now=issuer.now, random=issuer.random)
        pause = drive(step, issuer)
    assert isinstance(pause, Done)
    return pause


def plain_issuer(**changes: Any) -> Issuer:
    """An issuer of the profile plain."""
    return Issuer(profile=PLAIN, **changes)


def at(path: str, edit: Callable[[HttpRequest], HttpRequest]) -> Callable[[HttpRequest], HttpRequest]:
    """An edit of the requests whose URL ends in ``path``, once."""
    edited: list[str] = []

    def apply(request: HttpRequest) -> HttpRequest:
        if request.url.endswith(path) and not edited:
            edited.append(path)
            return edit(request)
        return request

    return apply


def with_form(request: HttpRequest, /, **fields: str | None) -> HttpRequest:
    """The request with form fields set; None removes."""
    form = request.form()
    for name, value in fields.items():
        form.pop(name, None)
        if value is not None:
            form[name] = value
    return replace(request, body=encode_form(form))


def with_header(request: HttpRequest, name: str, value: str | None) -> HttpRequest:
    """The request with a header set, or removed."""
    headers = tuple((key, text) for key, text in request.headers if key != name)
    return replace(request, headers=headers if value is None else (*headers, (name, value)))


def with_members(request: HttpRequest, /, **members: Any) -> HttpRequest:
    """The request with members of its JSON body set; None removes."""
    body = {**parse_object(request.body, what="test"), **members}
    return replace(request, body=encode_json({name: value for name, value in body.items() if value is not None}))


def answered(response: HttpResponse, /, **members: Any) -> HttpResponse:
    """The response with members of its JSON body set; None removes."""
    body = {**parse_object(response.body, what="test"), **members}
    return replace(response, body=encode_json({name: value for name, value in body.items() if value is not None}))


def resigned(compact: str, key: PrivateKey, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """A JWS signed again with other claims; None removes one."""
    jws = parse_jws(compact, what="test")
    changed = {name: value for name, value in {**jws.unverified_claims, **claims}.items() if value is not None}
    members = {**jws.unverified_header.members, **(header or {})}
    kept = {name: value for name, value in members.items() if value is not None}
    encoded = encode_base64url(encode_json(kept))
    return sign_encoded(encoded, encode_json(changed), signer=key).decode()
