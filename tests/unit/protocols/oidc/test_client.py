"""Registrations that hold, and those that do not."""

import pytest
from zegel_testing.sign_in import ATTESTATIONS, CLAIMS, STABLE, a_client, registered

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.protocols.oidc.client import ClaimSource, check_client, drawn_claims
from zegel.protocols.oidc.subject import StableFrom


def pid(*claims: str) -> ClaimSource:
    return ClaimSource(attestation="pid", claims=claims)


def test_a_whole_registration_is_taken() -> None:
    client = registered(STABLE)
    assert client.client == a_client(subject=STABLE)
    assert list(client.attestations) == ["pid"]


def test_the_claims_of_the_subject_are_drawn_first() -> None:
    assert next(drawn_claims(a_client(subject=STABLE))) == ("pid", "personal_administrative_number")


def test_a_registration_may_draw_on_all_that_an_attestation_says() -> None:
    claims = {name: ClaimSource(attestation="diploma", claims=(name,)) for name in ("degree", "student_number")}
    assert list(check_client(a_client(claims=claims), attestations=ATTESTATIONS).attestations) == ["diploma"]


@pytest.mark.parametrize(
    "uri",
    [
        "https://tax.utopia.example/callback?tenant=1",
        "http://tax.localhost:8080/callback",
        "http://localhost/callback",
        "http://127.0.0.1:8080/callback",
        "http://[::1]:8080/callback",
    ],
)
def test_redirect_uris_are_https_or_on_loopback(uri: str) -> None:
    assert registered(redirect_uris=(uri,)).client.redirect_uris == (uri,)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "two words"}, "id"),
        ({"secret_hash": "secret"}, "secret_hash"),
        ({"secret_hash": "not base64url!"}, "secret_hash"),
        ({"redirect_uris": ()}, "redirect_uris"),
        ({"redirect_uris": ("https://ok.example/", "http://tax.utopia.example/")}, "redirect_uris[1]"),
        ({"redirect_uris": ("http://notlocalhost/",)}, "redirect_uris[0]"),
        ({"redirect_uris": ("https://tax.utopia.example/#",)}, "redirect_uris[0]"),
        ({"redirect_uris": ("tax:/callback",)}, "redirect_uris[0]"),
        ({"claims": {}}, "claims"),
        ({"claims": {"sub": pid("family_name")}}, "claims.sub"),
        ({"claims": {"cnf.jwk": pid("family_name")}}, "claims.cnf.jwk"),
        ({"claims": {"Family Name": pid("family_name")}}, "claims.Family Name"),
        ({"claims": {"address.a.b": pid("resident_city")}}, "claims.address.a.b"),
        ({"claims": CLAIMS | {"address": pid("resident_city")}}, "claims.address.locality"),
        ({"claims": {"family_name": pid("surname")}}, "claims.family_name"),
        ({"claims": {"family_name": pid()}}, "claims.family_name"),
        ({"claims": {"degree": ClaimSource(attestation="degree", claims=("degree",))}}, "claims.degree"),
        ({"subject": StableFrom(attestation="passport", claims=("number",))}, "stable_from"),
        # one claim that only the SD-JWT VC has, one that only the mdoc has
        ({"claims": {"a": pid("resident_house_number"), "b": pid("age_over_18")}}, "claims"),
    ],
)
@pytest.mark.refuses(Check.CLIENT_REGISTRATION)
def test_a_registration_with_a_fault_is_refused(changes, field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_client(a_client(**changes), attestations=ATTESTATIONS)
    assert refusal.value.check is Check.CLIENT_REGISTRATION
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("name", "claims", "detail"),
    [
        ("gender", ("sex",), "expected gender to be text, got number"),
        ("locale", ("nationality",), "expected locale to be text, got array"),
        ("zoneinfo", ("birth_place",), "expected zoneinfo to be text, got object"),
        ("birthdate", ("age_over_18",), "expected birthdate to be text, got boolean"),
        ("email_verified", ("email_address",), "expected email_verified to be boolean, got text"),
        ("phone_number_verified", ("sex",), "expected phone_number_verified to be boolean, got number"),
        ("updated_at", ("expiry_date",), "expected updated_at to be number, got text"),
        ("address", ("resident_city",), "expected address to be object, got text"),
        ("address", ("resident_city", "resident_country"), "expected address to be object, got text"),
        ("address.country", ("nationality",), "expected address.country to be text, got array"),
        ("given_name.latin", ("given_name",), "expected given_name to be text, got object"),
    ],
)
@pytest.mark.refuses(Check.CLIENT_REGISTRATION)
def test_a_standard_claim_of_another_kind_is_refused(name: str, claims: tuple[str, ...], detail: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_client(a_client(claims={name: pid(*claims)}), attestations=ATTESTATIONS)
    assert refusal.value.check is Check.CLIENT_REGISTRATION
    assert (refusal.value.field, refusal.value.detail) == (f"claims.{name}", detail)


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("gender", ("family_name",)),
        ("name", ("given_name", "sex")),  # several are joined as text
        ("picture", ("portrait",)),
        ("email_verified", ("age_over_18",)),
        ("address", ("birth_place",)),
        ("address.house_number", ("sex",)),
        ("updated_at", ("sex",)),
        ("sex", ("sex",)),
        ("nationalities", ("nationality",)),
        ("place.of_birth", ("birth_place",)),
    ],
)
def test_a_claim_of_its_kind_and_any_claim_that_is_not_standard_is_taken(name: str, claims: tuple[str, ...]) -> None:
    assert registered(claims={name: pid(*claims)}).client.claims == {name: pid(*claims)}
