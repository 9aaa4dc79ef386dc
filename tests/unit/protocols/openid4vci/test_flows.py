"""Our wallet engine against our issuer engine, in one process: every way to receive credentials."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW, anchor, authority, fixed_key
from zegel_testing.issuance import (
    ISSUER,
    PERSON,
    SERVER,
    Issuer,
    answered,
    at,
    drive,
    finish,
    key_attestation,
    log_in,
    new_keys,
    plain_issuer,
    ready_for,
    redeem,
    wallet_client,
    with_form,
    with_members,
)

from zegel.adapters.codec import Codec
from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import parse_object
from zegel.profiles import HAIP, PLAIN, Profile, Proof
from zegel.protocols.oauth.authorization_details import encode_details
from zegel.protocols.oauth.lifetimes import ACCESS_TOKEN_SECONDS, PRE_AUTHORIZED_SECONDS
from zegel.protocols.oauth.states import (
    AccessToken,
    AuthorizationCode,
    Grant,
    PreAuthorizedCode,
    PushedRequest,
    RefreshToken,
    UsedCode,
)
from zegel.protocols.openid4vci.encryption import IssuerEncryption
from zegel.protocols.openid4vci.offer import (
    AuthorizationCodeOffer,
    OfferReference,
    OfferScheme,
    PreAuthorizedOffer,
    build_offer,
    offer_link,
    parse_offer_link,
)
from zegel.protocols.openid4vci.proofs import parse_proofs
from zegel.protocols.openid4vci.states import DeferredTransaction, Event, NotifiedIssuance
from zegel.protocols.openid4vci.wallet.authorization import (
    BrowserPause,
    begin_authorization,
    renew,
    return_from_browser,
)
from zegel.protocols.openid4vci.wallet.issuance import (
    MAX_RENEWALS,
    Done,
    ProofPause,
    needs_token,
    poll,
    prove,
    refresh_step,
)
from zegel.protocols.openid4vci.wallet.notification import NotificationStep, Notified, notification_step
from zegel.protocols.openid4vci.wallet.session import Session, refusal_of
from zegel.protocols.openid4vci.wallet.start import Ready, fetch_step, start
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.revocation import RevocationLists


def contents(done: Done) -> list[str]:
    """What came, copy by copy."""
    return [copy.decode("latin-1") for received in done.received for copy in received.credentials]


def statuses(issuer: Issuer, path: str) -> list[int]:
    """How the issuer answered at a path."""
    return [response.status for request, response in issuer.seen if request.url.endswith(path)]


def received(issuer: Issuer, *ids: str, **options: object) -> Done:
    """Credentials by the authorization code flow."""
    return finish(issuer, log_in(issuer, issuer.offer(*ids), wallet_client(issuer.profile)), **options)


@pytest.mark.requirement("ISSU_01")
@pytest.mark.requirement("ISSU_01a")
@pytest.mark.requirement("ISSU_61")
@pytest.mark.requirement("ISSU_64")
@pytest.mark.parametrize("choice", [Proof.ATTESTATION, Proof.JWT_WITH_KEY_ATTESTATION])
@pytest.mark.parametrize("separate", [True, False])
@pytest.mark.parametrize("encrypted", [True, False])
def test_a_wallet_receives_both_formats_under_haip(choice: Proof, separate: bool, encrypted: bool) -> None:
    issuer = Issuer(separate=separate, encrypted=encrypted)
    done = received(issuer, "id-sdjwt", "id-mdoc", choice=choice)
    assert [each.configuration for each in done.received] == ["id-sdjwt", "id-mdoc"]
    assert len(set(contents(done))) == 4
    assert all(PERSON in text for text in contents(done))


def test_a_public_client_receives_by_plain_jwt_proofs() -> None:
    assert len(contents(received(plain_issuer(), "id-sdjwt", choice=Proof.JWT))) == 2


def test_a_credential_that_is_bound_to_nobody_needs_no_proof() -> None:
    issuer = Issuer()
    assert contents(received(issuer, "ticket")) == [f"ticket ticket {PERSON} "]
    assert statuses(issuer, "/nonce") == []


@pytest.mark.parametrize("client_id", ["plain-wallet", None])
def test_a_pre_authorized_code_is_redeemed_with_its_transaction_code(client_id: str | None) -> None:
    issuer = plain_issuer()
    offer = issuer.offer("id-mdoc", pre_authorized=True, tx_code="493536")
    pause = redeem(issuer, offer, wallet_client(PLAIN, client_id=client_id), tx_code="493536")
    assert len(contents(finish(issuer, pause, choice=Proof.JWT))) == 2


def test_a_pre_authorized_code_dies_of_five_wrong_transaction_codes() -> None:
    issuer = plain_issuer()
    offer = issuer.offer("id-mdoc", pre_authorized=True, tx_code="493536")
    for left in range(4, -1, -1):
        with pytest.raises(Denied, match=f"invalid_grant: transaction-code: .*{left} tries left") as mistyped:
            redeem(issuer, offer, wallet_client(PLAIN), tx_code="000000")
        assert mistyped.value.field == "tx_code"
    with pytest.raises(Denied, match="died"):
        redeem(issuer, offer, wallet_client(PLAIN), tx_code="493536")


def test_an_offer_without_a_transaction_code_is_taken_up_once() -> None:
    issuer = plain_issuer()
    offer = issuer.offer("id-mdoc", pre_authorized=True)
    redeem(issuer, offer, wallet_client(PLAIN))
    with pytest.raises(Denied, match="invalid_grant: offer-open: ") as used:
        redeem(issuer, offer, wallet_client(PLAIN))
    assert used.value.field == "pre-authorized_code"


def test_four_wrong_transaction_codes_leave_a_code_good() -> None:
    issuer = plain_issuer()
    offer = issuer.offer("id-mdoc", pre_authorized=True, tx_code="493536")
    for _ in range(4):
        with pytest.raises(Denied):
            redeem(issuer, offer, wallet_client(PLAIN), tx_code="000000")
    assert redeem(issuer, offer, wallet_client(PLAIN), tx_code="493536")


def test_a_pre_authorized_code_is_redeemed_once() -> None:
    issuer = plain_issuer()
    offer = issuer.offer("id-mdoc", pre_authorized=True)
    assert redeem(issuer, offer, wallet_client(PLAIN))
    with pytest.raises(Denied, match="used before"):
        redeem(issuer, offer, wallet_client(PLAIN))


def test_a_pre_authorized_code_is_good_until_its_last_second() -> None:
    issuer = plain_issuer()
    offer = issuer.offer("id-mdoc", pre_authorized=True)
    issuer.now += PRE_AUTHORIZED_SECONDS - 1
    assert redeem(issuer, offer, wallet_client(PLAIN, now=issuer.now))
    issuer = plain_issuer()
    offer = issuer.offer("id-mdoc", pre_authorized=True)
    issuer.now += PRE_AUTHORIZED_SECONDS
    with pytest.raises(Denied, match="unknown or expired"):
        redeem(issuer, offer, wallet_client(PLAIN, now=issuer.now))


@pytest.mark.parametrize("separate", [True, False])
def test_a_wallet_asks_by_authorization_details_where_there_is_no_scope(separate: bool) -> None:
    issuer = plain_issuer(scopes=False, separate=separate, encrypted=False)
    done = received(issuer, "id-sdjwt", choice=Proof.JWT)
    form = next(request.form() for request, _ in issuer.seen if request.url.endswith("/par"))
    assert "scope" not in form
    assert "credential_identifier" in parse_object(issuer.seen[-1][0].body, what="test")
    assert len(contents(done)) == 2


def test_details_win_over_a_scope_for_the_same_credential() -> None:
    issuer = plain_issuer(encrypted=False)
    details = encode_details(("id-sdjwt",), locations=(ISSUER,))

    def edit(request: HttpRequest) -> HttpRequest:
        return with_form(request, authorization_details=details) if request.url.endswith("/par") else request

    issuer.edit_request = edit
    assert len(contents(received(issuer, "id-sdjwt", choice=Proof.JWT))) == 2
    assert parse_object(issuer.seen[-1][0].body, what="test")["credential_identifier"] == "id-sdjwt"


def test_a_person_with_two_datasets_receives_both() -> None:
    issuer = Issuer(datasets={"id-sdjwt": ("passport", "identity card")})
    done = received(issuer, "id-sdjwt")
    assert [text.split(f" {PERSON}")[0] for text in contents(done)][::2] == [
        "id-sdjwt passport",
        "id-sdjwt identity card",
    ]


def test_a_token_request_may_ask_for_less_than_was_approved() -> None:
    issuer = plain_issuer(encrypted=False)
    details = encode_details(("id-mdoc",), locations=(ISSUER,))
    issuer.edit_request = at("/token", lambda request: with_form(request, authorization_details=details))
    offer = issuer.offer("id-sdjwt", "id-mdoc", pre_authorized=True)
    pause = redeem(issuer, offer, wallet_client(PLAIN))
    assert isinstance(pause, ProofPause)
    assert statuses(issuer, "/token") == [400, 200]


@pytest.mark.parametrize(
    ("changed", "granted"),
    [
        ({"authorization_details": encode_details(("id-mdoc",), locations=(ISSUER,))}, ["id-mdoc"]),
        ({"scope": "utopia.id-mdoc unknown"}, ["id-mdoc"]),
        ({"scope": "utopia.id-sdjwt utopia.id-mdoc"}, ["id-sdjwt", "id-mdoc"]),
        ({}, ["id-sdjwt", "id-mdoc"]),
    ],
)
def test_what_a_pre_authorized_token_is_good_for(changed: dict[str, str], granted: list[str]) -> None:
    issuer = plain_issuer()
    issuer.edit_request = lambda request: with_form(request, **changed) if request.url.endswith("/token") else request
    redeem(issuer, issuer.offer("id-sdjwt", "id-mdoc", pre_authorized=True), wallet_client(PLAIN))
    (access,) = [value for (kind, _), value in issuer.store.records.items() if kind == "access"]
    assert [credential.configuration for credential in access.credentials] == granted


@pytest.mark.refuses(Check.CREDENTIAL_CHOICE)
@pytest.mark.parametrize(
    "changed",
    [
        {"authorization_details": encode_details(("id-mdoc",), locations=())},  # the server stands elsewhere
        {"authorization_details": encode_details(("ticket",), locations=(ISSUER,))},
        {"scope": "utopia.id-mdoc utopia.ticket"},
        {"scope": "unknown"},
    ],
)
def test_a_token_request_gets_nothing_that_was_not_approved(changed: dict[str, str]) -> None:
    issuer = plain_issuer()
    issuer.edit_request = lambda request: with_form(request, **changed) if request.url.endswith("/token") else request
    with pytest.raises(Denied, match="invalid_"):
        redeem(issuer, issuer.offer("id-sdjwt", "id-mdoc", pre_authorized=True), wallet_client(PLAIN))
    assert issuer.denials[-1].check is Check.CREDENTIAL_CHOICE


def test_credentials_that_take_time_come_later() -> None:
    issuer = Issuer(waits=2)
    done = received(issuer, "id-sdjwt")
    assert (done.received, len(done.pending)) == ((), 1)
    assert done.pending[0].ready_at == NOW + 60
    later = drive(poll(done.session, done.pending[0], now=NOW, random=issuer.random), issuer)
    assert later.received == ()
    assert later.pending[0].transaction_id == done.pending[0].transaction_id
    last = drive(poll(later.session, later.pending[0], now=NOW, random=issuer.random), issuer)
    assert len(contents(last)) == 2
    assert statuses(issuer, "/deferred-credential") == [202, 200]
    with pytest.raises(Denied, match="invalid_transaction_id"):
        drive(poll(last.session, done.pending[0], now=NOW, random=issuer.random), issuer)


def test_one_credential_may_take_time_while_the_other_comes() -> None:
    issuer = Issuer(waits=1)
    done = received(issuer, "id-sdjwt", "id-mdoc")
    assert [pending.configuration for pending in done.pending] == ["id-sdjwt"]
    assert [each.configuration for each in done.received] == ["id-mdoc"]


def test_a_token_that_expired_is_refreshed_for_the_poll() -> None:
    issuer = Issuer(waits=1)
    done = received(issuer, "id-sdjwt")
    issuer.now += ACCESS_TOKEN_SECONDS
    client = wallet_client(HAIP, now=issuer.now)
    session = replace(done.session, client=client)
    assert needs_token(session, now=issuer.now)
    assert not needs_token(session, now=issuer.now - 1)
    fresh = drive(refresh_step(session, now=issuer.now, random=issuer.random), issuer).session
    assert not needs_token(fresh, now=issuer.now)
    last = drive(poll(fresh, done.pending[0], now=issuer.now, random=issuer.random), issuer)
    assert len(contents(last)) == 2


@pytest.mark.parametrize(
    ("members", "needed"),
    [({}, True), ({"refresh_token": None}, False), ({"expires_in": None}, False)],
)
def test_a_token_is_replaced_once_it_is_known_to_have_expired(members: dict[str, None], needed: bool) -> None:
    issuer = plain_issuer()
    issuer.edit_response = lambda request, response: (
        answered(response, **members) if request.url.endswith("/token") and response.status == 200 else response
    )
    session = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(PLAIN)).session
    assert needs_token(session, now=NOW + ACCESS_TOKEN_SECONDS) is needed


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("5", 5),
        ("0", 0),
        ("Fri, 31 Dec 2027 23:59:59 GMT", 59),
        ("Friday, 31-Dec-27 23:59:59 GMT", 59),
        ("Fri Dec 31 23:59:59 2027", 59),
        ("Fri, 31 Dec 2027 23:58:59 GMT", 0),
        ("Fri, 32 Dec 2027 23:59:59 GMT", None),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_a_server_says_for_how_long_it_is_to_be_left_in_peace(said: str, seconds: int | None) -> None:
    headers = (("date", "Fri, 31 Dec 2027 23:59:00 GMT"), ("retry-after", said))
    assert refusal_of(HttpResponse(status=429, headers=headers), what="test").retry_after == seconds


def test_a_date_without_that_of_the_answer_says_nothing() -> None:
    response = HttpResponse(status=429, headers=(("retry-after", "Fri, 31 Dec 2027 23:59:59 GMT"),))
    assert refusal_of(response, what="test").retry_after is None


def test_a_poll_without_a_dpop_nonce_is_repeated_with_one() -> None:
    issuer = Issuer(waits=1)
    done = received(issuer, "id-sdjwt")
    session = replace(done.session, issuer_nonce=None)
    assert len(contents(drive(poll(session, done.pending[0], now=NOW, random=issuer.random), issuer))) == 2
    assert statuses(issuer, "/deferred-credential") == [401, 200]


def test_a_c_nonce_that_is_refused_is_replaced() -> None:
    issuer = Issuer(encrypted=False)
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    issuer.now += 301
    issuer.edit_request = at("/credential", lambda request: request)
    fresh_client = replace(pause.session, client=wallet_client(HAIP, now=issuer.now))
    done = finish(issuer, replace(pause, session=fresh_client))
    assert len(contents(done)) == 2
    assert statuses(issuer, "/nonce") == [200, 200]


def test_a_token_that_expired_on_the_way_is_refreshed() -> None:
    issuer = Issuer()
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    issuer.now += ACCESS_TOKEN_SECONDS
    session = replace(pause.session, client=wallet_client(HAIP, now=issuer.now))
    assert len(contents(finish(issuer, replace(pause, session=session)))) == 2
    assert statuses(issuer, "/token")[-1] == 200


def test_a_token_that_expired_and_cannot_be_refreshed_ends_the_flow() -> None:
    issuer = Issuer()
    issuer.edit_response = lambda request, response: (
        answered(response, refresh_token=None, expires_in=None) if request.url.endswith("/token") else response
    )
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    assert pause.session.tokens.expires is None
    issuer.now += ACCESS_TOKEN_SECONDS
    session = replace(pause.session, client=wallet_client(HAIP, now=issuer.now))
    with pytest.raises(Denied, match="invalid_token"):
        finish(issuer, replace(pause, session=session))


@pytest.mark.requirement("ISSU_42")
@pytest.mark.requirement("ISSU_63")
def test_a_renewal_brings_new_copies_for_new_keys() -> None:
    issuer = Issuer()
    first = received(issuer, "id-sdjwt")
    assert first.session.tokens is not None
    issuer.now += 7 * 86_400
    ready = ready_for(issuer, issuer.offer("id-sdjwt"))
    step = renew(
        ready,
        client=wallet_client(HAIP, now=issuer.now),
        server=SERVER,
        refresh_token=first.session.tokens.refresh_token or "",
        now=issuer.now,
        random=issuer.random,
    )
    again = finish(issuer, drive(step, issuer))
    assert again.session.tokens is not None
    assert again.session.tokens.refresh_token == first.session.tokens.refresh_token  # not rotated
    assert not set(contents(first)) & set(contents(again))


def test_a_refresh_may_ask_for_a_part() -> None:
    issuer = Issuer()
    first = received(issuer, "id-sdjwt", "id-mdoc")
    issuer.edit_request = at("/token", lambda request: with_form(request, scope="utopia.id-mdoc"))
    ready = ready_for(issuer, issuer.offer("id-mdoc"))
    assert first.session.tokens is not None
    refresh_token = first.session.tokens.refresh_token or ""
    client = wallet_client(HAIP)
    step = renew(ready, client=client, server=SERVER, refresh_token=refresh_token, now=NOW, random=issuer.random)
    assert [each.configuration for each in finish(issuer, drive(step, issuer)).received] == ["id-mdoc"]


def test_a_refresh_token_of_a_revoked_grant_is_refused() -> None:
    issuer = Issuer()
    first = received(issuer, "id-sdjwt")
    issuer.store.records = {
        key: value.revoke() if isinstance(value, Grant) else value for key, value in issuer.store.records.items()
    }
    assert first.session.tokens is not None
    step = renew(
        ready_for(issuer, issuer.offer("id-sdjwt")),
        client=wallet_client(HAIP),
        server=SERVER,
        refresh_token=first.session.tokens.refresh_token or "",
        now=NOW,
        random=issuer.random,
    )
    with pytest.raises(Denied, match="invalid_grant"):
        drive(step, issuer)


def test_a_refresh_token_with_another_key_is_refused() -> None:
    issuer = Issuer()
    first = received(issuer, "id-sdjwt")
    assert first.session.tokens is not None
    step = renew(
        ready_for(issuer, issuer.offer("id-sdjwt")),
        client=replace(wallet_client(HAIP), dpop=fixed_key("another")),
        server=SERVER,
        refresh_token=first.session.tokens.refresh_token or "",
        now=NOW,
        random=issuer.random,
    )
    with pytest.raises(Denied, match="dpop-binding") as denied:
        drive(step, issuer)
    assert denied.value.code == "invalid_grant"


def test_a_refresh_token_that_is_unknown_is_refused() -> None:
    issuer = Issuer()
    ready, client = ready_for(issuer, issuer.offer("id-sdjwt")), wallet_client(HAIP)
    step = renew(ready, client=client, server=SERVER, refresh_token="unknown", now=NOW, random=issuer.random)
    with pytest.raises(Denied, match="unknown, expired or revoked") as denied:
        drive(step, issuer)
    assert denied.value.code == "invalid_grant"


@pytest.mark.parametrize(("left", "taken"), [(1, True), (0, False)])
def test_a_refresh_token_is_good_until_its_last_second(left: int, taken: bool) -> None:
    issuer = Issuer()
    first = received(issuer, "id-sdjwt")
    issuer.store.records = {
        key: replace(value, expires=NOW + left) if isinstance(value, RefreshToken) else value
        for key, value in issuer.store.records.items()
    }
    assert first.session.tokens is not None
    step = renew(
        ready_for(issuer, issuer.offer("id-sdjwt")),
        client=wallet_client(HAIP),
        server=SERVER,
        refresh_token=first.session.tokens.refresh_token or "",
        now=NOW,
        random=issuer.random,
    )
    if taken:
        assert finish(issuer, drive(step, issuer)).received
    else:
        with pytest.raises(Denied, match="unknown, expired or revoked"):
            drive(step, issuer)


@pytest.mark.parametrize(("status", "heard"), [(200, True), (204, True), (299, True), (300, False), (400, False)])
def test_any_status_in_the_200s_says_that_the_issuer_heard(status: int, heard: bool) -> None:
    issuer = Issuer()
    done = received(issuer, "id-sdjwt")
    step = notification_step(done.session, done.received[0], next(iter(Event)), now=NOW, random=issuer.random)
    assert isinstance(step, NotificationStep)
    response = HttpResponse(status=status, headers=(("content-type", "application/json"),), body=b'{"error":"e"}')
    if heard:
        assert isinstance(step.receive(response, now=NOW, random=issuer.random), Notified)
    else:
        with pytest.raises((Denied, Malformed)):
            step.receive(response, now=NOW, random=issuer.random)


@pytest.mark.parametrize("event", list(Event))
def test_the_issuer_learns_what_became_of_the_credentials(event: Event) -> None:
    issuer = Issuer()
    done = received(issuer, "id-sdjwt")
    for _ in range(2):  # section 11: the same again is no error
        session = replace(done.session, issuer_nonce=None)
        step = notification_step(session, done.received[0], event, now=NOW, random=issuer.random)
        assert isinstance(drive(step, issuer), Notified)
    assert statuses(issuer, "/notification") == [401, 204, 401, 204]
    (state,) = [value for (kind, _), value in issuer.store.records.items() if kind == "notification"]
    assert state.events == (event,)


def test_an_issuer_that_asks_for_nothing_is_told_nothing() -> None:
    issuer = Issuer()
    done = received(issuer, "id-sdjwt")
    silent = replace(done.received[0], notification_id=None)
    step = notification_step(done.session, silent, Event.ACCEPTED, now=NOW, random=issuer.random)
    assert isinstance(step, Notified)


def test_an_offer_by_reference_is_fetched() -> None:
    issuer = Issuer()
    offer = issuer.offer("id-sdjwt")
    reference = parse_offer_link(offer_link(OfferReference(uri=f"{ISSUER}/offers/1"), scheme=OfferScheme.OPENID))
    assert isinstance(reference, OfferReference)
    step = fetch_step(reference)
    assert step.request.url == f"{ISSUER}/offers/1"
    assert step.receive(json_response(build_offer(offer)), now=NOW, random=issuer.random) == offer


@pytest.mark.requirement("ISSU_22")
@pytest.mark.requirement("ISSU_32")
def test_signed_metadata_names_its_signer() -> None:
    issuer = Issuer()
    ready = ready_for(issuer, issuer.offer("id-sdjwt"), signed=True)
    assert ready.issuer.signer == "Utopia"
    assert ready_for(issuer, issuer.offer("id-sdjwt")).issuer.signer is None


def test_the_grants_are_those_of_the_offer_or_of_the_server() -> None:
    issuer = plain_issuer()
    by_code = ready_for(issuer, issuer.offer("id-sdjwt"))
    before = ready_for(issuer, issuer.offer("id-sdjwt", pre_authorized=True))
    chosen = replace(by_code, offer=replace(by_code.offer, authorization_code=None))
    nothing = replace(chosen, server=replace(chosen.server, grants=()))
    names = [[grant.name for grant in ready.grants] for ready in (by_code, before, chosen, nothing)]
    assert names == [["AUTHORIZATION_CODE"], ["PRE_AUTHORIZED_CODE"], ["AUTHORIZATION_CODE"], []]


def test_a_choice_of_the_persons_is_an_offer_without_grants() -> None:
    issuer = Issuer()
    offer = replace(issuer.offer("id-sdjwt"), authorization_code=None)
    assert len(contents(finish(issuer, log_in(issuer, offer, wallet_client(HAIP))))) == 2
    form = next(request.form() for request, _ in issuer.seen if request.url.endswith("/par"))
    assert "issuer_state" not in form


def test_the_offer_chooses_between_authorization_servers() -> None:
    issuer = Issuer()
    issuer.edit_response = at_metadata(authorization_servers=["https://other.utopia.example", SERVER])
    offer = issuer.offer("id-sdjwt")
    assert offer.authorization_code is not None
    hinted = replace(offer, authorization_code=replace(offer.authorization_code, authorization_server=SERVER))
    assert ready_for(issuer, hinted).server.issuer == SERVER
    step = start(offer, grants=HAIP.grants, anchors=None, timestamps_required=True)
    step = step.receive(issuer.handle(step.request), now=NOW, random=issuer.random)
    assert step.request.url.startswith("https://other.utopia.example/")


@pytest.mark.parametrize(
    ("profile", "taken", "left"),
    [(PLAIN, "pre_authorized", "authorization_code"), (HAIP, "authorization_code", "pre_authorized")],
)
def test_the_server_belongs_to_the_grant_that_is_taken(profile: Profile, taken: str, left: str) -> None:
    """Section 4.1.1: a code, and what the person was told to enter with it, are for the server that gave it."""
    issuer = Issuer(profile=profile)
    other = "https://other.utopia.example"
    issuer.edit_response = at_metadata(authorization_servers=[SERVER, other])
    servers = {"pre_authorized": other, "authorization_code": SERVER}
    if profile is HAIP:
        servers = {"pre_authorized": SERVER, "authorization_code": other}
    offer = replace(
        issuer.offer("id-sdjwt"),
        authorization_code=AuthorizationCodeOffer(authorization_server=servers["authorization_code"]),
        pre_authorized=PreAuthorizedOffer(code="c", authorization_server=servers["pre_authorized"]),
    )
    step = start(offer, grants=profile.grants, anchors=None, timestamps_required=True)
    step = step.receive(issuer.handle(step.request), now=NOW, random=issuer.random)
    assert (step.server, step.request.url.startswith(other)) == (other, True)
    assert getattr(step.offer, taken) is not None
    assert getattr(step.offer, left) is None


def test_a_code_goes_to_no_server_but_its_own() -> None:
    issuer = plain_issuer()
    issuer.edit_response = at_metadata(authorization_servers=["https://other.utopia.example", SERVER])
    offer = issuer.offer("id-sdjwt", pre_authorized=True, tx_code="1234")
    assert offer.pre_authorized is not None
    both = replace(
        offer,
        authorization_code=AuthorizationCodeOffer(authorization_server="https://other.utopia.example"),
        pre_authorized=replace(offer.pre_authorized, authorization_server=SERVER),
    )
    assert contents(finish(issuer, redeem(issuer, both, wallet_client(PLAIN), tx_code="1234"), choice=Proof.JWT))
    assert not [request for request, _ in issuer.seen if request.url.startswith("https://other.")]


@pytest.mark.refuses(Check.CERTIFICATE_TIMESTAMP)
def test_who_signed_the_metadata_was_logged_where_the_profile_requires_it() -> None:
    issuer = Issuer()
    knows_no_log = TrustAnchors((anchor(authority("Access CA"), Purpose.ACCESS),), revocation=RevocationLists())
    offer = issuer.offer("id-sdjwt")
    assert (
        drive(start(offer, grants=HAIP.grants, anchors=knows_no_log, timestamps_required=False), issuer).issuer.signer
        is not None
    )
    with pytest.raises(Rejected) as refusal:
        drive(start(offer, grants=HAIP.grants, anchors=knows_no_log, timestamps_required=True), issuer)
    assert refusal.value.check is Check.CERTIFICATE_TIMESTAMP


def at_metadata(**changed: object):
    """An issuer whose metadata is other."""
    return lambda request, response: (
        answered(response, **changed) if request.url.endswith("/openid-credential-issuer") else response
    )


def test_under_plain_an_issuer_without_nonces_gets_none() -> None:
    issuer = plain_issuer()
    issuer.edit_response = at_metadata(nonce_endpoint=None)
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(PLAIN))
    assert pause.nonce is None
    keys = new_keys(pause, 1)
    step = prove(
        pause,
        Proof.JWT_WITH_KEY_ATTESTATION,
        keys=keys,
        attestation=key_attestation(keys, nonce=None),
        now=NOW,
        random=issuer.random,
    )
    with pytest.raises(Denied, match="c_nonce"):  # our issuer has some all the same
        drive(step, issuer)


def nonce_with(status: int) -> ProofPause:
    """A flow in which the nonce comes with a status, up to the proofs."""
    issuer = Issuer()
    issuer.edit_response = lambda request, response: (
        replace(response, status=status) if request.url.endswith("/nonce") else response
    )
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    assert isinstance(pause, ProofPause)
    return pause


@pytest.mark.parametrize("status", [200, 201, 299])
def test_a_nonce_comes_with_any_status_in_the_200s(status: int) -> None:
    assert nonce_with(status).nonce is not None


@pytest.mark.refuses(Check.PEER_REFUSAL)
@pytest.mark.parametrize("status", [199, 300, 400, 500])
def test_a_nonce_comes_with_no_other_status(status: int) -> None:
    with pytest.raises(Denied) as refusal:
        nonce_with(status)
    assert refusal.value.check is Check.PEER_REFUSAL


@pytest.mark.parametrize("choice", [Proof.ATTESTATION, Proof.JWT_WITH_KEY_ATTESTATION])
def test_a_c_nonce_may_be_a_message_of_its_own(choice: Proof) -> None:
    issuer, nonce = Issuer(encrypted=False), "n" * 4096
    issuer.edit_response = lambda request, response: (
        answered(response, c_nonce=nonce) if request.url.endswith("/nonce") else response
    )
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    keys = new_keys(pause, 5)
    assert pause.attested_nonce(choice) == nonce
    attestation = key_attestation(keys, nonce=nonce)
    step = prove(pause, choice, keys=keys, attestation=attestation, now=NOW, random=issuer.random)
    sent = parse_proofs(step.body["proofs"])
    (attested,) = [proof.attestation for proof in sent.proofs] or [sent.attestation]
    assert attested is not None
    proven = [proof.jws.unverified_claims["nonce"] for proof in sent.proofs]
    assert {attested.unverified_nonce, *proven} == {nonce}


def test_a_wallet_may_have_an_attestation_alone_to_offer() -> None:
    issuer = Issuer()

    def attestation_only(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not request.url.endswith("/openid-credential-issuer"):
            return response
        offered = dict(parse_object(response.body, what="test"))["credential_configurations_supported"]
        taken = {"attestation": offered["id-sdjwt"]["proof_types_supported"]["attestation"]}
        changed = offered["id-sdjwt"] | {"proof_types_supported": taken}
        return answered(response, credential_configurations_supported={"id-sdjwt": changed})

    issuer.edit_response = attestation_only
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    assert pause.choices == (Proof.ATTESTATION,)
    assert len(contents(finish(issuer, pause))) == 2


def test_an_issuer_that_requires_encryption_gets_it() -> None:
    issuer = Issuer()
    issuer.encryption = IssuerEncryption(keys=issuer.encryption.keys, request_required=True, response_required=True)
    done = received(issuer, "id-sdjwt")
    request, response = issuer.seen[-1]
    assert request.header("content-type") == response.header("content-type") == "application/jwt"
    assert len(contents(done)) == 2


def test_a_request_is_encrypted_even_if_the_answer_is_not() -> None:
    issuer = Issuer()
    issuer.edit_response = at_metadata(credential_response_encryption=None)
    done = received(issuer, "id-sdjwt")
    request, response = issuer.seen[-1]
    assert request.header("content-type") == "application/jwt"
    assert response.header("content-type") == "application/json"
    assert len(contents(done)) == 2


def test_what_an_answer_has_beyond_the_specification_is_ignored() -> None:
    issuer = Issuer(encrypted=False)
    issuer.edit_response = lambda request, response: (
        answered(response, more={"a": 1}) if response.status == 200 and response.body[:1] == b"{" else response
    )
    assert len(contents(received(issuer, "id-sdjwt"))) == 2


def test_a_request_may_say_more_than_the_specification_knows() -> None:
    issuer = Issuer(encrypted=False)
    issuer.edit_request = lambda request: (
        with_members(request, more=1) if request.url.endswith("/credential") else request
    )
    assert len(contents(received(issuer, "id-sdjwt"))) == 2


def test_other_authorization_details_in_the_answer_are_ignored() -> None:
    issuer = Issuer(encrypted=False)
    issuer.edit_response = lambda request, response: (
        answered(response, authorization_details=[{"type": "payment"}, 7])
        if request.url.endswith("/token")
        else response
    )
    assert len(contents(received(issuer, "id-sdjwt"))) == 2


def test_a_token_type_is_read_in_any_case_and_may_come_without_a_lifetime() -> None:
    issuer = Issuer()
    issuer.edit_response = lambda request, response: (
        answered(response, token_type="dPOP", expires_in=None) if request.url.endswith("/token") else response
    )
    assert len(contents(received(issuer, "id-sdjwt"))) == 2


def test_a_nonce_error_without_a_body_is_understood() -> None:
    issuer = Issuer()
    issuer.edit_response = lambda request, response: (
        replace(response, body=b"", headers=tuple(pair for pair in response.headers if pair[0] != "content-type"))
        if response.status == 401
        else response
    )
    assert contents(received(issuer, "ticket"))


@pytest.mark.parametrize(
    "lines",
    [
        ('Bearer realm="x"', 'DPoP error="use_dpop_nonce", algs="ES256"'),
        ('DPoP error="use_dpop_nonce"', 'Bearer error="invalid_token"'),
        ('Bearer error="invalid_token", DPoP error="use_dpop_nonce"',),
        ("DPoP error=use_dpop_nonce",),
        ('DPoP  Error = "use_dpop_nonce"',),
        ('Bearer realm="error=invalid_token", DPoP error=use_dpop_nonce',),
    ],
)
def test_a_nonce_is_asked_for_in_every_way_that_a_challenge_may_be_written(lines: tuple[str, ...]) -> None:
    issuer = plain_issuer()

    def edit(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not request.url.endswith("/credential") or response.status != 401:
            return response
        named = tuple(("www-authenticate", line) for line in lines)
        return HttpResponse(status=401, headers=(*named, ("dpop-nonce", response.header("dpop-nonce") or "")))

    issuer.edit_response = edit
    assert contents(received(issuer, "ticket"))
    assert statuses(issuer, "/credential") == [401, 200]


def test_a_server_that_never_takes_a_nonce_ends_the_flow() -> None:
    issuer = plain_issuer()
    fresh = issuer.server.fresh(now=NOW, random=issuer.random).headers()
    refusal = json_response({"error": "use_dpop_nonce"}, status=400, headers=fresh)
    issuer.edit_response = lambda request, response: refusal if request.url.endswith("/par") else response
    with pytest.raises(Denied, match="use_dpop_nonce"):
        log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(PLAIN))
    assert len(statuses(issuer, "/par")) == 3


@pytest.mark.parametrize("refusals", [MAX_RENEWALS, MAX_RENEWALS + 1])
def test_a_c_nonce_is_fetched_so_often_and_no_more(refusals: int) -> None:
    """A server that takes none of them does not work, and is left in peace."""
    issuer = plain_issuer()
    refused: list[HttpRequest] = []

    def refuse(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not request.url.endswith("/credential") or response.status != 200 or len(refused) == refusals:
            return response
        refused.append(request)
        return json_response({"error": "invalid_nonce"}, status=400)

    issuer.edit_response = refuse
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(PLAIN))
    if refusals <= MAX_RENEWALS:
        assert finish(issuer, pause).received
        return
    with pytest.raises(Denied, match="invalid_nonce"):
        finish(issuer, pause)
    assert len(refused) == MAX_RENEWALS + 1


def test_a_push_is_accepted_with_200_as_with_201() -> None:
    issuer = Issuer()
    issuer.edit_response = lambda request, response: (
        replace(response, status=200) if request.url.endswith("/par") else response
    )
    assert contents(received(issuer, "ticket"))


def test_a_person_who_refuses_is_reported_as_such() -> None:
    with pytest.raises(Denied) as refusal:
        received(Issuer(declines=True), "id-sdjwt")
    assert refusal.value.code == "access_denied"


def test_every_pause_and_record_can_be_stored() -> None:
    """The same classes as the adapters store, through their codec."""
    issuer = Issuer(waits=1)
    ready = ready_for(issuer, issuer.offer("id-sdjwt"))
    pause = drive(begin_authorization(ready, client=wallet_client(HAIP), now=NOW, random=issuer.random), issuer)
    assert isinstance(pause, BrowserPause)
    codec = Codec((Ready, BrowserPause, ProofPause, Session, Done))
    (pushed,) = issuer.store.records.values()
    states = Codec((PushedRequest, AuthorizationCode, UsedCode, Grant, AccessToken, RefreshToken, PreAuthorizedCode))
    assert states.decode(states.encode(pushed)) == pushed
    restored = codec.decode(codec.encode(pause))
    assert isinstance(restored, BrowserPause)
    assert codec.decode(codec.encode(ready)) == ready
    step = return_from_browser(restored, issuer.browse(restored.url), now=NOW, random=issuer.random)
    proofs = codec.decode(codec.encode(drive(step, issuer)))
    done = finish(issuer, proofs)
    again = codec.decode(codec.encode(done))
    assert isinstance(again, Done)
    records = Codec((DeferredTransaction, NotifiedIssuance))
    (deferred,) = [value for (kind, _), value in issuer.store.records.items() if kind == "deferred"]
    assert records.decode(records.encode(deferred)) == deferred
    assert len(contents(drive(poll(again.session, again.pending[0], now=NOW, random=issuer.random), issuer))) == 2
