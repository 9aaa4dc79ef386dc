"""What waits for its owner, each row told apart from the next: what it is, of what kind, from whom, and since when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, final

from zegel.formats.credential import Format
from zegel.services.wallet.contents import (
    Answering,
    Arrived,
    Asked,
    Counterpart,
    Deferred,
    Flow,
    LoggingIn,
    Mention,
    Offered,
    Unanswerable,
)
from zegel.services.wallet.describing import Named, named_batch, named_configuration, named_type
from zegel.services.wallet.flows import FLOW_SECONDS
from zegel.services.wallet.journal import asking_counterpart, find_entry, issuer_counterpart, verifier_counterpart
from zegel.web.wallet_site import LOCALE, PRESENT, RECEIVE, WalletSite

_TEXTS: Final[dict[type[Any], tuple[str, str]]] = {
    Offered: (RECEIVE, "An offer that you have not taken up"),
    LoggingIn: (RECEIVE, "An offer for which you were to log in"),
    Arrived: (RECEIVE, "Credentials that came, for you to keep or not"),
    Deferred: (RECEIVE, "A credential that takes a while"),
    Asked: (PRESENT, "A request that you have not answered"),
    Unanswerable: (PRESENT, "A request that this wallet does not answer"),
    Answering: (PRESENT, "An answer that could not be sent"),
}
_FORMATS: Final = {str(format_): format_ for format_ in Format}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    """A flow on the first page; ``about`` are its credentials, and who is on the other side."""

    address: str
    text: str
    about: str
    time: str


def waiting_rows(site: WalletSite) -> list[WaitingRow]:
    """What waits, oldest first."""
    now = site.clock.now()
    return [_row(site, id_, flow) for id_, flow in site.wallet.safe.contents.flows.items() if _waits(flow, now)]


def _waits(flow: Flow, now: int) -> bool:
    return type(flow) in _TEXTS and (isinstance(flow, Deferred) or now - flow.at < FLOW_SECONDS)


def _row(site: WalletSite, flow_id: str, flow: Flow) -> WaitingRow:
    path, text = _TEXTS[type(flow)]
    named, counterpart = _about(site, flow)
    return WaitingRow(
        address=f"{path}/{flow_id}",
        text=text,
        about="; ".join(filter(None, (_in_words(named), _other_side(counterpart)))),
        time=datetime.fromtimestamp(flow.at, UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _about(site: WalletSite, flow: Flow) -> tuple[Sequence[Named], Counterpart | None]:
    match flow:
        case Offered() as offered:
            return _offered(site, offered), issuer_counterpart(offered.provider)
        case LoggingIn(offered=offered):
            return _offered(site, offered), issuer_counterpart(offered.provider)
        case Arrived(batches=batches, provider=provider):
            named = [named_batch(batch, site.wallet.catalogue, locale=LOCALE) for batch in batches]
            return named, issuer_counterpart(provider)
        case Deferred(pending=pending, session=session, provider=provider):
            found = session.issuer.configurations.get(pending.configuration)
            named = [named_configuration(each, site.wallet.catalogue, locale=LOCALE) for each in (found,) if each]
            return named, issuer_counterpart(provider)
        case Asked(consent=consent, vetting=vetting):
            request = consent.request
            asked = [(query.types[0], query.format) for query in request.query.credentials if query.types]
            named = [_typed(site, type_, _FORMATS[format_]) for type_, format_ in asked if format_ in _FORMATS]
            return named, asking_counterpart(request.party, request.reply, vetting)
        case Unanswerable(refusal=refusal):
            return [], verifier_counterpart(refusal.party, refusal.reply)
        case Answering(entry=entry_id):
            entry = find_entry(site.wallet.safe.contents, entry_id)
            return ([], None) if entry is None else (_mentioned(site, entry.mentions), entry.counterpart)
        case _:
            return [], None


def _offered(site: WalletSite, offered: Offered) -> list[Named]:
    catalogue = site.wallet.catalogue
    return [named_configuration(each, catalogue, locale=LOCALE) for each in offered.ready.configurations]


def _mentioned(site: WalletSite, mentions: Iterable[Mention]) -> list[Named]:
    return [_typed(site, mention.type, mention.format) for mention in mentions]


def _typed(site: WalletSite, type_: str, format_: Format) -> Named:
    return named_type(type_, format_, site.wallet.catalogue, locale=LOCALE)


def _other_side(counterpart: Counterpart | None) -> str:
    """By the name that is certified; where none is, by the name that it gives itself, and its host."""
    if counterpart is None:
        return ""
    if counterpart.certified or counterpart.name == counterpart.host:
        return counterpart.name
    return f"{counterpart.name} ({counterpart.host})"


def _in_words(named: Iterable[Named]) -> str:
    """Each type once, with its formats."""
    formats: dict[str, list[str]] = {}
    for each in named:
        formats.setdefault(each.name, []).append(each.format_name)
    return ", ".join(f"{name} ({', '.join(dict.fromkeys(known))})" for name, known in formats.items())
