"""Whether a certificate is about the person who shows it: names in many scripts, dates that are not whole."""

from typing import Any

import pytest
from zegel_testing.business_rules import PAYLOAD

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.hcert.matching import CUT_AT, CUT_LETTERS, Person, check_holder
from zegel.formats.hcert.transliteration import letters_of, spells


def person(family: str = "Voorbeeld", given: str = "Noor", born: str = "1990-01-01") -> Person:
    return Person(family_name=family, given_name=given, birth_date=born)


def payload(dob: Any = "1990-01-01", **nam: Any) -> dict[str, Any]:
    return PAYLOAD | {"dob": dob, "nam": nam}


def matches(certified: dict[str, Any], shown: Person) -> bool:
    try:
        return check_holder(certified, person=shown).payload is certified
    except Rejected as refusal:
        return refusal.check is not Check.HEALTH_HOLDER


SPELLED = [
    # Latin
    ("Müller", "MUELLER"),
    ("Müller", "MULLER"),
    ("Müller", "MUXXLLER"),
    ("Weiß", "WEISS"),
    ("WEIẞ", "WEISS"),
    ("Østergård", "OESTERGAARD"),
    ("Østergård", "OSTERGARD"),
    ("Åström", "AASTROEM"),
    ("Åström", "ASTROM"),
    ("Ærø", "AEROE"),
    ("Þórðardóttir", "THORDARDOTTIR"),
    ("Núñez", "NUNEZ"),
    ("Núñez", "NUNXXEZ"),
    ("Łukasiewicz", "LUKASIEWICZ"),
    ("Dvořák", "DVORAK"),
    ("d'Červenková Panklová", "DCERVENKOVA<PANKLOVA"),
    ("Erdős", "ERDOS"),
    ("Ștefănescu", "STEFANESCU"),
    ("Ħabib", "HABIB"),
    ("Đorđević", "DORDEVIC"),
    ("Đorđević", "DJORDJEVIC"),
    ("Yıldız İnan", "YILDIZ<INAN"),
    ("Ĳsselstein", "IJSSELSTEIN"),
    ("Œuvrard", "OEUVRARD"),
    # what separates
    ("O'Brien", "OBRIEN"),
    ("O’Brien", "OBRIEN"),
    ("O'Brien", "O<BRIEN"),
    ("van der Berg", "VAN<DER<BERG"),
    ("van der Berg", "VANDERBERG"),
    ("Smith-Jones", "SMITH<JONES"),
    ("Smith\u2010Jones", "SMITH<JONES"),
    ("St. John", "ST<JOHN"),
    ("e\u0301tienne", "ETIENNE"),
    # Greek, by ELOT 743
    ("Παπαδόπουλος", "PAPADOPOULOS"),
    ("Αγγελόπουλος", "ANGELOPOULOS"),
    ("Ευαγγέλου", "EVANGELOU"),
    ("Ευσταθίου", "EFSTATHIOU"),
    ("Μπακογιάννη", "BAKOGIANNI"),
    ("Λάμπρου", "LAMPROU"),
    ("Ξανθόπουλος", "XANTHOPOULOS"),
    ("Χρυσοχοΐδης", "CHRYSOCHOIDIS"),
    ("Ντόρα", "NTORA"),
    ("Ψαρρός", "PSARROS"),
    # the accent on the second of two letters that are one sound, and capitals without any
    ("Παύλος", "PAVLOS"),
    ("Παυλος", "PAVLOS"),
    ("ΠΑΥΛΟΣ", "PAVLOS"),
    ("Παῦλος", "PAVLOS"),
    ("Πα\u03c5\u0301λος", "PAVLOS"),
    ("Πα\u1f7aλος", "PAVLOS"),
    ("Παπούλιας", "PAPOULIAS"),
    ("ΠΑΠΟΥΛΙΑΣ", "PAPOULIAS"),
    ("Σούλα", "SOULA"),
    ("Λεύκος", "LEFKOS"),
    ("ΛΕΥΚΟΣ", "LEFKOS"),
    ("Εύη", "EVI"),
    ("ΕΥΗ", "EVI"),
    ("Μαΐου", "MAIOU"),
    ("ΜΑΪΟΥ", "MAIOU"),
    ("ΜΑΙΟΥ", "MAIOU"),
    ("Πραΰτης", "PRAYTIS"),
    ("Πραϋτης", "PRAYTIS"),
    ("Άυλος", "AYLOS"),
    # Cyrillic
    ("Иванов", "IVANOV"),
    ("Щербаков", "SHCHERBAKOV"),
    ("Щерев", "SHTEREV"),
    ("Юлия", "IULIIA"),
    ("Юлия", "YULIYA"),
    ("Горбачёв", "GORBACHEV"),
    ("Хрущев", "KHRUSHCHEV"),
    ("Христов", "HRISTOV"),
    ("Ъглов", "AGLOV"),
    ("Їжакевич", "IZHAKEVYCH"),
    ("Соловьев", "SOLOVEV"),
    ("Љубичић", "LJUBICIC"),
    ("Џајић", "DZAJIC"),
    ("Ѓорѓи", "GORGI"),
    ("Мария", "MARIA"),
    ("Мария", "MARIYA"),
    ("МАРИЯ", "MARIA"),
    ("Мари\u0301я", "MARIIA"),
    ("Юлия", "YULIA"),
    ("София", "SOFIA"),
    ("Виктория", "VIKTORIA"),
    ("Мария-Виктория", "MARIA<VIKTORIA"),
    ("Мария Виктория", "MARIAVIKTORIA"),
    ("Згурський", "ZGHURSKYI"),
    ("Згурський", "ZHURSKYI"),
    ("Розгон", "ROZGHON"),
]


@pytest.mark.parametrize(("name", "spelling"), SPELLED, ids=[f"{name}-{spelling}" for name, spelling in SPELLED])
def test_a_family_name_is_known_by_each_of_its_spellings(name: str, spelling: str) -> None:
    assert matches(payload(fnt=spelling, gnt="NOOR"), person(family=name))


OTHERS = [
    ("Müller", "MILLER"),
    ("Müller", "MUELLERS"),
    ("Müllers", "MUELLER"),
    ("Muller", "MUELLER"),
    ("Παπαδόπουλος", "PAPADOPOULOU"),
    ("Иванов", "IVANOVA"),
    ("Πραΰτης", "PRAVTIS"),
    ("Άυλος", "AVLOS"),
    ("Μαΐου", "MEOU"),
    ("Павлос", "PAULOS"),
    ("Марияна", "MARIANA"),
    ("Зґурський", "ZGHURSKYI"),
    ("Зѓур", "ZGHUR"),
    ("Voorbeeld", ""),
    ("Voorbeeld", "<"),
    ("محمد", "MOHAMED"),
    ("", "VOORBEELD"),
    ("-", "VOORBEELD"),
    ("Henry 8", "HENRY"),
]


@pytest.mark.parametrize(("name", "spelling"), OTHERS, ids=[f"{name}-{spelling}" for name, spelling in OTHERS])
def test_another_family_name_is_refused(name: str, spelling: str) -> None:
    assert not matches(payload(fnt=spelling, gnt="NOOR"), person(family=name))


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("محمد", "OTHER"),
        ("მაისურაძე", "OTHER"),
        ("Παπαδόπουλος", "PAPADHOPOULOS"),
        ("Христо", "CHRISTO"),
        ("VOORBEELD", "VOORBEELD"),
        ("voorbeeld", ""),
        ("Voorbeeld", "<"),
    ],
)
def test_a_name_in_its_own_script_is_known_whatever_its_case(written: str, spelled: str) -> None:
    assert matches(payload(fn=written, fnt=spelled, gnt="NOOR"), person(family=written.swapcase()))


TWO_FORMS = [
    # of one name
    ("Jürgen", "JUERGEN", "Jürgen", True),
    ("Jürgen", "JURGEN", "JÜRGEN", True),
    ("Иван", "IVAN", "Иван", True),
    ("Иван", "IVAN", "Ivan", True),
    ("ვანო", "VANO", "Vano", True),
    ("Noor-Marie", "NOORMARIE", "Noor", True),
    ("Noor", "NOOR<MARIE", "Noor", True),
    ("Noor", "NOOR<MARIE", "Noor Marie", True),
    # written as they are spelled
    ("Jurgen", "JUERGEN", "Jürgen", True),
    ("Jurgen", "JUERGEN", "Jurgen", False),
    ("Noor Jurgen", "NOOR<JUERGEN", "Jürgen", True),
    # of two names
    ("Max", "ERIKA", "Erika", False),
    ("Max", "ERIKA", "Max", False),
    ("Noor", "NOOR<MARIE", "Marie", False),
    ("Noor Marie", "NOOR", "Marie", False),
    ("Иван", "ERIKA", "Erika", False),
    ("Иван", "CHRISTO", "Christo", False),
]


@pytest.mark.parametrize(("written", "spelled", "shown", "same"), TWO_FORMS)
def test_of_the_two_forms_of_a_given_name_neither_contradicts(
    written: str, spelled: str, shown: str, same: bool
) -> None:
    assert matches(payload(fnt="VOORBEELD", gn=written, gnt=spelled), person(given=shown)) is same


@pytest.mark.parametrize(
    ("written", "spelled", "shown", "same"),
    [
        ("Muster", "VOORBEELD", "Voorbeeld", False),
        ("Muster", "VOORBEELD", "Muster", False),
        ("Van der Müller", "VANDERMUELLER", "van der Müller", True),
        ("Van der Muller", "VAN<DER<MUELLER", "Van der Müller", True),
        ("Мюлер", "VOORBEELD", "Voorbeeld", False),
    ],
)
def test_of_the_two_forms_of_a_family_name_neither_contradicts(
    written: str, spelled: str, shown: str, same: bool
) -> None:
    assert matches(payload(fn=written, fnt=spelled, gnt="NOOR"), person(family=shown)) is same


GIVEN = [
    ("Noor", "NOOR", True),
    ("Noor Marie", "NOOR", True),
    ("Noor Marie", "MARIE", True),
    ("Noor Marie", "MARIE<NOOR", True),
    ("Noor", "NOOR<MARIE", True),
    ("Noor-Marie", "NOOR<MARIE", True),
    ("Noor-Marie", "NOORMARIE", True),
    ("Noor-Marie Els", "NOORMARIE", True),
    ("Noor Marie", "NOORMARIE", True),
    ("Jörg Zoë", "ZOE<JOERG", True),
    ("Noor Marie", "NOOR<ANNA", False),
    ("Noor", "NORA", False),
    ("Noor", "N", False),
    ("Noor", "", False),
    ("", "NOOR", False),
    ("Noor Marie", "NOO", False),
    ("Noor", "ANNA<MARIE", False),
]


@pytest.mark.parametrize(("name", "spelling", "same"), GIVEN)
def test_all_given_names_of_one_side_stand_on_the_other(name: str, spelling: str, same: bool) -> None:
    assert matches(payload(fnt="VOORBEELD", gnt=spelling), person(given=name)) is same


@pytest.mark.parametrize(("name", "same"), [("Marie Noor", True), ("Noor", True), ("Anna", False)])
def test_given_names_in_their_own_script_are_in_any_order(name: str, same: bool) -> None:
    assert matches(payload(fnt="VOORBEELD", gn="Noor Marie"), person(given=name)) is same


@pytest.mark.parametrize("nothing", ["", "-", "  "])
def test_a_person_with_one_name_has_it_alone_on_both_sides(nothing: str) -> None:
    assert matches(payload(fnt="VOORBEELD"), person(given=nothing))
    assert matches(payload(gnt="NOOR"), person(family=nothing))
    assert not matches(payload(fnt="VOORBEELD"), person())
    assert not matches(payload(gnt="NOOR"), person())


@pytest.mark.parametrize("nam", [{}, {"fnt": "", "gnt": "<"}, {"fn": 7}])
def test_a_certificate_without_a_name_is_nobodys(nam: dict[str, Any]) -> None:
    assert not matches(payload(**nam), person(family="", given=""))
    assert not matches(PAYLOAD | {"nam": None}, person(family="", given=""))


@pytest.mark.parametrize(("version", "length"), [("1.0.0", 50), ("1.2.1", 50), ("1.3.0", 80), ("1.10.0", 80)])
def test_a_name_as_long_as_the_schema_allows_may_have_been_cut(version: str, length: int) -> None:
    def payload(**nam: Any) -> dict[str, Any]:
        return PAYLOAD | {"ver": version, "dob": "1990-01-01", "nam": nam}

    assert length in CUT_AT
    long = "Wolfeschlegelsteinhausenbergerdorffvoralternwarengewissenhaftschaferswessenschafewarenä"
    cut = long.upper()[:length]
    assert matches(payload(fnt=cut, gnt="NOOR"), person(family=long))
    assert not matches(payload(fnt=cut[:-1], gnt="NOOR"), person(family=long))
    assert not matches(payload(fnt=f"{cut[:-1]}Q", gnt="NOOR"), person(family=long))
    for other in CUT_AT:
        if other != length:
            assert not matches(payload(fnt=long.upper()[:other], gnt="NOOR"), person(family=long))
    given = f"NOOR<{cut[:-5]}"
    assert matches(payload(fnt="VOORBEELD", gnt=given), person(given=f"{long} Noor"))
    # what is written was cut elsewhere
    assert matches(payload(fn=f"v. {long}"[:length], fnt=f"V{cut}"[:length], gnt="NOOR"), person(family=f"v. {long}"))


@pytest.mark.parametrize(
    ("last", "shown", "same"),
    [
        ("JOAQUIM<MIG", "Miguel", True),
        ("JOAQUIM<MIG", "Antonio Jose Francisco Manuel Domingos Joaquim Miguel Duarte", True),
        ("JOAQUIM<MIG", "Antonio Jose Francisco Manuel Domingos Joaquim Duarte", False),
        ("BERNARDO<MI", "Miguel", False),
        ("BERNARDO<MI", "Antonio Jose", True),
        ("BERNARDO<MI", "Antonio Jose Francisco Manuel Domingos Bernardo Miguel Duarte", True),
        ("BERNARDO<MI", "Antonio Jose Francisco Manuel Domingos Joaquim Miguel Duarte", False),
    ],
)
def test_of_a_given_name_that_was_cut_there_are_three_letters_at_least(last: str, shown: str, same: bool) -> None:
    cut = f"ANTONIO<JOSE<FRANCISCO<MANUEL<DOMINGOS<{last}"
    assert (len(cut), len(last.partition("<")[2]) < CUT_LETTERS) == (50, last.endswith("<MI"))
    certified = payload(fnt="VOORBEELD", gnt=cut) | {"ver": "1.2.1"}
    assert matches(certified, person(given=shown)) is same


def test_a_sound_of_two_letters_may_have_been_cut_between_them() -> None:
    assert spells("A" * 79 + "O", "a" * 79 + "ø", cut=True)
    assert spells("A" * 79 + "K", "a" * 79 + "х", cut=True)
    assert not spells("A" * 79 + "K", "a" * 79 + "х")


BORN = [
    ("1990-01-01", "1990-01-01", True),
    ("1990-01-01T00:00:00", "1990-01-01", True),
    ("1990-01", "1990-01-31", True),
    ("1990", "1990-12-31", True),
    ("1990-01-01", "1990-01-02", False),
    ("1990-02", "1990-01-02", False),
    ("1991", "1990-01-02", False),
    ("", "1990-01-01", False),
    ("199", "1990-01-01", False),
    ("1990-", "1990-01-01", False),
    (None, "1990-01-01", False),
    ("1990", "1990", False),
    ("1990", "", False),
]


@pytest.mark.parametrize(("certified", "shown", "same"), BORN)
def test_a_date_of_birth_is_the_same_as_far_as_it_is_known(certified: Any, shown: str, same: bool) -> None:
    assert matches(payload(dob=certified, fnt="VOORBEELD", gnt="NOOR"), person(born=shown)) is same


@pytest.mark.parametrize(
    ("gn", "gnt", "shown", "same"),
    [
        ("Noor", "NOOR", "Noor", True),
        ("Noor Marie", "NOOR<MARIE", "Marie Noor", True),
        ("", "MARIE<NOOR", "Noor Marie", True),
        ("Noor Marie", "NOOR<MARIE", "Noor", False),
        ("Noor", "NOOR", "Noor Marie", False),
        ("", "NOOR", "Noor Marie", False),
    ],
)
@pytest.mark.parametrize(("born", "known"), [("1990", False), ("1990-01", True)])
def test_who_is_born_in_some_year_has_every_given_name_that_is_certified(
    gn: str, gnt: str, shown: str, same: bool, born: str, known: bool
) -> None:
    certified = payload(born, fnt="VOORBEELD", gn=gn, gnt=gnt)
    assert matches(certified, person(given=shown)) is (same or known)


@pytest.mark.parametrize(
    ("shown", "field"),
    [
        (person(family="Anders"), "payload.nam.fnt"),
        (person(given="Anna"), "payload.nam.gnt"),
        (person(born="1991-01-01"), "payload.dob"),
    ],
)
def test_a_refusal_names_the_member_and_says_no_value(shown: Person, field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_holder(PAYLOAD, person=shown)
    assert refusal.value.field == field
    assert not {"voorbeeld", "noor", "anders", "anna", "1990", "1991"} & set(str(refusal.value).lower().split())


def test_what_a_machine_readable_zone_leaves_out_is_left_out() -> None:
    assert letters_of("d'Été-Noël J.\u00a0Ⅳ") == "DÉTÉNOËLJIV"
