"""The log over HTTP: the messages of RFC 9162 section 5, and a problem for whatever is not one of them."""

import json
from urllib.parse import quote

import pytest
from zegel_testing.authorities import LOG, NOW
from zegel_testing.log_world import LogWorld, announced
from zegel_testing.transparency import ACCESS_DRAFT, LOGGED_ROOT

from zegel.adapters.entropy import system_random
from zegel.errors import Unavailable
from zegel.primitives.encoding import base64
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.transparency.answers import LogAnswer, parse_log_answer
from zegel.trust.transparency.heads import check_included, verify_tree_head
from zegel.web.log import ROUTES, LogSite
from zegel.web.pages import STATIC, error_page
from zegel.web.site import Site, SitePolicy

pytestmark = pytest.mark.anyio

ORIGIN = "https://log.utopia.example"
NAMES = ("one", "two", "three")


class NoStore:
    """A database that is gone."""

    def transaction(self):
        raise Unavailable("database", "disk I/O error")


class Served:
    """A log and its site."""

    def __init__(self, **changes: object) -> None:
        self.world = LogWorld(**changes)
        role = LogSite(service=self.world.log, name="Utopia log office", host="log.utopia.example", id="2.25.1")
        self.site = Site(
            role,
            routes=ROUTES,
            policy=SitePolicy(role="transparency-log", origin=ORIGIN, operator_token=None),
            page=error_page(role="Log", host="log.utopia.example", back=None),
            random=system_random,
        )

    async def get(self, path: str) -> HttpResponse:
        return await self.site.handle(HttpRequest(method="GET", url=ORIGIN + path))

    async def post(self, body: bytes) -> HttpResponse:
        return await self.site.handle(HttpRequest(method="POST", url=ORIGIN + "/ct/v2/submit-entry", body=body))

    async def answer(self, path: str) -> LogAnswer:
        response = await self.get("/ct/v2/" + path)
        assert (response.status, response.header("content-type")) == (200, "application/json")
        return parse_log_answer(response.body)


@pytest.fixture
def served() -> Served:
    return Served()


def problem_of(response: HttpResponse) -> dict:
    assert (response.status, response.header("content-type")) == (400, "application/problem+json")
    return json.loads(response.body)


@pytest.mark.requirement("CT_01")
async def test_5_1_a_submission_is_answered_with_promise_head_and_proof(served: Served) -> None:
    served.world.take(*NAMES)
    response = await served.post(announced(ACCESS_DRAFT).encode())
    assert response.status == 200
    taken = parse_log_answer(response.body)
    assert taken.sct is not None
    assert taken.sth is not None
    assert taken.inclusion is not None
    head = verify_tree_head(taken.sth, log=LOG, now=NOW + 10)
    (entry,) = (await served.answer(f"get-entries?start={taken.inclusion.leaf_index}&end=9")).entries
    assert entry[1] is not None
    assert check_included(entry[1].leaf(), proof=taken.inclusion, head=head)


async def test_5_2_to_5_5_heads_and_proofs_are_got(served: Served) -> None:
    served.world.take(*NAMES)
    head = (await served.answer("get-sth")).sth
    assert head is not None
    assert head.head.tree_size == 3
    assert (await served.answer("get-sth-consistency?first=1&second=3")).consistency is not None
    assert (await served.answer("get-sth-consistency?first=1")).sth == head
    ((_, entry),) = (await served.answer("get-entries?start=0&end=0")).entries
    assert entry is not None
    leaf = quote(base64(entry.leaf()), safe="")
    assert (await served.answer(f"get-proof-by-hash?hash={leaf}&tree_size=3")).inclusion is not None
    everything = await served.answer(f"get-all-by-hash?hash={leaf}&tree_size=2&other=1")
    assert everything.sth == head
    assert everything.inclusion is not None
    assert everything.consistency is not None


async def test_5_6_an_entry_comes_with_what_was_submitted_and_its_anchor(served: Served) -> None:
    submission = announced(ACCESS_DRAFT)
    await served.post(submission.encode())
    body = json.loads((await served.get("/ct/v2/get-entries?start=0&end=5")).body)
    (entry,) = body["entries"]
    assert entry["submitted_entry"] == {
        "submission": base64(submission.submission),
        "type": 2,
        "chain": [base64(LOGGED_ROOT.certificate.der)],
    }
    assert parse_log_answer(json.dumps({"sct": entry["sct"]}).encode()).sct is not None


async def test_5_7_the_accepted_authorities_are_named(served: Served) -> None:
    body = json.loads((await served.get("/ct/v2/get-anchors")).body)
    assert body == {"certificates": [base64(LOGGED_ROOT.certificate.der)], "max_chain_length": 4}


@pytest.mark.parametrize(
    ("path", "code", "field"),
    [
        ("get-entries?start=100&end=99", "endBeforeStart", "end"),
        ("get-entries?start=100&end=199", "startUnknown", "start"),
        ("get-entries?start=-1&end=2", "malformed", "start"),
        ("get-entries?start=1", "malformed", "end"),
        ("get-entries?start=1&end=" + "9" * 21, "malformed", "end"),
        ("get-entries?start=%C2%B2&end=1", "malformed", "start"),
        ("get-entries", "malformed", ""),
        ("get-entries?" + "a=1&" * 20, "malformed", ""),
        ("get-sth-consistency?first=2&second=1", "secondBeforeFirst", "second"),
        ("get-proof-by-hash?hash=%25&tree_size=1", "malformed", "hash"),
        ("get-proof-by-hash?hash=AAAA&tree_size=1", "hashUnknown", "hash"),
    ],
)
async def test_a_query_that_has_no_answer_is_a_problem_by_its_name(
    served: Served, path: str, code: str, field: str
) -> None:
    served.world.take("one")
    problem = problem_of(await served.get("/ct/v2/" + path))
    assert (problem["type"], problem["status"]) == ("urn:ietf:params:trans:error:" + code, 400)
    assert problem["field"] == field or not field
    assert problem["detail"]
    assert problem["remedy"]


async def test_a_submission_that_is_refused_is_a_problem_by_its_name(served: Served) -> None:
    assert problem_of(await served.post(b"{}"))["type"].endswith(":malformed")
    strange = b'{"submission":"MAA=","type":1,"chain":[]}'
    assert problem_of(await served.post(strange))["type"].endswith(":badSubmission")
    closed = Served(open=False)
    assert problem_of(await closed.post(announced(ACCESS_DRAFT).encode()))["type"].endswith(":shutdown")


async def test_what_is_refused_for_another_reason_than_what_it_says_has_no_type_of_the_rfc(served: Served) -> None:
    elsewhere = HttpRequest(method="GET", url=ORIGIN + "/ct/v2/get-sth", headers=(("host", "evil.example"),))
    response = await served.site.handle(elsewhere)
    assert (response.status, json.loads(response.body)["type"]) == (421, "about:blank")


async def test_a_log_whose_database_fails_says_so_and_when_to_come_again() -> None:
    served = Served(store=NoStore())
    response = await served.get("/ct/v2/get-sth")
    assert (response.status, json.loads(response.body)["type"]) == (503, "about:blank")
    assert response.header("retry-after") is not None


async def test_the_page_says_what_was_taken_in_last(served: Served) -> None:
    assert b"Nothing has been taken in yet." in (await served.get("/")).body
    served.world.take(*NAMES)
    page = (await served.get("/")).body.decode()
    assert page.index("CN=three") < page.index("CN=two") < page.index("CN=one")
    assert "2.25.1" in page


async def test_a_file_of_the_page_is_served(served: Served) -> None:
    assert (await served.get(STATIC + "zegel.css")).status == 200
