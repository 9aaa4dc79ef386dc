"""The registrar's pages in Chromium: a party registers, another person decides, and anybody looks it up."""

import re

import pytest
from playwright.sync_api import Page, expect
from zegel_testing.page_rules import faults_of
from zegel_testing.person import Person
from zegel_testing.registrar_visit import (
    APPLICATION,
    IDENTIFIER,
    decide,
    enrol,
    fill_in,
    says_of_the_party,
    sign_in_as_officer,
    sign_in_for_a_party,
    with_this_wallet,
)

pytestmark = pytest.mark.slow  # a browser has to start
LOOKED_AT = {
    "form with a wrong field", "own registrations", "enrolment", "desk that waits",
    "proposal before the officer", "register", "party in the register", "own registration",
}  # fmt: skip


@pytest.mark.requirement("Reg_24")
def test_a_party_registers_and_another_person_decides_reg_24(person: Person, second: Person, third: Person) -> None:
    faults: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        if name in LOOKED_AT:
            faults[name] = faults_of(page)

    keeper, officer = Person(person.page, person.demo, look=look), Person(second.page, second.demo, look=look)
    sign_in_for_a_party(keeper)
    keeper.follow("Register a party", name="form")
    fill_in(keeper, country="Utopia")
    keeper.press("Apply", name="form with a wrong field")
    _check_named_and_kept(keeper)
    keeper.fill("Country", "UT")
    keeper.press("Apply", name="own registrations")
    keeper.reads("waits for an officer")

    sign_in_as_officer(officer, who="max")
    enrol(officer)
    officer.see("desk that waits")
    officer.follow(f"Bee keepers ({IDENTIFIER})", name="proposal before the officer")
    for said in (*APPLICATION.values(), "address.locality"):
        for line in said.splitlines():
            officer.reads(line)
    decide(officer, "Approve")
    officer.heading("Waiting for a decision")
    expect(officer.page.get_by_role("link", name=f"Bee keepers ({IDENTIFIER})", exact=True)).to_have_count(0)

    anybody = Person(third.page, third.demo, look=look)
    anybody.visit("registrar", name="register")
    anybody.follow("Bee keepers", name="party in the register")
    anybody.reads("To know that you live here")
    expect(anybody.page.locator("main")).not_to_contain_text("keeper@bees.utopia.example")
    keeper.follow(f"Bee keepers ({IDENTIFIER})", name="own registration")
    keeper.reads("Certificate for honey")

    officer.fill("Identifier of the party", IDENTIFIER)
    officer.press("Look it up", name="entry")
    decide(officer, "Suspend", reason="the authority asked for it")
    says_of_the_party(officer, "suspended")
    anybody.visit("registrar", "/?q=bee", name="register without the party")
    anybody.reads("Nobody by that name")
    keeper.visit("registrar", f"/my/{IDENTIFIER}", name="own registration, suspended")
    keeper.reads("the authority asked for it")
    decide(officer, "Cancel for good", reason="the shop has closed")
    says_of_the_party(officer, "cancelled")
    assert {name: faults.get(name) for name in LOOKED_AT} == {name: [] for name in LOOKED_AT}


def _check_named_and_kept(keeper: Person) -> None:
    """The wrong field is named, at its place as well, and everything that was typed is there."""
    expect(keeper.page.get_by_role("alert")).to_contain_text("Country: expected")
    field = keeper.page.get_by_label("Country", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(
        re.compile("^Error: expected two capital letters.* Two letters, such as UT$")
    )
    for label, text in APPLICATION.items():
        expected = "Utopia" if label == "Country" else text
        expect(keeper.page.get_by_label(label, exact=True)).to_have_value(expected)


def test_an_officer_decides_nothing_that_the_same_person_applied_for(person: Person) -> None:
    sign_in_for_a_party(person)
    person.follow("Register a party", name="form")
    fill_in(person, identifier="NTRUT-77")
    person.press("Apply", name="own registrations")
    person.press("Sign out", name="register")
    person.visit("registrar", "/sign-in")
    person.press("Sign in as an officer", name="provider")
    with_this_wallet(person, "/desk")
    enrol(person)
    person.follow("Bee keepers (NTRUT-77)", name="own proposal before the officer")
    person.reads("Another officer has to decide")
    assert person.page.get_by_role("button", name="Approve", exact=True).count() == 0
