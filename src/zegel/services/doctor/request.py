"""A presentation request as a wallet meets it: who asks, for what, and whether it could be answered.

The request is fetched as a wallet would fetch it, and is answered with nothing.
"""

from contextlib import suppress

from zegel.errors import Malformed, Rejected, Unavailable
from zegel.primitives.http import HttpResponse, origin_of
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.received_request import VerifiedRequest
from zegel.protocols.openid4vp.sender import parse_request
from zegel.protocols.openid4vp.wallet import Consent, Fetching, Refusal, begin
from zegel.services.doctor.answers import examine_clock
from zegel.services.doctor.certificates import examine_signer
from zegel.services.doctor.eyes import Eyes, examine_tls, host_of
from zegel.services.doctor.findings import Findings, State
from zegel.services.doctor.registration import examine_asked
from zegel.services.doctor.topics import Topic
from zegel.trust.access import VerifiedParty
from zegel.trust.anchors import Purpose

_SUBJECT = "presentation request"


async def examine_request(findings: Findings, link: str, *, eyes: Eyes) -> None:
    """Examine the request that a link leads to."""
    with findings.trying(Topic.REQUEST, "link"):
        step = begin(parse_link(link), policy=eyes.wallet_policy, random=eyes.random)
        findings.note(Topic.REQUEST, "link", State.GOOD, _told(step))
        if isinstance(step, Fetching):
            step = await _fetched(findings, step, eyes=eyes)
        await _examine_step(findings, step, eyes=eyes)


async def _fetched(findings: Findings, step: Fetching, *, eyes: Eyes) -> Consent | Refusal:
    response: HttpResponse = await eyes.outbound.fetch(step.request)
    if response.status >= 500:
        raise Unavailable(host_of(step.request_uri), f"it answers with status {response.status}")
    examine_clock(findings, host_of(step.request_uri), response, now=eyes.clock.now())
    with suppress(Malformed):  # which is said of the request itself
        x5c = parse_request(response.body).unverified_jws.unverified_header.x5c
        examine_signer(findings, x5c, purpose=Purpose.ACCESS, eyes=eyes)
    return step.receive(response, policy=eyes.wallet_policy, now=eyes.clock.now())


def _told(step: Fetching | Consent | Refusal) -> str:
    if isinstance(step, Fetching):
        how = "GET" if step.wallet_nonce is None else "POST, with a nonce of the wallet's"
        return f"the request is fetched from {host_of(step.request_uri)} by {how}"
    return "the link holds the request itself: nobody vouches for who asks"


async def _examine_step(findings: Findings, step: Consent | Refusal, *, eyes: Eyes) -> None:
    match step:
        case Consent(request=request):
            _examine_party(findings, request)
            await examine_tls(findings, origin_of(request.reply.response_uri, what="response_uri"), eyes=eyes)
            await examine_asked(findings, request, eyes=eyes)
            asked = ", ".join(f"{entry.id} ({entry.format})" for entry in request.query.credentials)
            findings.note(Topic.REQUEST, _SUBJECT, State.GOOD, f"it asks for {asked}")
        case Refusal(check=check, detail=detail, field=field):
            findings.refused(Topic.REQUEST, _SUBJECT, Rejected(check, detail, field=field))


def _examine_party(findings: Findings, request: VerifiedRequest) -> None:
    party = request.party
    if not isinstance(party, VerifiedParty):
        findings.note(Topic.REQUEST, "who asks", State.DOUBTFUL, "nobody vouches for who asks")
        return
    findings.note(Topic.REQUEST, "who asks", State.GOOD, f"{party.name}, by {party.chain.anchor.entity}")
