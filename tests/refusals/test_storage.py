"""Storage: one mutation of a good state for each check, and the check that it fails."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from zegel_testing.authorities import NOW, fixed_random

from zegel.adapters.memory import ManualClock
from zegel.adapters.register import DemoPerson, Register, open_register
from zegel.adapters.vault import Cost, create_vault, open_vault
from zegel.checks import Check
from zegel.errors import Rejected


@dataclass(frozen=True)
class Contents:
    name: str


ADA = DemoPerson(id="ada", password="ada counts", portrait=b"", claims={"": {"given_name": "Ada", "family_name": "V"}})


def open_a_vault(*, passphrase: str = "right", change: Callable[[bytes], bytes] = bytes) -> object:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "wallet.vault"
        value, states, random = Contents(name="Ada"), (Contents,), fixed_random()
        create_vault(path, "right", value, states=states, random=random, cost=Cost(iterations=1, lanes=1)).close()
        path.write_bytes(change(path.read_bytes()))
        with open_vault(path, passphrase, states=states, random=random) as vault:
            return vault.value


def log_in(*, login: str = "ada", password: str = "ada counts") -> object:
    register: Register = open_register("sqlite://", clock=ManualClock(NOW), random=fixed_random())
    try:
        register.add((ADA,), random=fixed_random())
        return asyncio.run(register.verify_password(login, password))
    finally:
        register.close()


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.PASSPHRASE, lambda: open_a_vault(passphrase="wrong")),
    (Check.PASSPHRASE, lambda: open_a_vault(passphrase="")),
    (Check.PASSPHRASE, lambda: open_a_vault(change=lambda data: data[:-1] + bytes([data[-1] ^ 1]))),
    (Check.LOG_IN, lambda: log_in(password="ada counted")),
    (Check.LOG_IN, lambda: log_in(login="eve")),
)


@pytest.mark.slow
@pytest.mark.parametrize(("check", "refused"), REFUSALS, ids=lambda value: getattr(value, "id", ""))
def test_a_mutation_fails_its_check(check: Check, refused: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as caught:
        refused()
    assert caught.value.check is check


@pytest.mark.slow
def test_without_a_mutation_nothing_is_refused() -> None:
    assert open_a_vault() == Contents(name="Ada")
    assert log_in()
