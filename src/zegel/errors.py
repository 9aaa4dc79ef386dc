"""The four ways in which zegel says no.

    ZegelError
      Malformed     the input does not parse                 raised by ``parse_*`` only
      Rejected      it parsed, and a check refuses it        raised by ``verify_*``, ``check_*``, ``conclude``
      Denied        the protocol says no to its peer         raised by the engines in ``protocols`` only
      Unavailable   a network, a store or a key is missing   raised by adapters only

Any other exception out of this package is a bug of ours.

Messages are lower case and without a full stop; they say what was expected and what came, and never carry a
claim's value, a token or a key.
"""

from zegel.checks import Check


class ZegelError(Exception):
    """The root of every error that zegel raises on purpose."""


class Malformed(ZegelError):
    """The input does not parse: its grammar, its size or its depth is off.

    ``what`` names the object ("key binding JWT"), ``where`` the place in it ("header.alg"), ``detail`` the
    expectation that it broke.
    """

    def __init__(self, what: str, where: str, detail: str) -> None:
        super().__init__(f"{what}: {where}: {detail}" if where else f"{what}: {detail}")
        self.what = what
        self.where = where
        self.detail = detail


class Rejected(ZegelError):
    """A check refuses input that parsed. ``field`` is the path of the member at fault, where there is one."""

    def __init__(self, check: Check, detail: str, *, field: str = "") -> None:
        super().__init__(f"{check.id}: {detail}")
        self.check = check
        self.detail = detail
        self.field = field


class Denied(ZegelError):
    """A protocol engine refuses its peer. ``code`` is what the wire carries, as its specification spells it."""

    def __init__(self, code: str, check: Check, detail: str, *, field: str = "") -> None:
        super().__init__(f"{code}: {check.id}: {detail}")
        self.code = code
        self.check = check
        self.detail = detail
        self.field = field


class Unavailable(ZegelError):
    """Something outside is missing: ``what`` names it, ``detail`` says in which way."""

    def __init__(self, what: str, detail: str) -> None:
        super().__init__(f"{what}: {detail}")
        self.what = what
        self.detail = detail
