"""What became of the credentials, told to the issuer (section 11). A failure here changes nothing in the wallet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.primitives.json import encode_json
from zegel.protocols.openid4vci.states import Event
from zegel.protocols.openid4vci.wallet.session import (
    Received,
    Session,
    asks_for_nonce,
    heard_from_issuer,
    post_to_issuer,
    refusal_of,
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """The issuer knows."""

    session: Session


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationStep:
    """Tells of one issuance."""

    session: Session
    notification_id: str
    event: Event
    attempt: int
    request: HttpRequest

    def receive(
        self, response: HttpResponse, *, now: int, random: Callable[[int], bytes]
    ) -> "NotificationStep | Notified":
        """The end of it; any status in the 200s is success."""
        session = heard_from_issuer(self.session, response)
        if asks_for_nonce(response, attempt=self.attempt):
            return _step(session, self.notification_id, self.event, self.attempt + 1, now=now, random=random)
        if not 200 <= response.status < 300:
            raise refusal_of(response, what="notification")
        return Notified(session=session)


def notification_step(
    session: Session, received: Received, event: Event, *, now: int, random: Callable[[int], bytes]
) -> NotificationStep | Notified:
    """Tell what became of ``received``, if the issuer wants to know."""
    if received.notification_id is None or session.issuer.notification_endpoint is None:
        return Notified(session=session)
    return _step(session, received.notification_id, event, 1, now=now, random=random)


def _step(
    session: Session,
    notification_id: str,
    event: Event,
    attempt: int,
    *,
    now: int,
    random: Callable[[int], bytes],
) -> NotificationStep:
    endpoint = session.issuer.notification_endpoint
    assert endpoint is not None  # notification_step has looked
    body = encode_json({"notification_id": notification_id, "event": str(event)})
    request = post_to_issuer(session, endpoint, content_type=JSON, body=body, now=now, random=random)
    return NotificationStep(
        session=session, notification_id=notification_id, event=event, attempt=attempt, request=request
    )
