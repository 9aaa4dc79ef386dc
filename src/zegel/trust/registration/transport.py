"""How registration certificates travel: by value, one in ``verifier_info`` or ``issuer_info`` (RPRC_19, RPRC_22)."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, urlencode

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import Json
from zegel.trust.registration.values import RegistrationCertificate, RegistrationFormat

CERTIFICATES_PATH: Final = "/registration-certificates"
"""Ours: where a registrar gives out those in force, by the party's identifier; TS5 1.3 has no such path."""
REGISTRATION_FORMAT: Final = "registration_cert"  # ETSI TS 119 472-2 and 119 472-3
_JWT_BYTES: Final = b"ey"  # an object in base64url


def certificate_text(data: bytes) -> str:
    """A certificate as JSON carries it: a JWT as it is, a CWT in base64url."""
    return data.decode() if data.startswith(_JWT_BYTES) else base64url(data)


def certificate_path(about: RegistrationCertificate, format_: RegistrationFormat | None = None) -> str:
    """Where its registrar gives out the one in force about the same, from the origin on; in the format of a file."""
    through = None if about.intermediary is None else about.intermediary.identifier
    named = {
        "service": about.service,
        "intendeduseidentifier": about.intended_use,
        "intermediary": through,
        "format": format_,
    }
    query = urlencode({name: value for name, value in named.items() if value is not None})
    path = f"{CERTIFICATES_PATH}/{quote(about.identifier, safe='')}"
    return f"{path}?{query}" if query else path


def certificate_bytes(text: str) -> bytes:
    """The same certificate as a file has it: the inverse of ``certificate_text``; ``Malformed`` for what is none."""
    return text.encode() if "." in text else parse_base64url(text, what="registration certificate")


def check_one_sent(entries: Iterable[tuple[str, Json]], *, field: str) -> str:
    """The one certificate among statements, each a format and its data, in the member that is ``field``.

    ``Rejected(REGISTRATION_CERTIFICATE)`` for none, for several, and for one that is not there by value.
    """
    sent = [data for format_, data in entries if format_ == REGISTRATION_FORMAT]
    if len(sent) != 1:
        detail = f"expected one registration certificate, got {len(sent) or 'none'}"
        raise Rejected(Check.REGISTRATION_CERTIFICATE, detail, field=field)
    if type(sent[0]) is not str or "://" in sent[0]:
        detail = "expected the registration certificate itself, as text"
        raise Rejected(Check.REGISTRATION_CERTIFICATE, detail, field=f"{field}.data")
    return sent[0]
