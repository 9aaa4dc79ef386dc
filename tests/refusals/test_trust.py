"""Trust: one mutation of a good chain, list or attestation for each check, and the check that it fails."""

from collections.abc import Callable

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer, trusting
from zegel_testing.lists import LIST_ROOT, document, entity, service, signed

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.trust.access import certificate_client_id, check_redirect_party, check_response_uri, verify_party
from zegel.trust.anchors import Purpose, check_entitlement
from zegel.trust.attestation import (
    WalletDescription,
    parse_wallet_attestation,
    sign_wallet_attestation,
    verify_wallet_attestation,
)
from zegel.trust.disclosure_policy.check import AskingParty, check_disclosure_policy
from zegel.trust.disclosure_policy.values import AuthorisedParty, DisclosurePolicy, PolicyType
from zegel.trust.key_attestation import (
    check_key_storage,
    parse_key_attestation,
    sign_key_attestation,
    verify_key_attestation,
)
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType, ServiceType
from zegel.trust.lists.verify import verify_trusted_list

ROOT = authority("root")
ISSUER = signer(ROOT, "issuer", Purpose.ISSUER)
VERIFIER = signer(ROOT, "verifier", Purpose.ACCESS, dns_names=("verifier.utopia.example",))
PROVIDER = signer(ROOT, "provider", Purpose.WALLET_PROVIDER)
ANCHORS = trusting(
    anchor(ROOT, Purpose.ISSUER, types=frozenset({"urn:eudi:pid:1"})),
    anchor(ROOT, Purpose.ACCESS),
    anchor(ROOT, Purpose.WALLET_PROVIDER),
    anchor(LIST_ROOT, Purpose.LIST),
)
LIST = signed(
    document(ListType.PID_PROVIDERS, entity("Office", service(ServiceType.PID_ISSUANCE, ROOT.certificate)), sequence=2)
)


def chain(*, certificates: tuple[bytes, ...] = ISSUER.chain, purpose: Purpose = Purpose.ISSUER, now: int = NOW):
    return ANCHORS.verify_chain(certificates, purpose=purpose, now=now)


def trusted_list(*, expected: ListType = ListType.PID_PROVIDERS, now: int = NOW, seen: int = 2):
    return verify_trusted_list(parse_trusted_list(LIST), expected=expected, anchors=ANCHORS, now=now, seen=seen)


def party(*, client_id: str = "x509_san_dns:verifier.utopia.example"):
    return verify_party(client_id=client_id, x5c=VERIFIER.chain, anchors=ANCHORS, timestamps_required=True, now=NOW)


def wallet(*, now: int = NOW):
    compact = sign_wallet_attestation(
        signer=PROVIDER.key,
        chain=PROVIDER.chain,
        provider="https://provider.utopia.example",
        client_id="https://wallet.utopia.example",
        key=fixed_key("wallet").public_key,
        wallet=WalletDescription(name="Utopia wallet"),
        now=NOW,
        expires=NOW + 600,
    )
    return verify_wallet_attestation(parse_wallet_attestation(compact), anchors=ANCHORS, now=now)


def keys(*, now: int = NOW):
    compact = sign_key_attestation(
        signer=PROVIDER.key,
        chain=PROVIDER.chain,
        provider="https://provider.utopia.example",
        keys=[fixed_key("credential").public_key],
        key_storage=["iso_18045_moderate"],
        user_authentication=["iso_18045_moderate"],
        nonce=None,
        now=NOW,
        expires=NOW + 600,
    )
    return verify_key_attestation(parse_key_attestation(compact), anchors=ANCHORS, now=now)


def test_nothing_of_this_is_refused_as_it_stands() -> None:
    assert check_entitlement(chain(), "urn:eudi:pid:1")
    assert trusted_list()
    assert check_response_uri(party(), "https://verifier.utopia.example/response")
    assert wallet()
    assert check_key_storage(keys(), key_storage=frozenset({"iso_18045_moderate"}), user_authentication=frozenset())


def send_no_certificates() -> object:
    return chain(certificates=())


def send_the_anchor_along() -> object:
    return chain(certificates=(*ISSUER.chain, ROOT.certificate.der))


def sign_with_a_stranger() -> object:
    return chain(certificates=signer(authority("stranger"), "issuer", Purpose.ISSUER).chain)


def sign_attestations_with_an_access_certificate() -> object:
    return chain(certificates=VERIFIER.chain)


def sign_after_the_certificate_expired() -> object:
    return chain(now=NOW + 100 * DAY)


def issue_a_type_of_somebody_else() -> object:
    return check_entitlement(chain(), "org.iso.18013.5.1.mDL")


def take_a_list_of_another_type() -> object:
    return trusted_list(expected=ListType.ACCESS_PROVIDERS)


def take_a_list_whose_update_is_overdue() -> object:
    return trusted_list(now=NOW + 40 * DAY)


def take_an_older_list() -> object:
    return trusted_list(seen=3)


def ask_under_the_hash_of_another_certificate() -> object:
    return party(client_id=certificate_client_id(ISSUER.certificate))


def ask_under_another_name() -> object:
    return party(client_id="x509_san_dns:bank.utopia.example")


def ask_for_the_answer_elsewhere() -> object:
    return check_response_uri(party(), "https://evil.example/response")


def ask_unsigned_under_another_uri() -> object:
    return check_redirect_party(client_id="redirect_uri:https://a.example", response_uri="https://b.example")


def attest_a_wallet_that_comes_late() -> object:
    return wallet(now=NOW + 700)


def attest_keys_too_early() -> object:
    return keys(now=NOW - 100)


def keep_keys_in_a_weaker_place() -> object:
    required = frozenset({"iso_18045_high"})
    return check_key_storage(keys(), key_storage=required, user_authentication=frozenset())


def ask_for_what_its_issuer_shows_to_others_alone() -> object:
    policy = DisclosurePolicy(
        uri="https://policies.utopia.example/1",
        type=PolicyType.AUTHORISED_PARTIES,
        parties=(AuthorisedParty(identifier="GOVUT-7001"),),
    )
    assert check_disclosure_policy(policy, AskingParty(identifier="GOVUT-7001"))
    return check_disclosure_policy(policy, AskingParty(identifier="GOVUT-7002"))


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.CHAIN, send_no_certificates),
    (Check.CHAIN, send_the_anchor_along),
    (Check.ANCHOR, sign_with_a_stranger),
    (Check.CERTIFICATE_PROFILE, sign_attestations_with_an_access_certificate),
    (Check.CERTIFICATE_VALIDITY, sign_after_the_certificate_expired),
    (Check.ENTITLEMENT, issue_a_type_of_somebody_else),
    (Check.LIST_TYPE, take_a_list_of_another_type),
    (Check.LIST_FRESHNESS, take_a_list_whose_update_is_overdue),
    (Check.LIST_SEQUENCE, take_an_older_list),
    (Check.CLIENT_BINDING, ask_under_the_hash_of_another_certificate),
    (Check.CLIENT_BINDING, ask_under_another_name),
    (Check.CLIENT_BINDING, ask_for_the_answer_elsewhere),
    (Check.CLIENT_BINDING, ask_unsigned_under_another_uri),
    (Check.ATTESTATION_VALIDITY, attest_a_wallet_that_comes_late),
    (Check.ATTESTATION_VALIDITY, attest_keys_too_early),
    (Check.KEY_STORAGE, keep_keys_in_a_weaker_place),
    (Check.DISCLOSURE_POLICY, ask_for_what_its_issuer_shows_to_others_alone),
)


@pytest.mark.parametrize(("check", "mutation"), REFUSALS, ids=lambda value: getattr(value, "__name__", None))
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        mutation()
    assert refusal.value.check is check
