from collections.abc import Iterator
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.records import contents_of

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.register import Register, demo_people, open_register
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.formats.catalogue.records import check_record, mdoc_elements, sdjwt_claims
from zegel.formats.catalogue.types import AttestationType
from zegel.services.ports import Person

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
CATALOGUE = load_catalogue().types
PEOPLE = {person.id: person for person in demo_people()}
ATTESTED = [(person.id, type_) for person in PEOPLE.values() for type_ in person.claims if type_]


@pytest.fixture(scope="module")
def new_register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register as it is made at first; each test works on a copy, and the hashes are made once."""
    path = tmp_path_factory.mktemp("register") / "register.db"
    open_register(f"sqlite:///{path}", clock=ManualClock(NOW), random=system_random).close()
    return path


@pytest.fixture
def register(tmp_path: Path, clock: ManualClock, new_register: Path) -> Iterator[Register]:
    (tmp_path / "register.db").write_bytes(new_register.read_bytes())
    opened = open_register(f"sqlite:///{tmp_path}/register.db", clock=clock, random=system_random)
    yield opened
    opened.close()


def type_of(id_: str) -> AttestationType:
    return CATALOGUE[id_]


@pytest.mark.slow
@pytest.mark.parametrize(("person", "type_"), ATTESTED)
async def test_every_record_is_what_its_type_attests(register: Register, person: str, type_: str) -> None:
    claims = await register.load_claims(person, type_)
    assert claims is not None
    checked = check_record(type_of(type_), claims)
    known = {claim.id for claim in type_of(type_).claims}
    own = PEOPLE[person].claims[type_].keys()
    assert own <= known, "a claim that the type does not know"
    for make, identifier in ((sdjwt_claims, type_of(type_).vct), (mdoc_elements, type_of(type_).doctype)):
        assert identifier is None or make(checked)


async def test_one_person_has_every_type_and_every_claim_of_the_pid(register: Register) -> None:
    made_of_others = {"vaccination_valid"}  # from a health certificate; no register has it
    assert PEOPLE["erika"].claims.keys() - {""} == CATALOGUE.keys() - made_of_others
    claims = await register.load_claims("erika", "pid")
    assert claims is not None
    assert {claim.id for claim in type_of("pid").claims} <= claims.keys()


async def test_a_person_without_an_attestation_has_no_record_of_it(register: Register) -> None:
    assert await register.load_claims("janos", "mdl") is None
    assert await register.load_claims("erika", "passport") is None
    assert await register.load_claims("nobody", "pid") is None
    assert await register.load_claims("erika", "") is not None


async def test_ages_follow_from_the_birth_date(register: Register, clock: ManualClock) -> None:
    claims = await register.load_claims("janos", "proof_of_age")
    assert claims is not None
    assert claims["age_in_years"] == 16
    assert claims["age_over_16"] is True
    assert claims["age_over_18"] is False
    clock.advance((365 + 366 - 154) * DAY)  # 2028-06-21, the birthday
    claims = await register.load_claims("janos", "proof_of_age")
    assert claims is not None
    assert claims["age_over_18"] is True
    clock.advance(-DAY)
    claims = await register.load_claims("janos", "proof_of_age")
    assert claims is not None
    assert claims["age_over_18"] is False


async def test_who_opted_out_of_the_portrait_has_an_empty_one(register: Register) -> None:
    claims = await register.load_claims("giulia", "pid")
    assert claims is not None
    assert claims["portrait"] == b""
    assert sdjwt_claims(check_record(type_of("pid"), claims))["picture"] == ""


@pytest.mark.parametrize("person", PEOPLE)
async def test_everyone_logs_in(register: Register, person: str) -> None:
    found = await register.verify_password(person, PEOPLE[person].password)
    assert found in await register.people()
    assert found.id == person


async def test_the_people_are_listed_by_name(register: Register) -> None:
    people = await register.people()
    assert len(people) == len(PEOPLE) == 5
    assert Person(id="erika", name="Erika Voorbeeld") in people


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("erika", "max sails on lakes"),
        ("erika", ""),
        ("nobody", "erika keeps bees"),
        ("", ""),
        ("Erika", "erika keeps bees"),
    ],
)
async def test_a_wrong_name_and_a_wrong_password_are_refused_alike(
    register: Register, login: str, password: str
) -> None:
    with pytest.raises(Rejected, match="the name and the password do not belong together") as caught:
        await register.verify_password(login, password)
    assert caught.value.check is Check.LOG_IN


async def test_a_changed_record_is_what_is_issued_next(register: Register, tmp_path: Path) -> None:
    shared = {**PEOPLE["erika"].claims[""], "family_name": "Voorbeeld-Nieuw"}
    await register.change("erika", "", shared)
    claims = await register.load_claims("erika", "pid")
    assert claims is not None
    assert claims["family_name"] == "Voorbeeld-Nieuw"
    register.close()
    again = open_register(f"sqlite:///{tmp_path}/register.db", clock=ManualClock(NOW), random=system_random)
    assert Person(id="erika", name="Erika Voorbeeld-Nieuw") in await again.people()
    with pytest.raises(Unavailable, match="no such person"):
        await again.change("nobody", "", shared)
    again.close()


async def test_passwords_do_not_stand_in_the_register(register: Register, tmp_path: Path) -> None:
    content = b"".join(contents_of(tmp_path).values())
    assert b"Voorbeeld" in content  # plain by design
    for person in PEOPLE.values():
        assert person.password.encode() not in content


def test_a_file_that_is_no_register_is_unavailable(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "register.db").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(Unavailable, match="not a database"):
        open_register(f"sqlite:///{tmp_path}/register.db", clock=clock, random=system_random)


def test_a_register_that_cannot_be_filled_is_closed(tmp_path: Path, clock: ManualClock) -> None:
    def no_salt(_size: int) -> bytes:
        raise OSError("there is no randomness")

    with pytest.raises(OSError, match="no randomness") as _kept:  # and with it whatever was open
        open_register(f"sqlite:///{tmp_path}/register.db", clock=clock, random=no_salt)
    assert not [each for each in Path("/proc/self/fd").iterdir() if each.resolve().parent == tmp_path]


def test_names_and_passwords_are_documented() -> None:
    page = (ROOT / "docs" / "demo-people.md").read_text()
    for person in PEOPLE.values():
        shared = person.claims[""]
        assert f"| {shared['given_name']} {shared['family_name']} | `{person.id}` | `{person.password}` |" in page
