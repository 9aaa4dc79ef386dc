"""Over-asking, in both formats of an attestation and of a certificate: each way of it, and the one check that names it.

As the wallet goes: one certificate is sent, a listed provider's, about who asks; it holds, and it allows the query.
"""

from collections.abc import Callable
from typing import Any, Final

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.overasking import ATTESTATIONS, NAMESPACE, ROWS, Row, asking, beyond, credential
from zegel_testing.overasking import REGISTERED as CREDENTIALS
from zegel_testing.registration import LIBRARY, REGISTERED, as_cwt, as_jwt, registered, status_list

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.status.registered import check_registration_status
from zegel.protocols.openid4vp.dcql import parse_query
from zegel.protocols.openid4vp.overasking import check_registered, unregistered_claims
from zegel.trust.registration.credentials import MDOC, SD_JWT_VC, RegisteredCredential, parse_registered_credentials
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.transport import REGISTRATION_FORMAT, certificate_text, check_one_sent
from zegel.trust.registration.values import CurrentRegistration, RegistrationCertificate
from zegel.trust.registration.verify import check_registration_party, verify_registration

Sign = Callable[[RegistrationCertificate], bytes]
CERTIFICATES: Final[dict[str, Sign]] = {"jwt": lambda each: as_jwt(each).encode(), "cwt": as_cwt}
SHOWN: Final = registered(credentials=CREDENTIALS)
in_both_attestations = pytest.mark.parametrize("attestation", ATTESTATIONS)
in_both_certificates = pytest.mark.parametrize("sign", CERTIFICATES.values(), ids=CERTIFICATES)


def judge(sent: list[bytes], query: dict[str, Any], *, revoked: bool = False) -> CurrentRegistration:
    """What is known of the library once nothing of this failed."""
    text = check_one_sent([(REGISTRATION_FORMAT, certificate_text(each)) for each in sent], field="verifier_info")
    verified = verify_registration(parse_registration(text), anchors=REGISTERED, now=NOW)
    bound = check_registration_party(verified, identifier=LIBRARY.identifier, service=LIBRARY.service)
    assert LIBRARY.status is not None
    listed = status_list(*([LIBRARY.status.index] if revoked else []))
    current = check_registration_status(bound, listed, now=NOW)
    check_registered(parse_query(query), current.certificate.credentials, concerned=(), extended={})
    return current


@pytest.mark.requirement("RPRC_17")
@pytest.mark.requirement("RPRC_17a")
@pytest.mark.requirement("RPRC_21")
@in_both_attestations
@in_both_certificates
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_each_way_of_asking_is_found_by_its_check_and_by_no_other(row: Row, sign: Sign, attestation: str) -> None:
    certificate = row.change(SHOWN, NOW)
    sent = [sign(certificate)] if row.sent else []
    query = row.query(attestation)
    if row.check is None:
        current = judge(sent, query, revoked=row.revoked)
        assert current.intermediated == (certificate.intermediary is not None)
    else:
        with pytest.raises(Rejected) as refusal:
            judge(sent, query, revoked=row.revoked)
        assert refusal.value.check is row.check
    found = unregistered_claims(parse_query(query), certificate.credentials, concerned=(), extended={})
    assert [each.path for each in found] == beyond(row, attestation)


@in_both_attestations
@in_both_certificates
def test_two_certificates_are_none(sign: Sign, attestation: str) -> None:
    with pytest.raises(Rejected) as refusal:
        judge([sign(SHOWN), as_cwt(SHOWN)], asking("name")(attestation))
    assert refusal.value.check is Check.REGISTRATION_CERTIFICATE


# --- a null, which stands for every entry -----------------------------------------------------------------------------


@pytest.mark.requirement("RPRC_21")
@in_both_certificates
def test_a_null_in_an_sd_jwts_path_is_more_than_one_entry(sign: Sign) -> None:
    query = {"credentials": [credential(SD_JWT_VC) | {"claims": [{"path": ["nationalities", None]}]}]}
    with pytest.raises(Rejected) as refusal:
        judge([sign(SHOWN)], query)
    assert refusal.value.check is Check.OVER_ASKING
    one = {"credentials": [credential(SD_JWT_VC) | {"claims": [{"path": ["nationalities", 0]}]}]}
    assert judge([sign(SHOWN)], one)
    every = RegisteredCredential(format=SD_JWT_VC, types=("urn:eudi:pid:1",), claims=(("nationalities", None),))
    assert judge([sign(registered(credentials=(every,)))], query)


@pytest.mark.requirement("RPRC_21")
@pytest.mark.parametrize("path", [[NAMESPACE, None], [NAMESPACE], [None, "portrait"], [NAMESPACE, "nationality", None]])
def test_a_null_in_an_mdocs_path_is_no_question_at_all(path: list[Any]) -> None:
    """OpenID4VP 1.0 section 7.2: a namespace and an element, whole; no certificate could allow anything else."""
    query = {"credentials": [credential(MDOC) | {"claims": [{"path": path}]}]}
    with pytest.raises(Malformed) as refusal:
        parse_query(query)
    assert refusal.value.field == "credentials[0].claims[0].path"


@pytest.mark.parametrize("path", [[NAMESPACE, None], [None], [NAMESPACE, "nationality", 0]])
def test_a_null_of_an_mdoc_is_not_registered_either(path: list[Any]) -> None:
    entry = {"format": MDOC, "meta": {"doctype_value": NAMESPACE}, "claim": [{"path": path}]}
    with pytest.raises(Malformed, match=r"credentials\[0\]\.claim\[0\]\.path"):
        parse_registered_credentials([entry], what="test", where="credentials")


@in_both_certificates
def test_who_registered_a_namespace_may_ask_for_each_of_its_elements_and_for_those_of_no_other(sign: Sign) -> None:
    whole = RegisteredCredential(format=MDOC, types=(NAMESPACE,), claims=((NAMESPACE,),))
    shown = sign(registered(credentials=(whole,)))
    assert judge([shown], asking("name", "portrait")(MDOC))
    other = {"credentials": [credential(MDOC) | {"claims": [{"path": ["org.iso.18013.5.1", "portrait"]}]}]}
    with pytest.raises(Rejected) as refusal:
        judge([shown], other)
    assert refusal.value.check is Check.OVER_ASKING
