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

from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check, Fault

COMMAND_LINE: Final = "command line"
"""What is malformed where a command is used wrongly: nobody has sent anything."""

_USAGE: Final = "give what is named as it is expected; the command's --help has every argument and option"


class ZegelError(Exception):
    """The root of every error that zegel raises on purpose.

    ``check`` is the rule that failed, ``field`` the path of the member at fault, ``detail`` what was expected. ``said``
    are the other side's own words, where it refused: people read them, and no log keeps them, for they may be anything.
    ``retry_after`` is after how many seconds it is worth trying again, where only time is lacking.
    """

    check: Check
    detail: str
    field: str = ""
    said: str = ""
    retry_after: int | None = None


class Malformed(ZegelError):
    """The input does not parse: its grammar, its size or its depth is off.

    ``what`` names the object ("key binding JWT"), ``where`` the place in it ("header.alg"), ``detail`` the
    expectation that it broke; ``expected`` is that alone.
    """

    def __init__(self, what: str, where: str, detail: str, *, check: Check = Check.SYNTAX) -> None:
        super().__init__(f"{what}: {where}: {detail}" if where else f"{what}: {detail}")
        self.check = check
        self.what = what
        self.where = where
        self.field = where
        self.expected = detail
        self.detail = f"{what}: {detail}"


class Rejected(ZegelError):
    """A check refuses input that parsed. ``field`` is the path of the member at fault, where there is one."""

    def __init__(
        self, check: Check, detail: str, *, field: str = "", said: str = "", retry_after: int | None = None
    ) -> None:
        super().__init__(f"{check.id}: {_with(detail, said)}")
        self.check = check
        self.detail = detail
        self.field = field
        self.said = said
        self.retry_after = retry_after


class Denied(ZegelError):
    """A protocol engine refuses its peer. ``code`` is what the wire carries, as its specification spells it."""

    def __init__(
        self,
        code: str,
        check: Check,
        detail: str,
        *,
        field: str = "",
        said: str = "",
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {check.id}: {_with(detail, said)}")
        self.code = code
        self.check = check
        self.detail = detail
        self.field = field
        self.said = said
        self.retry_after = retry_after


class Unavailable(ZegelError):
    """Something that is needed is missing: ``what`` names it, ``detail`` says in which way."""

    def __init__(
        self, what: str, detail: str, *, check: Check = Check.AVAILABILITY, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{what}: {detail}")
        self.check = check
        self.what = what
        self.detail = f"{what}: {detail}"
        self.retry_after = retry_after


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A refusal as people and programs get to read it, on a page, in JSON, in the log and from the command line."""

    check: str
    rule: str
    clause: str
    field: str
    fault: str
    remedy: str
    detail: str


def explain(error: ZegelError) -> Explanation:
    """Everything that can be said about a refusal: which rule, where, whose fault, and what to do.

    A refusal that names no place of its own is about what its rule is about.
    """
    check = error.check
    is_usage = isinstance(error, Malformed) and error.what == COMMAND_LINE
    return Explanation(
        check=check.id,
        rule=check.rule,
        clause=check.clause,
        field=error.field or check.field,
        fault=str(Fault.PERSON if is_usage else check.fault),
        remedy=_USAGE if is_usage else check.remedy,
        detail=_with(error.detail, error.said),
    )


def _with(detail: str, said: str) -> str:
    return f"{detail}: {said}" if said else detail
