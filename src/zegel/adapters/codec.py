"""Frozen dataclasses to bytes and back, for sealed records and the vault.

MessagePack carries the bytes; the shape comes from the annotations. A dataclass is written by the names of its fields,
so that a field with a default may be added later; a member of a union carries its name, so that states and alternatives
come back as what they were; one that stands without it is of the first, so that an alternative may be added to what
had none. Keys are written as secret JWKs and certificates as DER: encode for sealed storage only.
"""

import types
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Final, Generic, Literal, NewType, TypeVar, Union, final, get_args, get_origin, get_type_hints

import msgspec

from zegel.errors import ZegelError
from zegel.primitives.keys import PrivateKey, PublicKey, Signer, parse_jwk, parse_secret_jwk
from zegel.primitives.x509 import Certificate, parse_certificate

T = TypeVar("T")

_SCALARS: Final = (bool, int, float, str, bytes)


@final
class UnreadableError(Exception):
    """The bytes are no value of these classes: damage, or another version wrote them."""


@final
@dataclass(frozen=True, slots=True)
class _Form:
    """How one annotation is written: to plain values and back; ``holds`` tells the members of a union apart, and what
    is of the class ``as_is`` is written as it is, and need not go through the functions."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    holds: type
    as_is: type | None = None


@final
class Codec(Generic[T]):
    """Writes and reads the values of some frozen dataclasses.

    ``TypeError`` at once for an annotation that cannot be stored: a type variable, a callable, a class that is no
    dataclass.
    """

    def __init__(self, states: tuple[type[T], ...]) -> None:
        self._form = _tagged(states)
        for state in states:
            _settle(state)

    def encode(self, value: T) -> bytes:
        """The value as bytes; ``TypeError`` when it is not what its annotations say."""
        return msgspec.msgpack.encode(self._form.encode(value))

    def decode(self, data: bytes) -> T:
        """The value; ``UnreadableError`` otherwise."""
        try:
            value: T = self._form.decode(msgspec.msgpack.decode(data))
        except (
            msgspec.DecodeError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            RecursionError,
            ZegelError,
        ) as error:
            raise UnreadableError(type(error).__name__) from None
        return value


def _settle(state: type[Any]) -> None:
    """Work out every form that ``state`` leads to, so that what cannot be stored is found at start."""
    seen: set[Any] = set()
    waiting: list[Any] = [state]
    while waiting:
        hint = waiting.pop()
        if hint in seen:
            continue
        seen.add(hint)
        form = _form(hint)
        if _has_fields(form.holds) and form.holds not in _OPAQUE:
            waiting += [inner for _, inner in _hints(form.holds)]
        waiting += [inner for inner in get_args(hint) if get_origin(hint) is not Literal and inner is not Ellipsis]


@cache
def _form(hint: Any) -> _Form:
    if isinstance(hint, NewType):
        return _form(hint.__supertype__)
    if hint in _OPAQUE:
        return _OPAQUE[hint]
    if hint is Any:
        return _Form(_plain, _same, object)
    if hint is None or hint is type(None):
        return _Form(_expect(type(None)), _expect(type(None)), type(None))
    if hint in _SCALARS:
        return _Form(_expect(hint), _expect(hint), hint, as_is=hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        expect = _expect(hint)
        return _Form(lambda value: expect(value).name, lambda name: hint[name], hint)
    if isinstance(hint, type) and _has_fields(hint):
        return _dataclass(hint)
    return _generic(hint)


def _generic(hint: Any) -> _Form:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        expect = _one_of(arguments)
        return _Form(expect, expect, type(arguments[0]))
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is tuple and arguments[1:] != (...,):
        return _fixed(tuple(map(_form, arguments)))
    if origin is list:
        return _many(_form(arguments[0]), list, list)
    if origin in (tuple, Sequence, Collection):
        return _many(_form(arguments[0]), tuple, tuple if origin is tuple else Collection)
    if origin in (frozenset, set, AbstractSet):
        return _many(_form(arguments[0]), set if origin is set else frozenset, AbstractSet)
    if origin in (dict, Mapping):
        return _mapping(_form(arguments[0]), _form(arguments[1]))
    raise TypeError(f"cannot be stored: {hint!r}")


def _dataclass(cls: Any) -> _Form:
    members = cache(lambda: {name: _form(hint) for name, hint in _hints(cls)})

    def encode(value: Any) -> Any:
        if type(value) is not cls:
            raise TypeError(f"expected {cls.__name__}, got {type(value).__name__}")
        return {name: form.encode(getattr(value, name)) for name, form in members().items()}

    def decode(written: Any) -> Any:
        forms = members()
        read = {}
        for name, inner in written.items():
            form = forms[name]
            read[name] = inner if type(inner) is form.as_is else form.decode(inner)
        return cls(**read)

    return _Form(encode, decode, cls)


def _has_fields(cls: type) -> bool:
    """Whether it is a dataclass, or the struct that stands for one where many are made."""
    return is_dataclass(cls) or issubclass(cls, msgspec.Struct)


def _hints(cls: Any) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(cls)
    names = [field.name for field in fields(cls) if field.init] if is_dataclass(cls) else cls.__struct_fields__
    return tuple((name, hints[name]) for name in names)


def _union(members: tuple[Any, ...]) -> _Form:
    some = tuple(member for member in members if member is not type(None))
    form = _form(some[0]) if len(some) == 1 else _tagged(some)
    if len(some) == len(members):
        return form
    return _Form(
        lambda value: None if value is None else form.encode(value),
        lambda written: None if written is None else form.decode(written),
        object,
        as_is=type(None),
    )


def _tagged(members: tuple[Any, ...]) -> _Form:
    forms = {getattr(member, "__name__", str(member)): _form(member) for member in members}
    if len(forms) != len(members):
        raise TypeError(f"cannot be stored: two of {members!r} have one name")

    def encode(value: Any) -> Any:
        exact = [name for name, form in forms.items() if form.holds is type(value)]
        for name in exact or [name for name, form in forms.items() if isinstance(value, form.holds)]:
            return [name, forms[name].encode(value)]
        raise TypeError(f"expected one of {', '.join(forms)}, got {type(value).__name__}")

    def decode(written: Any) -> Any:
        if type(written) is dict:  # written when the first was the only one
            return next(iter(forms.values())).decode(written)
        name, inner = written
        form = forms[name]
        return inner if type(inner) is form.as_is else form.decode(inner)

    return _Form(encode, decode, object)


def _many(entry: _Form, made: Callable[[list[Any]], Any], holds: type) -> _Form:
    read, as_is, expect = entry.decode, entry.as_is, _expect(list)

    def decode(written: Any) -> Any:
        return made([inner if type(inner) is as_is else read(inner) for inner in expect(written)])

    return _Form(lambda value: [entry.encode(inner) for inner in value], decode, holds)


def _fixed(entries: tuple[_Form, ...]) -> _Form:
    return _Form(
        lambda value: [form.encode(inner) for form, inner in zip(entries, value, strict=True)],
        lambda written: tuple(form.decode(inner) for form, inner in zip(entries, written, strict=True)),
        tuple,
    )


def _mapping(key: _Form, entry: _Form) -> _Form:
    return _Form(
        lambda value: [[key.encode(name), entry.encode(inner)] for name, inner in value.items()],
        lambda written: {key.decode(name): entry.decode(inner) for name, inner in written},
        Mapping,
    )


def _opaque(cls: type[Any], encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> _Form:
    expect = _expect(cls)
    return _Form(lambda value: encode(expect(value)), decode, cls)


def _expect(cls: type[Any]) -> Callable[[Any], Any]:
    accepted = (float, int) if cls is float else cls

    def expect(value: Any) -> Any:
        if isinstance(value, accepted) and (cls is bool or type(value) is not bool):
            return value
        raise TypeError(f"expected {cls.__name__}, got {type(value).__name__}")

    return expect


def _one_of(values: tuple[Any, ...]) -> Callable[[Any], Any]:
    def expect(value: Any) -> Any:
        if value not in values:
            raise ValueError("expected one of the literals")
        return value

    return expect


def _same(value: Any) -> Any:
    return value


def _plain(value: Any) -> Any:
    """What an annotation leaves open is JSON's, or bytes; nothing else may slip through it."""
    if isinstance(value, Mapping):
        return {_expect(str)(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, _SCALARS):
        return value
    raise TypeError(f"cannot be stored: {type(value).__name__}")


_PRIVATE_KEY: Final = _opaque(
    PrivateKey, lambda key: key.secret_jwk(), lambda written: parse_secret_jwk(written, what="stored key")
)
_OPAQUE: Final[Mapping[Any, _Form]] = {
    PrivateKey: _PRIVATE_KEY,
    Signer: _PRIVATE_KEY,  # a signer that can be stored is a software key
    PublicKey: _opaque(PublicKey, lambda key: key.jwk(), lambda written: parse_jwk(written, what="stored key")),
    Certificate: _opaque(Certificate, lambda certificate: certificate.der, parse_certificate),
}
