"""Takes the screenshots of docs/screenshots: people at a browser, from the identity office to the registrar."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from playwright.sync_api import Page, expect  # noqa: E402 the tests' own person is not installed
from zegel_testing.chromium import chromium, filming  # noqa: E402
from zegel_testing.demo import RunningDemo  # noqa: E402
from zegel_testing.person import Person  # noqa: E402
from zegel_testing.pictures import film_of, vector  # noqa: E402
from zegel_testing.registrar_visit import (  # noqa: E402
    IDENTIFIER,
    decide,
    enrol,
    fill_in,
    sign_in_as_officer,
    sign_in_for_a_party,
)
from zegel_testing.telephone import hold_before  # noqa: E402
from zegel_testing.vaccination import attest, picture_of, show_at_door  # noqa: E402

from zegel.adapters.configuration import load_config  # noqa: E402
from zegel.adapters.sandbox.create import CONFIG_FILE  # noqa: E402
from zegel.cli.operator import call_operator  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
SIZE = {"width": 900, "height": 620}
MOST = 1_500  # what is below, nobody scrolls to
# The pages that are kept, as the person calls them, and the names of their files.
KEPT = {
    "log-in": "issuer-log-in",
    "issuer's consent": "issuer-consent",
    "wallet with credentials": "wallet",
    "sign-in": "sign-in",
    "wallet's consent": "wallet-consent",
    "profile": "tax-online",
    "other device": "other-device",
    "over-asking": "wallet-over-asking",
    "certificate with its code": "wallet-health-certificate",
    "log": "wallet-log",
    "refusal": "refusal",
    "certificate to bring": "issuer-certificate",
    "vaccination valid in the wallet": "wallet-vaccination-valid",
    "wallet's consent for the door": "wallet-consent-door",
    "code at the door": "door-code",
    "yes at the door": "door-yes",
    "camera at the door": "door-camera",
    "no at the door": "door-no",
    "registrar's sign-in": "registrar-sign-in",
    "first passkey": "registrar-first-passkey",
    "form with a wrong field": "registrar-form",
    "proposal before the officer": "registrar-officer",
    "party in the register": "registrar-register",
}


def take(page: Page, name: str) -> None:
    """Keep a page that is wanted, as far as anybody reads, as it is seen at the first time."""
    path = FOLDER / f"{KEPT.get(name, '')}.png"
    if name in KEPT and path.name not in taken:
        taken.add(path.name)
        page.evaluate("document.activeElement.blur()")
        height = min(page.evaluate("document.documentElement.scrollHeight"), MOST)
        clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": height}
        page.screenshot(path=path, full_page=True, clip=clip, animations="disabled")


OVER_ASKING = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["family_name"]}, {"path": ["picture"]}],
        }
    ]
}


def over_asking(demo: RunningDemo) -> str:
    """The verifier asks for what it has not registered; the query of the link."""
    config = load_config(demo.folder / CONFIG_FILE).verifier
    begun = call_operator(
        config,
        method="POST",
        path="/requests",
        body={"dcql_query": OVER_ASKING},
    )
    return str(begun["link"]).partition("?")[2]


def register(party: Person, officer: Person) -> None:
    """A party registers, another person decides, and anybody looks it up."""
    officer.visit("registrar", "/sign-in/code", name="first passkey")
    sign_in_for_a_party(party)
    party.follow("Register a party", name="form")
    fill_in(party, country="Utopia")
    party.press("Apply", name="form with a wrong field")
    party.fill("Country", "UT")
    party.press("Apply", name="own registrations")
    sign_in_as_officer(officer, who="max")
    enrol(officer)
    officer.follow(f"Bee keepers ({IDENTIFIER})", name="proposal before the officer")
    decide(officer, "Approve")
    officer.visit("registrar", name="register")
    officer.follow("Bee keepers", name="party in the register")


taken: set[str] = set()


def main() -> None:
    """Everything on free ports, in a home that is gone afterwards."""
    FOLDER.mkdir(exist_ok=True)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        film = home / "film.mjpeg"
        film.write_bytes(film_of(vector("HU")["PREFIX"]))
        demo = stack.enter_context(RunningDemo(home=home))
        browser = stack.enter_context(chromium(*filming(film)))
        context = browser.new_context(viewport=SIZE)
        returns: list[str] = []
        context.on("request", lambda request: returns.append(request.url) if "/return/" in request.url else None)
        person = Person(context.new_page(), demo, look=take)
        person.open_wallet()
        person.receive()
        person.receive("Diploma")
        taken.discard("wallet.png")
        person.visit("wallet", name="wallet with credentials")
        person.sign_in()
        person.press("Sign out", name="signed out")
        person.begin_sign_in()
        person.press("My wallet is on another device", name="other device")
        person.visit("wallet", f"/present?{over_asking(demo)}", name="over-asking, brought")
        person.press("See the request", name="over-asking")
        person.visit("wallet")
        person.follow("Log", name="log")
        person.add_certificate(picture_of(demo, "belgium"))
        person.press("Show its code", name="certificate with its code")
        person.page.goto(returns[0])  # once more: it was good for once
        person.see("refusal")
        attest(person, picture=picture_of(demo, "erika"))
        show_at_door(person)
        person.press("Ask the next one", name="code at the door")
        hold_before(demo, person.page.content())
        expect(person.page.get_by_role("heading", level=1)).to_have_text("Yes", timeout=15_000)
        person.see("yes at the door")
        context.grant_permissions(["camera"], origin=demo.ready["door"])
        person.press("Forget", name="door again")
        person.click(person.page.get_by_role("link", name="Scan it with the camera", exact=True))
        expect(person.page.get_by_role("status")).to_contain_text("Looking for a code")
        person.see("camera at the door")
        person.page.wait_for_url("**/code")
        person.see("no at the door")
        officer = Person(browser.new_context(viewport=SIZE).new_page(), demo, look=take)
        register(person, officer)
    print(f"took {len(taken)} in {FOLDER.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
