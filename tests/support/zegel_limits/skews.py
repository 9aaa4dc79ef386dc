"""Every time that is verified, by how far its clock may be off: ten seconds ahead, sixty behind an end.

``make`` sets the time so many seconds from now and has it verified.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from zegel_testing import mdoc, sdjwt
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer, trusting
from zegel_testing.health import Health
from zegel_testing.issuance import ACCESS, ACCESS_ANCHORS, certified
from zegel_testing.lists import LIST_ROOT, OPERATOR, scheme
from zegel_testing.registration import REGISTERED, as_jwt, registered
from zegel_testing.signed_objects import ANCHORS, SIGNERS

from zegel.checks import Check
from zegel.formats.credential import StatusReference
from zegel.formats.hcert.believed import BelievedList
from zegel.formats.hcert.certificate import parse_health_certificate, verify_health_certificate
from zegel.formats.hcert.list_change import check_replaces
from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.formats.mdoc.verify import verify_issued_mdoc
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_presented_sdjwt
from zegel.primitives.http import HttpResponse
from zegel.primitives.jws import parse_jws, sign_jws
from zegel.protocols.oauth.lifetimes import check_recent
from zegel.protocols.oidc.upstream import (
    UnverifiedTokens,
    UpstreamClient,
    UpstreamProvider,
    UpstreamRequest,
    verify_id_token,
)
from zegel.protocols.openid4vci.metadata import TYP, parse_issuer_metadata, verify_issuer_metadata
from zegel.services.wallet_requests import (
    POSSESSION_TYPE,
    parse_instance_proof,
    sign_instance_proof,
    sign_revocation_request,
    verify_instance_proof,
    verify_possession,
    verify_revocation_request,
)
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import parse_wallet_attestation, verify_wallet_attestation
from zegel.trust.key_attestation import parse_key_attestation, verify_key_attestation
from zegel.trust.lists.build import build_trusted_list, sign_trusted_list
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType
from zegel.trust.lists.verify import verify_trusted_list
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.verify import verify_registration
from zegel_limits.conversations import asked

_ORIGIN: Final = "https://a.example"
_KEY: Final = fixed_key("skews")
_WALLETS: Final = authority("wallets of the skews")
_PROVIDER: Final = signer(_WALLETS, "wallet attestations", Purpose.WALLET_PROVIDER)
_WALLET_ANCHORS: Final = trusting(anchor(_WALLETS, Purpose.WALLET_PROVIDER))


@dataclass(frozen=True)
class Skew:
    """A verified time. ``begins`` is one that may not be ahead; otherwise it is an end."""

    make: Callable[[int], object]
    check: Check
    begins: bool


def _sdjwt(**times: int) -> object:
    data = sdjwt.signed(sdjwt.payload(**times))
    return verify_issued_sdjwt(parse_sdjwt(data), anchors=sdjwt.ANCHORS, now=NOW)


def _holders_proof(**times: int) -> object:
    data = sdjwt.bound(sdjwt.signed(sdjwt.payload()), **times)
    return verify_presented_sdjwt(
        parse_sdjwt(data), anchors=sdjwt.ANCHORS, audience=sdjwt.AUDIENCE, nonce=sdjwt.NONCE, now=NOW
    )


def _mdoc(**times: int) -> object:
    at = {"signed": NOW - DAY, "validFrom": NOW - DAY, "validUntil": NOW + DAY} | times
    contents = mdoc.security_object(validityInfo={name: mdoc.tdate(seconds) for name, seconds in at.items()})
    return verify_issued_mdoc(parse_issuer_signed(mdoc.signed(contents)), anchors=mdoc.ANCHORS, now=NOW)


def _statement(**times: int) -> object:
    return check_recent({"iat": NOW} | times, now=NOW, check=Check.DPOP_PROOF)


def _id_token(**times: int) -> object:
    claims = {"iss": _ORIGIN, "aud": "us", "nonce": "n", "sub": "s", "iat": NOW, "exp": NOW + 60} | times
    token = parse_jws(sign_jws(claims, signer=_KEY, typ="JWT", header={"kid": "1"}), what="ID Token")
    return verify_id_token(
        UnverifiedTokens(id_token=token, access_token=None),
        keys={"1": _KEY.public_key},
        provider=UpstreamProvider(
            issuer=_ORIGIN,
            authorization_endpoint=_ORIGIN,
            token_endpoint=_ORIGIN,
            jwks_uri=_ORIGIN,
            userinfo_endpoint=None,
            says_issuer=True,
        ),
        client=UpstreamClient(client_id="us", redirect_uri=_ORIGIN, secret=None),
        request=UpstreamRequest(state="s", nonce="n", verifier="v"),
        now=NOW,
    )


def _metadata(**times: int) -> object:
    claims: dict[str, Any] = {
        "sub": _ORIGIN,
        "credential_issuer": _ORIGIN,
        "credential_endpoint": _ORIGIN + "/credential",
        "credential_configurations_supported": {"a": {}},
        "iat": NOW,
    }
    by = certified(ACCESS)
    body = sign_jws(claims | times, signer=by.signer, typ=TYP, x5c=by.chain)
    response = HttpResponse(status=200, headers=(("content-type", "application/jwt"),), body=body)
    parsed = parse_issuer_metadata(response)
    return verify_issuer_metadata(
        parsed,
        credential_issuer=_ORIGIN,
        anchors=ACCESS_ANCHORS,
        timestamps_required=True,
        now=NOW,
    )


def _wallet_attestation(**times: int) -> object:
    claims = {"sub": _ORIGIN, "iss": _ORIGIN, "exp": NOW + 60, "cnf": {"jwk": _KEY.public_key.jwk()}} | times
    made = sign_jws(claims, signer=_PROVIDER.key, typ="oauth-client-attestation+jwt", x5c=_PROVIDER.chain)
    return verify_wallet_attestation(parse_wallet_attestation(made.decode()), anchors=_WALLET_ANCHORS, now=NOW)


def _key_attestation(**times: int) -> object:
    claims = {"iat": NOW, "exp": NOW + 60, "attested_keys": [_KEY.public_key.jwk()]} | times
    made = sign_jws(claims, signer=_PROVIDER.key, typ="key-attestation+jwt", x5c=_PROVIDER.chain)
    return verify_key_attestation(parse_key_attestation(made.decode()), anchors=_WALLET_ANCHORS, now=NOW)


def _registration(**times: int) -> object:
    certificate = parse_registration(as_jwt(registered(**times)))
    return verify_registration(certificate, anchors=REGISTERED, now=NOW)


def possession(issued_at: int) -> object:
    """A wallet shows at this time that it holds its key."""
    claims = {"aud": _ORIGIN, "iat": issued_at}
    proof = sign_jws(claims, signer=_KEY, typ=POSSESSION_TYPE, header={"jwk": _KEY.public_key.jwk()})
    return verify_possession(proof.decode(), audience=_ORIGIN, now=NOW)


def _wallet_request(issued_at: int) -> object:
    proof = sign_instance_proof(_KEY, instance="w", possessions=[], audience=_ORIGIN, now=issued_at)
    parsed = parse_instance_proof(proof)
    return verify_instance_proof(parsed, key=_KEY.public_key, possessions=[], audience=_ORIGIN, now=NOW)


def _revocation_request(issued_at: int) -> object:
    status = StatusReference(uri=_ORIGIN, index=1)
    request = sign_revocation_request(SIGNERS[Purpose.ISSUER], status=status, audience=_ORIGIN, now=issued_at)
    return verify_revocation_request(request, audience=_ORIGIN, anchors=ANCHORS, now=NOW)


def trusted_list(*, issued_at: int, next_update: int) -> object:
    """A list of trusted entities, verified now."""
    content = build_trusted_list(
        scheme(ListType.PID_PROVIDERS),
        (),
        signer=OPERATOR.certificate,
        sequence=1,
        issued_at=issued_at,
        next_update=next_update,
    )
    made = parse_trusted_list(sign_trusted_list(content, signer=OPERATOR.key, chain=OPERATOR.chain, now=NOW - DAY))
    anchors = trusting(anchor(LIST_ROOT, Purpose.LIST))
    return verify_trusted_list(made, expected=ListType.PID_PROVIDERS, anchors=anchors, now=NOW, seen=0)


def _health_list(signed_at: int) -> object:
    fetched = BelievedList(signers=(), signed_at=signed_at)
    return check_replaces(fetched, kept=None, may_lose=0, accepted=True, now=NOW)


def _health_certificate(ahead: int) -> object:
    office = Health()
    parsed = parse_health_certificate(office.code(claims={5: NOW + ahead}))
    return verify_health_certificate(parsed, signers=office.signers, now=NOW)


def _begins(make: Callable[[int], object], check: Check) -> Skew:
    return Skew(make=make, check=check, begins=True)


def _ends(make: Callable[[int], object], check: Check) -> Skew:
    return Skew(make=make, check=check, begins=False)


SKEWS: Final[Mapping[str, Skew]] = {
    "SD-JWT iat": _begins(lambda n: _sdjwt(iat=NOW + n), Check.CREDENTIAL_VALIDITY),
    "SD-JWT nbf": _begins(lambda n: _sdjwt(nbf=NOW + n), Check.CREDENTIAL_VALIDITY),
    "SD-JWT exp": _ends(lambda n: _sdjwt(exp=NOW + n), Check.CREDENTIAL_VALIDITY),
    "holder's proof iat": _begins(lambda n: _holders_proof(iat=NOW + n), Check.PROOF_TIME),
    "holder's proof nbf": _begins(lambda n: _holders_proof(nbf=NOW + n), Check.PROOF_TIME),
    "holder's proof exp": _ends(lambda n: _holders_proof(exp=NOW + n), Check.PROOF_TIME),
    "mdoc signed": _begins(lambda n: _mdoc(signed=NOW + n), Check.CREDENTIAL_VALIDITY),
    "mdoc validFrom": _begins(lambda n: _mdoc(validFrom=NOW + n), Check.CREDENTIAL_VALIDITY),
    "mdoc validUntil": _ends(lambda n: _mdoc(validUntil=NOW + n), Check.CREDENTIAL_VALIDITY),
    "proof iat": _begins(lambda n: _statement(iat=NOW + n), Check.DPOP_PROOF),
    "proof nbf": _begins(lambda n: _statement(nbf=NOW + n), Check.DPOP_PROOF),
    "proof exp": _ends(lambda n: _statement(exp=NOW + n), Check.DPOP_PROOF),
    "ID Token iat": _begins(lambda n: _id_token(iat=NOW + n), Check.UPSTREAM_LOG_IN),
    "ID Token exp": _ends(lambda n: _id_token(exp=NOW + n), Check.UPSTREAM_LOG_IN),
    "issuer metadata iat": _begins(lambda n: _metadata(iat=NOW + n), Check.SERVER_METADATA),
    "issuer metadata exp": _ends(lambda n: _metadata(exp=NOW + n), Check.SERVER_METADATA),
    "presentation request iat": _begins(lambda n: asked(iat=NOW + n), Check.REQUEST_TIME),
    "presentation request nbf": _begins(lambda n: asked(nbf=NOW + n), Check.REQUEST_TIME),
    "presentation request exp": _ends(lambda n: asked(exp=NOW + n), Check.REQUEST_TIME),
    "wallet attestation nbf": _begins(lambda n: _wallet_attestation(nbf=NOW + n), Check.ATTESTATION_VALIDITY),
    "wallet attestation exp": _ends(lambda n: _wallet_attestation(exp=NOW + n), Check.ATTESTATION_VALIDITY),
    "key attestation iat": _begins(lambda n: _key_attestation(iat=NOW + n), Check.ATTESTATION_VALIDITY),
    "key attestation exp": _ends(lambda n: _key_attestation(exp=NOW + n), Check.ATTESTATION_VALIDITY),
    "proof of possession iat": _begins(lambda n: possession(NOW + n), Check.POSSESSION),
    "registration certificate iat": _begins(lambda n: _registration(issued_at=NOW + n), Check.REGISTRATION_VALIDITY),
    "registration certificate exp": _ends(lambda n: _registration(expires=NOW + n), Check.REGISTRATION_VALIDITY),
    "wallet's request iat": _begins(lambda n: _wallet_request(NOW + n), Check.WALLET_INSTANCE),
    "request for a revocation iat": _begins(lambda n: _revocation_request(NOW + n), Check.REVOCATION_REQUEST),
    "list of trusted entities, issued": _begins(
        lambda n: trusted_list(issued_at=NOW + n, next_update=NOW + DAY), Check.LIST_FRESHNESS
    ),
    "health certificate nbf": _begins(_health_certificate, Check.HEALTH_VALIDITY),
    "list of health authorities, signed": _begins(lambda n: _health_list(NOW + n), Check.HEALTH_LIST),
}
