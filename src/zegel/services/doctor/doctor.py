"""What an address is, and who examines it."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from zegel.errors import Malformed
from zegel.primitives.http import origin_of
from zegel.protocols.openid4vci.offer import CredentialOffer, OfferReference, OfferScheme, parse_offer_link
from zegel.protocols.openid4vci.wallet.start import fetch_step
from zegel.services.doctor.eyes import Eyes
from zegel.services.doctor.findings import Findings, State
from zegel.services.doctor.issuer import examine_issuer
from zegel.services.doctor.provider import examine_provider
from zegel.services.doctor.request import examine_request
from zegel.services.doctor.topics import Topic

_OFFERS: Final = ("credential_offer", "credential_offer_uri")


async def examine(url: str, *, eyes: Eyes) -> Findings:
    """Examine what a URL leads to: an issuer, a sign-in provider, an offer or a presentation request.

    ``Malformed`` for what is none of these.
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
        await _examine_deployment(findings, url, eyes=eyes)
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


async def _examine_deployment(findings: Findings, url: str, *, eyes: Eyes) -> None:
    """Whatever is published there. Only where nothing is, what is missing is a finding."""
    absent = []
    for examination in (examine_issuer, examine_provider):
        found = Findings()
        if await examination(found, url, eyes=eyes):
            findings.extend(found)
        else:
            absent.append(found)
    if not list(findings):
        for found in absent:
            findings.extend(found)
