"""Timestamps in certificates: which of them count, and when; what a certificate says of itself counts for nothing."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import DAY, NOW, authority, fixed_key, fixed_random
from zegel_testing.transparency import LOG, LOG_SIGNER, Tree
from zegel_testing.transparency import LOGGED_ROOT as ROOT
from zegel_testing.transparency import access_draft as draft
from zegel_testing.transparency import earlier_timestamp as earlier

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.der import OCTET_STRING, encode_element, encode_oid
from zegel.primitives.keys import Curve
from zegel.primitives.x509 import Certificate
from zegel.trust.authority import Draft, draft_renewal
from zegel.trust.transparency.extensions import (
    POISON,
    SCT_LIST,
    TRANSPARENCY_INFORMATION,
    has_extension,
    parse_logged_certificate,
    transparency_information,
    without_extensions,
)
from zegel.trust.transparency.issuance import announce, complete, issue_stamped, tbs_of
from zegel.trust.transparency.items import (
    InclusionProof,
    LogEntry,
    SignedCertificateTimestamp,
    TransItem,
    TreeHead,
    UnknownItem,
    encode_trans_items,
)
from zegel.trust.transparency.logs import LogSigner, TransparencyLog
from zegel.trust.transparency.merkle import inclusion_path, root_of
from zegel.trust.transparency.precertificate import parse_precertificate, verify_precertificate
from zegel.trust.transparency.timestamps import (
    VerifiedTimestamps,
    entry_of,
    parse_sct_list,
    verify_timestamps,
)
from zegel.trust.transparency.vectors import encode_vectors

OTHER = TransparencyLog(id=encode_oid("2.25.2"), key=fixed_key("another log").public_key, entity="Another")
OTHER_SIGNER = LogSigner(id=OTHER.id, signer=fixed_key("another log"))


def entry(tbs: bytes, *, timestamp: int = NOW * 1000, precertificate: bool = True) -> LogEntry:
    return entry_of(tbs, issuer=ROOT.certificate, timestamp=timestamp, precertificate=precertificate, extensions=b"")


def sct(*, of: Draft | None = None, at: int = NOW, by: LogSigner = LOG_SIGNER) -> SignedCertificateTimestamp:
    return by.sign_timestamp(entry((of or draft()).tbs, timestamp=at * 1000))


def carrying(*items: TransItem) -> Certificate:
    return draft().sign({TRANSPARENCY_INFORMATION: transparency_information(encode_trans_items(items))})


def verified(certificate: Certificate, **changes: object) -> VerifiedTimestamps:
    known = {"issuer": ROOT.certificate, "logs": (LOG,), "required": True, "now": NOW}
    return verify_timestamps(certificate, **known | changes)


def refusal(certificate: Certificate, **changes: object) -> str:
    with pytest.raises(Rejected) as refused:
        verified(certificate, **changes)
    assert refused.value.check is Check.CERTIFICATE_TIMESTAMP
    return refused.value.detail


@pytest.mark.requirement("CT_05")
def test_a_timestamp_of_a_log_on_the_list_counts_ct_05() -> None:
    found = verified(carrying(sct()))
    (timestamp,) = found.timestamps
    assert (timestamp.log, timestamp.timestamp, timestamp.version) == (LOG, NOW * 1000, 2)


@pytest.mark.requirement("CT_05")
def test_one_that_holds_is_enough_ct_05() -> None:
    strange = sct(by=OTHER_SIGNER)
    wrong = replace(sct(), timestamp=7)
    assert len(verified(carrying(strange, wrong, sct())).timestamps) == 1
    assert len(verified(carrying(strange, sct()), logs=(LOG, OTHER)).timestamps) == 2


@pytest.mark.requirement("RPA_06a")
@pytest.mark.requirement("CT_06")
def test_a_certificate_without_any_is_refused_ct_06_rpa_06a() -> None:
    assert "it carries none" in refusal(draft().sign())


@pytest.mark.requirement("CT_06")
def test_a_log_that_is_not_on_the_list_is_refused_by_that_name_ct_06() -> None:
    assert "none of the 1 it carries is of such a log" in refusal(carrying(sct(by=OTHER_SIGNER)))
    assert "none of the 1" in refusal(carrying(sct()), logs=())


def test_the_key_comes_from_the_list_and_never_from_the_certificate() -> None:
    impostor = LogSigner(id=LOG.id, signer=fixed_key("impostor"))
    assert "does not verify" in refusal(carrying(sct(by=impostor)))


@pytest.mark.parametrize("at", [NOW + 11, NOW + DAY])
def test_a_timestamp_of_the_future_is_refused(at: int) -> None:
    assert verified(carrying(sct(at=NOW + 10)))
    assert "of the future" in refusal(carrying(sct(at=at)))


def test_what_a_log_stamped_before_it_was_retired_counts_and_nothing_since() -> None:
    assert verified(carrying(sct()), logs=(replace(LOG, retired_at=NOW + 1),)).timestamps
    assert "had been retired" in refusal(carrying(sct()), logs=(replace(LOG, retired_at=NOW),))


def test_a_timestamp_is_of_this_certificate_and_of_its_issuer() -> None:
    assert "does not verify" in refusal(carrying(sct(of=draft(name="somebody else"))))
    assert "does not verify" in refusal(carrying(sct()), issuer=authority("another").certificate)


@pytest.mark.parametrize("signature", [b"", bytes(8), bytes.fromhex("30060201010201010000"), b"\x30\x03\x02\x01"])
def test_a_signature_that_is_none_is_refused(signature: bytes) -> None:
    assert "DER signature" in refusal(carrying(replace(sct(), signature=signature or b"\x00")))


def test_a_signature_of_a_larger_curve_is_refused() -> None:
    large = bytes.fromhex("3026022101" + "00" * 32 + "020101")
    assert "DER signature" in refusal(carrying(replace(sct(), signature=large)))


def test_a_timestamp_of_a_certificate_cannot_stand_in_that_certificate() -> None:
    whole = LOG_SIGNER.sign_timestamp(entry(draft().tbs, precertificate=False))
    assert "it carries none" in refusal(carrying(whole))


def test_where_none_is_required_none_is_there_and_a_strange_log_is_passed_over() -> None:
    assert verified(draft().sign(), required=False).timestamps == ()
    assert verified(carrying(sct(by=OTHER_SIGNER)), required=False).timestamps == ()
    assert len(verified(carrying(sct()), required=False).timestamps) == 1


def test_where_none_is_required_what_a_trusted_log_is_said_to_have_signed_still_has_to_hold() -> None:
    assert "does not verify" in refusal(carrying(replace(sct(), timestamp=7)), required=False)


# --- proofs that come along -------------------------------------------------------------------------------------------


def proven(
    *, root: bytes | None = None, signer: LogSigner = LOG_SIGNER, size: int = 3, claimed: int = 3
) -> Certificate:
    tree = Tree((b"first", entry(draft().tbs).encode(), b"third"))
    head = TreeHead(timestamp=NOW * 1000, tree_size=size, root_hash=root or root_of(3, tree.read))
    proof = InclusionProof(log_id=LOG.id, tree_size=claimed, leaf_index=1, path=inclusion_path(1, 3, tree.read))
    return carrying(sct(), signer.sign_head(head), proof)


def test_a_proof_that_the_promise_was_kept_is_verified() -> None:
    assert verified(proven()).timestamps[0].tree_size == 3


def test_a_proof_for_another_tree_than_that_of_the_head_says_nothing() -> None:
    assert verified(proven(claimed=4)).timestamps[0].tree_size is None


def test_a_proof_that_does_not_lead_to_the_root_is_refused() -> None:
    with pytest.raises(Rejected) as refused:
        verified(proven(root=bytes(32)))
    assert refused.value.check is Check.LOG_PROOF


def test_a_head_that_the_log_did_not_sign_is_refused() -> None:
    with pytest.raises(Rejected) as refused:
        verified(proven(signer=LogSigner(id=LOG.id, signer=fixed_key("impostor"))))
    assert refused.value.check is Check.TREE_HEAD


# --- RFC 6962 ---------------------------------------------------------------------------------------------------------


def with_earlier(*scts: bytes, items: tuple[TransItem, ...] = ()) -> Certificate:
    extensions = {}
    if items:
        extensions[TRANSPARENCY_INFORMATION] = transparency_information(encode_trans_items(items))
    extensions[SCT_LIST] = encode_element(OCTET_STRING, encode_vectors(scts, 0xFFFF, inner=0xFFFF))
    return draft().sign(extensions)


def test_a_timestamp_of_the_earlier_kind_counts_too() -> None:
    (timestamp,) = verified(with_earlier(earlier(draft().tbs))).timestamps
    assert (timestamp.version, timestamp.log) == (1, LOG)


def test_both_kinds_stand_in_one_certificate_by_appendix_a() -> None:
    """RFC 9162 appendix A: the newer ones are in it when the log of the earlier kind sees it."""
    newer = sct()
    tbs = parse_logged_certificate(carrying(newer).der).tbs
    found = verified(with_earlier(earlier(tbs), items=(newer,)))
    assert sorted(timestamp.version for timestamp in found.timestamps) == [1, 2]


def test_another_algorithm_or_log_of_the_earlier_kind_is_refused() -> None:
    assert "SHA-256 and ECDSA" in refusal(with_earlier(earlier(draft().tbs, algorithm=b"\x05\x03")))
    assert "none of the 1" in refusal(with_earlier(earlier(draft().tbs, signer=OTHER_SIGNER)))
    assert "does not verify" in refusal(with_earlier(earlier(b"another")))


def test_another_version_of_the_earlier_kind_is_passed_over() -> None:
    assert parse_sct_list(encode_vectors((b"\x01whatever",), 0xFFFF, inner=0xFFFF)) == ()


@pytest.mark.parametrize("wrong", [b"", b"\x00\x00", b"\x00\x02\x00\x00", b"\x00\x03\x00\x01\x00", b"\x00\x01\x00"])
def test_an_sct_list_is_read_strictly(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        parse_sct_list(wrong)


# --- the certificate as a log saw it ----------------------------------------------------------------------------------


def test_a_certificate_is_as_it_was_announced_but_for_what_logs_say() -> None:
    assert tbs_of(carrying(sct())) == draft().tbs == tbs_of(draft().sign())
    assert verify_precertificate(parse_precertificate(announce(draft())), issuer=ROOT.certificate).tbs == draft().tbs


@pytest.mark.parametrize(
    "der", [b"", b"\x30\x00", b"\x30\x06\x04\x00\x04\x00\x04\x00", b"\x30\x06\x30\x00\x30\x00\x03\x00"]
)
def test_what_is_no_certificate_is_malformed(der: bytes) -> None:
    with pytest.raises(Malformed):
        parse_logged_certificate(der)


def extended(*extensions: bytes) -> bytes:
    """A TBSCertificate with a serial number and extensions."""
    block = encode_element(0xA3, encode_element(0x30, *extensions))
    return encode_element(0x30, b"\x02\x01\x05", block)


def extension(dotted: str, value: bytes = b"\x04\x00") -> bytes:
    return encode_element(0x30, encode_element(0x06, encode_oid(dotted)), encode_element(OCTET_STRING, value))


@pytest.mark.parametrize(("algorithm", "signature"), [(0x31, 0x03), (0x30, 0x04)])
def test_what_is_signed_has_an_algorithm_and_a_signature_beside_it(algorithm: int, signature: int) -> None:
    def certificate(*tags: int) -> bytes:
        return encode_element(0x30, draft().tbs, *(encode_element(tag, b"") for tag in tags))

    assert parse_logged_certificate(certificate(0x30, 0x03)).tbs == draft().tbs
    with pytest.raises(Malformed, match="an algorithm and a signature"):
        parse_logged_certificate(certificate(algorithm, signature))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        encode_element(0x06, encode_oid(POISON)) + b"\x01\x01\xff",
        b"\x02\x01\x05" + encode_element(OCTET_STRING, b""),
    ],
)
def test_an_extension_has_an_identifier_and_an_octet_string(content: bytes) -> None:
    with pytest.raises(Malformed, match="expected an identifier and an octet string"):
        has_extension(extended(encode_element(0x30, content)), POISON)


def test_a_block_of_extensions_goes_with_its_last_one() -> None:
    tbs = extended(extension(SCT_LIST))
    assert without_extensions(tbs, (encode_oid(SCT_LIST),)) == encode_element(0x30, b"\x02\x01\x05")
    assert without_extensions(tbs, (encode_oid(POISON),)) is tbs
    plain = encode_element(0x30, b"\x02\x01\x05")
    assert without_extensions(plain, (encode_oid(SCT_LIST),)) is plain
    assert (has_extension(tbs, SCT_LIST), has_extension(tbs, POISON), has_extension(plain, POISON)) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize("tbs", [extended(extension(POISON), extension(POISON)), extended(b"\x30\x00"), b"\x30\x00"])
def test_an_extension_stands_once_and_has_a_name_and_a_value(tbs: bytes) -> None:
    with pytest.raises(Malformed):
        has_extension(tbs, POISON)


def test_a_list_that_is_not_wrapped_is_malformed() -> None:
    bare = draft().sign({TRANSPARENCY_INFORMATION: b"\x30\x00"})
    with pytest.raises(Malformed, match="tag 0x04"):
        verified(bare)


# --- issued in public -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("curve", list(Curve))
@pytest.mark.requirement("CT_04")
def test_a_certificate_is_issued_with_its_timestamp_ct_04(curve: Curve) -> None:
    root = authority("root", curve=curve)
    settled = replace(draft(), authority=root)
    certificate = issue_stamped(settled, log=LOG_SIGNER, now=NOW)
    assert verified(certificate, issuer=root.certificate).timestamps[0].log == LOG


def test_nothing_is_issued_with_what_a_wallet_would_refuse() -> None:
    with pytest.raises(Rejected):
        complete(draft(), (UnknownItem(type=0xE000, data=b""),), logs=(LOG,), now=NOW)
    assert complete(draft(), (sct(),), logs=(LOG,), now=NOW)


def test_a_renewal_leaves_out_what_was_said_of_the_old_certificate() -> None:
    old = with_earlier(earlier(draft().tbs), items=(sct(),))
    renewed = draft_renewal(ROOT, old, key=fixed_key("next").public_key, now=NOW, days=30, random=fixed_random("next"))
    certificate = renewed.sign()
    logged = parse_logged_certificate(certificate.der)
    assert (logged.items, logged.scts) == (None, None)
    assert certificate.dns_names == old.dns_names
    assert verified(issue_stamped(renewed, log=LOG_SIGNER, now=NOW)).timestamps
