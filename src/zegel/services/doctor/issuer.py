"""An issuer as a wallet meets it: metadata, its signature, the authorization server, nonces, status lists."""

from collections.abc import Sequence
from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.credential import StatusReference
from zegel.formats.status.reference import AGGREGATION, parse_aggregation
from zegel.primitives.http import JSON, HttpRequest, HttpResponse, media_type
from zegel.primitives.json import JsonObject, parse_object
from zegel.primitives.keys import Algorithm
from zegel.profiles import HAIP, ClientAuthentication
from zegel.protocols.oauth.metadata import (
    WELL_KNOWN,
    parse_server_metadata,
    verify_server_metadata,
    well_known_url,
)
from zegel.protocols.oauth.pkce import METHOD
from zegel.protocols.openid4vci.encryption import JWT
from zegel.protocols.openid4vci.metadata import (
    IssuerMetadata,
    metadata_request,
    parse_issuer_metadata,
    verify_issuer_metadata,
)
from zegel.services.doctor.answers import examine_content, examine_cors, kept_nowhere
from zegel.services.doctor.certificates import examine_signer
from zegel.services.doctor.eyes import Eyes, examine_origin
from zegel.services.doctor.findings import Findings, State
from zegel.services.doctor.registration import examine_issued
from zegel.services.doctor.topics import Topic
from zegel.services.status import StatusReader
from zegel.trust.anchors import Purpose

_MAX_LISTS: Final = 16  # looked at; an issuer of a hundred million credentials has a hundred
_MAX_SERVERS: Final = 4  # looked at; most issuers have one, or are it themselves


async def examine_issuer_at(findings: Findings, url: str, *, eyes: Eyes, absent: State = State.BROKEN) -> bool:
    """Examine the issuer of this identifier, or that of the one without its last slash, and say that it is another."""
    found, other = Findings(), url.removesuffix("/")
    present = await examine_issuer(found, url, eyes=eyes, absent=absent)
    if not present and other != url:
        nearby = Findings()
        if await examine_issuer(nearby, other, eyes=eyes):
            findings.note(Topic.IDENTITY, "issuer metadata", State.BROKEN, f"none of {url}; what follows is {other}")
            findings.extend(nearby)
            return True
    findings.extend(found)
    return present


async def examine_issuer(findings: Findings, issuer: str, *, eyes: Eyes, absent: State = State.BROKEN) -> bool:
    """Examine the credential issuer of this identifier; False, and said as ``absent``, where there is none."""
    request = metadata_request(issuer, signed=False)
    response = await eyes.fetch(findings, "issuer metadata", request, absent=absent)
    if response is None:
        return False
    findings.note(Topic.REACHABLE, "issuer metadata", State.GOOD, request.url)
    await examine_origin(findings, issuer, response, eyes=eyes)
    examine_content(findings, "issuer metadata", response, expected=JSON)
    examine_cors(findings, "issuer metadata", response)
    metadata = _examine_metadata(findings, issuer, response, eyes=eyes)
    await _examine_signed(findings, issuer, eyes=eyes)
    if metadata is not None:
        told: list[JsonObject] = [parse_object(response.body, what="issuer metadata")]
        told += [await _examine_server(findings, server, eyes=eyes) for server in metadata.servers[:_MAX_SERVERS]]
        await _examine_nonces(findings, metadata.nonce_endpoint, eyes=eyes)
        await _examine_status(findings, told, eyes=eyes)
    return True


def _examine_metadata(findings: Findings, issuer: str, response: HttpResponse, *, eyes: Eyes) -> IssuerMetadata | None:
    subject = "issuer metadata"
    try:
        unverified = parse_issuer_metadata(response)
        metadata = verify_issuer_metadata(
            unverified,
            credential_issuer=issuer,
            anchors=None,
            timestamps_required=False,
            now=eyes.clock.now(),
        )
    except (Malformed, Rejected) as error:
        identity = error.field == "credential_issuer"
        findings.refused(Topic.IDENTITY if identity else Topic.METADATA, subject, error)
        return None
    findings.note(Topic.IDENTITY, subject, State.GOOD, issuer)
    count = len(metadata.configurations)
    findings.note(Topic.METADATA, subject, State.GOOD, f"{count} credential configurations that can be used")
    for id_, why in metadata.unusable.items():
        findings.note(Topic.METADATA, f"configuration {id_[:64]}", State.DOUBTFUL, why)
    return metadata


async def _examine_signed(findings: Findings, issuer: str, *, eyes: Eyes) -> None:
    subject = "signed metadata"
    response = await eyes.fetch(findings, subject, metadata_request(issuer, signed=True))
    if response is None:
        return
    if _media_type(response) != JWT:
        findings.note(Topic.SIGNED_METADATA, subject, State.DOUBTFUL, "the metadata is not served signed")
        return
    with findings.trying(Topic.SIGNED_METADATA, subject):
        unverified = parse_issuer_metadata(response)
        if unverified.jws is not None:
            examine_signer(findings, unverified.jws.unverified_header.x5c, purpose=Purpose.ACCESS, eyes=eyes)
        verified = verify_issuer_metadata(
            unverified,
            credential_issuer=issuer,
            anchors=eyes.trust.anchors,
            timestamps_required=eyes.profile.timestamps_required,
            now=eyes.clock.now(),
        )
        findings.note(Topic.SIGNED_METADATA, subject, State.GOOD, f"by {verified.signer}")
        await examine_issued(findings, verified, eyes=eyes)


async def _examine_server(findings: Findings, server: str, *, eyes: Eyes) -> JsonObject:
    """What it says of itself; nothing where that is not to be had, or another's."""
    subject = "authorization server"
    request = HttpRequest(method="GET", url=well_known_url(server, WELL_KNOWN), headers=(("accept", JSON),))
    response = await eyes.fetch(findings, subject, request)
    if response is None:
        return {}
    examine_content(findings, subject, response, expected=JSON)
    examine_cors(findings, subject, response)
    try:
        unverified = parse_server_metadata(response.body)
        verify_server_metadata(unverified, issuer=server)
    except (Malformed, Rejected) as error:
        findings.refused(Topic.IDENTITY if error.field == "issuer" else Topic.METADATA, subject, error)
        return {}
    findings.note(Topic.IDENTITY, subject, State.GOOD, server)
    missing = _missing(unverified.unverified_members)
    findings.judge(
        Topic.AUTHORIZATION,
        subject,
        None if missing else "PAR, PKCE, DPoP, wallet attestations and iss in the response",
        f"it does not say that it has {', '.join(missing)}",
        state=State.BROKEN if eyes.profile is HAIP else State.DOUBTFUL,
    )
    return unverified.unverified_members


def _missing(members: JsonObject) -> list[str]:
    """What HAIP asks for and the metadata does not offer, by name."""
    offered = {
        "PAR (pushed_authorization_request_endpoint)": "pushed_authorization_request_endpoint" in members,
        f"PKCE {METHOD} (code_challenge_methods_supported)": _has(members, "code_challenge_methods_supported", METHOD),
        "DPoP with ES256 (dpop_signing_alg_values_supported)": _has(
            members, "dpop_signing_alg_values_supported", Algorithm.ES256
        ),
        "wallet attestations (token_endpoint_auth_methods_supported)": _has(
            members, "token_endpoint_auth_methods_supported", ClientAuthentication.ATTESTATION
        ),
        "iss (authorization_response_iss_parameter_supported)": (
            members.get("authorization_response_iss_parameter_supported") is True
        ),
    }
    return [name for name, there in offered.items() if not there]


async def _examine_nonces(findings: Findings, endpoint: str | None, *, eyes: Eyes) -> None:
    subject = "nonce endpoint"
    if endpoint is None:
        findings.note(Topic.NONCE, subject, State.UNSEEN, "there is none: proofs carry no nonce")
        return
    with findings.trying(Topic.NONCE, subject):
        nonces, stored = [], False
        for _ in range(2):
            response = await eyes.outbound.fetch(HttpRequest(method="POST", url=endpoint))
            if not 200 <= response.status < 300:  # OpenID4VCI 1.0 section 7.2
                raise Rejected(Check.SERVER_METADATA, f"expected a status 2xx, got {response.status}", field=subject)
            members = parse_object(response.body, what="nonce response")
            nonces.append(members.get("c_nonce"))
            stored = stored or not kept_nowhere(response)
        if not all(type(nonce) is str and nonce for nonce in nonces):
            findings.note(Topic.NONCE, subject, State.BROKEN, "the answer has no c_nonce")
        elif nonces[0] == nonces[1]:
            findings.note(Topic.NONCE, subject, State.BROKEN, "it gives the same nonce twice")
        else:
            findings.judge(
                Topic.NONCE,
                subject,
                None if stored else "fresh, and no-store",
                "fresh, without Cache-Control: no-store",
            )


async def _examine_status(findings: Findings, told: Sequence[JsonObject], *, eyes: Eyes) -> None:
    """Every list that the metadata of issuer or servers lead to (status list draft 20 section 9.1)."""
    subject = "status lists"
    endpoint = next((each[AGGREGATION] for each in told if AGGREGATION in each), None)
    if type(endpoint) is not str:
        detail = f"the metadata names no {AGGREGATION}; whoever holds a credential finds its list"
        findings.note(Topic.STATUS, subject, State.UNSEEN, detail)
        return
    uris: tuple[str, ...] = ()
    with findings.trying(Topic.STATUS, subject):
        aggregation = await eyes.fetch(findings, subject, HttpRequest(method="GET", url=endpoint))
        uris = () if aggregation is None else parse_aggregation(aggregation.body)
        if aggregation is not None and not uris:
            findings.note(Topic.STATUS, subject, State.GOOD, "no list yet: nothing was issued that can be revoked")
    reader = StatusReader(outbound=eyes.outbound, trust=eyes.trust, clock=eyes.clock, keep=1)
    for uri in uris[:_MAX_LISTS]:
        name = f"status list {uri[-48:]}"
        with findings.trying(Topic.STATUS, name):
            listed = await reader.fetch_status_list(StatusReference(uri=uri, index=0))
            if listed is None:  # pragma: no cover a reference always has a list
                raise Unavailable(name, "there is none")
            left = listed.stale_at - eyes.clock.now()
            findings.note(Topic.STATUS, name, State.GOOD, f"by {listed.entity}, fresh for {left // 60} minutes")


def _has(members: JsonObject, name: str, value: str) -> bool:
    offered = members.get(name)
    return type(offered) is list and value in offered


def _media_type(response: HttpResponse) -> str:
    try:
        return media_type(response.header("content-type"))
    except Malformed:
        return ""
