"""The wallet provider over HTTP: attestations for wallets that prove to hold the keys, and for the operator's own.

Nobody logs in here: an attestation says what kind of wallet holds a key, never whose it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.keys import PublicKey, parse_jwk
from zegel.services.rates import Limit
from zegel.services.wallet_provider import WalletAttestation, WalletProviderService
from zegel.trust.key_attestation import MAX_KEYS
from zegel.web.pages import STATIC, render_page, static_file
from zegel.web.routing import Audience, Route
from zegel.web.turnstile import Limited

CLIENT_ID_PATH: Final = "/wallet"  # what the client identifier of every wallet ends in is an address, too
WALLET_PATH: Final = "/wallet-attestations"
KEYS_PATH: Final = "/key-attestations"
ATTEST_PATH: Final = "/attest"
MAX_WALLET: Final = 4_096  # one proof of possession
MAX_BATCH: Final = 131_072  # a hundred proofs of possession, each under 1 kB
MAX_KID: Final = 256  # characters; a thumbprint has 43
_WHAT: Final = "request"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletProviderSite:
    """What the wallet provider's handlers need. ``wallet`` is the name of the wallet that it vouches for."""

    service: WalletProviderService
    name: str
    wallet: str
    host: str


async def attest_wallet(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """Attest the wallet whose key signed ``possession``."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_WALLET)
    attested = site.service.attest_wallet(_text(members.get("possession"), "possession"))
    return json_response(_described(attested))


async def attest_keys(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """Attest the keys that signed ``possessions``, with the issuer's ``nonce``."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_BATCH)
    possessions = [_text(each, "possessions") for each in _array(members, "possessions")]
    return json_response({"key_attestation": site.service.attest_keys(possessions, nonce=_nonce(members))})


async def attest_foreign(site: WalletProviderSite, request: HttpRequest) -> HttpResponse:
    """Attest keys by the operator's word: the first of ``jwks`` as a wallet, all of them as keys."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_BATCH)
    jwks = _array(members, "jwks")
    keys = _keys(jwks)
    kids = _kids(keys, jwks)
    attested = site.service.attest_wallet_key(keys[0], kid=kids.get(keys[0]))
    key_attestation = site.service.attest_public_keys(keys, nonce=_nonce(members), kids=kids)
    return json_response(_described(attested) | {"key_attestation": key_attestation})


async def show_home(site: WalletProviderSite, _request: HttpRequest) -> HttpResponse:
    """What this host is."""
    return render_page(
        "wallet_provider.html", title="Wallet attestations", role=site.name, host=site.host, wallet=site.wallet
    )


async def serve_static(_site: WalletProviderSite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


def _described(attested: WalletAttestation) -> dict[str, Json]:
    return {
        "client_id": attested.client_id,
        "wallet_attestation": attested.attestation,
        "expires": attested.expires,
    }


def _keys(jwks: Sequence[Json]) -> tuple[PublicKey, ...]:
    keys = tuple(parse_jwk(jwk, what=_WHAT, where=f"jwks[{at}]") for at, jwk in enumerate(jwks))
    if len(set(keys)) != len(keys):
        raise Malformed(_WHAT, "jwks", "expected each key once")
    return keys


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


def _text(value: Json, where: str) -> str:
    if type(value) is not str or not value:
        raise Malformed(_WHAT, where, "expected text")
    return value


_ATTESTATIONS: Final[Limited[WalletProviderSite]] = Limited(Limit.ATTESTATION)

ROUTES: Final[tuple[Route[WalletProviderSite], ...]] = (
    Route("GET", "/", show_home, Audience.PERSON),
    Route("GET", CLIENT_ID_PATH, show_home, Audience.PERSON),
    Route("POST", WALLET_PATH, attest_wallet, max_body=MAX_WALLET, limited=_ATTESTATIONS),
    Route("POST", KEYS_PATH, attest_keys, max_body=MAX_BATCH, limited=_ATTESTATIONS),
    Route("GET", STATIC + "{name}", serve_static),
)

OPERATOR_ROUTES: Final[tuple[Route[WalletProviderSite], ...]] = (
    Route("POST", ATTEST_PATH, attest_foreign, Audience.OPERATOR, max_body=MAX_BATCH),
)
