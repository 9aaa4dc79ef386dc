"""An access certificate, issued in public: announced to a log, and signed with its timestamp inside (ARF 3.0 CT_04).

announce(draft) -> the pre-certificate      submitted to logs, which is whoever's who issues
                -> complete(draft, items)   the certificate
"""

from collections.abc import Collection
from typing import Final

from zegel.primitives.x509 import Certificate
from zegel.trust.authority import Draft
from zegel.trust.transparency.extensions import (
    TRANSPARENCY_INFORMATION,
    parse_logged_certificate,
    transparency_information,
)
from zegel.trust.transparency.items import TransItem, encode_trans_items
from zegel.trust.transparency.logs import LogSigner, TransparencyLog
from zegel.trust.transparency.precertificate import build_precertificate
from zegel.trust.transparency.timestamps import entry_of, verify_timestamps

_SELF: Final = "the log that stamps it"


def announce(draft: Draft) -> bytes:
    """The pre-certificate: the authority's binding word that it will issue this (RFC 9162 section 3.2.1)."""
    authority = draft.authority
    key_id = authority.certificate.key_id
    assert key_id is not None  # every authority has one (RFC 5280 section 4.2.1.2)
    return build_precertificate(draft.tbs, key_id=key_id, signer=authority.key)


def complete(draft: Draft, items: tuple[TransItem, ...], *, logs: Collection[TransparencyLog], now: int) -> Certificate:
    """The certificate with what the logs have answered; ``Rejected`` unless a wallet will be content with it.

    ``logs`` are those on the list of trusted entities (section 3: whoever submits validates the answer).
    """
    certificate = draft.sign({TRANSPARENCY_INFORMATION: transparency_information(encode_trans_items(items))})
    issuer = draft.authority.certificate
    return verify_timestamps(certificate, issuer=issuer, logs=logs, required=True, now=now).certificate


def issue_stamped(draft: Draft, *, log: LogSigner, now: int) -> Certificate:
    """The certificate with the timestamp of a log whose key is at hand; whoever holds it appends the entry."""
    entry = entry_of(
        draft.tbs, issuer=draft.authority.certificate, timestamp=now * 1000, precertificate=True, extensions=b""
    )
    known = TransparencyLog(id=log.id, key=log.signer.public_key, entity=_SELF)
    return complete(draft, (log.sign_timestamp(entry),), logs=(known,), now=now)


def tbs_of(certificate: Certificate) -> bytes:
    """The TBSCertificate that was announced for a certificate."""
    return parse_logged_certificate(certificate.der).tbs_v2
