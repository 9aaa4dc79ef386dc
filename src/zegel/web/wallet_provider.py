"""The wallet provider over HTTP: wallets are activated, attested and revoked; their status is there for all to read.

Nobody logs in here: an attestation says what kind of wallet holds a key, never whose it is, and who has a wallet's
revocation code may end it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.keys import PublicKey, parse_jwk
from zegel.services.rates import Limit
from zegel.services.status_publisher import StatusPublisher
from zegel.services.wallet_instances import Instance, said
from zegel.services.wallet_provider import WalletAttestation, WalletProviderService
from zegel.services.wallet_revocation import WalletRevocationService
from zegel.trust.key_attestation import MAX_KEYS
from zegel.web.pages import STATIC, WayOn, WaysOn, render_page, static_file
from zegel.web.problem import problem
from zegel.web.routing import Audience, Route
from zegel.web.status_lists import herds_route, status_routes
from zegel.web.turnstile import Limited

CLIENT_ID_PATH: Final = "/wallet"  # what the client identifier of every wallet ends in is an address, too
INSTANCES_PATH: Final = "/instances"
WALLET_PATH: Final = "/wallet-attestations"
KEYS_PATH: Final = "/key-attestations"
REVOCATIONS_PATH: Final = "/revocations"
ATTEST_PATH: Final = "/attest"
MAX_WALLET: Final = 4_096  # two proofs of possession
MAX_REVOCATION: Final = 16_384  # a signed request with its chain of certificates
MAX_BATCH: Final = 131_072  # a hundred proofs of possession, each under 1 kB
MAX_KID: Final = 256  # characters; a thumbprint has 43
_REVOKE_PAGE: Final = "/revoke"
_TO_THE_FORM: Final = (_REVOKE_PAGE, "Back to the form")
WAYS_ON: Final[WaysOn] = {
    Check.REVOCATION_CODE: WayOn(
        lead="This is the code of no wallet here. Nothing has been revoked; look at the code again.", back=_TO_THE_FORM
    ),
    Check.RATE: WayOn(lead="This came too often, and was not looked at. Please wait a moment.", back=_TO_THE_FORM),
}
_WHAT: Final = "request"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletProviderSite:
    """What the wallet provider's handlers need. ``wallet`` is the name of the wallet that it vouches for."""

    service: WalletProviderService
    revocations: WalletRevocationService
    statuses: StatusPublisher
    name: str
    wallet: str
    host: str


async def activate(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """Activate the wallet whose key signed ``possession``."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_WALLET)
    activated = await site.service.activate(_text(members.get("possession"), "possession"))
    body = _described(activated.wallet) | {"instance": activated.instance, "key_attestation": activated.key_attestation}
    return json_response(body, status=201)


async def attest_wallet(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """Attest the wallet that signed ``instance``, under the key that signed ``possession``."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_WALLET)
    proof, possession = _text(members.get("instance"), "instance"), _text(members.get("possession"), "possession")
    return json_response(_described(await site.service.attest_wallet(proof, possession)))


async def attest_keys(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """Attest the keys that signed ``possessions``, for the wallet that signed ``instance``."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_BATCH)
    proof = _text(members.get("instance"), "instance")
    possessions = [_text(each, f"possessions[{at}]") for at, each in enumerate(_array(members, "possessions"))]
    attestation = await site.service.attest_keys(proof, possessions, nonce=_nonce(members))
    return json_response({"key_attestation": attestation})


async def revoke(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """Revoke the wallet of ``code``; or, at the signed ``request`` of a PID provider, the one whose status it names."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_REVOCATION)
    if "request" in members:
        revoked = await site.revocations.revoke_for_provider(_text(members["request"], "request"))
        site.statuses.note_revocation()
        return json_response({"revoked": revoked.revoked_at is not None})  # of a wallet no more is told to others
    revoked = await site.revocations.revoke_by_code(_text(members.get("code"), "code"))
    site.statuses.note_revocation()
    return json_response(_standing(revoked))


async def attest_foreign(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """Attest keys by the operator's word: the first of ``jwks`` as a wallet, all of them as keys."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_BATCH)
    jwks = _array(members, "jwks")
    keys = _keys(jwks)
    activated, code = await site.service.attest_foreign(keys, nonce=_nonce(members), kids=_kids(keys, jwks))
    new = {} if code is None else {"revocation_code": code}
    own = {"key_attestation": activated.key_attestation, "instance": activated.instance}
    return json_response(_described(activated.wallet) | own | new)


async def revoke_one(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """Revoke a wallet by its ``instance``, or with ``key_storage`` true the key storage of all of them."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_WALLET)
    if len(members) != 1:  # what cannot be undone is asked for in one way
        raise Malformed(_WHAT, "", "expected instance, or key_storage, and nothing beside it")
    if members.get("key_storage") is True:
        storage = await site.service.revoke_key_storage()
        site.statuses.note_revocation()
        return json_response({"key_storage": "revoked", "since": storage.revoked_at})
    revoked = await site.revocations.revoke(_text(members.get("instance"), "instance"))
    site.statuses.note_revocation()
    return json_response({"instance": revoked.id} | _standing(revoked))


async def list_instances(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """The wallets: when each was activated, how many attestations of it are maintained, and its end."""
    listed = await site.revocations.instances(after=_cursor(request.query().get("after", "")))
    instances: list[Json] = [
        {"instance": each.id, "day": each.day, "attested": len(each.attested), **_standing(each)}
        for each in listed.instances
    ]
    return json_response({"instances": instances, "after": listed.after})


async def publish(site: WalletProviderSite, _request: HttpRequest) -> HttpResponse:
    """Sign the status lists that changed, now."""
    await site.statuses.publish()
    return json_response({"published": True})


async def show_home(site: WalletProviderSite, _request: HttpRequest) -> HttpResponse:
    """What this host is."""
    return render_page(
        "wallet_provider.html", title="Wallet attestations", role=site.name, host=site.host, wallet=site.wallet
    )


async def show_revoke(site: WalletProviderSite, _request: HttpRequest) -> HttpResponse:
    """The page for whoever lost a wallet."""
    return _account_page(site, None)


async def take_code(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """Look at the wallet of a code, or revoke it. No cookie says who asks: the code is all that counts."""
    form = request.form()
    code = form.get("code", "")
    if form.get("decision") != "revoke":
        return _account_page(site, await site.revocations.look_up(code))
    revoked = await site.revocations.revoke_by_code(code)
    site.statuses.note_revocation()
    return _account_page(site, revoked)


async def serve_static(_site: WalletProviderSite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


def _account_page(site: WalletProviderSite, instance: Instance | None) -> HttpResponse:
    return render_page(
        "wallet_provider_revoke.html",
        title="Revoke a wallet",
        role=site.name,
        host=site.host,
        wallet=site.wallet,
        instance=instance,
        reason=None if instance is None else said(instance.reason),
    )


def _standing(instance: Instance) -> dict[str, Json]:
    """How a wallet stands, for whoever has its code and for the operator."""
    if instance.revoked_at is None:
        return {"state": "active"}
    return {"state": "revoked", "since": instance.revoked_at, "reason": str(instance.reason)}


def _described(attested: WalletAttestation) -> dict[str, Json]:
    return {
        "client_id": attested.client_id,
        "wallet_attestation": attested.attestation,
        "expires": attested.expires,
    }


def _keys(jwks: Sequence[Json]) -> tuple[PublicKey, ...]:
    return tuple(parse_jwk(jwk, what=_WHAT, where=f"jwks[{at}]") for at, jwk in enumerate(jwks))


def _kids(keys: Sequence[PublicKey], jwks: Sequence[Json]) -> dict[PublicKey, str]:
    """What the wallet calls its keys: some find them by that name alone."""
    named = {key: jwk.get("kid") for key, jwk in zip(keys, jwks, strict=True) if isinstance(jwk, Mapping)}
    return {key: kid for key, kid in named.items() if isinstance(kid, str) and len(kid) <= MAX_KID}


def _array(members: JsonObject, name: str) -> list[Json]:
    value = members.get(name)
    if type(value) is not list or not 0 < len(value) <= MAX_KEYS:
        raise Malformed(_WHAT, name, f"expected an array of one to {MAX_KEYS}")
    return value


def _nonce(members: JsonObject) -> str | None:
    return None if members.get("nonce") is None else _text(members["nonce"], "nonce")


def _cursor(text: str) -> str:
    try:
        bytes.fromhex(text)
    except ValueError:
        raise Malformed(_WHAT, "after", "expected the cursor of the page before") from None
    return text


def _text(value: Json, where: str) -> str:
    if type(value) is not str or not value:
        raise Malformed(_WHAT, where, "expected text")
    return value


_ATTESTATIONS: Final[Limited[WalletProviderSite]] = Limited(Limit.ATTESTATION)

ROUTES: Final[tuple[Route[WalletProviderSite], ...]] = (
    Route("GET", "/", show_home, Audience.PERSON),
    Route("GET", CLIENT_ID_PATH, show_home, Audience.PERSON),
    Route("GET", _REVOKE_PAGE, show_revoke, Audience.PERSON),
    Route("POST", _REVOKE_PAGE, take_code, Audience.PERSON, max_body=MAX_WALLET, limited=_ATTESTATIONS),
    Route("POST", INSTANCES_PATH, activate, max_body=MAX_WALLET, refusal=problem, limited=_ATTESTATIONS),
    Route("POST", WALLET_PATH, attest_wallet, max_body=MAX_WALLET, refusal=problem, limited=_ATTESTATIONS),
    Route("POST", KEYS_PATH, attest_keys, max_body=MAX_BATCH, refusal=problem, limited=_ATTESTATIONS),
    Route("POST", REVOCATIONS_PATH, revoke, max_body=MAX_REVOCATION, refusal=problem, limited=_ATTESTATIONS),
    *status_routes(WalletProviderSite),
    Route("GET", STATIC + "{name}", serve_static),
)

OPERATOR_ROUTES: Final[tuple[Route[WalletProviderSite], ...]] = (
    Route("POST", ATTEST_PATH, attest_foreign, Audience.OPERATOR, max_body=MAX_BATCH, refusal=problem),
    Route("POST", REVOCATIONS_PATH, revoke_one, Audience.OPERATOR, max_body=MAX_WALLET, refusal=problem),
    Route("POST", "/status/publish", publish, Audience.OPERATOR, max_body=MAX_WALLET, refusal=problem),
    herds_route(WalletProviderSite),
    Route("GET", INSTANCES_PATH, list_instances, Audience.OPERATOR, refusal=problem),
)
