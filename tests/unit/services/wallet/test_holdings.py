"""What is held: batches, copies, renewal; pure functions on the vault's contents."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, fixed_random, signer, trusting

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Format, Issuer, VerifiedCredential
from zegel.formats.mdoc.issue import MdocIssuer
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.primitives.keys import PrivateKey
from zegel.protocols.openid4vci.configuration import CredentialConfiguration, Display
from zegel.protocols.openid4vci.wallet.session import Received
from zegel.services.wallet.contents import Batch, Copy, Deferred, Grant, Holding, Provider, WalletContents
from zegel.services.wallet.holdings import (
    RETRY_SECONDS,
    always_visible,
    attested,
    changed_claims,
    drop_holding,
    end_renewal,
    find_holding,
    is_due,
    is_usable,
    put_holding,
    take_copy,
    verify_batch,
)
from zegel.trust.anchors import Purpose

ROOT = authority("Attestations")
SIGNER = signer(ROOT, "Attestation signer", Purpose.ISSUER)
ANCHORS = trusting(anchor(ROOT, Purpose.ISSUER))
VCT, DOCTYPE = "urn:utopia:card:1", "utopia.card.1"
CLAIMS: dict[str, Any] = {"given_name": "Ada", "address": {"city": "Amaurot", "country": "UT"}}
KEYS = [fixed_key(f"copy {at}") for at in range(3)]
PROVIDER = Provider(url="https://issuer.utopia.example", name="Utopia", certified=None)


def sdjwt(
    key: PrivateKey | None,
    *,
    claims: Any = None,
    vct: str = VCT,
    until: int = NOW + DAY,
    issued: int = NOW,
    begins: int = NOW,
    **clear: Any,
) -> bytes:
    issuer = SdJwtIssuer(signer=SIGNER.key, chain=SIGNER.chain, vct=vct, **clear)
    return issuer.issue(
        CLAIMS if claims is None else claims,
        holder_key=None if key is None else key.public_key,
        status=None,
        issued_at=issued,
        valid_from=begins,
        valid_until=until,
        random=fixed_random(f"salt {key}"),
    )


def mdoc(key: PrivateKey, *, issued: int = NOW, begins: int = NOW) -> bytes:
    issuer = MdocIssuer(signer=SIGNER.key, chain=SIGNER.chain, doc_type=DOCTYPE, namespaces=(DOCTYPE,))
    return issuer.issue(
        {DOCTYPE: {"given_name": "Ada"}},
        holder_key=key.public_key,
        status=None,
        issued_at=issued,
        valid_from=begins,
        valid_until=NOW + DAY,
        random=fixed_random("mdoc"),
    )


def configuration(format_: Format = Format.SD_JWT_VC, type_: str = VCT) -> CredentialConfiguration:
    return CredentialConfiguration(
        id="card",
        format=format_,
        type=type_,
        scope="card",
        signing_algorithms=(),
        proofs={},
        display=(Display(name="Card"),),
    )


def verified(
    *credentials: bytes,
    keys: list[PrivateKey] = KEYS,
    format_: Format = Format.SD_JWT_VC,
    type_: str = VCT,
    now: int = NOW,
) -> Batch:
    received = Received(configuration="card", credentials=credentials, notification_id=None)
    return verify_batch(received, configuration=configuration(format_, type_), keys=keys, anchors=ANCHORS, now=now)


def batch_of(count: int, *, until: int | None = NOW + 14 * DAY, **changes: Any) -> Batch:
    credential = VerifiedCredential(
        format=Format.SD_JWT_VC,
        type=VCT,
        types=(VCT,),
        issuer=Issuer(entity="Utopia", anchor="CN=A", subject="CN=S", key_ids=()),
        claims=CLAIMS,
        status=None,
        valid_from=NOW,
        valid_until=until,
        holder_key=None,
    )
    copies = tuple(Copy(data=bytes([at]), key=KEYS[0], status=None) for at in range(count))
    return Batch(
        configuration="card",
        credential=structs.replace(credential, **changes),
        copies=copies,
        described=(),
        display_name=None,
    )


def holding(count: int = 3, *, id_: str = "1", grant: str = "g", **changes: Any) -> Holding:
    return Holding(id=id_, batch=batch_of(count, **changes), provider=PROVIDER, grant=grant, received_at=NOW)


GRANT = Grant(
    provider=PROVIDER, server=PROVIDER.url, client_id=None, dpop=KEYS[0], instance=None, refresh_token="secret"
)


def test_a_batch_is_verified_and_each_copy_has_its_key() -> None:
    batch = verified(*map(sdjwt, reversed(KEYS)))
    assert [copy.key for copy in batch.copies] == list(reversed(KEYS))
    assert batch.credential.claims["given_name"] == "Ada"
    assert (batch.display_name, batch.configuration) == ("Card", "card")


def test_fewer_copies_than_keys_are_fine() -> None:
    assert len(verified(sdjwt(KEYS[1])).copies) == 1


def test_an_mdoc_is_verified_as_well() -> None:
    batch = verified(mdoc(KEYS[0]), format_=Format.MDOC, type_=DOCTYPE)
    assert batch.credential.claims[DOCTYPE]["given_name"] == "Ada"


def test_a_credential_for_nobody_has_no_key() -> None:
    assert verified(sdjwt(None), keys=[]).copies[0].key is None


@pytest.mark.parametrize(
    ("copies", "keys", "field"),
    [
        ([sdjwt(fixed_key("somebody else"))], KEYS, "key"),
        ([sdjwt(KEYS[0]), sdjwt(KEYS[0])], KEYS, "key"),
        ([sdjwt(None)], KEYS, "key"),
        ([sdjwt(KEYS[0])], [], "key"),
        ([sdjwt(KEYS[0], vct="urn:utopia:other:1")], KEYS, "type"),
        ([sdjwt(KEYS[0]), sdjwt(KEYS[1], vct="urn:utopia:other:1")], KEYS, "type"),
        ([sdjwt(KEYS[0]), sdjwt(KEYS[1], claims=CLAIMS | {"given_name": "Eve"})], KEYS, "claims"),
        ([sdjwt(KEYS[0]), sdjwt(KEYS[1], claims=CLAIMS | {"jti": "unique"})], KEYS, "claims"),
        ([sdjwt(KEYS[0]), sdjwt(KEYS[1], until=NOW + 2 * DAY)], KEYS, "validity"),
    ],
    ids=[
        "another's key",
        "a key twice",
        "no key",
        "a key unasked",
        "another type",
        "two types",
        "two people",
        "jti",
        "ends",
    ],
)
@pytest.mark.refuses(Check.OFFERED_CREDENTIAL)
def test_what_was_not_offered_is_refused(copies: list[bytes], keys: list[PrivateKey], field: str) -> None:
    with pytest.raises(Rejected) as caught:
        verified(*copies, keys=keys)
    assert (caught.value.check, caught.value.field) == (Check.OFFERED_CREDENTIAL, field)


def test_copies_may_be_signed_a_minute_apart_and_no_more() -> None:
    first = sdjwt(KEYS[0], until=NOW + DAY)
    assert len(verified(first, sdjwt(KEYS[1], until=NOW + DAY + 60)).copies) == 2
    with pytest.raises(Rejected, match="valid for the same time"):
        verified(first, sdjwt(KEYS[1], until=NOW + DAY + 61))


def test_what_begins_within_five_minutes_is_kept_and_not_shown_before() -> None:
    for batch in (
        verified(sdjwt(KEYS[0], begins=NOW + 300)),
        verified(mdoc(KEYS[0], begins=NOW + 300), format_=Format.MDOC, type_=DOCTYPE),
    ):
        held = replace(holding(), batch=batch)
        assert not is_usable(held, now=NOW + 299)
        assert is_usable(held, now=NOW + 300)


def test_a_batch_is_shown_when_its_last_copy_is_valid() -> None:
    begins = (NOW + 20, NOW + 22, NOW + 21)
    batch = verified(*(sdjwt(key, begins=at) for key, at in zip(KEYS, begins, strict=True)))
    assert batch.credential.valid_from == NOW + 22


@pytest.mark.parametrize(
    ("times", "fields"),
    [
        ({"begins": NOW + 301}, ("nbf", "validityInfo.validFrom")),
        ({"begins": NOW + 11, "issued": NOW + 11}, ("iat", "validityInfo.signed")),
    ],
)
@pytest.mark.refuses(Check.CREDENTIAL_VALIDITY)
def test_what_begins_later_or_was_issued_in_the_future_is_refused(times: Any, fields: tuple[str, str]) -> None:
    with pytest.raises(Rejected) as of_sdjwt:
        verified(sdjwt(KEYS[0], **times))
    with pytest.raises(Rejected) as of_mdoc:
        verified(mdoc(KEYS[0], **times), format_=Format.MDOC, type_=DOCTYPE)
    assert of_sdjwt.value.check is of_mdoc.value.check is Check.CREDENTIAL_VALIDITY
    assert (of_sdjwt.value.field, of_mdoc.value.field) == fields


def test_copies_may_say_of_any_time_that_they_were_issued_then() -> None:
    assert len(verified(sdjwt(KEYS[0]), sdjwt(KEYS[1], issued=NOW - DAY)).copies) == 2


def test_what_the_format_refuses_is_refused_by_its_own_check() -> None:
    with pytest.raises(Rejected) as caught:
        verified(sdjwt(KEYS[0]), now=NOW + 3 * DAY)
    assert caught.value.check is Check.CREDENTIAL_VALIDITY
    with pytest.raises(Malformed):
        verified(b"no credential")


def test_a_copy_is_taken_by_chance_and_once() -> None:
    held, random, taken = holding(3), fixed_random("take"), []
    for _ in range(3):
        held, copy, repeated = take_copy(held, random=random)
        taken.append(copy.data)
        assert not repeated
    assert sorted(taken) == [b"\0", b"\1", b"\2"]
    assert held.unused == 0
    _, _, repeated = take_copy(held, random=random)
    assert repeated
    orders = {tuple(_order(fixed_random(f"{seed}"))) for seed in range(20)}
    assert len(orders) > 1  # nothing follows from the order


def _order(random: Any) -> list[bytes]:
    held, order = holding(3), []
    for _ in range(3):
        held, copy, _ = take_copy(held, random=random)
        order.append(copy.data)
    return order


def test_the_time_for_renewal() -> None:
    used = holding(3)
    assert not is_due(used, renewal_days=4, now=NOW)
    for _ in range(2):
        used, _, _ = take_copy(used, random=fixed_random("use"))
    assert is_due(used, renewal_days=4, now=NOW)
    assert not is_due(holding(1), renewal_days=4, now=NOW)  # one copy is no sign of haste
    assert is_due(take_copy(holding(1), random=fixed_random("x"))[0], renewal_days=4, now=NOW)
    assert is_due(holding(3), renewal_days=4, now=NOW + 10 * DAY)
    assert not is_due(holding(3, until=None), renewal_days=4, now=NOW + 10 * DAY)


def test_renewal_is_not_asked_for_in_a_circle() -> None:
    late = NOW + 12 * DAY
    tried = replace(holding(3), tried_at=late)
    assert not is_due(tried, renewal_days=4, now=late + RETRY_SECONDS - 1)
    assert is_due(tried, renewal_days=4, now=late + RETRY_SECONDS)
    renewed = replace(holding(3), renewed_at=late)  # by an issuer whose new copies end as soon
    assert not is_due(renewed, renewal_days=4, now=late + DAY - 1)
    assert is_due(renewed, renewal_days=4, now=late + DAY)


def test_what_is_usable_by_its_own_dates() -> None:
    assert is_usable(holding(), now=NOW)
    assert not is_usable(holding(), now=NOW - 1)
    assert not is_usable(holding(), now=NOW + 14 * DAY)
    assert is_usable(holding(until=None, valid_from=None), now=0)


def test_what_changed_is_named_by_its_path() -> None:
    before = batch_of(1).credential
    now = {"given_name": "Ada", "address": {"city": "Abraxa", "country": "UT"}, "sex": 2}
    after = structs.replace(before, claims=now | {"iat": 7})
    assert changed_claims(before, after) == (("address", "city"), ("sex",))
    assert changed_claims(before, before) == ()
    gone = structs.replace(before, claims={"given_name": "Ada"})
    assert changed_claims(before, gone) == (("address",),)
    assert attested(after) == now


def test_what_is_visible_in_every_presentation() -> None:
    clear = sdjwt(KEYS[0], claims=CLAIMS | {"category": "EAA"}, in_the_clear=frozenset({("category",)}))
    held = replace(holding(), batch=verified(clear))
    assert always_visible(held) == (("category",),)
    bound = replace(holding(), batch=verified(mdoc(KEYS[0]), format_=Format.MDOC, type_=DOCTYPE))
    assert always_visible(bound) == ()


def test_holdings_come_go_and_keep_their_places() -> None:
    contents = WalletContents(grants={"g": GRANT, "h": GRANT})
    for held in (holding(id_="1"), holding(id_="2"), holding(id_="3", grant="h")):
        contents = put_holding(contents, held)
    contents = put_holding(contents, replace(holding(id_="2"), tried_at=7))
    assert [held.id for held in contents.holdings] == ["1", "2", "3"]
    assert find_holding(contents, "2").tried_at == 7
    contents = drop_holding(contents, "3")
    assert list(contents.grants) == ["g"]
    with pytest.raises(Rejected) as caught:
        find_holding(contents, "3")
    assert caught.value.check is Check.HELD


@pytest.mark.parametrize(
    ("code", "still"),
    [
        ("credential_request_denied", {"b", "c"}),
        ("invalid_grant", {"c"}),
        ("server_error", {"a", "b", "c"}),
        ("", {"a", "b", "c"}),
    ],
)
def test_an_issuers_last_word_ends_the_renewal_of_what_it_is_about(code: str, still: set[str]) -> None:
    contents = WalletContents(grants={"one": GRANT, "two": GRANT})
    for id_, grant in (("a", "one"), ("b", "one"), ("c", "two")):
        contents = put_holding(contents, holding(1, id_=id_, grant=grant))
    ended = end_renewal(contents, "a", code)
    assert {held.id for held in ended.holdings if held.renewable} == still
    assert [held.id for held in ended.holdings] == ["a", "b", "c"]
    assert end_renewal(contents, "deleted meanwhile", code) == contents


def deferred(*, replaces: str | None) -> Deferred:
    """What waits for an issuer; of its session nothing is looked at here."""
    nothing: Any = None
    return Deferred(at=NOW, session=nothing, provider=PROVIDER, grant="g", pending=nothing, keys=(), replaces=replaces)


def test_a_grant_stays_while_something_is_to_come_by_it() -> None:
    waiting = deferred(replaces=None)
    contents = WalletContents(holdings=(holding(),), grants={"g": GRANT}, flows={"f": waiting})
    assert list(drop_holding(contents, "1").grants) == ["g"]


def test_what_is_deleted_does_not_come_back_by_a_renewal_that_was_under_way() -> None:
    waiting = deferred(replaces="1")
    contents = WalletContents(holdings=(holding(),), grants={"g": GRANT}, flows={"f": waiting})
    assert drop_holding(contents, "1") == WalletContents()
    assert list(drop_holding(contents, "2").flows) == ["f"]
