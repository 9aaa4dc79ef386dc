"""Trusted lists in XML: what a signature may be, who may sign, and what is read; each fault is refused by its name."""

from base64 import b64decode, b64encode
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from zegel_testing.authorities import DAY, NOW, authority
from zegel_testing.xml_making import (
    C14N,
    ENVELOPED,
    MORE,
    SHA256,
    XmlSigner,
    extension,
    pointer,
    service,
    signed_xml,
    xml_list,
    xml_signer,
)

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError
from zegel.trust.anchors import Purpose
from zegel.trust.lists.xml.document import MAX_DOCUMENT, open_document
from zegel.trust.lists.xml.parse import UnverifiedXmlList, parse_xml_list
from zegel.trust.lists.xml.signature import verify_xml_signature
from zegel.trust.lists.xml.values import FOR_SEALS, QualifiedService, XmlListPointer, XmlListType
from zegel.trust.lists.xml.verify import VerifiedXmlList, pivots_of, verify_list_of_lists, verify_national_list

QEAA = authority("QEAA provider").certificate
SEALS = authority("certification authority").certificate
PERSONS = authority("certification authority for persons").certificate
EVERY = frozenset(QualifiedService)
TYPES = frozenset({"urn:utopia:diploma:1", "urn:eudi:pid:1", "eu.europa.ec.eudi.pid.1"})
SEALING = f'<AdditionalServiceInformation><URI xml:lang="en">{FOR_SEALS}</URI></AdditionalServiceInformation>'


UNION_ALGORITHMS = pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("P-256", f"{MORE}ecdsa-sha256"),
        ("brainpool", f"{MORE}ecdsa-sha256"),
        ("RSA", f"{MORE}rsa-sha256"),
        ("RSA", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
    ],
)


@cache
def operator(kind: str = "P-256") -> XmlSigner:
    made: Any = {
        "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "brainpool": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
        "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
        "RSA": lambda: rsa.generate_private_key(65_537, 2_048),
        "short RSA": lambda: rsa.generate_private_key(65_537, 1_024),
        "another": lambda: ec.generate_private_key(ec.SECP256R1()),
    }[kind.removeprefix("another ")]
    return xml_signer(made())


def expecting(*signers: XmlSigner, territory: str = "UT") -> XmlListPointer:
    return XmlListPointer(
        location="https://utopia.example/list.xml",
        type=XmlListType.NATIONAL,
        territory=territory,
        media_type=None,
        certificates=tuple(each.certificate for each in signers),
    )


def verified(data: bytes, *signers: XmlSigner, now: int = NOW, seen: int = 0) -> VerifiedXmlList:
    document = parse_xml_list(data)
    return verify_national_list(document, pointer=expecting(*(signers or (operator(),))), now=now, seen=seen)


def refusal(data: bytes, *signers: XmlSigner, **options: int) -> ZegelError:
    with pytest.raises(ZegelError) as refused:
        verified(data, *signers, **options)
    return refused.value


def test_a_list_is_verified_and_says_who_is_trusted() -> None:
    found = verified(
        signed_xml(
            xml_list(
                service("EAA/Q", QEAA.der),
                service("CA/QC", SEALS.der, more=extension(SEALING)),
                service("CA/QC", PERSONS.der),
                service("EAA/Q", PERSONS.der, status="withdrawn"),
                service("EAA/Q", PERSONS.der, more=extension("<Unheard/>")),
                service("EAA/Q", b"no certificate"),
                service("TSA/QTST", PERSONS.der),
            ),
            operator(),
        )
    )
    assert (found.type, found.sequence, found.operator, found.territory) == (
        XmlListType.NATIONAL, 7, "Utopian Trust Office", "UT"
    )  # fmt: skip
    assert (found.issued_at, found.next_update) == (NOW - DAY, NOW + 29 * DAY)
    assert (found.signer.certificate, found.signer.subject) == (operator().certificate, "CN=List signer")
    anchors = found.anchors(types=TYPES, services=EVERY)
    assert [anchor.certificate.parse() for anchor in anchors] == [QEAA, QEAA, SEALS, SEALS]
    assert {(anchor.purpose, anchor.entity, anchor.types) for anchor in anchors} == {
        (Purpose.ISSUER, "Utopia Trust", frozenset({"urn:utopia:diploma:1"})),
        (Purpose.STATUS, "Utopia Trust", None),
    }
    assert anchors[0].listings[0].type == "EUgeneric UT"
    only = found.anchors(types=TYPES, services=frozenset({QualifiedService.ATTESTATIONS}))
    assert [anchor.certificate.parse() for anchor in only] == [QEAA, QEAA]


@pytest.mark.parametrize(
    ("more", "granted"),
    [
        (extension(SEALING), True),
        (extension("<Unheard/>", critical="false"), True),
        (extension("<Unheard/>", critical="0"), True),
        (extension("<Unheard/>"), False),
        (extension(""), False),
        (extension(SEALING + "<Unheard/>"), False),
    ],
)
def test_a_critical_extension_that_is_unknown_costs_the_service(more: str, granted: bool) -> None:
    found = verified(signed_xml(xml_list(service("EAA/Q", QEAA.der, more=more)), operator()))
    assert found.providers[0].services[0].granted is granted


def test_a_service_says_where_it_publishes() -> None:
    points = '<ServiceSupplyPoints><ServiceSupplyPoint type="urn:crl">https://a.example</ServiceSupplyPoint></ServiceSupplyPoints>'
    found = verified(signed_xml(xml_list(service("EAA/Q", QEAA.der, more=points)), operator()))
    (point,) = found.providers[0].services[0].supply_points
    assert (point.url, point.type) == ("https://a.example", "urn:crl")


@pytest.mark.slow
@UNION_ALGORITHMS
@pytest.mark.refuses(Check.SIGNATURE)
def test_a_list_by_another_key_than_the_certificates_is_refused(kind: str, algorithm: str) -> None:
    thief = XmlSigner(operator(f"another {kind}").key, operator(kind).certificate)
    refused = refusal(signed_xml(xml_list(), thief, algorithm=algorithm), operator(kind))
    assert (refused.check, refused.field) == (Check.SIGNATURE, "SignatureValue")


@UNION_ALGORITHMS
@pytest.mark.refuses(Check.SIGNATURE)
def test_the_signature_of_one_list_is_not_that_of_another(kind: str, algorithm: str) -> None:
    values: list[str] = []

    def moved(signature: str) -> str:
        """The same, with the value of the one before."""
        value = signature.partition("<d:SignatureValue>")[2].partition("</d:SignatureValue>")[0]
        values.append(value)
        return signature.replace(value, values[0])

    made = [
        signed_xml(xml_list(sequence=number), operator(kind), algorithm=algorithm, signature=moved) for number in (7, 8)
    ]
    assert verified(made[0], operator(kind)).sequence == 7
    refused = refusal(made[1], operator(kind))
    assert (refused.check, refused.field) == (Check.SIGNATURE, "SignatureValue")


@UNION_ALGORITHMS
def test_lists_are_signed_with_the_algorithms_of_the_union(kind: str, algorithm: str) -> None:
    assert verified(signed_xml(xml_list(), operator(kind), algorithm=algorithm), operator(kind)).providers == ()


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("secp256k1", f"{MORE}ecdsa-sha256"),
        ("short RSA", f"{MORE}rsa-sha256"),
        ("short RSA", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
        ("P-256", f"{MORE}rsa-sha256"),
        ("P-256", "http://www.w3.org/2000/09/xmldsig#ecdsa-sha1"),
        ("RSA", f"{MORE}hmac-sha256"),
        ("RSA", ""),
    ],
)
@pytest.mark.refuses(Check.ALGORITHM)
def test_no_others_are(kind: str, algorithm: str) -> None:
    made = signed_xml(xml_list(), operator(kind), algorithm=algorithm)
    assert refusal(made, operator(kind)).check is Check.ALGORITHM


@pytest.mark.refuses(Check.ALGORITHM)
def test_a_certificate_that_cannot_be_read_signs_nothing() -> None:
    known = operator().certificate
    unknown_curve = known.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d03017f"))
    for certificate in (b"no certificate", unknown_curve):
        odd = XmlSigner(operator().key, certificate)
        assert refusal(signed_xml(xml_list(), odd), odd).check is Check.ALGORITHM


@pytest.mark.refuses(Check.ANCHOR)
def test_who_may_sign_is_said_by_who_points_to_the_list() -> None:
    assert refusal(signed_xml(xml_list(), operator("another"))).check is Check.ANCHOR


@pytest.mark.refuses(Check.CERTIFICATE_VALIDITY)
def test_the_signers_certificate_is_valid_now() -> None:
    data = signed_xml(xml_list(next_update=NOW + 900 * DAY), operator())
    assert refusal(data, now=NOW + 326 * DAY).check is Check.CERTIFICATE_VALIDITY
    assert refusal(data, now=NOW - 41 * DAY).check is Check.CERTIFICATE_VALIDITY


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("Utopian Trust Office", "Utopian Trust Offices"),
        ("<TSLSequenceNumber>7", "<TSLSequenceNumber>8"),
        ("2026-11-21T00:00:00Z</x:SigningTime>", "2026-11-20T00:00:00Z</x:SigningTime>"),
    ],
)
@pytest.mark.refuses(Check.SIGNATURE)
def test_what_is_signed_is_not_changed(was: str, becomes: str) -> None:
    data = signed_xml(xml_list(), operator()).decode()
    assert was in data
    assert refusal(data.replace(was, becomes).encode()).check is Check.SIGNATURE


@pytest.mark.refuses(Check.SIGNATURE)
def test_a_signature_is_as_long_as_its_curve_says_and_verifies() -> None:
    def shorter(signature: str) -> str:
        return signature.replace("</d:SignatureValue>", "</d:SignatureValue>").replace(
            signature[signature.index("<d:SignatureValue>") : signature.index("</d:SignatureValue>")],
            "<d:SignatureValue>AAAA",
        )

    def another(signature: str) -> str:
        return signature.replace(
            signature[signature.index("<d:SignatureValue>") : signature.index("</d:SignatureValue>")],
            "<d:SignatureValue>" + "A" * 85 + "Q" + "==",
        )

    for change in (shorter, another):
        assert refusal(signed_xml(xml_list(), operator(), signature=change)).check is Check.SIGNATURE


@pytest.mark.parametrize("tail", ["", "\n  "])
@pytest.mark.parametrize("first", [True, False])
def test_the_text_behind_a_signature_stays_where_it_is(tail: str, first: bool) -> None:
    text = xml_list() if not first else xml_list().replace("><SchemeInformation>", ">\n<SchemeInformation>", 1)
    assert verified(signed_xml(text, operator(), tail=tail))


def test_a_signature_may_stand_first() -> None:
    text = xml_list().replace("><SchemeInformation>", ">\n<SchemeInformation>", 1)
    data = signed_xml(text, operator()).decode()
    start, end = data.index("<d:Signature "), data.index("</d:Signature>") + len("</d:Signature>")
    moved = (data[:start] + data[end:]).replace(">\n<SchemeInformation>", f">{data[start:end]}\n<SchemeInformation>", 1)
    assert verified(moved.encode())


def test_a_list_may_be_named_by_its_identifier() -> None:
    by_id = signed_xml(xml_list(), operator(), signed_info=lambda info: info.replace('URI=""', 'URI="#list"', 1))
    assert verified(by_id)


def test_without_a_transform_the_properties_are_made_canonical_inclusively() -> None:
    def bare(info: str) -> str:
        start = info.index("<d:Transforms>", info.index("#about"))
        return info[:start] + info[info.index("</d:Transforms>", start) + len("</d:Transforms>") :]

    # what is canonical inclusively has the names of the list in it, which are not in this digest
    assert refusal(signed_xml(xml_list(), operator(), signed_info=bare)).check is Check.SIGNATURE


FAULTS = {
    "another reference": lambda info: info.replace("</d:SignedInfo>", '<d:Reference URI="#x"/></d:SignedInfo>'),
    "only one reference": lambda info: info[: info.index('<d:Reference URI="#about')] + "</d:SignedInfo>",
    "another part": lambda info: info.replace('URI=""', 'URI="#other"'),
    "no part": lambda info: info.replace('URI=""', ""),
    "other properties": lambda info: info.replace("#about", "#other"),
    "no enveloped transform": lambda info: info.replace(f'<d:Transform Algorithm="{ENVELOPED}"/>', ""),
    "enveloped after": lambda info: info.replace(
        f'<d:Transform Algorithm="{ENVELOPED}"/><d:Transform Algorithm="{C14N}"/>',
        f'<d:Transform Algorithm="{C14N}"/><d:Transform Algorithm="{ENVELOPED}"/>',
    ),
    "another transform than the enveloped": lambda info: info.replace(
        f'<d:Transform Algorithm="{ENVELOPED}"/>', f'<d:Transform Algorithm="{C14N}"/>'
    ),
    "a transform of three": lambda info: info.replace(
        f'<d:Transform Algorithm="{ENVELOPED}"/>', f'<d:Transform Algorithm="{ENVELOPED}"/>' * 2
    ),
    "an unknown transform": lambda info: info.replace(f'"{C14N}"/></d:Transforms>', '"urn:x"/></d:Transforms>'),
    "a transform with a parameter": lambda info: info.replace(
        f'<d:Transform Algorithm="{ENVELOPED}"/>', f'<d:Transform Algorithm="{ENVELOPED}"><d:XPath/></d:Transform>'
    ),
    "an unknown canonical form": lambda info: info.replace(f'Method Algorithm="{C14N}"', 'Method Algorithm="urn:x"'),
    "a method with a parameter": lambda info: info.replace(
        f'<d:DigestMethod Algorithm="{SHA256}"/>', f'<d:DigestMethod Algorithm="{SHA256}"><d:X/></d:DigestMethod>'
    ),
    "SHA-1": lambda info: info.replace(SHA256, "http://www.w3.org/2000/09/xmldsig#sha1"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_signature_has_one_form(fault: str) -> None:
    with pytest.raises(Malformed):
        parse_xml_list(signed_xml(xml_list(), operator(), signed_info=FAULTS[fault]))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("<x:SigningTime>2026-11-21T00:00:00Z</x:SigningTime>", ""),
        ("SigningCertificateV2", "SigningCertificateV3"),
        ('Id="about"', ""),
    ],
)
def test_the_properties_are_those_of_baseline_b(was: str, becomes: str) -> None:
    with pytest.raises(Malformed):
        parse_xml_list(signed_xml(xml_list(), operator(), properties=lambda text: text.replace(was, becomes)))


@pytest.mark.parametrize(("now", "good"), [(-1, False), (0, True), (365 * DAY, True), (365 * DAY + 1, False)])
def test_a_signers_certificate_counts_from_its_first_second_to_its_last(now: int, good: bool) -> None:
    begins = NOW - 40 * DAY  # as ``xml_signer`` has it
    signature = parse_xml_list(signed_xml(xml_list(), operator())).signature
    if good:
        assert verify_xml_signature(signature, signers=(operator().certificate,), now=begins + now)
        return
    with pytest.raises(Rejected) as refused:
        verify_xml_signature(signature, signers=(operator().certificate,), now=begins + now)
    assert refused.value.check is Check.CERTIFICATE_VALIDITY


def test_a_certificate_is_named_by_either_property() -> None:
    def older(text: str) -> str:
        return text.replace("SigningCertificateV2", "SigningCertificate")

    assert verified(signed_xml(xml_list(), operator(), properties=older))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (
            "<d:Object>",
            '<d:Object><x:QualifyingProperties xmlns:x="http://uri.etsi.org/01903/v1.3.2#"/></d:Object><d:Object>',
        ),
        ("<d:KeyInfo>", "<d:KeyInfo/><d:KeyInfo>"),
        ("<d:X509Certificate>", "<d:X509Certificate>AAAA</d:X509Certificate><d:Odd>"),
        ("<d:SignatureValue>", "<d:SignatureValue>?"),
    ],
)
def test_the_parts_of_a_signature_stand_there_once(was: str, becomes: str) -> None:
    def changed(text: str) -> str:
        text = text.replace(was, becomes)
        return text.replace("</d:X509Certificate></d:X509Data>", "</d:Odd></d:X509Data>") if "Odd" in text else text

    with pytest.raises(Malformed):
        parse_xml_list(signed_xml(xml_list(), operator(), signature=changed))


@pytest.mark.parametrize(
    ("text", "options", "check"),
    [
        (xml_list(type_="EUlistofthelists"), {}, Check.LIST_TYPE),
        (xml_list(territory="DE"), {}, Check.LIST_TYPE),
        (xml_list(issued_at=NOW + 11), {}, Check.LIST_FRESHNESS),
        (xml_list(next_update=NOW), {}, Check.LIST_FRESHNESS),
        (xml_list(next_update=None), {}, Check.LIST_FRESHNESS),
        (xml_list(sequence=6), {"seen": 7}, Check.LIST_SEQUENCE),
    ],
)
@pytest.mark.refuses(Check.LIST_FRESHNESS)
def test_a_list_is_the_one_that_was_asked_for_and_in_force(text: str, options: dict[str, int], check: Check) -> None:
    assert refusal(signed_xml(text, operator()), **options).check is check


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("<TSLVersionIdentifier>6", "<TSLVersionIdentifier>4"),
        ("<TSLSequenceNumber>7", "<TSLSequenceNumber>x"),
        ("<TSLSequenceNumber>7", "<TSLSequenceNumber>1234567890123"),
        ("<TSLType>", "<TSLType/><TSLType>"),
        ("<SchemeTerritory>UT", "<SchemeTerritory> "),
        ("<SchemeTerritory>UT", "<SchemeTerritory>U<b/>T"),
        (":00Z</ListIssueDateTime>", ":00</ListIssueDateTime>"),
        (":00Z</ListIssueDateTime>", ":99Z</ListIssueDateTime>"),
        (":00Z</ListIssueDateTime>", "</ListIssueDateTime>"),
        ('<Name xml:lang="el">Όνομα</Name><Name xml:lang="en">Utopian Trust Office</Name>', ""),
        ("TrustServiceStatusList", "TrustServiceStatusLists"),
    ],
)
def test_what_is_no_such_list_is_malformed(was: str, becomes: str) -> None:
    text = xml_list()
    assert was in text
    changed = text.replace(was, becomes)
    with pytest.raises(Malformed):
        parse_xml_list(
            signed_xml(text, operator()).replace(was.encode(), becomes.encode())
            if "Lists" in becomes
            else signed_xml(changed, operator())
        )


def test_what_has_no_canonical_form_is_malformed() -> None:
    data = signed_xml(xml_list(), operator()).replace(b"<d:Signature ", b'<d:Signature xmlns="relative" ')
    data = data.replace(b"<d:SignedInfo>", b'<d:SignedInfo><Odd xmlns="also"/>').replace(
        b"<d:SignedInfo ", b'<d:SignedInfo xmlns:q="also" q:a="b" '
    )
    with pytest.raises(Malformed):
        parse_xml_list(data)


def test_a_time_is_read_wherever_its_zone_is_and_without_its_fraction() -> None:
    text = xml_list().replace("2026-11-21T00:00:00Z</List", "2026-11-21T02:00:00.75+02:00</List")
    assert parse_xml_list(signed_xml(text, operator())).unverified_issued_at == NOW - DAY


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_beyond_the_calendar_is_malformed(time: str) -> None:
    text = xml_list().replace("2026-11-21T00:00:00Z</List", f"{time}</List")
    with pytest.raises(Malformed, match="expected a time"):
        parse_xml_list(signed_xml(text, operator()))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a>&b;</a>",
        b"<a><?b c?></a>",
        b'<?xml version="1.0" encoding="utf-16"?><a/>'.decode().encode("utf-16"),
        b"<a>\xff</a>",
        b"<a>\x00</a>",
        b"<a>" * 33 + b"</a>" * 33,
        b"<a>" * 300 + b"</a>" * 300,
        b"<a>" + b"<b/>" * 200_001 + b"</a>",
        b"<a" + b"".join(b' a%d=""' % n for n in range(200_001)) + b"/>",
        b"<a>" + b"x" * MAX_DOCUMENT + b"</a>",
    ],
    ids=lambda data: f"{len(data)} bytes, {data[:20]!r}",
)
def test_what_is_no_plain_document_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        open_document(data, what="test")


def test_as_many_signs_as_attributes_could_have_are_a_plain_document_and_one_more_is_not() -> None:
    text = b"=" * 200_000
    assert open_document(b"<a>" + text + b"</a>", what="test").text == text.decode()
    with pytest.raises(Malformed, match="expected at most 200000 tags and attributes"):
        open_document(b"<a>" + text + b"=</a>", what="test")


@pytest.mark.parametrize(
    "data", [b"<!DOCTYPE a><a/>", b"<a><![CDATA[<!ENTITY]]></a>", b'<a><!-- <!DOCTYPE a SYSTEM "b"> --></a>']
)
def test_a_document_type_is_refused_wherever_it_stands_and_before_anything_is_parsed(data: bytes) -> None:
    with pytest.raises(Malformed, match="expected no document type"):
        open_document(data, what="test")


def test_a_document_is_in_utf_8_whatever_it_says_and_may_have_a_mark_and_comments() -> None:
    data = '\ufeff<?xml version="1.0" encoding="iso-8859-1"?><a>ü<!-- not signed -->ü</a>'.encode()
    assert "".join(open_document(data, what="test").itertext()) == "üü"


LOTL = "https://lists.example/lotl.xml"
PIVOTS = tuple(f"https://lists.example/pivot-{number}.xml" for number in (3, 2, 1))


def list_of_lists(by: XmlSigner, *names: XmlSigner, sequence: int, due: int = NOW + DAY) -> UnverifiedXmlList:
    """A list of lists, and who it says signs the next."""
    pointers = pointer(LOTL, "EU", *(each.certificate for each in names), type_="EUlistofthelists")
    pointers += pointer("https://utopia.example/list.xml", "UT", operator().certificate)
    pointers += pointer("https://utopia.example/list.pdf", "UT", operator().certificate, mime="adobe.pdf")
    text = xml_list(
        type_="EUlistofthelists", territory="EU", pointers=pointers, sequence=sequence, next_update=due,
        uris=(*PIVOTS, "https://journal.example/2019", "https://lists.example/notice#en"),
    )  # fmt: skip
    return parse_xml_list(signed_xml(text, by))


def found_from(lists: UnverifiedXmlList, *pivots: UnverifiedXmlList, signers: tuple[XmlSigner, ...]) -> VerifiedXmlList:
    named = tuple(each.certificate for each in signers)
    return verify_list_of_lists(lists, pivots=pivots, signers=named, now=NOW, seen=0)


A, B, C = (operator(kind) for kind in ("P-256", "another", "brainpool"))


def test_the_list_of_the_lists_points_to_the_national_ones_and_names_its_pivots() -> None:
    lists = list_of_lists(A, A, sequence=4)
    assert pivots_of(lists) == PIVOTS
    (national,) = found_from(lists, signers=(A,)).national_pointers()
    assert (national.territory, national.certificates) == ("UT", (operator().certificate,))
    assert verify_national_list(parse_xml_list(signed_xml(xml_list(), operator())), pointer=national, now=NOW, seen=0)


def test_pivots_lead_from_who_signed_before_to_who_signs_now() -> None:
    lists = list_of_lists(C, C, sequence=4)
    pivots = (list_of_lists(B, C, sequence=3, due=NOW - 5), list_of_lists(A, B, sequence=2, due=NOW - 5))
    assert found_from(lists, *pivots, signers=(A,))
    older = list_of_lists(operator("secp256k1"), A, sequence=1)
    assert found_from(lists, *pivots, older, signers=(A,)), "what was before them leads nowhere, and is not looked at"
    for wrong in (pivots[:1], pivots[1:], ()):
        with pytest.raises(Rejected) as refused:
            found_from(lists, *wrong, signers=(A,))
        assert refused.value.check is Check.ANCHOR


@pytest.mark.refuses(Check.ANCHOR)
def test_a_pivot_that_a_stranger_signed_leads_nowhere() -> None:
    lists, first = list_of_lists(C, C, sequence=4), list_of_lists(A, B, sequence=2)
    assert found_from(lists, list_of_lists(B, C, sequence=3), first, signers=(A,))
    with pytest.raises(Rejected) as refused:
        found_from(lists, list_of_lists(C, C, sequence=3), first, signers=(A,))
    assert refused.value.check is Check.ANCHOR


@pytest.mark.refuses(Check.SIGNATURE)
def test_a_pivot_that_a_stranger_signed_under_the_certificate_of_another_leads_nowhere() -> None:
    thief = XmlSigner(B.key, A.certificate)
    with pytest.raises(Rejected) as refused:
        found_from(list_of_lists(B, B, sequence=4), list_of_lists(thief, B, sequence=2), signers=(A,))
    assert (refused.value.check, refused.value.field) == (Check.SIGNATURE, "SignatureValue")


def test_who_signed_before_a_pivot_signs_no_more_after_it() -> None:
    pivot = list_of_lists(A, B, sequence=2)
    with pytest.raises(Rejected) as refused:
        found_from(list_of_lists(A, A, sequence=4), pivot, signers=(A,))
    assert refused.value.check is Check.ANCHOR


def test_a_pivot_is_older_than_the_list_and_a_list_of_lists() -> None:
    with pytest.raises(Rejected) as refused:
        found_from(list_of_lists(B, B, sequence=4), list_of_lists(A, B, sequence=4), signers=(A,))
    assert refused.value.check is Check.LIST_SEQUENCE
    with pytest.raises(Rejected) as refused:
        found_from(list_of_lists(B, B, sequence=4), parse_xml_list(signed_xml(xml_list(), A)), signers=(A,))
    assert refused.value.check is Check.LIST_TYPE


def test_nothing_is_proven_by_a_signature_that_nobody_vouches_for() -> None:
    signature = parse_xml_list(signed_xml(xml_list(), operator())).signature
    with pytest.raises(Rejected):
        verify_xml_signature(signature, signers=(), now=NOW)


def test_a_list_of_a_clock_that_is_ahead_counts_within_what_is_tolerated() -> None:
    assert verified(signed_xml(xml_list(issued_at=NOW + 10), operator())).issued_at == NOW + 10


def test_a_signature_is_as_long_as_its_curve_has_it() -> None:
    def longer(signature: str) -> str:
        start = signature.index("<d:SignatureValue>") + len("<d:SignatureValue>")
        end = signature.index("</d:SignatureValue>")
        value = b64decode(signature[start:end])
        return signature[:start] + b64encode(value[:32] + b"\0" + value[32:]).decode() + signature[end:]

    assert refusal(signed_xml(xml_list(), operator(), signature=longer)).check is Check.SIGNATURE


def test_a_signature_has_its_properties_once() -> None:
    more = '<d:Object><x:QualifyingProperties xmlns:x="http://uri.etsi.org/01903/v1.3.2#"/></d:Object></d:Signature>'
    with pytest.raises(Malformed):
        parse_xml_list(signed_xml(xml_list(), operator(), signature=lambda text: text.replace("</d:Signature>", more)))
