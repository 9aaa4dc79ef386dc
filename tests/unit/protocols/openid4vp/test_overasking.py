"""Over-asking: everything that a query could make a wallet disclose, against what is registered (RPRC_21)."""

from typing import Any, Final

import pytest

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.protocols.openid4vp.dcql import DcqlQuery, parse_query
from zegel.protocols.openid4vp.overasking import AskedClaim, asked_claims, check_registered, unregistered_claims
from zegel.trust.registration.credentials import RegisteredCredential

PID: Final = "urn:eudi:pid:1"
MDOC_PID: Final = "eu.europa.ec.eudi.pid.1"
DIPLOMA: Final = "urn:utopia:diploma:1"


def sd_jwt(*paths: list[Any], name: str = "pid", types: tuple[str, ...] = (PID,), **members: Any) -> dict[str, Any]:
    """A query for claims of an SD-JWT VC, each under the id that is its first name."""
    asked = {"claims": [{"id": f"c{at}", "path": path} for at, path in enumerate(paths)]} if paths else {}
    return {"id": name, "format": "dc+sd-jwt", "meta": {"vct_values": list(types)}, **asked, **members}


def mdoc(*elements: str, name: str = "mdoc", **members: Any) -> dict[str, Any]:
    """The same of an mdoc, whose namespace is its type."""
    claims = [{"id": f"c{at}", "path": [MDOC_PID, element]} for at, element in enumerate(elements)]
    asked = {"claims": claims} if elements else {}
    return {"id": name, "format": "mso_mdoc", "meta": {"doctype_value": MDOC_PID}, **asked, **members}


def query(*credentials: dict[str, Any], sets: list[Any] | None = None) -> DcqlQuery:
    """A query of these, in these credential sets."""
    return parse_query({"credentials": list(credentials), **({} if sets is None else {"credential_sets": sets})})


def of_sd_jwt(*paths: tuple[Any, ...], types: tuple[str, ...] = (PID,)) -> RegisteredCredential:
    return RegisteredCredential(format="dc+sd-jwt", types=types, claims=paths)


def of_mdoc(*elements: str) -> RegisteredCredential:
    return RegisteredCredential(
        format="mso_mdoc", types=(MDOC_PID,), claims=tuple((MDOC_PID, name) for name in elements)
    )


NAMES: Final = of_sd_jwt(("family_name",), ("given_name",))
ELEMENTS: Final = of_mdoc("family_name", "given_name")


def beyond(asked: DcqlQuery, *registered: RegisteredCredential, **changes: Any) -> list[tuple[str, tuple[Any, ...]]]:
    """What is asked beyond the registration: query id and path."""
    found = unregistered_claims(asked, registered, **{"concerned": (), "extended": {}, **changes})
    return [(each.query_id, each.path) for each in found]


ANY: Final[list[Any]] = [{"options": [["pid"], ["mdoc"]]}]
FAIR: Final = {
    "the same": (query(sd_jwt(["family_name"], ["given_name"]), mdoc("family_name")), (NAMES, ELEMENTS)),
    "a subset": (query(sd_jwt(["family_name"])), (NAMES,)),
    "a child of what is registered": (query(sd_jwt(["address", "locality"])), (of_sd_jwt(("address",)),)),
    "an entry of all that are registered": (
        query(sd_jwt(["nationalities", 0])),
        (of_sd_jwt(("nationalities", None)),),
    ),
    "every entry of a parent": (query(sd_jwt(["nationalities", None])), (of_sd_jwt(("nationalities",)),)),
    "a member of every entry": (query(sd_jwt(["degrees", None, "type"])), (of_sd_jwt(("degrees", None, "type")),)),
    "an array that has to be one, beside every entry of it": (
        query(sd_jwt(["nationalities", None], ["nationalities"], ["places", 0, None], ["places", 0])),
        (of_sd_jwt(("nationalities", None), ("places", 0, None)),),
    ),
    "what no credential can be": (
        query(sd_jwt(["address", "locality"], ["address", None], claim_sets=[["c0", "c1"]]), mdoc(), sets=ANY),
        (of_sd_jwt(), of_mdoc()),
    ),
    "what no credential can be in an entry of all": (
        query(sd_jwt(["degrees", 0, "type"], ["degrees", None, None])),
        (of_sd_jwt(),),
    ),
    "beside what no credential can be": (
        query(sd_jwt(["a", 0], ["a", "b"]), mdoc("portrait"), sets=[{"options": [["pid", "mdoc"]], "required": False}]),
        (of_sd_jwt(), of_mdoc()),
    ),
    "instead of what is required and no credential can be": (
        query(sd_jwt(["a", 0], ["a", "b"]), mdoc("portrait"), sets=[{"options": [["pid"]]}, *ANY]),
        (of_sd_jwt(), of_mdoc()),
    ),
    "an element of a registered namespace": (
        query(mdoc("portrait")),
        (RegisteredCredential(format="mso_mdoc", types=(MDOC_PID,), claims=((MDOC_PID,),)),),
    ),
    "no claims of a registered type": (query(sd_jwt(), mdoc()), (of_sd_jwt(), of_mdoc())),
    "a claim that no claim set has": (
        query(sd_jwt(["family_name"], ["picture"], claim_sets=[["c0"]])),
        (NAMES,),
    ),
    "a credential that no credential set has": (
        query(sd_jwt(["family_name"]), sd_jwt(["picture"], name="other"), sets=[{"options": [["pid"]]}]),
        (NAMES,),
    ),
    "registered in two entries": (
        query(sd_jwt(["family_name"], ["email"])),
        (NAMES, of_sd_jwt(("email",))),
    ),
    "values and several credentials of it": (
        query(
            {
                **sd_jwt(["family_name"]),
                "multiple": True,
                "claims": [{"path": ["family_name"], "values": ["Example"]}],
            }
        ),
        (NAMES,),
    ),
    "a foreign format as it is registered": (
        query({"id": "ld", "format": "ldp_vc", "meta": {"type_values": [["A"]]}, "claims": [{"path": ["a"]}]}),
        (RegisteredCredential(format="ldp_vc", claims=(("a",),), foreign_meta={"type_values": [["A"]]}),),
    ),
}


@pytest.mark.parametrize(("asked", "registered"), FAIR.values(), ids=FAIR)
def test_what_is_registered_may_be_asked_for(asked: DcqlQuery, registered: tuple[RegisteredCredential, ...]) -> None:
    assert beyond(asked, *registered) == []
    assert check_registered(asked, registered, concerned=(), extended={}) is asked


UNFAIR: Final = {
    "superset of an sd-jwt": (
        query(sd_jwt(["family_name"], ["picture"])),
        (NAMES,),
        [("pid", ("picture",))],
    ),
    "superset of an mdoc": (
        query(mdoc("family_name", "portrait")),
        (ELEMENTS,),
        [("mdoc", (MDOC_PID, "portrait"))],
    ),
    "nested path of an sd-jwt": (
        query(sd_jwt(["address", "street_address"])),
        (of_sd_jwt(("address", "locality")),),
        [("pid", ("address", "street_address"))],
    ),
    "the parent of what is registered": (
        query(sd_jwt(["address"])),
        (of_sd_jwt(("address", "locality"), ("address", "country")),),
        [("pid", ("address",))],
    ),
    "nested path of an mdoc": (
        query(mdoc("place_of_birth")),
        (
            RegisteredCredential(
                format="mso_mdoc", types=(MDOC_PID,), claims=(("org.iso.18013.5.1", "place_of_birth"),)
            ),
        ),
        [("mdoc", (MDOC_PID, "place_of_birth"))],
    ),
    "null wildcard": (
        query(sd_jwt(["nationalities", None])),
        (of_sd_jwt(("nationalities", 0), ("nationalities", 1)),),
        [("pid", ("nationalities", None))],
    ),
    "null wildcard of a member": (
        query(sd_jwt(["degrees", None])),
        (of_sd_jwt(("degrees", None, "type")),),
        [("pid", ("degrees", None))],
    ),
    "an array that may be empty, or none": (
        query(sd_jwt(["nationalities"])),
        (of_sd_jwt(("nationalities", None)),),
        [("pid", ("nationalities",))],
    ),
    "an array that another claim set leads into": (
        query(sd_jwt(["nationalities"], ["nationalities", 0], claim_sets=[["c1"], ["c0"], ["c0", "c1"]])),
        (of_sd_jwt(("nationalities", None)),),
        [("pid", ("nationalities",))],
    ),
    "arrays of which some may be empty": (
        query(sd_jwt(["degrees", None], ["degrees", None, None])),
        (of_sd_jwt(("degrees", None, None)),),
        [("pid", ("degrees", None))],
    ),
    "paths that cross": (  # degrees[0] may have one entry
        query(sd_jwt(["degrees", 0, None, "type"], ["degrees", None, 1, 0])),
        (of_sd_jwt(("degrees", 0)),),
        [("pid", ("degrees", None, 1, 0))],
    ),
    "another entry": (
        query(sd_jwt(["nationalities", 1])),
        (of_sd_jwt(("nationalities", 0)),),
        [("pid", ("nationalities", 1))],
    ),
    "claim_sets trick with an sd-jwt": (
        query(sd_jwt(["family_name"], ["picture"], claim_sets=[["c0"], ["c1"]])),
        (NAMES,),
        [("pid", ("picture",))],
    ),
    "claim_sets trick with an mdoc": (
        query(mdoc("family_name", "portrait", claim_sets=[["c0"], ["c0", "c1"]])),
        (ELEMENTS,),
        [("mdoc", (MDOC_PID, "portrait"))],
    ),
    "credential_sets trick with another option": (
        query(
            sd_jwt(["family_name"]),
            mdoc("portrait"),
            sets=[{"options": [["pid"], ["mdoc"]]}],
        ),
        (NAMES, ELEMENTS),
        [("mdoc", (MDOC_PID, "portrait"))],
    ),
    "credential_sets trick with what is optional": (
        query(
            mdoc("family_name"),
            sd_jwt(["picture"]),
            sets=[{"options": [["mdoc"]]}, {"options": [["pid"]], "required": False}],
        ),
        (NAMES, ELEMENTS),
        [("pid", ("picture",))],
    ),
    "wrong intended use": (
        query(sd_jwt(["family_name"], ["given_name"])),
        (of_sd_jwt(("birthdate",)),),
        [("pid", ("family_name",)), ("pid", ("given_name",))],
    ),
    "wrong intended use of an mdoc": (
        query(mdoc("family_name", "given_name")),
        (of_mdoc("birth_date"), NAMES),
        [("mdoc", (MDOC_PID, "family_name")), ("mdoc", (MDOC_PID, "given_name"))],
    ),
    "another type": (
        query(sd_jwt(["family_name"], types=(DIPLOMA,))),
        (NAMES,),
        [("pid", ("family_name",))],
    ),
    "another format": (
        query(mdoc("family_name")),
        (NAMES,),
        [("mdoc", (MDOC_PID, "family_name"))],
    ),
    "no claims of another type": (query(sd_jwt(types=(DIPLOMA,))), (NAMES,), [("pid", ())]),
    "nothing registered at all": (query(mdoc("family_name")), (), [("mdoc", (MDOC_PID, "family_name"))]),
    "no claims registered of the type": (query(sd_jwt(["family_name"])), (of_sd_jwt(),), [("pid", ("family_name",))]),
    "a foreign format with another meaning": (
        query({"id": "ld", "format": "ldp_vc", "meta": {"type_values": [["B"]]}}),
        (RegisteredCredential(format="ldp_vc", foreign_meta={"type_values": [["A"]]}),),
        [("ld", ())],
    ),
    "values change nothing": (
        query({**sd_jwt(["family_name"]), "claims": [{"path": ["picture"], "values": ["x"]}]}),
        (NAMES,),
        [("pid", ("picture",))],
    ),
}


@pytest.mark.parametrize(("asked", "registered", "found"), UNFAIR.values(), ids=UNFAIR)
def test_exactly_what_is_asked_for_beyond_the_registration_is_listed(
    asked: DcqlQuery, registered: tuple[RegisteredCredential, ...], found: list[Any]
) -> None:
    """RPRC_21, CIR 2025/848."""
    assert beyond(asked, *registered) == found
    with pytest.raises(Rejected) as refusal:
        check_registered(asked, registered, concerned=(), extended={})
    assert refusal.value.check is Check.OVER_ASKING


def test_one_of_two_types_that_is_not_registered_is_listed_alone() -> None:
    asked = query(sd_jwt(["family_name"], types=(PID, DIPLOMA)))
    (found,) = unregistered_claims(asked, (NAMES,), concerned=(), extended={})
    assert found == AskedClaim(query_id="pid", format="dc+sd-jwt", type=DIPLOMA, path=("family_name",))


def test_whoever_registered_a_type_may_ask_for_what_extends_it() -> None:
    asked = query(sd_jwt(["family_name"], types=("urn:eudi:pid:ut:1",)))
    assert beyond(asked, NAMES) == [("pid", ("family_name",))]
    assert beyond(asked, NAMES, extended={"urn:eudi:pid:ut:1": {PID}}) == []
    assert beyond(query(sd_jwt(["family_name"])), of_sd_jwt(("family_name",), types=("urn:eudi:pid:ut:1",))) != []


def test_what_a_certificate_does_not_concern_is_not_registered_by_it() -> None:
    """OpenID4VP 1.0 section 5.11: credential_ids."""
    asked = query(sd_jwt(["family_name"]), mdoc("family_name"))
    assert beyond(asked, NAMES, ELEMENTS, concerned=("pid",)) == [("mdoc", (MDOC_PID, "family_name"))]


def test_all_that_an_answer_could_disclose_is_told_once_a_type() -> None:
    asked = query(
        sd_jwt(["a"], ["b", None], types=(PID, DIPLOMA), claim_sets=[["c0"], ["c0", "c1"]]), mdoc(name="unused")
    )
    assert [(each.type, each.path) for each in asked_claims(asked)] == [
        (PID, ("a",)),
        (PID, ("b", None)),
        (DIPLOMA, ("a",)),
        (DIPLOMA, ("b", None)),
        (MDOC_PID, ()),
    ]


def test_the_refusal_names_what_is_not_registered_and_never_more_than_a_person_reads() -> None:
    asked = query(sd_jwt(["address", None, 0], *([f"claim_{number}"] for number in range(9))))
    with pytest.raises(Rejected) as refusal:
        check_registered(asked, (NAMES,), concerned=(), extended={})
    assert refusal.value.detail.startswith(f"not registered: {PID} address.*.0, {PID} claim_0, ")
    assert refusal.value.detail.endswith(" and 2 more")
