"""What a wallet is asked for, and what the service gets of it."""

import pytest
from zegel_testing.authorities import fixed_random
from zegel_testing.sign_in import (
    ADA_MDOC,
    ADA_SD_JWT,
    NAMESPACE,
    SECRET,
    STABLE,
    answered,
    mdoc_answer,
    presentation,
    registered,
    sd_jwt_answer,
)

from zegel.formats.credential import Format
from zegel.primitives.json import encode_json
from zegel.protocols.oidc.claims import SCOPES, build_sign_in_query, read_person
from zegel.protocols.oidc.client import ClaimSource, RegisteredClient
from zegel.protocols.oidc.subject import StableFrom
from zegel.protocols.openid4vp.dcql import build_query, parse_query
from zegel.protocols.openid4vp.satisfaction import check_answer

EVERYTHING = {
    "family_name": "Brückner",
    "given_name": "Ada",
    "birthdate": "1990-02-28",
    "nationalities": ["UT", "AT"],
    "address": {"locality": "Hythloday", "country": "UT"},
    "email": "ada@utopia.example",
}


def as_sent(client: RegisteredClient, *, scope=SCOPES):
    query = build_sign_in_query(client, scope=scope)
    sent = build_query(query)
    assert parse_query(encode_json(sent)) == query
    return sent


def claims_of(answer, client: RegisteredClient | None = None, scope=SCOPES):
    client = client or registered()
    return read_person(client, scope=scope, answer=answer, secret=SECRET, random=fixed_random()).claims


def mapping(**claims: tuple[str, ...]) -> RegisteredClient:
    return registered(claims={name: ClaimSource(attestation="pid", claims=ids) for name, ids in claims.items()})


def test_the_query_offers_both_formats_as_alternatives() -> None:
    query = as_sent(registered(), scope=("openid", "email"))
    assert query == {
        "credentials": [
            {
                "id": "pid-sd-jwt",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": ["urn:eudi:pid:1"]},
                "claims": [{"path": ["email"]}],
            },
            {
                "id": "pid-mdoc",
                "format": "mso_mdoc",
                "meta": {"doctype_value": NAMESPACE},
                "claims": [{"path": [NAMESPACE, "email_address"], "intent_to_retain": True}],
            },
        ],
        "credential_sets": [{"options": [["pid-sd-jwt"], ["pid-mdoc"]]}],
    }


def test_the_query_names_only_the_claims_that_the_scopes_reach() -> None:
    def paths(*scope: str) -> list[list[str | None]]:
        return [claim["path"] for claim in as_sent(registered(), scope=scope)["credentials"][0]["claims"]]

    assert paths("openid", "profile") == [["family_name"], ["given_name"], ["birthdate"], ["nationalities", None]]
    assert paths("openid", "address") == [["address", "locality"], ["address", "country"]]


def test_a_format_that_lacks_a_claim_is_not_offered() -> None:
    query = as_sent(mapping(house=("resident_house_number",)), scope=SCOPES)
    assert [credential["format"] for credential in query["credentials"]] == ["dc+sd-jwt"]
    assert query["credential_sets"] == [{"options": [["pid-sd-jwt"]]}]


def test_with_no_claim_to_ask_for_the_attestation_itself_is_asked_for() -> None:
    query = as_sent(registered(), scope=("openid",))
    assert [credential["id"] for credential in query["credentials"]] == ["pid-sd-jwt", "pid-mdoc"]
    assert all("claims" not in credential for credential in query["credentials"])


def test_a_claim_is_asked_for_once() -> None:
    client = registered(
        STABLE, claims={"tax_number": ClaimSource(attestation="pid", claims=("personal_administrative_number",))}
    )
    assert len(as_sent(client, scope=SCOPES)["credentials"][0]["claims"]) == 1


def test_each_attestation_has_its_own_set() -> None:
    client = registered(
        StableFrom(attestation="diploma", claims=("student_number",)),
        claims={"family_name": ClaimSource(attestation="pid", claims=("family_name",))},
    )
    query = as_sent(client, scope=SCOPES)
    assert query["credential_sets"] == [
        {"options": [["diploma-sd-jwt"]]},
        {"options": [["pid-sd-jwt"], ["pid-mdoc"]]},
    ]
    diploma = presentation({"student": {"number": 7}}, type_="urn:utopia:diploma:1")
    person = read_person(
        client,
        scope=SCOPES,
        answer=answered(diploma_sd_jwt=diploma, pid_mdoc=presentation(ADA_MDOC, Format.MDOC)),
        secret=SECRET,
        random=fixed_random(),
    )
    assert person.claims == {"family_name": "Brückner"}
    assert person.attestations == ("diploma", "pid")


@pytest.mark.parametrize("answer", [sd_jwt_answer(), mdoc_answer()], ids=["sd-jwt", "mdoc"])
def test_both_formats_give_the_service_the_same_claims(answer) -> None:
    assert claims_of(answer) == EVERYTHING


def test_the_service_gets_no_claim_beyond_its_scopes() -> None:
    assert claims_of(sd_jwt_answer(), scope=("openid", "email")) == {"email": "ada@utopia.example"}


def test_a_claim_that_is_missing_or_empty_is_left_out() -> None:
    claims = ADA_SD_JWT | {"family_name": "", "birthdate": None, "nationalities": []}
    del claims["given_name"], claims["address"]
    assert claims_of(sd_jwt_answer(claims)) == {"email": "ada@utopia.example"}


def test_several_sources_are_joined_to_a_name() -> None:
    client = mapping(name=("given_name", "family_name"))
    assert claims_of(mdoc_answer(), client) == {"name": "Ada Brückner"}
    assert claims_of(sd_jwt_answer(ADA_SD_JWT | {"given_name": ""}), client) == {"name": "Brückner"}


def test_a_portrait_becomes_a_picture_in_either_format() -> None:
    client = mapping(picture=("portrait",))
    url = "data:image/jpeg;base64,/9j/"
    assert claims_of(mdoc_answer(), client) == {"picture": url}
    assert claims_of(sd_jwt_answer({"picture": url}), client) == {"picture": url}


def test_a_portrait_that_was_opted_out_of_is_left_out() -> None:
    assert (
        claims_of(mdoc_answer({NAMESPACE: ADA_MDOC[NAMESPACE] | {"portrait": b""}}), mapping(picture=("portrait",)))
        == {}
    )


def test_bytes_under_another_name_become_base64url() -> None:
    assert claims_of(mdoc_answer(), mapping(face=("portrait",))) == {"face": "_9j_"}


def test_numbers_stay_numbers() -> None:
    assert claims_of(mdoc_answer(), mapping(sex=("sex",))) == {"sex": 2}


@pytest.mark.parametrize(
    ("id_", "claims", "format_"),
    [("pid-sd-jwt", ADA_SD_JWT, Format.SD_JWT_VC), ("pid-mdoc", ADA_MDOC, Format.MDOC)],
)
def test_what_the_verifier_accepts_for_the_query_is_read(id_: str, claims, format_: Format) -> None:
    client = registered(STABLE)
    answer = check_answer(build_sign_in_query(client, scope=SCOPES), {id_: [presentation(claims, format_)]})
    assert claims_of(answer, client) == EVERYTHING
