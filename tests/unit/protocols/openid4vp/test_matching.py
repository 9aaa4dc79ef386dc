"""What a wallet can answer to a query, and what a choice makes of it."""

from dataclasses import replace

import pytest
from msgspec import structs
from zegel_testing.openid4vp import (
    ACCOUNT,
    MDL,
    MDL_NAMESPACE,
    PID,
    PID_CLAIMS,
    TICKET,
    credential,
    held,
    mdoc_query,
    query_of,
    sd_jwt_query,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format, VerifiedCredential
from zegel.primitives.keys import Algorithm
from zegel.protocols.openid4vp.dcql import DcqlQuery
from zegel.protocols.openid4vp.matching import (
    MAX_PRESENTATIONS,
    Choice,
    Disclosure,
    QueryMatch,
    check_choice,
    default_choice,
    match_query,
)


def match(query: DcqlQuery, *credentials: VerifiedCredential, without_pid: tuple[str, ...] = ()) -> QueryMatch:
    return match_query(query, held(*credentials), formats=tuple(Format), issuer_algorithms={}, without_pid=without_pid)


def choose(*options: tuple[str, ...] | None, **held: tuple[str, ...]) -> Choice:
    return Choice(options=options, held=held)


def refusal(found: QueryMatch, choice: Choice) -> Rejected:
    with pytest.raises(Rejected) as caught:
        check_choice(found, choice)
    assert caught.value.check is Check.HELD
    return caught.value


EITHER = query_of(
    sd_jwt_query("pid", "family_name"),
    mdoc_query("mdl", "family_name"),
    sd_jwt_query("account", vct="urn:utopia:account:1"),
    credential_sets=[{"options": [["pid"], ["mdl"]]}, {"options": [["account"]], "required": False}],
)


def test_a_type_is_matched_by_itself_and_by_what_it_extends() -> None:
    domestic = credential("urn:eudi:pid:ut:1", types=("urn:eudi:pid:1",))
    found = match(query_of(sd_jwt_query("pid")), domestic, ACCOUNT)
    assert [candidate.held.id for candidate in found.candidates("pid")] == ["1"]


def test_a_doctype_is_what_it_is() -> None:
    other = credential("utopia.mdl", {MDL_NAMESPACE: {}}, format_=Format.MDOC, types=("org.iso.18013.5.1.mDL",))
    assert match(query_of(mdoc_query("mdl")), other).candidates("mdl") == ()


def test_what_is_bound_to_nobody_answers_only_where_that_will_do() -> None:
    strict, lax = (
        query_of(sd_jwt_query("ticket", "seat", vct=TICKET.type, require_cryptographic_holder_binding=required))
        for required in (True, False)
    )
    assert match(strict, TICKET).candidates("ticket") == ()
    [candidate] = match(lax, TICKET).candidates("ticket")
    assert candidate.paths == (("seat",),)


def test_only_the_verifiers_formats_are_offered() -> None:
    query = query_of(sd_jwt_query("pid"), mdoc_query("mdl"))
    found = match_query(query, held(PID, MDL), formats={"mso_mdoc"}, issuer_algorithms={}, without_pid=())
    assert found.candidates("pid") == ()
    assert len(found.candidates("mdl")) == 1


@pytest.mark.parametrize(
    ("algorithm", "taken", "count"),
    [
        (Algorithm.ES256, {}, 1),
        (Algorithm.ES256, {"mso_mdoc": frozenset()}, 1),
        (Algorithm.ES256, {"dc+sd-jwt": frozenset({Algorithm.ES256, Algorithm.ES384})}, 1),
        (Algorithm.ES256, {"dc+sd-jwt": frozenset({Algorithm.ES384})}, 0),
        (Algorithm.ES384, {"dc+sd-jwt": frozenset()}, 0),
        (None, {"dc+sd-jwt": frozenset({Algorithm.ES384})}, 1),
    ],
)
def test_what_the_verifier_cannot_verify_is_not_offered(
    algorithm: Algorithm | None, taken: dict[str, frozenset[Algorithm]], count: int
) -> None:
    """OpenID4VP 1.0 sections B.2.2 and B.3.4: it names the algorithms of the issuers."""
    pid = structs.replace(PID, issuer=replace(PID.issuer, algorithm=algorithm))
    query = query_of(sd_jwt_query("pid"))
    found = match_query(query, held(pid), formats=tuple(Format), issuer_algorithms=taken, without_pid=())
    assert len(found.candidates("pid")) == count


def test_no_pid_where_none_may_be() -> None:
    query = query_of(sd_jwt_query("pid"), sd_jwt_query("account", vct="urn:utopia:account:1"))
    assert match(query, PID, ACCOUNT, without_pid=("pid", "account")).missing == ("pid",)


@pytest.mark.requirement("OIA_07")
def test_a_null_path_discloses_the_entries_whose_value_was_asked_for() -> None:
    claims = [{"path": ["nationalities", None], "values": ["NL", "BE"]}]
    [candidate] = match(query_of(sd_jwt_query("pid", claims=claims)), PID).candidates("pid")
    assert candidate.claims == ((("nationalities", 1), "NL"),)
    [candidate] = match(query_of(sd_jwt_query("pid", ("nationalities", None))), PID).candidates("pid")
    assert candidate.paths == (("nationalities", 0), ("nationalities", 1))


@pytest.mark.parametrize(
    ("name", "value", "matches"),
    [
        ("sex", 2, True),
        ("height", 168, True),
        ("height", 167, False),
        ("sex", "2", False),
        ("sex", True, False),
        ("over_18", True, True),
        ("over_18", 1, False),
    ],
)
def test_type_and_value_both_match_exactly(name: str, value: str | int | bool, matches: bool) -> None:
    claims = [{"path": [name], "values": [value]}]
    pid = credential(claims=PID_CLAIMS | {"height": 168.0})  # in JSON the same number as 168
    assert bool(match(query_of(sd_jwt_query("pid", claims=claims)), pid).candidates("pid")) is matches


def test_a_byte_string_is_matched_as_base64url() -> None:
    claims = [{"path": [MDL_NAMESPACE, "portrait"], "values": ["_9hqcGVn"]}]
    assert match(query_of(mdoc_query("mdl", claims=claims)), MDL).candidates("mdl")


def test_an_unknown_query_id_has_no_candidates() -> None:
    assert match(EITHER, PID).candidates("other") == ()


def test_the_default_is_the_first_option_with_its_first_candidate() -> None:
    assert default_choice(match(EITHER, PID, MDL, PID)) == choose(("pid",), None, pid=("1",))
    assert default_choice(match(EITHER, MDL)) == choose(("mdl",), None, mdl=("1",))


PID_ASKED, MDL_ASKED = sd_jwt_query("pid"), mdoc_query("mdl")
ACCOUNT_ASKED = sd_jwt_query("account", vct="urn:utopia:account:1")


def default_of(*sets: tuple[list[list[str]], bool], signers: tuple[tuple[str, ...], ...] = ()) -> Choice:
    described = [{"options": options, "required": required} for options, required in sets]
    query = query_of(PID_ASKED, MDL_ASKED, ACCOUNT_ASKED, credential_sets=described)
    found = replace(match(query, PID, MDL, ACCOUNT), signers=signers)
    assert check_choice(found, default_choice(found))
    return default_choice(found)


def test_the_default_has_somebody_who_signs_the_transaction_data() -> None:
    """OpenID4VP 1.0 section 5.1: one of the credentials that it names has to."""
    signers = (("account",),)
    assert default_of(([["pid"], ["account"]], True), signers=signers) == choose(("account",), account=("3",))
    optional = default_of(([["pid"]], True), ([["mdl"], ["account"]], False), signers=signers)
    assert optional == choose(("pid",), ("account",), pid=("1",), account=("3",))
    already = default_of(([["pid"], ["mdl"]], True), ([["account"]], True), ([["account"]], False), signers=signers)
    assert already == choose(("pid",), ("account",), None, pid=("1",), account=("3",))
    both = (("account",), ("mdl", "account"))
    assert default_of(([["mdl"], ["account"]], True), signers=both) == choose(("account",), account=("3",))
    alone = default_of(([["pid"]], True), ([["mdl"]], False), ([["account"]], False), signers=both)
    assert alone == choose(("pid",), None, ("account",), pid=("1",), account=("3",))


def test_where_nobody_who_is_held_signs_what_is_preferred_is_proposed_and_refused() -> None:
    query = query_of(PID_ASKED, MDL_ASKED, credential_sets=[{"options": [["pid"], ["mdl"]]}])
    found = replace(match(query, PID, MDL), signers=(("other",),))
    assert default_choice(found) == choose(("pid",), pid=("1",))
    assert "signs" in refusal(found, default_choice(found)).detail


@pytest.mark.parametrize(("optional", "proposed"), [(9, "mdl"), (10, "pid"), (30, "pid")])
def test_of_very_many_ways_the_first_thousand_are_looked_at(optional: int, proposed: str) -> None:
    """Each optional set doubles those before the one that signs."""
    either, added = {"options": [["pid"], ["mdl"]]}, {"options": [["account"]], "required": False}
    query = query_of(PID_ASKED, MDL_ASKED, ACCOUNT_ASKED, credential_sets=[either, *[added] * optional])
    found = replace(match(query, PID, MDL, ACCOUNT), signers=(("mdl",),))
    assert default_choice(found).held.keys() == {proposed}


@pytest.mark.parametrize(
    ("sets", "options"),
    [
        ([{"options": [["pid"], ["mdl", "account"]]}, {"options": [["mdl", "account"]]}], (0, 0)),
        ([{"options": [["pid"], ["mdl", "account"]]}, {"options": [["mdl", "account"]], "required": False}], (0, 0)),
        (
            [
                {"options": [["pid"], ["mdl", "account"]]},
                {"options": [["mdl"]], "required": False},
                {"options": [["account"]], "required": False},
            ],
            (0, 0, 0),
        ),
    ],
)
def test_any_option_of_each_set_may_be_chosen(sets: list[dict[str, object]], options: tuple[int, ...]) -> None:
    """OpenID4VP 1.0 section 6.4.2: one of the options, whatever else is answered."""
    found = match(query_of(PID_ASKED, MDL_ASKED, ACCOUNT_ASKED, credential_sets=sets), PID, MDL, ACCOUNT)
    picked = tuple(set_.options[at] for set_, at in zip(found.sets, options, strict=True))
    assert len(check_choice(found, choose(*picked, pid=("1",), mdl=("2",), account=("3",)))) == 3


@pytest.mark.requirement("OIA_11")
def test_a_choice_becomes_the_disclosures_of_the_credentials_that_were_chosen() -> None:
    found = match(EITHER, PID, PID, MDL, ACCOUNT)
    second = found.candidates("pid")[1].held
    account = found.candidates("account")[0].held
    assert check_choice(found, choose(("pid",), ("account",), pid=("2",), account=("4",), mdl=())) == (
        Disclosure(query_id="pid", held=second, paths=(("family_name",),)),
        Disclosure(query_id="account", held=account, paths=()),
    )


def test_possession_is_proven_wherever_there_is_a_key() -> None:
    lax = query_of(
        sd_jwt_query("pid", require_cryptographic_holder_binding=False),
        sd_jwt_query("ticket", vct=TICKET.type, require_cryptographic_holder_binding=False),
    )
    found = match(lax, PID, TICKET)
    disclosures = check_choice(found, default_choice(found))
    assert [disclosure.holder_binding for disclosure in disclosures] == [True, False]


def test_the_larger_of_two_options_may_be_chosen() -> None:
    query = query_of(sd_jwt_query("pid"), mdoc_query("mdl"), credential_sets=[{"options": [["pid"], ["pid", "mdl"]]}])
    both = choose(("pid", "mdl"), pid=("1",), mdl=("2",))
    assert len(check_choice(match(query, PID, MDL), both)) == 2


def test_a_choice_that_leaves_a_required_set_open_is_refused() -> None:
    found = match(EITHER, PID, ACCOUNT)
    assert "required set" in refusal(found, choose(None, ("account",), account=("2",))).detail
    assert "required set" in refusal(found, choose(("mdl",), None, mdl=("1",))).detail


def test_a_choice_with_more_than_the_query_needs_is_refused() -> None:
    assert "beyond" in refusal(match(EITHER, PID, MDL), choose(("pid",), None, pid=("1",), mdl=("2",))).detail
    assert "beyond" in refusal(match(EITHER, PID), choose(("pid",), None, pid=("1",), other=("1",))).detail
    assert "beyond" in refusal(match(EITHER, PID), choose(("pid",), None)).detail


@pytest.mark.parametrize("chosen", [("3",), ("1", "2"), ("1", "1"), ("9",)])
def test_a_choice_of_what_is_no_single_candidate_is_refused(chosen: tuple[str, ...]) -> None:
    assert refusal(match(EITHER, PID, PID, MDL), choose(("pid",), None, pid=chosen)).field == "choice.pid"


def test_several_may_be_chosen_where_several_are_asked_for() -> None:
    many = query_of(sd_jwt_query("pid", multiple=True))
    found = match(many, *[PID] * (MAX_PRESENTATIONS + 1))
    ids = tuple(candidate.held.id for candidate in found.candidates("pid"))
    assert len(check_choice(found, choose(("pid",), pid=ids[:-1]))) == MAX_PRESENTATIONS
    refusal(found, choose(("pid",), pid=ids))
    refusal(found, choose(("pid",), pid=("1", "1")))


def test_nothing_can_be_chosen_where_something_is_missing() -> None:
    assert "pid, mdl" in refusal(match(EITHER, ACCOUNT), choose(None, ("account",), account=("1",))).detail


def test_a_query_without_sets_wants_everything() -> None:
    found = match(query_of(sd_jwt_query("pid"), mdoc_query("mdl")), PID)
    assert found.missing == ("mdl",)
    assert match(query_of(sd_jwt_query("pid"), mdoc_query("mdl")), PID, MDL).missing == ()


def test_claims_beside_a_missing_one_are_not_disclosed() -> None:
    assert match(query_of(sd_jwt_query("pid", "family_name", "iban")), PID).candidates("pid") == ()
    assert "iban" not in PID_CLAIMS
