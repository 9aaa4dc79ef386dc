"""Issued and presented SD-JWT VCs: what verifies, and which check refuses the rest."""

from collections.abc import Callable
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer, trusting
from zegel_testing.sdjwt import (
    ANCHORS,
    AUDIENCE,
    CLAIMS,
    HOLDER,
    ISSUER,
    NONCE,
    ROOT,
    STATUS,
    VCT,
    bound,
    bound_to,
    digest,
    disclosure,
    issued,
    payload,
    presented,
    signed,
)

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Format, UnboundPresentation, VerifiedCredential, VerifiedPresentation
from zegel.formats.sdjwt.key_binding import MAX_AGE
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_presented_sdjwt, verify_unbound_sdjwt
from zegel.primitives.encoding import base64url
from zegel.primitives.json import encode_json
from zegel.primitives.keys import Curve
from zegel.trust.anchors import Purpose, TrustAnchors


def verify_issued(data: bytes, *, now: int = NOW, anchors: TrustAnchors = ANCHORS) -> VerifiedCredential:
    return verify_issued_sdjwt(parse_sdjwt(data), anchors=anchors, now=now)


def verify_presented(data: bytes, **changes: Any) -> VerifiedPresentation:
    arguments = {"anchors": ANCHORS, "audience": AUDIENCE, "nonce": NONCE, "now": NOW} | changes
    return verify_presented_sdjwt(parse_sdjwt(data), **arguments)


def verify_unbound(data: bytes, *, audience: str | None = AUDIENCE) -> UnboundPresentation:
    return verify_unbound_sdjwt(parse_sdjwt(data), anchors=ANCHORS, audience=audience, now=NOW)


def refused(action: Callable[[], object]) -> Check:
    with pytest.raises(Rejected) as refusal:
        action()
    return refusal.value.check


def test_an_issued_credential_shows_all_its_claims() -> None:
    credential = verify_issued(issued())
    assert credential.format is Format.SD_JWT_VC
    assert (credential.type, credential.types) == (VCT, (VCT,))
    assert credential.claims == CLAIMS | {"vct": VCT, "iat": NOW, "nbf": NOW, "exp": NOW + 14 * DAY}
    assert credential.status == STATUS
    assert (credential.valid_from, credential.valid_until) == (NOW, NOW + 14 * DAY)
    assert credential.holder_key == HOLDER.public_key


def test_what_makes_a_signer_of_mdocs_is_not_asked_of_its_signer() -> None:
    """HAIP 1.0 section 6.1.1: its certificate is valid for longer than ISO/IEC 18013-5 table B.3 has it."""
    lasting = signer(ROOT, "lasting signer", Purpose.ISSUER, days=730)
    credential = issued(signer=lasting.key, chain=lasting.chain)
    assert verify_issued(credential).issuer.subject == lasting.certificate.subject
    assert verify_presented(presented(credential)).credential.issuer.subject == lasting.certificate.subject


def test_the_issuer_is_who_the_list_and_the_certificate_say() -> None:
    issuer = verify_issued(issued()).issuer
    assert issuer.entity == "Utopia"
    assert issuer.anchor == ROOT.certificate.subject
    assert issuer.subject == ISSUER.certificate.subject
    assert issuer.key_ids == (ROOT.certificate.key_id,)


def test_a_presentation_shows_what_its_holder_chose() -> None:
    presentation = verify_presented(presented(paths=[("family_name",), ("address", "country")]))
    shown = presentation.credential.claims
    assert {name: shown[name] for name in shown.keys() & CLAIMS.keys()} == {
        "family_name": "Example",
        "address": {"country": "UT"},
    }


def test_a_presentation_without_holder_binding_is_of_its_own_type() -> None:
    for data in (issued(), presented(), bound(issued(), nonce="another")):
        presentation = verify_unbound(data)
        assert type(presentation) is UnboundPresentation
        assert presentation.credential.type == VCT


def test_a_presentation_without_proof_is_refused() -> None:
    assert refused(lambda: verify_presented(issued())) is Check.HOLDER_BINDING


def test_a_presentation_is_no_issued_credential() -> None:
    assert refused(lambda: verify_issued(presented())) is Check.HOLDER_BINDING


def test_a_credential_that_is_bound_to_no_key_cannot_be_presented_by_its_holder() -> None:
    assert refused(lambda: verify_presented(bound(signed(payload(cnf=None))))) is Check.HOLDER_BINDING


@pytest.mark.parametrize("typ", ["dc+sd-jwt", "vc+sd-jwt"])
def test_both_types_of_the_transition_are_read(typ: str) -> None:
    assert verify_issued(signed(payload(), typ=typ)).type == VCT


@pytest.mark.parametrize("typ", ["JWT", "DC+SD-JWT", "application/dc+sd-jwt", "kb+jwt"])
def test_another_type_in_the_header_is_refused(typ: str) -> None:
    assert refused(lambda: verify_issued(signed(payload(), typ=typ))) is Check.TOKEN_TYPE


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384"])
@pytest.mark.requirement("OIA_03")
def test_another_algorithm_in_the_header_is_refused(algorithm: str) -> None:
    assert refused(lambda: verify_issued(signed(payload(), header={"alg": algorithm}))) is Check.ALGORITHM


@pytest.mark.parametrize("curve", [Curve.P384, Curve.P521])
def test_an_issuer_may_sign_on_another_curve(curve: Curve) -> None:
    root = authority(f"root {curve}", curve=curve)
    issuer = signer(root, f"signer {curve}", Purpose.ISSUER, curve=curve)
    data = signed(payload(), chain=issuer.chain, key=issuer.key)
    assert verify_issued(data, anchors=trusting(anchor(root, Purpose.ISSUER))).type == VCT


def test_a_holder_may_sign_on_another_curve() -> None:
    holder = fixed_key("holder", Curve.P384)
    sdjwt = signed(payload(cnf={"jwk": holder.public_key.jwk()}))
    assert verify_presented(bound(sdjwt, holder=holder)).credential.holder_key == holder.public_key


@pytest.mark.parametrize(
    ("header", "check"),
    [
        ({"jwk": ISSUER.key.public_key.jwk()}, Check.KEY_SOURCE),
        ({"jku": "https://issuer.example/jwks"}, Check.KEY_SOURCE),
        ({"x5u": "https://issuer.example/chain"}, Check.KEY_SOURCE),
        ({"crit": ["b64"], "b64": False}, Check.CRITICAL_HEADER),
    ],
)
def test_a_header_that_brings_its_key_or_changes_the_rules_is_refused(header: dict[str, Any], check: Check) -> None:
    assert refused(lambda: verify_issued(signed(payload(), header=header))) is check


def test_a_signature_by_another_key_is_refused() -> None:
    assert refused(lambda: verify_issued(signed(payload(), key=fixed_key("stranger")))) is Check.SIGNATURE


def test_a_chain_that_is_missing_or_leads_elsewhere_is_refused() -> None:
    stranger = signer(authority("strangers"), "stranger", Purpose.ISSUER)
    assert refused(lambda: verify_issued(signed(payload(), chain=()))) is Check.CHAIN
    with_anchor = (*ISSUER.chain, ROOT.certificate.der)
    assert refused(lambda: verify_issued(signed(payload(), chain=with_anchor))) is Check.CHAIN
    self_signed = signed(payload(), chain=(ROOT.certificate.der,), key=ROOT.key)
    assert refused(lambda: verify_issued(self_signed)) is Check.CHAIN
    foreign = signed(payload(), chain=stranger.chain, key=stranger.key)
    assert refused(lambda: verify_issued(foreign)) is Check.ANCHOR


def test_an_anchor_for_another_purpose_is_none() -> None:
    anchors = trusting(anchor(ROOT, Purpose.STATUS), anchor(ROOT, Purpose.ACCESS))
    assert refused(lambda: verify_issued(issued(), anchors=anchors)) is Check.ANCHOR


def test_an_expired_certificate_is_refused() -> None:
    late = payload(exp=NOW + 400 * DAY)
    assert refused(lambda: verify_issued(signed(late), now=NOW + 200 * DAY)) is Check.CERTIFICATE_VALIDITY


def test_a_type_that_the_issuer_is_not_trusted_for_is_refused() -> None:
    assert refused(lambda: verify_issued(issued(vct="urn:eudi:pid:1"))) is Check.ENTITLEMENT


def test_a_further_type_counts_only_where_the_issuer_is_trusted_for_it() -> None:
    types = ("urn:utopia:person:1", "urn:eudi:pid:1")
    assert verify_issued(issued(also_known_as=types)).types == (VCT, "urn:utopia:person:1")
    for_anything = trusting(anchor(ROOT, Purpose.ISSUER))
    assert verify_issued(issued(also_known_as=types), anchors=for_anything).types == (VCT, *types)


@pytest.mark.parametrize(
    "name",
    [
        None,
        "urn:utopia:ids",
        "https://issuer.utopia.example",
        "https://issuer.utopia.example/tenant/1",
        "https://issuer.utopia.example:8443/tenant/1",
    ],
)
def test_an_issuer_may_name_itself_as_its_certificate_does(name: str | None) -> None:
    assert verify_issued(issued(name=name)).claims.get("iss") == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "urn:utopia:other",
        "http://issuer.utopia.example",
        "https://other.utopia.example",
        "https://issuer.utopia.example.evil.example",
        "https://issuer.utopia.example@evil.example",
        "issuer.utopia.example",
        "https://",
        "https://[",
    ],
)
def test_an_issuer_that_names_another_is_refused(name: str) -> None:
    assert refused(lambda: verify_issued(issued(name=name))) is Check.ISSUER_NAME


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("https://issuer.utopia.example/tenant", None),
        ("https://ISSUER.utopia.EXAMPLE", None),
        ("https://any.of.example", Check.ISSUER_NAME),
        ("https://*.of.example", Check.ISSUER_NAME),
        ("URN:utopia:ids", Check.ISSUER_NAME),
    ],
)
def test_hosts_are_compared_without_regard_to_case_and_wildcards_do_not_count(name: str, check: Check | None) -> None:
    hosts = ("Issuer.Utopia.EXAMPLE", "*.of.example")
    mixed = signer(ROOT, "mixed", Purpose.ISSUER, dns_names=hosts, uris=("urn:utopia:ids",))
    data = signed(payload(iss=name), chain=mixed.chain, key=mixed.key)
    if check is None:
        assert verify_issued(data).claims["iss"] == name
    else:
        assert refused(lambda: verify_issued(data)) is check


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"exp": NOW - 60}, "exp"),
        ({"exp": 0}, "exp"),
        ({"nbf": NOW + 11}, "nbf"),
        ({"iat": NOW + 11}, "iat"),
        ({"iat": "yesterday"}, "iat"),
    ],
)
def test_a_credential_outside_its_validity_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        verify_issued(signed(payload(**changes)))
    assert (refusal.value.check, refusal.value.field) == (Check.CREDENTIAL_VALIDITY, field)


@pytest.mark.parametrize(
    "changes", [{"exp": NOW - 59}, {"nbf": NOW + 10}, {"iat": NOW + 10}, {"exp": None, "iat": None}]
)
def test_clocks_may_differ_a_little(changes: dict[str, Any]) -> None:
    assert verify_issued(signed(payload(**changes))).type == VCT


def test_times_may_be_written_with_a_fraction() -> None:
    credential = verify_issued(signed(payload(exp=NOW + 1.5, nbf=NOW + 0.5, iat=NOW - 0.5)))
    assert (credential.valid_from, credential.valid_until) == (NOW, NOW + 1)


def test_the_time_of_issuance_counts_where_it_is_disclosed() -> None:
    later = disclosure("salt", "iat", NOW + 3_600)
    sdjwt = signed(payload(iat=None, _sd=[digest(later)]), [later])
    assert refused(lambda: verify_issued(sdjwt)) is Check.CREDENTIAL_VALIDITY


@pytest.mark.parametrize("named", [AUDIENCE, [AUDIENCE], ["https://another.example", AUDIENCE]])
def test_a_credential_may_say_that_it_is_for_us(named: Any) -> None:
    sdjwt = signed(payload(aud=named))
    assert verify_presented(bound(sdjwt)).credential.claims["aud"] == named
    assert verify_unbound(sdjwt).credential.claims["aud"] == named


@pytest.mark.parametrize(
    "named",
    ["https://another.example", "", [], ["https://another.example"], [AUDIENCE, 1], [[AUDIENCE]], {AUDIENCE: 1}, 1],
)
def test_a_credential_that_is_for_others_is_refused_where_it_is_presented(named: Any) -> None:
    sdjwt = signed(payload(aud=named))
    for present in (lambda: verify_presented(bound(sdjwt)), lambda: verify_unbound(sdjwt)):
        with pytest.raises(Rejected) as refusal:
            present()
        assert (refusal.value.check, refusal.value.field) == (Check.AUDIENCE, "aud")
    assert verify_issued(sdjwt).claims["aud"] == named
    assert verify_unbound(sdjwt, audience=None).credential.claims["aud"] == named


def test_for_whom_a_credential_is_counts_where_it_is_disclosed() -> None:
    hidden = disclosure("salt", "aud", "https://another.example")
    members = payload(_sd=[digest(hidden)])
    assert refused(lambda: verify_presented(bound(signed(members, [hidden])))) is Check.AUDIENCE
    assert "aud" not in verify_presented(bound(signed(members))).credential.claims


@pytest.mark.parametrize("name", ["iss", "nbf", "exp", "cnf", "vct#integrity", "aka_vcts", "status"])
def test_what_decides_about_validity_cannot_be_disclosed(name: str) -> None:
    hidden = disclosure("salt", name, NOW)
    sdjwt = signed(payload(exp=None, cnf=None, _sd=[digest(hidden)]), [hidden])
    assert refused(lambda: verify_issued(sdjwt)) is Check.ALWAYS_DISCLOSED


def test_nothing_within_what_decides_about_validity_can_be_disclosed() -> None:
    kid = disclosure("salt", "kid", "1")
    cnf = {"jwk": HOLDER.public_key.jwk(), "_sd": [digest(kid)]}
    assert refused(lambda: verify_issued(signed(payload(cnf=cnf), [kid]))) is Check.ALWAYS_DISCLOSED
    assert refused(lambda: verify_issued(signed(payload(cnf=cnf)))) is Check.ALWAYS_DISCLOSED


def test_a_disclosed_type_beside_the_one_in_the_clear_is_refused() -> None:
    vct = disclosure("salt", "vct", "urn:eudi:pid:1")
    assert refused(lambda: verify_issued(signed(payload(_sd=[digest(vct)]), [vct]))) is Check.DISCLOSED_CLAIM


def test_a_disclosure_of_another_credential_is_refused() -> None:
    foreign = disclosure("salt", "family_name", "Other")
    assert refused(lambda: verify_issued(issued() + foreign + b"~")) is Check.DISCLOSURE
    first, second = presented(paths=[("family_name",)]), presented(issued(seed="other"), paths=[("given_name",)])
    credential, (disclosed, proof) = first.split(b"~")[0], second.split(b"~")[1:]
    assert refused(lambda: verify_presented(bound(b"~".join((credential, disclosed, b""))))) is Check.DISCLOSURE
    assert refused(lambda: verify_presented(b"~".join((credential, disclosed, proof)))) is Check.PRESENTED_BYTES


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"holder": fixed_key("thief")}, Check.HOLDER_SIGNATURE),
        ({"typ": "JWT"}, Check.TOKEN_TYPE),
        ({"header": {"alg": "ES384"}}, Check.ALGORITHM),
        ({"header": {"crit": ["exp"]}}, Check.CRITICAL_HEADER),
        ({"header": {"jku": "https://evil.example"}}, Check.KEY_SOURCE),
        ({"aud": "x509_hash:another"}, Check.AUDIENCE),
        ({"nonce": "another"}, Check.NONCE),
        ({"iat": NOW - MAX_AGE - 1}, Check.PROOF_TIME),
        ({"iat": NOW + 11}, Check.PROOF_TIME),
        ({"exp": NOW - 60}, Check.PROOF_TIME),
        ({"exp": 0, "nbf": 0}, Check.PROOF_TIME),
        ({"nbf": NOW + 11}, Check.PROOF_TIME),
        ({"nbf": NOW + 11, "exp": NOW + 60}, Check.PROOF_TIME),
        ({"sd_hash": digest(b"another")}, Check.PRESENTED_BYTES),
        ({"transaction_data_hashes": [digest(b"never asked for")]}, Check.TRANSACTION_DATA),
    ],
)
def test_a_proof_that_was_not_made_for_us_is_refused(changes: dict[str, Any], check: Check) -> None:
    assert refused(lambda: verify_presented(bound(signed(payload()), **changes))) is check


@pytest.mark.parametrize("iat", [NOW - MAX_AGE, NOW + 10])
def test_a_proof_may_be_five_minutes_old_or_a_little_ahead(iat: int) -> None:
    assert verify_presented(bound(signed(payload()), iat=iat)).credential.type == VCT


@pytest.mark.parametrize("times", [{"exp": NOW - 59}, {"nbf": NOW + 10}, {"nbf": NOW - 0.5, "exp": NOW + 1.5}])
def test_a_proof_may_say_when_it_is_valid(times: dict[str, float]) -> None:
    assert verify_presented(bound(signed(payload()), **times)).credential.type == VCT


@pytest.mark.parametrize(("times", "field"), [({"exp": NOW - 60}, "exp"), ({"nbf": NOW + 11}, "nbf")])
def test_a_proof_outside_its_validity_is_refused_by_the_claim(times: dict[str, int], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        verify_presented(bound(signed(payload()), **times))
    assert (refusal.value.check, refusal.value.field) == (Check.PROOF_TIME, field)


def test_a_proof_for_fewer_or_other_disclosures_is_refused() -> None:
    sdjwt, more = presented(paths=[("family_name",)]), presented(paths=[("family_name",), ("given_name",)])
    proof = sdjwt.rpartition(b"~")[2]
    assert refused(lambda: verify_presented(more.rpartition(b"~")[0] + b"~" + proof)) in {
        Check.PRESENTED_BYTES,
        Check.HOLDER_SIGNATURE,
    }
    data = issued()
    bare = data.split(b"~")[0] + b"~"
    stripped = bare + bound(data).rpartition(b"~")[2]
    assert refused(lambda: verify_presented(stripped)) is Check.PRESENTED_BYTES


TRANSACTION = base64url(encode_json({"type": "pay", "credential_ids": ["id"], "amount": 1}))
NAMED = base64url(encode_json({"type": "pay", "transaction_data_hashes_alg": ["sha-512", "sha-256"]}))


@pytest.mark.parametrize("transaction_data", [[TRANSACTION], [NAMED], [TRANSACTION, NAMED], [TRANSACTION, TRANSACTION]])
@pytest.mark.requirement("SUA_05")
def test_signed_transaction_data_is_what_was_sent(transaction_data: list[str]) -> None:
    data = bound_to(signed(payload()), transaction_data)
    assert verify_presented(data, transaction_data=transaction_data).credential.type == VCT
    reversed_data = bound_to(signed(payload()), transaction_data[::-1])
    assert verify_presented(reversed_data, transaction_data=transaction_data).credential.type == VCT


def test_the_algorithm_need_not_be_named_where_the_request_named_none() -> None:
    data = bound(signed(payload()), transaction_data_hashes=[digest(TRANSACTION.encode())])
    assert verify_presented(data, transaction_data=[TRANSACTION]).credential.type == VCT


@pytest.mark.parametrize(
    ("changes", "transaction_data"),
    [
        ({}, [TRANSACTION]),
        ({"transaction_data_hashes": [digest(TRANSACTION.encode())]}, [TRANSACTION, NAMED]),
        ({"transaction_data_hashes": [digest(TRANSACTION.encode())]}, [NAMED]),
        ({"transaction_data_hashes": [digest(TRANSACTION.encode())] * 2}, [TRANSACTION]),
        ({"transaction_data_hashes": [digest(NAMED.encode())]}, [NAMED]),
        (
            {"transaction_data_hashes": [digest(NAMED.encode())], "transaction_data_hashes_alg": "sha-512"},
            [NAMED],
        ),
        (
            {"transaction_data_hashes": [digest(TRANSACTION.encode())], "transaction_data_hashes_alg": "sha-384"},
            [TRANSACTION],
        ),
    ],
)
def test_transaction_data_that_is_not_signed_as_sent_is_refused(
    changes: dict[str, Any], transaction_data: list[str]
) -> None:
    data = bound(signed(payload()), **changes)
    assert refused(lambda: verify_presented(data, transaction_data=transaction_data)) is Check.TRANSACTION_DATA


@pytest.mark.parametrize("part", ["header", "payload", "issuer signature", "disclosure", "proof payload", "proof"])
def test_a_changed_byte_in_any_part_is_refused(part: str) -> None:
    data = presented(paths=[("family_name",)])
    issuer_signed, disclosed, proof = data.split(b"~")
    before_proof = len(issuer_signed) + len(disclosed) + 2
    place = {
        "header": issuer_signed.index(b".") - 1_000,
        "payload": issuer_signed.index(b".") + 100,
        "issuer signature": len(issuer_signed) - 50,
        "disclosure": len(issuer_signed) + 10,
        "proof payload": before_proof + proof.index(b".") + 30,
        "proof": len(data) - 50,
    }[part]
    changed = data[:place] + (b"A" if data[place : place + 1] != b"A" else b"B") + data[place + 1 :]
    with pytest.raises((Malformed, Rejected)):
        verify_presented(changed)
