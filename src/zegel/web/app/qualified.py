"""The trusted lists in XML that a configuration names: where they come from, and where they are kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

from zegel.adapters.files import read_file
from zegel.adapters.kept_lists import ListFolder
from zegel.adapters.keyfiles import load_certificate_bytes
from zegel.config.roles import Config, QualifiedListConfig
from zegel.errors import Unavailable
from zegel.primitives.http import HttpRequest
from zegel.services.ports import Clock, Outbound
from zegel.services.qualified_lists import QualifiedLists
from zegel.services.trust_ports import ListShelf
from zegel.trust.lists.xml.document import MAX_DOCUMENT
from zegel.trust.lists.xml.values import QUALIFIED_SERVICES, XML_LIST

_REDIRECTS: Final = 3  # as for the lists in JSON; each target is checked again


@final
class ConfiguredQualified:
    """A ``QualifiedSource`` from the configuration. ``kept`` is a folder, None for none."""

    def __init__(self, config: QualifiedListConfig, *, outbound: Outbound, kept: Path | None) -> None:
        self.signers: Final = load_certificate_bytes(config.signers)
        self.territories: Final = config.territories
        self.types: Final = frozenset(config.types)
        self.services: Final = frozenset(QUALIFIED_SERVICES[name] for name in config.services)
        self._location = config.location
        self._outbound = outbound
        self._kept = kept

    async def fetch(self) -> bytes:
        """See ``QualifiedSource``."""
        if "://" not in self._location:
            return read_file(Path(self._location), max_bytes=MAX_DOCUMENT)
        return await self.follow(self._location)

    async def follow(self, url: str) -> bytes:
        """See ``QualifiedSource``. Never a file: whoever is listed has no say in those."""
        request = HttpRequest(method="GET", url=url, headers=(("accept", XML_LIST),))
        response = await self._outbound.fetch(request, redirects=_REDIRECTS, max_bytes=MAX_DOCUMENT)
        if response.status != 200:
            raise Unavailable("trusted list", f"expected status 200, got {response.status}")
        return response.body

    def shelf(self, url: str | None) -> ListShelf | None:
        """See ``QualifiedSource``."""
        if self._kept is None:
            return None
        return ListFolder(self._kept, location=url or self._location, signers=self.signers)


def configured_qualified(
    config: Config, *, outbound: Outbound, clock: Clock, kept: Path | None
) -> Sequence[QualifiedLists]:
    """The trusted lists in XML that a configuration names, kept in a folder, or nowhere."""
    sources = [ConfiguredQualified(each, outbound=outbound, kept=kept) for each in config.qualified_lists]
    return tuple(QualifiedLists(source, clock=clock) for source in sources)
