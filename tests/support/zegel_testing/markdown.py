"""The documents as their readers get them: fenced blocks, tables, links, and the anchors of headings."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)

_FENCE = re.compile(r"```(\S*) ?(.*)")
_HEADING = re.compile(r"#{1,6} (.+)")
_LINK = re.compile(r"\[(?:[^][]|\[[^][]*\])*\]\(([^()\s]+)\)")
_CODE = re.compile(r"`[^`]+`")


@dataclass(frozen=True)
class Block:
    """A fenced block. ``purpose`` is what stands behind the language: a reader does not see it, a test goes by it."""

    path: Path
    line: int
    language: str
    purpose: str
    text: str

    @property
    def kind(self) -> str:
        """Language and purpose."""
        return f"{self.language} {self.purpose}".strip()

    @property
    def name(self) -> str:
        """Where it is, for people."""
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks(path: Path) -> Iterator[Block]:
    """The fenced blocks of a document."""
    opened: tuple[int, str, str] | None = None
    lines: list[str] = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        fence = _FENCE.fullmatch(line)
        if fence is None:
            lines.append(line)
        elif opened is None:
            opened, lines = (number, fence[1], fence[2]), []
        else:
            assert line == "```", f"{path.name}:{number} closes no block"
            yield Block(path, *opened, "".join(f"{text}\n" for text in lines))
            opened = None
    assert opened is None, f"{path.name}: a block is not closed"


def all_blocks(kind: str | None = None) -> list[Block]:
    """The blocks of every document, or those of a kind."""
    return [block for path in DOCUMENTS for block in blocks(path) if kind in (None, block.kind)]


def the_block(kind: str) -> Block:
    """The one block of its kind."""
    (block,) = all_blocks(kind)
    return block


def prose(path: Path) -> str:
    """A document without its fenced blocks."""
    text, inside = [], False
    for line in path.read_text().splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            text.append(line)
    return "\n".join(text)


def links(path: Path) -> list[str]:
    """Where the links and the pictures of a document lead."""
    return [found[1] for found in _LINK.finditer(_CODE.sub("", prose(path)))]


def anchors(path: Path) -> list[str]:
    """The anchors of a document's headings, as forges make them: lower case, hyphens for spaces, letters alone."""
    headings = [found[1] for line in prose(path).splitlines() if (found := _HEADING.fullmatch(line)) is not None]
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def rows(path: Path, head: Sequence[str]) -> list[list[str]]:
    """The rows of every table with these columns."""
    found: list[list[str]] = []
    inside = False
    for line in prose(path).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            inside = False
        elif cells == list(head):
            inside = True
        elif inside and set(line) - set("|- "):
            found.append(cells)
    return found
