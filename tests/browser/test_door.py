"""The door in Chromium, as a doorkeeper uses it: a telephone is held before it, and yes or no stands there."""

import pytest
from playwright.sync_api import Browser, expect
from zegel_testing.chromium import new_context
from zegel_testing.demo import RunningDemo
from zegel_testing.page_rules import faults_of
from zegel_testing.person import Person
from zegel_testing.telephone import hold_before

from zegel.formats.credential import Format

pytestmark = pytest.mark.slow
ANSWERED = 15_000  # milliseconds; the page looks every few seconds


@pytest.mark.parametrize(
    ("format_", "valid", "word"),
    [(Format.SD_JWT_VC, True, "Yes"), (Format.MDOC, False, "No")],
    ids=["yes", "no"],
)
def test_a_telephone_is_held_before_the_door(
    browser: Browser, demo: RunningDemo, format_: Format, valid: bool, word: str
) -> None:
    context = new_context(browser)
    keeper = Person(context.new_page(), demo)
    faults: list[str] = []
    keeper.visit("door")
    faults += faults_of(keeper.page)
    keeper.press("Ask the next one", name="code at the door")
    faults += faults_of(keeper.page)
    hold_before(demo, keeper.page.content(), valid=valid, format_=format_)
    heading = keeper.page.get_by_role("heading", level=1)
    expect(heading).to_have_text(word, timeout=ANSWERED)  # by itself: nobody clicks
    faults += faults_of(keeper.page)
    height = keeper.page.locator(".verdict").bounding_box()
    assert height is not None
    assert height["height"] > 120, "to be read across a table"
    keeper.press("Forget", name="the next one")
    keeper.heading("Show me")
    context.close()
    assert faults == []
