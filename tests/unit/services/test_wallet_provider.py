"""The wallet provider: it attests keys whose holder signs, here and now, and learns nothing else."""

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer, trusting

from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError
from zegel.primitives.jws import parse_jws, sign_jws
from zegel.primitives.keys import Curve, PrivateKey
from zegel.services.wallet_provider import (
    KEY_ATTESTATION_SECONDS,
    POSSESSION_SECONDS,
    POSSESSION_TYPE,
    WalletProviderIdentity,
    WalletProviderService,
)
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import (
    MAX_LIFETIME,
    WalletDescription,
    parse_wallet_attestation,
    verify_wallet_attestation,
)
from zegel.trust.key_attestation import MAX_KEYS, parse_key_attestation, verify_key_attestation
from zegel.trust.signing import CertifiedSigner

ORIGIN = "https://wallet-provider.utopia.example"
ROOT = authority("wallets")
ANCHORS = trusting(anchor(ROOT, Purpose.WALLET_PROVIDER, entity="Utopian Wallet Office"))
PROVIDER = signer(ROOT, "wallet attestations", Purpose.WALLET_PROVIDER)
KEY, OTHER = fixed_key("wallet"), fixed_key("another wallet")


def provider(*, lifetime: int = 86_000, now: int = NOW) -> WalletProviderService:
    identity = WalletProviderIdentity(
        origin=ORIGIN,
        client_id=f"{ORIGIN}/wallet",
        wallet=WalletDescription(name="zegel wallet"),
        signer=CertifiedSigner(signer=PROVIDER.key, certificates=(PROVIDER.certificate,)),
        lifetime=lifetime,
    )
    return WalletProviderService(identity, clock=ManualClock(now))


def possession(key: PrivateKey = KEY, *, by: PrivateKey | None = None, typ: str = POSSESSION_TYPE, **changes: object):
    claims = {"aud": ORIGIN, "iat": NOW} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return sign_jws(kept, signer=by or key, typ=typ, header={"jwk": key.public_key.jwk()}).decode()


def test_a_wallet_that_holds_its_key_is_attested() -> None:
    attested = provider().attest_wallet(possession())
    verified = verify_wallet_attestation(parse_wallet_attestation(attested.attestation), anchors=ANCHORS, now=NOW)
    assert verified.key == KEY.public_key
    assert verified.client_id == attested.client_id == f"{ORIGIN}/wallet"
    assert verified.provider == "Utopian Wallet Office"
    assert verified.expires == attested.expires == NOW + 86_000


def test_every_wallet_of_the_kind_has_the_same_name() -> None:
    """HAIP 1.0 section 4.4.1: nothing of one instance but the key."""
    one, another = (
        dict(parse_jws(provider().attest_wallet(possession(key)).attestation, what="").unverified_claims)
        for key in (KEY, OTHER)
    )
    assert one.pop("cnf") != another.pop("cnf")
    assert one == another


@pytest.mark.parametrize("lifetime", [DAY, 30 * DAY])
@pytest.mark.requirement("WUA_33")
def test_no_attestation_outlives_a_day(lifetime: int) -> None:
    assert provider(lifetime=lifetime).attest_wallet(possession()).expires == NOW + MAX_LIFETIME


@pytest.mark.requirement("WUA_10b")
def test_keys_that_sign_are_attested_with_the_nonce() -> None:
    keys = [KEY, OTHER]
    compact = provider().attest_keys([possession(key) for key in keys], nonce="c_nonce")
    verified = verify_key_attestation(parse_key_attestation(compact), anchors=ANCHORS, now=NOW)
    assert list(verified.keys) == [key.public_key for key in keys]
    assert verified.nonce == "c_nonce"
    assert verified.expires == NOW + KEY_ATTESTATION_SECONDS


def test_keys_may_be_attested_without_a_nonce() -> None:
    compact = provider().attest_keys([possession()], nonce=None)
    assert verify_key_attestation(parse_key_attestation(compact), anchors=ANCHORS, now=NOW).nonce is None


def test_the_operator_may_vouch_for_keys_that_did_not_sign() -> None:
    attested = provider().attest_wallet_key(KEY.public_key)
    keys = provider().attest_public_keys([KEY.public_key], nonce="n")
    assert parse_wallet_attestation(attested.attestation).unverified_key == KEY.public_key
    assert parse_key_attestation(keys).unverified_keys == (KEY.public_key,)


REFUSED = [
    (Check.SIGNATURE, possession(KEY, by=OTHER)),
    (Check.TOKEN_TYPE, possession(typ="JWT")),
    (Check.TOKEN_TYPE, possession(typ="openid4vci-proof+jwt")),
    (Check.POSSESSION, possession(aud="https://another.utopia.example")),
    (Check.POSSESSION, possession(aud=[ORIGIN])),
    (Check.POSSESSION, possession(aud=None)),
    (Check.POSSESSION, possession(iat=NOW - POSSESSION_SECONDS - 1)),
    (Check.POSSESSION, possession(iat=NOW + 11)),
    (Check.POSSESSION, possession(iat=None)),
    (Check.SYNTAX, possession(iat="now")),
    (Check.SYNTAX, "nonsense"),
    (Check.SYNTAX, ""),
    (Check.SYNTAX, sign_jws({"aud": ORIGIN, "iat": NOW}, signer=KEY, typ=POSSESSION_TYPE).decode()),
    (
        Check.SYNTAX,
        sign_jws(
            {"aud": ORIGIN, "iat": NOW}, signer=KEY, typ=POSSESSION_TYPE, header={"jwk": KEY.secret_jwk()}
        ).decode(),
    ),
]


@pytest.mark.parametrize(("check", "proof"), REFUSED, ids=[f"{at}-{each[0].id}" for at, each in enumerate(REFUSED)])
@pytest.mark.refuses(Check.POSSESSION)
def test_whoever_does_not_show_the_key_gets_nothing(check: Check, proof: str) -> None:
    for attest in (provider().attest_wallet, lambda one: provider().attest_keys([possession(OTHER), one], nonce=None)):
        with pytest.raises(ZegelError) as refusal:
            attest(proof)
        assert refusal.value.check is check


@pytest.mark.parametrize("age", [0, POSSESSION_SECONDS])
def test_a_proof_is_good_for_a_minute(age: int) -> None:
    assert provider(now=NOW + age).attest_wallet(possession())


@pytest.mark.parametrize("count", [0, MAX_KEYS + 1])
def test_a_batch_has_a_size(count: int) -> None:
    with pytest.raises(Malformed):
        provider().attest_keys([possession()] * count, nonce=None)
    with pytest.raises(Malformed):
        provider().attest_public_keys([KEY.public_key] * count, nonce=None)


def test_a_key_stands_in_a_batch_once() -> None:
    with pytest.raises(Malformed):
        provider().attest_keys([possession(), possession()], nonce=None)


@pytest.mark.parametrize("nonce", ["", "n" * 513])
def test_a_nonce_has_a_size(nonce: str) -> None:
    with pytest.raises(Malformed):
        provider().attest_keys([possession()], nonce=nonce)


def test_a_key_on_another_curve_is_attested_too() -> None:
    """A foreign wallet's DPoP key may be on P-384."""
    key = fixed_key("wallet", Curve.P384)
    assert parse_wallet_attestation(provider().attest_wallet(possession(key)).attestation).unverified_key


def test_without_a_mutation_nothing_is_refused() -> None:
    assert provider().attest_wallet(possession(iat=NOW + 10))
    with pytest.raises(Rejected):
        provider(now=NOW + POSSESSION_SECONDS + 1).attest_wallet(possession())
