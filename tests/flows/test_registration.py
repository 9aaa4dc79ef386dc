"""Registration certificates on their way: sent by value, verified and bound by the wallet, and warned of aloud."""

from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from zegel_testing.authorities import DAY, authority, fixed_random, signer
from zegel_testing.registering import FORMATS, Office
from zegel_testing.registration import certified
from zegel_testing.wallet_world import MDOC_QUERY, NAME_QUERY, WalletWorld, wallet_world

from zegel.adapters.sandbox.registrations import REGISTRATIONS
from zegel.checks import Check
from zegel.cli.wallet_network import _receive as receive_by_command
from zegel.errors import Malformed, Rejected
from zegel.services.wallet.contents import Asked, Brought, Happening, Offered, Vetting
from zegel.trust.anchors import Purpose
from zegel.trust.registration.credentials import RegisteredCredential
from zegel.trust.registration.entitlements import Entitlement
from zegel.trust.registration.sign import sign_registration_jwt
from zegel.trust.registration.values import Intermediary

QUERIES: Final = {"dc+sd-jwt": NAME_QUERY, "mso_mdoc": MDOC_QUERY}
NAMESPACE: Final = "eu.europa.ec.eudi.pid.1"
pytestmark = [pytest.mark.anyio, pytest.mark.slow]

STRANGER: Final = certified(signer(authority("stranger"), "registration certificates", Purpose.REGISTRATION, days=300))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path) as opened:
        yield opened


@pytest.fixture
def office(world: WalletWorld, tmp_path: Path) -> Office:
    return Office(world, tmp_path)


async def vetted(world: WalletWorld, query: Any = None, **members: Any) -> Vetting:
    """What the wallet found of who asks."""
    flow, _ = await world.asked(query, **members)
    asked = world.wallet.presenting.look(flow)
    assert isinstance(asked, Asked)
    return asked.vetting


def checks(vetting: Vetting) -> list[str]:
    return [finding.check for finding in vetting.findings]


def pid(*claims: str, format_: str = "dc+sd-jwt", **members: Any) -> dict[str, Any]:
    """A credential query for claims of a PID."""
    mdoc = format_ == "mso_mdoc"
    return {
        "id": format_.replace("+", "-"),
        "format": format_,
        "meta": {"doctype_value": NAMESPACE} if mdoc else {"vct_values": ["urn:eudi:pid:1"]},
        "claims": [{"id": name, "path": [NAMESPACE, name] if mdoc else [name]} for name in claims],
        **members,
    }


# --- what is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RPRC_17")
@pytest.mark.requirement("RPRC_19")
@pytest.mark.requirement("RPRC_20")
@pytest.mark.requirement("RPRC_21")
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("sign", FORMATS.values(), ids=FORMATS)
async def test_who_asks_for_what_is_registered_is_not_warned_of(
    world: WalletWorld, office: Office, query: Any, sign: Any
) -> None:
    await office.give(sign=sign)
    await world.receive()
    vetting = await vetted(world, query)
    assert (vetting.findings, vetting.beyond) == ((), ())
    assert vetting.certificate == office.certificate()
    assert (await world.present(query))["state"] == "accepted"


CASES: Final[Mapping[str, tuple[dict[str, Any], list[tuple[str, tuple[Any, ...]]]]]] = {
    "superset of an sd-jwt": (
        {"credentials": [pid("family_name", "picture")]},
        [("dc-sd-jwt", ("picture",))],
    ),
    "superset of an mdoc": (
        {"credentials": [pid("family_name", "portrait", format_="mso_mdoc")]},
        [("mso_mdoc", (NAMESPACE, "portrait"))],
    ),
    "nested path": (
        {"credentials": [pid("address")]},
        [("dc-sd-jwt", ("address",))],
    ),
    "claim_sets trick with an sd-jwt": (
        {"credentials": [pid("family_name", "picture", claim_sets=[["family_name"], ["picture"]])]},
        [("dc-sd-jwt", ("picture",))],
    ),
    "claim_sets trick with an mdoc": (
        {
            "credentials": [
                pid("family_name", "portrait", format_="mso_mdoc", claim_sets=[["family_name"], ["portrait"]])
            ]
        },
        [("mso_mdoc", (NAMESPACE, "portrait"))],
    ),
    "credential_sets trick": (
        {
            "credentials": [pid("family_name"), pid("portrait", format_="mso_mdoc")],
            "credential_sets": [
                {"options": [["dc-sd-jwt"]]},
                {"options": [["mso_mdoc"]], "required": False},
            ],
        },
        [("mso_mdoc", (NAMESPACE, "portrait"))],
    ),
}


@pytest.mark.requirement("RPRC_21")
@pytest.mark.requirement("RPA_07b")
@pytest.mark.refuses(Check.EXPLICIT_APPROVAL)
@pytest.mark.parametrize(("query", "beyond"), CASES.values(), ids=CASES)
async def test_over_asking_is_warned_of_claim_by_claim_and_the_person_decides(
    world: WalletWorld, query: dict[str, Any], beyond: list[Any]
) -> None:
    await world.receive()
    flow, session = await world.asked(query)
    asked = world.wallet.presenting.look(flow)
    assert isinstance(asked, Asked)
    assert checks(asked.vetting) == ["over-asking"]
    assert [(each.query_id, each.path) for each in asked.vetting.beyond] == beyond
    with pytest.raises(Rejected) as silence:
        await world.wallet.presenting.accept(flow, None)
    assert silence.value.check is Check.EXPLICIT_APPROVAL
    assert (await world.result(session))["state"] == "pending"
    await world.wallet.presenting.accept(flow, None, despite=["over-asking"])
    entry = world.contents.log[-1]
    assert (entry.happening, entry.warnings) == (Happening.PRESENTED, ("over-asking",))
    assert entry.beyond == asked.vetting.beyond


async def test_null_for_every_entry_is_more_than_one_of_them(world: WalletWorld, office: Office) -> None:
    await office.give(
        credentials=(
            RegisteredCredential(format="dc+sd-jwt", types=("urn:eudi:pid:1",), claims=(("nationalities", 0),)),
        )
    )
    query = pid()
    query["claims"] = [{"path": ["nationalities", None]}]
    assert checks(await vetted(world, {"credentials": [query]})) == ["over-asking"]


# --- whose it is ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RPRC_17a")
@pytest.mark.parametrize("sign", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"identifier": "GOVUT-0666"}, Check.REGISTRATION_PARTY),
        ({"service": "another"}, Check.REGISTRATION_SERVICE),
        ({"credentials": ()}, Check.OVER_ASKING),
        ({"policies": ("0.4.0.19475.3.9",)}, Check.REGISTRATION_POLICY),
    ],
    ids=["foreign", "wrong service", "wrong intended use", "another policy"],
)
async def test_another_certificate_is_warned_of_by_its_own_check(
    world: WalletWorld, office: Office, sign: Any, changes: dict[str, Any], check: Check
) -> None:
    await office.give(sign=sign, **changes)
    vetting = await vetted(world)
    assert checks(vetting) == [check.id]
    assert (vetting.certificate is None) == (check is not Check.OVER_ASKING)


@pytest.mark.requirement("RPRC_02a")
async def test_a_certificate_of_nobody_that_is_listed_is_warned_of(world: WalletWorld, office: Office) -> None:
    await office.give(signer=STRANGER)
    assert checks(await vetted(world)) == [Check.ANCHOR.id]


@pytest.mark.requirement("RPRC_17")
async def test_an_expired_certificate_is_warned_of(world: WalletWorld, office: Office) -> None:
    until = (await office.give(expires=world.clock.now() + 3_600)).valid_until
    world.clock.advance(until - world.clock.now() + 59)
    assert checks(await vetted(world)) == []
    world.clock.advance(1)
    assert checks(await vetted(world)) == [Check.REGISTRATION_VALIDITY.id]


@pytest.mark.requirement("RPRC_17")
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_a_request_without_a_certificate_is_warned_of(tmp_path: Path, query: Any) -> None:
    async with wallet_world(tmp_path, registered=False) as world:
        await world.receive()
        vetting = await vetted(world, query)
        assert (checks(vetting), vetting.certificate) == ([Check.REGISTRATION_CERTIFICATE.id], None)
        assert (await world.present(query))["state"] == "accepted"
        assert world.contents.log[-1].warnings == (Check.REGISTRATION_CERTIFICATE.id,)


async def test_an_unsigned_request_carries_no_certificate_for_nobody_would_be_bound_by_it(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, profile="plain") as world:
        query = {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:utopia:diploma:1"]}}]}
        vetting = await vetted(world, query, client_id_prefix="redirect_uri", response_mode="direct_post")
        assert checks(vetting) == [Check.REGISTRATION_CERTIFICATE.id]


@pytest.mark.requirement("RPI_06")
@pytest.mark.requirement("RPI_07")
@pytest.mark.requirement("DASH_03")
async def test_an_intermediary_is_not_shown_and_is_in_the_log(world: WalletWorld, office: Office) -> None:
    await office.give(
        identifier="GOVUT-0005",
        name="Utopia tax office",
        service="tax-online",
        service_name="Tax online",
        intermediary=Intermediary(identifier="GOVUT-0002", name="Utopia verifier", service="demonstration"),
    )
    await world.receive()
    vetting = await vetted(world)
    assert (checks(vetting), vetting.intermediated) == ([], True)
    await world.present()
    entry = world.contents.log[-1]
    assert (entry.counterpart.name, entry.counterpart.service) == ("Utopia tax office", "Tax online")
    assert entry.counterpart.identifier == "GOVUT-0005"
    assert entry.through is not None
    assert (entry.through.name, entry.through.identifier) == ("Utopia verifier", "GOVUT-0002")
    assert entry.registered is not None
    assert entry.registered.support == ("mailto:verifier@utopia.example",)
    assert entry.registered.authority is not None
    assert entry.registered.authority.uris == ("https://authorities.utopia.example/report",)


# --- whether it still holds -------------------------------------------------------------------------------------------


@pytest.mark.requirement("RPRC_01a")
@pytest.mark.parametrize("sign", FORMATS.values(), ids=FORMATS)
async def test_a_revocation_is_seen_a_minute_after_it_was_published(
    world: WalletWorld, office: Office, sign: Any
) -> None:
    await office.give(sign=sign)
    assert checks(await vetted(world)) == []
    office.revoke()
    world.clock.advance(59)
    assert checks(await vetted(world)) == []
    world.clock.advance(1)
    assert checks(await vetted(world)) == [Check.REGISTRATION_STATUS.id]


async def test_a_status_that_cannot_be_had_is_shown_and_never_taken_for_good(
    world: WalletWorld, office: Office
) -> None:
    """The list is believed for its ttl, and not a second longer."""
    uri = office.certificate().status.uri  # type: ignore[union-attr]
    office.publish({}, uri=uri, ttl=600)
    assert checks(await vetted(world)) == []
    world.outbound.down.add("trust.localhost")
    world.clock.advance(599)
    assert checks(await vetted(world)) == []
    world.clock.advance(1)
    vetting = await vetted(world)
    assert checks(vetting) == [Check.STATUS_STALE.id]
    assert vetting.certificate is not None


async def test_what_could_not_be_looked_up_is_looked_up_again_after_a_minute(world: WalletWorld) -> None:
    await world.receive()
    world.clock.advance(DAY // 2)
    world.outbound.down.add("trust.localhost")
    flow, _ = await world.asked()
    assert world.warned(flow) == [Check.STATUS_STALE.id]
    world.outbound.down.clear()
    world.clock.advance(59)
    with pytest.raises(Rejected) as refusal:
        await world.wallet.presenting.accept(flow, None)
    assert refusal.value.check is Check.EXPLICIT_APPROVAL
    world.clock.advance(1)
    await world.wallet.presenting.accept(flow, None)
    assert world.contents.log[-1].warnings == ()


async def test_whoever_serves_the_list_is_not_told_who_asks(world: WalletWorld) -> None:
    world.traffic.clear()
    await vetted(world)
    (fetch,) = [request for request in world.traffic if request.path.startswith("/status/")]
    assert (fetch.method, fetch.body) == ("GET", b"")
    assert [name for name, _ in fetch.headers] == ["accept"]
    assert "?" not in fetch.url


@pytest.mark.requirement("RPRC_17")
async def test_what_was_revoked_while_the_person_thought_about_it_is_found_before_anything_leaves(
    world: WalletWorld, office: Office
) -> None:
    uri = office.certificate().status.uri  # type: ignore[union-attr]
    office.publish({}, uri=uri, ttl=60)
    await world.receive()
    flow, session = await world.asked()
    office.revoke()
    world.clock.advance(61)
    with pytest.raises(Rejected) as refusal:
        await world.wallet.presenting.accept(flow, None)
    assert (refusal.value.check, refusal.value.field) == (
        Check.EXPLICIT_APPROVAL,
        f"despite-{Check.REGISTRATION_STATUS.id}",
    )
    assert (await world.result(session))["state"] == "pending"
    assert world.warned(flow) == [Check.REGISTRATION_STATUS.id]


# --- who issues -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("RPRC_22")
@pytest.mark.requirement("RPRC_22a")
@pytest.mark.requirement("RPRC_22b")
@pytest.mark.requirement("RPRC_23")
@pytest.mark.requirement("ISSU_23c")
@pytest.mark.requirement("ISSU_24a")
@pytest.mark.requirement("ISSU_24b")
@pytest.mark.requirement("ISSU_33a")
@pytest.mark.requirement("ISSU_34a")
@pytest.mark.requirement("ISSU_34b")
@pytest.mark.parametrize("type_", ["pid", "diploma"])
@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"identifier": "GOVUT-0666"}, Check.REGISTRATION_PARTY),
        ({"entitlements": (Entitlement.SERVICE_PROVIDER,)}, Check.REGISTERED_PROVIDER),
        ({"provides": ()}, Check.REGISTERED_ATTESTATION),
        ({"signer": STRANGER}, Check.ANCHOR),
    ],
    ids=["foreign", "not a provider", "not of this type", "nobody's"],
)
async def test_nothing_is_asked_of_an_issuer_that_is_not_registered_for_it(
    world: WalletWorld, office: Office, type_: str, changes: dict[str, Any], check: Check
) -> None:
    await office.give("issuer", **changes)
    offer = await world.offer(type_, formats=["dc+sd-jwt"])
    flow = await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
    offered = world.wallet.receiving.look(flow)
    assert isinstance(offered, Offered)
    assert checks(offered.vetting) == [check.id]
    world.traffic.clear()
    for take_up in (
        world.wallet.receiving.log_in(flow, redirect_uri=world.callback, browser="b", despite=[check.id]),
        world.wallet.receiving.redeem(flow, tx_code=None, despite=[check.id]),
    ):
        with pytest.raises(Rejected) as refusal:
            await take_up
        assert refusal.value.check is check
    assert world.traffic == []


async def test_the_command_says_that_a_setting_decides_whether_a_warning_may_be_set_aside(
    world: WalletWorld, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    await office.give("issuer", provides=())
    offer = await world.offer("diploma", formats=["dc+sd-jwt"])
    check = Check.REGISTERED_ATTESTATION
    args = Namespace(link=offer["link"], despite=[check.id], tx_code=None, wait=5, json=False)
    running: Any = SimpleNamespace(random=fixed_random("the command"))
    with pytest.raises(Rejected) as refusal:
        await receive_by_command(args, world.wallet, running)
    assert refusal.value.check is check
    assert "wallet.unregistered" in capsys.readouterr().err


@pytest.mark.requirement("RPRC_22a")
async def test_what_is_held_is_not_renewed_at_an_issuer_whose_registration_was_revoked(
    world: WalletWorld, office: Office
) -> None:
    (id_,) = await world.receive(formats=["dc+sd-jwt"])
    office.revoke("issuer")
    world.clock.advance(DAY)
    with pytest.raises(Rejected) as refusal:
        await world.wallet.renewal.renew(id_)
    assert refusal.value.check is Check.REGISTRATION_STATUS


# --- renewal --------------------------------------------------------------------------------------------------------


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What whoever runs the verifier was told of its registration since."""
    errors = [record.exc_info[1] for record in caplog.records if record.message == "registration" and record.exc_info]
    told = [f"{error.field}: {error.detail}" for error in errors if isinstance(error, Rejected)]
    caplog.clear()
    return told


async def sent(world: WalletWorld) -> str:
    """The certificate that a new request carries."""
    flow, _ = await world.asked(NAME_QUERY)
    asked = world.wallet.presenting.look(flow)
    assert isinstance(asked, Asked)
    (data,) = [info.data for info in asked.consent.request.verifier_info if info.format == "registration_cert"]
    return str(data)


async def test_a_certificate_is_replaced_without_a_restart_and_its_end_is_named_until_then(
    world: WalletWorld, office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    now = world.clock.now()
    await office.give(issued_at=now - 90 * DAY, expires=now + 14 * DAY + 1)
    first = (office.folder / REGISTRATIONS["verifier"]).read_bytes()
    assert warned(caplog) == []
    world.clock.advance(1)
    for _ in range(2):  # once a day, however often it looks
        await office.put(first)
    assert warned(caplog) == ["verifier.registration: it ends in 14 days"]
    world.clock.advance(DAY)
    await office.put(first)
    assert warned(caplog) == ["verifier.registration: it ends in 13 days"]
    world.clock.advance(13 * DAY)
    await office.put(first)
    world.clock.advance(1)
    await office.put(first)
    assert warned(caplog) == [
        "verifier.registration: it ends in 0 days",
        "verifier.registration: it has ended: wallets warn of whoever shows it",
    ]
    assert await sent(world) == first.decode()
    now = world.clock.now()
    renewed = sign_registration_jwt(
        replace(office.certificate(), issued_at=now, expires=now + DAY), signer=office.signer
    )
    await office.put(renewed)
    assert warned(caplog) == []
    assert await sent(world) == renewed.decode()


async def test_a_file_that_is_none_leaves_the_certificate_that_there_is(world: WalletWorld, office: Office) -> None:
    before = await sent(world)
    with pytest.raises(Malformed):
        await office.put(b"half of a certif")
    assert await sent(world) == before
