"""What a vault holds: credentials with their keys, steps that wait for their person, and the log.

One frozen tree. Every use case replaces it by another, so that the file is always the whole of one moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias, final

from zegel.formats.credential import Format, Reference, VerifiedCredential
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.keys import PrivateKey, Signer
from zegel.protocols.openid4vci.configuration import ClaimDescription
from zegel.protocols.openid4vci.wallet.authorization import BrowserPause
from zegel.protocols.openid4vci.wallet.session import Pending, Received, Session
from zegel.protocols.openid4vci.wallet.start import Ready
from zegel.protocols.openid4vp.overasking import AskedClaim
from zegel.protocols.openid4vp.wallet import Consent, Refusal, Sending
from zegel.services.wallet.registered import Registered
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.disclosure_policy.values import DisclosurePolicy
from zegel.trust.registration.values import BoundRegistration, CurrentRegistration, RegistrationCertificate

# --- what it holds ----------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One credential of a batch as it came, and the key that it is bound to; None for one that is bound to nobody."""

    data: bytes
    key: PrivateKey | None
    status: Reference | None
    uses: int = 0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who issues. ``name`` is the issuer's own word; ``certified`` is the name in the access certificate that signed
    its metadata, None where TLS alone vouches for ``url``. ``identifier`` and ``service`` are as it is registered."""

    url: str
    name: str
    certified: str | None
    identifier: str | None = None
    service: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What was last found of a holding's status: ``check`` is the id of the check that failed, empty if none did."""

    at: int
    word: str
    check: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Copies of one credential, verified, alike but for what is a copy's own. ``credential`` is the first of them.

    ``policy`` is what its issuer said of who may be shown it, when it was issued (ARF 3.0 EDP_10): it is changed by a
    new issuance alone.
    """

    configuration: str
    credential: VerifiedCredential
    copies: tuple[Copy, ...]
    described: tuple[ClaimDescription, ...]
    display_name: str | None
    policy: DisclosurePolicy | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A credential in the wallet. ``grant`` is the id of what it can be renewed by.

    ``tried_at`` is when it was last asked for anew, ``renewed_at`` when new copies came. It is ``renewable`` until the
    issuer says that it will not issue it again.

    ``before`` is the credential as it was until a renewal that changed its claims, kept until the person has seen it.
    """

    id: str
    batch: Batch
    provider: Provider
    grant: str
    received_at: int
    tried_at: int | None = None
    renewed_at: int | None = None
    renewable: bool = True
    before: VerifiedCredential | None = None
    standing: Standing | None = None

    @property
    def credential(self) -> VerifiedCredential:
        """What every copy says."""
        return self.batch.credential

    @property
    def unused(self) -> int:
        """How many copies nobody has seen yet."""
        return sum(copy.uses == 0 for copy in self.batch.copies)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCertificate:
    """A certificate that is a text and no more: bound to no key. ``text`` is that of its code, as it was read."""

    id: str
    text: str
    added_at: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """By what an issuer issues again: its refresh token, and the keys that the token is bound to."""

    provider: Provider
    server: str
    client_id: str | None
    dpop: Signer
    instance: Signer | None
    refresh_token: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletInstance:
    """This wallet as its provider knows it. ``id`` is None until the provider has answered.

    ``code`` is the revocation code, which nobody else has; ``noted`` when its owner has written it down. ``status`` is
    the provider's word by which the wallet watches itself, and which no issuer is shown. ``revoked_at`` is when the
    wallet found out, ``reason`` what it was told.
    """

    provider: str
    key: PrivateKey
    code: str
    id: str | None = None
    activated_at: int | None = None
    status: AttestationStatus | None = None
    noted: bool = False
    revoked_at: int | None = None
    reason: str = ""


# --- what waits -------------------------------------------------------------------------------------------------------


class Brought(StrEnum):
    """How a link came: from a page in this machine's browser, or by scanning or pasting, perhaps from elsewhere."""

    LINK = "link"
    PASTED = "pasted"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the wallet warns of: the id of the check that failed, and what was expected where."""

    check: str
    detail: str
    field: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Vetting:
    """What was found of who asks, or issues, at ``at``: its registration as far as it holds, and what to warn of.

    ``beyond`` is exactly what it asks for and has not registered. A registration that may be revoked or cannot be
    looked up is a bound one, and there is a finding; it is looked at again when ``until`` has come.
    """

    at: int
    until: int
    registration: CurrentRegistration | BoundRegistration | None = None
    findings: tuple[Finding, ...] = ()
    beyond: tuple[AskedClaim, ...] = ()

    @property
    def certificate(self) -> RegistrationCertificate | None:
        """What it registered."""
        return None if self.registration is None else self.registration.certificate

    @property
    def intermediated(self) -> bool:
        """Whether somebody else asks for it."""
        return self.registration is not None and self.registration.intermediated


NOT_VETTED: Final = Vetting(at=0, until=0)
"""Of a flow that a wallet stored before it knew of registrations: it is looked at when it is answered."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An offer, and all that is public of it. Waits for the person to take it up."""

    at: int
    ready: Ready
    provider: Provider
    brought: Brought
    vetting: Vetting = NOT_VETTED


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingIn:
    """The person logs in at the issuer's. ``browser`` is the digest of the browser that is to come back."""

    at: int
    offered: Offered
    pause: BrowserPause
    browser: str

    @property
    def provider(self) -> Provider:
        """Who issues."""
        return self.offered.provider


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Credentials came and are verified. Waits for the person to keep them (ARF 3.0 ISSU_11).

    ``grant`` is the id under which they can be renewed, once they are kept.
    """

    at: int
    session: Session
    provider: Provider
    grant: str
    received: tuple[Received, ...]
    batches: tuple[Batch, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """A credential that takes time, and the keys that wait for it. ``replaces`` is the holding that it is to renew."""

    at: int
    session: Session
    provider: Provider
    grant: str
    pending: Pending
    keys: tuple[PrivateKey, ...]
    replaces: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that can be answered. Waits for the person's consent."""

    at: int
    consent: Consent
    brought: Brought
    vetting: Vetting = NOT_VETTED


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswerable:
    """A request that this wallet does not answer. The verifier may be told why."""

    at: int
    refusal: Refusal
    brought: Brought


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """An answer or a refusal that is to be sent, or whose arrival is unknown. ``entry`` is its place in the log."""

    at: int
    sending: Sending
    entry: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The end of a flow, remembered so that a second click does nothing new. ``redirect_uri`` is where the browser goes
    on, ``holdings`` what was received, ``entry`` the answer's line of the log, ``refusal`` why it was not taken."""

    at: int
    redirect_uri: str | None = None
    holdings: tuple[str, ...] = ()
    entry: str = ""
    refusal: Finding | None = None


Flow: TypeAlias = Offered | LoggingIn | Arrived | Deferred | Asked | Unanswerable | Answering | Finished

# --- what it remembers ------------------------------------------------------------------------------------------------


class Happening(StrEnum):
    """What an entry of the log is about."""

    RECEIVED = "received"
    ADDED = "added"  # from a picture, a document or a text
    CODE_SHOWN = "code-shown"  # of a certificate that is one
    RENEWED = "renewed"
    DELETED = "deleted"
    PRESENTED = "presented"
    DECLINED = "declined"  # the person said no
    REFUSED = "refused"  # the wallet said no
    FAILED = "failed"


class Outcome(StrEnum):
    """What became of it."""

    DONE = "done"
    UNKNOWN = "unknown"  # sent, without a word from the other side
    REFUSED = "refused"  # the other side said no


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """Who was on the other side. ``certified``: the name is a trusted certificate's, not just a host's."""

    name: str
    host: str
    certified: bool
    identifier: str | None = None
    country: str | None = None
    service: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A credential in the log: its type and the names of claims as paths, never a value.

    ``repeated``: a copy was shown that had been shown before.
    """

    type: str
    format: Format
    paths: tuple[ClaimPath, ...] = ()
    copies: int = 1
    repeated: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the log. ``check`` is the id of the check that failed, empty if none did.

    ``through`` is the intermediary that asked for the counterpart. ``warnings`` are the ids of the checks that the
    wallet warned of, and ``beyond`` what was asked for without being registered.
    """

    id: str
    at: int
    happening: Happening
    outcome: Outcome
    counterpart: Counterpart
    mentions: tuple[Mention, ...] = ()
    transactions: tuple[str, ...] = ()
    check: str = ""
    through: Counterpart | None = None
    registered: Registered | None = None
    warnings: tuple[str, ...] = ()
    beyond: tuple[AskedClaim, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletContents:
    """All of it. Holdings, certificates and log are oldest first, grants and flows by their ids.

    There is no ``instance`` before the first activation.
    """

    holdings: tuple[Holding, ...] = ()
    grants: Mapping[str, Grant] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)
    log: tuple[Entry, ...] = ()
    instance: WalletInstance | None = None
    certificates: tuple[HealthCertificate, ...] = ()
