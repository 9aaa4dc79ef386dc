"""``zegel registrar``: serve it, move registrations in somebody's name, fetch certificates, search the register, audit
its log."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from zegel.adapters.clock import SystemClock
from zegel.adapters.entropy import system_random
from zegel.adapters.files import read_file, replace_owner_only
from zegel.adapters.keyrings import load_ring
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import open_store
from zegel.checks import Check
from zegel.cli import serve
from zegel.cli.configuration import add_config_option, find_config
from zegel.cli.operator import call_operator
from zegel.cli.output import ACCEPTED, in_text, print_data, print_text
from zegel.cli.wallet_words import time_text
from zegel.config.roles import Config
from zegel.errors import Malformed, Rejected
from zegel.primitives.json import parse_object
from zegel.services.register_reader import MAX_PAGE, Audited, Question, audit
from zegel.trust.register.changes import MAX_HEAD, LogHead, verify_log_head
from zegel.trust.register.parse import MAX_PARTY
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.transport import certificate_bytes
from zegel.trust.registration.values import RegistrationFormat
from zegel.web.app.keys import role_keys
from zegel.web.registrar_operator import ON_PROPOSALS

ROLE: Final = "registrar"
_DECISIONS: Final = {
    "approve": "approve what was applied for, in the name of an officer",
    "reject": "refuse what was applied for",
    "suspend": "suspend a registration",
    "resume": "end a suspension",
    "cancel": "cancel a registration, for good",
    "renew": "issue those registration certificates anew that end within a month",
}
_PARTY: Final = "party document"


def add_arguments(parser: ArgumentParser) -> None:
    """Add ``zegel registrar``'s commands."""
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)

    def command(name: str, text: str, *, as_json: bool = True) -> ArgumentParser:
        own = commands.add_parser(name, help=text, description=text)
        add_config_option(own)
        if as_json:
            own.add_argument("--json", action="store_true", help="one JSON object on stdout")
        return own

    serve.add_json_option(command("serve", "serve the registrar of a configuration, until SIGTERM", as_json=False))
    apply = command("apply", "apply for a party, or ask for a change, in the name of a person")
    apply.add_argument("party", metavar="FILE", type=Path, help="a WalletRelyingParty of TS5, JSON")
    _add_name(apply)
    for name, text in _DECISIONS.items():
        decision = command(name, text)
        decision.add_argument("identifier", metavar="ID", help="the party's identifier")
        _add_name(decision)
        if name in ON_PROPOSALS:
            text = "what show says of it: nothing that came in between is decided on"
            decision.add_argument("--seen", metavar="DIGEST", required=True, help=text)
        if name in ("reject", "suspend", "cancel"):
            decision.add_argument("--reason", metavar="TEXT", required=True, help="why; the party is told")
    command("waiting", "list what waits for an officer")
    show = command("show", "show a registration whole, with its certificates")
    show.add_argument("identifier", metavar="ID", help="the party's identifier")
    _describe_certificate(
        command("certificate", "fetch the registration certificate that ends last, into a file of a role's")
    )
    command("enrol", "make a code with which a person becomes an officer, once")
    _describe_invitation(
        command("invite", "make a code with which a person without a wallet makes a first passkey, once")
    )
    command("officers", "list who may decide")
    dismiss = command("dismiss", "have somebody be an officer no more, from this moment on")
    dismiss.add_argument("subject", metavar="SUBJECT", help="who, as officers says it")
    _add_name(dismiss)
    withdraw = command("withdraw", "have no token, passkey or session of a person count any more")
    whose = withdraw.add_mutually_exclusive_group(required=True)
    whose.add_argument("--party", dest="identifier", metavar="ID", help="of the person who registered this party")
    whose.add_argument("--person", dest="subject", metavar="SUBJECT", help="of this person")
    _add_name(withdraw)
    token = command("token", "make a token with which a program writes in a person's name")
    _add_name(token)
    search = command("search", "look parties up by the words of their names")
    search.add_argument("text", metavar="TEXT", help="what their words begin with")
    search.add_argument("--limit", metavar="N", type=int, default=MAX_PAGE, help="how many at most")
    audited = command("audit", "follow the log of changes to its end, and past the heads that somebody kept")
    audited.add_argument(
        "--head", metavar="FILE", type=Path, action="append", default=[], help="a signed head that was kept; repeatable"
    )


def _describe_certificate(certificate: ArgumentParser) -> None:
    certificate.add_argument("identifier", metavar="ID", help="the party's identifier")
    certificate.add_argument("--service", metavar="ID", help="the Service that it is about, where there are several")
    certificate.add_argument(
        "--use", metavar="ID", help="the intended use that it is about, where there are several; empty for none"
    )
    certificate.add_argument("--through", metavar="ID", help="the intermediary that asks, where there are several")
    formats = tuple(map(str, RegistrationFormat))
    certificate.add_argument("--format", choices=formats, default=formats[0], help="as JWT, or as CWT (default: jwt)")
    certificate.add_argument("--out", metavar="FILE", type=Path, required=True, help="the file, which is replaced")


def _describe_invitation(invite: ArgumentParser) -> None:
    whom = "the person, as officers says it or as the party's --as, or a new name"
    invite.add_argument("subject", metavar="SUBJECT", help=whom)
    invite.add_argument("--name", metavar="TEXT", help="how the person is called")
    role = invite.add_mutually_exclusive_group()
    role.add_argument("--officer", action="store_true", help="they become an officer by it")
    role.add_argument("--applicant", action="store_true", help="they are new here, and may register a party by it")
    _add_name(invite)


def run(args: Namespace) -> int:
    """Do it."""
    match args.action:
        case "serve":
            return serve.run(Namespace(roles=[ROLE], config=args.config, json=args.json))
        case "apply":
            return _apply(args)
        case "waiting":
            return _list_waiting(args)
        case "show":
            return _say(args, _call(args, "GET", f"/registrations/{args.identifier}"))
        case "certificate":
            return _fetch(args)
        case "enrol":
            return _say(args, _call(args, "POST", "/officers", {}))
        case "invite":
            return _invite(args)
        case "officers":
            return _list_officers(args)
        case "dismiss":
            return _say(args, _call(args, "POST", "/dismissals", {"subject": args.subject, "by": args.by}))
        case "withdraw":
            return _withdraw(args)
        case "token":
            return _say(args, _call(args, "POST", "/tokens", {"by": args.by}))
        case "search":
            return asyncio.run(_search(args))
        case "audit":
            return asyncio.run(_audit(args))
        case _:
            return _decide(args)


def _add_name(parser: ArgumentParser) -> None:
    said = "in whose name; the one that asked does not decide"
    parser.add_argument("--as", dest="by", metavar="NAME", required=True, help=said)


def _apply(args: Namespace) -> int:
    party = parse_object(read_file(args.party, max_bytes=MAX_PARTY), what=_PARTY, max_bytes=MAX_PARTY)
    return _say(args, _call(args, "POST", "/applications", {"party": party, "by": args.by}))


def _decide(args: Namespace) -> int:
    body = {"decision": args.action, "identifier": args.identifier, "by": args.by}
    body |= {name: getattr(args, name) for name in ("reason", "seen") if hasattr(args, name)}
    return _say(args, _call(args, "POST", "/decisions", body))


def _fetch(args: Namespace) -> int:
    """The file is replaced at once; a role that runs reads it by itself."""
    answer = _call(args, "GET", f"/registrations/{args.identifier}", None, {"format": args.format})
    wanted = (args.service, args.use, args.through)
    known = {each["certificate"]: _about(each["certificate"]) for each in answer["certificates"] if not each["revoked"]}
    found = {
        token: about
        for token, about in known.items()
        if all(one is None or (one or None) == other for one, other in zip(wanted, about, strict=True))
    }
    if len(set(found.values())) != 1:
        named = "; ".join(sorted(" ".join(filter(None, about)) for about in set(found.values())))
        detail = f"there are several, so name one: {named}" if found else "there is none"
        raise Rejected(Check.REGISTER_ENTRY, detail, field="--service, --use and --through")
    newest = max(found, key=_end)
    replace_owner_only(args.out, certificate_bytes(newest))
    ends = time_text(_end(newest))
    if args.json:
        print_data({"file": str(args.out), "expires": ends})
    else:
        print_text(f"{in_text(str(args.out))}: valid until {ends}")
    return ACCEPTED


def _end(token: str) -> int:
    return parse_registration(token).unverified_certificate.valid_until


def _about(token: str) -> tuple[str | None, str | None, str | None]:
    """The Service, the intended use and the intermediary of a certificate."""
    certificate = parse_registration(token).unverified_certificate
    through = None if certificate.intermediary is None else certificate.intermediary.identifier
    return certificate.service, certificate.intended_use, through


def _list_waiting(args: Namespace) -> int:
    for registration in _pages(args, "/registrations", "registrations"):
        _say(args, registration)
    return ACCEPTED


def _list_officers(args: Namespace) -> int:
    for officer in _pages(args, "/officers", "officers"):
        if args.json:
            print_data(officer)
        else:
            print_text(f"{in_text(officer['subject'])}  {in_text(officer['name'])}")
    return ACCEPTED


def _invite(args: Namespace) -> int:
    members: dict[str, object] = {"subject": args.subject, "by": args.by}
    members |= {"officer": args.officer, "applicant": args.applicant}
    if args.name is not None:
        members["name"] = args.name
    return _say(args, _call(args, "POST", "/invitations", members))


def _withdraw(args: Namespace) -> int:
    whose = {name: getattr(args, name) for name in ("identifier", "subject") if getattr(args, name) is not None}
    return _say(args, _call(args, "POST", "/withdrawals", whose | {"by": args.by}))


def _pages(args: Namespace, path: str, name: str) -> Iterator[dict[str, Any]]:
    query: dict[str, str] = {}
    while True:
        page = _call(args, "GET", path, None, query)
        yield from page[name]
        if page["after"] is None:
            return
        query = {"after": str(page["after"])}


def _say(args: Namespace, answer: dict[str, Any]) -> int:
    if args.json:
        print_data(answer)
    elif "standing" not in answer:
        print_text("\n".join(f"{name}: {value}" for name, value in answer.items()))
    else:
        valid = sum(each["revoked"] is None for each in answer["certificates"])
        waiting = "" if answer["proposal"] is None else f", waits: {answer['proposal']}"
        counted = f"{valid} registration certificate{'' if valid == 1 else 's'}"
        print_text(f"{answer['identifier']}  {answer['standing']}{waiting}, {counted}")
    return ACCEPTED


async def _search(args: Namespace) -> int:
    """In the database itself: the role need not run."""
    config = find_config(args)
    if not 0 < args.limit <= MAX_PAGE:
        raise Malformed("command line", "--limit", f"expected one to {MAX_PAGE}")
    store = await _open(config)
    try:
        question = Question(text=args.text, limit=args.limit)
        async with store.transaction() as transaction:
            hits = await transaction.register.search((), text=question.text, after=0, limit=question.limit)
    finally:
        store.close()
    for each in hits.found:
        party = parse_object(each.document, what=_PARTY)
        if args.json:
            print_data(party)
        else:
            print_text(f"{in_text(each.identifier)}  {in_text(party['tradeName'])}")
    return ACCEPTED


async def _audit(args: Namespace) -> int:
    """In the database itself, a page at a time."""
    config = find_config(args)
    kept = [_kept(config, path) for path in args.head]
    store = await _open(config)
    try:
        audited = await audit(store, kept)
    finally:
        store.close()
    _say_audited(args, audited, kept)
    return ACCEPTED


def _say_audited(args: Namespace, audited: Audited, kept: list[LogHead]) -> None:
    head = audited.head
    if args.json:
        print_data({"size": head.size, "hash": head.hash.hex(), "registrations": audited.parties, "heads": len(kept)})
    else:
        past = f", past {len(kept)} kept head{'' if len(kept) == 1 else 's'}" if kept else ""
        print_text(f"{head.size} changes, each on the one before it{past}; {audited.parties} registrations as they say")


def _kept(config: Config, path: Path) -> LogHead:
    """A head that the register's own key signed, the present one or one from before."""
    text = read_file(path, max_bytes=MAX_HEAD).strip()
    (files,) = (key.files for key in role_keys(config) if key.role == ROLE and key.setting == "key")
    ring = load_ring(files)
    refused: Rejected | None = None
    for generation in (ring.current, *ring.retired):
        try:
            return verify_log_head(text, issuer=config.registrar.origin, key=generation.key).head
        except Rejected as error:
            refused = error
            if error.check is not Check.SIGNATURE:
                break
    assert refused is not None  # a ring has a key
    raise refused


async def _open(config: Config) -> Any:
    sealing = load_sealing_keys(config.registrar.sealing_key)
    return await open_store(
        config.registrar.database,
        key=sealing.current,
        earlier=sealing.earlier(),
        clock=SystemClock(),
        random=system_random,
    )


def _call(args: Namespace, method: str, path: str, body: object = None, query: dict[str, str] | None = None) -> Any:
    return call_operator(
        find_config(args).registrar,
        method=method,
        path=path,
        body=body,
        query=query,
    )
