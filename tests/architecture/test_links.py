"""Every link of the documents leads somewhere within the project."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from zegel_testing.markdown import DOCUMENTS, ROOT, anchors, links, prose

from zegel.cli.main import COMMANDS

LINKS = [(path, link) for path in DOCUMENTS for link in links(path)]
RELATIVE = [(path, link) for path, link in LINKS if not urlsplit(link).scheme]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_to_an_anchor(path: Path) -> None:
    for link in [link for source, link in RELATIVE if source == path]:
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        assert file.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(file), link


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_anchor_stands_twice(path: Path) -> None:
    found = [anchor for anchor in anchors(path) if path.name != "CHANGELOG.md"]
    assert len(found) == len(set(found))


def test_what_leads_outside_is_the_exception() -> None:
    """Addresses of others go stale; nothing here needs one."""
    assert [link for path, link in LINKS if (path, link) not in RELATIVE] == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path not in reached and path.suffix == ".md" and path.is_relative_to(ROOT):
            reached.add(path)
            waiting += [(path.parent / link.partition("#")[0]).resolve() for link in links(path)]
    assert set(DOCUMENTS) <= reached


def test_every_command_that_prose_names_is_there() -> None:
    """``zegel frobnicate`` between backticks would be a command that there is not."""
    for path in DOCUMENTS:
        for part in prose(path).split("`")[1::2]:
            words = part.split()
            if len(words) > 1 and words[0] == "zegel" and words[1].islower():
                assert words[1] in COMMANDS, f"{path.name}: {part}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_named_in_the_readme_or_in_the_docs(command: str) -> None:
    assert any(f"zegel {command}" in path.read_text() for path in DOCUMENTS)
