"""From the sandbox's fresh certificate to the door in Chromium, as Erika and a doorkeeper see it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from zegel_testing.page_rules import faults_of
from zegel_testing.person import Person
from zegel_testing.vaccination import attest, code_of, picture_of, show_at_door

pytestmark = pytest.mark.slow  # a browser has to start


def test_a_fresh_certificate_becomes_one_flag_and_opens_the_door(person: Person) -> None:
    faults: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        faults[name] = faults_of(page)

    erika = Person(person.page, person.demo, look=look)
    attest(erika, picture=picture_of(person.demo, "erika"))
    for said in ("Erika", "Voorbeeld", "1986"):
        expect(erika.page.locator("main")).not_to_contain_text(said)
    show_at_door(erika)
    expect(erika.page.get_by_role("heading", level=1)).to_have_text("Yes")
    assert {name: found for name, found in faults.items() if found} == {}


def test_the_certificate_of_somebody_else_is_refused(person: Person, tmp_path: Path) -> None:
    person.take_up("Vaccination valid")
    person.fill("Or what a scanner reads from it", code_of(person.demo, "max"))
    person.press("Go on", name="question of the issuer")
    person.follow("Present from the wallet on this machine", name="brought question")
    person.press("See the request", name="wallet's consent for the issuer")
    person.page.get_by_role("button", name="Share", exact=True).click()
    person.page.wait_for_url("**/log-in/return**")
    person.reads("health-holder")
