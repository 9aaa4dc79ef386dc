"""A list takes little more memory than its own bytes, by what the kernel counts for a process that reads it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from zegel_testing import large_lists

from zegel.trust.lists.parse import MAX_ENTITIES, MAX_TRUSTED_LIST

pytestmark = pytest.mark.slow  # there is much to read


def measured(path: Path, count: int) -> Any:
    path.write_bytes(large_lists.large_list(count))
    environment = os.environ | {"PYTHONPATH": str(Path(large_lists.__file__).parents[1])}
    command = [sys.executable, "-m", large_lists.__name__, path]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    return json.loads(done.stdout)


def test_a_list_of_a_thousand_entities_is_verified_in_fifty_megabytes(tmp_path: Path) -> None:
    taken = measured(tmp_path / "list.jwt", 1_000)
    assert (taken["entities"], taken["anchors"]) == (1_000, 1_000)
    assert taken["bytes"] < 50_000_000


def test_the_longest_list_is_verified_in_three_times_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "list.jwt"
    taken = measured(path, MAX_ENTITIES)
    assert (taken["entities"], taken["anchors"]) == (20_000, 20_000)
    assert path.stat().st_size < MAX_TRUSTED_LIST
    assert taken["bytes"] <= 3 * path.stat().st_size
