"""A page as a tree reader sees it, and what every page of every role keeps to."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

from zegel.web import pages

VOID = {"meta", "link", "input", "img", "br", "hr"}
STYLE = Path(pages.__file__).with_name("static").joinpath("zegel.css").read_text()


class Page(HTMLParser):
    """A page as a tree reader sees it; fails where a browser would have to guess."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str], tuple[str, ...]]] = []
        self.texts: dict[int, str] = {}
        self.starts: list[int] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        self.elements.append((tag, {name: value or "" for name, value in attrs}, tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)
            self.starts.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> does not close the innermost element"
        self.starts.pop()

    def handle_data(self, data: str) -> None:
        for start in self.starts:
            self.texts[start] = self.texts.get(start, "") + data

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes, _ in self.elements if tag in tags]

    def text(self, tag: str) -> list[str]:
        return [
            " ".join(self.texts.get(position, "").split())
            for position, (name, _, _) in enumerate(self.elements)
            if name == tag
        ]


def checked_page(html: str) -> Page:
    """The page, if it is well-formed, needs no script and nothing from elsewhere, and speaks to every reader."""
    page = Page(html)
    assert {tag for tag, _, _ in page.elements}.isdisjoint({"script", "style", "iframe", "object", "embed", "base"})
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids)), "an id stands twice"
    for tag, attributes, _ in page.elements:
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        for name in ("src", "action") + (("href",) if tag == "link" else ()):
            assert name not in attributes or re.match(r"/(?!/)|data:image/", attributes[name]), f"{tag} {name}"
        for name in ("for", "aria-labelledby", "aria-describedby"):
            assert set(attributes.get(name, "").split()) <= set(ids)
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), "a level of heading is left out"
    labelled = {label["for"] for label in page.all("label")}
    for control in page.all("input", "select", "textarea"):
        assert control.get("type") == "hidden" or control["id"] in labelled
    assert all("alt" in image for image in page.all("img"))
    assert all(page.text("button"))
    assert len(page.all("form")) == len([field for field in page.all("input") if field.get("name") == "csrf"])
    used = {name for _, attributes, _ in page.elements for name in attributes.get("class", "").split()}
    assert used - set(re.findall(r"\.([a-z][a-z-]*)", STYLE)) <= {"button-primary"}
    return page
