"""What a wallet takes from a token response and from a credential response."""

from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.issuance import configurations

from zegel.errors import Malformed
from zegel.primitives.encoding import base64url
from zegel.primitives.http import json_response
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.jwe import Encryption
from zegel.primitives.keys import PrivateKey
from zegel.profiles import PLAIN
from zegel.protocols.oauth.authorization_details import MAX_DETAILS, TYPE
from zegel.protocols.openid4vci.encryption import Recipient, seal_response
from zegel.protocols.openid4vci.wallet.answers import (
    MAX_INTERVAL,
    MAX_LIFETIME,
    Pending,
    Received,
    parse_tokens,
    result_of,
)
from zegel.protocols.openid4vci.wallet.session import Tokens


def tokens(**members: Json) -> Tokens:
    return parse_tokens({"access_token": "token", **members}, before=None, now=NOW)


def detail(configuration: str = "id-sdjwt", identifiers: Any = ("passport",)) -> dict[str, Json]:
    return {
        "type": TYPE,
        "credential_configuration_id": configuration,
        "credential_identifiers": list(identifiers) if isinstance(identifiers, tuple) else identifiers,
    }


def answer(*entries: Json, configuration: str = "id-sdjwt", copies: int | None = 2) -> Received | Pending:
    response = json_response({"credentials": list(entries)})
    known = configurations(PLAIN)[configuration]
    return result_of(response, key=None, configuration=known, copies=copies, now=NOW)


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [(1, 1), (1.0, 1), (0.001, 1), (1.5, 2), (MAX_INTERVAL - 0.5, MAX_INTERVAL), (1e300, MAX_INTERVAL)],
)
def test_what_is_deferred_may_be_asked_for_in_whole_seconds(interval: float, seconds: int) -> None:
    response = json_response({"transaction_id": "later", "interval": interval}, status=202)
    pending = result_of(response, key=None, configuration=configurations(PLAIN)["id-sdjwt"], copies=2, now=NOW)
    assert isinstance(pending, Pending)
    assert pending.ready_at == NOW + seconds


@pytest.mark.parametrize("key", [None, fixed_key("answers")])
def test_what_is_deferred_is_known_by_its_members_too(key: PrivateKey | None) -> None:
    members: JsonObject = {"transaction_id": "later", "interval": 60}
    recipient = None if key is None else Recipient(key=key.public_key, kid=None, enc=Encryption.A128GCM)
    response = seal_response(members, recipient=recipient, status=200)
    pending = result_of(response, key=key, configuration=configurations(PLAIN)["id-sdjwt"], copies=2, now=NOW)
    assert pending == Pending(configuration="id-sdjwt", transaction_id="later", ready_at=NOW + 60)


def test_an_answer_with_credentials_holds_them_whatever_else_it_says() -> None:
    response = json_response({"credentials": [{"credential": "a.b.c~"}], "transaction_id": "later", "interval": 60})
    found = result_of(response, key=None, configuration=configurations(PLAIN)["id-sdjwt"], copies=2, now=NOW)
    assert isinstance(found, Received)
    with pytest.raises(Malformed, match="credentials"):
        answer()


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("interval", [0, -1, 0.0, -0.5, True, "1", None])
def test_another_interval_is_malformed(interval: Json, status: int) -> None:
    response = json_response({"transaction_id": "later", "interval": interval}, status=status)
    with pytest.raises(Malformed, match="interval"):
        result_of(response, key=None, configuration=configurations(PLAIN)["id-sdjwt"], copies=2, now=NOW)


@pytest.mark.parametrize("lifetime", [1, 299.0, MAX_LIFETIME, MAX_LIFETIME + 1])
def test_a_token_lives_for_as_long_as_is_said_and_for_a_year_at_most(lifetime: float) -> None:
    assert tokens(expires_in=lifetime).expires == NOW + min(lifetime, MAX_LIFETIME)
    assert tokens().expires is None


@pytest.mark.parametrize("scope", [7, ["a"], {}, True])
def test_a_scope_that_is_no_text_is_malformed(scope: Json) -> None:
    with pytest.raises(Malformed, match="scope"):
        tokens(scope=scope)


@pytest.mark.parametrize("lifetime", [0, -1, True, "300", 1.5])
def test_another_lifetime_is_malformed(lifetime: Json) -> None:
    with pytest.raises(Malformed, match="expires_in"):
        tokens(expires_in=lifetime)


def test_as_many_details_and_identifiers_are_read_as_allowed() -> None:
    identifiers = tuple(f"set {number}" for number in range(MAX_DETAILS))
    details: list[Json] = [detail(f"id {number}", identifiers) for number in range(MAX_DETAILS)]
    found = tokens(authorization_details=details).identifiers
    assert len(found) == MAX_DETAILS
    assert found["id 0"] == identifiers
    with pytest.raises(Malformed, match=f"at most {MAX_DETAILS} objects"):
        tokens(authorization_details=[*details, detail("more")])


def test_several_details_of_one_configuration_name_what_they_all_name() -> None:
    details: list[Json] = [
        detail(identifiers=("passport", "identity card")),
        detail("id-mdoc"),
        detail(identifiers=("residence permit", "passport")),
    ]
    assert tokens(authorization_details=details).identifiers == {
        "id-sdjwt": ("passport", "identity card", "residence permit"),
        "id-mdoc": ("passport",),
    }


@pytest.mark.parametrize("identifiers", [None, (), "passport", (7,), ("passport", None), ("a",) * (MAX_DETAILS + 1)])
def test_a_detail_without_identifiers_is_malformed(identifiers: Any) -> None:
    with pytest.raises(Malformed, match="credential_identifiers"):
        tokens(authorization_details=[detail(identifiers=identifiers)])


def test_a_credential_is_text_as_its_format_has_it() -> None:
    found = answer({"credential": "a.b.c~"}, {"credential": "d.e.f~"})
    assert isinstance(found, Received)
    assert found.credentials == (b"a.b.c~", b"d.e.f~")
    found = answer({"credential": base64url(b"\xa0")}, configuration="id-mdoc")
    assert isinstance(found, Received)
    assert found.credentials == (b"\xa0",)


@pytest.mark.parametrize("entry", [None, "a.b.c~", {}, {"credential": None}, {"credential": ""}, {"credential": "é"}])
def test_another_credential_is_malformed(entry: Json) -> None:
    with pytest.raises(Malformed, match="expected a credential as text"):
        answer(entry)


def test_credentials_are_one_to_as_many_as_there_are_keys() -> None:
    entry: Json = {"credential": "a.b.c~"}
    assert isinstance(answer(entry, entry), Received)
    for entries in ((), (entry, entry, entry)):
        with pytest.raises(Malformed, match="as many as there are keys"):
            answer(*entries)
