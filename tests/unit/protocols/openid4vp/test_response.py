"""Answers as the verifier receives them: right, wrong and hostile."""

from collections.abc import Mapping

import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.openid4vp import consent, form_of, mdoc_query, query_of, sd_jwt_query, session

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.jwe import Encryption, seal_jwe
from zegel.primitives.keys import PublicKey
from zegel.profiles import ResponseMode
from zegel.protocols.openid4vp.metadata import response_kid
from zegel.protocols.openid4vp.response import (
    MAX_CODE,
    MAX_DESCRIPTION,
    UnverifiedAnswer,
    WalletRefusal,
    open_response,
)

QUERY = query_of(sd_jwt_query("pid"), mdoc_query("mdl", multiple=True))
SESSION = session(QUERY)
PLAIN_SESSION = session(QUERY, response_mode=ResponseMode.DIRECT_POST)
KEY = SESSION.request.response_key
assert KEY is not None
STATE = SESSION.request.state


def sealed(
    members: object, *, key: PublicKey = KEY, kid: str | None = None, enc: Encryption = Encryption.A256GCM
) -> Mapping[str, str]:
    return {"response": seal_jwe(encode_json(members), recipient=key, kid=kid or response_kid(KEY), enc=enc)}


def plain(token: object, **changes: str) -> Mapping[str, str]:
    return {"vp_token": encode_json(token).decode(), "state": PLAIN_SESSION.request.state} | changes


def refusal(form: Mapping[str, str], requested=SESSION) -> Rejected:
    with pytest.raises(Rejected) as caught:
        open_response(form, session=requested)
    return caught.value


def reheaded(form: Mapping[str, str], **changes: object) -> Mapping[str, str]:
    """The encrypted answer under a changed header."""
    head, *rest = form["response"].split(".")
    header = parse_object(parse_base64url(head, what="header"), what="header") | changes
    return {"response": ".".join([base64url(encode_json(header)), *rest])}


GOOD = {"vp_token": {"pid": ["a.b.c~"], "mdl": [base64url(b"\xa1"), base64url(b"\xa2")]}, "state": STATE}


@pytest.mark.parametrize("encryption", Encryption)
def test_an_encrypted_answer_is_opened_and_split(encryption: Encryption) -> None:
    opened = open_response(sealed(GOOD | {"iss": "x", "future": 1}, enc=encryption), session=SESSION)
    assert opened == UnverifiedAnswer(unverified_presentations={"pid": (b"a.b.c~",), "mdl": (b"\xa1", b"\xa2")})


def test_a_plain_answer_is_split() -> None:
    opened = open_response(plain(GOOD["vp_token"], future="x"), session=PLAIN_SESSION)
    assert opened == UnverifiedAnswer(unverified_presentations={"pid": (b"a.b.c~",), "mdl": (b"\xa1", b"\xa2")})


@pytest.mark.parametrize(
    "form",
    [
        reheaded(sealed(GOOD), alg="ECDH-ES+A256KW"),
        reheaded(sealed(GOOD), alg="RSA-OAEP"),
        reheaded(sealed(GOOD), alg="dir"),
        reheaded(sealed(GOOD), enc="A128CBC-HS256"),
        reheaded(sealed(GOOD), zip="DEF"),
        reheaded(sealed(GOOD), crit=["exp"]),
        reheaded(sealed(GOOD), kid="another"),
        reheaded(sealed(GOOD), apv="AA"),
        sealed(GOOD, kid="another"),
        sealed(GOOD, key=fixed_key("another").public_key),
    ],
)
def test_an_answer_that_is_encrypted_in_another_way_is_refused(form: Mapping[str, str]) -> None:
    assert refusal(form).check is Check.ENCRYPTION


def test_an_ephemeral_key_off_its_curve_is_malformed() -> None:
    jwk = fixed_key("ephemeral").public_key.jwk()
    with pytest.raises(Malformed):
        open_response(reheaded(sealed(GOOD), epk=jwk | {"y": jwk["x"]}), session=SESSION)


def test_a_plain_answer_where_an_encrypted_one_was_asked_for_is_refused() -> None:
    refused = refusal({"vp_token": encode_json(GOOD["vp_token"]).decode(), "state": STATE})
    assert (refused.check, refused.field) == (Check.ENCRYPTION, "response")


def test_an_encrypted_answer_where_none_was_asked_for_is_refused() -> None:
    assert refusal(sealed(GOOD), PLAIN_SESSION).check is Check.ENCRYPTION


@pytest.mark.parametrize("state", [None, "", "another", 7, "ä"])
def test_an_answer_to_another_request_is_refused(state: object) -> None:
    refused = refusal(sealed(GOOD | {"state": state}))
    assert (refused.check, refused.field) == (Check.ANSWER_STATE, "state")


def test_an_error_of_somebody_who_does_not_know_the_state_is_refused() -> None:
    assert refusal({"error": "access_denied"}).check is Check.ANSWER_STATE
    assert refusal({"error": "access_denied", "state": "guess"}).check is Check.ANSWER_STATE


@pytest.mark.parametrize(
    ("token", "field"),
    [({"other": ["a~"]}, "vp_token.other"), ({"pid": ["a~", "b~"]}, "vp_token.pid")],
)
def test_presentations_that_were_not_asked_for_are_refused(token: object, field: str) -> None:
    refused = refusal(plain(token), PLAIN_SESSION)
    assert (refused.check, refused.field) == (Check.VP_TOKEN, field)


@pytest.mark.parametrize(
    "token",
    [
        [],
        "a~",
        {"pid": "a~"},
        {"pid": []},
        {"pid": [{"proof": {}}]},
        {"pid": [7]},
        {"pid": ["ä~"]},
        {"mdl": ["a+b="]},
        {"mdl": ["AA"] * 17},
    ],
)
def test_a_vp_token_that_does_not_parse_is_malformed(token: object) -> None:
    with pytest.raises(Malformed):
        open_response(plain(token), session=PLAIN_SESSION)


def test_a_form_without_an_answer_is_malformed() -> None:
    with pytest.raises(Malformed):
        open_response({"state": PLAIN_SESSION.request.state}, session=PLAIN_SESSION)


def test_an_empty_vp_token_answers_nothing() -> None:
    assert open_response(plain({}), session=PLAIN_SESSION) == UnverifiedAnswer(unverified_presentations={})


def test_a_wallets_error_is_kept_in_its_own_words_within_limits() -> None:
    form = {"error": "access_denied\n", "error_description": "<b>ä\x00" + "a" * 600, "state": STATE}
    opened = open_response(form, session=SESSION)
    assert opened == WalletRefusal(code="access_denied?", description=("<b>??" + "a" * 600)[:MAX_DESCRIPTION])
    bare = open_response({"error": "x", "state": STATE}, session=SESSION)
    assert bare == WalletRefusal(code="x", description="")
    with pytest.raises(Malformed):
        open_response({"error": "e" * (MAX_CODE + 1), "state": STATE}, session=SESSION)


def test_what_the_wallet_sends_is_what_the_verifier_opens() -> None:
    step = consent(SESSION).accept({"pid": [b"a.b.c~"], "mdl": [b"\xa1"]})
    opened = open_response(form_of(step.request), session=SESSION)
    assert opened == UnverifiedAnswer(unverified_presentations={"pid": (b"a.b.c~",), "mdl": (b"\xa1",)})


@pytest.mark.parametrize(
    "form",
    [
        {"response": ""},
        {"response": "a.b.c.d.e"},
        {"response": "." * 100_000},
        {"response": "A" * 300_000},
        {"response": "e30.." + "A" * 200_000 + ".AA.AA"},
    ],
)
def test_hostile_answers_end_cheaply(form: Mapping[str, str]) -> None:
    assert_malformed_cheaply(lambda: open_response(form, session=SESSION))


@pytest.mark.parametrize(
    "token",
    ["", "{", "[" * 100_000, '{"pid":' + "[" * 30 + "]" * 30 + "}", '{"pid":["a~"],"pid":["b~"]}', "7" * 300_000],
)
def test_hostile_vp_tokens_end_cheaply(token: str) -> None:
    form = {"vp_token": token, "state": PLAIN_SESSION.request.state}
    assert_malformed_cheaply(lambda: open_response(form, session=PLAIN_SESSION))
