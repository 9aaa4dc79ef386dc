"""What the credential issuer remembers between requests, and nothing else.

    DeferredTransaction, under its transaction id, until its credentials are fetched
    NotifiedIssuance, under its notification id, for a day

Each names the grant that it hangs on.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

from zegel.primitives.keys import PublicKey
from zegel.trust.attestation_claims import AttestationStatus


class Event(StrEnum):
    """What became of the credentials (section 11.1)."""

    ACCEPTED = "credential_accepted"
    FAILURE = "credential_failure"
    DELETED = "credential_deleted"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredTransaction:
    """What is still to be issued, remembered under its transaction id."""

    grant_id: str
    configuration: str
    dataset: str
    keys: tuple[PublicKey, ...]
    key_statuses: tuple[AttestationStatus, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NotifiedIssuance:
    """An issuance of which the wallet may notify, and what it said so far."""

    grant_id: str
    configuration: str
    events: tuple[Event, ...] = ()
