"""The life of a key: who signs, who is published, and when what is over is gone."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import DAY, NOW, authority, fixed_key, signer

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.x509 import Certificate
from zegel.trust.anchors import Purpose
from zegel.trust.rotation import Generation, Kept, KeyPractice, KeyRing, check_successor, strictest

PUBLISHED = KeyPractice(kept=Kept.PUBLIC, announced=360, trails=420)
SIGNER = signer(authority("root"), "signer", Purpose.ISSUER)


def generation(name: str) -> Generation:
    key = fixed_key(name)
    return Generation(key=key.public_key, private=key)


def certified() -> Generation:
    return Generation(key=SIGNER.key.public_key, private=SIGNER.key, certificates=(SIGNER.certificate,))


RING = KeyRing(current=generation("first"))


def test_a_successor_waits_for_as_long_as_it_has_to_be_published() -> None:
    assert RING.ready_at(PUBLISHED) is None
    ring = RING.announce(generation("second"), now=NOW)
    assert (ring.current, ring.ready_at(PUBLISHED)) == (RING.current, NOW + 360)


def test_the_successor_takes_over_and_the_one_before_is_retired() -> None:
    ring = RING.announce(generation("second"), now=NOW).hand_over(practice=PUBLISHED, now=NOW + 360)
    assert (ring.current.key, ring.current.since, ring.successor) == (fixed_key("second").public_key, NOW + 360, None)
    (retired,) = ring.retired
    assert (retired.key, retired.since, retired.until) == (RING.current.key, NOW + 360, NOW + 780)


def test_without_a_successor_nobody_takes_over() -> None:
    with pytest.raises(ValueError, match="there is no successor"):
        RING.hand_over(practice=PUBLISHED, now=NOW)


def test_a_retired_key_is_known_until_its_end_and_not_at_it() -> None:
    ring = RING.announce(generation("second"), now=NOW).hand_over(practice=PUBLISHED, now=NOW)
    assert ring.at(NOW + 419).retired == ring.retired
    assert ring.at(NOW + 420).retired == ()


ASKS = KeyPractice(kept=Kept.PRIVATE, announced=0, trails=600)


def test_a_new_key_is_known_and_not_in_use_until_every_process_has_read_it() -> None:
    ring = RING.announce(generation("second"), now=NOW).hand_over(practice=ASKS, now=NOW)
    held = ring.held_back(seconds=120, now=NOW + 119)
    assert (held.current.key, held.successor, held.retired) == (RING.current.key, ring.current, ())
    assert held.current.until is None
    assert ring.held_back(seconds=120, now=NOW + 120) == ring.held_back(seconds=0, now=NOW) == ring


def test_of_several_new_keys_the_newest_that_every_process_has_read_is_in_use() -> None:
    ring = RING
    for at, name in ((0, "second"), (100, "third"), (150, "fourth")):
        ring = ring.announce(generation(name), now=NOW + at).hand_over(practice=ASKS, now=NOW + at)
    for at, name in ((119, "first"), (120, "second"), (219, "second"), (220, "third"), (269, "third"), (270, "fourth")):
        held = ring.held_back(seconds=120, now=NOW + at)
        assert held.current.key == fixed_key(name).public_key
        known = {each.key for each in (held.current, *held.retired, held.successor) if each is not None}
        assert known == {fixed_key(each).public_key for each in ("first", "second", "third", "fourth")}


def test_a_new_key_is_in_use_at_once_where_the_one_before_it_is_destroyed() -> None:
    ring = RING.announce(generation("second"), now=NOW).hand_over(practice=PUBLISHED, now=NOW)
    assert ring.held_back(seconds=120, now=NOW) == ring


def test_what_is_over_is_gone_with_the_next_rotation() -> None:
    ring = RING.announce(generation("second"), now=NOW).hand_over(practice=PUBLISHED, now=NOW)
    ring = ring.announce(generation("third"), now=NOW + 420).hand_over(practice=PUBLISHED, now=NOW + 420)
    assert [each.key for each in ring.retired] == [fixed_key("second").public_key]


@pytest.mark.parametrize(("kept", "private"), [(Kept.CERTIFICATE, False), (Kept.PUBLIC, False), (Kept.PRIVATE, True)])
def test_no_more_is_kept_of_a_retired_key_than_its_use_needs(kept: Kept, private: bool) -> None:
    practice = KeyPractice(kept=kept, announced=0, trails=60)
    ring = RING.announce(generation("second"), now=NOW).hand_over(practice=practice, now=NOW)
    assert (ring.retired[0].private is not None) is private


def test_what_is_believed_by_its_certificate_is_over_with_it() -> None:
    practice = KeyPractice(kept=Kept.CERTIFICATE, announced=0, trails=None)
    ring = KeyRing(current=certified()).announce(generation("second"), now=NOW).hand_over(practice=practice, now=NOW)
    assert ring.retired[0].until == SIGNER.certificate.not_after > NOW + DAY


def test_a_key_without_a_certificate_does_not_outlive_one_that_it_never_had() -> None:
    assert KeyPractice(kept=Kept.PUBLIC, announced=0, trails=None).end_of(generation("first"), now=NOW) == NOW


def test_a_key_is_named_by_its_thumbprint() -> None:
    assert RING.current.id == base64url(fixed_key("first").public_key.thumbprint())


def test_a_generation_signs_with_its_chain() -> None:
    assert certified().signer.chain == (SIGNER.certificate.der,)


@pytest.mark.parametrize(
    "without",
    [generation("first"), Generation(key=SIGNER.key.public_key, private=None, certificates=(SIGNER.certificate,))],
    ids=["a chain", "a private key"],
)
def test_nobody_signs_without(without: Generation) -> None:
    with pytest.raises(ValueError, match="a private key and its chain"):
        _ = without.signer


def test_a_key_of_two_uses_keeps_the_stricter_practice_in_everything() -> None:
    opens = KeyPractice(kept=Kept.PRIVATE, announced=0, trails=60)
    assert strictest((PUBLISHED, opens)) == KeyPractice(kept=Kept.PRIVATE, announced=360, trails=420)
    lasting = KeyPractice(kept=Kept.CERTIFICATE, announced=0, trails=None)
    assert strictest((PUBLISHED, lasting)) == KeyPractice(kept=Kept.PUBLIC, announced=360, trails=None)


# --- a successor from outside -----------------------------------------------------------------------------------------

ACCESS = signer(
    authority("access"), "party", Purpose.ACCESS, dns_names=("login.example",), uris=("https://login.example",)
).certificate


def elsewhere(*certificates: Certificate) -> Generation:
    return replace(generation("elsewhere"), certificates=certificates)


@pytest.mark.parametrize(
    "certificate", [ACCESS, replace(ACCESS, dns_names=("new.example", "login.example"))], ids=["alike", "another name"]
)
def test_what_is_certified_alike_may_succeed(certificate: Certificate) -> None:
    above = authority("access").certificate
    given = elsewhere(certificate, above)
    assert check_successor(given, current=elsewhere(ACCESS)) is given


def test_another_party_may_succeed_where_that_is_meant_and_nobody_of_another_kind() -> None:
    other = elsewhere(replace(ACCESS, subject="CN=another", dns_names=("new.example",), uris=()))
    assert check_successor(other, current=elsewhere(ACCESS), another_party=True) is other
    for unlike in (replace(ACCESS, extended_key_usage=("1.0.18013.5.1.2",)), replace(ACCESS, issuer=ACCESS.subject)):
        with pytest.raises(Rejected):
            check_successor(elsewhere(unlike), current=elsewhere(ACCESS), another_party=True)


def test_what_has_no_certificate_succeeds_what_has_none() -> None:
    assert check_successor(generation("elsewhere"), current=generation("first")).id == generation("elsewhere").id


@pytest.mark.refuses(Check.CERTIFICATE_PROFILE)
@pytest.mark.parametrize(
    ("chain", "field"),
    [
        ((replace(ACCESS, subject="CN=another"),), "subject"),
        ((replace(ACCESS, is_authority=True),), "is_authority"),
        ((replace(ACCESS, extended_key_usage=("1.0.18013.5.1.2",)),), "extended_key_usage"),
        ((replace(ACCESS, dns_names=("new.example",)),), "subjectAltName"),
        ((replace(ACCESS, uris=()),), "subjectAltName"),
        ((replace(ACCESS, issuer=ACCESS.subject),), "issuer"),
        ((ACCESS, authority("another").certificate), "chain"),
        ((ACCESS, replace(authority("access").certificate, key_id=b"another")), "chain"),
    ],
    ids=["subject", "authority", "usage", "name", "address", "self-issued", "issued by another", "by another key"],
)
def test_what_is_certified_otherwise_does_not_succeed(chain: tuple[Certificate, ...], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_successor(elsewhere(*chain), current=elsewhere(ACCESS))
    assert (refusal.value.check, refusal.value.field) == (Check.CERTIFICATE_PROFILE, field)
