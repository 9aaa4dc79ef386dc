"""Trust lists of health: the EU gateway's, WHO's (a DID document of its trust list v2), and plain certificates.

Such a list is its keys: none of it is held against a root here. The gateway's can be where its anchor is known
(``gateway``); WHO's is signed as JSON-LD, which nothing else needs: it is ``believed`` for where it came from.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Final, TypeAlias, TypeVar, final

from zegel.errors import Malformed
from zegel.formats.hcert.ber_certificate import BerCertificate, read_certificate
from zegel.formats.hcert.keys import KEY_ID, DocumentSigner, parse_signer, read_key_id, read_signer
from zegel.formats.hcert.rules.dates import date_time
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import Json, JsonObject, parse_json
from zegel.primitives.members import read_array, read_object, read_text

MAX_TRUST_LIST: Final = 1 << 22  # bytes; WHO's whole list has 1.6 MB
MAX_SIGNERS: Final = 2_000  # on one list; the EU had 400, WHO has 700
MAX_VALUES: Final = 14_000  # of JSON: seven of each signer, as an entry of the gateway has members
MAX_CERTIFICATE_TEXT: Final = 22_000  # characters of base64, of sixteen thousand bytes
_WHAT: Final = "trust list"
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{1,30000})-----END CERTIFICATE-----")
# A state puts ECDSA's signature of the list before it, in base64, on a line of its own
_SIGNED: Final = re.compile(rb"[A-Za-z0-9+/]{80,200}={0,2}\r?\n(?=[\[{])")
SIGNERS: Final = "DSC"  # document signers, among the usages of both lists
_DER: Final = 0x30
_PATH: Final = 3  # components of a DID before its path: did, web, and the host
_LISTS: Final = ("trustlist", "trustlist-ref")  # in that path; the second refers to keys of the first
_VERSION: Final = "v2"  # before it, since version 2.0.0
_USAGE: Final = 2  # behind domain and participant
_ANY: Final = "-"  # any of a level
# What has a TrustListDto is of this domain alone: WHO's gateway, which is made of the EU's, hands on no other in it
_GATEWAY_DOMAIN: Final = "DCC"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayEntry:
    """An entry of the gateway's list. Its kind is under no signature; where that is ``SIGNERS``, it has a signer."""

    where: str
    unverified_kind: str
    unverified_signature: Json = field(repr=False)
    unverified_certificate: BerCertificate
    unverified_signer: DocumentSigner | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedTrustList:
    """Signers of a list. ``unverified_as_of``, in seconds, is when WHO signed it, or the gateway added the newest of
    its entries.

    ``unverified_signed_at`` is the same for WHO's, and None for one that does not say when it was made.
    ``unverified_entries`` are those of the gateway's, for whoever has its anchor, and None for another form.
    ``left_out`` says of which nothing can be verified, and why: keys of kinds that are not read.
    """

    unverified_signers: tuple[DocumentSigner, ...]
    unverified_as_of: int | None = None
    unverified_signed_at: int | None = None
    left_out: tuple[str, ...] = ()
    unverified_entries: tuple[GatewayEntry, ...] | None = None


def parse_trust_list(data: bytes) -> UnverifiedTrustList:
    """Parse a list of any of the forms, or certificates in PEM or one in DER; ``Malformed`` for anything else.

    A line with the signature of the list before it is passed over: it is verified by nobody here.
    """
    if len(data) > MAX_TRUST_LIST:
        raise Malformed(_WHAT, "", f"expected at most {MAX_TRUST_LIST} bytes, got {len(data)}")
    signed = _SIGNED.match(data)
    if signed is not None:
        data = data[signed.end() :]
    if data[:1] == bytes([_DER]):
        return UnverifiedTrustList(unverified_signers=(parse_signer(data),))
    if b"-----BEGIN" in data[:4_096]:
        return _gathered(_pem_entries(data))
    value = parse_json(data, what=_WHAT, max_bytes=MAX_TRUST_LIST, max_values=MAX_VALUES)
    if type(value) is dict and "verificationMethod" in value:
        methods = read_array(value["verificationMethod"], what=_WHAT, where="verificationMethod", limit=MAX_SIGNERS)
        return _gathered(_did_entries(methods), signed_at=_created(value))
    if type(value) is dict:
        value = value.get("certificates")  # as national backends hand the gateway's on
    return _gateway_list([] if value == [] else read_array(value, what=_WHAT, where="", limit=MAX_SIGNERS))


_Read = TypeVar("_Read")
_Entry: TypeAlias = tuple[str, Callable[[], _Read]]


def _readable(entries: Iterable[_Entry[_Read]]) -> tuple[tuple[_Read, ...], tuple[str, ...]]:
    """What can be read of the entries, and why not of the others: one key of an unknown kind must not hide them all."""
    found: list[_Read] = []
    left_out: list[str] = []
    for where, read in entries:
        try:
            found.append(read())
        except Malformed as error:
            left_out.append(f"{where}: {error.detail}")
    return tuple(found), tuple(left_out)


def _gathered(entries: Iterable[_Entry[DocumentSigner | None]], *, signed_at: int | None = None) -> UnverifiedTrustList:
    read, left_out = _readable(entries)
    signers = tuple(signer for signer in read if signer is not None)
    return UnverifiedTrustList(
        unverified_signers=signers, unverified_as_of=signed_at, unverified_signed_at=signed_at, left_out=left_out
    )


def _pem_entries(data: bytes) -> Iterator[_Entry[DocumentSigner]]:
    found = list(_PEM.finditer(data))
    if not 0 < len(found) <= MAX_SIGNERS:
        raise Malformed(_WHAT, "", f"expected one to {MAX_SIGNERS} certificates")
    for position, block in enumerate(found):
        yield f"[{position}]", partial(_pem_signer, block[1], f"[{position}]")


def _pem_signer(text: bytes, where: str) -> DocumentSigner:
    return parse_signer(_der(b"".join(text.split()).decode(), where))


def _gateway_list(entries: list[Json]) -> UnverifiedTrustList:
    """TrustListDto of the gateway: ``rawData`` is the certificate, ``thumbprint`` its SHA-256 in hexadecimal digits."""
    objects = [entry for entry in entries if type(entry) is dict]
    if entries and not objects:
        raise Malformed(_WHAT, "[0]", "expected an object")
    places = [f"[{position}]" for position in range(len(entries))]
    read, left_out = _readable(
        (where, partial(_gateway_entry, entry, where)) for entry, where in zip(entries, places, strict=True)
    )
    times = [time for entry in objects if (time := _time(entry.get("timestamp"))) is not None]
    return UnverifiedTrustList(
        unverified_signers=tuple(each.unverified_signer for each in read if each.unverified_signer is not None),
        unverified_as_of=max(times, default=None),
        left_out=left_out,
        unverified_entries=read,
    )


def _gateway_entry(entry: Json, where: str) -> GatewayEntry:
    members = read_object(entry, what=_WHAT, where=where)
    kind = str(members.get("certificateType", SIGNERS))
    der = _der(members.get("rawData"), f"{where}.rawData")
    thumbprint = members.get("thumbprint")
    if type(thumbprint) is str and thumbprint.lower() != sha256(der).hexdigest():
        raise Malformed(_WHAT, f"{where}.thumbprint", "expected the hash of the certificate")
    certificate, signer = read_certificate(der), None
    if kind == SIGNERS:
        signer = read_signer(certificate, kid=_kid(members.get("kid"), f"{where}.kid"), domain=_GATEWAY_DOMAIN)
    return GatewayEntry(
        where=where,
        unverified_kind=kind,
        unverified_signature=members.get("signature"),
        unverified_certificate=certificate,
        unverified_signer=signer,
    )


def _did_entries(methods: list[Json]) -> Iterator[_Entry[DocumentSigner | None]]:
    """The verification methods of a DID document; those that only refer to another document carry no key."""
    for position, value in enumerate(methods):
        if type(value) is not str:
            where = f"verificationMethod[{position}]"
            yield where, partial(_did_signer, value, where)


def _place(name: str, method: JsonObject) -> tuple[str | None, str | None]:
    """Domain and key usage in ``did:web:...:v2:trustlist:$domain:$participant:$usage#kid``, None for what is not said.

    A list across all domains has ``-`` there, and the method its domain in a member. Version 1 says neither: it has
    ``:trustlist:$participant``.
    """
    path = name.partition("#")[0].split(":")[_PATH:]
    at = next((at for at, component in enumerate(path) if component in _LISTS), len(path))
    place = path[at + 1 :]
    if len(place) == 1 and path[at - 1 : at] != [_VERSION]:
        place = []
    domain = place[0] if place else None
    if domain in (None, _ANY):
        domain = _member_domain(method, otherwise=domain)
    usage = place[_USAGE] if len(place) > _USAGE else _ANY
    return domain, None if usage == _ANY else usage


def _member_domain(method: JsonObject, *, otherwise: str | None) -> str | None:
    said = method.get("domain")
    code = said.get("code") if type(said) is dict else None
    return code.removeprefix("#") if type(code) is str else otherwise


def _did_signer(value: Json, where: str) -> DocumentSigner | None:
    """``publicKeyJwk`` has the certificate, and its issuer behind it, in ``x5c``; None for a key of another usage."""
    method = read_object(value, what=_WHAT, where=where)
    name = read_text(method.get("id"), what=_WHAT, where=f"{where}.id")
    domain, usage = _place(name, method)
    if usage not in (None, SIGNERS):
        return None
    at = f"{where}.publicKeyJwk"
    jwk = read_object(method.get("publicKeyJwk"), what=_WHAT, where=at)
    chain = read_array(jwk.get("x5c"), what=_WHAT, where=f"{at}.x5c", limit=MAX_SIGNERS)
    fragment = name.rpartition("#")[2]
    kid = _kid(jwk.get("kid", fragment), f"{at}.kid")
    return parse_signer(_der(chain[0], f"{at}.x5c[0]"), kid=kid, domain=domain)


def _der(value: Json, where: str) -> bytes:
    text = read_text(value, what=_WHAT, where=where, limit=MAX_CERTIFICATE_TEXT)
    return parse_base64(text, what=_WHAT, where=where)


def _kid(value: Json, where: str) -> bytes:
    kid = read_key_id(value, what=_WHAT, where=where)
    if len(kid) != KEY_ID:
        raise Malformed(_WHAT, where, f"expected {KEY_ID} bytes")
    return kid


def _created(document: JsonObject) -> int | None:
    proof = document.get("proof")
    return _time(proof.get("created")) if isinstance(proof, dict) else None


def _time(value: Json) -> int | None:
    moment = date_time(value) if type(value) is str else None
    return None if moment is None else moment.milliseconds // 1000
