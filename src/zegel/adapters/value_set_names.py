"""What the codes in health certificates mean, as the published value sets say it in English."""

from functools import cache
from importlib.resources import files
from typing import Any

from zegel.formats.hcert.names import ValueSets
from zegel.primitives.json import parse_object


@cache
def load_value_sets() -> ValueSets:
    """The package's own: of each set its codes, and the name of each."""
    text = files("zegel").joinpath("adapters", "value_sets", "names.json").read_bytes()
    sets: dict[str, Any] = parse_object(text, what="value sets")
    return {name: dict(codes) for name, codes in sets.items()}
