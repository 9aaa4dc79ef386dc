"""The registrar's own turn at what ends: a page of the register at a time, from its beginning again after its end."""

from typing import final

from zegel.services.registrar import RegistrarService, Renewed
from zegel.services.status_publisher import StatusPublisher


@final
class RegistrarRenewal:
    """Renews what ends, by turns; ``renewed`` counts the registrations."""

    def __init__(self, service: RegistrarService, *, statuses: StatusPublisher) -> None:
        self._service = service
        self._statuses = statuses
        self._after = 0
        self.renewed = 0

    async def take_turn(self) -> Renewed:
        """Look at the next page. What failed there is raised at the end, and looked at again in the next round."""
        done = await self._service.renew_due(after=self._after)
        self._after = done.after
        self.renewed += done.count
        if done.count:
            await self._statuses.publish()
        if done.failed is not None:
            raise done.failed
        return done
