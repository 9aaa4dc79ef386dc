"""Credential issuer: one mutation of a good message for each refusal, with its check and its code."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.issuance import (
    ISSUER,
    PROVIDER,
    REQUEST_KEY,
    Issuer,
    at,
    drive,
    finish,
    key_attestation,
    log_in,
    new_keys,
    plain_issuer,
    redeem,
    resigned,
    wallet_client,
    with_header,
    with_members,
)

from zegel.checks import Check
from zegel.errors import Denied, ZegelError
from zegel.primitives.http import HttpRequest
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.jwe import Encryption, seal_jwe
from zegel.primitives.keys import PrivateKey
from zegel.profiles import HAIP, PLAIN, Profile, Proof
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.dpop import sign_dpop
from zegel.protocols.oauth.lifetimes import ACCESS_TOKEN_SECONDS, NONCE_SECONDS
from zegel.protocols.oauth.nonces import NoncePurpose
from zegel.protocols.openid4vci.encryption import IssuerEncryption
from zegel.protocols.openid4vci.states import Event
from zegel.protocols.openid4vci.wallet.issuance import ProofPause, poll, prove
from zegel.protocols.openid4vci.wallet.notification import notification_step

Members = dict[str, Any]
Case = tuple[Check, str, Callable[[], object]]


def paused(issuer: Issuer, *ids: str) -> ProofPause:
    """The flow up to the proofs."""
    pause = log_in(issuer, issuer.offer(*(ids or ("id-sdjwt",))), wallet_client(issuer.profile))
    assert isinstance(pause, ProofPause)
    return pause


def good_request(issuer: Issuer, pause: ProofPause, choice: Proof, count: int = 2) -> HttpRequest:
    """A credential request that would be granted."""
    keys = new_keys(pause, count)
    attested = None if choice is Proof.JWT else key_attestation(keys, nonce=pause.nonce)
    step = prove(pause, choice, keys=keys, attestation=attested, now=NOW, random=issuer.random)
    return step.request


def asked(
    edit: Callable[[HttpRequest], HttpRequest],
    profile: Profile = HAIP,
    choice: Proof = Proof.ATTESTATION,
    **of_issuer: Any,
) -> Callable[[], object]:
    """A credential request, edited; the issuer takes plain text so that its members can be."""

    def run() -> object:
        issuer = Issuer(profile=profile, **({"encrypted": False} | of_issuer))
        issuer.handle(edit(good_request(issuer, paused(issuer), choice)))
        raise issuer.denials[0]

    return run


def members(**changed: Any) -> Callable[[], object]:
    """A credential request with other members."""
    return asked(lambda request: with_members(request, **changed))


def proven(
    header: Members | None = None,
    *,
    profile: Profile = PLAIN,
    choice: Proof = Proof.JWT,
    key: PrivateKey | None = None,
    **claims: Any,
) -> Callable[[], object]:
    """A credential request whose first ``jwt`` proof is signed anew, with other claims."""

    def run() -> object:
        issuer = Issuer(profile=profile, encrypted=False)
        pause = paused(issuer)
        request = good_request(issuer, pause, choice)
        proofs = decoded(request)["proofs"]["jwt"]
        proofs[0] = resigned(proofs[0], key or new_keys(pause, 1)[0], header=header, **claims)
        issuer.handle(with_members(request, proofs={"jwt": proofs}))
        raise issuer.denials[-1]

    return run


def decoded(request: HttpRequest) -> Members:
    """The members of a request in plain text."""
    return dict(parse_object(request.body, what="test"))


def attested(**changed: Any) -> Callable[[], object]:
    """A credential request whose key attestation says something else."""

    def run() -> object:
        issuer = Issuer(encrypted=False)
        pause = paused(issuer)
        attestation = key_attestation(new_keys(pause, 2), **({"nonce": pause.nonce} | changed))
        issuer.handle(
            with_members(good_request(issuer, pause, Proof.ATTESTATION), proofs={"attestation": [attestation]})
        )
        raise issuer.denials[-1]

    return run


def proof_beside_attestation(
    header: Callable[[list[PrivateKey], ProofPause], Members], signer_at: int = 0, count: int = 2
) -> Callable[[], object]:
    """A ``jwt`` proof whose header is other than the attestation makes it."""

    def run() -> object:
        issuer = Issuer(encrypted=False)
        pause = paused(issuer)
        keys = new_keys(pause, count)
        request = good_request(issuer, pause, Proof.JWT_WITH_KEY_ATTESTATION, count)
        (proof,) = decoded(request)["proofs"]["jwt"]
        changed = resigned(proof, [*keys, fixed_key("stranger")][signer_at], header=header(keys, pause))
        issuer.handle(with_members(request, proofs={"jwt": [changed]}))
        raise issuer.denials[-1]

    return run


def attestation_that_never_expires() -> object:
    def header(keys: list[PrivateKey], pause: ProofPause) -> Members:
        attestation = key_attestation(keys, nonce=pause.nonce)
        return {"key_attestation": resigned(attestation, PROVIDER.key, exp=None)}

    return proof_beside_attestation(header)()


def jwt_without_attestation_under_haip() -> object:
    issuer = Issuer(encrypted=False)
    pause = paused(issuer)
    issuer.handle(good_request(issuer, pause, Proof.JWT))
    raise issuer.denials[-1]


def jwt_where_an_attestation_is_required() -> object:
    """The profile would allow it; the configuration does not."""
    issuer = Issuer(encrypted=False)
    request = good_request(issuer, paused(issuer), Proof.JWT)
    issuer.profile = PLAIN
    required = replace(HAIP, name="strict", proofs=frozenset(Proof))
    strict = type("Strict", (Issuer,), {"issuer": property(lambda self: replace(haip_issuer, profile=required))})
    haip_issuer = Issuer(encrypted=False).issuer
    peer = strict(encrypted=False, store=issuer.store)
    peer.handle(request)
    raise peer.denials[-1]


def proof_type_of_another_configuration() -> object:
    issuer = plain_issuer(encrypted=False)
    request = good_request(issuer, paused(issuer), Proof.JWT)
    only = {id_: replace(each, proofs={"attestation": None}) for id_, each in issuer.issuer.configurations.items()}
    base = replace(issuer.issuer, configurations=only)
    peer = type("Only", (Issuer,), {"issuer": property(lambda self: base)})(profile=PLAIN, store=issuer.store)
    peer.handle(request)
    raise peer.denials[-1]


def nonce_used_twice() -> object:
    issuer = Issuer(encrypted=False)
    pause = paused(issuer)
    good = good_request(issuer, pause, Proof.ATTESTATION)
    assert issuer.handle(good).status == 200
    again = prove(
        pause,
        Proof.ATTESTATION,
        keys=new_keys(pause, 1),
        attestation=key_attestation(new_keys(pause, 1), nonce=pause.nonce),
        now=NOW,
        random=fixed_random("again"),
    )
    issuer.handle(again.request)
    raise issuer.denials[-1]


def stale_nonce() -> object:
    issuer = Issuer(encrypted=False)
    stale = issuer.issuer.nonces.issue(NoncePurpose.CREDENTIAL_PROOF, now=NOW - NONCE_SECONDS, random=issuer.random)
    return attested(nonce=stale)()


def too_many_proofs() -> object:
    issuer = plain_issuer(encrypted=False, batch_size=2)
    pause = replace(paused(issuer), batch_size=3)
    issuer.handle(good_request(issuer, pause, Proof.JWT, 3))
    raise issuer.denials[-1]


def one_key_twice() -> object:
    issuer = plain_issuer(encrypted=False)
    request = good_request(issuer, paused(issuer), Proof.JWT, 1)
    (proof,) = decoded(request)["proofs"]["jwt"]
    issuer.handle(with_members(request, proofs={"jwt": [proof, proof]}))
    raise issuer.denials[-1]


def anonymous_client_with_a_name() -> object:
    issuer = plain_issuer(encrypted=False)
    offer = issuer.offer("id-sdjwt", pre_authorized=True)
    pause = redeem(issuer, offer, wallet_client(PLAIN, client_id=None))
    request = good_request(issuer, pause, Proof.JWT, 1)
    (proof,) = decoded(request)["proofs"]["jwt"]
    named = resigned(proof, new_keys(pause, 1)[0], iss="somebody")
    issuer.handle(with_members(request, proofs={"jwt": [named]}))
    raise issuer.denials[-1]


def proofs_for_a_ticket() -> object:
    issuer = Issuer(encrypted=False)
    issuer.edit_request = lambda request: (
        with_members(request, proofs={"jwt": ["x"]}) if request.url.endswith("/credential") else request
    )
    with pytest.raises(ZegelError):
        log_in(issuer, issuer.offer("ticket"), wallet_client(HAIP))
    raise issuer.denials[-1]


def detailed(**changed: Any) -> Callable[[], object]:
    """A credential request with other members, where the token response brought credential identifiers."""

    def run() -> object:
        issuer = Issuer(encrypted=False, datasets={"id-sdjwt": ("passport", "card")})
        issuer.handle(with_members(good_request(issuer, paused(issuer), Proof.ATTESTATION), **changed))
        raise issuer.denials[-1]

    return run


def sealed(
    edit: Callable[[Members], Members] = dict,
    *,
    kid: str = "enc-1",
    key: PrivateKey = REQUEST_KEY.key,
    body: bytes | None = None,
    **of_issuer: Any,
) -> Callable[[], object]:
    """A credential request, edited and then encrypted."""

    def run() -> object:
        issuer = Issuer(**of_issuer)
        issuer.encrypted = False
        request = good_request(issuer, paused(issuer), Proof.ATTESTATION)
        issuer.encrypted = True
        plaintext = encode_json(edit(decoded(request))) if body is None else body
        jwe = seal_jwe(plaintext, recipient=key.public_key, kid=kid, enc=Encryption.A256GCM)
        issuer.handle(replace(with_header(request, "content-type", "application/jwt"), body=jwe.encode()))
        raise issuer.denials[-1]

    return run


def answer_to(**changed: Any) -> Callable[[Members], Members]:
    """A request that asks for an encrypted answer, in a way."""
    jwk = fixed_key("answer").public_key.jwk() | {"alg": "ECDH-ES", "use": "enc"}
    encryption = {"jwk": jwk, "enc": "A256GCM"} | changed
    return lambda members: members | {"credential_response_encryption": encryption}


def encryption_that_is_not_offered() -> object:
    return members(credential_response_encryption={"jwk": {}, "enc": "A256GCM"})()


def encrypted_though_not_offered() -> object:
    issuer = Issuer(encrypted=False)
    request = good_request(issuer, paused(issuer), Proof.ATTESTATION)
    jwe = seal_jwe(request.body, recipient=REQUEST_KEY.key.public_key, kid="enc-1", enc=Encryption.A128GCM)
    issuer.handle(replace(with_header(request, "content-type", "application/jwt"), body=jwe.encode()))
    raise issuer.denials[-1]


def unencrypted_where_it_must_be() -> object:
    required = IssuerEncryption(keys=(REQUEST_KEY,), request_required=True)
    issuer = Issuer(encrypted=False)
    request = good_request(issuer, paused(issuer), Proof.ATTESTATION)
    issuer.encrypted, issuer.encryption = True, required
    issuer.handle(request)
    raise issuer.denials[-1]


def answer_key_in_the_clear() -> object:
    issuer = Issuer(encrypted=False)
    request = good_request(issuer, paused(issuer), Proof.ATTESTATION)
    issuer.encrypted = True
    issuer.handle(with_members(request, **answer_to()({})))
    raise issuer.denials[-1]


def no_token(value: str | None) -> Callable[[], object]:
    return asked(lambda request: with_header(request, "authorization", value))


def token_in_the_query() -> object:
    def edit(request: HttpRequest) -> HttpRequest:
        token = (request.header("authorization") or "").partition(" ")[2]
        return replace(with_header(request, "authorization", None), url=f"{request.url}?access_token={token}")

    return asked(edit)()


def late_token() -> object:
    issuer = Issuer(encrypted=False)
    request = good_request(issuer, paused(issuer), Proof.ATTESTATION)
    issuer.now += ACCESS_TOKEN_SECONDS
    issuer.handle(request)
    raise issuer.denials[-1]


def revoked_token() -> object:
    """The code is used a second time; the token that it gave falls."""
    issuer = Issuer(encrypted=False)
    request = good_request(issuer, paused(issuer), Proof.ATTESTATION)
    (redeemed,) = [seen for seen, _ in issuer.seen if seen.url.endswith("/token")]
    stored = next(value for (kind, _), value in issuer.store.records.items() if kind == "grant")
    issuer.store.records = {
        key: stored.revoke() if key[0] == "grant" else value for key, value in issuer.store.records.items()
    }
    assert redeemed
    issuer.handle(request)
    raise issuer.denials[-1]


def token_of_another_key() -> object:
    def edit(request: HttpRequest) -> HttpRequest:
        token = (request.header("authorization") or "").partition(" ")[2]
        nonce = Issuer().issuer.fresh(now=NOW, random=fixed_random("n")).dpop
        proof = sign_dpop(
            fixed_key("thief"),
            method="POST",
            url=request.url,
            now=NOW,
            random=fixed_random("t"),
            nonce=nonce,
            access_token=token,
        )
        return with_header(request, "dpop", proof)

    return asked(edit)()


def proof_for_another_token() -> object:
    def edit(request: HttpRequest) -> HttpRequest:
        proof = resigned(request.header("dpop") or "", fixed_key("dpop"), ath="another")
        return with_header(request, "dpop", proof)

    return asked(edit)()


def credential_outside_the_token() -> object:
    return members(credential_configuration_id="id-mdoc")()


def declined() -> object:
    issuer = Issuer(encrypted=False)
    request = good_request(issuer, paused(issuer), Proof.ATTESTATION)
    issuer.declines = True
    issuer.handle(request)
    raise issuer.denials[-1]


def deferred(edit: Callable[[Issuer], None]) -> Callable[[], object]:
    """A deferred credential request after something happened to the issuer or the transaction."""

    def run() -> object:
        issuer = Issuer(waits=1)
        done = finish(issuer, paused(issuer))
        edit(issuer)
        with pytest.raises(ZegelError):
            drive(poll(done.session, done.pending[0], now=issuer.now, random=issuer.random), issuer)
        raise issuer.denials[-1]

    return run


def forget(issuer: Issuer) -> None:
    issuer.store.records = {key: value for key, value in issuer.store.records.items() if key[0] != "deferred"}


def give_to_another(issuer: Issuer) -> None:
    issuer.store.records = {
        key: replace(value, grant_id="another") if key[0] == "deferred" else value
        for key, value in issuer.store.records.items()
    }


def stop_issuing(issuer: Issuer) -> None:
    """Of what was asked for and approved, nothing is on offer any more."""
    gone = GrantedCredential(configuration="gone", datasets=("gone",), detailed=False)
    changes = {"deferred": {"configuration": "gone"}, "access": {"credentials": (gone,)}}
    issuer.store.records = {
        key: replace(value, **changes.get(key[0], {})) for key, value in issuer.store.records.items()
    }


def narrow_the_token(issuer: Issuer) -> None:
    """A token of the same grant, for another credential."""
    other = GrantedCredential(configuration="id-mdoc", datasets=("id-mdoc",), detailed=False)
    issuer.store.records = {
        key: replace(value, credentials=(other,)) if key[0] == "access" else value
        for key, value in issuer.store.records.items()
    }


def leave_out_the_transaction(issuer: Issuer) -> None:
    def edit(request: HttpRequest) -> HttpRequest:
        return replace(with_header(request, "content-type", "application/json"), body=b"{}")

    issuer.edit_request = at("/deferred-credential", edit)


def notified(edit: Callable[[HttpRequest], HttpRequest]) -> Callable[[], object]:
    """A notification, edited."""

    def run() -> object:
        issuer = Issuer()
        done = finish(issuer, paused(issuer))
        issuer.edit_request = at("/notification", edit)
        step = notification_step(done.session, done.received[0], Event.ACCEPTED, now=NOW, random=issuer.random)
        with pytest.raises(Denied):
            drive(step, issuer)
        raise issuer.denials[-1]

    return run


def said(**changed: Any) -> Callable[[], object]:
    """A notification with other members."""
    return notified(lambda request: with_members(request, **changed))


def notification_of_another() -> object:
    """The id of an issuance to somebody else, with a good token of one's own."""
    issuer = Issuer()
    others, own = finish(issuer, paused(issuer)), finish(issuer, paused(issuer))
    assert others.received[0].notification_id != own.received[0].notification_id
    step = notification_step(own.session, others.received[0], Event.DELETED, now=NOW, random=issuer.random)
    with pytest.raises(Denied):
        drive(step, issuer)
    raise issuer.denials[-1]


def one_bad_proof(at: int) -> Callable[[], object]:
    """A batch of five in which one proof is signed by another key than it brings."""

    def run() -> object:
        issuer = plain_issuer(encrypted=False)
        request = good_request(issuer, paused(issuer), Proof.JWT, 5)
        proofs = decoded(request)["proofs"]["jwt"]
        proofs[at] = resigned(proofs[at], fixed_key("stranger"))
        issuer.handle(with_members(request, proofs={"jwt": proofs}))
        raise issuer.denials[-1]

    return run


def two_nonces() -> object:
    """Both are good; but a request has one."""
    issuer = plain_issuer(encrypted=False)
    pause = paused(issuer)
    request = good_request(issuer, pause, Proof.JWT)
    proofs = decoded(request)["proofs"]["jwt"]
    another = issuer.issuer.nonces.issue(NoncePurpose.CREDENTIAL_PROOF, now=NOW, random=issuer.random)
    proofs[1] = resigned(proofs[1], new_keys(pause, 2)[1], nonce=another)
    issuer.handle(with_members(request, proofs={"jwt": proofs}))
    raise issuer.denials[-1]


CASES: tuple[Case, ...] = (
    (Check.SYNTAX, "invalid_credential_request", asked(lambda request: replace(request, body=b"[]"))),
    (
        Check.SYNTAX,
        "invalid_credential_request",
        asked(lambda request: with_header(request, "content-type", "text/plain")),
    ),
    (
        Check.SYNTAX,
        "invalid_credential_request",
        asked(lambda request: replace(request, headers=(*request.headers, ("content-type", "application/json")))),
    ),
    (Check.CREDENTIAL_CHOICE, "invalid_credential_request", members(credential_configuration_id=None)),
    (Check.CREDENTIAL_CHOICE, "invalid_credential_request", members(credential_identifier="id-sdjwt")),
    (Check.CREDENTIAL_CHOICE, "unknown_credential_configuration", members(credential_configuration_id="unknown")),
    (Check.CREDENTIAL_CHOICE, "unknown_credential_configuration", members(credential_configuration_id=7)),
    (
        Check.CREDENTIAL_CHOICE,
        "unknown_credential_identifier",
        members(credential_configuration_id=None, credential_identifier="id-sdjwt"),
    ),
    (Check.CREDENTIAL_CHOICE, "unknown_credential_identifier", detailed(credential_identifier="stolen")),
    (
        Check.CREDENTIAL_CHOICE,
        "invalid_credential_request",
        detailed(credential_identifier=None, credential_configuration_id="id-sdjwt"),
    ),
    (Check.ACCESS_TOKEN, "insufficient_scope", credential_outside_the_token),
    (Check.ACCESS_TOKEN, "", no_token(None)),
    (Check.ACCESS_TOKEN, "", no_token("Bearer abc")),
    (Check.ACCESS_TOKEN, "invalid_token", no_token("DPoP ")),
    (Check.ACCESS_TOKEN, "invalid_token", no_token("DPoP unknown")),
    (
        Check.SYNTAX,
        "invalid_token",
        asked(lambda request: replace(request, headers=(*request.headers, ("authorization", "DPoP x")))),
    ),
    (Check.ACCESS_TOKEN, "", token_in_the_query),
    (Check.ACCESS_TOKEN, "invalid_token", late_token),
    (Check.ACCESS_TOKEN, "invalid_token", revoked_token),
    (Check.DPOP_BINDING, "invalid_token", token_of_another_key),
    (Check.DPOP_PROOF, "invalid_dpop_proof", proof_for_another_token),
    (Check.DPOP_PROOF, "invalid_dpop_proof", asked(lambda request: with_header(request, "dpop", None))),
    (Check.KEY_PROOF, "invalid_proof", members(proofs=None)),
    (Check.KEY_PROOF, "invalid_credential_request", proofs_for_a_ticket),
    (Check.SYNTAX, "invalid_proof", members(proofs={})),
    (Check.SYNTAX, "invalid_proof", members(proofs=[])),
    (Check.SYNTAX, "invalid_proof", members(proofs={"jwt": [], "attestation": []})),
    (Check.SYNTAX, "invalid_proof", members(proofs={"jwt": []})),
    (Check.SYNTAX, "invalid_proof", members(proofs={"jwt": [7]})),
    (Check.SYNTAX, "invalid_proof", members(proofs={"jwt": "x"})),
    (Check.SYNTAX, "invalid_proof", members(proofs={"jwt": ["x"] * 101})),
    (Check.SYNTAX, "invalid_proof", members(proofs={"di_vp": ["x"]})),
    (Check.SYNTAX, "invalid_proof", members(proofs={"attestation": ["x", "y"]})),
    (Check.PROFILE, "invalid_proof", jwt_without_attestation_under_haip),
    (Check.KEY_PROOF, "invalid_proof", jwt_where_an_attestation_is_required),
    (Check.KEY_PROOF, "invalid_proof", proof_type_of_another_configuration),
    (Check.TOKEN_TYPE, "invalid_proof", proven({"typ": "JWT"})),
    (Check.ALGORITHM, "invalid_proof", proven({"alg": "none"})),
    (Check.SIGNATURE, "invalid_proof", proven(key=fixed_key("stranger"))),
    (Check.SYNTAX, "invalid_proof", proven({"jwk": None})),
    (Check.SYNTAX, "invalid_proof", proven({"kid": "0"})),
    (Check.SYNTAX, "invalid_proof", proven({"jwk": fixed_key("x").secret_jwk()})),
    (Check.SYNTAX, "invalid_proof", proven({"key_attestation": 7})),
    (Check.KEY_PROOF, "invalid_proof", proven(aud="https://another.example")),
    (Check.KEY_PROOF, "invalid_proof", proven(aud=[ISSUER])),
    (Check.KEY_PROOF, "invalid_proof", proven(iss="another")),
    (Check.KEY_PROOF, "invalid_proof", anonymous_client_with_a_name),
    (Check.KEY_PROOF, "invalid_proof", proven(iat=None)),
    (Check.KEY_PROOF, "invalid_proof", proven(iat=NOW - 301)),
    (Check.PROOF_NONCE, "invalid_proof", proven(nonce=None)),
    (Check.PROOF_NONCE, "invalid_nonce", proven(nonce="another")),
    (Check.PROOF_NONCE, "invalid_proof", attested(nonce=None)),
    (Check.PROOF_NONCE, "invalid_nonce", attested(nonce="another")),
    (Check.PROOF_NONCE, "invalid_nonce", stale_nonce),
    (Check.PROOF_NONCE, "invalid_nonce", nonce_used_twice),
    (Check.KEY_STORAGE, "invalid_proof", attested(levels=("iso_18045_basic",))),
    (Check.ATTESTATION_VALIDITY, "invalid_proof", attested(now=NOW - 7200)),
    (Check.SIGNATURE, "invalid_proof", one_bad_proof(0)),
    (Check.SIGNATURE, "invalid_proof", one_bad_proof(4)),
    (Check.PROOF_NONCE, "invalid_nonce", two_nonces),
    (Check.KEY_BATCH, "invalid_proof", too_many_proofs),
    (Check.KEY_BATCH, "invalid_proof", one_key_twice),
    (Check.KEY_PROOF, "invalid_proof", attestation_that_never_expires),
    (
        Check.KEY_PROOF,
        "invalid_proof",
        proof_beside_attestation(lambda keys, _: {"jwk": fixed_key("stranger").public_key.jwk()}, signer_at=2),
    ),
    (Check.KEY_PROOF, "invalid_proof", proof_beside_attestation(lambda keys, _: {"jwk": None, "kid": "2"})),
    (Check.SYNTAX, "invalid_proof", proof_beside_attestation(lambda keys, _: {"jwk": None, "kid": "did:key:z"})),
    (Check.SIGNATURE, "invalid_proof", proof_beside_attestation(lambda keys, _: {"jwk": None}, signer_at=1)),
    (Check.ENCRYPTION, "invalid_encryption_parameters", encryption_that_is_not_offered),
    (Check.ENCRYPTION, "invalid_encryption_parameters", unencrypted_where_it_must_be),
    (Check.ENCRYPTION, "invalid_encryption_parameters", answer_key_in_the_clear),
    (Check.ENCRYPTION, "invalid_encryption_parameters", sealed(kid="enc-2")),
    (Check.ENCRYPTION, "invalid_encryption_parameters", sealed(key=fixed_key("another"))),
    (Check.SYNTAX, "invalid_credential_request", sealed(body=b"[]")),
    (
        Check.SYNTAX,
        "invalid_encryption_parameters",
        sealed(lambda asked: asked | {"credential_response_encryption": 7}),
    ),
    (Check.SYNTAX, "invalid_encryption_parameters", sealed(answer_to(enc="A128CBC-HS256"))),
    (Check.SYNTAX, "invalid_encryption_parameters", sealed(answer_to(jwk=fixed_key("x").public_key.jwk()))),
    (
        Check.SYNTAX,
        "invalid_encryption_parameters",
        sealed(answer_to(jwk=fixed_key("x").public_key.jwk() | {"alg": "ECDH-ES", "kid": 7})),
    ),
    (
        Check.ENCRYPTION,
        "invalid_encryption_parameters",
        sealed(encryption=IssuerEncryption(keys=(REQUEST_KEY,), response_required=True)),
    ),
    (Check.ENCRYPTION, "invalid_encryption_parameters", encrypted_though_not_offered),
    (Check.ISSUER_DECISION, "credential_request_denied", declined),
    (Check.DEFERRED_TRANSACTION, "invalid_transaction_id", deferred(forget)),
    (Check.DEFERRED_TRANSACTION, "invalid_transaction_id", deferred(give_to_another)),
    (Check.ISSUER_DECISION, "credential_request_denied", deferred(stop_issuing)),
    (Check.ACCESS_TOKEN, "insufficient_scope", deferred(narrow_the_token)),
    (Check.REQUEST_PARAMETERS, "invalid_credential_request", deferred(leave_out_the_transaction)),
    (Check.NOTIFICATION, "invalid_notification_id", said(notification_id="unknown")),
    (Check.NOTIFICATION, "invalid_notification_id", notification_of_another),
    (Check.REQUEST_PARAMETERS, "invalid_notification_request", said(notification_id=None)),
    (Check.REQUEST_PARAMETERS, "invalid_notification_request", said(event="credential_lost")),
    (Check.REQUEST_PARAMETERS, "invalid_notification_request", said(event_description='a "quote"')),
    (Check.REQUEST_PARAMETERS, "invalid_notification_request", said(event_description=7)),
    (Check.SYNTAX, "invalid_notification_request", notified(lambda request: replace(request, body=b""))),
    (Check.ACCESS_TOKEN, "", notified(lambda request: with_header(request, "authorization", None))),
)

REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = tuple((check, mutation) for check, _, mutation in CASES)


@pytest.mark.parametrize(
    ("check", "code", "mutation"), CASES, ids=[f"{at}-{case[0].id}" for at, case in enumerate(CASES)]
)
def test_the_issuer_refuses_with_its_check(check: Check, code: str, mutation: Callable[[], object]) -> None:
    with pytest.raises(Denied) as refusal:
        mutation()
    assert (refusal.value.check, refusal.value.code) == (check, code)
