"""The rules for pages find what is wrong: on a page on which everything is."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from zegel_testing.chromium import new_context
from zegel_testing.page_rules import faults_of

pytestmark = pytest.mark.slow  # a browser has to start

GOOD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Good</title></head><body><main><h1>Good</h1>%s</main></body></html>"""
WRONG = {
    "an h1 too many": ("<h1>Again</h1>", "not one h1"),
    "a level left out": ("<h3>Deep</h3>", "a level is left out"),
    "a field without a label": ('<form method="post"><input name="x"></form>', "no label"),
    "a picture without words": ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', "no alt"),
    "a link without words": ('<a href="/"></a>', "says nothing"),
    "a form that shows what was filled in": ("<form><button>Go</button></form>", "does not post"),
    "a search for more than words": (
        '<form role="search"><label>Name<input name="x"></label><button>Go</button></form>',
        "does not post",
    ),
    "a script": ("<script>1</script>", "a script"),
    "a style": ('<p style="margin:0">Text</p>', "inline"),
    "a script in an attribute": ('<p onclick="1">Text</p>', "inline"),
    "something from elsewhere": ('<img alt="" src="https://elsewhere.example/x.png">', "from elsewhere"),
    "a name for nothing": ('<p aria-describedby="nobody">Text</p>', "refers to nothing"),
    "one id twice": ('<p id="a">A</p><p id="a">B</p>', "an id twice"),
    "a wide table": ("<pre>" + "x" * 200 + "</pre>", "360 px: wider than the window"),
    "pale text": ('<font color="#aaaaaa">Text</font>', "light, 1000 px: contrast"),
    "dark text on dark": ('<font color="#222222">Text</font>', "contrast"),
    "a link that Tab leaves out": ('<a href="/" tabindex="-1">Away</a>', "Tab goes"),
    "a thin line around what has the focus": ('<a href="/">Here</a>', "focus is not seen"),
    "an order of its own": ('<a href="/a">First</a><a href="/b" tabindex="1">Second</a>', "Tab goes"),
}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = new_context(browser)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_page_is_found(page: Page, name: str) -> None:
    body, fault = WRONG[name]
    page.set_content(GOOD % body)
    assert [found for found in faults_of(page) if fault in found]


def test_a_good_page_has_no_faults(page: Page) -> None:
    page.set_content(GOOD % "<p>Nothing is wrong.</p>")
    assert faults_of(page) == []


def test_a_search_and_what_is_folded_up_are_no_faults(page: Page) -> None:
    search = '<form role="search"><label>Name <input type="search" name="q"></label><button>Look it up</button></form>'
    folded = "<details><summary>More</summary><label>Name <input></label><button>Go</button></details>"
    page.set_content(GOOD % (search + folded))
    assert [fault for fault in faults_of(page) if "focus" not in fault] == []  # whose line is the browser's own here
