"""The screenshots are there, small, of a size, and each is shown and described."""

import re

import pytest
from zegel_testing.markdown import ROOT, prose

FOLDER = ROOT / "docs" / "screenshots"
FILES = sorted(FOLDER.iterdir())
SHOWN = re.findall(r"!\[([^]]+)\]\(screenshots/([^)]+)\)", prose(ROOT / "docs" / "screenshots.md"))
MOST = 150_000  # bytes: whoever clones the project gets them all
SCRIPT = (ROOT / "tools" / "take_screenshots.py").read_text()


def test_every_screenshot_is_shown_and_described() -> None:
    assert sorted(name for _, name in SHOWN) == [path.name for path in FILES]
    assert all(len(words) > 10 for words, _ in SHOWN)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_screenshot_is_a_small_picture_that_the_script_takes(path) -> None:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(data) < MOST
    assert int.from_bytes(data[16:20], "big") == 900
    assert f'"{path.stem}"' in SCRIPT


def test_the_readme_shows_two_of_them() -> None:
    shown = re.findall(r"!\[[^]]+\]\(docs/screenshots/([^)]+)\)", prose(ROOT / "README.md"))
    assert len(shown) == 2
    assert set(shown) <= {path.name for path in FILES}
