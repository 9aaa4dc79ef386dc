"""Links, requests, transaction data and answers of any bytes: what does not parse is Malformed, nothing else."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from zegel_testing.authorities import NOW
from zegel_testing.openid4vp import (
    CLIENT_ID,
    REQUEST_URI,
    RESPONSE_URI,
    claims_of,
    fetching,
    policy,
    received,
    served,
    session,
    signed,
    transaction,
)

from zegel.errors import Malformed, Rejected
from zegel.profiles import PLAIN, ResponseMode
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.response import open_response
from zegel.protocols.openid4vp.sender import parse_request
from zegel.protocols.openid4vp.transaction_data import parse_transaction_data
from zegel.protocols.openid4vp.wallet import Consent, Refusal

SESSION = session()
PLAIN_SESSION = session(response_mode=ResponseMode.DIRECT_POST)
CLAIMS = claims_of(SESSION)
OBJECT = signed(CLAIMS)

trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@given(
    st.text(max_size=200)
    | st.text("openid4vp:/?&=%client_idreques", max_size=80).map("openid4vp://?client_id=a&".__add__)
)
@example(f"openid4vp://?client_id={CLIENT_ID}&request_uri={REQUEST_URI}")
def test_a_link_parses_or_is_malformed(link: str) -> None:
    try:
        found = parse_link(link)
    except Malformed:
        return
    assert found.unverified_client_id


@given(st.binary(max_size=200) | st.tuples(st.integers(0, len(OBJECT) - 1), st.integers(0, 255)))
def test_a_request_object_with_a_byte_changed_is_never_accepted(spoil: Any) -> None:
    if isinstance(spoil, bytes):
        body = spoil
    else:
        position, byte = spoil
        body = OBJECT[:position] + bytes([byte]) + OBJECT[position + 1 :]
    try:
        parse_request(body)
        fetching(SESSION).receive(served(body), policy=policy(PLAIN), now=NOW)
    except (Malformed, Rejected):
        return
    assert body == OBJECT


@pytest.mark.slow
@given(st.sampled_from(sorted(CLAIMS)), trees)
def test_a_signed_request_of_any_shape_is_read_refused_or_told_about(name: str, value: Any) -> None:
    try:
        step = received(SESSION, **{name: value})
    except (Malformed, Rejected):
        return
    assert isinstance(step, Consent | Refusal)
    if isinstance(step, Refusal):
        assert step.tell().request.url == RESPONSE_URI


@given(trees | st.lists(st.text("ABCDEFGHabcdefgh01234_-", max_size=40), max_size=3))
@example([transaction("a").raw])
def test_transaction_data_parses_or_is_malformed(value: Any) -> None:
    try:
        items = parse_transaction_data(value)
    except Malformed:
        return
    assert [item.raw for item in items] == value


@given(
    st.dictionaries(
        st.sampled_from(["vp_token", "state", "response", "error", "error_description", "other"]),
        st.sampled_from([PLAIN_SESSION.request.state, SESSION.request.state, "{}", '{"pid":["a~"]}', "a.b.c.d.e"])
        | st.text(),
    ),
    st.booleans(),
)
def test_an_answer_is_opened_or_refused(form: dict[str, str], encrypted: bool) -> None:
    requested = SESSION if encrypted else PLAIN_SESSION
    try:
        open_response(form, session=requested)
    except (Malformed, Rejected):
        return
    assert form["state"] == requested.request.state
