"""What a copy is presented as, and what its holder may not sign."""

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.openid4vp import transaction
from zegel_testing.relying_party import HOLDER, ISSUER_ROOT, OFFICE, issue

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format
from zegel.formats.presentation import parse_credential, verify_credential
from zegel.protocols.openid4vp.matching import Disclosure, HeldCredential
from zegel.protocols.openid4vp.request import Challenge
from zegel.protocols.openid4vp.wallet import PlannedPresentation
from zegel.services.wallet.contents import Copy
from zegel.services.wallet.presenting import present_copy
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors

CHALLENGE = Challenge(client_id="x509_hash:a", nonce="n", response_uri="https://a.example/", jwk_thumbprint=None)
ANCHORS = TrustAnchors([TrustAnchor(certificate=ISSUER_ROOT.certificate, purpose=Purpose.ISSUER, entity=OFFICE)])


def presented(*, payment: bool) -> bytes:
    """An mdoc, whose issuer lets its holder sign transactions or does not, asked to sign one."""
    issued = issue(Format.MDOC, payment=payment)
    credential = verify_credential(parse_credential(Format.MDOC, issued.data), anchors=ANCHORS, now=NOW)
    held = HeldCredential(id="1", credential=credential)
    disclosure = Disclosure(query_id="account", held=held, paths=((credential.type, "family_name"),))
    planned = PlannedPresentation(disclosure=disclosure, transaction_data=(transaction("account").raw,))
    return present_copy(Copy(data=issued.data, key=HOLDER, status=None), planned, challenge=CHALLENGE, now=NOW)


def test_an_mdoc_signs_a_transaction_where_its_issuer_lets_it() -> None:
    assert presented(payment=True)


def test_an_mdoc_signs_no_transaction_that_its_issuer_does_not_let_it_sign() -> None:
    with pytest.raises(Rejected) as refusal:
        presented(payment=False)
    assert refusal.value.check is Check.TRANSACTION_REQUEST
