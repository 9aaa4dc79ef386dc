"""What must hold when a walk has come to its end, whoever died on its way.

What was acknowledged is there; what serves once served once, and does not serve again when it is sent again; nothing in
a database refers to what is not there, and what is over goes; no role said anything but what it should.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

from zegel_testing.named_refusals import REFUSALS

from zegel.adapters.clock import SystemClock
from zegel.adapters.sealing import record_id
from zegel.checks import Check
from zegel.formats.credential import StatusReference
from zegel.services.authorization import PUSHED
from zegel.services.wallet.contents import Happening, Holding, WalletContents
from zegel_drill.books import faults_of_books
from zegel_drill.ground import KEEPERS, SEALED, check_whole, ledger_of, through_time
from zegel_drill.ledger import DAY, LASTING
from zegel_drill.town import Exchange, Town
from zegel_drill.walk import Acknowledged, Walk

AGES = 6 * 366 * DAY
"""Seconds after which nothing that was ever issued or granted is in force."""

_FOR_EVER: Mapping[str, tuple[str, ...]] = {
    "issuer": ("disclosure policies",),  # of nobody's attestation
    "registrar": ("access certificates", "officer", "admission", "passkey owner"),
    "wallet-provider": ("key storage", "lists"),  # there is one storage, whose place in a list is maintained for good
    "access-authority": ("access revocation list",),  # its number, which rises
}
_AT_FIRST: Mapping[str, Mapping[str, int]] = {
    "issuer": {"disclosure policies": 1},  # a timer writes them down as soon as it runs
    "access-authority": {"access revocation list": 1},  # it is signed then
}
_CHECKS = frozenset(check.id for check in Check)


@dataclass(frozen=True)
class Answer:
    """What came when a request was sent again."""

    status: int
    location: str
    body: bytes

    def check(self) -> str | None:
        """The check that it was refused by, as its JSON or its page names it."""
        text = self.body.decode(errors="replace")
        try:
            return str(json.loads(text)["check"])
        except (ValueError, KeyError, TypeError):
            return next((id_ for id_ in sorted(_CHECKS, key=len, reverse=True) if f">{id_}<" in text), None)


async def faults_of(walk: Walk, acknowledged: Acknowledged) -> list[str]:
    """Everything that is not as it must be, of a walk that has come to its end."""
    town = walk.town
    exchanges = town.exchanges()
    contents = walk.contents()
    faults = [*_missing(town, contents, acknowledged, exchanges), *_served_twice(exchanges)]
    faults += [fault async for fault in _unsound(town)]
    faults += await faults_of_books(town, walk.offices)
    return [*faults, *_serving_again(town, exchanges), *said_wrongly(town)]


# --- what was acknowledged --------------------------------------------------------------------------------------------


def _missing(
    town: Town, contents: WalletContents, acknowledged: Acknowledged, exchanges: list[Exchange]
) -> Iterator[str]:
    held = contents.holdings
    for name in acknowledged.kept:
        if not any(name in holding.credential.type for holding in held):
            yield f"the wallet said that it keeps {name}, and does not have it"
    register = ledger_of(town, "issuer")
    given = {(entry.list_id, entry.index) for issuance in register.issuances for entry in issuance.entries}
    for holding in held:
        if not _entries(holding) <= given:
            yield f"the issuer does not know every copy of {holding.credential.type}"
    if acknowledged.revoked:
        revoked = {(e.list_id, e.index) for each in register.issuances if each.revoked_at for e in each.entries}
        yield from (f"{each.credential.type} is not revoked" for each in held if not _entries(each) <= revoked)
    shown = [entry for entry in contents.log if entry.happening is Happening.PRESENTED]
    answers = {each.body for each in exchanges if each.work == "POST /response/{session}"}
    if len(answers) > len(shown):
        yield f"{len(answers)} answers left the wallet, and its log has {len(shown)}"
    uses = sum(copy.uses for holding in held for copy in holding.batch.copies)
    mentioned = sum(len(entry.mentions) for entry in shown)
    if uses > mentioned:  # fewer where copies were renewed since
        yield f"copies were used {uses} times, and the log mentions {mentioned}"


def _entries(holding: Holding) -> set[tuple[str, int]]:
    named = (copy.status for copy in holding.batch.copies)
    return {(status.uri.rpartition("/")[2], status.index) for status in named if isinstance(status, StatusReference)}


# --- what serves once -------------------------------------------------------------------------------------------------


def _form(name: str) -> Callable[[Exchange], str | None]:
    return lambda exchange: parse_qs(exchange.body.decode(errors="replace")).get(name, [None])[0]


def _header(name: str) -> Callable[[Exchange], str | None]:
    return lambda exchange: dict(exchange.headers).get(name)


def _target(exchange: Exchange) -> str:
    return exchange.target


_SECRETS: Mapping[tuple[str, str], Callable[[Exchange], str | None]] = {
    ("issuer", "POST /consent"): _header("cookie"),
    ("issuer", "POST /token"): lambda each: _form("code")(each) or _form("pre-authorized_code")(each),
    ("provider", "POST /response/{session}"): _target,
    ("provider", "GET /return/{session}"): _target,
    ("provider", "POST /token"): _form("code"),
    ("provider", "GET /userinfo"): _header("authorization"),
    ("verifier", "POST /response/{session}"): _target,
    ("verifier", "GET /return/{session}"): _target,
    ("verifier", "GET /requests/{session}"): _target,
}
"""The one-time secret in a request that uses one up. A proof of DPoP or of an attested key is one in any request."""

_PROOFS = ("dpop", "oauth-client-attestation-pop")


def _served_twice(exchanges: list[Exchange]) -> Iterator[str]:
    uses: Counter[tuple[str, str, str]] = Counter()
    for exchange in exchanges:
        if exchange.commits and _went_well(exchange.status, exchange.location):
            secret = _SECRETS.get((exchange.role, exchange.work), lambda _: None)(exchange)
            found = [("", secret), *((name, _header(name)(exchange)) for name in _PROOFS)]
            uses.update((exchange.work, name, value) for name, value in found if value is not None)
    for (work, name, _), times in uses.items():
        if times > 1:
            yield f"{name or 'the secret'} of {work} served {times} times"


def _went_well(status: int | None, location: str) -> bool:
    """Whether something was granted; what stood before the role died counts, whether it was told or not."""
    return status is None or (status < 400 and "error=" not in location)


_LAST = ("POST /token",)  # a code that comes again takes back what it gave: nothing could be told from what is under it
_ONCE = frozenset(
    {
        *_SECRETS,
        ("issuer", "POST /par"),
        ("issuer", "GET /authorize"),
        ("issuer", "POST /log-in"),
        ("issuer", "POST /credential"),
        ("issuer", "POST /notification"),
        ("service", "GET /callback"),
        ("wallet", "POST /launch"),
        ("wallet", "GET /callback"),
    }
)


def _serving_again(town: Town, exchanges: list[Exchange]) -> Iterator[str]:
    """Everything that served, or may have, is sent once more, to the byte: it is refused, and by name."""
    pushed = {id_ for kind, id_ in ledger_of(town, "issuer").records if kind == PUSHED.name}
    for each in sorted(exchanges, key=lambda each: each.work in _LAST):
        served = _went_well(each.status, each.location) and (each.commits or each.role in ("service", "wallet"))
        if not served or (each.role, each.work) not in _ONCE:
            continue
        if each.work == "GET /authorize" and record_id(PUSHED.name, _request_uri(each)) in pushed:
            continue  # nobody has decided yet: its person may come back
        answer = send_again(town, each)
        if _granted(each, answer):
            yield f"{each.role} {each.work} served again (status {answer.status})"
        elif answer.status >= 500:
            yield f"{each.role} {each.work} answers {answer.status} when it is sent again"
        elif each.role not in ("service", "wallet") and answer.status >= 400 and answer.check() not in _CHECKS:
            yield f"{each.role} {each.work}, sent again, is refused by no check (status {answer.status})"


def _granted(exchange: Exchange, answer: Answer) -> bool:
    if exchange.work == "GET /requests/{session}":
        return bool(json.loads(answer.body).get("credentials"))
    if exchange.role == "wallet":  # whose page at which a browser is let in is no refusal, and grants nothing
        return answer.status == 303
    return answer.status < 400 and "error=" not in answer.location


def _request_uri(exchange: Exchange) -> str:
    return parse_qs(urlsplit(exchange.target).query).get("request_uri", [""])[0]


def send_again(town: Town, exchange: Exchange) -> Answer:
    """Send a request as it came."""
    table = getattr(town.config, exchange.role.replace("-", "_"))
    port = table.operator_port if exchange.listener.endswith(" operator") else table.port
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(exchange.method, exchange.target, skip_host=True, skip_accept_encoding=True)
        for name, value in exchange.headers:
            connection.putheader(name, value)
        connection.endheaders(exchange.body or None)
        response = connection.getresponse()
        return Answer(response.status, response.headers.get("location", ""), response.read())
    finally:
        connection.close()


# --- what stands, and what was said -----------------------------------------------------------------------------------


async def _unsound(town: Town) -> AsyncIterator[str]:
    now = SystemClock().now()
    vault = town.config.wallet.vault
    in_use = {vault.name, f"{vault.name}.lock", f".{vault.name}.{town['wallet'].pid}.draft"}
    for left in {each.name for each in vault.parent.iterdir()} - in_use:
        yield f"wallet: {left} is left beside the vault"
    for role in KEEPERS:
        check_whole(town, role)
    for role in SEALED:
        today, tomorrow, at_last = await through_time(town, role, now + DAY, now + AGES)
        for orphan in today.orphans(now=now):
            yield f"{role}: {orphan}"
        for kind in {kind for kind, _ in tomorrow.records} - LASTING:
            yield f"{role}: a {kind} is there a day later"
        if tomorrow.used:
            yield f"{role}: what was used is remembered a day later"
        may_stay = _FOR_EVER.get(role, ())
        stays = {kind for kind in at_last.kinds() if kind not in may_stay}
        if stays != {"key-check"} or (at_last.given and "lists" not in may_stay):
            yield f"{role}: what stays for ever is {dict(at_last.kinds())}"


def not_like_new(town: Town, role: str) -> Iterator[str]:
    """What is in a database that was just made, and should not be."""
    check_whole(town, role)
    if role not in SEALED:
        return
    kinds = dict(ledger_of(town, role).kinds())
    if "key-check" not in kinds or not kinds.items() <= {"key-check": 1, **_AT_FIRST.get(role, {})}.items():
        yield f"{role} begins with {kinds}"


def said_wrongly(town: Town) -> Iterator[str]:
    """What no role may say, whatever befalls it: that it failed, how, or no and not why."""
    for each in town.exchanges():
        if each.status == 500:
            yield f"{each.role} {each.work} was answered {each.status}"
    for role in town.roles.values():
        for line in town.lines(role.name):
            if '"level":"error"' in line or "Traceback" in line:
                yield f"{role.name} says {line[:300]}"
            elif line.startswith("{") and _is_unnamed(json.loads(line)):
                yield f"{role.name} refuses without a name: {line[:300]}"


def _is_unnamed(said: Mapping[str, object]) -> bool:
    return said.get("status") in REFUSALS and "check" not in said
