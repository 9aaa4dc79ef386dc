"""What WHO's certificates may say, in both readings, and how it is said to people."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.who import DDCC_TR, DDCC_VS, EARLIER, ICVP, PAYLOADS

from zegel.errors import Malformed
from zegel.formats.hcert.schema import Kind, Reading
from zegel.formats.hcert.who_schema import WhoProfile, read_who_payload, who_members, who_person
from zegel.primitives.cbor import Tag

DVC, VS, TR = WhoProfile.DVC, WhoProfile.DDCC_VS, WhoProfile.DDCC_TR
NOWHERE = object()


def changed(payload: dict[str, Any], path: str, value: Any = NOWHERE) -> dict[str, Any]:
    """A copy in which one member is another, or is not there."""
    copy = deepcopy(payload)
    *holders, name = path.split(".")
    at = copy
    for holder in holders:
        at = at[holder]
    if value is NOWHERE:
        del at[name]
    else:
        at[name] = value
    return copy


def refused(profile: WhoProfile, value: Any, reading: Reading) -> str | None:
    """Where a payload is refused, None where it is taken."""
    try:
        read_who_payload(profile, value, reading)
    except Malformed as error:
        return error.where
    return None


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize("profile", WhoProfile)
def test_each_model_is_taken(profile: WhoProfile, reading: Reading) -> None:
    payload, warnings = read_who_payload(profile, PAYLOADS[profile], reading)
    assert (payload, warnings) == (PAYLOADS[profile], ())
    assert profile.kind is (Kind.TEST if profile is TR else Kind.VACCINATION)


@pytest.mark.parametrize("reading", Reading)
def test_a_holder_of_the_authorisation_stands_for_the_maker(reading: Reading) -> None:
    of_holder = changed(changed(DDCC_VS, "vaccination.manufacturer"), "vaccination.maholder", {"code": "ORG-100001699"})
    assert refused(VS, of_holder, reading) is None


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize("left_out", ["vx.is", "vx.cn"])
def test_a_centre_and_an_issuer_stand_for_each_other(left_out: str, reading: Reading) -> None:
    both = changed(changed(ICVP, "vx.is", "UTO"), "vx.cn", "Centre")
    assert refused(DVC, both, reading) is None
    assert refused(DVC, changed(both, left_out), reading) is None


WRONG = {
    "no map": (DVC, "x", "hcert"),
    "an array of two": (VS, [DDCC_VS, DDCC_VS], "hcert"),
    "an array of a text": (VS, ["x"], "hcert"),
    "members under numbers": (DVC, {**ICVP, 1: "x"}, ""),
    "no name": (DVC, changed(ICVP, "n"), "n"),
    "an empty name": (DVC, changed(ICVP, "n", ""), "n"),
    "a name that is a number": (VS, changed(DDCC_VS, "name", 1), "name"),
    "a name that is null": (VS, changed(DDCC_VS, "name", None), "name"),
    "a day of birth that there is not": (DVC, changed(ICVP, "dob", "1986-02-30"), "dob"),
    "a year of birth alone": (DVC, changed(ICVP, "dob", "1986"), "dob"),
    "no nationality": (DVC, changed(ICVP, "nt"), "nt"),
    "no version": (DVC, changed(ICVP, "v"), "v"),
    "no vaccination": (DVC, changed(ICVP, "vx"), "vx"),
    "vaccinations": (DVC, changed(ICVP, "vx", [ICVP["vx"]]), "vx"),
    "no product": (DVC, changed(ICVP, "vx.vp"), "vx.vp"),
    "no batch": (DVC, changed(ICVP, "vx.bo"), "vx.bo"),
    "a time of vaccination": (DVC, changed(ICVP, "vx.dv", "2026-10-01T00:00:00Z"), "vx.dv"),
    "a date that is a number": (DVC, changed(ICVP, "vx.dv", 20_261_001), "vx.dv"),
    "nobody who is responsible": (DVC, changed(changed(ICVP, "vx.cn"), "vx.is"), "vx"),
    "a document that is null": (DVC, changed(ICVP, "id", None), "id"),
    "no date of birth, but a time": (VS, changed(DDCC_VS, "birthDate", "1986-03-14T00:00:00Z"), "birthDate"),
    "no maker": (VS, changed(DDCC_VS, "vaccination.manufacturer"), "vaccination"),
    "no dose": (VS, changed(DDCC_VS, "vaccination.dose", 0), "vaccination.dose"),
    "a dose that is true": (VS, changed(DDCC_VS, "vaccination.dose", True), "vaccination.dose"),
    "more doses than there are": (VS, changed(DDCC_VS, "vaccination.totalDoses", 1 << 31), "vaccination.totalDoses"),
    "a time without an offset": (VS, changed(DDCC_VS, "vaccination.date", "2026-10-01T09:00:00"), "vaccination.date"),
    "a coding that is a number": (VS, changed(DDCC_VS, "vaccination.brand", 1), "vaccination.brand"),
    "a code that is a number": (VS, changed(DDCC_VS, "vaccination.brand.code", 1), "vaccination.brand.code"),
    "a period of numbers": (VS, changed(DDCC_VS, "certificate.period.end", 1), "certificate.period.end"),
    "no issuer": (VS, changed(DDCC_VS, "certificate.issuer"), "certificate.issuer"),
    "no test": (TR, changed(DDCC_TR, "test"), "test"),
    "a vaccination for a test": (TR, DDCC_VS, "test"),
    "no pathogen": (TR, changed(DDCC_TR, "test.pathogen"), "test.pathogen"),
    "a tagged time that is none": (TR, changed(DDCC_TR, "test.date", Tag(0, 1)), "test.date"),
    "a time under another tag": (TR, changed(DDCC_TR, "test.date", Tag(1, "2026")), "test.date"),
}


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize(("profile", "value", "where"), WRONG.values(), ids=WRONG)
def test_structure_types_and_dates_are_strict_in_both_readings(
    profile: WhoProfile, value: Any, where: str, reading: Reading
) -> None:
    assert refused(profile, value, reading) == where


ODD = {
    "a country in two letters": (DVC, changed(ICVP, "nt", "UT"), "nt"),
    "a code with two spaces": (DVC, changed(ICVP, "s", "f  m"), "s"),
    "an issuer with spaces": (DVC, changed(ICVP, "vx.is", "Health office"), "vx.is"),
    "a code for a coding": (VS, changed(DDCC_VS, "vaccination.vaccine", "XM0GQ8"), "vaccination.vaccine"),
    "a code with two spaces in a coding": (TR, changed(DDCC_TR, "test.pathogen.code", "X  M"), "test.pathogen.code"),
    "a text for an identifier": (VS, changed(DDCC_VS, "certificate.hcid", "HCID-1"), "certificate.hcid"),
    "a text for a reference": (VS, changed(DDCC_VS, "certificate.issuer", "Utopia"), "certificate.issuer"),
    "an array of one": (TR, [DDCC_TR], ""),
    "the earlier draft": (DVC, EARLIER, "v"),
}


@pytest.mark.parametrize(("profile", "value", "where"), ODD.values(), ids=ODD)
def test_what_is_odd_is_a_warning_in_the_field(profile: WhoProfile, value: Any, where: str) -> None:
    assert refused(profile, value, Reading.STRICT) == where
    _, warnings = read_who_payload(profile, value, Reading.FIELD)
    assert [warning.partition(":")[0] for warning in warnings] == [where or profile.name]


def test_a_vaccination_is_said_in_words() -> None:
    assert dict(who_person(DVC, ICVP)) == {"name": "Erika Voorbeeld", "born": "1986-03-14"}
    assert dict(who_members(DVC, ICVP)) == {
        "sex": "female",
        "nationality": "UTO",
        "document": "UT-4711",
        "kind of document": "PPN",
        "vaccine or prophylaxis": "YellowFeverProductCanary",
        "given on": "2026-10-01",
        "supervised by": "Dr Canary",
        "issued by": "UTO",
        "batch": "LOT-1",
        "version": "1.0.0",
    }
    assert dict(who_members(DVC, EARLIER))["valid until"] == "2036-10"


def test_what_is_coded_is_said_by_the_best_that_it_says_of_itself() -> None:
    said = dict(who_members(VS, changed(DDCC_VS, "vaccination.country", {})))
    assert said["vaccine or prophylaxis"] == "RNA-based vaccine"
    assert said["vaccine product"] == "XM8NQ0"
    assert (said["identifier"], said["issued by"]) == ("HCID-1", "Organization/utopia")
    assert (said["dose"], said["of doses"], said["country"]) == ("2", "3", "")
    assert dict(who_members(TR, changed(DDCC_TR, "test.date", Tag(0, "2026-11-20"))))["sample taken"] == "2026-11-20"
    assert list(who_person(TR, changed(DDCC_TR, "birthDate"))) == [("name", "Erika Voorbeeld")]


LEAVES = st.none() | st.booleans() | st.integers(-1, 3) | st.sampled_from(["", "x", "2026-10-01", "2026", {}, [], 1.5])


@given(st.sampled_from([*PAYLOADS.items(), (DVC, EARLIER)]), st.data())
def test_whatever_is_read_can_be_said(chosen: tuple[WhoProfile, dict[str, Any]], data: st.DataObject) -> None:
    profile, payload = chosen
    holder = deepcopy(payload)
    for at in [holder, *(value for value in holder.values() if isinstance(value, dict))]:
        if data.draw(st.booleans()):
            at[data.draw(st.sampled_from(sorted(at)))] = data.draw(LEAVES)
    if refused(profile, holder, Reading.FIELD) is None:
        said = [*who_person(profile, holder), *who_members(profile, holder)]
        assert said
        assert all(isinstance(value, str) for _, value in said)
