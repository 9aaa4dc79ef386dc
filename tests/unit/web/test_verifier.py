"""The verifier at its public door: requests are fetched, answers come in, browsers come back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from zegel_testing import sdjwt
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.relying_party import (
    CLAIMS,
    DOCTYPE,
    HOLDER,
    ISSUER,
    MDOC_QUERY,
    NAME_QUERY,
    ORIGIN,
    OTHER_STATUS_SIGNER,
    PAYMENT_DOCTYPE,
    PAYMENT_VCT,
    QUERIES,
    VCT,
    RelyingParty,
    form_to,
    issue,
    json_of,
    open_relying_party,
    unavailable,
)

from zegel.checks import Check
from zegel.formats.credential import Format
from zegel.formats.status.token import StatusListFormat
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.profiles import HAIP, PROFILES
from zegel.protocols.openid4vp.response import MAX_BODY
from zegel.protocols.openid4vp.verifier import (
    CROSS_DEVICE_SECONDS,
    OUTCOME_SECONDS,
    RESULT_SECONDS,
    SAME_DEVICE_SECONDS,
)
from zegel.web.app.verifier import link_target
from zegel.web.verifier import MAX_REQUEST_FORM, ROUTES

pytestmark = pytest.mark.anyio
FORMATS = pytest.mark.parametrize("format_", list(Format), ids=str)
SHOWN: dict[Format, Any] = {
    Format.SD_JWT_VC: {"family_name": "Voorbeeld", "address": {"locality": "Capital"}},
    Format.MDOC: {DOCTYPE: {"family_name": "Voorbeeld"}},
}


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[RelyingParty]:
    opened = await open_relying_party(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[RelyingParty]:
    """The same under the high-assurance profile."""
    opened = await open_relying_party(tmp_path, profile=HAIP)
    yield opened
    opened.close()


def refused(response: HttpResponse, check: Check) -> dict[str, Any]:
    """What a wallet is told: the whole of the refusal."""
    said = json_of(response)
    assert (response.status, said["error"], said["check"]) == (400, "invalid_request", check.id)
    assert said["clause"] == check.clause
    assert said["remedy"] == check.remedy
    return said


# --- the whole way --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@FORMATS
@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns"])
@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_presentation_goes_all_the_way(
    party: RelyingParty, format_: Format, mode: str, prefix: str, method: str
) -> None:
    begun = await party.ask(QUERIES[format_], response_mode=mode, client_id_prefix=prefix, request_uri_method=method)
    session = begun["session"]
    assert begun["request_uri"] == f"{ORIGIN}/request/{session}"
    assert begun["link"].startswith("openid4vp://?client_id=")
    assert (await party.result(session))["state"] == "pending"
    asked = await party.fetch(begun)
    assert asked.client_id.startswith(prefix + ":")
    assert (asked.key is None) == (mode == "direct_post")
    answer = asked.answer()
    response = await party.send(answer)
    back = json_of(response)["redirect_uri"]
    assert back.startswith(f"{ORIGIN}/return/{session}?response_code=")
    assert (await party.result(session))["state"] == "pending"  # the result exists after the return alone
    page = await party.get(back)
    assert (page.status, "Your wallet has answered" in page.body.decode()) == (200, True)
    result = await party.result(session)
    assert result["state"] == "accepted"
    assert result["error"] is None
    (credential,) = result["credentials"]
    assert credential["claims"] == SHOWN[format_]
    assert (credential["id"], credential["format"], credential["status"]) == ("pid", str(format_), "valid")
    assert credential["issuer"]["entity"] == "Utopian Identity Office"
    assert credential["holder_bound"] is True


@FORMATS
async def test_the_high_assurance_profile_goes_all_the_way(strict: RelyingParty, format_: Format) -> None:
    session, back = await strict.answered(QUERIES[format_])
    assert (await strict.get(back)).status == 200
    assert (await strict.result(session))["state"] == "accepted"


async def test_a_wallet_may_fetch_the_request_again_and_by_its_own_nonce(party: RelyingParty) -> None:
    begun = await party.ask()
    first, second = await party.fetch(begun), await party.fetch(begun)
    assert first == second
    response = await party.public.handle(form_to(begun["request_uri"], {"wallet_nonce": "of the wallet"}))
    assert response.header("content-type") == "application/oauth-authz-req+jwt"
    assert response.header("cache-control") == "no-store"


async def test_what_was_asked_for_is_all_that_is_kept(party: RelyingParty) -> None:
    session, asked = await party.begin()
    paths = [("family_name",), ("given_name",), ("address",), ("nationalities",)]
    back = json_of(await party.send(asked.answer(asked.present(paths=paths))))["redirect_uri"]
    await party.get(back)
    (credential,) = (await party.result(session))["credentials"]
    assert credential["claims"] == SHOWN[Format.SD_JWT_VC]
    assert CLAIMS["given_name"] not in str(credential)


# --- wrong answers --------------------------------------------------------------------------------------------------


WRONG: dict[str, tuple[Check, Any]] = {
    "another nonce": (Check.NONCE, lambda asked: asked.answer(asked.present(nonce="another"))),
    "another verifier": (Check.AUDIENCE, lambda asked: asked.answer(asked.present(audience="x509_hash:another"))),
    "another holder": (
        Check.HOLDER_SIGNATURE,
        lambda asked: asked.answer(asked.present(holder=fixed_key("thief"))),
    ),
    "an old proof": (Check.PROOF_TIME, lambda asked: asked.answer(asked.present(now=NOW - 3_600))),
    "no proof": (Check.HOLDER_BINDING, lambda asked: asked.answer(asked.show(issue()))),
    "too little": (Check.QUERY_CLAIMS, lambda asked: asked.answer(asked.present(paths=[("family_name",)]))),
    "another type": (Check.QUERY_TYPE, lambda asked: asked.answer(asked.present(issue(payment=True)))),
    "another id": (Check.VP_TOKEN, lambda asked: asked.answer(id_="another")),
    "two for one": (Check.VP_TOKEN, lambda asked: asked.answer(asked.present(), asked.present())),
    "nothing": (Check.QUERY, lambda asked: asked.post({"vp_token": {}, "state": asked.claims["state"]})),
    "no state": (Check.ANSWER_STATE, lambda asked: asked.answer(state="another")),
    "in the clear": (Check.ENCRYPTION, lambda asked: form_to(asked.response_uri, {"vp_token": "{}"})),
    "no presentation": (Check.SYNTAX, lambda asked: asked.answer("nonsense")),
    "no form": (Check.SYNTAX, lambda asked: form_to(asked.response_uri, {"response": "a.b.c"})),
}


@pytest.mark.slow
@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG)
async def test_a_wrong_answer_is_told_why_and_leaves_the_session_to_the_right_one(
    party: RelyingParty, spoil: tuple[Check, Any]
) -> None:
    check, wrong = spoil
    session, asked = await party.begin()
    said = refused(await party.send(wrong(asked)), check)
    result = await party.result(session)
    assert (result["state"], result["error"]["check"]) == ("pending", check.id)
    assert result["error"]["detail"] == said["detail"]
    assert "Voorbeeld" not in str(said)
    back = json_of(await party.send(asked.answer()))["redirect_uri"]
    await party.get(back)
    assert (await party.result(session))["state"] == "accepted"


@pytest.mark.parametrize(
    ("check", "change"),
    [
        (Check.HOLDER_SIGNATURE, {"nonce": "another"}),
        (Check.HOLDER_SIGNATURE, {"audience": "x509_hash:another"}),
        (Check.HOLDER_SIGNATURE, {"response_uri": "https://evil.example/response/1"}),
        (Check.HOLDER_SIGNATURE, {"thumbprint": None}),
        (Check.HOLDER_SIGNATURE, {"holder": fixed_key("thief")}),
    ],
)
async def test_an_mdoc_answers_this_request_and_no_other(
    party: RelyingParty, check: Check, change: dict[str, Any]
) -> None:
    session, asked = await party.begin(MDOC_QUERY)
    refused(await party.send(asked.answer(asked.present(**change))), check)
    assert (await party.send(asked.answer())).status == 200
    assert session


async def test_an_answer_for_another_session_is_not_taken(party: RelyingParty) -> None:
    _, mine = await party.begin()
    _, another = await party.begin()
    answer = mine.answer()
    crossed = HttpRequest(method="POST", url=another.response_uri, headers=answer.headers, body=answer.body)
    refused(await party.send(crossed), Check.ENCRYPTION)
    refused(await party.send(another.answer(mine.present())), Check.NONCE)
    assert (await party.send(another.answer())).status == 200


@FORMATS
@pytest.mark.refuses(Check.ANSWERED_ONCE)
async def test_a_right_answer_is_taken_once(party: RelyingParty, format_: Format) -> None:
    session, asked = await party.begin(QUERIES[format_])
    answer = asked.answer()
    first, replayed, another = await party.send(answer), await party.send(answer), await party.send(asked.answer())
    refused(replayed, Check.ANSWERED_ONCE)
    refused(another, Check.ANSWERED_ONCE)
    await party.get(json_of(first)["redirect_uri"])
    assert (await party.result(session))["state"] == "accepted"


@pytest.mark.parametrize("path", ["/request/", "/response/"])
@pytest.mark.parametrize("session", ["unknown", "A" * 43, "%00", "é", "x" * 5_000])
@pytest.mark.refuses(Check.ANSWERED_ONCE)
async def test_an_unknown_session_is_one_that_is_over(party: RelyingParty, path: str, session: str) -> None:
    refused(await party.send(form_to(ORIGIN + path + session, {"a": "b"})), Check.ANSWERED_ONCE)


@pytest.mark.parametrize("body", [b"", b"\xff", b"{}", b"a=b&a=c", b"=" * 100, b"&".join([b"a%d=b"] * 100)])
async def test_what_is_no_form_is_malformed(party: RelyingParty, body: bytes) -> None:
    _, asked = await party.begin()
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    response = await party.send(HttpRequest(method="POST", url=asked.response_uri, headers=headers, body=body))
    assert json_of(response)["check"] in ("syntax", "encryption")
    assert (await party.send(asked.answer())).status == 200


async def test_another_content_type_is_malformed(party: RelyingParty) -> None:
    _, asked = await party.begin()
    answer = asked.answer()
    response = await party.send(HttpRequest(method="POST", url=answer.url, body=answer.body))
    refused(response, Check.SYNTAX)


def test_each_route_takes_bodies_of_its_own_size() -> None:
    limits = {(route.method, route.path): route.max_body for route in ROUTES if route.max_body}
    assert limits == {
        ("POST", "/request/{session}"): MAX_REQUEST_FORM,
        ("POST", "/response/{session}"): MAX_BODY,
    }


@pytest.mark.parametrize("seconds", [SAME_DEVICE_SECONDS, SAME_DEVICE_SECONDS + 1])
@pytest.mark.refuses(Check.ANSWERED_ONCE)
async def test_nothing_is_taken_after_the_end(party: RelyingParty, seconds: int) -> None:
    session, asked = await party.begin()
    answer = asked.answer()
    party.clock.advance(seconds)
    refused(await party.send(answer), Check.ANSWERED_ONCE)
    refused(await party.get(f"{ORIGIN}/request/{session}"), Check.ANSWERED_ONCE)


async def test_the_wallets_user_may_refuse(party: RelyingParty) -> None:
    session, asked = await party.begin()
    response = await party.send(asked.refuse())
    page = await party.get(json_of(response)["redirect_uri"])
    assert (page.status, "Nothing was shown" in page.body.decode()) == (200, True)
    result = await party.result(session)
    assert (result["state"], result["credentials"]) == ("refused", [])
    assert result["error"]["error"] == "access_denied"
    refused(await party.send(asked.answer()), Check.ANSWERED_ONCE)


# --- coming back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["?response_code=guess", "?response_code=", "", "?response_code=" + "A" * 43, "?x=y"])
@pytest.mark.refuses(Check.RESPONSE_CODE)
async def test_a_wrong_code_changes_nothing(party: RelyingParty, code: str) -> None:
    session, back = await party.answered()
    response = await party.get(f"{ORIGIN}/return/{session}{code}")
    assert (response.status, b"response-code" in response.body) == (400, True)
    assert (await party.result(session))["state"] == "pending"
    assert (await party.get(back)).status == 200
    assert (await party.result(session))["state"] == "accepted"


@pytest.mark.refuses(Check.RESPONSE_CODE)
async def test_a_code_is_used_once(party: RelyingParty) -> None:
    session, back = await party.answered()
    await party.get(back)
    again = await party.get(back)
    assert (again.status, b"response-code" in again.body) == (400, True)
    assert (await party.result(session))["state"] == "accepted"
    assert (await party.get(back)).status == 400


async def test_the_code_of_another_session_is_none(party: RelyingParty) -> None:
    (mine, _), (_, another) = await party.answered(), await party.answered()
    code = another.partition("?")[2]
    assert (await party.get(f"{ORIGIN}/return/{mine}?{code}")).status == 400


async def test_a_return_before_the_answer_leads_nowhere(party: RelyingParty) -> None:
    session, asked = await party.begin()
    assert (await party.get(f"{ORIGIN}/return/{session}?response_code=x")).status == 400
    assert (await party.send(asked.answer())).status == 200


@pytest.mark.parametrize("session", ["unknown", "%2e%2e"])
async def test_a_return_to_nothing_leads_nowhere(party: RelyingParty, session: str) -> None:
    assert (await party.get(f"{ORIGIN}/return/{session}?response_code=x")).status in (400, 404)


@pytest.mark.parametrize("seconds", [RESULT_SECONDS, RESULT_SECONDS + 1])
async def test_claims_wait_five_minutes_for_the_return(party: RelyingParty, seconds: int) -> None:
    session, back = await party.answered()
    party.clock.advance(seconds)
    assert (await party.get(back)).status == 400
    assert (await party.result(session)) == {"state": "uncollected", "credentials": [], "error": None}


@pytest.mark.refuses(Check.SAME_BROWSER)
async def test_a_service_of_its_own_is_not_returned_to_by_our_page(party: RelyingParty) -> None:
    """The relay attack: a victim answers what the attacker's browser began, and lands on a page that is not theirs."""
    session, asked = await party.begin(initiator="the attacker's session", return_uri=f"{ORIGIN}/return/x")
    code = json_of(await party.send(asked.answer()))["redirect_uri"].partition("?")[2]
    page = await party.get(f"{ORIGIN}/return/{session}?{code}")
    assert (page.status, b"same-browser" in page.body) == (400, True)
    result = await party.result(session)
    assert (result["state"], result["error"]["check"], result["credentials"]) == ("rejected", "same-browser", [])


# --- on another device ----------------------------------------------------------------------------------------------


async def test_another_device_gets_no_way_back_and_two_minutes(party: RelyingParty) -> None:
    session, asked = await party.begin(cross_device=True)
    assert json_of(await party.send(asked.answer())) == {}
    assert (await party.result(session))["state"] == "accepted"
    session, asked = await party.begin(cross_device=True)
    answer = asked.answer()
    party.clock.advance(CROSS_DEVICE_SECONDS)
    refused(await party.send(answer), Check.ANSWERED_ONCE)


# --- what is signed along -------------------------------------------------------------------------------------------

PAYMENT: dict[str, Any] = {"type": "urn:eudi:sca:payment:1", "payload": {"amount": "10", "currency": "EUR"}}
ACCOUNT = {
    Format.SD_JWT_VC: {
        "format": "dc+sd-jwt",
        "meta": {"vct_values": [PAYMENT_VCT]},
        "claims": [{"path": ["family_name"]}],
    },
    Format.MDOC: {
        "format": "mso_mdoc",
        "meta": {"doctype_value": PAYMENT_DOCTYPE},
        "claims": [{"path": [PAYMENT_DOCTYPE, "family_name"]}],
    },
}


@FORMATS
@pytest.mark.refuses(Check.TRANSACTION_DATA)
async def test_transaction_data_is_signed_or_the_answer_is_refused(party: RelyingParty, format_: Format) -> None:
    query = {"credentials": [{"id": "account", **ACCOUNT[format_]}]}
    session, asked = await party.begin(query, transaction_data=[PAYMENT | {"credential_ids": ["account"]}])
    assert len(asked.transaction_data) == 1
    copy = issue(format_, payment=True)
    paths = {} if format_ is Format.MDOC else {"paths": [("family_name",)]}
    for signed in ((), ("another",), (*asked.transaction_data, "another")):
        presented = asked.present(copy, transaction_data=signed, **paths)
        refused(await party.send(asked.answer(presented, id_="account")), Check.TRANSACTION_DATA)
    presented = asked.present(copy, transaction_data=asked.transaction_data, **paths)
    back = json_of(await party.send(asked.answer(presented, id_="account")))["redirect_uri"]
    await party.get(back)
    assert (await party.result(session))["state"] == "accepted"


async def test_a_credential_that_nobody_needs_signs_for_no_other(party: RelyingParty) -> None:
    queries = [{"id": id_, **ACCOUNT[Format.SD_JWT_VC]} for id_ in ("other", "account", "third")]
    query = {"credentials": queries, "credential_sets": [{"options": [["account"], ["other", "third"]]}]}
    item = PAYMENT | {"credential_ids": ["other", "account"]}
    _, asked = await party.begin(query, transaction_data=[item])
    copy, name = issue(payment=True), [("family_name",)]
    unsigned, signed = (
        asked.present(copy, transaction_data=data, paths=name) for data in ((), tuple(asked.transaction_data))
    )
    pid_that_signs = asked.present(issue(), transaction_data=asked.transaction_data, paths=name)
    token = {"account": [unsigned], "other": [pid_that_signs]}
    refused(await party.send(asked.post({"vp_token": token, "state": asked.claims["state"]})), Check.TRANSACTION_DATA)
    assert (await party.send(asked.answer(signed, id_="account"))).status == 200


# --- without holder binding -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bound", [True, False])
async def test_without_holder_binding_nobody_is_said_to_hold_it(party: RelyingParty, bound: bool) -> None:
    query = {"credentials": [NAME_QUERY["credentials"][0] | {"require_cryptographic_holder_binding": False}]}
    session, asked = await party.begin(query)
    back = json_of(await party.send(asked.answer(asked.show(issue(bound=bound)))))["redirect_uri"]
    await party.get(back)
    (credential,) = (await party.result(session))["credentials"]
    assert credential["holder_bound"] is False
    assert credential["claims"] == SHOWN[Format.SD_JWT_VC]


@pytest.mark.parametrize("holder_binding", [True, False])
async def test_a_credential_for_others_is_refused_whoever_holds_it(party: RelyingParty, holder_binding: bool) -> None:
    query = {"credentials": [NAME_QUERY["credentials"][0] | {"require_cryptographic_holder_binding": holder_binding}]}
    _, asked = await party.begin(query)

    def presented(audience: str) -> str:
        members = sdjwt.payload(vct=VCT, aud=audience, **SHOWN[Format.SD_JWT_VC])
        issued = sdjwt.signed(members, chain=ISSUER.chain, key=ISSUER.key)
        return sdjwt.bound(issued, holder=HOLDER, aud=asked.client_id, nonce=asked.nonce).decode()

    said = refused(await party.send(asked.answer(presented("https://another.example"))), Check.AUDIENCE)
    assert said["field"] == "aud"
    assert (await party.send(asked.answer(presented(asked.client_id)))).status == 200


async def test_an_mdoc_without_holder_binding_is_its_issuers_word_alone(party: RelyingParty) -> None:
    query = {"credentials": [MDOC_QUERY["credentials"][0] | {"require_cryptographic_holder_binding": False}]}
    session, asked = await party.begin(query)
    back = json_of(await party.send(asked.answer(asked.present(holder=fixed_key("anybody")))))["redirect_uri"]
    await party.get(back)
    (credential,) = (await party.result(session))["credentials"]
    assert credential["holder_bound"] is False


# --- status ---------------------------------------------------------------------------------------------------------


@FORMATS
@pytest.mark.parametrize("list_format", list(StatusListFormat), ids=str)
@pytest.mark.refuses(Check.STATUS)
async def test_a_revoked_credential_is_refused(
    party: RelyingParty, format_: Format, list_format: StatusListFormat
) -> None:
    party.status.format = list_format
    party.status.revoke(7)
    session, asked = await party.begin(QUERIES[format_])
    refused(await party.send(asked.answer()), Check.STATUS)
    assert (await party.result(session))["error"]["check"] == "status"
    assert (await party.send(asked.answer(asked.present(issue(format_, index=8))))).status == 200


@FORMATS
async def test_nothing_is_fetched_that_an_unverified_credential_names(party: RelyingParty, format_: Format) -> None:
    _, asked = await party.begin(QUERIES[format_])
    stolen = asked.present(holder=fixed_key("thief"))
    genuine = asked.present()
    middle = len(genuine) // 2
    spoiled = genuine[:middle] + ("A" if genuine[middle] != "A" else "B") + genuine[middle + 1 :]
    for wrong in (stolen, spoiled):
        assert (await party.send(asked.answer(wrong))).status == 400
    assert party.status.fetches == 0
    assert (await party.send(asked.answer(genuine))).status == 200
    assert party.status.fetches == 1


async def test_a_credential_without_a_status_needs_no_list(party: RelyingParty) -> None:
    session, asked = await party.begin()
    back = json_of(await party.send(asked.answer(asked.present(issue(index=None)))))["redirect_uri"]
    await party.get(back)
    assert (await party.result(session))["credentials"][0]["status"] == "no status"
    assert party.status.fetches == 0


@pytest.mark.refuses(Check.AVAILABILITY)
async def test_a_status_list_that_cannot_be_had_is_no_fault_of_the_answer(party: RelyingParty) -> None:
    session, asked = await party.begin()
    party.status.answer = unavailable()
    response = await party.send(asked.answer())
    said = json_of(response)
    assert (response.status, said["error"], said["check"]) == (503, "temporarily_unavailable", "availability")
    assert (await party.result(session))["error"]["check"] == "availability"
    party.status.answer = None
    assert (await party.send(asked.answer())).status == 200


@pytest.mark.parametrize("status", [204, 301, 404])
@pytest.mark.refuses(Check.STATUS_LIST)
async def test_a_status_list_that_is_not_there_is_the_issuers_fault(party: RelyingParty, status: int) -> None:
    _, asked = await party.begin()
    party.status.answer = HttpResponse(status=status)
    refused(await party.send(asked.answer()), Check.STATUS_LIST)


async def test_while_a_status_host_does_not_work_the_answer_may_come_again(party: RelyingParty) -> None:
    _, asked = await party.begin()
    party.status.answer = HttpResponse(status=503)
    response = await party.send(asked.answer())
    assert (response.status, json_of(response)["check"], response.header("retry-after")) == (503, "availability", "5")
    party.status.answer = None
    assert (await party.send(asked.answer())).status == 200


@pytest.mark.parametrize("body", [b"", b"nonsense", b"\xd2\x84", b"a.b.c"])
async def test_a_status_list_that_does_not_parse_is_malformed(party: RelyingParty, body: bytes) -> None:
    _, asked = await party.begin()
    party.status.answer = HttpResponse(status=200, headers=(("content-type", str(StatusListFormat.JWT)),), body=body)
    refused(await party.send(asked.answer()), Check.SYNTAX)


@pytest.mark.refuses(Check.STATUS_ISSUER)
async def test_another_offices_status_list_says_nothing_of_ours(party: RelyingParty) -> None:
    _, asked = await party.begin()
    party.status.signer = OTHER_STATUS_SIGNER
    refused(await party.send(asked.answer()), Check.STATUS_ISSUER)


@pytest.mark.refuses(Check.STATUS_FRESHNESS)
async def test_an_expired_status_list_is_not_believed(party: RelyingParty) -> None:
    party.status.expires_in = 60
    old = party.status.token()
    party.status.answer = HttpResponse(status=200, headers=(("content-type", str(StatusListFormat.JWT)),), body=old)
    party.clock.advance(59)
    _, asked = await party.begin()
    assert (await party.send(asked.answer(asked.present(now=party.clock.now())))).status == 200
    party.clock.advance(1)
    _, asked = await party.begin()
    refused(await party.send(asked.answer(asked.present(now=party.clock.now()))), Check.STATUS_FRESHNESS)


# --- pages and links ------------------------------------------------------------------------------------------------


async def test_the_host_says_what_it_is(party: RelyingParty) -> None:
    page = await party.get(f"{ORIGIN}/")
    assert (page.status, "Presentations" in page.body.decode()) == (200, True)
    style = page.body.decode().partition('rel="stylesheet" href="')[2].partition('"')[0]
    served = await party.get(ORIGIN + style)
    assert (served.status, served.header("content-type")) == (200, "text/css; charset=utf-8")
    assert (await party.get(f"{ORIGIN}/static/another.css")).status == 404


async def test_a_refusal_leads_to_the_first_page(party: RelyingParty) -> None:
    page = await party.get(ORIGIN + "/return/unknown?response_code=x")
    assert page.status == 400
    assert '<a class="button button-quiet" href="/">To the first page</a>' in page.body.decode()


@pytest.mark.parametrize(("profile", "target"), [("haip", "haip-vp://"), ("plain", "openid4vp://")])
def test_a_link_is_of_the_scheme_of_its_profile(profile: str, target: str) -> None:
    """HAIP 1.0 section 5.1; OpenID4VP 1.0 section 13.1.2."""
    assert link_target(PROFILES[profile]) == target


async def test_after_an_hour_nothing_is_left_of_a_session(party: RelyingParty) -> None:
    session, back = await party.answered()
    await party.get(back)
    await party.result(session)
    assert (await party.result(session))["state"] == "collected"
    party.clock.advance(OUTCOME_SECONDS)
    assert (await party.call("GET", f"/requests/{session}")).status == 400
