"""What must not be found on a disk: secrets as they passed over the wire, in whatever encoding they might be kept."""

import json
import re
from base64 import b64decode
from binascii import a2b_base64
from collections.abc import Iterable, Iterator, Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from zegel.adapters.keyfiles import load_secret
from zegel.primitives.multipart import parse_multipart
from zegel_testing.village import Exchange
from zegel_testing.wanted import Wanted

# The names under which a secret goes over the wire, wherever they stand: query, form, JSON, the payload of a JWT.
SECRET_NAMES = frozenset(
    {"access_token", "again", "attestation_challenge", "c_nonce", "code", "code_verifier", "csrf", "id_token"}
    | {"issuer_state", "key_attestation", "nonce", "notification_id", "passphrase", "password", "possession"}
    | {"possessions", "refresh_token", "request_uri", "response", "response_code", "state", "wallet_attestation"}
)
SECRET_HEADERS = frozenset(
    {"dpop", "dpop-nonce", "oauth-client-attestation", "oauth-client-attestation-challenge"}
    | {"oauth-client-attestation-pop"}
)
_SESSION_PATHS = ("/offers/", "/offer/", "/request/", "/response/", "/return/", "/receive/", "/present/")
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{8,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{6,}")
_ESCAPED = re.compile(rb"\\u00([0-9A-Fa-f]{2})|&#x([0-9A-Fa-f]{2});")
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_SHORTEST = 5  # what is shorter stands in many a word

Secrets = dict[str, set[bytes]]


def secrets_of(exchanges: Iterable[Exchange]) -> Secrets:
    """The secrets that passed, by the name under which they did."""
    found: Secrets = {}
    for exchange in exchanges:
        for name, value in _named(exchange):
            if len(value) >= _SHORTEST:
                found.setdefault(name, set()).add(value.encode())
    return found


def places_of(secrets: Mapping[str, set[bytes]], files: Iterable[Path]) -> list[str]:
    """Which secret stands in which file, in the clear or in an encoding that anybody can undo."""
    wanted = Wanted(value for values in secrets.values() for value in values)
    return [
        f"{name} in {file.name}"
        for file in files
        for found in [found_in(file.read_bytes(), wanted)]
        for name, values in secrets.items()
        if not values.isdisjoint(found)
    ]


def found_in(data: bytes, wanted: Wanted) -> set[bytes]:
    """Which of the values stand in the data, in the clear or in an encoding that anybody can undo."""
    return {value for view in views_of(data) for value in wanted.found_in(view)}


def keys_of(folder: Path) -> Secrets:
    """Every secret that has a file of its own: private keys, seals, tokens."""
    secrets: Secrets = {}
    for file in [*(folder / "keys").iterdir(), *(folder / "authorities").iterdir()]:
        if file.name.endswith(".key.pem"):
            key = load_pem_private_key(file.read_bytes(), None)
            assert isinstance(key, EllipticCurvePrivateKey)
            number = key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8)
            # the first line of the file's Base64 ends in the number; those after it hold the public key too
            secrets[file.name] = {number, file.read_bytes().splitlines()[1]}
        elif file.suffix in (".seal", ".token", ".secret", ".passphrase"):
            secrets[file.name] = {load_secret(file)}
    return secrets


def views_of(data: bytes) -> Iterator[bytes]:
    """The data, and what stands in it encoded: percent, UTF-16, escapes of JSON and HTML, hexadecimal, base64, and
    base64 in base64 as in a JWT's x5c. Views that are alike are one."""
    return iter(dict.fromkeys(_views_of(data)))


def _views_of(data: bytes) -> Iterator[bytes]:
    yield data
    yield unquote_to_bytes(data)
    yield data.translate(None, b"\0")
    yield _ESCAPED.sub(lambda found: bytes([int(found[1] or found[2], 16)]), data)
    for at in range(2):
        yield b"\n".join(_from_hexadecimal(run[at:]) for run in _HEXADECIMAL.findall(data))
    outer = b"\n".join(_decoded(data))
    yield outer
    yield b"\n".join(_decoded(outer))


def _from_hexadecimal(run: bytes) -> bytes:
    return bytes.fromhex(run[: len(run) - len(run) % 2].decode())


def _decoded(data: bytes) -> Iterator[bytes]:
    for run in _BASE64.findall(data.translate(_TO_BASE64)):
        for at in range(4):  # where it begins in a longer run, nobody knows
            length = len(run) - at
            yield a2b_base64(run[at : len(run) - (length % 4 == 1)] + b"==")  # a last letter alone is no byte


def _named(exchange: Exchange) -> Iterator[tuple[str, str]]:
    for headers in (exchange.headers, exchange.answered):
        yield from ((name, value) for name, value in headers if name in SECRET_HEADERS)
        yield from (("authorization", value.partition(" ")[2]) for name, value in headers if name == "authorization")
        for name, value in headers:
            if name in ("cookie", "set-cookie"):
                yield from (("cookie", morsel.value) for morsel in SimpleCookie(value).values())
    for start in _SESSION_PATHS:
        if exchange.path.startswith(start):
            yield start.strip("/"), exchange.path.removeprefix(start).partition("/")[0]
    yield from _texts(dict(parse_qsl(exchange.query)))
    yield from _texts(_read(exchange.body, exchange.headers))
    yield from _texts(_read(exchange.answer, exchange.answered))


def _read(body: bytes, headers: list[tuple[str, str]]) -> Any:
    type_ = dict(headers).get("content-type", "")
    if type_.startswith("multipart/form-data"):
        return dict(parse_multipart(body, content_type=type_).fields)
    if "form" in type_:
        return dict(parse_qsl(body.decode()))
    if "json" in type_ and body:
        return json.loads(body)
    if type_.endswith("jwt") and body.count(b".") == 2:  # signed and not encrypted
        payload = body.split(b".")[1]
        return json.loads(b64decode(payload + b"=" * (-len(payload) % 4), altchars=b"-_"))
    return None


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)
    elif isinstance(value, str) and name in SECRET_NAMES:
        yield name, value
