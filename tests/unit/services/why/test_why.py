"""The path from a file to its anchor: it holds where the verifier accepts, and breaks by the check that refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from zegel_testing.access_requests import ROOT as ACCESS_ROOT
from zegel_testing.access_requests import below
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer, trusting
from zegel_testing.health import TEST_USAGE, Health
from zegel_testing.registration import REGISTERED, REGISTRATION_ROOT, as_cwt, as_jwt, registered
from zegel_testing.relying_party import COPIES, DOCTYPE, ISSUER, ISSUER_ROOT, VCT, Asked
from zegel_testing.sdjwt import issued
from zegel_testing.signed_objects import ANCHORS, KEY, KINDS, ROOT, SIGNERS, STATUS_URI, Kind, sign
from zegel_testing.who import who_claims

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Format
from zegel.formats.hcert.keys import DocumentSigner, DocumentSigners
from zegel.formats.hcert.who_schema import WhoProfile
from zegel.formats.status.entries import MAX_LARGE_LIST, compress, empty_status_list
from zegel.formats.status.identifiers import sign_identifier_list
from zegel.formats.status.token import sign_status_list_cwt, sign_status_list_jwt
from zegel.primitives.cbor import Tag, encode_cbor
from zegel.primitives.cose import TAG_SIGN1, sign_sign1
from zegel.primitives.crl import parse_crl, sign_crl
from zegel.primitives.encoding import base64, base64url
from zegel.primitives.jws import parse_jws
from zegel.primitives.x509 import Certificate
from zegel.services.why.health import explain_health
from zegel.services.why.health_signer import explain_signer, signer_in
from zegel.services.why.tree import Branch, Standing
from zegel.services.why.why import explain_path
from zegel.trust.anchors import Listing, Purpose, TrustAnchors
from zegel.trust.revocation import RevocationLists

TRACED = (
    "presentation request", "wallet attestation", "key attestation", "status list", "issuer metadata",
    "registration certificate", "list of trusted entities",
)  # fmt: skip
SHOWING = ("presentation request", "issuer metadata")
TRACED_KINDS = [kind for kind in KINDS if kind.name in TRACED]
TRUST = trusting(anchor(ISSUER_ROOT, Purpose.ISSUER, entity="Utopian Identity Office"))
ASKED = Asked(
    {
        "nonce": "n",
        "client_id": "c",
        "response_uri": "r",
        "client_metadata": {},
        "dcql_query": {"credentials": [{"format": "mso_mdoc"}]},
    }
)


def path(data: bytes, *, anchors: TrustAnchors = TRUST, now: int = NOW) -> Branch:
    return explain_path(data, anchors=anchors, now=now)


def names(branch: Branch) -> list[str]:
    return [each.name for each in branch.below]


def standing(branch: Branch, name: str) -> Standing:
    return next(each.standing for each in branch.walk() if each.name == name)


def broken_by(branch: Branch) -> str | None:
    broken = branch.broken
    return None if broken is None or broken.explanation is None else broken.explanation.check


def damaged(data: bytes) -> bytes:
    """The same object under a signature that is none."""
    head, _, signature = data.rpartition(b".")
    return head + b"." + (b"A" * len(signature))


# --- credentials ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("format_", "type_"), [(Format.SD_JWT_VC, VCT), (Format.MDOC, DOCTYPE)])
def test_a_good_credential_has_a_path_to_its_anchor(format_: Format, type_: str) -> None:
    traced = path(COPIES[format_].data)
    assert traced.said == type_
    assert traced.broken is None
    chain = traced.below[0]
    assert chain.name == "certificate"
    assert chain.below[0].name == "anchor"
    assert [each.said for each in chain.below[0].below] == [
        "Utopian Identity Office",
        "on no list: somebody vouches for it by hand",
    ]
    assert standing(traced, "validity") is Standing.HOLDS


def test_the_signer_of_an_sd_jwt_is_held_to_what_a_verifier_asks_of_it() -> None:
    lasting = signer(ISSUER_ROOT, "lasting signer", Purpose.ISSUER, days=730)
    traced = path(
        issued(signer=lasting.key, chain=lasting.chain), anchors=trusting(anchor(ISSUER_ROOT, Purpose.ISSUER))
    )
    assert traced.broken is None


@pytest.mark.parametrize("format_", Format)
def test_its_anchor_may_be_missing_and_then_nothing_behind_it_was_looked_at(format_: Format) -> None:
    traced = path(COPIES[format_].data, anchors=trusting(anchor(authority("somebody else"), Purpose.ISSUER)))
    assert broken_by(traced) == "anchor"
    assert standing(traced, "signature") is Standing.NOT_REACHED
    assert standing(traced, "validity") is Standing.NOT_REACHED
    assert "CN=somebody else" in next(each.said for each in traced.walk() if each.name == "trusted for issuer")


def test_an_authority_that_is_trusted_for_something_else_is_said_to_be() -> None:
    anchors = trusting(anchor(ISSUER_ROOT, Purpose.ACCESS, entity="Access office"))
    traced = path(COPIES[Format.SD_JWT_VC].data, anchors=anchors)
    assert [each.said for each in traced.walk() if each.name == "but"] == [
        "Access office is trusted for access, which is not issuer"
    ]
    assert [each.said for each in traced.walk() if each.name == "trusted for issuer"] == ["nobody"]


def test_of_many_who_are_trusted_the_first_dozen_are_named() -> None:
    anchors = trusting(*(anchor(authority(f"office {at:02}"), Purpose.ISSUER) for at in range(14)))
    traced = path(COPIES[Format.SD_JWT_VC].data, anchors=anchors)
    said = next(each.said for each in traced.walk() if each.name == "trusted for issuer")
    assert "office 11" in said
    assert said.endswith(", and 2 more")


@pytest.mark.parametrize("format_", Format)
def test_a_credential_that_has_expired_breaks_at_its_validity(format_: Format) -> None:
    traced = path(COPIES[format_].data, now=NOW + 60 * DAY)
    assert broken_by(traced) == "credential-validity"
    assert standing(traced, "signature") is Standing.HOLDS
    assert standing(traced, "entitlement") is Standing.HOLDS


@pytest.mark.parametrize("format_", Format)
def test_a_signer_that_has_expired_breaks_before_that(format_: Format) -> None:
    traced = path(COPIES[format_].data, now=NOW + 100 * DAY)
    assert broken_by(traced) == "certificate-validity"
    assert standing(traced, "anchor") is Standing.NOT_REACHED


@pytest.mark.parametrize("format_", Format)
def test_an_issuer_of_other_types_breaks_at_the_entitlement(format_: Format) -> None:
    anchors = trusting(anchor(ISSUER_ROOT, Purpose.ISSUER, types=frozenset({"urn:utopia:diploma:1"})))
    traced = path(COPIES[format_].data, anchors=anchors)
    assert broken_by(traced) == "entitlement"
    assert standing(traced, "validity") is Standing.NOT_REACHED


def test_a_changed_element_breaks_at_the_digests() -> None:
    data = COPIES[Format.MDOC].data
    changed = data.replace(b"Voorbeeld", b"Voorbeelt")
    assert changed != data
    traced = path(changed)
    assert broken_by(traced) == "element-digest"
    assert standing(traced, "signature") is Standing.HOLDS


@pytest.mark.parametrize("format_", Format)
def test_a_presentation_is_followed_to_its_issuer_and_its_holder_left_to_the_session(format_: Format) -> None:
    traced = path(ASKED.present(COPIES[format_]).encode())
    assert traced.broken is None
    assert standing(traced, "holder") is Standing.NOT_REACHED


def test_where_its_status_is_kept_is_said_and_not_fetched() -> None:
    traced = path(COPIES[Format.SD_JWT_VC].data)
    assert next(each for each in traced.below if each.name == "status").standing is Standing.NOT_REACHED


# --- other signed objects -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TRACED_KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_a_path(kind: Kind) -> None:
    traced = path(kind.good, anchors=ANCHORS)
    # these two show no registration certificate: see test_why_registration
    assert broken_by(traced) == ("registration-certificate" if kind.name in SHOWING else None)
    assert traced.name == kind.name
    assert standing(traced, "signature") is Standing.HOLDS


SPOILS: dict[str, Callable[[Kind], bytes]] = {
    "another signature": lambda kind: damaged(kind.good),
    "no certificate": lambda kind: sign({"alg": "ES256", "typ": kind.typ}, kind.claims),
    "a critical header": lambda kind: sign(
        {"alg": "ES256", "typ": kind.typ, **kind.header, "crit": ["b64"], "b64": True}, kind.claims
    ),
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
@pytest.mark.parametrize("kind", TRACED_KINDS, ids=lambda kind: kind.name)
def test_it_breaks_by_the_very_check_that_refuses_it_elsewhere(kind: Kind, spoil: Callable[[Kind], bytes]) -> None:
    data = spoil(kind)
    with pytest.raises(Rejected) as refused:
        kind.take(data)
    assert broken_by(path(data, anchors=ANCHORS)) == refused.value.check.id


@pytest.mark.parametrize("kind", TRACED_KINDS, ids=lambda kind: kind.name)
def test_years_later_it_breaks_at_the_certificate(kind: Kind) -> None:
    assert broken_by(path(kind.good, anchors=ANCHORS, now=NOW + 4_000 * DAY)) == "certificate-validity"


def test_a_request_for_another_client_breaks_at_the_client() -> None:
    kind = next(kind for kind in KINDS if kind.name == "presentation request")
    members = {"alg": "ES256", "typ": kind.typ, **kind.header}
    traced = path(sign(members, kind.claims | {"client_id": "x509_hash:another"}), anchors=ANCHORS)
    assert broken_by(traced) == "client-binding"
    assert standing(traced, "signature") is Standing.NOT_REACHED


def test_a_request_of_nobody_is_malformed() -> None:
    kind = next(kind for kind in KINDS if kind.name == "presentation request")
    members = {"alg": "ES256", "typ": kind.typ, **kind.header}
    with pytest.raises(Malformed, match="client_id"):
        path(sign(members, kind.claims | {"client_id": 7}), anchors=ANCHORS)


def test_metadata_of_nobody_is_followed_all_the_same() -> None:
    kind = next(kind for kind in KINDS if kind.name == "issuer metadata")
    members = {"alg": "ES256", "typ": kind.typ, **kind.header}
    claims = {name: value for name, value in kind.claims.items() if name != "sub"}
    assert path(sign(members, claims), anchors=ANCHORS).said == "of nobody"


def test_a_jwt_of_no_known_kind_is_malformed_and_the_kinds_are_named() -> None:
    with pytest.raises(Malformed, match=r"oauth-authz-req\+jwt"):
        path(sign({"alg": "ES256", "typ": "other+jwt"}, {}), anchors=ANCHORS)


# --- registration certificates --------------------------------------------------------------------------------------


REGISTRATION_FORMS: dict[str, Callable[..., bytes]] = {
    "JWT": lambda *each, **by: as_jwt(*each, **by).encode(),
    "CWT": as_cwt,
    "CWT as text": lambda *each, **by: base64url(as_cwt(*each, **by)).encode(),
}
every_form = pytest.mark.parametrize("sign", REGISTRATION_FORMS.values(), ids=REGISTRATION_FORMS)


@every_form
def test_a_registration_certificate_leads_to_its_provider(sign: Callable[..., bytes]) -> None:
    traced = path(sign(), anchors=REGISTERED)
    assert traced.broken is None
    assert (traced.name, traced.said) == ("registration certificate", "Utopia Library, Lending desk, library-card")
    assert names(traced) == ["certificate", "signature", "policy", "validity", "party", "status"]
    assert standing(traced, "party") is standing(traced, "status") is Standing.NOT_REACHED
    assert [each.said for each in traced.walk() if each.name == "entity"] == ["Utopia registration certificates"]


@every_form
@pytest.mark.parametrize(
    ("changes", "step", "check"),
    [
        ({"policies": ("1.2.3",)}, "policy", "registration-policy"),
        ({"expires": NOW - DAY}, "validity", "registration-validity"),
        ({"status": None}, "validity", "registration-validity"),
    ],
)
def test_it_breaks_at_the_step_that_a_wallet_would_warn_of(
    sign: Callable[..., bytes], changes: dict[str, object], step: str, check: str
) -> None:
    traced = path(sign(registered(**changes)), anchors=REGISTERED)
    assert broken_by(traced) == check
    assert standing(traced, step) is Standing.BREAKS
    assert standing(traced, "signature") is Standing.HOLDS


@every_form
def test_whoever_is_trusted_for_something_else_registers_nobody(sign: Callable[..., bytes]) -> None:
    traced = path(sign(), anchors=trusting(anchor(REGISTRATION_ROOT, Purpose.ACCESS, entity="Access office")))
    assert broken_by(traced) == "anchor"
    assert [each.said for each in traced.walk() if each.name == "but"] == [
        "Access office is trusted for access, which is not registration"
    ]


def test_a_cwt_of_no_known_kind_is_malformed_and_the_kinds_are_named() -> None:
    signed = sign_sign1(b"\xa0", signer=fixed_key("any"), x5chain=(), typ="other+cwt")
    with pytest.raises(Malformed, match=r"rc-wrp\+cwt"):
        path(encode_cbor(Tag(TAG_SIGN1, signed)), anchors=ANCHORS)


# --- lists ----------------------------------------------------------------------------------------------------------


def test_a_list_of_trusted_entities_may_lack_its_type_in_the_header() -> None:
    kind = next(kind for kind in KINDS if kind.name == "list of trusted entities")
    traced = path(sign({"alg": "ES256", **kind.header}, kind.claims), anchors=ANCHORS)
    assert (traced.broken, traced.said) == (None, "EUPIDProvidersList number 1 of Utopian Trust Office")


def test_a_list_of_no_known_kind_breaks_at_its_type_and_an_old_one_at_its_freshness() -> None:
    kind = next(kind for kind in KINDS if kind.name == "list of trusted entities")
    scheme = kind.claims["LoTE"]["ListAndSchemeInformation"] | {"LoTEType": "https://utopia.example/List"}
    other = sign(
        {"alg": "ES256", "typ": kind.typ, **kind.header},
        {"LoTE": kind.claims["LoTE"] | {"ListAndSchemeInformation": scheme}},
    )
    assert broken_by(path(other, anchors=ANCHORS)) == "list-type"
    assert broken_by(path(kind.good, anchors=ANCHORS, now=NOW - 2 * DAY)) is not None


@pytest.mark.parametrize("kind", ["status list", "identifier list"])
def test_lists_of_statuses_as_cwts_are_followed_too(kind: str) -> None:
    signed = SIGNERS[Purpose.STATUS]
    common = {"uri": STATUS_URI, "signer": KEY, "chain": signed.chain, "now": NOW, "expires": NOW + DAY, "ttl": 3_600}
    data = (
        sign_status_list_cwt(compress(empty_status_list(64, bits=1)), **common)
        if kind == "status list"
        else sign_identifier_list([b"an identifier"], **common)
    )
    traced = path(data, anchors=ANCHORS)
    assert (traced.name, traced.said, traced.broken) == (kind, STATUS_URI, None)
    assert broken_by(path(data, anchors=ANCHORS, now=NOW + 2 * DAY)) == "status-freshness"


@pytest.mark.parametrize("sign_list", [sign_status_list_jwt, sign_status_list_cwt], ids=["JWT", "CWT"])
def test_a_status_list_of_ten_million_is_followed_as_any_other(sign_list: Callable[..., bytes]) -> None:
    def of(entries: int) -> bytes:
        signed = SIGNERS[Purpose.STATUS]
        small = compress(empty_status_list(entries, bits=1))
        common = {"uri": STATUS_URI, "chain": signed.chain, "now": NOW, "expires": NOW + DAY, "ttl": 3_600}
        return sign_list(small, signer=KEY, **common)

    for entries in (10_000_000, MAX_LARGE_LIST * 8):
        traced = path(of(entries), anchors=ANCHORS)
        assert (traced.name, traced.said, traced.broken) == ("status list", STATUS_URI, None)
    with pytest.raises(Malformed, match="expected a list of at most 2500000 bytes"):
        path(of(MAX_LARGE_LIST * 8 + 8), anchors=ANCHORS)


REVOKED = sign_crl(ROOT.certificate, key=ROOT.key, revoked={7: NOW}, number=3, now=NOW, next_update=NOW + DAY)


@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_a_list_of_revoked_certificates_leads_to_its_authority(form: str) -> None:
    pem = f"-----BEGIN X509 CRL-----\n{base64(REVOKED)}\n-----END X509 CRL-----\n".encode()
    traced = path(REVOKED if form == "DER" else pem, anchors=ANCHORS)
    assert traced.broken is None
    assert names(traced) == ["anchor", "signature", "freshness"]
    assert traced.said.startswith("number 3, with 1 certificates, of ")


@pytest.mark.slow
def test_a_list_of_revoked_certificates_may_be_long() -> None:
    revoked = dict.fromkeys(range(1, 4_001), NOW)
    listed = sign_crl(ROOT.certificate, key=ROOT.key, revoked=revoked, number=4, now=NOW, next_update=NOW + DAY)
    assert len(listed) > 1 << 16, "its length takes three bytes"
    assert path(listed, anchors=ANCHORS).said.startswith("number 4, with 4000 certificates, of ")


def test_a_list_of_revoked_certificates_breaks_where_it_is_not_believed() -> None:
    other = sign_crl(ROOT.certificate, key=fixed_key("forged"), revoked={}, number=3, now=NOW, next_update=NOW + DAY)
    assert broken_by(path(other, anchors=ANCHORS)) == "revocation-list"
    late = path(REVOKED, anchors=ANCHORS, now=NOW + DAY)
    assert broken_by(late) == "revocation-stale"
    assert standing(late, "signature") is Standing.HOLDS


def test_a_list_of_revoked_certificates_names_the_list_that_its_authority_stands_on() -> None:
    listing = Listing(type="urn:list", sequence=7, operator="Utopia list operator", next_update=NOW + DAY)
    traced = path(REVOKED, anchors=trusting(replace(anchor(ROOT, Purpose.ACCESS), listings=(listing,))))
    assert [each.said.partition(", next")[0] for each in traced.walk() if each.name == "listed"] == [
        "urn:list number 7 of Utopia list operator"
    ]


BETWEEN = below(ACCESS_ROOT, crl_url="https://authority.utopia.example/root.crl")
OF_THE_ROOT = sign_crl(
    ACCESS_ROOT.certificate, key=ACCESS_ROOT.key, revoked={}, number=3, now=NOW, next_update=NOW + DAY
)
KNOWING = TrustAnchors([anchor(ACCESS_ROOT, Purpose.ACCESS)], revocation=RevocationLists([parse_crl(OF_THE_ROOT)]))
BELOW = sign_crl(BETWEEN.certificate, key=BETWEEN.key, revoked={}, number=3, now=NOW, next_update=NOW + DAY)


def test_that_of_an_authority_below_an_anchor_is_not_proven_by_itself_and_nobody_is_at_fault() -> None:
    for data in (BELOW, REVOKED):
        anchors = ANCHORS if data is BELOW else TRUST
        traced = path(data, anchors=anchors)
        assert traced.broken is None
        assert names(traced) == ["signer", "signature", "freshness"]
        assert "not provable by this file alone" in traced.below[0].said
        assert standing(traced, "signature") is Standing.NOT_REACHED
        assert broken_by(path(data, anchors=anchors, now=NOW + DAY)) == "revocation-stale"


def shown_with(data: bytes, *between: Certificate, anchors: TrustAnchors = KNOWING) -> Branch:
    return explain_path(data, between=between, anchors=anchors, now=NOW)


def test_with_its_authority_s_certificate_it_is_followed_to_the_anchor() -> None:
    leaf = SIGNERS[Purpose.ACCESS].leaf
    for between in ((BETWEEN.certificate,), (leaf, BETWEEN.certificate)):
        traced = shown_with(BELOW, *between)
        assert traced.broken is None
        assert names(traced) == ["certificate", "signature", "freshness"]
        assert traced.below[0].below[0].name == "anchor"
        assert standing(traced, "signature") is Standing.HOLDS
    assert names(shown_with(BELOW, leaf)) == ["signer", "signature", "freshness"], "of whom nobody has the certificate"


def test_its_authority_may_be_nobody_s_or_revoked_itself_and_it_may_be_forged() -> None:
    stranger = shown_with(BELOW, BETWEEN.certificate, anchors=TRUST)
    assert broken_by(stranger) == "anchor"
    assert names(stranger) == ["certificate", "anchor", "signature", "freshness"]
    serial = BETWEEN.certificate.serial_number
    revoked = sign_crl(
        ACCESS_ROOT.certificate, key=ACCESS_ROOT.key, revoked={serial: NOW}, number=4, now=NOW, next_update=NOW + DAY
    )
    known = TrustAnchors([anchor(ACCESS_ROOT, Purpose.ACCESS)], revocation=RevocationLists([parse_crl(revoked)]))
    assert broken_by(shown_with(BELOW, BETWEEN.certificate, anchors=known)) == "certificate-revoked"
    forged = sign_crl(
        BETWEEN.certificate, key=fixed_key("forged"), revoked={}, number=3, now=NOW, next_update=NOW + DAY
    )
    assert broken_by(shown_with(forged, BETWEEN.certificate)) == "revocation-list"


# --- health certificates --------------------------------------------------------------------------------------------


OFFICE: Final = Health()


def health_path(office: Health = OFFICE, *, now: int = NOW, signers: DocumentSigners | None = None) -> Branch:
    return explain_health(office.code(), signers=office.signers if signers is None else signers, now=now)


def test_a_health_certificate_leads_to_the_signer_of_its_key_identifier() -> None:
    traced = health_path()
    assert traced.broken is None
    assert traced.said == "vaccination, issued by UT"
    assert names(traced) == [
        "key identifier",
        "header",
        "signer",
        "signature",
        "validity",
        "usage",
        "revocation and rules",
    ]
    assert [each.said.partition(",")[0] for each in traced.below[0].below] == ["ES256 of UT"]


@pytest.mark.parametrize("profile", WhoProfile)
def test_a_certificate_of_who_leads_to_its_signer_too(profile: WhoProfile) -> None:
    code = OFFICE.code(claims=who_claims(profile))
    traced = explain_health(code, signers=OFFICE.signers, now=NOW)
    assert traced.broken is None
    assert traced.said.startswith(profile.title)
    assert broken_by(explain_health(code, signers=DocumentSigners(()), now=NOW)) == "health-signer"
    assert broken_by(explain_health(code, signers=OFFICE.signers, now=0)) == "health-validity"


def test_a_health_certificate_breaks_by_the_check_that_refuses_it() -> None:
    assert broken_by(health_path(signers=DocumentSigners(()))) == "health-signer"
    assert broken_by(health_path(now=NOW + 4_000 * DAY)) == "health-validity"
    assert broken_by(health_path(Health(TEST_USAGE))) == "health-key-usage"


def test_another_key_of_the_same_identifier_breaks_at_the_signature() -> None:
    bare = DocumentSigner(kid=OFFICE.signer.kid, key=Health().signer.key, algorithm=OFFICE.signer.algorithm)
    traced = health_path(signers=DocumentSigners([bare]))
    assert broken_by(traced) == "signature"
    assert standing(traced, "signer") is Standing.SAID
    assert [each.said for each in traced.below[0].below] == ["ES256 of no country, a bare key"]


# --- certificates ---------------------------------------------------------------------------------------------------


def test_a_certificate_is_followed_for_each_purpose_that_it_serves() -> None:
    anchors = trusting(anchor(ISSUER_ROOT, Purpose.ISSUER), anchor(ISSUER_ROOT, Purpose.STATUS))
    traced = path(ISSUER.certificate.pem.encode(), anchors=anchors)
    assert traced.broken is None
    assert names(traced) == ["certificate", "certificate"]


def test_a_certificate_that_nobody_is_trusted_for_breaks_at_the_anchor_once() -> None:
    traced = path(ISSUER.certificate.pem.encode(), anchors=ANCHORS)
    assert broken_by(traced) == "anchor"
    assert names(traced) == ["certificate"]


def test_an_anchor_is_no_chain_and_says_what_it_is_trusted_for() -> None:
    anchors = trusting(
        anchor(ISSUER_ROOT, Purpose.ISSUER, entity="Office"), anchor(ISSUER_ROOT, Purpose.STATUS, entity="Office")
    )
    traced = path(ISSUER_ROOT.certificate.pem.encode(), anchors=anchors)
    assert (traced.broken, names(traced)) == (None, ["anchor", "anchor"])
    assert [each.said for each in traced.walk() if each.name == "entity"] == ["Office", "Office"]


def test_a_certificate_that_breaks_for_every_purpose_alike_breaks_once() -> None:
    traced = path(ISSUER_ROOT.certificate.pem.encode(), anchors=ANCHORS)
    assert (broken_by(traced), names(traced)) == ("chain", ["certificate"])


def test_of_several_purposes_that_which_comes_closest_is_told() -> None:
    web = signer(ROOT, "no issuer", Purpose.ACCESS)
    traced = path(web.certificate.pem.encode(), anchors=trusting(anchor(ROOT, Purpose.ISSUER)))
    assert broken_by(traced) == "certificate-profile"


def test_the_certificate_at_fault_is_the_one_that_breaks() -> None:
    expired = signer(ISSUER_ROOT, "expired", Purpose.ISSUER, days=2, now=NOW - 10 * DAY)
    traced = path((expired.certificate.pem + ISSUER.certificate.pem).encode())
    assert broken_by(traced) == "chain"
    alone = path(expired.certificate.pem.encode())
    assert broken_by(alone) == "certificate-validity"
    assert [each.name for each in alone.below[0].below] == ["subject", "anchor"]


def test_a_certificate_that_is_none_breaks_the_path() -> None:
    members = {"alg": "ES256", "typ": "statuslist+jwt", "x5c": ["AAAA"]}
    good = next(kind for kind in KINDS if kind.name == "status list")
    traced = path(sign(members, good.claims, key=fixed_key("any")), anchors=ANCHORS)
    assert broken_by(traced) == Check.SYNTAX.id
    assert parse_jws(good.good, what="status list")


@pytest.mark.parametrize("purpose", [Purpose.WALLET_STATUS, Purpose.REGISTRATION_STATUS])
def test_a_status_list_may_be_one_of_wallets_or_of_registrations(purpose: Purpose) -> None:
    good = next(kind for kind in KINDS if kind.name == "status list").good
    assert path(good, anchors=trusting(anchor(ROOT, purpose))).broken is None
    assert broken_by(path(damaged(good), anchors=trusting(anchor(ROOT, purpose)))) == Check.SIGNATURE.id
    assert broken_by(path(good, anchors=trusting(anchor(ROOT, Purpose.LIST)))) == Check.ANCHOR.id


def test_an_access_certificate_says_whether_a_log_knew_it() -> None:
    stamped = SIGNERS[Purpose.ACCESS].leaf
    traced = path(stamped.pem.encode(), anchors=ANCHORS)
    assert traced.broken is None
    assert standing(traced, "timestamp") is Standing.HOLDS
    unlogged = path(stamped.der, anchors=TrustAnchors([anchor(ROOT, Purpose.ACCESS)]))
    assert broken_by(unlogged) == "certificate-timestamp"


def pem_of(office: Health) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64(office.der).encode() + b"\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("form", [lambda office: office.der, pem_of], ids=["DER", "PEM"])
def test_the_certificate_of_a_health_signer_is_looked_for_on_the_lists(form: Callable[[Health], bytes]) -> None:
    signer = signer_in(form(OFFICE))
    assert signer == OFFICE.signer
    traced = explain_signer(signer, signers=OFFICE.signers)
    assert traced.broken is None
    assert [each.name for each in traced.walk()][1:] == ["listed", "key identifier", "usage", "chain and validity"]
    assert standing(traced, "usage") is Standing.SAID
    missed = explain_signer(signer, signers=DocumentSigners(()))
    assert broken_by(missed) == "health-signer"
    assert "none of 0" in missed.below[0].said


@pytest.mark.parametrize(
    ("usages", "says"),
    [
        ((), "vaccination, test, recovery"),
        ((TEST_USAGE,), "test"),
        (("1.3.6.1.4.1.1847.2021.1.9",), "vaccination, test, recovery"),
    ],
)
def test_the_kinds_that_a_health_signer_may_sign_are_said(usages: tuple[str, ...], says: str) -> None:
    office = Health(*usages)
    assert explain_signer(office.signer, signers=office.signers).below[1].said == f"it may sign certificates of {says}"


def test_what_is_no_certificate_alone_is_no_health_signer() -> None:
    assert signer_in(pem_of(OFFICE) * 2) is None, "a chain"
    assert signer_in(b"[]") is None
    assert signer_in(b"\x30\x82\x00\x00") is None
    assert signer_in(b"-----BEGIN PRIVATE KEY-----") is None
