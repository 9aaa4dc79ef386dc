"""What a wallet says became of the credentials that it got (section 11)."""

from dataclasses import dataclass, replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import parse_object
from zegel.protocols.oauth.access import Authorized
from zegel.protocols.oauth.errors import denying
from zegel.protocols.openid4vci.states import Event, NotifiedIssuance

MAX_NOTIFICATION: Final = 4_096  # an id, an event and one sentence
_DESCRIPTION: Final = frozenset(map(chr, (0x20, 0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F))))  # section 11.1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What a wallet says of an issuance. ``notification_id`` is the key of the record to load."""

    authorized: Authorized
    notification_id: str
    event: Event


def read_notification(request: HttpRequest, *, authorized: Authorized) -> Notification:
    """Read a notification (section 11.1), or ``Denied(invalid_notification_request)``."""
    with denying("invalid_notification_request"):
        members = parse_object(request.body, what="notification", max_bytes=MAX_NOTIFICATION)
    notification_id, event = members.get("notification_id"), members.get("event")
    if type(notification_id) is not str:
        raise _invalid("expected text", "notification_id")
    if event not in tuple(Event):
        raise _invalid(f"expected {', '.join(Event)}", "event")
    description = members.get("event_description", "")
    if type(description) is not str or not _DESCRIPTION.issuperset(description):
        raise _invalid("expected ASCII without quote and backslash", "event_description")
    return Notification(authorized=authorized, notification_id=notification_id, event=Event(str(event)))


def notify(notification: Notification, state: NotifiedIssuance | None) -> tuple[NotifiedIssuance, HttpResponse]:
    """Take note; the same notification again is no error (section 11). The record to swap in, and the answer."""
    if state is None or state.grant_id != notification.authorized.grant_id:
        detail = "expected an issuance of this access token"
        raise Denied("invalid_notification_id", Check.NOTIFICATION, detail, field="notification_id")
    said = state.events if notification.event in state.events else (*state.events, notification.event)
    return replace(state, events=said), HttpResponse(status=204, headers=(("cache-control", "no-store"),))


def _invalid(detail: str, field: str) -> Denied:
    return Denied("invalid_notification_request", Check.REQUEST_PARAMETERS, detail, field=field)
