"""A person at a browser: reads what stands on buttons and links, clicks, and fills in what has a label."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from zegel_testing.demo import RunningDemo

PASSPHRASE = "seven bees on a charter"
LOGIN = "erika"
PASSWORD = "erika keeps bees"
PID = "Person identification data"


def _nothing(_page: Page, _name: str) -> None:
    """Nobody looks over the shoulder."""


class Person:
    """Erika of the demo, at a page of a browser. ``look`` is called at each page that she comes to."""

    def __init__(self, page: Page, demo: RunningDemo, *, look: Callable[[Page, str], None] = _nothing) -> None:
        self.page = page
        self.demo = demo
        self._look = look

    def visit(self, role: str, path: str = "/", *, name: str | None = None) -> None:
        """Open an address of a role."""
        self.page.goto(self.demo.ready[role] + path)
        self.see(name or role)

    def see(self, name: str) -> None:
        """Look at the page that is shown."""
        self._look(self.page, name)

    def press(self, text: str, *, name: str) -> None:
        """Press a button, and look at what comes."""
        self.click(self.page.get_by_role("button", name=text, exact=True))
        self.see(name)

    def follow(self, text: str, *, name: str) -> None:
        """Follow the first link of that text, and look at where it leads."""
        self.click(self.page.get_by_role("link", name=text, exact=True).first)
        self.see(name)

    def click(self, control: Locator) -> None:
        """Click what leads to another page, and wait for it."""
        with self.page.expect_navigation():
            control.click()

    def fill(self, label: str, text: str) -> None:
        """Fill in the field of a label."""
        self.page.get_by_label(label, exact=True).fill(text)

    def reads(self, text: str) -> None:
        """The page says so."""
        expect(self.page.locator("body")).to_contain_text(text)

    def heading(self, text: str) -> None:
        """The page is called so."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    # --- the wallet ---------------------------------------------------------------------------------------------------

    def open_wallet(self) -> None:
        """Get into the wallet's pages, by the code from the terminal and the passphrase; make the wallet at first."""
        self.visit("wallet", name="launch")
        self.press("Show a code in the terminal", name="launch with a code")
        self.fill("Code", self.demo.launch_code())
        self.click(self.page.get_by_role("button", name="Open", exact=True))
        title = self.page.get_by_role("heading", level=1).inner_text()
        if title == "Make your wallet":
            self.see("create")
            self.fill("Passphrase", PASSPHRASE)
            self.fill("The same once more", PASSPHRASE)
            self.press("Make the wallet", name="empty wallet")
        elif title == "Unlock your wallet":
            self.unlock()
        self.heading("Your credentials")

    def unlock(self) -> None:
        """Open the locked wallet."""
        self.see("unlock")
        self.fill("Passphrase", PASSPHRASE)
        self.click(self.page.get_by_role("button", name="Unlock", exact=True))

    def holds(self, type_: str = PID) -> int:
        """How many credentials of a type are in the wallet."""
        self.page.goto(self.demo.ready["wallet"])
        return self.page.get_by_role("link", name=type_, exact=True).count()

    # --- receiving ----------------------------------------------------------------------------------------------------

    def receive(self, type_: str = PID) -> None:
        """From the identity office's front page to credentials in the wallet."""
        self.take_up(type_)
        self.log_in()
        self.press("Issue to this wallet", name="arrived")
        self.heading("Look before you keep it")
        self.click(self.page.get_by_role("button", name=re.compile("^Keep (it|them)$")))
        self.heading("Your credentials")
        self.see("wallet with credentials")

    def take_up(self, type_: str = PID, *, name: str = "log-in") -> None:
        """Up to the issuer's first page, which is mostly the log-in."""
        self.visit("issuer")
        self.page.get_by_label(type_, exact=True).check()
        self.press("Get an offer", name="offer")
        self.follow("Receive in the wallet on this machine", name="brought offer")
        self.press("See the offer", name="offer in the wallet")
        self.page.get_by_role("button", name=re.compile("^Log in at ")).click()
        self.page.wait_for_url(self.demo.ready["issuer"] + "/log-in")
        self.see(name)

    def log_in(self, login: str = LOGIN, password: str = PASSWORD) -> None:
        """Be a person of the register."""
        self.fill("Name", login)
        self.fill("Password", password)
        self.press("Log in", name="issuer's consent")

    # --- signing in ---------------------------------------------------------------------------------------------------

    def add_certificate(self, picture: bytes) -> None:
        """Add a health certificate from a picture of its code, and keep it."""
        self.visit("wallet", name="wallet before a certificate")
        self.follow("Add one", name="ways for a certificate")
        chosen = {"name": "code.png", "mimeType": "image/png", "buffer": picture}
        self.page.get_by_label("Picture or PDF", exact=True).set_input_files(files=[chosen])  # type: ignore[list-item]
        self.press("Read the code", name="certificate to keep")
        self.press("Keep it all the same", name="certificate")

    def begin_sign_in(self) -> None:
        """From Tax online to the page of who asks for what."""
        self.visit("service")
        self.follow("Sign in with your wallet", name="sign-in")
        self.heading("Sign in to Tax online")

    def bring_to_wallet(self) -> None:
        """Up to the decision."""
        self.follow("Open my wallet", name="brought request")
        self.press("See the request", name="wallet's consent")
        self.heading("Utopia tax office asks")

    def sign_in(self) -> None:
        """Sign in to Tax online."""
        self.begin_sign_in()
        self.bring_to_wallet()
        self.page.get_by_role("button", name="Share", exact=True).click()
        self.page.wait_for_url(self.demo.ready["service"] + "/profile")
        self.see("profile")
