"""What an address is, and who examines it.

| at the address | known by | examined beside TLS, clock, headers and media type |
|---|---|---|
| an issuer | its metadata | signature, registration, authorization server, nonces, status lists |
| a sign-in provider | its discovery document | what it offers, its keys |
| a registrar | an answer of TS5 | its keys, the signature of the answer and of the head of its log |
| a log | its latest tree head | signature under the key on the list, age |
| a wallet provider | the lists of statuses that it publishes | signature, freshness |
| a list of trusted entities | itself | signature, type, next update |
| an offer, a presentation request | the link | the issuer; who asks, for what, and the registration |

Any other role shows nothing to whoever comes without a link: that it answers is all that is seen of it from outside.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

from zegel.errors import Malformed, Unavailable
from zegel.primitives.http import HttpRequest, origin_of
from zegel.protocols.openid4vci.offer import CredentialOffer, OfferReference, OfferScheme, parse_offer_link
from zegel.protocols.openid4vci.wallet.start import fetch_step
from zegel.services.doctor.eyes import Eyes, examine_origin
from zegel.services.doctor.findings import Findings, State
from zegel.services.doctor.issuer import examine_issuer, examine_issuer_at
from zegel.services.doctor.provider import examine_provider
from zegel.services.doctor.published import examine_list, examine_log, examine_registrar, examine_wallet_provider
from zegel.services.doctor.request import examine_request
from zegel.services.doctor.topics import Topic
from zegel.trust.lists.parse import MAX_TRUSTED_LIST


class Examination(Protocol):
    """Examines one kind of role at an address; False, and said as ``absent``, where there is none of that kind."""

    async def __call__(self, findings: Findings, url: str, /, *, eyes: Eyes, absent: State) -> bool:
        """Look at it."""
        ...


_OFFERS: Final = ("credential_offer", "credential_offer_uri")
_ROLES: Final[Mapping[str, Examination]] = {  # each by the name of its table in a configuration
    "issuer": examine_issuer_at,
    "provider": examine_provider,
    "registrar": examine_registrar,
    "transparency_log": examine_log,
    "wallet_provider": examine_wallet_provider,
}
_SHARED: Final = frozenset({"wallet_provider"})
_ELSEWHERE: Final = (
    "it publishes nothing that says so: a verifier is looked at by the link of a request, a publisher of lists by the "
    "address of a list, other roles by their configuration"
)


async def examine(url: str, *, eyes: Eyes, expected: Collection[str] = ()) -> Findings:
    """Examine what a URL leads to, by the table above; ``Malformed`` for what is no address.

    ``expected`` are the names of the roles that somebody who knows says are there; what is missing of any other is
    nobody's fault.
    """
    findings = Findings()
    try:
        fields = parse_qs(urlsplit(url).query)
    except ValueError:
        raise Malformed("URL", "", "expected an address") from None
    if "client_id" in fields:
        await examine_request(findings, url, eyes=eyes)
    elif any(name in fields for name in _OFFERS) or urlsplit(url).scheme in tuple(OfferScheme):
        await _examine_offer(findings, url, eyes=eyes)
    else:
        origin_of(url, what="URL")
        await _examine_deployment(findings, url, eyes=eyes, expected=expected)
    return findings


async def _examine_offer(findings: Findings, link: str, *, eyes: Eyes) -> None:
    with findings.trying(Topic.REACHABLE, "offer"):
        offer: CredentialOffer | OfferReference = parse_offer_link(link)
        if isinstance(offer, OfferReference):
            step = fetch_step(offer)
            response = await eyes.outbound.fetch(step.request)
            offer = step.receive(response, now=eyes.clock.now(), random=eyes.random)
        findings.note(Topic.REACHABLE, "offer", State.GOOD, f"of {', '.join(offer.configurations)}"[:200])
        await examine_issuer(findings, offer.credential_issuer, eyes=eyes)


async def _examine_deployment(findings: Findings, url: str, *, eyes: Eyes, expected: Collection[str]) -> None:
    """Whatever is published there. Where nothing is, each thing that was looked for is said."""
    absent, present = [], False
    for name, examination in _ROLES.items():
        if name in _SHARED and present:  # others publish lists of statuses as well
            continue
        found = Findings()
        missing = State.BROKEN if name in expected else State.UNSEEN
        if await examination(found, url, eyes=eyes, absent=missing):
            findings.extend(found)
            present = True
        else:
            absent.append((name, found))
    if present:
        for name, found in absent:
            findings.extend(found if name in expected else ())
    else:
        await _examine_unknown(findings, url, [found for _, found in absent], eyes=eyes)


async def _examine_unknown(findings: Findings, url: str, absent: Sequence[Findings], *, eyes: Eyes) -> None:
    """An address of something else: a list, or a role that shows nothing without a link."""
    try:
        answer = await eyes.outbound.fetch(HttpRequest(method="GET", url=url), max_bytes=MAX_TRUSTED_LIST)
    except Unavailable as error:
        findings.refused(Topic.REACHABLE, url, error)  # once: each of the others has failed for the same reason
        return
    if await examine_list(findings, url, answer, eyes=eyes):
        return
    for found in absent:
        findings.extend(found)
    if answer.status >= 500:
        findings.note(Topic.REACHABLE, url, State.BROKEN, f"it answers with status {answer.status}")
        return
    findings.note(Topic.REACHABLE, url, State.GOOD, f"it answers, with status {answer.status}")
    await examine_origin(findings, url, answer, eyes=eyes)
    findings.note(Topic.REACHABLE, "what it is", State.UNSEEN, _ELSEWHERE)
