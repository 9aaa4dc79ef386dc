"""``zegel wallet add-certificate``, ``certificate``, ``delete-certificate``: health certificates, without a network."""

from argparse import Namespace
from dataclasses import asdict
from typing import Any, Final

from zegel.adapters.code_reader import PictureCodeReader
from zegel.adapters.picture_bounds import MAX_FILE
from zegel.cli.health_lists import lists_data, say_lists
from zegel.cli.input import read_input
from zegel.cli.output import ACCEPTED, in_text
from zegel.cli.wallet_words import check_known, show
from zegel.errors import Malformed
from zegel.formats.hcert.code import PREFIX
from zegel.services.health import health_codes
from zegel.services.wallet.contents import HealthCertificate
from zegel.services.wallet.health import HealthDrawer
from zegel.services.wallet.health_words import HealthView, describe_health
from zegel.services.wallet.wallet import Wallet

ACTIONS: Final = ("add-certificate", "certificate", "delete-certificate")


async def act_on_certificates(args: Namespace, wallet: Wallet) -> int:
    """Do it."""
    drawer, certificates = wallet.health, wallet.safe.contents.certificates
    match args.action:
        case "add-certificate":
            added = [await drawer.add(text) for text in await _texts(args.file)]
            data = {"certificates": [certificate_data(drawer, held) for held in added], **_trust(args, drawer)}
            show(args, data, "\n".join(certificate_line(drawer, held) for held in added))
        case "certificate":
            held = drawer.find(check_known(args.id, certificates, "health certificate"))
            text = await drawer.show_code(held.id) if args.code else None
            data = certificate_data(drawer, held) | ({} if text is None else {"code": text}) | _trust(args, drawer)
            show(args, data, _whole(drawer, held) if text is None else text)
        case "delete-certificate":
            gone = await drawer.delete(check_known(args.id, certificates, "health certificate"))
            show(args, {"deleted": gone.id}, f"deleted {gone.id}")
    return ACCEPTED


def _trust(args: Namespace, drawer: HealthDrawer) -> dict[str, Any]:
    """By which lists it is judged: for the object of ``--json``, or on stderr."""
    if args.json:
        return {"trust": lists_data(drawer.books.desk)}
    say_lists(drawer.books.desk)
    return {}


def certificate_data(drawer: HealthDrawer, held: HealthCertificate) -> dict[str, Any]:
    """A certificate and its verdict today."""
    view = asdict(_view(drawer, held))
    return {"id": held.id, **view, "rows": dict(view["rows"])}


def certificate_line(drawer: HealthDrawer, held: HealthCertificate) -> str:
    """A certificate in a line, without anybody's name."""
    view = _view(drawer, held)
    what = f"{view.paper} ({view.title}), {view.issuer}" if view.readable else view.paper
    return in_text(f"{held.id}  {what}, {_verdict(view)}")


async def _texts(file: str) -> tuple[str, ...]:
    """The certificates of a file: a picture, a document, or the text itself."""
    data = read_input(file, max_bytes=MAX_FILE, what="certificate")
    if not data.startswith(PREFIX):
        return health_codes(await PictureCodeReader().read(data))
    try:
        return (data.decode("ascii"),)
    except UnicodeDecodeError:
        raise Malformed("certificate", "", "expected the text of a code, which is ASCII") from None


def _whole(drawer: HealthDrawer, held: HealthCertificate) -> str:
    view = _view(drawer, held)
    pairs = [("Name", view.name), ("Born", view.birth_date), *view.rows]
    pairs += [("Issued", view.issued), ("Expires", view.expires)]
    lines = [certificate_line(drawer, held), *(f"  {name}: {value}" for name, value in pairs if value)]
    return "\n".join(map(in_text, [*lines, *(f"  {reason}" for reason in view.reasons)]))


def _view(drawer: HealthDrawer, held: HealthCertificate) -> HealthView:
    return describe_health(drawer.look(held), drawer.books.value_sets)


def _verdict(view: HealthView) -> str:
    return f"{view.verdict}{' today' if view.readable else ''}: {'; '.join(view.reasons)}"
