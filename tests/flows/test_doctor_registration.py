"""The doctor before registration certificates: all is good, then one thing is not, and exactly that is found."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from zegel_testing.authorities import DAY, NOW, authority, signer
from zegel_testing.doctor import eyes, found, ill
from zegel_testing.registering import FORMATS, Office
from zegel_testing.registration import certified
from zegel_testing.wallet_world import NAME_QUERY, WalletWorld, wallet_world

from zegel.adapters.sandbox.registrations import REGISTRATIONS, STATUS_FILE
from zegel.cli.doctor_inside import SIGNS_FOR, examine_inside
from zegel.profiles import PLAIN
from zegel.services.doctor.doctor import examine
from zegel.services.doctor.findings import Finding, State
from zegel.services.doctor.topics import Topic
from zegel.trust.anchors import Purpose
from zegel.trust.registration.credentials import RegisteredCredential
from zegel.trust.registration.entitlements import Entitlement
from zegel.trust.registration.values import Intermediary
from zegel.web.app.keys import role_keys

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
STRANGER: Final = certified(signer(authority("stranger"), "registration certificates", Purpose.REGISTRATION, days=300))
SUBJECT: Final = "registration certificate"
UNSEEN: Final = (Topic.REGISTERED, f"{SUBJECT}: what it allows", State.UNSEEN)
ABOUT: Final = {Topic.REGISTRATION, Topic.REGISTERED}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path, with_vault=False) as opened:
        yield opened


@pytest.fixture
def office(world: WalletWorld, tmp_path: Path) -> Office:
    return Office(world, tmp_path)


async def asking(world: WalletWorld, query: Any = None, **changes: Any) -> list[Finding]:
    """What the doctor finds of the verifier's registration, by a request of its."""
    link = (await world.request(query))["link"]
    findings = await examine(link, eyes=eyes(world.world, **changes))
    return [each for each in findings if each.topic in ABOUT]


async def issuing(world: WalletWorld) -> list[Finding]:
    """What the doctor finds of the issuer's, by its metadata."""
    findings = await examine(world.config.issuer.origin, eyes=eyes(world.world))
    return [each for each in findings if each.topic in ABOUT]


# --- who asks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", FORMATS.values(), ids=FORMATS)
async def test_a_sound_registration_is_found_sound_step_by_step(world: WalletWorld, office: Office, sign: Any) -> None:
    await office.give(sign=sign)
    findings = await asking(world)
    assert ill(findings) == set()
    assert [each.subject for each in findings] == [
        SUBJECT, f"{SUBJECT}: signature", f"{SUBJECT}: end", f"{SUBJECT}: party", f"{SUBJECT}: status", "what is asked",
    ]  # fmt: skip
    assert [each.found.partition(" minutes")[0] for each in findings] == [
        f"one, as {'JWT' if sign is FORMATS['jwt'] else 'CWT'}, in verifier_info", "by Utopia registration office",
        "for 180 days", "Utopia verifier, Demonstration", "not revoked, by a list fresh for 720",
        f"2 claims, all registered for the intended use {office.certificate().intended_use}",
    ]  # fmt: skip


Spoil = Callable[[Office], Awaitable[object]]


async def without_a_list(office: Office) -> None:
    (office.folder / "trust" / STATUS_FILE).unlink()


async def revoked(office: Office) -> None:
    office.revoke()


async def outdated(office: Office) -> None:
    status = office.certificate().status
    assert status is not None
    office.publish({}, uri=status.uri)
    office.world.clock.advance(31 * DAY)


FAULTS: Final[Mapping[str, tuple[Spoil, str, State, str | None]]] = {
    "something else": (lambda office: office.give(signer=STRANGER), "signature", State.BROKEN, "anchor"),
    "expired": (
        lambda office: office.give(issued_at=NOW - 30 * DAY, expires=NOW - DAY), "signature", State.BROKEN,
        "registration-validity",
    ),
    "another policy": (
        lambda office: office.give(policies=("1.2.3",)), "signature", State.BROKEN, "registration-policy",
    ),
    "of somebody else": (
        lambda office: office.give(identifier="NTRUT-0000000"), "party", State.BROKEN, "registration-party",
    ),
    "of another service": (
        lambda office: office.give(service="lending"), "party", State.BROKEN, "registration-service",
    ),
    "through another service of its own as an intermediary": (
        lambda office: office.give(
            identifier="NTRUT-0000000", intermediary=Intermediary(identifier="GOVUT-0002", service="elsewhere")
        ),
        "party", State.BROKEN, "registration-service",
    ),
    "in its last fortnight": (
        lambda office: office.give(issued_at=NOW - 90 * DAY, expires=NOW + 13 * DAY), "end", State.DOUBTFUL, None,
    ),
    "revoked": (revoked, "status", State.BROKEN, "registration-status"),
    "without its list": (without_a_list, "status", State.BROKEN, "status-list"),
    "with a list that nobody publishes anew": (outdated, "status", State.BROKEN, "status-freshness"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "step", "state", "check"), FAULTS.values(), ids=FAULTS)
async def test_a_fault_is_found_at_its_step(
    world: WalletWorld, office: Office, spoil: Spoil, step: str, state: State, check: str | None
) -> None:
    await spoil(office)
    findings = await asking(world)
    behind = {UNSEEN} if step == "signature" else set()
    assert ill(findings) == {(Topic.REGISTRATION, f"{SUBJECT}: {step}", state)} | behind
    finding = found(findings, Topic.REGISTRATION, f"{SUBJECT}: {step}")
    assert finding.check == check
    assert finding.clause
    assert finding.remedy


async def test_what_lives_for_a_day_needs_no_list_and_is_renewed_in_its_last_quarter(
    world: WalletWorld, office: Office
) -> None:
    await office.give(status=None, issued_at=NOW, expires=NOW + DAY)
    world.clock.advance(18 * 3_600 - 1)
    assert ill(await asking(world)) == set()
    world.clock.advance(1)
    finding = found(await asking(world), Topic.REGISTRATION, f"{SUBJECT}: end")
    assert (finding.state, finding.found) == (State.DOUBTFUL, "it ends in 6 hours")


async def test_an_intermediary_is_found_to_ask_for_somebody_else(world: WalletWorld, office: Office) -> None:
    await office.give(
        identifier="NTRUT-0000000",
        name="Utopia Library",
        service="lending",
        service_name="Lending desk",
        intermediary=Intermediary(identifier="GOVUT-0002", service="demonstration"),
    )
    findings = await asking(world)
    assert ill(findings) == set()
    said = found(findings, Topic.REGISTRATION, f"{SUBJECT}: party").found
    assert said == "Utopia Library, Lending desk, for whom this access certificate's party asks"


async def test_over_asking_is_found_and_named(world: WalletWorld, office: Office) -> None:
    await office.give(
        credentials=(RegisteredCredential(format="dc+sd-jwt", types=("urn:eudi:pid:1",), claims=(("family_name",),)),)
    )
    findings = await asking(world)
    assert ill(findings) == {(Topic.REGISTERED, "what is asked", State.BROKEN)}
    finding = found(findings, Topic.REGISTERED, "what is asked")
    assert finding.check == "over-asking"
    assert finding.found == "dcql_query: not registered: urn:eudi:pid:1 given_name"


@pytest.mark.parametrize(("type_", "state"), [("urn:eudi:pid:ut:1", State.GOOD), ("urn:utopia:id:1", State.BROKEN)])
async def test_a_domestic_pid_is_a_pid_and_another_type_is_not(world: WalletWorld, type_: str, state: State) -> None:
    (credential,) = NAME_QUERY["credentials"]
    query = {"credentials": [{**credential, "meta": {"vct_values": [type_]}}]}
    assert found(await asking(world, query), Topic.REGISTERED, "what is asked").state is state


@pytest.mark.parametrize(("profile", "state"), [("haip", State.BROKEN), ("plain", State.DOUBTFUL)])
async def test_no_registration_is_broken_under_haip_alone(tmp_path: Path, profile: str, state: State) -> None:
    async with wallet_world(tmp_path, with_vault=False, registered=False) as world:
        findings = await asking(world, **({"profile": PLAIN} if profile == "plain" else {}))
        assert ill(findings) == {(Topic.REGISTRATION, SUBJECT, state), UNSEEN}
        assert found(findings, Topic.REGISTRATION, SUBJECT).check == "registration-certificate"


# --- who issues -----------------------------------------------------------------------------------------------------


async def test_an_issuer_s_registration_is_found_sound(world: WalletWorld) -> None:
    findings = await issuing(world)
    assert ill(findings) == set()
    assert found(findings, Topic.REGISTRATION, f"{SUBJECT}: party").found == "Utopia identity office, Attestations"
    assert found(findings, Topic.REGISTERED, "what is issued").found.endswith(" configurations are registered")


async def test_what_an_issuer_is_not_registered_for_is_named(world: WalletWorld, office: Office) -> None:
    await office.give("issuer", entitlements=(Entitlement.PUB_EAA_PROVIDER,))
    findings = await issuing(world)
    assert ill(findings) == {
        (Topic.REGISTERED, f"configuration {name}", State.BROKEN) for name in ("pid-sd-jwt", "pid-mdoc")
    }
    await office.give("issuer", provides=())
    every = [each for each in await issuing(world) if each.topic is Topic.REGISTERED]
    assert {(each.state, each.check) for each in every} == {
        (State.BROKEN, "registered-provider"), (State.BROKEN, "registered-attestation"),
    }  # fmt: skip


# --- from inside ----------------------------------------------------------------------------------------------------


async def test_the_inside_looks_at_what_each_role_shows(world: WalletWorld, office: Office) -> None:
    """No request has to be made for it: the sign-in provider's services have theirs, and the verifier."""
    config = world.config
    for origin, names in {
        config.verifier.origin: {"verifier.registration"},
        config.provider.origin: {"provider.clients[0].registration", "provider.clients[1].registration"},
        config.issuer.origin: {"issuer.registration", "issuer.source.registration"},
    }.items():
        findings = await examine_inside(config, origin, health=(), eyes=eyes(world.world))
        about = [each for each in findings if each.topic is Topic.REGISTRATION]
        assert {each.subject for each in about if ":" not in each.subject} == names
        assert ill(about) == set()


async def test_the_inside_looks_at_what_each_key_signs_for(world: WalletWorld) -> None:
    """Of every key with a certificate but the access authority's, which is no end entity's."""
    config = world.config
    certified = {key.name: key.role.replace("-", "_") for key in role_keys(config) if key.files.chain is not None}
    assert certified.keys() - SIGNS_FOR.keys() == {"access-authority.key"}
    for role in sorted(set(certified.values())):
        origin = getattr(config, role).origin
        findings = await examine_inside(config, origin, health=(), eyes=eyes(world.world))
        names = {name for name, of in certified.items() if of == role} & SIGNS_FOR.keys()
        for topic in (Topic.CERTIFICATE_PROFILE, Topic.CHAIN, Topic.CERTIFICATE):
            assert names <= {each.subject for each in findings if each.topic is topic and each.state is State.GOOD}
        stamped = {name for name in names if SIGNS_FOR[name] is Purpose.ACCESS}
        assert {each.subject for each in findings if each.topic is Topic.TIMESTAMP} == stamped


async def test_the_inside_finds_a_registration_that_is_revoked_or_no_file(world: WalletWorld, office: Office) -> None:
    async def found_broken() -> set[tuple[Topic, str]]:
        findings = await examine_inside(config, config.verifier.origin, health=(), eyes=eyes(world.world))
        return {(topic, subject) for topic, subject, state in ill(findings) if state is State.BROKEN}

    config = replace(world.config, trusted_lists=())
    without = {(Topic.TRUST, "lists of trusted entities")}
    office.revoke()
    assert await found_broken() == without | {(Topic.REGISTRATION, "verifier.registration: status")}
    (office.folder / REGISTRATIONS["verifier"]).unlink()
    assert await found_broken() == without | {
        (Topic.CONFIGURATION, "verifier"), (Topic.CONFIGURATION, "verifier.registration"),
    }  # fmt: skip
