"""A presentation of either format: what is shown of issuer and holder, the format forgotten."""

import pytest
from zegel_testing.authorities import NOW, anchor, fixed_key, trusting
from zegel_testing.relying_party import CLAIMS, DOCTYPE, ISSUER_ROOT, VCT, Asked, issue

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Format, UnboundPresentation, VerifiedCredential, VerifiedPresentation
from zegel.formats.mdoc.transcript import redirect_transcript
from zegel.formats.presentation import (
    Binding,
    parse_credential,
    parse_presentation,
    verify_credential,
    verify_presentation,
    verify_unbound_presentation,
)
from zegel.primitives.cbor import encode_cbor, parse_cbor
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.trust.anchors import Purpose

ANCHORS = trusting(anchor(ISSUER_ROOT, Purpose.ISSUER))
FORMATS = pytest.mark.parametrize("format_", list(Format), ids=str)
RESPONSE_URI = "https://verifier.utopia.example/response/1"


def asked(format_: Format) -> Asked:
    return Asked(
        {
            "nonce": "our nonce",
            "client_id": "x509_hash:ours",
            "response_uri": RESPONSE_URI,
            "client_metadata": {},
            "dcql_query": {"credentials": [{"format": str(format_)}]},
        }
    )


AUDIENCE = "x509_hash:ours"


def binding(*, audience: str = AUDIENCE, nonce: str = "our nonce", uri: str = RESPONSE_URI) -> Binding:
    transcript = redirect_transcript(client_id=audience, nonce=nonce, response_uri=uri, encryption_key_thumbprint=None)
    return Binding(audience=audience, nonce=nonce, transcript=transcript)


def presented(format_: Format, **changes: object) -> bytes:
    text = asked(format_).present(issue(format_), **changes)
    return text.encode() if format_ is Format.SD_JWT_VC else parse_base64url(text, what="presentation")


def verified(format_: Format, data: bytes, *, to: Binding | None = None, now: int = NOW) -> VerifiedPresentation:
    parsed = parse_presentation(format_, data)
    return verify_presentation(parsed, anchors=ANCHORS, binding=to or binding(), transaction_data=(), now=now)


@FORMATS
def test_a_presentation_says_who_issued_what_and_that_its_holder_answered(format_: Format) -> None:
    shown = verified(format_, presented(format_))
    assert isinstance(shown, VerifiedPresentation)
    credential = shown.credential
    assert (credential.format, credential.type) == (format_, VCT if format_ is Format.SD_JWT_VC else DOCTYPE)
    assert "Voorbeeld" in str(credential.claims)
    assert CLAIMS["given_name"] not in str(credential.claims)


@FORMATS
@pytest.mark.parametrize("change", [{"nonce": "another"}, {"audience": "x509_hash:another"}])
def test_a_presentation_to_somebody_else_is_refused(format_: Format, change: dict[str, str]) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(format_, presented(format_, **change))
    assert refusal.value.check in (Check.NONCE, Check.AUDIENCE, Check.HOLDER_SIGNATURE)
    with pytest.raises(Rejected):
        verified(format_, presented(format_), to=binding(**change))


@pytest.mark.refuses(Check.TRANSACTION_DATA)
def test_what_the_holder_signs_is_what_the_request_asked_to_sign() -> None:
    asked_for, other = (base64url(b'{"type":"payment","amount":"%d"}' % amount) for amount in (10, 1_000))

    def signing(*signed: str, wanted: tuple[str, ...]) -> VerifiedPresentation:
        data = presented(Format.SD_JWT_VC, transaction_data=signed)
        parsed = parse_presentation(Format.SD_JWT_VC, data)
        return verify_presentation(parsed, anchors=ANCHORS, binding=binding(), transaction_data=wanted, now=NOW)

    assert signing(asked_for, wanted=(asked_for,))
    for signed, wanted in (((), (asked_for,)), ((other,), (asked_for,)), ((asked_for,), ()), ((other,), ())):
        with pytest.raises(Rejected) as refusal:
            signing(*signed, wanted=wanted)
        assert refusal.value.check is Check.TRANSACTION_DATA


@pytest.mark.refuses(Check.TRANSACTION_DATA)
@FORMATS
def test_who_signs_nothing_of_what_was_to_be_signed_is_refused(format_: Format) -> None:
    parsed, wanted = parse_presentation(format_, presented(format_)), (base64url(b'{"type":"payment"}'),)
    with pytest.raises(Rejected) as refusal:
        verify_presentation(parsed, anchors=ANCHORS, binding=binding(), transaction_data=wanted, now=NOW)
    assert refusal.value.check is Check.TRANSACTION_DATA


@FORMATS
def test_a_credential_is_verified_as_its_issuer_sends_it(format_: Format) -> None:
    data = issue(format_).data
    credential = verify_credential(parse_credential(format_, data), anchors=ANCHORS, now=NOW)
    assert isinstance(credential, VerifiedCredential)
    assert credential.holder_key == fixed_key("holder").public_key
    as_text = data.decode() if format_ is Format.SD_JWT_VC else base64url(data)
    assert verify_credential(parse_credential(format_, as_text), anchors=ANCHORS, now=NOW) == credential


@FORMATS
def test_a_credential_is_no_presentation(format_: Format) -> None:
    data = issue(format_).data
    if format_ is Format.MDOC:
        with pytest.raises(Malformed):
            parse_presentation(format_, data)
        with pytest.raises(Malformed):
            parse_credential(format_, presented(format_))
        return
    with pytest.raises(Rejected) as refusal:
        verified(format_, data)
    assert refusal.value.check is Check.HOLDER_BINDING
    with pytest.raises(Rejected) as refusal:
        verify_credential(parse_credential(format_, presented(format_)), anchors=ANCHORS, now=NOW)
    assert refusal.value.check is Check.HOLDER_BINDING


@FORMATS
def test_without_holder_binding_the_issuer_alone_is_verified(format_: Format) -> None:
    anybody = presented(format_, holder=fixed_key("anybody"))
    shown = verify_unbound_presentation(
        parse_presentation(format_, anybody), anchors=ANCHORS, audience=AUDIENCE, now=NOW
    )
    assert isinstance(shown, UnboundPresentation)
    assert shown.credential.format is format_
    with pytest.raises(Rejected) as refusal:
        verify_unbound_presentation(
            parse_presentation(format_, anybody), anchors=trusting(), audience=AUDIENCE, now=NOW
        )
    assert refusal.value.check is Check.ANCHOR


def changed(**members: object) -> bytes:
    """A device response with other members."""
    response = parse_cbor(presented(Format.MDOC), what="response", max_bytes=1 << 20)
    assert isinstance(response, dict)
    return encode_cbor(response | members)


DOCUMENT = parse_cbor(presented(Format.MDOC), what="response", max_bytes=1 << 20)["documents"][0]


@pytest.mark.parametrize(
    ("response", "check"),
    [
        (changed(documents=[DOCUMENT, DOCUMENT]), Check.DEVICE_RESPONSE),
        (changed(status=10), Check.DEVICE_RESPONSE),
        (changed(documents=[DOCUMENT | {"docType": "another.1"}]), Check.DOC_TYPE),
    ],
    ids=["two documents", "an error status", "another type"],
)
@pytest.mark.refuses(Check.DEVICE_RESPONSE)
@pytest.mark.refuses(Check.DOC_TYPE)
def test_a_response_is_one_document_of_its_own_type_bound_or_not(response: bytes, check: Check) -> None:
    parsed = parse_presentation(Format.MDOC, response)
    with pytest.raises(Rejected) as bound:
        verified(Format.MDOC, response)
    with pytest.raises(Rejected) as unbound:
        verify_unbound_presentation(parsed, anchors=ANCHORS, audience=AUDIENCE, now=NOW)
    assert bound.value.check is unbound.value.check is check
