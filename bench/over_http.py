"""What is done to the services under load: a wallet receives, and a browser signs in with what the wallet holds."""

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from os import urandom
from re import search
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpcore2

from zegel.formats.credential import Format, VerifiedCredential
from zegel.formats.presentation import parse_credential, verify_credential
from zegel.primitives.encoding import base64url
from zegel.primitives.http import FORM, JSON, HttpRequest, HttpResponse, encode_form
from zegel.primitives.keys import PrivateKey, random_private_key
from zegel.profiles import PLAIN, Proof
from zegel.protocols.oauth.pkce import METHOD, code_challenge, create_code_verifier
from zegel.protocols.openid4vci.offer import parse_offer
from zegel.protocols.openid4vci.wallet.authorization import begin_pre_authorized
from zegel.protocols.openid4vci.wallet.issuance import Done, ProofPause, prove
from zegel.protocols.openid4vci.wallet.session import WalletClient
from zegel.protocols.openid4vci.wallet.start import Ready, start
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.matching import HeldCredential, default_choice
from zegel.protocols.openid4vp.wallet import Consent, Fetching, WalletPolicy, begin
from zegel.services.wallet.contents import Copy
from zegel.services.wallet.presenting import present_copy
from zegel.trust.anchors import TrustAnchors

PERSON: Final = "erika"
_LINK: Final = r'href="(openid4vp:[^"]+)"'


class Client:
    """Sends requests over kept connections; names under .localhost are this machine; nothing is followed."""

    def __init__(self) -> None:
        self._pool = httpcore2.AsyncConnectionPool(max_connections=64, keepalive_expiry=60)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.aclose()

    async def send(self, request: HttpRequest, *, status: int | None = None) -> HttpResponse:
        """The answer; the end of everything when it has not the status that is expected."""
        parts = urlsplit(request.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = [(name.encode(), value.encode()) for name, value in request.headers]
        answer = await self._pool.request(
            request.method,
            httpcore2.URL(scheme=b"http", host=b"127.0.0.1", port=parts.port, target=target.encode()),
            headers=[(b"host", parts.netloc.encode()), *headers],
            content=request.body,
        )
        if status not in (None, answer.status):
            raise SystemExit(f"{request.method} {request.url} was answered with {answer.status}: {answer.content!r}")
        answered = tuple((name.decode().lower(), value.decode()) for name, value in answer.headers)
        return HttpResponse(status=answer.status, headers=answered, body=answer.content)

    async def get(self, url: str, *, status: int, **headers: str) -> HttpResponse:
        """A GET."""
        return await self.send(HttpRequest(method="GET", url=url, headers=tuple(headers.items())), status=status)

    async def post(self, url: str, fields: Mapping[str, str], *, status: int, **headers: str) -> HttpResponse:
        """A form."""
        sent = (("content-type", FORM), *headers.items())
        return await self.send(
            HttpRequest(method="POST", url=url, headers=sent, body=encode_form(fields)), status=status
        )


@dataclass(frozen=True)
class Issuer:
    """An issuer with the door of its operator."""

    operator: str
    token: str

    async def offer(self, client: Client, format_: Format) -> tuple[str, str]:
        """Offer the PID to one person: the offer, and the code that goes to them."""
        body = {"type": "pid", "formats": [format_], "grant": "pre-authorized", "person": PERSON, "tx_code": True}
        headers = (("authorization", f"Bearer {self.token}"), ("content-type", JSON))
        url = f"{self.operator}/offers"
        request = HttpRequest(method="POST", url=url, headers=headers, body=json.dumps(body).encode())
        made = json.loads((await client.send(request, status=201)).body)
        return json.dumps(made["credential_offer"]), made["tx_code"]


async def receive(client: Client, offer: tuple[str, str], *, copies: int) -> tuple[bytes, list[PrivateKey]]:
    """Receive the one credential of an offer, from the issuer's metadata on, each copy for a key of its own.

    Returns one of the copies, and the keys.
    """
    keys = [random_private_key(urandom) for _ in range(copies)]
    step: Any = start(parse_offer(offer[0]), grants=PLAIN.grants, anchors=None, timestamps_required=False)
    while not isinstance(step, Done):
        if isinstance(step, Ready):
            step = begin_pre_authorized(step, client=_wallet(), tx_code=offer[1], now=_now(), random=urandom)
        elif isinstance(step, ProofPause):
            step = prove(step, Proof.JWT, keys=keys, attestation=None, now=_now(), random=urandom)
        step = step.receive(await client.send(step.request), now=_now(), random=urandom)
    (received,) = step.received
    assert len(received.credentials) == copies
    return received.credentials[0], keys


@dataclass(frozen=True)
class Holding:
    """What a wallet that trusts ``anchors`` holds."""

    credential: VerifiedCredential
    copy: Copy
    anchors: TrustAnchors


def hold(format_: Format, data: bytes, keys: list[PrivateKey], anchors: TrustAnchors) -> Holding:
    """Verify what came, and keep it."""
    credential = verify_credential(parse_credential(format_, data), anchors=anchors, now=_now())
    (key,) = (key for key in keys if key.public_key == credential.holder_key)
    return Holding(credential, Copy(data=data, key=key, status=credential.status), anchors)


@dataclass(frozen=True)
class Service:
    """A service that signs people in at a provider."""

    provider: str
    client_id: str
    secret: str
    redirect_uri: str

    async def sign_in(self, client: Client, holding: Holding) -> dict[str, Any]:
        """From the redirect to the provider to the person's claims."""
        verifier = create_code_verifier(urandom)
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile email address",
            "state": base64url(urandom(16)),
            "nonce": base64url(urandom(16)),
            "code_challenge": code_challenge(verifier),
            "code_challenge_method": METHOD,
        }
        begun = await client.get(f"{self.provider}/authorize?{urlencode(asked)}", status=303)
        cookie = (begun.header("set-cookie") or "").partition(";")[0]
        page = await client.get(f"{self.provider}/sign-in", status=200, cookie=cookie)
        link = search(_LINK, page.body.decode())
        assert link is not None, page.body
        back = await self._present(client, unescape(link[1]), holding)
        returned = await client.get(back, status=303, cookie=cookie)
        (code,) = parse_qs(urlsplit(returned.header("location") or "").query)["code"]
        redeemed = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        basic = "Basic " + b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        tokens = await client.post(f"{self.provider}/token", redeemed, status=200, authorization=basic)
        bearer = "Bearer " + json.loads(tokens.body)["access_token"]
        person = await client.get(f"{self.provider}/userinfo", status=200, authorization=bearer)
        return dict(json.loads(person.body))

    async def _present(self, client: Client, link: str, holding: Holding) -> str:
        """What the wallet does; where the browser goes on."""
        policy = WalletPolicy(
            profile=PLAIN,
            anchors=holding.anchors,
            plain_origins=frozenset({self.provider}),
            transaction_types={},
        )
        step = begin(parse_link(link), policy=policy, random=urandom)
        assert isinstance(step, Fetching)
        consent = step.receive(await client.send(step.request), policy=policy, now=_now())
        assert isinstance(consent, Consent)
        match = consent.match([HeldCredential(id="held", credential=holding.credential)])
        (planned,) = consent.plan(match, default_choice(match))
        presented = present_copy(holding.copy, planned, challenge=consent.request.challenge, now=_now())
        sending = consent.accept({planned.disclosure.query_id: [presented]})
        done = sending.receive(await client.send(sending.request))
        assert done.redirect_uri is not None
        return done.redirect_uri


def _wallet() -> WalletClient:
    key = random_private_key(urandom)
    return WalletClient(client_id=None, redirect_uri="", profile=PLAIN, dpop=key, attestation=None)


def _now() -> int:
    return int(time.time())
