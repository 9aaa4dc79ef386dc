"""Trust from the lists in XML of a folder: what ``qualified.toml`` there says of them, as a role's own file would.

Nothing is fetched: where a list is named by its address, the file of its last part is taken, as whoever mirrors it has
it. What is in a file is believed for whom the operator named, or a list that was verified through them, and for nobody
else.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar, final
from urllib.parse import urlsplit

from zegel.adapters.configuration import load_config
from zegel.adapters.files import read_file
from zegel.adapters.keyfiles import load_certificate_bytes
from zegel.adapters.trust_files import QUALIFIED_FILE, XML_SUFFIX
from zegel.checks import Check
from zegel.config.roles import QualifiedListConfig
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.services.why.tree import name_day
from zegel.services.why.xml_list import XmlPointing
from zegel.trust.anchors import TrustAnchor
from zegel.trust.lists.xml.document import MAX_DOCUMENT
from zegel.trust.lists.xml.parse import UnverifiedXmlList, parse_xml_list
from zegel.trust.lists.xml.values import QUALIFIED_SERVICES, XmlListPointer, XmlListType
from zegel.trust.lists.xml.verify import (
    MAX_PIVOTS,
    VerifiedXmlList,
    pivots_of,
    pointer_by_hand,
    verify_list_of_lists,
    verify_national_list,
)

ValueT = TypeVar("ValueT")


def qualified_anchors(folder: Path, *, now: int) -> Iterator[TrustAnchor]:
    """The anchors of a folder's lists in XML, each for the types that ``qualified.toml`` names.

    A list that is there has to be trusted, and one that is wanted by its territory has to be there: ``Malformed``,
    ``Rejected`` or ``Unavailable`` with the file's name.
    """
    reached: set[str] = set()
    restricted = False
    for listed in load_config(folder / QUALIFIED_FILE).qualified_lists:
        followed = _Followed(folder=folder, listed=listed, now=now)
        yield from followed.anchors()
        reached |= followed.reached
        restricted |= bool(listed.territories)
    for file in sorted(path.name for path in folder.glob(f"*{XML_SUFFIX}")):
        if file not in reached and not restricted:
            raise Unavailable(str(folder / file), f"{QUALIFIED_FILE} and the lists that it names lead to no such file")


def find_pointings(
    document: UnverifiedXmlList, folders: Sequence[Path], *, now: int
) -> Iterator[Callable[[], XmlPointing]]:
    """Each way in which what the folders name in ``qualified.toml`` may lead to a list that stands elsewhere.

    Each of them raises ``Malformed``, ``Rejected`` or ``Unavailable``, with the file's name, where it leads nowhere.
    """
    for folder in folders:
        for listed in load_config(folder / QUALIFIED_FILE).qualified_lists:
            yield partial(_Followed(folder=folder, listed=listed, now=now).point, document)


@final
@dataclass(kw_only=True)
class _Followed:
    """The lists that one table leads to. ``reached`` are the files that were read."""

    folder: Path
    listed: QualifiedListConfig
    now: int
    reached: set[str] = field(default_factory=set)

    def anchors(self) -> Iterator[TrustAnchor]:
        """Those of each national list, and none of the others."""
        services = frozenset(QUALIFIED_SERVICES[name] for name in self.listed.services)
        for verified in self._national():
            yield from verified.anchors(types=frozenset(self.listed.types), services=services)

    def _national(self) -> Iterator[VerifiedXmlList]:
        wanted = self.listed.territories
        name, first = self._read(self.listed.location)
        if first.unverified_type == XmlListType.NATIONAL:
            yield self._judged(name, lambda: self._by_hand(first))
            return
        lists = self._judged(name, lambda: self._list_of_lists(first))
        found = [each for each in lists.national_pointers() if not wanted or each.territory in wanted]
        for territory in sorted(wanted - {each.territory for each in found}):
            raise Unavailable(f"national list of {territory}", f"the list of the lists, {name}, does not point to it")
        for pointer in found:
            if wanted or self._is_there(pointer.location):
                yield self._pointed_to(pointer)

    def point(self, document: UnverifiedXmlList) -> XmlPointing:
        """Who leads to a list that stands elsewhere, as if it were here in its place."""
        by_hand = f"by hand: {QUALIFIED_FILE} names {self.listed.signers.name} for its signers"
        if document.unverified_type == XmlListType.LIST_OF_LISTS:
            return XmlPointing(said=by_hand, verify=lambda: self._list_of_lists(document))
        name, first = self._read(self.listed.location)
        if first.unverified_type == XmlListType.NATIONAL:
            return XmlPointing(said=by_hand, verify=lambda: self._by_hand(document))
        lists, territory = self._judged(name, lambda: self._list_of_lists(first)), document.unverified_territory
        pointers = [each for each in lists.national_pointers() if each.territory == territory]
        if not pointers:
            detail = f"the list of the lists, {name}, points to no list of {territory[:2]}"
            raise Rejected(Check.ANCHOR, detail, field="SchemeTerritory")
        return XmlPointing(
            said=f"{name}, the list of the lists, number {lists.sequence} of {lists.operator}, "
            f"next update {name_day(lists.next_update)}, points to it",
            verify=lambda: verify_national_list(document, pointer=pointers[0], now=self.now, seen=0),
        )

    def _by_hand(self, document: UnverifiedXmlList) -> VerifiedXmlList:
        signers = load_certificate_bytes(self.listed.signers)
        pointer = pointer_by_hand(document, signers=signers, territories=self.listed.territories)
        return verify_national_list(document, pointer=pointer, now=self.now, seen=0)

    def _list_of_lists(self, document: UnverifiedXmlList) -> VerifiedXmlList:
        signers = load_certificate_bytes(self.listed.signers)
        pivots = tuple(self._read(url)[1] for url in pivots_of(document)[:MAX_PIVOTS] if self._is_there(url))
        return verify_list_of_lists(document, pivots=pivots, signers=signers, now=self.now, seen=0)

    def _pointed_to(self, pointer: XmlListPointer) -> VerifiedXmlList:
        name, document = self._read(pointer.location)
        return self._judged(name, lambda: verify_national_list(document, pointer=pointer, now=self.now, seen=0))

    def _read(self, location: str) -> tuple[str, UnverifiedXmlList]:
        path = self.folder / _file_of(location)
        self.reached.add(path.name)
        body = read_file(path, max_bytes=MAX_DOCUMENT)
        return path.name, self._judged(path.name, lambda: parse_xml_list(body))

    def _is_there(self, location: str) -> bool:
        return (self.folder / _file_of(location)).is_file()

    def _judged(self, name: str, judge: Callable[[], ValueT]) -> ValueT:
        """With the file's name in what is said of it: a folder may have thirty."""
        try:
            return judge()
        except Malformed as error:
            raise Malformed(name, error.field, error.detail) from None
        except Rejected as error:
            raise Rejected(error.check, f"{name}: {error.detail}", field=error.field) from None


def _file_of(location: str) -> str:
    """The last part of an address or a path; a list has no say in what else of the disk is read."""
    path = urlsplit(location).path if "://" in location else location
    return path.rpartition("/")[2] or QUALIFIED_FILE
