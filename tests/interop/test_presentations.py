"""OpenID4VP between zegel's engines and Credo, over real sockets: each side in both roles."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from os import urandom

import pytest
from zegel_testing.authorities import CertifiedSigner as Certified
from zegel_testing.authorities import anchor, fixed_key, signer, trusting
from zegel_testing.foreign import Foreign
from zegel_testing.queries import DOCTYPE, QUERIES, VCT
from zegel_testing.sockets import Answer, listening, send
from zegel_testing.web_authority import WebAuthority

from zegel.formats.claims import ClaimPath
from zegel.formats.credential import CurrentPresentation, Format, VerifiedCredential
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed
from zegel.formats.mdoc.present import present_mdoc
from zegel.formats.mdoc.transcript import SessionTranscript, redirect_transcript
from zegel.formats.mdoc.verify import verify_issued_mdoc, verify_presented_mdoc
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.present import present_sdjwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_presented_sdjwt
from zegel.formats.status.check import check_status
from zegel.primitives.cbor import TAG_FULL_DATE, Tag
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import encode_json
from zegel.profiles import PLAIN, ClientIdPrefix, ResponseMode
from zegel.protocols.openid4vp import wallet
from zegel.protocols.openid4vp.dcql import parse_query
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.matching import HeldCredential, default_choice
from zegel.protocols.openid4vp.request import Challenge
from zegel.protocols.openid4vp.response import UnverifiedAnswer, open_response
from zegel.protocols.openid4vp.verifier import Ready, Requested, SameDevice, begin, conclude
from zegel.protocols.openid4vp.wallet import Consent, Fetching, WalletPolicy
from zegel.trust.access import certificate_client_id
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.authority import Authority
from zegel.trust.signing import CertifiedSigner

pytestmark = pytest.mark.slow

Roots = dict[Purpose, Authority]
HOST = "verifier.localhost"
BROWSER = "the browser's session"


@pytest.fixture(scope="module")
def anchors(roots: Roots) -> TrustAnchors:
    return trusting(*(anchor(root, purpose) for purpose, root in roots.items()))


class Verifier:
    """A verifier with one session: what a service does, without its storage."""

    def __init__(self, origin: str, certified: Certified, anchors: TrustAnchors) -> None:
        self.origin = origin
        self.signer = CertifiedSigner(signer=certified.key, certificates=(certified.certificate,))
        self.anchors = anchors
        self.session: Requested | None = None
        self.concluded: object = None

    def begin(self, query: dict, response_mode: ResponseMode, prefix: ClientIdPrefix, method: str) -> str:
        names = {
            ClientIdPrefix.X509_HASH: certificate_client_id(self.signer.leaf),
            ClientIdPrefix.X509_SAN_DNS: f"x509_san_dns:{HOST}",
        }
        self.session = begin(
            client_id=names[prefix],
            query=parse_query(encode_json({"credentials": [query]})),
            response_mode=response_mode,
            response_uri=f"{self.origin}/response",
            request_uri=f"{self.origin}/request",
            request_uri_method=method,
            flow=SameDevice(return_uri="https://service.example/return"),
            initiator=BROWSER,
            transaction_data=(),
            verifier_info=(),
            profile=PLAIN,
            now=int(time.time()),
            random=urandom,
        )
        return self.session.link("openid4vp://")

    def answer(self, request: HttpRequest) -> HttpResponse:
        assert self.session is not None
        now = int(time.time())
        if request.path == "/request":
            self.session, response = self.session.serve_request(request, signer=self.signer, now=now)
            return response
        answer = open_response(request.form(), session=self.session)
        assert isinstance(answer, UnverifiedAnswer)
        presented = {
            id_: [self._verified(id_, data, now) for data in presentations]
            for id_, presentations in answer.unverified_presentations.items()
        }
        self.concluded, response = conclude(self.session, presented, now=now, random=urandom)
        return response

    def _verified(self, id_: str, data: bytes, now: int) -> CurrentPresentation:
        assert self.session is not None
        challenge = self.session.request.challenge
        (query,) = self.session.request.query.credentials
        assert query.id == id_
        if query.format == Format.MDOC:
            presentation = verify_presented_mdoc(
                parse_device_response(data), anchors=self.anchors, transcript=transcript(challenge), now=now
            )
        else:
            presentation = verify_presented_sdjwt(
                parse_sdjwt(data), anchors=self.anchors, audience=challenge.client_id, nonce=challenge.nonce, now=now
            )
        return check_status(presentation, None, now=now)


def transcript(challenge: Challenge) -> SessionTranscript:
    return redirect_transcript(
        client_id=challenge.client_id,
        nonce=challenge.nonce,
        response_uri=challenge.response_uri,
        encryption_key_thumbprint=challenge.jwk_thumbprint,
    )


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("prefix", [ClientIdPrefix.X509_HASH, ClientIdPrefix.X509_SAN_DNS])
@pytest.mark.parametrize("response_mode", ResponseMode)
@pytest.mark.parametrize("format_", QUERIES)
def test_a_credo_wallet_presents_to_our_verifier(
    credo_issuer: Foreign,
    credo_wallet: Foreign,
    roots: Roots,
    anchors: TrustAnchors,
    now: int,
    format_: str,
    response_mode: ResponseMode,
    prefix: ClientIdPrefix,
    method: str,
) -> None:
    offer = credo_issuer.tell("offer", configurations=["pid-sd-jwt", "pid-mdoc"], grant="pre-authorized_code")
    credo_wallet.tell("receive", offer=offer["offer"])
    certified = signer(roots[Purpose.ACCESS], "Verifier", Purpose.ACCESS, now=now, dns_names=(HOST,))
    verifiers: list[Verifier] = []

    def make(origin: str) -> Answer:
        verifiers.append(Verifier(origin, certified, anchors))
        return verifiers[0].answer

    with listening(HOST, make):
        verifier = verifiers[0]
        link = verifier.begin(QUERIES[format_], response_mode, prefix, method)
        presented = credo_wallet.tell("present", request=link)
    assert presented["ok"]
    code = presented["redirect_uri"].partition("response_code=")[2]
    ready = verifier.concluded.come_back(response_code=code, initiator=BROWSER, now=int(time.time()))
    assert isinstance(ready, Ready)
    (accepted,) = ready.answer.presentations["pid"]
    claims = accepted.credential.claims
    if format_ == "mso_mdoc":
        assert claims == {DOCTYPE: {"family_name": "Voorbeeld"}}
    else:
        assert claims["family_name"] == "Voorbeeld"
        assert "given_name" not in claims


@dataclass(frozen=True)
class Held:
    """A credential of ours, and how it is presented."""

    credential: VerifiedCredential
    present: Callable[[Collection[ClaimPath], Challenge], bytes]


def held_sd_jwt(provider: Certified, anchors: TrustAnchors, now: int) -> Held:
    holder = fixed_key("holder")
    issued = SdJwtIssuer(signer=provider.key, chain=provider.chain, vct=VCT).issue(
        {"family_name": "Voorbeeld", "given_name": "Noor", "address": {"locality": "Utopia", "country": "UT"}},
        holder_key=holder.public_key,
        status=None,
        issued_at=now - 10,
        valid_from=None,
        valid_until=now + 3_600,
        random=urandom,
    )

    def present(paths: Collection[ClaimPath], challenge: Challenge) -> bytes:
        return present_sdjwt(
            parse_sdjwt(issued),
            paths=paths,
            holder=holder,
            audience=challenge.client_id,
            nonce=challenge.nonce,
            now=now,
        )

    return Held(credential=verify_issued_sdjwt(parse_sdjwt(issued), anchors=anchors, now=now), present=present)


def held_mdoc(provider: Certified, anchors: TrustAnchors, now: int) -> Held:
    holder = fixed_key("holder")
    issuer = MdocIssuer(signer=provider.key, chain=provider.chain, doc_type=DOCTYPE, namespaces=(DOCTYPE,), decoys=2)
    issued = issuer.issue(
        {DOCTYPE: {"family_name": "Voorbeeld", "given_name": "Noor", "birth_date": Tag(TAG_FULL_DATE, "1990-01-01")}},
        holder_key=holder.public_key,
        status=None,
        issued_at=now - 10,
        valid_from=now - 10,
        valid_until=now + 3_600,
        random=urandom,
    )

    def present(paths: Collection[ClaimPath], challenge: Challenge) -> bytes:
        return present_mdoc(parse_issuer_signed(issued), paths=paths, holder=holder, transcript=transcript(challenge))

    return Held(credential=verify_issued_mdoc(parse_issuer_signed(issued), anchors=anchors, now=now), present=present)


@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns"])
@pytest.mark.parametrize("response_mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize(("format_", "make"), [("dc+sd-jwt", held_sd_jwt), ("mso_mdoc", held_mdoc)])
def test_our_wallet_presents_to_a_credo_verifier(
    credo_verifier: Foreign,
    roots: Roots,
    anchors: TrustAnchors,
    now: int,
    format_: str,
    make: Callable[[Certified, TrustAnchors, int], Held],
    web_authority: WebAuthority,
    response_mode: str,
    prefix: str,
) -> None:
    provider = signer(roots[Purpose.ISSUER], "PID provider", Purpose.ISSUER, now=now)
    now = int(time.time())  # the certificates are of the session, the request of this moment
    held = make(provider, anchors, now)
    request = credo_verifier.tell(
        "request",
        query={"credentials": [QUERIES[format_]]},
        response_mode=response_mode,
        prefix=prefix,
        redirect_uri="https://service.example/return?code=1",
    )
    policy = WalletPolicy(
        profile=PLAIN,
        anchors=anchors,
        plain_origins=frozenset({credo_verifier.started["origin"]}),
        transaction_types={},
    )
    fetching = wallet.begin(parse_link(request["link"]), policy=policy, random=urandom)
    assert isinstance(fetching, Fetching)
    consent = fetching.receive(
        send(fetching.request, context=web_authority.context), policy=policy, now=int(time.time())
    )
    assert isinstance(consent, Consent), consent
    match = consent.match([HeldCredential(id="mine", credential=held.credential)])
    (planned,) = consent.plan(match, default_choice(match))
    presentation = held.present(planned.disclosure.paths, consent.request.challenge)
    sending = consent.accept({planned.disclosure.query_id: [presentation]})
    done = sending.receive(send(sending.request, context=web_authority.context))
    assert done.redirect_uri == "https://service.example/return?code=1"
    result = credo_verifier.tell("result", session=request["session"])
    assert result["state"] == "ResponseVerified"
    (shown,) = result["presentations"]
    if format_ == "mso_mdoc":
        assert shown["claims"] == {DOCTYPE: {"family_name": "Voorbeeld"}}
    else:
        assert shown["claims"]["address"] == {"locality": "Utopia"}
        assert "given_name" not in shown["claims"]
