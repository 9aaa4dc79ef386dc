"""The wallet provider: it activates wallets, attests them and keys whose holder signs, and learns nothing else."""

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_key
from zegel_testing.wallet_office import (
    ANCHORS,
    ATTESTATION_PROVIDER,
    ENTITY,
    MAINTAINED,
    ORIGIN,
    PID_PROVIDER,
    Phone,
    open_office,
    open_phone,
    status_of,
)

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError
from zegel.formats.credential import StatusReference
from zegel.primitives.jws import parse_jws, sign_jws
from zegel.primitives.keys import Curve
from zegel.primitives.times import TOLERATED_LATE
from zegel.services import wallet_instances
from zegel.services.wallet_instances import MAX_ATTESTED, Reason, code_digest, new_code, said
from zegel.services.wallet_provider import KEY_ATTESTATION_SECONDS
from zegel.services.wallet_requests import (
    POSSESSION_SECONDS,
    POSSESSION_TYPE,
    parse_instance_proof,
    sign_possession,
    sign_revocation_request,
)
from zegel.trust.attestation import MAX_LIFETIME, parse_wallet_attestation, verify_wallet_attestation
from zegel.trust.attestation_claims import MIN_MAINTAINED, AttestationStatus
from zegel.trust.key_attestation import MAX_KEYS, parse_key_attestation, verify_key_attestation

pytestmark = pytest.mark.anyio
KEY, OTHER = fixed_key("for an issuer"), fixed_key("for another issuer")


@pytest.mark.requirement("WIAM_07")
@pytest.mark.requirement("WIAM_10")
@pytest.mark.requirement("WURevocation_01")
async def test_a_wallet_is_activated_and_attested_at_once() -> None:
    phone = Phone(await open_office())
    activated = await phone.activate()
    wallet = verify_wallet_attestation(parse_wallet_attestation(activated.wallet.attestation), anchors=ANCHORS, now=NOW)
    keys = verify_key_attestation(parse_key_attestation(activated.key_attestation), anchors=ANCHORS, now=NOW)
    assert wallet.key == phone.key.public_key == keys.keys[0]
    assert wallet.provider == ENTITY


@pytest.mark.requirement("WIAM_05")
async def test_what_a_wallet_says_to_be_activated_is_its_key_and_the_digest_of_a_code() -> None:
    phone = Phone(await open_office())
    jws = parse_jws(phone.activation(), what="test")
    assert set(jws.unverified_claims) == {"aud", "iat", "code"}
    assert set(jws.unverified_header.members) == {"alg", "typ", "jwk"}


async def test_an_activation_whose_answer_was_lost_is_the_same_the_second_time() -> None:
    phone = await open_phone()
    assert (await phone.activate()).instance == phone.id
    listed = await phone.office.revocations.instances()
    assert [instance.id for instance in listed.instances] == [phone.id]


@pytest.mark.refuses(Check.WALLET_INSTANCE)
async def test_nobody_activates_under_a_code_that_is_anothers() -> None:
    phone = await open_phone()
    thief = Phone(phone.office, "thief")
    thief.code = phone.code
    with pytest.raises(Rejected) as refusal:
        await thief.activate()
    assert refusal.value.check is Check.WALLET_INSTANCE


@pytest.mark.parametrize("code", [None, b"", b"short", b"c" * 33])
async def test_a_code_is_sent_as_a_digest(code: bytes | None) -> None:
    phone = Phone(await open_office())
    with pytest.raises(Malformed):
        await phone.office.provider.activate(phone.activation(code=code))


async def test_a_wallet_that_holds_its_key_is_attested() -> None:
    phone = await open_phone()
    attested = await phone.attest(KEY)
    verified = verify_wallet_attestation(parse_wallet_attestation(attested.attestation), anchors=ANCHORS, now=NOW)
    assert verified.key == KEY.public_key
    assert verified.client_id == attested.client_id == f"{ORIGIN}/wallet"
    assert verified.expires == attested.expires == NOW + 86_000


@pytest.mark.requirement("WUA_27")
async def test_every_wallet_of_the_kind_says_the_same_but_for_key_and_status() -> None:
    """HAIP 1.0 section 4.4.1: nothing of one instance but the key."""
    phone = await open_phone()
    other = Phone(phone.office, "another phone")
    await other.activate()
    attested = [await phone.attest(KEY), await other.attest(OTHER)]
    one, another = (dict(parse_jws(each.attestation, what="").unverified_claims) for each in attested)
    assert one.pop("cnf") != another.pop("cnf")
    assert one.pop("client_status") != another.pop("client_status")
    assert one == another
    assert {"wallet_name", "wallet_version", "wallet_solution_certification_information"} < set(one)


@pytest.mark.requirement("ISSU_35a")
@pytest.mark.requirement("VCR_17")
@pytest.mark.requirement("WUA_08")
async def test_two_attestations_of_one_wallet_have_nothing_in_common_that_is_its_own() -> None:
    """TS3 1.5 section 2.5.1: without reuse each has a fresh, unlinkable entry."""
    phone = await open_phone()
    first, second = status_of(await phone.attest(KEY)), status_of(await phone.attest(OTHER))
    assert first.uri == second.uri
    assert first.index != second.index
    assert first.maintained_until == second.maintained_until


@pytest.mark.requirement("WUA_28")
@pytest.mark.requirement("WUA_02")
async def test_all_keys_of_all_wallets_share_one_status() -> None:
    """TS3 1.5 section 2.5.2 option 1: what everybody has links nobody."""
    phone = await open_phone()
    other = Phone(phone.office, "another phone")
    await other.activate()
    statuses = {
        parse_key_attestation(await each.attest_keys(key)).unverified_status
        for each, key in ((phone, KEY), (phone, OTHER), (other, fixed_key("third")))
    }
    assert len(statuses) == 1
    assert None not in statuses


@pytest.mark.requirement("WUA_31")
@pytest.mark.requirement("WUA_31a")
@pytest.mark.parametrize("at", [NOW, NOW + 86_399, NOW + 40 * DAY])
async def test_a_status_is_maintained_for_longer_than_31_days_whenever_it_is_shown(at: int) -> None:
    phone = await open_phone(now=at, maintained=MIN_MAINTAINED + DAY)
    attested = await phone.attest()
    keys = parse_key_attestation(await phone.attest_keys(KEY))
    for status, shown in ((status_of(attested), attested.expires), (keys.unverified_status, keys.unverified_expires)):
        assert status is not None
        assert status.maintained_until is not None
        assert shown is not None
        assert status.maintained_until >= shown + MIN_MAINTAINED
        assert status.maintained_until % DAY == 0, "the same for all who are attested on that day (ISSU_36)"


@pytest.mark.requirement("WUA_22")
@pytest.mark.requirement("WUA_03")
async def test_a_wallet_is_attested_anew_whenever_what_it_was_given_has_ended() -> None:
    phone = await open_phone()
    wallet, keys = await phone.attest(KEY), await phone.attest_keys(KEY)
    for _ in range(3):
        ended = max(wallet.expires, parse_key_attestation(keys).unverified_expires or 0) + TOLERATED_LATE
        phone.office.clock.advance(ended - phone.office.clock.now())
        now = phone.office.clock.now()
        with pytest.raises(Rejected):
            verify_wallet_attestation(parse_wallet_attestation(wallet.attestation), anchors=ANCHORS, now=now)
        wallet, keys = await phone.attest(KEY), await phone.attest_keys(KEY)
        shown = parse_wallet_attestation(wallet.attestation)
        assert verify_wallet_attestation(shown, anchors=ANCHORS, now=now).key == KEY.public_key
        attested = verify_key_attestation(parse_key_attestation(keys), anchors=ANCHORS, now=now)
        assert attested.keys == (KEY.public_key,)
        for status in (status_of(wallet), attested.status):
            assert status is not None
            assert not await phone.office.is_revoked(status)


@pytest.mark.parametrize("lifetime", [DAY, 30 * DAY])
@pytest.mark.requirement("WUA_33")
async def test_no_attestation_outlives_a_day(lifetime: int) -> None:
    assert (await (await open_phone(lifetime=lifetime)).attest()).expires == NOW + MAX_LIFETIME


@pytest.mark.requirement("WUA_10b")
async def test_keys_that_sign_are_attested_with_the_nonce() -> None:
    keys = [KEY, OTHER]
    compact = await (await open_phone()).attest_keys(*keys, nonce="c_nonce")
    verified = verify_key_attestation(parse_key_attestation(compact), anchors=ANCHORS, now=NOW)
    assert list(verified.keys) == [key.public_key for key in keys]
    assert verified.nonce == "c_nonce"
    assert verified.expires == NOW + KEY_ATTESTATION_SECONDS


@pytest.mark.requirement("WUA_01")
@pytest.mark.requirement("WIAM_08a")
async def test_keys_may_be_attested_without_a_nonce_and_it_is_said_how_well_they_are_kept() -> None:
    compact = await (await open_phone()).attest_keys(KEY)
    verified = verify_key_attestation(parse_key_attestation(compact), anchors=ANCHORS, now=NOW)
    assert verified.nonce is None
    assert verified.key_storage == ("iso_18045_basic",)
    assert verified.certification == "https://wallets.utopia.example/certificate"


async def test_the_operator_may_vouch_for_a_wallet_that_did_not_sign() -> None:
    office = await open_office()
    keys = [KEY.public_key, OTHER.public_key]
    activated, code = await office.provider.attest_foreign(keys, nonce="n", kids={})
    assert parse_wallet_attestation(activated.wallet.attestation).unverified_key == KEY.public_key
    assert parse_key_attestation(activated.key_attestation).unverified_keys == tuple(keys)
    assert code is not None
    again, no_code = await office.provider.attest_foreign(keys[:1], nonce=None, kids={})
    assert (again.instance, no_code) == (activated.instance, None)
    assert (await office.revocations.revoke_by_code(code)).id == activated.instance
    with pytest.raises(Rejected) as refusal:
        await office.provider.attest_foreign(keys, nonce=None, kids={})
    assert refusal.value.check is Check.WALLET_REVOKED


def forged(phone: Phone, **changes: object) -> str:
    """A proof of possession with other claims."""
    claims = {"aud": ORIGIN, "iat": NOW} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return sign_jws(kept, signer=KEY, typ=POSSESSION_TYPE, header={"jwk": KEY.public_key.jwk()}).decode()


REFUSED = [
    (Check.SIGNATURE, lambda _: sign_jws({}, signer=OTHER, typ=POSSESSION_TYPE, header={"jwk": KEY.public_key.jwk()})),
    (Check.TOKEN_TYPE, lambda _: sign_jws({}, signer=KEY, typ="JWT", header={"jwk": KEY.public_key.jwk()})),
    (Check.POSSESSION, lambda phone: forged(phone, aud="https://another.utopia.example")),
    (Check.POSSESSION, lambda phone: forged(phone, aud=[ORIGIN])),
    (Check.POSSESSION, lambda phone: forged(phone, aud=None)),
    (Check.POSSESSION, lambda phone: forged(phone, iat=NOW - POSSESSION_SECONDS - 1)),
    (Check.POSSESSION, lambda phone: forged(phone, iat=NOW + 11)),
    (Check.POSSESSION, lambda phone: forged(phone, iat=None)),
    (Check.SYNTAX, lambda phone: forged(phone, iat="now")),
    (Check.SYNTAX, lambda _: "nonsense"),
    (Check.SYNTAX, lambda _: ""),
    (Check.SYNTAX, lambda _: sign_jws({"aud": ORIGIN, "iat": NOW}, signer=KEY, typ=POSSESSION_TYPE)),
    (Check.SYNTAX, lambda _: sign_jws({}, signer=KEY, typ=POSSESSION_TYPE, header={"jwk": KEY.secret_jwk()})),
]


@pytest.mark.parametrize(("check", "make"), REFUSED, ids=[f"{at}-{each[0].id}" for at, each in enumerate(REFUSED)])
@pytest.mark.refuses(Check.POSSESSION)
async def test_whoever_does_not_show_the_key_gets_nothing(check: Check, make) -> None:
    phone = await open_phone()
    made = make(phone)
    proof = made.decode() if isinstance(made, bytes) else made
    (other,) = phone.shown(OTHER)
    for ask in (
        lambda: phone.office.provider.attest_wallet(phone.proof([proof]), proof),
        lambda: phone.office.provider.attest_keys(phone.proof([other, proof]), [other, proof], nonce=None),
    ):
        with pytest.raises(ZegelError) as refusal:
            await ask()
        assert refusal.value.check is check
    assert Check.POSSESSION in {expected for expected, _ in REFUSED}


UNKNOWN = [
    (Check.WALLET_INSTANCE, {"instance": "another"}),
    (Check.WALLET_INSTANCE, {"audience": "https://another.utopia.example"}),
    (Check.WALLET_INSTANCE, {"now": NOW - POSSESSION_SECONDS - 1}),
    (Check.WALLET_INSTANCE, {"now": NOW + 11}),
    (Check.WALLET_INSTANCE, {"possessions": ["another"]}),
    (Check.SIGNATURE, {"by": OTHER}),
    (Check.SYNTAX, {"instance": ""}),
    (Check.SYNTAX, {"instance": 7}),
]


@pytest.mark.parametrize(("check", "changes"), UNKNOWN, ids=[f"{at}" for at in range(len(UNKNOWN))])
@pytest.mark.requirement("WIAM_12")
@pytest.mark.refuses(Check.WALLET_INSTANCE)
async def test_a_wallet_says_which_one_it_is_by_its_own_key(check: Check, changes: dict) -> None:
    phone = await open_phone()
    shown = phone.shown(KEY)
    changes = dict(changes)
    proof = phone.proof(changes.pop("possessions", shown), **changes)
    for ask in (
        lambda: phone.office.provider.attest_wallet(proof, shown[0]),
        lambda: phone.office.provider.attest_keys(proof, shown, nonce=None),
    ):
        with pytest.raises(ZegelError) as refusal:
            await ask()
        assert refusal.value.check is check
    assert parse_instance_proof(phone.proof(shown)).unverified_instance == phone.id
    assert Check.WALLET_INSTANCE in {expected for expected, _ in UNKNOWN}


@pytest.mark.parametrize("age", [0, POSSESSION_SECONDS])
async def test_a_proof_is_good_for_a_minute(age: int) -> None:
    phone = await open_phone()
    (shown,) = phone.shown(KEY)
    proof = phone.proof([shown])
    phone.office.clock.advance(age)
    assert await phone.office.provider.attest_wallet(proof, shown)


@pytest.mark.parametrize("count", [0, MAX_KEYS + 1])
async def test_a_batch_has_a_size(count: int) -> None:
    phone = await open_phone()
    shown = phone.shown(KEY) * count
    with pytest.raises(Malformed):
        await phone.office.provider.attest_keys(phone.proof(shown), shown, nonce=None)
    with pytest.raises(Malformed):
        await phone.office.provider.attest_foreign([KEY.public_key] * count, nonce=None, kids={})


async def test_a_key_stands_in_a_batch_once() -> None:
    with pytest.raises(Malformed):
        await (await open_phone()).attest_keys(KEY, KEY)


async def test_a_nonce_may_be_a_message_of_its_own() -> None:
    compact = await (await open_phone()).attest_keys(KEY, nonce="n" * 4096)
    assert parse_key_attestation(compact).unverified_nonce == "n" * 4096


@pytest.mark.parametrize("nonce", ["", "n" * 4097])
async def test_a_nonce_has_a_size(nonce: str) -> None:
    with pytest.raises(Malformed):
        await (await open_phone()).attest_keys(KEY, nonce=nonce)


async def test_a_key_on_another_curve_is_attested_too() -> None:
    """A foreign wallet's key may be on P-384."""
    key = fixed_key("wallet", Curve.P384)
    attested = await (await open_phone()).attest(key)
    assert parse_wallet_attestation(attested.attestation).unverified_key == key.public_key


# --- the end ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("VCR_07")
@pytest.mark.requirement("WURevocation_07")
@pytest.mark.requirement("WURevocation_10")
@pytest.mark.refuses(Check.WALLET_REVOKED)
@pytest.mark.requirement("VCR_01a")
async def test_whoever_has_the_code_ends_the_wallet_and_all_of_its_attestations() -> None:
    phone = await open_phone()
    other = Phone(phone.office, "another phone")
    statuses = [status_of((await phone.activate()).wallet), status_of(await phone.attest(KEY))]
    not_concerned = status_of((await other.activate()).wallet)
    revoked = await phone.office.revocations.revoke_by_code(phone.code.lower().replace("-", " "))
    assert (revoked.id, revoked.reason, revoked.revoked_at) == (phone.id, Reason.OWNER, NOW)
    assert [await phone.office.is_revoked(status) for status in statuses] == [True, True]
    assert not await phone.office.is_revoked(not_concerned)
    for ask in (phone.attest, lambda: phone.attest_keys(KEY), phone.activate):
        with pytest.raises(Rejected) as refusal:
            await ask()
        assert refusal.value.check is Check.WALLET_REVOKED
        assert said(Reason.OWNER) in refusal.value.detail
    assert await other.attest()


@pytest.mark.requirement("WURevocation_07")
async def test_a_revocation_is_final_and_keeps_its_first_reason() -> None:
    phone = await open_phone()
    await phone.office.revocations.revoke(phone.id)
    phone.office.clock.advance(60)
    again = await phone.office.revocations.revoke_by_code(phone.code)
    assert (again.reason, again.revoked_at) == (Reason.SECURITY, NOW)
    assert (await phone.office.revocations.look_up(phone.code)) == again


@pytest.mark.parametrize("code", ["", "AAAA", "AAAA-AAAA-AAAA-AAAA-AAAA", "UUUU-AAAA-AAAA-AAAA-AAAA", "A" * 5_000])
@pytest.mark.requirement("WURevocation_10")
@pytest.mark.refuses(Check.REVOCATION_CODE)
async def test_nobody_ends_a_wallet_without_its_code(code: str) -> None:
    phone = await open_phone()
    for ask in (phone.office.revocations.revoke_by_code, phone.office.revocations.look_up):
        with pytest.raises(Rejected) as refusal:
            await ask(code)
        assert refusal.value.check is Check.REVOCATION_CODE
    assert await phone.attest()


def test_a_code_is_read_however_it_is_typed() -> None:
    code = new_code(lambda count: b"\x01\x08" * count)
    typed = code.lower().replace("-", " ").replace("1", "l").replace("0", "o")
    assert code_digest(typed) == code_digest(code)
    assert len(code) == 24


def asking(phone: Phone, status: AttestationStatus, **changes: object) -> str:
    """A PID provider's request to end a wallet."""
    by = changes.pop("by", PID_PROVIDER)
    values = {"audience": ORIGIN, "now": NOW} | changes
    return sign_revocation_request(by, status=StatusReference(uri=status.uri, index=status.index), **values)


@pytest.mark.requirement("WURevocation_11")
@pytest.mark.requirement("WUA_08")
async def test_a_pid_provider_ends_the_wallet_by_the_status_that_it_was_shown() -> None:
    phone = await open_phone()
    shown, another = status_of(await phone.attest(KEY)), status_of(await phone.attest(OTHER))
    revoked = await phone.office.revocations.revoke_for_provider(asking(phone, shown))
    assert (revoked.id, revoked.reason) == (phone.id, Reason.PID_PROVIDER)
    assert await phone.office.is_revoked(another), "what others were shown is revoked too"


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        (Check.ENTITLEMENT, {"by": ATTESTATION_PROVIDER}),
        (Check.REVOCATION_REQUEST, {"audience": "https://another.utopia.example"}),
        (Check.REVOCATION_REQUEST, {"now": NOW - POSSESSION_SECONDS - 1}),
        (Check.REVOCATION_REQUEST, {"now": NOW + 11}),
    ],
)
@pytest.mark.requirement("WURevocation_12")
@pytest.mark.refuses(Check.REVOCATION_REQUEST)
async def test_nobody_else_ends_a_wallet(check: Check, changes: dict) -> None:
    phone = await open_phone()
    with pytest.raises(Rejected) as refusal:
        await phone.office.revocations.revoke_for_provider(asking(phone, status_of(await phone.attest()), **changes))
    assert refusal.value.check is check
    assert await phone.attest()


@pytest.mark.requirement("WURevocation_12")
@pytest.mark.parametrize("where", ["index", "uri", "elsewhere"])
async def test_a_pid_provider_ends_no_wallet_that_it_does_not_know(where: str) -> None:
    phone = await open_phone()
    shown = status_of(await phone.attest())
    changed = {
        "index": AttestationStatus(uri=shown.uri, index=(shown.index + 1) % (1 << 14)),
        "uri": AttestationStatus(uri=f"{ORIGIN}/status/another", index=shown.index),
        "elsewhere": AttestationStatus(uri="https://another.utopia.example/status/x", index=shown.index),
    }[where]
    with pytest.raises(Rejected) as refusal:
        await phone.office.revocations.revoke_for_provider(asking(phone, changed))
    assert refusal.value.check is Check.REVOCATION_REQUEST
    assert await phone.attest()


@pytest.mark.requirement("WURevocation_07a")
@pytest.mark.requirement("WURevocation_09a")
@pytest.mark.requirement("VCR_01a")
@pytest.mark.requirement("WUA_28")
async def test_the_storage_of_keys_ends_for_everybody_and_no_single_wallet_does() -> None:
    phone = await open_phone()
    keys = parse_key_attestation(await phone.attest_keys(KEY)).unverified_status
    assert keys is not None
    await phone.office.revocations.revoke_by_code(phone.code)
    assert not await phone.office.is_revoked(keys), "TS3 1.5 section 2.4.2: option 1"
    other = Phone(phone.office, "another phone")
    await other.activate()
    revoked = await phone.office.provider.revoke_key_storage()
    assert revoked == await phone.office.provider.revoke_key_storage()
    assert await phone.office.is_revoked(keys)
    with pytest.raises(Rejected) as refusal:
        await other.attest_keys(OTHER)
    assert refusal.value.check is Check.KEY_STORAGE


@pytest.mark.requirement("ISSU_35b")
async def test_what_needs_no_status_any_more_is_forgotten() -> None:
    phone = await open_phone(maintained=40 * DAY)
    async with phone.office.store.transaction() as transaction:
        before = (await wallet_instances.load(transaction, phone.id)).value.attested
    phone.office.clock.advance(39 * DAY)
    await phone.attest()
    phone.office.clock.advance(3 * DAY)
    await phone.attest()
    async with phone.office.store.transaction() as transaction:
        after = (await wallet_instances.load(transaction, phone.id)).value.attested
    assert len(before) == 1
    assert len(after) == 2
    assert before[0] not in after


async def test_a_wallet_that_nobody_uses_is_forgotten_with_its_last_status() -> None:
    phone = await open_phone(maintained=40 * DAY)
    phone.office.clock.advance(42 * DAY)
    await phone.office.store.purge()
    with pytest.raises(Rejected) as refusal:
        await phone.attest()
    assert refusal.value.check is Check.WALLET_INSTANCE


async def test_a_used_wallet_keeps_its_code() -> None:
    phone = await open_phone(maintained=40 * DAY)
    for _ in range(4):
        phone.office.clock.advance(30 * DAY)
        await phone.attest()
    await phone.office.store.purge()
    assert (await phone.office.revocations.revoke_by_code(phone.code)).id == phone.id


async def test_a_wallet_is_attested_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wallet_instances, "MAX_ATTESTED", 3)
    phone = await open_phone()
    for _ in range(2):
        await phone.attest()
    with pytest.raises(Rejected) as refusal:
        await phone.attest()
    assert refusal.value.check is Check.RATE
    assert MAX_ATTESTED == 2_000


async def test_the_operator_sees_all_wallets_by_the_page() -> None:
    office = await open_office()
    phones = [Phone(office, f"phone {at}") for at in range(3)]
    for phone in phones:
        await phone.activate()
    listed = await office.revocations.instances()
    assert {instance.id for instance in listed.instances} == {phone.id for phone in phones}
    assert listed.after == ""
    async with office.store.transaction() as transaction:
        pages, after = [], ""
        while found := await transaction.scan(wallet_instances.INSTANCE, after=after, limit=2):
            pages.append([instance.id for _, instance in found])
            after = found[-1][0]
    assert [len(page) for page in pages] == [2, 1]
    assert {id_ for page in pages for id_ in page} == {phone.id for phone in phones}


@pytest.mark.parametrize("reason", [*Reason, None])
def test_every_reason_has_words(reason: Reason | None) -> None:
    assert said(reason)


async def test_without_a_mutation_nothing_is_refused() -> None:
    phone = await open_phone()
    (shown,) = [sign_possession(KEY, audience=ORIGIN, now=NOW + 10)]
    assert await phone.office.provider.attest_wallet(phone.proof([shown], now=NOW + 10), shown)
    assert MAINTAINED > MIN_MAINTAINED
