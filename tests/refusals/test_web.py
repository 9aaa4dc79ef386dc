"""The doors: one mutation of a good request, form or key for each check, and the check that it fails."""

import asyncio
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.wallet_office import ORIGIN as WALLET_OFFICE
from zegel_testing.wallet_office import PID_PROVIDER, Phone, refused_at_the_office

from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import Loopback, ManualClock
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable, ZegelError
from zegel.formats.credential import StatusReference
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.jws import sign_jws
from zegel.primitives.keys import PrivateKey
from zegel.services.rates import Limit
from zegel.services.wallet_requests import POSSESSION_TYPE, sign_revocation_request, verify_possession
from zegel.web.browser import ID_BYTES, Browser, CookiePolicy, check_csrf, check_same_site, new_browser
from zegel.web.pages import error_page
from zegel.web.routing import Audience, Route
from zegel.web.site import Site, SitePolicy
from zegel.web.turnstile import Allowance, Limited, Turnstile

HOST = "issuer.localhost:7101"
ORIGIN = f"http://{HOST}"
TOKEN = "the operator's own"
POLICY = CookiePolicy(role="issuer", secure=False, key=b"k" * 32)
ADA, EVE = (new_browser(POLICY, fixed_random(name)(ID_BYTES)) for name in ("ada", "eve"))
WALLET_PROVIDER = "https://wallet-provider.utopia.example"
KEY = fixed_key("wallet")


async def answer(_role: None, _request: HttpRequest) -> HttpResponse:
    return json_response({})


def knock(*, host: str = HOST, authorization: str = f"Bearer {TOKEN}", operated: bool = False) -> object:
    """Come to a site's public door, or to its operator's; a refusal is raised as the answer says it."""
    site = Site(
        None,
        routes=(Route("GET", "/", answer, Audience.OPERATOR if operated else Audience.MACHINE),),
        policy=SitePolicy(
            role="issuer", origin=ORIGIN, operator_token=sha256(TOKEN.encode()).digest() if operated else None
        ),
        page=error_page(role="Issuer", host=HOST),
        random=fixed_random("site"),
    )
    headers = (("host", host), ("authorization", authorization))
    return raised(asyncio.run(site.handle(HttpRequest(method="GET", url=ORIGIN, headers=headers))))


def come(*, times: int = 1) -> object:
    """Come to a site, from one address, that admits it twice a minute."""
    site = Site(
        None,
        routes=(Route("GET", "/", answer, limited=Limited(Limit.NONCE)),),
        policy=SitePolicy(role="issuer", origin=ORIGIN, operator_token=None),
        page=error_page(role="Issuer", host=HOST),
        random=fixed_random("site"),
        turnstile=Turnstile({Limit.NONCE: Allowance(address=2)}, proxies=(), clock=ManualClock(NOW)),
    )
    request = HttpRequest(method="GET", url=ORIGIN, peer="192.0.2.1")
    return raised([asyncio.run(site.handle(request)) for _ in range(times)][-1])


def raised(response: HttpResponse) -> object:
    """What an answer says; a refusal is raised as it says it."""
    said = json.loads(response.body)
    if response.status != 200:
        raise Rejected({check.id: check for check in Check}[said["check"]], said["detail"], field=said["field"])
    return said


def send_a_form(*, origin: str | None = ORIGIN, site: str | None = "same-origin") -> object:
    said = (("origin", origin), ("sec-fetch-site", site))
    headers = tuple((name, value) for name, value in said if value is not None)
    return check_same_site(HttpRequest(method="POST", url=ORIGIN, headers=headers), origin=ORIGIN)


def fill_a_form(*, token: str = ADA.csrf, browser: Browser | None = ADA) -> object:
    return check_csrf({"csrf": token}, browser)


def show_a_key(*, by: PrivateKey = KEY, audience: str = WALLET_PROVIDER, at: int = NOW) -> object:
    proof = sign_jws({"aud": audience, "iat": at}, signer=by, typ=POSSESSION_TYPE, header={"jwk": KEY.public_key.jwk()})
    return verify_possession(proof.decode(), audience=WALLET_PROVIDER, now=NOW)


def call_a_host_that_is_not_there() -> object:
    return asyncio.run(Loopback({}).fetch(HttpRequest(method="GET", url="https://nobody.utopia.example/")))


def load_a_key_that_is_not_there() -> object:
    return load_secret(Path("/nonexistent/role.seal"))


async def use_a_wallet_that_is_revoked(phone: Phone) -> object:
    await phone.office.revocations.revoke_by_code(phone.code)
    return await phone.attest()


async def end_a_wallet_elsewhere(phone: Phone) -> object:
    status = StatusReference(uri="https://elsewhere.utopia.example/status/1", index=1)
    request = sign_revocation_request(PID_PROVIDER, status=status, audience=WALLET_OFFICE, now=NOW)
    return await phone.office.revocations.revoke_for_provider(request)


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.HOST, lambda: knock(host="issuer.evil.example")),
    (Check.HOST, lambda: knock(host="issuer.localhost:7102")),
    (Check.OPERATOR_TOKEN, lambda: knock(operated=True, authorization="Bearer guess")),
    (Check.OPERATOR_TOKEN, lambda: knock(operated=True, authorization=TOKEN)),
    (Check.RATE, lambda: come(times=3)),
    (Check.CROSS_SITE, lambda: send_a_form(origin="https://evil.example")),
    (Check.CROSS_SITE, lambda: send_a_form(origin="null")),
    (Check.CROSS_SITE, lambda: send_a_form(site="same-site")),
    (Check.CROSS_SITE, lambda: send_a_form(origin=None, site=None)),
    (Check.CSRF, lambda: fill_a_form(token=EVE.csrf)),
    (Check.CSRF, lambda: fill_a_form(token="")),
    (Check.CSRF, lambda: fill_a_form(browser=EVE)),
    (Check.CSRF, lambda: fill_a_form(browser=None)),
    (Check.SIGNATURE, lambda: show_a_key(by=fixed_key("thief"))),
    (Check.POSSESSION, lambda: show_a_key(audience="https://another.utopia.example")),
    (Check.POSSESSION, lambda: show_a_key(at=NOW - 61)),
    (
        Check.WALLET_INSTANCE,
        lambda: refused_at_the_office(lambda phone: Phone(phone.office, "unknown", "unknown").attest()),
    ),
    (Check.WALLET_REVOKED, lambda: refused_at_the_office(use_a_wallet_that_is_revoked)),
    (Check.REVOCATION_CODE, lambda: refused_at_the_office(lambda phone: phone.office.revocations.look_up("1234"))),
    (Check.REVOCATION_REQUEST, lambda: refused_at_the_office(end_a_wallet_elsewhere)),
    (Check.AVAILABILITY, call_a_host_that_is_not_there),
    (Check.AVAILABILITY, load_a_key_that_is_not_there),
)


@pytest.mark.parametrize(
    ("check", "mutation"), REFUSALS, ids=[f"{at}-{check.id}" for at, (check, _) in enumerate(REFUSALS)]
)
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises((Rejected, Unavailable)) as refusal:
        mutation()
    assert isinstance(refusal.value, ZegelError)
    assert refusal.value.check is check


def test_without_a_mutation_nothing_is_refused() -> None:
    assert knock() == knock(operated=True) == come(times=2) == {}
    assert send_a_form()
    assert send_a_form(origin=None)
    assert fill_a_form() is ADA
    assert show_a_key()
