"""The members that only OpenID4VP has, read by type and within limits; ``Malformed`` names the member."""

import re
from typing import Final

from zegel.errors import Malformed
from zegel.primitives.json import Json

_URL_SAFE: Final = re.compile(r"[A-Za-z0-9._~-]{1,1000}")


def read_url_safe(value: Json, *, what: str, where: str) -> str:
    """A text of the characters that nonce and state may have (section 5.2)."""
    if type(value) is not str or _URL_SAFE.fullmatch(value) is None:
        raise Malformed(what, where, "expected one to 1000 letters, digits, hyphens, periods, underscores and tildes")
    return value
