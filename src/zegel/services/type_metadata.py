"""What a credential's type extends, where a query names another type than its own (SD-JWT VC draft 16 section 4).

A document is asked for on behalf of a *verified* credential alone: those of the catalogue are at hand, and any other
one is fetched from the address that the type is, and kept for an hour. Who asks for a type by its own name fetches
nothing, and so tells nobody who shows what.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Unavailable
from zegel.formats.catalogue.describe import type_metadata
from zegel.formats.catalogue.types import Catalogue
from zegel.formats.credential import Format, VerifiedCredential
from zegel.formats.sdjwt.type_metadata import MAX_DOCUMENT
from zegel.formats.sdjwt.types import ResolvedType, TypeStep, begin_type, check_types
from zegel.primitives.http import JSON, HttpRequest
from zegel.primitives.json import encode_json
from zegel.services.ports import Clock, Outbound
from zegel.trust.anchors import TrustAnchors

_REDIRECTS: Final = 3  # a host may have moved; each target is checked again
_KEPT_SECONDS: Final = 3_600  # a document of a type hardly ever changes, and its host need not see each presentation
_ABSENT_SECONDS: Final = 60  # one that is nowhere may be put there
_MAX_DOCUMENTS: Final = 64  # documents, of at most 128 kB each
_HTTPS: Final = "https://"


def described_types(catalogue: Catalogue) -> dict[str, bytes]:
    """The documents of a catalogue's own types, by ``vct``."""
    types = (type_ for type_ in catalogue.types.values() if type_.vct is not None)
    return {type_.identifier(Format.SD_JWT_VC): encode_json(type_metadata(type_)) for type_ in types}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    document: bytes | None
    since: int
    until: int


@final
class TypeReader:
    """Documents that are ``known``, by type, and those at the https address that a type is."""

    def __init__(self, *, outbound: Outbound, known: Mapping[str, bytes], clock: Clock) -> None:
        self._outbound = outbound
        self._known = known
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    async def fetch_types(self, credential: VerifiedCredential, *, anchors: TrustAnchors) -> VerifiedCredential:
        """The credential with the types that its own extends, as far as its issuer is trusted for each.

        It is as it was where one of the documents can be had from nowhere. ``Unavailable`` for a host that does not
        answer; ``Malformed`` or ``Rejected`` with TYPE_METADATA or TYPE_INTEGRITY for a document that does not hold.
        """
        if credential.format is not Format.SD_JWT_VC:
            return credential
        step: TypeStep | ResolvedType = begin_type(credential)
        while isinstance(step, TypeStep):
            document = await self._document(step.wanted)
            if document is None:
                return credential
            step = step.receive(document)
        return check_types(credential, step, anchors=anchors)

    async def _document(self, type_: str) -> bytes | None:
        if type_ in self._known:
            return self._known[type_]
        if not type_.startswith(_HTTPS):
            return None
        kept, now = self._kept.get(type_), self._clock.now()
        if kept is None or not kept.since <= now < kept.until:
            document = await self._fetch(type_)
            lasts = _ABSENT_SECONDS if document is None else _KEPT_SECONDS
            self._kept.pop(type_, None)
            kept = self._kept[type_] = _Kept(document=document, since=now, until=now + lasts)
            while len(self._kept) > _MAX_DOCUMENTS:
                del self._kept[next(iter(self._kept))]  # the one that was fetched first
        return kept.document

    async def _fetch(self, type_: str) -> bytes | None:
        request = HttpRequest(method="GET", url=type_, headers=(("accept", JSON),))
        response = await self._outbound.fetch(request, redirects=_REDIRECTS, max_bytes=MAX_DOCUMENT)
        if response.status >= 500:  # RFC 9110 section 15.6: the host says itself that it does not work
            raise Unavailable("type metadata", f"its host answers with status {response.status}")
        return response.body if response.status == 200 else None
