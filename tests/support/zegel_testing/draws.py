"""Random values that were drawn, and the search for them in whatever was made of them."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

from zegel.primitives.encoding import parse_base64url
from zegel.primitives.keys import random_private_key
from zegel_testing.wanted import Wanted

SCALAR_DRAW = 40  # what a private key on P-256 is made from
_BEGINNING = 8  # bytes by which a secret is looked for; the chance that others begin so is nil
_PIECE = 4096  # bytes, as the pages of a database


def drawn_in(told: Path) -> tuple[bytes, ...]:
    """The values that a process has told, a line of hexadecimal each."""
    return tuple(bytes.fromhex(line) for line in told.read_text().splitlines())


def beginnings_of(drawn: Iterable[bytes]) -> Wanted:
    """How the values begin, and what was made of them, in every spelling."""
    spelt = (secret[:_BEGINNING] for each in drawn for secret in _secrets_of(each))
    return Wanted((each for each in spelt if len(each) == _BEGINNING), width=_BEGINNING)


def spellings(secret: bytes) -> Iterator[bytes]:
    """How a random value is written: raw, in hexadecimal, and in both kinds of base64."""
    yield secret
    yield secret.hex().encode()
    yield urlsafe_b64encode(secret).rstrip(b"=")
    yield b64encode(secret).rstrip(b"=")


def _secrets_of(drawn: bytes) -> Iterator[bytes]:
    yield from spellings(drawn)
    if len(drawn) == SCALAR_DRAW:
        key = random_private_key(lambda _: drawn)
        yield from spellings(parse_base64url(str(key.secret_jwk()["d"]), what="d"))


def pieces_of(content: bytes) -> set[bytes]:
    """The content in pieces, each beginning whole in one of them: where it is much as it was, so are most of them."""
    return {content[at : at + _PIECE + _BEGINNING - 1] for at in range(0, len(content), _PIECE)}
