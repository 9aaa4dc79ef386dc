"""Roles that no wallet talks to by name: a registrar, a log, a wallet provider, whoever publishes lists.

Each is known by what it publishes, and that is verified under the keys or the anchors that whoever relies on it has.
"""

from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import StatusReference
from zegel.formats.status.reference import parse_aggregation
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.primitives.jws import parse_jws
from zegel.primitives.keys import PublicKey
from zegel.protocols.openid4vci.encryption import JWT
from zegel.protocols.transparency.answers import parse_log_answer
from zegel.services.doctor.answers import examine_content, examine_cors
from zegel.services.doctor.eyes import Eyes, examine_origin
from zegel.services.doctor.findings import Findings, State
from zegel.services.doctor.provider import read_keys
from zegel.services.doctor.topics import Topic
from zegel.services.log_watch import MERGE_DELAY
from zegel.services.status import StatusReader
from zegel.services.status_publisher import AGGREGATION_PATH
from zegel.trust.anchors import Purpose
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import LIST_HEADER, MEDIA_TYPE, ListType
from zegel.trust.lists.verify import verify_trusted_list
from zegel.trust.register.answers import ANSWER, verify_answer
from zegel.trust.register.changes import verify_log_head
from zegel.trust.transparency.heads import check_recent, verify_tree_head

_REGISTRAR: Final = "registrar"
_HEAD: Final = "log of changes"
_LOG: Final = "log"
_WALLETS: Final = "wallet provider"
_LIST: Final = "list of trusted entities"
_MAX_LISTS: Final = 16  # of statuses; as of an issuer
_HOUR: Final = 3_600


async def examine_registrar(findings: Findings, url: str, *, eyes: Eyes, absent: State) -> bool:
    """Examine the register at an origin by one of its answers (TS5 1.3 section 3); False where there is none."""
    answer = await eyes.fetch(findings, _REGISTRAR, _get(f"{url}/wrp?limit=1", JWT), absent=absent)
    if answer is None:
        return False
    findings.note(Topic.REACHABLE, _REGISTRAR, State.GOOD, f"{url}/wrp")
    await examine_origin(findings, url, answer, eyes=eyes)
    examine_content(findings, _REGISTRAR, answer, expected=JWT)
    examine_cors(findings, _REGISTRAR, answer)
    keys = await _register_keys(findings, answer, eyes=eyes)
    with findings.trying(Topic.SIGNED_ANSWER, _REGISTRAR):
        jws = parse_jws(answer.body, what=ANSWER, max_bytes=len(answer.body))
        verified = verify_answer(jws, key=_named(keys, jws.unverified_header.kid))
        findings.judge(
            Topic.SIGNED_ANSWER,
            _REGISTRAR,
            "under a key that it publishes" if verified.issuer == url else None,
            f"expected {url} as iss",
        )
    await _examine_changes(findings, url, keys, eyes=eyes)
    return True


async def _register_keys(findings: Findings, answer: HttpResponse, *, eyes: Eyes) -> dict[str | None, PublicKey]:
    keys: dict[str | None, PublicKey] = {}
    with findings.trying(Topic.KEYS, "published keys"):
        where = answer.header("x-jku-url")
        if where is None:
            raise Malformed(ANSWER, "header.x-jku-url", "expected the address of its keys")
        response = await eyes.fetch(findings, "published keys", _get(where, JSON))
        if response is not None:
            keys = read_keys(findings, response)
    return keys


def _named(keys: dict[str | None, PublicKey], kid: str | None) -> PublicKey:
    if kid not in keys:
        raise Rejected(Check.SIGNATURE, "it is signed under no key that is published", field="header.kid")
    return keys[kid]


async def _examine_changes(findings: Findings, url: str, keys: dict[str | None, PublicKey], *, eyes: Eyes) -> None:
    """The head of the chained log is ours: TS5 1.3 asks for none."""
    response = await eyes.fetch(findings, _HEAD, _get(f"{url}/log/head", JWT), absent=State.UNSEEN)
    if response is None:
        return
    with findings.trying(Topic.SIGNED_ANSWER, _HEAD):
        kid = parse_jws(response.body, what="head", max_bytes=len(response.body)).unverified_header.kid
        tried = keys.values() if kid is None else [_named(keys, kid)]
        refused: Rejected | None = None
        for key in tried:
            try:
                size = verify_log_head(response.body, issuer=url, key=key).head.size
            except Rejected as error:
                refused = error
            else:
                findings.note(Topic.SIGNED_ANSWER, _HEAD, State.GOOD, f"{size} changes, under a key that it publishes")
                return
        raise refused or Rejected(Check.SIGNATURE, "it is signed under no key that is published", field="header.kid")


async def examine_log(findings: Findings, url: str, *, eyes: Eyes, absent: State) -> bool:
    """Examine a log by its latest tree head (RFC 9162 section 5.2); False where there is none."""
    answer = await eyes.fetch(findings, _LOG, _get(f"{url}/ct/v2/get-sth", JSON), absent=absent)
    if answer is None:
        return False
    findings.note(Topic.REACHABLE, _LOG, State.GOOD, f"{url}/ct/v2/get-sth")
    await examine_origin(findings, url, answer, eyes=eyes)
    examine_content(findings, _LOG, answer, expected=JSON)
    with findings.trying(Topic.SIGNED_ANSWER, _LOG):
        sth = parse_log_answer(answer.body).sth
        if sth is None:
            raise Malformed("answer of a log", "sth", "expected a signed tree head")
        log = next((each for each in eyes.trust.anchors.logs if each.id == sth.log_id), None)
        if log is None:
            detail = "not verified: it stands on no list that is relied on here, which would have its key"
            findings.note(Topic.SIGNED_ANSWER, _LOG, State.UNSEEN, detail)
            return True
        now = eyes.clock.now()
        head = check_recent(verify_tree_head(sth, log=log, now=now), merge_delay=MERGE_DELAY, now=now).head
        age = max(now - head.timestamp // 1000, 0) // _HOUR
        said = f"of the log {log.name} of {log.entity}: a tree of {head.tree_size}, signed {age} hours ago"
        findings.note(Topic.SIGNED_ANSWER, _LOG, State.GOOD, said)
    return True


async def examine_wallet_provider(findings: Findings, url: str, *, eyes: Eyes, absent: State) -> bool:
    """Examine a wallet provider by the lists of statuses that it publishes; False where there are none."""
    request = _get(url + AGGREGATION_PATH, JSON)
    answer = await eyes.fetch(findings, _WALLETS, request, absent=absent)
    if answer is None:
        return False
    findings.note(Topic.REACHABLE, _WALLETS, State.GOOD, request.url)
    await examine_origin(findings, url, answer, eyes=eyes)
    examine_content(findings, _WALLETS, answer, expected=JSON)
    examine_cors(findings, _WALLETS, answer)
    uris: tuple[str, ...] = ()
    with findings.trying(Topic.STATUS, _WALLETS):
        uris = parse_aggregation(answer.body)
        if not uris:
            findings.note(Topic.STATUS, _WALLETS, State.GOOD, "no list yet: nothing was attested that can be revoked")
    reader = StatusReader(outbound=eyes.outbound, trust=eyes.trust, clock=eyes.clock, keep=1)
    for uri in uris[:_MAX_LISTS]:
        name = f"status list {uri[-48:]}"
        with findings.trying(Topic.STATUS, name):
            reference = StatusReference(uri=uri, index=0)
            listed = await reader.fetch_status_list(reference, purpose=Purpose.WALLET_STATUS)
            if listed is not None:
                left = listed.stale_at - eyes.clock.now()
                findings.note(Topic.STATUS, name, State.GOOD, f"by {listed.entity}, fresh for {left // 60} minutes")
    return True


async def examine_list(findings: Findings, url: str, answer: HttpResponse, *, eyes: Eyes) -> bool:
    """Examine a list of trusted entities (ETSI TS 119 602) that an address answers with; False where it does not."""
    try:
        jws = parse_jws(answer.body, what=_LIST, max_bytes=len(answer.body))
        if jws.unverified_header.typ != LIST_HEADER and "LoTE" not in jws.unverified_claims:
            return False
        listed = parse_trusted_list(answer.body)
    except Malformed:
        return False
    findings.note(Topic.REACHABLE, _LIST, State.GOOD, url)
    await examine_origin(findings, url, answer, eyes=eyes)
    examine_content(findings, _LIST, answer, expected=MEDIA_TYPE)
    examine_cors(findings, _LIST, answer)
    kind = listed.unverified_type.rpartition("/")[2]
    if not eyes.operators.of(Purpose.LIST):
        detail = f"{kind} is not verified: nobody is trusted here to sign lists"
        findings.note(Topic.SIGNED_ANSWER, _LIST, State.UNSEEN, detail)
        return True
    with findings.trying(Topic.SIGNED_ANSWER, _LIST):
        expected = next((each for each in ListType if each == listed.unverified_type), ListType.PID_PROVIDERS)
        now = eyes.clock.now()
        verified = verify_trusted_list(listed, expected=expected, anchors=eyes.operators, now=now, seen=0)
        days = (verified.next_update - now) // (24 * _HOUR)
        said = f"{kind} number {listed.unverified_sequence} of {listed.unverified_operator}, next update in {days} days"
        findings.note(Topic.SIGNED_ANSWER, _LIST, State.GOOD, said)
    return True


def _get(url: str, accept: str) -> HttpRequest:
    return HttpRequest(method="GET", url=url, headers=(("accept", accept),))
