"""The register over HTTP: signed answers for all, problem details for what is wrong, and pages for people."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.access_requests import access_certificate, access_record
from zegel_testing.authorities import DAY, NOW
from zegel_testing.browser import link_of, text_of
from zegel_testing.register import CANARIES, PARTY, PROVIDER, party_json
from zegel_testing.registration import as_jwt
from zegel_testing.registry_office import RegistryOffice, csrf_of, office_config, open_office

from zegel.checks import Check
from zegel.config.setting import Count
from zegel.formats.status.entries import INVALID, VALID
from zegel.formats.status.token import parse_status_list
from zegel.primitives.http import HttpResponse
from zegel.primitives.json import encode_json, parse_object
from zegel.services.registrar import RENEWED_DAYS, VALID_DAYS
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.registration.parse import parse_registration

pytestmark = pytest.mark.anyio
LIBRARY = "NTRUT-1234567"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[RegistryOffice]:
    async with open_office(tmp_path) as opened:
        yield opened


async def problem(office: RegistryOffice, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Any:
    response = await office.send(method, path, body, **headers)
    assert response.header("content-type") == "application/problem+json", response.body
    members = parse_object(response.body, what="problem")
    assert members["status"] == response.status
    return members


async def refused(office: RegistryOffice, path: str, status: int, field: str) -> None:
    """What is asked for is refused on account of a field, by its path."""
    members = await problem(office, path)
    assert (members["status"], members["field"]) == (status, field), path
    assert [each["field"] for each in members["errors"]] == [field]


# --- the interface of TS5 ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("Reg_03")
@pytest.mark.requirement("Reg_06")
async def test_answers_are_signed_and_open_to_all_reg_03_reg_06(office: RegistryOffice) -> None:
    await office.register()
    claims = await office.answer("/wrp")
    assert (claims["iss"], claims["iat"]) == (office.origin, NOW)
    (library,) = claims["data"]
    assert library["identifier"][0]["identifier"] == LIBRARY
    assert library["registryURI"] == office.origin + "/wrp"
    assert claims["pagination"] == {"has_next_page": False}
    assert (await office.answer(f"/wrp/{LIBRARY}"))["data"] == library


async def test_no_answer_and_no_page_has_the_contact_of_a_party(office: RegistryOffice) -> None:
    await office.register()
    paths = ("/wrp", f"/wrp/{LIBRARY}", f"/wrp/check-intended-use?rpidentifier={LIBRARY}", "/", f"/parties/{LIBRARY}",
             "/log/head", "/openapi.json", "/wrp?q=library", f"/wrp?identifier={LIBRARY}")  # fmt: skip
    for path in paths:
        response = await office.get(path)
        assert response.status == 200
        told = response.body.decode()
        if response.header("content-type") == "application/jwt":
            told += str(await office.answer(path)) if path != "/log/head" else ""
        assert not any(canary in told for canary in CANARIES), path
        assert b"dora" not in response.body


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"identifier={LIBRARY}", True),
        ("identifier=NTRUT-9", False),
        ("legalname=utopia%20LIBRARY%20foundation", True),
        ("tradename=Utopia%20Library", True),
        ("tradename=Reading%20room", True),
        ("policy=https://library.utopia.example/privacy", True),
        ("policy=https://library.utopia.example/terms", True),
        ("entitlement=https://uri.etsi.org/19475/Entitlement/Service_Provider", True),
        ("entitlement=0.4.0.19475.1.1", True),
        ("entitlement=https://uri.etsi.org/19475/Entitlement/PID_Provider", False),
        ("isintermediary=false", True),
        ("isintermediary=TRUE", False),
        ("usesintermediary=NTRUT-9", False),
        ("credentialformat=mso_mdoc", True),
        ("credentialmeta=urn:eudi:pid:1", True),
        ("intendedUseCredentialMeta=urn:eudi:pid:1", True),
        ("claimpath=family_name", True),
        ("claimpath=%5B%22address%22,%22locality%22%5D", True),
        ("claimpath=birth_date", False),
        ("credentialformat=mso_mdoc&credentialmeta=urn:eudi:pid:1", False),
        ("credentialformat=dc%2Bsd-jwt&credentialmeta=urn:eudi:pid:1&claimpath=family_name", True),
        ("q=libr", True),
        ("q=lending%20desk", True),
        ("q=nothing", False),
        ("q=%22%27*%20OR", False),
        ("providesattestation=urn:utopia:diploma:1", False),
    ],
)  # fmt: skip
async def test_a_filter_finds_what_ts5_says(office: RegistryOffice, query: str, *, found: bool) -> None:
    await office.register()
    assert bool((await office.answer(f"/wrp?{query}"))["data"]) is found


@pytest.mark.requirement("Reg_10e")
async def test_a_provider_is_found_by_what_it_issues_reg_10e(office: RegistryOffice) -> None:
    await office.register()
    await office.register(**PROVIDER)
    (university,) = (await office.answer("/wrp?providesattestation=urn:utopia:diploma:1"))["data"]
    assert university["tradeName"] == "Utopia University"


async def test_pages_follow_each_other_by_their_cursors(office: RegistryOffice) -> None:
    for number in range(5):
        await office.register(identifier=[{"identifier": f"NTRUT-{number}", "type": "urn:a"}])
    seen, query = [], "limit=2"
    while True:
        claims = await office.answer(f"/wrp?{query}")
        seen += [each["identifier"][0]["identifier"] for each in claims["data"]]
        if not claims["pagination"]["has_next_page"]:
            break
        query = f"limit=2&cursor={claims['pagination']['next_cursor']}"
    assert seen == [f"NTRUT-{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("query", "registered"),
    [
        ("", True),
        ("&claimpath=family_name", True),
        ("&claimpath=birth_date", False),
        ("&credentialformat=mso_mdoc&credentialmeta=urn:eudi:pid:1", False),
        ("&policyurl=https://library.utopia.example/privacy", True),
        ("&policyurl=https://b.example/", False),
        ("&intendeduseidentifier=unknown", False),
    ],
)
async def test_a_use_is_looked_up(office: RegistryOffice, query: str, *, registered: bool) -> None:
    await office.register()
    claims = await office.answer(f"/wrp/check-intended-use?rpidentifier={LIBRARY}{query}")
    assert claims["data"] == {"isRegistered": registered}


async def test_where_access_certificates_were_logged_accompanies_the_party(office: RegistryOffice) -> None:
    await office.register()
    record, another = access_record(), access_record(access_certificate(seed="another"))
    told = {"identifier": LIBRARY, "certificate": record}
    assert await office.operate("POST", "/access-certificates", told) == (200, {"known": 1})
    told = {"identifier": LIBRARY, "certificate": another}
    assert await office.operate("POST", "/access-certificates", told) == (200, {"known": 2})
    for path in ("/wrp", f"/wrp/{LIBRARY}"):
        assert (await office.answer(path))["accessCertificates"] == {LIBRARY: [record, another]}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/wrp?limit=0", "limit"),
        ("/wrp?limit=101", "limit"),
        ("/wrp?limit=%C2%B2", "limit"),
        ("/wrp?cursor=x", "cursor"),
        ("/wrp?isintermediary=perhaps", "isintermediary"),
        ("/wrp?unknown=1", "unknown"),
        ("/wrp?claimpath=[", "claimpath"),
        ("/wrp?claimpath=[]", "claimpath"),
        ("/wrp?claimpath=a&intendedUseClaimPath=a", "intendedUseClaimPath"),
        ("/wrp/check-intended-use", "rpidentifier"),
    ],
)
async def test_wrong_input_is_told_by_its_path(office: RegistryOffice, path: str, field: str) -> None:
    await refused(office, path, 400, field)


async def test_an_entitlement_that_nobody_knows_is_nobodys(office: RegistryOffice) -> None:
    """TS5 1.3 has any text there, and a list of whom it finds."""
    await office.register()
    assert len((await office.answer("/wrp?entitlement=0.4.0.19475.1.1"))["data"]) == 1
    assert (await office.answer("/wrp?entitlement=foo"))["data"] == []


async def test_so_many_filters_and_no_more(office: RegistryOffice) -> None:
    names = ("identifier", "legalname", "tradename", "policy", "entitlement", "usesintermediary", "q", "claimpath")
    eight = "&".join(f"{name}=a" for name in names)
    assert (await office.answer(f"/wrp?{eight}"))["data"] == []
    assert "at most 8 filters" in (await problem(office, f"/wrp?{eight}&isintermediary=true"))["detail"]


async def test_who_is_not_there_is_404(office: RegistryOffice) -> None:
    await refused(office, f"/wrp/{LIBRARY}", 404, "identifier")
    await refused(office, f"/wrp/check-intended-use?rpidentifier={LIBRARY}", 404, "rpidentifier")
    await office.register()
    await office.decide("suspend")
    assert (await problem(office, f"/wrp/{LIBRARY}"))["check"] == "register-entry"


async def token_of(office: RegistryOffice, by: str = "librarian") -> str:
    _, made = await office.operate("POST", "/tokens", {"by": by})
    return f"Bearer {made['token']}"


async def test_a_registration_certificate_in_force_is_open_to_all_by_what_it_is_about(office: RegistryOffice) -> None:
    entry = await office.register()
    (use,) = {each["intendedUseIdentifier"] for each in entry["certificates"]}
    query = f"service=lending&intendeduseidentifier={use}"
    response = await office.get(f"/registration-certificates/NTRUT-1234567?{query}")
    assert (response.status, response.header("content-type")) == (200, "application/rc-wrp+jwt")
    assert response.body.decode() in [each["certificate"] for each in entry["certificates"]]
    assert not [word for word in CANARIES if word.encode() in response.body]
    for other, status, field in (
        (f"{query}&intermediary=x", 404, "intermediary"),
        ("service=lending", 404, "intendeduseidentifier"),
        ("service=lending&intendeduseidentifier=x", 404, "intendeduseidentifier"),
        (f"service=x&intendeduseidentifier={use}", 404, "service"),
        (f"{query}&x=1", 400, "x"),
    ):
        await refused(office, f"/registration-certificates/{LIBRARY}?{other}", status, field)
    await refused(office, f"/registration-certificates/NTRUT-999?{query}", 404, "identifier")
    await office.decide("suspend")
    await refused(office, f"/registration-certificates/{LIBRARY}?{query}", 404, "identifier")


JWT_TYPE, CWT_TYPE = "application/rc-wrp+jwt", "application/rc-wrp+cwt"


@pytest.mark.parametrize(
    ("parameter", "accept", "served"),
    [
        ("", None, JWT_TYPE),
        ("", "*/*", JWT_TYPE),
        ("", CWT_TYPE, CWT_TYPE),
        ("", f"{JWT_TYPE};q=0.4, {CWT_TYPE};q=0.5", CWT_TYPE),
        ("&format=cwt", None, CWT_TYPE),
        ("&format=cwt", "text/html", CWT_TYPE),  # a browser that follows a link
        ("&format=jwt", CWT_TYPE, JWT_TYPE),
    ],
)
async def test_a_registration_certificate_is_given_out_in_the_format_that_is_asked_for(
    office: RegistryOffice, parameter: str, accept: str | None, served: str
) -> None:
    entry = await office.register()
    use = entry["certificates"][0]["intendedUseIdentifier"]
    path = f"/registration-certificates/NTRUT-1234567?service=lending&intendeduseidentifier={use}{parameter}"
    response = await office.send("GET", path, **({} if accept is None else {"accept": accept}))
    assert (response.status, response.header("content-type"), response.header("vary")) == (200, served, "accept")
    registration = parse_registration(response.body)
    assert registration.format.media_type == served
    token = entry["certificates"][0]["certificate"]
    assert registration.unverified_certificate == parse_registration(token).unverified_certificate


@pytest.mark.parametrize(
    ("parameter", "accept", "status", "field"),
    [
        ("&format=pdf", "*/*", 400, "format"),
        ("&format=CWT", "*/*", 400, "format"),
        ("", "application/jwt", 406, "header.accept"),
        ("", f"{JWT_TYPE};q=0", 406, "header.accept"),
    ],
)
async def test_a_format_that_there_is_not_is_told_by_its_field(
    office: RegistryOffice, parameter: str, accept: str, status: int, field: str
) -> None:
    entry = await office.register()
    use = entry["certificates"][0]["intendedUseIdentifier"]
    path = f"/registration-certificates/NTRUT-1234567?service=lending&intendeduseidentifier={use}{parameter}"
    members = await problem(office, path, accept=accept)
    assert (members["status"], members["field"], members["errors"][0]["field"]) == (status, field, field)


async def test_a_partys_person_copies_the_jwt_and_follows_a_link_to_the_same_as_cwt(office: RegistryOffice) -> None:
    entry = await office.register()
    person = await office.signed_in("librarian", "party")
    page = (await person.open(f"{office.origin}/my/{LIBRARY}")).body.decode()
    links = [unescape(part.partition('"')[0]) for part in page.split('href="')[1:] if "format=cwt" in part[:200]]
    assert len(links) == len(entry["certificates"])
    for link, issued in zip(links, entry["certificates"], strict=True):
        assert issued["certificate"] in page
        followed = await office.send("GET", link, accept="text/html,*/*;q=0.8")
        said = parse_registration(followed.body)
        assert said.format == "cwt"
        assert said.unverified_certificate == parse_registration(issued["certificate"]).unverified_certificate


async def test_the_operator_is_shown_certificates_as_cwt_in_base64url(office: RegistryOffice) -> None:
    entry = await office.register()
    (status, shown), path = await office.operate("GET", f"/registrations/{LIBRARY}?format=cwt"), "certificates"
    assert (status, len(shown[path])) == (200, len(entry[path]))
    for as_cwt, as_jwt_ in zip(shown[path], entry[path], strict=True):
        said = parse_registration(as_cwt["certificate"])
        assert said.format == "cwt"
        assert said.unverified_certificate == parse_registration(as_jwt_["certificate"]).unverified_certificate
    status, refused = await office.operate("GET", f"/registrations/{LIBRARY}?format=pdf")
    assert (status, refused["field"]) == (400, "format")


async def test_what_ends_is_renewed_by_the_registrars_own_timer_and_counted(office: RegistryOffice) -> None:
    before = await office.register()
    office.clock.advance((VALID_DAYS - RENEWED_DAYS) * DAY)
    (timer,) = [each for each in office.role.timers if each.name == "registrar: renewals"]
    await timer.act()
    _, after = await office.operate("GET", "/registrations/NTRUT-1234567")
    assert len(after["certificates"]) == 2 * len(before["certificates"])
    assert [each["revoked"] for each in after["certificates"]] == [None] * len(after["certificates"])


@pytest.mark.requirement("Reg_07")
@pytest.mark.requirement("Reg_24")
async def test_a_partys_program_updates_and_cancels_reg_07_reg_24(office: RegistryOffice) -> None:
    await office.register()
    token = await token_of(office)
    changed = await office.send("PUT", "/wrp", party_json(tradeName="The Library"), authorization=token)
    assert changed.status == 200
    assert (await office.answer(f"/wrp/{LIBRARY}"))["data"]["tradeName"] == "Utopia Library"
    await office.decide("approve")
    assert (await office.answer(f"/wrp/{LIBRARY}"))["data"]["tradeName"] == "The Library"
    assert (await office.send("DELETE", f"/wrp/{LIBRARY}", authorization=token)).status == 204
    assert (await problem(office, f"/wrp/{LIBRARY}"))["status"] == 404


async def _cancel_by_program(office: RegistryOffice) -> None:
    await office.send("DELETE", f"/wrp/{LIBRARY}", authorization=await token_of(office, "keeper"))


async def _cancel_at_its_page(office: RegistryOffice) -> None:
    keeper = await office.signed_in("keeper")
    own = await keeper.open(f"{office.origin}/my/{LIBRARY}")
    await keeper.follow(await keeper.post(f"/my/{LIBRARY}", {"csrf": csrf_of(own), "decision": "cancel"}))


async def _suspend_at_the_desk(office: RegistryOffice) -> None:
    officer = await office.officer()
    page = await officer.open(f"{office.origin}/desk/{LIBRARY}")
    fields = {"csrf": csrf_of(page), "decision": "suspend", "reason": "the authority asked"}
    await officer.follow(await officer.post(f"/desk/{LIBRARY}", fields))


async def _suspend_as_operator(office: RegistryOffice) -> None:
    await office.decide("suspend")


@pytest.mark.parametrize("end", [_cancel_by_program, _cancel_at_its_page, _suspend_at_the_desk, _suspend_as_operator])
async def test_who_is_cancelled_or_suspended_is_on_the_status_list_at_once(
    office: RegistryOffice, end: Callable[[RegistryOffice], Awaitable[None]]
) -> None:
    await office.register(by="keeper")
    _, told = await office.operate("GET", f"/registrations/{LIBRARY}")
    status = parse_registration(told["certificates"][0]["certificate"]).unverified_certificate.status
    assert status is not None

    assert await _listed(office, status) == VALID
    await end(office)
    assert await _listed(office, status) == INVALID


async def _listed(office: RegistryOffice, status: AttestationStatus) -> int:
    """What the register's own list says of a certificate."""
    response = await office.get(status.uri.removeprefix(office.origin))
    content_type = response.header("content-type")
    return parse_status_list(response.body, content_type=content_type).unverified_statuses.get(status.index)


async def test_an_officer_approves_what_was_on_the_page_and_nothing_that_came_in_between(
    office: RegistryOffice,
) -> None:
    await office.apply()
    officer = await office.officer()
    page = await officer.open(f"{office.origin}/desk/{LIBRARY}")
    fields = {"csrf": csrf_of(page), "seen": _seen(page), "decision": "approve"}
    token = await token_of(office)
    await office.send("PUT", "/wrp", party_json(tradeName="Something else"), authorization=token)
    for refused in (fields, fields | {"seen": ""}):
        assert (await officer.post(f"/desk/{LIBRARY}", refused)).status == 409
    assert (await office.answer("/wrp"))["data"] == []
    page = await officer.open(f"{office.origin}/desk/{LIBRARY}")
    assert (await officer.post(f"/desk/{LIBRARY}", fields | {"seen": _seen(page)})).status == 303
    assert (await office.answer("/wrp"))["data"][0]["tradeName"] == "Something else"


def _seen(page: HttpResponse) -> str:
    return page.body.decode().partition('name="seen" value="')[2].partition('"')[0]


async def test_before_the_first_approval_there_is_nothing_to_answer_yet(office: RegistryOffice) -> None:
    await office.apply()
    response = await office.send("PUT", "/wrp", party_json(), authorization=await token_of(office))
    assert response.status == 202
    described = json.loads((await office.send("GET", "/openapi.json")).body)["paths"]["/wrp"]["put"]["responses"]
    assert described.keys() == {"200", "202", "default"}
    assert described["202"]["content"] == described["200"]["content"]


@pytest.mark.refuses(Check.REGISTER_TOKEN)
@pytest.mark.parametrize("authorization", [None, "Bearer guess", "Basic guess"])
async def test_nobody_writes_without_a_token(office: RegistryOffice, authorization: str | None) -> None:
    await office.register()
    headers = {} if authorization is None else {"authorization": authorization}
    for method, path, body in (("PUT", "/wrp", party_json()), ("DELETE", f"/wrp/{LIBRARY}", b"")):
        members = await problem(office, path, method, body, **headers)
        assert (members["status"], members["check"]) == (401, Check.REGISTER_TOKEN.id)


async def test_nobody_writes_for_another(office: RegistryOffice) -> None:
    await office.register()
    token = await token_of(office, "stranger")
    for method, path, body in (("PUT", "/wrp", party_json()), ("DELETE", f"/wrp/{LIBRARY}", b"")):
        members = await problem(office, path, method, body, authorization=token)
        assert (members["status"], members["check"]) == (403, "register-duty")


async def test_what_is_wrong_in_a_document_is_told_by_its_path(office: RegistryOffice) -> None:
    await office.register()
    members = await problem(office, "/wrp", "PUT", party_json(country="Utopia"), authorization=await token_of(office))
    assert (members["status"], members["field"]) == (400, "country")
    application = {"party": PARTY | {"country": "Utopia"}, "by": "librarian"}
    status, answer = await office.operate("POST", "/applications", application)
    assert (status, answer["field"]) == (400, "party.country")


async def test_the_description_says_how_often_it_may_be_asked(tmp_path: Path) -> None:
    config = office_config(tmp_path)
    rates = replace(config.registrar.rates, register=Count(2))
    async with open_office(tmp_path, replace(config, registrar=replace(config.registrar, rates=rates))) as office:
        description = parse_object((await office.get("/openapi.json")).body, what="description")
        assert "2 reads" in description["info"]["description"]
        assert [(await office.get("/wrp")).status for _ in range(3)] == [200, 200, 429]
        refused = await office.get("/wrp")
        assert refused.header("retry-after") is not None
        assert refused.header("content-type") == "application/problem+json"


async def test_the_description_names_every_route_of_the_interface(office: RegistryOffice) -> None:
    from zegel.web.registrar import ROUTES

    paths = parse_object((await office.get("/openapi.json")).body, what="description")["paths"]
    said = {(method.upper(), path) for path, item in paths.items() for method in item}
    assert said == {(route.method, route.path) for route in ROUTES} - {("GET", "/jwks"), ("GET", "/openapi.json")}


# --- the operator -----------------------------------------------------------------------------------------------------


async def test_the_operator_sees_a_registration_whole(office: RegistryOffice) -> None:
    await office.register()
    status, answer = await office.operate("GET", f"/registrations/{LIBRARY}")
    assert status == 200
    assert answer["party"]["email"] == [CANARIES[0]]
    assert [each["serviceIdentifier"] for each in answer["certificates"]] == ["lending", "reading"]
    certificate = parse_registration(answer["certificates"][0]["certificate"]).unverified_certificate
    assert certificate.identifier == LIBRARY
    assert parse_registration(as_jwt())


async def test_a_number_that_is_not_written_again_is_refused(office: RegistryOffice) -> None:
    request = office.operation("POST", "/access-certificates", {})
    body = b'{"identifier":"a","certificate":{"n":99999999999999999999}}'
    response = await office.role.listeners[1].handle(replace(request, body=body))
    assert (response.status, json.loads(response.body)["field"]) == (400, "certificate.n")


async def test_an_access_certificate_of_nobody_who_is_registered_is_refused(office: RegistryOffice) -> None:
    told = {"identifier": LIBRARY, "certificate": access_record()}
    status, answer = await office.operate("POST", "/access-certificates", told)
    assert (status, answer["check"], answer["field"]) == (404, Check.REGISTER_ENTRY.id, "identifier")


async def test_what_waits_is_listed(office: RegistryOffice) -> None:
    await office.apply()
    _, answer = await office.operate("GET", "/registrations")
    assert [each["identifier"] for each in answer["registrations"]] == [LIBRARY]
    assert (await office.operate("GET", "/registrations?after=x"))[0] == 400
    assert (await office.operate("GET", "/registrations?after=1"))[1]["registrations"] == []


async def test_an_unknown_decision_is_refused(office: RegistryOffice) -> None:
    members = {"decision": "crown", "identifier": LIBRARY, "by": "officer"}
    status, answer = await office.operate("POST", "/decisions", members)
    assert (status, answer["field"]) == (400, "decision")


async def test_the_name_that_applied_does_not_decide_through_the_operator_either(office: RegistryOffice) -> None:
    applied = await office.apply()
    members = {"decision": "approve", "identifier": LIBRARY, "by": "librarian", "seen": applied["proposal"]}
    status, answer = await office.operate("POST", "/decisions", members)
    assert (status, answer["check"], answer["field"]) == (403, "four-eyes", "by")


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_the_operator_decides_on_what_was_seen_and_nothing_that_came_in_between(
    office: RegistryOffice, decision: str
) -> None:
    seen = (await office.apply())["proposal"]
    await office.apply(tradeName="Something else")
    members = {"decision": decision, "identifier": LIBRARY, "by": "officer", "reason": "because"}
    status, answer = await office.operate("POST", "/decisions", members)
    assert (status, answer["field"]) == (400, "seen")
    status, answer = await office.operate("POST", "/decisions", members | {"seen": seen})
    assert (status, answer["check"], answer["field"]) == (409, "register-move", "seen")
    _, waiting = await office.operate("GET", f"/registrations/{LIBRARY}")
    assert waiting["proposed"]["tradeName"] == "Something else"
    status, answer = await office.operate("POST", "/decisions", members | {"seen": waiting["proposal"]})
    assert (status, answer["proposal"]) == (200, None)


async def test_a_registration_certificate_that_was_revoked_is_on_the_status_list(office: RegistryOffice) -> None:
    await office.register()
    await office.decide("suspend")
    _, answer = await office.operate("GET", f"/registrations/{LIBRARY}")
    assert all(each["revoked"] == NOW for each in answer["certificates"])
    certificate = parse_registration(answer["certificates"][0]["certificate"]).unverified_certificate
    assert certificate.status is not None
    assert await _listed(office, certificate.status) == INVALID
    resumed = await office.decide("resume")
    assert await _listed(office, certificate.status) == INVALID, "final: others are issued in its place"
    assert sum(each["revoked"] is None for each in resumed["certificates"]) == 2
    assert await office.operate("POST", "/status/publish", {}) == (200, {"published": True})


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("Reg_04")
async def test_the_register_is_for_people_too_without_a_name_reg_04(office: RegistryOffice) -> None:
    await office.register()
    browser = office.browser()
    page = text_of(await browser.open(office.origin + "/?q=libr"))
    assert "Utopia Library" in page
    assert not browser.cookies[browser.at.split("/")[2].partition(":")[0]]
    shown = text_of(await browser.open(f"{office.origin}/parties/{LIBRARY}"))
    assert "To give you a library card" in shown
    assert "Nobody by that name" in text_of(await browser.open(office.origin + "/?q=zebra&after=x"))
    assert (await browser.open(office.origin + "/parties/NTRUT-9")).status == 404


FORM = {
    "identifier": "NTRUT-55", "legal_name": "Bee keepers of Utopia", "trade_name": "Bee keepers", "country": "ut",
    "website": "https://bees.utopia.example/", "support": "privacy@bees.utopia.example",
    "email": "canary@bees.utopia.example", "phone": "+999000", "address": "Hive 1", "service": "honey",
    "service_name": "Honey shop", "description": "Sells honey", "authority": "DPA", "authority_contact":
    "https://dpa.utopia.example/", "kind": "https://uri.etsi.org/19475/Entitlement/Service_Provider",
    "format": "dc+sd-jwt", "type": "urn:eudi:pid:1", "purpose": "To send you honey",
    "policy": "https://bees.utopia.example/privacy", "claims": "family_name\naddress.locality\n",
    "public_body": "no",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.requirement("Reg_24")
@pytest.mark.requirement("Reg_01")
async def test_a_party_applies_and_an_officer_approves_with_their_wallets_reg_24(office: RegistryOffice) -> None:
    keeper = await office.signed_in("keeper")
    page = await keeper.open(office.origin + "/my/apply")
    mine = await keeper.follow(await keeper.post("/my/apply", FORM | {"csrf": csrf_of(page)}))
    assert "waits for an officer" in text_of(mine)
    officer = await office.officer()
    desk = text_of(await officer.open(office.origin + "/desk"))
    assert "Bee keepers" in desk
    entry = await officer.open(office.origin + "/desk/NTRUT-55")
    assert "canary@bees.utopia.example" in text_of(entry)
    fields = {"csrf": csrf_of(entry), "seen": _seen(entry), "decision": "approve"}
    await officer.follow(await officer.post("/desk/NTRUT-55", fields))
    own = text_of(await keeper.open(office.origin + "/my/NTRUT-55"))
    assert "Certificate for honey" in own
    (bees,) = (await office.answer("/wrp?identifier=NTRUT-55"))["data"]
    assert bees["intendedUse"][0]["credentials"][0]["claims"] == [
        {"path": ["family_name"]},
        {"path": ["address", "locality"]},
    ]


async def test_what_is_wrong_in_the_form_is_said_beside_what_was_filled_in(office: RegistryOffice) -> None:
    keeper = await office.signed_in("keeper")
    page = await keeper.open(office.origin + "/my/apply")
    for change, said in (({"country": "Utopia"}, "country"), ({"purpose": ""}, "purpose"), ({"document": "{"}, "JSON")):
        again = text_of(await keeper.post("/my/apply", FORM | change | {"csrf": csrf_of(page)}))
        assert "Something is not right yet" in again
        assert said in again
        assert "Bee keepers" in again


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"identifier": ""}, "identifier"),
        ({"legal_name": ""}, "legal_name"),
        ({"country": "Utopia"}, "country"),
        ({"website": "bees"}, "website"),
        ({"support": "by pigeon"}, "support"),
        ({"email": "bees"}, "email"),
        ({"phone": "55"}, "phone"),
        ({"address": "a" * 5_000}, "address"),
        ({"service": "a" * 5_000}, "service"),
        ({"service_name": "a" * 5_000}, "service_name"),
        ({"description": "a" * 50_000}, "description"),
        ({"authority": ""}, "authority"),
        ({"authority_contact": "at the corner"}, "authority_contact"),
        ({"purpose": ""}, "purpose"),
        ({"policy": "none"}, "policy"),
        ({"type": "a" * 5_000}, "type"),
        ({"claims": ".".join("a" * 100)}, "claims"),
        ({"document": "{}"}, "document"),
    ],
)
async def test_the_field_that_is_wrong_is_marked(office: RegistryOffice, change: dict[str, str], field: str) -> None:
    keeper = await office.signed_in("keeper")
    page = await keeper.open(office.origin + "/my/apply")
    again = await keeper.post("/my/apply", FORM | {"public_body": "yes"} | change | {"csrf": csrf_of(page)})
    html = again.body.decode()
    assert f'id="error-{field}"' in html, text_of(again)
    assert html.count('aria-invalid="true"') == 1
    assert 'value="yes" checked' in html


async def test_an_identifier_of_somebody_else_is_marked_and_nothing_is_lost(office: RegistryOffice) -> None:
    await office.apply()
    keeper = await office.signed_in("keeper")
    page = await keeper.open(office.origin + "/my/apply")
    again = await keeper.post("/my/apply", FORM | {"identifier": LIBRARY, "csrf": csrf_of(page)})
    assert 'id="error-identifier"' in again.body.decode()
    assert "Bee keepers" in text_of(again)


async def test_a_form_that_lacks_what_no_field_asks_for_is_refused_by_its_member(office: RegistryOffice) -> None:
    keeper = await office.signed_in("keeper")
    page = await keeper.open(office.origin + "/my/apply")
    again = await keeper.post("/my/apply", FORM | {"kind": "urn:king", "csrf": csrf_of(page)})
    assert "entitlements[0]: expected an entitlement" in text_of(again)


async def test_an_officer_looks_a_registration_up(office: RegistryOffice) -> None:
    await office.register()
    officer = await office.officer()
    found = await officer.open(f"{office.origin}/desk?q={LIBRARY}")
    assert "Suspend" in text_of(found)


@pytest.mark.requirement("Reg_01")
async def test_other_kinds_of_parties_fill_in_the_same_form(office: RegistryOffice) -> None:
    keeper = await office.signed_in("keeper")
    page = await keeper.open(office.origin + "/my/apply")
    issuing = {"kind": "https://uri.etsi.org/19475/Entitlement/Non_Q_EAA_Provider", "type": "urn:utopia:bee:1"}
    mdoc = {"identifier": "NTRUT-56", "format": "mso_mdoc", "type": "org.iso.18013.5.1.mDL", "claims": "portrait",
            "use": "chosen", "phone": "", "public_body": "yes"}  # fmt: skip
    for change in (issuing, mdoc, {"document": party_json().decode()}):
        answer = await keeper.post("/my/apply", FORM | change | {"csrf": csrf_of(page)})
        assert answer.status == 303, answer.body
    for identifier in ("NTRUT-55", "NTRUT-56", LIBRARY):
        await office.decide("approve", identifier)
    assert (await office.answer("/wrp?providesattestation=urn:utopia:bee:1"))["data"]


async def test_a_party_changes_makes_a_token_and_cancels_at_its_page(office: RegistryOffice) -> None:
    await office.register(by="keeper")
    keeper = await office.signed_in("keeper")
    own = await keeper.open(f"{office.origin}/my/{LIBRARY}")
    document = encode_json(PARTY | {"tradeName": "The Library"}).decode()
    await keeper.follow(await keeper.post("/my/apply", {"csrf": csrf_of(own), "document": document}))
    waiting = await keeper.open(f"{office.origin}/my/{LIBRARY}")
    assert "a change waits" in text_of(waiting)
    shown = await keeper.post(f"/my/{LIBRARY}", {"csrf": csrf_of(waiting), "decision": "token"})
    assert "A token for your program" in text_of(shown)
    assert (await keeper.post(f"/my/{LIBRARY}", {"csrf": csrf_of(own), "decision": "crown"})).status == 400
    await keeper.follow(await keeper.post(f"/my/{LIBRARY}", {"csrf": csrf_of(own), "decision": "cancel"}))
    assert "cancelled" in text_of(await keeper.open(f"{office.origin}/my/{LIBRARY}"))


async def test_who_is_not_signed_in_is_asked_to(office: RegistryOffice) -> None:
    browser = office.browser()
    for path in ("/my", "/my/apply", f"/my/{LIBRARY}", "/desk", f"/desk/{LIBRARY}"):
        assert (await browser.get(office.origin + path)).header("location") == "/sign-in"


async def test_a_party_is_no_officer_and_an_officer_no_party(office: RegistryOffice) -> None:
    await office.apply()
    keeper = await office.signed_in("keeper")
    page = await keeper.open(office.origin + "/my")
    refused = await keeper.post(f"/desk/{LIBRARY}", {"csrf": csrf_of(page), "decision": "approve"})
    assert refused.status == 403
    assert (await keeper.get(office.origin + "/desk")).header("location") == "/sign-in"
    assert (await keeper.get(f"{office.origin}/my/{LIBRARY}")).status == 403  # somebody else's


async def test_an_officer_who_is_not_enrolled_decides_nothing(office: RegistryOffice) -> None:
    await office.apply()
    new = await office.signed_in("newcomer", "officer")
    page = await new.open(office.origin + "/desk")
    assert "not known as an officer yet" in text_of(page)
    assert (await new.post(f"/desk/{LIBRARY}", {"csrf": csrf_of(page), "decision": "approve"})).status == 403
    assert (await new.get(f"{office.origin}/desk/{LIBRARY}")).status == 403
    assert (await new.post("/desk/enrol", {"csrf": csrf_of(page), "code": "guess"})).status == 403


async def test_an_officer_does_not_decide_on_an_own_application(office: RegistryOffice) -> None:
    await office.apply(by="officer")
    officer = await office.officer("officer")
    page = await officer.open(f"{office.origin}/desk/{LIBRARY}")
    assert "Another officer has to decide" in text_of(page)
    assert (await officer.post(f"/desk/{LIBRARY}", {"csrf": csrf_of(page), "decision": "approve"})).status == 403
    assert (await officer.post(f"/desk/{LIBRARY}", {"csrf": csrf_of(page), "decision": "crown"})).status == 400


@pytest.mark.slow
async def test_an_officer_suspends_resumes_and_cancels(office: RegistryOffice) -> None:
    await office.register()
    officer = await office.officer()
    for decision, said in (("suspend", "suspended"), ("resume", "registered"), ("cancel", "cancelled")):
        page = await officer.open(f"{office.origin}/desk/{LIBRARY}")
        fields = {"csrf": csrf_of(page), "decision": decision, "reason": "the authority asked"}
        await officer.follow(await officer.post(f"/desk/{LIBRARY}", fields))
        assert said in text_of(await officer.open(f"{office.origin}/desk/{LIBRARY}"))
    assert "Nothing waits" in text_of(await officer.open(office.origin + "/desk?after=x"))


async def test_a_form_of_another_site_does_nothing(office: RegistryOffice) -> None:
    keeper = await office.signed_in("keeper")
    page = await keeper.open(office.origin + "/my/apply")
    fields = FORM | {"csrf": csrf_of(page)}
    elsewhere = await keeper.post(office.origin + "/my/apply", fields, page="https://evil.example/")
    assert elsewhere.status == 403
    assert (await keeper.post("/my/apply", FORM | {"csrf": "guess"})).status == 403


async def test_a_session_is_new_after_the_sign_in_and_ends_with_it(office: RegistryOffice) -> None:
    browser = office.browser()
    page = await browser.open(office.origin + "/sign-in")
    before = dict(next(iter(browser.cookies.values())))
    office.people.change = {}
    mine = await browser.follow(await browser.post("/sign-in", {"csrf": csrf_of(page), "duty": "party"}))
    after = next(iter(browser.cookies.values()))
    assert before != after
    await browser.follow(await browser.post("/sign-out", {"csrf": csrf_of(mine)}))
    assert (await browser.get(office.origin + "/my")).header("location") == "/sign-in"


@pytest.mark.parametrize(
    ("error", "check", "said"),
    [
        ("access_denied", Check.ACCESS_DENIED, "You did not sign in"),
        ("server_error", Check.UPSTREAM_LOG_IN, "The sign-in did not work."),
    ],
)
async def test_who_stops_at_the_provider_is_told_so_and_may_sign_in_again(
    office: RegistryOffice, error: str, check: Check, said: str
) -> None:
    browser = office.browser()
    page = await browser.open(office.origin + "/sign-in")
    office.people.change = {"error": error}
    page = await browser.follow(await browser.post("/sign-in", {"csrf": csrf_of(page), "duty": "party"}))
    told = unescape(text_of(page))
    assert (page.status, check.rule in told, said in told) == (400, True, True)
    assert "issuer" not in check.rule + check.remedy
    assert link_of(page, "Sign in again") == "/sign-in"


async def test_a_page_that_there_is_not_leads_to_the_register(office: RegistryOffice) -> None:
    page = await office.get("/nowhere", accept="text/html")
    assert (page.status, link_of(page, "To the first page")) == (404, "/")


async def test_who_comes_back_without_having_gone_is_not_signed_in(office: RegistryOffice) -> None:
    browser = office.browser()
    answer = await browser.get(office.origin + "/sign-in/return?code=a&state=b")
    assert answer.status == 400
    assert (await browser.get(office.origin + "/my")).header("location") == "/sign-in"
