"""Passkeys in Chromium, with the authenticator that its own tools put into it."""

import pytest
from playwright.sync_api import Browser, CDPSession, expect
from zegel_testing.demo import RunningDemo
from zegel_testing.page_rules import faults_of
from zegel_testing.person import Person
from zegel_testing.registrar_visit import fill_in, invitation_code, sign_in_for_a_party

pytestmark = pytest.mark.slow  # a browser has to start
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def put_authenticator_into(person: Person) -> tuple[CDPSession, str]:
    session = person.page.context.new_cdp_session(person.page)
    session.send("WebAuthn.enable")
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return session, added["authenticatorId"]


def test_a_passkey_is_made_signs_in_and_is_removed(person: Person) -> None:
    session, authenticator = put_authenticator_into(person)
    sign_in_for_a_party(person)
    person.follow("Passkeys", name="passkeys")
    person.fill("What you call it", "Telephone")
    person.press("Make a passkey", name="passkeys with one")
    person.reads("not used yet")
    (made,) = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert made["isResidentCredential"]
    assert made["rpId"] == "registrar.localhost"
    assert [fault for fault in faults_of(person.page) if "a script" not in fault] == []

    person.press("Sign out", name="register")
    person.visit("registrar", "/sign-in")
    assert [fault for fault in faults_of(person.page) if "a script" not in fault] == []
    person.press("With a passkey, for a party", name="own registrations")
    person.reads("Signed in: Erika Voorbeeld, as a party")
    person.follow("Passkeys", name="passkeys")
    person.reads("used last on")
    person.press("Remove", name="sign-in, for its passkey is gone")
    person.heading("Sign in")
    person.press("With a passkey, for a party", name="refusal")
    person.reads("passkey-known")


def test_who_is_not_verified_makes_no_passkey_and_is_told_so(person: Person) -> None:
    session, authenticator = put_authenticator_into(person)
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    sign_in_for_a_party(person)
    person.follow("Passkeys", name="passkeys")
    person.fill("What you call it", "Telephone")
    person.page.get_by_role("button", name="Make a passkey", exact=True).click()
    expect(person.page.get_by_role("status")).to_contain_text("Nothing was chosen, or it took too long")
    assert session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"] == []


def test_who_has_no_wallet_makes_a_first_passkey_with_a_code_and_signs_in_by_it(person: Person) -> None:
    session, authenticator = put_authenticator_into(person)
    code = invitation_code(person.demo, "otto", name="Otto Proof")
    person.visit("registrar", "/sign-in", name="sign-in")
    person.follow("Make your first passkey", name="first passkey")
    assert [fault for fault in faults_of(person.page) if "a script" not in fault] == []
    person.fill("Code", "aaaa-aaaa-aaaa-aaaa")
    person.fill("What you call the passkey", "Telephone")
    person.page.get_by_role("button", name="Make a passkey", exact=True).click()
    expect(person.page.get_by_role("status")).to_contain_text("the code does not count")
    assert session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"] == []
    person.fill("Code", code)
    person.press("Make a passkey", name="desk of who was invited")
    person.reads("Signed in: Otto Proof, as an officer")
    person.press("Sign out", name="register")
    person.visit("registrar", "/sign-in")
    person.press("With a passkey, as an officer", name="desk")
    person.reads("Signed in: Otto Proof, as an officer")
    person.visit("registrar", "/sign-in/code")
    person.fill("Code", code)
    person.fill("What you call the passkey", "Another")
    person.page.get_by_role("button", name="Make a passkey", exact=True).click()
    expect(person.page.get_by_role("status")).to_contain_text("the code does not count")


def test_who_is_new_and_has_no_wallet_registers_a_party_with_a_passkey(person: Person) -> None:
    put_authenticator_into(person)
    code = invitation_code(person.demo, "petra", name="Petra Party", role="applicant")
    person.visit("registrar", "/sign-in/code", name="first passkey")
    person.fill("Code", code)
    person.fill("What you call the passkey", "Telephone")
    person.press("Make a passkey", name="own registrations of who was invited")
    person.reads("Signed in: Petra Party, as a party")
    person.press("Sign out", name="register")
    person.visit("registrar", "/sign-in")
    person.press("With a passkey, for a party", name="own registrations")
    person.follow("Register a party", name="form")
    fill_in(person, identifier="NTRUT-88")
    person.press("Apply", name="own registrations")
    person.reads("waits for an officer")


def test_who_presses_twice_is_asked_once_and_signed_in(person: Person) -> None:
    put_authenticator_into(person)
    sign_in_for_a_party(person)
    person.follow("Passkeys", name="passkeys")
    person.fill("What you call it", "Telephone")
    person.page.get_by_role("button", name="Make a passkey", exact=True).evaluate(
        "button => { button.click(); button.click(); }"
    )
    person.reads("not used yet")
    person.press("Sign out", name="register")
    person.visit("registrar", "/sign-in")
    person.page.get_by_role("button", name="With a passkey, for a party", exact=True).evaluate(
        "button => { button.click(); button.click(); }"
    )
    person.reads("Signed in: Erika Voorbeeld, as a party")


def test_without_scripts_the_wallet_is_offered_alone(browser: Browser, demo: RunningDemo) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(demo.ready["registrar"] + "/sign-in")
    expect(page.get_by_role("button", name="Sign in for a party", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="With a passkey, for a party", exact=True)).to_be_hidden()
    expect(page.get_by_role("status")).to_have_text("A passkey needs a browser with scripts; your wallet does not.")
    context.close()
