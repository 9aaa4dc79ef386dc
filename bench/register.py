"""A register of 100,000 relying parties with three intended uses each: what an answer takes, signed, in process.

Prints a JSON line a question: {"parties", "name", "ms", "found"}; ``ms`` is the median of nine. The last line is of the
audit, which is run twice: for its time (``processor_ms`` is that of the processor), and for the memory that it takes
(``peak_mb``), which does not grow with the register. ``make bench`` does it for two that are made sooner.

    python bench/register.py [PARTIES ...]
"""

import asyncio
import json
import sys
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.primitives.json import encode_json
from zegel.primitives.keys import random_private_key
from zegel.services.register_ports import Entry
from zegel.services.register_reader import Question, RegisterReader, audit
from zegel.trust.register.changes import Change, LogHead, registration_digest
from zegel.trust.register.parse import parse_wallet_relying_party
from zegel.trust.register.states import Actor, Deed, Duty, Registration, apply
from zegel.trust.register.terms import ALL, UseQuestion, path_term

PARTIES: Final = 100_000
_AT_ONCE: Final = 1_000  # entries of a transaction
_RUNS: Final = 9
_NOW: Final = 1_795_305_600
_SYLLABLES: Final = ("ba", "lo", "ri", "tan", "mec", "hu", "ver", "da", "si", "nor", "pel", "ast")
_SERVICE_PROVIDER: Final = "https://uri.etsi.org/19475/Entitlement/Service_Provider"
_EVERY_OTHER: Final = ("birth_date", "nationalities")
_HALVES: Final = tuple(path_term((claim,)) for claim in _EVERY_OTHER)
_PARTY: Final = Actor(subject="party", duty=Duty.PARTY)
_OFFICER: Final = Actor(subject="officer", duty=Duty.OFFICER)


def registrations(count: int) -> Iterator[Registration]:
    """Parties of names that chance makes, each with three intended uses of two attestations."""
    chance = Random(1)

    def word() -> str:
        return "".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(2, 4))).capitalize()

    for number in range(count):
        party = parse_wallet_relying_party(encode_json(_document(number, f"{word()} {word()}")))
        applied = apply(party, None, by=_PARTY, now=_NOW)
        yield applied.approve(
            by=_OFFICER, now=_NOW, today="2026-11-22", registry="https://r.utopia.example/wrp", random=system_random
        )


def _document(number: int, name: str) -> dict[str, Any]:
    claims = [{"path": [claim]} for claim in ("family_name", "given_name", _EVERY_OTHER[number % 2])]
    uses = [
        {
            "purpose": [{"lang": "en", "content": f"Purpose {use}"}],
            "privacyPolicy": [{"policyURI": f"https://p{number}.utopia.example/privacy/{use}"}],
            "credentials": [
                {"format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]}, "claims": claims},
                {
                    "format": "mso_mdoc",
                    "meta": {"doctype_value": "eu.europa.ec.eudi.pid.1"},
                    "claims": [{"path": ["eu.europa.ec.eudi.pid.1", "family_name"]}],
                },
            ],
        }
        for use in range(3)
    ]
    return {
        "identifier": [{"identifier": f"NTRUT-{number}", "type": "http://data.europa.eu/eudi/id/EUID"}],
        "legalPerson": {"legalName": [f"{name} Limited"]},
        "tradeName": name,
        "country": "UT",
        "supportURI": [f"https://p{number}.utopia.example/deletion"],
        "services": [{"serviceIdentifier": "service", "serviceTradeName": f"{name} desk"}],
        "srvDescription": [{"lang": "en", "content": "A service"}],
        "intendedUse": uses,
        "entitlements": [_SERVICE_PROVIDER],
        "supervisoryAuthority": {"name": "DPA", "country": "UT", "email": ["report@dpa.utopia.example"]},
    }


async def fill(store: SqlStore, count: int) -> LogHead:
    """Write so many parties; the head of the log then."""
    head, made = LogHead(), registrations(count)
    for _ in range(0, count, _AT_ONCE):
        async with store.transaction() as transaction:
            for _, registration in zip(range(_AT_ONCE), made, strict=False):
                change = Change(
                    sequence=head.size + 1,
                    at=_NOW,
                    deed=Deed.APPROVED,
                    identifier=registration.identifier,
                    by=_OFFICER.subject,
                    digest=registration_digest(registration),
                    previous=head.hash,
                )
                await transaction.register.save(Entry(registration=registration), change)
                head = head.follow(change)
    return head


def questions(count: int) -> dict[str, Question]:
    """What is asked, by name."""
    entitlement = ("entitlement", _SERVICE_PROVIDER)
    pair = (("credentialformat", "mso_mdoc"), ("credentialmeta", "urn:eudi:pid:1"))
    return {
        "all, first page": Question(),
        "all, last page": Question(after=count - 20),
        "identifier": Question(terms=(("identifier", f"NTRUT-{count // 2}"),)),
        "entitlement of all": Question(terms=(entitlement,)),
        "two that all have": Question(terms=(entitlement, ("isintermediary", "false"))),
        "one that all have, one that nobody has": Question(terms=(entitlement, ("isintermediary", "true"))),
        "two that half have each, and nobody both": Question(terms=(_HALVES[0], _HALVES[1])),
        "eight, two of them of a half each": Question(
            terms=(*_HALVES, entitlement, ("isintermediary", "false"), *pair, path_term(("family_name",)), ALL)
        ),
        "words that all have, and those two": Question(terms=_HALVES, text="desk lim"),
        "format and type of one credential": Question(
            terms=pair, use=UseQuestion(format="mso_mdoc", meta="urn:eudi:pid:1")
        ),
        "words: ba": Question(text="ba"),
        "words: ba lo lim": Question(text="ba lo lim"),
        "words: desk, which all have": Question(text="desk"),
        "100 at a time": Question(limit=100),
    }


async def measure(folder: Path, count: int) -> AsyncIterator[dict[str, Any]]:
    """Each question, and the audit."""
    clock = ManualClock(_NOW)
    store = await open_store(f"sqlite:///{folder}/register.db", key=bytes(32), clock=clock, random=system_random)
    try:
        head = await fill(store, count)
        reader = RegisterReader(
            "https://r.utopia.example", signer=random_private_key(system_random), kid="1", store=store, clock=clock
        )
        for name, question in questions(count).items():
            times = []
            for _ in range(_RUNS):
                began = perf_counter()
                page = await reader.search(question)
                reader.sign_page(page, one=False)
                times.append(perf_counter() - began)
            yield {"parties": count, "name": name, "ms": round(median(times) * 1000, 2), "found": len(page.documents)}
        began, spent = perf_counter(), process_time()
        audited = await audit(store, [head])
        ms, processor_ms = round((perf_counter() - began) * 1000), round((process_time() - spent) * 1000)
        tracemalloc.start()
        await audit(store, [head])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        times_taken = {"ms": ms, "processor_ms": processor_ms, "peak_mb": round(peak / 1e6, 1)}
        yield {"parties": count, "name": "audit", **times_taken, "found": audited.parties}
    finally:
        store.close()


async def tell(count: int) -> None:
    """Measure, and print each line as it comes."""
    with tempfile.TemporaryDirectory() as folder:
        async for line in measure(Path(folder), count):
            print(json.dumps(line), flush=True)


def main(*counts: int) -> None:
    """Measure registers of so many parties, and print."""
    for count in counts or (PARTIES,):
        asyncio.run(tell(count))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
