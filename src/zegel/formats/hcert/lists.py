"""Trust lists of health: the EU gateway's, WHO's (a DID document of its trust list v2), and plain certificates.

Such a list is its keys: none of it is held against a root here. The gateway's can be where its anchor is known
(``gateway``); WHO's is signed as JSON-LD, which nothing else needs. Whoever points at a list trusts where it came from.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Final, final

from zegel.errors import Malformed
from zegel.formats.hcert.keys import KEY_ID, DocumentSigner, parse_signer
from zegel.formats.hcert.rules.dates import date_time
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import Json, JsonObject, parse_json
from zegel.primitives.members import read_array, read_object, read_text

MAX_TRUST_LIST: Final = 1 << 22  # bytes; WHO's whole list has 1.6 MB
MAX_SIGNERS: Final = 2_000  # on one list; the EU had 400, WHO has 700
MAX_CERTIFICATE_TEXT: Final = 22_000  # characters of base64, of sixteen thousand bytes
_WHAT: Final = "trust list"
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{1,30000})-----END CERTIFICATE-----")
_SIGNERS: Final = "DSC"  # document signers, among the usages of both lists
_DER: Final = 0x30
_PLACE: Final = 3  # domain, participant and usage, behind "trustlist"
_ANY: Final = "-"  # any of a level


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayEntry:
    """An entry of the gateway's list as it came; ``signer`` is None for what signs nothing, or cannot be read."""

    where: str
    kind: str
    members: JsonObject = field(repr=False)
    signer: DocumentSigner | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """Signers of a list. ``as_of``, in seconds, is when WHO signed it, or the gateway added the newest of its entries.

    ``signed_at`` is the same for WHO's, and None for one that does not say when it was made. ``entries`` are all that
    the gateway has, for whoever has its anchor. ``left_out`` says of which nothing can be verified, and why: keys of
    kinds that are not read.
    """

    signers: tuple[DocumentSigner, ...]
    as_of: int | None = None
    signed_at: int | None = None
    left_out: tuple[str, ...] = ()
    entries: tuple[GatewayEntry, ...] = ()


def parse_trust_list(data: bytes) -> TrustList:
    """Parse a list of any of the forms, or certificates in PEM or one in DER; ``Malformed`` for anything else."""
    if len(data) > MAX_TRUST_LIST:
        raise Malformed(_WHAT, "", f"expected at most {MAX_TRUST_LIST} bytes, got {len(data)}")
    if data[:1] == bytes([_DER]):
        return TrustList(signers=(parse_signer(data),))
    if b"-----BEGIN" in data[:4_096]:
        return _gathered(_pem_entries(data))
    value = parse_json(data, what=_WHAT, max_bytes=MAX_TRUST_LIST)
    if type(value) is dict and "verificationMethod" in value:
        methods = read_array(value["verificationMethod"], what=_WHAT, where="verificationMethod", limit=MAX_SIGNERS)
        return _gathered(_did_entries(methods), as_of=(created := _created(value)), signed_at=created)
    if type(value) is dict:
        value = value.get("certificates")  # as national backends hand the gateway's on
    entries = [
        (read_object(entry, what=_WHAT, where=f"[{position}]"), f"[{position}]")
        for position, entry in enumerate(read_array(value, what=_WHAT, where="", limit=MAX_SIGNERS))
    ]
    times = [time for entry, _ in entries if (time := _time(entry.get("timestamp"))) is not None]
    return _gateway_list(entries, as_of=max(times, default=None))


_Entry = tuple[str, Callable[[], DocumentSigner]]


def _gathered(entries: Iterator[_Entry], *, as_of: int | None = None, signed_at: int | None = None) -> TrustList:
    """What can be read of the entries. One key of a kind that is not known must not hide all others."""
    signers: list[DocumentSigner] = []
    left_out: list[str] = []
    for where, read in entries:
        try:
            signers.append(read())
        except Malformed as error:
            left_out.append(f"{where}: {error.detail}")
    return TrustList(signers=tuple(signers), as_of=as_of, signed_at=signed_at, left_out=tuple(left_out))


def _pem_entries(data: bytes) -> Iterator[_Entry]:
    found = list(_PEM.finditer(data))
    if not 0 < len(found) <= MAX_SIGNERS:
        raise Malformed(_WHAT, "", f"expected one to {MAX_SIGNERS} certificates")
    for position, block in enumerate(found):
        yield f"[{position}]", partial(_pem_signer, block[1], f"[{position}]")


def _pem_signer(text: bytes, where: str) -> DocumentSigner:
    return parse_signer(_der(b"".join(text.split()).decode(), where))


def certificate_of(entry: GatewayEntry) -> bytes:
    """The certificate of an entry; ``Malformed`` for what is no base64."""
    return _der(entry.members.get("rawData"), f"{entry.where}.rawData")


def _gateway_list(entries: list[tuple[JsonObject, str]], *, as_of: int | None) -> TrustList:
    """TrustListDto of the gateway: ``rawData`` is the certificate, ``thumbprint`` its SHA-256 in hexadecimal digits."""
    read: list[GatewayEntry] = []
    left_out: list[str] = []
    for members, where in entries:
        kind, signer = str(members.get("certificateType", _SIGNERS)), None
        if kind == _SIGNERS:
            try:
                signer = _gateway_signer(members, where)
            except Malformed as error:
                left_out.append(f"{where}: {error.detail}")
        read.append(GatewayEntry(where=where, kind=kind, members=members, signer=signer))
    signers = tuple(each.signer for each in read if each.signer is not None)
    return TrustList(signers=signers, as_of=as_of, left_out=tuple(left_out), entries=tuple(read))


def _gateway_signer(entry: JsonObject, where: str) -> DocumentSigner:
    der = _der(entry.get("rawData"), f"{where}.rawData")
    thumbprint = entry.get("thumbprint")
    if type(thumbprint) is str and thumbprint.lower() != sha256(der).hexdigest():
        raise Malformed(_WHAT, f"{where}.thumbprint", "expected the hash of the certificate")
    return parse_signer(der, kid=_kid(entry.get("kid"), f"{where}.kid"))


def _did_entries(methods: list[Json]) -> Iterator[_Entry]:
    """The verification methods of a DID document; those that only refer to another document carry no key."""
    for position, value in enumerate(methods):
        where = f"verificationMethod[{position}]"
        if type(value) is str:
            continue
        method = read_object(value, what=_WHAT, where=where)
        name = read_text(method.get("id"), what=_WHAT, where=f"{where}.id")
        domain, usage = _place(name, method)
        if usage in (None, _SIGNERS):
            yield where, partial(_did_signer, method, where, domain)


def _place(name: str, method: JsonObject) -> tuple[str | None, str | None]:
    """Domain and key usage in ``did:web:...:trustlist:$domain:$participant:$usage#kid``, None for what is not said.

    A list across all domains has ``-`` there, and the method its domain in a member. Version 1 says neither.
    """
    place = name.partition("#")[0].rpartition(":trustlist:")[2].split(":")
    if len(place) < _PLACE:
        return None, None
    domain, usage = place[0], place[2]
    if domain == _ANY:
        said = method.get("domain")
        code = said.get("code") if type(said) is dict else None
        domain = code.removeprefix("#") if type(code) is str else _ANY
    return domain, None if usage == _ANY else usage


def _did_signer(method: JsonObject, where: str, domain: str | None) -> DocumentSigner:
    """``publicKeyJwk`` has the certificate, and its issuer behind it, in ``x5c``."""
    at = f"{where}.publicKeyJwk"
    jwk = read_object(method.get("publicKeyJwk"), what=_WHAT, where=at)
    chain = read_array(jwk.get("x5c"), what=_WHAT, where=f"{at}.x5c", limit=MAX_SIGNERS)
    fragment = str(method["id"]).rpartition("#")[2]
    kid = _kid(jwk.get("kid", fragment), f"{at}.kid")
    return parse_signer(_der(chain[0], f"{at}.x5c[0]"), kid=kid, domain=domain)


def _der(value: Json, where: str) -> bytes:
    text = read_text(value, what=_WHAT, where=where, limit=MAX_CERTIFICATE_TEXT)
    return parse_base64(text, what=_WHAT, where=where)


def _kid(value: Json, where: str) -> bytes:
    kid = parse_base64(read_text(value, what=_WHAT, where=where), what=_WHAT, where=where)
    if len(kid) != KEY_ID:
        raise Malformed(_WHAT, where, f"expected {KEY_ID} bytes")
    return kid


def _created(document: JsonObject) -> int | None:
    proof = document.get("proof")
    return _time(proof.get("created")) if isinstance(proof, dict) else None


def _time(value: Json) -> int | None:
    moment = date_time(value) if type(value) is str else None
    return None if moment is None else moment.milliseconds // 1000
