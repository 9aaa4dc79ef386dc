"""Transaction data: what may be shown and signed, and by which credential."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.openid4vp import PAYMENT, mdoc_query, query_of, sd_jwt_query, transaction

import zegel
from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.catalogue.parse import parse_attestation_type
from zegel.formats.catalogue.types import AttestationType, Catalogue
from zegel.primitives.encoding import base64url
from zegel.primitives.json import encode_json
from zegel.protocols.openid4vp.transaction_data import (
    MAX_ITEM,
    MAX_ITEMS,
    MemberKind,
    assign_transaction_data,
    build_transaction_data,
    check_signable,
    check_transaction_data,
    parse_transaction_data,
    transaction_types,
)

QUERY = query_of(
    sd_jwt_query("account", vct="urn:utopia:account:1"),
    mdoc_query("account-mdoc", doctype="utopia.account.1"),
    sd_jwt_query("pid"),
    sd_jwt_query("domestic", vct="urn:eudi:pid:ut:1"),
    mdoc_query("pid-mdoc", doctype="eu.europa.ec.eudi.pid.1"),
    sd_jwt_query("ticket", vct="urn:utopia:ticket:1"),
    sd_jwt_query("lax", vct="urn:utopia:account:1", require_cryptographic_holder_binding=False),
    {"id": "foreign", "format": "ldp_vc", "meta": {}},
)
TYPES = {PAYMENT.type: PAYMENT}


def encoded(**members: Any) -> str:
    return base64url(encode_json(members))


def test_an_item_comes_back_as_it_was_built_and_its_text_is_kept() -> None:
    raw = build_transaction_data("t", credential_ids=["a", "b"], members={"x": 1}, hash_algorithms=["sha-256"])
    [item] = parse_transaction_data([raw])
    assert item.raw == raw
    assert (item.type, item.credential_ids, item.hash_algorithms, item.members) == (
        "t",
        ("a", "b"),
        ("sha-256",),
        {"x": 1},
    )


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("text", "transaction_data"),
        ([], "transaction_data"),
        ([1], "transaction_data[0]"),
        (["a+b="], "transaction_data[0]"),
        ([base64url(b"[]")], ""),
        ([encoded(credential_ids=["a"])], "transaction_data[0].type"),
        ([encoded(type="t")], "transaction_data[0].credential_ids"),
        ([encoded(type="t", credential_ids=[])], "transaction_data[0].credential_ids"),
        ([encoded(type="t", credential_ids="a")], "transaction_data[0].credential_ids"),
        (
            [encoded(type="t", credential_ids=["a"], transaction_data_hashes_alg="sha-256")],
            "transaction_data[0].transaction_data_hashes_alg",
        ),
        ([encoded(type="t", credential_ids=["a"])] * (MAX_ITEMS + 1), "transaction_data"),
        (["A" * (MAX_ITEM + 1)], "transaction_data[0]"),
    ],
)
def test_what_does_not_parse_is_malformed(value: Any, where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_transaction_data(value)
    assert refusal.value.where == where


@pytest.mark.parametrize("ids", [("account",), ("account-mdoc", "account")])
def test_transaction_data_of_a_known_type_may_be_signed_by_what_is_made_for_it(ids: tuple[str, ...]) -> None:
    items = (transaction(*ids, urgent=True, amount=1.5, notes=["a"], to="b"),)
    assert check_transaction_data(items, query=QUERY, types=TYPES) is items


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (transaction("account", type_="urn:utopia:loan:1"), "type"),
        (transaction("account", colour="red"), "colour"),
        (transaction("account", payload="text"), "payload"),
        (transaction("account", urgent=1), "urgent"),
        (transaction("account", amount="1"), "amount"),
        (transaction("account", amount=True), "amount"),
        (transaction("account", notes={}), "notes"),
        (transaction("account", to=None), "to"),
        (parse_transaction_data([encoded(type=PAYMENT.type, credential_ids=["account"])])[0], "payload"),
        (transaction("other"), "credential_ids"),
        (transaction("account", "pid"), "credential_ids"),
        (transaction("domestic"), "credential_ids"),
        (transaction("pid-mdoc"), "credential_ids"),
        (transaction("ticket"), "credential_ids"),
        (transaction("lax"), "credential_ids"),
        (transaction("foreign"), "credential_ids"),
        (transaction("account", transaction_data_hashes_alg=["sha3-256"]), "transaction_data_hashes_alg"),
    ],
)
def test_anything_else_is_refused_before_it_is_shown(item: Any, field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_transaction_data((transaction("account"), item), query=QUERY, types=TYPES)
    assert refusal.value.check is Check.TRANSACTION_REQUEST
    assert refusal.value.field == f"transaction_data[1].{field}"


def test_an_item_may_name_the_algorithm_that_we_hash_with() -> None:
    items = (transaction("account", transaction_data_hashes_alg=["sha3-256", "sha-256"]),)
    assert check_transaction_data(items, query=QUERY, types=TYPES) is items


def test_a_pid_signs_nothing_whatever_a_type_says() -> None:
    careless = replace(PAYMENT, attestations=PAYMENT.attestations | {"urn:eudi:pid:1"})
    with pytest.raises(Rejected, match="a PID's key signs no transaction"):
        check_transaction_data((transaction("pid"),), query=QUERY, types={PAYMENT.type: careless})


@pytest.mark.parametrize("ids", [("account", "lax"), ("other",)])
def test_a_verifier_asks_nobody_to_sign_who_could_answer_without_signing(ids: tuple[str, ...]) -> None:
    good = (transaction("account", "account-mdoc"),)
    assert check_signable(good, query=QUERY) is good
    with pytest.raises(Rejected) as refusal:
        check_signable((*good, transaction(*ids)), query=QUERY)
    assert refusal.value.check is Check.TRANSACTION_REQUEST
    assert refusal.value.field == "transaction_data[1].credential_ids"


def test_the_first_credential_named_that_is_presented_signs_the_item() -> None:
    one, two = transaction("account", "ticket"), transaction("ticket")
    assert assign_transaction_data((one, two), answered=["ticket"]) == {"ticket": (one.raw, two.raw)}
    assert assign_transaction_data((one, two), answered=["ticket", "account"]) == {
        "account": (one.raw,),
        "ticket": (two.raw,),
    }
    assert assign_transaction_data((), answered=["ticket"]) == {}


def test_an_item_that_nobody_signs_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        assign_transaction_data((transaction("account"),), answered=["ticket"])
    assert refusal.value.check is Check.TRANSACTION_REQUEST


def attestation_type(name: str, **replaced: str) -> AttestationType:
    """A type of the catalogue that we ship, with texts of its file replaced."""
    text = (Path(zegel.__file__).parent / "catalogue" / f"{name}.toml").read_text()
    for old, new in replaced.items():
        text = text.replace(old, new)
    return parse_attestation_type(text, file=name)


def test_the_types_come_from_the_catalogue() -> None:
    payment, pid = attestation_type("payment"), attestation_type("pid")
    [type_] = transaction_types(Catalogue(types={payment.id: payment, pid.id: pid})).values()
    assert type_.type == "urn:eudi:sca:payment:1"
    assert {path: kind for path, kind in type_.required.items() if len(path) == 1} == {("payload",): MemberKind.OBJECT}
    assert type_.required["payload", "payee", "name"] is MemberKind.TEXT
    assert type_.attestations == {payment.vct, payment.doctype}


PAYLOAD: dict[str, Any] = {
    "transaction_id": "T-1",
    "payee": {"name": "Garden shop", "id": "UT99ZEGL1"},
    "currency": "EUR",
    "amount": 12.5,
}
ACCOUNT = query_of(sd_jwt_query("a", vct="urn:zegel:payment:1"))


def check_payment(payload: Any) -> None:
    payment = attestation_type("payment")
    raw = encoded(type="urn:eudi:sca:payment:1", credential_ids=["a"], payload=payload)
    types = transaction_types(Catalogue(types={payment.id: payment}))
    check_transaction_data(parse_transaction_data([raw]), query=ACCOUNT, types=types)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"amount": -3, "execution_date": "2026-12-24", "sct_inst": True},
        {"pisp": {"legal_name": "Pay Ltd", "brand_name": "Pay", "domain_name": "pay.example"}},
        {"recurrence": {"frequency": "MNTH"}},
        {"recurrence": {"frequency": "YEAR", "number": 3, "mit_options": {"max_amount": 20, "amount_variable": True}}},
    ],
)
def test_ts12_3_2_a_payment_that_conforms_may_be_signed(more: dict[str, Any]) -> None:
    check_payment(PAYLOAD | more)


@pytest.mark.requirement("SUA_07")
@pytest.mark.refuses(Check.TRANSACTION_REQUEST)
@pytest.mark.parametrize(
    ("change", "field"),
    [
        *((dict.fromkeys([name]), name) for name in PAYLOAD),
        ({"transaction_id": ""}, "transaction_id"),
        ({"transaction_id": "x" * 37}, "transaction_id"),
        ({"payee": {"name": "Shop"}}, "payee.id"),
        ({"payee": {"name": None, "id": "UT99"}}, "payee.name"),
        ({"payee": {"name": "Shop", "id": "UT99", "colour": "red"}}, "payee.colour"),
        ({"payee": "Shop"}, "payee"),
        ({"currency": "euro"}, "currency"),
        ({"currency": 5}, "currency"),
        ({"amount": "twelve"}, "amount"),
        ({"amount": True}, "amount"),
        ({"foo": "bar"}, "foo"),
        ({"payload.amount": 1}, "payload.amount"),
        ({"pisp": {"brand_name": "Pay"}}, "pisp.legal_name"),
        ({"recurrence": {}}, "recurrence.frequency"),
        ({"recurrence": {"frequency": "DAILY"}}, "recurrence.frequency"),
        ({"recurrence": {"frequency": "DAIL", "number": 1.5}}, "recurrence.number"),
        ({"recurrence": {"frequency": "DAIL", "mit_options": {"apr": "1"}}}, "recurrence.mit_options.apr"),
    ],
)
def test_ts12_3_2_a_payment_that_does_not_conform_is_not_gone_on_with(change: dict[str, Any], field: str) -> None:
    """A payment without payee, amount or currency is none that anybody could agree to."""
    payload = {name: value for name, value in (PAYLOAD | change).items() if value is not None}
    with pytest.raises(Rejected) as refusal:
        check_payment(payload)
    assert (refusal.value.check, refusal.value.field) == (
        Check.TRANSACTION_REQUEST,
        f"transaction_data[0].payload.{field}",
    )


def test_ts12_3_3_1_whatever_a_payment_may_hold_has_a_name() -> None:
    payment = attestation_type("payment")
    [type_] = transaction_types(Catalogue(types={payment.id: payment})).values()
    [data] = payment.transaction_data
    held = {path for path, kind in {**type_.required, **type_.optional}.items() if kind is not MemberKind.OBJECT}
    assert {claim.path for claim in data.claims} == held
    (frequency,) = [claim for claim in data.claims if claim.path[-1] == "frequency"]
    assert type_.patterns[frequency.path].pattern.split("|") == list(frequency.values)
    languages = set(payment.names)
    for claim in data.claims:
        assert {frozenset(names) for names in (claim.names, *claim.values.values())} == {frozenset(languages)}


def test_a_type_that_several_attestations_list_may_be_signed_by_each() -> None:
    one, two = attestation_type("payment"), attestation_type("payment", zegel="bank")
    [type_] = transaction_types(Catalogue(types={"one": one, "two": two})).values()
    assert type_.attestations == {one.vct, one.doctype, two.vct, two.doctype}
    assert len(type_.attestations) == 4


def test_a_built_item_is_compact_json() -> None:
    raw = build_transaction_data("t", credential_ids=["a"], members={})
    assert parse_transaction_data([raw])[0].hash_algorithms == ()
    assert raw == encoded(type="t", credential_ids=["a"])


@pytest.mark.parametrize("text", ["A" * MAX_ITEM, base64url(b'{"a":' * 4_000), base64url(b'"' + b"a" * 20_000)])
def test_hostile_items_end_cheaply(text: str) -> None:
    assert_malformed_cheaply(lambda: parse_transaction_data([text] * MAX_ITEMS))
