"""The issuer's public documents, its endpoints' manners, and its front page."""

import json
import re
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from zegel_testing.browser import link_of, text_of
from zegel_testing.issuing_world import IssuingWorld, hidden_fields, issuing_world, location_of
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.scan import scan

from zegel.errors import Malformed, Unavailable
from zegel.formats.sdjwt.type_metadata import parse_type_metadata
from zegel.formats.status.identifiers import parse_identifier_list, verify_identifier_list
from zegel.formats.status.reference import parse_aggregation
from zegel.formats.status.token import parse_status_list, verify_status_list
from zegel.primitives.encoding import parse_base64
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.jws import parse_jws
from zegel.protocols.openid4vci.metadata import parse_issuer_metadata, verify_issuer_metadata
from zegel.protocols.openid4vci.offer import AuthorizationCodeOffer, parse_offer, parse_offer_link
from zegel.services.issuer_documents import SIGN_AGAIN
from zegel.web.app.issuer import open_issuer

pytestmark = pytest.mark.anyio
METADATA = "/.well-known/openid-credential-issuer"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as opened:
        yield opened


# --- metadata -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.requirement("ISSU_22")
async def test_the_metadata_comes_plain_or_signed_as_it_is_asked_for(world: IssuingWorld) -> None:
    plain, signed = await world.get(METADATA), await world.get(METADATA, ("accept", "application/jwt"))
    assert plain.header("content-type") == "application/json"
    assert signed.header("content-type") == "application/jwt"
    assert plain.header("vary") == signed.header("vary") == "accept"
    verified = verify_issuer_metadata(
        parse_issuer_metadata(signed),
        credential_issuer=world.issuer,
        anchors=world.world.trust.anchors,
        timestamps_required=True,
        now=world.clock.now(),
    )
    known = json.loads(plain.body)["credential_configurations_supported"]
    assert set(verified.configurations) == set(known)
    assert {"pid-sd-jwt", "pid-mdoc", "mdl-mdoc", "proof_of_age-mdoc"} <= set(known)
    assert not {"mdl-sd-jwt", "proof_of_age-sd-jwt"} & set(known)


@pytest.mark.slow
async def test_rfc_9110_5_3_what_is_preferred_may_stand_on_several_lines(world: IssuingWorld) -> None:
    for lines, type_ in (
        (("application/json;q=0.9", "application/jwt"), "application/jwt"),
        (("application/jwt;q=0.8", "application/json"), "application/json"),
    ):
        response = await world.get(METADATA, *(("accept", line) for line in lines))
        assert (response.status, response.header("content-type")) == (200, type_)


@pytest.mark.slow
async def test_an_issuer_may_leave_its_metadata_unsigned(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path), signed_metadata=False) as world:
        response = await world.get(METADATA, ("accept", "application/jwt"))
        assert response.header("content-type") == "application/json"


@pytest.mark.slow
async def test_signed_metadata_is_signed_once_an_hour(world: IssuingWorld) -> None:
    async def signed_at() -> object:
        response = await world.get(METADATA, ("accept", "application/jwt"))
        return parse_jws(response.body, what="test").unverified_claims["iat"]

    first = await signed_at()
    world.clock.advance(SIGN_AGAIN - 1)
    assert await signed_at() == first
    world.clock.advance(1)
    assert await signed_at() == world.clock.now()


@pytest.mark.slow
@pytest.mark.parametrize("path", [METADATA, "/.well-known/oauth-authorization-server", "/type-metadata/pid", "/status"])
async def test_a_public_document_may_be_kept_and_read_from_anywhere(world: IssuingWorld, path: str) -> None:
    response = await world.get(path)
    assert (response.header("cache-control") or "").startswith("public, max-age=")
    assert response.header("access-control-allow-origin") == "*"
    again = await world.get(path, ("if-none-match", response.header("etag") or ""))
    assert (again.status, again.body) == (304, b"")
    assert again.header("etag") == response.header("etag")


@pytest.mark.requirement("ISSU_27d")
async def test_the_haip_metadata_asks_for_attested_keys_and_clients(world: IssuingWorld) -> None:
    pid = json.loads((await world.get(METADATA)).body)["credential_configurations_supported"]["pid-sd-jwt"]
    for proof in pid["proof_types_supported"].values():
        assert "iso_18045_basic" in proof["key_attestations_required"]["key_storage"]
        assert "iso_18045_basic" in proof["key_attestations_required"]["user_authentication"]
    assert pid["scope"] == "pid-sd-jwt"
    server = json.loads((await world.get("/.well-known/oauth-authorization-server")).body)
    assert server["token_endpoint_auth_methods_supported"] == ["attest_jwt_client_auth"]
    assert server["require_pushed_authorization_requests"] is True


async def test_the_plain_metadata_asks_for_less(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path, profile="plain")) as world:
        pid = json.loads((await world.get(METADATA)).body)["credential_configurations_supported"]["pid-sd-jwt"]
        assert "key_attestations_required" not in pid["proof_types_supported"]["jwt"]
        assert "key_attestations_required" in pid["proof_types_supported"]["attestation"]


@pytest.mark.slow
async def test_a_types_document_describes_the_type(world: IssuingWorld) -> None:
    response = await world.get("/type-metadata/pid")
    assert parse_type_metadata(response.body).vct == "urn:eudi:pid:1"


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    ["/type-metadata/mdl", "/type-metadata/nothing", "/offers/nothing", "/status/nothing", "/identifiers/nothing"],
)
async def test_what_is_not_there_is_not_found(world: IssuingWorld, path: str) -> None:
    assert (await world.get(path)).status == 404


# --- status ---------------------------------------------------------------------------------------------------------


async def status_path(world: IssuingWorld) -> str:
    """The path of the one list, with something in it."""
    wallet = world.wallet()
    wallet.copies = 1
    await wallet.receive(await world.offer("residence"))
    (uri,) = parse_aggregation((await world.get("/status")).body)
    return urlsplit(uri).path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("accept", "served"),
    [
        (None, "application/statuslist+jwt"),
        ("*/*", "application/statuslist+jwt"),
        ("application/statuslist+cwt", "application/statuslist+cwt"),
        ("application/statuslist+jwt;q=0.5, application/statuslist+cwt", "application/statuslist+cwt"),
        ("application/*;q=0.2, text/html", "application/statuslist+jwt"),
        ("application/statuslist+jwt;q=0, */*", "application/statuslist+cwt"),
        ("application/statuslist+cwt;q=x, application/statuslist+jwt", "application/statuslist+jwt"),
    ],
)
@pytest.mark.requirement("VCR_16")
async def test_a_status_list_is_served_in_the_format_that_is_asked_for(
    world: IssuingWorld, accept: str | None, served: str
) -> None:
    path = await status_path(world)
    response = await world.get(path, *([] if accept is None else [("accept", accept)]))
    assert response.header("content-type") == served
    # a cache between the issuer and a reader adds no ttl to the reader's own
    assert response.header("cache-control") == f"public, max-age={world.config.issuer.status_list_period}"
    assert response.header("vary") == "accept"
    verified = verify_status_list(
        parse_status_list(response.body, content_type=served),
        uri=world.issuer + path,
        anchors=world.world.trust.anchors,
        now=world.clock.now(),
    )
    assert verified.ttl == world.config.issuer.status_list_ttl


async def identifiers_path(world: IssuingWorld) -> str:
    """The path of the one identifier list, with something that may come to stand on it."""
    wallet = world.wallet()
    wallet.copies = 1
    await wallet.receive(await world.offer("mdl"))
    (uri,) = parse_aggregation((await world.get("/identifiers")).body)
    return urlsplit(uri).path


@pytest.mark.slow
@pytest.mark.parametrize("accept", [None, "*/*", "application/identifierlist+cwt"])
@pytest.mark.requirement("VCR_11")
@pytest.mark.requirement("VCR_16")
async def test_an_identifier_list_is_served_to_anybody(world: IssuingWorld, accept: str | None) -> None:
    path = await identifiers_path(world)
    response = await world.get(path, *([] if accept is None else [("accept", accept)]))
    assert response.header("content-type") == "application/identifierlist+cwt"
    verified = verify_identifier_list(
        parse_identifier_list(response.body, content_type=response.header("content-type")),
        uri=world.issuer + path,
        anchors=world.world.trust.anchors,
        now=world.clock.now(),
    )
    assert verified.ttl == world.config.issuer.status_list_ttl
    assert verified.aggregation_uri == f"{world.issuer}/identifiers"
    again = await world.get(path, ("if-none-match", response.header("etag") or ""))
    assert (again.status, again.body) == (304, b"")


@pytest.mark.slow
async def test_one_kind_of_list_is_not_served_as_the_other(world: IssuingWorld) -> None:
    identifiers, entries = await identifiers_path(world), await status_path(world)
    assert (await world.get(identifiers, ("accept", "application/statuslist+cwt"))).status == 406
    assert (await world.get(identifiers.replace("identifiers", "status"))).status == 404
    assert (await world.get(entries.replace("status", "identifiers"))).status == 404


async def test_the_servers_metadata_says_where_the_lists_are_named(world: IssuingWorld) -> None:
    """Status list draft 20 section 9.1: nobody has to be shown a credential to fetch what it will need."""
    members = json.loads((await world.get("/.well-known/oauth-authorization-server")).body)
    assert members["status_list_aggregation_endpoint"] == f"{world.issuer}/status"


@pytest.mark.slow
async def test_a_format_that_there_is_not_is_not_acceptable(world: IssuingWorld) -> None:
    assert (await world.get(await status_path(world), ("accept", "text/html"))).status == 406


@pytest.mark.slow
async def test_an_unchanged_list_is_not_sent_again(world: IssuingWorld) -> None:
    path = await status_path(world)
    first = await world.get(path)
    tag = first.header("etag") or ""
    assert (await world.get(path, ("if-none-match", f'"other", W/{tag}'))).status == 304
    assert (await world.get(path, ("if-none-match", tag), ("accept", "application/statuslist+cwt"))).status == 200
    await world.operate("/revocations", {"person": "erika"})
    await world.operate("/status/publish")
    changed = await world.get(path, ("if-none-match", tag))
    assert changed.status == 200
    assert changed.header("etag") != tag


# --- endpoints' manners ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "code", "status"),
    [
        ("/par", "invalid_request", 400),
        ("/token", "invalid_request", 400),
        ("/credential", "invalid_token", 401),
        ("/deferred-credential", "invalid_token", 401),
        ("/notification", "invalid_token", 401),
    ],
)
async def test_nonsense_is_refused_in_the_words_of_oauth(
    world: IssuingWorld, path: str, code: str, status: int
) -> None:
    headers = (("authorization", "DPoP nonsense"),)
    response = await world.send(HttpRequest(method="POST", url=world.issuer + path, headers=headers, body=b"\xff{"))
    assert (response.status, json.loads(response.body)["error"]) == (status, code)
    assert response.header("dpop-nonce")
    assert (response.header("www-authenticate") is None) == (status == 400)


async def test_a_header_twice_is_refused_in_the_words_of_oauth(world: IssuingWorld) -> None:
    headers = (("content-type", "application/x-www-form-urlencoded"),) * 2
    for path, code in (("/par", "invalid_request"), ("/token", "invalid_request")):
        response = await world.send(HttpRequest(method="POST", url=world.issuer + path, headers=headers, body=b"a=b"))
        assert (response.status, json.loads(response.body)["error"]) == (400, code)


@pytest.mark.slow
async def test_a_store_that_fails_is_no_fault_of_the_wallet(world: IssuingWorld) -> None:
    database = sqlite3.connect(world.config.issuer.database.removeprefix("sqlite:///"))
    database.execute("DROP TABLE records")
    database.close()
    headers = (("authorization", "DPoP " + "t" * 43), ("dpop", "x.y.z"))
    request = HttpRequest(method="POST", url=world.issuer + "/credential", headers=headers, body=b"{}")
    response = await world.send(request)
    assert response.status == 503
    assert json.loads(response.body)["error"] == "temporarily_unavailable"
    assert json.loads(response.body)["fault"] == "operator"


async def test_nonces_are_never_kept(world: IssuingWorld) -> None:
    for path in ("/nonce", "/challenge"):
        response = await world.send(HttpRequest(method="POST", url=world.issuer + path))
        assert response.status == 200
        assert response.header("cache-control") == "no-store"


async def test_only_the_right_method_is_taken(world: IssuingWorld) -> None:
    for path in ("/par", "/token", "/credential", "/nonce", "/challenge"):
        assert (await world.get(path)).status == 405


# --- the front page -------------------------------------------------------------------------------------------------


async def choose(world: IssuingWorld, type_: str) -> tuple[HttpResponse, str]:
    """Choose a type on the front page; the page of the offer, and its address."""
    browser = world.browser()
    page = await browser.open(world.issuer)
    made = await browser.post("/offer", hidden_fields(page) | {"type": type_})
    return await browser.follow(made), location_of(made)


async def test_the_front_page_has_every_type_in_words(world: IssuingWorld) -> None:
    text = text_of(await world.browser().open(world.issuer))
    for name in (
        "Person identification data",
        "Driving licence",
        "Proof of age",
        "Diploma",
        "Payment account",
        "Vaccination valid",
    ):
        assert name in text
    assert len(re.findall('type="radio"', text)) == 8


async def test_a_choice_becomes_a_link_a_code_and_a_button(world: IssuingWorld) -> None:
    page, location = await choose(world, "pid")
    text = text_of(page)
    link = link_of(page, "Open another wallet")
    reference = parse_offer_link(link)
    offer = parse_offer((await world.get(urlsplit(reference.uri).path)).body)
    assert offer.configurations == ("pid-sd-jwt", "pid-mdoc")
    assert isinstance(offer.authorization_code, AuthorizationCodeOffer)
    assert offer.authorization_code.issuer_state == location.rpartition("/")[2]

    here = urlsplit(link_of(page, "Receive in the wallet on this machine"))
    assert f"{here.scheme}://{here.netloc}{here.path}" == f"{world.config.issuer.wallet}/receive"
    assert parse_qs(here.query) == {"credential_offer_uri": [reference.uri]}
    assert link.replace("&", "&amp;") in text

    picture = re.search(r'src="data:image/png;base64,([^"]+)"', text)
    assert picture is not None
    assert parse_base64(picture[1], what="test").startswith(b"\x89PNG")


@pytest.mark.slow
async def test_the_code_holds_the_link(world: IssuingWorld) -> None:
    page, _ = await choose(world, "diploma")
    assert scan(page) == link_of(page, "Open another wallet")


@pytest.mark.slow
async def test_without_a_wallet_on_this_machine_there_is_no_button_to_it(tmp_path: Path) -> None:
    async with issuing_world(sandbox_at(tmp_path), wallet=None) as world:
        page, _ = await choose(world, "pid")
        assert link_of(page, "Open your wallet").startswith("haip-vci://?")
        assert "on this machine" not in text_of(page)


async def test_an_offer_that_is_over_says_so(world: IssuingWorld) -> None:
    _, location = await choose(world, "pid")
    world.clock.advance(world.config.issuer.offer)
    page = await world.browser().open(world.issuer + location)
    assert page.status == 404
    assert "Choose again" in text_of(page)
    assert (await world.get("/offers/" + location.rpartition("/")[2])).status == 404


async def test_a_type_that_is_not_on_offer_is_refused_with_the_reason(world: IssuingWorld) -> None:
    page, _ = await choose_refused(world, "passport")
    assert page.status == 400
    assert "expected one of pid, " in text_of(page)


async def choose_refused(world: IssuingWorld, type_: str) -> tuple[HttpResponse, None]:
    """Choose what there is not."""
    browser = world.browser()
    page = await browser.open(world.issuer)
    return await browser.post("/offer", hidden_fields(page) | {"type": type_}), None


async def test_a_choice_without_the_token_of_the_page_is_refused(world: IssuingWorld) -> None:
    browser = world.browser()
    await browser.open(world.issuer)
    assert "csrf" in text_of(await browser.post("/offer", {"type": "pid"}))


async def test_a_browser_that_is_known_keeps_its_session(world: IssuingWorld) -> None:
    browser = world.browser()
    await browser.open(world.issuer)
    before = dict(browser.cookies["issuer.localhost"])
    await browser.open(world.issuer)
    assert browser.cookies["issuer.localhost"] == before


async def test_a_static_file_has_its_type(world: IssuingWorld) -> None:
    assert (await world.get("/static/zegel.css")).header("content-type") == "text/css; charset=utf-8"
    assert (await world.get("/static/nothing.css")).status == 404


# --- opening --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"types": ("pid", "passport")}, "issuer.types"),
        ({"types": ("pid",), "delayed_types": ("mdl",)}, "issuer.delayed_types"),
    ],
)
async def test_a_type_that_there_is_not_is_found_at_the_start(
    tmp_path: Path, change: dict[str, object], where: str
) -> None:
    with pytest.raises(Malformed) as error:
        async with issuing_world(sandbox_at(tmp_path), **change):
            pass
    assert error.value.where == where


async def test_what_fails_at_the_start_leaves_the_database_closed(world: IssuingWorld, tmp_path: Path) -> None:
    issuer = replace(world.config.issuer, key=tmp_path / "missing.pem")
    with pytest.raises(Unavailable):
        await open_issuer(replace(world.world, config=replace(world.config, issuer=issuer)))


@pytest.mark.slow
async def test_the_timers_sign_and_purge(world: IssuingWorld) -> None:
    await status_path(world)
    for timer in world.roles[0].timers:
        await timer.act()
    assert [timer.name for timer in world.roles[0].timers] == [
        "status lists",
        "wallets",
        "disclosure policies",
        "purge",
        "issuer: keys",
        "issuer: registration certificates",
        "issuer: health lists",
    ]
