"""The limits of what wallets, issuers, verifiers and services say to each other."""

from collections.abc import Mapping
from typing import Any, Final

from zegel_testing import parsers
from zegel_testing.parsers import in_response

from zegel.primitives.http import HttpResponse
from zegel.primitives.json import encode_json
from zegel.protocols.oauth.authorization_details import parse_authorization_details
from zegel.protocols.oauth.dpop import parse_dpop
from zegel.protocols.oauth.metadata import parse_server_metadata
from zegel.protocols.oidc import upstream
from zegel.protocols.oidc.subject import SubjectSecret
from zegel.protocols.openid4vci.encryption import open_response
from zegel.protocols.openid4vci.metadata import parse_issuer_metadata
from zegel.protocols.openid4vci.offer import parse_offer, parse_offer_link
from zegel.protocols.openid4vci.proofs import parse_proofs
from zegel.protocols.openid4vci.wallet.session import parse_answer
from zegel.protocols.openid4vp.dcql import parse_query
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.metadata import parse_vp_formats
from zegel_limits.formats import padded
from zegel_limits.pair import Pair

_DETAIL: Final = {"type": "openid_credential", "credential_configuration_id": "a"}
_PROMPT: Final = {"input_mode": "numeric"}


def _offer(**changes: Any) -> object:
    return parse_offer(encode_json(parsers.offer() | changes))


def _prompted(**changes: Any) -> object:
    code = {"pre-authorized_code": "c", "tx_code": _PROMPT | changes}
    return _offer(grants={"urn:ietf:params:oauth:grant-type:pre-authorized_code": code})


def _query(**changes: Any) -> object:
    """A query of one credential for a claim, with changes to the credential."""
    credential = {"id": "one", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:a"]}, "claims": [_claim(0)]}
    return parse_query(encode_json({"credentials": [credential | changes]}))


def _claim(at: int, **changes: Any) -> dict[str, Any]:
    return {"id": f"c{at}", "path": [f"p{at}"]} | changes


def _credentials(count: int) -> list[dict[str, Any]]:
    return [{"id": f"q{at}", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:a"]}} for at in range(count)]


def _sets(count: int) -> object:
    sets = [{"options": [["q0"]]}] * count
    return parse_query(encode_json({"credentials": _credentials(1), "credential_sets": sets}))


def _options(count: int) -> object:
    sets = [{"options": [["q0"]] * count}]
    return parse_query(encode_json({"credentials": _credentials(1), "credential_sets": sets}))


def _authorities(count: int) -> object:
    return _query(trusted_authorities=[{"type": "aki", "values": ["AAAA"]}] * count)


def _authority_values(count: int) -> object:
    return _query(trusted_authorities=[{"type": "aki", "values": ["AAAA"] * count}])


def _answer(size: int) -> object:
    body = padded({}, size)
    return parse_answer(_json(body), what="test")


def _json(body: bytes) -> HttpResponse:
    return HttpResponse(status=200, headers=(("content-type", "application/json"),), body=body)


def _keys(count: int) -> object:
    keys = [parsers.JWK | {"kid": str(at)} for at in range(count)]
    return in_response(upstream.parse_keys)(encode_json({"keys": keys}))


def _upstream(size: int) -> object:
    return in_response(upstream.parse_provider_metadata)(padded(parsers._PROVIDER, size))


PROTOCOLS: Final[Mapping[str, Pair]] = {
    "zegel.protocols.oauth.authorization_details.MAX_DETAILS": Pair(
        lambda n: parse_authorization_details(encode_json([_DETAIL] * n).decode())
    ),
    "zegel.protocols.oauth.authorization_details._MAX_BYTES": Pair(
        lambda n: parse_authorization_details(encode_json([_DETAIL]).decode().ljust(n))
    ),
    "zegel.protocols.oauth.dpop.MAX_PROOF": Pair(lambda n: parse_dpop("a" * n), filler=True),
    "zegel.protocols.oauth.metadata.MAX_METADATA": Pair(lambda n: parse_server_metadata(padded({}, n))),
    "zegel.protocols.oidc.subject.MIN_SECRET": Pair(lambda n: SubjectSecret(key=bytes(n)), ValueError, least=True),
    "zegel.protocols.oidc.upstream.MAX_ANSWER": Pair(_upstream),
    "zegel.protocols.oidc.upstream.MAX_KEYS": Pair(_keys),
    "zegel.protocols.openid4vci.encryption.MAX_RESPONSE": Pair(
        lambda n: open_response(_json(padded({}, n)), key=None, what="test")
    ),
    "zegel.protocols.openid4vci.metadata.MAX_METADATA": Pair(lambda n: parse_issuer_metadata(_json(padded({}, n)))),
    "zegel.protocols.openid4vci.offer.MAX_LINK": Pair(
        lambda n: parse_offer_link(
            "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fa.example%2F&x=".ljust(n, "x")
        )
    ),
    "zegel.protocols.openid4vci.offer.MAX_OFFER": Pair(lambda n: parse_offer(padded(parsers.offer(), n))),
    "zegel.protocols.openid4vci.offer.MAX_CONFIGURATIONS": Pair(
        lambda n: _offer(credential_configuration_ids=[f"c{at}" for at in range(n)])
    ),
    "zegel.protocols.openid4vci.offer.MAX_DESCRIPTION": Pair(lambda n: _prompted(description="x" * n)),
    "zegel.protocols.openid4vci.offer.MAX_CODE": Pair(lambda n: _prompted(length=n)),
    "zegel.protocols.openid4vci.proofs.MAX_PROOFS": Pair(
        lambda n: parse_proofs({"jwt": [parsers.key_proof()] * n}), says="at most 100 proofs"
    ),
    "zegel.protocols.openid4vci.wallet.session.MAX_ANSWER": Pair(_answer),
    "zegel.protocols.openid4vp.dcql.MAX_CREDENTIALS": Pair(
        lambda n: parse_query(encode_json({"credentials": _credentials(n)}))
    ),
    "zegel.protocols.openid4vp.dcql.MAX_CLAIMS": Pair(lambda n: _query(claims=[_claim(at) for at in range(n)])),
    "zegel.protocols.openid4vp.dcql.MAX_VALUES": Pair(lambda n: _query(claims=[_claim(0, values=list(range(n)))])),
    "zegel.protocols.openid4vp.dcql.MAX_SETS": Pair(_sets),
    "zegel.protocols.openid4vp.dcql.MAX_OPTIONS": Pair(_options),
    "zegel.protocols.openid4vp.dcql.MAX_TYPES": Pair(
        lambda n: _query(meta={"vct_values": [f"urn:{at}" for at in range(n)]})
    ),
    "zegel.protocols.openid4vp.dcql.MAX_AUTHORITIES": Pair(_authorities),
    "zegel.protocols.openid4vp.dcql.MAX_AUTHORITY_VALUES": Pair(_authority_values),
    "zegel.protocols.openid4vp.dcql.MAX_ID": Pair(lambda n: _query(id="i" * n)),
    "zegel.protocols.openid4vp.link.MAX_LINK": Pair(lambda n: parse_link(_LINK.ljust(n, "x"))),
    "zegel.protocols.openid4vp.metadata.MAX_ALGORITHMS": Pair(
        lambda n: parse_vp_formats({"vp_formats_supported": {"dc+sd-jwt": {"kb-jwt_alg_values": ["ES256"] * n}}})
    ),
}
_LINK: Final = "haip-vp://?client_id=x509_hash%3Aa&request_uri=https%3A%2F%2Fa.example%2F&x="
