"""How registration certificates travel: by value, one in ``verifier_info`` or ``issuer_info`` (RPRC_19, RPRC_22)."""

from collections.abc import Iterable
from typing import Final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.json import Json

CERTIFICATES_PATH: Final = "/registration-certificates"
"""Ours: where a registrar gives out those in force, by the party's identifier; TS5 1.3 has no such path."""
REGISTRATION_FORMAT: Final = "registration_cert"  # ETSI TS 119 472-2 and 119 472-3
_JWT_BYTES: Final = b"ey"  # an object in base64url


def certificate_text(data: bytes) -> str:
    """A certificate as JSON carries it: a JWT as it is, a CWT in base64url."""
    return data.decode() if data.startswith(_JWT_BYTES) else base64url(data)


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
