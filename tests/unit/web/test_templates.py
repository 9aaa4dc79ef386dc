"""The gallery of components: each page is well-formed, speaks to every reader, and needs nothing else."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from zegel_testing.gallery import EXPLANATION, GALLERY, WALLET, refused, rendered
from zegel_testing.page import Page

from zegel.web import pages

STYLE = Path(pages.__file__).with_name("static").joinpath("zegel.css").read_text()
PAGES = pytest.mark.parametrize("html", GALLERY.values(), ids=GALLERY)


@PAGES
def test_a_page_is_well_formed(html: str) -> None:
    assert html.startswith("<!doctype html>")
    Page(html)


@PAGES
def test_a_page_has_no_script_and_no_style_of_its_own(html: str) -> None:
    page = Page(html)
    assert {tag for tag, _, _ in page.elements}.isdisjoint({"script", "style", "iframe", "object", "embed", "base"})
    for _, attributes, _ in page.elements:
        assert not any(name == "style" or name.startswith("on") for name in attributes)


@PAGES
def test_a_page_needs_nothing_from_elsewhere(html: str) -> None:
    page = Page(html)
    for tag, attributes, _ in page.elements:
        for name in ("src", "action") + (("href",) if tag == "link" else ()):
            if name in attributes:
                assert re.match(r"/(?!/)|data:image/", attributes[name]), f"{tag} {name}"


@PAGES
def test_a_page_says_its_language_its_title_and_who_speaks(html: str) -> None:
    page = Page(html)
    assert page.all("html")[0]["lang"]
    (title,), (heading,) = page.text("title"), page.text("h1")
    assert title.startswith(heading)
    speaker = page.text("header")[0]
    assert ".localhost:" in speaker


@PAGES
def test_a_page_has_landmarks_and_a_way_past_them(html: str) -> None:
    page = Page(html)
    assert [len(page.all(tag)) for tag in ("header", "main", "footer")] == [1, 1, 1]
    first = page.all("a")[0]
    assert first["href"] == "#" + page.all("main")[0]["id"]


@PAGES
def test_headings_leave_no_level_out(html: str) -> None:
    levels = [int(tag[1]) for tag, _, _ in Page(html).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@PAGES
def test_every_control_has_a_label_and_every_picture_a_text(html: str) -> None:
    page = Page(html)
    labelled = {label["for"] for label in page.all("label")}
    for control in page.all("input", "select", "textarea"):
        assert control.get("type") == "hidden" or control["id"] in labelled
    assert all("alt" in image for image in page.all("img"))
    assert all(page.text("button"))
    assert all(page.text("a"))
    assert all(text for text in page.text("legend"))


@PAGES
def test_references_within_a_page_lead_somewhere(html: str) -> None:
    page = Page(html)
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes, _ in page.elements:
        for name in ("for", "aria-labelledby", "aria-describedby"):
            for reference in attributes.get(name, "").split():
                assert reference in ids, reference
        assert attributes.get("aria-describedby", "x")


@PAGES
def test_every_form_carries_its_csrf_token(html: str) -> None:
    page = Page(html)
    forms = page.all("form")
    tokens = [attributes for attributes in page.all("input") if attributes.get("name") == "csrf"]
    assert len(forms) == len(tokens)
    assert all(form["method"] == "post" for form in forms)
    assert all(token["value"] == "the-token" for token in tokens)


@PAGES
def test_every_class_is_styled(html: str) -> None:
    styled = set(re.findall(r"\.([a-z][a-z-]*)", STYLE))
    used = {name for _, attributes, _ in Page(html).elements for name in attributes.get("class", "").split()}
    assert used - styled <= {"button-primary"}, used - styled


def test_a_refusal_says_everything_and_the_request() -> None:
    text = Page(GALLERY["error"]).text("main")[0]
    for said in (
        EXPLANATION.check,
        EXPLANATION.rule,
        EXPLANATION.detail,
        EXPLANATION.field,
        EXPLANATION.clause,
        EXPLANATION.fault,
        EXPLANATION.remedy,
        "5f0c1e22ab34cd56",
    ):
        assert said in text


def test_our_own_bug_says_the_request_and_no_more() -> None:
    text = Page(GALLERY["bug"]).text("main")[0]
    assert "5f0c1e22ab34cd56" in text
    assert "Rule" not in text


def test_a_refusal_may_lead_back() -> None:
    assert "/" in [link["href"] for link in Page(refused(EXPLANATION, 400, back=("/", "Back"), **WALLET)).all("a")]


def test_what_is_shown_cannot_become_markup() -> None:
    html = rendered("consent.html", title="<script>alert(1)</script>", navigation=[], **WALLET)
    assert "<script" not in html
    assert Page(html).text("h1") == ["<script>alert(1)</script>"]


@pytest.mark.slow
@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\x00", "\x1b", "\x9b"])
def test_what_is_shown_cannot_turn_what_stands_around_it(character: str) -> None:
    html = rendered("consent.html", title=f"Pay {character}001", navigation=[], **WALLET)
    assert character not in html
    assert Page(html).text("h1") == [f"Pay \\u{ord(character):04x}001"]


def test_a_name_is_shown_in_its_own_script() -> None:
    name = "\u05d3\u05d5\u05d3\u200f \u0645\u06cc\u200c\u062e Zoe\u0308 \U0001f469\u200d\U0001f52c"
    assert name in rendered("consent.html", title=name, navigation=[], **WALLET)


def test_a_value_that_a_template_needs_cannot_be_forgotten() -> None:
    with pytest.raises(UndefinedError, match="role"):
        pages.render_page("error.html", title="t")


def test_the_files_beside_the_templates_may_be_kept() -> None:
    for name, kind in (("zegel.css", "text/css; charset=utf-8"), ("seal.svg", "image/svg+xml")):
        response = pages.static_file(name)
        assert response.status == 200
        assert response.header("content-type") == kind
        assert "immutable" in response.header("cache-control")
        assert pages.static_url(name).startswith(f"/static/{name}?v=")
    assert pages.static_file("../pages.py").status == 404


# --- colours: WCAG 2.2 success criteria 1.4.3 and 1.4.11 --------------------------------------------------------------

TEXT = [
    *((ink, ground) for ink in ("ink", "faint", "link") for ground in ("paper", "sheet")),
    *(("ink", f"{kind}-ground") for kind in ("info", "good", "warn", "bad")),
    *((kind, f"{kind}-ground") for kind in ("info", "good", "warn", "bad")),
    ("link", "info-ground"),
    ("bad", "paper"),
    ("bad", "sheet"),
    ("on-primary", "primary"),
    ("on-primary", "primary-hover"),
    ("on-danger", "danger"),
    ("on-danger", "danger-hover"),
]
EDGES = [
    (edge, ground) for edge in ("edge", "focus", "primary", "danger", "wax", "bad") for ground in ("paper", "sheet")
]


def palette(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return colours if scheme == "light" else colours | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (EDGES, 3.0)], ids=["text", "edges"])
def test_every_pair_of_colours_can_be_told_apart(scheme: str, pairs: list[tuple[str, str]], least: float) -> None:
    colours = palette(scheme)
    faint = {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair in pairs
        if contrast(colours[pair[0]], colours[pair[1]]) < least
    }
    assert faint == {}


def test_the_style_loads_nothing() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
