"""The request that the verifier makes."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from zegel_testing.openid4vp import (
    REDIRECT_CLIENT_ID,
    RESPONSE_URI,
    TARGET,
    TICKET,
    mdoc_query,
    query_of,
    sd_jwt_query,
    session,
    transaction,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.profiles import ResponseMode
from zegel.protocols.openid4vp.request import VerifierInfo, build_request, check_sendable

ACCOUNT_QUERY = query_of(sd_jwt_query("account", "iban", vct="urn:utopia:account:1"))


def test_transaction_data_is_sent_as_the_texts_that_were_built() -> None:
    item = transaction("account")
    assert build_request(session(ACCOUNT_QUERY, transaction_data=(item,)).request)["transaction_data"] == [item.raw]


def test_what_is_not_there_is_not_sent() -> None:
    assert build_request(session().request).keys() == {
        "client_id", "response_type", "response_mode", "response_uri", "nonce", "state", "dcql_query", "client_metadata"
    }  # fmt: skip


def test_an_unsigned_link_holds_the_whole_request_with_its_objects_as_json() -> None:
    query = query_of(sd_jwt_query("ticket", "seat", vct=TICKET.type))
    requested = session(
        query,
        client_id=REDIRECT_CLIENT_ID,
        response_mode=ResponseMode.DIRECT_POST,
        verifier_info=(VerifierInfo(format="x", data="y"),),
    )
    fields = {name: value for name, [value] in parse_qs(urlsplit(requested.link(TARGET)).query).items()}
    sent: dict[str, Any] = build_request(requested.request)
    assert fields["response_uri"] == RESPONSE_URI
    for name in ("dcql_query", "client_metadata", "verifier_info"):
        assert json.loads(fields.pop(name)) == sent.pop(name)
    assert fields == sent


def test_a_plain_challenge_has_no_thumbprint() -> None:
    assert session(response_mode=ResponseMode.DIRECT_POST).request.challenge.jwk_thumbprint is None
    assert len(session().request.challenge.jwk_thumbprint or b"") == 32


def test_a_query_that_a_wallet_would_have_to_accept_may_be_sent() -> None:
    claims = [{"id": "a", "path": ["x"]}, {"id": "b", "path": ["y"]}]
    for sets in ([["a", "b"], ["b"]], [["a"]]):  # section 6.4.1 does not ask for each claim to be in one
        query = query_of(sd_jwt_query(claims=claims, claim_sets=sets), mdoc_query())
        assert check_sendable(query) is query


@pytest.mark.refuses(Check.SENT_QUERY)
@pytest.mark.parametrize(
    ("credential", "field"),
    [
        ({"id": "a", "format": "ldp_vc", "meta": {}}, "format"),
        (sd_jwt_query("a", "x", "x"), "claims"),
    ],
)
def test_a_query_that_we_could_not_read_the_answer_of_is_not_sent(credential: Any, field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        session(query_of(sd_jwt_query("pid"), credential))
    assert refusal.value.check is Check.SENT_QUERY
    assert refusal.value.field == f"dcql_query.credentials[1].{field}"
