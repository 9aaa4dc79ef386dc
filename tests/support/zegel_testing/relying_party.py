"""A relying party and all that it depends on: lists, a status list, a verifier at its two doors, and a wallet by hand.

Everything is good, and everything can be spoiled: a list is replaced, the clock moves, an answer is changed on its way.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import create_secret
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sql.store import SqlStore, open_memory_store
from zegel.config.roles import Config, VerifierConfig
from zegel.errors import Unavailable, ZegelError
from zegel.formats.credential import Format, StatusReference
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.formats.mdoc.present import present_mdoc
from zegel.formats.mdoc.transcript import redirect_transcript
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.present import present_sdjwt, present_unbound_sdjwt
from zegel.formats.status.entries import StatusList, compress, empty_status_list
from zegel.formats.status.token import StatusListFormat, sign_status_list_cwt, sign_status_list_jwt
from zegel.primitives.encoding import base64url
from zegel.primitives.http import FORM, HttpRequest, HttpResponse, encode_form
from zegel.primitives.json import encode_json
from zegel.primitives.jwe import Encryption, seal_jwe
from zegel.primitives.jws import parse_jws
from zegel.primitives.keys import PrivateKey, parse_jwk
from zegel.profiles import PLAIN, Profile
from zegel.services.ports import Store
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.services.trust_ports import QualifiedTrust
from zegel.services.verifier import VerifierIdentity, VerifierService
from zegel.trust.anchors import Purpose, TrustAnchor
from zegel.trust.lists.values import ListType, ServiceType
from zegel.trust.signing import CertifiedSigner
from zegel.web import verifier, verifier_operator
from zegel.web.app.limits import verifier_limits
from zegel.web.app.roles import Listener, World, operator_listener, public_listener
from zegel.web.app.types import open_types
from zegel.web.verifier import VerifierSite
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer
from zegel_testing.fresh_lists import keep_lists_fresh
from zegel_testing.lists import LIST_ROOT, document, entity, service, signed

ORIGIN = "https://verifier.utopia.example"
STATUS_ORIGIN = "https://status.utopia.example"
STATUS_URI = STATUS_ORIGIN + "/1"
VCT = "urn:eudi:pid:1"
DOCTYPE = "eu.europa.ec.eudi.pid.1"
PAYMENT_VCT = "urn:utopia:account:1"
PAYMENT_DOCTYPE = "utopia.account.1"
OFFICE = "Utopian Identity Office"

ISSUER_ROOT, STATUS_ROOT, ACCESS_ROOT = authority("attestations"), authority("status lists"), authority("access")
OTHER_STATUS_ROOT = authority("status lists of another office")
ISSUER = signer(ISSUER_ROOT, "attestation signer", Purpose.ISSUER)
STATUS_SIGNER = signer(STATUS_ROOT, "status signer", Purpose.STATUS)
OTHER_STATUS_SIGNER = signer(OTHER_STATUS_ROOT, "another status signer", Purpose.STATUS)
ACCESS = signer(ACCESS_ROOT, "verifier", Purpose.ACCESS, dns_names=("verifier.utopia.example",))
HOLDER = fixed_key("holder")

CLAIMS: dict[str, Any] = {
    "family_name": "Voorbeeld",
    "given_name": "Erika",
    "address": {"locality": "Capital", "country": "UT"},
    "nationalities": ["UT", "NL"],
}
NAME_QUERY: dict[str, Any] = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [VCT]},
            "claims": [{"path": ["family_name"]}, {"path": ["address", "locality"]}],
        }
    ]
}
MDOC_QUERY: dict[str, Any] = {
    "credentials": [
        {
            "id": "pid",
            "format": "mso_mdoc",
            "meta": {"doctype_value": DOCTYPE},
            "claims": [{"path": [DOCTYPE, "family_name"]}],
        }
    ]
}
QUERIES = {Format.SD_JWT_VC: NAME_QUERY, Format.MDOC: MDOC_QUERY}


def pid_services(*, issuing: bool = True) -> tuple[Any, ...]:
    """What the identity office stands on its list for."""
    issuance = (service(ServiceType.PID_ISSUANCE, ISSUER_ROOT.certificate),) if issuing else ()
    return (*issuance, service(ServiceType.PID_REVOCATION, STATUS_ROOT.certificate))


def pid_list(*entities: Any, sequence: int = 1) -> bytes:
    """The list of PID providers; without entities it has the identity office."""
    listed = entities or (entity(OFFICE, *pid_services()),)
    return signed(document(ListType.PID_PROVIDERS, *listed, sequence=sequence))


def attestation_list(sequence: int = 1) -> bytes:
    """The list of those who issue payment accounts, among them the identity office."""
    accounts = service(
        ServiceType.PUB_EAA_ISSUANCE, ISSUER_ROOT.certificate, types=frozenset({PAYMENT_VCT, PAYMENT_DOCTYPE})
    )
    other = service(ServiceType.PUB_EAA_REVOCATION, OTHER_STATUS_ROOT.certificate)
    return signed(
        document(
            ListType.PUB_EAA_PROVIDERS, entity(OFFICE, accounts), entity("Another office", other), sequence=sequence
        )
    )


@dataclass
class ListInHand:
    """A ``ListSource`` whose content a test replaces; an error there is raised."""

    type: ListType
    content: bytes | ZegelError
    operators: tuple[TrustAnchor, ...] = (anchor(LIST_ROOT, Purpose.LIST),)
    fetches: int = 0

    async def fetch(self) -> bytes:
        self.fetches += 1
        if isinstance(self.content, ZegelError):
            raise self.content
        return self.content


@dataclass
class StatusHost:
    """Where the issuer's status list is served. A test replaces what is there."""

    clock: ManualClock
    list: StatusList = field(default_factory=lambda: empty_status_list(1_000, bits=1))
    format: StatusListFormat = StatusListFormat.JWT
    signer: Any = STATUS_SIGNER
    expires_in: int = 3_600
    ttl: int = 600
    answer: HttpResponse | ZegelError | None = None
    fetches: int = 0

    async def handle(self, request: HttpRequest) -> HttpResponse:
        self.fetches += 1
        if isinstance(self.answer, ZegelError):
            raise self.answer
        return self.answer or HttpResponse(status=200, headers=(("content-type", str(self.format)),), body=self.token())

    def token(self) -> bytes:
        """The list as it stands, signed now."""
        sign = sign_status_list_jwt if self.format is StatusListFormat.JWT else sign_status_list_cwt
        now = self.clock.now()
        return sign(
            compress(self.list),
            uri=STATUS_URI,
            signer=self.signer.key,
            chain=self.signer.chain,
            now=now,
            expires=now + self.expires_in,
            ttl=self.ttl,
        )

    def revoke(self, index: int) -> None:
        """Set the entry to revoked."""
        self.list = self.list.updated({index: 1})


@dataclass(frozen=True)
class Copy:
    """A credential as it was issued."""

    format: Format
    data: bytes
    key: PrivateKey = HOLDER


def issue(
    format_: Format = Format.SD_JWT_VC, *, index: int | None = 7, payment: bool = False, bound: bool = True
) -> Copy:
    """A PID, or a payment account, with its entry in the status list."""
    status = None if index is None else StatusReference(uri=STATUS_URI, index=index)
    times = {"issued_at": NOW - DAY, "valid_from": NOW - DAY, "valid_until": NOW + 14 * DAY, "random": system_random}
    if format_ is Format.SD_JWT_VC:
        issuer = SdJwtIssuer(signer=ISSUER.key, chain=ISSUER.chain, vct=PAYMENT_VCT if payment else VCT)
        holder = HOLDER.public_key if bound else None
        return Copy(format_, issuer.issue(CLAIMS, holder_key=holder, status=status, **times))
    doc_type = PAYMENT_DOCTYPE if payment else DOCTYPE
    mdoc_issuer = MdocIssuer(
        signer=ISSUER.key,
        chain=ISSUER.chain,
        doc_type=doc_type,
        namespaces=(doc_type,),
        key_authorizations={"utopia.transaction.1": ("transaction_data_hashes",)} if payment else None,
    )
    elements = {doc_type: {"family_name": "Voorbeeld", "given_name": "Erika", "portrait": b"\xff\xd8\xffdrawing"}}
    return Copy(format_, mdoc_issuer.issue(elements, holder_key=HOLDER.public_key, status=status, **times))


COPIES = {format_: issue(format_) for format_ in Format}


@dataclass(frozen=True)
class Asked:
    """A request as the wallet fetched it."""

    claims: dict[str, Any]

    @property
    def nonce(self) -> str:
        return self.claims["nonce"]

    @property
    def client_id(self) -> str:
        return self.claims["client_id"]

    @property
    def response_uri(self) -> str:
        return self.claims["response_uri"]

    @property
    def key(self) -> dict[str, Any] | None:
        """The key to encrypt to."""
        return self.claims["client_metadata"].get("jwks", {"keys": [None]})["keys"][0]

    @property
    def transaction_data(self) -> list[str]:
        return self.claims.get("transaction_data", [])

    def present(self, copy: Copy | None = None, **changes: Any) -> str:
        """A presentation as ``vp_token`` carries it; changes are arguments of ``present_*``, nonce and audience."""
        copy = copy or COPIES[Format(self.claims["dcql_query"]["credentials"][0]["format"])]
        nonce, audience = changes.pop("nonce", self.nonce), changes.pop("audience", self.client_id)
        if copy.format is Format.MDOC:
            thumbprint = None if self.key is None else parse_jwk(self.key, what="key", where="", use="enc").thumbprint()
            transcript = redirect_transcript(
                client_id=audience,
                nonce=nonce,
                response_uri=changes.pop("response_uri", self.response_uri),
                encryption_key_thumbprint=changes.pop("thumbprint", thumbprint),
            )
            issued = parse_issuer_signed(copy.data)
            paths = changes.pop("paths", [(issued.unverified_doc_type, "family_name")])
            arguments = {"holder": copy.key, "transcript": transcript} | changes
            return base64url(present_mdoc(issued, paths=paths, **arguments))
        paths = changes.pop("paths", [("family_name",), ("address", "locality")])
        arguments = {"holder": copy.key, "audience": audience, "nonce": nonce, "now": NOW} | changes
        return present_sdjwt(parse_sdjwt(copy.data), paths=paths, **arguments).decode()

    def show(self, copy: Copy, *, paths: Any = (("family_name",), ("address", "locality"))) -> str:
        """A presentation without proof of holding."""
        return present_unbound_sdjwt(parse_sdjwt(copy.data), paths=paths).decode()

    def answer(self, *presentations: str, id_: str = "pid", **members: Any) -> HttpRequest:
        """The answer as the request wants it; without presentations it is the right one."""
        token = {id_: list(presentations) if presentations else [self.present()]}
        return self.post({"vp_token": token, "state": self.claims["state"]} | members)

    def post(self, members: Mapping[str, Any]) -> HttpRequest:
        """Any answer, encrypted where the request has a key."""
        if self.key is not None:
            recipient = parse_jwk(self.key, what="key", where="", use="enc")
            sealed = seal_jwe(
                encode_json(dict(members)), recipient=recipient, kid=self.key["kid"], enc=Encryption.A256GCM
            )
            return form_to(self.response_uri, {"response": sealed})
        return form_to(
            self.response_uri,
            {name: value if isinstance(value, str) else json.dumps(value) for name, value in members.items()},
        )

    def refuse(self) -> HttpRequest:
        """The wallet's user does not agree."""
        return self.post({"error": "access_denied", "state": self.claims["state"]})


def form_to(url: str, fields: Mapping[str, str]) -> HttpRequest:
    """A form on its way, as a wallet sends it."""
    return HttpRequest(method="POST", url=url, headers=(("content-type", FORM),), body=encode_form(fields))


def json_of(response: HttpResponse) -> dict[str, Any]:
    """The body of an answer."""
    return json.loads(response.body)


@dataclass
class RelyingParty:
    """A verifier, opened, and what is around it."""

    clock: ManualClock
    lists: tuple[ListInHand, ...]
    status: StatusHost
    trust: Trust
    world: World
    store: SqlStore
    reader: StatusReader
    service: VerifierService
    public: Listener
    operator: Listener
    token: str
    hosts: dict[str, Any]

    async def call(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> HttpResponse:
        """Call the operator API."""
        headers = (("authorization", f"Bearer {self.token if token is None else token}"),)
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        url = self.operator.origin + path
        return await self.operator.handle(HttpRequest(method=method, url=url, headers=headers, body=data))

    async def ask(self, query: Any = NAME_QUERY, **members: Any) -> dict[str, Any]:
        """Begin a session by the operator API."""
        response = await self.call("POST", "/requests", {"dcql_query": query} | members)
        assert response.status == 201, response.body
        return json_of(response)

    async def result(self, session: str) -> dict[str, Any]:
        """How it stands."""
        return json_of(await self.call("GET", f"/requests/{session}"))

    async def fetch(self, begun: Mapping[str, Any]) -> Asked:
        """The wallet follows the link."""
        parameters = dict(parse_qsl(urlsplit(begun["link"]).query))
        response = await self.public.handle(HttpRequest(method="GET", url=parameters["request_uri"]))
        assert response.status == 200, response.body
        claims = parse_jws(response.body, what="request object").unverified_claims
        assert claims["client_id"] == parameters["client_id"]
        return Asked(json.loads(json.dumps(claims)))

    async def send(self, answer: HttpRequest) -> HttpResponse:
        """The wallet posts."""
        return await self.public.handle(answer)

    async def get(self, url: str) -> HttpResponse:
        """A browser comes."""
        return await self.public.handle(HttpRequest(method="GET", url=url))

    async def begin(self, query: Any = NAME_QUERY, **members: Any) -> tuple[str, Asked]:
        """Ask, and let the wallet fetch the request: the session's id and the request."""
        begun = await self.ask(query, **members)
        return begun["session"], await self.fetch(begun)

    async def answered(self, query: Any = NAME_QUERY, **members: Any) -> tuple[str, str]:
        """A presentation up to the wallet's redirect: the session's id and the address."""
        session, asked = await self.begin(query, **members)
        response = await self.send(asked.answer())
        assert response.status == 200, response.body
        return session, json_of(response)["redirect_uri"]

    def with_store(self, store: Store) -> "RelyingParty":
        """The same with another store in front of its own."""
        identity = VerifierIdentity(
            origin=ORIGIN, host=_host(ORIGIN), signer=_access(), profile=self.service._identity.profile
        )
        service = VerifierService(
            identity,
            trust=self.trust,
            statuses=self.reader,
            types=open_types(self.world),
            store=store,
            clock=self.clock,
            random=system_random,
        )
        return replace(self, service=service, public=_public(service, self.world))

    def close(self) -> None:
        self.store.close()


async def open_relying_party(
    folder: Path,
    *,
    profile: Profile = PLAIN,
    clock: ManualClock | None = None,
    qualified: tuple[QualifiedTrust, ...] = (),
) -> RelyingParty:
    """A relying party whose lists are loaded. The operator's token stands in the folder."""
    clock = clock or ManualClock(NOW)
    lists = (
        ListInHand(ListType.PID_PROVIDERS, pid_list()),
        ListInHand(ListType.PUB_EAA_PROVIDERS, attestation_list()),
    )
    trust = Trust(lists, fixed=(), clock=clock, qualified=qualified)
    await trust.refresh()
    keep_lists_fresh(trust, clock)
    status = StatusHost(clock)
    hosts = {STATUS_ORIGIN: status.handle}
    outbound = Loopback(hosts)
    world = World(config=Config(), clock=clock, random=system_random, outbound=outbound, trust=trust)
    store = await open_memory_store(clock=clock, random=system_random)
    reader = StatusReader(outbound=outbound, trust=trust, clock=clock, keep=300)
    service = VerifierService(
        VerifierIdentity(origin=ORIGIN, host=_host(ORIGIN), signer=_access(), profile=profile),
        trust=trust,
        statuses=reader,
        types=open_types(world),
        store=store,
        clock=clock,
        random=system_random,
    )
    token = folder / "operator.token"
    secret = create_secret(token, random=system_random)
    site = _site(service)
    operator = operator_listener(
        "verifier",
        site,
        verifier_operator.ROUTES,
        address="127.0.0.1",
        port=7112,
        token=token,
        limits=verifier_limits(world.config.verifier.rates),
        world=world,
    )
    return RelyingParty(
        clock=clock,
        lists=lists,
        status=status,
        trust=trust,
        world=world,
        store=store,
        reader=reader,
        service=service,
        public=_public(service, world),
        operator=operator,
        token=base64url(secret),
        hosts=hosts,
    )


def unavailable() -> Unavailable:
    """A host that does not answer."""
    return Unavailable("status host", "nobody answers there")


def _site(service: VerifierService) -> VerifierSite:
    return VerifierSite(
        service=service,
        catalogue=load_catalogue(),
        name="Utopia verifier",
        host=_host(ORIGIN),
        link_target="openid4vp://",
    )


def _public(service: VerifierService, world: World) -> Listener:
    site = _site(service)
    config = VerifierConfig(origin=ORIGIN)
    return public_listener("verifier", site, verifier.ROUTES, config=config, title="Utopia verifier", world=world)


def _access() -> CertifiedSigner:
    return CertifiedSigner(signer=ACCESS.key, certificates=(ACCESS.certificate,))


def _host(origin: str) -> str:
    return urlsplit(origin).hostname or ""
