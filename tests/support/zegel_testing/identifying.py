"""What a certificate of vaccination tells of its holder, in each form in which somebody may write it, and whether it
stands in some data: in the clear, in an encoding that anybody can undo, compressed, or in a code."""

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from urllib.parse import unquote_plus

from zegel.adapters.pictures import RefusedError, codes_in
from zegel.adapters.value_set_names import load_value_sets
from zegel.cli.walk.door_view import word_pattern
from zegel.errors import Malformed
from zegel.formats.hcert.certificate import parse_health_certificate
from zegel.primitives.base45 import parse_base45
from zegel.primitives.encoding import parse_base64url
from zegel_testing.leaks import views_of
from zegel_testing.wanted import Wanted

_MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"  # in German
_HASHES = (hashlib.sha256, hashlib.sha1, hashlib.sha512, hashlib.md5)
_LISTED = 16  # bytes of a hash, as lists of revoked certificates have them
_SHORTEST = 4  # letters of a part of a name
_INNER = 2  # wrappings below the first: a picture of a code is two
_MAX_INFLATED = 1 << 20
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_PICTURE = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff")
_CODE = re.compile(rb"HC1:([0-9A-Z $%*+./:-]+)")
_BASE45 = re.compile(rb"[0-9A-Z $%*+./:-]{40,}")
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]{8,}")

Told = Mapping[str, frozenset[bytes]]


def told_by(code: str) -> Told:
    """What the code of a certificate says that others do not share, by what it is, and the forms of each."""
    certificate = parse_health_certificate(code.encode())
    payload, issuer = certificate.unverified_payload, certificate.unverified_issuer
    name, entry, sets = payload["nam"], payload["v"][0], load_value_sets()
    product, maker = sets["vaccines-covid-19-names"], sets["vaccines-covid-19-auth-holders"]
    identifier = entry["ci"]
    signature = certificate.signed.signature
    listed = (identifier, issuer + identifier, entry["co"] + identifier, identifier.removeprefix("URN:UVCI:"))
    return {
        "name": _texts(_parts(name["fn"], name["fnt"])),
        "given name": _texts(_parts(name["gn"], name["gnt"])),
        "birth date": _texts(_written(payload["dob"])),
        "vaccinated on": _texts(_written(entry["dt"])),
        "product": _texts([entry["mp"], product[entry["mp"]], entry["vp"]]),
        "manufacturer": _texts([entry["ma"], maker[entry["ma"]]]),
        "UCI": _texts([identifier, identifier.removeprefix("URN:UVCI:"), identifier.rpartition(":")[2], "URN:UVCI"]),
        "hash of the UCI": frozenset(hash_(each.encode()).digest()[:_LISTED] for each in listed for hash_ in _HASHES),
        "signature": frozenset({signature, *(hash_(signature).digest()[:_LISTED] for hash_ in _HASHES)}),
    }


def found_in(data: bytes, told: Told) -> set[str]:
    """Which of what is told stands in the data."""
    forms = {form.lower() for each in told.values() for form in each}  # a pattern is for a word in any case
    wanted = Wanted(forms)
    found: set[bytes] = set()
    for view in every_view(data):
        possible = wanted.found_in(view.lower()) - found
        found |= {form for form in possible if word_pattern(form).search(view)}
    return {kind for kind, each in told.items() if any(form.lower() in found for form in each)}


def every_view(data: bytes) -> Iterator[bytes]:
    """``views_of`` the data, and of what stands in it compressed, as the code of a certificate, or as its picture."""
    seen: set[bytes] = set()
    outer = [data, unquote_plus(data.decode("latin-1"), "latin-1").encode("latin-1")]
    for _ in range(_INNER + 1):
        views = [view for each in outer for view in views_of(each)]
        fresh = [view for view in dict.fromkeys(views) if view not in seen]
        yield from fresh
        seen.update(fresh)
        outer = [inner for view in fresh for inner in _unwrapped(view)]


def _unwrapped(view: bytes) -> Iterator[bytes]:
    yield from _inflated(view[found.start() :] for found in _ZLIB.finditer(view))
    yield from _deflated(view)
    runs = [run for code in _CODE.findall(view) for run in (code, code.strip())]
    for run in (*runs, *(run[at:] for run in _BASE45.findall(view) for at in range(3))):
        for length in (len(run), len(run) // 3 * 3):
            try:
                yield from _inflated([parse_base45(run[:length], "test")])
            except Malformed:
                continue
    for picture in _PICTURE.finditer(view):
        try:
            yield from (text.encode() for text in codes_in(view[picture.start() :]))
        except RefusedError:
            continue


def _deflated(view: bytes) -> Iterator[bytes]:
    """What JOSE compresses has no header (RFC 7516 section 4.1.3): base64url is tried from its beginning."""
    for run in _BASE64URL.findall(view):
        try:
            packed = parse_base64url(run.decode(), what="test")
            yield zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, _MAX_INFLATED)
        except (Malformed, zlib.error):
            continue


def _inflated(packed: Iterable[bytes]) -> Iterator[bytes]:
    """zlib and gzip, up to where it breaks."""
    for each in packed:
        try:
            yield zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(each, _MAX_INFLATED)
        except zlib.error:
            continue


def _parts(*names: str) -> Iterator[str]:
    for name in names:
        yield name
        yield name.replace("<", " ")
        yield from (part for part in re.split(r"[ <'-]", name) if len(part) >= _SHORTEST)


def _written(text: str) -> Iterator[str]:
    """A date as it is written here and there, and as machines count it."""
    day = date.fromisoformat(text)
    for form in ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d%m%Y", "%m/%d/%Y"):
        yield day.strftime(form)
    yield f"{day.day}.{day.month}.{day.year}"
    yield f"{day.day}. {_MONTHS.split()[day.month - 1]} {day.year}"
    yield from (day.strftime(f"{day.day} {month} %Y") for month in ("%B", "%b"))
    yield from (day.strftime(f"{month} {day.day}, %Y") for month in ("%B", "%b"))
    yield str((day - date(1970, 1, 1)).days * 86_400)


def _texts(words: Iterable[str]) -> frozenset[bytes]:
    cased = {each for word in words for each in (word, word.upper(), word.lower())}
    return frozenset(each.encode(charset, "ignore") for each in cased for charset in ("utf-8", "latin-1"))
