"""The one table: each family of error, for each audience; and that nothing but it is said."""

import json

import pytest

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.http import HttpResponse
from zegel.web.errors import bug_response, error_response
from zegel.web.pages import error_page
from zegel.web.routing import Audience

ID = "5f0c1e22ab34cd56"
PAGE = error_page(role="Issuer of Utopia", host="issuer.localhost:7101")
BACK = error_page(role="Issuer of Utopia", host="issuer.localhost:7101", back=("/", "Begin again"))
ERRORS: tuple[tuple[ZegelError, int, str], ...] = (
    (Malformed("form", "csrf", "expected each parameter once"), 400, "invalid_request"),
    (Rejected(Check.ANCHOR, "expected an anchor", field="header.x5c"), 400, "invalid_request"),
    (Rejected(Check.HOST, "expected another", field="header.host"), 421, "invalid_request"),
    (Rejected(Check.CROSS_SITE, "expected a form of this origin"), 403, "invalid_request"),
    (Rejected(Check.CSRF, "expected the token"), 403, "invalid_request"),
    (Rejected(Check.OPERATOR_TOKEN, "expected the bearer token"), 401, "invalid_request"),
    (Unavailable("status list", "it does not answer"), 503, "temporarily_unavailable"),
    (Denied("invalid_grant", Check.GRANT, "expected a code", field="code"), 400, "invalid_grant"),
    (Denied("invalid_client", Check.CLIENT_AUTHENTICATION, "expected an attestation"), 401, "invalid_client"),
)
IDS = [f"{type(error).__name__}-{error.check.id}" for error, _, _ in ERRORS]


def answered(error: ZegelError, audience: Audience) -> HttpResponse:
    return error_response(error, audience=audience, request_id=ID, page=PAGE)


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=IDS)
@pytest.mark.parametrize("audience", [Audience.MACHINE, Audience.OPERATOR])
def test_a_program_reads_rule_clause_field_fault_and_remedy(
    error: ZegelError, status: int, code: str, audience: Audience
) -> None:
    response = answered(error, audience)
    body = json.loads(response.body)
    check = error.check
    assert (response.status, body["error"]) == (status, code)
    assert response.header("content-type") == "application/json"
    assert response.header("cache-control") == "no-store"
    assert {name: body[name] for name in ("check", "rule", "clause", "field", "fault", "remedy", "detail")} == {
        "check": check.id,
        "rule": check.rule,
        "clause": check.clause,
        "field": error.field or check.field,
        "fault": str(check.fault),
        "remedy": check.remedy,
        "detail": error.detail,
    }


@pytest.mark.parametrize(("error", "status", "_code"), ERRORS, ids=IDS)
def test_a_person_reads_the_same_on_a_page(error: ZegelError, status: int, _code: str) -> None:
    response = answered(error, Audience.PERSON)
    text = response.body.decode()
    assert response.header("content-type") == "text/html; charset=utf-8"
    assert response.status == (400 if isinstance(error, Denied) else status)
    for said in (error.check.id, error.check.clause, error.detail, error.field or error.check.field, ID):
        assert said.replace("'", "&#39;") in text
    assert str(error.check.fault) in text


def test_a_refused_operator_is_told_the_scheme() -> None:
    """RFC 6750 section 3."""
    response = answered(Rejected(Check.OPERATOR_TOKEN, "expected the bearer token"), Audience.OPERATOR)
    assert response.header("www-authenticate") == "Bearer"


@pytest.mark.parametrize("audience", [Audience.MACHINE, Audience.OPERATOR])
def test_of_a_bug_a_program_learns_the_id(audience: Audience) -> None:
    response = bug_response(audience=audience, request_id=ID, page=PAGE)
    assert response.status == 500
    assert json.loads(response.body) == {"error": "server_error", "request": ID}


def test_of_a_bug_a_person_learns_the_id() -> None:
    response = bug_response(audience=Audience.PERSON, request_id=ID, page=PAGE)
    text = response.body.decode()
    assert response.status == 500
    assert ID in text
    assert "a fault of ours" in text


@pytest.mark.parametrize(
    ("status", "lead"),
    [(404, "There is no page at this address"), (405, "There is no page at this address"), (500, "fault of ours")],
)
def test_without_a_refusal_the_page_goes_by_the_status(status: int, lead: str) -> None:
    response = PAGE(None, ID, status)
    assert response.status == status
    assert lead in response.body.decode()


def test_a_page_may_lead_back() -> None:
    assert '<a class="button button-quiet" href="/">Begin again</a>' in BACK(None, ID, 500).body.decode()


def test_what_a_stranger_wrote_is_text_on_a_page() -> None:
    hostile = Rejected(Check.ANCHOR, '<script>alert("x")</script>', field='"><img src=x onerror=alert(1)>')
    text = answered(hostile, Audience.PERSON).body.decode()
    assert "<script" not in text
    assert "<img src=x" not in text
