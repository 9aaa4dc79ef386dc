"""``zegel keys``: the keys of the roles, listed and rotated. Nothing private is ever shown."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.files import create_owner_only, make_owner_only_folder
from zegel.adapters.keyfiles import create_private_key, load_certificates, load_private_key, load_secret, load_signer
from zegel.adapters.keyrings import load_generation, load_ring
from zegel.adapters.rotation import SuccessorMaker, rotate_key, rotate_sealing_key, tidy_key, tidy_sealing_keys
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.log import open_log
from zegel.adapters.sql.upkeep import database_file
from zegel.cli.configuration import add_config_option, find_config_file
from zegel.cli.output import ACCEPTED, UNAVAILABLE, in_text, print_data, print_text
from zegel.cli.wallet_words import time_text
from zegel.config.roles import Config
from zegel.errors import Malformed, Unavailable
from zegel.primitives.keys import random_private_key
from zegel.primitives.x509 import Certificate
from zegel.services.log import issue_logged
from zegel.trust.access_authority.request import build_certificate_request, parse_certificate_request
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.authority import Draft
from zegel.trust.rotation import Generation
from zegel.web.app.keys import LastingSecret, RoleKey, SealingKey, lasting_secret, role_keys, sealing_keys
from zegel.web.app.log import log_service

AUTHORITIES: Final = "authorities"
"""The folder beside a sandbox's configuration that holds its authorities."""

AnyKey: TypeAlias = RoleKey | SealingKey | LastingSecret
Row: TypeAlias = dict[str, Any]


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel keys``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="every key that is there, its successor, and those that are retired")
    rotate = commands.add_parser("rotate", help="announce a key's successor, or have it take over where it is known")
    tidy = commands.add_parser("tidy", help="remove retired keys whose time is over")
    asking = commands.add_parser("request", help="make a key, and a request with which it is certified")
    asking.add_argument("keys", metavar="KEY", nargs=1, help="such as verifier.access_key, whose successor it is to be")
    asking.add_argument(
        "--host", metavar="HOST", action="append", help="where it is used; without it, the role's own; repeatable"
    )
    asking.add_argument(
        "--to", metavar="FOLDER", type=Path, required=True, help="made if missing: next.key.pem, next.request.pem"
    )
    for command in (listing, tidy):
        command.add_argument(
            "keys", metavar="KEY", nargs="*", help="such as provider.key; without one all that are there"
        )
    rotate.add_argument("keys", metavar="KEY", nargs=1, help="such as provider.key")
    rotate.add_argument("--key", metavar="FILE", type=Path, help="the successor, where it was made elsewhere")
    rotate.add_argument("--chain", metavar="FILE", type=Path, help="and its chain, leaf first, without the anchor")
    rotate.add_argument(
        "--another-party", action="store_true", help="the chain may be of another subject, with other names"
    )
    rotate.add_argument("--at-once", action="store_true", help="a fresh key, and no wait until everybody can know it")
    for command in (listing, rotate, tidy, asking):
        command.add_argument("--json", action="store_true", help="one JSON object on stdout")
        add_config_option(command)


def run(args: Namespace) -> int:
    """List, rotate or tidy; then list what was meant. All are tried, and one that fails makes the command fail."""
    file = find_config_file(args)
    config, now = load_config(file), SystemClock().now()
    known = _known(config)
    for name in args.keys:
        if name not in known:
            raise Malformed("command line", "KEY", f"expected some of {', '.join(known)}")
    if args.action == "request":
        return _request(known[args.keys[0]], args, config)
    if args.action == "rotate":
        _refuse_other_chains(known[args.keys[0]], known.values())
        _rotate(known[args.keys[0]], args, config, authorities=file.resolve().parent / AUTHORITIES, now=now)
    chosen = args.keys or [name for name, key in known.items() if key.path.exists()]
    rows, failed = _each([known[name] for name in chosen], tidy=args.action == "tidy", now=now)
    if args.json:
        print_data({"keys": rows, "failed": failed})
    else:
        print_text("\n".join([*map(_line, rows), *(f"{name}  {in_text(why)}" for name, why in failed.items())]))
    return UNAVAILABLE if failed else ACCEPTED


def _known(config: Config) -> Mapping[str, AnyKey]:
    keys: tuple[AnyKey, ...] = (*role_keys(config), *sealing_keys(config), lasting_secret(config))
    return {key.name: key for key in keys}


def _refuse_other_chains(key: AnyKey, known: Iterable[AnyKey]) -> None:
    """``Unavailable`` for a key of which another setting has a chain of its own, that would be left with none."""
    for other in known:
        if not isinstance(key, RoleKey) or not isinstance(other, RoleKey) or other.files.key != key.files.key:
            continue
        if other.files.chain != key.files.chain:
            raise Unavailable(key.name, f"{other.name} is the same key under another chain; give it one of its own")


def _rotate(key: AnyKey, args: Namespace, config: Config, *, authorities: Path, now: int) -> None:
    match key:
        case RoleKey():
            stamp = partial(_stamp, config=config, authorities=authorities, now=now)
            maker = SuccessorMaker(authorities=authorities, random=system_random, stamp=stamp)
            given = _given(key, args)
            rotate_key(
                key.files,
                practice=key.practice,
                maker=maker,
                given=given,
                another_party=args.another_party,
                at_once=args.at_once,
                now=now,
            )
        case SealingKey():
            _refuse_options(key, args)
            given_secret = None if args.key is None else load_secret(args.key)
            databases = [database_file(each) for each in key.databases]
            rotate_sealing_key(
                key.path, databases=databases, trails=key.trails, random=system_random, given=given_secret, now=now
            )
        case LastingSecret():
            raise Unavailable(key.name, "it is not rotated: with another one everybody would be somebody else")


def _refuse_options(key: SealingKey, args: Namespace) -> None:
    """``Malformed`` for what only a key that signs has: a chain, and somebody who has to know of its successor."""
    for option in ("chain", "another_party", "at_once"):
        if getattr(args, option):
            name = f"--{option.replace('_', '-')}"
            raise Malformed("command line", name, f"expected no {name} for {key.name}, which signs nothing")


def _request(key: AnyKey, args: Namespace, config: Config) -> int:
    """Make a key and its request, for an authority elsewhere; ``rotate --key --chain`` takes what comes back."""
    if not isinstance(key, RoleKey) or key.files.chain is None:
        raise Malformed("command line", "KEY", "expected a key that has a certificate")
    own = urlsplit(getattr(config, key.role.replace("-", "_")).origin).hostname or ""
    private = random_private_key(system_random)
    # an authority has no host: its certificate names none
    hosts = tuple(args.host or ([] if key.role == "access-authority" else [own]))
    pem = build_certificate_request(private, hosts=hosts)
    parse_certificate_request(pem.encode())  # what no authority would read is said here
    made = {"key": args.to / "next.key.pem", "request": args.to / "next.request.pem"}
    make_owner_only_folder(args.to)
    create_private_key(made["key"], private)
    create_owner_only(made["request"], pem.encode())
    if args.json:
        print_data({name: str(path) for name, path in made.items()} | {"hosts": list(hosts)})
    else:
        print_text("\n".join(in_text(str(path)) for path in made.values()))
    return ACCEPTED


def _stamp(draft: Draft, *, config: Config, authorities: Path, now: int) -> Certificate:
    """Issue a certificate by way of the log that stands in the same file, whether that runs or not."""
    issuer = draft.authority.certificate
    root = _above(issuer, authorities)
    accepted = TrustAnchors([TrustAnchor(certificate=root or issuer, purpose=Purpose.ACCESS, entity=AUTHORITIES)])
    load_private_key(config.transparency_log.key)  # where it is elsewhere, no log is begun here
    store = open_log(config.transparency_log.database)
    try:
        log = log_service(config.transparency_log, store=store, anchors=lambda: accepted, clock=SystemClock())
        return issue_logged(draft, log=log, above=() if root is None else (issuer,), now=now)
    finally:
        store.close()


def _above(certificate: Certificate, authorities: Path) -> Certificate | None:
    """Who certified an authority, where that is at hand too; None for a root."""
    files = (file for file in sorted(authorities.glob("*.pem")) if not file.name.endswith(".key.pem"))
    for each in (load_certificates(file)[0] for file in files):
        if each.subject == certificate.issuer and each.key_id == certificate.authority_key_id:
            return each
    return None


def _given(key: RoleKey, args: Namespace) -> Generation | None:
    """The successor from outside, if there is one."""
    if args.another_party and args.chain is None:
        raise Malformed("command line", "--another-party", "expected with --key and --chain")
    if args.key is None and args.chain is None:
        return None
    if args.key is None or (args.chain is None) is not (key.files.chain is None):
        needed = "--key" if key.files.chain is None else "--key and --chain"
        raise Malformed("command line", "--key", f"expected {needed} for {key.name}")
    private = load_private_key(args.key)
    return load_generation(private, () if args.chain is None else load_signer(args.key, args.chain).certificates)


def _each(keys: list[AnyKey], *, tidy: bool, now: int) -> tuple[list[Row], dict[str, str]]:
    rows: list[Row] = []
    failed: dict[str, str] = {}
    for key in keys:
        try:
            if tidy:
                _tidy(key, now)
            rows += _rows(key, now)
        except Unavailable as error:
            failed[key.name] = error.detail
    return rows, failed


def _tidy(key: AnyKey, now: int) -> None:
    match key:
        case RoleKey():
            tidy_key(key.files, now=now)
        case SealingKey():
            databases = [database_file(each) for each in key.databases]
            tidy_sealing_keys(key.path, databases=databases, trails=key.trails, now=now)
        case LastingSecret():
            pass


def _rows(key: AnyKey, now: int) -> Iterator[Row]:
    """The generations of a key, as they are told."""
    match key:
        case RoleKey():
            ring = load_ring(key.files)
            yield _row(key, "current", ring.current)
            if ring.successor is not None:
                yield _row(key, "successor", ring.successor) | {"ready_at": ring.ready_at(key.practice)}
            for retired in ring.retired:
                yield _row(key, "retired" if retired in ring.at(now).retired else "over", retired)
        case SealingKey():
            keys = load_sealing_keys(key.path)
            yield _symmetric(key, "current")
            for each in keys.retired:
                yield _symmetric(key, "retired" if each.counts(now) else "over", until=each.until)
        case LastingSecret():
            load_secret(key.path)
            yield _symmetric(key, "current")


def _row(key: RoleKey, state: str, generation: Generation) -> Row:
    leaf = generation.certificates[0] if generation.certificates else None
    return {
        "key": key.name,
        "purpose": key.purpose,
        "state": state,
        "kid": generation.id,
        "since": generation.since,
        "until": generation.until,
        "not_before": None if leaf is None else leaf.not_before,
        "not_after": None if leaf is None else leaf.not_after,
        "kept": generation.private is not None,
    }


def _symmetric(key: SealingKey | LastingSecret, state: str, *, until: int | None = None) -> Row:
    """A secret has no name: even its hash would be a word about it."""
    return {"key": key.name, "purpose": key.purpose, "state": state, "kid": None, "since": None, "until": until}


_TOLD: Final = {
    "since": "since",
    "ready_at": "may sign from",
    "until": "must be known until",
    "not_after": "certificate until",
}


def _line(row: Row) -> str:
    told = ", ".join(f"{words} {time_text(row[name])}" for name, words in _TOLD.items() if row.get(name) is not None)
    return "  ".join(filter(None, (row["key"], row["state"], row["kid"], told, f"({in_text(row['purpose'])})")))
