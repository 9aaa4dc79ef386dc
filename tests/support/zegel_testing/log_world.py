"""A log in memory, whose authority and certificates are those of ``zegel_testing.transparency``."""

from dataclasses import replace

from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.log import SqlLog, open_memory_log
from zegel.primitives.encoding import base64
from zegel.primitives.json import Json, JsonObject
from zegel.protocols.transparency.submission import CERTIFICATE, PRECERTIFICATE, UnverifiedSubmission
from zegel.services.log import LogIdentity, LogService
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.authority import Draft
from zegel.trust.transparency.issuance import announce
from zegel_testing.authorities import LOG_SIGNER, NOW, anchor
from zegel_testing.ending import close_at_end
from zegel_testing.transparency import LOGGED_ROOT, access_draft

ACCEPTED = TrustAnchors([anchor(LOGGED_ROOT, Purpose.ACCESS)])
IDENTITY = LogIdentity(signer=LOG_SIGNER, merge_delay=86_400, at_once=1_000)


class LogWorld:
    """A log, its clock and its store."""

    def __init__(self, *, store: SqlLog | None = None, **changes: object) -> None:
        self.clock = ManualClock(NOW)
        if store is None:
            store = open_memory_log()
            close_at_end(store.close)
        self.store = store
        identity = replace(IDENTITY, **changes)
        self.log = LogService(identity, store=self.store, anchors=lambda: ACCEPTED, clock=self.clock)

    def take(self, *names: str) -> None:
        """Have certificates of these names announced, a second apart."""
        for name in names:
            self.clock.advance(1)
            self.log.submit(announced(access_draft(name=name)))


def announced(draft: Draft) -> UnverifiedSubmission:
    """A certificate that is to be issued, as it is submitted."""
    return UnverifiedSubmission(type=PRECERTIFICATE, submission=announce(draft), chain=())


def issued(draft: Draft) -> UnverifiedSubmission:
    """A certificate that was issued, as anybody may submit it."""
    return UnverifiedSubmission(type=CERTIFICATE, submission=draft.sign().der, chain=())


def log_answer() -> dict[str, Json]:
    """An answer with a head, both proofs, and the entries of a log of three."""
    world = LogWorld()
    world.take("one", "two", "three")
    head, entries = world.log.entries(0, 9, most=9)
    items = {
        "sth": head,
        "inclusion": world.log.inclusion(entries[1].leaf, 3).inclusion,
        "consistency": world.log.consistency(1, 3).consistency,
    }
    encoded = {name: base64(item.encode()) for name, item in items.items() if item is not None}
    return encoded | {"sct": base64(entries[0].sct), "entries": [{"log_entry": base64(each.entry)} for each in entries]}


def watch_state() -> JsonObject:
    """What a visit to a log of three keeps."""
    answer = log_answer()
    return {"sth": answer["sth"], "peaks": [base64(bytes(32)), base64(bytes(32))]}
