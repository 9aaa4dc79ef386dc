"""All roles in one browser, as a person uses them: what each role gets to see of the others, and what every page is."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from zegel_testing.chromium import Exchange, Traffic, new_context
from zegel_testing.demo import RunningDemo
from zegel_testing.erika import personal_values
from zegel_testing.page_rules import faults_of
from zegel_testing.person import PASSPHRASE, PASSWORD, Person

pytestmark = pytest.mark.slow

# What may stand in an address, by host and the first part of the path. A code and a response_code are good once
# (RFC 6749 section 4.1.2, OpenID4VP 1.0 section 8.2); a request_uri names what is fetched, and says nothing of anybody.
IN_ADDRESSES = {
    ("issuer", "authorize"): {"client_id", "request_uri"},
    ("wallet", "receive"): {"credential_offer_uri"},
    ("wallet", "callback"): {"code", "state", "iss"},
    ("wallet", "present"): {"client_id", "request_uri"},
    ("login", "authorize"): {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    },
    ("login", "return"): {"response_code"},
    ("login", "sign-in"): {"at"},
    ("tax", "callback"): {"code", "state", "iss"},
}
# RFC 7515 section 7.1 and RFC 7516 section 7.1: a header, which begins with {" in base64url, a dot, and what follows.
# A code of 43 characters that chance makes holds the three letters once in some thousand runs, and never the dot.
TOKEN = re.compile(r"eyJ[\w-]+(?:\.|%2[Ee])")
COOKIES = {
    "issuer.localhost": "zegel-issuer",
    "login.localhost": "zegel-provider",
    "tax.localhost": "tax-online",
    "wallet.localhost": "zegel-wallet",
    "door.localhost": "zegel-door",
    "registrar.localhost": "zegel-registrar",
}
SCRIPTED = {"registrar's sign-in"}  # a passkey is asked for by a script
WITHOUT_LOG_IN = {"door.localhost", "registrar.localhost"}  # a door has none; at the registrar nobody logs in here


class Tour:
    """A person who has been everywhere, what passed over the network, and what was to be seen."""

    def __init__(self, browser: Browser, demo: RunningDemo, *, inspect: bool) -> None:
        self._context = new_context(browser)
        self._traffic = Traffic(self._context)
        self._inspect = inspect
        self.forms: set[str] = set()
        self.faults: dict[str, list[str]] = {}
        self.titles: list[str] = []
        person = Person(self._context.new_page(), demo, look=self._look)
        try:
            self._walk(person)
            self.exchanges: list[Exchange] = self._traffic.exchanges()
            self.console = list(self._traffic.console)
        finally:
            self._context.close()

    def _walk(self, person: Person) -> None:
        """Every role, and every page that a person meets when nothing goes wrong."""
        self._look_in_elsewhere(person)
        person.open_wallet()
        person.receive()
        person.receive("Diploma")
        person.sign_in()
        person.press("Sign out", name="signed out")
        person.begin_sign_in()
        person.press("My wallet is on another device", name="other device")
        person.follow("My wallet is on this device", name="sign-in again")
        person.bring_to_wallet()
        person.press("Leave without a word", name="left")
        person.visit("wallet")
        person.follow("Diploma", name="credential")
        person.press("Look up its status", name="credential with status")
        person.follow("Delete", name="deletion")
        person.press("Delete it", name="deleted")
        person.follow("Log", name="log")
        for role in ("verifier", "provider", "wallet_provider"):
            person.visit(role)
        self._look_in_elsewhere(person)
        person.visit("wallet")
        person.press("Lock it", name="locked")

    def _look_in_elsewhere(self, person: Person) -> None:
        """Before and after all else: so that each would get what the others set, and they what it sets."""
        person.visit("door")
        person.visit("registrar")
        person.visit("registrar", "/sign-in", name="registrar's sign-in")

    def _look(self, page: Page, name: str) -> None:
        self.titles.append(page.title())
        self.forms |= {field.get_attribute("value") or "" for field in page.locator("input[name=csrf]").all()}
        if self._inspect and name not in self.faults:
            faults = faults_of(page)
            self.faults[name] = [fault for fault in faults if name not in SCRIPTED or "a script" not in fault]


@pytest.mark.parametrize("options", [(), ("--profile", "plain"), ("--tls",)], ids=["haip", "plain", "tls"])
def test_each_role_sees_its_own_and_every_page_is_whole(browser: Browser, home: Path, options: tuple[str, ...]) -> None:
    with RunningDemo(*options, home=home) as demo:
        tour = Tour(browser, demo, inspect=not options)
        secrets = personal_values("pid") | tour.forms | {PASSPHRASE, PASSWORD, *demo.codes}
    assert tour.exchanges
    assert [exchange.url for exchange in tour.exchanges if not is_at_home(exchange, demo)] == []
    assert tour.console == []
    assert {name: faults for name, faults in tour.faults.items() if faults} == {}
    check_cookies(tour.exchanges, secure="--tls" in options)
    secrets |= {value for exchange in tour.exchanges for value in exchange.cookies.values()}
    check_addresses(tour.exchanges, secrets)
    check_referrers(tour.exchanges, secrets)


def is_at_home(exchange: Exchange, demo: RunningDemo) -> bool:
    """Whether a request goes to a role that runs here."""
    return exchange.url.startswith(tuple(f"{origin}/" for origin in demo.origins.values()))


def check_cookies(exchanges: list[Exchange], *, secure: bool) -> None:
    """Each host has its own cookie, which nobody else gets, and no script and no other site can use."""
    prefix = "__Host-" if secure else ""
    given: dict[str, set[str]] = {}
    for exchange in exchanges:
        for cookie in exchange.set_cookies:
            pair, *attributes = (part.strip() for part in cookie.split(";"))
            name, _, value = pair.partition("=")
            assert _role_of(name) == prefix + COOKIES[exchange.host], exchange.url
            assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes), (exchange.url, attributes)
            assert ("Secure" in attributes) is secure
            assert not [attribute for attribute in attributes if attribute.lower().startswith("domain")]
            given.setdefault(exchange.host, set()).add(value)
        named = set(map(_role_of, exchange.cookies))
        assert named <= {prefix + COOKIES[exchange.host]} if named else True, exchange.url
        assert set(exchange.cookies.values()) <= given.get(exchange.host, set()), exchange.url
    assert set(given) == set(COOKIES)
    # a new id at each log-in: the first one that a host gives is never the last
    assert all(len(values) > 1 for host, values in given.items() if host not in WITHOUT_LOG_IN)


def _role_of(cookie: str) -> str:
    """The name of a cookie without that of the sign-in, of which the provider has one each."""
    return re.sub(r"(?<=zegel-provider)-[\w-]{16}$", "", cookie)


def check_addresses(exchanges: list[Exchange], secrets: set[str]) -> None:
    """Nothing stands in an address that is not meant to be there: addresses are kept in histories and logs."""
    hidden = {secret.lower() for secret in secrets if secret}
    for exchange in exchanges:
        parts = urlsplit(exchange.url)
        names = {name for name, _ in parse_qsl(parts.query, strict_parsing=bool(parts.query))}
        first = parts.path.split("/")[1]
        allowed = {"v"} if first == "static" else IN_ADDRESSES.get((exchange.host.partition(".")[0], first), set())
        assert names <= allowed, f"{exchange.host}{parts.path}: {names - allowed}"
        told = unquote_plus(exchange.url).lower()
        assert [secret for secret in hidden if secret in told] == [], f"{exchange.host}{parts.path}"
        assert not TOKEN.search(exchange.url), f"a token at {exchange.host}{parts.path}"


def check_referrers(exchanges: list[Exchange], secrets: set[str]) -> None:
    """No other origin hears where a browser came from, and the same one nothing that is a secret."""
    hidden = {secret.lower() for secret in secrets if secret}
    for exchange in exchanges:
        referrer = exchange.headers.get("referer")
        if referrer:
            assert urlsplit(referrer)[:2] == urlsplit(exchange.url)[:2], (referrer, exchange.url)
            told = unquote_plus(referrer).lower()
            assert [secret for secret in hidden if secret in told] == [], exchange.host
            assert not TOKEN.search(referrer), f"a token is told to {exchange.host}"


def test_the_page_that_leads_on_can_be_followed_by_hand(person: Person) -> None:
    """Where a browser does not go by itself, the page has a link, and is as whole as any other."""
    person.begin_sign_in()
    person.bring_to_wallet()
    there = re.compile(re.escape(person.demo.ready["provider"]) + "/return/")
    person.page.route(there, lambda route: route.abort("aborted"))
    person.page.get_by_role("button", name="Share", exact=True).click()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Back to where you were asked")
    assert faults_of(person.page) == []
    person.page.unroute(there)
    person.page.get_by_role("link", name=re.compile("^Go on at login.localhost")).click()
    person.page.wait_for_url(person.demo.ready["service"] + "/profile")


def test_whoever_stops_at_the_log_in_is_back_in_the_wallet(person: Person) -> None:
    """By a button of the log-in's form, which leads elsewhere: to the wallet, which waits no longer."""
    person.take_up()
    person.page.get_by_role("button", name="Stop and go back to the wallet", exact=True).click()
    person.page.wait_for_url(person.demo.ready["wallet"] + "/callback**")
    person.reads("Nothing was issued")
    person.reads("access-denied")
    assert faults_of(person.page) == []
