"""Embedded disclosure policies on their way: kept at issuance, held against who asks, and overruled by the person."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from zegel_testing.authorities import DAY, authority
from zegel_testing.registering import Office
from zegel_testing.wallet_pages import Pages, wallet_pages
from zegel_testing.wallet_world import WalletWorld, wallet_world

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.keyfiles import load_certificates
from zegel.checks import Check
from zegel.cli.wallet_words import consent_data, consent_text
from zegel.errors import Rejected
from zegel.services.wallet.consenting import ConsentView, describe_consent
from zegel.services.wallet.contents import Asked, Happening, WalletContents
from zegel.services.wallet.holdings import put_holding
from zegel.trust.disclosure_policy.values import AuthorisedParty, DisclosurePolicy, PolicyType, RootOfTrust
from zegel.trust.registration.values import Intermediary

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
CATALOGUE: Final = load_catalogue()
URI: Final = "https://policies.utopia.example/test"
WARNING: Final = Check.DISCLOSURE_POLICY.id
FORMATS: Final = {
    "dc+sd-jwt": ({"vct_values": ["urn:zegel:role:1"]}, ["profession"]),
    "mso_mdoc": ({"doctype_value": "zegel.role.1"}, ["zegel.role.1", "profession"]),
}


def role(format_: str = "dc+sd-jwt") -> dict[str, Any]:
    """A question for a professional role."""
    meta, path = FORMATS[format_]
    return {"credentials": [{"id": "role", "format": format_, "meta": meta, "claims": [{"path": path}]}]}


def for_parties(*authorised: AuthorisedParty) -> DisclosurePolicy:
    return DisclosurePolicy(uri=URI, type=PolicyType.AUTHORISED_PARTIES, parties=authorised)


def for_roots(*roots: RootOfTrust) -> DisclosurePolicy:
    return DisclosurePolicy(uri=URI, type=PolicyType.ROOTS_OF_TRUST, roots=roots)


HOSPITALS: Final = replace(
    for_parties(AuthorisedParty(identifier="GOVUT-0009")), explanation=URI, description="For hospitals"
)

TAX_ONLINE: Final[Mapping[str, Any]] = {
    "identifier": "GOVUT-0005",
    "name": "Utopia tax office",
    "service": "tax-online",
    "service_name": "Tax online",
    "intermediary": Intermediary(identifier="GOVUT-0002", name="Utopia verifier", service="demonstration"),
}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path) as opened:
        yield opened


@pytest.fixture
def office(world: WalletWorld, tmp_path: Path) -> Office:
    return Office(world, tmp_path)


async def hold(world: WalletWorld, policy: DisclosurePolicy | None, type_: str = "role") -> None:
    """Receive a credential, as if its issuer had had this policy."""
    await world.receive(type=type_)
    await put_policy(world, policy)


async def put_policy(world: WalletWorld | Pages, policy: DisclosurePolicy | None) -> None:
    """Have all that is held be under a policy."""

    def replaced(contents: WalletContents) -> tuple[WalletContents, None]:
        for holding in contents.holdings:
            contents = put_holding(contents, replace(holding, batch=replace(holding.batch, policy=policy)))
        return contents, None

    await world.wallet.safe.change(replaced)


def shown(world: WalletWorld, flow: str) -> ConsentView:
    """What the person sees."""
    asked = world.wallet.presenting.look(flow)
    assert isinstance(asked, Asked)
    match = world.wallet.presenting.match(asked.consent)
    return describe_consent(asked, match, contents=world.contents, catalogue=CATALOGUE, locale="en")


def warnings(view: ConsentView) -> list[str]:
    return [caution.check for caution in view.cautions]


async def accepted(world: WalletWorld, flow: str, session: str, *, despite: Sequence[str] = ()) -> bool:
    """Share it, and go back to who asked."""
    finished = await world.wallet.presenting.accept(flow, None, despite=despite)
    await world.browser().open(str(finished.redirect_uri))
    return bool((await world.result(session))["state"] == "accepted")


async def allowed(world: WalletWorld) -> bool:
    """Whether what is held may be shown to the verifier, by the word of its issuer."""
    flow, _ = await world.asked(role())
    return WARNING not in warnings(shown(world, flow))


# --- kept, and looked at ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("EDP_02")
@pytest.mark.requirement("EDP_10")
@pytest.mark.parametrize("format_", FORMATS)
async def test_what_the_issuer_publishes_is_kept_and_lets_whom_it_names_ask(world: WalletWorld, format_: str) -> None:
    await world.receive(type="role")
    assert {holding.batch.policy for holding in world.contents.holdings} == {CATALOGUE.types["role"].policy}
    world.outbound.down.add("issuer.localhost")  # nobody is asked for it again
    flow, session = await world.asked(role(format_))
    view = shown(world, flow)
    (offering,) = view.questions[0].offerings
    assert (offering.policy is not None, warnings(view)) == (True, [])
    assert "its issuer lets you show it to Utopia verifier" in consent_text(view, values=False)
    assert await accepted(world, flow, session)
    assert world.contents.log[-1].warnings == ()


@pytest.mark.requirement("EDP_02")
@pytest.mark.requirement("EDP_07")
@pytest.mark.refuses(Check.EXPLICIT_APPROVAL)
@pytest.mark.parametrize("format_", FORMATS)
async def test_the_person_is_warned_and_decides(world: WalletWorld, format_: str) -> None:
    await hold(world, HOSPITALS)
    flow, session = await world.asked(role(format_))
    view = shown(world, flow)
    (caution,) = view.cautions
    (offering,) = view.questions[0].offerings
    assert (caution.check, caution.claims) == (WARNING, (f"{offering.name} ({offering.format})",))
    assert view.withheld == ()
    with pytest.raises(Rejected) as silence:
        await world.wallet.presenting.accept(flow, None)
    assert (silence.value.check, silence.value.field) == (Check.EXPLICIT_APPROVAL, f"despite-{WARNING}")
    assert (await world.result(session))["state"] == "pending"
    assert [copy.uses for holding in world.contents.holdings for copy in holding.batch.copies] == [0] * 20
    assert await accepted(world, flow, session, despite=[WARNING])
    entry = world.contents.log[-1]
    assert (entry.happening, entry.warnings) == (Happening.PRESENTED, (WARNING,))


@pytest.mark.requirement("EDP_07")
async def test_the_person_can_follow_the_issuer_and_share_nothing(world: WalletWorld) -> None:
    await hold(world, HOSPITALS)
    flow, session = await world.asked(role())
    await world.wallet.presenting.refuse(flow)
    assert (await world.result(session))["state"] == "refused"


@pytest.mark.requirement("EDP_05")
async def test_where_it_is_explained_is_said_on_a_terminal_too(world: WalletWorld) -> None:
    await hold(world, HOSPITALS)
    flow, _ = await world.asked(role())
    view = shown(world, flow)
    text = consent_text(view, values=False)
    assert "its issuer would not show it to Utopia verifier" in text
    assert f"to whom it may be shown: {URI}" in text
    (question,) = consent_data(view)["credentials"]
    (offering,) = question["offerings"]
    assert offering["policy"] == {
        "refusal": "who asks is not among those to whom the issuer lets it be shown",
        "final": False,
        "explanation": URI,
        "description": "For hospitals",
    }


@pytest.mark.requirement("EDP_05")
@pytest.mark.requirement("EDP_07")
async def test_the_page_says_what_came_of_it_and_leads_to_where_it_is_explained(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path) as pages:
        await pages.enter()
        await pages.receive(type="role", formats=["dc+sd-jwt"])
        await pages.ask(role())
        assert "Its issuer lets you show it to Utopia verifier." in pages.text
        assert "https://policies.utopia.example/role" in [link["href"] for link in pages.page.all("a")]
        await put_policy(pages, HOSPITALS)
        session = await pages.ask(role())
        assert "Warning: Its issuer would not show it to them" in pages.text
        assert "“For hospitals”" in pages.text
        assert URI in [link["href"] for link in pages.page.all("a")]
        assert pages.ticked() == {f"despite-{WARNING}": "yes"}
        page = pages.response
        await pages.go(decision="accept")
        assert (pages.response.status, "explicit-approval" in pages.text) == (400, True)
        pages.response = page
        await pages.accept(**pages.ticked())
        assert (await pages.world.result(session))["state"] == "accepted"
        await pages.open("/log")
        assert f"you were warned: {WARNING}" in pages.text


async def test_a_credential_without_a_policy_is_not_spoken_of(world: WalletWorld) -> None:
    await hold(world, None)
    flow, _ = await world.asked(role())
    view = shown(world, flow)
    (offering,) = view.questions[0].offerings
    assert (offering.policy, warnings(view)) == (None, [])
    assert "its issuer" not in consent_text(view, values=False)


# --- who asks ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("EDP_02")
@pytest.mark.parametrize(("service", "expected"), [("tax-online", True), ("canteen", False), (None, True)])
async def test_a_policy_can_name_one_service_of_a_party(
    world: WalletWorld, office: Office, service: str | None, expected: bool
) -> None:
    await office.give(**TAX_ONLINE)
    await hold(world, for_parties(AuthorisedParty(identifier="GOVUT-0005", service=service)))
    assert await allowed(world) is expected


@pytest.mark.requirement("EDP_03")
async def test_a_policy_can_name_the_authority_that_registers(world: WalletWorld, tmp_path: Path) -> None:
    (root,) = load_certificates(tmp_path / "authorities" / "registration.pem")
    other = authority("others").certificate
    await hold(world, for_roots(RootOfTrust(name=root.subject, serial_number=str(root.serial_number))))
    assert await allowed(world)
    for named in (
        RootOfTrust(name=other.subject, serial_number=str(other.serial_number)),
        RootOfTrust(name=root.subject, serial_number=str(other.serial_number)),
    ):
        await put_policy(world, for_roots(named))
        assert not await allowed(world)


@pytest.mark.requirement("EDP_02")
async def test_through_an_intermediary_it_counts_for_whom_is_asked(world: WalletWorld, office: Office) -> None:
    """The intermediary is GOVUT-0002, which may see it; the tax office that it asks for may not."""
    await office.give(**TAX_ONLINE)
    await hold(world, for_parties(AuthorisedParty(identifier="GOVUT-0002")))
    assert not await allowed(world)
    await put_policy(world, for_parties(AuthorisedParty(identifier="GOVUT-0005", service="tax-online")))
    assert await allowed(world)


@pytest.mark.requirement("EDP_06")
async def test_a_registration_that_does_not_hold_says_nothing(world: WalletWorld, office: Office) -> None:
    await hold(world, for_parties(AuthorisedParty(identifier="GOVUT-0002")))
    assert await allowed(world)
    office.revoke()
    world.clock.advance(60)
    assert not await allowed(world)


@pytest.mark.requirement("EDP_06")
async def test_a_registration_of_which_nobody_knows_whether_it_holds_says_nothing(world: WalletWorld) -> None:
    await hold(world, for_parties(AuthorisedParty(identifier="GOVUT-0002")))
    world.clock.advance(DAY)
    world.outbound.down.add("trust.localhost")
    assert not await allowed(world)


@pytest.mark.requirement("EDP_06")
async def test_who_shows_no_registration_is_known_by_its_access_certificate_alone(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, registered=False) as world:
        await hold(world, for_parties(AuthorisedParty(identifier="GOVUT-0002")))
        flow, session = await world.asked(role())
        assert warnings(shown(world, flow)) == [Check.REGISTRATION_CERTIFICATE.id, WARNING]
        with pytest.raises(Rejected) as one_of_two:
            await world.wallet.presenting.accept(flow, None, despite=[Check.REGISTRATION_CERTIFICATE.id])
        assert one_of_two.value.field == f"despite-{WARNING}"
        assert await accepted(world, flow, session, despite=[Check.REGISTRATION_CERTIFICATE.id, WARNING])
        assert world.contents.log[-1].warnings == (Check.REGISTRATION_CERTIFICATE.id, WARNING)


@pytest.mark.requirement("EDP_06")
async def test_a_policy_of_a_kind_that_nobody_knows_allows_nobody(world: WalletWorld) -> None:
    await hold(world, DisclosurePolicy(uri=URI, type="weekdays_only"))
    assert not await allowed(world)


# --- payments ---------------------------------------------------------------------------------------------------------


@pytest.mark.refuses(Check.DISCLOSURE_POLICY)
async def test_what_authorises_payments_is_shown_to_nobody_whom_its_issuer_does_not_name(world: WalletWorld) -> None:
    """TS12 section 3.1: there the wallet itself stops, whatever the person says."""
    await hold(world, HOSPITALS, "payment")
    meta = {"vct_values": ["urn:zegel:payment:1"]}
    query = {"credentials": [{"id": "pay", "format": "dc+sd-jwt", "meta": meta, "claims": [{"path": ["iban"]}]}]}
    flow, session = await world.asked(query)
    view = shown(world, flow)
    assert (warnings(view), len(view.withheld)) == ([], 1)
    assert "your wallet does not share: Payment account" in consent_text(view, values=False)
    with pytest.raises(Rejected) as refusal:
        await world.wallet.presenting.accept(flow, None, despite=[WARNING])
    assert refusal.value.check is Check.DISCLOSURE_POLICY
    assert world.contents.log[-1].happening is not Happening.PRESENTED
    assert (await world.result(session))["state"] == "pending"
    await world.wallet.presenting.refuse(flow)
    assert (await world.result(session))["state"] == "refused"


async def test_the_page_has_no_yes_for_what_the_wallet_does_not_share(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path) as pages:
        await pages.enter()
        await pages.receive(type="payment", formats=["dc+sd-jwt"])
        await put_policy(pages, HOSPITALS)
        meta = {"vct_values": ["urn:zegel:payment:1"]}
        query = {"credentials": [{"id": "pay", "format": "dc+sd-jwt", "meta": meta, "claims": [{"path": ["iban"]}]}]}
        session = await pages.ask(query)
        assert "Your wallet does not share it" in pages.text
        assert "Payment account authorises payments" in pages.text
        assert "accept" not in [button.get("value") for button in pages.page.all("button")]
        assert pages.ticked() == {}
        await pages.go(decision="refuse")
        assert (await pages.world.result(session))["state"] == "refused"
