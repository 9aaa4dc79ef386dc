"""What an examination looks with: the one way out, the trust, the clock, and a look at the TLS of a host."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import urlsplit

from zegel.errors import Malformed, Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse, origin_of
from zegel.primitives.x509 import Certificate
from zegel.profiles import Profile
from zegel.protocols.openid4vp.transaction_data import TransactionType
from zegel.protocols.openid4vp.wallet import WalletPolicy
from zegel.services.doctor.answers import examine_clock, examine_transport_security
from zegel.services.doctor.findings import Findings, State
from zegel.services.doctor.topics import Topic
from zegel.services.ports import Clock, Outbound, Random, TlsProbe
from zegel.services.trust import Trust
from zegel.trust.anchors import TrustAnchors

DAY: Final = 86_400
_SOON: Final = 14 * DAY  # a fortnight: time enough to have an authority issue another one
_MAX_DOCUMENT: Final = 1 << 18  # as wallets take of metadata
_MODERN: Final = ("TLSv1.2", "TLSv1.3")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """``profile`` and ``transaction_types`` are those of the wallet whose place is taken; ``plain_origins`` may be
    spoken to without TLS. ``operators`` are who may sign lists of trusted entities."""

    outbound: Outbound
    trust: Trust
    tls: TlsProbe
    clock: Clock
    random: Random
    profile: Profile
    plain_origins: frozenset[str]
    transaction_types: Mapping[str, TransactionType]
    operators: TrustAnchors

    @property
    def wallet_policy(self) -> WalletPolicy:
        """What a wallet would hold a request against."""
        return WalletPolicy(
            profile=self.profile,
            anchors=self.trust.anchors,
            plain_origins=self.plain_origins,
            transaction_types=self.transaction_types,
        )

    async def fetch(
        self, findings: Findings, subject: str, request: HttpRequest, *, absent: State = State.BROKEN
    ) -> HttpResponse | None:
        """A document that has to be there; None, and said so, where it is not.

        ``absent`` is how it stands where the other side answers that it has no such thing (RFC 9110 section 15.5).
        """
        try:
            response = await self.outbound.fetch(request, max_bytes=_MAX_DOCUMENT)
        except Unavailable as error:
            findings.refused(Topic.REACHABLE, subject, error)
            return None
        if response.status != 200:
            state = absent if 400 <= response.status < 500 else State.BROKEN
            lacking = "not looked at: nothing of one is there, " if state is State.UNSEEN else ""
            findings.note(Topic.REACHABLE, subject, state, f"{lacking}expected status 200, got {response.status}")
            return None
        return response


async def examine_origin(findings: Findings, url: str, response: HttpResponse, *, eyes: Eyes) -> None:
    """What one answer and one handshake tell of an origin: TLS, clock, and whether browsers insist on TLS."""
    origin = origin_of(url, what="URL")
    await examine_tls(findings, origin, eyes=eyes)
    examine_clock(findings, origin, response, now=eyes.clock.now())
    if origin.startswith("https://") and origin not in eyes.plain_origins:
        examine_transport_security(findings, origin, response)


async def examine_tls(findings: Findings, origin: str, *, eyes: Eyes) -> None:
    """The handshake with an origin. Plain http is for this very machine alone."""
    if not origin.startswith("https://"):
        findings.judge(
            Topic.TLS,
            origin,
            "plain http, on this machine" if origin in eyes.plain_origins else None,
            "plain http",
        )
        return
    with findings.trying(Topic.TLS, origin):
        peer = await eyes.tls.look(origin)
        left = peer.not_after - eyes.clock.now()
        if peer.version not in _MODERN:
            findings.note(Topic.TLS, origin, State.BROKEN, f"it speaks {peer.version}")
        else:
            findings.judge(
                Topic.TLS,
                origin,
                f"{peer.version}, certificate for {left // DAY} days" if left > _SOON else None,
                f"{peer.version}, but the certificate ends in {max(left, 0) // DAY} days",
                state=State.DOUBTFUL,
            )


def examine_days_left(findings: Findings, subject: str, not_after: int, *, now: int) -> None:
    """How long a certificate, whose validity was checked already, will do."""
    left = not_after - now
    findings.judge(
        Topic.CERTIFICATE,
        subject,
        f"for {left // DAY} days" if left > _SOON else None,
        f"it ends in {max(left, 0) // DAY} days",
        state=State.DOUBTFUL,
    )


def examine_authorities(findings: Findings, authorities: Sequence[Certificate], *, now: int) -> None:
    """How long each authority between a certificate and its anchor will do."""
    for above in authorities:
        examine_days_left(findings, f"authority {above.subject}", above.not_after, now=now)


def host_of(url: str) -> str:
    """The host of a URL, to name it by; the text itself where it is none."""
    try:
        return urlsplit(origin_of(url, what="URL")).netloc
    except Malformed:
        return url[:80]
