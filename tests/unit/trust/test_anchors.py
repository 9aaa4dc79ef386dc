"""Anchors: one purpose each, one meaning for what is listed twice, and the types that an anchor may issue."""

import pytest
from cryptography import x509
from zegel_testing.authorities import NOW, anchor, authority, signer, trusting
from zegel_testing.certificates import AUTHORITY, END_ENTITY, certificate, der

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.keys import Curve
from zegel.primitives.x509 import name_certificate
from zegel.trust import anchors as module
from zegel.trust.anchors import JWT_SIGNER, Purpose, TrustAnchor, TrustAnchors, check_entitlement

PID = authority("PID root")
ISSUER = signer(PID, "PID signer", Purpose.ISSUER)
STATUS = signer(PID, "status signer", Purpose.STATUS)
ACCESS = authority("access root")
VERIFIER = signer(ACCESS, "verifier", Purpose.ACCESS, dns_names=("verifier.utopia.example",))


def verified(anchors: TrustAnchors, chain: tuple[bytes, ...], purpose: Purpose, now: int = NOW):
    return anchors.verify_chain(chain, purpose=purpose, now=now)


def test_a_chain_leads_to_the_anchor_of_its_purpose() -> None:
    anchors = trusting(anchor(PID, Purpose.ISSUER), anchor(ACCESS, Purpose.ACCESS, entity="Access authority"))
    assert verified(anchors, ISSUER.chain, Purpose.ISSUER).anchor.entity == "Utopia"
    assert verified(anchors, VERIFIER.chain, Purpose.ACCESS).leaf == VERIFIER.certificate
    assert [found.entity for found in anchors.of(Purpose.ACCESS)] == ["Access authority"]
    assert anchors.of(Purpose.LIST) == ()


@pytest.mark.refuses(Check.ANCHOR)
def test_trust_for_one_purpose_is_no_trust_for_another() -> None:
    anchors = trusting(anchor(PID, Purpose.STATUS))
    with pytest.raises(Rejected) as refusal:
        verified(anchors, ISSUER.chain, Purpose.ISSUER)
    assert refusal.value.check is Check.ANCHOR


@pytest.mark.refuses(Check.CERTIFICATE_PROFILE)
def test_a_status_signer_cannot_sign_attestations() -> None:
    anchors = trusting(anchor(PID, Purpose.ISSUER))
    with pytest.raises(Rejected) as refusal:
        verified(anchors, STATUS.chain, Purpose.ISSUER)
    assert refusal.value.check is Check.CERTIFICATE_PROFILE


@pytest.mark.refuses(Check.CERTIFICATE_PROFILE)
@pytest.mark.parametrize("usages", [(), ("2.5.29.37.0",), ("1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.2")])
def test_who_is_not_named_for_attestations_cannot_sign_them_as_jwt_either(usages: tuple[str, ...]) -> None:
    """Signers of status lists name no usage; whoever may sign anything is no issuer for that."""
    root = certificate("root", "root", AUTHORITY)
    named = x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage) for usage in usages])
    leaf = certificate("leaf", "root", (*END_ENTITY, (named, False)) if usages else END_ENTITY)
    trusted = TrustAnchor(certificate=root, purpose=Purpose.ISSUER, entity="Utopia")
    with pytest.raises(Rejected) as refusal:
        trusting(trusted).verify_chain((leaf.der,), purpose=Purpose.ISSUER, profile=JWT_SIGNER, now=NOW)
    assert refusal.value.check is Check.CERTIFICATE_PROFILE


def test_what_makes_a_signer_of_mdocs_is_not_asked_of_one_of_jwts() -> None:
    """HAIP 1.0 section 6.1.1 has no profile; ISO/IEC 18013-5 table B.3 is one of mdocs."""
    anchors = trusting(anchor(PID, Purpose.ISSUER))
    lasting = signer(PID, "lasting signer", Purpose.ISSUER, days=730)
    for _ in range(2):  # neither answer is remembered for the other
        with pytest.raises(Rejected, match="at most 457 days"):
            verified(anchors, lasting.chain, Purpose.ISSUER)
        chain = anchors.verify_chain(lasting.chain, purpose=Purpose.ISSUER, profile=JWT_SIGNER, now=NOW)
        assert chain.leaf == lasting.certificate


def test_a_signer_of_jwts_need_not_say_what_its_key_is_for() -> None:
    """RFC 5280 section 4.2.1.3: what is not said restricts nothing."""
    root = certificate("root", "root", AUTHORITY)
    named = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.0.18013.5.1.2")])
    leaf = certificate("leaf", "root", ((named, False),))
    anchors = trusting(TrustAnchor(certificate=root, purpose=Purpose.ISSUER, entity="Utopia"))
    chain = anchors.verify_chain((leaf.der,), purpose=Purpose.ISSUER, profile=JWT_SIGNER, now=NOW)
    assert chain.leaf == leaf


def test_status_list_draft_20_section_11_3_an_issuer_may_sign_its_lists_with_the_same_key() -> None:
    anchors = trusting(anchor(PID, Purpose.STATUS))
    for end_entity in (ISSUER, STATUS):
        assert verified(anchors, end_entity.chain, Purpose.STATUS).leaf == end_entity.certificate


def test_a_chain_is_validated_once_a_minute_and_its_leaf_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(*arguments: object, **options: object):
        calls.append(options["now"])
        return original(*arguments, **options)

    original = module.verify_path
    monkeypatch.setattr(module, "verify_path", counted)
    anchors = trusting(anchor(PID, Purpose.ISSUER))
    issuer = signer(PID, "signer until the middle of a minute", Purpose.ISSUER, now=NOW + 30)
    end = issuer.certificate.not_after
    assert end // 60 == (end + 1) // 60
    for now in (NOW, NOW + 1, NOW + 60, end - 1, end):
        verified(anchors, issuer.chain, Purpose.ISSUER, now)
    assert calls == [NOW, NOW + 60, end - 1]
    with pytest.raises(Rejected) as refusal:
        verified(anchors, issuer.chain, Purpose.ISSUER, end + 1)
    assert refusal.value.check is Check.CERTIFICATE_VALIDITY
    assert calls == [NOW, NOW + 60, end - 1]  # the chain was remembered, and its leaf looked at all the same


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_REMEMBERED", 2)
    anchors = trusting(anchor(PID, Purpose.ISSUER))
    for minute in range(5):
        verified(anchors, ISSUER.chain, Purpose.ISSUER, NOW + 60 * minute)
    assert len(anchors._validated) <= 2


def test_a_chain_of_anything_else_is_malformed() -> None:
    with pytest.raises(Malformed):
        verified(trusting(anchor(PID, Purpose.ISSUER)), (b"no certificate",), Purpose.ISSUER)


def test_one_certificate_listed_twice_is_one_anchor_for_the_types_of_both() -> None:
    both = trusting(
        anchor(PID, Purpose.ISSUER, entity="First", types=frozenset({"one"})),
        anchor(PID, Purpose.ISSUER, entity="Second", types=frozenset({"two"})),
    )
    (listed,) = both.of(Purpose.ISSUER)
    assert (listed.entity, listed.types) == ("First", {"one", "two"})
    (listed,) = trusting(listed, anchor(PID, Purpose.ISSUER)).of(Purpose.ISSUER)
    assert listed.types is None


@pytest.mark.parametrize(
    ("types", "type_"),
    [
        (None, "anything"),
        (frozenset({"urn:eudi:pid:1"}), "urn:eudi:pid:1"),
        (frozenset({"urn:eudi:pid:1", "urn:eudi:pid:ut:*"}), "urn:eudi:pid:ut:1"),
        (frozenset({"urn:eudi:pid:ut:*"}), "urn:eudi:pid:ut:north:2"),
    ],
)
@pytest.mark.requirement("PID_14")
def test_an_anchor_is_trusted_for_its_types_and_those_below_them(types: frozenset[str] | None, type_: str) -> None:
    chain = verified(trusting(anchor(PID, Purpose.ISSUER, types=types)), ISSUER.chain, Purpose.ISSUER)
    assert check_entitlement(chain, type_) is chain


@pytest.mark.parametrize("type_", ["urn:eudi:pid:2", "urn:eudi:pid:xx:1", "urn:eudi:pid:ut", "urn:eudi:pid:ut:", ""])
@pytest.mark.refuses(Check.ENTITLEMENT)
@pytest.mark.requirement("OIA_12")
def test_an_anchor_is_not_trusted_for_another_type(type_: str) -> None:
    types = frozenset({"urn:eudi:pid:1", "urn:eudi:pid:ut:*"})
    chain = verified(trusting(anchor(PID, Purpose.ISSUER, types=types)), ISSUER.chain, Purpose.ISSUER)
    with pytest.raises(Rejected) as refusal:
        check_entitlement(chain, type_)
    assert refusal.value.check is Check.ENTITLEMENT


def test_a_long_type_is_cut_in_the_message() -> None:
    chain = verified(trusting(anchor(PID, Purpose.ISSUER, types=frozenset())), ISSUER.chain, Purpose.ISSUER)
    with pytest.raises(Rejected) as refusal:
        check_entitlement(chain, "x" * 1000)
    assert len(refusal.value.detail) < 200


def test_a_leaf_by_nobody_is_refused_as_such() -> None:
    with pytest.raises(Rejected) as refusal:
        verified(trusting(), (der("leaf", "nobody", END_ENTITY),), Purpose.LIST)
    assert refusal.value.check is Check.ANCHOR


def test_of_two_anchors_with_one_name_the_one_that_signed_is_found() -> None:
    first, second = (authority("same name", curve=curve) for curve in (Curve.P256, Curve.P384))
    anchors = TrustAnchors(
        TrustAnchor(certificate=name_certificate(root.certificate.der), purpose=Purpose.ISSUER, entity=entity)
        for root, entity in ((first, "first"), (second, "second"))
    )
    found = anchors.verify_chain(signer(second, "signer", Purpose.ISSUER).chain, purpose=Purpose.ISSUER, now=NOW)
    assert found.anchor.entity == "second"
    assert found.anchor.certificate.parse() == second.certificate.parse()
