"""The sign-in service by itself: its verifier, a store in memory, and a wallet at its endpoints. Nothing of the web."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sql.store import SqlStore, open_memory_store
from zegel.formats.catalogue.records import check_record, mdoc_elements, sdjwt_claims
from zegel.formats.claims import Claim
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.profiles import HAIP
from zegel.protocols.oidc.attestations import build_attestations
from zegel.protocols.oidc.client import ClaimSource, Client, RegisteredClient, check_client
from zegel.protocols.oidc.subject import StableFrom
from zegel.protocols.oidc.token_request import secret_digest
from zegel.services.issuing import mdoc_issuer, sdjwt_issuer
from zegel.services.signin import OpenSignIn, SignInService
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.services.type_metadata import TypeReader
from zegel.services.verifier import REQUEST_PATH, RESPONSE_PATH, VerifierIdentity, VerifierService
from zegel.trust.anchors import Purpose
from zegel.trust.signing import CertifiedSigner
from zegel_testing.authorities import DAY, LOG, NOW, anchor, authority, fixed_key, fixed_random, signer
from zegel_testing.hand_wallet import Copy, HandWallet
from zegel_testing.persons import ADA
from zegel_testing.sign_in import CLIENT_SECRET, PROVIDER, REQUEST, basic, changed, post, sent_back, token_form

BROWSER = "the session of the browser in which it began"
OTHER_BROWSER = "the session of another browser"
LINK = "haip-vp://"
_IDENTITIES = authority("identities of the desk")
_ACCESS = authority("access of the desk")
_ISSUER = signer(_IDENTITIES, "identity signer of the desk", Purpose.ISSUER)
_HOST = "provider.utopia.example"
_PARTY = signer(_ACCESS, "Sign-in", Purpose.ACCESS, dns_names=(_HOST,))
_CATALOGUE = load_catalogue()
STABLE_CLIENT = Client(
    id="tax-online",
    name="Tax online",
    redirect_uris=("https://tax.utopia.example/callback",),
    secret_hash=secret_digest(CLIENT_SECRET),
    claims={"family_name": ClaimSource(attestation="pid", claims=("family_name",))},
    subject=StableFrom(attestation="pid", claims=("personal_administrative_number",)),
    cross_device=True,
)


def client(**changes: Any) -> RegisteredClient:
    """Tax online, registered against the real catalogue, with changes."""
    return check_client(replace(STABLE_CLIENT, **changes), attestations=build_attestations(_CATALOGUE))


def issue(format_: Format = Format.SD_JWT_VC, *, name: str = "copy", **changes: Claim) -> Copy:
    """A copy of Ada's PID, with changes to her record."""
    key, type_ = fixed_key(name), _CATALOGUE.types["pid"]
    certified = CertifiedSigner(signer=_ISSUER.key, certificates=(_ISSUER.certificate,))
    record = check_record(type_, ADA | changes)
    press = (mdoc_issuer if format_ is Format.MDOC else sdjwt_issuer)(type_, certified)
    claims = (mdoc_elements if format_ is Format.MDOC else sdjwt_claims)(record)
    data = press.issue(
        claims,
        holder_key=key.public_key,
        status=None,
        issued_at=NOW,
        valid_from=NOW,
        valid_until=NOW + 7 * DAY,
        random=fixed_random(name),
    )
    return Copy(format=format_, data=data, key=key)


@dataclass(frozen=True)
class Desk:
    """The service, and what it was made of."""

    service: SignInService
    verifier: VerifierService
    store: SqlStore
    clock: ManualClock
    wallet: HandWallet

    async def begin(self, browser: str = BROWSER, **changes: str | None) -> HttpResponse | None:
        """Tax online asks."""
        return await self.service.begin(changed(REQUEST, changes), browser=browser)

    async def look(self, browser: str | None = BROWSER) -> OpenSignIn:
        """The page, which is still open."""
        found = await self.service.look(browser)
        assert isinstance(found, OpenSignIn), sent_back(found)
        return found

    async def link(self, browser: str = BROWSER) -> str:
        """The link on the page."""
        return (await self.look(browser)).same_device.link(LINK)

    async def presented(self, browser: str = BROWSER) -> tuple[str, str]:
        """The wallet presents on the same device: the session, and the response code that comes back."""
        target = await self.wallet.present(await self.link(browser))
        session, _, code = target.rpartition("/return/")[2].partition("?response_code=")
        return session, code

    async def come_back(self, session: str, code: str, browser: str | None = BROWSER) -> HttpResponse:
        """A browser returns."""
        return await self.service.come_back(session, response_code=code, browser=browser)

    async def code(self) -> str:
        """A sign-in up to the code that the service gets."""
        await self.begin()
        return sent_back(await self.come_back(*await self.presented()))["code"]

    async def token(self, code: str, **changes: str | None) -> HttpResponse:
        """Tax online redeems a code."""
        return await self.service.token(post(token_form(code, **changes), authorization=basic()))

    async def userinfo(self, access_token: str) -> HttpResponse:
        """Tax online fetches the claims."""
        headers = (("authorization", f"Bearer {access_token}"),)
        return await self.service.userinfo(HttpRequest(method="GET", url=PROVIDER.issuer, headers=headers))

    def restarted(self, *clients: RegisteredClient) -> "Desk":
        """The same store, under a service that was started anew."""
        return _desk(self.store, self.clock, clients or (client(),), seed="restarted")


@asynccontextmanager
async def sign_in_desk(*clients: RegisteredClient) -> AsyncIterator[Desk]:
    """A service with clients, Tax online if none are named."""
    clock = ManualClock(NOW)
    store = await open_memory_store(clock=clock, random=fixed_random("desk store"))
    try:
        yield _desk(store, clock, clients or (client(),))
    finally:
        store.close()


def _desk(store: SqlStore, clock: ManualClock, clients: tuple[RegisteredClient, ...], *, seed: str = "first") -> Desk:
    async def answer(request: HttpRequest) -> HttpResponse:
        id_ = request.path.rpartition("/")[2]
        if request.path.startswith(REQUEST_PATH):
            return await verifier.serve_request(id_, request)
        assert request.path.startswith(RESPONSE_PATH)
        return await verifier.receive(id_, request.form())

    outbound = Loopback({PROVIDER.issuer: answer})
    fixed = (anchor(_IDENTITIES, Purpose.ISSUER), anchor(_ACCESS, Purpose.ACCESS), LOG)
    trust = Trust((), fixed=fixed, clock=clock)
    verifier = VerifierService(
        VerifierIdentity(
            origin=PROVIDER.issuer,
            host=_HOST,
            signer=CertifiedSigner(signer=_PARTY.key, certificates=(_PARTY.certificate,)),
            profile=HAIP,
        ),
        trust=trust,
        statuses=StatusReader(outbound=outbound, trust=trust, clock=clock, keep=60),
        types=TypeReader(outbound=outbound, known={}, clock=clock),
        store=store,
        clock=clock,
        random=fixed_random(f"verifier {seed}"),
    )
    service = SignInService(
        PROVIDER,
        clients={one.client.id: one for one in clients},
        registrations={},
        verifier=verifier,
        store=store,
        clock=clock,
        random=fixed_random(f"service {seed}"),
    )
    wallet = HandWallet(issue(), outbound=outbound, trust=trust, clock=clock, origin=PROVIDER.issuer)
    return Desk(service=service, verifier=verifier, store=store, clock=clock, wallet=wallet)
