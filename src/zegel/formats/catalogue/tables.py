"""Reading a table of a type's file: each member by name and type, and none that nobody asks for."""

from collections.abc import Mapping
from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed
from zegel.formats.catalogue.types import Names

_DEFAULT_LANGUAGE: Final = "en"


def wrong_type_file(what: str, where: str, detail: str) -> Malformed:
    """What is wrong with an operator's file, and where in it."""
    return Malformed(what, where, detail, check=Check.CONFIGURATION)


class Table:
    """A table of the file that knows where it stands, and which of its members nobody has asked for."""

    def __init__(self, members: Mapping[str, object], *, what: str, name: str = "", place: str = "") -> None:
        self._members = members
        self._asked: set[str] = set()
        self._what = what
        self._place = place
        self.name = name

    def __bool__(self) -> bool:
        return bool(self._members)

    def malformed(self, name: str, detail: str) -> Malformed:
        return wrong_type_file(self._what, self._at(name), detail)

    def refuse_rest(self) -> None:
        """A name that nobody asks for is a misspelling."""
        for name in self._members:
            if name not in self._asked:
                raise self.malformed(name, "expected no setting of this name")

    def text(self, name: str) -> str:
        value = self._get(name)
        if type(value) is not str or not value:
            raise self.malformed(name, "expected text")
        return value

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if name in self._members else None

    def number(self, name: str, default: int | None, *, at_least: int = 0) -> int:
        value = self._get(name, default)
        if type(value) is not int or value < at_least:
            raise self.malformed(name, f"expected a whole number from {at_least}")
        return value

    def numbers(self, name: str) -> tuple[int, ...]:
        value = self._get(name, [])
        numbers = tuple(item for item in value if type(item) is int) if isinstance(value, list) else ()
        if not isinstance(value, list) or len(numbers) != len(value):
            raise self.malformed(name, "expected numbers in an array")
        return numbers

    def flag(self, name: str, default: bool) -> bool:
        value = self._get(name, default)
        if type(value) is not bool:
            raise self.malformed(name, "expected true or false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        return self.optional_texts(name) or ()

    def optional_texts(self, name: str) -> tuple[str, ...] | None:
        """None for what is left out, empty for an empty array."""
        value = self._get(name)
        if value is None:
            return None
        texts = tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
        if not isinstance(value, list) or len(texts) != len(value):
            raise self.malformed(name, "expected texts in an array")
        return texts

    def mapping(self, name: str) -> Mapping[str, str]:
        return self.table(name).texts_here()

    def names(self, name: str) -> Names:
        return self.table(name).names_here()

    def names_here(self) -> Names:
        names = self.texts_here()
        if _DEFAULT_LANGUAGE not in names:
            raise wrong_type_file(self._what, self._place, "expected a name in English, as en")
        return names

    def texts_here(self) -> Mapping[str, str]:
        return {name: self.text(name) for name in self._members}

    def table(self, name: str) -> "Table":
        value = self._get(name, {})
        if not isinstance(value, dict):
            raise self.malformed(name, "expected a table")
        return Table(value, what=self._what, name=name, place=self._at(name))

    def tables(self, name: str) -> "tuple[Table, ...]":
        value = self._get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.malformed(name, "expected an array of tables")
        return tuple(
            Table(item, what=self._what, name=name, place=f"{self._at(name)}[{at}]") for at, item in enumerate(value)
        )

    def children(self) -> "tuple[Table, ...]":
        return tuple(self.table(name) for name in self._members)

    def _get(self, name: str, default: object = None) -> object:
        self._asked.add(name)
        return self._members.get(name, default)

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name
