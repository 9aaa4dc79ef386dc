"""The two profiles as data: what plain has and haip has not is refused by name."""

import pytest

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.profiles import (
    HAIP,
    PLAIN,
    PROFILES,
    ClientAuthentication,
    ClientIdPrefix,
    Grant,
    Profile,
    Proof,
    ResponseMode,
)

SETS = {
    "client_id_prefixes": ClientIdPrefix,
    "response_modes": ResponseMode,
    "grants": Grant,
    "client_authentication": ClientAuthentication,
    "proofs": Proof,
}
CHOICES = [(name, choice) for name, kind in SETS.items() for choice in kind]
PLAINS_ALONE = {
    ClientIdPrefix.X509_SAN_DNS,
    ClientIdPrefix.REDIRECT_URI,
    ResponseMode.DIRECT_POST,
    Grant.PRE_AUTHORIZED_CODE,
    ClientAuthentication.NONE,
    Proof.JWT,
}


def allowed(profile: Profile, choice: object) -> bool:
    return any(choice in getattr(profile, name) for name in SETS)


@pytest.mark.parametrize(("name", "choice"), CHOICES, ids=[f"{name}-{choice.value}" for name, choice in CHOICES])
@pytest.mark.refuses(Check.PROFILE)
def test_under_haip_each_choice_that_is_plains_alone_is_refused_by_name(name: str, choice) -> None:
    assert PLAIN.check_choice(choice) is choice
    if choice not in PLAINS_ALONE:
        assert HAIP.check_choice(choice) is choice
        return
    with pytest.raises(Rejected) as refusal:
        HAIP.check_choice(choice)
    assert refusal.value.check is Check.PROFILE
    assert refusal.value.field == f"profile.{name}"
    assert refusal.value.detail == f"the profile haip refuses {choice.value}"


def test_haip_is_what_its_clauses_say() -> None:
    """HAIP 1.0 sections 4.1 to 4.5 and 5."""
    assert HAIP.client_id_prefixes == {ClientIdPrefix.X509_HASH}
    assert HAIP.response_modes == {ResponseMode.DIRECT_POST_JWT}
    assert HAIP.grants == {Grant.AUTHORIZATION_CODE}
    assert HAIP.client_authentication == {ClientAuthentication.ATTESTATION}
    assert HAIP.proofs == {Proof.JWT_WITH_KEY_ATTESTATION, Proof.ATTESTATION}


def test_plain_has_all_that_haip_has_and_more() -> None:
    for name, kind in SETS.items():
        assert getattr(HAIP, name) < getattr(PLAIN, name) == frozenset(kind)


def test_no_choice_stands_outside_the_sets() -> None:
    fields = set(Profile.__dataclass_fields__) - {
        "name",
        "status_grace",
        "revocation_grace",
        "timestamps_required",
    }
    assert fields == set(SETS)
    assert all(allowed(PLAIN, choice) for _, choice in CHOICES)


def test_a_profile_is_found_by_its_name() -> None:
    assert PROFILES == {"haip": HAIP, "plain": PLAIN}
