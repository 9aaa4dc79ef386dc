"""Many short JSON texts in base64url at once: an SD-JWT is little else, and each alone would take twice as long."""

from typing import Final

import orjson
from pybase64 import b64decode

from zegel.primitives.json import MAX_DEPTH, Json, count_containers

# By length modulo four, what fills up a text so that a comma, and before it at most line feeds, stands behind its JSON.
# A text cannot have a remainder of one. Unused bits that are not zero make that byte another one, which fits nowhere.
_COMMA: Final = (b"Cgos", b"!", b"os", b"s")
_PLUS, _SLASH, _EQUALS = b"+/="
_CONTAINERS: Final = frozenset({dict, list})


def parse_json_parts(texts: list[bytes], what: str) -> list[Json] | None:
    """Parse base64url texts that each hold an object or an array; None where a text has to be looked at alone.

    That is one which is malformed, written with spaces, or deep. ``Malformed`` where they are too many values together.
    """
    encoded = b"".join([text + _COMMA[len(text) & 3] for text in texts])
    if _PLUS in encoded or _SLASH in encoded or _EQUALS in encoded:  # which the decoder would let pass
        return None
    try:
        together = b64decode(encoded, b"-_", True)
        # with one in each, none is deeper than that
        if count_containers(together, what) - len(texts) >= MAX_DEPTH:
            return None
        *values, _ = orjson.loads(b"[%b0]" % together)
    except ValueError:
        return None
    # What re-serialises to its own text, in its own length, had no name twice, and did not lean on its neighbours.
    written = list(map(orjson.dumps, values))
    alone = list(map(len, written)) == [len(text) * 3 >> 2 for text in texts]
    if not alone or b",".join((*written, b"")) != together.replace(b"\n", b""):
        return None
    return values if _CONTAINERS.issuperset(map(type, values)) else None
