"""What Erika does with a health certificate in the demo: have it attested that the rules are met, and show that."""

import re

from zegel.adapters.sandbox.health import CODES
from zegel_testing.demo import RunningDemo
from zegel_testing.person import Person


def code_of(demo: RunningDemo, person: str) -> str:
    """The text of a demo person's fresh certificate."""
    return (demo.folder / CODES / f"{person}.txt").read_text().strip()


def picture_of(demo: RunningDemo, whose: str) -> bytes:
    """The picture of a code that the sandbox has: a demo person's, or a test person's of a Member State."""
    return (demo.folder / CODES / f"{whose}.png").read_bytes()


def attest(person: Person, *, picture: bytes) -> None:
    """From the issuer's front page to the attestation in the wallet, whose page is shown."""
    person.take_up("Vaccination valid", name="certificate to bring")
    chosen = {"name": "code.png", "mimeType": "image/png", "buffer": picture}
    person.page.get_by_label("Picture or PDF of its code", exact=True).set_input_files(files=[chosen])  # type: ignore[list-item]
    person.press("Go on", name="question of the issuer")
    person.follow("Present from the wallet on this machine", name="brought question")
    person.press("See the request", name="wallet's consent for the issuer")
    person.page.get_by_role("button", name="Share", exact=True).click()
    person.page.wait_for_url(person.demo.ready["issuer"] + "/consent")
    person.see("issuer's consent to vaccination valid")
    person.press("Issue to this wallet", name="vaccination valid arrived")
    person.click(person.page.get_by_role("button", name=re.compile("^Keep (it|them)$")))
    person.follow("Vaccination valid", name="vaccination valid in the wallet")


def show_at_door(person: Person) -> None:
    """The doorkeeper asks, in the same browser, and the wallet on this machine answers."""
    person.visit("door")
    person.press("Ask the next one", name="asked at the door")
    person.follow("Open my wallet", name="brought request of the door")
    person.press("See the request", name="wallet's consent for the door")
    person.page.get_by_role("button", name="Share", exact=True).click()
    person.page.wait_for_url(person.demo.ready["door"] + "/")
    person.see("yes from the wallet")
