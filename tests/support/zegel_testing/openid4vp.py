"""A verifier, a wallet and what it holds: everything that a presentation needs, with good defaults to be spoiled."""

import json
from dataclasses import replace
from typing import Any

from zegel.formats.claims import Claims
from zegel.formats.credential import (
    CurrentPresentation,
    CurrentUnboundPresentation,
    Format,
    Issuer,
    Status,
    StatusReference,
    VerifiedCredential,
)
from zegel.primitives.http import FORM, HttpRequest, HttpResponse, encode_form, parse_form
from zegel.primitives.jws import sign_jws
from zegel.profiles import HAIP, PLAIN, Profile, ResponseMode
from zegel.protocols.openid4vp.dcql import DcqlQuery, parse_query
from zegel.protocols.openid4vp.link import UnverifiedLink, parse_link
from zegel.protocols.openid4vp.matching import HeldCredential
from zegel.protocols.openid4vp.request import REQUEST_MEDIA_TYPE, REQUEST_TYPE, build_request
from zegel.protocols.openid4vp.transaction_data import (
    MemberKind,
    TransactionData,
    TransactionType,
    build_transaction_data,
    parse_transaction_data,
)
from zegel.protocols.openid4vp.verifier import CrossDevice, Flow, Requested, SameDevice
from zegel.protocols.openid4vp.verifier import begin as begin_session
from zegel.protocols.openid4vp.wallet import Consent, Fetching, Refusal, WalletPolicy
from zegel.protocols.openid4vp.wallet import begin as begin_wallet
from zegel.trust.access import certificate_client_id
from zegel.trust.anchors import Purpose
from zegel.trust.signing import CertifiedSigner
from zegel_testing.authorities import NOW, anchor, authority, fixed_key, fixed_random, signer, trusting

HOST = "tax.utopia.example"
RESPONSE_URI = f"https://{HOST}/response/1"
REQUEST_URI = f"https://{HOST}/request/1"
RETURN_URI = f"https://{HOST}/return/1"
BROWSER = "the session cookie of the browser in which it began"
TARGET = "openid4vp://"

ACCESS_AUTHORITY = authority("Access authority")
ANCHORS = trusting(anchor(ACCESS_AUTHORITY, Purpose.ACCESS))
_ACCESS = signer(ACCESS_AUTHORITY, "Tax online", Purpose.ACCESS, dns_names=(HOST,))
VERIFIER = CertifiedSigner(signer=_ACCESS.key, certificates=(_ACCESS.certificate,))
CLIENT_ID = certificate_client_id(_ACCESS.certificate)
DNS_CLIENT_ID = f"x509_san_dns:{HOST}"
REDIRECT_CLIENT_ID = f"redirect_uri:{RESPONSE_URI}"

PAYMENT = TransactionType(
    type="urn:utopia:payment:1",
    required={("payload",): MemberKind.OBJECT},
    optional={
        ("urgent",): MemberKind.FLAG,
        ("amount",): MemberKind.NUMBER,
        ("notes",): MemberKind.ARRAY,
        ("to",): MemberKind.TEXT,
    },
    patterns={},
    attestations=frozenset({"urn:utopia:account:1", "utopia.account.1"}),
)

SIGNER_KEY_ID = b"key of the signer's authority"
ISSUER = Issuer(
    entity="Ministry of Utopia",
    anchor="CN=Authority,C=UT",
    subject="CN=Signer,C=UT",
    key_ids=(SIGNER_KEY_ID,),
)
HOLDER = fixed_key("holder")

ADDRESS = {"street_address": "Main street 1", "locality": "Capital", "postal_code": "1000", "country": "UT"}
PID_CLAIMS: Claims = {
    "family_name": "Lovelace",
    "given_name": "Ada",
    "birthdate": "1985-12-10",
    "nationalities": ["UT", "NL"],
    "address": ADDRESS,
    "sex": 2,
    "over_18": True,
}
MDL_NAMESPACE = "org.iso.18013.5.1"
MDL_CLAIMS: Claims = {MDL_NAMESPACE: {"family_name": "Lovelace", "portrait": b"\xff\xd8jpeg", "height": 168}}


def credential(
    type_: str = "urn:eudi:pid:1",
    claims: Claims = PID_CLAIMS,
    *,
    format_: Format = Format.SD_JWT_VC,
    types: tuple[str, ...] = (),
    bound: bool = True,
    issuer: Issuer = ISSUER,
) -> VerifiedCredential:
    """A credential as its format's verification would leave it."""
    return VerifiedCredential(
        format=format_,
        type=type_,
        types=(type_, *types),
        issuer=issuer,
        claims=claims,
        status=StatusReference(uri="https://status.utopia.example/1", index=4711),
        valid_from=NOW,
        valid_until=NOW + 86_400,
        holder_key=HOLDER.public_key if bound else None,
    )


PID = credential()
MDL = credential("org.iso.18013.5.1.mDL", MDL_CLAIMS, format_=Format.MDOC)
ACCOUNT = credential("urn:utopia:account:1", {"iban": "UT001"})
TICKET = credential("urn:utopia:ticket:1", {"seat": "7F"}, bound=False)


def held(*credentials: VerifiedCredential) -> tuple[HeldCredential, ...]:
    """What a wallet holds, under the ids ``1``, ``2`` and so on."""
    return tuple(HeldCredential(id=str(count), credential=entry) for count, entry in enumerate(credentials, start=1))


def presented(entry: VerifiedCredential) -> CurrentPresentation:
    """The credential, presented with holder binding, and not revoked."""
    return CurrentPresentation(credential=entry, status=Status.VALID)


def shown(entry: VerifiedCredential) -> CurrentUnboundPresentation:
    """The credential, presented without holder binding, and not revoked."""
    return CurrentUnboundPresentation(credential=entry, status=Status.VALID)


def sd_jwt_query(id_: str = "pid", *paths: Any, vct: str = "urn:eudi:pid:1", **members: Any) -> dict[str, Any]:
    """A credential query for an SD-JWT VC, as JSON."""
    query: dict[str, Any] = {"id": id_, "format": "dc+sd-jwt", "meta": {"vct_values": [vct]}}
    if paths:
        query["claims"] = [{"path": list(path)} if isinstance(path, tuple) else {"path": [path]} for path in paths]
    return query | members


def mdoc_query(id_: str = "mdl", *elements: str, doctype: str = "org.iso.18013.5.1.mDL", **members: Any) -> Any:
    """A credential query for an mdoc, as JSON."""
    query: dict[str, Any] = {"id": id_, "format": "mso_mdoc", "meta": {"doctype_value": doctype}}
    if elements:
        query["claims"] = [{"path": [MDL_NAMESPACE, element]} for element in elements]
    return query | members


def query_of(*credentials: Any, **members: Any) -> DcqlQuery:
    """A query, from the JSON of its credential queries."""
    return parse_query({"credentials": list(credentials), **members})


NAME_QUERY = query_of(sd_jwt_query("pid", "family_name", "given_name"))


def transaction(*ids: str, type_: str = PAYMENT.type, **members: Any) -> TransactionData:
    """An item of transaction data for the credential queries."""
    raw = build_transaction_data(type_, credential_ids=ids, members={"payload": {"amount": "10"}} | members)
    return parse_transaction_data([raw])[0]


def session(
    query: DcqlQuery = NAME_QUERY,
    *,
    client_id: str = CLIENT_ID,
    response_mode: ResponseMode = ResponseMode.DIRECT_POST_JWT,
    flow: Flow | None = None,
    profile: Profile = PLAIN,
    method: Any = "get",
    transaction_data: tuple[TransactionData, ...] = (),
    verifier_info: Any = (),
    seed: str = "session",
) -> Requested:
    """A session of the verifier that has just begun."""
    return begin_session(
        client_id=client_id,
        query=query,
        response_mode=response_mode,
        response_uri=RESPONSE_URI,
        request_uri=REQUEST_URI,
        request_uri_method=method,
        flow=flow or SameDevice(return_uri=RETURN_URI),
        initiator=BROWSER,
        transaction_data=transaction_data,
        verifier_info=verifier_info,
        profile=profile,
        now=NOW,
        random=fixed_random(seed),
    )


def unsigned_session(query: DcqlQuery = NAME_QUERY, **options: Any) -> Requested:
    """One whose request its link holds, whatever is asked: a verifier of ours asks nobody for a PID so."""
    ticket = query_of(sd_jwt_query("ticket", vct="urn:utopia:ticket:1"))
    begun = session(ticket, client_id=REDIRECT_CLIENT_ID, **options)
    return replace(begun, request=replace(begun.request, query=query))


def cross_device_session(query: DcqlQuery = NAME_QUERY) -> Requested:
    """A session whose code is scanned with another device."""
    return session(query, flow=CrossDevice())


def policy(profile: Profile = HAIP, **changes: Any) -> WalletPolicy:
    """The wallet's policy, with our access authority trusted."""
    kept = WalletPolicy(
        profile=profile, anchors=ANCHORS, plain_origins=frozenset(), transaction_types={PAYMENT.type: PAYMENT}
    )
    return replace(kept, **changes)


def claims_of(requested: Requested, **changes: Any) -> dict[str, Any]:
    """The claims of the session's request object; a change to None takes the member out."""
    claims = json.loads(json.dumps(build_request(requested.request)))
    claims |= {"aud": "https://self-issued.me/v2", "iat": NOW, "exp": requested.expires} | changes
    return {name: value for name, value in claims.items() if value is not None}


def signed(claims: dict[str, Any], *, by: CertifiedSigner = VERIFIER, typ: str = REQUEST_TYPE) -> bytes:
    """A request object with any claims, signed by the verifier."""
    return sign_jws(claims, signer=by.signer, typ=typ, x5c=by.chain)


def link_to(requested: Requested) -> UnverifiedLink:
    """The link of a session, as the wallet parses it."""
    return parse_link(requested.link(TARGET))


def served(body: bytes, *, status: int = 200, content_type: str = REQUEST_MEDIA_TYPE) -> HttpResponse:
    """What the request_uri answers."""
    return HttpResponse(status=status, headers=(("content-type", content_type),), body=body)


def fetching(requested: Requested, *, profile: Profile = PLAIN) -> Fetching:
    """The wallet, about to fetch the session's request."""
    step = begin_wallet(link_to(requested), policy=policy(profile), random=fixed_random("wallet"))
    assert isinstance(step, Fetching)
    return step


def received(
    requested: Requested | None = None, *, profile: Profile = PLAIN, by: CertifiedSigner = VERIFIER, **changes: Any
) -> Consent | Refusal:
    """What the wallet makes of the session's request, with changes to its claims."""
    requested = requested or session()
    body = signed(claims_of(requested, **changes), by=by)
    return fetching(requested, profile=profile).receive(served(body), policy=policy(profile), now=NOW)


def consent(requested: Requested | None = None, **changes: Any) -> Consent:
    """The wallet, waiting for the user with a good request."""
    step = received(requested, **changes)
    assert isinstance(step, Consent), step
    return step


def form_of(request: HttpRequest) -> dict[str, str]:
    """The form that a request posts."""
    return parse_form(request.body, what="form")


def posted(fields: dict[str, str], *, url: str = REQUEST_URI) -> HttpRequest:
    """A form on its way."""
    return HttpRequest(method="POST", url=url, headers=(("content-type", FORM),), body=encode_form(fields))
