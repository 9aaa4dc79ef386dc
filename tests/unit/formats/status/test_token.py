"""Status List Tokens: both formats parse, verify and refuse alike."""

import zlib
from collections.abc import Callable

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, signer, trusting
from zegel_testing.status import BOTH, LIST, STATUS_ANCHORS, STATUS_ROOT, STATUS_SIGNER, URI, sign1, token, verified

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.status.entries import MAX_LARGE_LIST, MAX_LIST, compress, empty_status_list
from zegel.formats.status.terms import MAX_AGE, MIN_TTL
from zegel.formats.status.token import (
    CWT_TYPE,
    JWT_TYPE,
    StatusListFormat,
    parse_status_list,
    verify_status_list,
)
from zegel.primitives.cbor import Tag, encode_cbor
from zegel.primitives.cose import sign_sign1
from zegel.primitives.encoding import base64url, encode_base64url
from zegel.primitives.json import encode_json
from zegel.primitives.jws import sign_jws
from zegel.trust.anchors import Purpose

JWT, CWT = BOTH
MEMBERS = {"bits": 2, "lst": base64url(compress(LIST).lst)}
CLAIMS = {"sub": URI, "iat": NOW, "status_list": MEMBERS}
CWT_MEMBERS = {"bits": 2, "lst": compress(LIST).lst}
CWT_CLAIMS = {2: URI, 6: NOW, 65533: CWT_MEMBERS}


def jwt(claims: object, typ: str = JWT_TYPE) -> bytes:
    assert isinstance(claims, dict)
    return sign_jws(claims, signer=STATUS_SIGNER.key, typ=typ, x5c=STATUS_SIGNER.chain)


def unsigned(payload: bytes) -> bytes:
    header = encode_base64url(encode_json({"alg": "ES256", "typ": JWT_TYPE}))
    return b".".join((header, encode_base64url(payload), b"AAAA"))


def cwt(claims: object, typ: str | None = CWT_TYPE, tag: int = 18) -> bytes:
    signed = sign_sign1(encode_cbor(claims), signer=STATUS_SIGNER.key, x5chain=STATUS_SIGNER.chain, typ=typ)
    return encode_cbor(Tag(tag, signed))


def refusal_of(call: Callable[[], object]) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        call()
    return refusal.value


@pytest.mark.parametrize("format_", BOTH)
@pytest.mark.requirement("VCR_11")
def test_a_list_is_signed_and_verified(format_: StatusListFormat) -> None:
    found = verified(token(format_, aggregation_uri="https://status.utopia.example/all"))
    assert (found.uri, found.statuses, found.entity) == (URI, LIST, "Utopian Identity Office")
    assert (found.issued_at, found.expires, found.ttl) == (NOW, NOW + 3_600, 600)
    assert found.stale_at == NOW + 600
    assert found.aggregation_uri == "https://status.utopia.example/all"
    assert verified(token(format_)).aggregation_uri is None


@pytest.mark.parametrize("format_", BOTH)
def test_the_response_says_which_format_it_is_in(format_: StatusListFormat) -> None:
    for content_type in (str(format_), f"{format_.upper()}; charset=utf-8"):
        assert parse_status_list(token(format_), content_type=content_type).unverified_statuses == LIST
    for content_type in ("application/json", "", "statuslist+jwt"):
        with pytest.raises(Malformed):
            parse_status_list(token(format_), content_type=content_type)
    other = CWT if format_ is JWT else JWT
    with pytest.raises(Malformed):
        parse_status_list(token(format_), content_type=other)


def test_what_may_be_left_out_has_a_default() -> None:
    for data in (jwt(CLAIMS), cwt(CWT_CLAIMS)):
        found = verified(data)
        assert (found.ttl, found.expires, found.stale_at) == (None, NOW + MAX_AGE, NOW + MAX_AGE)


@pytest.mark.parametrize(
    ("ttl", "stale"), [(1, MIN_TTL), (0, MIN_TTL), (600, 600), (10 * DAY, MAX_AGE), (7_200, 7_200)]
)
def test_section_11_5_a_time_to_live_is_kept_within_reason(ttl: int, stale: int) -> None:
    assert verified(jwt(CLAIMS | {"exp": NOW + 2 * DAY, "ttl": ttl})).stale_at == NOW + stale


def test_a_list_is_stale_when_it_expires() -> None:
    assert verified(token(JWT, ttl=DAY)).stale_at == NOW + 3_600


def test_a_large_list_is_taken_where_a_caller_asks_for_it() -> None:
    large = empty_status_list(10_000_000, bits=2)
    for format_ in BOTH:
        data = token(format_, large)
        assert parse_status_list(data, content_type=None, max_bytes=MAX_LARGE_LIST).unverified_statuses == large
        with pytest.raises(Malformed):
            parse_status_list(data, content_type=None)


def test_a_token_is_bounded_before_anything_is_decoded() -> None:
    longest = MAX_LIST * 2 // 3
    with pytest.raises(Malformed, match="base64url text, once"):  # looked at
        parse_status_list(b"A" * longest, content_type=JWT)
    with pytest.raises(Malformed, match=f"expected at most {longest} bytes"):
        parse_status_list(b"A" * (longest + 1), content_type=JWT)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": None},
        {"sub": 1},
        {"iat": None},
        {"iat": "now"},
        {"iat": -1},
        {"exp": "never"},
        {"ttl": True},
        {"ttl": -1},
        {"status_list": None},
        {"status_list": [MEMBERS]},
        {"status_list": MEMBERS | {"bits": 3}},
        {"status_list": MEMBERS | {"bits": "2"}},
        {"status_list": MEMBERS | {"lst": 1}},
        {"status_list": MEMBERS | {"lst": ""}},
        {"status_list": MEMBERS | {"lst": MEMBERS["lst"] + "="}},
        {"status_list": MEMBERS | {"lst": "AAAB"}},
        {"status_list": MEMBERS | {"aggregation_uri": 1}},
        {"status_list": {"bits": 2}, "lst": MEMBERS["lst"]},
        {"status_list": MEMBERS, "lst": "AAAA"},
    ],
)
def test_a_jwt_that_is_no_status_list_is_malformed(claims: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        parse_status_list(jwt(CLAIMS | claims), content_type=JWT)


def test_text_that_only_looks_like_a_list_is_not_taken_for_one() -> None:
    """``lst`` is taken out of the text before the rest is parsed: never from within another text."""
    lst = str(MEMBERS["lst"])
    found = parse_status_list(jwt({"x": f'"lst":"{lst}"', **CLAIMS}), content_type=JWT)
    assert found.unverified_statuses == LIST
    spelled = encode_json(CLAIMS | {"status_list": {"bits": 2}})[:-2] + b',"l\\u0073t":"' + lst.encode() + b'"}}'
    for text in (
        spelled,
        encode_json({'x"lst': lst, "sub": URI, "iat": NOW, "status_list": {"bits": 2}}),
        encode_json({'x"lst': lst, **CLAIMS}),
        encode_json({"lst": lst, "sub": URI, "iat": NOW, "status_list": {"bits": 2, "lst": ""}}),
        encode_json({'x"lst': lst, **CLAIMS, "status_list": {"bits": 2, "last": ""}}).replace(b"last", b"l\\u0073t"),
        b'"lst":"AAAA"',
    ):
        with pytest.raises(Malformed):
            parse_status_list(unsigned(text), content_type=JWT)


def test_spaces_around_the_list_do_not_matter() -> None:
    data = unsigned(encode_json(CLAIMS).replace(b'"lst":', b'"lst" :\n '))
    found = parse_status_list(data, content_type=JWT)
    assert found.unverified_statuses == LIST
    assert found.token.signature == b"\x00\x00\x00"
    assert found.token.signing_input == data.rpartition(b".")[0]


@pytest.mark.parametrize(
    "data",
    [
        cwt(CWT_CLAIMS | {2: None}),
        cwt(CWT_CLAIMS | {6: "now"}),
        cwt({2: URI, 65533: CWT_MEMBERS}),
        cwt(CWT_CLAIMS | {4: b"never"}),
        cwt(CWT_CLAIMS | {65534: -1}),
        cwt({2: URI, 6: NOW}),
        cwt(CWT_CLAIMS | {65533: [2]}),
        cwt(CWT_CLAIMS | {65533: CWT_MEMBERS | {"bits": 5}}),
        cwt(CWT_CLAIMS | {65533: CWT_MEMBERS | {"lst": MEMBERS["lst"]}}),
        cwt(CWT_CLAIMS | {65533: CWT_MEMBERS | {"aggregation_uri": b""}}),
        cwt([URI]),
        cwt(CWT_CLAIMS, tag=17),
        cwt(CWT_CLAIMS, tag=61),
        encode_cbor(sign_sign1(encode_cbor(CWT_CLAIMS), signer=STATUS_SIGNER.key, typ=CWT_TYPE)),
        encode_cbor(Tag(18, sign_sign1(encode_cbor(CWT_CLAIMS), signer=STATUS_SIGNER.key, detached=True))),
        sign1(b"\x00"),
        sign1(b"no map", protected=b"\xff"),
        token(CWT)[:-1],
        token(CWT) + b"\x00",
        b"",
    ],
)
def test_a_cwt_that_is_no_status_list_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_status_list(data, content_type=CWT)


@pytest.mark.parametrize("data", [b"", b".", b"..", b"a.b.c", token(JWT)[:-1], token(JWT) + b".", b"\xd2", b"\x00"])
def test_other_bytes_are_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_status_list(data, content_type=None)


@pytest.mark.parametrize("format_", BOTH)
@pytest.mark.refuses(Check.STATUS_LIST)
def test_section_8_3_another_list_than_the_credential_names_is_refused(format_: StatusListFormat) -> None:
    refusal = refusal_of(lambda: verified(token(format_), uri=URI + "/"))
    assert (refusal.check, refusal.field) == (Check.STATUS_LIST, "sub")


@pytest.mark.parametrize("format_", BOTH)
@pytest.mark.refuses(Check.STATUS_FRESHNESS)
def test_a_list_is_valid_from_its_issue_until_it_expires(format_: StatusListFormat) -> None:
    data = token(format_)
    assert verified(data, now=NOW - 10)
    assert verified(data, now=NOW + 3_599)
    for now, field in ((NOW - 11, "iat"), (NOW + 3_600, "exp")):
        refusal = refusal_of(lambda now=now: verified(data, now=now))
        assert (refusal.check, refusal.field) == (Check.STATUS_FRESHNESS, field)


@pytest.mark.refuses(Check.STATUS_FRESHNESS)
def test_a_list_that_names_no_end_is_taken_for_a_day() -> None:
    for data in (jwt(CLAIMS), cwt(CWT_CLAIMS)):
        assert refusal_of(lambda data=data: verified(data, now=NOW + MAX_AGE)).check is Check.STATUS_FRESHNESS


@pytest.mark.parametrize("data", [jwt(CLAIMS, "jwt"), cwt(CWT_CLAIMS, "application/cwt"), cwt(CWT_CLAIMS, None)])
@pytest.mark.refuses(Check.TOKEN_TYPE)
def test_another_token_of_the_signer_is_no_status_list(data: bytes) -> None:
    assert refusal_of(lambda: verified(data)).check is Check.TOKEN_TYPE


@pytest.mark.parametrize("format_", BOTH)
@pytest.mark.refuses(Check.SIGNATURE)
def test_a_list_that_was_changed_is_refused(format_: StatusListFormat) -> None:
    data = bytearray(token(format_))
    data[-10] = ord("A") if data[-10] != ord("A") else ord("B")
    assert refusal_of(lambda: verified(bytes(data))).check is Check.SIGNATURE


@pytest.mark.refuses(Check.SIGNATURE)
def test_a_list_in_which_an_entry_was_changed_is_refused() -> None:
    header, _, signature = token(JWT).split(b".")
    _, payload, _ = token(JWT, empty_status_list(1_000, bits=2)).split(b".")
    assert refusal_of(lambda: verified(b".".join((header, payload, signature)))).check is Check.SIGNATURE


@pytest.mark.parametrize("format_", BOTH)
@pytest.mark.refuses(Check.ANCHOR)
def test_a_list_by_somebody_else_is_refused(format_: StatusListFormat) -> None:
    stranger = signer(authority("stranger"), "status signer", Purpose.STATUS)
    data = token(format_, signer=stranger.key, chain=stranger.chain)
    assert refusal_of(lambda: verified(data)).check is Check.ANCHOR


@pytest.mark.parametrize("format_", BOTH)
@pytest.mark.refuses(Check.CHAIN)
def test_a_list_without_its_signers_chain_is_refused(format_: StatusListFormat) -> None:
    assert refusal_of(lambda: verified(token(format_, chain=()))).check is Check.CHAIN


def test_a_list_is_trusted_under_the_purpose_of_status_alone() -> None:
    root = authority("status root")
    anchors = trusting(anchor(root, Purpose.ISSUER), anchor(root, Purpose.LIST))
    parsed = parse_status_list(token(JWT), content_type=None)
    assert refusal_of(lambda: verify_status_list(parsed, uri=URI, anchors=anchors, now=NOW)).check is Check.ANCHOR
    assert verify_status_list(parsed, uri=URI, anchors=STATUS_ANCHORS, now=NOW)


@pytest.mark.requirement("OIA_12")
def test_who_signs_the_statuses_of_wallets_signs_none_of_attestations() -> None:
    of_wallets = trusting(anchor(STATUS_ROOT, Purpose.WALLET_STATUS))
    parsed = parse_status_list(token(JWT), content_type=None)
    for purpose in (Purpose.STATUS, Purpose.REGISTRATION_STATUS):
        refusal = refusal_of(
            lambda: verify_status_list(parsed, uri=URI, anchors=of_wallets, now=NOW, purpose=purpose)  # noqa: B023
        )
        assert refusal.check is Check.ANCHOR
    assert verify_status_list(parsed, uri=URI, anchors=of_wallets, now=NOW, purpose=Purpose.WALLET_STATUS)


def test_an_empty_list_has_no_entries() -> None:
    members = {"bits": 1, "lst": base64url(zlib.compress(b""))}
    assert verified(jwt(CLAIMS | {"status_list": members})).statuses.size == 0
