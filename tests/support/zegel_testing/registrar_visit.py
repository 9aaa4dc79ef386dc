"""People of the demo at the registrar's pages: Erika for a party, with the wallet on this machine, and an officer."""

from playwright.sync_api import expect

from zegel.adapters.configuration import load_config
from zegel.adapters.sandbox.create import CONFIG_FILE
from zegel.cli.operator import call_operator
from zegel_testing.demo import RunningDemo
from zegel_testing.person import Person
from zegel_testing.telephone import be_signed_in_as

IDENTIFIER = "NTRUT-55"
APPLICATION = {
    "Identifier": IDENTIFIER,
    "Official name": "Cooperative of bee keepers of Utopia",
    "Trade name": "Bee keepers",
    "Country": "UT",
    "Website": "https://bees.utopia.example/",
    "Where people have data deleted": "privacy@bees.utopia.example",
    "Mail for the registrar": "keeper@bees.utopia.example",
    "Telephone for the registrar": "+99900000055",
    "Identifier of the Service": "honey",
    "Name of the Service": "Honey shop",
    "What the Service does": "Sells honey to those who live here",
    "Data protection authority": "Data protection office of Utopia",
    "How to reach it": "https://dpa.utopia.example/",
    "Type of the attestation": "urn:eudi:pid:1",
    "Why you ask for it": "To know that you live here",
    "Privacy policy": "https://bees.utopia.example/privacy",
    "What you ask for of it": "address.locality\naddress.country",
}
PASSED_ON = 15_000  # milliseconds; the page of the sign-in provider looks every few seconds


def sign_in_for_a_party(person: Person) -> None:
    """With the wallet on this machine, up to one's own registrations."""
    person.visit("registrar", "/sign-in", name="registrar's sign-in")
    person.press("Sign in for a party", name="provider before the registrar")
    with_this_wallet(person, "/my")


def with_this_wallet(person: Person, arrived: str) -> None:
    """Answer the sign-in provider with the wallet on this machine."""
    person.follow("Open my wallet", name="brought request of the registrar")
    person.press("See the request", name="wallet's consent for the registrar")
    person.page.get_by_role("button", name="Share", exact=True).click()
    person.page.wait_for_url(person.demo.ready["registrar"] + arrived)


def sign_in_as_officer(person: Person, *, who: str) -> None:
    """With the telephone of somebody of the demo, up to the desk."""
    person.visit("registrar", "/sign-in", name="officer's sign-in")
    person.press("Sign in as an officer", name="provider before the officer")
    person.press("My wallet is on another device", name="code for the officer")
    be_signed_in_as(person.demo, person.page.content(), person=who)
    person.page.wait_for_url(person.demo.ready["registrar"] + "/desk", timeout=PASSED_ON)


def enrol(person: Person) -> None:
    """Become an officer, with a code of the operator's."""
    person.see("enrolment")
    person.fill("Code", enrolment_code(person.demo))
    person.press("Enrol", name="desk")


def enrolment_code(demo: RunningDemo) -> str:
    """What ``zegel registrar enrol`` prints."""
    config = load_config(demo.folder / CONFIG_FILE).registrar
    return str(call_operator(config, method="POST", path="/officers", body={})["code"])


def invitation_code(demo: RunningDemo, subject: str, *, name: str, role: str = "officer") -> str:
    """What ``zegel registrar invite SUBJECT --name NAME --ROLE`` prints, of an officer or an applicant."""
    config = load_config(demo.folder / CONFIG_FILE).registrar
    body = {"subject": subject, "name": name, role: True, "by": "operator"}
    return str(call_operator(config, method="POST", path="/invitations", body=body)["code"])


def fill_in(person: Person, **changes: str) -> None:
    """Fill in the form with which a party applies; ``changes`` by the first word of a label."""
    for label, text in APPLICATION.items():
        person.fill(label, changes.get(label.split()[0].lower(), text))


def decide(person: Person, decision: str, *, reason: str = "") -> None:
    """An officer decides on the registration that the page shows."""
    if reason:
        person.fill("Why", reason)
    person.press(decision, name=f"desk after {decision.lower()}")


def says_of_the_party(person: Person, standing: str) -> None:
    """The officer's page of the registration says how it stands."""
    person.visit("registrar", f"/desk/{IDENTIFIER}", name=f"entry that is {standing}")
    expect(person.page.locator(".badge").first).to_have_text(standing)
