"""``zegel wallet receive``, ``present``, ``state`` and ``revoke``: what needs a configuration and the network."""

import asyncio
import sys
from argparse import Namespace
from dataclasses import asdict
from typing import Any, Final

from zegel.cli.callback import Callback, listening
from zegel.cli.configuration import find_config
from zegel.cli.output import ACCEPTED, MALFORMED, REJECTED, in_words, print_data, say
from zegel.cli.wallet_words import (
    LOCALE,
    caution_lines,
    consent_data,
    consent_text,
    credential_text,
    mention_data,
    party_data,
    show,
    whole_credential_data,
    withheld_line,
)
from zegel.errors import Malformed, Rejected, Unavailable, explain
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest
from zegel.profiles import Grant
from zegel.protocols.openid4vp.wallet import Refusal
from zegel.services.wallet.cautioning import describe_cautions
from zegel.services.wallet.consenting import ConsentView, describe_consent
from zegel.services.wallet.contents import (
    Arrived,
    Asked,
    Brought,
    Deferred,
    Finished,
    LoggingIn,
    Offered,
    Unanswerable,
    WalletInstance,
)
from zegel.services.wallet.describing import WithheldView, describe_withheld
from zegel.services.wallet.flows import check_step
from zegel.services.wallet.journal import verifier_counterpart
from zegel.services.wallet.receiving import choose_grant
from zegel.services.wallet.safe import Safe
from zegel.services.wallet.wallet import Wallet
from zegel.web.app.roles import World
from zegel.web.app.wallet import build_wallet
from zegel.web.app.world import open_world

_REDIRECTS: Final = 3  # as for the roles
_BROWSER_BYTES: Final = 32


async def act_on_network(args: Namespace, safe: Safe) -> int:
    """Act under the configuration that the command means."""
    world = open_world(find_config(args), roles=("wallet",))
    try:
        await _load_trust(world)
        wallet = build_wallet(world, safe)
        match args.action:
            case "receive":
                return await _receive(args, wallet, world)
            case "present":
                return await _present(args, wallet, world)
            case "revoke":
                return await _revoke(args, wallet)
            case _:
                return await _state(args, wallet)
    finally:
        await world.close()


async def activate(args: Namespace, safe: Safe) -> dict[str, Any]:
    """Have a new wallet activated, if there is a provider to ask; otherwise it is when it is first used."""
    try:
        world = open_world(find_config(args), roles=("wallet",))
    except (Malformed, Unavailable):
        say("not activated yet: there is no configuration that names its provider")
        return {"activated": False, "revocation_code": None}
    try:
        own = await build_wallet(world, safe).instance.activate()
    except (Malformed, Rejected, Unavailable) as error:
        say(f"not activated yet: {error.detail}")
        return {"activated": False, "revocation_code": None}
    finally:
        await world.close()
    return {"activated": True, "revocation_code": own.code}


async def _load_trust(world: World) -> None:
    """Fetch the lists of trusted entities; without any of them nobody is trusted, and so the reason comes first."""
    health = await world.trust.refresh()
    errors = [listed.error for listed in health if listed.error is not None]
    for error in errors:
        say(f"a list of trusted entities is not in force: {error.detail}")
    if errors and len(errors) == len(health):
        raise errors[0]


# --- the wallet itself ------------------------------------------------------------------------------------------------


async def _state(args: Namespace, wallet: Wallet) -> int:
    try:
        own = await wallet.instance.look()
    except (Malformed, Rejected, Unavailable) as error:
        say(f"whether it was revoked cannot be looked up: {error.detail}")
        own = wallet.instance.own
    return _shown(args, own)


async def _revoke(args: Namespace, wallet: Wallet) -> int:
    if not args.yes:
        say("a revoked wallet receives and shows nothing any more, and nobody can undo it; if it is meant, say --yes")
        return MALFORMED
    return _shown(args, await wallet.instance.revoke())


def _shown(args: Namespace, own: WalletInstance | None) -> int:
    if own is None or own.id is None:
        state, words = "new", "not activated yet; it is when it is first used"
    elif own.revoked_at is not None:
        state, words = "revoked", f"revoked: {own.reason}"
    else:
        state, words = "active", f"active, by {own.provider}\nrevocation code: {own.code}"
    data = {
        "state": state,
        "provider": None if own is None else own.provider,
        "revocation_code": None if own is None else own.code,
        "reason": None if own is None or own.revoked_at is None else own.reason,
    }
    show(args, data, words)
    return REJECTED if state == "revoked" and args.action == "state" else ACCEPTED


_SETTING: Final = "whether it may be set aside, the wallet's setting wallet.unregistered decides (refuse, or warn)"


# --- receive ----------------------------------------------------------------------------------------------------------


async def _receive(args: Namespace, wallet: Wallet, world: World) -> int:
    until = asyncio.get_running_loop().time() + args.wait
    withheld: tuple[WithheldView, ...] = ()
    if args.link is not None:
        flow_id = await wallet.receiving.review(args.link, brought=Brought.PASTED)
        offered = check_step(wallet.receiving.look(flow_id), Offered)
        _say_offer(offered)
        unheeded = [finding.check for finding in offered.vetting.findings if finding.check not in args.despite]
        if offered.vetting.findings and wallet.habits.issuance.refuses_unregistered:
            say(f"nothing is received with this warning, --despite or not: {_SETTING}")
        elif unheeded:
            say(f"nothing is asked for; use{''.join(f' --despite {check}' for check in unheeded)} to ask nevertheless")
            await wallet.receiving.discard(flow_id)
            return MALFORMED
        if choose_grant(offered.ready, profile=wallet.habits.issuance.profile) is Grant.PRE_AUTHORIZED_CODE:
            await wallet.receiving.redeem(flow_id, tx_code=args.tx_code, despite=args.despite)
        else:
            await _log_in(args, wallet, world, flow_id, until)
        came = wallet.receiving.look(flow_id)
        if isinstance(came, Arrived | Deferred):
            withheld = describe_withheld(came.session, wallet.catalogue, locale=LOCALE)
    kept = await _keep_all(wallet, world, until)
    holdings = [wallet.find(id_) for id_ in kept]
    waiting = [flow for flow in wallet.safe.contents.flows.values() if isinstance(flow, Deferred)]
    data = {
        "state": "received" if holdings else "deferred" if waiting else "nothing",
        "credentials": [whole_credential_data(holding, wallet.catalogue) for holding in holdings],
        "deferred": [
            {"configuration": flow.pending.configuration, "ready_at": flow.pending.ready_at} for flow in waiting
        ],
        "withheld": [asdict(each) for each in withheld],
    }
    words = [credential_text(holding, wallet.catalogue) for holding in holdings]
    words += [f"{flow.pending.configuration} takes a while; run zegel wallet receive again later" for flow in waiting]
    words += [withheld_line(each) for each in withheld]
    show(args, data, "\n".join(words))
    return ACCEPTED


def _say_offer(offered: Offered) -> None:
    provider = offered.provider
    vouched = f"signed by {provider.certified}" if provider.certified else "nobody but the web address vouches for it"
    kinds = ", ".join(configuration.id for configuration in offered.ready.configurations)
    say(f"{provider.name} at {provider.url} offers {kinds} ({vouched})")
    for line in caution_lines(describe_cautions(offered.vetting, name_of=lambda asked: asked.type)):
        say(line)


async def _log_in(args: Namespace, wallet: Wallet, world: World, flow_id: str, until: float) -> None:
    """The person logs in elsewhere, and the browser comes back to this program."""
    browser = base64url(world.random(_BROWSER_BYTES))
    async with listening() as callback:
        url = await wallet.receiving.log_in(
            flow_id, redirect_uri=callback.redirect_uri, browser=browser, despite=args.despite
        )
        if args.json:
            print_data({"authorization_url": url})
        say(f"to log in open: {url}")
        back = await _came_back(wallet, flow_id, callback, until)
    await wallet.receiving.come_back(back, browsers=(browser,))


async def _came_back(wallet: Wallet, flow_id: str, callback: Callback, until: float) -> str:
    waiting = check_step(wallet.receiving.look(flow_id), LoggingIn)
    return await callback.wait(waiting.pause.state, seconds=_left(until))


async def _keep_all(wallet: Wallet, world: World, until: float) -> list[str]:
    """Keep what arrived, and wait for what was deferred as long as there is time."""
    kept: list[str] = []
    while True:
        flows = dict(wallet.safe.contents.flows)
        for flow_id, flow in flows.items():
            if isinstance(flow, Arrived):
                kept += await wallet.receiving.keep(flow_id)
        waiting = {id_: flow for id_, flow in flows.items() if isinstance(flow, Deferred)}
        if not waiting:
            return kept
        at, flow_id = min((flow.pending.ready_at, id_) for id_, flow in waiting.items())
        seconds = max(at - world.clock.now(), 0)
        if seconds > _left(until):
            return kept
        await asyncio.sleep(seconds)
        came = await wallet.receiving.fetch_deferred(flow_id)
        if isinstance(came, Finished):
            kept += came.holdings


def _left(until: float) -> float:
    return max(until - asyncio.get_running_loop().time(), 0.0)


# --- present ----------------------------------------------------------------------------------------------------------


async def _present(args: Namespace, wallet: Wallet, world: World) -> int:
    presenting = wallet.presenting
    flow_id = await presenting.begin(args.link, brought=Brought.PASTED)
    state = presenting.look(flow_id)
    if isinstance(state, Unanswerable):
        return await _unanswerable(args, wallet, flow_id, state.refusal)
    asked = check_step(state, Asked)
    view = describe_consent(
        asked,
        presenting.match(asked.consent),
        contents=wallet.safe.contents,
        catalogue=wallet.catalogue,
        locale=LOCALE,
    )
    asks = not args.yes and not args.refuse and sys.stdin.isatty()
    say(consent_text(view, values=asks))
    agreed = _asked_on_terminal(view) if asks else bool(args.yes) if args.yes or args.refuse else None
    despite = frozenset(caution.check for caution in view.cautions) if asks else frozenset(args.despite)
    unheeded = [caution.check for caution in view.cautions if caution.check not in despite]
    if agreed is None or (agreed and unheeded):
        show(args, {"state": "asked", **consent_data(view)}, "")
        options = "".join(f" --despite {check}" for check in unheeded)
        say(f"nobody is here to decide; use --yes{options} or --refuse")
        return MALFORMED
    finished = await (presenting.accept(flow_id, None, despite=despite) if agreed else presenting.refuse(flow_id))
    followed = await _follow(args, world, finished.redirect_uri)
    data: dict[str, Any] = {
        "state": "accepted" if agreed else "refused",
        "redirect_uri": finished.redirect_uri,
        "followed": followed,
        "party": party_data(view.party),
        "shared": _shared(wallet) if agreed else [],
    }
    show(args, data, f"{data['state']}" + (f"\n{finished.redirect_uri}" if finished.redirect_uri else ""))
    if agreed:
        await _renew(wallet)
    return ACCEPTED if agreed else REJECTED


def _asked_on_terminal(view: ConsentView) -> bool:
    if view.missing or view.withheld:
        say("this cannot be answered; it is refused")
        return False
    for caution in view.cautions:  # RPA_07b: each by itself, and silence is a no
        say(f"{caution.title}: share nevertheless? [y/N]")
        if not _says_yes():
            return False
    say("share this? [y/N]")
    return _says_yes()


def _says_yes() -> bool:
    return sys.stdin.readline().strip().lower() in ("y", "yes")


async def _unanswerable(args: Namespace, wallet: Wallet, flow_id: str, refusal: Refusal) -> int:
    """A request that is refused by the wallet; whoever decides by option lets the verifier know."""
    error = Rejected(refusal.check, refusal.detail, field=refusal.field)
    told = bool(args.yes or args.refuse)
    if told:
        await wallet.presenting.tell(flow_id)
    else:
        await wallet.presenting.forget(flow_id)
    party = verifier_counterpart(refusal.party, refusal.reply)
    data = {"state": "rejected", "told": told, "party": party_data(party), **asdict(explain(error))}
    show(args, data, in_words(f"rejected, as {party.name} asked it", explain(error)))
    return REJECTED


async def _follow(args: Namespace, world: World, redirect_uri: str | None) -> int | None:
    """HAIP 1.0 section 5.1: the wallet follows the redirect. The status of the page there; None if it was not."""
    if redirect_uri is None or args.no_follow:
        return None
    try:
        response = await world.outbound.fetch(HttpRequest(method="GET", url=redirect_uri), redirects=_REDIRECTS)
    except Unavailable as error:
        say(f"the verifier's page cannot be reached: {error.detail}")
        return None
    return response.status


def _shared(wallet: Wallet) -> list[dict[str, Any]]:
    return [mention_data(mention) for mention in wallet.safe.contents.log[-1].mentions]


async def _renew(wallet: Wallet) -> None:
    """New copies, where the last unused one is near; what fails is tried again the next time."""
    for error in await wallet.keep_fresh():
        say(f"not renewed yet: {explain(error).detail}")
