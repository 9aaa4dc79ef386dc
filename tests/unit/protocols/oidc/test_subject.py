"""The subject: each sentence that is promised of it."""

from dataclasses import replace
from itertools import combinations

import pytest
from msgspec import structs
from zegel_testing.authorities import fixed_random
from zegel_testing.sign_in import (
    ADA_MDOC,
    ADA_SD_JWT,
    ISSUER,
    NAMESPACE,
    SECRET,
    STABLE,
    answered,
    mdoc_answer,
    presentation,
    registered,
    sd_jwt_answer,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Status, StatusReference
from zegel.protocols.oidc.claims import build_sign_in_query, read_person
from zegel.protocols.oidc.subject import (
    StableFrom,
    SubjectSecret,
    Transient,
    check_subject_source,
    stable_subject,
    transient_subject,
)

OTHER_ISSUER = replace(
    ISSUER,
    entity="Ministry of the Interior of Laputa",
    anchor="CN=Laputa PID authority,2.5.4.97=NTRLP-9,O=Ministry of the Interior,C=LP",
    subject="CN=Laputa PID signer 1,2.5.4.97=NTRLP-9,O=Ministry of the Interior,C=LP",
)


def subject_of(answer=None, client=None, secret=SECRET) -> str:
    client = client or registered(STABLE)
    return read_person(
        client, scope=("openid",), answer=answer or sd_jwt_answer(), secret=secret, random=fixed_random()
    ).subject


def derived(*, sector="s", issuer=ISSUER, source=STABLE, secret=SECRET, **values) -> str:
    values = values or {"personal_administrative_number": "UT-0042"}
    return stable_subject(source, secret=secret, sector=sector, issuer=issuer, values=values)


def test_by_default_every_sign_in_gets_its_own_subject() -> None:
    random = fixed_random()
    client = registered(Transient())
    subjects = {
        read_person(client, scope=("openid",), answer=sd_jwt_answer(), secret=SECRET, random=random).subject
        for _ in range(10)
    }
    assert len(subjects) == 10
    assert {len(subject) for subject in subjects} == {43}


def test_another_copy_has_the_same_subject() -> None:
    assert subject_of(sd_jwt_answer(copy=1)) == subject_of(sd_jwt_answer(copy=2))


def test_the_other_format_has_the_same_subject() -> None:
    assert subject_of(sd_jwt_answer()) == subject_of(mdoc_answer())


def test_a_re_issued_attestation_has_the_same_subject() -> None:
    moved = ADA_SD_JWT | {"address": {"locality": "Amaurot", "country": "UT"}, "family_name": "Vespucci"}
    assert subject_of(sd_jwt_answer(moved, copy=7)) == subject_of()


def test_status_index_and_validity_do_not_enter_the_subject() -> None:
    current = presentation()
    credential = structs.replace(
        current.credential,
        status=StatusReference(uri="https://status.utopia.example/1", index=77),
        valid_from=1,
        valid_until=2,
    )
    answer = answered(pid_sd_jwt=structs.replace(current, credential=credential, status=Status.VALID))
    assert subject_of(answer) == subject_of()


def test_a_renewed_signer_certificate_keeps_the_subject() -> None:
    renewed = replace(
        ISSUER, subject=ISSUER.subject.replace("signer 1", "signer 2"), key_ids=(b"new signer", b"authority")
    )
    assert subject_of(sd_jwt_answer(issuer=renewed)) == subject_of()


def test_a_renewed_authority_keeps_the_subject() -> None:
    renewed = replace(
        ISSUER, anchor=ISSUER.anchor.replace("authority", "authority G2"), key_ids=(b"signer", b"new authority")
    )
    assert subject_of(sd_jwt_answer(issuer=renewed)) == subject_of()


def test_a_certificate_without_organisation_identifier_counts_by_its_whole_name() -> None:
    plain = replace(ISSUER, subject="CN=Signer,O=Ministry,C=UT")
    assert derived(issuer=plain) == derived(issuer=replace(plain, key_ids=(b"renewed",)))
    assert derived(issuer=plain) != derived(issuer=replace(plain, subject="CN=Other,O=Ministry,C=UT"))


def test_a_name_that_no_reader_takes_apart_counts_as_it_stands() -> None:
    assert derived(issuer=replace(ISSUER, subject="?")) != derived(issuer=replace(ISSUER, subject="??"))


def test_a_name_that_spells_an_identifier_is_not_the_identifier() -> None:
    assert derived(issuer=ISSUER) != derived(issuer=replace(ISSUER, subject="CN=NTRUT-1"))


def test_two_clients_have_two_subjects() -> None:
    other = registered(STABLE, id="benefits", redirect_uris=("https://benefits.utopia.example/callback",))
    assert subject_of(client=other) != subject_of()


def test_two_clients_of_one_host_have_two_subjects() -> None:
    assert subject_of(client=registered(STABLE, id="benefits")) != subject_of()


def test_clients_that_share_a_sector_on_purpose_share_the_subject() -> None:
    tax = registered(STABLE, sector="utopia.example")
    benefits = registered(STABLE, id="benefits", sector="utopia.example")
    assert subject_of(client=tax) == subject_of(client=benefits)


def test_no_sector_can_be_spelled_like_a_client() -> None:
    assert subject_of(client=registered(STABLE, sector="client tax-online")) != subject_of()
    assert subject_of(client=registered(STABLE, sector="tax-online")) != subject_of()


def test_the_same_value_from_another_issuer_has_another_subject() -> None:
    assert subject_of(sd_jwt_answer(issuer=OTHER_ISSUER)) != subject_of()


@pytest.mark.parametrize("member", ["entity", "anchor", "subject"])
def test_every_part_of_the_issuers_identity_counts(member: str) -> None:
    other = replace(ISSUER, **{member: getattr(OTHER_ISSUER, member)})
    assert subject_of(sd_jwt_answer(issuer=other)) != subject_of()


def test_the_same_value_of_another_type_has_another_subject() -> None:
    other = replace(STABLE, attestation="residence")
    assert derived(source=other) != derived()


def test_another_value_has_another_subject() -> None:
    assert derived(personal_administrative_number="UT-0043") != derived()


def test_another_secret_has_another_subject() -> None:
    assert subject_of(secret=SubjectSecret(key=bytes(32))) != subject_of()


def test_the_order_of_the_configured_claims_does_not_matter() -> None:
    values = {"a": "1", "b": "2"}
    one, other = (StableFrom(attestation="pid", claims=claims) for claims in (("a", "b"), ("b", "a", "b")))
    assert derived(source=one, **values) == derived(source=other, **values)


def test_nothing_slides_from_one_member_into_the_next() -> None:
    source = StableFrom(attestation="pid", claims=("a", "b"))
    subjects = [
        derived(source=source, a=a, b=b)
        for a, b in [("12", "3"), ("1", "23"), ('1"],["b","2', "3"), ("1", 23), ("1,2", "3"), ("3", "12")]
    ]
    assert all(one != other for one, other in combinations(subjects, 2))


def test_both_spellings_of_an_accent_are_one_value() -> None:
    assert derived(personal_administrative_number="\u00e9-1") == derived(personal_administrative_number="e\u0301-1")


def test_a_number_of_any_size_is_taken() -> None:
    assert derived(personal_administrative_number=10**20) != derived(personal_administrative_number=10**20 + 1)


@pytest.mark.parametrize("value", [None, "", " \t", True, 1.5, b"bytes", ["UT-0042"], {"number": "UT-0042"}])
@pytest.mark.refuses(Check.SUBJECT_VALUE)
def test_a_value_that_could_be_two_peoples_is_refused(value) -> None:
    with pytest.raises(Rejected) as refusal:
        derived(personal_administrative_number=value)
    assert refusal.value.check is Check.SUBJECT_VALUE
    assert refusal.value.field == "personal_administrative_number"


@pytest.mark.refuses(Check.SUBJECT_VALUE)
def test_a_claim_that_is_missing_is_refused() -> None:
    claims = {NAMESPACE: {k: v for k, v in ADA_MDOC[NAMESPACE].items() if k != "personal_administrative_number"}}
    with pytest.raises(Rejected) as refusal:
        subject_of(mdoc_answer(claims))
    assert refusal.value.check is Check.SUBJECT_VALUE


@pytest.mark.parametrize("claims", [("family_name", "birth_date"), ("personal_administrative_number", "sex"), ()])
@pytest.mark.refuses(Check.SUBJECT_SOURCE)
def test_what_the_issuer_does_not_keep_unique_is_refused_at_configuration(claims: tuple[str, ...]) -> None:
    with pytest.raises(Rejected) as refusal:
        registered(StableFrom(attestation="pid", claims=claims))
    assert refusal.value.check is Check.SUBJECT_SOURCE
    assert refusal.value.field == "stable_from"


def test_the_refusal_names_what_would_do() -> None:
    with pytest.raises(Rejected, match=r"that is: personal_administrative_number$"):
        check_subject_source(
            StableFrom(attestation="pid", claims=("family_name",)), unique=("personal_administrative_number",)
        )
    with pytest.raises(Rejected, match=r"that is: none$"):
        check_subject_source(StableFrom(attestation="age", claims=("age_over_18",)), unique=())


def test_the_claims_behind_a_stable_subject_are_asked_for() -> None:
    query = build_sign_in_query(registered(STABLE), scope=("openid",))
    assert [[claim.path for claim in credential.claims] for credential in query.credentials] == [
        [("personal_administrative_number",)],
        [(NAMESPACE, "personal_administrative_number")],
    ]


def test_the_subject_says_nothing_of_what_it_is_made_from() -> None:
    subject = subject_of()
    assert len(subject) == 43
    assert "0042" not in subject


def test_a_short_secret_is_no_secret() -> None:
    with pytest.raises(ValueError, match="less than 32"):
        SubjectSecret(key=bytes(31))
    assert repr(SECRET) == "<subject secret>"


def test_a_transient_subject_is_256_random_bits() -> None:
    assert len(transient_subject(fixed_random())) == 43
