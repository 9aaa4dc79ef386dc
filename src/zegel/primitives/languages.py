"""What languages somebody reads, best first, as their browser says (RFC 9110 section 12.5.4)."""

import re
from typing import Final

MAX_ACCEPTED: Final = 1_000  # characters; a browser with ten languages sends a hundred
MAX_LANGUAGES: Final = 16  # more than anybody reads; the Union has 24
LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,7}")  # RFC 4647 section 2.1, and an end
_ENTRY: Final = re.compile(
    rf"[ \t]*({LANGUAGE.pattern})(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{{0,3}})?|1(?:\.0{{0,3}})?))?[ \t]*"
)


def accepted_languages(header: str) -> tuple[str, ...]:
    """The languages of an Accept-Language, best first; none of what is no such header, which asks for nothing.

    "*" and what has a quality of 0 are left out. Nobody is refused a page for a header that cannot be read.
    """
    if len(header) > MAX_ACCEPTED:
        return ()
    entries = [found for part in header.split(",") if (found := _ENTRY.fullmatch(part)) is not None]
    weighed = [(float(entry[2] or 1), entry[1]) for entry in entries]
    ordered = sorted(weighed, key=lambda each: -each[0])  # which leaves those of one quality as they stand
    return tuple(dict.fromkeys(language for quality, language in ordered if quality > 0))[:MAX_LANGUAGES]
