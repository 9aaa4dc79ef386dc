"""What the verifier accepts as an answer to its query, and what it keeps of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from zegel_testing.openid4vp import (
    ACCOUNT,
    ADDRESS,
    MDL,
    MDL_NAMESPACE,
    NAME_QUERY,
    PID,
    PID_CLAIMS,
    TICKET,
    credential,
    mdoc_query,
    presented,
    query_of,
    sd_jwt_query,
    shown,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.claims import Claims
from zegel.formats.credential import CurrentPresentation, Status
from zegel.primitives.encoding import base64url
from zegel.protocols.openid4vp.satisfaction import Current, check_answer


def kept(query: Any, claims: Claims) -> Claims:
    """The claims that are accepted from an SD-JWT VC which discloses ``claims``."""
    answer = check_answer(query, {"pid": [presented(credential(claims=claims))]})
    return answer.presentations["pid"][0].credential.claims


def refusal(query: Any, answer: Mapping[str, Sequence[Current]]) -> Rejected:
    with pytest.raises(Rejected) as caught:
        check_answer(query, answer)
    return caught.value


def test_what_was_not_asked_for_is_dropped() -> None:
    assert kept(NAME_QUERY, PID_CLAIMS) == {"family_name": "Lovelace", "given_name": "Ada"}
    assert kept(query_of(sd_jwt_query("pid")), PID_CLAIMS) == {}
    nested = query_of(sd_jwt_query("pid", ("address", "country"), ("nationalities", None)))
    assert kept(nested, PID_CLAIMS) == {"address": {"country": "UT"}, "nationalities": ["UT", "NL"]}
    assert kept(query_of(sd_jwt_query("pid", "address")), PID_CLAIMS) == {"address": ADDRESS}


def test_of_a_list_the_entries_that_were_asked_for_are_kept() -> None:
    wanted = [{"path": ["nationalities", None], "values": ["NL"]}]
    assert kept(query_of(sd_jwt_query("pid", claims=wanted)), PID_CLAIMS) == {"nationalities": ["NL"]}
    degrees = {"degrees": [{"type": "BSc", "place": "A"}, {"type": "MSc", "place": "B"}]}
    assert kept(query_of(sd_jwt_query("pid", ("degrees", None, "type"))), degrees) == {
        "degrees": [{"type": "BSc"}, {"type": "MSc"}]
    }


def test_an_index_finds_its_entry_after_those_before_it_were_left_out() -> None:
    asked = query_of(sd_jwt_query("pid", ("nationalities", 1)))
    assert kept(asked, {"nationalities": ["NL"]}) == {"nationalities": ["NL"]}
    assert refusal(asked, {"pid": [presented(credential(claims={"nationalities": []}))]}).check is Check.QUERY_CLAIMS


def test_an_element_of_an_mdoc_is_kept_with_its_bytes() -> None:
    answer = check_answer(query_of(mdoc_query("mdl", "portrait")), {"mdl": [presented(MDL)]})
    assert answer.presentations["mdl"][0].credential.claims == {MDL_NAMESPACE: {"portrait": b"\xff\xd8jpeg"}}


@pytest.mark.requirement("OIA_16")
def test_of_the_copy_neither_key_nor_status_index_nor_time_is_kept() -> None:
    [found] = check_answer(NAME_QUERY, {"pid": [presented(PID)]}).presentations["pid"]
    assert isinstance(found, CurrentPresentation)
    assert found.status is Status.VALID
    assert found.credential.holder_key is None
    assert found.credential.status is None
    assert (found.credential.valid_from, found.credential.valid_until) == (None, None)
    assert found.credential.issuer == PID.issuer


def test_any_of_the_claim_sets_will_do() -> None:
    claims = [{"id": name, "path": [name]} for name in ("a", "b", "c")]
    query = query_of(sd_jwt_query("pid", claims=claims, claim_sets=[["a", "b"], ["c"]]))
    assert kept(query, {"a": 1, "b": 2, "c": 3}) == {"a": 1, "b": 2}
    assert kept(query, {"a": 1, "c": 3}) == {"c": 3}
    assert "b or c" in refusal(query, {"pid": [presented(credential(claims={"a": 1}))]}).detail


SETS = query_of(
    sd_jwt_query("pid", "family_name"),
    mdoc_query("mdl", "family_name"),
    sd_jwt_query("account", "iban", vct="urn:utopia:account:1"),
    credential_sets=[{"options": [["pid"], ["mdl"]]}, {"options": [["account"]], "required": False}],
)


def test_an_optional_set_may_be_answered_or_not() -> None:
    assert check_answer(SETS, {"mdl": [presented(MDL)]}).presentations.keys() == {"mdl"}
    both = check_answer(SETS, {"mdl": [presented(MDL)], "account": [presented(ACCOUNT)]})
    assert both.presentations.keys() == {"mdl", "account"}


def test_a_credential_that_no_option_needs_is_dropped() -> None:
    asked = (sd_jwt_query("pid"), mdoc_query("mdl"), sd_jwt_query("account", vct="urn:utopia:account:1"))
    query = query_of(*asked, credential_sets=[{"options": [["pid"], ["mdl", "account"]]}])
    answer = check_answer(query, {"pid": [presented(PID)], "mdl": [presented(MDL)]})
    assert answer.presentations.keys() == {"pid"}


def test_each_option_that_is_filled_counts() -> None:
    """Nobody says which of them the wallet took."""
    answer = check_answer(SETS, {"pid": [presented(PID)], "mdl": [presented(MDL)]})
    assert answer.presentations.keys() == {"pid", "mdl"}


@pytest.mark.parametrize(
    "others",
    [[{"options": [["mdl", "account"]], "required": False}], [{"options": [["mdl"]]}, {"options": [["account"]]}]],
)
def test_an_option_that_another_set_does_not_answer_counts(others: list[dict[str, object]]) -> None:
    """The wallet took the smaller option, and the larger one for another set."""
    asked = (sd_jwt_query("pid"), mdoc_query("mdl"), sd_jwt_query("account", vct="urn:utopia:account:1"))
    query = query_of(*asked, credential_sets=[{"options": [["pid"], ["mdl", "account"]]}, *others])
    answer = {"pid": [presented(PID)], "mdl": [presented(MDL)], "account": [presented(ACCOUNT)]}
    assert check_answer(query, answer).presentations.keys() == answer.keys()


@pytest.mark.parametrize("answer", [{}, {"account": [presented(ACCOUNT)]}, {"pid": []}])
def test_a_required_set_that_is_not_answered_is_missed(answer: Any) -> None:
    refused = refusal(SETS, answer)
    assert (refused.check, refused.field) == (Check.QUERY, "credential_sets[0]")


def test_a_credential_that_is_not_presented_is_missed() -> None:
    refused = refusal(query_of(sd_jwt_query("pid"), mdoc_query("mdl")), {"pid": [presented(PID)]})
    assert (refused.check, refused.field) == (Check.QUERY, "vp_token")


def test_several_presentations_are_each_held_against_the_query() -> None:
    query = query_of(sd_jwt_query("pid", "family_name", multiple=True))
    assert len(check_answer(query, {"pid": [presented(PID), presented(PID)]}).presentations["pid"]) == 2
    assert refusal(query, {"pid": [presented(PID), presented(ACCOUNT)]}).check is Check.QUERY_TYPE


def test_another_type_or_format_is_refused() -> None:
    assert refusal(NAME_QUERY, {"pid": [presented(ACCOUNT)]}).check is Check.QUERY_TYPE
    assert refusal(NAME_QUERY, {"pid": [presented(MDL)]}).check is Check.QUERY_TYPE


def test_an_issuer_under_another_authority_is_refused() -> None:
    trusted = [{"type": "aki", "values": [base64url(b"another authority")]}]
    query = query_of(sd_jwt_query("pid", trusted_authorities=trusted))
    assert refusal(query, {"pid": [presented(PID)]}).check is Check.TRUSTED_AUTHORITY


def test_a_value_that_was_not_asked_for_is_refused() -> None:
    query = query_of(sd_jwt_query("pid", claims=[{"path": ["family_name"], "values": ["Byron"]}]))
    refused = refusal(query, {"pid": [presented(PID)]})
    assert refused.check is Check.QUERY_CLAIMS
    assert "Byron" not in refused.detail
    assert "Lovelace" not in refused.detail


def test_a_missing_claim_is_named_by_its_path() -> None:
    query = query_of(sd_jwt_query("pid", ("degrees", None, "type")))
    assert "degrees/*/type" in refusal(query, {"pid": [presented(PID)]}).detail


def test_holder_binding_that_was_asked_for_is_there() -> None:
    assert refusal(NAME_QUERY, {"pid": [shown(PID)]}).check is Check.HOLDER_BINDING


def test_an_answer_without_holder_binding_is_never_among_those_with_it() -> None:
    query = query_of(
        sd_jwt_query("pid"), sd_jwt_query("ticket", vct=TICKET.type, require_cryptographic_holder_binding=False)
    )
    answer = check_answer(query, {"pid": [presented(PID)], "ticket": [shown(TICKET)]})
    assert answer.presentations.keys() == {"pid"}
    assert answer.unbound.keys() == {"ticket"}
