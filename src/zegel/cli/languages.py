"""In which languages a command says what others have written in several: ``--language``, else the terminal's locale."""

import os
from argparse import ArgumentParser, Namespace
from typing import Final

from zegel.errors import Malformed
from zegel.primitives.languages import LANGUAGE, MAX_LANGUAGES

_LOCALES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")  # POSIX.1-2024 section 8.2: the first that is set and not empty
_NO_LANGUAGE: Final = frozenset({"C", "POSIX"})
_HELP: Final = "the language of a rule's reason, as de or de,nl; may be repeated (default: the locale's, then en)"


def add_language_argument(parser: ArgumentParser) -> None:
    """Add ``--language``."""
    parser.add_argument("--language", metavar="TAG", action="append", default=[], help=_HELP)


def languages_of(args: Namespace) -> tuple[str, ...]:
    """The reader's languages, best first; ``Malformed`` for what is no tag of a language, and for too many."""
    named = [tag.strip() for text in args.language for tag in text.split(",")]
    if len(named) > MAX_LANGUAGES or not all(LANGUAGE.fullmatch(tag) for tag in named):
        detail = f"expected tags of languages, as de or nl-BE, and {MAX_LANGUAGES} at most"
        raise Malformed("command line", "--language", detail)
    return tuple(named) or _of_locale()


def _of_locale() -> tuple[str, ...]:
    """That of the locale, as ``de_BE.UTF-8``; none where it has none."""
    locale = next((value for name in _LOCALES if (value := os.environ.get(name))), "")
    language = locale.partition(".")[0].partition("@")[0].replace("_", "-")
    return (language,) if language not in _NO_LANGUAGE and LANGUAGE.fullmatch(language) else ()
