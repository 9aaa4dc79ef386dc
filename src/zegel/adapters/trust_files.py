"""Trust from files: a folder of signed lists with their operator's root beside them, or certificates that somebody
vouches for by naming them."""

import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from zegel.adapters.files import os_errors, read_file
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.revocation_files import CRL_SUFFIX, read_revocation_list, revocation_files
from zegel.errors import Unavailable, ZegelError
from zegel.primitives.crl import UnverifiedCrl
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.lists.parse import MAX_TRUSTED_LIST, parse_trusted_list
from zegel.trust.lists.values import ListType
from zegel.trust.lists.verify import verify_trusted_list
from zegel.trust.revocation import RevocationLists
from zegel.trust.transparency.logs import TransparencyLog

OPERATOR_FILE: Final = "operator.pem"
QUALIFIED_FILE: Final = "qualified.toml"
QUALIFIED_FOLDER: Final = "qualified"
XML_SUFFIX: Final = ".xml"
LIST_SUFFIX: Final = ".jwt"
CERTIFICATE_SUFFIX: Final = ".pem"
_GIVEN: Final = "given by hand"  # one entity, so that an issuer's status list may come from another file
Refused: TypeAlias = Callable[[Path, ZegelError], None]
LoadedT = TypeVar("LoadedT")
_PURPOSES: Final = (Purpose.ISSUER, Purpose.STATUS)


def load_trust(
    paths: Sequence[Path],
    *,
    now: int,
    more: Sequence[UnverifiedCrl] = (),
    unsafe_unknown: bool = False,
    operators: bool = False,
    refused: Refused | None = None,
) -> TrustAnchors:
    """The anchors of all paths, and what is known of revocation: that, and ``more``.

    A folder with ``operator.pem`` holds lists, each of which has to lead to it, and in ``crl`` what authorities have
    revoked; one with ``qualified.toml`` holds lists in XML, alone or beside them; of any other every ``*.pem`` is an
    anchor. A file holds anchors: whoever names it vouches for them, for every type; a ``*.crl`` is a list of revoked
    certificates. ``unsafe_unknown`` lets pass what no list speaks of.
    With ``operators`` there are also those who are trusted for lists alone: for whoever asks that of a list.
    ``Unavailable`` for what cannot be read, ``Malformed`` or ``Rejected`` for a list that is not to be trusted. Where
    ``refused`` is given, it is told of such a list and why, and the others are loaded all the same.
    """
    anchors = [anchor for path in paths if path.suffix != CRL_SUFFIX for anchor in _anchors(path, now, refused)]
    if operators:
        anchors.extend(operator for path in paths for operator in _operators(path))
    files = [file for path in paths for file in revocation_files(path)]
    lists = [crl for file in files for crl in _tried(file, lambda each: (read_revocation_list(each),), refused)]
    return TrustAnchors(anchors, revocation=RevocationLists((*more, *lists), unsafe_unknown=unsafe_unknown))


def _tried(path: Path, load: Callable[[Path], Iterable[LoadedT]], refused: Refused | None) -> Iterable[LoadedT]:
    """What ``load`` has from a file; nothing where that is refused, and somebody wants to be told of it."""
    try:
        return tuple(load(path))
    except ZegelError as error:
        if refused is None:
            raise
        refused(path, error)
        return ()


def _anchors(path: Path, now: int, refused: Refused | None) -> Iterator[TrustAnchor | TransparencyLog]:
    with os_errors(path):
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    if not is_folder:
        yield from _given(path)
        return
    certificates = _files(path, CERTIFICATE_SUFFIX)
    is_qualified = (path / QUALIFIED_FILE).is_file()
    if _files(path, XML_SUFFIX) and not is_qualified:
        detail = (
            f"expected {QUALIFIED_FILE} beside lists in XML: who signs them, and which types those on them may issue"
        )
        raise Unavailable(str(path / QUALIFIED_FILE), detail)
    if not certificates:
        raise Unavailable(str(path), f"expected signed lists with {OPERATOR_FILE}, or certificates (*.pem)")
    if path / OPERATOR_FILE in certificates or is_qualified:
        yield from _listed(path, now, refused)
        if is_qualified:
            from zegel.adapters.qualified_files import qualified_anchors  # what reads XML takes room

            yield from _tried(path, lambda folder: qualified_anchors(folder, now=now), refused)
        return
    for file in certificates:
        yield from _given(file)


def _given(path: Path) -> Iterator[TrustAnchor]:
    for certificate in load_certificates(path):
        for purpose in _PURPOSES:
            yield TrustAnchor(certificate=certificate, purpose=purpose, entity=_GIVEN)


def _listed(folder: Path, now: int, refused: Refused | None) -> Iterator[TrustAnchor | TransparencyLog]:
    operators = TrustAnchors(_operators(folder))

    def load(file: Path) -> Iterator[TrustAnchor | TransparencyLog]:
        unverified = parse_trusted_list(read_file(file, max_bytes=MAX_TRUSTED_LIST))
        expected = next((type_ for type_ in ListType if type_ == unverified.unverified_type), ListType.PID_PROVIDERS)
        listed = verify_trusted_list(unverified, expected=expected, anchors=operators, now=now, seen=0)
        yield from listed.anchors()
        yield from listed.logs()

    for file in _files(folder, LIST_SUFFIX):
        yield from _tried(file, load, refused)


def _operators(folder: Path) -> Iterator[TrustAnchor]:
    if (folder / OPERATOR_FILE).is_file():
        for certificate in load_certificates(folder / OPERATOR_FILE):
            yield TrustAnchor(certificate=certificate, purpose=Purpose.LIST, entity=str(folder))


def _files(folder: Path, suffix: str) -> list[Path]:
    with os_errors(folder):
        return sorted(path for path in folder.iterdir() if path.suffix == suffix)
