"""The documents that are made from the code and from the tests are as the code and the tests are."""

import pytest
from write_docs import DOCS, WRITTEN
from zegel_docs.commands import EXITS
from zegel_docs.limits import limits

from zegel.cli import output
from zegel.cli.main import COMMANDS


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_a_document_that_is_made_from_the_code_is_current(name: str) -> None:
    written = WRITTEN[name]() == (DOCS / name).read_text()  # the difference would be pages long
    assert written, f"docs/{name} is out of date: .venv/bin/python tools/write_docs.py"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_reference(command: str) -> None:
    assert f"## `zegel {command}`\n" in (DOCS / "commands.md").read_text()


def test_every_exit_code_has_its_words() -> None:
    assert set(EXITS) == {value for name, value in vars(output).items() if name.isupper() and isinstance(value, int)}


@pytest.mark.slow
def test_every_limit_says_where_its_number_comes_from() -> None:
    found = limits()
    assert len(found) > 200
    assert [limit.path for limit in found if not limit.why] == []
