"""Drawn CertLogic: expressions and data, most of them sensible, some that are no CertLogic, some that meet wrong data.

What the specification leaves open, or ``certlogic-js`` has of ECMAScript and not of it, is not drawn: dates that no
calendar has, a position in a text, the ``length`` of an array, and numbers that a double cannot hold.
"""

import json
from random import Random
from typing import Any, Final

PATHS: Final = (
    "",
    "payload",
    "payload.v",
    "payload.v.0",
    "payload.v.0.dn",
    "payload.v.0.sd",
    "payload.v.0.dt",
    "payload.v.0.ci",
    "payload.v.1.dn",
    "payload.t.0.sc",
    "payload.t",
    "payload.r.0",
    "payload.dob",
    "payload.ver",
    "payload.absent.deeper.3",
    "external.validationClock",
    "external.valueSets.vaccines-covid-19-names",
    "external.flags",
    "external.flags.1",
    "external.nothing",
)
INSIDE: Final = ("current", "accumulator", "current.dn", "accumulator.dn", "payload.v")
DATES: Final = (
    "2021",
    "1964-02",
    "2020-02-29",
    "2021-12-31",
    "1969-12-31",
    "0001-01-01",
    "2021-06-01T00:00:00Z",
    "2021-06-01T23:59:59.9999999+05:30",
    "2021-06-01T12:00:00-7",
    "2021-06-01T12:00:00+530",
    "2021-06-01T12:00:00+0530",
    "2021-06-01T12:00:00.5",
    "2020-02-29T06:30:00.123456",
)
IDENTIFIERS: Final = ("URN:UVCI:01:NL:187/37512422923#Z", "01/AT/3::B#", "a::c/#/f", "", "URN:UVCI:")
COMPARISONS: Final = ("<", ">", "<=", ">=")
ORDERS: Final = ("after", "before", "not-after", "not-before")
UNITS: Final = ("year", "month", "day", "hour")


def drawn_case(seed: int) -> tuple[Any, Any]:
    """An expression and data; the same for the same seed."""
    draw = _Draw(Random(seed))
    expression = draw.boolean(4) if draw.chance(0.7) else draw.anything(4)
    if draw.chance(0.15):
        expression = draw.spoiled(expression)
    return expression, draw.data()


class _Draw:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._inside = 0

    def chance(self, of: float) -> bool:
        return self._random.random() < of

    def data(self) -> Any:
        if self.chance(0.03):
            return self._random.choice([None, True, 7, "text", [], [[1], 2], {}])
        doses = [
            {
                "dn": self.number(),
                "sd": self._random.choice([1, 2, 2.0, 1.5, None, "2"]),
                "dt": self._random.choice(DATES),
                "ci": self._random.choice(IDENTIFIERS),
            }
            for _ in range(self._random.randrange(3))
        ]
        return {
            "payload": {
                "v": doses,
                "t": self._random.choice([[], None, [{"sc": self._random.choice(DATES)}]]),
                "r": self._random.choice([[{}], [{"co": "BE"}], []]),
                "dob": self._random.choice(DATES[:6]),
                "ver": "1.3.0",
            },
            "external": {
                "validationClock": self._random.choice(DATES[6:]),
                "valueSets": {"vaccines-covid-19-names": ["EU/1/20/1528", "CVnCoV", 1, None, True]},
                "flags": self._random.choice([[True, False], [0, ""], [[], {}], []]),
            },
        }

    def number(self) -> int:
        return self._random.choice([0, 1, 2, 3, -1, 14, 270, 100_000])

    def anything(self, depth: int) -> Any:
        kinds = [self.boolean, self.integer, self.moment, self.text, self.array, self.choice, self.fold, self.var]
        return self._random.choice(kinds)(depth - 1)

    def boolean(self, depth: int) -> Any:
        if depth <= 0:
            return self._random.choice([True, False, self.var(0)])
        kinds = [self.all_of, self.negation, self.equality, self.member, self.comparison, self.order, self.choice]
        return self._random.choice(kinds)(depth)

    def all_of(self, depth: int) -> Any:
        return {"and": [self.boolean(depth - 1) for _ in range(self._random.randrange(2, 5))]}

    def negation(self, depth: int) -> Any:
        return {"!": [self.anything(depth - 1)]}

    def equality(self, depth: int) -> Any:
        one = self.anything(depth - 1)
        return {"===": [one, one if self.chance(0.3) else self.anything(depth - 1)]}

    def member(self, depth: int) -> Any:
        names = {"var": "external.valueSets.vaccines-covid-19-names"}
        return {"in": [self.anything(depth - 1), names if self.chance(0.5) else self.array(depth - 1)]}

    def comparison(self, depth: int) -> Any:
        operands = [self.integer(depth - 1) for _ in range(self._random.choice([2, 2, 3]))]
        return {self._random.choice(COMPARISONS): operands}

    def order(self, depth: int) -> Any:
        operands = [self.moment(depth - 1) for _ in range(self._random.choice([2, 2, 3]))]
        return {self._random.choice(ORDERS): operands}

    def choice(self, depth: int) -> Any:
        kind = self._random.choice([self.boolean, self.integer, self.moment, self.anything])
        return {"if": [self.boolean(depth - 1), kind(depth - 1), kind(depth - 1)]} if depth > 0 else self.var(0)

    def integer(self, depth: int) -> Any:
        if depth <= 0 or self.chance(0.3):
            dose = {"var": f"payload.v.{self._random.randrange(2)}.{self._random.choice(['dn', 'sd'])}"}
            return self.number() if self.chance(0.5) else dose
        return {"+": [self.integer(depth - 1), self.integer(depth - 1)]} if self.chance(0.7) else self.fold(depth)

    def moment(self, depth: int) -> Any:
        text = self.text(depth - 1) if self.chance(0.05) else self._random.choice([*DATES, {"var": "payload.dob"}])
        if self.chance(0.2):
            return {"dccDateOfBirth": [text]}
        return {"plusTime": [text, self._random.choice([0, 1, -1, 18, -18, 14, 365, 5_000]), self.unit()]}

    def unit(self) -> str:
        return self._random.choice(UNITS)

    def text(self, depth: int) -> Any:
        if depth > 0 and self.chance(0.4):
            identifier = self._random.choice([*IDENTIFIERS, {"var": "payload.v.0.ci"}])
            return {"extractFromUVCI": [identifier, self._random.randrange(-1, 6)]}
        return self._random.choice(["", "CVnCoV", "BE", *DATES, {"var": "payload.ver"}])

    def array(self, depth: int) -> Any:
        return [self.anything(depth - 1) if depth > 0 else self.number() for _ in range(self._random.randrange(4))]

    def fold(self, depth: int) -> Any:
        over = self._random.choice([{"var": "payload.v"}, {"var": "external.flags"}, self.array(depth - 1)])
        initial = self.integer(depth - 1)
        self._inside += 1
        step = (
            {"+": [{"var": "accumulator"}, self.integer(depth - 1)]} if self.chance(0.6) else self.anything(depth - 1)
        )
        self._inside -= 1
        return {"reduce": [over, step, initial]}

    def var(self, depth: int) -> Any:
        return {"var": self._random.choice(INSIDE if self._inside else PATHS)}

    def spoiled(self, expression: Any) -> Any:
        """Something that is no expression, in its place or somewhere in it."""
        if type(expression) is dict and "var" not in expression and self.chance(0.8):
            ((name, operands),) = expression.items()
            operands = list(operands)
            match self._random.randrange(4):
                case 0:
                    return {name: operands[:-1]}
                case 1:
                    return {name: [*operands, True]}
                case 2:
                    return {self._random.choice(["or", "==", name, "var"]): json.loads(json.dumps(operands))}
            position = self._random.randrange(len(operands))
            operands[position] = self.spoiled(operands[position])
            return {name: operands}
        return self._random.choice(
            [None, 1.5, {}, {"var": 0}, {"var": "a..b"}, {"a": [1], "b": [2]}, {"!": 1}, {"!": []}]
        )
