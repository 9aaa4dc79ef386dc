"""Tax online and a provider, without a socket: the browser is httpx2, and so is the service's way to the provider."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
import pytest
from zegel_testing.authorities import NOW
from zegel_testing.sign_in import CLIENT_SECRET, PROVIDER
from zegel_testing.sign_in_provider import SignInProvider

from zegel.demo.tax_online import TaxOnlineSettings, create_tax_online

ORIGIN = "https://tax.utopia.example"


@pytest.fixture(autouse=True)
def fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Authlib reads the clock itself."""
    monkeypatch.setattr(time, "time", lambda: float(NOW))


@pytest.fixture
def provider() -> SignInProvider:
    return SignInProvider()


class Person:
    """A browser and whoever sits before it."""

    def __init__(self, provider: SignInProvider, origin: str = ORIGIN, **settings: object) -> None:
        self.provider = provider
        values = {
            "origin": origin,
            "issuer": PROVIDER.issuer,
            "client_id": "tax-online",
            "client_secret": CLIENT_SECRET,
            "transport": provider,
        }
        app = create_tax_online(TaxOnlineSettings(**(values | settings)))
        self.service = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        self.browser = httpx2.AsyncClient(transport=self.service, base_url=origin)

    async def get(self, url: str) -> httpx2.Response:
        return await self.browser.get(url)

    async def authorize(self) -> str:
        """Sign in up to the provider's answer: the address that it sends the browser to."""
        redirect = await self.browser.get("/sign-in")
        assert redirect.status_code == 302
        assert urlsplit(redirect.headers["location"]).netloc == "provider.utopia.example"
        async with httpx2.AsyncClient(transport=self.provider) as at_provider:
            return (await at_provider.get(redirect.headers["location"])).headers["location"]

    async def sign_in(self) -> httpx2.Response:
        """Sign in, and look at the page that comes of it."""
        answer = await self.browser.get(await self.authorize())
        return await self.browser.get(answer.headers["location"]) if answer.is_redirect else answer


@pytest.fixture
def person(provider: SignInProvider) -> Person:
    return Person(provider)


@pytest.fixture
def another_person() -> Callable[..., Person]:
    return Person
