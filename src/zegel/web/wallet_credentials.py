"""The pages of what is held: the cards, one credential, the log; and the field into which a link is pasted."""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from zegel.errors import Malformed
from zegel.formats.claims import select_claims
from zegel.formats.credential import VerifiedCredential
from zegel.primitives.http import HttpResponse
from zegel.protocols.openid4vci.offer import OfferScheme
from zegel.services.wallet.contents import Brought, Entry, Happening, Holding, Mention, Outcome
from zegel.services.wallet.describing import Named, named_batch, named_type, shown_claims, shown_value
from zegel.services.wallet.holdings import changed_claims, is_usable
from zegel.services.wallet.journal import issuer_counterpart
from zegel.services.wallet.renewing import can_be_renewed
from zegel.web import wallet_present, wallet_receive
from zegel.web.errors import WordedRefusal
from zegel.web.routing import Audience, Route
from zegel.web.wallet_certificates import certificate_cards, lists_said
from zegel.web.wallet_site import (
    ADD,
    BRING,
    CREDENTIALS,
    HOME,
    LOCALE,
    LOG,
    MAX_FORM,
    Visit,
    WalletSite,
    inside,
    offer_of,
    request_of,
    see,
    wallet_page,
)
from zegel.web.wallet_waiting import waiting_rows

MAX_LINES: Final = 200  # of the log on one page; ``zegel wallet log`` has all of them
_NO_LINK: Final = "This is no link of an offer or of a request. Copy the whole of it, as it was shown."

_HAPPENINGS: Final = {
    Happening.RECEIVED: "Received from",
    Happening.ADDED: "Added a certificate of",
    Happening.CODE_SHOWN: "Showed the code of a certificate of",
    Happening.RENEWED: "Renewed by",
    Happening.DELETED: "Deleted; it was issued by",
    Happening.PRESENTED: "Shared with",
    Happening.DECLINED: "You said no to",
    Happening.REFUSED: "The wallet refused",
    Happening.FAILED: "Failed with",
}
_OUTCOMES: Final = {
    Outcome.DONE: ("good", "done"),
    Outcome.UNKNOWN: ("warn", "arrival unknown"),
    Outcome.REFUSED: ("bad", "not taken"),
}


@inside
async def show_home(site: WalletSite, visit: Visit) -> HttpResponse:
    """The cards, and what waits."""
    return _home_page(site, visit)


def _home_page(site: WalletSite, visit: Visit, *, link: str = "", wrong: str | None = None) -> HttpResponse:
    contents = site.wallet.safe.contents
    return wallet_page(
        site,
        visit,
        "wallet_home.html",
        title="Your credentials",
        here=HOME,
        link=link,
        wrong=wrong,
        own=contents.instance,
        cards=[_card(site, holding) for holding in reversed(contents.holdings)],
        waiting=waiting_rows(site),
        bring=BRING,
        add=ADD,
        certificates=certificate_cards(site),
        old=lists_said(site)["old"],
    )


@inside
async def bring(site: WalletSite, visit: Visit) -> HttpResponse:
    """A link was pasted, from wherever: what it brought, before anything is done with it; or the field once more."""
    link = visit.form.get("link", "").strip()
    try:
        scheme, query = _scheme_and_query(link)
        if scheme in tuple(OfferScheme) or "credential_offer" in query:
            offer = offer_of(query)
            return wallet_receive.brought_page(site, visit, link=query, offer=offer, brought=Brought.PASTED)
        host = request_of(query).unverified_host
    except Malformed as error:
        # a text without a query is somebody's slip; of what is almost a link the fault is named
        found = f" Found: {error.detail}." if "?" in link else ""
        raise WordedRefusal(error, _home_page(site, visit, link=link, wrong=_NO_LINK + found)) from None
    return wallet_present.brought_page(site, visit, link=query, host=host, brought=Brought.PASTED)


@inside
async def show_credential(site: WalletSite, visit: Visit, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """Everything about one credential."""
    return _credential_page(site, visit, site.wallet.find(id))


@inside
async def act(site: WalletSite, visit: Visit, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """Look up its status, renew it, or take note of what changed."""
    match visit.form.get("action"):
        case "status":
            await site.wallet.look_up_status(id)
        case "renew":
            await site.wallet.renewal.renew(id)
        case "seen":
            await site.wallet.renewal.acknowledge(id)
        case _:
            pass
    return see(CREDENTIALS + id)


@inside
async def show_deletion(site: WalletSite, visit: Visit, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """Whether to delete it."""
    holding = site.wallet.find(id)
    return wallet_page(
        site,
        visit,
        "wallet_delete.html",
        title="Delete this credential?",
        card=_card(site, holding),
        copies=len(holding.batch.copies),
        action=f"{CREDENTIALS}{holding.id}/delete",
    )


@inside
async def delete(site: WalletSite, _visit: Visit, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """Delete it."""
    await site.wallet.delete(id)
    return see(HOME)


@inside
async def show_log(site: WalletSite, visit: Visit) -> HttpResponse:
    """What was shared, received and refused."""
    log = site.wallet.safe.contents.log
    lines = [_line(site, entry) for entry in reversed(log[-MAX_LINES:])]
    return wallet_page(
        site, visit, "wallet_log.html", title="What happened", here=LOG, lines=lines, more=len(log) > MAX_LINES
    )


def _scheme_and_query(link: str) -> tuple[str, str]:
    try:
        parts = urlsplit(link)
    except ValueError:
        raise Malformed("link", "", "expected an address") from None
    return parts.scheme, parts.query


def _credential_page(site: WalletSite, visit: Visit, holding: Holding) -> HttpResponse:
    credential, named = holding.credential, _named(site, holding)
    standing = holding.standing
    return wallet_page(
        site,
        visit,
        "wallet_credential.html",
        title=named.name,
        card=_card(site, holding),
        action=CREDENTIALS + holding.id,
        claims=shown_claims(credential, named),
        type=credential.type,
        issuer=issuer_counterpart(holding.provider),
        signer=credential.issuer.subject,
        received=_time(holding.renewed_at or holding.received_at),
        valid_from=None if credential.valid_from is None else _time(credential.valid_from),
        has_status=any(copy.status is not None for copy in holding.batch.copies),
        standing=None if standing is None else (standing.word, _time(standing.at)),
        renewable=can_be_renewed(site.wallet.safe.contents, holding),
        changes=[] if holding.before is None else _changes(holding.before, credential, named),
    )


def _changes(before: VerifiedCredential, after: VerifiedCredential, named: Named) -> list[dict[str, Any]]:
    return [
        {
            "name": named.claim(path),
            "before": [shown_value(value, path, named) for _, value in select_claims(before.claims, path)],
            "after": [shown_value(value, path, named) for _, value in select_claims(after.claims, path)],
        }
        for path in changed_claims(before, after)
    ]


def _card(site: WalletSite, holding: Holding) -> dict[str, Any]:
    credential, named, now = holding.credential, _named(site, holding), site.clock.now()
    ends = credential.valid_until
    return {
        "id": holding.id,
        "href": CREDENTIALS + holding.id,
        "name": named.name,
        "format": named.format_name,
        "issuer": credential.issuer.entity,
        "unused": holding.unused,
        "copies": len(holding.batch.copies),
        "valid_until": None if ends is None else _time(ends),
        "usable": is_usable(holding, now=now),
        "early": credential.valid_from is not None and now < credential.valid_from,
        "revoked": holding.standing is not None and bool(holding.standing.check),
        "changed": holding.before is not None,
    }


def _line(site: WalletSite, entry: Entry) -> dict[str, Any]:
    kind, word = _OUTCOMES[entry.outcome]
    return {
        "at": _time(entry.at),
        "what": _HAPPENINGS[entry.happening],
        "shared": entry.happening is Happening.PRESENTED,
        "who": entry.counterpart.name,
        "host": entry.counterpart.host,
        "certified": entry.counterpart.certified,
        "identifier": entry.counterpart.identifier,
        "mentions": [_mention(site, mention, entry.happening) for mention in entry.mentions],
        "transactions": entry.transactions,
        "outcome_kind": kind,
        "outcome": word,
        "check": entry.check,
        "service": entry.counterpart.service,
        "through": None if entry.through is None else f"{entry.through.name} ({entry.through.identifier})",
        "registered": _registered(entry),
        "warnings": entry.warnings,
        "beyond": [f"{asked.type} {'.'.join(map(str, asked.path))}".strip() for asked in entry.beyond],
    }


def _registered(entry: Entry) -> list[tuple[str, Any]]:
    """By what a line's counterpart may be reported, or asked to delete (DASH_03, DASH_12)."""
    registered = entry.registered
    if registered is None:
        return []
    authority = registered.authority
    contacts = () if authority is None else (*authority.uris, *authority.emails, *authority.phones)
    pairs: list[tuple[str, Any]] = [
        ("Registered purpose", registered.purpose),
        ("To have it deleted", list(registered.support)),
        ("Register", registered.registry),
        ("Supervised by", None if authority is None else authority.name),
        ("To report it", list(contacts)),
    ]
    return [(name, value) for name, value in pairs if value]


def _mention(site: WalletSite, mention: Mention, happening: Happening) -> dict[str, Any]:
    named = named_type(mention.type, mention.format, site.wallet.catalogue, locale=LOCALE)
    issued = happening in (Happening.RECEIVED, Happening.RENEWED)
    return {
        "name": named.name,
        "format": named.format_name,
        "claims": [named.claim(path) for path in mention.paths],
        "repeated": mention.repeated,
        "copies": mention.copies if issued else None,
        "changed": happening is Happening.RENEWED,
    }


def _named(site: WalletSite, holding: Holding) -> Named:
    return named_batch(holding.batch, site.wallet.catalogue, locale=LOCALE)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


ROUTES: Final[tuple[Route[WalletSite], ...]] = (
    Route("GET", HOME, show_home, Audience.PERSON),
    Route("POST", BRING, bring, Audience.PERSON, max_body=MAX_FORM),
    Route("GET", CREDENTIALS + "{id}", show_credential, Audience.PERSON),
    Route("POST", CREDENTIALS + "{id}", act, Audience.PERSON, max_body=MAX_FORM),
    Route("GET", CREDENTIALS + "{id}/delete", show_deletion, Audience.PERSON),
    Route("POST", CREDENTIALS + "{id}/delete", delete, Audience.PERSON, max_body=MAX_FORM),
    Route("GET", LOG, show_log, Audience.PERSON),
)
