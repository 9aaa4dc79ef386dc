"""The one desk at which health certificates are judged, for the door, the issuer, the wallet and the command line."""

import json
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.business_rules import RULE, TAKEN_BACK, book
from zegel_testing.health import VACCINATION, Health, payload
from zegel_testing.revoked_health import batch
from zegel_testing.who import who_claims

from zegel.adapters.health_trust import open_health_desk
from zegel.checks import Check
from zegel.config.health import HealthConfig
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import VerifiedHealthCertificate
from zegel.formats.hcert.keys import DocumentSigners
from zegel.formats.hcert.revocation import HashType, RevokedHashes, parse_revocation_batch
from zegel.formats.hcert.rules.book import parse_rule_book
from zegel.formats.hcert.schema import Reading
from zegel.formats.hcert.who_certificate import VerifiedWhoCertificate
from zegel.formats.hcert.who_schema import WhoProfile
from zegel.primitives.base45 import parse_base45
from zegel.services.health import HealthDesk, Ruling, pasted_code

UTOPIA = Health()
CODE = UTOPIA.code()
REVOKED = RevokedHashes([parse_revocation_batch(batch(HashType.UCI, VACCINATION["ci"].encode()))])
NEVER = Ruling(book=book(RULE | {"Logic": {"===": [{"var": "payload.ver"}, "9"]}}), to="XU")


def refusal(desk: HealthDesk, *, at: int = NOW, signers: DocumentSigners | None = None) -> Check | None:
    try:
        desk.judge(CODE, at=at, signers=signers)
    except Rejected as error:
        return error.check
    return None


def test_each_step_refuses_before_the_next_is_taken() -> None:
    nobody = DocumentSigners(())
    for signers, at, revoked, ruling, check in (
        (nobody, 0, REVOKED, NEVER, Check.HEALTH_SIGNER),
        (UTOPIA.signers, 0, REVOKED, NEVER, Check.HEALTH_VALIDITY),
        (UTOPIA.signers, NOW, REVOKED, NEVER, Check.HEALTH_REVOKED),
        (UTOPIA.signers, NOW, None, NEVER, Check.BUSINESS_RULE),
        (UTOPIA.signers, NOW, None, None, None),
    ):
        assert refusal(HealthDesk(signers, revoked=revoked, ruling=ruling), at=at) is check


@pytest.mark.parametrize(("languages", "at"), [((), 0), (("hu", "nl-BE"), 1), (("fr-be",), 2)])
def test_the_rule_that_is_not_met_is_said_in_the_readers_language_else_in_english(
    languages: tuple[str, ...], at: int
) -> None:
    desk = HealthDesk(UTOPIA.signers, ruling=NEVER)
    for judge in (desk.judge, desk.judge_record):
        with pytest.raises(Rejected) as refused:
            judge(CODE, at=NOW, languages=languages)
        assert refused.value.said == RULE["Description"][at]["desc"]


def test_where_rules_are_needed_their_end_opens_no_door() -> None:
    over = book(RULE | {"ValidTo": "2021-07-01T00:00:00Z"})
    for rules, country, needed, check in (
        (over, "XU", False, None),
        (over, "XU", True, Check.BUSINESS_RULE),
        (book(RULE), "xu", True, Check.BUSINESS_RULE),
        (book(RULE), "XU", True, None),
    ):
        ruling = Ruling(book=rules, to=country, needed=needed)
        assert refusal(HealthDesk(UTOPIA.signers, ruling=ruling)) is check


@pytest.mark.parametrize("issuer", ["UT", "ut", None, "Health office"])
def test_an_issuer_takes_back_what_names_it_otherwise(issuer: str | None) -> None:
    """Rules of invalidation are the issuing country's, however a certificate writes it."""
    never = TAKEN_BACK | {"Logic": {"===": [{"var": "external.issuerCountryCode"}, "XX"]}}
    desk = HealthDesk(UTOPIA.signers, ruling=Ruling(book=book(RULE, never), to="XU"))
    with pytest.raises(Rejected, match=r"IR-UT-0001 1\.0\.0 of the issuer, UT"):
        desk.judge(UTOPIA.code(payload(co="ut"), claims={1: issuer}), at=NOW)


def test_none_at_all_that_are_brought_are_not_the_desks_own() -> None:
    desk = HealthDesk(UTOPIA.signers)
    assert refusal(desk, signers=DocumentSigners(())) is Check.HEALTH_SIGNER
    assert refusal(HealthDesk(DocumentSigners(())), signers=UTOPIA.signers) is None


@pytest.mark.parametrize("profile", WhoProfile)
def test_a_certificate_of_who_is_judged_by_signer_time_and_revocation(profile: WhoProfile) -> None:
    text = UTOPIA.code(claims=who_claims(profile))
    judged = HealthDesk(UTOPIA.signers, revoked=REVOKED).judge_record(text, at=NOW)
    assert isinstance(judged, VerifiedWhoCertificate)
    listed = RevokedHashes([parse_revocation_batch(batch(HashType.SIGNATURE, judged.signature[:32]))])
    for signers, at, revoked, ruling, check in (
        (DocumentSigners(()), 0, listed, NEVER, Check.HEALTH_SIGNER),
        (UTOPIA.signers, 0, listed, NEVER, Check.HEALTH_VALIDITY),
        (UTOPIA.signers, NOW, listed, NEVER, Check.HEALTH_REVOKED),
        (UTOPIA.signers, NOW, None, NEVER, Check.BUSINESS_RULE),
    ):
        with pytest.raises(Rejected) as refused:
            HealthDesk(signers, revoked=revoked, ruling=ruling).judge_record(text, at=at)
        assert refused.value.check is check


def test_either_kind_is_judged_and_what_needs_rules_takes_the_unions_alone() -> None:
    desk = HealthDesk(DocumentSigners(()))
    assert isinstance(desk.judge_record(CODE, at=NOW, signers=UTOPIA.signers), VerifiedHealthCertificate)
    with pytest.raises(Malformed, match="EU Digital COVID Certificate"):
        HealthDesk(UTOPIA.signers).judge(UTOPIA.code(claims=who_claims(WhoProfile.DVC)), at=NOW)


def test_a_configuration_names_files(tmp_path: Path) -> None:
    (tmp_path / "office.der").write_bytes(UTOPIA.der)
    (tmp_path / "revoked").mkdir()
    trusting = HealthConfig(trust=(tmp_path / "office.der",), revoked=tmp_path / "revoked")
    assert refusal(open_health_desk(trusting)) is None
    (tmp_path / "revoked" / "1.json").write_bytes(batch(HashType.UCI, VACCINATION["ci"].encode()))
    assert refusal(open_health_desk(trusting)) is Check.HEALTH_REVOKED
    assert refusal(open_health_desk(HealthConfig())) is Check.HEALTH_SIGNER


def test_a_role_that_has_rules_accepts_nothing_without_them(tmp_path: Path) -> None:
    (tmp_path / "office.der").write_bytes(UTOPIA.der)
    (tmp_path / "rules").mkdir()
    ruled = HealthConfig(trust=(tmp_path / "office.der",), rules=tmp_path / "rules", country="XU")
    assert refusal(open_health_desk(ruled)) is Check.BUSINESS_RULE
    (tmp_path / "rules" / "VR-XU-0001.json").write_text(json.dumps(RULE))
    assert refusal(open_health_desk(ruled)) is None


def test_where_no_rule_is_in_force_what_was_passed_over_is_named() -> None:
    names = [f"{number}.md" for number in range(5)]
    desk = HealthDesk(UTOPIA.signers, ruling=Ruling(book=parse_rule_book([], others=names), to="XU", needed=True))
    with pytest.raises(Rejected, match=r"judged by them; passed over in their folder: 0\.md, 1\.md, 2\.md$"):
        desk.judge(CODE, at=NOW)
    with pytest.raises(Rejected, match=r"judged by them$"):
        HealthDesk(UTOPIA.signers, ruling=Ruling(book=book(), to="XU", needed=True)).judge(CODE, at=NOW)


def test_no_text_of_base45_ends_with_a_space_so_that_what_was_pasted_may() -> None:
    assert pasted_code("  HC1:AB \r\n") == "HC1:AB"
    for text in (b"00 ", b"0 "):  # the least that ends with a space
        with pytest.raises(Malformed, match="a group beyond"):
            parse_base45(text, "test")


def test_the_reading_is_the_desks() -> None:
    odd = UTOPIA.code(payload(co="ut"))
    assert HealthDesk(UTOPIA.signers).judge(odd, at=NOW).warnings == ("v[0].co: expected the code of a country",)
    with pytest.raises(Malformed, match="country"):
        HealthDesk(UTOPIA.signers, reading=Reading.STRICT).judge(odd, at=NOW)
