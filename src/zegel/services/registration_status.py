"""The status of a registration certificate, looked up by whoever relies on it, or shows it."""

from zegel.formats.credential import StatusReference
from zegel.formats.status.registered import check_registration_status
from zegel.services.ports import Clock
from zegel.services.status import StatusReader
from zegel.trust.anchors import Purpose
from zegel.trust.registration.values import BoundRegistration, CurrentRegistration


async def fetch_current(bound: BoundRegistration, *, statuses: StatusReader, clock: Clock) -> CurrentRegistration:
    """Fetch the list that the certificate names, and find it valid there; one that names none lives for a day.

    The refusals of ``fetch_status_list`` and of ``check_registration_status``.
    """
    status = bound.certificate.status
    reference = None if status is None else StatusReference(uri=status.uri, index=status.index)
    listed = await statuses.fetch_status_list(reference, purpose=Purpose.REGISTRATION_STATUS)
    return check_registration_status(bound, listed, now=clock.now())
