"""The door to the wallet's pages: a one-time code from whoever started the wallet, for a cookie.

A port on loopback is open to every program and every user of the machine. The code shows that the browser is the
owner's: it is seen where the wallet was started, and typed into a form, so that it stands in no address, no history and
no log.
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.services.ports import Clock, Random
from zegel.web.browser import Browser

MAX_TRIES: Final = 10  # a code of 40 bits, ten guesses, one minute
MAX_BROWSERS: Final = 32  # that are let in at once; the first go first
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, whose letters are not mistaken for others
_AS_MEANT: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})
_CODE_BYTES: Final = 5


@final
class Door:
    """Who may see the pages. ``announce`` shows a code where only the owner sees it: in the terminal.

    All of it is forgotten when the wallet ends.
    """

    def __init__(self, *, clock: Clock, random: Random, seconds: int, announce: Callable[[str], None]) -> None:
        self._clock = clock
        self._random = random
        self._seconds = seconds
        self._announce = announce
        self._code: bytes | None = None
        self._expires = 0
        self._tries = 0
        self._inside: dict[str, str | None] = {}

    def fresh_code(self) -> str:
        """A new code, for a minute and one use; the one before it is good for nothing any more."""
        number = int.from_bytes(self._random(_CODE_BYTES))
        code = "".join(_LETTERS[number >> 5 * at & 31] for at in range(8))
        self._code = _digest(code)
        self._expires = self._clock.now() + self._seconds
        self._tries = 0
        return f"{code[:4]}-{code[4:]}"

    def show_code(self) -> None:
        """Have a new code shown to the owner, unless one is out: whoever asks in a circle changes nothing."""
        if self._code is None or self._clock.now() >= self._expires:
            self._announce(self.fresh_code())

    def enter(self, code: str, browser: Browser, *, before: Browser | None) -> Browser:
        """Let a browser in for the code, under its new id; ``Rejected(LAUNCH)`` for a wrong, old or used one.

        What it began under the id ``before`` stays its own.
        """
        if self._code is None and self._tries >= MAX_TRIES:
            # whoever tried: a port of this machine is open to all of its programs
            detail = "too many wrong codes were entered, so the code that was shown counts no more; show another one"
            raise Rejected(Check.LAUNCH, detail, field="code")
        if self._code is None or self._clock.now() >= self._expires:
            raise Rejected(Check.LAUNCH, "expected a code that was shown within this minute", field="code")
        self._tries += 1
        if not hmac.compare_digest(self._code, _digest(code.upper().translate(_AS_MEANT))):
            if self._tries >= MAX_TRIES:
                self._code = None
            raise Rejected(Check.LAUNCH, "expected the code that was shown", field="code")
        self._code, self._tries = None, 0
        while len(self._inside) >= MAX_BROWSERS:
            del self._inside[next(iter(self._inside))]
        self._inside[browser.id] = None if before is None else before.binding
        return browser

    def bindings(self, browser: Browser) -> frozenset[str] | None:
        """The digests under which a browser is known; None for one that was not let in."""
        if browser.id not in self._inside:
            return None
        before = self._inside[browser.id]
        return frozenset({browser.binding} if before is None else {browser.binding, before})


def _digest(code: str) -> bytes:
    return sha256(code.encode()).digest()
