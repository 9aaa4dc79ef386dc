"""The wallet's pages of health certificates: the ways in, the verdict today, the code again, and what is kept of it."""

import gc
import json
import sys
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.health_lists import gateway_entry
from zegel_testing.pictures import blank, drawn, saved, vector, vector_picture
from zegel_testing.scan import scan
from zegel_testing.uploads import multipart_body
from zegel_testing.wallet_pages import Pages, wallet_pages

from zegel.primitives.json import parse_object
from zegel.services.wallet.contents import Happening, HealthCertificate, WalletContents
from zegel.web.qr import draw_qr

pytestmark = pytest.mark.anyio
ADD = "/certificates/add"
KEEP = "/certificates/keep"
CAMERA = "/certificates/camera"


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    """Inside a wallet that trusts who signed the test persons' certificates."""
    trust = tmp_path / "signers"
    trust.mkdir()
    for country in ("BE", "HU"):
        (trust / f"{country}.der").write_bytes(b64decode(vector(country)["TESTCTX"]["CERTIFICATE"]))
    async with wallet_pages(tmp_path, health_trust=(trust,)) as made:
        yield await made.enter()


async def added(pages: Pages, country: str = "BE") -> Pages:
    await pages.open(ADD)
    await pages.upload(ADD, {"picture": vector_picture(country)})
    return await pages.go(KEEP)


@pytest.mark.slow
@pytest.mark.parametrize(("country", "name"), [("BE", "Peter Paul Maria Ebraert"), ("HU", "APOLLÓNIA SPECIMEN")])
async def test_a_picture_is_read_judged_and_kept(pages: Pages, country: str, name: str) -> None:
    await pages.open(ADD)
    await pages.upload(ADD, {"picture": vector_picture(country)})
    assert pages.title == "Keep this certificate?"
    assert name in pages.text
    assert "Today: expired" in pages.text
    assert pages.contents.certificates == ()
    await pages.go(KEEP)
    assert pages.title == "Vaccination"
    assert name in pages.text
    assert "It expired on 202" in pages.text
    assert "Its signature holds" in pages.text
    (held,) = pages.contents.certificates
    assert held.text == vector(country)["PREFIX"]


@pytest.mark.slow
async def test_an_old_list_of_signers_is_said_wherever_a_verdict_is(tmp_path: Path) -> None:
    trust = tmp_path / "signers"
    trust.mkdir()
    (trust / "list.json").write_text(json.dumps([gateway_entry()]))
    told = {"url": "https://lists.utopia.example/dsc", "at": NOW - 8 * DAY}
    (trust / "list.fetched").write_text(json.dumps(told))
    async with wallet_pages(tmp_path, health_trust=(trust,)) as made:
        pages = await made.enter()
        assert "judged by is old" not in pages.text, "nothing is judged yet"
        await pages.open(ADD)
        await pages.upload(ADD, {"picture": vector_picture("BE")})
        assert "What is judged by is old" in pages.text
        assert "lists.utopia.example: 1 signer, as of 2026-10-01, fetched 8 days ago" in pages.text
        await pages.go(KEEP)
        assert "What is judged by is old" in pages.text
        await pages.open("/")
        assert "What is judged by is old" in pages.text


@pytest.mark.slow
async def test_the_codes_of_the_value_sets_have_their_names(pages: Pages) -> None:
    await added(pages)
    for words in ("Vaxzevria", "AstraZeneca AB", "2 of 2", "2021-07-03", "1980-01-14", "COVID-19"):
        assert words in pages.text


@pytest.mark.slow
async def test_a_text_and_a_document_are_ways_in_too(pages: Pages) -> None:
    text = vector("HU")["PREFIX"]
    await pages.open(ADD)
    await pages.upload(ADD, {"picture": saved(drawn(text), "PDF", drawn(vector("BE")["PREFIX"]))})
    assert pages.title == "Keep these certificates?"
    await pages.open(ADD)
    forms = pages.response.body.decode().split("<form")
    plain = next(form for form in forms if f'action="{ADD}"' in form and "multipart" not in form)
    csrf = plain.partition('name="csrf" value="')[2].partition('"')[0]
    response = await pages.browser.post(pages.origin + ADD, {"csrf": csrf, "text": f"{text}\r\n"}, page=pages.origin)
    assert "APOLLÓNIA" in response.body.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (saved(blank(100, 100), "PNG"), "expected a code"),
        (saved(drawn("https://elsewhere.example/"), "PNG"), "the code of a health certificate"),
        (saved(drawn("HC1:NCF"), "PNG"), "health certificate"),
        (b"GIF89a", "expected a PNG, a JPEG or a PDF"),
        (b"", "expected a picture, a document or a text"),
    ],
)
async def test_what_is_no_certificate_is_refused_with_the_reason(pages: Pages, picture: bytes, says: str) -> None:
    await pages.open(ADD)
    await pages.upload(ADD, {"picture": picture})
    assert pages.response.status == 400
    assert says in pages.text
    assert pages.contents.certificates == ()


@pytest.mark.slow
async def test_one_that_is_there_already_is_kept_once(pages: Pages) -> None:
    await added(pages)
    await added(pages)
    assert len(pages.contents.certificates) == 1
    assert [entry.happening for entry in pages.contents.log] == [Happening.ADDED]


@pytest.mark.slow
async def test_its_code_is_shown_again_as_it_was_and_the_log_keeps_that(pages: Pages) -> None:
    await added(pages)
    await pages.go(f"{pages.path}/code")
    assert scan(pages.response) == vector("BE")["PREFIX"]
    assert [entry.happening for entry in pages.contents.log] == [Happening.ADDED, Happening.CODE_SHOWN]


@pytest.mark.slow
async def test_the_first_page_shows_it_and_it_can_be_deleted(pages: Pages) -> None:
    await added(pages)
    path = pages.path
    await pages.open("/")
    assert "Peter Paul Maria Ebraert" in pages.text
    assert "expired" in pages.text
    await pages.open(f"{path}/delete")
    await pages.go(f"{path}/delete")
    assert pages.path == "/"
    assert pages.contents.certificates == ()
    assert pages.contents.log[-1].happening is Happening.DELETED
    await pages.open(path)
    assert pages.response.status == 404 or "no such certificate" in pages.text


@pytest.mark.slow
async def test_log_and_addresses_say_nothing_of_the_person(pages: Pages) -> None:
    await added(pages)
    await pages.go(f"{pages.path}/code")
    await pages.open("/log")
    assert "EU Digital COVID Certificate: vaccination" in pages.text
    said = pages.text + " ".join(request.url for request in pages.browser.sent)
    for secret in ("Ebraert", "EBRAERT", "1980-01-14", "BEVLWLUNCYEOWTE6IFPOSVE6PH", "HC1", "Vaxzevria"):
        assert secret not in said


def cached() -> str:
    """What the program's modules have put by: in their dictionaries, and in the caches of their functions."""
    named = [(name, module) for name, module in sys.modules.items() if name.partition(".")[0] == "zegel"]
    values = [value for _, module in named for value in vars(module).values()]
    functions = [value for value in values if hasattr(value, "cache_info")]
    kept = [each for function in functions for each in gc.get_referents(function) if isinstance(each, dict)]
    dictionaries = [value for value in values if type(value) is dict]
    return repr([*kept, *(entry for each in dictionaries for entry in each.items())])


@pytest.mark.slow
async def test_nothing_of_it_is_in_memory_when_it_is_deleted_and_the_wallet_locked(pages: Pages) -> None:
    await added(pages)
    (held,) = pages.contents.certificates
    await pages.go(f"{pages.path}/code")
    await pages.wallet.health.delete(held.id)
    await pages.wallet.safe.lock()
    draw_qr(link := "openid4vp://?request_uri=kept")
    found = cached()
    assert link in found, "what is kept is found"
    for secret in (held.text, "Ebraert", "EBRAERT", "1980-01-14", "2021-07-03", "BEVLWLUNCYEOWTE6IFPOSVE6PH"):
        assert secret not in found


@pytest.mark.slow
async def test_it_is_there_after_a_restart(pages: Pages) -> None:
    await added(pages)
    held = pages.contents.certificates
    again = await pages.restarted().enter()
    assert again.contents.certificates == held


@pytest.mark.slow
async def test_without_a_signer_that_is_trusted_both_reasons_are_said(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path, health_trust=()) as made:
        pages = await added(await made.enter())
        assert "not confirmed, and expired" in pages.text
        assert "No health authority that your wallet knows vouches for it" in pages.text
        assert "It expired on 202" in pages.text


@pytest.mark.slow
async def test_how_old_the_list_is_by_which_it_is_judged_is_said(tmp_path: Path) -> None:
    listed = tmp_path / "listed.json"
    listed.write_text(json.dumps([gateway_entry()]))
    async with wallet_pages(tmp_path, health_trust=(listed,)) as made:
        pages = await added(await made.enter())
    assert "Judged by the list of listed.json: 1 signer, as of 2026-10-01." in pages.text


@pytest.mark.slow
async def test_the_camera_alone_has_a_script_and_may_film(pages: Pages) -> None:
    response = await pages.browser.open(pages.origin + CAMERA)
    assert "script-src 'self'" in str(response.header("content-security-policy"))
    assert str(response.header("permissions-policy")).startswith("camera=(self)")
    script = response.body.decode().partition('<script src="')[2].partition('"')[0]
    served = await pages.browser.open(pages.origin + script)
    assert served.header("content-type") == "text/javascript; charset=utf-8"
    await pages.open(ADD)
    assert "script-src" not in str(pages.response.header("content-security-policy"))
    assert str(pages.response.header("permissions-policy")).startswith("camera=()")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("picture", "text"),
    [
        (vector_picture("BE"), vector("BE")["PREFIX"]),
        (saved(blank(64, 64), "JPEG"), None),
        (saved(drawn("openid4vp://"), "JPEG"), None),
    ],
)
async def test_a_frame_is_read_by_the_wallet(pages: Pages, picture: bytes, text: str | None) -> None:
    await pages.open(ADD)
    csrf = pages.response.body.decode().partition('name="csrf" value="')[2].partition('"')[0]
    content_type, body = multipart_body({"csrf": csrf}, {"picture": picture})
    response = await pages.browser.post_body(pages.origin + CAMERA, content_type, body, page=pages.origin + CAMERA)
    assert parse_object(response.body, what="frame") == {"text": text}


@pytest.mark.slow
async def test_a_file_from_another_site_or_without_the_token_is_refused(pages: Pages) -> None:
    content_type, body = multipart_body({}, {"picture": vector_picture("BE")})
    response = await pages.browser.post_body(pages.origin + ADD, content_type, body, page=pages.origin + ADD)
    assert response.status == 403 or "csrf" in response.body.decode()
    response = await pages.browser.post_body(pages.origin + ADD, content_type, body, page="https://elsewhere.example/")
    assert "cross-site" in response.body.decode()


async def hold(pages: Pages, text: str) -> None:
    """As if an earlier version had taken a text."""

    def move(contents: WalletContents) -> tuple[WalletContents, None]:
        held = HealthCertificate(id="unread", text=text, added_at=NOW)
        return replace(contents, certificates=(*contents.certificates, held)), None

    await pages.wallet.safe.change(move)


@pytest.mark.slow
async def test_one_that_cannot_be_read_is_shown_as_that_and_blocks_nothing(pages: Pages) -> None:
    text = vector("BE")["PREFIX"][:-9]
    await added(pages, "HU")
    await hold(pages, text)
    await pages.open("/")
    assert "APOLLÓNIA SPECIMEN" in pages.text
    assert "cannot be read" in pages.text
    await pages.open("/certificates/unread")
    assert pages.title == "Cannot be read"
    assert "It cannot be read" in pages.text
    assert "Nothing is lost" in pages.text
    assert "Judged by" not in pages.text
    assert "Today" not in pages.text
    assert "What it says" not in pages.text
    await pages.go("/certificates/unread/code")
    assert scan(pages.response) == text
    assert pages.text.count(text) == 1
    await pages.open("/certificates/unread/delete")
    assert "copy it first" in pages.text
    await pages.go("/certificates/unread/delete")
    assert (pages.path, len(pages.contents.certificates)) == ("/", 1)
    assert "cannot be read" not in pages.text
    await pages.open("/log")
    assert "Showed the code of a certificate of an unknown issuer" in pages.text
    assert "Deleted; it was issued by an unknown issuer" in pages.text


@pytest.mark.slow
async def test_a_text_that_no_code_holds_is_shown_as_a_text(pages: Pages) -> None:
    text = "HC1:" + "A" * 3_388  # a character more than a QR code of level M has room for
    await hold(pages, text)
    await pages.open("/certificates/unread")
    await pages.go("/certificates/unread/code")
    assert "too long for a code" in pages.text
    assert pages.text.count(text) == 1
    assert "<figure" not in pages.response.body.decode()
