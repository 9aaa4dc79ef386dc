import asyncio
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.people_file import PeopleFile, load_people_file, parse_people
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.catalogue.records import check_record
from zegel.services.ports import Person

pytestmark = pytest.mark.anyio

CATALOGUE = load_catalogue()
TEXT = """id,family_name,given_name,birth_date,birth_place,nationality,sex,issuing_authority,issuing_country,age_over_18
ada,Voorbeeld,Ada,1990-01-31,"{""country"": ""NL""}","[""NL"", ""BE""]",2,Utopia,UT,TRUE
max,Beispiel,"Max, the elder",1950-12-01,,,,,,maybe
"""


@pytest.fixture
def people(tmp_path: Path) -> PeopleFile:
    (tmp_path / "people.csv").write_text("\ufeff" + TEXT)
    return load_people_file(tmp_path / "people.csv", catalogue=CATALOGUE)


async def test_a_row_is_a_record_of_each_type_that_it_fills(people: PeopleFile) -> None:
    claims = await people.load_claims("ada", "pid")
    assert claims is not None
    assert claims["nationality"] == ["NL", "BE"]
    assert claims["sex"] == 2
    assert "age_over_18" not in claims
    check_record(CATALOGUE.types["pid"], claims)
    assert await people.load_claims("ada", "proof_of_age") == {"age_over_18": True}


async def test_a_row_without_a_mandatory_claim_is_no_attestation(people: PeopleFile) -> None:
    assert await people.load_claims("max", "pid") is None
    assert await people.load_claims("ada", "mdl") is None
    assert await people.load_claims("eve", "pid") is None
    assert await people.load_claims("ada", "passport") is None


async def test_a_cell_of_another_kind_is_named_and_not_quoted(people: PeopleFile) -> None:
    with pytest.raises(Unavailable, match="line 3, column age_over_18: expected true or false") as caught:
        await people.load_claims("max", "proof_of_age")
    assert "maybe" not in str(caught.value)


@pytest.mark.parametrize("cell", ["NL", "{}", '"NL"', "1"])
async def test_a_cell_of_an_array_holds_an_array(tmp_path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')
    (tmp_path / "people.csv").write_text(TEXT.replace('"[""NL"", ""BE""]"', f'"{quoted}"'))
    people = load_people_file(tmp_path / "people.csv", catalogue=CATALOGUE)
    with pytest.raises(Unavailable, match="line 2, column nationality: expected an array in JSON"):
        await people.load_claims("ada", "pid")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1"),
        ("name\nada\n", "line 1"),
        ("id,sex,sex\nada,1,2\n", "line 1"),
        ("id,sex\nada\n", "line 2"),
        ("id,sex\nada,1\nada,2\n", "line 3"),
        ("id,sex\n,1\n", "line 2"),
        ('id,sex\n"ada"x,1\n', "line 2"),
    ],
)
def test_a_file_of_another_shape_is_malformed(text: str, where: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_people(text)
    assert caught.value.field == where


def test_a_file_that_is_missing_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file"):
        load_people_file(tmp_path / "people.csv", catalogue=CATALOGUE)
    (tmp_path / "people.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Malformed, match="expected UTF-8"):
        load_people_file(tmp_path / "people.csv", catalogue=CATALOGUE)


def hashed(code: str) -> str:
    kdf = Argon2id(salt=b"salt of the test", length=32, iterations=1, lanes=1, memory_cost=64)
    return kdf.derive_phc_encoded(code.encode())


@pytest.fixture
def with_codes(tmp_path: Path) -> PeopleFile:
    rows = f'id,access_code,given_name\nada,"{hashed("open sesame")}",Ada\nmax,,\n'
    (tmp_path / "people.csv").write_text(rows)
    return load_people_file(tmp_path / "people.csv", catalogue=CATALOGUE)


async def test_an_access_code_lets_its_person_in(with_codes: PeopleFile) -> None:
    assert await with_codes.verify_password("ada", "open sesame") == Person(id="ada", name="Ada")
    assert await with_codes.people() == (Person(id="ada", name="Ada"), Person(id="max", name="max"))


@pytest.mark.parametrize(("login", "code"), [("ada", "sesame"), ("ada", ""), ("max", ""), ("eve", "open sesame")])
async def test_a_wrong_code_and_an_unknown_name_are_refused_alike(
    with_codes: PeopleFile, login: str, code: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        await with_codes.verify_password(login, code)
    assert refusal.value.check is Check.LOG_IN
    assert refusal.value.detail == "the name and the password do not belong together"


def test_a_code_in_the_clear_is_found_when_the_file_is_read() -> None:
    with pytest.raises(Malformed, match=r"line 2: .*Argon2id") as error:
        parse_people("id,access_code\nada,open sesame\n")
    assert "open sesame" not in str(error.value)


@pytest.mark.parametrize(
    "code",
    [
        "$argon2id$x",
        "$argon2i$v=19$m=64,t=1,p=1$c2FsdCBvZiB0aGU$AAAAAAAA",
        "$argon2id$m=64,t=1,p=1$c2FsdCBvZiB0aGU$AAAAAAAA",
        "$argon2id$v=19$t=1,m=64,p=1$c2FsdCBvZiB0aGU$AAAAAAAA",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$AAAAAAAA",
        "$argon2id$v=19$m=64,t=0,p=1$c2FsdCBvZiB0aGU$AAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdCBvZiB0aGU$AAAA",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdCBvZiB0aGU$AAAAA",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdCBvZiB0aGU",
    ],
)
def test_a_code_that_is_no_hash_of_argon2id_is_refused_with_its_row(code: str) -> None:
    with pytest.raises(Malformed, match="expected as access_code a hash of Argon2id") as caught:
        parse_people(f'id,access_code\nmax,\nada,"{code}"\n')
    assert caught.value.field == "line 3"


# --- a file that changes ----------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path, people: PeopleFile) -> Path:
    assert people.wrong is None
    return tmp_path / "people.csv"


def write(file: Path, text: str | None) -> None:
    """None: it is gone."""
    file.unlink() if text is None else file.write_text(text)


def replace(file: Path, text: str) -> None:
    """By one of the same length and age."""
    other = file.with_name("other.csv")
    other.write_text(text)
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.replace(file)


async def test_who_was_struck_off_gets_nothing_more(people: PeopleFile, file: Path) -> None:
    assert await people.load_claims("ada", "proof_of_age") is not None
    write(file, "".join(line for line in TEXT.splitlines(keepends=True) if not line.startswith("ada")))
    assert await people.load_claims("ada", "proof_of_age") is None
    with pytest.raises(Rejected):
        await people.verify_password("ada", "")
    assert [person.id for person in await people.people()] == ["max"]


async def test_a_file_that_another_one_replaces_is_read(people: PeopleFile, file: Path) -> None:
    replace(file, TEXT.replace("ada,", "eve,"))
    assert await people.load_claims("eve", "proof_of_age") == {"age_over_18": True}
    assert await people.load_claims("ada", "proof_of_age") is None


@pytest.mark.parametrize("text", ["", "id,id\n", "id,access_code\nada,open sesame\n", None])
async def test_a_file_that_has_become_wrong_keeps_the_people_and_is_told_of_once(
    people: PeopleFile, file: Path, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    write(file, text)
    for _ in range(3):
        assert await people.load_claims("ada", "proof_of_age") == {"age_over_18": True}
    (notice,) = people.notices()
    assert "people" in notice
    assert notice.endswith("whoever stood there before counts on")
    assert "sesame" not in notice
    assert len([record for record in caplog.records if record.name == "zegel.issuer"]) == 1
    write(file, TEXT.replace("ada,", "eve,"))
    assert await people.load_claims("ada", "proof_of_age") is None
    assert people.notices() == ()


async def test_a_file_is_read_once_for_each_change(people: PeopleFile, file: Path) -> None:
    before = await people.follow()
    write(file, TEXT + "eve,,,,,,,,,TRUE\n")
    found = await asyncio.gather(*(people.follow() for _ in range(20)))
    assert {id(each) for each in found} == {id(found[0])} != {id(before)}  # each reading makes another
    assert await people.load_claims("eve", "proof_of_age") == {"age_over_18": True}
