"""Writes the documents anew that are made from the code and from the tests. A test says when one is out of date."""

from collections.abc import Callable, Mapping
from pathlib import Path

from zegel_docs.checks import render_checks
from zegel_docs.commands import render_commands
from zegel_docs.limits import render_limits
from zegel_docs.requirements import render_requirements

from zegel.config.render import render_list_description, render_reference

DOCS = Path(__file__).parents[1] / "docs"
WRITTEN: Mapping[str, Callable[[], str]] = {
    "checks.md": render_checks,
    "commands.md": render_commands,
    "configuration.md": render_reference,
    "list-description.md": render_list_description,
    "limits.md": render_limits,
    "requirements.md": render_requirements,
}


def main() -> None:
    """Write what has changed, and say so."""
    for name, render in WRITTEN.items():
        path, content = DOCS / name, render()
        if not path.exists() or path.read_text() != content:
            path.write_text(content)
            print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
