"""The access authority: an order from its request to the certificate, and everything that stops it on the way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from zegel_testing.access_desk import ANCHORS, IDENTIFIER, ISSUER, AccessDesk, open_desk
from zegel_testing.access_requests import HOST, ISSUING, odd_request, request_pem, stolen_request, weak_key
from zegel_testing.authorities import DAY, NOW, fixed_key
from zegel_testing.register import party

from zegel.adapters.memory import Loopback
from zegel.adapters.sql.store import SqlStore
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.primitives.encoding import base64
from zegel.primitives.http import PROBLEM, HttpRequest, HttpResponse
from zegel.protocols.transparency.submission import UnverifiedSubmission
from zegel.services import access_authority
from zegel.services.access_neighbours import OperatedRegister
from zegel.trust.access import verify_access_chain
from zegel.trust.access_authority.orders import AccessOrder, Standing
from zegel.trust.transparency.items import TransItem

T = TypeVar("T")


def at_the_desk(act: Callable[[AccessDesk], Awaitable[T]]) -> T:
    async def opened() -> T:
        async with open_desk() as desk:
            return await act(desk)

    return asyncio.run(opened())


def refused(act: Callable[[AccessDesk], Awaitable[object]]) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        at_the_desk(act)
    return refusal.value


@pytest.mark.requirement("Reg_10b")
def test_a_certificate_is_ordered_proven_and_issued_by_way_of_the_log() -> None:
    """ARF 3.0 Reg_10, Reg_10b, CT_01, CT_04."""

    async def act(desk: AccessDesk) -> tuple[AccessOrder, AccessOrder, int]:
        issued = await desk.issue()
        return issued, await desk.service.look(issued.id), desk.log.service.taken

    issued, found, taken = at_the_desk(act)
    assert (issued.standing, found, taken) == (Standing.ISSUED, issued, 1)
    leaf, above = issued.chain
    assert above == ISSUING.certificate
    assert verify_access_chain((leaf.der, above.der), anchors=ANCHORS, timestamps_required=True, now=NOW)
    assert leaf.revocation_points == (f"https://access.utopia.example/crl/{ISSUER.key_id}.crl",)
    assert leaf.not_after == NOW + 90 * DAY - 1


def test_the_register_is_told_where_the_certificate_was_logged() -> None:
    async def act(desk: AccessDesk) -> tuple[AccessOrder, list[object]]:
        return await desk.issue(), list(desk.register.told)

    issued, ((identifier, record),) = at_the_desk(act)
    assert identifier == IDENTIFIER
    assert record == {
        "serviceIdentifier": "lending",
        "certificate": base64(issued.certificate.der),
        "expires": issued.certificate.not_after,
        "log": "https://log.utopia.example",
    }


def test_a_register_that_is_away_is_told_later_and_once() -> None:
    async def act(desk: AccessDesk) -> tuple[int, int, int]:
        order = desk.serve(await desk.order())
        open_party = desk.register.party

        async def party_while_telling_fails(identifier: str) -> object:
            desk.register.away = False
            found = await open_party(identifier)
            desk.register.away = True
            return found

        desk.register.party = party_while_telling_fails  # type: ignore[method-assign]
        assert (await desk.service.finish(order.id)).standing is Standing.ISSUED
        told = len(desk.register.told)
        desk.register.away = False
        return told, await desk.service.reports.report(), await desk.service.reports.report()

    assert at_the_desk(act) == (0, 1, 0)


async def three_issued(desk: AccessDesk) -> list[AccessOrder]:
    """Certificates of which the register could not be told yet."""
    desk.register.deaf = True
    return [await desk.issue(fixed_key(f"library {number}")) for number in range(3)]


def text_of(order: AccessOrder) -> str:
    return base64(order.certificate.der)


@pytest.mark.parametrize("position", range(3))
def test_what_the_register_refuses_is_set_aside_with_its_reason_and_the_others_go_on(position: int) -> None:
    async def act(desk: AccessDesk) -> None:
        orders = await three_issued(desk)
        desk.register.deaf = False
        bad = orders[position]
        desk.register.refuses = {text_of(bad)}
        assert (await desk.service.reports.report(), desk.service.reports.refused) == (2, 1)
        told = {record["certificate"] for _, record in desk.register.told}
        assert told == {text_of(each) for each in orders} - {text_of(bad)}
        ((_, aside),) = await desk.service.reports.page(after="")
        assert (aside.order, aside.party, aside.serial) == (bad.id, IDENTIFIER, f"{bad.certificate.serial_number:x}")
        assert (aside.reason, aside.at) == ("status 400: it is full", NOW)
        assert await desk.service.reports.report() == 0, "it is not told of it in every turn"
        assert [each.order for each in desk.service.reports.take_news()] == [bad.id]
        assert desk.service.reports.take_news() == ()
        desk.register.refuses = set()
        assert (await desk.service.reports.retry(), await desk.service.reports.report()) == (1, 1)
        assert len(desk.register.told) == 3
        assert (desk.service.reports.refused, await desk.service.reports.count()) == (0, 0)

    at_the_desk(act)


def test_a_register_that_is_away_holds_everything_and_loses_nothing() -> None:
    async def act(desk: AccessDesk) -> None:
        await three_issued(desk)
        for _ in range(3):
            with pytest.raises(Unavailable):
                await desk.service.reports.report()
        assert (desk.register.told, await desk.service.reports.count()) == ([], 0)
        desk.register.deaf = False
        assert await desk.service.reports.report() == 3

    at_the_desk(act)


@pytest.mark.slow
def test_what_is_set_aside_is_still_so_after_a_restart_and_counted(tmp_path: Path) -> None:
    async def before() -> None:
        async with open_desk(tmp_path / "access.db") as desk:
            orders = await three_issued(desk)
            desk.register.deaf, desk.register.refuses = False, {text_of(each) for each in orders[:2]}
            assert await desk.service.reports.report() == 1

    async def after() -> tuple[int, int, int]:
        async with open_desk(tmp_path / "access.db", seed="again") as desk:
            reports = desk.service.reports
            return await reports.count(), await reports.retry(), await reports.report()

    asyncio.run(before())
    assert asyncio.run(after()) == (2, 2, 2)


@pytest.mark.parametrize("at", ["before the commit", "after it"])
def test_whoever_dies_as_a_report_is_set_aside_has_it_waiting_or_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    kept = SqlStore.transaction

    @asynccontextmanager
    async def dying(store: SqlStore, *, durable: bool = False) -> AsyncIterator[object]:
        async with kept(store, durable=durable) as transaction:
            yield transaction
            if durable and at == "before the commit":
                raise Killed
        if durable:
            raise Killed

    async def before() -> None:
        async with open_desk(tmp_path / "access.db") as desk:
            desk.register.deaf = True
            issued = await desk.issue()
            desk.register.deaf, desk.register.refuses = False, {text_of(issued)}
            with monkeypatch.context() as patched:
                patched.setattr(SqlStore, "transaction", dying)
                with pytest.raises(Killed):
                    await desk.service.reports.report()

    async def after() -> tuple[int, int]:
        async with open_desk(tmp_path / "access.db", seed="again") as desk:
            return await desk.service.reports.count(), await desk.service.reports.report()

    asyncio.run(before())
    assert asyncio.run(after()) == ((0, 1) if at == "before the commit" else (1, 0))


@pytest.mark.refuses(Check.ACCESS_REPORT)
@pytest.mark.parametrize(
    ("status", "content_type", "body", "says"),
    [
        (400, PROBLEM, b'{"check":"syntax","field":"certificate","detail":"at most 200"}', "syntax: certificate: at"),
        (413, PROBLEM, b'{"detail":"too \\u0130 long"}', r"status 413: too \u0130 long"),
        (500, PROBLEM, b'{"check":"fault"}', "status 500: fault"),
        (500, "text/plain", b"internal error", "status 500: it says nothing that can be read"),
        (422, PROBLEM, b"{", "it says nothing that can be read"),
        (400, PROBLEM, b'{"detail":"' + b"x" * 5_000 + b'"}', "x" * 200),
    ],
)
def test_a_register_refuses_in_its_own_words(status: int, content_type: str, body: bytes, says: str) -> None:
    with pytest.raises(Rejected) as refusal:
        tell(status, content_type, body)
    assert refusal.value.check is Check.ACCESS_REPORT
    assert says in refusal.value.detail
    assert len(refusal.value.detail) < 300


@pytest.mark.parametrize(
    ("status", "content_type"),
    [(401, PROBLEM), (429, PROBLEM), (503, PROBLEM), (502, "text/html"), (404, "text/html"), (400, "application/json")],
)
def test_what_somebody_else_answers_is_no_refusal(status: int, content_type: str) -> None:
    with pytest.raises(Unavailable):
        tell(status, content_type, b"{}")


@pytest.mark.parametrize("status", [404, 405])
def test_a_role_that_has_no_such_address_is_no_register_that_refuses(status: int) -> None:
    with pytest.raises(Unavailable):
        tell(status, PROBLEM, b'{"type":"about:blank","detail":"expected an address of this interface"}')


def tell(status: int, content_type: str, body: bytes) -> None:
    """A register that answers so is told of a certificate."""

    async def answer(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=status, headers=(("content-type", content_type),), body=body)

    register = OperatedRegister(
        "https://register.example", token="t", outbound=Loopback({"https://register.example": answer})
    )
    asyncio.run(register.report(IDENTIFIER, {}))


@pytest.mark.parametrize(
    ("request_", "check"),
    [
        (stolen_request(), Check.CERTIFICATE_REQUEST),
        (request_pem(key=ISSUING.key), Check.CERTIFICATE_REQUEST),
        (request_pem("bank.utopia.example"), Check.ACCESS_HOST),
    ],
    ids=["signed with another key", "the authority's own key", "another's host"],
)
def test_a_request_that_is_not_the_partys_is_refused(request_: bytes, check: Check) -> None:
    assert refused(lambda desk: desk.service.order(IDENTIFIER, "lending", request_)).check is check


def test_a_key_on_a_weak_curve_is_malformed() -> None:
    with pytest.raises(Malformed):
        at_the_desk(lambda desk: desk.service.order(IDENTIFIER, "lending", odd_request(key=weak_key())))


@pytest.mark.parametrize(("identifier", "service"), [("NTRUT-0", "lending"), (IDENTIFIER, "parking")])
def test_what_is_not_registered_gets_no_certificate(identifier: str, service: str) -> None:
    refusal = refused(lambda desk: desk.service.order(identifier, service, request_pem()))
    assert refusal.check is Check.ACCESS_REGISTRATION


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        (None, Check.ACCESS_REGISTRATION),
        (party(infoURI=["https://elsewhere.example"], supportURI=["tel:+999000"]), Check.ACCESS_HOST),
    ],
    ids=["suspended", "of another host now"],
)
def test_what_an_officer_decides_after_the_order_counts(changed: object, check: Check) -> None:
    async def act(desk: AccessDesk) -> None:
        order = desk.serve(await desk.order())
        desk.register.parties = {} if changed is None else {IDENTIFIER: changed}  # type: ignore[dict-item]
        await desk.service.finish(order.id)

    assert refused(act).check is check


@pytest.mark.parametrize("served", [b"", b"another token", b"x" * 1_024])
def test_a_host_that_answers_wrongly_ends_the_order(served: bytes) -> None:
    """A token is tried once: guessing begins with another one."""

    async def act(desk: AccessDesk) -> None:
        order = desk.serve(await desk.order())
        (path,) = desk.served
        right, desk.served[path] = desk.served[path], served
        with pytest.raises(Rejected) as refusal:
            await desk.service.finish(order.id)
        assert (refusal.value.check, refusal.value.field) == (Check.HOST_CONTROL, order.challenges[0].url)
        desk.served[path] = right
        await desk.service.finish(order.id)

    assert refused(act).check is Check.ACCESS_ORDER


def test_a_host_that_leads_elsewhere_has_not_answered() -> None:
    async def act(desk: AccessDesk) -> None:
        order = desk.serve(await desk.order())

        async def lead_on(request: HttpRequest) -> HttpResponse:
            return HttpResponse(status=302, headers=(("location", f"https://else.example{request.path}"),))

        desk.hosts[f"https://{HOST}"], desk.hosts["https://else.example"] = lead_on, desk.answer
        await desk.service.finish(order.id)

    assert refused(act).check is Check.HOST_CONTROL


def test_an_answer_may_have_so_many_bytes_and_no_more() -> None:
    most = access_authority._MAX_ANSWER

    async def act(desk: AccessDesk, size: int) -> AccessOrder:
        order = desk.serve(await desk.order())
        (path,) = desk.served
        desk.served[path] = desk.served[path].ljust(size)
        return await desk.service.finish(order.id)

    assert at_the_desk(lambda desk: act(desk, most)).standing is Standing.ISSUED
    with pytest.raises(Unavailable, match=f"more than {most} bytes"):
        at_the_desk(lambda desk: act(desk, most + 1))


def test_the_token_of_one_order_is_good_for_no_other() -> None:
    async def act(desk: AccessDesk) -> None:
        desk.serve(await desk.order())
        (served,) = desk.served.values()
        other = desk.serve(await desk.order(fixed_key("another instance")))
        desk.served[other.challenges[0].url.removeprefix(f"https://{HOST}")] = served
        await desk.service.finish(other.id)

    assert refused(act).check is Check.HOST_CONTROL


def test_an_order_that_is_issued_is_not_issued_again() -> None:
    async def act(desk: AccessDesk) -> None:
        await desk.service.finish((await desk.issue()).id)

    assert refused(act).check is Check.ACCESS_ORDER


def test_an_order_is_asked_for_within_its_hour() -> None:
    async def act(desk: AccessDesk) -> None:
        order = desk.serve(await desk.order())
        desk.clock.advance(order.until - NOW)
        await desk.service.finish(order.id)

    assert refused(act).check is Check.ACCESS_ORDER


@pytest.mark.parametrize("away", ["host", "log", "register"])
def test_whoever_does_not_answer_is_asked_again(away: str) -> None:
    async def act(desk: AccessDesk) -> tuple[AccessOrder, int]:
        order = desk.serve(await desk.order())
        answering = desk.hosts.pop(f"https://{HOST}") if away == "host" else desk.hosts[f"https://{HOST}"]
        desk.log.away, desk.register.away = away == "log", away == "register"
        with pytest.raises(Unavailable):
            await desk.service.finish(order.id)
        desk.hosts[f"https://{HOST}"], desk.log.away, desk.register.away = answering, False, False
        return await desk.service.finish(order.id), len(desk.asked)

    issued, asked = at_the_desk(act)
    assert issued.standing is Standing.ISSUED
    assert asked == 1, "a host that has answered is not asked again"


def test_two_who_finish_an_order_at_once_get_one_certificate() -> None:
    async def act(desk: AccessDesk) -> tuple[list[object], int]:
        order = desk.serve(await desk.order())
        both = await asyncio.gather(*(desk.service.finish(order.id) for _ in range(2)), return_exceptions=True)
        return both, desk.log.service.taken

    both, taken = at_the_desk(act)
    assert sorted(type(each).__name__ for each in both) == ["AccessOrder", "Rejected"]
    assert taken == 1


def test_an_order_that_nobody_made_is_not_there() -> None:
    assert refused(lambda desk: desk.service.look("none")).check is Check.ACCESS_ORDER


def test_a_certificate_is_renewed_while_the_one_before_stays_good() -> None:
    """Both count, each with its own key, so that no request goes unanswered in between."""

    async def act(desk: AccessDesk) -> tuple[AccessOrder, AccessOrder]:
        first = await desk.issue()
        desk.clock.advance(60 * DAY)
        return await desk.service.look(first.id), await desk.issue(fixed_key("the next one"))

    for order in at_the_desk(act):
        x5c = tuple(each.der for each in order.chain)
        assert verify_access_chain(x5c, anchors=ANCHORS, timestamps_required=True, now=NOW + 60 * DAY)


def test_another_authority_takes_over() -> None:
    async def act(desk: AccessDesk) -> tuple[AccessOrder, AccessOrder]:
        first = await desk.issue()
        desk.service.issue_with(replace(ISSUER, above=()))
        return first, await desk.issue(fixed_key("the next one"))

    first, second = at_the_desk(act)
    assert first.issuer == second.issuer == ISSUER.key_id


def test_what_was_issued_is_listed_by_the_page() -> None:
    async def act(desk: AccessDesk) -> tuple[object, object]:
        orders = [await desk.issue(), await desk.issue(fixed_key("two"))]
        ((cursor, first), (_, second)) = await desk.service.certificates(after=0)
        assert [first, second] == orders
        return await desk.service.certificates(after=cursor), orders[1]

    page, second = at_the_desk(act)
    assert page == ((2, second),)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", ["the host", "the log", "the register"])
def test_whoever_is_killed_in_between_goes_on_after_a_restart_or_orders_anew(tmp_path: Path, at: str) -> None:
    """A token that was taken is gone; what was proven stays proven; what was issued is reported."""

    async def die(*_: object) -> HttpResponse:
        raise Killed

    async def before() -> AccessOrder:
        async with open_desk(tmp_path / "access.db") as desk:
            order = desk.serve(await desk.order())
            if at == "the host":
                desk.hosts[f"https://{HOST}"] = die
            elif at == "the log":
                desk.log.submit = die  # type: ignore[method-assign,assignment]
            else:
                desk.register.report = die  # type: ignore[method-assign,assignment]
            with pytest.raises(Killed):
                await desk.service.finish(order.id)
            return order

    async def after(order: AccessOrder) -> tuple[Standing | Check, int]:
        async with open_desk(tmp_path / "access.db", seed="again") as desk:
            if at == "the register":
                return (await desk.service.look(order.id)).standing, await desk.service.reports.report()
            try:
                return (await desk.service.finish(order.id)).standing, len(desk.register.told)
            except Rejected as refusal:
                return refusal.check, len(desk.register.told)

    expected = {
        "the host": (Check.ACCESS_ORDER, 0),
        "the log": (Standing.ISSUED, 1),
        "the register": (Standing.ISSUED, 1),
    }
    assert asyncio.run(after(asyncio.run(before()))) == expected[at]


def test_what_was_announced_before_an_interruption_is_announced_once() -> None:
    """RFC 9162 section 3.2.1: an announcement is a promise, and the log has it once."""

    async def act(desk: AccessDesk) -> tuple[AccessOrder, int]:
        order, submit = desk.serve(await desk.order()), desk.log.submit

        async def lose(submission: UnverifiedSubmission) -> tuple[TransItem, ...]:
            await submit(submission)
            raise Unavailable("log", "its answer is lost")

        desk.log.submit = lose  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            await desk.service.finish(order.id)
        desk.log.submit = submit  # type: ignore[method-assign]
        desk.clock.advance(60)
        return await desk.service.finish(order.id), desk.log.service.taken

    issued, taken = at_the_desk(act)
    assert (issued.standing, taken, issued.seed) == (Standing.ISSUED, 1, b"")


def test_orders_of_one_content_get_serial_numbers_that_nobody_guesses() -> None:
    async def act(desk: AccessDesk) -> set[int]:
        return {(await desk.issue()).certificate.serial_number for _ in range(3)}

    assert len(at_the_desk(act)) == 3
