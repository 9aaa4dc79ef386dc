"""The pages of health certificates: added from a text, a picture or the camera, looked at, shown again, deleted."""

from typing import Any, Final

from zegel.errors import Malformed
from zegel.primitives.http import HttpResponse
from zegel.services.health import health_codes
from zegel.services.health_lists import list_age, list_ages, old_lists
from zegel.services.wallet.contents import HealthCertificate
from zegel.services.wallet.health_words import HealthView, describe_health
from zegel.web.camera import may_film, read_frame
from zegel.web.qr import draw_qr_once
from zegel.web.routing import Audience, Route
from zegel.web.upload import MAX_UPLOAD
from zegel.web.wallet_site import ADD, CERTIFICATES, HOME, MAX_FORM, Visit, WalletSite, inside, see, wallet_page

KEEP: Final = CERTIFICATES + "keep"
CAMERA: Final = CERTIFICATES + "camera"


@inside
async def show_ways(site: WalletSite, visit: Visit) -> HttpResponse:
    """The ways in: a picture or a document, a text, the camera."""
    return wallet_page(
        site, visit, "wallet_certificate_add.html", title="Add a health certificate", add=ADD, camera=CAMERA
    )


@inside
async def review(site: WalletSite, visit: Visit) -> HttpResponse:
    """What was brought, and what it is worth, before it is kept. ``Malformed`` for what is no certificate."""
    texts = await _texts(site, visit)
    drawer = site.wallet.health
    found = [(text, describe_health(drawer.judge(text), drawer.books.value_sets)) for text in texts]
    title = "Keep this certificate?" if len(found) == 1 else "Keep these certificates?"
    return wallet_page(
        site, visit, "wallet_certificate_keep.html", title=title, found=found, keep=KEEP, add=ADD, **lists_said(site)
    )


@inside
async def keep(site: WalletSite, visit: Visit) -> HttpResponse:
    """Keep it."""
    held = await site.wallet.health.add(visit.form.get("text", ""))
    return see(CERTIFICATES + held.id)


@inside
async def show_camera(site: WalletSite, visit: Visit) -> HttpResponse:
    """A page with a script: it has frames of the camera read here, on this machine."""
    page = wallet_page(site, visit, "wallet_camera.html", title="Scan a certificate", add=ADD, frame=CAMERA, back=ADD)
    return may_film(page)


@inside
async def look_at_frame(site: WalletSite, visit: Visit) -> HttpResponse:
    """The text of a certificate's code in a frame, None when there is none yet."""
    return await read_frame(visit.files.get("picture", b""), site.codes)


@inside
async def show(site: WalletSite, visit: Visit, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """A certificate, as it is worth today."""
    return _page(site, visit, site.wallet.health.find(id))


@inside
async def show_code(site: WalletSite, visit: Visit, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """The certificate with its code, to be scanned by somebody: the log keeps that."""
    return _page(site, visit, site.wallet.health.find(id), text=await site.wallet.health.show_code(id))


@inside
async def show_deletion(site: WalletSite, visit: Visit, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """Whether to delete it."""
    held = site.wallet.health.find(id)
    return wallet_page(
        site,
        visit,
        "wallet_certificate_delete.html",
        title="Delete this certificate?",
        view=_view(site, held),
        path=CERTIFICATES + held.id,
    )


@inside
async def delete(site: WalletSite, _visit: Visit, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """Delete it."""
    await site.wallet.health.delete(id)
    return see(HOME)


def certificate_cards(site: WalletSite) -> list[dict[str, Any]]:
    """Those that are held, newest first, for the page of all that is."""
    held = reversed(site.wallet.safe.contents.certificates)
    return [{"href": CERTIFICATES + each.id, "view": _view(site, each)} for each in held]


async def _texts(site: WalletSite, visit: Visit) -> tuple[str, ...]:
    picture = visit.files.get("picture", b"")
    if picture:
        return health_codes(await site.codes.read(picture))
    text = visit.form.get("text", "")
    if not text.strip():
        raise Malformed("certificate", "", "expected a picture, a document or a text")
    return (text,)


def _page(site: WalletSite, visit: Visit, held: HealthCertificate, *, text: str | None = None) -> HttpResponse:
    view = _view(site, held)
    return wallet_page(
        site,
        visit,
        "wallet_certificate.html",
        title=view.title,
        view=view,
        text=text,
        code=None if text is None else _picture(text),
        path=CERTIFICATES + held.id,
        **lists_said(site),
    )


def lists_said(site: WalletSite) -> dict[str, Any]:
    """How old the lists are by which certificates are judged, as far as that is known, and which are too old."""
    books, now = site.wallet.health.books, site.clock.now()
    old = old_lists(books.desk.lists, now=now, old=books.old)
    return {"ages": list_ages(books.desk.lists, now=now), "old": tuple(list_age(each, now=now) for each in old)}


def _picture(text: str) -> str | None:
    """The code of a text; None for one that no code of this level holds: issuers may draw another."""
    try:
        return draw_qr_once(text)
    except ValueError:
        return None


def _view(site: WalletSite, held: HealthCertificate) -> HealthView:
    drawer = site.wallet.health
    return describe_health(drawer.look(held), drawer.books.value_sets)


ROUTES: Final[tuple[Route[WalletSite], ...]] = (
    Route("GET", ADD, show_ways, Audience.PERSON),
    Route("POST", ADD, review, Audience.PERSON, max_body=MAX_UPLOAD),
    Route("POST", KEEP, keep, Audience.PERSON, max_body=MAX_FORM),
    Route("GET", CAMERA, show_camera, Audience.PERSON),
    Route("POST", CAMERA, look_at_frame, Audience.PERSON, max_body=MAX_UPLOAD),
    Route("GET", CERTIFICATES + "{id}", show, Audience.PERSON),
    Route("POST", CERTIFICATES + "{id}/code", show_code, Audience.PERSON, max_body=MAX_FORM),
    Route("GET", CERTIFICATES + "{id}/delete", show_deletion, Audience.PERSON),
    Route("POST", CERTIFICATES + "{id}/delete", delete, Audience.PERSON, max_body=MAX_FORM),
)
