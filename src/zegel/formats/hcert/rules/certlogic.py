"""CertLogic 1.3.3: a small language without loops or side effects, in which countries write what they ask.

An expression is parsed whole, so that evaluating it fails only by what it finds in the data, and never takes more than
so many steps. Where the specification leaves something open, npm ``certlogic-js`` 1.2 says what is meant.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from zegel.formats.hcert.rules.dates import DateTime, date_of_birth, date_time, plus_time
from zegel.formats.hcert.rules.expression import MAX_INTEGER, Expression, is_integer
from zegel.primitives.json import Json

MAX_STEPS: Final = 100_000  # parts evaluated, and entries looked through; no official rule takes two thousand
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_SEPARATORS: Final = re.compile(r"[/#:]")
_PREFIX: Final = "URN:UVCI:"

Value: TypeAlias = "Json | DateTime | Sequence[Value] | Mapping[str, Value]"


class CertLogicError(Exception):
    """An expression met data that it is not made for: whoever evaluates a rule takes it as not passed."""


def evaluate(expression: Expression, data: Json) -> Value:
    """What the expression evaluates to over the data; ``CertLogicError`` where the language calls it an error."""
    return _Evaluation().of(expression.json, data)


class _Evaluation:
    """One evaluation, which counts its steps."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def of(self, part: Json, data: Value) -> Value:
        self._take(1)
        if type(part) is list:
            return [self.of(item, data) for item in part]
        if type(part) is not dict:
            return part
        ((operation, operands),) = part.items()
        if operation == "var":
            return _access(data, operands)
        return self._operation(operation, operands, data)

    def _operation(self, operation: str, operands: Sequence[Json], data: Value) -> Value:
        match operation:
            case "if":
                return self.of(operands[1 if _decided(self.of(operands[0], data)) else 2], data)
            case "and":
                return self._and(operands, data)
            case "!":
                return not _decided(self.of(operands[0], data))
            case "reduce":
                return self._reduce(operands, data)
            case "plusTime":
                return _plus_time(self.of(operands[0], data), operands[1], operands[2])
            case "dccDateOfBirth":
                return _date_of_birth(self.of(operands[0], data))
            case "extractFromUVCI":
                return _extract(self.of(operands[0], data), operands[1])
        values = [self.of(operand, data) for operand in operands]
        match operation:
            case "===":
                return _same(values[0], values[1])
            case "in":
                return self._in(values[0], values[1])
            case "+":
                return _sum(values)
        return _compare(operation, values)

    def _take(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise CertLogicError(f"expected at most {MAX_STEPS} steps")

    def _and(self, operands: Sequence[Json], data: Value) -> Value:
        value: Value = True
        for operand in operands:
            value = self.of(operand, data)
            if not _decided(value):
                break
        return value

    def _reduce(self, operands: Sequence[Json], data: Value) -> Value:
        over = self.of(operands[0], data)
        result = self.of(operands[2], data)
        if over is None:
            return result
        if type(over) is not list:
            raise CertLogicError("expected an array to reduce")
        for item in over:
            result = self.of(operands[1], {"accumulator": result, "current": item})
        return result

    def _in(self, item: Value, items: Value) -> bool:
        if type(items) is not list:
            raise CertLogicError("expected an array to look in")
        self._take(len(items))
        return item in items if type(item) is str else any(_same(item, each) for each in items)


def _decided(value: Value) -> bool:
    """Truthy or falsy; a date-time is neither (section "Truthy and falsy values")."""
    if isinstance(value, DateTime):
        raise CertLogicError("expected something truthy or falsy, got a date-time")
    return bool(value)


def _access(data: Value, path: str) -> Value:
    """What a path leads to, None where it ends early. Text is no array: its characters cannot be had by position."""
    for name in path.split(".") if path else ():
        if type(data) is dict:
            data = data.get(name)
        elif type(data) is list and _INDEX.fullmatch(name) and int(name) < len(data):
            data = data[int(name)]
        else:
            return None
    return data


def _same(first: Value, second: Value) -> bool:
    """``===``: scalars by type and value; arrays, objects and date-times by being one and the same."""
    if isinstance(first, str | int | float) and isinstance(second, str | int | float):
        return first == second and (type(first) is bool) == (type(second) is bool)
    return first is second


def _sum(values: Sequence[Value]) -> int:
    total = sum(map(_integer, values))
    if not is_integer(total):
        raise CertLogicError(f"expected a sum of at most {MAX_INTEGER}")
    return total


def _integer(value: Value) -> int:
    if not is_integer(value):
        raise CertLogicError("expected integers")
    return int(value)  # type: ignore[arg-type]


def _milliseconds(value: Value) -> int:
    if not isinstance(value, DateTime):
        raise CertLogicError("expected date-times")
    return value.milliseconds


_COMPARISONS: Final[Mapping[str, tuple[Callable[[Value], int], Callable[[int, int], bool]]]] = {
    "<": (_integer, int.__lt__),
    ">": (_integer, int.__gt__),
    "<=": (_integer, int.__le__),
    ">=": (_integer, int.__ge__),
    "before": (_milliseconds, int.__lt__),
    "after": (_milliseconds, int.__gt__),
    "not-after": (_milliseconds, int.__le__),
    "not-before": (_milliseconds, int.__ge__),
}


def _compare(operation: str, values: Sequence[Value]) -> bool:
    read, holds = _COMPARISONS[operation]
    numbers = [read(value) for value in values]
    return all(holds(first, second) for first, second in pairwise(numbers))


def _plus_time(text: Value, amount: Json, unit: Json) -> DateTime:
    moment = date_time(text) if type(text) is str else None
    later = moment and plus_time(moment, _integer(amount), str(unit))
    if later is None:
        raise CertLogicError("expected text that is a date or date-time")
    return later


def _date_of_birth(text: Value) -> DateTime:
    moment = date_of_birth(text) if type(text) is str else None
    if moment is None:
        raise CertLogicError("expected text that is a date of birth")
    return moment


def _extract(identifier: Value, index: Json) -> str | None:
    if identifier is None:
        return None
    if type(identifier) is not str:
        raise CertLogicError("expected text that is a certificate identifier")
    fragments = _SEPARATORS.split(identifier.removeprefix(_PREFIX))
    position = _integer(index)
    return fragments[position] if 0 <= position < len(fragments) else None
