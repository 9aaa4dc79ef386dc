"""The vectors for mdocs that others made, and what of them is skipped."""

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[2] / "vectors" / "mdoc"
SKIPS = tomllib.loads((VECTORS / "skips.toml").read_text())
SKIPPED = {skip["id"]: skip["reason"] for skip in SKIPS["skip"]}
ANNEX_D = "iso18013-5-annex-d.json"


@cache
def load(name: str) -> Any:
    """A file of JSON."""
    return json.loads((VECTORS / name).read_text())


def annex_d(name: str) -> bytes:
    """A value of annex D of ISO/IEC 18013-5; one that is skipped is not to be had."""
    full = f"ISO_18013_5_ANNEX_D_{name}"
    assert f"{ANNEX_D}/{full}" not in SKIPPED
    return bytes.fromhex(load(ANNEX_D)["hex"][full])
