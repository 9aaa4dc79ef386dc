"""The form of a CertLogic expression, read whole before anything of it is evaluated (CertLogic 1.3.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.json import Json, JsonObject

MAX_PARTS: Final = 2_000  # of one expression; the largest of the official rules has 86
MAX_INTEGER: Final = (1 << 53) - 1  # beyond it ECMAScript, by which the language is defined, cannot tell integers apart
_WHAT: Final = "CertLogic expression"
_UNITS: Final = ("year", "month", "day", "hour")
_MANY: Final = MAX_PARTS
_COUNTS: Final[Mapping[str, tuple[int, int]]] = {
    "if": (3, 3),
    "and": (2, _MANY),
    "!": (1, 1),
    "reduce": (3, 3),
    "dccDateOfBirth": (1, 1),
    "plusTime": (3, 3),
    "extractFromUVCI": (2, 2),
    **dict.fromkeys(("===", "in", "+"), (2, 2)),
    **dict.fromkeys(("<", ">", "<=", ">=", "after", "before", "not-after", "not-before"), (2, 3)),
}
_ONE_EVALUATED: Final = ("plusTime", "extractFromUVCI")  # their other operands stand as they are


@final
@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that is of the language's form."""

    json: Json


def parse_expression(value: Json, *, where: str = "") -> Expression:
    """Parse an expression out of JSON, which bounds its depth; ``Malformed`` names the place, after ``where``."""
    _Parser().read(value, where)
    return Expression(value)


def is_integer(value: object) -> bool:
    """Whether a number is one of the language's: JSON makes no difference between 1 and 1.0."""
    if type(value) is float:
        return value.is_integer() and abs(value) <= MAX_INTEGER
    return type(value) is int and abs(value) <= MAX_INTEGER


class _Parser:
    """Counts the parts of one expression while it reads them."""

    def __init__(self) -> None:
        self._size = 0

    def read(self, value: Json, where: str) -> None:
        self._size += 1
        if self._size > MAX_PARTS:
            raise Malformed(_WHAT, where, f"expected at most {MAX_PARTS} parts")
        if type(value) is list:
            for position, item in enumerate(value):
                self.read(item, f"{where}[{position}]")
        elif type(value) is dict:
            self._read_operation(value, where)
        elif not isinstance(value, bool | str) and not is_integer(value):
            raise Malformed(_WHAT, where, "expected an operation, an array, a boolean, an integer or text")

    def _read_operation(self, value: JsonObject, where: str) -> None:
        if len(value) != 1:
            raise Malformed(_WHAT, where, f"expected an object of one operation, got {len(value)}")
        ((operation, operands),) = value.items()
        if operation == "var":
            _check_path(operands, f"{where}.var")
            return
        if operation not in _COUNTS:
            raise Malformed(_WHAT, where, "expected an operation of CertLogic")
        where = f"{where}.{operation}"
        least, most = _COUNTS[operation]
        if type(operands) is not list or not least <= len(operands) <= most:
            expected = str(least) if least == most else f"{least} to {most}"
            raise Malformed(_WHAT, where, f"expected an array of {expected} operands")
        for position, operand in enumerate(operands[: 1 if operation in _ONE_EVALUATED else most]):
            self.read(operand, f"{where}[{position}]")
        if operation in _ONE_EVALUATED and not is_integer(operands[1]):
            raise Malformed(_WHAT, f"{where}[1]", "expected an integer")
        if operation == "plusTime" and operands[2] not in _UNITS:
            raise Malformed(_WHAT, f"{where}[2]", "expected year, month, day or hour")


def _check_path(path: Json, where: str) -> None:
    if type(path) is not str or (path and not all(path.split("."))):
        raise Malformed(_WHAT, where, "expected names and positions with points between them")
