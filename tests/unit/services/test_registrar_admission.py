"""What is withdrawn while somebody acts: whoever was looked at before it gets nothing new after it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from zegel_testing.authenticator import Authenticator
from zegel_testing.authorities import NOW, fixed_random

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sql.store import SqlStore, open_memory_store
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.protocols.oidc.upstream import UpstreamClient
from zegel.protocols.webauthn.options import RelyingParty
from zegel.services.registrar_admission import load_admission
from zegel.services.registrar_passkeys import RegistrarPasskeys
from zegel.services.registrar_people import SESSION, RegistrarPeople, SignedIn
from zegel.services.upstream import UpstreamLogIn
from zegel.trust.register.states import Actor, Duty

pytestmark = pytest.mark.anyio
SITE = RelyingParty(id="register.example", origin="https://register.example", name="Register")
OPERATOR = Actor(subject="operator", duty=Duty.OFFICER)
KEEPER = SignedIn(subject="keeper", name="Erika", duty=Duty.OFFICER, enrolled=False)
BROWSER = "browser"


@dataclass(frozen=True)
class Registrar:
    """Its people and their passkeys, and a session of the keeper's."""

    store: SqlStore
    people: RegistrarPeople
    passkeys: RegistrarPasskeys
    authenticator: Authenticator

    async def answer(self) -> str:
        options: dict[str, Any] = dict(await self.passkeys.begin_making(BROWSER, KEEPER))
        return self.authenticator.make(options)

    async def make(self) -> str:
        return (await self.passkeys.make(BROWSER, KEEPER, await self.answer(), name="Telephone")).id

    async def withdraw(self) -> None:
        await self.people.withdraw(KEEPER.subject, by=OPERATOR)


@pytest.fixture
async def registrar() -> AsyncIterator[Registrar]:
    clock, random = ManualClock(NOW), fixed_random("registrar admission")
    store = await open_memory_store(clock=clock, random=random)
    log_in = UpstreamLogIn(
        "https://people.example",
        client=UpstreamClient(client_id="registrar", redirect_uri=SITE.origin, secret=None),
        pid=load_catalogue().types["pid"],
        outbound=Loopback({}),
        clock=clock,
        random=random,
    )
    async with store.transaction() as transaction:
        await transaction.put(SESSION, BROWSER, KEEPER, expires=NOW + 60)
    yield Registrar(
        store=store,
        people=RegistrarPeople(log_in, store=store, clock=clock, random=random),
        passkeys=RegistrarPasskeys(SITE, store=store, clock=clock, random=random),
        authenticator=Authenticator(origin=SITE.origin, rp_id=SITE.id),
    )
    store.close()


async def test_a_passkey_that_was_asked_for_before_a_withdrawal_is_not_made_after_it(registrar: Registrar) -> None:
    answer = await registrar.answer()
    await registrar.withdraw()
    with pytest.raises(Rejected) as refusal:
        await registrar.passkeys.make(BROWSER, KEEPER, answer, name="Telephone")
    assert refusal.value.check is Check.REGISTER_DUTY
    assert await registrar.passkeys.of(KEEPER) == ()


async def test_a_passkey_that_was_withdrawn_signs_nobody_in_and_may_be_made_anew(registrar: Registrar) -> None:
    id_ = await registrar.make()
    await registrar.withdraw()
    assert await registrar.passkeys.of(KEEPER) == ()
    asked: dict[str, Any] = dict(await registrar.passkeys.begin_sign_in(BROWSER))
    answer = registrar.authenticator.answer(asked)
    with pytest.raises(Rejected) as refusal:
        await registrar.passkeys.sign_in(BROWSER, answer, duty=Duty.PARTY, renewed="renewed")
    assert refusal.value.check is Check.PASSKEY_KNOWN
    assert await registrar.people.session("renewed") is None
    anew = replace(KEEPER, generation=1)
    options: dict[str, Any] = dict(await registrar.passkeys.begin_making(BROWSER, anew))
    made = await registrar.passkeys.make(BROWSER, anew, registrar.authenticator.make(options), name="Telephone")
    assert made.id == id_


ACTS: dict[str, Callable[[Registrar, str], Awaitable[object]]] = {
    "asks for a passkey": lambda registrar, _: registrar.passkeys.begin_making(BROWSER, KEEPER),
    "renames a passkey": lambda registrar, id_: registrar.passkeys.rename(KEEPER, id_, name="Another"),
    "removes a passkey": lambda registrar, id_: registrar.passkeys.remove(KEEPER, id_),
    "makes a token": lambda registrar, _: registrar.people.new_token(KEEPER.subject, signed_in=KEEPER),
    "withdraws tokens": lambda registrar, _: registrar.people.withdraw_tokens(KEEPER),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=list(ACTS))
async def test_whose_session_was_withdrawn_does_nothing_with_it(
    registrar: Registrar, act: Callable[[Registrar, str], Awaitable[object]]
) -> None:
    id_ = await registrar.make()
    await registrar.withdraw()
    with pytest.raises(Rejected) as refusal:
        await act(registrar, id_)
    assert refusal.value.check is Check.REGISTER_DUTY


async def test_whose_session_was_withdrawn_does_not_become_an_officer_and_the_code_is_left(
    registrar: Registrar,
) -> None:
    code = await registrar.people.new_code()
    await registrar.withdraw()
    with pytest.raises(Rejected) as refusal:
        await registrar.people.enrol(BROWSER, code)
    assert refusal.value.field == ""
    assert await registrar.people.officers(by=OPERATOR) == ()


async def test_a_person_is_called_as_the_wallet_says_after_a_withdrawal_too(registrar: Registrar) -> None:
    await registrar.withdraw()  # of somebody of whom nothing is known yet
    async with registrar.store.transaction() as transaction:
        admission, _ = await load_admission(transaction, KEEPER.subject)
    anew = SignedIn(
        subject=KEEPER.subject, name="Erika", duty=Duty.PARTY, enrolled=False, generation=admission.sessions
    )
    options: dict[str, Any] = dict(await registrar.passkeys.begin_making(BROWSER, anew))
    await registrar.passkeys.make(BROWSER, anew, registrar.authenticator.make(options), name="Telephone")
    asked: dict[str, Any] = dict(await registrar.passkeys.begin_sign_in(BROWSER))
    answer = registrar.authenticator.answer(asked)
    signed_in = await registrar.passkeys.sign_in(BROWSER, answer, duty=Duty.PARTY, renewed="renewed")
    assert signed_in.name == "Erika"
