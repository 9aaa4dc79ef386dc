"""Which arguments hold the words of a message, and never what is compared."""

import ast
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

WORDS: Final = frozenset({"what", "where", "field", "detail", "said"})
Wording = Mapping[str, AbstractSet[int]]
"""By a function's name, the positions of such arguments."""


def find_wording(sources: Iterable[str]) -> Wording:
    """Read the definitions of all functions; one whose definitions disagree has no such positions."""
    found: dict[str, AbstractSet[int]] = {}
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args) if arg.arg not in {"self", "cls"}]
                positions = {position for position, name in enumerate(names) if name in WORDS}
                found[node.name] = positions & found.get(node.name, positions)
    return found
