"""Files that say whose health certificates count, what has to be in them, and which are revoked."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from zegel.adapters.files import os_errors, read_file
from zegel.adapters.kept_health import HealthListFolder, fetched, tells_of_a_list
from zegel.adapters.keyfiles import load_certificate_bytes
from zegel.adapters.value_set_names import load_value_sets
from zegel.config.health import HealthConfig
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.hcert.believed import BelievedList, believed_for_its_source
from zegel.formats.hcert.domains import SPECIFIED, Domains
from zegel.formats.hcert.keys import DocumentSigners
from zegel.formats.hcert.lists import MAX_TRUST_LIST, UnverifiedTrustList, parse_trust_list
from zegel.formats.hcert.revocation import RevokedHashes, parse_revoked
from zegel.formats.hcert.rules.book import MAX_RULE_FILE, RuleBook, parse_rule_book
from zegel.formats.hcert.schema import Reading
from zegel.services.health import HealthDesk, HealthFolder, HealthList, Ruling
from zegel.services.health_lists import Anchors, believe, read_health_list

MAX_REVOKED_FILE: Final = 1 << 24  # bytes; a batch of a thousand hashes has 50 kB, a slice up to some megabytes
_RULES: Final = ".json"
_PEM: Final = ".pem"
_LISTS: Final = frozenset({_PEM, ".crt", ".cer", ".der", ".json"})  # what is called so is meant to be read
_MARK: Final = b"\xef\xbb\xbf"  # with which some programs begin UTF-8 in a file (RFC 3629 section 6)


_Loaded = tuple[HealthList, BelievedList]
_Believe = Callable[[UnverifiedTrustList], BelievedList]


def load_signers(paths: Iterable[Path]) -> tuple[DocumentSigners, tuple[HealthList, ...]]:
    """The signers of files and of folders of them: trust lists in JSON, certificates in PEM or DER; and each file.

    ``Malformed`` for what is none of these, but in a folder under a name that says nothing, which is ``unread``.
    """
    loaded = _load(paths, believed_for_its_source, needed=_LISTS)
    return _signers(loaded, SPECIFIED), tuple(each for each, _ in loaded)


def load_health_signers(paths: Iterable[Path]) -> DocumentSigners:
    """Those of files that nothing but health certificates is judged by: a ``*.pem`` may be an anchor of a wallet's."""
    loaded = _load(paths, believed_for_its_source, needed=_LISTS - {_PEM}, left=frozenset({_PEM}))
    return _signers(loaded, SPECIFIED)


def load_anchors(file: Path | None) -> Anchors:
    """The gateway's trust anchor, as DER; None without a file."""
    return None if file is None else frozenset(load_certificate_bytes(file))


def _load(
    paths: Iterable[Path],
    believe: _Believe,
    *,
    needed: frozenset[str] = frozenset(),
    left: frozenset[str] = frozenset(),
) -> list[_Loaded]:
    """Each file, and who counts of those that are on it; of a folder, what is none, or cannot be read, has nobody.

    What has a suffix of ``needed`` has to be read in a folder, too; what has one of ``left`` is not looked at.
    """
    loaded: list[_Loaded] = []
    for path in paths:
        for file, hidden in _files(path):
            name, suffix = file.relative_to(path).as_posix(), file.suffix.lower()
            if hidden:
                loaded.append(_passed_over(name, "it is hidden"))
                continue
            if suffix in left:
                continue
            try:
                parsed = parse_trust_list(_read(file, path, max_bytes=MAX_TRUST_LIST).removeprefix(_MARK))
            except (Malformed, Unavailable) as error:
                if file == path or suffix in needed:
                    raise
                why = error.detail.removeprefix(f"{error.what}: ") if isinstance(error, Unavailable) else str(error)
                loaded.append(_passed_over(name, why))
            else:
                loaded.append(_described(file, believe(parsed)))
    return loaded


def _files(path: Path) -> list[tuple[Path, bool]]:
    """A file, or what is below a folder, whatever it is called, and whether that is hidden.

    What is hidden stands for all below it; and what tells of a list that was fetched belongs to that list.
    """
    found: dict[Path, bool] = {}
    for file in _everything(path):
        hidden = None if file == path else _hidden(file.relative_to(path))
        if hidden is not None:
            found[path / hidden] = True
        elif file == path or not tells_of_a_list(file):
            found[file] = False
    return list(found.items())


def _read(file: Path, given: Path, *, max_bytes: int) -> bytes:
    """A file that was given, or is in the folder that was."""
    if file != given and file.is_dir():
        raise Unavailable(str(file), "expected a folder, got a link to one, which is not followed")
    if file != given and file.is_fifo():
        raise Unavailable(str(file), "expected a file, got a pipe")  # whoever opens it waits for its other end
    return read_file(file, max_bytes=max_bytes)


def _passed_over(name: str, why: str) -> _Loaded:
    return HealthList(name=name, signers=0, unread=why), BelievedList(signers=())


def _believe_own(parsed: UnverifiedTrustList, *, anchors: Anchors) -> BelievedList:
    """A file that the configuration has among those that count. Of another form than the gateway's, which nobody signs,
    it counts for being there, beside lists that the anchor vouches for."""
    return believe(parsed, anchors=None if parsed.unverified_entries is None else anchors)


def _described(file: Path, believed: BelievedList) -> _Loaded:
    told = fetched(file)
    return HealthList(
        name=file.name if told is None else urlsplit(told.url).hostname or told.url,
        signers=len(believed.signers),
        left_out=believed.left_out,
        as_of=believed.as_of,
        fetched_at=None if told is None else told.at,
        url="" if told is None else told.url,
    ), believed


def _signers(loaded: Iterable[_Loaded], domains: Domains) -> DocumentSigners:
    return DocumentSigners((signer for _, each in loaded for signer in each.signers), domains=domains)


def load_rule_book(folder: Path) -> RuleBook:
    """The rules and value sets of a folder's JSON files, or of one file; sets that are not there are the published.

    ``Unavailable`` for a folder, or one file, that cannot be read; a file of a folder that cannot is ``unread``. What
    is hidden is passed over, by the first name of its path that begins with a point.
    """
    unreadable: dict[str, str] = {}
    others: dict[str, None] = {}
    published = {name: list(codes) for name, codes in load_value_sets().items()}
    files = _rule_files(folder, unreadable, others)
    return parse_rule_book(files, published=published, unreadable=unreadable, others=others.keys())


def _rule_files(folder: Path, unreadable: dict[str, str], others: dict[str, None]) -> Iterator[tuple[str, bytes]]:
    """The JSON files, each read when it is asked for; what else is there comes to light meanwhile."""
    for file in _everything(folder):
        if file == folder:
            yield file.name, read_file(file, max_bytes=MAX_RULE_FILE)
            continue
        name, hidden = file.relative_to(folder).as_posix(), _hidden(file.relative_to(folder))
        if hidden is not None:
            others[hidden] = None
            continue
        if file.suffix.lower() != _RULES and not file.is_dir():
            others[name] = None
            continue
        try:
            data = _read(file, folder, max_bytes=MAX_RULE_FILE)
        except Unavailable as error:
            unreadable[name] = error.detail.removeprefix(f"{error.what}: ")
        else:
            yield name, data


def _everything(folder: Path) -> list[Path]:
    """What is below a folder, but for the folders themselves; what is a link is there, wherever it leads."""
    with os_errors(folder):
        if not folder.is_dir():
            return [folder]
        return sorted(each for each in folder.rglob("*") if each.is_symlink() or not each.is_dir())


def _hidden(path: Path) -> str | None:
    """As far as the first name that begins with a point, by which tools call what is theirs."""
    for position, part in enumerate(path.parts):
        if part.startswith("."):
            return "/".join(path.parts[: position + 1])
    return None


def load_revoked(folder: Path) -> RevokedHashes:
    """The batches, partitions and slices of a folder, whatever they are called; a link to nothing is ``Unavailable``,
    for it may be one of them. What is hidden is read if it is a file."""
    files = _revoked_files(folder)
    read = ((file.name, _read(file, folder, max_bytes=MAX_REVOKED_FILE)) for file in files)
    return parse_revoked((name, data.removeprefix(_MARK)) for name, data in read)


def _revoked_files(folder: Path) -> list[Path]:
    found = _everything(folder)
    return [file for file in found if file.is_file() or file == folder or _hidden(file.relative_to(folder)) is None]


def open_desk(
    trust: Iterable[Path],
    *,
    rules: Path | None = None,
    to: str = "",
    revoked: Path | None = None,
    rules_needed: bool = False,
    reading: Reading = Reading.FIELD,
    kept: Iterable[_Loaded] = (),
    missing: Iterable[HealthList] = (),
    domains: Domains = SPECIFIED,
    gateway_anchor: Path | None = None,
    folders: Iterable[HealthFolder] = (),
) -> HealthDesk:
    """What judges certificates by these files, and by lists that were ``kept``; ``missing`` are those that were not.

    With ``gateway_anchor`` each of the files has to be a list of the gateway's, or is ``Rejected``. A file that is no
    list is ``Malformed``, and one that is not there ``Unavailable``; in a folder such a one is ``unread``.
    ``rules_needed``: nothing is accepted while none of the country's rules is in force.
    """
    loaded = [*_load(trust, partial(believe, anchors=load_anchors(gateway_anchor))), *kept]
    return HealthDesk(
        _signers(loaded, domains),
        ruling=None if rules is None else Ruling(book=load_rule_book(rules), to=to, needed=rules_needed),
        revoked=None if revoked is None else load_revoked(revoked),
        reading=reading,
        lists=(*(each for each, _ in loaded), *missing),
        folders=tuple(folders),
    )


def open_health_desk(config: HealthConfig) -> HealthDesk:
    """What judges certificates by the files of the configuration, and by the lists that were fetched for it.

    Each file has to be read, in a folder, too: a role that runs goes on by those of before until it can.
    """
    shelf, anchors = HealthListFolder(config.kept), load_anchors(config.gateway_anchor)
    own = _load(config.trust, partial(_believe_own, anchors=anchors), needed=_LISTS)
    kept = {url: _kept(shelf.path(url), anchors) for url in config.lists}
    missing = [
        HealthList(name=urlsplit(url).hostname or url, signers=0, url=url) for url, each in kept.items() if each is None
    ]
    return open_desk(
        (),
        rules=config.rules,
        to=config.country,
        rules_needed=True,
        revoked=config.revoked,
        kept=[*own, *(each for each in kept.values() if each is not None)],
        missing=missing,
        domains=config.domains.domains(),
        folders=_folders(config),
    )


def _folders(config: HealthConfig) -> Iterator[HealthFolder]:
    """What of the configuration nobody fetches: its age is that of its files."""
    found = (each for path in config.trust for each in _files(path))
    own = [file for file, hidden in found if not hidden and fetched(file) is None]
    if own:
        yield _folder("health.trust", own)
    if config.rules is not None:
        rules = (file for file in _everything(config.rules) if _hidden(file.relative_to(config.rules)) is None)
        yield _folder("health.rules", [file for file in rules if file.suffix.lower() == _RULES])
    if config.revoked is not None:
        yield _folder("health.revoked", _revoked_files(config.revoked), ages=True)


def _folder(name: str, files: Iterable[Path], *, ages: bool = False) -> HealthFolder:
    written: list[int] = []
    for file in files:
        with suppress(OSError):  # what is gone meanwhile, or a link that leads nowhere
            written.append(int(file.stat().st_mtime))
    return HealthFolder(name=name, files=len(written), newest=max(written, default=None), ages=ages)


def _kept(file: Path, anchors: Anchors) -> _Loaded | None:
    """A list that was fetched.

    A role starts without one that is not there, that a disk has broken, or that nobody signs where there are anchors.
    """
    with suppress(Malformed, Rejected, Unavailable):
        return _described(file, read_health_list(read_file(file, max_bytes=MAX_TRUST_LIST), anchors=anchors))
    return None
