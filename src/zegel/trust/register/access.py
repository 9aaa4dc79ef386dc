"""What an access authority tells of a certificate, for the register to give out beside the party (TS5 1.3 3.2.1).

TS5 wants the log's information to accompany what is found, and names no members for it: these are ours.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.encoding import base64, parse_base64
from zegel.primitives.http import origin_of
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.members import member, read_object, read_text
from zegel.primitives.x509 import MAX_CERTIFICATE, Certificate, parse_certificate
from zegel.trust.register.parts import MAX_NAME

_MAX_TEXT: Final = 4 * -(-MAX_CERTIFICATE // 3)  # characters; the longest certificate as base64
_MEMBERS: Final = frozenset({"serviceIdentifier", "certificate", "expires", "log"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecord:
    """An access certificate of a party's ``service``, and the ``log`` that has it, by the address of its messages."""

    service: str
    certificate: Certificate
    log: str


def read_access_record(value: Json, *, party: str, what: str, where: str) -> AccessRecord:
    """Read what is told of a certificate of the party with this identifier.

    ``Malformed`` for what is no such record, and where the certificate names another party or Service (Reg_32, Reg_33)
    or another end: what is signed for all does not contradict itself.
    """
    members = read_object(value, what=what, where=where)
    for name in sorted(members.keys() - _MEMBERS):
        raise Malformed(what, member(where, name), f"expected no members but {', '.join(sorted(_MEMBERS))}")
    service = read_text(
        members.get("serviceIdentifier"), what=what, where=member(where, "serviceIdentifier"), limit=MAX_NAME
    )
    certificate = _certificate(members.get("certificate"), what=what, where=member(where, "certificate"))
    for name, said, wanted in (("organizationIdentifier", "of this party", party), ("OU", "of this Service", service)):
        if certificate.names.get(name) != wanted:
            raise Malformed(what, member(where, "certificate"), f"expected a certificate {said}")
    expires = members.get("expires")
    if type(expires) is not int or expires != certificate.not_after:
        raise Malformed(what, member(where, "expires"), "expected the last second of the certificate")
    return AccessRecord(
        service=service, certificate=certificate, log=_log(members.get("log"), what=what, where=member(where, "log"))
    )


def build_access_record(record: AccessRecord) -> JsonObject:
    """The same as JSON."""
    return {
        "serviceIdentifier": record.service,
        "certificate": base64(record.certificate.der),
        "expires": record.certificate.not_after,
        "log": record.log,
    }


def _certificate(value: Json, *, what: str, where: str) -> Certificate:
    text = read_text(value, what=what, where=where, limit=_MAX_TEXT)
    der = parse_base64(text, what=what, where=where)
    try:
        return parse_certificate(der)
    except Malformed as error:
        raise Malformed(what, where, error.detail.removeprefix("certificate: ")) from None


def _log(value: Json, *, what: str, where: str) -> str:
    address = read_text(value, what=what, where=where)
    try:
        origin_of(address, what=what)
    except Malformed:
        raise Malformed(what, where, "expected the address of a log") from None
    return address
