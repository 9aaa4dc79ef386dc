"""Stable subjects: equal where all that counts is equal, and nowhere else."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.sign_in import ISSUER, SECRET

from zegel.protocols.oidc.subject import StableFrom, stable_subject

TEXT = st.text(alphabet='ab"],[\\ \u00e91', max_size=6)
VALUE = st.one_of(TEXT.filter(str.strip), st.integers(min_value=-20, max_value=20))
PERSON = st.fixed_dictionaries(
    {"sector": TEXT, "entity": TEXT, "anchor": TEXT, "subject": TEXT, "type": TEXT, "one": VALUE, "two": VALUE}
)


def subject_of(person: dict) -> str:
    return stable_subject(
        StableFrom(attestation=person["type"], claims=("one", "two")),
        secret=SECRET,
        sector=person["sector"],
        issuer=replace(ISSUER, entity=person["entity"], anchor=person["anchor"], subject=person["subject"]),
        values={"one": person["one"], "two": person["two"]},
    )


@given(PERSON, PERSON)
def test_two_people_have_one_subject_only_if_they_are_one(one: dict, other: dict) -> None:
    assert (subject_of(one) == subject_of(other)) == (one == other)


@given(PERSON, st.sampled_from(["sector", "entity", "anchor", "subject", "type", "one", "two"]), TEXT.filter(str.strip))
def test_whatever_changes_changes_the_subject(person: dict, member: str, value: str) -> None:
    changed = person | {member: value}
    assert (subject_of(person) == subject_of(changed)) == (person == changed)
