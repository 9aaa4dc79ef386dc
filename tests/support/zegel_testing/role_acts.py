"""What each role does that trust has a part in, as acts that end at a step, by a check."""

import re
from collections.abc import Mapping
from html import escape, unescape
from typing import Any, Final

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.keyfiles import load_certificates, load_signer
from zegel.adapters.memory import Loopback
from zegel.adapters.sandbox.health import CODES
from zegel.adapters.sql.store import open_memory_store
from zegel.checks import Check
from zegel.formats.credential import Format, StatusReference
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.primitives.json import parse_object
from zegel.protocols.transparency.submission import CERTIFICATE, UnverifiedSubmission
from zegel.services.issuing import CredentialPress, Order
from zegel.services.wallet.contents import Brought
from zegel.services.wallet_requests import sign_revocation_request
from zegel_testing.authorities import fixed_key, fixed_random
from zegel_testing.browser import Browser, text_of
from zegel_testing.door_world import RULES, form_data
from zegel_testing.hand_wallet import Copy, HandWallet
from zegel_testing.role_stage import Act, House, Said, Stage, WarnedOf, acted, ending, hearing
from zegel_testing.wallet_world import NAME_QUERY, WalletWorld, csrf_of

OFFER, LOG_IN, CREDENTIAL, REQUEST, ANSWER = "offer", "log-in", "credential", "request", "answer"
IDENTITY, OLD_CODE = "log-in with a PID", "health certificate"
STANDING, STATUS, WATCH = "own standing", "status of what is held", "daily look at wallets"
SHOWN = "look at the own registration certificate"
REVOCATION = "revocation at a PID provider's request"
ORDER, SUBMISSION = "access certificate", "certificate for the log"

LICENCE: Final[dict[str, Any]] = {"type_": "mdl", "formats": ["mso_mdoc"]}
DIPLOMA: Final[dict[str, Any]] = {"type_": "diploma", "formats": ["dc+sd-jwt"]}


def query_for(format_: str, meta: Mapping[str, Any], *path: str) -> dict[str, Any]:
    """A question for one claim."""
    return {"credentials": [{"id": "it", "format": format_, "meta": meta, "claims": [{"path": list(path)}]}]}


_MDL: Final = "org.iso.18013.5.1"
LICENCE_QUERY: Final = query_for("mso_mdoc", {"doctype_value": f"{_MDL}.mDL"}, _MDL, "driving_privileges")
DIPLOMA_QUERY: Final = query_for("dc+sd-jwt", {"vct_values": ["urn:zegel:diploma:1"]}, "degree")


# --- the wallet, with the issuer and the verifier ---------------------------------------------------------------------


def _heed(world: WalletWorld, flow: str) -> None:
    """A warning is a failure, but that more is asked for than the sandbox's verifier has registered."""
    for check in world.warned(flow):
        if check != Check.OVER_ASKING.id:
            raise WarnedOf(check)


def receives(**offered: Any) -> Act:
    """Somebody is offered an attestation, receives it, and does not keep it."""

    async def act(stage: Stage) -> Said:
        world, step, found = stage.world, [OFFER], list[Said]()
        with ending(step, found):
            offer, receiving = await world.offer(**offered), world.wallet.receiving
            flow = await receiving.review(offer["link"], brought=Brought.LINK)
            _heed(world, flow)
            step.append(LOG_IN)
            url = await receiving.log_in(flow, redirect_uri=world.callback, browser="browser", despite=[])
            step.append(CREDENTIAL)
            await receiving.come_back(await world.log_in(url), browsers=["browser"])
            await receiving.discard(flow)
        return acted(found)

    return act


def presents(query: Mapping[str, Any]) -> Act:
    """Somebody is asked by the verifier, and answers."""

    async def act(stage: Stage) -> Said:
        world, step, found = stage.world, [REQUEST], list[Said]()
        with ending(step, found):
            request = await world.request(query)
            back = await _answered(world, request["link"], step)
            assert back is not None
            await world.browser().open(back)
            assert (await world.result(request["session"]))["state"] == "accepted"
        return acted(found)

    return act


async def _answered(world: WalletWorld, link: str, step: list[str]) -> str | None:
    """Answer with the least that will do; where the browser is sent."""
    flow = await world.wallet.presenting.begin(link, brought=Brought.LINK)
    _heed(world, flow)
    step.append(ANSWER)
    return (await world.accept(flow)).redirect_uri


async def look_at_itself(stage: Stage) -> Said:
    """The wallet looks whether it was revoked."""
    found = list[Said]()
    with ending([STANDING], found):
        assert await stage.world.wallet.instance.look() is not None
    return acted(found)


def looks_up(type_: str) -> Act:
    """The wallet looks whether something that it holds was revoked."""

    async def act(stage: Stage) -> Said:
        found = list[Said]()
        (held, *_) = [each for each in stage.world.contents.holdings if each.credential.type == type_]
        with ending([STATUS], found):
            assert not (await stage.world.wallet.look_up_status(held.id)).check
        return acted(found)

    return act


# --- who asks, and who issues -----------------------------------------------------------------------------------------


def looks_after_registration(role: str) -> Act:
    """A role looks whether wallets would warn of the registration certificate that it shows."""

    async def act(stage: Stage) -> Said:
        (timer,) = [
            each for each in stage.world.roles[role].timers if each.name == f"{role}: registration certificates"
        ]
        await timer.act()  # the start waits for no other host
        with hearing(f"zegel.{role}") as events:
            await timer.act()
        checks = [each.check.id for each in events if each.name == "registration" and each.check is not None]
        return (SHOWN, checks[0]) if checks else None

    return act


async def look_at_wallets(stage: Stage) -> Said:
    """The issuer looks whether wallets were revoked that it has issued to."""
    looked = await stage.site("issuer").wallets.look_at_all()
    assert not looked.revoked
    return (WATCH, looked.failed[0].check.id) if looked.failed else None


async def log_in_with_a_pid(stage: Stage) -> Said:
    """The issuer is one that asks wallets who somebody is."""
    world, step, found = stage.world, [IDENTITY], list[Said]()
    with ending(step, found):
        offer, receiving = await world.offer("residence", formats=["dc+sd-jwt"]), world.wallet.receiving
        flow = await receiving.review(offer["link"], brought=Brought.LINK)
        url = await receiving.log_in(flow, redirect_uri=world.callback, browser="browser", despite=[])
        browser = world.browser()
        back = await _answered(world, wallet_link(await browser.open(url)), step)
        step.append(IDENTITY)
        assert back is not None
        assert "Issue to this wallet?" in text_of(await browser.open(back))
    return acted(found)


def wallet_link(page: HttpResponse) -> str:
    """The link of a page that opens a wallet."""
    found = re.search(r'href="(haip-vp://[^"]+)"', text_of(page))
    assert found is not None, text_of(page)
    return unescape(found[1])


async def sign_in(stage: Stage) -> Said:
    """Somebody signs in to Tax online."""
    world, step, found = stage.world, [REQUEST], list[Said]()
    with ending(step, found):
        browser = world.browser()
        page = await browser.open(world.config.service.origin + "/sign-in")
        back = await _answered(world, wallet_link(page), step)
        assert back is not None
        shown = text_of(await browser.open(back))
        assert "You are signed in" in shown, shown
    return acted(found)


async def come_in(stage: Stage) -> Said:
    """Somebody shows the door what it asks for."""
    world, found = stage.world, list[Said]()
    origin = world.config.door.origin
    with ending([ANSWER], found):
        keeper = world.browser()
        page = await keeper.follow(await keeper.submit(await keeper.open(origin + "/"), "/ask"))
        wallet = HandWallet(
            await _certified(world),
            outbound=Loopback(world.handlers),
            trust=world.world.trust,
            clock=world.clock,
            origin=origin,
        )
        await wallet.present(wallet_link(page))
    return acted(found)


async def _certified(world: WalletWorld) -> Copy:
    """An attestation that somebody meets the rules, which has no status."""
    config, clock, random = world.config.issuer, world.clock, fixed_random("certified")
    type_, key = load_catalogue().types["vaccination_valid"], fixed_key("a copy for the door")
    signer = load_signer(config.key, config.chain)
    press = CredentialPress([type_], signer=signer, origin=config.origin, random=random)
    order = Order(
        person="somebody",
        type=type_,
        format=Format.SD_JWT_VC,
        record={"vaccination_valid": True, "rule_set": RULES},
        keys=(key.public_key,),
    )
    store = await open_memory_store(clock=clock, random=random, status_list_size=1 << 12)
    async with store.transaction() as transaction:
        (data,) = await press.issue(order, now=clock.now(), transaction=transaction)
    store.close()
    return Copy(format=Format.SD_JWT_VC, data=data, key=key)


async def bring_an_old_code(stage: Stage) -> Said:
    """Somebody brings a health certificate to the issuer."""
    world, step, found = stage.world, [OFFER], list[Said]()
    with ending(step, found):
        offer, receiving = await world.offer("vaccination_valid", formats=["dc+sd-jwt"]), world.wallet.receiving
        flow = await receiving.review(offer["link"], brought=Brought.LINK)
        step.append(LOG_IN)
        url = await receiving.log_in(flow, redirect_uri=world.callback, browser="browser", despite=[])
        browser = world.browser()
        return await _shown(stage, browser, await browser.open(url), "/log-in/certificate")
    return acted(found)


async def keep_an_old_code(stage: Stage) -> Said:
    """The wallet judges a health certificate."""
    refusal = stage.world.wallet.health.judge(_old_code(stage)).refusal
    return None if refusal is None else (OLD_CODE, refusal.check.id)


async def show_an_old_code(stage: Stage) -> Said:
    """Somebody shows the door a health certificate."""
    keeper = stage.world.browser()
    return await _shown(stage, keeper, await keeper.open(stage.world.config.door.origin + "/"), "/code")


async def _shown(stage: Stage, browser: Browser, page: HttpResponse, action: str) -> Said:
    """Put the code into a form."""
    body = form_data({"csrf": csrf_of(page), "code": _old_code(stage)}, {"picture": b""})
    shown = text_of(await browser.post_body(action, "multipart/form-data; boundary=x", body))
    ruled = [check.id for check in Check if f"{escape(check.rule)}" in shown]  # a page for people says it in words
    assert len(ruled) <= 1, ruled
    return (OLD_CODE, ruled[0]) if ruled else None


def _old_code(stage: Stage) -> str:
    return (stage.folder / CODES / "erika.txt").read_text().strip()


# --- who vouches for wallets, and who publishes -----------------------------------------------------------------------


async def revoke_a_wallet(stage: Stage) -> Said:
    """A PID provider asks the wallet provider to revoke a wallet."""
    world, own, found = stage.world, stage.world.contents.instance, list[Said]()
    assert own is not None
    assert own.status is not None
    config = world.config.issuer
    request = sign_revocation_request(
        load_signer(config.key, config.chain),
        status=StatusReference(uri=own.status.uri, index=own.status.index),
        audience=world.config.wallet_provider.origin,
        now=world.clock.now(),
    )
    with ending([REVOCATION], found):
        revoked = await stage.site("wallet-provider").revocations.revoke_for_provider(request)
        assert revoked.revoked_at is not None
    return acted(found)


async def fetch_a_list(stage: Stage) -> Said:
    """Somebody fetches a list of trusted entities."""
    origin = stage.world.config.trust.origin
    response = await stage.world.handlers[origin](HttpRequest(method="GET", url=f"{origin}/lists/pid-providers.jwt"))
    assert response.status == 200
    return None


async def order(stage: House) -> Said:
    """A party that is registered orders an access certificate, shows that it has the host, and receives it."""
    stage.orders += 1
    status, ordered = await stage.house.order(key=fixed_key(f"order {stage.orders}"))
    assert status == 201, ordered
    stage.house.serve(ordered)
    status, answer = await stage.house.finish(ordered)
    return None if status == 201 else (ORDER, str(answer["check"]))


async def submit(stage: House) -> Said:
    """Somebody submits a certificate that was issued to the log."""
    leaf, *above = load_certificates(stage.house.config.verifier.access_chain)
    submission = UnverifiedSubmission(type=CERTIFICATE, submission=leaf.der, chain=tuple(each.der for each in above))
    log = stage.house.listener("transparency-log")
    response = await log.handle(
        HttpRequest(
            method="POST",
            url=log.origin + "/ct/v2/submit-entry",
            headers=(("content-type", JSON),),
            body=submission.encode(),
        )
    )
    if response.status == 200:
        return None
    return SUBMISSION, str(parse_object(response.body, what="answer")["check"])


async def register(stage: House) -> Said:
    """A party changes what it has registered, and an officer approves."""
    stage.orders += 1
    await stage.house.register(infoURI=[f"https://library.utopia.example/{stage.orders}"])
    return None


ASKING: Final = "issuer that asks for a PID"  # an issuer, by another setting of where its persons come from
ACTS: Final[Mapping[str, tuple[Act, ...]]] = {
    "wallet": (
        receives(),
        receives(**LICENCE),
        receives(**DIPLOMA),
        presents(NAME_QUERY),
        look_at_itself,
        looks_up("urn:eudi:pid:1"),
        looks_up("org.iso.18013.5.1.mDL"),
        keep_an_old_code,
    ),
    "issuer": (receives(), look_at_wallets, looks_after_registration("issuer"), bring_an_old_code),
    ASKING: (log_in_with_a_pid,),
    "verifier": (
        presents(NAME_QUERY),
        presents(LICENCE_QUERY),
        presents(DIPLOMA_QUERY),
        looks_after_registration("verifier"),
    ),
    "provider": (sign_in, looks_after_registration("provider")),
    "door": (come_in, looks_after_registration("door"), show_an_old_code),
    "wallet-provider": (revoke_a_wallet,),
    "service": (sign_in,),
    "trust": (fetch_a_list,),
    "access-authority": (order,),
    "transparency-log": (order, submit),
    "registrar": (register,),
}
"""What each role does that trust could have a part in."""
HOUSE: Final = frozenset({"access-authority", "transparency-log", "registrar"})
"""Those that are in the house; the others are on the stage."""
